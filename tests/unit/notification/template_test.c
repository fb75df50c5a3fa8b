// Templates: what is no good is named with file, line and placeholder.
#include <criterion/criterion.h>
#include <stdio.h>

#include "services/notification/template.h"

static struct templates templates;

static void free_all(void) {
    templates_free(&templates);
}

TestSuite(template, .fini = free_all);

static const char *fault_of(const char *file, const char *text) {
    static char said[400];
    struct template_fault fault;
    if (templates_add(&templates, file, hy_bytes_of(text), &fault)) return "";
    snprintf(said, sizeof said, "%s:%d: %s", fault.file, fault.line, fault.text);
    return said;
}

static void then_fault_begins(const char *file, const char *text, const char *begin) {
    const char *fault = fault_of(file, text);
    cr_assert(strncmp(fault, begin, strlen(begin)) == 0, "\"%s\" instead of \"%s…\"", fault, begin);
}

Test(template, a_fault_is_named_with_file_line_and_placeholder) {
    then_fault_begins("a.zh.txt", "subject: s\nsms: m\n\nbody\n{coupn_code}\n",
                      "a.zh.txt:5: {coupn_code} is no placeholder");
    then_fault_begins("a.zh.txt", "# note\nsubject: {nam}\nsms: m\n\nbody\n", "a.zh.txt:2: {nam} is no");
    then_fault_begins("a.zh.txt", "subject: s\nsms: {name\n\nbody\n", "a.zh.txt:2: a \"{\" without its");
    then_fault_begins("a.zh.txt", "subject: s\nsms: m\n\na\n\n{name\n}", "a.zh.txt:6: a \"{\" without");
    then_fault_begins("a.zh.txt", "subject: s\nhello\n\nbody\n", "a.zh.txt:2: \"subject:\" or \"sms:\"");
    then_fault_begins("a.zh.txt", "subject: s\nsubject: s\nsms: m\n\nbody", "a.zh.txt:2: a second subject");
    then_fault_begins("a.zh.txt", "subject:\nsms: m\n\nbody", "a.zh.txt:1: the subject has");
    then_fault_begins("a.zh.txt", "sms: m\n\nbody", "a.zh.txt:0: no line \"subject");
    then_fault_begins("a.zh.txt", "subject: s\n\nbody", "a.zh.txt:0: no line \"sms");
    then_fault_begins("a.zh.txt", "subject: s\nsms: m\n", "a.zh.txt:0: no body");
    then_fault_begins("a.zh.txt", "", "a.zh.txt:0: no line");
    then_fault_begins("a.txt", "subject: s\nsms: m\n\nbody", "a.txt:0: a template is named");
    then_fault_begins(".zh.txt", "subject: s\nsms: m\n\nbody", ".zh.txt:0: a template is named");
    then_fault_begins("A b.zh.txt", "subject: s\nsms: m\n\nbody", "A b.zh.txt:0: a template's name");
    cr_assert_eq(templates.count, 0u, "nothing of them is kept");
}

Test(template, a_language_that_is_missing_is_named) {
    struct template_fault fault;
    cr_assert_not(templates_complete(&templates, &fault));
    cr_assert_str_eq(fault_of("a.zh.txt", "subject: s\nsms: m\n\nbody"), "");
    cr_assert_not(templates_complete(&templates, &fault));
    cr_assert_str_eq(fault.text, "a.en.txt is missing");
    cr_assert_str_eq(fault_of("a.en.txt", "subject: s\r\nsms: m\r\n\r\nbody"), "");
    cr_assert(templates_complete(&templates, &fault));
    cr_assert_eq(templates.count, 1u);
}

static const char *filled(const char *text, const struct template_values *values) {
    static char result[400];
    struct hy_buffer out;
    const char *missing = NULL;
    hy_buffer_init(&out, sizeof result - 1);
    bool good = template_fill(text, values, &out, &missing);
    snprintf(result, sizeof result, "%.*s", good ? (int)out.length : 0, (const char *)out.data);
    if (!good) snprintf(result, sizeof result, "missing %s", missing);
    hy_buffer_free(&out);
    return result;
}

Test(template, placeholders_are_filled_in_the_members_language) {
    Huiyuan__V1__DeliveryParameter zh = HUIYUAN__V1__DELIVERY_PARAMETER__INIT, en = zh, code = zh;
    zh.name = "tier-zh";
    zh.value = "银卡";
    en.name = "tier-en";
    en.value = "Silver";
    code.name = "coupon_code";
    code.value = "AB{name}\r\nC";
    Huiyuan__V1__DeliveryParameter *all[] = {&zh, &en, &code};
    struct template_values values = {HUIYUAN__V1__LANGUAGE__EN, "Li Wei", all, 3};
    cr_assert_str_eq(filled("{name}: {tier}", &values), "Li Wei: Silver");
    values.language = HUIYUAN__V1__LANGUAGE__ZH;
    cr_assert_str_eq(filled("{name}: {tier}", &values), "Li Wei: 银卡");
    cr_assert_str_eq(filled("{{{coupon_code}}", &values), "{AB{name}  C}", "a value is text, and one line");
    cr_assert_str_eq(filled("until {expires}", &values), "missing expires");
    values.name = "";
    cr_assert_str_eq(filled("{name}", &values), "会员");
    values.language = HUIYUAN__V1__LANGUAGE__EN;
    cr_assert_str_eq(filled("{name}", &values), "member");
}
