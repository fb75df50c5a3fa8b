// Who waits for which outcome: what is told to whom, and when.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "services/gateway/commands.h"

enum { NEVER_TOLD = -1 };

struct caller {
    int outcome;
    int times;
};

static struct commands table;
static char looked_up[256]; // ids, in order

static void look_up(void *context, const struct command *command) {
    (void)context;
    size_t length = strlen(looked_up);
    snprintf(looked_up + length, sizeof looked_up - length, "%s ", command->id);
}

static void begin(void) {
    looked_up[0] = '\0';
    commands_init(&table, look_up, NULL);
    table.now_ms = 1000;
}

static void end(void) {
    commands_free(&table);
}

TestSuite(commands, .init = begin, .fini = end);

static void told(void *context, enum command_outcome outcome, const Huiyuan__V1__Answer *answer) {
    struct caller *caller = context;
    cr_assert_eq(answer != NULL, outcome == COMMAND_ANSWERED);
    caller->outcome = (int)outcome;
    caller->times++;
}

static struct command *join(struct caller *caller, const char *id, int64_t wait_ms) {
    *caller = (struct caller){.outcome = NEVER_TOLD};
    return commands_join(&table, &(struct command_request){
                                     .command_id = id, .wait_ms = wait_ms, .done = told, .context = caller});
}

static void answer(const char *id) {
    char text[HY_COMMAND_ID_BYTES];
    snprintf(text, sizeof text, "%s", id);
    Huiyuan__V1__Answer message = HUIYUAN__V1__ANSWER__INIT;
    message.command_id = text;
    commands_answered(&table, &message);
}

static void time_passes(int64_t ms) {
    table.now_ms += ms;
    deadlines_run(&table.deadlines, table.now_ms);
}

Test(commands, the_outcome_reaches_the_one_who_waits_and_nobody_else) {
    struct caller a, b;
    struct command *command = join(&a, "1-aa", 5000);
    struct command *other = join(&b, "1-bb", 5000);
    answer("1-aa");
    answer("1-cc");
    cr_assert_eq(a.outcome, COMMAND_ANSWERED);
    cr_assert_eq(b.outcome, NEVER_TOLD);
    commands_delivered(command, false);
    commands_delivered(other, true);
    cr_assert_eq(b.outcome, COMMAND_AWAY);
}

Test(commands, a_retry_meanwhile_joins_and_is_not_appended_again) {
    struct caller a, b;
    struct command *command = join(&a, "1-aa", 5000);
    cr_assert_null(join(&b, "1-aa", 5000));
    commands_delivered(command, false);
    answer("1-aa");
    cr_assert_eq(a.outcome, COMMAND_ANSWERED);
    cr_assert_eq(b.outcome, COMMAND_ANSWERED);
    cr_assert_eq(a.times + b.times, 2);
}

Test(commands, after_an_answer_that_overtook_the_delivery_report_a_retry_is_appended_anew) {
    struct caller a, b;
    struct command *first = join(&a, "1-aa", 5000);
    answer("1-aa");
    struct command *second = join(&b, "1-aa", 5000);
    cr_assert_not_null(second);
    cr_assert_neq(first, second);
    commands_delivered(first, false);
    cr_assert_eq(b.outcome, NEVER_TOLD);
    commands_delivered(second, false);
    answer("1-aa");
    cr_assert_eq(b.outcome, COMMAND_ANSWERED);
}

Test(commands, who_waits_only_for_durability_is_told_by_the_delivery_report) {
    struct caller patient, hasty, late;
    struct command *command = join(&patient, "1-aa", 5000);
    join(&hasty, "1-aa", 0);
    commands_delivered(command, false);
    cr_assert_eq(hasty.outcome, COMMAND_PENDING);
    cr_assert_eq(patient.outcome, NEVER_TOLD);
    cr_assert_null(join(&late, "1-aa", 0));
    cr_assert_eq(late.outcome, COMMAND_PENDING);
    answer("1-aa");
    cr_assert_eq(patient.outcome, COMMAND_ANSWERED);
    cr_assert_eq(hasty.times, 1);
}

// Kafka's reports are waited for only as long as somebody is counted here.
Test(commands, who_waits_for_durability_alone_is_counted_until_told) {
    struct caller patient, a, b, c;
    join(&patient, "1-aa", 5000);
    cr_assert_eq(table.awaiting_durability, 0);
    struct command *confirmed = join(&a, "1-bb", 0);
    struct command *lost = join(&b, "1-cc", 0);
    struct command *answered = join(&c, "1-dd", 0);
    cr_assert_eq(table.awaiting_durability, 3);
    commands_delivered(confirmed, false);
    cr_assert_eq(table.awaiting_durability, 2);
    commands_delivered(lost, true);
    cr_assert_eq(table.awaiting_durability, 1);
    answer("1-dd");
    cr_assert_eq(table.awaiting_durability, 0);
    commands_delivered(answered, false);
    cr_assert_eq(table.awaiting_durability, 0);
}

