// The table itself, and the page that is made from it.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/contract/limit_check.h"
#include "tests/unit/contract/fixture.h"

static const ProtobufCMessageDescriptor *const MESSAGES[] = {
    &huiyuan__v1__purchase__descriptor,
    &huiyuan__v1__purchase_line__descriptor,
    &huiyuan__v1__payment__descriptor,
};

Test(limits, every_field_of_a_purchase_has_its_row) {
    size_t fields = 0;
    for (size_t i = 0; i < 3; i++) {
        for (unsigned k = 0; k < MESSAGES[i]->n_fields; k++, fields++) {
            const char *name = MESSAGES[i]->fields[k].name;
            cr_assert(hy_limit_find(MESSAGES[i]->short_name, name) != NULL, "%s.%s", MESSAGES[i]->short_name,
                      name);
        }
    }
    size_t rows = 0;
    for (size_t i = 0; i < hy_limit_count; i++) {
        const char *message = hy_limits[i].message;
        for (size_t k = 0; k < 3; k++)
            rows += strcmp(message, MESSAGES[k]->short_name) == 0;
    }
    cr_assert_eq(fields, rows);
    cr_assert_eq(hy_limit_count, HY_LIMIT_COUNT);
    cr_assert_eq((void *)hy_limit_find("Purchase", "line_id"), NULL);
}

static void then_choices_are(enum hy_limit_row row, const ProtobufCEnumDescriptor *values) {
    const struct hy_limit *limit = &hy_limits[row];
    for (unsigned i = 1; i < values->n_values; i++) {
        cr_assert_eq(values->values[i].value, (int32_t)i);
        cr_assert_str_eq((char *)limit->choices[i - 1], (char *)values->values[i].name);
    }
    cr_assert_eq((void *)limit->choices[values->n_values - 1], NULL);
    cr_assert_eq(limit->max, (int64_t)values->n_values - 1);
}

Test(limits, choices_are_those_of_the_messages) {
    then_choices_are(HY_LIMIT_CHANNEL, &huiyuan__v1__channel__descriptor);
    then_choices_are(HY_LIMIT_METHOD, &huiyuan__v1__payment_method__descriptor);
}

// Chinese begins with E3 … E9 in UTF-8.
static bool has_chinese(const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p >= 0xE3 && *p <= 0xE9) return true;
    }
    return false;
}

Test(limits, what_would_be_right_is_said_in_both_languages) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    for (size_t i = 0; i < hy_limit_count; i++) {
        const struct hy_limit *limit = &hy_limits[i];
        cr_assert_eq(limit->form == NULL, limit->form_zh == NULL, "%s", limit->field);
        cr_assert(limit->form_zh == NULL || has_chinese(limit->form_zh), "%s", limit->field);
        if (limit->type != HY_FIELD_INTEGER)
            cr_assert(has_chinese(hy_limit_right_values(limit, &arena)), "%s", limit->field);
    }
    hy_arena_free(&arena);
}

Test(limits, the_page_docs_contract_is_what_the_table_prints) {
    struct hy_buffer printed;
    hy_buffer_init(&printed, (size_t)1 << 20);
    hy_limits_print(&printed);
    FILE *page = fopen("docs/contract.md", "r");
    cr_assert(page != NULL, "docs/contract.md is missing");
    char *committed = calloc(1, printed.length + 2);
    size_t committed_length = fread(committed, 1, printed.length + 1, page);
    fclose(page);
    cr_assert(hy_bytes_equal(hy_bytes(committed, committed_length), hy_buffer_bytes(&printed)),
              "run: contract-docs > docs/contract.md");
    free(committed);
    hy_buffer_free(&printed);
}
