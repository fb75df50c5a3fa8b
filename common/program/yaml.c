// Mappings, lists, scalars and faults. What the values mean is in values.c and parse.c.
#include "common/program/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_LIMIT = 8, SHOWN_BYTES = 40 };

// --- faults ---

// Copies what fits of UTF-8 text, never a part of a character.
static void copy_text(char *to, size_t size, const char *text) {
    size_t length = strnlen(text, size);
    if (length == size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(to, text, length);
    to[length] = '\0';
}

// 'value': what would be right
static void describe(char *to, size_t size, const char *shown, const char *separator, const char *text) {
    if (shown == NULL) {
        copy_text(to, size, text);
        return;
    }
    char part[SHOWN_BYTES + 1];
    copy_text(part, sizeof part, shown);
    for (char *at = part; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = '?';
    }
    char whole[512];
    snprintf(whole, sizeof whole, "'%s'%s%s", part, separator, text);
    copy_text(to, size, whole);
}

void hy_program_fault_add(struct hy_program_faults *faults, int line, const char *field, const char *shown,
                          const char *english, const char *chinese) {
    if (faults->count == HY_PROGRAM_FAULTS_LIMIT) return;
    struct hy_program_fault *fault = &faults->items[faults->count++];
    fault->line = line;
    copy_text(fault->field, sizeof fault->field, field);
    describe(fault->english, sizeof fault->english, shown, ": ", english);
    describe(fault->chinese, sizeof fault->chinese, shown, "：", chinese);
}

static int line_of(const yaml_node_t *node) {
    return (int)node->start_mark.line + 1;
}

void yaml_fault(struct yaml_reader *reader, const yaml_node_t *node, const char *shown, const char *english,
                const char *chinese) {
    hy_program_fault_add(reader->faults, line_of(node), reader->path, shown, english, chinese);
}

// --- the path ---

// Appends to the path; returns the length to go back to.
static size_t enter(struct yaml_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static size_t enter(struct yaml_reader *reader, const char *format, ...) {
    size_t length = strlen(reader->path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reader->path + length, sizeof reader->path - length, format, arguments);
    va_end(arguments);
    return length;
}

static size_t enter_key(struct yaml_reader *reader, const char *key) {
    return enter(reader, "%s%s", *reader->path == '\0' ? "" : ".", key);
}

static void leave(struct yaml_reader *reader, size_t length) {
    reader->path[length] = '\0';
}

void yaml_fault_at_key(struct yaml_reader *reader, const yaml_node_t *node, const char *key,
                       const char *shown, const char *english, const char *chinese) {
    size_t outer = enter_key(reader, key);
    yaml_fault(reader, node, shown, english, chinese);
    leave(reader, outer);
}

// --- mappings and lists ---

static const yaml_node_t *node_at(const struct yaml_reader *reader, int index) {
    return yaml_document_get_node(reader->document, index);
}

static const char *scalar_text(const yaml_node_t *node) {
    return (const char *)node->data.scalar.value;
}

static bool is_key(const yaml_node_t *node, const char *name) {
    return node->type == YAML_SCALAR_NODE && strcmp(scalar_text(node), name) == 0;
}

static bool is_known(const yaml_node_t *node, const struct yaml_key *keys, size_t key_count) {
    for (size_t i = 0; i < key_count; i++) {
        if (is_key(node, keys[i].name)) return true;
    }
    return false;
}

static void fault_unknown(struct yaml_reader *reader, const yaml_node_t *key_node,
                          const struct yaml_key *keys, size_t key_count) {
    char english[160] = "unknown key; known:";
    char chinese[160] = "未知的键；可用：";
    for (size_t i = 0; i < key_count; i++) {
        size_t at = strlen(english);
        snprintf(english + at, sizeof english - at, " %s", keys[i].name);
        at = strlen(chinese);
        snprintf(chinese + at, sizeof chinese - at, " %s", keys[i].name);
    }
    const char *shown = key_node->type == YAML_SCALAR_NODE ? scalar_text(key_node) : NULL;
    yaml_fault(reader, key_node, shown, english, chinese);
}

static bool occurs_before(const struct yaml_reader *reader, const yaml_node_t *mapping,
                          const yaml_node_pair_t *pair) {
    const char *name = scalar_text(node_at(reader, pair->key));
    for (const yaml_node_pair_t *at = mapping->data.mapping.pairs.start; at < pair; at++) {
        if (is_key(node_at(reader, at->key), name)) return true;
    }
    return false;
}

// Only known keys are looked up among those before them, so a long file costs no square of its length.
static void check_keys(struct yaml_reader *reader, const yaml_node_t *mapping, const struct yaml_key *keys,
                       size_t key_count) {
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        if (reader->faults->count == HY_PROGRAM_FAULTS_LIMIT) return;
        const yaml_node_t *key_node = node_at(reader, pair->key);
        if (!is_known(key_node, keys, key_count)) {
            fault_unknown(reader, key_node, keys, key_count);
        } else if (occurs_before(reader, mapping, pair)) {
            yaml_fault_at_key(reader, key_node, scalar_text(key_node), NULL, "this key stands here twice",
                              "该键重复出现");
        }
    }
}

const yaml_node_t *yaml_value(const struct yaml_reader *reader, const yaml_node_t *mapping,
                              const char *name) {
    if (mapping->type != YAML_MAPPING_NODE) return NULL;
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        if (is_key(node_at(reader, pair->key), name)) return node_at(reader, pair->value);
    }
    return NULL;
}

