// Every limit of the table, from both sides.
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

TestSuite(purchase, .init = init, .fini = fini);

static void then_accepted(const Purchase *purchase) {
    struct hy_error error = hy_purchase_check(purchase, &arena);
    cr_assert(error.code == HY_OK, "%s at %s (%s)", hy_code_name(error.code), error.field, error.detail);
}

static void then_refused(const Purchase *purchase, enum hy_code code, const char *field) {
    struct hy_error error = hy_purchase_check(purchase, &arena);
    cr_assert(error.code == code, "%s instead of %s at %s", hy_code_name(error.code), hy_code_name(code),
              field);
    cr_assert_str_eq((char *)error.field, (char *)field);
    cr_assert(error.detail != NULL && *error.detail != '\0');
}

Test(purchase, a_right_one_is_accepted_with_every_field_at_either_end_of_its_range) {
    Purchase *purchase = right_purchase(&arena);
    then_accepted(purchase);
    purchase->purchase_id = letters(&arena, 64);
    purchase->member_id = "a";
    purchase->store_id = "AZaz09-_.:@+=~";
    purchase->channel = HUIYUAN__V1__CHANNEL__PARTNER;
    purchase->occurred_at_ms = 946684800000;
    purchase->currency = "";
    purchase->n_payments = 0;
    purchase->lines[0]->sku = purchase->lines[0]->category = purchase->lines[0]->brand = "";
    purchase->lines[0]->quantity = 0;
    purchase->lines[1]->sku = purchase->lines[1]->category = purchase->lines[1]->brand = letters(&arena, 64);
    purchase->lines[1]->quantity = 1000000;
    purchase->lines[0]->paid_fen = 0;
    purchase->lines[1]->paid_fen = 1000000000;
    then_accepted(purchase);
    purchase->occurred_at_ms = 4102444800000;
    then_accepted(purchase);
}

struct text_case {
    const char *field;
    size_t offset; // in the purchase, or in line 1
    bool of_line, required;
    const char *wrong[4];
};

#define OF_PURCHASE(field) #field, offsetof(Purchase, field), false
#define OF_LINE(field)     "lines[1]." #field, offsetof(Huiyuan__V1__PurchaseLine, field), true

static const struct text_case TEXTS[] = {
    {OF_PURCHASE(purchase_id), true, {"a b", "a/b", "编号", "a\n"}},
    {OF_PURCHASE(member_id), true, {" a", "a{b}", "é", "a\x7f"}},
    {OF_PURCHASE(store_id), true, {"a,b", "\"a\"", "\xff", "a\t"}},
    {OF_PURCHASE(currency), false, {"cny", "CN", "CNYX", "C1Y"}},
    {OF_LINE(line_id), true, {"1 ", "#1", "一", "\x01"}},
    {OF_LINE(sku), false, {"a\nb", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}},
    {OF_LINE(category), false, {"\x1b[31m", "\xe4\xb8", "\x80", "\xc2\x85"}},
    {OF_LINE(brand), false, {"a\x7f", "\xf8\x88\x80\x80\x80", "\xe0\x80\x80", "\xf0\x8f\xbf\xbf"}},
};

static char **text_of(Purchase *purchase, const struct text_case *test) {
    char *base = test->of_line ? (char *)purchase->lines[1] : (char *)purchase;
    return (char **)(void *)(base + test->offset);
}

Test(purchase, texts_of_wrong_form_or_length_are_refused_by_name) {
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        const struct text_case *test = &TEXTS[i];
        for (size_t k = 0; k < 4; k++) {
            Purchase *purchase = right_purchase(&arena);
            *text_of(purchase, test) = (char *)test->wrong[k];
            then_refused(purchase, HY_INVALID_FIELD, test->field);
        }
        Purchase *purchase = right_purchase(&arena);
        *text_of(purchase, test) = letters(&arena, 65);
        then_refused(purchase, HY_INVALID_FIELD, test->field);
    }
}

