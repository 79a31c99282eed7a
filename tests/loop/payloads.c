/* SPDX-License-Identifier: MIT */
/* Payloads: who holds one, until when, and that nobody copies it. */
#include "harness.h"

#include <string.h>

static struct fake_clock test_clock;
static struct warmstart_loop *loop;
static struct fake fake;

static void setup(void)
{
    descriptors_remember();
    test_clock.now = 1000 * MS;
    loop = loop_make(&test_clock);
    fake_attach(&fake, loop);
}

static void teardown(void)
{
    ck_assert_int_eq(warmstart_loop_detach(&fake.transport), 0);
    warmstart_loop_free(loop);
    descriptors_check();
}

static void process(void)
{
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
}

/* Counts how often it was released. */
struct counted {
    struct warmstart_payload payload;
    unsigned releases;
};

static void count_release(struct warmstart_payload *payload)
{
    ((struct counted *)payload)->releases++;
}

static void counted_init(struct counted *counted, const char *text)
{
    *counted = (struct counted){.payload = {
                                    .data = text,
                                    .data_bytes = strlen(text),
                                    .references = 1,
                                    .release = count_release,
                                }};
}

static int dispatch(struct run *run, struct warmstart_payload *payload)
{
    struct warmstart_field field = {.name = "group", .name_bytes = 5, .value = "g", .value_bytes = 1};
    struct warmstart_query query = {.fields = &field, .fields_len = 1, .how = WARMSTART_MATCH_EXACT};
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.attempts_max = run->attempts_max;
    return warmstart_loop_dispatch(&run->origin, &query, &delivery, payload, &run->dispatch);
}

START_TEST(a_new_payload_is_a_copy_with_one_reference)
{
    char text[] = "hello";
    struct warmstart_payload *payload = warmstart_payload_new(text, 5);
    ck_assert_ptr_nonnull(payload);
    text[0] = 'j';
    ck_assert_uint_eq(payload->references, 1);
    ck_assert_uint_eq(payload->data_bytes, 5);
    ck_assert_mem_eq(payload->data, "hello", 5);
    ck_assert_ptr_eq(warmstart_payload_hold(payload), payload);
    warmstart_payload_drop(payload);
    ck_assert_uint_eq(payload->references, 1);
    warmstart_payload_drop(payload);
    warmstart_payload_drop(NULL);
}
END_TEST

START_TEST(an_empty_payload_is_one_and_a_length_without_bytes_is_none)
{
    struct warmstart_payload *payload = warmstart_payload_new(NULL, 0);
    ck_assert_ptr_nonnull(payload);
    ck_assert_uint_eq(payload->data_bytes, 0);
    warmstart_payload_drop(payload);
    ck_assert_ptr_null(warmstart_payload_new(NULL, 1));
    ck_assert_ptr_null(warmstart_payload_new("", SIZE_MAX));
}
END_TEST

START_TEST(the_loop_holds_a_payload_until_the_dispatch_is_settled)
{
    struct poller poller;
    struct run run;
    struct counted counted;
    counted_init(&counted, "hello");
    poller_open(&poller, &fake, "c1", WAIT);
    poller_wait(&poller, "g");
    process();
    run_init(&run, &fake);
    ck_assert_int_eq(dispatch(&run, &counted.payload), 1);
    warmstart_payload_drop(&counted.payload);
    process();
    ck_assert_uint_eq(counted.releases, 0);
    ck_assert(poller_got(&poller, "hello"));
    ck_assert_int_eq(warmstart_loop_report(loop, poller.waiter, WARMSTART_OUTCOME_DELIVERED), 1);
    process();
    ck_assert_uint_eq(run.settlements, 1);
    ck_assert_uint_eq(counted.releases, 1);
    poller_close(&poller);
}
END_TEST

START_TEST(a_payload_that_found_nobody_is_still_the_callers)
{
    struct run run;
    struct counted counted;
    counted_init(&counted, "hello");
    run_init(&run, &fake);
    ck_assert_int_eq(dispatch(&run, &counted.payload), 0);
    ck_assert_uint_eq(counted.payload.references, 1);
    warmstart_payload_drop(&counted.payload);
    ck_assert_uint_eq(counted.releases, 1);
}
END_TEST

START_TEST(a_payload_held_by_a_transport_outlives_its_dispatch)
{
    struct poller poller;
    struct run run;
    struct counted counted;
    counted_init(&counted, "hello");
    poller_open(&poller, &fake, "c1", WAIT);
    poller_wait(&poller, "g");
    process();
    run_init(&run, &fake);
    ck_assert_int_eq(dispatch(&run, &counted.payload), 1);
    process();
    warmstart_payload_hold(&counted.payload); /* as a transport does that is still writing */
    warmstart_payload_drop(&counted.payload); /* as the sender does */
    ck_assert_int_eq(warmstart_loop_abandon_dispatch(loop, run.dispatch), 1);
    process();
    ck_assert_uint_eq(run.settlements, 1);
    ck_assert_uint_eq(counted.releases, 0);
    warmstart_payload_drop(&counted.payload);
    ck_assert_uint_eq(counted.releases, 1);
    poller_close(&poller);
}
END_TEST

START_TEST(every_waiter_that_is_tried_is_given_the_very_same_bytes)
{
    struct poller first, second;
    struct run run;
    struct counted counted;
    counted_init(&counted, "hello");
    poller_open(&second, &fake, "c1", CONFIRM);
    poller_wait(&second, "g");
    poller_open(&first, &fake, "c2", LOSE);
    poller_wait(&first, "g");
    process();
    run_init(&run, &fake);
    ck_assert_int_eq(dispatch(&run, &counted.payload), 1);
    process();
    ck_assert_uint_eq(first.deliveries, 1);
    ck_assert_uint_eq(second.deliveries, 1);
    ck_assert_ptr_eq(fake.data, counted.payload.data);
    ck_assert_uint_eq(run.settlement.attempts, 2);
    ck_assert_uint_eq(counted.payload.references, 1);
    poller_close(&first);
    poller_close(&second);
}
END_TEST

START_TEST(a_payload_that_nobody_holds_or_can_release_is_refused)
{
    struct run run;
    struct counted counted;
    run_init(&run, &fake);
    counted_init(&counted, "hello");
    counted.payload.references = 0;
    ck_assert_int_eq(dispatch(&run, &counted.payload), WARMSTART_ERR_INVALID);
    counted_init(&counted, "hello");
    counted.payload.release = NULL;
    ck_assert_int_eq(dispatch(&run, &counted.payload), WARMSTART_ERR_INVALID);
    counted_init(&counted, "hello");
    counted.payload.data = NULL;
    ck_assert_int_eq(dispatch(&run, &counted.payload), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(dispatch(&run, NULL), WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(counted.releases, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop payloads");
    TCase *tcase = tcase_create("payloads");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_new_payload_is_a_copy_with_one_reference);
    tcase_add_test(tcase, an_empty_payload_is_one_and_a_length_without_bytes_is_none);
    tcase_add_test(tcase, the_loop_holds_a_payload_until_the_dispatch_is_settled);
    tcase_add_test(tcase, a_payload_that_found_nobody_is_still_the_callers);
    tcase_add_test(tcase, a_payload_held_by_a_transport_outlives_its_dispatch);
    tcase_add_test(tcase, every_waiter_that_is_tried_is_given_the_very_same_bytes);
    tcase_add_test(tcase, a_payload_that_nobody_holds_or_can_release_is_refused);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
