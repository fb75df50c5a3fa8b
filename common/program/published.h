// Program versions as they come out of the topic `program`.
#pragma once

#include "common/program/program.h"

// Takes one message (a ProgramVersion). False when it cannot be read or its file has faults: then nothing
// changes. Documents of other kinds (campaigns) are none of ours: true, and nothing changes.
bool hy_programs_take(struct hy_programs *programs, struct hy_bytes message, hy_zone_loader load_zone);
