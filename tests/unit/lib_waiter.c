/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

static warmstart_waiter_id register_until(struct core *core, const char *fields, uint64_t match_until,
                                          uint64_t expires_at)
{
    struct warmstart_registration registration = core_registration(core, fields);
    registration.match_until = match_until;
    registration.expires_at = expires_at;
    return core_add(core, &registration);
}

/* A waiter of this controller whose payload is being written. */
static warmstart_waiter_id start_writing(struct core *core, const char *controller, uint32_t attempts_max,
                                         warmstart_dispatch_id *ret_dispatch)
{
    warmstart_waiter_id waiter = core_register(core, "a=1", controller);
    *ret_dispatch = core_dispatch(core, "a=1", attempts_max);
    ck_assert_uint_ne(*ret_dispatch, 0);
    core_expect_deliver(core, waiter, *ret_dispatch, 1);
    return waiter;
}

START_TEST(a_registered_waiter_waits_and_makes_no_event)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", "me");
    ck_assert_uint_ne(waiter, 0);
    core_expect_none(&core);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), WARMSTART_NEVER);
    core_advance(&core, WARMSTART_NEVER - 1);
    core_expect_none(&core);
    ck_assert_uint_eq(core_count(&core, "a=1"), 1);
    core_end(&core);
}
END_TEST

START_TEST(a_moment_that_never_comes_does_not_come)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    core_advance(&core, WARMSTART_NEVER);
    ck_assert_uint_eq(core_stats(&core).waiters, 1);
    ck_assert_uint_eq(core_stats(&core).dispatches, 1);
    core_expect_deliver(&core, core.known[0].id, dispatch, 1);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(a_cancelled_waiter_ends_once)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", "me");
    ck_assert_int_eq(core_cancel(&core, waiter), 1);
    ck_assert_int_eq(core_cancel(&core, waiter), 0);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_CANCELLED);
    core_expect_none(&core);
    ck_assert_int_eq(core_cancel(&core, waiter), 0);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_ends_at_its_expiry_and_not_before)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = register_until(&core, "a=1", WARMSTART_NEVER, 5000);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), 5000);
    core_advance(&core, 4999);
    core_expect_none(&core);
    core_advance(&core, 5000);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
    core_expect_none(&core);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), WARMSTART_NEVER);
    ck_assert_int_eq(core_cancel(&core, waiter), 0);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_that_is_past_its_expiry_already_ends)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id now = register_until(&core, "a=1", WARMSTART_NEVER, core.now);
    warmstart_waiter_id past = register_until(&core, "a=1", WARMSTART_NEVER, 0);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    core_pull(&core);
    core_saw_ended(&core, now, WARMSTART_ENDING_EXPIRED);
    core_saw_ended(&core, past, WARMSTART_ENDING_EXPIRED);
    ck_assert_uint_eq(core.events.len, 2);
    core_end(&core);
}
END_TEST

START_TEST(match_until_and_expiry_are_the_next_deadline_in_turn)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = register_until(&core, "a=1", 2000, 3000);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), 2000);
    core_advance(&core, 2000);
    ck_assert_uint_eq(core_stats(&core).waiters_unmatchable, 1);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), 3000);
    core_expect_none(&core);
    core_advance(&core, 3000);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
    core_end(&core);
}
END_TEST

START_TEST(one_jump_over_both_deadlines_ends_the_waiter)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id one = register_until(&core, "a=1", 2000, 3000);
    warmstart_waiter_id same = register_until(&core, "a=1", 3000, 3000);
    warmstart_waiter_id swapped = register_until(&core, "a=1", 4000, 2500);
    core_advance(&core, 1000000);
    core_expect_ended(&core, swapped, WARMSTART_ENDING_EXPIRED);
    core_pull(&core);
    core_saw_ended(&core, one, WARMSTART_ENDING_EXPIRED);
    core_saw_ended(&core, same, WARMSTART_ENDING_EXPIRED);
    ck_assert_uint_eq(core.events.len, 2);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), WARMSTART_NEVER);
    core_end(&core);
}
END_TEST

