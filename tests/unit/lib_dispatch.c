/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

/* Dispatches to "a=1", with this deadline. */
static warmstart_dispatch_id send_until(struct core *core, uint64_t deadline, uint32_t attempts_max)
{
    struct warmstart_delivery delivery = core_delivery(core);
    delivery.deadline = deadline;
    delivery.attempts_max = attempts_max;
    return core_send(core, "a=1", &delivery);
}

/* Dispatches to "a=1", and tries the next one after UNCERTAIN too. */
static warmstart_dispatch_id send_again_and_again(struct core *core, uint32_t attempts_max)
{
    struct warmstart_delivery delivery = core_delivery(core);
    delivery.attempts_max = attempts_max;
    delivery.retry_uncertain = 1;
    return core_send(core, "a=1", &delivery);
}

/* Claims the waiter that fits "a=1" and delivers to it. */
static warmstart_dispatch_id claim_and_deliver(struct core *core)
{
    warmstart_waiter_id waiter = core_match(core, "a=1");
    ck_assert_uint_ne(waiter, 0);
    struct warmstart_delivery delivery = core_delivery(core);
    warmstart_dispatch_id dispatch = core_deliver(core, waiter, &delivery);
    ck_assert_uint_ne(dispatch, 0);
    return dispatch;
}

/* ---- What a report does ---- */

START_TEST(a_delivered_payload_settles_the_dispatch_and_ends_the_waiter)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", "me");
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 3);
    core_expect_deliver(&core, waiter, dispatch, 1);
    core_expect_none(&core);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED), 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, waiter, 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_DELIVERED);
    core_expect_none(&core);
    ck_assert_uint_eq(core_count(&core, "a=1"), 0);
    core_end(&core);
}
END_TEST

START_TEST(a_second_report_is_too_late)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", "me");
    core_dispatch(&core, "a=1", 1);
    core_next(&core, __LINE__);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED), 1);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_LOST), 0);
    ck_assert_int_eq(core_cancel(&core, waiter), 0);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_UNCERTAIN), 0);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(nobody_fits_is_an_answer_without_events)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    struct warmstart_delivery delivery = core_delivery(&core);
    struct warmstart_query query = core_query(&core, "a=2");
    warmstart_dispatch_id dispatch = 77;
    ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &dispatch, core.now), 0);
    core_expect_none(&core);
    ck_assert_uint_eq(core_stats(&core).dispatches, 0);
    core_end(&core);
}
END_TEST

START_TEST(lost_goes_on_to_the_next_waiter_in_order)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id ids[4];
    for (int i = 0; i < 4; i++)
        ids[i] = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 3);
    core_expect_deliver(&core, ids[3], dispatch, 1);
    for (uint32_t tried = 2; tried <= 3; tried++) {
        ck_assert_int_eq(core_report(&core, ids[5 - tried], WARMSTART_OUTCOME_LOST), 1);
        core_pull(&core);
        ck_assert_uint_eq(core.events.len, 2);
        core_saw_ended(&core, ids[5 - tried], WARMSTART_ENDING_LOST);
        core_saw_deliver(&core, ids[4 - tried], dispatch, tried);
    }
    ck_assert_int_eq(core_report(&core, ids[1], WARMSTART_OUTCOME_LOST), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_LOST, 0, 3);
    core_saw_ended(&core, ids[1], WARMSTART_ENDING_LOST);
    core_expect_none(&core);
    ck_assert_uint_eq(core_match(&core, "a=1"), ids[0]);
    core_end(&core);
}
END_TEST

START_TEST(lost_settles_when_none_fits_any_more)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    core_register(&core, "a=2", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 10);
    core_expect_deliver(&core, waiter, dispatch, 1);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_LOST), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_LOST, 0, 1);
    core_saw_ended(&core, waiter, WARMSTART_ENDING_LOST);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_that_came_after_the_dispatch_gets_the_lost_payload)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id first = core_register(&core, "x=1 a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1 x=1", 2);
    core_expect_deliver(&core, first, dispatch, 1);
    warmstart_waiter_id second = core_register(&core, "a=1 x=1", NULL);
    core_report(&core, first, WARMSTART_OUTCOME_LOST);
    core_pull(&core);
    core_saw_deliver(&core, second, dispatch, 2);
    core_report(&core, second, WARMSTART_OUTCOME_DELIVERED);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, second, 2);
    core_end(&core);
}
END_TEST

