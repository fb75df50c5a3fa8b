// Which campaigns hold for an order, looked up by its day, channel and store.
#include <stdlib.h>

#include "common/base/memory.h"
#include "common/program/internal.h"

static bool allows(uint32_t bits, uint32_t number) {
    return bits == 0 || (bits >> number & 1) != 0;
}

static int ascending(const void *a, const void *b) {
    int32_t first = ((const struct hy_period *)a)->first_day;
    int32_t second = ((const struct hy_period *)b)->first_day;
    return (first > second) - (first < second);
}

static void add_period(struct hy_campaign_index *index, int32_t first_day) {
    index->periods[index->period_count++] = (struct hy_period){.first_day = first_day};
}

// A period begins wherever a campaign begins or has ended. Some are there twice, and say the same.
static void begin_periods(struct hy_program *program) {
    struct hy_campaign_index *index = &program->campaigns;
    index->periods = hy_calloc(1 + 2 * program->rule_count, sizeof *index->periods);
    add_period(index, INT32_MIN);
    for (size_t i = program->first_campaign; i < program->rule_count; i++) {
        const struct hy_rule *rule = &program->rules[i];
        if (rule->first_day == 0 && rule->last_day == 0) continue;
        add_period(index, rule->first_day);
        if (rule->last_day < INT32_MAX) add_period(index, rule->last_day + 1);
    }
    qsort(index->periods, index->period_count, sizeof *index->periods, ascending);
}

static void add_campaign(struct hy_program *program, const struct hy_rule *rule) {
    struct hy_campaign_index *index = &program->campaigns;
    size_t place = rule->place;
    for (uint32_t i = 0; i < 8; i++) {
        if (allows(rule->weekdays, i)) hy_rule_set_add(&index->of_weekday[i], place);
        if (allows(rule->channels, i)) hy_rule_set_add(&index->of_channel[i], place);
    }
    for (size_t i = 0; i < index->period_count; i++) {
        if (hy_rule_holds_on_day(rule, index->periods[i].first_day))
            hy_rule_set_add(&index->periods[i].campaigns, place);
    }
    if (rule->store_count == 0) hy_rule_set_add(&index->of_any_store, place);
    for (size_t i = 0; i < rule->store_count; i++)
        hy_words_name(&index->stores, rule->stores[i], place);
}

void hy_program_index_campaigns(struct hy_program *program) {
    size_t stores = 0;
    for (size_t i = program->first_campaign; i < program->rule_count; i++)
        stores += program->rules[i].store_count;
    hy_words_make(&program->campaigns.stores, stores);
    begin_periods(program);
    for (size_t i = program->first_campaign; i < program->rule_count; i++)
        add_campaign(program, &program->rules[i]);
}

static const struct hy_rule_set *campaigns_on(const struct hy_campaign_index *index, int32_t day_number) {
    size_t low = 0;
    size_t high = index->period_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (index->periods[middle].first_day <= day_number) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &index->periods[low].campaigns;
}

struct hy_rule_set hy_program_campaigns(const struct hy_program *program,
                                        const Huiyuan__V1__Purchase *purchase, struct hy_bytes store_id) {
    const struct hy_campaign_index *index = &program->campaigns;
    int32_t day = hy_day_at(&program->zone, purchase->occurred_at_ms);
    const struct hy_rule_set *of_day = campaigns_on(index, day);
    const struct hy_rule_set *of_weekday = &index->of_weekday[hy_weekday(day)];
    const struct hy_rule_set *of_channel = &index->of_channel[purchase->channel & 7];
    const struct hy_word *store = hy_words_find(&index->stores, store_id);
    struct hy_rule_set campaigns = {0};
    for (size_t i = 0; i * 64 < program->rule_count; i++) {
        uint64_t of_store = index->of_any_store.bits[i] | (store == NULL ? 0 : store->named_by.bits[i]);
        campaigns.bits[i] = of_day->bits[i] & of_weekday->bits[i] & of_channel->bits[i] & of_store;
    }
    return campaigns;
}