START_TEST(due_waiters_end_earliest_first_equal_ones_in_the_order_they_came)
{
    struct core core;
    core_begin(&core);
    static const uint64_t times[] = {3000, 2000, 5000, 2000, 4000, 2000, 3000, 5000, 2000, 3000};
    warmstart_waiter_id ids[10];
    for (size_t i = 0; i < 10; i++)
        ids[i] = register_until(&core, "a=1", WARMSTART_NEVER, times[i]);
    core_advance(&core, 9000);
    for (uint64_t time = 2000; time <= 5000; time += 1000)
        for (size_t i = 0; i < 10; i++)
            if (times[i] == time)
                core_expect_ended(&core, ids[i], WARMSTART_ENDING_EXPIRED);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(cancelling_in_between_keeps_the_order_of_the_rest)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id ids[100];
    for (size_t i = 0; i < 100; i++)
        ids[i] = register_until(&core, "a=1", WARMSTART_NEVER, 2000 + (i * 61) % 100 / 10);
    for (size_t i = 0; i < 100; i += 3)
        ck_assert_int_eq(core_cancel(&core, ids[i]), 1);
    core_pull(&core);
    core_advance(&core, 9000);
    for (uint64_t step = 0; step < 10; step++)
        for (size_t i = 0; i < 100; i++)
            if (i % 3 != 0 && (i * 61) % 100 / 10 == step)
                core_expect_ended(&core, ids[i], WARMSTART_ENDING_EXPIRED);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(any_call_lets_the_due_waiters_end_even_one_that_fails)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = register_until(&core, "a=1", WARMSTART_NEVER, 2000);
    core.now = 2000;
    struct warmstart_registration twice = core_registration(&core, "a=1 a=1");
    warmstart_waiter_id none = 77;
    ck_assert_int_eq(warmstart_register(core.manager, &twice, &none, core.now), WARMSTART_ERR_INVALID);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
    waiter = register_until(&core, "a=1", WARMSTART_NEVER, 3000);
    core.now = 3000;
    ck_assert_int_eq(core_cancel(&core, waiter), 0);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
    waiter = register_until(&core, "a=1", WARMSTART_NEVER, 4000);
    core.now = 4000;
    ck_assert_uint_eq(core_count(&core, "a=1"), 0);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
    core_end(&core);
}
END_TEST

START_TEST(time_does_not_run_backwards)
{
    struct core core;
    core_begin(&core);
    core_advance(&core, 5000);
    core_advance(&core, 10);
    warmstart_waiter_id waiter = register_until(&core, "a=1", WARMSTART_NEVER, 4000);
    core_pull(&core);
    if (core.events.len == 0) {
        core_advance(&core, 0);
        core_pull(&core);
    }
    core_saw_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
    struct warmstart_delivery delivery = core_delivery(&core);
    core_register(&core, "a=1", NULL);
    delivery.deadline = 4999;
    struct warmstart_query query = core_query(&core, "a=1");
    warmstart_dispatch_id dispatch = 77;
    ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &dispatch, 20),
                     WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(dispatch, 77);
    core_end(&core);
}
END_TEST

START_TEST(a_claimed_waiter_is_nobody_elses)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    ck_assert_uint_eq(core_count(&core, "a=1"), 0);
    ck_assert_uint_eq(core_dispatch(&core, "a=1", 1), 0);
    core_expect_none(&core);
    ck_assert_int_eq(core_release(&core, waiter), 1);
    ck_assert_int_eq(core_release(&core, waiter), 0);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    core_end(&core);
}
END_TEST

START_TEST(a_lease_runs_out)
{
    struct core core;
    core_init(&core);
    core.options.lease_ns = 500;
    core_start(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), 1500);
    core_advance(&core, 1499);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    core.now = 1500;
    ck_assert_int_eq(core_release(&core, waiter), 0);
    struct warmstart_delivery delivery = core_delivery(&core);
    ck_assert_uint_eq(core_deliver(&core, waiter, &delivery), 0);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), 2000);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(a_lease_begins_at_the_time_inside_and_may_last_for_ever)
{
    struct core core;
    core_init(&core);
    core.options.lease_ns = 500;
    core_start(&core);
    core_advance(&core, 8000);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    core.now = 100;
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), 8500);
    core_end(&core);

    core_init(&core);
    core.options.lease_ns = UINT64_MAX;
    core_start(&core);
    waiter = core_register(&core, "a=1", NULL);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    core_advance(&core, WARMSTART_NEVER - 1);
    ck_assert_uint_eq(core_stats(&core).waiters_claimed, 1);
    ck_assert_int_eq(core_release(&core, waiter), 1);
    core_end(&core);
}
END_TEST

