// A file, or stdin, as bytes that come in large pieces.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source {
    const char *path;
    int fd;
    uint8_t *data; // what is read and not used yet lies from `begin` to `end`
    size_t begin, end;
    uint64_t offset; // of data[begin] in the file
    bool ended;      // nothing comes after data[end]
    bool failed;     // could not be read on; said so
};

// "-": stdin. False, with a line on stderr, when it cannot be opened.
bool source_open(struct source *source, const char *path);
void source_close(struct source *source);
// Goes on at this offset of a file.
bool source_seek(struct source *source, uint64_t offset);
// Makes at least `wanted` bytes (at most SOURCE_WANTED_LIMIT) available, or all that there are. Moves the
// data.
void source_want(struct source *source, size_t wanted);
void source_use(struct source *source, size_t bytes);

enum { SOURCE_WANTED_LIMIT = 1 << 20 };
