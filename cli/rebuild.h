// Writing what was folded to Redis, one partition at a time. Every call is made on condition of the watermark
// that the one before it left, so several can be on their way at once: when one is refused, all behind it
// are.
//
// Pages never change, so where Redis has nothing they are written as they become full, on no condition, and
// are not kept. Whoever empties Redis then takes the watermark along: the next call is refused, and the log
// has to be read again.
#pragma once

#include "cli/verify.h"

enum { REBUILD_CALLS_AT_ONCE = 4, REBUILD_PAGES_AT_ONCE = 128 };

struct writer_page {
    const struct hy_member *member;
    struct hy_member_page *page;
};

struct writer {
    struct verify *verify;
    struct verify_part *part; // NULL: not asked for
    struct hy_store *store;
    struct hy_buffer found;       // the watermark that Redis has, byte for byte; empty: none
    struct hy_buffer chain;       // the one that it has after the calls on their way
    struct hy_place place;        // what `found` says
    uint64_t begun_seq;           // the block that Redis stood at when the chain began
    struct verify_member **dirty; // to be written
    size_t dirty_count, sent, written;
    size_t unreported;                   // written since writer_step said so
    size_t calls[REBUILD_CALLS_AT_ONCE]; // members of those on their way, oldest first
    size_t call_count;
    struct hy_arena arena;
    struct hy_buffer values;
    struct writer_page pages[REBUILD_PAGES_AT_ONCE]; // that wait for the next call
    size_t page_count;
    bool streams;    // pages are written as they become full
    bool opened;     // Redis has a watermark of ours
    bool pages_gone; // some pages are in Redis alone
    bool collected;  // `dirty` says what is to be written
    bool last_sent;  // the call that moves the watermark
    bool changed;    // somebody else moved it
    bool away;
};

void writer_init(struct writer *writer, struct verify *verify, struct hy_store *store);
void writer_free(struct writer *writer);
// Finds out where Redis stands. False, with a line on stderr: it does not answer.
bool writer_look(struct writer *writer);
// The first of the member's pages is a new one: takes it over, or leaves it where it is.
void writer_take_page(struct writer *writer, struct hy_member *member);
// Sends what can be sent now; returns how many members have been written since the last time.
size_t writer_step(struct writer *writer);
static inline bool writer_done(const struct writer *writer) {
    return writer->last_sent && writer->call_count == 0 && !writer->changed && !writer->away;
}
// Waits for the calls on their way, after some were refused, and begins again from what Redis has now: not
// when pages are gone. False, with a line on stderr: Kafka or Redis is away.
bool writer_catch_up(struct writer *writer);
// Deletes a key that the log does not know. False: Redis is away.
bool writer_delete(struct writer *writer, const char *key);
