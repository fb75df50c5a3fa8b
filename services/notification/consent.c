#include "services/notification/notification.h"

typedef Huiyuan__V1__DeliveryState Member;
typedef Huiyuan__V1__ContactChannel Channel;

// In the order in which they are tried. Push and social media have no provider of their own yet.
static const Channel order[] = {HUIYUAN__V1__CONTACT_CHANNEL__EMAIL, HUIYUAN__V1__CONTACT_CHANNEL__SMS};

enum { CHANNELS = sizeof order / sizeof order[0] };

static bool agreed(const Member *member, Channel channel) {
    if (member == NULL || member->erased) return false;
    for (size_t i = 0; i < member->n_consents; i++) {
        if (member->consents[i]->channel == channel) return member->consents[i]->granted;
    }
    return false;
}

static Channel first_agreed(const Member *member, size_t from) {
    for (size_t i = from; i < CHANNELS; i++) {
        if (agreed(member, order[i])) return order[i];
    }
    return HUIYUAN__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_UNSPECIFIED;
}

static size_t place_of(Channel channel) {
    size_t place = 0;
    while (place < CHANNELS && order[place] != channel)
        place++;
    return place;
}

Channel consent_channel(const Member *member, Channel from) {
    bool any = from == HUIYUAN__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_UNSPECIFIED;
    return first_agreed(member, any ? 0 : place_of(from));
}

Channel consent_channel_after(const Member *member, Channel channel) {
    return first_agreed(member, place_of(channel) + 1);
}

Huiyuan__V1__DeliveryChange *consent_seen(const Huiyuan__V1__MemberChange *change, struct hy_arena *arena) {
    Huiyuan__V1__DeliveryChange *seen = hy_arena_alloc(arena, sizeof *seen);
    huiyuan__v1__delivery_change__init(seen);
    seen->kind = HUIYUAN__V1__DELIVERY_CHANGE_KIND__CONTACT_SEEN;
    seen->erased = change->kind == HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED;
    if (seen->erased) return seen;
    seen->personal = change->personal;
    seen->language = change->language;
    seen->consents = change->consents;
    seen->n_consents = change->n_consents;
    return seen;
}
