#include "cli/import_send.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/memory.h"

enum {
    SLOTS = 1 << 17, // messages on their way
    POLL_EVERY = 512,
    WAIT_MS = 100,
    CLOSE_MS = 1000,
};

struct slot {
    struct import_place after;
    bool done;
};

struct import_sender {
    struct hy_bus *bus;
    uint32_t topic;
    uint32_t partitions;
    struct slot *slots;   // ring
    uint64_t first, last; // first: not settled yet; last: the next one taken
    struct import_place settled;
    bool any_settled;
    bool failed;
    uint32_t partition;
    int64_t offset;
};

static struct slot *slot_of(struct import_sender *sender, uint64_t number) {
    return &sender->slots[number % SLOTS];
}

static void settle(struct import_sender *sender) {
    while (sender->first < sender->last && slot_of(sender, sender->first)->done) {
        sender->settled = slot_of(sender, sender->first)->after;
        sender->any_settled = true;
        sender->first++;
    }
}

static void delivered(void *context, const struct hy_delivery *delivery) {
    struct import_sender *sender = context;
    if (delivery->failed) {
        sender->failed = true;
        return;
    }
    slot_of(sender, delivery->token)->done = true;
    sender->partition = delivery->partition;
    if (delivery->offset >= 0) sender->offset = delivery->offset;
}

struct import_sender *import_sender_open(const struct cli *cli, uint32_t partitions) {
    struct import_sender *sender = hy_calloc(1, sizeof *sender);
    const struct hy_bus_events events = {.context = sender, .delivered = delivered};
    sender->bus = kafka_bus(cli, &events, partitions);
    if (sender->bus == NULL) {
        hy_free(sender);
        return NULL;
    }
    sender->topic = hy_bus_topic(sender->bus, "purchases");
    sender->partitions = partitions;
    sender->slots = hy_calloc(SLOTS, sizeof *sender->slots);
    sender->offset = -1;
    return sender;
}

void import_sender_close(struct import_sender *sender) {
    hy_bus_close(sender->bus, CLOSE_MS);
    hy_free(sender->slots);
    hy_free(sender);
}

void import_sender_poll(struct import_sender *sender) {
    hy_bus_poll(sender->bus, 1, 0);
    settle(sender);
}

static void wait_a_little(struct import_sender *sender) {
    hy_bus_poll(sender->bus, 1, WAIT_MS);
    settle(sender);
}

static bool take(struct import_sender *sender, const struct import_place *after, bool done) {
    if (sender->last % POLL_EVERY == 0) import_sender_poll(sender);
    while (sender->last - sender->first == SLOTS && !sender->failed)
        wait_a_little(sender);
    *slot_of(sender, sender->last) = (struct slot){*after, done};
    sender->last++;
    return !sender->failed;
}

bool import_sender_skip(struct import_sender *sender, const struct import_place *after) {
    return take(sender, after, true);
}

bool import_sender_send(struct import_sender *sender, const char *member_id, struct hy_bytes message,
                        const struct import_place *after) {
    struct hy_bytes key = hy_bytes_of(member_id);
    uint32_t partition = hy_partition_of(key, sender->partitions);
    uint64_t number = sender->last;
    if (!take(sender, after, false)) return false;
    while (!hy_bus_append(sender->bus, sender->topic, partition, key, message, number)) {
        wait_a_little(sender);
        if (sender->failed) return false;
    }
    return true;
}

bool import_sender_finish(struct import_sender *sender) {
    settle(sender);
    while (sender->first < sender->last && !sender->failed)
        wait_a_little(sender);
    return !sender->failed;
}

bool import_sender_settled(const struct import_sender *sender, struct import_place *ret_place,
                           uint32_t *ret_partition, int64_t *ret_offset) {
    if (!sender->any_settled) return false;
    *ret_place = sender->settled;
    *ret_partition = sender->partition;
    *ret_offset = sender->offset;
    return true;
}
