// What is decoded by hand is what protobuf-c makes of the same bytes: of what hy's writers write, of what
// others might, and of garbage.
#include "common/stage/decode.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/unit/stage/random_fields.h"

typedef Huiyuan__V1__LogMessage Message;
typedef Huiyuan__V1__Block Block;
typedef Huiyuan__V1__Record Record;

static ProtobufCBinaryData bytes(void) {
    char *letters = text();
    return (ProtobufCBinaryData){strlen(letters), (uint8_t *)letters};
}

static Huiyuan__V1__Emission *emission(void) {
    Huiyuan__V1__Emission *item = hy_arena_alloc(&made, sizeof *item);
    huiyuan__v1__emission__init(item);
    item->to = text();
    item->partition = (uint32_t)number();
    item->number = number();
    item->payload = bytes();
    item->key = text();
    return item;
}

static Huiyuan__V1__RecordName *name(void) {
    Huiyuan__V1__RecordName *item = hy_arena_alloc(&made, sizeof *item);
    huiyuan__v1__record_name__init(item);
    item->partition = (uint32_t)number();
    item->seq = number();
    item->index = (uint32_t)number();
    return item;
}

static Huiyuan__V1__EmissionMark *mark(void) {
    Huiyuan__V1__EmissionMark *item = hy_arena_alloc(&made, sizeof *item);
    huiyuan__v1__emission_mark__init(item);
    item->log = text();
    item->partition = (uint32_t)number();
    item->number = number();
    return item;
}

static Record *record(void) {
    Record *item = hy_arena_alloc(&made, sizeof *item);
    huiyuan__v1__record__init(item);
    item->input_id = text();
    item->content_hash = number();
    item->member_id = text();
    item->event_time_ms = (int64_t)number();
    item->outcome = (Huiyuan__V1__Outcome)(next() % 8);
    item->code = text();
    item->field = text();
    item->source = (uint32_t)number();
    item->offset = (int64_t)number();
    item->program_version = (uint32_t)number();
    item->entry = number();
    item->body = bytes();
    item->note = bytes();
    item->command_id = text();
    item->reply_to = text();
    item->input_class = (uint32_t)number();
    item->answer = bytes();
    item->source_index = (uint32_t)number();
    item->n_emissions = next() % 4;
    item->emissions = hy_arena_alloc(&made, 4 * sizeof(void *));
    for (size_t i = 0; i < item->n_emissions; i++)
        item->emissions[i] = emission();
    if (next() % 2) item->original = name();
    if (next() % 2) item->taken = mark();
    return item;
}

static Huiyuan__V1__Position *position(void) {
    Huiyuan__V1__Position *item = hy_arena_alloc(&made, sizeof *item);
    huiyuan__v1__position__init(item);
    item->topic = text();
    item->next_offset = (int64_t)number();
    item->claim = number();
    item->seq = number();
    item->taken = (uint32_t)number();
    return item;
}

static Block *block(void) {
    Block *item = hy_arena_alloc(&made, sizeof *item);
    huiyuan__v1__block__init(item);
    item->claim = number();
    item->seq = number();
    item->recorded_at_ms = (int64_t)number();
    item->emitted_through = number();
    item->previous_hash = bytes();
    item->n_positions = next() % 4;
    item->positions = hy_arena_alloc(&made, 4 * sizeof(void *));
    for (size_t i = 0; i < item->n_positions; i++)
        item->positions[i] = position();
    item->n_records = next() % 5;
    item->records = hy_arena_alloc(&made, 5 * sizeof(void *));
    for (size_t i = 0; i < item->n_records; i++)
        item->records[i] = record();
    return item;
}

static Huiyuan__V1__Claim *claim(void) {
    Huiyuan__V1__Claim *item = hy_arena_alloc(&made, sizeof *item);
    huiyuan__v1__claim__init(item);
    item->claim = number();
    item->instance = text();
    item->recorded_at_ms = (int64_t)number();
    return item;
}

// As protobuf-c writes it.
static struct hy_bytes message(void) {
    Message item = HUIYUAN__V1__LOG_MESSAGE__INIT;
    if (next() % 8 == 0) {
        item.kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_CLAIM;
        item.claim = claim();
    } else {
        item.kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK;
        item.block = block();
    }
    uint8_t *packed = hy_arena_alloc(&made, huiyuan__v1__log_message__get_packed_size(&item));
    return hy_bytes(packed, huiyuan__v1__log_message__pack(&item, packed));
}

static struct hy_bytes pack(const Message *item) {
    uint8_t *packed = hy_arena_alloc(&made, huiyuan__v1__log_message__get_packed_size(item));
    return hy_bytes(packed, huiyuan__v1__log_message__pack(item, packed));
}

// Both say no, or both make the same of it. Exactly these bytes are readable: the sanitizer sees a step
// beyond.
static bool same(struct hy_bytes input) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    uint8_t *copy = malloc(input.length + (input.length == 0));
    memcpy(copy, input.data, input.length);
    const Message *ours = hy_decode_log_message(hy_bytes(copy, input.length), &arena);
    Message *theirs = huiyuan__v1__log_message__unpack(NULL, input.length, input.data);
    cr_assert_eq(memcmp(copy, input.data, input.length), 0, "the message itself stays as it is");
    free(copy); // nothing is borrowed from it
    cr_assert_eq(ours == NULL, theirs == NULL, "seed %llu", (unsigned long long)seed);
    bool decoded = ours != NULL;
    if (decoded) cr_assert(hy_bytes_equal(pack(ours), pack(theirs)), "seed %llu", (unsigned long long)seed);
    if (theirs != NULL) huiyuan__v1__log_message__free_unpacked(theirs, NULL);
    hy_arena_free(&arena);
    return decoded;
}

static void open_made(void) {
    hy_arena_init(&made);
}

static void close_made(void) {
    hy_arena_free(&made);
}

TestSuite(decode, .init = open_made, .fini = close_made);

Test(decode, messages_of_a_log_are_read_as_protobuf_c_does) {
    for (int i = 0; i < 20000; i++) {
        hy_arena_reset(&made);
        cr_assert(same(message()));
    }
}

Test(decode, no_message_has_no_kind) {
    cr_assert(same(hy_bytes("", 0)));
}

static struct hy_bytes joined(struct hy_bytes a, struct hy_bytes b) {
    uint8_t *both = hy_arena_alloc(&made, a.length + b.length);
    memcpy(both, a.data, a.length);
    memcpy(both + a.length, b.data, b.length);
    return hy_bytes(both, a.length + b.length);
}

Test(decode, two_messages_in_one_are_merged_as_protobuf_c_does) {
    for (int i = 0; i < 2000; i++) {
        hy_arena_reset(&made);
        same(joined(message(), message()));
    }
}

Test(decode, damaged_messages_are_refused_or_read_as_protobuf_c_does) {
    int read = 0;
    for (int i = 0; i < 200000; i++) {
        if (i % 16 == 0) hy_arena_reset(&made);
        struct hy_bytes good = message();
        uint8_t *damaged = hy_arena_alloc(&made, good.length + 1);
        memcpy(damaged, good.data, good.length);
        for (uint64_t changes = 1 + next() % 3; changes > 0 && good.length > 0; changes--)
            damaged[next() % good.length] = (uint8_t)next();
        read += same(hy_bytes(damaged, next() % 4 == 0 ? next() % (good.length + 1) : good.length));
    }
    cr_assert_gt(read, 20000, "most damage leaves a message that can be read");
}
