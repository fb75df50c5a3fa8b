#include "common/program/values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/decimal.h"
#include "common/base/memory.h"
#include "common/contract/limits.h"
#include "common/contract/rfc3339.h"

enum { TEXTS_LIMIT = 20000 };

// Days and moments of a program lie between them: 2000-01-01 and 2100-01-01.
static const int32_t FIRST_DAY = 10957;
static const int32_t LAST_DAY = 47482;

// --- texts ---

static bool is_id(const char *text, size_t length) {
    return length >= 1 && length <= HY_RULE_ID_LIMIT_BYTES && hy_text_has_form(HY_FORM_ID, text, length) &&
           strpbrk(text, ":@+=~") == NULL;
}

bool read_id(struct yaml_reader *reader, const yaml_node_t *node, char ret_id[HY_RULE_ID_LIMIT_BYTES + 1]) {
    const char *text = yaml_text(reader, node);
    if (text == NULL) return false;
    size_t length = node->data.scalar.length;
    if (!is_id(text, length)) {
        yaml_fault(reader, node, text, "must be 1 to 40 ASCII letters, digits, - _ or .",
                   "必须是 1 到 40 个英文字母、数字或 - _ .");
        return false;
    }
    memcpy(ret_id, text, length + 1);
    return true;
}

bool read_name(struct yaml_reader *reader, const yaml_node_t *node, char ret_name[HY_NAME_LIMIT_BYTES + 1]) {
    const char *text = yaml_text(reader, node);
    if (text == NULL) return false;
    size_t length = node->data.scalar.length;
    if (length < 1 || length > HY_NAME_LIMIT_BYTES || !hy_text_has_form(HY_FORM_TEXT, text, length)) {
        yaml_fault(reader, node, text, "must be a name of 1 to 63 bytes (21 Chinese characters)",
                   "必须是 1 到 63 字节的名称（约 21 个汉字）");
        return false;
    }
    memcpy(ret_name, text, length + 1);
    return true;
}

bool read_currency(struct yaml_reader *reader, const yaml_node_t *node, char ret_currency[4]) {
    const char *text = yaml_text(reader, node);
    if (text == NULL) return false;
    if (node->data.scalar.length != 3 || !hy_text_has_form(HY_FORM_CURRENCY, text, 3)) {
        yaml_fault(reader, node, text, "must be three capital letters (ISO 4217), for example CNY",
                   "必须是三个大写字母的币种代码（ISO 4217），例如 CNY");
        return false;
    }
    memcpy(ret_currency, text, 4);
    return true;
}

static void read_list_text(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct text_list *list = target;
    const char *text = yaml_text(reader, node);
    if (text == NULL) return;
    size_t length = node->data.scalar.length;
    if (length < 1 || length > HY_ID_LIMIT_BYTES || !hy_text_has_form(HY_FORM_TEXT, text, length)) {
        yaml_fault(reader, node, text, "must be a text of 1 to 64 bytes without control characters",
                   "必须是 1 到 64 字节、不含控制字符的文本");
        return;
    }
    list->texts[list->count++] = hy_strdup(text);
}

static int compare_texts(const void *a, const void *b) {
    char *const *left = a;
    char *const *right = b;
    return strcmp(*left, *right);
}

static size_t element_count(const yaml_node_t *node) {
    if (node->type != YAML_SEQUENCE_NODE) return 0;
    return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
}

void read_texts(struct yaml_reader *reader, const yaml_node_t *node, struct text_list *ret_list) {
    struct text_list list = {hy_calloc(element_count(node) + 1, sizeof(char *)), 0};
    yaml_read_list(reader, node, TEXTS_LIMIT, read_list_text, &list);
    qsort(list.texts, list.count, sizeof *list.texts, compare_texts);
    for (size_t i = 1; i < list.count; i++) {
        if (strcmp(list.texts[i - 1], list.texts[i]) != 0) continue;
        yaml_fault(reader, node, list.texts[i], "stands in the list twice", "在列表中重复出现");
        break;
    }
    *ret_list = list;
}

// --- words ---

