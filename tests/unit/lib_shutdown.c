/* SPDX-License-Identifier: MIT */
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

START_TEST(everyone_who_is_not_delivered_to_ends)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.match_until = core.now;
    warmstart_waiter_id late = core_add(&core, &registration);
    warmstart_waiter_id claimed = core_register(&core, "a=1", NULL);
    ck_assert_uint_eq(core_match(&core, "a=1"), claimed);
    warmstart_waiter_id waiting = core_register(&core, "a=1", "me");
    core_shutdown(&core);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 3);
    core_saw_ended(&core, late, WARMSTART_ENDING_SHUTDOWN);
    core_saw_ended(&core, claimed, WARMSTART_ENDING_SHUTDOWN);
    core_saw_ended(&core, waiting, WARMSTART_ENDING_SHUTDOWN);
    ck_assert_uint_eq(core_stats(&core).waiters, 0);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), WARMSTART_NEVER);
    core_end(&core);
}
END_TEST

START_TEST(the_second_time_nothing_happens)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    core_shutdown(&core);
    core_shutdown(&core);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 1);
    core_shutdown(&core);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(what_was_not_told_is_taken_back)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id other = core_register(&core, "a=1", NULL);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 3);
    core_shutdown(&core);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 3);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_SHUTDOWN, 0, 0);
    core_saw_ended(&core, waiter, WARMSTART_ENDING_SHUTDOWN);
    core_saw_ended(&core, other, WARMSTART_ENDING_SHUTDOWN);
    core_end(&core);
}
END_TEST

START_TEST(a_claimed_delivery_that_was_not_told_is_taken_back_too)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id waiter = core_match(&core, "a=1");
    struct warmstart_delivery delivery = core_delivery(&core);
    warmstart_dispatch_id dispatch = core_deliver(&core, waiter, &delivery);
    core_shutdown(&core);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_SHUTDOWN, 0, 0);
    core_saw_ended(&core, waiter, WARMSTART_ENDING_SHUTDOWN);
    core_end(&core);
}
END_TEST

START_TEST(a_second_attempt_that_was_not_told_is_taken_back)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id second = core_register(&core, "a=1", NULL);
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 3);
    core_expect_deliver(&core, first, dispatch, 1);
    core_report(&core, first, WARMSTART_OUTCOME_LOST);
    core_shutdown(&core);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 3);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_SHUTDOWN, 0, 1);
    core_saw_ended(&core, first, WARMSTART_ENDING_LOST);
    core_saw_ended(&core, second, WARMSTART_ENDING_SHUTDOWN);
    core_end(&core);
}
END_TEST

/* A manager that is shutting down while a payload is written, with a deadline of 5,000. */
static warmstart_waiter_id shut_down_while_writing(struct core *core, warmstart_dispatch_id *ret_dispatch)
{
    core_begin(core);
    core_register(core, "a=1", NULL);
    warmstart_waiter_id waiter = core_register(core, "a=1", "me");
    struct warmstart_delivery delivery = core_delivery(core);
    delivery.attempts_max = 3;
    delivery.retry_uncertain = 1;
    delivery.deadline = 5000;
    *ret_dispatch = core_send(core, "a=1", &delivery);
    core_expect_deliver(core, waiter, *ret_dispatch, 1);
    warmstart_waiter_id blocked = core_register(core, "a=1", "me");
    core_shutdown(core);
    core_pull(core);
    ck_assert_uint_eq(core->events.len, 2);
    core_saw_ended(core, blocked, WARMSTART_ENDING_SHUTDOWN);
    ck_assert_uint_eq(core_stats(core).waiters_delivering, 1);
    ck_assert_uint_eq(core_stats(core).waiters, 1);
    ck_assert_uint_eq(core_stats(core).dispatches, 1);
    ck_assert_uint_eq(warmstart_next_deadline(core->manager), 5000);
    return waiter;
}