START_TEST(the_next_waiter_is_never_one_past_match_until)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.match_until = 2000;
    core_add(&core, &registration);
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 5);
    core_expect_deliver(&core, first, dispatch, 1);
    core.now = 2000;
    core_report(&core, first, WARMSTART_OUTCOME_LOST);
    core_pull(&core);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_LOST, 0, 1);
    core_end(&core);
}
END_TEST

START_TEST(uncertain_settles_even_when_others_fit)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 5);
    core_expect_deliver(&core, waiter, dispatch, 1);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_UNCERTAIN), 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter, 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_UNCERTAIN);
    core_expect_none(&core);
    ck_assert_uint_eq(core_count(&core, "a=1"), 1);
    core_end(&core);
}
END_TEST

START_TEST(uncertain_goes_on_when_so_asked)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id second = core_register(&core, "a=1", NULL);
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = send_again_and_again(&core, 3);
    core_expect_deliver(&core, first, dispatch, 1);
    core_report(&core, first, WARMSTART_OUTCOME_UNCERTAIN);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_ended(&core, first, WARMSTART_ENDING_UNCERTAIN);
    core_saw_deliver(&core, second, dispatch, 2);
    core_report(&core, second, WARMSTART_OUTCOME_DELIVERED);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, second, 2);
    core_expect_ended(&core, second, WARMSTART_ENDING_DELIVERED);
    core_end(&core);
}
END_TEST

START_TEST(uncertain_with_nobody_left_to_try_is_uncertain)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = send_again_and_again(&core, 3);
    core_expect_deliver(&core, waiter, dispatch, 1);
    core_report(&core, waiter, WARMSTART_OUTCOME_UNCERTAIN);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter, 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_UNCERTAIN);
    core_end(&core);
}
END_TEST

/* A dispatch whose payload may be with a waiter that ended as UNCERTAIN, and is now meant for another. */
static warmstart_dispatch_id send_twice(struct core *core, uint64_t deadline, warmstart_waiter_id *ret_second)
{
    *ret_second = core_register(core, "a=1", NULL);
    warmstart_waiter_id first = core_register(core, "a=1", NULL);
    struct warmstart_delivery delivery = core_delivery(core);
    delivery.attempts_max = 2;
    delivery.retry_uncertain = 1;
    delivery.deadline = deadline;
    warmstart_dispatch_id dispatch = core_send(core, "a=1", &delivery);
    core_expect_deliver(core, first, dispatch, 1);
    core_report(core, first, WARMSTART_OUTCOME_UNCERTAIN);
    return dispatch;
}

START_TEST(what_was_uncertain_once_is_never_called_lost)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id second;
    warmstart_dispatch_id dispatch = send_twice(&core, WARMSTART_NEVER, &second);
    core_pull(&core);
    core_report(&core, second, WARMSTART_OUTCOME_LOST);
    core_pull(&core);
    core_saw_ended(&core, second, WARMSTART_ENDING_LOST);
    ck_assert_int_eq(events_find(&core.events, WARMSTART_EVENT_SETTLED, dispatch)->outcome,
                     WARMSTART_OUTCOME_UNCERTAIN);
    core_end(&core);
}
END_TEST

START_TEST(what_was_uncertain_once_is_too_late_to_cancel)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id second;
    warmstart_dispatch_id dispatch = send_twice(&core, WARMSTART_NEVER, &second);
    ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 0);
    core_pull(&core);
    core_report(&core, second, WARMSTART_OUTCOME_DELIVERED);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, second, 2);
    core_end(&core);
}
END_TEST

START_TEST(what_was_uncertain_once_does_not_time_out_but_stays_uncertain)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id second;
    warmstart_dispatch_id dispatch = send_twice(&core, 2000, &second);
    core_advance(&core, 2000);
    core_pull(&core);
    ck_assert_int_eq(events_find(&core.events, WARMSTART_EVENT_SETTLED, dispatch)->outcome,
                     WARMSTART_OUTCOME_UNCERTAIN);
    ck_assert_uint_eq(events_count(&core.events, WARMSTART_EVENT_ENDED, second), 0);
    ck_assert_uint_eq(core_match(&core, "a=1"), second);
    core_end(&core);
}
END_TEST

START_TEST(what_was_uncertain_once_is_abandoned_and_shut_down_as_uncertain)
{
    for (int shutdown = 0; shutdown < 2; shutdown++) {
        struct core core;
        core_begin(&core);
        warmstart_waiter_id second;
        warmstart_dispatch_id dispatch = send_twice(&core, WARMSTART_NEVER, &second);
        if (shutdown)
            core_shutdown(&core);
        else
            ck_assert_int_eq(core_abandon(&core, dispatch), 1);
        core_pull(&core);
        ck_assert_int_eq(events_find(&core.events, WARMSTART_EVENT_SETTLED, dispatch)->outcome,
                         WARMSTART_OUTCOME_UNCERTAIN);
        core_end(&core);
    }
}
END_TEST

