// Short texts from outside, each with a parser of its own: the first byte says which, the rest is the text.
// Where it takes two, a line break stands between them.
#include <stdlib.h>
#include <string.h>

#include "common/base/calendar.h"
#include "common/base/decimal.h"
#include "common/base/memory.h"
#include "common/campaign/campaign.h"
#include "common/contract/access_key.h"
#include "common/contract/limits.h"
#include "common/contract/member.h"
#include "common/contract/rfc3339.h"
#include "common/io/config.h"
#include "common/io/crypto.h"
#include "common/io/mail.h"
#include "common/io/seal.h"
#include "common/io/store_redis_url.h"
#include "common/io/webhook.h"
#include "common/stage/keys.h"
#include "services/gateway/cursor.h"
#include "services/gateway/prefer.h"
#include "services/gateway/trace.h"
#include "services/notification/notification.h"
#include "tests/fuzz/fuzz.h"

struct input {
    const char *text;  // terminated
    const char *other; // behind the first line break; "" without one
    struct hy_bytes bytes;
    struct hy_arena *arena;
};

// --- times, numbers ---

static void rfc3339(const struct input *input) {
    int64_t time_ms = 0, again_ms = 0;
    char text[25];
    if (!hy_rfc3339_parse(input->bytes, &time_ms)) return;
    hy_time_format(time_ms, text);
    // Years before 0001 and after 9999, by UTC, have no such form.
    if (time_ms < INT64_C(-62135596800000) || time_ms > INT64_C(253402300799999)) return;
    PROMISE(hy_rfc3339_parse(hy_bytes_of(text), &again_ms) && again_ms == time_ms);
}

static void date(const struct input *input) {
    int32_t day, year, month, of_month;
    if (!hy_date_parse(input->bytes, &day)) return;
    char text[32];
    hy_day_date(day, &year, &month, &of_month);
    snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, of_month);
    PROMISE(hy_bytes_equal(hy_bytes_of(text), input->bytes));
}

static void hundredths(const struct input *input) {
    int64_t number = -1, again = -1;
    char text[24];
    if (!hy_hundredths_parse(input->bytes, INT64_MAX, &number)) return;
    PROMISE(number >= 0);
    hy_hundredths_format(number, text);
    PROMISE(hy_hundredths_parse(hy_bytes_of(text), INT64_MAX, &again) && again == number);
}

// --- what callers of the gateway write ---

static void cursor(const struct input *input) {
    uint64_t before, again;
    char made[CURSOR_BYTES];
    size_t length = strlen(input->text);
    if (cursor_parse(input->other, input->text, &before)) {
        cursor_make(input->other, before, made);
        PROMISE(strcmp(made, input->text) == 0);
    }
    cursor_make(input->other, length, made);
    PROMISE(cursor_parse(input->other, made, &again) && again == length);
}

static void headers(const struct input *input) {
    const char *key = NULL, *again = NULL;
    struct prefer prefer = prefer_parse(input->text);
    PROMISE(prefer.wait_ms >= -1 && prefer.wait_ms <= PREFER_WAIT_LIMIT_MS);
    const char *applied = prefer_applied(&prefer, input->arena);
    if (applied != NULL) {
        struct prefer second = prefer_parse(applied);
        PROMISE(second.respond_async == prefer.respond_async && second.wait_ms == prefer.wait_ms);
    }
    if (idempotency_key_parse(input->text, input->arena, &key)) {
        PROMISE(hy_text_has_form(HY_FORM_ID, key, strlen(key)) && strlen(key) <= HY_ID_LIMIT_BYTES);
        PROMISE(idempotency_key_parse(key, input->arena, &again) && strcmp(key, again) == 0);
    }
    is_json(input->text);
    is_merge_patch(input->text);
    etag_has_version(input->text, 2);
    etag_is_in(input->text, input->other);
}

static void trace(const struct input *input) {
    char trace[TRACEPARENT_BYTES];
    trace_take(input->text, trace);
    PROMISE(strlen(trace) == TRACEPARENT_BYTES - 1 && strspn(trace, "0123456789abcdef-") == strlen(trace));
    char again[TRACEPARENT_BYTES];
    trace_take(trace, again);
    PROMISE(strncmp(trace, again, 35) == 0); // the trace stays, the span is new
}

