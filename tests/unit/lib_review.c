/* SPDX-License-Identifier: MIT */
/*
 * The corners where several rules of the core meet: a controller that polls again while it is written to,
 * deadlines that coincide, what is under way when it all stops.
 */
#include <string.h>
#include <warmstart/warmstart.h>

#include "suite.h"

static struct warmstart_manager *manager;

static void setup(void)
{
    ck_assert_int_eq(warmstart_manager_new(NULL, &manager), 0);
}

static void teardown(void)
{
    warmstart_manager_free(manager);
}

static struct warmstart_field field_of(const char *version)
{
    return (struct warmstart_field){"version", strlen("version"), version, strlen(version)};
}

/* A controller's poll. `conn` is any string: it comes back in events, so that a test can say who. */
struct poll {
    const char *controller;
    const char *version;
    const char *conn;
    uint64_t match_until; /* 0: never */
    uint64_t expires_at;  /* 0: never */
};

static warmstart_waiter_id hold(struct poll poll, uint64_t now)
{
    struct warmstart_field field = field_of(poll.version);
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = &field;
    registration.fields_len = 1;
    registration.controller_id = poll.controller;
    registration.controller_id_bytes = strlen(poll.controller);
    registration.conn = (void *)(uintptr_t)poll.conn;
    if (poll.match_until != 0)
        registration.match_until = poll.match_until;
    if (poll.expires_at != 0)
        registration.expires_at = poll.expires_at;
    warmstart_waiter_id waiter = 0;
    ck_assert_int_eq(warmstart_register(manager, &registration, &waiter, now), 0);
    return waiter;
}

/* Dispatches a run of version "1" to a waiter that is there. */
static warmstart_dispatch_id hand_over(uint32_t attempts_max, uint64_t deadline, uint64_t now)
{
    struct warmstart_field field = field_of("1");
    struct warmstart_query query = {.fields = &field, .fields_len = 1};
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.attempts_max = attempts_max;
    delivery.deadline = deadline;
    warmstart_dispatch_id dispatch = 0;
    ck_assert_int_eq(warmstart_dispatch(manager, &query, &delivery, &dispatch, now), 1);
    return dispatch;
}

static size_t matchable(uint64_t now)
{
    struct warmstart_field field = field_of("1");
    struct warmstart_query query = {.fields = &field, .fields_len = 1};
    size_t count = 99;
    ck_assert_int_eq(warmstart_count(manager, &query, &count, now), 0);
    return count;
}

static struct warmstart_event next(void)
{
    struct warmstart_event event;
    ck_assert_int_eq(warmstart_next_event(manager, &event), 1);
    return event;
}

static void expect_deliver(const char *conn)
{
    struct warmstart_event event = next();
    ck_assert_int_eq(event.type, WARMSTART_EVENT_DELIVER);
    ck_assert_str_eq(event.conn, conn);
}

static void expect_ended(const char *conn, enum warmstart_ending ending)
{
    struct warmstart_event event = next();
    ck_assert_int_eq(event.type, WARMSTART_EVENT_ENDED);
    ck_assert_str_eq(event.conn, conn);
    ck_assert_str_eq(warmstart_ending_name(event.ending), warmstart_ending_name(ending));
}

/* `conn` NULL: it names no waiter. */
static void expect_settled(enum warmstart_outcome outcome, const char *conn)
{
    struct warmstart_event event = next();
    ck_assert_int_eq(event.type, WARMSTART_EVENT_SETTLED);
    ck_assert_str_eq(warmstart_outcome_name(event.outcome), warmstart_outcome_name(outcome));
    ck_assert_int_eq(event.waiter != 0, conn != NULL);
    ck_assert_pstr_eq(event.conn, conn);
}

static void expect_nothing(void)
{
    struct warmstart_event event;
    ck_assert_int_eq(warmstart_next_event(manager, &event), 0);
}

/* ---- A controller that polls again while it is written to ---- */

START_TEST(an_uncertain_payload_goes_to_the_new_poll_of_the_same_controller)
{
    warmstart_waiter_id old = hold((struct poll){"c", "1", "old", 0, 0}, 0);
    hand_over(2, 100, 1);
    expect_deliver("old");
    hold((struct poll){"c", "1", "new", 0, 0}, 2);
    ck_assert_uint_eq(matchable(2), 0);
    ck_assert_int_eq(warmstart_report(manager, old, WARMSTART_OUTCOME_UNCERTAIN, 3), 1);
    expect_ended("old", WARMSTART_ENDING_UNCERTAIN);
    expect_deliver("new");
    expect_nothing();
}
END_TEST