Test(commands, when_time_is_up_redis_is_asked_once_before_pending_is_said) {
    struct caller a;
    commands_delivered(join(&a, "1-aa", 5000), false);
    time_passes(4999);
    cr_assert_str_eq(looked_up, "");
    time_passes(1);
    cr_assert_str_eq(looked_up, "1-aa ");
    cr_assert_eq(a.outcome, NEVER_TOLD);
    commands_unanswered(&table, "1-aa");
    cr_assert_eq(a.outcome, COMMAND_PENDING);
}

Test(commands, a_last_look_that_finds_the_answer_gives_it) {
    struct caller a;
    commands_delivered(join(&a, "1-aa", 5000), false);
    time_passes(5000);
    answer("1-aa");
    cr_assert_eq(a.outcome, COMMAND_ANSWERED);
}

Test(commands, a_redis_that_does_not_reply_delays_pending_only_a_little) {
    struct caller a;
    commands_delivered(join(&a, "1-aa", 5000), false);
    time_passes(5000);
    time_passes(COMMANDS_LOOK_UP_MS);
    cr_assert_eq(a.outcome, COMMAND_PENDING);
}

Test(commands, pending_is_never_said_of_what_kafka_has_not_confirmed) {
    struct caller a, b;
    struct command *command = join(&a, "1-aa", 100);
    join(&b, "1-aa", 0);
    time_passes(100);
    cr_assert_eq(a.outcome, COMMAND_AWAY);
    cr_assert_str_eq(looked_up, "");
    time_passes(60000);
    cr_assert_eq(b.outcome, COMMAND_AWAY);
    commands_delivered(command, false); // late, and nobody is there
}

Test(commands, an_unanswered_look_concerns_only_those_whose_time_is_up) {
    static struct caller brief, patient; // the second is told when the table is freed
    commands_delivered(join(&brief, "1-aa", 100), false);
    join(&patient, "1-aa", 5000);
    time_passes(100);
    commands_unanswered(&table, "1-aa");
    cr_assert_eq(brief.outcome, COMMAND_PENDING);
    cr_assert_eq(patient.outcome, NEVER_TOLD);
}

Test(commands, after_a_lost_subscription_all_that_is_awaited_is_looked_up) {
    struct caller a, b, c;
    join(&a, "1-aa", 5000);
    join(&b, "2-bb", 5000);
    struct command *command = join(&c, "3-cc", 10);
    time_passes(10); // nobody waits for the third any more
    commands_look_up_all(&table);
    cr_assert_not_null(strstr(looked_up, "1-aa "));
    cr_assert_not_null(strstr(looked_up, "2-bb "));
    cr_assert_null(strstr(looked_up, "3-cc "));
    commands_delivered(command, true);
}

Test(commands, at_the_end_everybody_is_told) {
    struct caller callers[20];
    for (int i = 0; i < 20; i++) {
        char id[HY_COMMAND_ID_BYTES];
        snprintf(id, sizeof id, "%d-x", i / 2);
        join(&callers[i], id, 5000);
    }
    commands_free(&table);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(callers[i].outcome, COMMAND_AWAY);
    commands_init(&table, look_up, NULL);
}

static char woken[16];

static void wake(struct deadline *deadline) {
    size_t length = strlen(woken);
    woken[length] = (char)('0' + deadline->at_ms / 10);
    woken[length + 1] = '\0';
}

Test(deadlines, wake_in_order_of_time_whatever_the_order_of_adding) {
    struct deadlines list = {0};
    struct deadline entries[5] = {
        {.expired = wake}, {.expired = wake}, {.expired = wake}, {.expired = wake}, {.expired = wake}};
    const int64_t times[5] = {30, 10, 50, 20, 40};
    for (int i = 0; i < 5; i++)
        deadlines_add(&list, &entries[i], times[i]);
    deadlines_remove(&list, &entries[3]);
    cr_assert_eq(deadlines_wait_ms(&list, 4, 100), 6);
    cr_assert_eq(deadlines_wait_ms(&list, 4, 5), 5);
    woken[0] = '\0';
    deadlines_run(&list, 45);
    cr_assert_str_eq(woken, "134");
    cr_assert_eq(deadlines_wait_ms(&list, 60, 100), 0);
    deadlines_run(&list, 50);
    cr_assert_str_eq(woken, "1345");
    cr_assert_eq(deadlines_wait_ms(&list, 60, 100), 100);
}
