// The door to libcurl: e-mail by SMTP and signed webhooks by HTTP, several under way at once, without anybody
// waiting. One thread; call-backs come out of hy_courier_step alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/io/mail.h"

struct hy_courier;

struct hy_courier_options {
    const char *smtp_url;       // "smtps://user:password@mail.example:465", "smtp://…"; "": no e-mail
    const char *smtp_tls;       // of smtp://: "required", "offered" (used when the server has it), "off"
    const char *webhook_url;    // "https://…"; "": no webhook
    const char *webhook_secret; // "whsec_…"
    const char *ca_file;        // whom to trust; "": the system's list
    size_t under_way;           // bound
    int64_t timeout_ms;         // of one delivery, from connecting to the last answer
};

enum hy_courier_outcome {
    HY_COURIER_DELIVERED,       // the provider took it
    HY_COURIER_FAILED_FOR_NOW,  // it did not, and may later
    HY_COURIER_FAILED_FOR_GOOD, // it refused
    HY_COURIER_UNKNOWN,         // it had all of it, and said nothing: it may have taken it
};

struct hy_courier_result {
    enum hy_courier_outcome outcome;
    const char *detail; // the provider's words without addresses and long numbers; valid during the call-back
};

typedef void (*hy_courier_done)(void *context, const struct hy_courier_result *result);

// NULL, with a line in the log that shows no secret, when an option is no good.
struct hy_courier *hy_courier_open(const struct hy_courier_options *options);
void hy_courier_close(struct hy_courier *courier); // what is under way ends without a call-back

bool hy_courier_has_mail(const struct hy_courier *courier);
bool hy_courier_has_webhook(const struct hy_courier *courier);
size_t hy_courier_room(const struct hy_courier *courier); // how many more may be begun now

// All is copied. `done` follows once, out of hy_courier_step; failures too. Only while there is room.
void hy_courier_mail(struct hy_courier *courier, const struct hy_mail *mail, hy_courier_done done,
                     void *context);
// JSON to the webhook. `id` is the same each time the same thing is sent: it is the Idempotency-Key.
void hy_courier_post(struct hy_courier *courier, const char *id, int64_t now_ms, struct hy_bytes json,
                     hy_courier_done done, void *context);

// Sends, receives, calls back. True when something happened, or can be done at once.
bool hy_courier_step(struct hy_courier *courier);
