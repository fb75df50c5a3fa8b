#include "cli/published.h"

#include <stdlib.h>

#include "cli/kafka.h"
#include "common/base/memory.h"

const Huiyuan__V1__ProgramVersion *published_version(const struct published *published, uint32_t version) {
    for (size_t i = 0; i < published->count; i++) {
        if (published->versions[i]->version == version) return published->versions[i];
    }
    return NULL;
}

static void keep(struct published *published, Huiyuan__V1__ProgramVersion *version) {
    for (size_t i = 0; i < published->count; i++) {
        if (published->versions[i]->version == version->version) {
            published->versions[i] = version;
            return;
        }
    }
    if (published->count == published->capacity) {
        published->capacity = published->capacity == 0 ? 16 : published->capacity * 2;
        published->versions = hy_realloc(published->versions, published->capacity * sizeof(void *));
    }
    published->versions[published->count++] = version;
}

static bool take(void *context, const struct hy_message *message) {
    struct published *published = context;
    if (message->value.length == 0) return true;
    Huiyuan__V1__ProgramVersion *version = huiyuan__v1__program_version__unpack(
        &published->arena.protobuf, message->value.length, message->value.data);
    if (version == NULL)
        published->unreadable = true;
    else
        keep(published, version);
    return true;
}

static int by_version(const void *a, const void *b) {
    const Huiyuan__V1__ProgramVersion *const *left = a;
    const Huiyuan__V1__ProgramVersion *const *right = b;
    return ((*left)->version > (*right)->version) - ((*left)->version < (*right)->version);
}

bool published_read(const struct cli *cli, struct published *ret_published) {
    *ret_published = (struct published){0};
    hy_arena_init(&ret_published->arena);
    size_t count;
    struct kafka_span *spans = kafka_spans(cli, "program", 0, &count);
    if (spans == NULL) return false;
    bool good = kafka_read(cli, "program", spans, count, take, ret_published);
    hy_free(spans);
    if (ret_published->count > 0)
        qsort(ret_published->versions, ret_published->count, sizeof(void *), by_version);
    return good;
}

void published_free(struct published *published) {
    hy_free(published->versions);
    hy_arena_free(&published->arena);
}
