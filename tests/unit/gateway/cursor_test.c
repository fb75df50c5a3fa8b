#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "services/gateway/cursor.h"

Test(cursor, gives_back_the_number_it_was_made_of) {
    const uint64_t numbers[] = {1, 2, 63, 64, 255, 256, 1000000, UINT64_C(1) << 60, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char text[CURSOR_BYTES];
        cursor_make("M1", numbers[i], text);
        uint64_t before = 0;
        cr_assert(cursor_parse("M1", text, &before));
        cr_assert_eq(before, numbers[i]);
    }
}

Test(cursor, of_another_member_is_refused) {
    char text[CURSOR_BYTES];
    cursor_make("M1", 17, text);
    uint64_t before = 99;
    cr_assert_not(cursor_parse("M2", text, &before));
    cr_assert_not(cursor_parse("M", text, &before));
    cr_assert_eq(before, 99);
}

Test(cursor, with_any_character_changed_is_refused) {
    char text[CURSOR_BYTES];
    cursor_make("M1", 17, text);
    for (size_t i = 0; i < CURSOR_BYTES - 1; i++) {
        const char *others = "AB_-=.x\x80";
        for (const char *other = others; *other != '\0'; other++) {
            char changed[CURSOR_BYTES];
            memcpy(changed, text, sizeof changed);
            if (changed[i] == *other) continue;
            changed[i] = *other;
            uint64_t before;
            cr_assert_not(cursor_parse("M1", changed, &before), "place %zu, '%c'", i, *other);
        }
    }
}

Test(cursor, of_another_length_is_refused) {
    char text[CURSOR_BYTES + 1];
    uint64_t before;
    cursor_make("M1", 17, text);
    text[CURSOR_BYTES - 1] = 'A';
    text[CURSOR_BYTES] = '\0';
    cr_assert_not(cursor_parse("M1", text, &before));
    text[CURSOR_BYTES - 2] = '\0';
    cr_assert_not(cursor_parse("M1", text, &before));
    cr_assert_not(cursor_parse("M1", "", &before));
}
