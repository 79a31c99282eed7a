/* SPDX-License-Identifier: MIT */
/* The checker is told what a broken manager would say, and must find each fault. */
#include "ledger.h"

#include <string.h>

#include "suite.h"

enum { WAITER = 11, OTHER = 12, RUN = 21 };

static struct ledger ledger;
static char conn[2], origin[2], payload[2];

/* Two wait, one dispatch of two attempts is under way. */
static void set_up(void)
{
    memset(&ledger, 0, sizeof(ledger));
    ck_assert(warmstart_ledger_reserve(&ledger));
    warmstart_ledger_registered(&ledger, WAITER, &conn[0]);
    warmstart_ledger_registered(&ledger, OTHER, &conn[1]);
    struct warmstart_delivery delivery = {
        .payload = payload, .payload_bytes = 2, .origin = origin, .attempts_max = 2};
    warmstart_ledger_dispatched(&ledger, RUN, &delivery);
}

static void tear_down(void)
{
    warmstart_ledger_deinit(&ledger);
}

static struct warmstart_event deliver(uint64_t waiter, uint32_t attempts)
{
    return (struct warmstart_event){.type = WARMSTART_EVENT_DELIVER,
                                    .attempts = attempts,
                                    .waiter = waiter,
                                    .conn = &conn[waiter - WAITER],
                                    .dispatch = RUN,
                                    .origin = origin,
                                    .payload = payload,
                                    .payload_bytes = 2};
}

static struct warmstart_event settled(enum warmstart_outcome outcome, uint64_t waiter, uint32_t attempts)
{
    return (struct warmstart_event){.type = WARMSTART_EVENT_SETTLED,
                                    .outcome = outcome,
                                    .attempts = attempts,
                                    .waiter = waiter,
                                    .conn = waiter == 0 ? NULL : &conn[waiter - WAITER],
                                    .dispatch = RUN,
                                    .origin = origin,
                                    .payload = payload,
                                    .payload_bytes = 2};
}

static struct warmstart_event ended(enum warmstart_ending ending, uint64_t waiter)
{
    return (struct warmstart_event){
        .type = WARMSTART_EVENT_ENDED, .ending = ending, .waiter = waiter, .conn = &conn[waiter - WAITER]};
}

static void see(struct warmstart_event event)
{
    warmstart_ledger_event(&ledger, &event);
}

static void expect_fault(const char *part)
{
    ck_assert_msg(strstr(ledger.fault, part) != NULL, "'%s' is not '... %s ...'", ledger.fault, part);
}

START_TEST(a_right_course_has_no_fault)
{
    see(deliver(WAITER, 1));
    warmstart_ledger_reported(&ledger, WAITER, WARMSTART_OUTCOME_LOST);
    see(ended(WARMSTART_ENDING_LOST, WAITER));
    see(deliver(OTHER, 2));
    warmstart_ledger_reported(&ledger, OTHER, WARMSTART_OUTCOME_DELIVERED);
    see(settled(WARMSTART_OUTCOME_DELIVERED, OTHER, 2));
    see(ended(WARMSTART_ENDING_DELIVERED, OTHER));
    struct warmstart_stats stats = {.registered_total = 2, .attempts_total = 2};
    stats.ended_total[WARMSTART_ENDING_LOST] = stats.ended_total[WARMSTART_ENDING_DELIVERED] = 1;
    stats.settled_total[WARMSTART_OUTCOME_DELIVERED] = 1;
    warmstart_ledger_compare(&ledger, &stats);
    ck_assert_str_eq(ledger.fault, "");
    stats.settled_total[WARMSTART_OUTCOME_LOST] = 1;
    warmstart_ledger_compare(&ledger, &stats);
    expect_fault("the statistics have 1 lost, but there are 0");
}
END_TEST

START_TEST(a_waiter_that_ends_twice)
{
    see(ended(WARMSTART_ENDING_CANCELLED, WAITER));
    ck_assert_str_eq(ledger.fault, "");
    see(ended(WARMSTART_ENDING_CANCELLED, WAITER));
    expect_fault("ends, but does not wait");
}
END_TEST

START_TEST(a_dispatch_that_is_settled_twice)
{
    see(settled(WARMSTART_OUTCOME_TIMEOUT, 0, 0));
    ck_assert_str_eq(ledger.fault, "");
    see(settled(WARMSTART_OUTCOME_TIMEOUT, 0, 0));
    expect_fault("is settled, but not under way");
}
END_TEST

START_TEST(a_payload_that_goes_to_two_at_once)
{
    see(deliver(WAITER, 1));
    see(deliver(OTHER, 2));
    expect_fault("goes to a second waiter while it is written to one");
}
END_TEST

START_TEST(a_payload_that_goes_on_although_it_is_delivered)
{
    see(deliver(WAITER, 1));
    warmstart_ledger_reported(&ledger, WAITER, WARMSTART_OUTCOME_DELIVERED);
    see(deliver(OTHER, 2));
    expect_fault("is delivered");
}
END_TEST

START_TEST(a_waiter_that_gets_two_payloads)
{
    see(deliver(WAITER, 1));
    warmstart_ledger_reported(&ledger, WAITER, WARMSTART_OUTCOME_LOST);
    see(deliver(WAITER, 2));
    expect_fault("gets a second payload");
}
END_TEST

