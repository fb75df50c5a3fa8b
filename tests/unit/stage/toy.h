// A brain with nothing to do with points: it adds numbers. For the tests of the stage.
//
// An input is the text "MEMBER ID TIME_MS AMOUNT [TO]": AMOUNT is added to MEMBER; negative amounts are
// declined; amount 7 sets a timer one second later, which adds 1000; TO gets half of AMOUNT by an emission.
#pragma once

#include "common/stage/brain.h"

enum { TOY_WINDOW_MS = 1000000, TOY_MESSAGE_LIMIT = 2000 };

struct toy_state {
    int64_t sum;
    int64_t due_ms;
};

struct hy_brain toy_brain(void);
// Reads the toy's log and adds up the same amounts in a log of its own, `tiers`; amounts that end in 3 do not
// interest it, those that end in 8 set a timer in a hundred days. Each record wants an effect, named like its
// input.
struct hy_brain toy_follower(void);
