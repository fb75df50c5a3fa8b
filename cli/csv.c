#include "cli/csv.h"

#include <string.h>

// A record under way. Nothing is changed before it is known to be good.
struct parse {
    uint8_t *data;
    size_t length, at;
    struct csv_row *row;
    uint64_t doubled; // bit per field: it has doubled quotes
};

static bool at_end(const struct parse *parse) {
    return parse->at == parse->length;
}

static bool at_separator(const struct parse *parse) {
    if (at_end(parse)) return true;
    uint8_t byte = parse->data[parse->at];
    if (byte == ',' || byte == '\n') return true;
    return byte == '\r' && (parse->at + 1 == parse->length || parse->data[parse->at + 1] == '\n');
}

static bool fault(struct parse *parse, const char *text) {
    parse->row->fault = text;
    return false;
}

static bool parse_quoted(struct parse *parse, struct hy_bytes *ret_field) {
    size_t start = ++parse->at;
    for (;; parse->at++) {
        if (at_end(parse))
            return fault(parse, "a quote is not closed, or the row is too long / 引号未闭合，或该行过长");
        uint8_t byte = parse->data[parse->at];
        if (byte == '\n') parse->row->lines++;
        if (byte != '"') continue;
        if (parse->at + 1 >= parse->length || parse->data[parse->at + 1] != '"') break;
        parse->at++;
        parse->doubled |= UINT64_C(1) << parse->row->count;
    }
    *ret_field = hy_bytes(parse->data + start, parse->at - start);
    parse->at++;
    if (at_separator(parse)) return true;
    return fault(parse, "text after a closing quote / 引号结束后还有文字");
}

static bool parse_plain(struct parse *parse, struct hy_bytes *ret_field) {
    size_t start = parse->at;
    while (!at_separator(parse))
        parse->at++;
    *ret_field = hy_bytes(parse->data + start, parse->at - start);
    return true;
}

static bool parse_field(struct parse *parse) {
    struct csv_row *row = parse->row;
    if (row->count == CSV_FIELDS_LIMIT) return fault(parse, "more than 64 columns / 超过 64 列");
    struct hy_bytes *field = &row->fields[row->count];
    bool quoted = !at_end(parse) && parse->data[parse->at] == '"';
    if (!(quoted ? parse_quoted(parse, field) : parse_plain(parse, field))) return false;
    row->count++;
    return true;
}

static bool parse_record(struct parse *parse) {
    for (;;) {
        if (!parse_field(parse)) return false;
        if (at_end(parse) || parse->data[parse->at] != ',') break;
        parse->at++;
    }
    if (at_end(parse) && parse->length >= CSV_RECORD_LIMIT_BYTES)
        return fault(parse, "the row is too long / 该行过长");
    if (!at_end(parse) && parse->data[parse->at] == '\r') parse->at++;
    if (!at_end(parse)) {
        parse->at++;
        parse->row->lines++;
    }
    if (memchr(parse->data, 0, parse->at) != NULL)
        return fault(parse, "a byte of zero: is the file UTF-8? / 含有零字节，文件是否为 UTF-8？");
    return true;
}

static void make_single(struct hy_bytes *field) {
    uint8_t *text = (uint8_t *)(uintptr_t)field->data;
    size_t length = 0;
    for (size_t i = 0; i < field->length; i++) {
        text[length++] = text[i];
        if (text[i] == '"') i++;
    }
    field->length = length;
}

static enum csv_result bad(struct csv_row *row, const uint8_t *data, size_t length) {
    const uint8_t *end = memchr(data, '\n', length);
    row->used = end == NULL ? length : (size_t)(end - data) + 1;
    row->lines = end == NULL ? 0 : 1;
    return CSV_BAD;
}

enum csv_result csv_parse(uint8_t *data, size_t length, struct csv_row *ret_row) {
    ret_row->count = 0;
    ret_row->lines = 0;
    ret_row->fault = NULL;
    ret_row->used = 0;
    if (length == 0) return CSV_END;
    struct parse parse = {.data = data, .length = length, .row = ret_row};
    if (parse.length > CSV_RECORD_LIMIT_BYTES) parse.length = CSV_RECORD_LIMIT_BYTES;
    if (!parse_record(&parse)) return bad(ret_row, data, length);
    for (size_t i = 0; parse.doubled != 0 && i < ret_row->count; i++) {
        if ((parse.doubled >> i & 1) != 0) make_single(&ret_row->fields[i]);
    }
    ret_row->used = parse.at;
    return CSV_ROW;
}

void csv_add(struct hy_buffer *out, const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        hy_buffer_add(out, text, strlen(text));
        return;
    }
    hy_buffer_add(out, "\"", 1);
    for (const char *p = text; *p != '\0'; p++)
        hy_buffer_add(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    hy_buffer_add(out, "\"", 1);
}
