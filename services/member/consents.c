#include <protobuf-c/protobuf-c.h>

#include "services/member/member.h"

enum { CHANNELS = HUIYUAN__V1__CONTACT_CHANNEL__SOCIAL + 1 };

static void say(Huiyuan__V1__Consent *by_channel[CHANNELS], const Huiyuan__V1__Consent *said,
                int64_t said_at_ms, struct hy_arena *arena) {
    if ((int)said->channel <= 0 || (int)said->channel >= CHANNELS) return;
    const Huiyuan__V1__Consent *before = by_channel[said->channel];
    if (before != NULL && before->granted == said->granted) return;
    Huiyuan__V1__Consent *made = hy_arena_alloc(arena, sizeof *made);
    huiyuan__v1__consent__init(made);
    made->channel = said->channel;
    made->granted = said->granted;
    made->changed_at_ms = said->changed_at_ms > 0 ? said->changed_at_ms : said_at_ms;
    by_channel[said->channel] = made;
}

void member_consents_merge(Huiyuan__V1__Consent *const *now, size_t now_count,
                           Huiyuan__V1__Consent *const *said, size_t said_count, int64_t said_at_ms,
                           struct hy_arena *arena, Huiyuan__V1__Consent ***ret_consents, size_t *ret_count) {
    Huiyuan__V1__Consent *by_channel[CHANNELS] = {NULL};
    for (size_t i = 0; i < now_count; i++)
        say(by_channel, now[i], said_at_ms, arena);
    for (size_t i = 0; i < said_count; i++)
        say(by_channel, said[i], said_at_ms, arena);
    Huiyuan__V1__Consent **list = hy_arena_alloc(arena, sizeof by_channel);
    size_t count = 0;
    for (size_t channel = 0; channel < CHANNELS; channel++) {
        if (by_channel[channel] != NULL) list[count++] = by_channel[channel];
    }
    *ret_consents = list;
    *ret_count = count;
}