START_TEST(a_released_waiter_is_back_in_the_place_of_its_age)
{
    for (int order = 0; order < 2; order++) {
        struct core core;
        core_init(&core);
        core.options.order = (enum warmstart_order)order;
        core_start(&core);
        warmstart_waiter_id ids[5];
        for (int i = 0; i < 5; i++)
            ids[i] = core_register(&core, "a=1", NULL);
        for (int i = 0; i < 5; i++)
            ck_assert_uint_ne(core_match(&core, "a=1"), 0);
        static const int back[] = {2, 0, 4, 3, 1};
        for (int i = 0; i < 5; i++)
            ck_assert_int_eq(core_release(&core, ids[back[i]]), 1);
        for (int i = 0; i < 5; i++)
            ck_assert_uint_eq(core_match(&core, "a=1"),
                              ids[order == (int)WARMSTART_OLDEST_FIRST ? i : 4 - i]);
        core_end(&core);
    }
}
END_TEST

START_TEST(leases_that_run_out_restore_the_order_too)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = core_register(&core, "a=1", NULL);
    for (int i = 2; i >= 0; i--) {
        ck_assert_uint_eq(core_match(&core, "a=1"), ids[i]);
        core.now++;
    }
    core.now += core.options.lease_ns;
    for (int i = 2; i >= 0; i--)
        ck_assert_uint_eq(core_match(&core, "a=1"), ids[i]);
    core_end(&core);
}
END_TEST

START_TEST(a_claim_released_past_match_until_is_not_matched_again)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = register_until(&core, "a=1", 2000, 9000);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    core_advance(&core, 2500);
    ck_assert_uint_eq(core_stats(&core).waiters_claimed, 1);
    ck_assert_int_eq(core_release(&core, waiter), 1);
    ck_assert_uint_eq(core_stats(&core).waiters_unmatchable, 1);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    core_advance(&core, 9000);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
    core_end(&core);
}
END_TEST

START_TEST(a_claim_made_in_time_is_delivered_to_past_match_until)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = register_until(&core, "a=1", 2000, 9000);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    core.now = 2500;
    struct warmstart_delivery delivery = core_delivery(&core);
    warmstart_dispatch_id dispatch = core_deliver(&core, waiter, &delivery);
    ck_assert_uint_ne(dispatch, 0);
    core_expect_deliver(&core, waiter, dispatch, 1);
    core_end(&core);
}
END_TEST

START_TEST(a_claimed_waiter_can_be_cancelled_expire_and_be_superseded)
{
    struct core core;
    core_begin(&core);
    struct warmstart_delivery delivery = core_delivery(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", "me");
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    ck_assert_int_eq(core_cancel(&core, waiter), 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_CANCELLED);
    ck_assert_uint_eq(core_deliver(&core, waiter, &delivery), 0);

    waiter = register_until(&core, "a=1", WARMSTART_NEVER, 2000);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    core_advance(&core, 2000);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
    ck_assert_uint_eq(core_deliver(&core, waiter, &delivery), 0);
    ck_assert_int_eq(core_release(&core, waiter), 0);

    waiter = core_register(&core, "a=1", "me");
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    core_register(&core, "b=1", "me");
    core_expect_ended(&core, waiter, WARMSTART_ENDING_SUPERSEDED);
    ck_assert_uint_eq(core_deliver(&core, waiter, &delivery), 0);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), WARMSTART_NEVER);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(the_same_controller_supersedes_its_older_self)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    warmstart_waiter_id other = core_register(&core, "a=1", "you");
    warmstart_waiter_id nobody = core_register(&core, "a=1", NULL);
    warmstart_waiter_id nobody2 = core_register(&core, "a=1", "");
    core_expect_none(&core);
    warmstart_waiter_id new = core_register(&core, "b=1", "me");
    core_expect_ended(&core, old, WARMSTART_ENDING_SUPERSEDED);
    core_expect_none(&core);
    ck_assert_uint_eq(core_match(&core, "b=1"), new);
    ck_assert_uint_eq(core_match(&core, "a=1"), nobody2);
    ck_assert_uint_eq(core_match(&core, "a=1"), nobody);
    ck_assert_uint_eq(core_match(&core, "a=1"), other);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    core_end(&core);
}
END_TEST

