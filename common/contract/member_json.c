// JSON to what is said of a member. Errors name the field, never its value.
#include <string.h>

#include "common/base/calendar.h"
#include "common/contract/json_object.h"
#include "common/contract/limit_check.h"
#include "common/contract/member.h"

enum { EARLIEST_YEAR = 1900 };

struct reading {
    struct hy_arena *arena;
    enum hy_member_use use;
    struct hy_member_fields *fields;
};

static struct hy_error invalid(const char *field, const char *detail) {
    return (struct hy_error){HY_INVALID_FIELD, field, detail};
}

// A text of the table; null and "" say that there is none.
static struct hy_error read_text(const struct reading *reading, enum hy_limit_row row, const json_t *value,
                                 const char **ret_text) {
    const char *field = hy_limits[row].field;
    if (!json_is_string(value) && !json_is_null(value))
        return invalid(field, "a text in quotes / 带引号的文本");
    size_t length = json_string_length(value);
    const char *text = json_is_null(value) ? "" : json_string_value(value);
    if (strlen(text) != length) return invalid(field, hy_limit_right_values(&hy_limits[row], reading->arena));
    *ret_text = hy_arena_string(reading->arena, text, length);
    return hy_limit_check_text(row, *ret_text, reading->arena);
}

static struct hy_error read_phone(const struct reading *reading, const json_t *value) {
    const char *text;
    if (reading->use == HY_MEMBER_PATCH)
        return invalid("phone", "the phone says who the member is: it cannot be changed / 手机号不可修改");
    struct hy_error error = read_text(reading, HY_LIMIT_PHONE, value, &text);
    if (error.code != HY_OK) return error;
    char *phone = hy_arena_alloc(reading->arena, HY_PHONE_BYTES);
    if (!hy_phone_normalise(text, phone))
        return invalid("phone", hy_limit_right_values(&hy_limits[HY_LIMIT_PHONE], reading->arena));
    reading->fields->phone = phone;
    return HY_NO_ERROR;
}

static struct hy_error read_name(const struct reading *reading, const json_t *value) {
    return read_text(reading, HY_LIMIT_NAME, value, &reading->fields->name);
}

static struct hy_error read_birthday(const struct reading *reading, const json_t *value) {
    struct hy_member_fields *fields = reading->fields;
    struct hy_error error = read_text(reading, HY_LIMIT_BIRTHDAY, value, &fields->birthday);
    if (error.code != HY_OK || fields->birthday[0] == '\0') return error;
    int32_t day;
    if (hy_date_parse(hy_bytes_of(fields->birthday), &day) && day >= hy_day_number(EARLIEST_YEAR, 1, 1))
        return HY_NO_ERROR;
    return invalid("birthday", "a date that exists, from 1900 on: YYYY-MM-DD / 有效日期，1900 年起");
}

// What a mail server and a header line can take; whether somebody reads it shows when a message goes there.
static bool is_email(const char *text) {
    const char *at = strchr(text, '@');
    if (at == NULL || at == text || strchr(at + 1, '@') != NULL) return false;
    const char *dot = strrchr(at, '.');
    if (dot == NULL || dot == at + 1 || dot[1] == '\0') return false;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || strchr("<>()[],;:\\\"", *p) != NULL) return false;
    }
    return true;
}

static struct hy_error read_email(const struct reading *reading, const json_t *value) {
    struct hy_member_fields *fields = reading->fields;
    struct hy_error error = read_text(reading, HY_LIMIT_EMAIL, value, &fields->email);
    if (error.code != HY_OK || fields->email[0] == '\0' || is_email(fields->email)) return error;
    return invalid("email", hy_limit_right_values(&hy_limits[HY_LIMIT_EMAIL], reading->arena));
}

static struct hy_error read_language(const struct reading *reading, const json_t *value) {
    const struct hy_limit *limit = &hy_limits[HY_LIMIT_LANGUAGE];
    for (int i = 0; json_is_string(value) && limit->choices[i] != NULL; i++) {
        if (strcmp(limit->choices[i], json_string_value(value)) != 0) continue;
        reading->fields->language = (Huiyuan__V1__Language)(i + 1);
        return HY_NO_ERROR;
    }
    return invalid("language", hy_limit_right_values(limit, reading->arena));
}

static const char *const CHANNELS[HY_CHANNELS] = {
    [HUIYUAN__V1__CONTACT_CHANNEL__EMAIL] = "email",
    [HUIYUAN__V1__CONTACT_CHANNEL__SMS] = "sms",
    [HUIYUAN__V1__CONTACT_CHANNEL__PUSH] = "push",
    [HUIYUAN__V1__CONTACT_CHANNEL__SOCIAL] = "social",
};

const char *hy_channel_name(Huiyuan__V1__ContactChannel channel) {
    return (int)channel > 0 && (int)channel < HY_CHANNELS ? CHANNELS[channel] : NULL;
}

static struct hy_error read_consent(const struct reading *reading, const char *name, const json_t *value) {
    for (int channel = 1; channel < HY_CHANNELS; channel++) {
        if (strcmp(CHANNELS[channel], name) != 0) continue;
        if (!json_is_boolean(value))
            return invalid(hy_arena_printf(reading->arena, "consents.%s", name),
                           "true or false / true 或 false");
        reading->fields->consents[channel].said = true;
        reading->fields->consents[channel].granted = json_is_true(value);
        return HY_NO_ERROR;
    }
    struct hy_error error = hy_json_unknown(name, reading->arena);
    error.field = hy_arena_printf(reading->arena, "consents.%s", error.field);
    return error;
}

static struct hy_error read_consents(const struct reading *reading, const json_t *value) {
    const char *name;
    json_t *granted;
    if (!json_is_object(value)) return invalid("consents", "a JSON object / JSON 对象");
    json_object_foreach((json_t *)(uintptr_t)value, name, granted) {
        struct hy_error error = read_consent(reading, name, granted);
        if (error.code != HY_OK) return error;
    }
    return HY_NO_ERROR;
}

static const struct {
    const char *name;
    struct hy_error (*read)(const struct reading *reading, const json_t *value);
} FIELDS[] = {
    {"phone", read_phone}, {"name", read_name},         {"birthday", read_birthday},
    {"email", read_email}, {"language", read_language}, {"consents", read_consents},
};

static struct hy_error read_field(const struct reading *reading, const char *name, const json_t *value) {
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        if (strcmp(FIELDS[i].name, name) == 0) return FIELDS[i].read(reading, value);
    }
    return hy_json_unknown(name, reading->arena);
}

static struct hy_error read_object(const struct reading *reading, json_t *object) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        struct hy_error error = read_field(reading, name, value);
        if (error.code != HY_OK) return error;
    }
    if (reading->use == HY_MEMBER_PATCH || reading->fields->phone != NULL) return HY_NO_ERROR;
    return hy_limit_check_text(HY_LIMIT_PHONE, NULL, reading->arena);
}

struct hy_error hy_member_from_json(struct hy_bytes json, enum hy_member_use use, struct hy_arena *arena,
                                    struct hy_member_fields *ret_fields) {
    json_t *root = NULL;
    struct hy_error error = hy_json_object(json, arena, &root);
    if (error.code != HY_OK) return error;
    *ret_fields = (struct hy_member_fields){0};
    error = read_object(&(struct reading){arena, use, ret_fields}, root);
    json_decref(root);
    return error;
}
