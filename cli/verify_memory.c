// Whether the members of a share fit. What a member costs is not reckoned but seen: when the process first
// has more memory than it may, what was folded by then is what fits; and as freed memory is used again, that
// holds for every share.
#include <stdio.h>
#include <unistd.h>

#include "cli/verify.h"

enum {
    RECORDS_A_LOOK = 8192,
    MEMBER_WEIGHT = 8,      // of a member, against that of one of its records
    LEAST_BYTES = 24 << 20, // for members, whatever else takes
    LEAST_WEIGHT = 4096,    // fewer are never split: then it is not they who take the memory
    SHARE_BITS_LIMIT = 16,
};

// Bytes of memory that the process has now; 0: not known.
static uint64_t resident(void) {
    unsigned long long size = 0;
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return 0;
    if (fscanf(file, "%llu %llu", &size, &pages) != 2) pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

// When to stop: comparing with Redis takes some more. What was there before there were members, or was freed
// by the logs before this one, does not shrink by splitting.
static uint64_t allowed(const struct verify *verify) {
    uint64_t most = verify->memory_bytes / 8 * 7;
    uint64_t least = verify->memory_first + LEAST_BYTES;
    if (verify->resident_before > most) most = verify->resident_before;
    return most > least ? most : least;
}

static uint64_t weigh(const struct verify *verify) {
    uint64_t weight = 0;
    for (size_t i = 0; i < verify->count; i++)
        weight += verify->parts[i].members.count * MEMBER_WEIGHT + verify->parts[i].folded;
    return weight;
}

void verify_memory_begin(struct verify *verify) {
    verify->resident_before = resident();
}

bool verify_memory_exceeded(struct verify *verify) {
    uint64_t records = 0;
    for (size_t i = 0; i < verify->count; i++)
        records += verify->parts[i].records;
    if (verify->memory_bytes == 0 || records < verify->weighed + RECORDS_A_LOOK) return false;
    verify->weighed = records;
    uint64_t weight = weigh(verify);
    if (weight < LEAST_WEIGHT || verify->share.bits == SHARE_BITS_LIMIT) return false;
    bool mostly_one = verify->heaviest > weight / 2; // member, whom a smaller share would hold as well
    if (verify->weight_limit != 0) return weight > verify->weight_limit && !mostly_one;
    uint64_t now = resident();
    if (verify->memory_first == 0) verify->memory_first = now;
    if (now <= allowed(verify) || mostly_one) return false;
    verify->weight_limit = weight;
    return true;
}
