// The main of a fuzz target in builds without libFuzzer: gives it every file of the folders that are named,
// so that what was once found stays mended.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "tests/fuzz/fuzz.h"

enum { INPUT_LIMIT_BYTES = 1 << 20 };

static void replay(const char *folder, const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    uint8_t *all = hy_malloc(INPUT_LIMIT_BYTES);
    size_t length = fread(all, 1, INPUT_LIMIT_BYTES, file);
    fclose(file);
    uint8_t *data = hy_malloc(length + (length == 0)); // exactly as long: one byte too far is found
    memcpy(data, all, length);
    hy_free(all);
    fprintf(stderr, "%s\n", path); // the last line is the one at fault
    LLVMFuzzerTestOneInput(data, length);
    hy_free(data);
}

static int replay_folder(const char *folder) {
    DIR *directory = opendir(folder);
    if (directory == NULL) return 0; // no regressions yet
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        replay(folder, entry->d_name);
        count++;
    }
    closedir(directory);
    return count;
}

int main(int count, char **folders) {
    int files = 0;
    for (int i = 1; i < count; i++)
        files += replay_folder(folders[i]);
    if (files == 0) fputs("there is no file to replay\n", stderr);
    return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