static void fault_word(struct yaml_reader *reader, const yaml_node_t *node, const char *text,
                       const char *const *words) {
    char english[120] = "must be one of:";
    char chinese[120] = "可选值：";
    for (; *words != NULL; words++) {
        size_t at = strlen(english);
        snprintf(english + at, sizeof english - at, " %s", *words);
        at = strlen(chinese);
        snprintf(chinese + at, sizeof chinese - at, " %s", *words);
    }
    yaml_fault(reader, node, text, english, chinese);
}

bool read_word(struct yaml_reader *reader, const yaml_node_t *node, const char *const *words,
               uint32_t *ret_index) {
    const char *text = yaml_text(reader, node);
    if (text == NULL) return false;
    for (uint32_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) != 0) continue;
        *ret_index = i;
        return true;
    }
    fault_word(reader, node, text, words);
    return false;
}

struct word_set {
    const char *const *words;
    uint32_t bits;
};

static void read_set_word(struct yaml_reader *reader, const yaml_node_t *node, void *target) {
    struct word_set *set = target;
    uint32_t index;
    if (!read_word(reader, node, set->words, &index)) return;
    uint32_t bit = UINT32_C(1) << (index + 1);
    if ((set->bits & bit) != 0) {
        yaml_fault(reader, node, set->words[index], "stands in the list twice", "在列表中重复出现");
    }
    set->bits |= bit;
}

bool read_words(struct yaml_reader *reader, const yaml_node_t *node, const char *const *words,
                uint32_t *ret_bits) {
    struct word_set set = {words, 0};
    yaml_read_list(reader, node, 31, read_set_word, &set);
    *ret_bits = set.bits;
    return set.bits != 0;
}

bool read_boolean(struct yaml_reader *reader, const yaml_node_t *node, bool *ret_boolean) {
    const char *text = yaml_plain(reader, node);
    if (text == NULL) return false;
    bool is_true = strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "false") != 0) {
        yaml_fault(reader, node, text, "must be true or false", "必须是 true 或 false");
        return false;
    }
    *ret_boolean = is_true;
    return true;
}

// --- numbers ---

bool read_version(struct yaml_reader *reader, const yaml_node_t *node, uint32_t *ret_version) {
    const char *text = yaml_plain(reader, node);
    if (text == NULL) return false;
    int64_t hundredths;
    bool is_whole = strchr(text, '.') == NULL;
    if (!is_whole || !hy_hundredths_parse(hy_bytes_of(text), INT64_C(99999999900), &hundredths) ||
        hundredths == 0) {
        yaml_fault(reader, node, text, "must be a whole number, 1 … 999999999; count it up with every change",
                   "必须是 1 … 999999999 的整数；每次修改都要加 1");
        return false;
    }
    *ret_version = (uint32_t)(hundredths / 100);
    return true;
}

// At most 18 digits, so that no number overflows.
static bool parse_whole(const char *text, int64_t *ret_number) {
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 18 || text[length] != '\0') return false;
    *ret_number = strtoll(text, NULL, 10);
    return true;
}

bool read_whole(struct yaml_reader *reader, const yaml_node_t *node, int64_t min, int64_t max,
                int64_t *ret_number) {
    const char *text = yaml_plain(reader, node);
    if (text == NULL) return false;
    int64_t number;
    if (parse_whole(text, &number) && number >= min && number <= max) {
        *ret_number = number;
        return true;
    }
    char english[96];
    char chinese[96];
    snprintf(english, sizeof english, "must be a whole number, %" PRId64 " … %" PRId64, min, max);
    snprintf(chinese, sizeof chinese, "必须是 %" PRId64 " … %" PRId64 " 的整数", min, max);
    yaml_fault(reader, node, text, english, chinese);
    return false;
}

