// huiyuanctl: one table of commands, which is also the help.
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "common/base/memory.h"
#include "common/io/config.h"
#include "common/io/crypto.h"
#include "common/io/log.h"

#ifndef HY_VERSION
#    define HY_VERSION "0.1.0"
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct cli_command *const commands[] = {
    &command_topics_create,  &command_topics_list,      &command_program_check,    &command_program_publish,
    &command_campaign_check, &command_campaign_preview, &command_campaign_publish, &command_campaign_list,
    &command_program_show,   &command_import_purchases, &command_status,           &command_tail,
    &command_clock,          &command_dead_letters,     &command_verify,           &command_rebuild,
    &command_explain,        &command_explain_tier,     &command_keys_add,         &command_keys_list,
    &command_keys_revoke,
};

// --- settings ---

static struct cli cli;

static const struct hy_config_item settings[] = {
    {"HY_KAFKA_BROKERS", HY_CONFIG_TEXT, "127.0.0.1:9092", 0, 0, "", "Kafka's bootstrap servers", false,
     &cli.brokers},
    {"HY_TOPIC_PREFIX", HY_CONFIG_TEXT, "hy.", 0, 0, "", "before every topic's name", false,
     &cli.topic_prefix},
    {"HY_REDIS_URL", HY_CONFIG_TEXT, "redis://127.0.0.1:6379/0", 0, 0, "", "Redis server and database", true,
     &cli.redis_url},
    {"HY_REDIS_PREFIX", HY_CONFIG_TEXT, "hy:", 0, 0, "", "before every key", false, &cli.redis_prefix},
    {"HY_PARTITIONS", HY_CONFIG_NUMBER, "0", 0, 1024, "",
     "of topics keyed by member; 0: as they are, 16 when they are made", false, &cli.partitions},
    {"HY_LOG_LEVEL", HY_CONFIG_TEXT, "error", 0, 0, "", "debug, info, warn or error", false, &cli.log_level},
};

// The options that stand for settings; every command takes them.
static const char *brokers, *topic_prefix, *redis_url, *redis_prefix, *partitions;
static bool help_wanted;

static const struct cli_option global_options[] = {
    {"brokers", 0, CLI_TEXT, "LIST", "HY_KAFKA_BROKERS", 0, 0, &brokers},
    {"prefix", 0, CLI_TEXT, "TEXT", "HY_TOPIC_PREFIX", 0, 0, &topic_prefix},
    {"redis", 0, CLI_TEXT, "URL", "HY_REDIS_URL", 0, 0, &redis_url},
    {"redis-prefix", 0, CLI_TEXT, "TEXT", "HY_REDIS_PREFIX", 0, 0, &redis_prefix},
    {"partitions", 0, CLI_TEXT, "N", "HY_PARTITIONS", 0, 0, &partitions},
    {"help", 'h', CLI_SWITCH, NULL, "this text 显示帮助", 0, 0, &help_wanted},
};

// An option is another way to write its setting.
static bool load_settings(void) {
    for (size_t i = 0; i < COUNT(global_options); i++) {
        if (global_options[i].kind != CLI_TEXT) continue;
        const char *value = *(const char *const *)global_options[i].target;
        if (value != NULL) setenv(global_options[i].help, value, 1);
    }
    return hy_config_load(settings, COUNT(settings));
}

// --- help ---

static void print_usage(FILE *out) {
    fputs("usage: huiyuanctl COMMAND [OPTION]... [ARGUMENT]...\n\n", out);
    for (size_t i = 0; i < COUNT(commands); i++) {
        char call[64];
        snprintf(call, sizeof call, "%s %s", commands[i]->name, commands[i]->arguments);
        fprintf(out, "  %-26s %s\n  %-26s %s\n", call, commands[i]->english, "", commands[i]->chinese);
    }
    fputs("\n  help COMMAND               more about a command 查看命令的详细说明\n"
          "  --version                  the version 显示版本\n"
          "\nSettings: environment variables, or options of every command "
          "设置：环境变量，或任一命令的选项\n",
          out);
    options_print(global_options, COUNT(global_options) - 1, out);
    fputc('\n', out);
    hy_config_print(settings, COUNT(settings), out);
    fputs("\nExit status 退出码: 0 good 成功; 1 failed, or something is wrong 失败或发现问题; 2 usage "
          "用法错误; "
          "3 done, some inputs refused 完成但有数据被拒\n",
          out);
}

