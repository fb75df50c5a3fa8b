// JSON to a purchase. The fields come from the descriptors that protobuf-c generates, so a new field needs no
// code here.
#include <inttypes.h>
#include <string.h>

#include "common/contract/json_object.h"
#include "common/contract/limits.h"
#include "common/contract/purchase.h"
#include "common/contract/rfc3339.h"

typedef Huiyuan__V1__Purchase Purchase;

// A reading under way. `path` leads to the object that is being read: "", "lines[2].".
struct reading {
    struct hy_arena *arena;
    const char *path;
    struct hy_error error; // the first fault
};

static void report(struct reading *reading, enum hy_code code, const char *field, const char *detail) {
    if (reading->error.code != HY_OK) return;
    const char *path = hy_arena_printf(reading->arena, "%s%s", reading->path, field);
    reading->error = (struct hy_error){code, path, detail};
}

static void report_invalid(struct reading *reading, const char *field, const char *detail) {
    report(reading, HY_INVALID_FIELD, field, detail);
}

// protobuf-c keeps a field at this offset of the message.
static void *place_of(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    return (unsigned char *)message + field->offset;
}

static void read_text(struct reading *reading, const ProtobufCFieldDescriptor *field, const json_t *value,
                      void *place) {
    if (!json_is_string(value)) {
        report_invalid(reading, field->name, "a text in quotes / 带引号的文本");
        return;
    }
    char *text = hy_arena_string(reading->arena, json_string_value(value), json_string_length(value));
    memcpy(place, &text, sizeof text);
}

static const char *range_text(struct hy_arena *arena, int64_t low, int64_t high) {
    return hy_arena_printf(arena,
                           "an integer without quotes, point or exponent, %" PRId64 " … %" PRId64
                           " / 不带引号、小数点或指数的整数",
                           low, high);
}

static void read_int64(struct reading *reading, const ProtobufCFieldDescriptor *field, const json_t *value,
                       void *place) {
    if (!json_is_integer(value)) {
        report_invalid(reading, field->name, range_text(reading->arena, INT64_MIN, INT64_MAX));
        return;
    }
    int64_t number = json_integer_value(value);
    memcpy(place, &number, sizeof number);
}

static void read_uint32(struct reading *reading, const ProtobufCFieldDescriptor *field, const json_t *value,
                        void *place) {
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > UINT32_MAX) {
        report_invalid(reading, field->name, range_text(reading->arena, 0, UINT32_MAX));
        return;
    }
    uint32_t small = (uint32_t)number;
    memcpy(place, &small, sizeof small);
}

static const char *names_text(const ProtobufCEnumDescriptor *choices, struct hy_arena *arena) {
    const char *text = "";
    for (unsigned i = 0; i < choices->n_values; i++) {
        if (choices->values[i].value == 0) continue;
        text = hy_arena_printf(arena, "%s%s%s", text, *text == '\0' ? "" : ", ", choices->values[i].name);
    }
    return hy_arena_printf(arena, "one of / 可选值: %s", text);
}

// By exact name. The value 0 only says that there is none, so its name is refused.
static void read_choice(struct reading *reading, const ProtobufCFieldDescriptor *field, const json_t *value,
                        void *place) {
    const ProtobufCEnumDescriptor *choices = field->descriptor;
    const char *name = json_string_value(value);
    const ProtobufCEnumValue *choice =
        name == NULL ? NULL : protobuf_c_enum_descriptor_get_value_by_name(choices, name);
    if (choice == NULL || choice->value == 0) {
        report_invalid(reading, field->name, names_text(choices, reading->arena));
        return;
    }
    memcpy(place, &choice->value, sizeof choice->value);
}

static void read_object(struct reading *reading, json_t *object, ProtobufCMessage *message);

static ProtobufCMessage *new_message(const ProtobufCMessageDescriptor *descriptor, struct hy_arena *arena) {
    ProtobufCMessage *message = hy_arena_zero(arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, message);
    return message;
}