/* Nobody else takes it, so the event can still say to whom it was written. */
static void expect_uncertain_names_old(struct poll new_poll)
{
    warmstart_waiter_id old = hold((struct poll){"c", "1", "old", 0, 0}, 0);
    hand_over(2, 100, 1);
    expect_deliver("old");
    hold(new_poll, 2);
    ck_assert_int_eq(warmstart_report(manager, old, WARMSTART_OUTCOME_UNCERTAIN, 20), 1);
    expect_settled(WARMSTART_OUTCOME_UNCERTAIN, "old");
    expect_ended("old", WARMSTART_ENDING_UNCERTAIN);
    expect_nothing();
}

START_TEST(uncertain_names_its_waiter_if_the_new_poll_has_other_fields)
{
    expect_uncertain_names_old((struct poll){"c", "2", "new", 0, 0});
}
END_TEST

START_TEST(uncertain_names_its_waiter_if_the_new_poll_is_past_its_time)
{
    expect_uncertain_names_old((struct poll){"c", "1", "new", 10, 0});
    ck_assert_uint_eq(matchable(20), 0);
}
END_TEST

START_TEST(a_lost_payload_goes_to_another_even_if_the_new_poll_has_expired)
{
    hold((struct poll){"d", "1", "other", 0, 0}, 0);
    warmstart_waiter_id old = hold((struct poll){"c", "1", "old", 0, 0}, 0);
    hand_over(2, 100, 1);
    expect_deliver("old");
    hold((struct poll){"c", "1", "new", 0, 10}, 2);
    ck_assert_int_eq(warmstart_report(manager, old, WARMSTART_OUTCOME_LOST, 10), 1);
    expect_ended("new", WARMSTART_ENDING_EXPIRED);
    expect_ended("old", WARMSTART_ENDING_LOST);
    expect_deliver("other");
    expect_nothing();
}
END_TEST

START_TEST(a_third_poll_supersedes_the_second_and_stands_behind_the_first)
{
    warmstart_waiter_id first = hold((struct poll){"c", "1", "first", 0, 0}, 0);
    hand_over(1, 100, 1);
    expect_deliver("first");
    hold((struct poll){"c", "1", "second", 0, 0}, 2);
    hold((struct poll){"c", "1", "third", 0, 0}, 3);
    expect_ended("second", WARMSTART_ENDING_SUPERSEDED);
    ck_assert_uint_eq(matchable(3), 0);
    ck_assert_int_eq(warmstart_report(manager, first, WARMSTART_OUTCOME_DELIVERED, 4), 1);
    expect_settled(WARMSTART_OUTCOME_DELIVERED, "first");
    expect_ended("first", WARMSTART_ENDING_DELIVERED);
    ck_assert_uint_eq(matchable(4), 1);
    hold((struct poll){"c", "1", "fourth", 0, 0}, 5);
    expect_ended("third", WARMSTART_ENDING_SUPERSEDED);
    expect_nothing();
}
END_TEST

START_TEST(a_blocked_poll_that_goes_away_leaves_room_for_the_next)
{
    warmstart_waiter_id first = hold((struct poll){"c", "1", "first", 0, 0}, 0);
    hand_over(1, 100, 1);
    expect_deliver("first");
    warmstart_waiter_id second = hold((struct poll){"c", "1", "second", 0, 0}, 2);
    ck_assert_int_eq(warmstart_cancel(manager, second, 3), 1);
    expect_ended("second", WARMSTART_ENDING_CANCELLED);
    hold((struct poll){"c", "1", "third", 0, 0}, 4);
    ck_assert_uint_eq(matchable(4), 0);
    ck_assert_int_eq(warmstart_report(manager, first, WARMSTART_OUTCOME_LOST, 5), 1);
    expect_ended("first", WARMSTART_ENDING_LOST);
    expect_settled(WARMSTART_OUTCOME_LOST, NULL);
    ck_assert_uint_eq(matchable(5), 1);
    expect_nothing();
}
END_TEST

START_TEST(the_new_poll_is_free_when_the_deadline_ends_the_delivery)
{
    hold((struct poll){"c", "1", "old", 0, 0}, 0);
    hand_over(3, 10, 1);
    expect_deliver("old");
    hold((struct poll){"c", "1", "new", 0, 0}, 2);
    ck_assert_int_eq(warmstart_advance(manager, 10), 0);
    expect_settled(WARMSTART_OUTCOME_UNCERTAIN, "old");
    expect_ended("old", WARMSTART_ENDING_UNCERTAIN);
    ck_assert_uint_eq(matchable(10), 1);
    expect_nothing();
}
END_TEST