START_TEST(only_three_outcomes_can_be_reported)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    core_dispatch(&core, "a=1", 1);
    core_next(&core, __LINE__);
    static const int bad[] = {-1, 0, 4, 5, 6, 7, 1000};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(core_report(&core, waiter, (enum warmstart_outcome)bad[i]), WARMSTART_ERR_INVALID);
    core_expect_none(&core);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_LOST), 1);
    core_end(&core);
}
END_TEST

START_TEST(a_report_before_the_order_to_write_is_not_taken)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED), 0);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED), 0);
    core_expect_deliver(&core, waiter, dispatch, 1);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

/* ---- The deadline ---- */

START_TEST(a_deadline_before_the_payload_is_out_times_out_and_frees_the_waiter)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = send_until(&core, 2000, 3);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), 2000);
    ck_assert_uint_eq(core_count(&core, "a=1"), 0);
    core_advance(&core, 2000);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_TIMEOUT, 0, 0);
    core_expect_none(&core);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), WARMSTART_NEVER);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    core_end(&core);
}
END_TEST

START_TEST(a_deadline_while_the_payload_is_written_is_uncertain)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = send_until(&core, 2000, 3);
    core_expect_deliver(&core, waiter, dispatch, 1);
    core_advance(&core, 1999);
    core_expect_none(&core);
    core.now = 2000;
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED), 0);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter, 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_UNCERTAIN);
    core_expect_none(&core);
    ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 0);
    ck_assert_int_eq(core_abandon(&core, dispatch), 0);
    ck_assert_uint_eq(core_count(&core, "a=1"), 1);
    core_end(&core);
}
END_TEST

START_TEST(a_deadline_ends_the_writing_even_of_one_that_retries)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id waiter = core_register(&core, "a=1", "me");
    struct warmstart_delivery delivery = core_delivery(&core);
    delivery.attempts_max = 5;
    delivery.retry_uncertain = 1;
    delivery.deadline = 2000;
    warmstart_dispatch_id dispatch = core_send(&core, "a=1", &delivery);
    core_expect_deliver(&core, waiter, dispatch, 1);
    warmstart_waiter_id again = core_register(&core, "a=1", "me");
    core_advance(&core, 2000);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter, 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_UNCERTAIN);
    core_expect_none(&core);
    ck_assert_uint_eq(core_match(&core, "a=1"), again);
    core_end(&core);
}
END_TEST

START_TEST(a_deadline_after_a_lost_attempt_times_out_if_the_next_was_not_told)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id second = core_register(&core, "a=1", NULL);
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = send_until(&core, 2000, 3);
    core_expect_deliver(&core, first, dispatch, 1);
    core_report(&core, first, WARMSTART_OUTCOME_LOST);
    core_advance(&core, 2000);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_ended(&core, first, WARMSTART_ENDING_LOST);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_TIMEOUT, 0, 1);
    ck_assert_uint_eq(core_match(&core, "a=1"), second);
    core_end(&core);
}
END_TEST

START_TEST(a_deadline_that_is_not_after_now_is_refused)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    struct warmstart_query query = core_query(&core, "a=1");
    struct warmstart_delivery delivery = core_delivery(&core);
    warmstart_dispatch_id dispatch = 77;
    for (uint64_t early = 0; early < 2; early++) {
        delivery.deadline = early == 0 ? core.now : 0;
        ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &dispatch, core.now),
                         WARMSTART_ERR_INVALID);
    }
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    ck_assert_int_eq(warmstart_deliver(core.manager, waiter, &delivery, &dispatch, core.now),
                     WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(dispatch, 77);
    delivery.deadline = core.now + 1;
    dispatch = core_deliver(&core, waiter, &delivery);
    core_advance(&core, core.now + 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_TIMEOUT, 0, 0);
    core_end(&core);
}
END_TEST

