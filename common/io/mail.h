// An e-mail as bytes (RFC 5322, MIME): plain text in UTF-8, nothing in its head that somebody put there who
// was not asked. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct hy_mail {
    const char *from;      // address
    const char *from_name; // "" for none
    const char *to;        // address
    const char *id;        // unique among all mails of the sender: its Message-ID is made from it
    const char *subject;
    const char *body; // lines end with \n
    int64_t date_ms;
};

enum { HY_MAIL_ADDRESS_LIMIT_BYTES = 254 };

// local@domain in plain ASCII, nothing that would end a line or a command; a mail server may still refuse it.
bool hy_mail_address_good(const char *address);
// Adds the mail, its lines ended by \r\n. False, with nothing added, when an address is no good, the id is
// not made of letters, digits and "-._", or a head field holds control characters or is not UTF-8.
bool hy_mail_build(const struct hy_mail *mail, struct hy_buffer *out);
