// `verify --deep`: every input that Kafka still has left exactly one record.
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "common/base/memory.h"
#include "proto/commands.pb-c.h"

struct cursor {
    size_t item;    // of the stretches
    int64_t passed; // of it
};

struct inputs {
    struct verify *verify;
    size_t source;
    bool is_log;
    struct hy_arena arena;
    struct cursor *next;       // by partition: which of the records comes next
    struct hy_reader *readers; // by partition, of a source that is a log
};

void verify_input_seen(struct verify_inputs_seen *seen, bool is_log, int64_t input) {
    int64_t step = is_log ? 1 : INT64_C(1) << INPUT_INDEX_BITS;
    if (seen->count > 0 && input == seen->last + step) {
        seen->items[seen->count - 1].last = input;
    } else {
        if (seen->count == seen->capacity) {
            seen->capacity = seen->capacity == 0 ? 64 : seen->capacity * 2;
            seen->items = hy_realloc(seen->items, seen->capacity * sizeof *seen->items);
        }
        seen->items[seen->count++] = (struct verify_stretch){input, input};
    }
    seen->last = input;
}

// --- the records of a partition, one after the other ---

static bool has_next(const struct inputs *inputs, const struct verify_part *part) {
    return inputs->next[part->partition].item < part->inputs[inputs->source].count;
}

static int64_t next_record(const struct inputs *inputs, const struct verify_part *part) {
    const struct cursor *next = &inputs->next[part->partition];
    return part->inputs[inputs->source].items[next->item].first + next->passed;
}

static void pass_record(const struct inputs *inputs, const struct verify_part *part) {
    struct cursor *next = &inputs->next[part->partition];
    const struct verify_stretch *stretch = &part->inputs[inputs->source].items[next->item];
    next->passed += inputs->is_log ? 1 : INT64_C(1) << INPUT_INDEX_BITS;
    if (stretch->first + next->passed <= stretch->last) return;
    *next = (struct cursor){next->item + 1, 0};
}

// The message stands where the next record says that it does.
static void expect(struct inputs *inputs, struct verify_part *part, int64_t offset, uint32_t index) {
    struct verify *verify = inputs->verify;
    const char *topic = verify->brain->sources[inputs->source];
    int64_t input = verify_input(offset, index);
    verify_count(verify, CHECK_INPUTS, 1);
    for (; has_next(inputs, part) && next_record(inputs, part) < input; pass_record(inputs, part))
        verify_fault(verify, CHECK_INPUTS, NULL,
                     "a record names %s/%" PRIu32 "/%" PRId64 ", where no input is / 流水所指的输入不存在",
                     topic, part->partition, next_record(inputs, part) >> INPUT_INDEX_BITS);
    if (has_next(inputs, part) && next_record(inputs, part) == input)
        pass_record(inputs, part);
    else
        verify_fault(verify, CHECK_INPUTS, NULL,
                     "%s/%" PRIu32 "/%" PRId64 " (%" PRIu32 ") left no record / 该输入没有留下流水", topic,
                     part->partition, offset, index);
}

// Commands for other services leave no record.
static bool is_ours(const struct verify *verify, size_t source, struct hy_bytes value) {
    if (strcmp(verify->brain->sources[source], "commands") != 0) return true;
    Huiyuan__V1__Command *command = huiyuan__v1__command__unpack(NULL, value.length, value.data);
    bool ours = command == NULL || strcmp(command->to, verify->brain->log) == 0;
    if (command != NULL) huiyuan__v1__command__free_unpacked(command, NULL);
    return ours;
}

static bool take_message(void *context, const struct hy_message *message) {
    struct inputs *inputs = context;
    if (is_ours(inputs->verify, inputs->source, message->value))
        expect(inputs, &inputs->verify->parts[message->partition], message->offset, 0);
    return true;
}

// Whether the service takes this record of another log, or passes it over.
static bool is_wanted(struct inputs *inputs, const Huiyuan__V1__Record *record) {
    const struct hy_brain *brain = inputs->verify->brain;
    struct hy_input input = {.id = "", .member_id = record->member_id, .command_id = "", .reply_to = ""};
    if (record->outcome != HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) return false;
    struct hy_error error =
        brain->read_record(brain->context, (uint32_t)inputs->source, record, &inputs->arena, &input);
    return error.code == HY_OK && !input.skip;
}

static bool take_log_message(void *context, const struct hy_message *message) {
    struct inputs *inputs = context;
    struct verify *verify = inputs->verify;
    struct verify_part *part = &verify->parts[message->partition];
    hy_arena_reset(&inputs->arena);
    struct hy_read read =
        hy_reader_take(&inputs->readers[message->partition], message->offset, message->value, &inputs->arena);
    if (read.what == HY_READ_CORRUPT)
        verify_fault(verify, CHECK_INPUTS, NULL, "%s/%" PRIu32 "/%" PRId64 ": %s / 日志损坏",
                     verify->brain->sources[inputs->source], part->partition, message->offset, read.reason);
    if (read.what != HY_READ_BLOCK) return read.what != HY_READ_CORRUPT;
    for (uint32_t i = 0; i < read.block->n_records; i++) {
        // Of a block that is taken in parts the rest is still to come.
        bool later = !has_next(inputs, part) && message->offset >= part->positions[inputs->source];
        if (is_wanted(inputs, read.block->records[i]) && !later) expect(inputs, part, message->offset, i);
    }
    return true;
}

// From what Kafka still has up to what the log says was taken.
static void bound(struct inputs *inputs, struct kafka_span *span, const struct verify_part *part) {
    size_t source = inputs->source;
    while (has_next(inputs, part) && next_record(inputs, part) < verify_input(span->from, 0))
        pass_record(inputs, part);
    int64_t end = part->positions[source];
    if (inputs->is_log && end >= 0) end++; // the block that may be taken in part
    if (end < span->to) span->to = end < 0 ? span->from : end;
    if (part->broken) span->to = span->from;
}

static bool verify_source(struct inputs *inputs) {
    struct verify *verify = inputs->verify;
    size_t count;
    const char *topic = verify->brain->sources[inputs->source];
    struct kafka_span *spans = kafka_spans(verify->cli, topic, -1, &count);
    if (spans == NULL) return false;
    if (count > verify->count) count = verify->count;
    for (size_t i = 0; i < count; i++) {
        inputs->next[i] = (struct cursor){0};
        hy_reader_init(&inputs->readers[i]);
        bound(inputs, &spans[i], &verify->parts[i]);
    }
    bool good = kafka_read(verify->cli, topic, spans, count, inputs->is_log ? take_log_message : take_message,
                           inputs);
    hy_free(spans);
    return good;
}

bool verify_inputs(struct verify *verify) {
    struct inputs inputs = {.verify = verify};
    bool good = true;
    inputs.next = hy_calloc(verify->count, sizeof *inputs.next);
    inputs.readers = hy_calloc(verify->count, sizeof *inputs.readers);
    hy_arena_init(&inputs.arena);
    for (size_t s = 0; s < verify->brain->source_count && good; s++) {
        const struct hy_topic *topic = hy_topic_find(verify->brain->sources[s]);
        inputs.source = s;
        inputs.is_log = topic != NULL && topic->is_log;
        good = verify_source(&inputs);
    }
    hy_arena_free(&inputs.arena);
    hy_free(inputs.readers);
    hy_free(inputs.next);
    return good;
}
