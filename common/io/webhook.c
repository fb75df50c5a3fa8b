#include "common/io/webhook.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

enum { SECRET_LEAST_BYTES = 24 };

bool hy_webhook_secret_read(const char *text, struct hy_webhook_secret *ret_secret) {
    static const char prefix[] = "whsec_";
    struct hy_webhook_secret secret;
    if (strncmp(text, prefix, sizeof prefix - 1) != 0) return false;
    text += sizeof prefix - 1;
    if (sodium_base642bin(secret.bytes, sizeof secret.bytes, text, strlen(text), NULL, &secret.length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        secret.length < SECRET_LEAST_BYTES)
        return false;
    *ret_secret = secret;
    return true;
}

void hy_webhook_sign(const struct hy_webhook_secret *secret, const char *id, int64_t timestamp_seconds,
                     struct hy_bytes body, char ret_signature[HY_WEBHOOK_SIGNATURE_BYTES]) {
    char timestamp[32];
    int length = snprintf(timestamp, sizeof timestamp, ".%" PRId64 ".", timestamp_seconds);
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, secret->bytes, secret->length);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)id, strlen(id));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)timestamp, (unsigned long long)length);
    crypto_auth_hmacsha256_update(&state, body.data, body.length);
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_final(&state, mac);
    snprintf(ret_signature, HY_WEBHOOK_SIGNATURE_BYTES, "v1,");
    sodium_bin2base64(ret_signature + 3, HY_WEBHOOK_SIGNATURE_BYTES - 3, mac, sizeof mac,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(&state, sizeof state);
}
