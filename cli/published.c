#include "cli/published.h"

#include <stdlib.h>
#include <string.h>

#include "cli/kafka.h"
#include "common/base/memory.h"
#include "common/io/zone.h"

const Huiyuan__V1__ProgramVersion *published_version(const struct published *published, uint32_t version) {
    for (size_t i = 0; i < published->count; i++) {
        if (published->versions[i]->version == version) return published->versions[i];
    }
    return NULL;
}

struct hy_program *published_program(const struct published *published, uint32_t version) {
    const Huiyuan__V1__ProgramVersion *found = published_version(published, version);
    struct hy_program_faults faults = {0};
    if (found == NULL) return NULL;
    return hy_program_parse(hy_bytes(found->yaml.data, found->yaml.len), hy_zone_load, &faults);
}

const Huiyuan__V1__ProgramVersion *published_document(const struct published *published, const char *name,
                                                      uint32_t version) {
    for (size_t i = 0; i < published->count; i++) {
        const Huiyuan__V1__ProgramVersion *found = published->versions[i];
        if (found->version == version && strcmp(found->program, name) == 0) return found;
    }
    return NULL;
}

static void keep(struct published *published, Huiyuan__V1__ProgramVersion *version) {
    for (size_t i = 0; i < published->count; i++) {
        if (published->versions[i]->version == version->version &&
            strcmp(published->versions[i]->program, version->program) == 0) {
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
    else if (version->kind == published->kind)
        keep(published, version);
    return true;
}

static int by_version(const void *a, const void *b) {
    const Huiyuan__V1__ProgramVersion *const *left = a;
    const Huiyuan__V1__ProgramVersion *const *right = b;
    int order = strcmp((*left)->program, (*right)->program);
    if (order != 0) return order;
    return ((*left)->version > (*right)->version) - ((*left)->version < (*right)->version);
}

static bool read_kind(const struct cli *cli, Huiyuan__V1__DocumentKind kind,
                      struct published *ret_published) {
    *ret_published = (struct published){.kind = kind};
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

bool published_read(const struct cli *cli, struct published *ret_published) {
    return read_kind(cli, HUIYUAN__V1__DOCUMENT_KIND__PROGRAM, ret_published);
}

bool published_read_campaigns(const struct cli *cli, struct published *ret_published) {
    return read_kind(cli, HUIYUAN__V1__DOCUMENT_KIND__CAMPAIGN, ret_published);
}

void published_free(struct published *published) {
    hy_free(published->versions);
    hy_arena_free(&published->arena);
}
