// What is said of a member, and of a coupon's use, as JSON.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/contract/member.h"

static struct hy_arena arena;
static struct hy_member_fields fields;

static void begin(void) {
    hy_arena_init(&arena);
}

static void end(void) {
    hy_arena_free(&arena);
}

TestSuite(member, .init = begin, .fini = end);

static struct hy_error read_as(enum hy_member_use use, const char *json) {
    return hy_member_from_json(hy_bytes_of(json), use, &arena, &fields);
}

static void then_refused(const char *json, enum hy_code code, const char *field) {
    struct hy_error error = read_as(HY_MEMBER_NEW, json);
    cr_assert_eq(error.code, code, "%s: %s", json, hy_code_name(error.code));
    cr_assert_str_eq(error.field, field);
    cr_assert_not_null(error.detail);
}

Test(member, a_phone_is_enough) {
    cr_assert_eq(read_as(HY_MEMBER_NEW, "{\"phone\":\"+4915112345678\"}").code, HY_OK);
    cr_assert_str_eq(fields.phone, "+4915112345678");
    cr_assert(fields.name == NULL && fields.birthday == NULL && fields.email == NULL);
    cr_assert_eq(fields.language, HUIYUAN__V1__LANGUAGE__LANGUAGE_UNSPECIFIED);
    for (int i = 0; i < HY_CHANNELS; i++)
        cr_assert_not(fields.consents[i].said);
}

Test(member, all_fields_are_read) {
    cr_assert_eq(read_as(HY_MEMBER_NEW,
                         "{\"phone\":\"13912345678\",\"name\":\"王芳\",\"birthday\":\"1990-05-17\","
                         "\"email\":\"w.f+x@mail.example.cn\",\"language\":\"en\","
                         "\"consents\":{\"sms\":true,\"social\":false}}")
                     .code,
                 HY_OK);
    cr_assert_str_eq(fields.phone, "+8613912345678");
    cr_assert_str_eq(fields.name, "王芳");
    cr_assert_str_eq(fields.email, "w.f+x@mail.example.cn");
    cr_assert_eq(hy_birthday_number(fields.birthday), 517);
    cr_assert_eq(fields.language, HUIYUAN__V1__LANGUAGE__EN);
    cr_assert(fields.consents[HUIYUAN__V1__CONTACT_CHANNEL__SMS].granted);
    cr_assert(fields.consents[HUIYUAN__V1__CONTACT_CHANNEL__SOCIAL].said);
    cr_assert_not(fields.consents[HUIYUAN__V1__CONTACT_CHANNEL__SOCIAL].granted);
    cr_assert_not(fields.consents[HUIYUAN__V1__CONTACT_CHANNEL__EMAIL].said);
}

Test(member, what_is_wrong_is_named) {
    then_refused("{}", HY_MISSING_FIELD, "phone");
    then_refused("{\"phone\":\"\"}", HY_MISSING_FIELD, "phone");
    then_refused("{\"phone\":\"12912345678\"}", HY_INVALID_FIELD, "phone");
    then_refused("{\"phone\":\"+8613 912345678\"}", HY_INVALID_FIELD, "phone");
    then_refused("{\"phone\":\"+1234567\"}", HY_INVALID_FIELD, "phone");
    then_refused("{\"phone\":\"+1234567890123456\"}", HY_INVALID_FIELD, "phone");
    then_refused("{\"phone\":7}", HY_INVALID_FIELD, "phone");
    then_refused("{\"phone\":\"13912345678\",\"birthday\":\"17.5.1990\"}", HY_INVALID_FIELD, "birthday");
    then_refused("{\"phone\":\"13912345678\",\"birthday\":\"2023-02-29\"}", HY_INVALID_FIELD, "birthday");
    then_refused("{\"phone\":\"13912345678\",\"name\":\"a\\u0007b\"}", HY_INVALID_FIELD, "name");
    then_refused("{\"phone\":\"13912345678\",\"language\":\"zh-CN\"}", HY_INVALID_FIELD, "language");
    then_refused("{\"phone\":\"13912345678\",\"consents\":[]}", HY_INVALID_FIELD, "consents");
    then_refused("{\"phone\":\"13912345678\",\"consents\":{\"sms\":1}}", HY_INVALID_FIELD, "consents.sms");
    then_refused("{\"phone\":\"13912345678\",\"consents\":{\"fax\":true}}", HY_UNKNOWN_FIELD, "consents.fax");
    then_refused("{\"phone\":\"13912345678\",\"tier\":\"gold\"}", HY_UNKNOWN_FIELD, "tier");
}

Test(member, an_address_that_could_break_a_mail_is_refused) {
    const char *addresses[] = {"a",        "a@b",          "@b.cn",    "a@.cn",    "a@b.",      "a b@c.cn",
                               "a@b@c.cn", "a@b.c\\nx.cn", "<a@b.cn>", "a@b,c.cn", "a@例子.cn", "a;b@c.cn"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        char json[128];
        snprintf(json, sizeof json, "{\"phone\":\"13912345678\",\"email\":\"%s\"}", addresses[i]);
        then_refused(json, HY_INVALID_FIELD, "email");
    }
}

Test(member, a_patch_takes_away_what_is_null_and_leaves_the_phone) {
    cr_assert_eq(read_as(HY_MEMBER_PATCH, "{}").code, HY_OK);
    cr_assert_eq(read_as(HY_MEMBER_PATCH, "{\"name\":null,\"email\":\"\",\"birthday\":null}").code, HY_OK);
    cr_assert_str_eq(fields.name, "");
    cr_assert_str_eq(fields.email, "");
    cr_assert_eq(hy_birthday_number(fields.birthday), 0);
    cr_assert_eq(read_as(HY_MEMBER_PATCH, "{\"phone\":\"13912345678\"}").code, HY_INVALID_FIELD);
    cr_assert_eq(read_as(HY_MEMBER_PATCH, "{\"language\":null}").code, HY_INVALID_FIELD);
}

Test(member, a_redemption_names_store_and_use) {
    struct hy_redemption redemption;
    const char *good = "{\"store_id\":\"S1\",\"redemption_id\":\"R1\"}";
    cr_assert_eq(hy_redemption_from_json(hy_bytes_of(good), &arena, &redemption).code, HY_OK);
    cr_assert_str_eq(redemption.store_id, "S1");
    cr_assert_str_eq(redemption.purchase_id, "");
    cr_assert_str_eq(redemption.redemption_id, "R1");
    const char *bad[][2] = {{"{}", "store_id"},
                            {"{\"store_id\":\"a b\"}", "store_id"},
                            {"{\"store_id\":\"S1\",\"purchase_id\":1}", "purchase_id"},
                            {"{\"store_id\":\"S1\",\"code\":\"x\"}", "code"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hy_error error = hy_redemption_from_json(hy_bytes_of(bad[i][0]), &arena, &redemption);
        cr_assert_neq(error.code, HY_OK);
        cr_assert_str_eq(error.field, bad[i][1]);
    }
    cr_assert_eq(hy_redemption_from_json(hy_bytes_of("["), &arena, &redemption).code, HY_MALFORMED);
}
