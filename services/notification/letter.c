#include "services/notification/letter.h"

#include <jansson.h>
#include <sodium.h>

typedef Huiyuan__V1__DeliveryChange Order;
typedef Huiyuan__V1__PersonalData Person;

static struct template_values values_of(const Order *order, const Person *person) {
    return (struct template_values){order->language, person->name, order->parameters, order->n_parameters};
}

static bool fill(const char *text, const struct template_values *values, struct hy_buffer *out,
                 const char **ret_missing) {
    if (!template_fill(text, values, out, ret_missing)) return false;
    hy_buffer_add(out, "", 1);
    *ret_missing = "room";
    return !out->failed;
}

bool letter_mail(const Order *order, const Person *person, const struct template *template,
                 struct hy_buffer *subject, struct hy_buffer *body, const char **ret_missing) {
    const struct template_text *text = template_in(template, order->language);
    struct template_values values = values_of(order, person);
    return fill(text->subject, &values, subject, ret_missing) && fill(text->body, &values, body, ret_missing);
}

static int add_json(const char *bytes, size_t length, void *out) {
    hy_buffer_add(out, bytes, length);
    return 0;
}

static bool write_json(const Order *order, const Person *person, const char *text, struct hy_buffer *out) {
    const char *language = order->language == HUIYUAN__V1__LANGUAGE__EN ? "en" : "zh";
    json_t *json = json_pack("{s:s s:s s:s s:s s:s s:s s:s}", "id", order->delivery_id, "channel", "sms",
                             "to", person->phone, "language", language, "template", order->template_,
                             "campaign_id", order->campaign_id, "text", text);
    if (json == NULL) return false; // not UTF-8
    json_dump_callback(json, add_json, out, JSON_COMPACT);
    json_decref(json);
    return !out->failed;
}

bool letter_text(const Order *order, const Person *person, const struct template *template,
                 struct hy_buffer *json, const char **ret_missing) {
    struct template_values values = values_of(order, person);
    struct hy_buffer text;
    hy_buffer_init(&text, json->ceiling);
    bool good = fill(template_in(template, order->language)->sms, &values, &text, ret_missing);
    if (good) {
        *ret_missing = "well-formed text";
        good = write_json(order, person, (const char *)text.data, json);
    }
    letter_wipe(&text);
    return good;
}

void letter_wipe(struct hy_buffer *buffer) {
    if (buffer->data != NULL) sodium_memzero(buffer->data, buffer->capacity);
    hy_buffer_free(buffer);
}