START_TEST(equal_deadlines_fall_due_in_order)
{
    struct core core;
    core_begin(&core);
    warmstart_dispatch_id ids[8];
    for (int i = 0; i < 8; i++) {
        core_register(&core, "a=1", NULL);
        ids[i] = send_until(&core, i % 2 == 0 ? 3000 : 2000, 1);
    }
    core_advance(&core, 3000);
    for (int i = 1; i < 8; i += 2)
        core_expect_settled(&core, ids[i], WARMSTART_OUTCOME_TIMEOUT, 0, 0);
    for (int i = 0; i < 8; i += 2)
        core_expect_settled(&core, ids[i], WARMSTART_OUTCOME_TIMEOUT, 0, 0);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_does_not_expire_while_a_payload_is_meant_for_it)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.expires_at = 2000;
    warmstart_waiter_id waiter = core_add(&core, &registration);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    core_advance(&core, 2000);
    core_expect_deliver(&core, waiter, dispatch, 1);
    core_expect_none(&core);
    core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, waiter, 1);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_given_back_past_its_expiry_ends)
{
    for (int how = 0; how < 3; how++) {
        struct core core;
        core_begin(&core);
        struct warmstart_registration registration = core_registration(&core, "a=1");
        registration.expires_at = 2000;
        warmstart_waiter_id waiter = core_add(&core, &registration);
        warmstart_dispatch_id dispatch = send_until(&core, 3000, 1);
        core_advance(&core, 2500);
        if (how == 0)
            ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 1);
        else if (how == 1)
            ck_assert_int_eq(core_abandon(&core, dispatch), 1);
        else
            core_advance(&core, 3000);
        core_pull(&core);
        ck_assert_uint_eq(core.events.len, 2);
        core_saw_settled(&core, dispatch, how == 2 ? WARMSTART_OUTCOME_TIMEOUT : WARMSTART_OUTCOME_CANCELLED,
                         0, 0);
        core_saw_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
        core_end(&core);
    }
}
END_TEST

START_TEST(a_payload_passed_on_goes_to_no_waiter_that_is_past_match_until_or_expired)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.match_until = 2500;
    warmstart_waiter_id held = core_add(&core, &registration);
    registration.match_until = WARMSTART_NEVER;
    registration.expires_at = 2600;
    warmstart_waiter_id gone = core_add(&core, &registration);
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 9);
    core.now = 3000;
    ck_assert_int_eq(core_cancel(&core, first), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 3);
    core_saw_ended(&core, first, WARMSTART_ENDING_CANCELLED);
    core_saw_ended(&core, gone, WARMSTART_ENDING_EXPIRED);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_LOST, 0, 0);
    ck_assert_uint_eq(core_stats(&core).waiters_unmatchable, 1);
    ck_assert_int_eq(core_cancel(&core, held), 1);
    core_end(&core);
}
END_TEST

/* ---- The waiter goes away ---- */

START_TEST(a_waiter_cancelled_before_it_was_told_costs_nothing)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id second = core_register(&core, "a=1", NULL);
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    ck_assert_int_eq(core_cancel(&core, first), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_ended(&core, first, WARMSTART_ENDING_CANCELLED);
    core_saw_deliver(&core, second, dispatch, 1);
    core_report(&core, second, WARMSTART_OUTCOME_DELIVERED);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, second, 1);
    core_end(&core);
}
END_TEST

START_TEST(the_only_waiter_cancelled_before_it_was_told_is_lost)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 4);
    ck_assert_int_eq(core_cancel(&core, waiter), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_LOST, 0, 0);
    core_saw_ended(&core, waiter, WARMSTART_ENDING_CANCELLED);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_cancelled_while_it_is_written_to_is_uncertain)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 4);
    core_expect_deliver(&core, waiter, dispatch, 1);
    ck_assert_int_eq(core_cancel(&core, waiter), 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter, 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 1);
    ck_assert_uint_eq(core.events.items[0].waiter, waiter);
    ck_assert_int_eq(core.events.items[0].type, WARMSTART_EVENT_ENDED);
    ck_assert_int_eq(core.events.items[0].ending, WARMSTART_ENDING_UNCERTAIN);
    ck_assert_int_eq(core_cancel(&core, waiter), 0);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED), 0);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_cancelled_while_it_is_written_to_is_retried_if_so_asked)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id second = core_register(&core, "a=1", NULL);
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = send_again_and_again(&core, 2);
    core_expect_deliver(&core, first, dispatch, 1);
    ck_assert_int_eq(core_cancel(&core, first), 1);
    core_pull(&core);
    core_saw_deliver(&core, second, dispatch, 2);
    ck_assert_uint_eq(events_count(&core.events, WARMSTART_EVENT_ENDED, first), 1);
    core_end(&core);
}
END_TEST

START_TEST(many_waiters_that_go_before_they_are_told_still_cost_nothing)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id ids[10];
    for (int i = 0; i < 10; i++)
        ids[i] = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    for (int i = 9; i > 0; i--)
        ck_assert_int_eq(core_cancel(&core, ids[i]), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 10);
    core_saw_deliver(&core, ids[0], dispatch, 1);
    ck_assert_uint_eq(core_stats(&core).attempts_total, 1);
    core_end(&core);
}
END_TEST

