// model: emissions-in-order
// Durable emissions → Kafka, in order. When one fails, or has overtaken another, everything from there on is
// sent again: the targets know the numbers.
#include <inttypes.h>
#include <stdio.h>

#include "common/base/memory.h"
#include "common/stage/tenure.h"
#include "proto/commands.pb-c.h"
#include "proto/topics.h"

static struct hy_outbox_item *at(const struct hy_outbox *outbox, size_t place) {
    return &outbox->items[(outbox->first + place) & (outbox->capacity - 1)];
}

static void pop(struct hy_outbox *outbox) {
    hy_free(at(outbox, 0)->bytes);
    outbox->first = (outbox->first + 1) & (outbox->capacity - 1);
    outbox->count--;
    outbox->base++;
    if (outbox->sent > 0) outbox->sent--;
}

void outbox_free(struct hy_outbox *outbox) {
    while (outbox->count > 0)
        pop(outbox);
    hy_free(outbox->items);
    hy_free(outbox->ends);
    *outbox = (struct hy_outbox){0};
}

static void push(struct hy_outbox *outbox, const struct hy_outbox_item *item) {
    if (outbox->count == outbox->capacity) {
        size_t capacity = outbox->capacity == 0 ? 16 : outbox->capacity * 2;
        struct hy_outbox_item *items = hy_malloc(capacity * sizeof *items);
        for (size_t i = 0; i < outbox->count; i++)
            items[i] = *at(outbox, i);
        hy_free(outbox->items);
        outbox->items = items;
        outbox->first = 0;
        outbox->capacity = capacity;
    }
    outbox->items[(outbox->first + outbox->count++) & (outbox->capacity - 1)] = *item;
}

// Where the input that a dead letter tells of was found: the same when it is sent again.
static void name_dead_letter(struct hy_outbox_item *item) {
    Huiyuan__V1__DeadLetter *letter = huiyuan__v1__dead_letter__unpack(NULL, item->length, item->bytes);
    if (letter == NULL) return;
    snprintf(item->key, sizeof item->key, "%s/%" PRIu32 "/%" PRId64, letter->topic, letter->partition,
             letter->offset);
    huiyuan__v1__dead_letter__free_unpacked(letter, NULL);
}

static void name_command(struct hy_outbox_item *item) {
    Huiyuan__V1__Command *command = huiyuan__v1__command__unpack(NULL, item->length, item->bytes);
    if (command == NULL) return;
    snprintf(item->key, sizeof item->key, "%s", command->member_id);
    huiyuan__v1__command__free_unpacked(command, NULL);
}

void outbox_add(struct hy_tenure *tenure, struct hy_outbox *outbox, const Huiyuan__V1__Emission *emission) {
    const struct hy_stage *stage = tenure->stage;
    bool dead = strcmp(emission->to, "dead-letters") == 0;
    bool own = emission->key[0] != '\0';
    // Of a block that is read: its successor's hash has not been compared yet.
    if (emission->partition >= stage->options.partitions || (own && hy_topic_find(emission->to) == NULL)) {
        tenure_finish(tenure, TENURE_STOPPED,
                      "the log has an emission to a topic or partition that does not exist");
        return;
    }
    struct hy_outbox_item item = {
        .topic = dead  ? stage->dead_letters_topic
                 : own ? hy_bus_topic(stage->bus, hy_topic_find(emission->to)->name)
                       : stage->commands_topic,
        .partition = emission->partition,
        .length = (uint32_t)emission->payload.len,
        .bytes = hy_malloc(emission->payload.len + 1),
    };
    if (emission->payload.len > 0) memcpy(item.bytes, emission->payload.data, emission->payload.len);
    if (dead)
        name_dead_letter(&item);
    else if (own)
        snprintf(item.key, sizeof item.key, "%s", emission->key);
    else
        name_command(&item);
    push(outbox, &item);
}

void outbox_move(struct hy_outbox *to, struct hy_outbox *from, const struct hy_place *block) {
    for (size_t i = 0; i < from->count; i++) {
        struct hy_outbox_item item = *at(from, i);
        item.block = *block;
        push(to, &item);
    }
    from->first = from->count = from->sent = 0;
}

void outbox_sent_through(struct hy_outbox *outbox, uint64_t seq) {
    while (outbox->count > 0 && at(outbox, 0)->block.seq <= seq)
        pop(outbox);
}

struct hy_place outbox_unsent(const struct hy_outbox *outbox) {
    return outbox->count == 0 ? (struct hy_place){0} : at(outbox, 0)->block;
}

static void send_again(struct hy_outbox *outbox) {
    outbox->epoch++;
    outbox->sent = 0;
}

static struct hy_outbox_end *end_of(struct hy_outbox *outbox, const struct hy_outbox_item *item) {
    for (size_t i = 0; i < outbox->end_count; i++) {
        struct hy_outbox_end *end = &outbox->ends[i];
        if (end->topic == item->topic && end->partition == item->partition) return end;
    }
    outbox->ends = hy_realloc(outbox->ends, (outbox->end_count + 1) * sizeof *outbox->ends);
    struct hy_outbox_end *end = &outbox->ends[outbox->end_count++];
    *end = (struct hy_outbox_end){item->topic, item->partition, -1};
    return end;
}

// An emission that stands before one that was sent earlier was refused by its target, as a gap: librdkafka
// keeps no order when the broker answers a request with an error, even with one request in flight.
static bool stands_in_order(struct hy_outbox *outbox, const struct hy_outbox_item *item) {
    struct hy_outbox_end *end = end_of(outbox, item);
    if (item->offset >= 0 && item->offset <= end->offset) return false;
    end->offset = item->offset;
    return true;
}

void outbox_delivered(struct hy_tenure *tenure, const struct hy_delivery *delivery, uint32_t epoch,
                      uint32_t ordinal) {
    struct hy_outbox *outbox = &tenure->outbox;
    if (epoch != (outbox->epoch & 0xff)) return;
    if (delivery->failed) {
        send_again(outbox);
        return;
    }
    uint32_t place = (ordinal - outbox->base) & 0x3fffffff;
    if (place < outbox->count) {
        at(outbox, place)->acknowledged = true;
        at(outbox, place)->offset = delivery->offset;
    }
    while (outbox->count > 0 && outbox->sent > 0 && at(outbox, 0)->acknowledged) {
        if (!stands_in_order(outbox, at(outbox, 0))) {
            send_again(outbox);
            return;
        }
        hy_metrics_add(tenure->stage->metrics, METRIC_EMISSIONS, 1);
        pop(outbox);
    }
}

bool outbox_step(struct hy_tenure *tenure) {
    struct hy_outbox *outbox = &tenure->outbox;
    bool any = false;
    if (tenure->phase != TENURE_RUNNING) return false;
    for (; outbox->sent < outbox->count; outbox->sent++) {
        struct hy_outbox_item *item = at(outbox, outbox->sent);
        uint32_t ordinal = (outbox->base + (uint32_t)outbox->sent) & 0x3fffffff;
        item->acknowledged = false;
        struct hy_bytes value = hy_bytes(item->length > 0 ? item->bytes : NULL, item->length);
        if (!hy_bus_append(tenure->stage->bus, item->topic, item->partition, hy_bytes_of(item->key), value,
                           tenure_token(tenure, TOKEN_EMISSION, outbox->epoch, ordinal)))
            break;
        any = true;
    }
    return any;
}