START_TEST(a_settlement_that_says_more_than_was_reported)
{
    see(deliver(WAITER, 1));
    see(settled(WARMSTART_OUTCOME_DELIVERED, WAITER, 1));
    expect_fault("did not say so");
}
END_TEST

START_TEST(a_settlement_that_does_not_say_who_has_it)
{
    see(deliver(WAITER, 1));
    warmstart_ledger_reported(&ledger, WAITER, WARMSTART_OUTCOME_DELIVERED);
    see(settled(WARMSTART_OUTCOME_DELIVERED, 0, 1));
    expect_fault("delivered, but to nobody");
}
END_TEST

START_TEST(a_settlement_as_not_out_although_it_may_be)
{
    see(deliver(WAITER, 1));
    see(settled(WARMSTART_OUTCOME_TIMEOUT, 0, 1));
    expect_fault("the payload may be out");
}
END_TEST

START_TEST(a_settlement_as_uncertain_although_it_is_not_out)
{
    see(settled(WARMSTART_OUTCOME_UNCERTAIN, 0, 0));
    expect_fault("the payload is not out");
}
END_TEST

START_TEST(a_settlement_that_names_somebody_else)
{
    see(deliver(WAITER, 1));
    see(settled(WARMSTART_OUTCOME_UNCERTAIN, OTHER, 1));
    expect_fault("names a waiter that does not have it");
}
END_TEST

START_TEST(a_settlement_after_its_waiter_has_ended)
{
    see(deliver(WAITER, 1));
    see(ended(WARMSTART_ENDING_UNCERTAIN, WAITER));
    see(settled(WARMSTART_OUTCOME_UNCERTAIN, WAITER, 1));
    expect_fault("names a waiter that does not have it");
}
END_TEST

START_TEST(an_ending_that_is_not_what_was_reported)
{
    see(deliver(WAITER, 1));
    warmstart_ledger_reported(&ledger, WAITER, WARMSTART_OUTCOME_LOST);
    see(ended(WARMSTART_ENDING_UNCERTAIN, WAITER));
    expect_fault("uncertain, but lost was reported");
}
END_TEST

START_TEST(an_ending_as_delivered_without_a_payload)
{
    see(ended(WARMSTART_ENDING_DELIVERED, WAITER));
    expect_fault("delivered, but it got none");
}
END_TEST

START_TEST(an_ending_as_expired_with_a_payload)
{
    see(deliver(WAITER, 1));
    see(ended(WARMSTART_ENDING_EXPIRED, WAITER));
    expect_fault("expired, but it got a payload");
}
END_TEST

START_TEST(pointers_that_come_back_as_others)
{
    struct warmstart_event event = deliver(WAITER, 1);
    if (_i == 0)
        event.conn = &conn[1];
    if (_i == 1)
        event.origin = &origin[1];
    if (_i == 2)
        event.payload = &payload[1];
    if (_i == 3)
        event.payload_bytes = 1;
    see(event);
    expect_fault("another");
}
END_TEST

START_TEST(attempts_that_are_counted_wrong)
{
    see(deliver(WAITER, 2));
    expect_fault("2 attempts, not 1");
}
END_TEST

START_TEST(events_about_nobody)
{
    struct warmstart_event event = deliver(WAITER, 1);
    event.dispatch = 99;
    see(event);
    expect_fault("is delivered, but not under way");
}
END_TEST

START_TEST(ids_that_are_given_out_twice_or_are_0)
{
    warmstart_ledger_registered(&ledger, _i == 0 ? WAITER : 0, NULL);
    expect_fault(_i == 0 ? "two waiters have the id" : "a waiter has the id 0");
}
END_TEST

START_TEST(a_report_that_is_taken_about_nothing)
{
    warmstart_ledger_reported(&ledger, WAITER, WARMSTART_OUTCOME_LOST);
    expect_fault("to which nothing is written");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger");
    TCase *tcase = tcase_create("ledger");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_right_course_has_no_fault);
    tcase_add_test(tcase, a_waiter_that_ends_twice);
    tcase_add_test(tcase, a_dispatch_that_is_settled_twice);
    tcase_add_test(tcase, a_payload_that_goes_to_two_at_once);
    tcase_add_test(tcase, a_payload_that_goes_on_although_it_is_delivered);
    tcase_add_test(tcase, a_waiter_that_gets_two_payloads);
    tcase_add_test(tcase, a_settlement_that_says_more_than_was_reported);
    tcase_add_test(tcase, a_settlement_that_does_not_say_who_has_it);
    tcase_add_test(tcase, a_settlement_as_not_out_although_it_may_be);
    tcase_add_test(tcase, a_settlement_as_uncertain_although_it_is_not_out);
    tcase_add_test(tcase, a_settlement_that_names_somebody_else);
    tcase_add_test(tcase, a_settlement_after_its_waiter_has_ended);
    tcase_add_test(tcase, an_ending_that_is_not_what_was_reported);
    tcase_add_test(tcase, an_ending_as_delivered_without_a_payload);
    tcase_add_test(tcase, an_ending_as_expired_with_a_payload);
    tcase_add_loop_test(tcase, pointers_that_come_back_as_others, 0, 4);
    tcase_add_test(tcase, attempts_that_are_counted_wrong);
    tcase_add_test(tcase, events_about_nobody);
    tcase_add_loop_test(tcase, ids_that_are_given_out_twice_or_are_0, 0, 2);
    tcase_add_test(tcase, a_report_that_is_taken_about_nothing);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