/* ---- Who asked goes away ---- */

START_TEST(a_dispatch_cancelled_in_time_frees_its_waiter)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id older = core_register(&core, "a=1", NULL);
    warmstart_waiter_id newer = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    warmstart_waiter_id newest = core_register(&core, "a=1", NULL);
    ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 1);
    ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 0);
    ck_assert_int_eq(core_abandon(&core, dispatch), 0);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_CANCELLED, 0, 0);
    core_expect_none(&core);
    ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 0);
    ck_assert_uint_eq(core_match(&core, "a=1"), newest);
    ck_assert_uint_eq(core_match(&core, "a=1"), newer);
    ck_assert_uint_eq(core_match(&core, "a=1"), older);
    core_end(&core);
}
END_TEST

START_TEST(a_dispatch_is_not_cancelled_while_it_is_written)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    core_expect_deliver(&core, waiter, dispatch, 1);
    ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 0);
    core_expect_none(&core);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED), 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, waiter, 1);
    ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 0);
    core_end(&core);
}
END_TEST

START_TEST(a_dispatch_can_be_cancelled_between_two_attempts)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id second = core_register(&core, "a=1", NULL);
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 3);
    core_expect_deliver(&core, first, dispatch, 1);
    core_report(&core, first, WARMSTART_OUTCOME_LOST);
    ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_ended(&core, first, WARMSTART_ENDING_LOST);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_CANCELLED, 0, 1);
    ck_assert_uint_eq(core_match(&core, "a=1"), second);
    core_end(&core);
}
END_TEST

START_TEST(an_abandoned_dispatch_that_is_not_out_is_cancelled)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    ck_assert_int_eq(core_abandon(&core, dispatch), 1);
    ck_assert_int_eq(core_abandon(&core, dispatch), 0);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_CANCELLED, 0, 0);
    core_expect_none(&core);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    core_end(&core);
}
END_TEST

START_TEST(an_abandoned_dispatch_that_is_out_is_uncertain)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id waiter = core_register(&core, "a=1", "me");
    warmstart_dispatch_id dispatch = send_again_and_again(&core, 5);
    core_expect_deliver(&core, waiter, dispatch, 1);
    warmstart_waiter_id again = core_register(&core, "a=1", "me");
    ck_assert_int_eq(core_abandon(&core, dispatch), 1);
    ck_assert_int_eq(core_abandon(&core, dispatch), 0);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED), 0);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter, 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_UNCERTAIN);
    core_expect_none(&core);
    ck_assert_uint_eq(core_match(&core, "a=1"), again);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_given_back_past_its_times_is_not_matched)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.match_until = 2000;
    warmstart_waiter_id waiter = core_add(&core, &registration);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    core.now = 2000;
    ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_CANCELLED, 0, 0);
    core_expect_none(&core);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    ck_assert_uint_eq(core_stats(&core).waiters_unmatchable, 1);
    ck_assert_int_eq(core_cancel(&core, waiter), 1);
    core_end(&core);
}
END_TEST

/* ---- The controller registers again ---- */

START_TEST(a_waiter_superseded_before_it_was_told_passes_the_payload_to_its_newer_self)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    warmstart_waiter_id new = core_register(&core, "a=1", "me");
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_ended(&core, old, WARMSTART_ENDING_SUPERSEDED);
    core_saw_deliver(&core, new, dispatch, 1);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_superseded_by_one_with_other_fields_passes_the_payload_to_another)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id other = core_register(&core, "a=1", "you");
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    warmstart_waiter_id new = core_register(&core, "b=1", "me");
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_ended(&core, old, WARMSTART_ENDING_SUPERSEDED);
    core_saw_deliver(&core, other, dispatch, 1);
    ck_assert_uint_eq(core_match(&core, "b=1"), new);
    core_end(&core);
}
END_TEST

START_TEST(lost_goes_to_the_newer_self_that_was_blocked)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 2);
    core_expect_deliver(&core, old, dispatch, 1);
    warmstart_waiter_id new = core_register(&core, "a=1", "me");
    ck_assert_int_eq(core_report(&core, old, WARMSTART_OUTCOME_LOST), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_ended(&core, old, WARMSTART_ENDING_LOST);
    core_saw_deliver(&core, new, dispatch, 2);
    ck_assert_int_eq(core_report(&core, new, WARMSTART_OUTCOME_DELIVERED), 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, new, 2);
    core_end(&core);
}
END_TEST

