/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <warmstart/testing.h>

#include "suite.h"

static struct warmstart_testing_clock clock;
static struct warmstart_testing *bench;
static const struct warmstart_field red = {"colour", 6, "red", 3};
static char payload[] = "payload", origin[] = "origin", conns[8];

static void set_up(void)
{
    clock.now = 1000;
    ck_assert_int_eq(warmstart_testing_new(NULL, &clock, &bench), 0);
}

static void tear_down(void)
{
    warmstart_testing_free(bench);
}

/* The n-th waiter; its conn is conns[n]. */
static warmstart_waiter_id wait_as(int n)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = &red;
    registration.fields_len = 1;
    registration.conn = &conns[n];
    registration.expires_at = 9000;
    warmstart_waiter_id waiter = 0;
    ck_assert_int_eq(warmstart_testing_register(bench, &registration, &waiter), 0);
    return waiter;
}

static struct warmstart_delivery delivery(uint32_t attempts_max)
{
    struct warmstart_delivery made;
    warmstart_delivery_init(&made);
    made.payload = payload;
    made.payload_bytes = sizeof(payload);
    made.origin = origin;
    made.deadline = 5000;
    made.attempts_max = attempts_max;
    return made;
}

static int dispatch(uint32_t attempts_max)
{
    struct warmstart_query query = {&red, 1, WARMSTART_MATCH_EXACT};
    struct warmstart_delivery made = delivery(attempts_max);
    warmstart_dispatch_id id = 0;
    int answer = warmstart_testing_dispatch(bench, &query, &made, &id);
    ck_assert_int_eq(answer == 1, id != 0);
    return answer;
}

static void script(enum warmstart_testing_conduct first, enum warmstart_testing_conduct then)
{
    enum warmstart_testing_conduct conducts[] = {first, then};
    ck_assert_int_eq(warmstart_testing_script(bench, conducts, 2, 700), 0);
}

static void run(void)
{
    ck_assert_int_eq(warmstart_testing_run(bench), 0);
    ck_assert_msg(warmstart_testing_fault(bench) == NULL, "%s", warmstart_testing_fault(bench));
}

/* The one settlement that is in the record. */
static struct warmstart_event settlement(void)
{
    size_t len;
    const struct warmstart_event *events = warmstart_testing_events(bench, &len);
    const struct warmstart_event *found = NULL;
    for (size_t i = 0; i < len; i++) {
        if (events[i].type != WARMSTART_EVENT_SETTLED)
            continue;
        ck_assert_ptr_null(found);
        found = &events[i];
    }
    ck_assert_ptr_nonnull(found);
    return *found;
}

static size_t recorded(void)
{
    size_t len;
    const struct warmstart_event *events = warmstart_testing_events(bench, &len);
    ck_assert_int_eq(events != NULL, len > 0);
    return len;
}

START_TEST(a_payload_is_confirmed_when_nothing_else_is_said)
{
    warmstart_waiter_id waiter = wait_as(1);
    ck_assert_int_eq(dispatch(1), 1);
    run();
    ck_assert_uint_eq(recorded(), 3);
    struct warmstart_event event = settlement();
    ck_assert_int_eq((int)event.outcome, (int)WARMSTART_OUTCOME_DELIVERED);
    ck_assert_uint_eq(event.waiter, waiter);
    ck_assert_ptr_eq(event.conn, &conns[1]);
    ck_assert_ptr_eq(event.payload, payload);
    ck_assert_ptr_eq(event.origin, origin);
}
END_TEST

START_TEST(the_script_says_what_becomes_of_each_payload_and_its_last_line_stays)
{
    for (int i = 0; i < 4; i++)
        wait_as(i);
    script(WARMSTART_TESTING_CONFIRM, WARMSTART_TESTING_LOSE);
    ck_assert_int_eq(dispatch(1), 1);
    run();
    ck_assert_int_eq((int)settlement().outcome, (int)WARMSTART_OUTCOME_DELIVERED);
    warmstart_testing_forget(bench);
    ck_assert_int_eq(dispatch(9), 1);
    run();
    ck_assert_int_eq((int)settlement().outcome, (int)WARMSTART_OUTCOME_LOST);
    ck_assert_uint_eq(settlement().attempts, 3);
    ck_assert_int_eq(dispatch(1), 0);
}
END_TEST

START_TEST(a_lost_payload_goes_to_the_next_waiter)
{
    warmstart_waiter_id older = wait_as(1);
    wait_as(2);
    script(WARMSTART_TESTING_LOSE, WARMSTART_TESTING_CONFIRM);
    ck_assert_int_eq(dispatch(2), 1);
    run();
    ck_assert_uint_eq(settlement().waiter, older);
    ck_assert_uint_eq(settlement().attempts, 2);
}
END_TEST

START_TEST(a_doubtful_payload_is_settled_as_uncertain)
{
    wait_as(1);
    script(WARMSTART_TESTING_DOUBT, WARMSTART_TESTING_DOUBT);
    ck_assert_int_eq(dispatch(2), 1);
    run();
    ck_assert_int_eq((int)settlement().outcome, (int)WARMSTART_OUTCOME_UNCERTAIN);
}
END_TEST

