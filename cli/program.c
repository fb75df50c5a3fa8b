// `program`: checks, publishes and shows the versioned rules.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/kafka.h"
#include "cli/published.h"
#include "common/base/memory.h"
#include "common/io/clock.h"
#include "common/io/zone.h"
#include "common/program/program.h"

enum { DELIVERY_MS = 35000, CLOSE_MS = 1000 };

// --- check ---

static void print_faults(const char *path, const struct hy_program_faults *faults) {
    for (size_t i = 0; i < faults->count; i++) {
        const struct hy_program_fault *fault = &faults->items[i];
        fprintf(stderr, "%s:%d: %s%s%s / %s\n", path, fault->line, fault->field,
                fault->field[0] == '\0' ? "" : ": ", fault->english, fault->chinese);
    }
    if (faults->count == HY_PROGRAM_FAULTS_LIMIT) say_error("there may be more faults / 可能还有更多错误");
}

// NULL, with lines on stderr. The file's bytes are in `content`, which the caller frees.
static struct hy_program *read_program(const char *path, struct hy_buffer *content) {
    // One byte more than allowed, so that it is the parser that says what is.
    hy_buffer_init(content, HY_PROGRAM_LIMIT_BYTES + 1);
    bool fits = file_read(path, content);
    if (!fits && !content->failed) return NULL;
    struct hy_program_faults faults = {0};
    struct hy_program *program = hy_program_parse(hy_buffer_bytes(content), hy_zone_load, &faults);
    if (program == NULL) print_faults(path, &faults);
    return program;
}

static void print_effect(const char *what, const char *name, uint32_t version, int64_t effective_from_ms) {
    char from[25];
    hy_time_format(effective_from_ms, from);
    printf("%s/%" PRIu32 "  %s  in effect from 生效时间 %s\n", name, version, what, from);
}

static int run_check(const struct cli *cli, char *const *arguments, int count) {
    (void)cli;
    (void)count;
    struct hy_buffer content;
    struct hy_program *program = read_program(arguments[0], &content);
    hy_buffer_free(&content);
    if (program == NULL) return CLI_FAULT;
    print_effect("good 检查通过", program->name, program->version, program->effective_from_ms);
    printf("%zu tiers 等级, %zu rules 规则\n", program->tier_count, program->rule_count);
    hy_program_free(program);
    return CLI_OK;
}

// --- publish ---

enum standing { STANDING_NEW, STANDING_SAME, STANDING_CONTRADICTS };

static enum standing compare(const struct published *published, const struct hy_program *program,
                             struct hy_bytes content) {
    for (size_t i = 0; i < published->count; i++) {
        if (strcmp(published->versions[i]->program, program->name) == 0) continue;
        say_error(
            "the published program is called %s, this file says %s / 已发布的会员计划名为 %s，与文件中的 %s "
            "不同",
            published->versions[i]->program, program->name, published->versions[i]->program, program->name);
        return STANDING_CONTRADICTS;
    }
    const Huiyuan__V1__ProgramVersion *there = published_version(published, program->version);
    if (there == NULL) return STANDING_NEW;
    if (hy_bytes_equal(hy_bytes(there->yaml.data, there->yaml.len), content)) return STANDING_SAME;
    say_error("version %" PRIu32 " is published with other content: count `version` up / 版本 %" PRIu32
              " 已发布且内容不同，请递增 version",
              program->version, program->version);
    return STANDING_CONTRADICTS;
}

struct publishing {
    bool done, failed;
    int64_t offset;
};

static void delivered(void *context, const struct hy_delivery *delivery) {
    struct publishing *publishing = context;
    publishing->done = true;
    publishing->failed = delivery->failed;
    publishing->offset = delivery->offset;
}

static bool append(const struct cli *cli, struct hy_bytes key, struct hy_bytes value) {
    struct publishing publishing = {0};
    const struct hy_bus_events events = {.context = &publishing, .delivered = delivered};
    struct hy_bus *bus = kafka_bus(cli, &events, 1);
    if (bus == NULL) return false;
    uint32_t topic = hy_bus_topic(bus, "program");
    hy_bus_append(bus, topic, 0, key, value, 1);
    uint64_t until_ns = hy_clock_monotonic_ns() + DELIVERY_MS * UINT64_C(1000000);
    while (!publishing.done && hy_clock_monotonic_ns() < until_ns)
        hy_bus_poll(bus, 1, 1000);
    bool good = publishing.done && !publishing.failed;
    hy_bus_close(bus, CLOSE_MS);
    if (!good) say_away("Kafka", cli->brokers);
    return good;
}