START_TEST(uncertain_goes_to_the_newer_self_that_was_blocked)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 2);
    core_expect_deliver(&core, old, dispatch, 1);
    warmstart_waiter_id new = core_register(&core, "a=1", "me");
    ck_assert_int_eq(core_report(&core, old, WARMSTART_OUTCOME_UNCERTAIN), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_ended(&core, old, WARMSTART_ENDING_UNCERTAIN);
    core_saw_deliver(&core, new, dispatch, 2);
    core_end(&core);
}
END_TEST

START_TEST(a_cancel_of_the_older_self_gives_the_payload_to_the_newer_too)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 2);
    core_expect_deliver(&core, old, dispatch, 1);
    warmstart_waiter_id new = core_register(&core, "a=1", "me");
    ck_assert_int_eq(core_cancel(&core, old), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_deliver(&core, new, dispatch, 2);
    core_end(&core);
}
END_TEST

START_TEST(registering_again_does_not_stretch_attempts_max)
{
    static const enum warmstart_outcome outcomes[] = {WARMSTART_OUTCOME_LOST, WARMSTART_OUTCOME_UNCERTAIN};
    for (size_t i = 0; i < 2; i++) {
        struct core core;
        core_begin(&core);
        warmstart_waiter_id old = core_register(&core, "a=1", "me");
        warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
        core_expect_deliver(&core, old, dispatch, 1);
        warmstart_waiter_id new = core_register(&core, "a=1", "me");
        ck_assert_int_eq(core_report(&core, old, outcomes[i]), 1);
        core_pull(&core);
        ck_assert_uint_eq(core.events.len, 2);
        ck_assert_uint_eq(events_count(&core.events, WARMSTART_EVENT_SETTLED, dispatch), 1);
        ck_assert_uint_eq(core_match(&core, "a=1"), new);
        core_end(&core);
    }
}
END_TEST

/* ---- Delivering to a claim ---- */

START_TEST(a_claim_is_delivered_to)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = claim_and_deliver(&core);
    ck_assert_int_eq(core_release(&core, waiter), 0);
    core_advance(&core, core.now + 2 * core.options.lease_ns);
    core_expect_deliver(&core, waiter, dispatch, 1);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED), 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, waiter, 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_DELIVERED);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(only_a_claim_is_delivered_to)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    struct warmstart_delivery delivery = core_delivery(&core);
    ck_assert_uint_eq(core_deliver(&core, waiter, &delivery), 0);
    claim_and_deliver(&core);
    ck_assert_uint_eq(core_deliver(&core, waiter, &delivery), 0);
    core_next(&core, __LINE__);
    ck_assert_uint_eq(core_deliver(&core, waiter, &delivery), 0);
    core_report(&core, waiter, WARMSTART_OUTCOME_LOST);
    ck_assert_uint_eq(core_deliver(&core, waiter, &delivery), 0);
    ck_assert_uint_eq(core_stats(&core).dispatches, 0);
    core_end(&core);
}
END_TEST

START_TEST(a_delivery_to_a_claim_tries_nobody_else)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = claim_and_deliver(&core);
    ck_assert_int_eq(core_cancel(&core, waiter), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_LOST, 0, 0);
    core_saw_ended(&core, waiter, WARMSTART_ENDING_CANCELLED);
    waiter = core_register(&core, "a=1", "me");
    dispatch = claim_and_deliver(&core);
    core_expect_deliver(&core, waiter, dispatch, 1);
    core_register(&core, "a=1", "me");
    core_report(&core, waiter, WARMSTART_OUTCOME_LOST);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_LOST, 0, 1);
    core_saw_ended(&core, waiter, WARMSTART_ENDING_LOST);
    core_expect_none(&core);
    ck_assert_uint_eq(core_count(&core, "a=1"), 2);
    core_end(&core);
}
END_TEST

START_TEST(a_delivery_to_a_claim_can_be_superseded_cancelled_and_time_out)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    warmstart_dispatch_id dispatch = claim_and_deliver(&core);
    warmstart_waiter_id new = core_register(&core, "a=1", "me");
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    core_saw_settled(&core, dispatch, WARMSTART_OUTCOME_LOST, 0, 0);
    core_saw_ended(&core, old, WARMSTART_ENDING_SUPERSEDED);
    core_expect_none(&core);
    dispatch = claim_and_deliver(&core);
    ck_assert_int_eq(core_cancel_dispatch(&core, dispatch), 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_CANCELLED, 0, 0);
    ck_assert_int_eq(core_release(&core, new), 0);
    ck_assert_uint_eq(core_match(&core, "a=1"), new);
    struct warmstart_delivery delivery = core_delivery(&core);
    delivery.deadline = 2000;
    dispatch = core_deliver(&core, new, &delivery);
    core_expect_deliver(&core, new, dispatch, 1);
    core_advance(&core, 2000);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_UNCERTAIN, new, 1);
    core_expect_ended(&core, new, WARMSTART_ENDING_UNCERTAIN);
    core_end(&core);
}
END_TEST

