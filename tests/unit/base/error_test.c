#include "common/base/error.h"

#include <criterion/criterion.h>

#include <ctype.h>
#include <string.h>

TestSuite(error);

Test(error, wire_names_are_the_codes_in_lower_case) {
    cr_assert_str_eq(hy_code_name(HY_OK), "ok");
    cr_assert_str_eq(hy_code_name(HY_TOO_OLD), "too_old");
    cr_assert_str_eq(hy_code_name(HY_IDEMPOTENCY_KEY_REUSED), "idempotency_key_reused");
}

Test(error, every_code_is_found_by_its_own_name_and_has_texts_and_a_status) {
    for (int i = 0; i < HY_CODE_COUNT; i++) {
        enum hy_code code = (enum hy_code)i;
        enum hy_code found = HY_CODE_COUNT;
        const char *name = hy_code_name(code);
        cr_assert(hy_code_by_name(name, &found), "%s", name);
        cr_assert_eq(found, code, "%s", name);
        for (const char *at = name; *at != '\0'; at++) {
            cr_assert(islower((unsigned char)*at) || *at == '_', "%s", name);
        }
        cr_assert_gt(strlen(hy_code_english(code)), 0);
        cr_assert_gt(strlen(hy_code_chinese(code)), 0);
        cr_assert(hy_code_http_status(code) >= 200 && hy_code_http_status(code) < 600, "%s", name);
    }
}

Test(error, an_unknown_name_leaves_the_output_untouched) {
    enum hy_code code = HY_TOO_OLD;
    cr_assert_not(hy_code_by_name("TOO_OLD", &code));
    cr_assert_not(hy_code_by_name("", &code));
    cr_assert_not(hy_code_by_name("too_ol", &code));
    cr_assert_eq(code, HY_TOO_OLD);
}

Test(error, the_disposition_says_what_to_do) {
    cr_assert_eq(hy_code_disposition(HY_MALFORMED), HY_REJECT);
    cr_assert_eq(hy_code_disposition(HY_UNAVAILABLE), HY_RETRY);
    cr_assert_eq(hy_code_disposition(HY_CORRUPT), HY_FATAL);
    cr_assert_eq(hy_code_http_status(HY_TOO_LARGE), 413);
}

Test(error, a_number_that_is_no_code_reads_as_an_internal_error) {
    cr_assert_str_eq(hy_code_name((enum hy_code)100000), "internal");
    cr_assert_eq(hy_code_disposition((enum hy_code) - 1), HY_FATAL);
}
