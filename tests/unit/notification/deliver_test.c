// The life of one message.
#include "tests/unit/notification/fixture.h"

#define DELIVERED HUIYUAN__V1__DELIVERY_OUTCOME__DELIVERED
#define FOR_NOW   HUIYUAN__V1__DELIVERY_OUTCOME__FAILED_FOR_NOW
#define FOR_GOOD  HUIYUAN__V1__DELIVERY_OUTCOME__FAILED_FOR_GOOD

static struct shop shop;

static void open_shop(void) {
    shop_open(&shop);
}

static void close_shop(void) {
    shop_close(&shop);
}

TestSuite(deliver, .init = open_shop, .fini = close_shop);

static void then(const Change *change, Huiyuan__V1__DeliveryChangeKind kind, const char *reason) {
    cr_assert_not_null(change);
    cr_assert_eq(change->kind, kind, "kind %d, reason \"%s\"", change->kind, change->reason);
    cr_assert_str_eq(change->reason, reason);
}

static void then_nothing_waits(void) {
    cr_assert_null(queue_first(shop.member.kept));
}

Test(deliver, a_message_is_queued_attempted_and_sent) {
    member_seen(&shop, true, false);
    const Change *queued = tier_raised(&shop, "tiers-1-2-0", shop.now_ms);
    then(queued, KIND(QUEUED), "");
    cr_assert_eq(queued->due_ms, NOON_MS);
    const Change *attempted = time_comes(&shop);
    then(attempted, KIND(ATTEMPTED), "");
    cr_assert_eq(attempted->channel, CHANNEL(EMAIL));
    cr_assert_eq(attempted->attempt, 1u);
    then(result(&shop, "tiers-1-2-0", 1, DELIVERED, "250 OK"), KIND(SENT), "250 OK");
    then_nothing_waits();
    cr_assert_eq(shop.member.kept->sent, 1u);
}

Test(deliver, the_order_has_all_that_the_sender_needs_and_the_record_has_nothing_personal) {
    member_seen(&shop, true, false);
    tier_raised(&shop, "tiers-1-2-0", shop.now_ms);
    struct delivery_rules rules = {&shop.policy, &shop.program, &shop.templates, shop.now_ms};
    const Change *attempted = deliver_due(&rules, shop.member.kept, &shop.arena);
    cr_assert_null(attempted->personal);
    struct hy_bytes bytes = deliver_order(attempted, shop.member.kept, &shop.arena);
    const Change *order =
        huiyuan__v1__delivery_change__unpack(&shop.arena.protobuf, bytes.length, bytes.data);
    cr_assert_not_null(order);
    cr_assert_str_eq(order->delivery_id, "tiers-1-2-0");
    cr_assert_str_eq(order->template_, "tier-raised");
    cr_assert_eq(order->language, HUIYUAN__V1__LANGUAGE__EN);
    cr_assert_eq(order->personal->ciphertext.len, 6u);
    cr_assert_eq(order->n_parameters, 2u);
    cr_assert_str_eq(order->parameters[0]->value, "银卡");
    cr_assert_str_eq(order->parameters[1]->value, "Silver");
}

Test(deliver, without_consent_for_mail_it_goes_by_sms) {
    member_seen(&shop, false, true);
    tier_raised(&shop, "t", shop.now_ms);
    cr_assert_eq(time_comes(&shop)->channel, CHANNEL(SMS));
}

Test(deliver, consent_counts_when_it_is_sent_not_when_it_was_wanted) {
    member_seen(&shop, true, true);
    tier_raised(&shop, "t", shop.now_ms);
    member_seen(&shop, false, false);
    then(time_comes(&shop), KIND(SUPPRESSED), "no-consent");
    then_nothing_waits();
}

Test(deliver, consent_withdrawn_between_two_attempts_ends_it) {
    member_seen(&shop, true, false);
    tier_raised(&shop, "t", shop.now_ms);
    time_comes(&shop);
    result(&shop, "t", 1, FOR_NOW, "451");
    member_seen(&shop, false, false);
    then(time_comes(&shop), KIND(SUPPRESSED), "no-consent");
}

