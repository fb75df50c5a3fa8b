#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/campaign_file/given.h"

static const char ALPHABET[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const uint8_t SECRET[HY_COUPON_SECRET_BYTES] = {1, 2, 3};
static const uint8_t OTHER[HY_COUPON_SECRET_BYTES] = {1, 2, 4};

Test(coupon_codes, a_code_follows_from_secret_member_campaign_and_occasion) {
    char code[HY_COUPON_CODE_BYTES];
    char again[HY_COUPON_CODE_BYTES];
    hy_coupon_code_make(code, SECRET, "m1", "birthday", "2026");
    hy_coupon_code_make(again, SECRET, "m1", "birthday", "2026");
    cr_assert_str_eq(code, again);
    cr_assert_eq(strlen(code), 12);
    cr_assert_eq(strspn(code, ALPHABET), 12);
    static const char *const OTHERS[][3] = {{"m2", "birthday", "2026"},
                                            {"m1", "birthdays", "2026"},
                                            {"m1", "birthday", "2027"},
                                            {"m1b", "irthday", "2026"}};
    for (size_t i = 0; i < 4; i++) {
        hy_coupon_code_make(again, SECRET, OTHERS[i][0], OTHERS[i][1], OTHERS[i][2]);
        cr_assert_str_neq(code, again);
    }
    hy_coupon_code_make(again, OTHER, "m1", "birthday", "2026");
    cr_assert_str_neq(code, again);
}

Test(coupon_codes, every_wrong_character_shows) {
    char code[HY_COUPON_CODE_BYTES];
    hy_coupon_code_make(code, SECRET, "m1", "birthday", "2026");
    cr_assert(hy_coupon_code_good(code));
    for (int i = 0; i < 12; i++) {
        char right = code[i];
        for (const char *wrong = ALPHABET; *wrong != '\0'; wrong++) {
            code[i] = *wrong;
            cr_assert_eq(hy_coupon_code_good(code), *wrong == right);
        }
        code[i] = right;
    }
}

Test(coupon_codes, what_is_no_code_is_not_good) {
    static const char *const BAD[] = {"",
                                      "A",
                                      "00000000000",
                                      "0000000000000",
                                      "00000000000l",
                                      "0000000000U0",
                                      "000000000000 ",
                                      "abcdefghjkmn",
                                      "生日券ABC"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        cr_assert_not(hy_coupon_code_good(BAD[i]), "%s", BAD[i]);
    cr_assert(hy_coupon_code_good("000000000000"));
}
