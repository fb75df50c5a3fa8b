// What the fuzz targets share: promises that must hold, and inputs that are made of several parts.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/bytes.h"
#include "common/base/error.h"

// What libFuzzer calls, and so does replay.c.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The memory of one input: emptied by the next call. Kept, because fresh pages would cost more than most
// inputs.
struct hy_arena *fuzz_arena(void);

// A promise that every input keeps. A broken one ends the process, as a memory error does.
#define PROMISE(holds)                                         \
    do {                                                       \
        if (!(holds)) fuzz_broken(__FILE__, __LINE__, #holds); \
    } while (0)
_Noreturn void fuzz_broken(const char *file, int line, const char *promise);

// What is refused says why: a code with both languages, the field where the code is about one, and a detail
// that people of either language understand.
void fuzz_check_refusal(struct hy_error error);
// Both languages, or neither: numbers and names alone.
bool fuzz_is_bilingual(const char *text);

// Takes away the fields that nobody here knows, in the whole tree: protobuf-c keeps them, but some that it
// reads (tag 0 in two bytes) it writes so that nobody can read them again.
void fuzz_strip(ProtobufCMessage *message);
// That no signed number in it is beyond what a service ever writes: 2^52 (as fen, 45 trillion yuan), in 32
// bits 2^25 (as days, 91,000 years). Sums of what is beyond overflow, which here would end the process, and
// in a release wraps around.
bool fuzz_is_moderate(const ProtobufCMessage *message);
// Two messages are equal when they are packed to the same bytes.
struct hy_bytes fuzz_pack(const ProtobufCMessage *message, struct hy_arena *arena);

// A repository file, for example the default program; terminated, for hy_free. Ends the process when it is
// missing.
struct hy_bytes fuzz_file(const char *path);

// An input of several parts is a protobuf message of bytes and numbers, so that the mutator of wire.c knows
// its way in it: the field number says what a part is.
struct fuzz_parts {
    const uint8_t *p, *end;
};

struct fuzz_part {
    uint32_t field;
    struct hy_bytes bytes; // of a number: its digits as they stand there
    uint64_t number;       // of bytes: their length
};

struct fuzz_parts fuzz_parts(const uint8_t *data, size_t size);
// False at the end, and at anything that does not fit.
bool fuzz_next(struct fuzz_parts *parts, struct fuzz_part *ret_part);
// The part as a text that ends at its first zero byte.
const char *fuzz_text(const struct fuzz_part *part, struct hy_arena *arena);
