// The signature of a webhook, as the Standard Webhooks specification has it: HMAC-SHA256 of
// "<id>.<timestamp>.<body>", in base64. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum {
    HY_WEBHOOK_SECRET_LIMIT_BYTES = 64,
    HY_WEBHOOK_SIGNATURE_BYTES = 3 + 44 + 1, // "v1," and base64, with the terminator
};

struct hy_webhook_secret {
    uint8_t bytes[HY_WEBHOOK_SECRET_LIMIT_BYTES];
    size_t length;
};

// "whsec_" and the base64 of 24 … 64 bytes. False when it is not of this form.
bool hy_webhook_secret_read(const char *text, struct hy_webhook_secret *ret_secret);
void hy_webhook_sign(const struct hy_webhook_secret *secret, const char *id, int64_t timestamp_seconds,
                     struct hy_bytes body, char ret_signature[HY_WEBHOOK_SIGNATURE_BYTES]);