START_TEST(a_delivery_under_way_goes_on_until_it_is_reported)
{
    static const enum warmstart_outcome outcomes[] = {WARMSTART_OUTCOME_DELIVERED, WARMSTART_OUTCOME_LOST,
                                                      WARMSTART_OUTCOME_UNCERTAIN};
    for (size_t i = 0; i < 3; i++) {
        struct core core;
        warmstart_dispatch_id dispatch;
        warmstart_waiter_id waiter = shut_down_while_writing(&core, &dispatch);
        ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 0);
        ck_assert_int_eq(core_report(&core, waiter, outcomes[i]), 1);
        core_pull(&core);
        ck_assert_uint_eq(core.events.len, 2);
        core_saw_settled(&core, dispatch, outcomes[i], outcomes[i] == WARMSTART_OUTCOME_LOST ? 0 : waiter, 1);
        core_saw_ended(&core, waiter, (enum warmstart_ending)outcomes[i]);
        core_end(&core);
    }
}
END_TEST

START_TEST(a_delivery_under_way_goes_on_until_its_deadline)
{
    struct core core;
    warmstart_dispatch_id dispatch;
    warmstart_waiter_id waiter = shut_down_while_writing(&core, &dispatch);
    core_advance(&core, 5000);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter, 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_UNCERTAIN);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(a_delivery_under_way_can_be_abandoned_or_cancelled)
{
    for (int cancel = 0; cancel < 2; cancel++) {
        struct core core;
        warmstart_dispatch_id dispatch;
        warmstart_waiter_id waiter = shut_down_while_writing(&core, &dispatch);
        if (cancel)
            ck_assert_int_eq(core_cancel(&core, waiter), 1);
        else
            ck_assert_int_eq(core_abandon(&core, dispatch), 1);
        core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter, 1);
        core_pull(&core);
        ck_assert_uint_eq(core.events.len, 1);
        ck_assert_uint_eq(events_count(&core.events, WARMSTART_EVENT_ENDED, waiter), 1);
        ck_assert_uint_eq(core_stats(&core).waiters, 0);
        core_end(&core);
    }
}
END_TEST

START_TEST(nothing_new_is_taken)
{
    struct core core;
    core_begin(&core);
    core_shutdown(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    struct warmstart_query query = core_query(&core, "a=1");
    struct warmstart_delivery delivery = core_delivery(&core);
    uint64_t id = 77;
    ck_assert_int_eq(warmstart_register(core.manager, &registration, &id, core.now), WARMSTART_ERR_SHUTDOWN);
    ck_assert_int_eq(warmstart_match(core.manager, &query, &id, core.now), WARMSTART_ERR_SHUTDOWN);
    ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &id, core.now),
                     WARMSTART_ERR_SHUTDOWN);
    ck_assert_int_eq(warmstart_deliver(core.manager, 1, &delivery, &id, core.now), WARMSTART_ERR_SHUTDOWN);
    ck_assert_uint_eq(id, 77);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(questions_are_still_answered)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    core_shutdown(&core);
    ck_assert_uint_eq(core_count(&core, "a=1"), 0);
    ck_assert_int_eq(core_cancel(&core, waiter), 0);
    ck_assert_int_eq(core_release(&core, waiter), 0);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_LOST), 0);
    ck_assert_uint_eq(core_stats(&core).ended_total[WARMSTART_ENDING_SHUTDOWN], 1);
    core_advance(&core, 99999);
    core_end(&core);
}
END_TEST

START_TEST(what_is_due_falls_due_before_the_shutdown)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.expires_at = 2000;
    warmstart_waiter_id waiter = core_add(&core, &registration);
    core.now = 2000;
    core_shutdown(&core);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shutdown");
    TCase *tcase = tcase_create("shutdown");
    tcase_add_test(tcase, everyone_who_is_not_delivered_to_ends);
    tcase_add_test(tcase, the_second_time_nothing_happens);
    tcase_add_test(tcase, what_was_not_told_is_taken_back);
    tcase_add_test(tcase, a_claimed_delivery_that_was_not_told_is_taken_back_too);
    tcase_add_test(tcase, a_second_attempt_that_was_not_told_is_taken_back);
    tcase_add_test(tcase, a_delivery_under_way_goes_on_until_it_is_reported);
    tcase_add_test(tcase, a_delivery_under_way_goes_on_until_its_deadline);
    tcase_add_test(tcase, a_delivery_under_way_can_be_abandoned_or_cancelled);
    tcase_add_test(tcase, nothing_new_is_taken);
    tcase_add_test(tcase, questions_are_still_answered);
    tcase_add_test(tcase, what_is_due_falls_due_before_the_shutdown);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