START_TEST(controller_ids_are_bytes)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.controller_id = "me\0a";
    registration.controller_id_bytes = 4;
    warmstart_waiter_id first = core_add(&core, &registration);
    registration.controller_id = "me\0b";
    core_add(&core, &registration);
    registration.controller_id_bytes = 3;
    core_add(&core, &registration);
    registration.controller_id_bytes = 2;
    core_add(&core, &registration);
    core_expect_none(&core);
    registration.controller_id = "me\0a";
    registration.controller_id_bytes = 4;
    core_add(&core, &registration);
    core_expect_ended(&core, first, WARMSTART_ENDING_SUPERSEDED);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

/* Their first and last bytes are alike too, which is what is hashed of the short ones. */
START_TEST(controllers_whose_ids_differ_in_length_and_a_byte_are_told_apart)
{
    struct core core;
    core_begin(&core);
    uint64_t expected = 0;
    for (char first = '0'; first < '4'; first++)
        for (char rest = '0'; rest < '4'; rest++)
            for (size_t bytes = 1; bytes <= 40; bytes++) {
                char id[41] = {first};
                if (bytes == 1 && rest != '0')
                    continue; /* has been */
                memset(id + 1, rest, bytes - 1);
                core_register(&core, "a=1", id);
                expected++;
            }
    core_expect_none(&core);
    ck_assert_uint_eq(core_stats(&core).waiters, expected);
    core_end(&core);
}
END_TEST

START_TEST(a_controller_that_ended_is_superseded_by_nobody)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    core_cancel(&core, old);
    core_register(&core, "a=1", "me");
    core_expect_ended(&core, old, WARMSTART_ENDING_CANCELLED);
    core_expect_none(&core);
    ck_assert_uint_eq(core_stats(&core).ended_total[WARMSTART_ENDING_SUPERSEDED], 0);
    core_end(&core);
}
END_TEST

START_TEST(an_unmatchable_waiter_is_superseded_too)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.controller_id = "me";
    registration.controller_id_bytes = 2;
    registration.match_until = core.now;
    warmstart_waiter_id old = core_add(&core, &registration);
    warmstart_waiter_id new = core_register(&core, "a=1", "me");
    core_expect_ended(&core, old, WARMSTART_ENDING_SUPERSEDED);
    ck_assert_uint_eq(core_match(&core, "a=1"), new);
    core_end(&core);
}
END_TEST

START_TEST(behind_a_delivery_the_new_waiter_is_held_but_not_matched)
{
    struct core core;
    core_begin(&core);
    warmstart_dispatch_id dispatch;
    warmstart_waiter_id old = start_writing(&core, "me", 1, &dispatch);
    warmstart_waiter_id new = core_register(&core, "a=1", "me");
    core_expect_none(&core);
    ck_assert_uint_eq(core_stats(&core).waiters_blocked, 1);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    ck_assert_uint_eq(core_count(&core, "a=1"), 0);
    ck_assert_uint_eq(core_dispatch(&core, "a=1", 1), 0);
    ck_assert_int_eq(core_release(&core, new), 0);
    ck_assert_int_eq(core_report(&core, new, WARMSTART_OUTCOME_DELIVERED), 0);
    ck_assert_int_eq(core_report(&core, old, WARMSTART_OUTCOME_DELIVERED), 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, old, 1);
    core_expect_ended(&core, old, WARMSTART_ENDING_DELIVERED);
    core_expect_none(&core);
    ck_assert_uint_eq(core_stats(&core).waiters_blocked, 0);
    ck_assert_uint_eq(core_match(&core, "a=1"), new);
    core_end(&core);
}
END_TEST

