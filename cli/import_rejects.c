#include "cli/import_rejects.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/csv.h"

static const char HEADER[] = "line,purchase_id,rows,code,field,reason_en,reason_zh\n";

enum { LINE_CEILING_BYTES = 64 * 1024 };

static bool fail(const struct import_rejects *rejects) {
    say_error("%s: %s; --rejects names another file / 无法写入，可用 --rejects 指定其他文件", rejects->path,
              strerror(errno));
    return false;
}

// What an earlier run wrote beyond the place from which this one goes on will be written again.
static bool open_file(struct import_rejects *rejects) {
    if (strcmp(rejects->path, "-") == 0) {
        rejects->out = stderr;
        return true;
    }
    FILE *out = fopen(rejects->path, rejects->bytes > 0 ? "r+" : "w");
    if (out == NULL) return fail(rejects);
    rejects->out = out;
    if (rejects->bytes > 0) {
        if (ftruncate(fileno(out), (off_t)rejects->bytes) != 0 || fseek(out, 0, SEEK_END) != 0)
            return fail(rejects);
    } else {
        fputs(HEADER, out);
        rejects->bytes = sizeof HEADER - 1;
    }
    return true;
}

static void add_line(struct hy_buffer *line, const struct import_item *item) {
    const struct hy_error *error = &item->error;
    const char *detail = error->detail == NULL ? "" : error->detail;
    char reason[1024];
    hy_buffer_printf(line, "%" PRIu64 ",", item->line);
    csv_add(line, item->purchase_id);
    hy_buffer_printf(line, ",%" PRIu64 ",%s,", item->rows, hy_code_name(error->code));
    csv_add(line, error->field == NULL ? "" : error->field);
    hy_buffer_add(line, ",", 1);
    snprintf(reason, sizeof reason, "%s%s%s", hy_code_english(error->code), *detail == '\0' ? "" : ": ",
             detail);
    csv_add(line, reason);
    hy_buffer_add(line, ",", 1);
    snprintf(reason, sizeof reason, "%s%s%s", hy_code_chinese(error->code), *detail == '\0' ? "" : "：",
             detail);
    csv_add(line, reason);
    hy_buffer_add(line, "\n", 1);
}

bool import_rejects_add(struct import_rejects *rejects, const struct import_item *item) {
    if (rejects->out == NULL && !open_file(rejects)) return false;
    struct hy_buffer line;
    hy_buffer_init(&line, LINE_CEILING_BYTES);
    add_line(&line, item);
    bool good = fwrite(line.data, 1, line.length, rejects->out) == line.length;
    rejects->bytes += line.length;
    hy_buffer_free(&line);
    return good || fail(rejects);
}

bool import_rejects_flush(struct import_rejects *rejects) {
    return rejects->out == NULL || fflush(rejects->out) == 0 || fail(rejects);
}

void import_rejects_close(struct import_rejects *rejects) {
    if (rejects->out != NULL && rejects->out != stderr) (void)fclose(rejects->out);
    rejects->out = NULL;
}
