#include "bench/shopping.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "services/accrual/accrual.h"

#define FIRST_EVENT_MS INT64_C(1488326400000) // 2017-03-01 08:00 in Shanghai
#define EVENT_STEP_MS  500                    // 10 million purchases: 58 days, all within the window

enum { NEVER_REPEATED = 1000, REPEATED_WITHIN = 1000 };

enum purpose { FOR_CONTENT, FOR_DUPLICATES }; // each its own stream

// About as often as in the real baskets of the demo: most lines have no rule of their own.
static const char *const categories[] = {
    "GROCERY",   "GROCERY",   "GROCERY", "GROCERY", "GROCERY",    "GROCERY",   "DRUG GM",
    "DRUG GM",   "PRODUCE",   "PRODUCE", "MEAT",    "MEAT-PCKGD", "DELI",      "PASTRY",
    "NUTRITION", "COSMETICS", "SEAFOOD", "FUEL",    "SPIRITS",    "SALAD BAR",
};
static const char *const line_ids[BASKET_LINES_LIMIT] = {"1", "2", "3", "4", "5"};
static const uint8_t line_counts[] = {1, 2, 2, 3, 3, 3, 3, 4, 4, 5}; // 3 on average

static char *borrow(const char *text) {
    return (char *)(uintptr_t)text;
}

static struct dice dice_for(const struct shopping *shopping, uint64_t number, enum purpose purpose) {
    return (struct dice){dice_mix(shopping->seed * 2 + purpose) ^ dice_mix(number)};
}

void shopping_prepare(struct shopping *shopping) {
    shopping->sampler = sampler_new(shopping->members, shopping->zipf);
}

bool shopping_is_duplicate(const struct shopping *shopping, uint64_t number) {
    struct dice dice = dice_for(shopping, number, FOR_DUPLICATES);
    return number >= NEVER_REPEATED && dice_below(&dice, 1000) < shopping->duplicates_per_mille;
}

// A duplicate repeats a purchase of a moment ago, as a till does that got no answer.
uint64_t shopping_original(const struct shopping *shopping, uint64_t number) {
    struct dice dice = dice_for(shopping, number, FOR_DUPLICATES);
    dice_roll(&dice); // told whether it is one
    uint64_t original = number - 1 - dice_below(&dice, REPEATED_WITHIN - 1);
    while (shopping_is_duplicate(shopping, original))
        original--;
    return original;
}

// "m0000042": printf would be dearer than all the rest.
static void put_number(char *out, char letter, uint64_t number, int digits) {
    out[0] = letter;
    for (int i = digits; i > 0; i--, number /= 10)
        out[i] = (char)('0' + number % 10);
    out[digits + 1] = '\0';
}

void shopping_member_id(uint32_t member, char ret_id[BASKET_TEXT_BYTES]) {
    put_number(ret_id, 'm', member, 8);
}

static int64_t fill_lines(struct basket *basket, struct dice *dice) {
    Huiyuan__V1__Purchase *purchase = &basket->purchase;
    int64_t total_fen = 0;
    purchase->n_lines = line_counts[dice_below(dice, sizeof line_counts)];
    purchase->lines = basket->line_list;
    for (size_t i = 0; i < purchase->n_lines; i++) {
        Huiyuan__V1__PurchaseLine *line = &basket->lines[i];
        huiyuan__v1__purchase_line__init(line);
        put_number(basket->skus[i], '8', dice_below(dice, 1000000), 7);
        line->line_id = borrow(line_ids[i]);
        line->sku = basket->skus[i];
        line->category = borrow(categories[dice_below(dice, sizeof categories / sizeof categories[0])]);
        line->brand = borrow(dice_below(dice, 4) == 0 ? "Private" : "National");
        line->quantity = 1 + dice_below(dice, 3);
        line->paid_fen = 99 + dice_below(dice, 4900);
        total_fen += line->paid_fen;
        basket->line_list[i] = line;
    }
    return total_fen;
}

// One in two names its payments; a few pay a part with a gift card, which earns nothing.
static void fill_payments(struct basket *basket, struct dice *dice, int64_t total_fen) {
    Huiyuan__V1__Purchase *purchase = &basket->purchase;
    uint32_t kind = dice_below(dice, 20);
    int64_t gift_fen = kind == 0 ? total_fen / 3 : 0;
    purchase->payments = basket->payment_list;
    purchase->n_payments = kind < 10 ? 1 + (kind == 0) : 0;
    for (size_t i = 0; i < purchase->n_payments; i++) {
        huiyuan__v1__payment__init(&basket->payments[i]);
        basket->payment_list[i] = &basket->payments[i];
    }
    if (purchase->n_payments > 0) {
        basket->payments[0].method = HUIYUAN__V1__PAYMENT_METHOD__WECHAT;
        basket->payments[0].amount_fen = total_fen - gift_fen;
    }
    if (purchase->n_payments > 1) {
        basket->payments[1].method = HUIYUAN__V1__PAYMENT_METHOD__GIFT_CARD;
        basket->payments[1].amount_fen = gift_fen;
    }
}

