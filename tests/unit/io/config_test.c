#include "common/io/config.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include <stdlib.h>
#include <string.h>

TestSuite(config);

static struct {
    const char *brokers;
    const char *password;
    int64_t members;
    bool strict;
} settings;

static const struct hy_config_item ITEMS[] = {
    {"HY_T_BROKERS", HY_CONFIG_TEXT, "127.0.0.1:9092", 0, 0, "", "Kafka brokers", false, &settings.brokers},
    {"HY_T_PASSWORD", HY_CONFIG_TEXT, "hunter2", 0, 0, "", "Password", true, &settings.password},
    {"HY_T_MEMBERS", HY_CONFIG_NUMBER, "1000", 1, 4096, "members", "Members in memory", false,
     &settings.members},
    {"HY_T_STRICT", HY_CONFIG_BOOL, "false", 0, 0, "", "Refuse what is doubtful", false, &settings.strict},
};
enum { ITEM_COUNT = sizeof ITEMS / sizeof ITEMS[0] };

static bool load(void) {
    return hy_config_load(ITEMS, ITEM_COUNT);
}

// What was written on stderr up to now.
static char *complaints(void) {
    static char text[4096];
    fflush(stderr);
    FILE *file = cr_get_redirected_stderr();
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    return text;
}

Test(config, settings_that_are_not_set_take_their_defaults) {
    cr_assert(load());
    cr_assert_str_eq(settings.brokers, "127.0.0.1:9092");
    cr_assert_eq(settings.members, 1000);
    cr_assert_not(settings.strict);
}

Test(config, the_environment_decides) {
    setenv("HY_T_BROKERS", "kafka:9092", 1);
    setenv("HY_T_MEMBERS", "4096", 1);
    setenv("HY_T_STRICT", "1", 1);
    cr_assert(load());
    cr_assert_str_eq(settings.brokers, "kafka:9092");
    cr_assert_eq(settings.members, 4096);
    cr_assert(settings.strict);
}

Test(config, a_number_out_of_range_is_refused_with_its_name_value_and_range, .init = cr_redirect_stderr) {
    setenv("HY_T_MEMBERS", "4097", 1);
    cr_assert_not(load());
    cr_assert_str_eq(complaints(), "HY_T_MEMBERS=4097: must be a whole number from 1 to 4096 members / "
                                   "必须为 1 到 4096 之间的整数\n");
}

Test(config, whatever_is_no_number_is_refused, .init = cr_redirect_stderr) {
    const char *const bad[] = {"",   " 5", "5 ", "+5", "5k", "0x10", "1e3", "5.0", "99999999999999999999",
                               "--5"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv("HY_T_MEMBERS", bad[i], 1);
        cr_assert_not(load(), "\"%s\"", bad[i]);
    }
}

Test(config, every_bad_setting_is_named_and_no_target_is_touched, .init = cr_redirect_stderr) {
    settings.brokers = "before";
    setenv("HY_T_BROKERS", "kafka:9092", 1);
    setenv("HY_T_MEMBERS", "many", 1);
    setenv("HY_T_STRICT", "maybe", 1);
    cr_assert_not(load());
    const char *text = complaints();
    cr_assert_not_null(strstr(text, "HY_T_MEMBERS=many: "));
    cr_assert_not_null(strstr(text, "HY_T_STRICT=maybe: must be true or false"));
    cr_assert_str_eq(settings.brokers, "before");
}

Test(config, help_is_an_aligned_table_without_secrets) {
    static char text[8192];
    FILE *out = fmemopen(text, sizeof text, "w");
    hy_config_print(ITEMS, ITEM_COUNT, out);
    fclose(out);
    cr_assert_str_eq(text, "  SETTING        DEFAULT         VALUES             MEANING\n"
                           "  HY_T_BROKERS   127.0.0.1:9092  text               Kafka brokers\n"
                           "  HY_T_PASSWORD  (secret)        text               Password\n"
                           "  HY_T_MEMBERS   1000            1 to 4096 members  Members in memory\n"
                           "  HY_T_STRICT    false           true or false      Refuse what is doubtful\n");
}

Test(config, a_bad_secret_is_not_shown, .init = cr_redirect_stderr) {
    int64_t pin;
    const struct hy_config_item item = {"HY_T_PIN", HY_CONFIG_NUMBER, "0", 0, 9999, "", "Pin", true, &pin};
    setenv("HY_T_PIN", "hunter2", 1);
    cr_assert_not(hy_config_load(&item, 1));
    const char *text = complaints();
    cr_assert_not_null(strstr(text, "HY_T_PIN=***: "));
    cr_assert_null(strstr(text, "hunter2"));
}
