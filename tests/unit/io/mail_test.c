// An e-mail as bytes, held against what RFC 5322, 2045 and 2047 say, written down by hand.
#include <criterion/criterion.h>
#include <stdio.h>

#include "common/io/mail.h"

static struct hy_mail plain_mail(void) {
    return (struct hy_mail){
        .from = "shop@example.com",
        .from_name = "",
        .to = "somebody@example.org",
        .id = "campaigns-3-17-0",
        .subject = "Hello",
        .body = "One line\n",
        .date_ms = 1795391999000, // 2026-11-22T23:59:59Z, a Sunday
    };
}

static char written[8192];

static bool build(const struct hy_mail *mail) {
    struct hy_buffer out;
    hy_buffer_init(&out, sizeof written - 1);
    bool good = hy_mail_build(mail, &out) && !out.failed;
    cr_assert(good || out.length == 0, "a refused mail leaves nothing behind");
    if (out.length > 0) memcpy(written, out.data, out.length);
    written[out.length] = '\0';
    hy_buffer_free(&out);
    return good;
}

Test(mail, a_plain_mail_has_the_head_that_mail_servers_want) {
    struct hy_mail mail = plain_mail();
    cr_assert(build(&mail));
    cr_assert_str_eq(written, "Date: Sun, 22 Nov 2026 23:59:59 +0000\r\n"
                              "From: <shop@example.com>\r\n"
                              "To: <somebody@example.org>\r\n"
                              "Subject: Hello\r\n"
                              "Message-ID: <campaigns-3-17-0@example.com>\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: text/plain; charset=UTF-8\r\n"
                              "Content-Transfer-Encoding: base64\r\n"
                              "Auto-Submitted: auto-generated\r\n"
                              "\r\n"
                              "T25lIGxpbmUNCg==\r\n");
}

Test(mail, a_chinese_subject_is_an_encoded_word) {
    struct hy_mail mail = plain_mail();
    mail.subject = "生日快乐";
    cr_assert(build(&mail));
    cr_assert_not_null(strstr(written, "Subject: =?UTF-8?B?55Sf5pel5b+r5LmQ?=\r\n"));
}

Test(mail, a_long_subject_is_cut_between_characters_into_words_of_at_most_75_bytes) {
    struct hy_mail mail = plain_mail();
    mail.subject = "生日快乐生日快乐生日快乐生日快乐a生日快乐生日快乐"; // 73 bytes
    cr_assert(build(&mail));
    // 42 bytes are 14 characters; then two more, the letter, and so on.
    cr_assert_not_null(
        strstr(written, "Subject: =?UTF-8?B?55Sf5pel5b+r5LmQ55Sf5pel5b+r5LmQ55Sf5pel5b+r5LmQ55Sf5pel?=\r\n"
                        " =?UTF-8?B?5b+r5LmQYeeUn+aXpeW/q+S5kOeUn+aXpeW/q+S5kA==?=\r\n"));
}

Test(mail, no_line_is_longer_than_76_bytes) {
    struct hy_mail mail = plain_mail();
    char subject[400], body[3000];
    memset(subject, 'x', sizeof subject - 1);
    subject[sizeof subject - 1] = '\0';
    for (size_t i = 0; i + 1 < sizeof body; i++)
        body[i] = i % 100 == 99 ? '\n' : 'y';
    body[sizeof body - 1] = '\0';
    mail.subject = subject;
    mail.body = body;
    mail.from_name = "上海市第一百货商店会员中心上海市第一百货商店会员中心";
    cr_assert(build(&mail));
    for (const char *line = written; *line != '\0';) {
        size_t length = strcspn(line, "\r\n");
        cr_assert(length <= (strncmp(line, "Subject", 7) == 0 ? 84u : 76u), "%.*s", (int)length, line);
        cr_assert(strncmp(line + length, "\r\n", 2) == 0, "every line ends with CR LF");
        line += length + 2;
    }
}

Test(mail, nothing_can_be_smuggled_into_the_head) {
    static const char *const subjects[] = {"a\r\nBcc: x@example.com", "a\nb", "a\x01", "\xff\xfe", "a\x7f"};
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct hy_mail mail = plain_mail();
        mail.subject = subjects[i];
        cr_assert_not(build(&mail), "subject %zu", i);
        mail = plain_mail();
        mail.from_name = subjects[i];
        cr_assert_not(build(&mail), "name %zu", i);
        mail = plain_mail();
        mail.id = subjects[i];
        cr_assert_not(build(&mail), "id %zu", i);
    }
}

Test(mail, a_name_that_could_be_read_as_an_address_is_none) {
    struct hy_mail mail = plain_mail();
    mail.from_name = "Huiyuan, Inc. <x@example.com>";
    cr_assert(build(&mail));
    cr_assert_not_null(
        strstr(written, "From: =?UTF-8?B?SHVpeXVhbiwgSW5jLiA8eEBleGFtcGxlLmNvbT4=?=\r\n <shop@"));
}

Test(mail, only_addresses_that_cannot_end_a_command_are_taken) {
    static const char *const good[] = {"a@b", "li.wei+shop@mail.example.cn", "x_1@a-b.example"};
    static const char *const bad[] = {"",
                                      "a",
                                      "@b",
                                      "a@",
                                      "a@b@c",
                                      "a b@c",
                                      "a@b c",
                                      "a@b>",
                                      "<a@b",
                                      "a@b\r\nRCPT TO:<c@d",
                                      "\"a\"@b",
                                      ".a@b",
                                      "a.@b",
                                      "a..b@c",
                                      "a@b..c",
                                      "a@.b",
                                      "a@-b",
                                      "-a@b",
                                      "李@example.cn",
                                      "a@例子.cn",
                                      "a@[127.0.0.1]",
                                      "a,b@c",
                                      "a@b,c@d"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(hy_mail_address_good(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(hy_mail_address_good(bad[i]), "%s", bad[i]);
    char longest[300];
    snprintf(longest, sizeof longest, "%064d@%0189d", 1, 1);
    cr_assert_eq(strlen(longest), 254u);
    cr_assert(hy_mail_address_good(longest));
    snprintf(longest, sizeof longest, "%064d@%0190d", 1, 1);
    cr_assert_not(hy_mail_address_good(longest));
    snprintf(longest, sizeof longest, "%065d@b", 1);
    cr_assert_not(hy_mail_address_good(longest));
}

Test(mail, line_ends_of_the_body_become_those_of_mail) {
    struct hy_mail mail = plain_mail();
    mail.body = "a\nb\r\nc";
    cr_assert(build(&mail));
    cr_assert_not_null(strstr(written, "\r\n\r\nYQ0KYg0KYw==\r\n")); // "a\r\nb\r\nc"
}
