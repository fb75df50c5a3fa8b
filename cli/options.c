// Options of a command, from a table that is also its help.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const struct cli_option *find(const struct cli_option *options, size_t count, const char *argument,
                                     size_t length) {
    for (size_t i = 0; i < count; i++) {
        bool is_letter = length == 2 && argument[1] != '-' && argument[1] == options[i].letter;
        bool is_name = length > 2 && strlen(options[i].name) == length - 2 &&
                       strncmp(argument, "--", 2) == 0 &&
                       strncmp(argument + 2, options[i].name, length - 2) == 0;
        if (is_letter || is_name) return &options[i];
    }
    return NULL;
}

static bool set_number(const struct cli_option *option, const char *text) {
    char *end;
    long long number = strtoll(text, &end, 10);
    bool is_number = *text != '\0' && strspn(text, "-0123456789") == strlen(text) && *end == '\0';
    if (is_number && number >= option->min && number <= option->max) {
        *(int64_t *)option->target = number;
        return true;
    }
    say_error("--%s %s: a whole number from %" PRId64 " to %" PRId64 " is wanted / 必须是 %" PRId64
              " 到 %" PRId64 " 之间的整数",
              option->name, text, option->min, option->max, option->min, option->max);
    return false;
}

static bool set(const struct cli_option *option, const char *text) {
    switch (option->kind) {
    case CLI_SWITCH: *(bool *)option->target = true; return true;
    case CLI_TEXT: *(const char **)option->target = text; return true;
    case CLI_NUMBER: return set_number(option, text);
    }
    return false;
}

// One option, at arguments[*at]: --name VALUE, --name=VALUE, -n VALUE or -nVALUE.
static bool read_one(const struct cli_option *options, size_t count, char **arguments, int end, int *at) {
    const char *argument = arguments[*at];
    const char *equals = argument[1] == '-' ? strchr(argument, '=') : NULL;
    size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
    const struct cli_option *option = find(options, count, argument, length);
    bool is_joined = option == NULL && argument[1] != '-';
    if (is_joined) option = find(options, count, argument, 2);
    if (is_joined && option != NULL && option->kind != CLI_SWITCH) return set(option, argument + 2);
    if (option == NULL || is_joined) {
        say_error("%.*s: no such option; see --help / 没有该选项，参见 --help", (int)length, argument);
        return false;
    }
    if (option->kind == CLI_SWITCH) {
        if (equals == NULL) return set(option, NULL);
        say_error("%.*s takes no value / 该选项不带值", (int)length, argument);
        return false;
    }
    if (equals != NULL) return set(option, equals + 1);
    if (*at + 1 >= end) {
        say_error("%s: %s is missing / 缺少值", argument, option->value);
        return false;
    }
    return set(option, arguments[++*at]);
}

bool options_read(const struct cli_option *options, size_t count, char **arguments, int *ret_count) {
    int kept = 0;
    int end = *ret_count;
    bool all_arguments = false;
    for (int i = 0; i < end; i++) {
        // No option is a digit: "-1h" is an argument.
        bool is_option = !all_arguments && arguments[i][0] == '-' && arguments[i][1] != '\0' &&
                         strspn(arguments[i] + 1, "0123456789") == 0;
        if (is_option && strcmp(arguments[i], "--") == 0) {
            all_arguments = true;
        } else if (!is_option) {
            arguments[kept++] = arguments[i];
        } else if (!read_one(options, count, arguments, end, &i)) {
            return false;
        }
    }
    *ret_count = kept;
    return true;
}

void options_print(const struct cli_option *options, size_t count, FILE *out) {
    for (size_t i = 0; i < count; i++) {
        const struct cli_option *option = &options[i];
        char letter[8] = "    ";
        char name[48];
        if (option->letter != 0) snprintf(letter, sizeof letter, "-%c, ", option->letter);
        snprintf(name, sizeof name, "--%s%s%s", option->name, option->value != NULL ? " " : "",
                 option->value != NULL ? option->value : "");
        fprintf(out, "  %s%-22s %s\n", letter, name, option->help);
    }
}