static void command_id(const struct input *input) {
    uint32_t partition;
    if (!hy_command_id_partition(input->text, &partition)) return;
    PROMISE(strlen(input->text) < HY_COMMAND_ID_BYTES);
}

static void phone(const struct input *input) {
    char made[HY_PHONE_BYTES], again[HY_PHONE_BYTES];
    if (!hy_phone_normalise(input->text, made)) return;
    PROMISE(made[0] == '+' && strspn(made + 1, "0123456789") == strlen(made) - 1);
    PROMISE(hy_phone_normalise(made, again) && strcmp(made, again) == 0);
}

static void coupon_code(const struct input *input) {
    if (!hy_coupon_code_good(input->text)) return;
    PROMISE(strlen(input->text) == HY_COUPON_CODE_BYTES - 1);
    char wrong[HY_COUPON_CODE_BYTES]; // one character read wrong is always noticed
    memcpy(wrong, input->text, sizeof wrong);
    wrong[0] = wrong[0] == '7' ? '8' : '7';
    PROMISE(!hy_coupon_code_good(wrong));
}

static void forms(const struct input *input) {
    for (enum hy_text_form form = HY_FORM_TEXT; form <= HY_FORM_CURRENCY; form++) {
        size_t length = strlen(input->text);
        PROMISE((hy_text_length(form, input->text) == length) == hy_text_has_form(form, input->text, length));
    }
    if (hy_text_has_form(HY_FORM_TEXT, input->text, strlen(input->text)))
        for (const char *p = input->text; *p != '\0'; p++)
            PROMISE((unsigned char)*p >= ' ' && *p != 0x7F);
    Huiyuan__V1__Role role;
    hy_role_by_name(input->text, &role);
}

// --- what operators write ---

static void settings(const struct input *input) {
    const char *text = NULL;
    int64_t number = 7;
    bool truth = false;
    const struct hy_config_item items[] = {
        {"HY_FUZZ_TEXT", HY_CONFIG_TEXT, "", 0, 0, "", "", true, &text},
        {"HY_FUZZ_NUMBER", HY_CONFIG_NUMBER, "7", -5, 5000, "ms", "", true, &number},
        {"HY_FUZZ_BOOL", HY_CONFIG_BOOL, "true", 0, 0, "", "", true, &truth},
    };
    for (size_t i = 0; i < 3; i++)
        setenv(items[i].name, i == 0 || input->text[0] == "TNB"[i] ? input->text : items[i].fallback, 1);
    bool good = hy_config_load(items, 3);
    PROMISE(!good || (number >= -5 && number <= 5000));
    PROMISE(good || number == 7);
}

static void redis_url(const struct input *input) {
    struct redis_address address = {0};
    if (!redis_address_parse(input->text, &address)) return;
    PROMISE(address.host != NULL && address.host[0] != '\0');
    PROMISE(address.port >= 0 && address.port <= 65535 && address.database >= 0);
    redis_address_free(&address);
}

static void quiet_hours(const struct input *input) {
    struct delivery_policy policy = delivery_policy_defaults(), before = policy;
    if (delivery_policy_quiet(&policy, input->text)) {
        PROMISE(policy.quiet_from_minute >= 0 && policy.quiet_from_minute <= 24 * 60);
        PROMISE(policy.quiet_until_minute >= 0 && policy.quiet_until_minute <= 24 * 60);
    } else {
        PROMISE(policy.quiet_from_minute == before.quiet_from_minute &&
                policy.quiet_until_minute == before.quiet_until_minute);
    }
}

static void webhook_secret(const struct input *input) {
    struct hy_webhook_secret secret;
    char signature[HY_WEBHOOK_SIGNATURE_BYTES];
    if (!hy_webhook_secret_read(input->text, &secret)) return;
    PROMISE(secret.length >= 24 && secret.length <= HY_WEBHOOK_SECRET_LIMIT_BYTES);
    hy_webhook_sign(&secret, "id", 1, input->bytes, signature);
    PROMISE(strlen(signature) == HY_WEBHOOK_SIGNATURE_BYTES - 1);
}

// --- mails ---

