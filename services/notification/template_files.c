#include "services/notification/template_files.h"

#include <dirent.h>
#include <stdio.h>

#include "common/io/log.h"

enum { FILE_LIMIT_BYTES = 64 * 1024 };

static void complain(const struct template_fault *fault) {
    if (fault->line > 0)
        hy_log(HY_LOG_ERROR, "template", "%s:%d: %s", fault->file, fault->line, fault->text);
    else
        hy_log(HY_LOG_ERROR, "template", "%s: %s", fault->file, fault->text);
}

static bool read_file(const char *path, struct hy_buffer *out) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    char bytes[4096];
    size_t count;
    while ((count = fread(bytes, 1, sizeof bytes, file)) > 0)
        hy_buffer_add(out, bytes, count);
    bool good = ferror(file) == 0 && !out->failed;
    fclose(file);
    return good;
}

static bool take_file(const char *folder, const char *name, struct templates *templates) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct hy_buffer content;
    hy_buffer_init(&content, FILE_LIMIT_BYTES);
    struct template_fault fault = {.text = "cannot be read, or is larger than 64 KiB"};
    snprintf(fault.file, sizeof fault.file, "%.90s", name);
    bool good =
        read_file(path, &content) && templates_add(templates, name, hy_buffer_bytes(&content), &fault);
    if (!good) complain(&fault);
    hy_buffer_free(&content);
    return good;
}

static bool is_text_file(const char *name) {
    size_t length = strlen(name);
    return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".txt") == 0;
}

bool template_files_read(const char *folder, struct templates *ret_templates) {
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        hy_log(HY_LOG_ERROR, "template", "the folder %s of HY_TEMPLATES_DIR cannot be read", folder);
        return false;
    }
    bool good = true;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (is_text_file(entry->d_name) && !take_file(folder, entry->d_name, ret_templates)) good = false;
    }
    closedir(directory);
    struct template_fault fault;
    if (good && !templates_complete(ret_templates, &fault)) {
        snprintf(fault.file, sizeof fault.file, "%.90s", folder);
        complain(&fault);
        good = false;
    }
    return good;
}
