// What leaves the house.
#include "services/notification/letter.h"

#include "tests/unit/notification/fixture.h"

static struct shop shop;

static void open_shop(void) {
    shop_open(&shop);
}

static void close_shop(void) {
    shop_close(&shop);
}

TestSuite(letter, .init = open_shop, .fini = close_shop);

static Change order_for(Huiyuan__V1__Language language) {
    static Huiyuan__V1__DeliveryParameter zh = HUIYUAN__V1__DELIVERY_PARAMETER__INIT,
                                          en = HUIYUAN__V1__DELIVERY_PARAMETER__INIT;
    static Huiyuan__V1__DeliveryParameter *all[] = {&zh, &en};
    zh.name = "tier-zh";
    zh.value = "银卡";
    en.name = "tier-en";
    en.value = "Silver \"S\"";
    Change order = HUIYUAN__V1__DELIVERY_CHANGE__INIT;
    order.delivery_id = "tiers-1-2-0";
    order.template_ = "tier-raised";
    order.language = language;
    order.parameters = all;
    order.n_parameters = 2;
    return order;
}

static Huiyuan__V1__PersonalData somebody(void) {
    Huiyuan__V1__PersonalData person = HUIYUAN__V1__PERSONAL_DATA__INIT;
    person.name = "Li Wei";
    person.phone = "+8613800000000";
    return person;
}

Test(letter, a_mail_has_subject_and_body_of_the_template) {
    Change order = order_for(HUIYUAN__V1__LANGUAGE__ZH);
    Huiyuan__V1__PersonalData person = somebody();
    struct hy_buffer subject, body;
    hy_buffer_init(&subject, 1000);
    hy_buffer_init(&body, 1000);
    const char *missing = NULL;
    cr_assert(letter_mail(&order, &person, templates_find(&shop.templates, "tier-raised"), &subject, &body,
                          &missing));
    cr_assert_str_eq((const char *)subject.data, "Li Wei，恭喜");
    cr_assert_str_eq((const char *)body.data, "Li Wei，您好：您已升为银卡。\n");
    letter_wipe(&subject);
    letter_wipe(&body);
}

Test(letter, a_text_is_json_that_says_where_it_goes) {
    Change order = order_for(HUIYUAN__V1__LANGUAGE__EN);
    Huiyuan__V1__PersonalData person = somebody();
    struct hy_buffer json;
    hy_buffer_init(&json, 1000);
    const char *missing = NULL;
    cr_assert(letter_text(&order, &person, templates_find(&shop.templates, "tier-raised"), &json, &missing));
    hy_buffer_add(&json, "", 1);
    cr_assert_str_eq((const char *)json.data,
                     "{\"id\":\"tiers-1-2-0\",\"channel\":\"sms\",\"to\":\"+8613800000000\","
                     "\"language\":\"en\",\"template\":\"tier-raised\",\"campaign_id\":\"\","
                     "\"text\":\"You are Silver \\\"S\\\"\"}");
    letter_wipe(&json);
}

Test(letter, what_the_template_asks_for_in_vain_is_named) {
    Change order = order_for(HUIYUAN__V1__LANGUAGE__EN);
    order.n_parameters = 0;
    Huiyuan__V1__PersonalData person = somebody();
    struct hy_buffer json;
    hy_buffer_init(&json, 1000);
    const char *missing = NULL;
    cr_assert_not(
        letter_text(&order, &person, templates_find(&shop.templates, "tier-raised"), &json, &missing));
    cr_assert_str_eq(missing, "tier");
    letter_wipe(&json);
}