Test(purchase, only_required_texts_may_not_be_empty) {
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        Purchase *purchase = right_purchase(&arena);
        *text_of(purchase, &TEXTS[i]) = "";
        if (TEXTS[i].required) {
            then_refused(purchase, HY_MISSING_FIELD, TEXTS[i].field);
        } else {
            then_accepted(purchase);
        }
    }
}

Test(purchase, well_formed_utf8_of_every_length_is_a_text) {
    Purchase *purchase = right_purchase(&arena);
    purchase->lines[0]->category =
        "~ é \xc2\xa0 中 \xed\x9f\xbf \xee\x80\x80 \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf";
    then_accepted(purchase);
}

Test(purchase, numbers_outside_their_range_are_refused_by_name) {
    Purchase *purchase = right_purchase(&arena);
    purchase->occurred_at_ms = 946684799999;
    then_refused(purchase, HY_INVALID_FIELD, "occurred_at_ms");
    purchase->occurred_at_ms = 4102444800001;
    then_refused(purchase, HY_INVALID_FIELD, "occurred_at_ms");
    purchase->occurred_at_ms = 0;
    then_refused(purchase, HY_MISSING_FIELD, "occurred_at_ms");
    purchase = right_purchase(&arena);
    purchase->lines[2]->quantity = 1000001;
    then_refused(purchase, HY_INVALID_FIELD, "lines[2].quantity");
    purchase = right_purchase(&arena);
    purchase->lines[1]->paid_fen = -1;
    then_refused(purchase, HY_INVALID_FIELD, "lines[1].paid_fen");
    purchase->lines[1]->paid_fen = INT64_MAX;
    then_refused(purchase, HY_INVALID_FIELD, "lines[1].paid_fen");
    purchase = right_purchase(&arena);
    purchase->payments[1]->amount_fen = INT64_MIN;
    then_refused(purchase, HY_INVALID_FIELD, "payments[1].amount_fen");
}

Test(purchase, choices_that_do_not_exist_are_refused) {
    Purchase *purchase = right_purchase(&arena);
    purchase->channel = HUIYUAN__V1__CHANNEL__CHANNEL_UNSPECIFIED;
    then_refused(purchase, HY_MISSING_FIELD, "channel");
    purchase->channel = (Huiyuan__V1__Channel)6;
    then_refused(purchase, HY_INVALID_FIELD, "channel");
    purchase = right_purchase(&arena);
    purchase->payments[0]->method = (Huiyuan__V1__PaymentMethod)9;
    then_refused(purchase, HY_INVALID_FIELD, "payments[0].method");
    purchase->payments[0]->method = HUIYUAN__V1__PAYMENT_METHOD__PAYMENT_METHOD_UNSPECIFIED;
    then_refused(purchase, HY_MISSING_FIELD, "payments[0].method");
}

// `count` lines that pay nothing, numbered from the end when `backwards`.
static void given_lines(Purchase *purchase, size_t count, bool backwards) {
    Huiyuan__V1__PurchaseLine *template = purchase->lines[2];
    purchase->lines = hy_arena_alloc(&arena, (count + 1) * sizeof(void *));
    purchase->n_lines = count;
    purchase->n_payments = 0;
    for (size_t i = 0; i < count; i++) {
        purchase->lines[i] = hy_arena_alloc(&arena, sizeof *template);
        *purchase->lines[i] = *template;
        purchase->lines[i]->line_id = hy_arena_printf(&arena, "%zu", backwards ? count - i : i + 1);
    }
}

Test(purchase, the_number_of_lines_and_payments_is_bounded) {
    Purchase *purchase = right_purchase(&arena);
    given_lines(purchase, 500, false);
    then_accepted(purchase);
    given_lines(purchase, 501, false);
    then_refused(purchase, HY_INVALID_FIELD, "lines");
    given_lines(purchase, 0, false);
    then_refused(purchase, HY_MISSING_FIELD, "lines");
    purchase = right_purchase(&arena);
    Huiyuan__V1__Payment *many[17];
    for (size_t i = 0; i < 17; i++) {
        many[i] = purchase->payments[1];
    }
    many[16] = purchase->payments[0];
    purchase->payments = many;
    purchase->n_payments = 17;
    then_refused(purchase, HY_INVALID_FIELD, "payments");
}

