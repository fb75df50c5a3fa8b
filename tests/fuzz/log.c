// A log, as all who read one meet it: messages, the reader rule, and the fold of what counts by the brain of
// its own service. What is no log of ours stops the reader, or is folded; it never crashes it.
//
// Parts: 9 (number) which log it is, and from 5 on the same without the chain of hashes, which hardly a
// mutation would survive; 1 a message; 2 a message that stands at a later offset.
#include <string.h>

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/stage/encode.h"
#include "common/stage/member.h"
#include "common/stage/reader.h"
#include "common/stage/totals.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"

typedef Huiyuan__V1__Record Record;

enum { MESSAGE = 1, LATER, LOG = 9, MEMBERS_LIMIT = 16, BLOCK_LIMIT_BYTES = 1 << 20, RECORDS_FIELD = 7 };

struct folding {
    struct hy_arena *arena;
    enum world_log log;
    struct hy_reader reader;
    struct hy_totals totals;
    struct hy_member *members[MEMBERS_LIMIT];
    size_t member_count;
    int64_t offset;
    bool unchained;
};

static struct hy_member *member_of(struct folding *folding, const char *id) {
    for (size_t i = 0; i < folding->member_count; i++) {
        if (strcmp(folding->members[i]->id, id) == 0) return folding->members[i];
    }
    if (folding->member_count == MEMBERS_LIMIT) return NULL;
    struct hy_member *member = hy_member_new(world_brain(folding->log), id, hy_hash64(hy_bytes_of(id)));
    folding->members[folding->member_count++] = member;
    return member;
}

// As common/stage/fold.c does. False: corrupt.
static bool fold(struct folding *folding, const Record *record, uint64_t seq, uint32_t index) {
    const struct hy_brain *brain = world_brain(folding->log);
    const ProtobufCMessage *body = NULL;
    if (record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) {
        body = hy_brain_body(brain, record, folding->arena);
        const ProtobufCMessage *slow = protobuf_c_message_unpack(brain->body, &folding->arena->protobuf,
                                                                 record->body.len, record->body.data);
        PROMISE((body == NULL) == (slow == NULL));
        if (body == NULL || !fuzz_is_moderate(body) || !fuzz_is_moderate(&record->base)) return false;
        PROMISE(hy_bytes_equal(fuzz_pack(body, folding->arena), fuzz_pack(slow, folding->arena)));
    }
    hy_totals_apply(&folding->totals, brain, record, body);
    if (record->entry == 0) return true;
    struct hy_member *member = member_of(folding, record->member_id);
    if (member == NULL || record->entry <= member->entries) return true;
    if (record->entry != member->entries + 1) return false;
    struct hy_member_entry entry = {record, seq, index, hy_hash64(hy_bytes_of(record->input_id))};
    hy_member_apply(brain, member, &entry, body);
    return true;
}

// Encoded by hand, the records are what protobuf-c writes.
static void check_encoding(const Huiyuan__V1__Block *block, struct hy_arena *arena) {
    Huiyuan__V1__Block records = HUIYUAN__V1__BLOCK__INIT;
    struct hy_buffer out;
    hy_buffer_init(&out, BLOCK_LIMIT_BYTES);
    for (size_t i = 0; i < block->n_records; i++) {
        fuzz_strip(&block->records[i]->base);
        hy_encode_record(block->records[i], RECORDS_FIELD, &out);
    }
    records.n_records = block->n_records;
    records.records = block->records;
    PROMISE(out.failed || hy_bytes_equal(hy_buffer_bytes(&out), fuzz_pack(&records.base, arena)));
    hy_buffer_free(&out);
}

// The fast decoder takes what protobuf-c takes, and makes the same of it.
static bool take(struct folding *folding, struct hy_bytes message) {
    const struct hy_reader before = folding->reader;
    if (folding->unchained) folding->reader.hash_known = false;
    struct hy_read read = hy_reader_take(&folding->reader, folding->offset, message, folding->arena);
    const Huiyuan__V1__LogMessage *slow =
        huiyuan__v1__log_message__unpack(&folding->arena->protobuf, message.length, message.data);
    PROMISE(slow != NULL || read.what == HY_READ_CORRUPT || folding->offset < before.next_offset);
    if (read.what == HY_READ_CORRUPT) {
        PROMISE(read.reason != NULL && folding->reader.seq == before.seq);
        return false;
    }
    if (read.what == HY_READ_CLAIM) PROMISE(folding->reader.claim == read.claim->claim);
    if (read.what != HY_READ_BLOCK) return true;
    PROMISE(slow != NULL && read.block->seq == before.seq + 1 && read.block->claim == before.claim);
    PROMISE(hy_bytes_equal(fuzz_pack(&read.block->base, folding->arena),
                           fuzz_pack(&slow->block->base, folding->arena)));
    for (uint32_t i = 0; i < read.block->n_records; i++) {
        if (!fold(folding, read.block->records[i], read.block->seq, i)) return false;
    }
    check_encoding(read.block, folding->arena);
    return true;
}

static void end(struct folding *folding) {
    const struct hy_brain *brain = world_brain(folding->log);
    for (size_t i = 0; i < folding->member_count; i++) {
        const char *reason = "";
        struct hy_buffer out;
        hy_buffer_init(&out, 32 * BLOCK_LIMIT_BYTES);
        brain->check(brain->context, hy_member_state(folding->members[i]), &reason);
        hy_member_save(brain, folding->members[i], &out);
        hy_buffer_free(&out);
        hy_member_free(brain, folding->members[i]);
    }
    hy_totals_free(&folding->totals);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hy_arena *arena = fuzz_arena();
    struct fuzz_parts parts = fuzz_parts(data, size);
    struct fuzz_part part;
    struct folding folding = {.arena = arena, .log = WORLD_POINTS};
    hy_reader_init(&folding.reader);
    bool good = true;
    while (good && fuzz_next(&parts, &part)) {
        if (part.field == LOG && folding.offset == 0) {
            folding.log = part.number % WORLD_LOGS;
            folding.unchained = part.number >= WORLD_LOGS;
        }
        if (part.field == LATER) folding.offset++;
        if (part.field == MESSAGE || part.field == LATER) {
            good = take(&folding, part.bytes);
            folding.offset++;
        }
    }
    end(&folding);
    return 0;
}