Test(deliver, an_erased_member_is_not_written_to) {
    member_seen(&shop, true, true);
    tier_raised(&shop, "t", shop.now_ms);
    member_erased(&shop);
    cr_assert_null(shop.member.kept->personal);
    then(time_comes(&shop), KIND(SUPPRESSED), "erased");
    then(tier_raised(&shop, "u", shop.now_ms), KIND(SUPPRESSED), "erased");
    then_nothing_waits();
}

Test(deliver, a_member_who_is_not_known_yet_is_waited_for_once) {
    tier_raised(&shop, "t", shop.now_ms);
    then(time_comes(&shop), KIND(POSTPONED), "no-contact");
    member_seen(&shop, true, false);
    then(time_comes(&shop), KIND(ATTEMPTED), "");
}

Test(deliver, a_member_who_never_enrolled_is_not_waited_for_for_ever) {
    tier_raised(&shop, "t", shop.now_ms);
    then(time_comes(&shop), KIND(POSTPONED), "no-contact");
    then(time_comes(&shop), KIND(SUPPRESSED), "no-contact");
    then_nothing_waits();
}

Test(deliver, in_quiet_hours_it_waits_for_the_morning) {
    member_seen(&shop, true, false);
    shop.now_ms = NOON_MS + 10 * HOUR_MS; // 22:00
    const Change *queued = tier_raised(&shop, "t", shop.now_ms);
    then(queued, KIND(QUEUED), "quiet-hours");
    cr_assert_eq(queued->due_ms, NOON_MS + 21 * HOUR_MS); // 09:00
    then(time_comes(&shop), KIND(ATTEMPTED), "");
}

Test(deliver, what_becomes_due_in_quiet_hours_waits_too) {
    member_seen(&shop, true, false);
    tier_raised(&shop, "t", shop.now_ms);
    shop.now_ms = NOON_MS + 12 * HOUR_MS; // nobody was there to look until midnight
    const Change *postponed = time_comes(&shop);
    then(postponed, KIND(POSTPONED), "quiet-hours");
    cr_assert_eq(postponed->due_ms, NOON_MS + 21 * HOUR_MS);
    cr_assert_eq(time_comes(&shop)->attempt, 1u, "waiting is no attempt");
}

Test(deliver, the_next_attempt_does_not_fall_into_quiet_hours) {
    member_seen(&shop, true, false);
    tier_raised(&shop, "t", shop.now_ms);
    time_comes(&shop);
    shop.now_ms = NOON_MS + 9 * HOUR_MS - 5000; // 20:59:55
    const Change *postponed = result(&shop, "t", 1, FOR_NOW, "451");
    cr_assert_eq(postponed->due_ms, NOON_MS + 21 * HOUR_MS);
}

Test(deliver, a_failure_for_now_is_tried_again_with_pauses_and_at_last_given_up) {
    member_seen(&shop, true, false);
    shop.policy.attempts = 3;
    tier_raised(&shop, "t", shop.now_ms);
    for (uint32_t attempt = 1; attempt <= 3; attempt++) {
        cr_assert_eq(time_comes(&shop)->attempt, attempt);
        const Change *failed = result(&shop, "t", attempt, FOR_NOW, "451 later");
        if (attempt < 3) {
            then(failed, KIND(POSTPONED), "451 later");
            cr_assert(failed->due_ms >= shop.now_ms + shop.policy.retry_first_ms * 3 / 4);
        } else {
            then(failed, KIND(GIVEN_UP), "451 later");
        }
    }
    then_nothing_waits();
    cr_assert_eq(shop.member.kept->sent, 0u);
}

Test(deliver, a_repeated_result_counts_once) {
    member_seen(&shop, true, false);
    tier_raised(&shop, "t", shop.now_ms);
    time_comes(&shop);
    then(result(&shop, "t", 1, FOR_NOW, "451"), KIND(POSTPONED), "451");
    cr_assert_null(result(&shop, "t", 1, FOR_NOW, "451"));
    time_comes(&shop);
    cr_assert_null(result(&shop, "t", 1, FOR_NOW, "451"));
    then(result(&shop, "t", 2, DELIVERED, ""), KIND(SENT), "");
    cr_assert_null(result(&shop, "t", 2, DELIVERED, ""));
    cr_assert_eq(shop.member.kept->sent, 1u);
}

Test(deliver, a_refusal_is_not_tried_again) {
    member_seen(&shop, true, true);
    tier_raised(&shop, "t", shop.now_ms);
    time_comes(&shop);
    then(result(&shop, "t", 1, FOR_GOOD, "550 no"), KIND(GIVEN_UP), "550 no");
    then_nothing_waits();
}

