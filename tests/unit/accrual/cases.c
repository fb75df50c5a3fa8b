#include "tests/unit/accrual/cases.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/decimal.h"
#include "common/base/memory.h"
#include "common/contract/rfc3339.h"

#define CASE_FAIL(golden, what, text) \
    cr_assert_fail("%s:%d: %s: %s", (golden)->file, (golden)->line, what, text)

static bool load_fixed_zone(const char *name, struct hy_zone *ret_zone) {
    if (strcmp(name, "Asia/Shanghai") != 0) return false;
    snprintf(ret_zone->name, sizeof ret_zone->name, "%s", name);
    ret_zone->changes = hy_malloc(sizeof *ret_zone->changes);
    ret_zone->changes[0] = (struct hy_zone_change){INT64_MIN, 8 * 3600};
    ret_zone->count = 1;
    return true;
}

struct hy_program *load_program(const char *path) {
    FILE *file = fopen(path, "r");
    cr_assert_neq(file, NULL, "%s is missing", path);
    char *yaml = hy_malloc(HY_PROGRAM_LIMIT_BYTES);
    size_t length = fread(yaml, 1, HY_PROGRAM_LIMIT_BYTES, file);
    fclose(file);
    struct hy_program_faults faults;
    struct hy_program *program = hy_program_parse(hy_bytes(yaml, length), load_fixed_zone, &faults);
    cr_assert_neq(program, NULL, "%s:%d: %s: %s", path, faults.items[0].line, faults.items[0].field,
                  faults.items[0].english);
    hy_free(yaml);
    return program;
}

size_t tier_index(const struct hy_program *program, const char *tier) {
    for (size_t i = 0; i < program->tier_count; i++) {
        if (strcmp(program->tiers[i].id, tier) == 0) return i;
    }
    cr_assert_fail("no tier %s", tier);
    return 0;
}

static char *keep(struct golden_case *golden, const char *text, size_t length) {
    cr_assert_lt(golden->used + length + 1, sizeof golden->text);
    char *copy = golden->text + golden->used;
    memcpy(copy, text, length);
    copy[length] = '\0';
    golden->used += length + 1;
    return copy;
}

// The part up to the separator, without the spaces around it; *text moves behind the separator.
static char *take_part(struct golden_case *golden, const char **text, const char *separator) {
    const char *end = separator == NULL ? NULL : strstr(*text, separator);
    const char *start = *text;
    if (separator != NULL && end == NULL) CASE_FAIL(golden, separator, start);
    *text = end == NULL ? start + strlen(start) : end + strlen(separator);
    if (end == NULL) end = start + strlen(start);
    while (start < end && *start == ' ') {
        start++;
    }
    while (end > start && end[-1] == ' ') {
        end--;
    }
    return keep(golden, start, (size_t)(end - start));
}

static int64_t take_fen(struct golden_case *golden, const char **text, const char *separator) {
    const char *part = take_part(golden, text, separator);
    int64_t fen = 0;
    if (!hy_hundredths_parse(hy_bytes_of(part), INT64_MAX, &fen)) CASE_FAIL(golden, "no amount", part);
    return fen;
}

static int choice(const ProtobufCEnumDescriptor *choices, struct golden_case *golden, const char *name) {
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(choices, name);
    if (value == NULL) CASE_FAIL(golden, "no such choice", name);
    return value->value;
}

static void read_purchase(struct golden_case *golden, const char *text) {
    golden->tier = take_part(golden, &text, "|");
    golden->purchase.channel = (Huiyuan__V1__Channel)choice(&huiyuan__v1__channel__descriptor, golden,
                                                            take_part(golden, &text, "|"));
    golden->purchase.store_id = take_part(golden, &text, "|");
    const char *time = take_part(golden, &text, NULL);
    if (!hy_rfc3339_parse(hy_bytes_of(time), &golden->purchase.occurred_at_ms))
        CASE_FAIL(golden, "no time", time);
}

