#include "common/base/decimal.h"

#include <criterion/criterion.h>

TestSuite(decimal);

static void should_parse(const char *text, int64_t expected) {
    int64_t value = -1;
    cr_assert(hy_hundredths_parse(hy_bytes_of(text), INT64_MAX, &value), "%s", text);
    cr_assert_eq(value, expected, "%s", text);
}

static void should_refuse(const char *text, int64_t limit) {
    int64_t value = -1;
    cr_assert_not(hy_hundredths_parse(hy_bytes_of(text), limit, &value), "%s", text);
    cr_assert_eq(value, -1, "outputs stay untouched");
}

static void should_format(int64_t value, const char *expected) {
    char text[24];
    hy_hundredths_format(value, text);
    cr_assert_str_eq(text, expected);
}

Test(decimal, reads_up_to_two_places_exactly) {
    should_parse("1", 100);
    should_parse("1.5", 150);
    should_parse("0.05", 5);
    should_parse("0", 0);
    should_parse("19.99", 1999);
    should_parse("007", 700);
    should_parse("92233720368547758.07", INT64_MAX);
}

Test(decimal, refuses_whatever_is_not_such_a_number) {
    const char *const bad[] = {"",   ".",  "1.",  ".5",   "1.234", "-1", "+1",  "1e3", "1,5",
                               " 1", "1 ", "0x1", "1.5.", "1..5",  "一", "nan", "1.5a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        should_refuse(bad[i], INT64_MAX);
    }
    should_refuse("92233720368547758.08", INT64_MAX);
    should_refuse("99999999999999999999999999", INT64_MAX);
}

Test(decimal, refuses_what_exceeds_the_limit) {
    int64_t value = 0;
    cr_assert(hy_hundredths_parse(hy_bytes_of("10"), 1000, &value));
    cr_assert_eq(value, 1000);
    should_refuse("10.01", 1000);
    should_refuse("11", 1000);
    should_refuse("1001", 1000);
}

Test(decimal, writes_two_places_always) {
    should_format(0, "0.00");
    should_format(5, "0.05");
    should_format(150, "1.50");
    should_format(123456, "1234.56");
    should_format(-5, "-0.05");
    should_format(-12345, "-123.45");
    should_format(INT64_MAX, "92233720368547758.07");
    should_format(INT64_MIN, "-92233720368547758.08");
}

Test(decimal, what_was_written_reads_back) {
    for (int64_t value = 0; value < 100000; value += 7) {
        char text[24];
        int64_t back = -1;
        hy_hundredths_format(value, text);
        cr_assert(hy_hundredths_parse(hy_bytes_of(text), INT64_MAX, &back));
        cr_assert_eq(back, value);
    }
}
