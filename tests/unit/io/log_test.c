#include "common/io/log.h"

#include <criterion/criterion.h>

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static FILE *written;

// Standard error goes to a file that the test reads afterwards.
static void catch_lines(void) {
    written = tmpfile();
    cr_assert_not_null(written);
    cr_assert_geq(dup2(fileno(written), STDERR_FILENO), 0);
}

TestSuite(log, .init = catch_lines);

static FILE *lines(void) {
    rewind(written);
    return written;
}

// The next line, read by a JSON parser that somebody else wrote. NULL: there is none.
static json_t *next_line(FILE *file) {
    static char line[100000];
    if (fgets(line, sizeof line, file) == NULL) return NULL;
    json_error_t error;
    json_t *object = json_loads(line, 0, &error);
    cr_assert_not_null(object, "%s: %s", error.text, line);
    cr_assert_eq(json_object_size(object), 6);
    return object;
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    cr_assert_not_null(text, "%s", name);
    return text;
}

Test(log, a_line_is_one_json_object_with_all_fields) {
    hy_log_init("accrual", "a-1", "info");
    hy_log(HY_LOG_WARN, "claimed", "partition %d", 7);
    json_t *object = next_line(lines());
    cr_assert_str_eq(text_of(object, "level"), "warn");
    cr_assert_str_eq(text_of(object, "service"), "accrual");
    cr_assert_str_eq(text_of(object, "instance"), "a-1");
    cr_assert_str_eq(text_of(object, "event"), "claimed");
    cr_assert_str_eq(text_of(object, "message"), "partition 7");
    const char *time = text_of(object, "ts");
    cr_assert_eq(strlen(time), 24);
    cr_assert_eq(time[23], 'Z');
    json_decref(object);
}

Test(log, whatever_the_message_holds_the_line_stays_json) {
    hy_log_init("t", "", "info");
    hy_log(HY_LOG_INFO, "e", "%s", "\"q\" \\ \n\t\x01\x7f 会员 \xf0\x9f\x8e\x81");
    hy_log(HY_LOG_INFO, "e", "%s", "a\xff\xc3(\xe4\xbc\xed\xa0\x80\xc0\xaf|");
    hy_log(HY_LOG_INFO, "e", "%s", "cut\xe4\xbc");
    FILE *file = lines();
    json_t *object = next_line(file);
    cr_assert_str_eq(text_of(object, "message"), "\"q\" \\ \n\t\x01\x7f 会员 \xf0\x9f\x8e\x81");
    json_decref(object);
    object = next_line(file);
    const char *message = text_of(object, "message");
    cr_assert_eq(strncmp(message, "a\xef\xbf\xbd\xef\xbf\xbd(", 8), 0, "%s", message);
    cr_assert_eq(message[strlen(message) - 1], '|');
    json_decref(object);
    object = next_line(file);
    cr_assert_str_eq(text_of(object, "message"), "cut\xef\xbf\xbd\xef\xbf\xbd");
    json_decref(object);
}

Test(log, a_message_that_is_too_long_is_cut_not_lost) {
    static char text[20000];
    memset(text, '\x01', sizeof text - 1); // six bytes each when escaped
    hy_log_init("t", "", "info");
    hy_log(HY_LOG_INFO, "e", "%s", text);
    json_t *object = next_line(lines());
    cr_assert_eq(strlen(text_of(object, "message")), 4095);
    json_decref(object);
}

Test(log, what_is_below_the_level_is_not_written) {
    hy_log_init("t", "", "warn");
    hy_log(HY_LOG_INFO, "quiet", "x");
    hy_log(HY_LOG_ERROR, "loud", "x");
    FILE *file = lines();
    json_t *object = next_line(file);
    cr_assert_str_eq(text_of(object, "event"), "loud");
    json_decref(object);
    cr_assert_null(next_line(file));
}

Test(log, an_unknown_level_is_reported_and_means_info) {
    hy_log_init("t", "", "loud");
    hy_log(HY_LOG_DEBUG, "quiet", "x");
    FILE *file = lines();
    json_t *object = next_line(file);
    cr_assert_str_eq(text_of(object, "event"), "log_level_unknown");
    json_decref(object);
    cr_assert_null(next_line(file));
}

enum { THREADS = 8, LINES_EACH = 100 };

static void *chatter(void *context) {
    (void)context;
    for (int i = 0; i < LINES_EACH; i++) {
        hy_log(HY_LOG_INFO, "chatter", "%050d", i);
    }
    return NULL;
}

Test(log, lines_of_several_threads_do_not_mix) {
    hy_log_init("t", "", "info");
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, chatter, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    FILE *file = lines();
    size_t count = 0;
    for (json_t *object; (object = next_line(file)) != NULL; count++) {
        json_decref(object);
    }
    cr_assert_eq(count, (size_t)THREADS * LINES_EACH);
}
