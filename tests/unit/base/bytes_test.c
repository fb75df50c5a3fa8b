#include "common/base/bytes.h"

#include <criterion/criterion.h>

TestSuite(bytes);

static void should_hold(const struct hy_buffer *buffer, const char *text) {
    cr_assert(hy_bytes_equal(hy_buffer_bytes(buffer), hy_bytes_of(text)), "%.*s", (int)buffer->length,
              buffer->data);
}

Test(bytes, equal_means_same_length_and_content) {
    cr_assert(hy_bytes_equal(hy_bytes_of("abc"), hy_bytes_of("abc")));
    cr_assert_not(hy_bytes_equal(hy_bytes_of("abc"), hy_bytes_of("abd")));
    cr_assert_not(hy_bytes_equal(hy_bytes_of("abc"), hy_bytes_of("ab")));
    cr_assert(hy_bytes_equal(hy_bytes(NULL, 0), hy_bytes_of("")));
}

Test(bytes, a_buffer_grows_and_keeps_what_it_holds) {
    struct hy_buffer buffer;
    hy_buffer_init(&buffer, 1 << 20);
    for (int i = 0; i < 10000; i++) {
        hy_buffer_printf(&buffer, "%06d,", i);
    }
    cr_assert_not(buffer.failed);
    cr_assert_eq(buffer.length, 70000);
    cr_assert_arr_eq(buffer.data, "000000,000001,", 14);
    cr_assert_arr_eq(buffer.data + 69993, "009999,", 7);
    hy_buffer_free(&buffer);
}

Test(bytes, a_buffer_fills_to_the_ceiling_exactly) {
    struct hy_buffer buffer;
    hy_buffer_init(&buffer, 1000);
    for (int i = 0; i < 100; i++) {
        hy_buffer_add(&buffer, "0123456789", 10);
    }
    cr_assert_not(buffer.failed);
    cr_assert_eq(buffer.length, 1000);
    hy_buffer_add(&buffer, "x", 1);
    cr_assert(buffer.failed);
    cr_assert_eq(buffer.length, 1000);
    hy_buffer_free(&buffer);
}

Test(bytes, printf_fills_to_the_ceiling_exactly) {
    struct hy_buffer buffer;
    hy_buffer_init(&buffer, 5);
    hy_buffer_printf(&buffer, "%s", "12345");
    cr_assert_not(buffer.failed);
    should_hold(&buffer, "12345");
    hy_buffer_free(&buffer);
}

Test(bytes, a_write_beyond_the_ceiling_changes_nothing_else_and_is_remembered) {
    struct hy_buffer buffer;
    hy_buffer_init(&buffer, 8);
    hy_buffer_add(&buffer, "abc", 3);
    hy_buffer_printf(&buffer, "%s", "too long");
    cr_assert(buffer.failed);
    should_hold(&buffer, "abc");
    hy_buffer_add(&buffer, "d", 1); // would fit, but the text would have a hole
    should_hold(&buffer, "abc");
    cr_assert_null(hy_buffer_extend(&buffer, SIZE_MAX));
    hy_buffer_free(&buffer);
}

Test(bytes, clearing_forgets_the_failure_and_keeps_the_memory) {
    struct hy_buffer buffer;
    hy_buffer_init(&buffer, 4);
    hy_buffer_add(&buffer, "abcd", 4);
    hy_buffer_add(&buffer, "e", 1);
    const uint8_t *memory = buffer.data;
    hy_buffer_clear(&buffer);
    cr_assert_not(buffer.failed);
    hy_buffer_add(&buffer, "wxyz", 4);
    cr_assert_eq(buffer.data, memory);
    should_hold(&buffer, "wxyz");
    hy_buffer_free(&buffer);
}

Test(bytes, extend_gives_room_that_is_counted_in) {
    struct hy_buffer buffer;
    hy_buffer_init(&buffer, 1 << 20);
    hy_buffer_add(&buffer, "ab", 2);
    memcpy(hy_buffer_extend(&buffer, 300), (char[300]){"cd"}, 300);
    cr_assert_eq(buffer.length, 302);
    cr_assert_arr_eq(buffer.data, "abcd", 4);
    hy_buffer_free(&buffer);
}

Test(bytes, long_texts_are_written_whole) {
    struct hy_buffer buffer;
    hy_buffer_init(&buffer, 1 << 20);
    for (int length = 250; length < 262; length++) {
        hy_buffer_clear(&buffer);
        hy_buffer_printf(&buffer, "%0*d", length, 7);
        cr_assert_eq(buffer.length, (size_t)length);
        cr_assert_eq(buffer.data[length - 1], '7');
    }
    hy_buffer_free(&buffer);
}