void shopping_make(const struct shopping *shopping, uint64_t number, struct basket *ret_basket) {
    struct basket *basket = ret_basket;
    basket->duplicate = shopping_is_duplicate(shopping, number);
    basket->number = basket->duplicate ? shopping_original(shopping, number) : number;
    struct dice dice = dice_for(shopping, basket->number, FOR_CONTENT);
    basket->member = basket->number < shopping->in_turn ? 1 + (uint32_t)(basket->number % shopping->members)
                                                        : sampler_pick(&shopping->sampler, &dice);
    shopping_member_id(shopping->member_base + basket->member, basket->member_id);
    basket->partition = hy_partition_of(hy_bytes_of(basket->member_id), shopping->partitions);
    put_number(basket->purchase_id, 'p', basket->number, 11);
    put_number(basket->store_id, '3', dice_below(&dice, 100), 2);
    huiyuan__v1__purchase__init(&basket->purchase);
    basket->purchase.purchase_id = basket->purchase_id;
    basket->purchase.member_id = basket->member_id;
    basket->purchase.store_id = basket->store_id;
    basket->purchase.channel = (Huiyuan__V1__Channel)(1 + dice_below(&dice, 5));
    basket->purchase.occurred_at_ms = FIRST_EVENT_MS + (int64_t)basket->number * EVENT_STEP_MS;
    int64_t total_fen = fill_lines(basket, &dice);
    fill_payments(basket, &dice, total_fen);
}

struct hy_bytes basket_encode(const struct basket *basket, struct hy_arena *arena) {
    Huiyuan__V1__StoreEvent event = HUIYUAN__V1__STORE_EVENT__INIT;
    event.event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
    event.purchase = (Huiyuan__V1__Purchase *)(uintptr_t)&basket->purchase;
    uint8_t *bytes = hy_arena_alloc(arena, huiyuan__v1__store_event__get_packed_size(&event));
    return hy_bytes(bytes, huiyuan__v1__store_event__pack(&event, bytes));
}

static const char *channel_name(Huiyuan__V1__Channel channel) {
    return protobuf_c_enum_descriptor_get_value(&huiyuan__v1__channel__descriptor, (int)channel)->name;
}

static const char *method_name(Huiyuan__V1__PaymentMethod method) {
    return protobuf_c_enum_descriptor_get_value(&huiyuan__v1__payment_method__descriptor, (int)method)->name;
}

struct hy_bytes basket_json(const struct basket *basket, struct hy_arena *arena) {
    const Huiyuan__V1__Purchase *purchase = &basket->purchase;
    struct hy_buffer out;
    hy_buffer_init(&out, (size_t)64 * 1024);
    hy_buffer_printf(&out,
                     "{\"purchase_id\":\"%s\",\"member_id\":\"%s\",\"store_id\":\"%s\",\"channel\":\"%s\","
                     "\"occurred_at_ms\":%" PRId64 ",\"lines\":[",
                     purchase->purchase_id, purchase->member_id, purchase->store_id,
                     channel_name(purchase->channel), purchase->occurred_at_ms);
    for (size_t i = 0; i < purchase->n_lines; i++) {
        const Huiyuan__V1__PurchaseLine *line = purchase->lines[i];
        hy_buffer_printf(&out,
                         "%s{\"line_id\":\"%s\",\"sku\":\"%s\",\"category\":\"%s\",\"brand\":\"%s\","
                         "\"quantity\":%" PRIu32 ",\"paid_fen\":%" PRId64 "}",
                         i > 0 ? "," : "", line->line_id, line->sku, line->category, line->brand,
                         line->quantity, line->paid_fen);
    }
    hy_buffer_printf(&out, "],\"payments\":[");
    for (size_t i = 0; i < purchase->n_payments; i++)
        hy_buffer_printf(&out, "%s{\"method\":\"%s\",\"amount_fen\":%" PRId64 "}", i > 0 ? "," : "",
                         method_name(purchase->payments[i]->method), purchase->payments[i]->amount_fen);
    hy_buffer_printf(&out, "]}");
    struct hy_bytes json = hy_arena_bytes(arena, hy_buffer_bytes(&out));
    hy_buffer_free(&out);
    return json;
}

void account_add(struct account *account, struct hy_bytes purchase_id, int64_t points) {
    account->points += points;
    account->ids += hy_hash64(purchase_id);
    account->purchases++;
}

struct account *shopping_accounts(const struct shopping *shopping, const struct hy_program *program) {
    struct account *accounts = hy_calloc((size_t)shopping->members + 1, sizeof *accounts);
    struct hy_arena arena;
    hy_arena_init(&arena);
    struct basket basket;
    for (uint64_t i = 0; i < shopping->first + shopping->count; i++) {
        if (shopping_is_duplicate(shopping, i)) continue;
        shopping_make(shopping, i, &basket);
        hy_arena_reset(&arena);
        account_add(&accounts[basket.member], hy_bytes_of(basket.purchase_id),
                    earn_points(program, 0, &basket.purchase, &arena)->points);
    }
    hy_arena_free(&arena);
    return accounts;
}