// The head of a mail is its own lines alone: nothing that somebody wrote ends one and begins another.
static void mail(const struct input *input) {
    struct hy_buffer out;
    hy_buffer_init(&out, 1 << 20);
    bool good_address = hy_mail_address_good(input->text);
    const struct hy_mail mails[] = {
        {"a@b.cn", input->text, "c@d.cn", "id-1", input->other, input->text, 1779955200000},
        {"a@b.cn", "", input->text, "id-1", "s", "b\n", 1779955200000},
        {"a@b.cn", "", "c@d.cn", input->text, "s", "b\n", 1779955200000},
    };
    for (size_t i = 0; i < 3; i++) {
        hy_buffer_clear(&out);
        bool built = hy_mail_build(&mails[i], &out);
        PROMISE(i != 1 || built == good_address);
        PROMISE(built == (out.length > 0));
        if (!built) continue;
        hy_buffer_add(&out, "", 1);
        const char *head_end = strstr((const char *)out.data, "\r\n\r\n");
        PROMISE(head_end != NULL && strstr((const char *)out.data, "\nBcc:") == NULL);
        size_t fields = 0;
        for (const char *p = (const char *)out.data; p < head_end; p++) {
            PROMISE(*p != '\n' || (p > (const char *)out.data && p[-1] == '\r'));
            fields += *p == '\n' && p[1] != ' ';
        }
        PROMISE(fields <= 9);
    }
    hy_buffer_free(&out);
}

// --- sealed bytes ---

static void sealed(const struct input *input) {
    static const char digits[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    static struct hy_kek *kek;
    if (kek == NULL) kek = hy_kek_load("", digits);
    struct hy_member_key key, opened;
    hy_member_key_draw(&key);
    struct hy_bytes clear;
    size_t nonce = input->bytes.length < 24 ? input->bytes.length : 24;
    struct hy_sealed foreign = {hy_bytes(input->bytes.data, nonce),
                                hy_bytes(input->bytes.data + nonce, input->bytes.length - nonce)};
    // Nobody else sealed it with this key.
    PROMISE(!hy_unseal(&key, "m1", foreign, input->arena, &clear));
    PROMISE(!hy_member_key_unwrap(kek, "m1", foreign, &opened));
    struct hy_sealed own = hy_seal(&key, "m1", input->bytes, input->arena);
    PROMISE(hy_unseal(&key, "m1", own, input->arena, &clear) && hy_bytes_equal(clear, input->bytes));
    PROMISE(!hy_unseal(&key, "m2", own, input->arena, &clear));
    struct hy_sealed cut = {own.nonce, hy_bytes(own.ciphertext.data, own.ciphertext.length - 1)};
    PROMISE(!hy_unseal(&key, "m1", cut, input->arena, &clear));
    struct hy_sealed wrapped = hy_member_key_wrap(kek, "m1", &key, input->arena);
    PROMISE(hy_member_key_unwrap(kek, "m1", wrapped, &opened) && memcmp(&opened, &key, sizeof key) == 0);
    char index[HY_PHONE_INDEX_BYTES];
    hy_phone_index(kek, input->text, index);
}

static const struct {
    char name;
    void (*parse)(const struct input *input);
} parsers[] = {
    {'3', rfc3339},     {'d', date},           {'h', hundredths}, {'u', cursor},
    {'H', headers},     {'t', trace},          {'i', command_id}, {'P', phone},
    {'c', coupon_code}, {'f', forms},          {'s', settings},   {'r', redis_url},
    {'q', quiet_hours}, {'w', webhook_secret}, {'m', mail},       {'S', sealed},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool begun;
    if (!begun) hy_crypto_init();
    begun = true;
    if (size == 0) return 0;
    struct hy_arena *arena = fuzz_arena();
    struct input input = {.bytes = hy_bytes(data + 1, size - 1), .arena = arena};
    const uint8_t *end = memchr(input.bytes.data, '\n', input.bytes.length);
    size_t first = end == NULL ? input.bytes.length : (size_t)(end - input.bytes.data);
    size_t second = end == NULL ? first : first + 1;
    input.text = hy_arena_string(arena, (const char *)data + 1, first);
    input.other = hy_arena_string(arena, (const char *)data + 1 + second, size - 1 - second);
    for (size_t i = 0; i < sizeof parsers / sizeof parsers[0]; i++) {
        if (parsers[i].name == (char)data[0]) parsers[i].parse(&input);
    }
    return 0;
}
