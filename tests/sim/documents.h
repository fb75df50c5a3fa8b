// The documents of the topic `program`, as numbers that the judge calculates with, and as the files that the
// services read.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

enum { DOCUMENTS_LIMIT = 32, DOCUMENT_TIERS = 4 };

enum document_kind { DOCUMENT_PROGRAM, DOCUMENT_BIRTHDAY, DOCUMENT_MEMBER_DAY };

struct document {
    enum document_kind kind;
    unsigned version;
    int64_t from_ms, published_ms;
    // Of a program.
    int base, multiplier[DOCUMENT_TIERS]; // hundredths
    int growth_above[DOCUMENT_TIERS];     // of the first: nothing
    int lapse_months;                     // 0: no such rule
    // Of a campaign.
    int control_share; // per cent
    int days_before, budget, valid_days;
    bool upper_tiers; // only members above the first tier
    int day, factor;  // of a member day; hundredths
    int hour;
};

struct sim_documents {
    struct document items[DOCUMENTS_LIMIT];
    size_t count; // published so far, in the order of the topic
};

extern const char *const document_tiers[DOCUMENT_TIERS];
extern const char *const document_names[]; // by kind: of the program, of the campaigns

// ProgramVersion as bytes, in the arena.
struct hy_bytes document_message(const struct document *document, int64_t published_at_ms,
                                 const char **ret_key, struct hy_arena *arena);
// Of the first `known` documents, the program that counts at that time; NULL: none.
const struct document *documents_program(const struct sim_documents *documents, size_t known,
                                         int64_t time_ms);
// Likewise the version of a campaign.
const struct document *documents_campaign(const struct sim_documents *documents, size_t known,
                                          enum document_kind kind, int64_t time_ms);