static bool publish(const struct cli *cli, const struct hy_program *program, struct hy_bytes content) {
    char key[64];
    char name[HY_RULE_ID_LIMIT_BYTES + 1];
    char publisher[128] = "huiyuanctl";
    snprintf(key, sizeof key, "%s/%" PRIu32, program->name, program->version);
    snprintf(name, sizeof name, "%s", program->name);
    if (getlogin_r(publisher, sizeof publisher) != 0) snprintf(publisher, sizeof publisher, "huiyuanctl");
    Huiyuan__V1__ProgramVersion version = HUIYUAN__V1__PROGRAM_VERSION__INIT;
    version.program = name;
    version.version = program->version;
    version.effective_from_ms = program->effective_from_ms;
    version.yaml = (ProtobufCBinaryData){content.length, (uint8_t *)(uintptr_t)content.data};
    version.published_at_ms = hy_clock_now_ms();
    version.published_by = publisher;
    size_t size = huiyuan__v1__program_version__get_packed_size(&version);
    uint8_t *bytes = hy_malloc(size);
    huiyuan__v1__program_version__pack(&version, bytes);
    bool good = append(cli, hy_bytes_of(key), hy_bytes(bytes, size));
    hy_free(bytes);
    return good;
}

static int publish_if_new(const struct cli *cli, const struct hy_program *program, struct hy_bytes content) {
    struct published published;
    enum standing standing = STANDING_CONTRADICTS;
    if (published_read(cli, &published)) standing = compare(&published, program, content);
    published_free(&published);
    if (standing == STANDING_CONTRADICTS) return CLI_FAULT;
    if (standing == STANDING_NEW && !publish(cli, program, content)) return CLI_FAULT;
    const char *what = standing == STANDING_NEW ? "published 已发布" : "already published 此前已发布";
    print_effect(what, program->name, program->version, program->effective_from_ms);
    return CLI_OK;
}

static int run_publish(const struct cli *cli, char *const *arguments, int count) {
    (void)count;
    struct hy_buffer content;
    struct hy_program *program = read_program(arguments[0], &content);
    int status = program == NULL ? CLI_FAULT : publish_if_new(cli, program, hy_buffer_bytes(&content));
    hy_program_free(program);
    hy_buffer_free(&content);
    return status;
}

// --- show ---

static int show_all(const struct published *published) {
    for (size_t i = 0; i < published->count; i++) {
        const Huiyuan__V1__ProgramVersion *version = published->versions[i];
        char at[25];
        hy_time_format(version->published_at_ms, at);
        char what[160];
        snprintf(what, sizeof what, "published 发布于 %s by %.64s", at, version->published_by);
        print_effect(what, version->program, version->version, version->effective_from_ms);
    }
    if (published->count == 0) say_error("no program is published / 尚未发布会员计划");
    return published->count > 0 ? CLI_OK : CLI_FAULT;
}

static int show_one(const struct published *published, const char *text) {
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    const Huiyuan__V1__ProgramVersion *version =
        *end == '\0' && number <= UINT32_MAX ? published_version(published, (uint32_t)number) : NULL;
    if (version == NULL) {
        say_error("version %s is not published / 版本 %s 未发布", text, text);
        return CLI_FAULT;
    }
    fwrite(version->yaml.data, 1, version->yaml.len, stdout);
    return CLI_OK;
}

static int run_show(const struct cli *cli, char *const *arguments, int count) {
    struct published published;
    int status = CLI_FAULT;
    if (published_read(cli, &published))
        status = count > 0 ? show_one(&published, arguments[0]) : show_all(&published);
    published_free(&published);
    return status;
}

const struct cli_command command_program_check = {
    .name = "program check",
    .arguments = "FILE",
    .english = "check a program file",
    .chinese = "检查会员计划文件",
    .more = "Every fault is printed as FILE:LINE: field: text, in English and Chinese.\n"
            "每个错误按 文件:行号: 字段: 说明 打印。",
    .argument_min = 1,
    .argument_max = 1,
    .run = run_check,
};

const struct cli_command command_program_publish = {
    .name = "program publish",
    .arguments = "FILE",
    .english = "check a program file and publish it as a new version",
    .chinese = "检查并发布会员计划的新版本",
    .more =
        "Publishing the same file again changes nothing; a version that is published keeps its content for "
        "ever.\n重复发布同一文件不会有变化；已发布的版本内容不可更改。",
    .argument_min = 1,
    .argument_max = 1,
    .run = run_publish,
};

const struct cli_command command_program_show = {
    .name = "program show",
    .arguments = "[VERSION]",
    .english = "list the published versions, or print one",
    .chinese = "列出已发布的版本，或打印其中一个",
    .argument_max = 1,
    .run = run_show,
};