START_TEST(a_blocked_waiter_can_be_cancelled_and_expire)
{
    struct core core;
    core_begin(&core);
    warmstart_dispatch_id dispatch;
    warmstart_waiter_id old = start_writing(&core, "me", 1, &dispatch);
    warmstart_waiter_id second = core_register(&core, "a=1", "me");
    ck_assert_int_eq(core_cancel(&core, second), 1);
    core_expect_ended(&core, second, WARMSTART_ENDING_CANCELLED);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.controller_id = "me";
    registration.controller_id_bytes = 2;
    registration.expires_at = 2000;
    warmstart_waiter_id third = core_add(&core, &registration);
    core_expect_none(&core);
    ck_assert_uint_eq(core_stats(&core).waiters_blocked, 1);
    core_advance(&core, 2000);
    core_expect_ended(&core, third, WARMSTART_ENDING_EXPIRED);
    ck_assert_int_eq(core_report(&core, old, WARMSTART_OUTCOME_DELIVERED), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    ck_assert_uint_eq(core_stats(&core).waiters, 0);
    core_end(&core);
}
END_TEST

START_TEST(a_third_registration_supersedes_the_blocked_one_and_is_blocked_itself)
{
    struct core core;
    core_begin(&core);
    warmstart_dispatch_id dispatch;
    warmstart_waiter_id old = start_writing(&core, "me", 1, &dispatch);
    warmstart_waiter_id second = core_register(&core, "a=1", "me");
    warmstart_waiter_id third = core_register(&core, "a=1", "me");
    core_expect_ended(&core, second, WARMSTART_ENDING_SUPERSEDED);
    core_expect_none(&core);
    ck_assert_uint_eq(core_stats(&core).waiters_blocked, 1);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    ck_assert_int_eq(core_report(&core, old, WARMSTART_OUTCOME_DELIVERED), 1);
    core_pull(&core);
    ck_assert_uint_eq(core_match(&core, "a=1"), third);
    warmstart_waiter_id fourth = core_register(&core, "a=1", "me");
    core_expect_ended(&core, third, WARMSTART_ENDING_SUPERSEDED);
    ck_assert_uint_eq(core_match(&core, "a=1"), fourth);
    core_end(&core);
}
END_TEST

START_TEST(a_blocked_waiter_past_match_until_is_unmatchable_when_freed)
{
    struct core core;
    core_begin(&core);
    warmstart_dispatch_id dispatch;
    warmstart_waiter_id old = start_writing(&core, "me", 1, &dispatch);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.controller_id = "me";
    registration.controller_id_bytes = 2;
    registration.match_until = 2000;
    core_add(&core, &registration);
    core_advance(&core, 2000);
    ck_assert_int_eq(core_report(&core, old, WARMSTART_OUTCOME_DELIVERED), 1);
    ck_assert_uint_eq(core_stats(&core).waiters_unmatchable, 1);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    core_end(&core);
}
END_TEST

START_TEST(a_freed_waiter_takes_the_place_of_its_age)
{
    struct core core;
    core_begin(&core);
    warmstart_dispatch_id dispatch;
    warmstart_waiter_id old = start_writing(&core, "me", 1, &dispatch);
    warmstart_waiter_id blocked = core_register(&core, "a=1", "me");
    warmstart_waiter_id newer = core_register(&core, "a=1", "you");
    core_report(&core, old, WARMSTART_OUTCOME_DELIVERED);
    core_pull(&core);
    ck_assert_uint_eq(core_match(&core, "a=1"), newer);
    ck_assert_uint_eq(core_match(&core, "a=1"), blocked);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_does_not_expire_while_its_payload_is_written)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = register_until(&core, "a=1", 2000, 3000);
    warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
    core_expect_deliver(&core, waiter, dispatch, 1);
    core_advance(&core, 4000);
    core_expect_none(&core);
    ck_assert_uint_gt(warmstart_next_deadline(core.manager), 4000);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_DELIVERED), 1);
    core_expect_settled(&core, dispatch, WARMSTART_OUTCOME_DELIVERED, waiter, 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_DELIVERED);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(bad_registrations_are_refused_and_change_nothing)
{
    static char many[4097];
    memset(many, 'x', sizeof(many));
    struct core core;
    core_begin(&core);
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    struct warmstart_registration good = core_registration(&core, "a=1");
    good.controller_id = "me";
    good.controller_id_bytes = 2;
    struct warmstart_registration bad[6] = {good, good, good, good, good, good};
    bad[0].controller_id = NULL;
    bad[1].controller_id = many;
    bad[1].controller_id_bytes = 4097;
    bad[2].instance_bytes = 1;
    bad[3].instance = many;
    bad[3].instance_bytes = 4097;
    bad[4].fields = NULL;
    bad[5].controller_id_bytes = SIZE_MAX;
    for (size_t i = 0; i < 6; i++) {
        warmstart_waiter_id waiter = 77;
        ck_assert_int_eq(warmstart_register(core.manager, &bad[i], &waiter, core.now), WARMSTART_ERR_INVALID);
        ck_assert_uint_eq(waiter, 77);
    }
    core_expect_none(&core);
    ck_assert_uint_eq(core_match(&core, "a=1"), old);
    good.controller_id = many;
    good.controller_id_bytes = 4096;
    good.instance = many;
    good.instance_bytes = 4096;
    core_add(&core, &good);
    core_end(&core);
}
END_TEST

