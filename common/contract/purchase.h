// A purchase as the contract wants it: checks, the hash of its meaning, JSON.
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "proto/purchases.pb-c.h"

// Every limit of the table, in the order of the fields; the first fault is reported, its field path made in
// `arena`
// ("lines[2].paid_fen"), `detail` saying what would be right. Does not look at the clock.
struct hy_error hy_purchase_check(const Huiyuan__V1__Purchase *purchase, struct hy_arena *arena);

// Of the meaning: equal for equal purchases whatever encoder, order of fields or unknown fields: the hash of
// the canonical encoding (fields in order, no defaults, nothing unknown). An empty currency is CNY.
uint64_t hy_purchase_hash(const Huiyuan__V1__Purchase *purchase, struct hy_arena *arena);

// How long the texts of a purchase are that points are made with, in bytes: told by whoever reads it, so that
// nobody looks for their ends again.
struct hy_purchase_lengths {
    size_t store_id;
    struct hy_line_lengths {
        uint32_t line_id, category, brand;
    } * lines;
};
// By looking for their ends; in the arena.
struct hy_purchase_lengths hy_purchase_lengths(const Huiyuan__V1__Purchase *purchase, struct hy_arena *arena);

int64_t hy_purchase_total_fen(const Huiyuan__V1__Purchase *purchase);
// What was paid with money: all of it when no payments are named; gift cards and points do not count.
int64_t hy_purchase_money_fen(const Huiyuan__V1__Purchase *purchase);

// One JSON object with the contract's field names; enums by name; occurred_at_ms as an integer, or
// occurred_at as RFC 3339 text with offset. Unknown fields are an error. The purchase lives in the arena. Not
// yet checked against the limits.
struct hy_error hy_purchase_from_json(struct hy_bytes json, struct hy_arena *arena,
                                      Huiyuan__V1__Purchase **ret_purchase);