static ProtobufCMessage *read_element(struct reading *reading, const ProtobufCFieldDescriptor *field,
                                      json_t *element, size_t index) {
    const char *outer = reading->path;
    ProtobufCMessage *message = new_message(field->descriptor, reading->arena);
    const char *place = hy_arena_printf(reading->arena, "%s[%zu]", field->name, index);
    if (!json_is_object(element)) {
        report_invalid(reading, place, "a JSON object / JSON 对象");
        return message;
    }
    reading->path = hy_arena_printf(reading->arena, "%s%s.", outer, place);
    read_object(reading, element, message);
    reading->path = outer;
    return message;
}

static void read_list(struct reading *reading, const ProtobufCFieldDescriptor *field, const json_t *value,
                      ProtobufCMessage *message) {
    if (!json_is_array(value)) {
        report_invalid(reading, field->name, "a list of objects / 对象的列表");
        return;
    }
    size_t count = json_array_size(value);
    ProtobufCMessage **elements = hy_arena_alloc(reading->arena, count * sizeof *elements);
    for (size_t i = 0; i < count && reading->error.code == HY_OK; i++) {
        elements[i] = read_element(reading, field, json_array_get(value, i), i);
    }
    memcpy(place_of(message, field), &elements, sizeof(void *));
    memcpy((unsigned char *)message + field->quantifier_offset, &count, sizeof count);
}

static void read_field(struct reading *reading, const ProtobufCFieldDescriptor *field, const json_t *value,
                       ProtobufCMessage *message) {
    void *place = place_of(message, field);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        read_list(reading, field, value, message);
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        read_text(reading, field, value, place);
    } else if (field->type == PROTOBUF_C_TYPE_INT64) {
        read_int64(reading, field, value, place);
    } else if (field->type == PROTOBUF_C_TYPE_UINT32) {
        read_uint32(reading, field, value, place);
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        read_choice(reading, field, value, place);
    } else {
        report(reading, HY_INTERNAL, field->name,
               "this type of field is not read from JSON / 不支持的字段类型");
    }
}

// A purchase may give its time as text.
static void read_occurred_at(struct reading *reading, const json_t *object, const json_t *value,
                             Purchase *purchase) {
    if (json_object_get(object, "occurred_at_ms") != NULL) {
        report_invalid(
            reading, "occurred_at",
            "either occurred_at or occurred_at_ms, not both / occurred_at 与 occurred_at_ms 只能填一个");
        return;
    }
    const char *text = json_string_value(value);
    if (text != NULL &&
        hy_rfc3339_parse(hy_bytes(text, json_string_length(value)), &purchase->occurred_at_ms))
        return;
    report_invalid(reading, "occurred_at",
                   "RFC 3339 with an offset / 带时区偏移的 RFC 3339 时间: \"2026-11-22T14:03:00+08:00\"");
}

static void read_object(struct reading *reading, json_t *object, ProtobufCMessage *message) {
    bool is_purchase = message->descriptor == &huiyuan__v1__purchase__descriptor;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
        if (field != NULL) {
            read_field(reading, field, value, message);
        } else if (is_purchase && strcmp(name, "occurred_at") == 0) {
            read_occurred_at(reading, object, value, (Purchase *)message);
        } else {
            struct hy_error unknown = hy_json_unknown(name, reading->arena);
            report(reading, unknown.code, unknown.field, unknown.detail);
        }
    }
}

struct hy_error hy_purchase_from_json(struct hy_bytes json, struct hy_arena *arena, Purchase **ret_purchase) {
    json_t *root = NULL;
    struct hy_error error = hy_json_object(json, arena, &root);
    if (error.code != HY_OK) return error;
    struct reading reading = {arena, "", HY_NO_ERROR};
    ProtobufCMessage *purchase = new_message(&huiyuan__v1__purchase__descriptor, arena);
    read_object(&reading, root, purchase);
    json_decref(root);
    if (reading.error.code == HY_OK) *ret_purchase = (Purchase *)purchase;
    return reading.error;
}
