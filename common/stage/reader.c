#include "common/stage/reader.h"

#include <string.h>

#include "common/stage/decode.h"

void hy_reader_init(struct hy_reader *reader) {
    *reader = (struct hy_reader){.offset = -1};
}

void hy_reader_start(struct hy_reader *reader, uint64_t claim, uint64_t seq, int64_t offset) {
    *reader = (struct hy_reader){.claim = claim, .seq = seq - 1, .offset = -1, .next_offset = offset};
}

void hy_reader_resume(struct hy_reader *reader, uint64_t claim, uint64_t seq, int64_t next_offset) {
    *reader = (struct hy_reader){
        .claim = claim, .seq = seq, .seq_claim = claim, .offset = -1, .next_offset = next_offset};
}

static struct hy_read corrupt(const char *reason) {
    return (struct hy_read){.what = HY_READ_CORRUPT, .reason = reason};
}

static bool chained(const struct hy_reader *reader, const Huiyuan__V1__Block *block) {
    if (block->seq == 1) return block->previous_hash.len == 0;
    if (!reader->hash_known) return true;
    return block->previous_hash.len == HY_CHAIN_HASH_BYTES &&
           memcmp(block->previous_hash.data, reader->hash, HY_CHAIN_HASH_BYTES) == 0;
}

// model: reader-rule
static struct hy_read take_block(struct hy_reader *reader, int64_t offset, struct hy_bytes message,
                                 const Huiyuan__V1__Block *block) {
    if (block->claim != reader->claim)
        return (struct hy_read){
            .what = HY_READ_DROPPED, .reason = "its claim is not current", .block = block};
    if (block->seq <= reader->seq)
        return (struct hy_read){.what = HY_READ_DROPPED, .reason = "a repeat", .block = block};
    if (block->seq != reader->seq + 1) return corrupt("blocks are missing: seq is not dense");
    if (!chained(reader, block)) return corrupt("the hash chain is broken");
    reader->seq = block->seq;
    reader->seq_claim = block->claim;
    reader->offset = offset;
    reader->hash_known = true;
    hy_chain_hash(message, reader->hash);
    return (struct hy_read){.what = HY_READ_BLOCK, .block = block};
}

struct hy_read hy_reader_take(struct hy_reader *reader, int64_t offset, struct hy_bytes message,
                              struct hy_arena *arena) {
    if (offset < reader->next_offset)
        return (struct hy_read){.what = HY_READ_DROPPED, .reason = "an offset already read"};
    // Nobody writes transactions to a log, so its offsets are dense: a gap means that messages were removed.
    if (offset > reader->next_offset) return corrupt("messages are missing before this offset");
    reader->next_offset = offset + 1;
    const Huiyuan__V1__LogMessage *decoded = hy_decode_log_message(message, arena);
    if (decoded == NULL) return corrupt("the message cannot be decoded");
    switch (decoded->kind_case) {
    case HUIYUAN__V1__LOG_MESSAGE__KIND_CLAIM:
        if (decoded->claim->claim == 0) return corrupt("a claim of zero");
        reader->claim = decoded->claim->claim;
        return (struct hy_read){.what = HY_READ_CLAIM, .claim = decoded->claim};
    case HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK: return take_block(reader, offset, message, decoded->block);
    default: return corrupt("neither a claim nor a block");
    }
}

void hy_reader_own(struct hy_reader *reader, int64_t offset, uint64_t seq,
                   const uint8_t hash[HY_CHAIN_HASH_BYTES]) {
    reader->seq = seq;
    reader->seq_claim = reader->claim;
    reader->offset = offset;
    reader->next_offset = offset + 1;
    reader->hash_known = true;
    memcpy(reader->hash, hash, HY_CHAIN_HASH_BYTES);
}
