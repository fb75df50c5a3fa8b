// model: one-block-in-flight
// model: memory-goes
// Records → block → log. A block is durable when its delivery report names the offset expected next; a later
// offset means that foreign messages came between: those are read, and the reader rule says whether the block
// counts.
#include <inttypes.h>

#include "common/base/wire.h"
#include "common/io/log.h"
#include "common/stage/tenure.h"

enum {
    BLOCK_FIELD = 2,        // of LogMessage
    HEAD_ROOM_BYTES = 2048, // before the records, for what is known when the block closes
};

static void begin(struct hy_tenure *tenure) {
    struct hy_block *block = &tenure->block;
    block->seq = tenure->reader.seq + 1;
    block->count = 0;
    block->closed = block->in_flight = block->hole = false;
    // Recorded time never runs backwards, whatever the clock does.
    block->recorded_at_ms =
        tenure->stage->now_ms > tenure->recorded_at_ms ? tenure->stage->now_ms : tenure->recorded_at_ms;
    memcpy(block->positions, tenure->positions, sizeof block->positions);
    hy_buffer_clear(&block->bytes);
    hy_buffer_extend(&block->bytes, HEAD_ROOM_BYTES);
}

// Members lie anywhere in memory: what an input will touch is asked for while those before it are decided.
static void look_ahead(const struct hy_batch *batch, size_t i) {
    if (i + 12 < batch->count && batch->inputs[i + 12].member != NULL)
        hy_member_prefetch(batch->inputs[i + 12].member);
    if (i + 6 < batch->count && batch->inputs[i + 6].member != NULL)
        hy_window_prefetch(&batch->inputs[i + 6].member->window, batch->inputs[i + 6].id_hash);
}

static bool is_full(const struct hy_tenure *tenure) {
    return tenure->block.bytes.length - HEAD_ROOM_BYTES >= tenure->stage->options.block_bytes;
}

// Decides inputs until the block is full or the batch is at its end.
static void fill(struct hy_tenure *tenure) {
    struct hy_block *block = &tenure->block;
    struct hy_batch *batch = &tenure->batch;
    size_t i = batch->next;
    while (i < batch->count && !is_full(tenure)) {
        look_ahead(batch, i);
        struct hy_intake *intake = &batch->inputs[i++];
        decide_input(tenure, intake);
        if (intake->after != NULL) block->positions[intake->source] = *intake->after;
        if (intake->message.owner != NULL) {
            block->positions[intake->source].next_offset = intake->message.offset + 1;
            hy_bus_release(tenure->stage->bus, &intake->message);
            intake->message.owner = NULL;
        }
    }
    hy_metrics_add(tenure->stage->metrics, METRIC_INPUTS, (int64_t)(i - batch->next));
    block->inputs += i - batch->next;
    batch->next = i;
    if (i == batch->count) intake_done(tenure);
}

// Under load a block takes several batches.
static void fill_on(struct hy_tenure *tenure) {
    fill(tenure);
    while (tenure->batch.count == 0 && !is_full(tenure) && intake_more(tenure, tenure->block.inputs))
        fill(tenure);
}

static size_t positions_of(struct hy_tenure *tenure, Huiyuan__V1__Position *positions,
                           Huiyuan__V1__Position **list) {
    const struct hy_brain *brain = tenure->stage->brain;
    for (size_t s = 0; s < brain->source_count; s++) {
        huiyuan__v1__position__init(&positions[s]);
        positions[s].topic = (char *)(uintptr_t)brain->sources[s];
        positions[s].next_offset = tenure->block.positions[s].next_offset;
        positions[s].claim = tenure->block.positions[s].claim;
        positions[s].seq = tenure->block.positions[s].seq;
        positions[s].taken = tenure->block.positions[s].taken;
        list[s] = &positions[s];
    }
    return brain->source_count;
}

// LogMessage{block}: its head right before the records, which were encoded one by one. protobuf lets fields
// be put together so.
static bool put_head(struct hy_block *block, const Huiyuan__V1__Block *head) {
    uint8_t field[HY_WIRE_NUMBER_BYTES];
    size_t head_size = huiyuan__v1__block__get_packed_size(head);
    size_t size = head_size + block->bytes.length - HEAD_ROOM_BYTES;
    size_t field_size =
        (size_t)(hy_wire_put(hy_wire_put_tag(field, BLOCK_FIELD, HY_WIRE_BYTES), size) - field);
    if (block->bytes.failed || field_size + head_size > HEAD_ROOM_BYTES) return false;
    uint8_t *start = block->bytes.data + HEAD_ROOM_BYTES - head_size - field_size;
    memcpy(start, field, field_size);
    huiyuan__v1__block__pack(head, start + field_size);
    block->message = hy_bytes(start, field_size + size);
    return true;
}

static void close_block(struct hy_tenure *tenure) {
    struct hy_block *block = &tenure->block;
    Huiyuan__V1__Position positions[HY_SOURCES_LIMIT];
    Huiyuan__V1__Position *list[HY_SOURCES_LIMIT];
    struct hy_place unsent = outbox_unsent(&tenure->outbox);
    Huiyuan__V1__Block head = HUIYUAN__V1__BLOCK__INIT;
    head.claim = tenure->claim;
    head.seq = block->seq;
    head.recorded_at_ms = block->recorded_at_ms;
    head.n_positions = positions_of(tenure, positions, list);
    head.positions = list;
    head.emitted_through = unsent.seq != 0 ? unsent.seq - 1 : block->seq - 1;
    if (block->seq > 1) head.previous_hash = (ProtobufCBinaryData){HY_CHAIN_HASH_BYTES, tenure->reader.hash};
    block->closed = true;
    if (!put_head(block, &head)) {
        tenure_finish(tenure, TENURE_STOPPED, "a block does not fit its bounds");
        return;
    }
    hy_chain_hash(block->message, block->hash);
}

