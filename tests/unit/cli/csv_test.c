// CSV as RFC 4180 has it, and what is not.
#include <criterion/criterion.h>
#include <stdio.h>

#include "cli/csv.h"
#include "common/base/memory.h"

static struct csv_row row;
static uint8_t text[CSV_RECORD_LIMIT_BYTES + 64];
static size_t length;

static enum csv_result parse(const char *csv) {
    length = strlen(csv);
    memcpy(text, csv, length);
    return csv_parse(text, length, &row);
}

static void then_fields(const char *joined) {
    char got[512] = "";
    for (size_t i = 0; i < row.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "[%.*s]", (int)row.fields[i].length,
                 (const char *)row.fields[i].data);
    cr_assert_str_eq(got, joined);
}

Test(csv, fields_end_at_commas_and_rows_at_either_line_end) {
    cr_assert_eq(parse("a,b,c\nd"), CSV_ROW);
    then_fields("[a][b][c]");
    cr_assert_eq(row.used, 6);
    cr_assert_eq(row.lines, 1);
    cr_assert_eq(parse("a,,\r\nd"), CSV_ROW);
    then_fields("[a][][]");
    cr_assert_eq(row.used, 5);
    cr_assert_eq(parse("last,row"), CSV_ROW);
    then_fields("[last][row]");
    cr_assert_eq(row.lines, 0);
    cr_assert_eq(parse(""), CSV_END);
}

Test(csv, quotes_hold_commas_line_breaks_and_doubled_quotes) {
    cr_assert_eq(parse("\"a,b\",\"say \"\"yes\"\"\",\"two\r\nlines\",\"\"\nnext"), CSV_ROW);
    then_fields("[a,b][say \"yes\"][two\r\nlines][]");
    cr_assert_eq(row.lines, 2);
}

Test(csv, a_quote_in_the_middle_of_a_plain_field_and_a_lone_return_are_text) {
    cr_assert_eq(parse("12\" pipe,a\rb\n"), CSV_ROW);
    then_fields("[12\" pipe][a\rb]");
}

Test(csv, what_is_wrong_is_told_and_reading_goes_on_behind_its_first_line) {
    static const char *const wrong[] = {"\"a\"b,c\nnext", "\"never closed\nnext"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert_eq(parse(wrong[i]), CSV_BAD);
        cr_assert(row.fault != NULL);
        cr_assert_eq(row.used, length - strlen("next"));
        cr_assert_eq(row.lines, 1);
    }
    static const uint8_t zero[] = {'a', ',', 0, 'b', '\n', 'n', 'e', 'x', 't'};
    memcpy(text, zero, sizeof zero);
    cr_assert_eq(csv_parse(text, sizeof zero, &row), CSV_BAD);
    cr_assert_eq(row.used, 5);
}

Test(csv, columns_and_bytes_of_a_row_are_bounded) {
    char wide[CSV_FIELDS_LIMIT + 2];
    memset(wide, ',', CSV_FIELDS_LIMIT);
    memcpy(wide + CSV_FIELDS_LIMIT, "\n", 2);
    cr_assert_eq(parse(wide), CSV_BAD);
    cr_assert_eq(parse(wide + 1), CSV_ROW);
    cr_assert_eq(row.count, CSV_FIELDS_LIMIT);
    memset(text, 'x', sizeof text);
    cr_assert_eq(csv_parse(text, sizeof text, &row), CSV_BAD);
    text[0] = '"';
    cr_assert_eq(csv_parse(text, sizeof text, &row), CSV_BAD);
}

Test(csv, what_is_written_is_read_again) {
    static const char *const fields[] = {"plain", "a,b", "say \"yes\"", "two\nlines", ""};
    struct hy_buffer out;
    hy_buffer_init(&out, 4096);
    for (size_t i = 0; i < 5; i++) {
        if (i > 0) hy_buffer_add(&out, ",", 1);
        csv_add(&out, fields[i]);
    }
    cr_assert_eq(csv_parse(out.data, out.length, &row), CSV_ROW);
    for (size_t i = 0; i < 5; i++)
        cr_assert(hy_bytes_equal(row.fields[i], hy_bytes_of(fields[i])));
}
