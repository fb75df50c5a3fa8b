// The tiers that a member had, as far as points need them.
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "services/accrual/accrual.h"

const char *points_tier_at(const struct points_state *points, int64_t time_ms) {
    if (points->tiers == NULL) return NULL;
    for (uint32_t i = points->tiers->count; i-- > 0;) {
        if (points->tiers->items[i].since_ms <= time_ms) return points->tiers->items[i].tier;
    }
    return NULL;
}

void points_tier_take(struct points_state *points, const char *tier, int64_t since_ms) {
    if (points->tiers == NULL) points->tiers = hy_calloc(1, sizeof *points->tiers);
    struct points_tiers *tiers = points->tiers;
    if (tiers->count == POINTS_TIERS_LIMIT)
        memmove(tiers->items, tiers->items + 1, --tiers->count * sizeof *tiers->items);
    struct points_tier *taken = &tiers->items[tiers->count++];
    snprintf(taken->tier, sizeof taken->tier, "%s", tier);
    taken->since_ms = since_ms;
}

void points_tiers_fill(const struct points_state *points, struct points_tiers_saved *room,
                       Huiyuan__V1__PointsState *saved) {
    saved->tiers = room->list;
    for (uint32_t i = 0; points->tiers != NULL && i < points->tiers->count; i++) {
        huiyuan__v1__tier_span__init(&room->spans[i]);
        room->spans[i].tier = points->tiers->items[i].tier;
        room->spans[i].since_ms = points->tiers->items[i].since_ms;
        room->list[saved->n_tiers++] = &room->spans[i];
    }
}

void points_tiers_load(struct points_state *points, const Huiyuan__V1__PointsState *saved) {
    for (size_t i = 0; i < saved->n_tiers; i++)
        points_tier_take(points, saved->tiers[i]->tier, saved->tiers[i]->since_ms);
}
