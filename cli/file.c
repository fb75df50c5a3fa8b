#include "cli/file.h"

#include <errno.h>
#include <string.h>

static bool read_from(FILE *in, struct hy_buffer *content) {
    uint8_t part[16384];
    size_t got;
    while ((got = fread(part, 1, sizeof part, in)) > 0)
        hy_buffer_add(content, part, got);
    return ferror(in) == 0;
}

bool file_read(const char *path, struct hy_buffer *ret_content) {
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(path, "rb");
    if (in == NULL) {
        say_error("%s: %s / 无法打开文件", path, strerror(errno));
        return false;
    }
    bool good = read_from(in, ret_content);
    if (!good) say_error("%s: %s / 无法读取文件", path, strerror(errno));
    if (!is_stdin) (void)fclose(in);
    if (good && ret_content->failed) {
        say_error("%s: larger than %zu bytes / 文件过大", path, ret_content->ceiling);
        return false;
    }
    return good;
}
