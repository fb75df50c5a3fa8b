// A campaign's life, and the set of all published versions.
#include <string.h>

#include "common/base/memory.h"
#include "common/campaign/campaign.h"
#include "proto/program.pb-c.h"

// --- one version ---

static void free_texts(char **texts, size_t count) {
    for (size_t i = 0; i < count; i++)
        hy_free(texts[i]);
    hy_free(texts);
}

void hy_campaign_free(struct hy_campaign *campaign) {
    if (campaign == NULL) return;
    free_texts(campaign->tiers, campaign->tier_count);
    free_texts(campaign->categories, campaign->category_count);
    hy_free(campaign->zone.changes);
    hy_free(campaign);
}

// --- all versions ---

void hy_campaigns_free(struct hy_campaigns *campaigns) {
    for (size_t i = 0; i < campaigns->count; i++)
        hy_campaign_free(campaigns->versions[i]);
    hy_free(campaigns->versions);
    *campaigns = (struct hy_campaigns){0};
}

static bool stands_before(const struct hy_campaign *a, const struct hy_campaign *b) {
    int order = strcmp(a->id, b->id);
    if (order != 0) return order < 0;
    if (a->effective_from_ms != b->effective_from_ms) return a->effective_from_ms < b->effective_from_ms;
    return a->version < b->version;
}

static void remove_version(struct hy_campaigns *campaigns, const char *id, uint32_t version) {
    for (size_t i = 0; i < campaigns->count; i++) {
        struct hy_campaign *campaign = campaigns->versions[i];
        if (campaign->version != version || strcmp(campaign->id, id) != 0) continue;
        campaigns->member_day_count -= campaign->kind == HY_CAMPAIGN_MEMBER_DAY;
        hy_campaign_free(campaign);
        campaigns->count--;
        memmove(&campaigns->versions[i], &campaigns->versions[i + 1],
                (campaigns->count - i) * sizeof *campaigns->versions);
        return;
    }
}

void hy_campaigns_add(struct hy_campaigns *campaigns, struct hy_campaign *campaign) {
    remove_version(campaigns, campaign->id, campaign->version);
    campaigns->versions =
        hy_realloc(campaigns->versions, (campaigns->count + 1) * sizeof *campaigns->versions);
    size_t at = campaigns->count++;
    for (; at > 0 && stands_before(campaign, campaigns->versions[at - 1]); at--)
        campaigns->versions[at] = campaigns->versions[at - 1];
    campaigns->versions[at] = campaign;
    campaigns->member_day_count += campaign->kind == HY_CAMPAIGN_MEMBER_DAY;
}

static bool take_campaign(struct hy_campaigns *campaigns, const Huiyuan__V1__ProgramVersion *published,
                          hy_zone_loader load_zone) {
    struct hy_program_faults faults;
    struct hy_campaign *campaign =
        hy_campaign_parse(hy_bytes(published->yaml.data, published->yaml.len), load_zone, &faults);
    if (campaign == NULL) return false;
    if (campaign->version != published->version || strcmp(campaign->id, published->program) != 0) {
        hy_campaign_free(campaign);
        return false;
    }
    campaign->published_at_ms = published->published_at_ms;
    hy_campaigns_add(campaigns, campaign);
    return true;
}

bool hy_campaigns_take(struct hy_campaigns *campaigns, struct hy_bytes message, hy_zone_loader load_zone) {
    Huiyuan__V1__ProgramVersion *published =
        huiyuan__v1__program_version__unpack(NULL, message.length, message.data);
    if (published == NULL) return false;
    bool good = published->kind != HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN ||
                take_campaign(campaigns, published, load_zone);
    huiyuan__v1__program_version__free_unpacked(published, NULL);
    return good;
}

void hy_campaigns_span(const struct hy_campaigns *campaigns, size_t index, int64_t *ret_from_ms,
                       int64_t *ret_until_ms) {
    const struct hy_campaign *campaign = campaigns->versions[index];
    *ret_from_ms = campaign->effective_from_ms;
    *ret_until_ms = campaign->effective_to_ms;
    if (index + 1 == campaigns->count) return;
    const struct hy_campaign *next = campaigns->versions[index + 1];
    if (strcmp(next->id, campaign->id) == 0 && next->effective_from_ms < *ret_until_ms)
        *ret_until_ms = next->effective_from_ms;
}

static bool is_in_effect(const struct hy_campaigns *campaigns, size_t index, int64_t time_ms) {
    int64_t from_ms;
    int64_t until_ms;
    hy_campaigns_span(campaigns, index, &from_ms, &until_ms);
    return from_ms <= time_ms && time_ms < until_ms;
}

const struct hy_campaign *hy_campaigns_at(const struct hy_campaigns *campaigns, const char *id,
                                          int64_t time_ms) {
    for (size_t i = 0; i < campaigns->count; i++) {
        if (strcmp(campaigns->versions[i]->id, id) == 0 && is_in_effect(campaigns, i, time_ms))
            return campaigns->versions[i];
    }
    return NULL;
}

const struct hy_campaign *hy_campaigns_version(const struct hy_campaigns *campaigns, const char *id,
                                               uint32_t version) {
    for (size_t i = 0; i < campaigns->count; i++) {
        if (campaigns->versions[i]->version == version && strcmp(campaigns->versions[i]->id, id) == 0)
            return campaigns->versions[i];
    }
    return NULL;
}

// --- member days of a purchase ---

static bool is_member_day(const struct hy_campaign *campaign, int64_t time_ms) {
    struct hy_civil when = hy_civil_at(&campaign->zone, time_ms);
    int32_t next_month = hy_day_number(when.year + when.month / 12, when.month % 12 + 1, 1);
    int32_t length = next_month - hy_day_number(when.year, when.month, 1);
    return when.day == (campaign->day < length ? campaign->day : length);
}

void hy_member_days_at(const struct hy_campaigns *campaigns, int64_t time_ms,
                       struct hy_member_days *ret_days) {
    ret_days->count = 0;
    if (campaigns->member_day_count == 0) return;
    for (size_t i = 0; i < campaigns->count && ret_days->count < HY_MEMBER_DAYS_LIMIT; i++) {
        const struct hy_campaign *campaign = campaigns->versions[i];
        if (campaign->kind == HY_CAMPAIGN_MEMBER_DAY && is_in_effect(campaigns, i, time_ms) &&
            is_member_day(campaign, time_ms))
            ret_days->items[ret_days->count++] = campaign;
    }
}

static bool wants_category(const struct hy_campaign *campaign, const char *category) {
    for (size_t i = 0; i < campaign->category_count; i++) {
        if (strcmp(campaign->categories[i], category) == 0) return true;
    }
    return campaign->category_count == 0;
}

const struct hy_campaign *hy_member_days_best(const struct hy_member_days *days, const char *category) {
    const struct hy_campaign *best = NULL;
    for (size_t i = 0; i < days->count; i++) {
        const struct hy_campaign *campaign = days->items[i];
        if (best != NULL && campaign->multiplier_hundredths <= best->multiplier_hundredths) continue;
        if (wants_category(campaign, category)) best = campaign;
    }
    return best;
}
