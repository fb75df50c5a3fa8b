// `verify --deep`: every input that Kafka still has left exactly one record.
#include <inttypes.h>
#include <string.h>

#include "cli/verify.h"
#include "common/base/memory.h"
#include "proto/commands.pb-c.h"

struct inputs {
    struct verify *verify;
    size_t source;
    bool is_log;
    struct hy_arena arena;
    size_t *next;              // by partition: which of the records comes next
    struct hy_reader *readers; // by partition, of a source that is a log
};

// The message stands where the next record says that it does.
static void expect(struct inputs *inputs, struct verify_part *part, int64_t offset, uint32_t index) {
    struct verify *verify = inputs->verify;
    const int64_t *records = part->inputs[inputs->source];
    size_t count = part->input_count[inputs->source];
    size_t *next = &inputs->next[part->partition];
    const char *topic = verify->brain->sources[inputs->source];
    int64_t input = verify_input(offset, index);
    verify_count(verify, CHECK_INPUTS, 1);
    for (; *next < count && records[*next] < input; (*next)++)
        verify_fault(verify, CHECK_INPUTS, "a record names %s/%" PRIu32 "/%" PRId64 ", where no input is",
                     topic, part->partition, records[*next] >> INPUT_INDEX_BITS);
    if (*next < count && records[*next] == input)
        (*next)++;
    else
        verify_fault(verify, CHECK_INPUTS, "%s/%" PRIu32 "/%" PRId64 " (%" PRIu32 ") left no record", topic,
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
        verify_fault(verify, CHECK_INPUTS, "%s/%" PRIu32 "/%" PRId64 ": %s",
                     verify->brain->sources[inputs->source], part->partition, message->offset, read.reason);
    if (read.what != HY_READ_BLOCK) return read.what != HY_READ_CORRUPT;
    for (uint32_t i = 0; i < read.block->n_records; i++) {
        // Of a block that is taken in parts the rest is still to come.
        bool later = inputs->next[part->partition] >= part->input_count[inputs->source] &&
                     message->offset >= part->positions[inputs->source];
        if (is_wanted(inputs, read.block->records[i]) && !later) expect(inputs, part, message->offset, i);
    }
    return true;
}

// From what Kafka still has up to what the log says was taken.
static void bound(const struct inputs *inputs, struct kafka_span *span, const struct verify_part *part) {
    size_t source = inputs->source;
    size_t *next = &inputs->next[part->partition];
    while (*next < part->input_count[source] && part->inputs[source][*next] < verify_input(span->from, 0))
        (*next)++;
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
        inputs->next[i] = 0;
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
