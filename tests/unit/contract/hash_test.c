// The hash of a purchase is of its meaning.
#include <criterion/criterion.h>

#include "tests/unit/contract/fixture.h"

typedef Huiyuan__V1__Purchase Purchase;

static struct hy_arena arena;

static void init(void) {
    hy_arena_init(&arena);
}

static void fini(void) {
    hy_arena_free(&arena);
}

TestSuite(purchase_hash, .init = init, .fini = fini);

// Values computed by other code: Python's protobuf and `xxhsum -H3`.
Test(purchase_hash, means_the_same_for_ever) {
    cr_assert_eq(hy_purchase_hash(right_purchase(&arena), &arena), UINT64_C(0x1974310a24309c95));
    Purchase empty = HUIYUAN__V1__PURCHASE__INIT;
    cr_assert_eq(hy_purchase_hash(&empty, &arena), UINT64_C(0x2d06800538d394c2));
}

Test(purchase_hash, an_empty_currency_is_yuan) {
    Purchase *purchase = right_purchase(&arena);
    uint64_t hash = hy_purchase_hash(purchase, &arena);
    purchase->currency = "";
    cr_assert_eq(hy_purchase_hash(purchase, &arena), hash);
    purchase->currency = "HKD";
    cr_assert_neq(hy_purchase_hash(purchase, &arena), hash);
}

Test(purchase_hash, is_the_same_through_the_wire) {
    Purchase *purchase = right_purchase(&arena);
    cr_assert_eq(hy_purchase_hash(through_the_wire(purchase, &arena), &arena),
                 hy_purchase_hash(purchase, &arena));
}

// A part of an encoded message: one field with its tag.
struct part {
    const uint8_t *start;
    size_t length;
};

static size_t take_varint(const uint8_t *at, uint64_t *ret_value) {
    size_t length = 0;
    *ret_value = 0;
    do {
        *ret_value |= (uint64_t)(at[length] & 0x7f) << (7 * length);
    } while ((at[length++] & 0x80) != 0);
    return length;
}

static size_t cut_into_parts(const uint8_t *bytes, size_t length, struct part *parts) {
    size_t count = 0;
    for (size_t at = 0; at < length; count++) {
        uint64_t tag;
        uint64_t value;
        size_t part = take_varint(bytes + at, &tag);
        part += take_varint(bytes + at + part, &value);
        if ((tag & 7) == 2) part += value;
        parts[count] = (struct part){bytes + at, part};
        at += part;
    }
    return count;
}

Test(purchase_hash, does_not_see_the_order_of_fields_nor_fields_that_it_does_not_know) {
    Purchase *purchase = right_purchase(&arena);
    uint64_t hash = hy_purchase_hash(purchase, &arena);
    uint8_t bytes[1024];
    size_t length = huiyuan__v1__purchase__pack(purchase, bytes);
    struct part parts[32];
    size_t count = cut_into_parts(bytes, length, parts);
    // Fields from the middle on first (lines and payments keep their own order), then one that does not exist
    // yet.
    for (size_t cut = 0; cut < count; cut++) {
        bool splits_a_list = cut > 0 && parts[cut].start[0] == parts[cut - 1].start[0];
        if (splits_a_list) continue;
        uint8_t other[1100];
        size_t at = 0;
        for (size_t i = 0; i < count; i++) {
            const struct part *part = &parts[(i + cut) % count];
            memcpy(other + at, part->start, part->length);
            at += part->length;
        }
        static const uint8_t NEW_FIELD[] = {0x9a, 0x06, 3, 'n', 'e', 'w'}; // number 99
        memcpy(other + at, NEW_FIELD, sizeof NEW_FIELD);
        Purchase *again = huiyuan__v1__purchase__unpack(&arena.protobuf, at + sizeof NEW_FIELD, other);
        cr_assert_neq(again, NULL);
        cr_assert_eq(again->base.n_unknown_fields, 1);
        cr_assert_eq(hy_purchase_hash(again, &arena), hash);
    }
}

// All that one change of one field makes of the right purchase.
static void spoil(Purchase *purchase, int change) {
    Huiyuan__V1__PurchaseLine *line = purchase->lines[1];
    switch (change) {
    case 0: purchase->purchase_id = "sh-001-20261122-0008"; break;
    case 1: purchase->member_id = "m-1000043"; break;
    case 2: purchase->store_id = "sh-002"; break;
    case 3: purchase->channel = HUIYUAN__V1__CHANNEL__APP; break;
    case 4: purchase->occurred_at_ms++; break;
    case 5: line->line_id = "2a"; break;
    case 6: line->sku = ""; break;
    case 7: line->category = "COSMETIC"; break;
    case 8: line->brand = "百雀"; break;
    case 9: line->quantity++; break;
    case 10: line->paid_fen++; break;
    case 11: purchase->payments[1]->method = HUIYUAN__V1__PAYMENT_METHOD__CASH; break;
    case 12: purchase->payments[1]->amount_fen--; break;
    case 13: purchase->currency = "USD"; break;
    case 14: purchase->n_lines--; break;
    case 15: purchase->n_payments--; break;
    case 16: purchase->n_payments = 0; break;
    case 17:
        purchase->lines[1] = purchase->lines[0];
        purchase->lines[0] = line;
        break;
    case 18:
        line->sku = line->category;
        line->category = "6901234567892";
        break;
    // The same letters, cut elsewhere.
    case 19:
        purchase->member_id = "m-1000042s";
        purchase->store_id = "h-001";
        break;
    default: break;
    }
}

enum { CHANGES = 20 };

Test(purchase_hash, every_single_change_gives_another) {
    uint64_t hashes[CHANGES + 1];
    for (int i = 0; i <= CHANGES; i++) {
        Purchase *purchase = right_purchase(&arena);
        spoil(purchase, i);
        hashes[i] = hy_purchase_hash(purchase, &arena);
        for (int k = 0; k < i; k++) {
            cr_assert(hashes[k] != hashes[i], "changes %d and %d give the same hash", k, i);
        }
    }
}

Test(purchase_hash, texts_longer_than_the_contract_allows_are_hashed_too) {
    Purchase *purchase = right_purchase(&arena);
    purchase->lines[0]->brand = letters(&arena, 100000);
    uint64_t hash = hy_purchase_hash(purchase, &arena);
    purchase->lines[0]->brand = letters(&arena, 100001);
    cr_assert_neq(hy_purchase_hash(purchase, &arena), hash);
}
