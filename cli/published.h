// The documents that are published: program versions, campaigns.
#pragma once

#include "cli/cli.h"
#include "common/base/arena.h"
#include "common/program/program.h"
#include "proto/program.pb-c.h"

// Of each version the last message; sorted by name, then version.
struct published {
    Huiyuan__V1__DocumentKind kind; // the others are left out
    struct hy_arena arena;
    Huiyuan__V1__ProgramVersion **versions;
    size_t count, capacity;
    bool unreadable; // a message could not be decoded
};

// False, with a line on stderr, when Kafka is away or the topic is missing. Free in both cases.
bool published_read(const struct cli *cli, struct published *ret_published); // the program
bool published_read_campaigns(const struct cli *cli, struct published *ret_published);
void published_free(struct published *published);
const Huiyuan__V1__ProgramVersion *published_version(const struct published *published,
                                                     uint32_t version); // NULL: none
// Parsed, to be freed; NULL: none, or this build cannot read it.
struct hy_program *published_program(const struct published *published, uint32_t version);
const Huiyuan__V1__ProgramVersion *published_document(const struct published *published, const char *name,
                                                      uint32_t version); // NULL: none