Test(deliver, without_a_mail_address_it_goes_by_sms) {
    member_seen(&shop, true, true);
    tier_raised(&shop, "t", shop.now_ms);
    time_comes(&shop);
    then(result(&shop, "t", 1, FOR_GOOD, DELIVERY_NO_ADDRESS), KIND(POSTPONED), DELIVERY_NO_ADDRESS);
    const Change *attempted = time_comes(&shop);
    then(attempted, KIND(ATTEMPTED), "");
    cr_assert_eq(attempted->channel, CHANNEL(SMS));
    then(result(&shop, "t", 2, FOR_GOOD, DELIVERY_NO_PROVIDER), KIND(SUPPRESSED), DELIVERY_NO_PROVIDER);
    then_nothing_waits();
}

Test(deliver, a_mail_without_a_result_is_uncertain_and_never_sent_again) {
    member_seen(&shop, true, true);
    tier_raised(&shop, "t", shop.now_ms);
    const Change *attempted = time_comes(&shop);
    cr_assert_eq(attempted->due_ms, shop.now_ms + shop.policy.report_ms);
    then(time_comes(&shop), KIND(UNCERTAIN), "no-result");
    then_nothing_waits();
    cr_assert_null(result(&shop, "t", 1, DELIVERED, ""), "what came too late changes nothing");
}

Test(deliver, an_sms_without_a_result_is_attempted_again_under_the_same_id) {
    member_seen(&shop, false, true);
    shop.policy.attempts = 2;
    tier_raised(&shop, "t", shop.now_ms);
    time_comes(&shop);
    const Change *second = time_comes(&shop);
    then(second, KIND(ATTEMPTED), "");
    cr_assert_str_eq(second->delivery_id, "t");
    cr_assert_eq(second->attempt, 2u);
    then(time_comes(&shop), KIND(UNCERTAIN), "no-result");
    then_nothing_waits();
}

Test(deliver, a_late_success_of_an_earlier_attempt_counts_and_a_late_failure_does_not) {
    member_seen(&shop, false, true);
    tier_raised(&shop, "t", shop.now_ms);
    time_comes(&shop);
    time_comes(&shop);
    cr_assert_null(result(&shop, "t", 1, FOR_GOOD, "HTTP 400"));
    cr_assert_null(result(&shop, "t", 3, DELIVERED, ""), "of an attempt that was never made");
    then(result(&shop, "t", 1, DELIVERED, "HTTP 200"), KIND(SENT), "HTTP 200");
    then_nothing_waits();
    cr_assert_null(result(&shop, "t", 2, DELIVERED, "HTTP 200"), "it counts once");
    cr_assert_eq(shop.member.kept->sent, 1u);
}

Test(deliver, what_happened_long_ago_is_no_news) {
    member_seen(&shop, true, false);
    then(tier_raised(&shop, "t", shop.now_ms - 73 * HOUR_MS), KIND(SUPPRESSED), "too-late");
    then(tier_raised(&shop, "u", shop.now_ms - 71 * HOUR_MS), KIND(QUEUED), "");
    shop.now_ms += 30 * 24 * HOUR_MS; // nobody was there for a month
    then(time_comes(&shop), KIND(SUPPRESSED), "too-late");
}

Test(deliver, a_template_that_nobody_wrote_suppresses_the_message) {
    member_seen(&shop, true, false);
    templates_free(&shop.templates);
    then(tier_raised(&shop, "t", shop.now_ms), KIND(SUPPRESSED), "unknown-template");
    then_nothing_waits();
}

Test(deliver, one_member_has_at_most_fifty_messages_waiting) {
    member_seen(&shop, true, false);
    for (int i = 0; i < 50; i++)
        then(tier_raised(&shop, hy_arena_printf(&shop.arena, "t%d", i), shop.now_ms), KIND(QUEUED), "");
    then(tier_raised(&shop, "t50", shop.now_ms), KIND(SUPPRESSED), "too-many");
    time_comes(&shop);
    then(result(&shop, "t0", 1, DELIVERED, ""), KIND(SENT), "");
    then(tier_raised(&shop, "t51", shop.now_ms), KIND(QUEUED), "");
}
