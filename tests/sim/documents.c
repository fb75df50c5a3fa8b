#include "tests/sim/documents.h"

#include <inttypes.h>
#include <time.h>

#include "common/base/bytes.h"
#include "proto/program.pb-c.h"

const char *const document_tiers[DOCUMENT_TIERS] = {"ordinary", "silver", "gold", "diamond"};

const char *const document_names[] = {"shop", "birthday", "member-day"};

// "2023-11-14T22:13:20Z"
static const char *time_text(int64_t time_ms, struct hy_arena *arena) {
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm date;
    gmtime_r(&seconds, &date);
    return hy_arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", date.tm_year + 1900, date.tm_mon + 1,
                           date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec);
}

static const char *factor(int hundredths, struct hy_arena *arena) {
    return hy_arena_printf(arena, "%d.%02d", hundredths / 100, hundredths % 100);
}

static const char *program_text(const struct document *document, struct hy_arena *arena) {
    char *text = hy_arena_printf(
        arena,
        "program: shop\nversion: %u\neffective_from: %s\ntime_zone: Asia/Shanghai\n"
        "currency: CNY\nearning: {points_per_yuan: %s, minimum_spend: 5.00, rounding: "
        "floor}\ngrowth: {per_yuan: 1.00}\ntiers:\n",
        document->version, time_text(document->from_ms, arena), factor(document->base, arena));
    for (int i = 0; i < DOCUMENT_TIERS; i++) {
        const char *above =
            i == 0 ? "" : hy_arena_printf(arena, ", growth_above: %d", document->growth_above[i]);
        text = hy_arena_printf(arena, "%s  - {id: %s, name_zh: 级, name_en: Tier, multiplier: %s%s}\n", text,
                               document_tiers[i], factor(document->multiplier[i], arena), above);
    }
    if (document->lapse_months == 0) return text;
    return hy_arena_printf(arena, "%stier_rules: {lapse: {months: %d, to: ordinary}}\n", text,
                           document->lapse_months);
}

static const char *campaign_text(const struct document *document, struct hy_arena *arena) {
    const char *head = hy_arena_printf(
        arena,
        "id: %s\nversion: %u\nkind: %s\nname_zh: 活动\nname_en: Campaign\ntime_zone: Asia/Shanghai\n"
        "effective_from: %s\nhour: %d\nmessage: %s\ncontrol_share: %d\n",
        document_names[document->kind], document->version, document_names[document->kind],
        time_text(document->from_ms, arena), document->hour, document_names[document->kind],
        document->control_share);
    if (document->kind == DOCUMENT_MEMBER_DAY)
        return hy_arena_printf(arena, "%sday: %d\nmultiplier: %s\n", head, document->day,
                               factor(document->factor, arena));
    return hy_arena_printf(arena,
                           "%s%sdays_before: %d\nbudget: %d\ncoupon: {name_zh: 券, name_en: Coupon, value: "
                           "20.00, valid_days: %d}\n",
                           head, document->upper_tiers ? "tiers: [silver, gold, diamond]\n" : "",
                           document->days_before, document->budget, document->valid_days);
}

struct hy_bytes document_message(const struct document *document, int64_t published_at_ms,
                                 const char **ret_key, struct hy_arena *arena) {
    bool program = document->kind == DOCUMENT_PROGRAM;
    struct hy_bytes yaml =
        hy_bytes_of(program ? program_text(document, arena) : campaign_text(document, arena));
    Huiyuan__V1__ProgramVersion version = HUIYUAN__V1__PROGRAM_VERSION__INIT;
    version.program = (char *)(uintptr_t)document_names[document->kind];
    version.version = document->version;
    version.effective_from_ms = document->from_ms;
    version.yaml = (ProtobufCBinaryData){yaml.length, (uint8_t *)(uintptr_t)yaml.data};
    version.published_at_ms = published_at_ms;
    version.kind = program ? HUIYUAN__V1__DOCUMENT_KIND__PROGRAM : HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN;
    *ret_key = hy_arena_printf(arena, "%s%s/%u", program ? "" : "campaign/", document_names[document->kind],
                               document->version);
    size_t size = huiyuan__v1__program_version__get_packed_size(&version);
    uint8_t *bytes = hy_arena_alloc(arena, size);
    huiyuan__v1__program_version__pack(&version, bytes);
    return hy_bytes(bytes, size);
}

// The latest that is in effect; of equal ones the highest version.
static const struct document *latest(const struct sim_documents *documents, size_t known,
                                     enum document_kind kind, int64_t time_ms) {
    const struct document *found = NULL;
    for (size_t i = 0; i < known; i++) {
        const struct document *document = &documents->items[i];
        if (document->kind != kind || document->from_ms > time_ms) continue;
        if (found == NULL || document->from_ms > found->from_ms ||
            (document->from_ms == found->from_ms && document->version > found->version))
            found = document;
    }
    return found;
}

const struct document *documents_program(const struct sim_documents *documents, size_t known,
                                         int64_t time_ms) {
    return latest(documents, known, DOCUMENT_PROGRAM, time_ms);
}

const struct document *documents_campaign(const struct sim_documents *documents, size_t known,
                                          enum document_kind kind, int64_t time_ms) {
    return latest(documents, known, kind, time_ms);
}
