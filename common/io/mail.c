#include "common/io/mail.h"

#include <sodium.h>
#include <stdio.h>

#include "common/base/calendar.h"

enum {
    BODY_LINE_BYTES = 57,   // of a body's line before base64: 76 after it
    WORD_BYTES = 42,        // of an encoded word before base64: with its frame at most 75 after it (RFC 2047)
    PLAIN_LIMIT_BYTES = 60, // of a field that is left as it is
};

static bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool consists_of(const char *text, size_t length, const char *others) {
    for (size_t i = 0; i < length; i++) {
        if (!is_letter_or_digit(text[i]) && strchr(others, text[i]) == NULL) return false;
    }
    return length > 0;
}

static bool is_dotted(const char *text, size_t length) {
    if (text[0] == '.' || text[length - 1] == '.') return false;
    for (size_t i = 1; i < length; i++) {
        if (text[i] == '.' && text[i - 1] == '.') return false;
    }
    return true;
}

bool hy_mail_address_good(const char *address) {
    size_t length = strnlen(address, HY_MAIL_ADDRESS_LIMIT_BYTES + 1);
    const char *at = memchr(address, '@', length);
    if (length > HY_MAIL_ADDRESS_LIMIT_BYTES || at == NULL) return false;
    size_t local = (size_t)(at - address);
    size_t domain = length - local - 1;
    return local <= 64 && consists_of(address, local, ".!#$%&'*+-/=?^_`{|}~") && is_dotted(address, local) &&
           consists_of(at + 1, domain, ".-") && is_dotted(at + 1, domain) && at[1] != '-' &&
           address[0] != '-';
}

// Length of the well-formed UTF-8 character at `text`; 0: none.
static size_t character(const char *text) {
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80) return 1;
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool none = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f); // surrogates, beyond the end
    return overlong || none ? 0 : length;
}

static bool is_field(const char *text) {
    size_t length;
    for (const char *p = text; *p != '\0'; p += length) {
        length = character(p);
        if (length == 0 || (unsigned char)*p < ' ' || *p == 0x7f) return false;
    }
    return true;
}

// Needs no encoding: short, of characters that mean themselves wherever they stand.
static bool is_plain(const char *text) {
    size_t length = strlen(text);
    return length <= PLAIN_LIMIT_BYTES && (length == 0 || consists_of(text, length, " .,!?:;+-")) &&
           text[0] != ' ';
}

static void add(struct hy_buffer *out, const char *text) {
    hy_buffer_add(out, text, strlen(text));
}

static void add_base64(struct hy_buffer *out, const char *text, size_t length) {
    char encoded[80];
    sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)text, length,
                      sodium_base64_VARIANT_ORIGINAL);
    add(out, encoded);
}

// As many whole characters as fit into a word.
static size_t word_length(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        size_t next = character(text + length);
        if (length + next > WORD_BYTES) break;
        length += next;
    }
    return length;
}

static void add_words(struct hy_buffer *out, const char *text) {
    if (is_plain(text)) {
        add(out, text);
        return;
    }
    for (const char *p = text; *p != '\0';) {
        size_t length = word_length(p);
        add(out, p == text ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
        add_base64(out, p, length);
        add(out, "?=");
        p += length;
    }
}

static void add_date(struct hy_buffer *out, int64_t time_ms) {
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct hy_civil civil = hy_civil_at(&(struct hy_zone){.count = 0}, time_ms); // UTC
    hy_buffer_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[civil.weekday - 1], civil.day,
                     months[civil.month - 1], civil.year, civil.hour, civil.minute, civil.second);
}

static void add_from(struct hy_buffer *out, const struct hy_mail *mail) {
    add(out, "From: ");
    if (mail->from_name[0] != '\0') {
        // A plain name with a comma or a colon in it would be read as something else.
        bool quoted = is_plain(mail->from_name);
        if (quoted) add(out, "\"");
        add_words(out, mail->from_name);
        add(out, quoted ? "\"" : "");
        add(out, "\r\n "); // a line of its own: encoded words fill theirs
    }
    hy_buffer_printf(out, "<%s>\r\n", mail->from);
}

// base64 of the text with \r\n at its line ends, in lines of 76.
static void add_body(struct hy_buffer *out, const char *body) {
    char line[BODY_LINE_BYTES];
    size_t used = 0;
    for (const char *p = body; *p != '\0'; p++) {
        const char *piece = *p == '\n' ? "\r\n" : p;
        if (*p == '\r') continue;
        for (size_t i = 0; i < (*p == '\n' ? 2u : 1u); i++) {
            line[used++] = piece[i];
            if (used < sizeof line) continue;
            add_base64(out, line, used);
            add(out, "\r\n");
            used = 0;
        }
    }
    if (used == 0) return;
    add_base64(out, line, used);
    add(out, "\r\n");
}

bool hy_mail_build(const struct hy_mail *mail, struct hy_buffer *out) {
    if (!hy_mail_address_good(mail->from) || !hy_mail_address_good(mail->to) ||
        !consists_of(mail->id, strlen(mail->id), "-._") || !is_dotted(mail->id, strlen(mail->id)) ||
        !is_field(mail->from_name) || !is_field(mail->subject))
        return false;
    add_date(out, mail->date_ms);
    add_from(out, mail);
    hy_buffer_printf(out, "To: <%s>\r\n", mail->to);
    add(out, "Subject: ");
    add_words(out, mail->subject);
    hy_buffer_printf(out, "\r\nMessage-ID: <%s%s>\r\n", mail->id, strchr(mail->from, '@'));
    add(out, "MIME-Version: 1.0\r\n"
             "Content-Type: text/plain; charset=UTF-8\r\n"
             "Content-Transfer-Encoding: base64\r\n"
             "Auto-Submitted: auto-generated\r\n\r\n"); // no answering machine answers it
    add_body(out, mail->body);
    return true;
}
