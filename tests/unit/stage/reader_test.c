#include "common/stage/reader.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

struct log {
    struct hy_arena arena;
    struct hy_reader reader;
    int64_t offset;
    uint8_t hash[HY_CHAIN_HASH_BYTES];
};

static void open_log(struct log *log) {
    *log = (struct log){0};
    hy_arena_init(&log->arena);
    hy_reader_init(&log->reader);
}

static struct hy_read give(struct log *log, const Huiyuan__V1__LogMessage *message, int64_t offset) {
    uint8_t bytes[512];
    size_t length = huiyuan__v1__log_message__pack(message, bytes);
    struct hy_read read = hy_reader_take(&log->reader, offset, hy_bytes(bytes, length), &log->arena);
    if (read.what == HY_READ_BLOCK) hy_chain_hash(hy_bytes(bytes, length), log->hash);
    return read;
}

static enum hy_reading claim(struct log *log, uint64_t id) {
    Huiyuan__V1__Claim inner = HUIYUAN__V1__CLAIM__INIT;
    inner.claim = id;
    Huiyuan__V1__LogMessage message = HUIYUAN__V1__LOG_MESSAGE__INIT;
    message.kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_CLAIM;
    message.claim = &inner;
    return give(log, &message, log->offset++).what;
}

static struct hy_read block_at(struct log *log, uint64_t id, uint64_t seq, int64_t offset) {
    Huiyuan__V1__Block inner = HUIYUAN__V1__BLOCK__INIT;
    inner.claim = id;
    inner.seq = seq;
    if (seq > 1) inner.previous_hash = (ProtobufCBinaryData){sizeof log->hash, log->hash};
    Huiyuan__V1__LogMessage message = HUIYUAN__V1__LOG_MESSAGE__INIT;
    message.kind_case = HUIYUAN__V1__LOG_MESSAGE__KIND_BLOCK;
    message.block = &inner;
    return give(log, &message, offset);
}

static enum hy_reading block(struct log *log, uint64_t id, uint64_t seq) {
    return block_at(log, id, seq, log->offset++).what;
}

Test(reader, blocks_of_the_current_claim_count_in_order) {
    struct log log;
    open_log(&log);
    cr_assert_eq(claim(&log, 7), HY_READ_CLAIM);
    for (uint64_t seq = 1; seq <= 5; seq++)
        cr_assert_eq(block(&log, 7, seq), HY_READ_BLOCK);
}

Test(reader, a_claim_ends_the_time_of_the_one_before) {
    struct log log;
    open_log(&log);
    claim(&log, 7);
    cr_assert_eq(block(&log, 7, 1), HY_READ_BLOCK);
    claim(&log, 8);
    cr_assert_eq(block(&log, 7, 2), HY_READ_DROPPED);
    cr_assert_eq(block(&log, 8, 2), HY_READ_BLOCK);
    cr_assert_eq(block(&log, 7, 3), HY_READ_DROPPED);
}

Test(reader, repeats_are_dropped) {
    struct log log;
    open_log(&log);
    claim(&log, 7);
    cr_assert_eq(block(&log, 7, 1), HY_READ_BLOCK);
    cr_assert_eq(block(&log, 7, 1), HY_READ_DROPPED);
    cr_assert_eq(block(&log, 7, 2), HY_READ_BLOCK);
    cr_assert_eq(block(&log, 7, 1), HY_READ_DROPPED);
}

Test(reader, a_missing_block_is_corruption) {
    struct log log;
    open_log(&log);
    claim(&log, 7);
    block(&log, 7, 1);
    cr_assert_eq(block(&log, 7, 3), HY_READ_CORRUPT);
}

Test(reader, a_missing_message_is_corruption) {
    struct log log;
    open_log(&log);
    claim(&log, 7);
    cr_assert_eq(block_at(&log, 7, 1, 2).what, HY_READ_CORRUPT);
}

Test(reader, a_broken_hash_chain_is_corruption) {
    struct log log;
    open_log(&log);
    claim(&log, 7);
    block(&log, 7, 1);
    log.hash[3] ^= 1;
    cr_assert_eq(block(&log, 7, 2), HY_READ_CORRUPT);
}

Test(reader, bytes_that_are_no_message_are_corruption) {
    struct log log;
    open_log(&log);
    cr_assert_eq(hy_reader_take(&log.reader, 0, hy_bytes("\xff\xff\xff", 3), &log.arena).what,
                 HY_READ_CORRUPT);
}

Test(reader, starting_at_a_watermark_takes_that_block_and_goes_on) {
    struct log log;
    open_log(&log);
    hy_reader_start(&log.reader, 7, 5, 40);
    cr_assert_eq(block_at(&log, 7, 5, 40).what, HY_READ_BLOCK);
    cr_assert_eq(block_at(&log, 7, 6, 41).what, HY_READ_BLOCK);
}

Test(reader, what_was_read_before_is_dropped) {
    struct log log;
    open_log(&log);
    claim(&log, 7);
    block(&log, 7, 1);
    cr_assert_eq(block_at(&log, 7, 2, 1).what, HY_READ_DROPPED);
    cr_assert_eq(block(&log, 7, 2), HY_READ_BLOCK);
}