START_TEST(a_silent_peer_leaves_it_to_the_deadline)
{
    wait_as(1);
    script(WARMSTART_TESTING_SILENT, WARMSTART_TESTING_SILENT);
    ck_assert_int_eq(dispatch(2), 1);
    run();
    ck_assert_uint_eq(recorded(), 1);
    ck_assert_uint_eq(warmstart_testing_next_moment(bench), 5000);
    clock.now = 5000;
    run();
    ck_assert_int_eq((int)settlement().outcome, (int)WARMSTART_OUTCOME_UNCERTAIN);
    ck_assert_uint_eq(warmstart_testing_next_moment(bench), WARMSTART_NEVER);
}
END_TEST

START_TEST(a_late_report_is_made_when_its_time_has_come)
{
    wait_as(1);
    script(WARMSTART_TESTING_LATE, WARMSTART_TESTING_LATE);
    ck_assert_int_eq(dispatch(1), 1);
    run();
    ck_assert_uint_eq(warmstart_testing_next_moment(bench), 1700);
    clock.now = 1699;
    run();
    ck_assert_uint_eq(recorded(), 1);
    clock.now = 1700;
    run();
    ck_assert_int_eq((int)settlement().outcome, (int)WARMSTART_OUTCOME_DELIVERED);
}
END_TEST

START_TEST(a_report_after_the_deadline_is_too_late)
{
    wait_as(1);
    enum warmstart_testing_conduct late = WARMSTART_TESTING_LATE;
    ck_assert_int_eq(warmstart_testing_script(bench, &late, 1, 6000), 0);
    ck_assert_int_eq(dispatch(1), 1);
    run();
    clock.now = 7000;
    run();
    ck_assert_int_eq((int)settlement().outcome, (int)WARMSTART_OUTCOME_UNCERTAIN);
}
END_TEST

START_TEST(a_report_that_is_late_for_ever_does_not_overflow)
{
    wait_as(1);
    enum warmstart_testing_conduct late = WARMSTART_TESTING_LATE;
    ck_assert_int_eq(warmstart_testing_script(bench, &late, 1, UINT64_MAX), 0);
    ck_assert_int_eq(dispatch(1), 1);
    run();
    ck_assert_uint_eq(warmstart_testing_next_moment(bench), 5000);
}
END_TEST

START_TEST(a_second_report_changes_nothing)
{
    wait_as(1);
    wait_as(2);
    script(WARMSTART_TESTING_TWICE, WARMSTART_TESTING_TWICE);
    ck_assert_int_eq(dispatch(2), 1);
    run();
    ck_assert_uint_eq(recorded(), 3);
    ck_assert_int_eq((int)settlement().outcome, (int)WARMSTART_OUTCOME_DELIVERED);
}
END_TEST

START_TEST(a_claimed_waiter_is_delivered_to)
{
    warmstart_waiter_id waiter = wait_as(1), claimed = 0;
    struct warmstart_query query = {&red, 1, WARMSTART_MATCH_EXACT};
    ck_assert_int_eq(warmstart_match(warmstart_testing_manager(bench), &query, &claimed, clock.now), 1);
    ck_assert_uint_eq(claimed, waiter);
    struct warmstart_delivery made = delivery(1);
    warmstart_dispatch_id id = 0;
    ck_assert_int_eq(warmstart_testing_deliver(bench, claimed, &made, &id), 1);
    run();
    ck_assert_uint_eq(settlement().dispatch, id);
}
END_TEST

START_TEST(a_disconnect_while_it_is_written_to_is_uncertain)
{
    warmstart_waiter_id waiter = wait_as(1);
    script(WARMSTART_TESTING_SILENT, WARMSTART_TESTING_SILENT);
    ck_assert_int_eq(dispatch(1), 1);
    run();
    ck_assert_int_eq(warmstart_testing_cancel(bench, waiter), 1);
    ck_assert_int_eq(warmstart_testing_cancel(bench, waiter), 0);
    run();
    ck_assert_int_eq((int)settlement().outcome, (int)WARMSTART_OUTCOME_UNCERTAIN);
}
END_TEST

START_TEST(a_test_can_take_each_step_itself)
{
    warmstart_waiter_id waiter = wait_as(1), reporting = 0;
    enum warmstart_outcome outcome = WARMSTART_OUTCOME_LOST;
    struct warmstart_event event;
    ck_assert_int_eq(dispatch(1), 1);
    ck_assert_int_eq(warmstart_testing_next_report(bench, &reporting, &outcome), 0);
    ck_assert_int_eq(warmstart_testing_next_event(bench, &event), 1);
    ck_assert_int_eq((int)event.type, (int)WARMSTART_EVENT_DELIVER);
    ck_assert_int_eq(warmstart_testing_next_report(bench, &reporting, &outcome), 1);
    ck_assert_uint_eq(reporting, waiter);
    ck_assert_int_eq((int)outcome, (int)WARMSTART_OUTCOME_DELIVERED);
    ck_assert_int_eq(warmstart_testing_next_report(bench, &reporting, &outcome), 0);
    ck_assert_int_eq(warmstart_testing_report(bench, waiter, outcome), 1);
    ck_assert_int_eq(warmstart_testing_next_event(bench, &event), 1);
    ck_assert_int_eq(warmstart_testing_next_event(bench, &event), 1);
    ck_assert_int_eq(warmstart_testing_next_event(bench, &event), 0);
    ck_assert_ptr_null(warmstart_testing_fault(bench));
}
END_TEST