static void add_ending_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_registered_waiter_waits_and_makes_no_event);
    tcase_add_test(tcase, a_moment_that_never_comes_does_not_come);
    tcase_add_test(tcase, a_cancelled_waiter_ends_once);
    tcase_add_test(tcase, a_waiter_ends_at_its_expiry_and_not_before);
    tcase_add_test(tcase, a_waiter_that_is_past_its_expiry_already_ends);
    tcase_add_test(tcase, match_until_and_expiry_are_the_next_deadline_in_turn);
    tcase_add_test(tcase, one_jump_over_both_deadlines_ends_the_waiter);
    tcase_add_test(tcase, due_waiters_end_earliest_first_equal_ones_in_the_order_they_came);
    tcase_add_test(tcase, cancelling_in_between_keeps_the_order_of_the_rest);
    tcase_add_test(tcase, any_call_lets_the_due_waiters_end_even_one_that_fails);
    tcase_add_test(tcase, time_does_not_run_backwards);
    tcase_add_test(tcase, a_waiter_does_not_expire_while_its_payload_is_written);
    tcase_add_test(tcase, bad_registrations_are_refused_and_change_nothing);
}

static void add_claim_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_claimed_waiter_is_nobody_elses);
    tcase_add_test(tcase, a_lease_runs_out);
    tcase_add_test(tcase, a_lease_begins_at_the_time_inside_and_may_last_for_ever);
    tcase_add_test(tcase, a_released_waiter_is_back_in_the_place_of_its_age);
    tcase_add_test(tcase, leases_that_run_out_restore_the_order_too);
    tcase_add_test(tcase, a_claim_released_past_match_until_is_not_matched_again);
    tcase_add_test(tcase, a_claim_made_in_time_is_delivered_to_past_match_until);
    tcase_add_test(tcase, a_claimed_waiter_can_be_cancelled_expire_and_be_superseded);
}

static void add_controller_tests(TCase *tcase)
{
    tcase_add_test(tcase, the_same_controller_supersedes_its_older_self);
    tcase_add_test(tcase, controller_ids_are_bytes);
    tcase_add_test(tcase, controllers_whose_ids_differ_in_length_and_a_byte_are_told_apart);
    tcase_add_test(tcase, a_controller_that_ended_is_superseded_by_nobody);
    tcase_add_test(tcase, an_unmatchable_waiter_is_superseded_too);
    tcase_add_test(tcase, behind_a_delivery_the_new_waiter_is_held_but_not_matched);
    tcase_add_test(tcase, a_blocked_waiter_can_be_cancelled_and_expire);
    tcase_add_test(tcase, a_third_registration_supersedes_the_blocked_one_and_is_blocked_itself);
    tcase_add_test(tcase, a_blocked_waiter_past_match_until_is_unmatchable_when_freed);
    tcase_add_test(tcase, a_freed_waiter_takes_the_place_of_its_age);
}

