// Who is to be woken when: an ordered list, made for many entries with nearly the same wait (adding at the
// end is one step).
#pragma once

#include <stdint.h>

struct deadline {
    int64_t at_ms;
    struct deadline *previous;
    struct deadline *next;
    void (*expired)(struct deadline *deadline); // called when it is no longer in the list
};

struct deadlines {
    struct deadline *first;
    struct deadline *last;
};

void deadlines_add(struct deadlines *list, struct deadline *deadline, int64_t at_ms);
void deadlines_remove(struct deadlines *list, struct deadline *deadline); // it must be in the list
// Removes and wakes all that are due.
void deadlines_run(struct deadlines *list, int64_t now_ms);
// How long nothing will be due, at most `limit_ms`.
int64_t deadlines_wait_ms(const struct deadlines *list, int64_t now_ms, int64_t limit_ms);
