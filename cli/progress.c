#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "common/io/clock.h"

enum {
    BAR_CELLS = 24,
    TERMINAL_MS = 100,
    LINE_MS = 5000,
};

void progress_begin(struct progress *progress, const char *what, uint64_t done) {
    uint64_t now_ns = hy_clock_monotonic_ns();
    *progress = (struct progress){
        .what = what,
        .terminal = isatty(STDERR_FILENO) == 1,
        .began_ns = now_ns,
        .shown_ns = now_ns,
        .first = done,
    };
}

double progress_seconds(const struct progress *progress) {
    return (double)(hy_clock_monotonic_ns() - progress->began_ns) / 1e9 + 1e-9;
}

bool progress_due(struct progress *progress) {
    uint64_t now_ns = hy_clock_monotonic_ns();
    uint64_t pause_ns = (progress->terminal ? TERMINAL_MS : LINE_MS) * UINT64_C(1000000);
    if (now_ns - progress->shown_ns < pause_ns) return false;
    progress->shown_ns = now_ns;
    return true;
}

static void print_rest(const struct progress *progress, uint64_t done, uint64_t total) {
    if (done <= progress->first || done >= total) return;
    double left = progress_seconds(progress) * (double)(total - done) / (double)(done - progress->first);
    fprintf(stderr, ", %.0f s left 剩余", left);
}

void progress_show(struct progress *progress, uint64_t done, uint64_t total, const char *detail) {
    fputs(progress->terminal ? "\r\033[K" : "", stderr);
    fprintf(stderr, "%s ", progress->what);
    if (total > 0) {
        double part = done < total ? (double)done / (double)total : 1;
        for (int i = 0; progress->terminal && i < BAR_CELLS; i++)
            fputs(i < (int)(part * BAR_CELLS) ? "█" : "░", stderr);
        fprintf(stderr, "%s%3.0f%%, ", progress->terminal ? " " : "", part * 100);
    }
    fputs(detail, stderr);
    if (total > 0) print_rest(progress, done, total);
    if (!progress->terminal) fputc('\n', stderr);
    fflush(stderr);
    progress->shown = true;
}

void progress_end(struct progress *progress) {
    if (progress->terminal && progress->shown) fputs("\r\033[K", stderr);
}