START_TEST(bad_deliveries_are_refused_and_change_nothing)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id claimed = core_match(&core, "a=1");
    core_register(&core, "a=1", NULL);
    struct warmstart_query query = core_query(&core, "a=1");
    warmstart_dispatch_id dispatch = 77;
    struct warmstart_delivery delivery = core_delivery(&core);
    delivery.attempts_max = 0;
    ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &dispatch, core.now),
                     WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_deliver(core.manager, claimed, &delivery, &dispatch, core.now),
                     WARMSTART_ERR_INVALID);
    delivery.attempts_max = 2;
    ck_assert_int_eq(warmstart_deliver(core.manager, claimed, &delivery, &dispatch, core.now),
                     WARMSTART_ERR_INVALID);
    delivery.attempts_max = 1;
    delivery.retry_uncertain = 1;
    ck_assert_int_eq(warmstart_deliver(core.manager, claimed, &delivery, &dispatch, core.now),
                     WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(dispatch, 77);
    ck_assert_uint_eq(core_stats(&core).dispatches, 0);
    ck_assert_uint_eq(core_stats(&core).waiters_claimed, 1);
    ck_assert_uint_eq(core_stats(&core).waiters_waiting, 1);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(an_empty_payload_and_no_origin_are_carried_too)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    ck_assert_uint_eq(delivery.size, sizeof(delivery));
    ck_assert_uint_eq(delivery.deadline, WARMSTART_NEVER);
    ck_assert_uint_eq(delivery.attempts_max, 1);
    ck_assert_uint_eq(delivery.retry_uncertain, 0);
    ck_assert_ptr_null(delivery.payload);
    ck_assert_ptr_null(delivery.origin);
    warmstart_dispatch_id dispatch = core_send(&core, "a=1", &delivery);
    core_expect_deliver(&core, core.known[0].id, dispatch, 1);
    core_end(&core);
}
END_TEST

START_TEST(events_come_in_the_order_in_which_they_arose)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id gone = core_register(&core, "z=1", NULL);
    warmstart_waiter_id one = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id first = core_dispatch(&core, "a=1", 1);
    core_cancel(&core, gone);
    warmstart_waiter_id two = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id second = core_dispatch(&core, "a=1", 1);
    core_expect_deliver(&core, one, first, 1);
    core_expect_ended(&core, gone, WARMSTART_ENDING_CANCELLED);
    core_expect_deliver(&core, two, second, 1);
    core_report(&core, two, WARMSTART_OUTCOME_DELIVERED);
    core_report(&core, one, WARMSTART_OUTCOME_DELIVERED);
    core_expect_settled(&core, second, WARMSTART_OUTCOME_DELIVERED, two, 1);
    core_expect_ended(&core, two, WARMSTART_ENDING_DELIVERED);
    core_expect_settled(&core, first, WARMSTART_OUTCOME_DELIVERED, one, 1);
    core_expect_ended(&core, one, WARMSTART_ENDING_DELIVERED);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

static TCase *reports(void)
{
    TCase *tcase = tcase_create("reports");
    tcase_add_test(tcase, a_delivered_payload_settles_the_dispatch_and_ends_the_waiter);
    tcase_add_test(tcase, a_second_report_is_too_late);
    tcase_add_test(tcase, nobody_fits_is_an_answer_without_events);
    tcase_add_test(tcase, lost_goes_on_to_the_next_waiter_in_order);
    tcase_add_test(tcase, lost_settles_when_none_fits_any_more);
    tcase_add_test(tcase, a_waiter_that_came_after_the_dispatch_gets_the_lost_payload);
    tcase_add_test(tcase, the_next_waiter_is_never_one_past_match_until);
    tcase_add_test(tcase, uncertain_settles_even_when_others_fit);
    tcase_add_test(tcase, uncertain_goes_on_when_so_asked);
    tcase_add_test(tcase, uncertain_with_nobody_left_to_try_is_uncertain);
    tcase_add_test(tcase, what_was_uncertain_once_is_never_called_lost);
    tcase_add_test(tcase, what_was_uncertain_once_is_too_late_to_cancel);
    tcase_add_test(tcase, what_was_uncertain_once_does_not_time_out_but_stays_uncertain);
    tcase_add_test(tcase, what_was_uncertain_once_is_abandoned_and_shut_down_as_uncertain);
    tcase_add_test(tcase, only_three_outcomes_can_be_reported);
    tcase_add_test(tcase, a_report_before_the_order_to_write_is_not_taken);
    return tcase;
}