START_TEST(an_offer_that_was_not_pulled_moves_to_the_new_poll)
{
    hold((struct poll){"c", "1", "old", 0, 0}, 0);
    hand_over(1, 100, 1);
    hold((struct poll){"c", "1", "new", 0, 0}, 2);
    expect_ended("old", WARMSTART_ENDING_SUPERSEDED);
    expect_deliver("new");
    expect_nothing();
}
END_TEST

START_TEST(a_run_that_may_be_out_is_uncertain_whatever_becomes_of_later_attempts)
{
    warmstart_waiter_id old = hold((struct poll){"c", "1", "old", 0, 0}, 0);
    warmstart_dispatch_id dispatch = hand_over(3, 100, 1);
    expect_deliver("old");
    warmstart_waiter_id new = hold((struct poll){"c", "1", "new", 0, 0}, 2);
    ck_assert_int_eq(warmstart_cancel(manager, old, 3), 1);
    expect_ended("old", WARMSTART_ENDING_UNCERTAIN);
    ck_assert_int_eq(warmstart_cancel_dispatch(manager, dispatch, 4), 0);
    expect_deliver("new");
    ck_assert_int_eq(warmstart_report(manager, new, WARMSTART_OUTCOME_LOST, 5), 1);
    expect_ended("new", WARMSTART_ENDING_LOST);
    expect_settled(WARMSTART_OUTCOME_UNCERTAIN, NULL);
    expect_nothing();
}
END_TEST

/* ---- Deadlines that coincide, and deadlines that a late call finds ---- */

START_TEST(a_poll_whose_offer_times_out_as_it_expires_ends_once)
{
    hold((struct poll){"c", "1", "conn", 0, 10}, 0);
    hand_over(1, 10, 1);
    ck_assert_int_eq(warmstart_advance(manager, 10), 0);
    struct warmstart_event first = next(), second = next();
    ck_assert_int_ne(first.type, second.type);
    ck_assert_int_eq(first.type + second.type, WARMSTART_EVENT_ENDED + WARMSTART_EVENT_SETTLED);
    ck_assert_int_eq(first.outcome | second.outcome, WARMSTART_OUTCOME_TIMEOUT);
    ck_assert_int_eq(first.ending | second.ending, WARMSTART_ENDING_EXPIRED);
    expect_nothing();
    ck_assert_uint_eq(warmstart_next_deadline(manager), WARMSTART_NEVER);
}
END_TEST

START_TEST(a_claim_that_a_late_call_finds_run_out_is_over_at_its_own_time)
{
    /* The lease runs out at 1 s, it is unmatchable from 2 s and expires at 3 s: all seen at 5 s. */
    uint64_t second = 1000000000;
    struct warmstart_field field = field_of("1");
    struct warmstart_query query = {.fields = &field, .fields_len = 1};
    warmstart_waiter_id held = hold((struct poll){"c", "1", "conn", 2 * second, 3 * second}, 0);
    warmstart_waiter_id claimed = 0;
    ck_assert_int_eq(warmstart_match(manager, &query, &claimed, 0), 1);
    ck_assert_uint_eq(claimed, held);
    ck_assert_int_eq(warmstart_match(manager, &query, &claimed, 5 * second), 0);
    expect_ended("conn", WARMSTART_ENDING_EXPIRED);
    ck_assert_int_eq(warmstart_release(manager, held, 5 * second), 0);
    expect_nothing();
}
END_TEST

START_TEST(a_poll_that_comes_too_late_ends_at_once)
{
    hold((struct poll){"c", "1", "late", 0, 5}, 5);
    expect_ended("late", WARMSTART_ENDING_EXPIRED);
    expect_nothing();
    hold((struct poll){"c", "1", "old", 0, 0}, 6);
    hold((struct poll){"c", "1", "later", 0, 6}, 7);
    expect_ended("old", WARMSTART_ENDING_SUPERSEDED);
    expect_ended("later", WARMSTART_ENDING_EXPIRED);
    expect_nothing();
}
END_TEST

/* ---- Abandoning and stopping ---- */

START_TEST(abandoning_gives_back_a_waiter_that_was_not_written_to)
{
    hold((struct poll){"c", "1", "conn", 0, 0}, 0);
    warmstart_dispatch_id dispatch = hand_over(3, 100, 1);
    ck_assert_int_eq(warmstart_abandon_dispatch(manager, dispatch, 2), 1);
    ck_assert_int_eq(warmstart_abandon_dispatch(manager, dispatch, 2), 0);
    expect_settled(WARMSTART_OUTCOME_CANCELLED, NULL);
    expect_nothing();
    ck_assert_uint_eq(matchable(2), 1);
    ck_assert_int_eq(warmstart_abandon_dispatch(manager, dispatch, 2), 0);
}
END_TEST

