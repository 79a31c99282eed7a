/* SPDX-License-Identifier: MIT */
/*
 * match_logic_test: how to unit-test what gets which run, with Check and libwarmstart-testing. There is no
 * socket, and the clock moves when the test moves it. The rules under test: a run goes to a controller of its
 * deployment, of any version unless it asks for one; the newest is taken first; after 25 s nobody is given a
 * run any more, because the poll ends at 30 s.
 */
#include <warmstart/testing.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t second = 1000000000;
static struct warmstart_testing_clock now;
static struct warmstart_testing *bench;

static void set_up(void)
{
    now.now = 1000 * second;
    ck_assert_int_eq(warmstart_testing_new(NULL, &now, &bench), 0);
}

/* Whatever a test did: nobody ended twice, no payload got lost, the statistics are right. */
static void tear_down(void)
{
    const char *fault = warmstart_testing_fault(bench);
    ck_assert_msg(fault == NULL, "%s", fault);
    warmstart_testing_free(bench);
}

static struct warmstart_field field(const char *name, const char *value)
{
    return (struct warmstart_field){name, strlen(name), value, strlen(value)};
}

/* A controller begins to wait. Its name stands for its connection. */
static void wait_for_work(const char *name, const char *version)
{
    struct warmstart_field fields[] = {field("deployment", "shop"), field("version", version)};
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = fields;
    registration.fields_len = 2;
    registration.controller_id = name;
    registration.controller_id_bytes = strlen(name);
    registration.match_until = now.now + 25 * second;
    registration.expires_at = now.now + 30 * second;
    registration.conn = (void *)(uintptr_t)name;
    warmstart_waiter_id waiter;
    ck_assert_int_eq(warmstart_testing_register(bench, &registration, &waiter), 0);
}

/* A run arrives; `version` NULL: any will do. Who has it in the end? NULL: nobody. */
static const char *hand_over(const char *version)
{
    struct warmstart_field fields[] = {field("deployment", "shop"), field("version", version ? version : "")};
    struct warmstart_query query = {fields, version ? 2 : 1, WARMSTART_MATCH_SUBSET};
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.payload = "a run";
    delivery.payload_bytes = 5;
    delivery.attempts_max = 3;
    warmstart_dispatch_id dispatch;
    if (warmstart_testing_dispatch(bench, &query, &delivery, &dispatch) == 0)
        return NULL;
    ck_assert_int_eq(warmstart_testing_run(bench), 0);
    size_t len;
    const struct warmstart_event *events = warmstart_testing_events(bench, &len);
    for (size_t i = 0; i < len; i++)
        if (events[i].type == WARMSTART_EVENT_SETTLED && events[i].dispatch == dispatch)
            return events[i].outcome == WARMSTART_OUTCOME_DELIVERED ? events[i].conn : NULL;
    return NULL;
}

START_TEST(the_newest_controller_is_taken)
{
    wait_for_work("older", "1");
    now.now += second;
    wait_for_work("newer", "1");
    ck_assert_str_eq(hand_over("1"), "newer");
    ck_assert_str_eq(hand_over("1"), "older");
    ck_assert_ptr_null(hand_over("1"));
}
END_TEST

START_TEST(another_version_will_do_only_for_a_run_that_asks_for_none)
{
    wait_for_work("old", "1");
    ck_assert_ptr_null(hand_over("2"));
    ck_assert_str_eq(hand_over(NULL), "old");
}
END_TEST

START_TEST(nobody_gets_a_run_shortly_before_the_poll_ends)
{
    wait_for_work("patient", "1");
    now.now += 25 * second;
    ck_assert_ptr_null(hand_over("1"));
    ck_assert_uint_eq(warmstart_testing_next_moment(bench), now.now + 5 * second);
}
END_TEST

START_TEST(a_dead_controller_is_followed_by_the_next)
{
    enum warmstart_testing_conduct conducts[] = {WARMSTART_TESTING_LOSE, WARMSTART_TESTING_CONFIRM};
    ck_assert_int_eq(warmstart_testing_script(bench, conducts, 2, 0), 0);
    wait_for_work("alive", "1");
    wait_for_work("dead", "1");
    ck_assert_str_eq(hand_over("1"), "alive");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("match logic");
    TCase *tcase = tcase_create("match logic");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_newest_controller_is_taken);
    tcase_add_test(tcase, another_version_will_do_only_for_a_run_that_asks_for_none);
    tcase_add_test(tcase, nobody_gets_a_run_shortly_before_the_poll_ends);
    tcase_add_test(tcase, a_dead_controller_is_followed_by_the_next);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