void yaml_read_mapping(struct yaml_reader *reader, const yaml_node_t *node, const struct yaml_key *keys,
                       size_t key_count, void *target) {
    if (node->type != YAML_MAPPING_NODE) {
        yaml_fault(reader, node, NULL, "must be a group of keys (key: value)", "必须是一组键值（键: 值）");
        return;
    }
    check_keys(reader, node, keys, key_count);
    for (size_t i = 0; i < key_count; i++) {
        const yaml_node_t *value = yaml_value(reader, node, keys[i].name);
        size_t outer = enter_key(reader, keys[i].name);
        if (value != NULL) {
            keys[i].read(reader, value, target);
        } else if (keys[i].required) {
            yaml_fault(reader, node, NULL, "a required key is missing", "缺少必填项");
        }
        leave(reader, outer);
    }
}

void yaml_read_list(struct yaml_reader *reader, const yaml_node_t *node, size_t limit, yaml_read read_element,
                    void *target) {
    if (node->type != YAML_SEQUENCE_NODE) {
        yaml_fault(reader, node, NULL, "must be a list: [a, b], or one line with a dash for each",
                   "必须是列表：[a, b]，或每项一行并以短横线开头");
        return;
    }
    size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (count == 0)
        yaml_fault(reader, node, NULL, "an empty list: leave the key out", "列表为空：请删除该键");
    if (count > limit) yaml_fault(reader, node, NULL, "the list is too long", "列表过长");
    for (size_t i = 0; i < count && i < limit; i++) {
        size_t outer = enter(reader, "[%zu]", i);
        read_element(reader, node_at(reader, node->data.sequence.items.start[i]), target);
        leave(reader, outer);
    }
}

const char *yaml_text(struct yaml_reader *reader, const yaml_node_t *node) {
    if (node->type == YAML_SCALAR_NODE) return scalar_text(node);
    yaml_fault(reader, node, NULL, "must be a single value", "必须是单个值");
    return NULL;
}

const char *yaml_plain(struct yaml_reader *reader, const yaml_node_t *node) {
    const char *text = yaml_text(reader, node);
    if (text == NULL || node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) return text;
    yaml_fault(reader, node, text, "write it without quotes", "请去掉引号");
    return NULL;
}

// --- the file as a whole ---

static void fault_at_mark(struct hy_program_faults *faults, const yaml_mark_t *mark, const char *english,
                          const char *chinese) {
    hy_program_fault_add(faults, (int)mark->line + 1, "", NULL, english, chinese);
}

static const yaml_char_t *anchor_of(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_ALIAS_EVENT: return event->data.alias.anchor;
    case YAML_SCALAR_EVENT: return event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT: return event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT: return event->data.mapping_start.anchor;
    default: return NULL;
    }
}

static const yaml_char_t *tag_of(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT: return event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT: return event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT: return event->data.mapping_start.tag;
    default: return NULL;
    }
}

static int depth_change(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: return 1;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return -1;
    default: return 0;
    }
}

