#include "cli/document.h"

#include <inttypes.h>
#include <unistd.h>

#include "cli/append.h"
#include "cli/file.h"
#include "common/base/calendar.h"
#include "common/base/memory.h"
#include "common/io/clock.h"

// --- reading ---

bool document_read(const char *path, struct hy_buffer *ret_content) {
    hy_buffer_init(ret_content, HY_PROGRAM_LIMIT_BYTES + 1);
    return file_read(path, ret_content) || ret_content->failed;
}

void document_print_faults(const char *path, const struct hy_program_faults *faults) {
    for (size_t i = 0; i < faults->count; i++) {
        const struct hy_program_fault *fault = &faults->items[i];
        fprintf(stderr, "%s:%d: %s%s%s / %s\n", path, fault->line, fault->field,
                fault->field[0] == '\0' ? "" : ": ", fault->english, fault->chinese);
    }
    if (faults->count == HY_PROGRAM_FAULTS_LIMIT) say_error("there may be more faults / 可能还有更多错误");
}

void document_print(const char *what, const char *name, uint32_t version, int64_t effective_from_ms) {
    char from[25];
    hy_time_format(effective_from_ms, from);
    printf("%s/%" PRIu32 "  %s  in effect from 生效时间 %s\n", name, version, what, from);
}

// --- publishing ---

static bool append(const struct cli *cli, const struct document *document) {
    char key[80];
    char name[HY_RULE_ID_LIMIT_BYTES + 1];
    char publisher[128] = "huiyuanctl";
    bool is_program = document->kind == HUIYUAN__V1__DOCUMENT_KIND__PROGRAM;
    snprintf(key, sizeof key, "%s%s/%" PRIu32, is_program ? "" : "campaign/", document->name,
             document->version);
    snprintf(name, sizeof name, "%s", document->name);
    if (getlogin_r(publisher, sizeof publisher) != 0) snprintf(publisher, sizeof publisher, "huiyuanctl");
    Huiyuan__V1__ProgramVersion version = HUIYUAN__V1__PROGRAM_VERSION__INIT;
    version.kind = document->kind;
    version.program = name;
    version.version = document->version;
    version.effective_from_ms = document->effective_from_ms;
    version.yaml =
        (ProtobufCBinaryData){document->content.length, (uint8_t *)(uintptr_t)document->content.data};
    version.published_at_ms = hy_clock_now_ms();
    version.published_by = publisher;
    size_t size = huiyuan__v1__program_version__get_packed_size(&version);
    uint8_t *bytes = hy_malloc(size);
    huiyuan__v1__program_version__pack(&version, bytes);
    bool good = append_one(cli, "program", hy_bytes_of(key), hy_bytes(bytes, size));
    hy_free(bytes);
    return good;
}

int document_publish(const struct cli *cli, const struct document *document,
                     const struct published *published) {
    const Huiyuan__V1__ProgramVersion *there =
        published_document(published, document->name, document->version);
    if (there != NULL && !hy_bytes_equal(hy_bytes(there->yaml.data, there->yaml.len), document->content)) {
        say_error("version %" PRIu32 " is published with other content: count `version` up / 版本 %" PRIu32
                  " 已发布且内容不同，请递增 version",
                  document->version, document->version);
        return CLI_FAULT;
    }
    if (there == NULL && !append(cli, document)) return CLI_FAULT;
    document_print(there == NULL ? "published 已发布" : "already published 此前已发布", document->name,
                   document->version, document->effective_from_ms);
    return CLI_OK;
}

// --- listing ---

int document_list(const struct published *published) {
    for (size_t i = 0; i < published->count; i++) {
        const Huiyuan__V1__ProgramVersion *version = published->versions[i];
        char at[25];
        hy_time_format(version->published_at_ms, at);
        char what[160];
        snprintf(what, sizeof what, "published 发布于 %s by %.64s", at, version->published_by);
        document_print(what, version->program, version->version, version->effective_from_ms);
    }
    return published->count > 0 ? CLI_OK : CLI_FAULT;
}
