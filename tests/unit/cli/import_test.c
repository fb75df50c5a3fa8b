// Files of purchases: rows become purchases, and one with a fault is named by line, field and reason.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/import_item.h"

#define HEADER "purchase_id,member_id,store_id,channel,occurred_at,line_id,sku,paid,payment_method\n"
#define AT     "s1,STORE,2026-11-22T10:00:00+08:00"

static struct source source;
static struct import_reader *reader;
static struct hy_arena arena;
static struct import_item item;

static void given_file(const char *content) {
    static char path[64]; // its name is told with every fault
    snprintf(path, sizeof path, "%s", "/tmp/huiyuan-import-XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    close(fd);
    cr_assert(source_open(&source, path));
    unlink(path);
    hy_arena_init(&arena);
}

static void given_rows(const char *rows) {
    char content[8192];
    snprintf(content, sizeof content, "%s%s", HEADER, rows);
    given_file(content);
    reader = import_rows_open(&source, false);
    cr_assert(reader != NULL);
}

static bool next(void) {
    hy_arena_reset(&arena);
    return import_reader_next(reader, &arena, &item);
}

static void then_fault(uint64_t line, const char *purchase_id, const char *field) {
    cr_assert(next());
    cr_assert(item.error.code != HY_OK, "%s was accepted", item.purchase_id);
    cr_assert_eq(item.line, line, "%s: line %lu", purchase_id, (unsigned long)item.line);
    cr_assert_str_eq((char *)(uintptr_t)item.purchase_id, (char *)(uintptr_t)purchase_id);
    cr_assert_str_eq(item.error.field == NULL ? "" : (char *)(uintptr_t)item.error.field,
                     (char *)(uintptr_t)field);
    cr_assert(item.error.detail != NULL && item.error.detail[0] != '\0');
}

static void then_good(const char *purchase_id, size_t lines) {
    cr_assert(next());
    cr_assert(item.error.code == HY_OK, "%s: %s %s", item.purchase_id, item.error.field, item.error.detail);
    cr_assert_str_eq(item.purchase->purchase_id, (char *)(uintptr_t)purchase_id);
    cr_assert_eq(item.purchase->n_lines, lines);
}

Test(import, rows_of_a_purchase_become_one_with_its_lines_and_payments) {
    given_rows("a,m1," AT ",1,x,1.5,CASH\r\na,m1," AT ",2,\"y, z\",2,GIFT_CARD\r\nb,m2," AT ",1,x,0.05,CARD");
    then_good("a", 2);
    const Huiyuan__V1__Purchase *purchase = item.purchase;
    cr_assert_eq(purchase->occurred_at_ms, INT64_C(1795312800000));
    cr_assert_eq(purchase->lines[0]->paid_fen, 150);
    cr_assert_eq(purchase->lines[1]->paid_fen, 200);
    cr_assert_str_eq(purchase->lines[1]->sku, "y, z");
    cr_assert_eq(purchase->n_payments, 2);
    cr_assert_eq(purchase->payments[0]->amount_fen, 150);
    cr_assert_eq(purchase->payments[1]->method, HUIYUAN__V1__PAYMENT_METHOD__GIFT_CARD);
    cr_assert_eq(item.rows, 2);
    then_good("b", 1);
    cr_assert(!next());
}

Test(import, a_fault_names_its_row_and_field_and_spoils_its_own_purchase_alone) {
    given_rows("a,m1," AT ",1,x,1.00,CASH\na,m1," AT ",2,x,1.005,CASH\n" // three decimals
               "b,m1,s1,SHOP,2026-11-22T10:00:00+08:00,1,x,1,CASH\n"     // no such channel
               "c,m1," AT ",1,x,1\n"                                     // a column is missing
               "d,m1," AT ",1,x,1,CASH\nd,m2," AT ",2,x,1,CASH\n"        // two members
               "e,m1," AT ",1,x,1,CASH\ne,m1," AT ",1,x,1,CASH\n"        // one line_id twice
               "f,m1,s1,STORE,2026-11-22,1,x,1,CASH\n"                   // no time
               "g,m1," AT ",1,x,1,\ng,m1," AT ",2,x,1,CASH\n"            // a method is missing
               "\nh,m1," AT ",1,x,-1,CASH\n"                             // negative
               "i,m1," AT ",1,x,1,CASH\n");
    then_fault(3, "a", "lines[1].paid");
    then_fault(4, "b", "channel");
    then_fault(5, "c", "");
    then_fault(7, "d", "member_id");
    then_fault(9, "e", "lines[1].line_id");
    then_fault(10, "f", "occurred_at");
    then_fault(11, "g", "payment_method");
    then_fault(14, "h", "lines[0].paid");
    then_good("i", 1);
    cr_assert(!next());
}

Test(import, a_row_that_cannot_be_read_takes_the_purchase_before_it_along) {
    given_rows("a,m1," AT ",1,x,1,CASH\n\"\"x,m1," AT ",2,x,1,CASH\na,m1," AT ",3,x,1,CASH\nb,m1," AT
               ",1,x,1,CASH\n");
    then_fault(3, "a", "");
    cr_assert_eq(item.rows, 3);
    then_good("b", 1);
}

Test(import, a_purchase_with_too_many_rows_is_refused_in_bounded_memory) {
    given_file("");
    source_close(&source);
    char *rows = malloc(600 * 80 + 256);
    size_t used = (size_t)sprintf(rows, "%s", HEADER);
    for (int i = 0; i < 600; i++)
        used += (size_t)sprintf(rows + used, "a,m1," AT ",%d,x,1,CASH\n", i);
    sprintf(rows + used, "b,m1," AT ",1,x,1,CASH\n");
    given_file(rows);
    reader = import_rows_open(&source, false);
    then_fault(2, "a", "lines");
    cr_assert_eq(item.rows, 600);
    then_good("b", 1);
    free(rows);
}

Test(import, reading_goes_on_at_the_end_of_any_purchase) {
    given_rows("a,m1," AT ",1,x,1,CASH\nb,m1," AT ",1,x,1,CASH\nb,m1," AT ",2,x,1,CASH\nc,m1," AT
               ",1,x,1,CASH\n");
    then_good("a", 1);
    uint64_t end = item.end;
    uint64_t line = item.next_line;
    then_good("b", 2);
    cr_assert(import_reader_go_on(reader, end, line));
    then_good("b", 2);
    cr_assert_eq(item.line, 3);
    then_good("c", 1);
    cr_assert(!next());
}

Test(import, the_header_must_name_what_is_needed_and_nothing_unknown) {
    static const char *const wrong[] = {
        "", "purchase_id,member_id\n",
        "purchase_id,member_id,store_id,channel,occurred_at,line_id,paid,catagory\n",
        "purchase_id,member_id,store_id,channel,occurred_at,line_id,paid,paid_fen\n",
        "purchase_id,purchase_id,member_id,store_id,channel,occurred_at,line_id,paid\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        given_file(wrong[i]);
        cr_assert(import_rows_open(&source, false) == NULL, "%s", wrong[i]);
        source_close(&source);
    }
    given_file("\xef\xbb\xbf"
               "paid_fen,colour,purchase_id,member_id,store_id,channel,occurred_at_ms,line_id\n"
               "150,red,a,m1,s1,APP,1795312800000,1\n");
    reader = import_rows_open(&source, true);
    cr_assert(reader != NULL);
    then_good("a", 1);
    cr_assert_eq(item.purchase->lines[0]->paid_fen, 150);
}

Test(import, ndjson_is_one_purchase_a_line) {
    given_file("{\"purchase_id\":\"a\",\"member_id\":\"m\",\"store_id\":\"s\",\"channel\":\"APP\","
               "\"occurred_at_ms\":1795312800000,\"lines\":[{\"line_id\":\"1\",\"paid_fen\":100}]}\n"
               "\nnot json\n");
    reader = import_lines_open(&source);
    then_good("a", 1);
    then_fault(3, "", "");
    cr_assert(!next());
}