START_TEST(a_deadline_that_is_set_anew_comes_after_equal_ones)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.expires_at = 5000;
    warmstart_waiter_id plain = core_add(&core, &registration);
    registration.instance = "node";
    registration.instance_bytes = 4;
    warmstart_waiter_id cordoned = core_add(&core, &registration);
    registration.instance_bytes = 0;
    warmstart_waiter_id last = core_add(&core, &registration);
    ck_assert_int_eq(warmstart_cordon(core.manager, "node", 4, 9000, core.now), 0);
    core_advance(&core, 5000);
    core_expect_ended(&core, plain, WARMSTART_ENDING_EXPIRED);
    core_expect_ended(&core, last, WARMSTART_ENDING_EXPIRED);
    core_expect_ended(&core, cordoned, WARMSTART_ENDING_EXPIRED);
    core_end(&core);
}
END_TEST

START_TEST(whoever_has_the_place_of_a_cancelled_waiter_has_its_own_deadline)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    const uint64_t deadlines[] = {3000, 9000, 2000, 7000};
    for (size_t i = 0; i < 4; i++) {
        registration.expires_at = deadlines[i];
        warmstart_waiter_id waiter = core_add(&core, &registration);
        ck_assert_uint_eq(warmstart_next_deadline(core.manager), deadlines[i]);
        if (i == 3) {
            core_advance(&core, 6999);
            core_expect_none(&core);
            core_advance(&core, 7000);
            core_expect_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
        } else {
            ck_assert_int_eq(core_cancel(&core, waiter), 1);
            core_expect_ended(&core, waiter, WARMSTART_ENDING_CANCELLED);
            ck_assert_uint_eq(warmstart_next_deadline(core.manager), WARMSTART_NEVER);
        }
    }
    core_end(&core);
}
END_TEST

START_TEST(after_many_cancelled_deadlines_the_next_one_is_found_in_few_steps)
{
    enum { CANCELLED = 1000 };
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    uint64_t waiters[CANCELLED];
    for (unsigned i = 0; i < CANCELLED; i++) {
        registration.expires_at = 2000 + i;
        waiters[i] = core_add(&core, &registration);
    }
    registration.expires_at = 8000;
    warmstart_waiter_id stays = core_add(&core, &registration);
    for (unsigned i = 0; i < CANCELLED; i++)
        ck_assert_int_eq(core_cancel(&core, waiters[i]), 1);
    core_pull(&core);
    unsigned steps = 0;
    for (uint64_t next; (next = warmstart_next_deadline(core.manager)) < 8000; steps++) {
        ck_assert_uint_gt(next, core.now);
        core_advance(&core, next);
        core_expect_none(&core);
    }
    ck_assert_uint_le(steps, 20);
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), 8000);
    core_advance(&core, 8000);
    core_expect_ended(&core, stays, WARMSTART_ENDING_EXPIRED);
    core_end(&core);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("waiter");
    TCase *endings = tcase_create("endings");
    add_ending_tests(endings);
    suite_add_tcase(suite, endings);
    TCase *claims = tcase_create("claims");
    add_claim_tests(claims);
    suite_add_tcase(suite, claims);
    TCase *controllers = tcase_create("controllers");
    add_controller_tests(controllers);
    suite_add_tcase(suite, controllers);
    TCase *deadlines = tcase_create("deadlines");
    tcase_add_test(deadlines, a_deadline_that_is_set_anew_comes_after_equal_ones);
    tcase_add_test(deadlines, whoever_has_the_place_of_a_cancelled_waiter_has_its_own_deadline);
    tcase_add_test(deadlines, after_many_cancelled_deadlines_the_next_one_is_found_in_few_steps);
    suite_add_tcase(suite, deadlines);
    return suite_run(suite);
}
