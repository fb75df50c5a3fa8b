#include "services/gateway/follow.h"

enum { RANGE_MS = 500 };

void follow_open(struct follow *follow, struct hy_bus *bus, const struct follow_options *options) {
    *follow = (struct follow){.options = *options, .bus = bus, .whole = options->topic == NULL};
    if (options->topic != NULL) follow->topic = hy_bus_topic(bus, options->topic);
}

void follow_step(struct follow *follow) {
    if (follow->options.topic == NULL) return;
    if (!follow->reading && hy_bus_connected(follow->bus)) {
        int64_t low;
        if (!hy_bus_range(follow->bus, follow->topic, 0, RANGE_MS, &low, &follow->wanted)) return;
        follow->next_offset = low;
        follow->reading = true;
        hy_bus_read(follow->bus, follow->topic, 0, low);
    }
    if (follow->reading && follow->next_offset >= follow->wanted) follow->whole = true;
}

void follow_take(struct follow *follow, const struct hy_message *message) {
    if (follow->options.topic == NULL || message->topic != follow->topic) return;
    follow->options.take(follow->options.context, message->key, message->value);
    follow->next_offset = message->offset + 1;
}

void follow_again(struct follow *follow, uint32_t topic) {
    if (topic == follow->topic) follow->reading = false;
}
