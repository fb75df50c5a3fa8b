// Options may stand anywhere, in every usual form, and wrong ones are refused.
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static bool all;
static const char *text;
static int64_t number;

static const struct cli_option options[] = {
    {"all", 'a', CLI_SWITCH, NULL, "", 0, 0, &all},
    {"log", 'l', CLI_TEXT, "LOG", "", 0, 0, &text},
    {"lines", 'n', CLI_NUMBER, "N", "", 1, 100, &number},
};

static bool reading(const char *line, char **words, int *count) {
    static char copy[256];
    snprintf(copy, sizeof copy, "%s", line);
    *count = 0;
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        words[(*count)++] = word;
    return options_read(options, 3, words, count);
}

Test(options, stand_anywhere_in_every_form) {
    char *words[16];
    int count;
    cr_assert(reading("one --all two -n 7 --log=points -", words, &count));
    cr_assert_eq(count, 3);
    cr_assert_str_eq(words[0], "one");
    cr_assert_str_eq(words[2], "-");
    cr_assert(all && number == 7);
    cr_assert_str_eq((char *)(uintptr_t)text, "points");
    cr_assert(reading("-n9", words, &count));
    cr_assert_eq(number, 9);
    cr_assert(reading("-l a -- -n", words, &count));
    cr_assert_eq(count, 1);
    cr_assert_str_eq(words[0], "-n");
}

Test(options, that_are_wrong_are_refused) {
    static const char *const wrong[] = {
        "--nothing", "-x",       "--all=yes", "--log",       "-n",  "--lines 101", "--lines 0", "--lines 7x",
        "-n -",      "--lines=", "--al",      "--lines 1e2", "-nn", "-ax",         "-n101"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *words[16];
        int count;
        cr_assert(!reading(wrong[i], words, &count), "%s was accepted", wrong[i]);
    }
}
