// One easy handle a delivery, all in one multi handle, which keeps connections for the next ones.
#include "common/io/courier.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "common/base/memory.h"
#include "common/io/log.h"
#include "common/io/webhook.h"

enum {
    MESSAGE_LIMIT_BYTES = 256 * 1024,
    ANSWER_LIMIT_BYTES = 64 * 1024, // of a webhook's body: nobody reads it
    WORDS_BYTES = 160,
    CONNECT_LIMIT_MS = 10000,
    CONNECTIONS_KEPT = 8,
};

struct hy_courier {
    CURLM *multi;
    const char *smtp_url, *webhook_url, *ca_file; // the environment's
    long smtp_tls;
    struct hy_webhook_secret secret;
    size_t limit, count;
    int64_t timeout_ms;
    struct delivery *first; // all that is under way
    bool failed;            // one of them failed before it began: to be told in the next step
};

struct delivery {
    struct delivery *next;
    CURL *easy;              // NULL: it failed before it began
    struct curl_slist *list; // recipients, or header fields
    struct hy_buffer message;
    size_t read;
    bool all_read; // the provider may have all of it
    size_t answered;
    bool is_mail;
    char recipient[HY_MAIL_ADDRESS_LIMIT_BYTES + 1];
    char words[WORDS_BYTES]; // of the server: its last line
    hy_courier_done done;
    void *context;
};

// --- words ---

static bool has_prefix_of_any_case(const char *text, const char *prefix, size_t length) {
    for (size_t i = 0; i < length; i++) {
        char a = text[i], b = prefix[i];
        if (a >= 'A' && a <= 'Z') a = (char)(a + 'a' - 'A');
        if (b >= 'A' && b <= 'Z') b = (char)(b + 'a' - 'A');
        if (a != b) return false;
    }
    return true;
}

static bool contains(const char *word, size_t length, const char *part, size_t part_length) {
    for (size_t i = 0; part_length > 0 && i + part_length <= length; i++) {
        if (has_prefix_of_any_case(word + i, part, part_length)) return true;
    }
    return false;
}

// Addresses, parts of the recipient's, and numbers long enough for a phone say who it was.
static bool is_telling(const char *word, size_t length, const char *recipient) {
    size_t digits = 0;
    for (size_t i = 0; i < length; i++) {
        digits = word[i] >= '0' && word[i] <= '9' ? digits + 1 : 0;
        if (digits >= 5 || word[i] == '@' || (unsigned char)word[i] >= 0x80) return true;
    }
    return contains(word, length, recipient, strcspn(recipient, "@"));
}

// Word by word, without those that tell who was written to.
static void keep_words(struct delivery *delivery, const char *line, size_t length) {
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        size_t word = 0;
        while (i + word < length && (unsigned char)line[i + word] > ' ')
            word++;
        bool fits = used + word + 2 < sizeof delivery->words;
        if (word > 0 && fits && !is_telling(line + i, word, delivery->recipient)) {
            if (used > 0) delivery->words[used++] = ' ';
            memcpy(delivery->words + used, line + i, word);
            used += word;
        }
        i += word + 1;
    }
    delivery->words[used] = '\0';
}

// --- what libcurl calls ---

static size_t read_message(char *to, size_t size, size_t count, void *context) {
    struct delivery *delivery = context;
    size_t left = delivery->message.length - delivery->read;
    size_t taken = size * count < left ? size * count : left;
    memcpy(to, delivery->message.data + delivery->read, taken);
    delivery->read += taken;
    delivery->all_read |= delivery->read == delivery->message.length;
    return taken;
}

// The lines of an SMTP server come here, too; the last one before its good-bye is its verdict.
static size_t take_line(char *line, size_t size, size_t count, void *context) {
    struct delivery *delivery = context;
    bool good_bye = size * count >= 3 && memcmp(line, "221", 3) == 0;
    if (delivery->is_mail && !good_bye) keep_words(delivery, line, size * count);
    return size * count;
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *context) {
    struct delivery *delivery = context;
    (void)bytes;
    delivery->answered += size * count;
    return delivery->answered > ANSWER_LIMIT_BYTES ? 0 : size * count;
}