static void advance(struct hy_tenure *tenure) {
    const struct hy_stage *stage = tenure->stage;
    tenure->block.inputs = 0;
    for (size_t s = 0; s < stage->brain->source_count; s++) {
        int64_t next = tenure->block.positions[s].next_offset;
        if (tenure->positions[s].next_offset != next)
            hy_bus_commit(stage->bus, stage->source_topics[s], tenure->partition, next);
        tenure->positions[s] = tenure->block.positions[s];
    }
}

static bool append(struct hy_tenure *tenure) {
    struct hy_block *block = &tenure->block;
    struct hy_stage *stage = tenure->stage;
    block->in_flight = hy_bus_append(stage->bus, stage->log_topic, tenure->partition, hy_bytes(NULL, 0),
                                     block->message, tenure_token(tenure, TOKEN_BLOCK, 0, 0));
    if (block->in_flight) {
        block->sent_at_ms = stage->passed_ms;
        hy_metrics_add(stage->metrics, METRIC_BLOCKS, 1);
        hy_metrics_add(stage->metrics, METRIC_BLOCK_BYTES, (int64_t)block->message.length);
    }
    return block->in_flight;
}

// Only now: memory, replies and emissions of the block are true.
static void durable(struct hy_tenure *tenure) {
    struct hy_block *block = &tenure->block;
    struct hy_place place = {block->seq, tenure->reader.offset, tenure->claim};
    tenure->recorded_at_ms = block->recorded_at_ms;
    outbox_move(&tenure->outbox, &block->emissions, &place);
    effects_do(tenure);
    projector_replies(tenure, block->replies, block->replies_end);
    block->replies = NULL;
    block->replies_end = &block->replies;
    if (tenure->projector.waiting_since_ms == 0) tenure->projector.waiting_since_ms = block->sent_at_ms;
    hy_metrics_observe_ns(tenure->stage->metrics, METRIC_COMMIT_SECONDS,
                          (uint64_t)(tenure->stage->passed_ms - block->sent_at_ms) * 1000000);
    block->count = 0;
    block->closed = block->in_flight = block->hole = false;
    advance(tenure);
}

void commit_delivered(struct hy_tenure *tenure, const struct hy_delivery *delivery) {
    struct hy_block *block = &tenure->block;
    if (delivery->failed) {
        tenure_finish(tenure, TENURE_AGAIN, "a block was not acknowledged: it may be in the log or not");
        return;
    }
    if (delivery->offset == tenure->reader.next_offset) {
        hy_reader_own(&tenure->reader, delivery->offset, block->seq, block->hash);
        durable(tenure);
        return;
    }
    if (delivery->offset >= 0 && delivery->offset < tenure->reader.next_offset) {
        tenure_finish(tenure, TENURE_STOPPED,
                      "Kafka put a block before the end of the log: the log has lost messages");
        return;
    }
    block->hole = true;
    block->hole_offset = delivery->offset;
    hy_metrics_add(tenure->stage->metrics, METRIC_HOLES, 1);
    hy_log(HY_LOG_WARN, "hole", "log %s partition %" PRIu32 ": expected offset %" PRId64 ", got %" PRId64,
           tenure->stage->brain->log, tenure->partition, tenure->reader.next_offset, delivery->offset);
    hy_bus_read(tenure->stage->bus, tenure->stage->log_topic, tenure->partition, tenure->reader.next_offset);
}

static void hole_end(struct hy_tenure *tenure) {
    tenure_stop_log(tenure); // what lies behind the block is read when the next one finds a hole
    durable(tenure);
}

// model: holes-are-read. Foreign messages: a CLAIM fences, stale blocks of a former owner and one's own
// repeats are dropped.
static void hole_message(struct hy_tenure *tenure, const struct hy_message *message) {
    hy_arena_reset(&tenure->fold_arena);
    struct hy_read read =
        hy_reader_take(&tenure->reader, message->offset, message->value, &tenure->fold_arena);
    if (read.what == HY_READ_CORRUPT)
        tenure_finish(tenure, TENURE_STOPPED, read.reason);
    else if (read.what == HY_READ_CLAIM)
        tenure_finish(tenure, TENURE_FENCED, "somebody claimed the partition later");
    else if (read.what == HY_READ_BLOCK)
        hole_end(tenure);
    else if (message->offset == tenure->block.hole_offset)
        tenure_finish(tenure, TENURE_AGAIN, "the block in the log does not count");
}

static bool hole_step(struct hy_tenure *tenure) {
    if (tenure->log.count == 0) return false;
    struct hy_message message = hy_ring_pop(&tenure->log);
    hole_message(tenure, &message);
    hy_bus_release(tenure->stage->bus, &message);
    return true;
}

bool commit_step(struct hy_tenure *tenure) {
    struct hy_block *block = &tenure->block;
    if (block->hole) return hole_step(tenure);
    if (tenure->phase != TENURE_RUNNING || block->in_flight) return false;
    if (!block->closed) {
        if (tenure->batch.count == 0 || loader_busy(tenure)) return false;
        if (block->inputs == 0) begin(tenure);
        fill_on(tenure);
        if (loader_waits(tenure)) return true; // it goes on with those whose members are on their way
        if (block->count == 0) { // nothing for us among them: the next block will carry the positions
            advance(tenure);
            return true;
        }
        close_block(tenure);
    }
    return tenure->end == TENURE_NOT_ENDED && append(tenure);
}