static void read_line(struct golden_case *golden, const char *text) {
    size_t index = golden->purchase.n_lines++;
    cr_assert_lt(index, CASE_LINES);
    const char *id_end = strchr(text, ' ');
    cr_assert_neq(id_end, NULL);
    golden->purchase.lines[index] = &golden->lines[index];
    Huiyuan__V1__PurchaseLine *line = &golden->lines[index];
    huiyuan__v1__purchase_line__init(line);
    line->line_id = keep(golden, text, (size_t)(id_end - text));
    text = strchr(text, '|') + 1;
    line->category = take_part(golden, &text, "|");
    line->brand = take_part(golden, &text, "|");
    line->paid_fen = take_fen(golden, &text, "=>");
    golden->expected[index].points = strtoll(take_part(golden, &text, ":"), NULL, 10);
    golden->expected[index].rules = take_part(golden, &text, NULL);
}

static void read_payment(struct golden_case *golden, const char *text) {
    size_t index = golden->purchase.n_payments++;
    cr_assert_lt(index, CASE_PAYMENTS);
    Huiyuan__V1__Payment *payment = &golden->payments[index];
    golden->purchase.payments[index] = payment;
    huiyuan__v1__payment__init(payment);
    const char *method = take_part(golden, &text, "|");
    payment->method =
        (Huiyuan__V1__PaymentMethod)choice(&huiyuan__v1__payment_method__descriptor, golden, method);
    payment->amount_fen = take_fen(golden, &text, NULL);
}

static void begin_case(struct golden_case *golden, const char *file, int line) {
    golden->file = file;
    golden->line = line;
    golden->used = 0;
    huiyuan__v1__purchase__init(&golden->purchase);
    golden->purchase.purchase_id = "p";
    golden->purchase.member_id = "m";
    golden->purchase.lines = golden->line_pointers;
    golden->purchase.payments = golden->payment_pointers;
    golden->points = -1;
    golden->reason = "";
    golden->rules = NULL;
}

// The text behind the word, when the line begins with it.
static const char *after(const char *line, const char *word) {
    size_t length = strlen(word);
    return strncmp(line, word, length) == 0 ? line + length : NULL;
}

static bool read_row(struct golden_case *golden, const char *row) {
    const char *text;
    if ((text = after(row, "purchase ")) != NULL)
        read_purchase(golden, text);
    else if ((text = after(row, "line ")) != NULL)
        read_line(golden, text);
    else if ((text = after(row, "pay ")) != NULL)
        read_payment(golden, text);
    else if ((text = after(row, "points ")) != NULL)
        golden->points = strtoll(text, NULL, 10);
    else if ((text = after(row, "reason ")) != NULL)
        golden->reason = keep(golden, text, strlen(text));
    else if ((text = after(row, "rules ")) != NULL)
        golden->rules = keep(golden, text, strlen(text));
    else
        return false;
    return true;
}

// A file under way.
struct file_reading {
    struct golden_case golden;
    bool is_open; // a case has begun
    struct hy_program *program;
    size_t cases;
    case_visitor visit;
    void *context;
};

static void finish_case(struct file_reading *reading) {
    if (reading->is_open) reading->visit(reading->program, &reading->golden, reading->context);
    reading->cases += reading->is_open;
    reading->is_open = false;
}

static void take_row(struct file_reading *reading, const char *file, int number, char *row) {
    row[strcspn(row, "\n")] = '\0';
    const char *path = after(row, "program ");
    if (path != NULL) {
        hy_program_free(reading->program);
        reading->program = load_program(path);
    } else if (*row == '\0') {
        finish_case(reading);
    } else if (*row != '#') {
        if (!reading->is_open) begin_case(&reading->golden, file, number);
        reading->is_open = true;
        if (!read_row(&reading->golden, row)) cr_assert_fail("%s:%d: %s", file, number, row);
    }
}

size_t for_each_case(const char *file, case_visitor visit, void *context) {
    FILE *in = fopen(file, "r");
    cr_assert_neq(in, NULL, "%s is missing", file);
    struct file_reading *reading = hy_calloc(1, sizeof *reading);
    reading->visit = visit;
    reading->context = context;
    char row[2048];
    for (int number = 1; fgets(row, sizeof row, in) != NULL; number++) {
        take_row(reading, file, number, row);
    }
    finish_case(reading);
    fclose(in);
    size_t cases = reading->cases;
    hy_program_free(reading->program);
    hy_free(reading);
    return cases;
}

size_t for_each_golden_case(case_visitor visit, void *context) {
    glob_t files;
    cr_assert_eq(glob("tests/golden/points/*.txt", 0, NULL, &files), 0);
    size_t cases = 0;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        cases += for_each_case(files.gl_pathv[i], visit, context);
    }
    globfree(&files);
    return cases;
}
