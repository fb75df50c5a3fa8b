// What the histories met: a history that never meets a fault proves little. Some things must be met.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sim;
struct judge_record;

const char *coverage_kind(const struct judge_record *judged); // "RAISED"; "" when it is not accepted
void coverage_add(const struct sim *sim);
// False: something of the list was never met, though all of it must be.
bool coverage_print(uint64_t histories, bool all_of_it);
