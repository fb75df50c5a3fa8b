// `program`: checks, publishes and shows the versioned rules.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/document.h"
#include "common/io/zone.h"

// NULL, with lines on stderr. The file's bytes are in `content`, which the caller frees.
static struct hy_program *read_program(const char *path, struct hy_buffer *content) {
    if (!document_read(path, content)) return NULL;
    struct hy_program_faults faults = {0};
    struct hy_program *program = hy_program_parse(hy_buffer_bytes(content), hy_zone_load, &faults);
    if (program == NULL) document_print_faults(path, &faults);
    return program;
}

static int run_check(const struct cli *cli, char *const *arguments, int count) {
    (void)cli;
    (void)count;
    struct hy_buffer content;
    struct hy_program *program = read_program(arguments[0], &content);
    hy_buffer_free(&content);
    if (program == NULL) return CLI_FAULT;
    document_print("good 检查通过", program->name, program->version, program->effective_from_ms);
    printf("%zu tiers 等级, %zu rules 规则\n", program->tier_count, program->rule_count);
    hy_program_free(program);
    return CLI_OK;
}

// --- publish ---

// One system has one program.
static bool is_the_program(const struct published *published, const struct hy_program *program) {
    for (size_t i = 0; i < published->count; i++) {
        const char *name = published->versions[i]->program;
        if (strcmp(name, program->name) == 0) continue;
        say_error(
            "the published program is called %s, this file says %s / 已发布的会员计划名为 %s，与文件中的 %s "
            "不同",
            name, program->name, name, program->name);
        return false;
    }
    return true;
}

static int publish(const struct cli *cli, const struct hy_program *program, struct hy_bytes content) {
    const struct document document = {HUIYUAN__V1__DOCUMENT_KIND__PROGRAM, program->name, program->version,
                                      program->effective_from_ms, content};
    struct published published;
    int status = CLI_FAULT;
    if (published_read(cli, &published) && is_the_program(&published, program))
        status = document_publish(cli, &document, &published);
    published_free(&published);
    return status;
}

static int run_publish(const struct cli *cli, char *const *arguments, int count) {
    (void)count;
    struct hy_buffer content;
    struct hy_program *program = read_program(arguments[0], &content);
    int status = program == NULL ? CLI_FAULT : publish(cli, program, hy_buffer_bytes(&content));
    hy_program_free(program);
    hy_buffer_free(&content);
    return status;
}

// --- show ---

static int show_all(const struct published *published) {
    if (published->count == 0) say_error("no program is published / 尚未发布会员计划");
    return document_list(published);
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
