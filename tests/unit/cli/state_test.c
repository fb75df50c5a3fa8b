// Where an import stands: kept whole or not at all, and good only for the file that it was.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/import_state.h"

static char folder[] = "/tmp/huiyuan-state-XXXXXX";
static char file[64], state_file[64];

static void init(void) {
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/a.csv", folder);
    snprintf(state_file, sizeof state_file, "%s/a.state", folder);
}

static void fini(void) {
    unlink(file);
    unlink(state_file);
    rmdir(folder);
}

TestSuite(state, .init = init, .fini = fini);

static void write_file(const char *path, const char *text) {
    FILE *out = fopen(path, "w");
    cr_assert(out != NULL && fputs(text, out) >= 0 && fclose(out) == 0);
}

Test(state, what_is_saved_is_loaded) {
    write_file(file, "0123456789");
    struct import_state state;
    struct import_state loaded;
    cr_assert(import_state_of(file, &state));
    state.place = (struct import_place){7, 3, 2, 1, 1, 99};
    state.partition = 4;
    state.offset = 123456789012;
    snprintf(state.cluster, sizeof state.cluster, "c \"1\"");
    snprintf(state.topic, sizeof state.topic, "hy.purchases");
    cr_assert(import_state_save(state_file, &state));
    cr_assert(import_state_load(state_file, &loaded));
    cr_assert(import_state_same_file(&state, &loaded));
    cr_assert_eq(memcmp(&loaded.place, &state.place, sizeof state.place), 0);
    cr_assert_str_eq(loaded.cluster, state.cluster);
    cr_assert(loaded.partition == 4 && loaded.offset == state.offset && !loaded.finished);
}

Test(state, a_file_that_changed_is_another_file) {
    struct import_state before;
    struct import_state after;
    write_file(file, "0123456789");
    cr_assert(import_state_of(file, &before));
    write_file(file, "0123456780");
    cr_assert(import_state_of(file, &after));
    cr_assert(!import_state_same_file(&before, &after));
}

Test(state, what_is_no_state_is_none) {
    static const char *const texts[] = {"", "{", "[]", "{\"offset\": 1}", "{\"offset\": \"x\"}"};
    struct import_state state;
    cr_assert(!import_state_load(state_file, &state));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_file(state_file, texts[i]);
        cr_assert(!import_state_load(state_file, &state), "%s", texts[i]);
    }
}