// --- beginning ---

static struct delivery *delivery_new(struct hy_courier *courier, hy_courier_done done, void *context) {
    struct delivery *delivery = hy_calloc(1, sizeof *delivery);
    hy_buffer_init(&delivery->message, MESSAGE_LIMIT_BYTES);
    delivery->done = done;
    delivery->context = context;
    delivery->next = courier->first;
    courier->first = delivery;
    courier->count++;
    return delivery;
}

static void set_common(const struct hy_courier *courier, struct delivery *delivery, const char *url,
                       const char *protocols) {
    CURL *easy = delivery->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, delivery);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_LIMIT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)courier->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, delivery);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, delivery);
    if (courier->ca_file[0] != '\0') curl_easy_setopt(easy, CURLOPT_CAINFO, courier->ca_file);
}

static void begin(struct hy_courier *courier, struct delivery *delivery) {
    if (curl_multi_add_handle(courier->multi, delivery->easy) == CURLM_OK) return;
    curl_easy_cleanup(delivery->easy);
    delivery->easy = NULL;
    courier->failed = true;
}

void hy_courier_mail(struct hy_courier *courier, const struct hy_mail *mail, hy_courier_done done,
                     void *context) {
    struct delivery *delivery = delivery_new(courier, done, context);
    delivery->is_mail = true;
    if (!hy_mail_build(mail, &delivery->message) || delivery->message.failed) {
        snprintf(delivery->words, sizeof delivery->words, "the address or the subject is not allowed");
        courier->failed = true;
        return;
    }
    snprintf(delivery->recipient, sizeof delivery->recipient, "%s", mail->to);
    delivery->easy = curl_easy_init();
    set_common(courier, delivery, courier->smtp_url, "smtp,smtps");
    delivery->list = curl_slist_append(NULL, mail->to);
    curl_easy_setopt(delivery->easy, CURLOPT_USE_SSL, courier->smtp_tls);
    curl_easy_setopt(delivery->easy, CURLOPT_MAIL_FROM, mail->from);
    curl_easy_setopt(delivery->easy, CURLOPT_MAIL_RCPT, delivery->list);
    curl_easy_setopt(delivery->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(delivery->easy, CURLOPT_READFUNCTION, read_message);
    curl_easy_setopt(delivery->easy, CURLOPT_READDATA, delivery);
    begin(courier, delivery);
}

static void add_field(struct delivery *delivery, const char *name, const char *value) {
    char field[256];
    snprintf(field, sizeof field, "%s: %s", name, value);
    delivery->list = curl_slist_append(delivery->list, field);
}

static void add_fields(struct delivery *delivery, const struct hy_courier *courier, const char *id,
                       int64_t timestamp_seconds) {
    char timestamp[24], signature[HY_WEBHOOK_SIGNATURE_BYTES];
    snprintf(timestamp, sizeof timestamp, "%" PRId64, timestamp_seconds);
    hy_webhook_sign(&courier->secret, id, timestamp_seconds, hy_buffer_bytes(&delivery->message), signature);
    add_field(delivery, "Content-Type", "application/json");
    add_field(delivery, "Idempotency-Key", id);
    add_field(delivery, "webhook-id", id);
    add_field(delivery, "webhook-timestamp", timestamp);
    add_field(delivery, "webhook-signature", signature);
    add_field(delivery, "Expect", ""); // no round trip to be told to go on
}

static bool id_is_good(const char *id) {
    size_t length = strlen(id);
    return length > 0 && length <= 128 &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

void hy_courier_post(struct hy_courier *courier, const char *id, int64_t now_ms, struct hy_bytes json,
                     hy_courier_done done, void *context) {
    struct delivery *delivery = delivery_new(courier, done, context);
    hy_buffer_add(&delivery->message, json.data, json.length);
    if (!id_is_good(id) || delivery->message.failed) {
        snprintf(delivery->words, sizeof delivery->words, "the id or the message is not allowed");
        courier->failed = true;
        return;
    }
    delivery->easy = curl_easy_init();
    set_common(courier, delivery, courier->webhook_url, "http,https");
    add_fields(delivery, courier, id, now_ms / 1000);
    curl_easy_setopt(delivery->easy, CURLOPT_HTTPHEADER, delivery->list);
    curl_easy_setopt(delivery->easy, CURLOPT_POSTFIELDSIZE, (long)delivery->message.length);
    curl_easy_setopt(delivery->easy, CURLOPT_POSTFIELDS, delivery->message.data);
    begin(courier, delivery);
}

// --- ending ---

static void delivery_free(struct hy_courier *courier, struct delivery *delivery) {
    struct delivery **link = &courier->first;
    while (*link != delivery)
        link = &(*link)->next;
    *link = delivery->next;
    courier->count--;
    if (delivery->easy != NULL) {
        curl_multi_remove_handle(courier->multi, delivery->easy);
        curl_easy_cleanup(delivery->easy);
    }
    curl_slist_free_all(delivery->list);
    if (delivery->message.data != NULL) sodium_memzero(delivery->message.data, delivery->message.length);
    hy_buffer_free(&delivery->message);
    sodium_memzero(delivery, sizeof *delivery);
    hy_free(delivery);
}

// A refusal counts for good when it was said of this mail: of its sender, recipient or content. One of the
// whole connection (greeting, login) is a matter of today.
static enum hy_courier_outcome mail_outcome(const struct delivery *delivery, CURLcode code, long status) {
    if (code == CURLE_OK) return HY_COURIER_DELIVERED;
    bool refused = code == CURLE_SEND_ERROR || delivery->all_read;
    if (status >= 500) return refused ? HY_COURIER_FAILED_FOR_GOOD : HY_COURIER_FAILED_FOR_NOW;
    if (status >= 400) return HY_COURIER_FAILED_FOR_NOW;
    return delivery->all_read ? HY_COURIER_UNKNOWN : HY_COURIER_FAILED_FOR_NOW;
}

// Said of this message, not of who we are (401, 403, 407), of the URL (404, 405) or of the moment (408, …).
static bool is_refusal(long status) {
    static const long others[] = {401, 403, 404, 405, 407, 408, 425, 429};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (status == others[i]) return false;
    }
    return status >= 400 && status < 500;
}

static enum hy_courier_outcome post_outcome(CURLcode code, long status) {
    bool answered = code == CURLE_OK || code == CURLE_WRITE_ERROR; // a long body does not matter
    if (answered && status >= 200 && status < 300) return HY_COURIER_DELIVERED;
    return answered && is_refusal(status) ? HY_COURIER_FAILED_FOR_GOOD : HY_COURIER_FAILED_FOR_NOW;
}

// The server's own words for a mail; for a webhook, whose body may hold anything, its status alone.
static void describe(struct delivery *delivery, CURLcode code, long status) {
    bool server_spoke = delivery->is_mail ? status >= 400 || code == CURLE_OK : status > 0;
    if (!server_spoke)
        snprintf(delivery->words, sizeof delivery->words, "%s", curl_easy_strerror(code));
    else if (!delivery->is_mail)
        snprintf(delivery->words, sizeof delivery->words, "HTTP %ld", status);
}

static void end(struct hy_courier *courier, struct delivery *delivery, CURLcode code) {
    long status = 0;
    curl_easy_getinfo(delivery->easy, CURLINFO_RESPONSE_CODE, &status);
    describe(delivery, code, status);
    struct hy_courier_result result = {delivery->is_mail ? mail_outcome(delivery, code, status)
                                                         : post_outcome(code, status),
                                       delivery->words};
    delivery->done(delivery->context, &result);
    delivery_free(courier, delivery);
}

static void end_failed(struct hy_courier *courier) {
    courier->failed = false;
    for (struct delivery *delivery = courier->first, *next; delivery != NULL; delivery = next) {
        next = delivery->next;
        if (delivery->easy != NULL) continue;
        delivery->done(delivery->context,
                       &(struct hy_courier_result){HY_COURIER_FAILED_FOR_GOOD, delivery->words});
        delivery_free(courier, delivery);
    }
}

bool hy_courier_step(struct hy_courier *courier) {
    bool busy = courier->failed;
    if (courier->failed) end_failed(courier);
    if (courier->count == 0) return busy;
    int ready = 0, running = 0, left = 0;
    curl_multi_wait(courier->multi, NULL, 0, 0, &ready);
    curl_multi_perform(courier->multi, &running);
    const CURLMsg *message;
    while ((message = curl_multi_info_read(courier->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        struct delivery *delivery = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&delivery);
        end(courier, delivery, message->data.result);
        busy = true;
    }
    return busy || ready > 0;
}

// --- the door ---

static bool complain(const char *what) {
    hy_log(HY_LOG_ERROR, "setting", "%s", what);
    return false;
}

static bool has_scheme(const char *url, const char *scheme) {
    return strncmp(url, scheme, strlen(scheme)) == 0;
}

static bool read_options(struct hy_courier *courier, const struct hy_courier_options *options) {
    bool smtp = options->smtp_url[0] != '\0', webhook = options->webhook_url[0] != '\0';
    if (smtp && !has_scheme(options->smtp_url, "smtp://") && !has_scheme(options->smtp_url, "smtps://"))
        return complain("the URL of the mail server begins with smtp:// or smtps://");
    if (webhook && !has_scheme(options->webhook_url, "http://") &&
        !has_scheme(options->webhook_url, "https://"))
        return complain("the URL of the webhook begins with http:// or https://");
    if (webhook && !hy_webhook_secret_read(options->webhook_secret, &courier->secret))
        return complain("the secret of the webhook is whsec_ and the base64 of 24 … 64 bytes");
    if (strcmp(options->smtp_tls, "required") == 0)
        courier->smtp_tls = CURLUSESSL_ALL;
    else if (strcmp(options->smtp_tls, "offered") == 0)
        courier->smtp_tls = CURLUSESSL_TRY;
    else if (strcmp(options->smtp_tls, "off") == 0)
        courier->smtp_tls = CURLUSESSL_NONE;
    else
        return complain("TLS to the mail server is required, offered or off");
    return true;
}

struct hy_courier *hy_courier_open(const struct hy_courier_options *options) {
    struct hy_courier *courier = hy_calloc(1, sizeof *courier);
    courier->smtp_url = options->smtp_url;
    courier->webhook_url = options->webhook_url;
    courier->ca_file = options->ca_file;
    courier->limit = options->under_way;
    courier->timeout_ms = options->timeout_ms;
    if (!read_options(courier, options) || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        hy_free(courier);
        return NULL;
    }
    courier->multi = curl_multi_init();
    curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return courier;
}

void hy_courier_close(struct hy_courier *courier) {
    while (courier->first != NULL)
        delivery_free(courier, courier->first);
    curl_multi_cleanup(courier->multi);
    sodium_memzero(&courier->secret, sizeof courier->secret);
    hy_free(courier);
    curl_global_cleanup();
}

bool hy_courier_has_mail(const struct hy_courier *courier) {
    return courier->smtp_url[0] != '\0';
}

bool hy_courier_has_webhook(const struct hy_courier *courier) {
    return courier->webhook_url[0] != '\0';
}

size_t hy_courier_room(const struct hy_courier *courier) {
    return courier->limit - courier->count;
}