START_TEST(abandoning_what_is_written_ends_its_waiter_and_frees_the_new_poll)
{
    warmstart_waiter_id old = hold((struct poll){"c", "1", "old", 0, 0}, 0);
    warmstart_dispatch_id dispatch = hand_over(3, 100, 1);
    expect_deliver("old");
    hold((struct poll){"c", "1", "new", 0, 0}, 2);
    ck_assert_int_eq(warmstart_abandon_dispatch(manager, dispatch, 3), 1);
    expect_settled(WARMSTART_OUTCOME_UNCERTAIN, "old");
    expect_ended("old", WARMSTART_ENDING_UNCERTAIN);
    ck_assert_int_eq(warmstart_report(manager, old, WARMSTART_OUTCOME_DELIVERED, 4), 0);
    ck_assert_uint_eq(matchable(4), 1);
    expect_nothing();
}
END_TEST

START_TEST(shutdown_ends_the_blocked_poll_and_lets_the_delivery_finish)
{
    warmstart_waiter_id old = hold((struct poll){"c", "1", "old", 0, 0}, 0);
    hand_over(3, 100, 1);
    expect_deliver("old");
    hold((struct poll){"c", "1", "new", 0, 0}, 2);
    hold((struct poll){"d", "1", "other", 0, 0}, 2);
    ck_assert_int_eq(warmstart_manager_shutdown(manager, 3), 0);
    expect_ended("new", WARMSTART_ENDING_SHUTDOWN);
    expect_ended("other", WARMSTART_ENDING_SHUTDOWN);
    expect_nothing();
    ck_assert_int_eq(warmstart_report(manager, old, WARMSTART_OUTCOME_LOST, 4), 1);
    expect_ended("old", WARMSTART_ENDING_LOST);
    expect_settled(WARMSTART_OUTCOME_LOST, NULL);
    expect_nothing();
    ck_assert_uint_eq(warmstart_next_deadline(manager), WARMSTART_NEVER);
}
END_TEST

START_TEST(shutdown_settles_what_was_only_offered_and_ends_its_waiter)
{
    hold((struct poll){"c", "1", "conn", 0, 50}, 0);
    hand_over(3, 100, 1);
    ck_assert_int_eq(warmstart_manager_shutdown(manager, 3), 0);
    struct warmstart_event first = next(), second = next();
    ck_assert_int_eq(first.type + second.type, WARMSTART_EVENT_ENDED + WARMSTART_EVENT_SETTLED);
    ck_assert_int_eq(first.outcome | second.outcome, WARMSTART_OUTCOME_SHUTDOWN);
    ck_assert_int_eq(first.ending | second.ending, WARMSTART_ENDING_SHUTDOWN);
    expect_nothing();
    struct warmstart_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_get_stats(manager, &stats), 0);
    ck_assert_uint_eq(stats.waiters + stats.dispatches + stats.groups, 0);
    ck_assert_uint_eq(warmstart_next_deadline(manager), WARMSTART_NEVER);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("review");
    TCase *tcase = tcase_create("review");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_uncertain_payload_goes_to_the_new_poll_of_the_same_controller);
    tcase_add_test(tcase, uncertain_names_its_waiter_if_the_new_poll_has_other_fields);
    tcase_add_test(tcase, uncertain_names_its_waiter_if_the_new_poll_is_past_its_time);
    tcase_add_test(tcase, a_lost_payload_goes_to_another_even_if_the_new_poll_has_expired);
    tcase_add_test(tcase, a_third_poll_supersedes_the_second_and_stands_behind_the_first);
    tcase_add_test(tcase, a_blocked_poll_that_goes_away_leaves_room_for_the_next);
    tcase_add_test(tcase, the_new_poll_is_free_when_the_deadline_ends_the_delivery);
    tcase_add_test(tcase, an_offer_that_was_not_pulled_moves_to_the_new_poll);
    tcase_add_test(tcase, a_run_that_may_be_out_is_uncertain_whatever_becomes_of_later_attempts);
    tcase_add_test(tcase, a_poll_whose_offer_times_out_as_it_expires_ends_once);
    tcase_add_test(tcase, a_claim_that_a_late_call_finds_run_out_is_over_at_its_own_time);
    tcase_add_test(tcase, a_poll_that_comes_too_late_ends_at_once);
    tcase_add_test(tcase, abandoning_gives_back_a_waiter_that_was_not_written_to);
    tcase_add_test(tcase, abandoning_what_is_written_ends_its_waiter_and_frees_the_new_poll);
    tcase_add_test(tcase, shutdown_ends_the_blocked_poll_and_lets_the_delivery_finish);
    tcase_add_test(tcase, shutdown_settles_what_was_only_offered_and_ends_its_waiter);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
