#include "services/gateway/deadlines.h"

#include <stddef.h>

static void link_after(struct deadlines *list, struct deadline *place, struct deadline *deadline) {
    struct deadline *next = place == NULL ? list->first : place->next;
    deadline->previous = place;
    deadline->next = next;
    if (place == NULL)
        list->first = deadline;
    else
        place->next = deadline;
    if (next == NULL)
        list->last = deadline;
    else
        next->previous = deadline;
}

void deadlines_add(struct deadlines *list, struct deadline *deadline, int64_t at_ms) {
    struct deadline *place = list->last;
    while (place != NULL && place->at_ms > at_ms)
        place = place->previous;
    deadline->at_ms = at_ms;
    link_after(list, place, deadline);
}

void deadlines_remove(struct deadlines *list, struct deadline *deadline) {
    if (deadline->previous == NULL)
        list->first = deadline->next;
    else
        deadline->previous->next = deadline->next;
    if (deadline->next == NULL)
        list->last = deadline->previous;
    else
        deadline->next->previous = deadline->previous;
    deadline->previous = deadline->next = NULL;
}

void deadlines_run(struct deadlines *list, int64_t now_ms) {
    while (list->first != NULL && list->first->at_ms <= now_ms) {
        struct deadline *due = list->first;
        deadlines_remove(list, due);
        due->expired(due);
    }
}

int64_t deadlines_wait_ms(const struct deadlines *list, int64_t now_ms, int64_t limit_ms) {
    if (list->first == NULL || list->first->at_ms - now_ms > limit_ms) return limit_ms;
    return list->first->at_ms <= now_ms ? 0 : list->first->at_ms - now_ms;
}