START_TEST(waiters_expire_by_the_fake_clock_only)
{
    wait_as(1);
    clock.now = 8999;
    run();
    ck_assert_uint_eq(recorded(), 0);
    clock.now = 500; /* stands still for the manager */
    run();
    clock.now = 9000;
    run();
    ck_assert_uint_eq(recorded(), 1);
    ck_assert_uint_eq(warmstart_testing_clock_read(&clock), 9000);
}
END_TEST

START_TEST(what_goes_past_the_book_is_a_fault)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    warmstart_waiter_id waiter;
    ck_assert_int_eq(warmstart_register(warmstart_testing_manager(bench), &registration, &waiter, clock.now),
                     0);
    ck_assert_int_eq(warmstart_testing_run(bench), 0);
    const char *fault = warmstart_testing_fault(bench);
    ck_assert_ptr_nonnull(fault);
    ck_assert_str_eq(fault, "the statistics have 1 waiters, but there are 0");
    wait_as(1);
    ck_assert_int_eq(warmstart_testing_run(bench), 0);
    ck_assert_str_eq(warmstart_testing_fault(bench), fault); /* the first one stays */
}
END_TEST

START_TEST(many_waiters_fit_in_the_book)
{
    for (int i = 0; i < 1000; i++)
        wait_as(i % 8);
    for (int i = 0; i < 500; i++)
        ck_assert_int_eq(dispatch(1), 1);
    run();
    clock.now = 9000;
    run();
    ck_assert_uint_eq(recorded(), 500 * 3 + 500);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    struct warmstart_testing *none = NULL;
    struct warmstart_options options;
    warmstart_options_init(&options);
    options.waiters_max = 0;
    ck_assert_int_eq(warmstart_testing_new(&options, &clock, &none), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_new(NULL, NULL, &none), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_new(NULL, &clock, NULL), WARMSTART_ERR_INVALID);
    ck_assert_ptr_null(none);
    enum warmstart_testing_conduct conduct = (enum warmstart_testing_conduct)77;
    ck_assert_int_eq(warmstart_testing_script(bench, &conduct, 1, 0), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_script(bench, &conduct, 0, 0), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_script(bench, NULL, 1, 0), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_script(NULL, &conduct, 1, 0), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_run(NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_next_event(bench, NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_next_report(bench, NULL, NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_register(NULL, NULL, NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_cancel(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_dispatch(NULL, NULL, NULL, NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_deliver(NULL, 1, NULL, NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_testing_report(NULL, 1, WARMSTART_OUTCOME_LOST), WARMSTART_ERR_INVALID);
    ck_assert_ptr_null(warmstart_testing_manager(NULL));
    ck_assert_ptr_null(warmstart_testing_events(NULL, NULL));
    ck_assert_ptr_null(warmstart_testing_fault(NULL));
    ck_assert_uint_eq(warmstart_testing_next_moment(NULL), WARMSTART_NEVER);
    warmstart_testing_forget(NULL);
    warmstart_testing_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bench");
    TCase *tcase = tcase_create("bench");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_payload_is_confirmed_when_nothing_else_is_said);
    tcase_add_test(tcase, the_script_says_what_becomes_of_each_payload_and_its_last_line_stays);
    tcase_add_test(tcase, a_lost_payload_goes_to_the_next_waiter);
    tcase_add_test(tcase, a_doubtful_payload_is_settled_as_uncertain);
    tcase_add_test(tcase, a_silent_peer_leaves_it_to_the_deadline);
    tcase_add_test(tcase, a_late_report_is_made_when_its_time_has_come);
    tcase_add_test(tcase, a_report_after_the_deadline_is_too_late);
    tcase_add_test(tcase, a_report_that_is_late_for_ever_does_not_overflow);
    tcase_add_test(tcase, a_second_report_changes_nothing);
    tcase_add_test(tcase, a_claimed_waiter_is_delivered_to);
    tcase_add_test(tcase, a_disconnect_while_it_is_written_to_is_uncertain);
    tcase_add_test(tcase, a_test_can_take_each_step_itself);
    tcase_add_test(tcase, waiters_expire_by_the_fake_clock_only);
    tcase_add_test(tcase, what_goes_past_the_book_is_a_fault);
    tcase_add_test(tcase, many_waiters_fit_in_the_book);
    tcase_add_test(tcase, nonsense_is_refused);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
