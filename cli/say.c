#include <stdarg.h>

#include "cli/cli.h"

void say_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout); // so that the order is right where both go to one place
    fputs("huiyuanctl: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void say_away(const char *what, const char *where) {
    say_error("%s does not answer at %s / 无法连接 %s：%s", what, where, what, where);
}