static TCase *deadlines(void)
{
    TCase *tcase = tcase_create("deadlines");
    tcase_add_test(tcase, a_deadline_before_the_payload_is_out_times_out_and_frees_the_waiter);
    tcase_add_test(tcase, a_deadline_while_the_payload_is_written_is_uncertain);
    tcase_add_test(tcase, a_deadline_ends_the_writing_even_of_one_that_retries);
    tcase_add_test(tcase, a_deadline_after_a_lost_attempt_times_out_if_the_next_was_not_told);
    tcase_add_test(tcase, a_deadline_that_is_not_after_now_is_refused);
    tcase_add_test(tcase, equal_deadlines_fall_due_in_order);
    tcase_add_test(tcase, a_waiter_does_not_expire_while_a_payload_is_meant_for_it);
    tcase_add_test(tcase, a_waiter_given_back_past_its_expiry_ends);
    tcase_add_test(tcase, a_payload_passed_on_goes_to_no_waiter_that_is_past_match_until_or_expired);
    return tcase;
}

static TCase *waiters(void)
{
    TCase *tcase = tcase_create("waiters");
    tcase_add_test(tcase, a_waiter_cancelled_before_it_was_told_costs_nothing);
    tcase_add_test(tcase, the_only_waiter_cancelled_before_it_was_told_is_lost);
    tcase_add_test(tcase, a_waiter_cancelled_while_it_is_written_to_is_uncertain);
    tcase_add_test(tcase, a_waiter_cancelled_while_it_is_written_to_is_retried_if_so_asked);
    tcase_add_test(tcase, many_waiters_that_go_before_they_are_told_still_cost_nothing);
    return tcase;
}

static TCase *askers(void)
{
    TCase *tcase = tcase_create("askers");
    tcase_add_test(tcase, a_dispatch_cancelled_in_time_frees_its_waiter);
    tcase_add_test(tcase, a_dispatch_is_not_cancelled_while_it_is_written);
    tcase_add_test(tcase, a_dispatch_can_be_cancelled_between_two_attempts);
    tcase_add_test(tcase, an_abandoned_dispatch_that_is_not_out_is_cancelled);
    tcase_add_test(tcase, an_abandoned_dispatch_that_is_out_is_uncertain);
    tcase_add_test(tcase, a_waiter_given_back_past_its_times_is_not_matched);
    return tcase;
}

static TCase *controllers(void)
{
    TCase *tcase = tcase_create("controllers");
    tcase_add_test(tcase, a_waiter_superseded_before_it_was_told_passes_the_payload_to_its_newer_self);
    tcase_add_test(tcase, a_waiter_superseded_by_one_with_other_fields_passes_the_payload_to_another);
    tcase_add_test(tcase, lost_goes_to_the_newer_self_that_was_blocked);
    tcase_add_test(tcase, uncertain_goes_to_the_newer_self_that_was_blocked);
    tcase_add_test(tcase, a_cancel_of_the_older_self_gives_the_payload_to_the_newer_too);
    tcase_add_test(tcase, registering_again_does_not_stretch_attempts_max);
    return tcase;
}

static TCase *claims(void)
{
    TCase *tcase = tcase_create("claims");
    tcase_add_test(tcase, a_claim_is_delivered_to);
    tcase_add_test(tcase, only_a_claim_is_delivered_to);
    tcase_add_test(tcase, a_delivery_to_a_claim_tries_nobody_else);
    tcase_add_test(tcase, a_delivery_to_a_claim_can_be_superseded_cancelled_and_time_out);
    tcase_add_test(tcase, bad_deliveries_are_refused_and_change_nothing);
    tcase_add_test(tcase, an_empty_payload_and_no_origin_are_carried_too);
    tcase_add_test(tcase, events_come_in_the_order_in_which_they_arose);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("dispatch");
    suite_add_tcase(suite, reports());
    suite_add_tcase(suite, deadlines());
    suite_add_tcase(suite, waiters());
    suite_add_tcase(suite, askers());
    suite_add_tcase(suite, controllers());
    suite_add_tcase(suite, claims());
    return suite_run(suite);
}
