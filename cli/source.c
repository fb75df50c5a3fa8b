#include "cli/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "common/base/memory.h"

enum { CAPACITY_BYTES = 8 << 20 };

bool source_open(struct source *source, const char *path) {
    *source = (struct source){.path = path};
    source->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0) {
        say_error("%s: %s / 无法打开文件", path, strerror(errno));
        return false;
    }
    source->data = hy_malloc(CAPACITY_BYTES);
    return true;
}

void source_close(struct source *source) {
    close(source->fd);
    hy_free(source->data);
}

static void fail(struct source *source) {
    say_error("%s: %s / 无法读取文件", source->path, strerror(errno));
    source->failed = source->ended = true;
}

bool source_seek(struct source *source, uint64_t offset) {
    source->begin = source->end = 0;
    source->offset = offset;
    source->ended = false;
    if (lseek(source->fd, (off_t)offset, SEEK_SET) < 0) fail(source);
    return !source->failed;
}

void source_want(struct source *source, size_t wanted) {
    if (source->end - source->begin >= wanted || source->ended) return;
    memmove(source->data, source->data + source->begin, source->end - source->begin);
    source->end -= source->begin;
    source->begin = 0;
    while (source->end < wanted && !source->ended) {
        ssize_t got = read(source->fd, source->data + source->end, CAPACITY_BYTES - source->end);
        if (got > 0)
            source->end += (size_t)got;
        else if (got == 0)
            source->ended = true;
        else if (errno != EINTR)
            fail(source);
    }
}

void source_use(struct source *source, size_t bytes) {
    source->begin += bytes;
    source->offset += bytes;
}
