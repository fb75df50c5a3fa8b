// The HTTP server: what a handler sees of a request, and a client of its answer.
#include "tests/unit/io/http_fixture.h"

#include <criterion/criterion.h>

#include <string.h>
#include <unistd.h>

TestSuite(http_request, .timeout = 30);

Test(http_request, the_handler_sees_the_whole_request) {
    struct hy_http_server *server = start(echo, NULL);
    struct reply reply =
        ask(server, "POST /v1/a%20b/%e4%bc%9a?a=1%262+3&b HTTP/1.1\r\nHost: t\r\nX-Key: k 1\r\n"
                    "Content-Length: 11\r\n\r\nhello world");
    cr_assert_eq(reply.status, 200);
    should_contain(&reply, "POST /v1/a b/会|a=1&2 3|x-key=k 1|hello world|");
    should_contain(&reply, "Content-Type: text/plain\r\n");
    hy_http_stop(server, 1000);
}

Test(http_request, a_flag_without_a_value_is_there_and_empty) {
    struct hy_http_server *server = start(echo, NULL);
    struct reply reply = ask(server, GET("/?a"));
    should_contain(&reply, "GET /|a=|");
    reply = ask(server, GET("/"));
    should_contain(&reply, "GET /|a=(none)|x-key=(none)||");
    hy_http_stop(server, 1000);
}

Test(http_request, an_encoded_nul_does_not_cut_the_path_short) {
    struct hy_http_server *server = start(echo, NULL);
    struct reply reply = ask(server, GET("/members/a%00b%zz%4"));
    should_contain(&reply, "GET /members/a%00b%zz%4|");
    hy_http_stop(server, 1000);
}

Test(http_request, a_body_in_chunks_arrives_whole) {
    struct hy_http_server *server = start(echo, NULL);
    struct reply reply = ask(server, "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    should_contain(&reply, "|hello world|");
    hy_http_stop(server, 1000);
}

Test(http_request, a_connection_serves_many_requests) {
    struct hy_http_server *server = start(echo, NULL);
    int fd = dial(server);
    for (int i = 0; i < 100; i++) {
        say(fd, "POST /again HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi");
        struct reply reply = hear(fd);
        cr_assert_eq(reply.status, 200);
        should_contain(&reply, "POST /again|");
    }
    close(fd);
    hy_http_stop(server, 1000);
}

static void answer_with_headers(void *context, struct hy_http_exchange *exchange) {
    (void)context;
    const struct hy_http_header_pair headers[] = {
        {"Location", "/v1/commands/1"},
        {"X-Bad", "a\r\nSet-Cookie: stolen"},
        {"Retry-After", "1"},
    };
    hy_http_answer(exchange, 202, "application/json", hy_bytes_of("{}"), headers, 3);
}

Test(http_request, answers_carry_their_headers_and_nobody_can_smuggle_one_in) {
    struct hy_http_server *server = start(answer_with_headers, NULL);
    struct reply reply = ask(server, GET("/"));
    cr_assert_eq(reply.status, 202);
    should_contain(&reply, "Location: /v1/commands/1\r\n");
    should_contain(&reply, "Retry-After: 1\r\n");
    should_contain(&reply, "Content-Type: application/json\r\n");
    cr_assert_null(strstr(reply.text, "stolen"));
    hy_http_stop(server, 1000);
}
