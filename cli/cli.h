// What the commands of huiyuanctl share: settings, the table of commands, options, words for people.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// Exit statuses.
enum {
    CLI_OK = 0,
    CLI_FAULT = 1,  // what was asked for could not be done, or is not as it should be
    CLI_USAGE = 2,  // the command line or a setting is wrong
    CLI_PARTLY = 3, // done, but some inputs were refused
};

// From the environment, or the global options.
struct cli {
    const char *brokers, *topic_prefix, *redis_url, *redis_prefix, *log_level;
    int64_t partitions; // of topics keyed by member; 0: as they are
};

enum cli_option_kind { CLI_SWITCH, CLI_TEXT, CLI_NUMBER };

struct cli_option {
    const char *name; // "partition", for --partition
    char letter;      // 'p', for -p; 0: none
    enum cli_option_kind kind;
    const char *value; // what help calls it: "N"; NULL for switches
    const char *help;
    int64_t min, max; // NUMBER
    void *target;     // bool *, const char ** or int64_t *
};

struct cli_command {
    const char *name;      // "program publish"
    const char *arguments; // "FILE"; "" for none
    const char *english, *chinese;
    const char *more; // more help, or NULL
    const struct cli_option *options;
    size_t option_count;
    int argument_min, argument_max;
    int (*run)(const struct cli *cli, char *const *arguments, int count);
};

// One line on stderr, after "huiyuanctl: ". The text is English and Chinese, with " / " between them.
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
// That Kafka or Redis does not answer.
void say_away(const char *what, const char *where);

// Reads the options out of `arguments`, leaving what is none of them in *ret_count places at the front.
// False, with a line on stderr, when one is wrong.
bool options_read(const struct cli_option *options, size_t count, char **arguments, int *ret_count);
void options_print(const struct cli_option *options, size_t count, FILE *out);

extern const struct cli_command command_topics_create, command_topics_list;
extern const struct cli_command command_program_check, command_program_publish, command_program_show;
extern const struct cli_command command_keys_add, command_keys_list, command_keys_revoke;
extern const struct cli_command command_campaign_check, command_campaign_preview, command_campaign_publish,
    command_campaign_list;
extern const struct cli_command command_import_purchases;
extern const struct cli_command command_clock;
extern const struct cli_command command_status;
extern const struct cli_command command_tail, command_dead_letters;
extern const struct cli_command command_verify;
extern const struct cli_command command_rebuild;
extern const struct cli_command command_explain, command_explain_tier;