bool read_discount(struct yaml_reader *reader, const yaml_node_t *node, int32_t *ret_hundredths) {
    const char *text = yaml_plain(reader, node);
    if (text == NULL) return false;
    int64_t hundredths;
    if (!hy_hundredths_parse(hy_bytes_of(text), 99, &hundredths) || hundredths == 0) {
        yaml_fault(reader, node, text,
                   "must be what the member pays, 0.01 … 0.99 (0.90: nine tenths); leave it out for none",
                   "必须是会员实付的比例，0.01 … 0.99（九折写 0.90）；无折扣请删除该键");
        return false;
    }
    *ret_hundredths = (int32_t)hundredths;
    return true;
}

bool read_multiplier(struct yaml_reader *reader, const yaml_node_t *node, int32_t *ret_hundredths) {
    const char *text = yaml_plain(reader, node);
    if (text == NULL) return false;
    int64_t hundredths;
    if (!hy_hundredths_parse(hy_bytes_of(text), HY_FACTOR_LIMIT, &hundredths)) {
        yaml_fault(reader, node, text, "must be a number with at most two decimals, 0.00 … 100.00",
                   "必须是最多两位小数的数字，0.00 … 100.00");
        return false;
    }
    *ret_hundredths = (int32_t)hundredths;
    return true;
}

bool read_money(struct yaml_reader *reader, const yaml_node_t *node, int64_t *ret_fen) {
    const char *text = yaml_plain(reader, node);
    if (text == NULL) return false;
    if (!hy_hundredths_parse(hy_bytes_of(text), HY_AMOUNT_LIMIT_FEN, ret_fen)) {
        yaml_fault(reader, node, text,
                   "must be an amount in yuan with at most two decimals, 0.00 … 10000000.00",
                   "必须是以元为单位、最多两位小数的金额，0.00 … 10000000.00");
        return false;
    }
    return true;
}

// --- time ---

bool read_zone(struct yaml_reader *reader, const yaml_node_t *node, hy_zone_loader load_zone,
               struct hy_zone *ret_zone) {
    const char *name = yaml_text(reader, node);
    if (name == NULL) return false;
    size_t length = node->data.scalar.length;
    if (length < sizeof ret_zone->name && hy_text_has_form(HY_FORM_TEXT, name, length) &&
        load_zone(name, ret_zone))
        return true;
    yaml_fault(reader, node, name, "unknown time zone; write it like Asia/Shanghai",
               "未知的时区；写法如 Asia/Shanghai");
    return false;
}

static bool parse_day(const char *text, int32_t *ret_day_number) {
    int32_t day;
    if (!hy_date_parse(hy_bytes_of(text), &day) || day < FIRST_DAY || day > LAST_DAY) return false;
    *ret_day_number = day;
    return true;
}

bool read_date(struct yaml_reader *reader, const yaml_node_t *node, int32_t *ret_day_number) {
    const char *text = yaml_text(reader, node);
    if (text == NULL || parse_day(text, ret_day_number)) return text != NULL;
    yaml_fault(reader, node, text, "must be a date like 2026-11-22, from 2000-01-01 to 2100-01-01",
               "必须是形如 2026-11-22 的日期，2000-01-01 至 2100-01-01");
    return false;
}

static bool parse_moment(const char *text, const struct hy_zone *zone, int64_t *ret_time_ms) {
    int32_t day;
    if (parse_day(text, &day)) {
        *ret_time_ms = hy_day_start_ms(zone, day);
        return true;
    }
    int64_t time_ms;
    if (!hy_rfc3339_parse(hy_bytes_of(text), &time_ms)) return false;
    day = hy_day_at(zone, time_ms);
    if (day < FIRST_DAY || day > LAST_DAY) return false;
    *ret_time_ms = time_ms;
    return true;
}

bool read_moment(struct yaml_reader *reader, const yaml_node_t *node, const struct hy_zone *zone,
                 int64_t *ret_time_ms) {
    const char *text = yaml_text(reader, node);
    if (text == NULL || parse_moment(text, zone, ret_time_ms)) return text != NULL;
    yaml_fault(reader, node, text,
               "must be a date like 2026-11-22 (its midnight in the time zone), or a time like "
               "2026-11-22T08:00:00+08:00",
               "必须是形如 2026-11-22 的日期（该时区的零点），或形如 2026-11-22T08:00:00+08:00 的时间");
    return false;
}
