// The program versions that are published.
#pragma once

#include "cli/cli.h"
#include "common/base/arena.h"
#include "proto/program.pb-c.h"

// Of each version the last message; sorted by version.
struct published {
    struct hy_arena arena;
    Huiyuan__V1__ProgramVersion **versions;
    size_t count, capacity;
    bool unreadable; // a message could not be decoded
};

// False, with a line on stderr, when Kafka is away or the topic is missing. Free in both cases.
bool published_read(const struct cli *cli, struct published *ret_published);
void published_free(struct published *published);
const Huiyuan__V1__ProgramVersion *published_version(const struct published *published,
                                                     uint32_t version); // NULL: none