// What has been met of the file so far.
struct scan {
    struct hy_program_faults *faults;
    int depth;
    int documents;
    bool ended;
};

// Anchors are refused because a few lines of them can stand for gigabytes.
static void scan_event(struct scan *scan, const yaml_event_t *event) {
    scan->depth += depth_change(event);
    scan->documents += event->type == YAML_DOCUMENT_START_EVENT;
    scan->ended = event->type == YAML_STREAM_END_EVENT;
    if (anchor_of(event) != NULL) {
        fault_at_mark(scan->faults, &event->start_mark, "anchors and aliases (&, *) are not allowed",
                      "不允许使用锚点和别名（&、*）");
    }
    if (tag_of(event) != NULL) {
        fault_at_mark(scan->faults, &event->start_mark, "tags (!) are not allowed", "不允许使用标签（!）");
    }
    if (scan->depth > DEPTH_LIMIT) {
        fault_at_mark(scan->faults, &event->start_mark, "nested too deeply", "嵌套过深");
    }
    if (scan->documents > 1) {
        fault_at_mark(scan->faults, &event->start_mark, "one document a file (a second --- was found)",
                      "每个文件只能有一个文档（出现了第二个 ---）");
    }
}

static void fault_of_parser(const yaml_parser_t *parser, struct hy_program_faults *faults) {
    char english[160];
    snprintf(english, sizeof english, "this is not YAML: %s",
             parser->problem == NULL ? "?" : parser->problem);
    int line = parser->error == YAML_READER_ERROR ? 0 : (int)parser->problem_mark.line + 1;
    hy_program_fault_add(faults, line, "", NULL, english, "不是有效的 YAML，请检查缩进、引号和冒号");
}

static void scan_events(yaml_parser_t *parser, struct scan *scan) {
    size_t before = scan->faults->count;
    while (!scan->ended && scan->faults->count == before) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            fault_of_parser(parser, scan->faults);
            return;
        }
        scan_event(scan, &event);
        yaml_event_delete(&event);
    }
}

static bool is_plain(struct hy_bytes yaml, struct hy_program_faults *faults) {
    size_t before = faults->count;
    if (yaml.length > HY_PROGRAM_LIMIT_BYTES) {
        hy_program_fault_add(faults, 0, "", NULL, "the file is larger than 256 KiB", "文件超过 256 KiB");
        return false;
    }
    yaml_parser_t parser;
    yaml_parser_initialize(&parser);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, yaml.data, yaml.length);
    struct scan scan = {.faults = faults};
    scan_events(&parser, &scan);
    yaml_parser_delete(&parser);
    if (faults->count == before && scan.documents == 0) {
        hy_program_fault_add(faults, 0, "", NULL, "the file is empty", "文件为空");
    }
    return faults->count == before;
}

static void load_document(struct hy_bytes yaml, struct hy_program_faults *faults, yaml_read read,
                          void *target) {
    yaml_parser_t parser;
    yaml_parser_initialize(&parser);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, yaml.data, yaml.length);
    yaml_document_t document;
    if (yaml_parser_load(&parser, &document)) {
        struct yaml_reader reader = {.document = &document, .faults = faults};
        read(&reader, yaml_document_get_root_node(&document), target);
        yaml_document_delete(&document);
    } else { // is_plain has read the same events, so this cannot happen
        hy_program_fault_add(faults, 0, "", NULL, "this is not YAML", "不是有效的 YAML");
    }
    yaml_parser_delete(&parser);
}

static void sort_by_line(struct hy_program_faults *faults) {
    for (size_t i = 1; i < faults->count; i++) {
        struct hy_program_fault fault = faults->items[i];
        size_t at = i;
        for (; at > 0 && faults->items[at - 1].line > fault.line; at--) {
            faults->items[at] = faults->items[at - 1];
        }
        faults->items[at] = fault;
    }
}

bool yaml_read_file(struct hy_bytes yaml, struct hy_program_faults *ret_faults, yaml_read read,
                    void *target) {
    ret_faults->count = 0;
    if (!is_plain(yaml, ret_faults)) return false;
    load_document(yaml, ret_faults, read, target);
    sort_by_line(ret_faults);
    return ret_faults->count == 0;
}