Test(purchase, a_line_id_stands_once_in_a_purchase_whatever_the_order) {
    for (int backwards = 0; backwards < 2; backwards++) {
        Purchase *purchase = right_purchase(&arena);
        given_lines(purchase, 120, backwards != 0);
        then_accepted(purchase);
        purchase->lines[77]->line_id =
            hy_arena_string(&arena, purchase->lines[9]->line_id, strlen(purchase->lines[9]->line_id));
        then_refused(purchase, HY_INVALID_FIELD, "lines[77].line_id");
    }
}

Test(purchase, a_repeated_line_id_is_found_between_longer_ones) {
    Purchase *purchase = right_purchase(&arena);
    purchase->lines[1]->line_id = "22";
    then_accepted(purchase);
    purchase->lines[2]->line_id = "1";
    then_refused(purchase, HY_INVALID_FIELD, "lines[2].line_id");
}

Test(purchase, lines_together_stay_below_the_limit_of_an_amount) {
    Purchase *purchase = right_purchase(&arena);
    purchase->n_payments = 0;
    purchase->lines[0]->paid_fen = purchase->lines[1]->paid_fen = 500000000;
    then_accepted(purchase);
    purchase->lines[2]->paid_fen = 1;
    then_refused(purchase, HY_INVALID_FIELD, "lines");
}

Test(purchase, payments_add_up_to_the_lines) {
    Purchase *purchase = right_purchase(&arena);
    purchase->payments[0]->amount_fen++;
    then_refused(purchase, HY_AMOUNT_MISMATCH, "payments");
    purchase->payments[1]->amount_fen--;
    then_accepted(purchase);
}

Test(purchase, the_first_fault_in_the_order_of_the_fields_is_the_one_reported) {
    Purchase *purchase = right_purchase(&arena);
    purchase->currency = "?";
    purchase->payments[0]->amount_fen = -1;
    then_refused(purchase, HY_INVALID_FIELD, "payments[0].amount_fen");
    purchase->lines[1]->brand = "\n";
    then_refused(purchase, HY_INVALID_FIELD, "lines[1].brand");
    purchase->member_id = "";
    then_refused(purchase, HY_MISSING_FIELD, "member_id");
}

Test(purchase, gift_cards_and_points_are_no_money) {
    Purchase *purchase = right_purchase(&arena);
    cr_assert_eq(hy_purchase_total_fen(purchase), 17450);
    cr_assert_eq(hy_purchase_money_fen(purchase), 17000);
    purchase->payments[0]->method = HUIYUAN__V1__PAYMENT_METHOD__POINTS_PAID;
    cr_assert_eq(hy_purchase_money_fen(purchase), 0);
    for (int method = 1; method <= 8; method++) {
        purchase->payments[0]->method = (Huiyuan__V1__PaymentMethod)method;
        int64_t money = method == HUIYUAN__V1__PAYMENT_METHOD__GIFT_CARD ||
                                method == HUIYUAN__V1__PAYMENT_METHOD__POINTS_PAID
                            ? 0
                            : 17000;
        cr_assert_eq(hy_purchase_money_fen(purchase), money);
    }
    purchase->n_payments = 0;
    cr_assert_eq(hy_purchase_money_fen(purchase), 17450);
}

Test(purchase, lengths_are_those_of_the_texts) {
    Purchase *purchase = right_purchase(&arena);
    struct hy_purchase_lengths lengths = hy_purchase_lengths(purchase, &arena);
    cr_assert_eq(lengths.store_id, strlen(purchase->store_id));
    for (size_t i = 0; i < purchase->n_lines; i++) {
        cr_assert_eq(lengths.lines[i].line_id, strlen(purchase->lines[i]->line_id));
        cr_assert_eq(lengths.lines[i].category, strlen(purchase->lines[i]->category));
        cr_assert_eq(lengths.lines[i].brand, strlen(purchase->lines[i]->brand));
    }
}