static void print_command(const struct cli_command *command) {
    printf("usage: huiyuanctl %s%s%s%s\n\n%s\n%s\n", command->name,
           command->option_count > 0 ? " [OPTION]..." : "", command->arguments[0] != '\0' ? " " : "",
           command->arguments, command->english, command->chinese);
    if (command->more != NULL) printf("\n%s\n", command->more);
    if (command->option_count > 0) puts("\nOptions 选项:");
    options_print(command->options, command->option_count, stdout);
    puts(
        "\nOptions of every command 通用选项: --brokers --prefix --redis --redis-prefix --partitions --help");
}

// --- finding and running a command ---

// The command that the first words name; *ret_words: how many of them. NULL: none.
static const struct cli_command *find(char *const *words, int count, int *ret_words) {
    for (int length = 2; length >= 1; length--) {
        char name[64];
        if (count < length) continue;
        snprintf(name, sizeof name, "%s%s%s", words[0], length == 2 ? " " : "", length == 2 ? words[1] : "");
        for (size_t i = 0; i < COUNT(commands); i++) {
            if (strcmp(commands[i]->name, name) != 0) continue;
            *ret_words = length;
            return commands[i];
        }
    }
    return NULL;
}

static int unknown(char *const *words, int count) {
    if (count == 0) {
        print_usage(stderr);
    } else {
        say_error(
            "%s%s%s: no such command; huiyuanctl --help lists them / 没有该命令，用 huiyuanctl --help 查看",
            words[0], count > 1 ? " " : "", count > 1 ? words[1] : "");
    }
    return CLI_USAGE;
}

static int help(char *const *words, int count) {
    int length;
    const struct cli_command *command = find(words, count, &length);
    if (count == 0) {
        print_usage(stdout);
    } else if (command == NULL) {
        return unknown(words, count);
    } else {
        print_command(command);
    }
    return CLI_OK;
}

// The command's options, and those of every command.
static bool read_options(const struct cli_command *command, char **arguments, int *ret_count) {
    size_t count = command->option_count + COUNT(global_options);
    struct cli_option *options = hy_malloc(count * sizeof *options);
    if (command->option_count > 0) memcpy(options, command->options, command->option_count * sizeof *options);
    memcpy(options + command->option_count, global_options, sizeof global_options);
    bool good = options_read(options, count, arguments, ret_count);
    hy_free(options);
    return good;
}

static int run(const struct cli_command *command, char **arguments, int count) {
    if (!read_options(command, arguments, &count)) return CLI_USAGE;
    if (help_wanted) {
        print_command(command);
        return CLI_OK;
    }
    if (count < command->argument_min || count > command->argument_max) {
        say_error("usage / 用法: huiyuanctl %s %s", command->name, command->arguments);
        return CLI_USAGE;
    }
    if (!load_settings()) return CLI_USAGE;
    hy_log_init("huiyuanctl", "", cli.log_level);
    hy_crypto_init();
    int status = command->run(&cli, arguments, count);
    if (fflush(stdout) != 0 && status == CLI_OK) status = CLI_FAULT;
    return status;
}

// Options that stand before the command: they go behind it, where they are read.
static int command_place(char **words, int count) {
    int at = 0;
    while (at < count && words[at][0] == '-') {
        bool takes_value = strncmp(words[at], "--", 2) == 0 && strchr(words[at], '=') == NULL;
        for (size_t i = 0; i < COUNT(global_options) && takes_value; i++) {
            if (strcmp(words[at] + 2, global_options[i].name) == 0)
                takes_value = global_options[i].kind != CLI_SWITCH;
        }
        at += takes_value ? 2 : 1;
    }
    return at < count ? at : count;
}

static void rotate(char **words, int count, int by) {
    char **copy = hy_malloc(((size_t)count + 1) * sizeof *copy);
    for (int i = 0; i < count; i++)
        copy[i] = words[(i + by) % count];
    memcpy(words, copy, (size_t)count * sizeof *copy);
    hy_free(copy);
}

int main(int argc, char **argv) {
    char **words = argv + 1;
    int count = argc - 1;
    if (count > 0 && strcmp(words[0], "--version") == 0) {
        puts("huiyuanctl " HY_VERSION);
        return CLI_OK;
    }
    if (count > 0 && strcmp(words[0], "help") == 0) return help(words + 1, count - 1);
    if (count == 1 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)) return help(NULL, 0);
    int place = command_place(words, count);
    if (place > 0 && place < count) rotate(words, count, place);
    int length;
    const struct cli_command *command = find(words, place == count ? 0 : count, &length);
    if (command == NULL) return unknown(words, place == count ? 0 : count);
    return run(command, words + length, count - length);
}
