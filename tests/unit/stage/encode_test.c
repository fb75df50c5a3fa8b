// What is encoded by hand is byte for byte what protobuf-c writes.
#include "common/stage/encode.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static uint64_t seed = 1;

static uint64_t next(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 33 ^ seed;
}

// Every size of number, zero often: zeros are not written.
static uint64_t number(void) {
    return next() % 3 == 0 ? 0 : next() >> (next() % 64);
}

static char *text(void) {
    size_t length = next() % 3 == 0 ? 0 : next() % 200;
    char *made = calloc(1, length + 1);
    for (size_t i = 0; i < length; i++)
        made[i] = (char)('a' + next() % 26);
    return made;
}

static ProtobufCBinaryData bytes(void) {
    char *made = text();
    return (ProtobufCBinaryData){strlen(made), (uint8_t *)made};
}

static void same(const ProtobufCMessage *message, const struct hy_buffer *ours) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *theirs = malloc(size + 1);
    protobuf_c_message_pack(message, theirs);
    cr_assert_eq(ours->length, size, "seed %llu", (unsigned long long)seed);
    cr_assert_eq(memcmp(ours->data, theirs, size), 0);
    free(theirs);
}

static Huiyuan__V1__Emission *emission(void) {
    Huiyuan__V1__Emission *made = malloc(sizeof *made);
    huiyuan__v1__emission__init(made);
    made->to = text();
    made->partition = (uint32_t)number();
    made->number = number();
    made->payload = bytes();
    made->key = text();
    return made;
}

static Huiyuan__V1__Record record(void) {
    Huiyuan__V1__Record made = HUIYUAN__V1__RECORD__INIT;
    made.input_id = text();
    made.content_hash = number();
    made.member_id = text();
    made.event_time_ms = (int64_t)number();
    made.outcome = (Huiyuan__V1__Outcome)((int)(next() % 10) - 2); // also what no outcome has
    made.code = text();
    made.field = text();
    made.source = (uint32_t)number();
    made.offset = (int64_t)number();
    made.program_version = (uint32_t)number();
    made.entry = number();
    made.body = bytes();
    made.note = bytes();
    made.command_id = text();
    made.reply_to = text();
    made.input_class = (uint32_t)number();
    made.answer = bytes();
    made.source_index = (uint32_t)number();
    made.n_emissions = next() % 4;
    made.emissions = calloc(4, sizeof(Huiyuan__V1__Emission *));
    for (size_t i = 0; i < made.n_emissions; i++)
        made.emissions[i] = emission();
    if (next() % 2) {
        made.original = malloc(sizeof *made.original);
        huiyuan__v1__record_name__init(made.original);
        made.original->partition = (uint32_t)number();
        made.original->seq = number();
        made.original->index = (uint32_t)number();
    }
    if (next() % 2) {
        made.taken = malloc(sizeof *made.taken);
        huiyuan__v1__emission_mark__init(made.taken);
        made.taken->log = text();
        made.taken->partition = (uint32_t)number();
        made.taken->number = number();
    }
    return made;
}

Test(encode, records_are_written_as_protobuf_c_does) {
    struct hy_buffer out;
    hy_buffer_init(&out, 1 << 20);
    for (int i = 0; i < 20000; i++) {
        Huiyuan__V1__Block block = HUIYUAN__V1__BLOCK__INIT;
        Huiyuan__V1__Record a = record();
        Huiyuan__V1__Record b = record();
        block.n_records = 2;
        block.records = (Huiyuan__V1__Record *[]){&a, &b};
        hy_buffer_clear(&out);
        hy_encode_record(&a, 7, &out);
        hy_encode_record(&b, 7, &out);
        same(&block.base, &out);
    }
}

static Huiyuan__V1__Receipt receipt(void) {
    Huiyuan__V1__Receipt made = HUIYUAN__V1__RECEIPT__INIT;
    made.input_id = text();
    made.content_hash = number();
    made.event_time_ms = (int64_t)number();
    made.seq = number();
    made.index = (uint32_t)number();
    made.input_class = (uint32_t)number();
    made.note = bytes();
    made.entry = number();
    made.outcome = (Huiyuan__V1__Outcome)((int)(next() % 10) - 2); // also what no outcome has
    made.code = text();
    return made;
}

Test(encode, states_with_their_tail_are_written_as_protobuf_c_reads) {
    struct hy_buffer out;
    hy_buffer_init(&out, 1 << 20);
    for (int i = 0; i < 5000; i++) {
        int64_t newest_ms[4] = {(int64_t)number(), (int64_t)number(), (int64_t)number(), (int64_t)number()};
        Huiyuan__V1__Receipt a = receipt();
        Huiyuan__V1__Receipt b = receipt();
        Huiyuan__V1__MemberState state = HUIYUAN__V1__MEMBER_STATE__INIT;
        state.seq = number();
        state.state = bytes();
        state.entries = number();
        state.n_newest_ms = next() % 5;
        state.newest_ms = newest_ms;
        state.first_page = number();
        state.member_id = text();
        state.due_ms = (int64_t)number();
        hy_buffer_clear(&out);
        hy_encode_member_state(&state, &out);
        same(&state.base, &out);
        // The tail follows; protobuf does not mind that its number is lower than the last one's.
        hy_encode_receipt(&a, 6, &out);
        hy_encode_receipt(&b, 6, &out);
        Huiyuan__V1__MemberState *read = huiyuan__v1__member_state__unpack(NULL, out.length, out.data);
        cr_assert_not_null(read);
        cr_assert_eq(read->n_tail, 2);
        cr_assert_str_eq(read->tail[1]->input_id, b.input_id);
        cr_assert_eq(read->tail[1]->content_hash, b.content_hash);
        huiyuan__v1__member_state__free_unpacked(read, NULL);
    }
}
