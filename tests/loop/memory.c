/* SPDX-License-Identifier: MIT */
/* Memory: all of it comes from the allocator of the options, goes back there, and may run out at any time. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"

struct ledger {
    size_t bytes;      /* allocated and not freed */
    unsigned calls;    /* that asked for memory */
    unsigned fails_at; /* the number of the call that fails; 0: none */
    bool for_good;     /* all after it fail too */
};

static void *resize(void *user, void *pointer, size_t old_bytes, size_t new_bytes)
{
    struct ledger *ledger = user;
    if (new_bytes == 0) {
        free(pointer);
        ledger->bytes -= old_bytes;
        return NULL;
    }
    ledger->calls++;
    if (ledger->fails_at > 0 &&
        (ledger->for_good ? ledger->calls >= ledger->fails_at : ledger->calls == ledger->fails_at))
        return NULL;
    void *resized = realloc(pointer, new_bytes);
    ck_assert_ptr_nonnull(resized);
    ledger->bytes += new_bytes - old_bytes;
    return resized;
}

static void do_nothing(struct warmstart_timer *timer, uint64_t now)
{
    (void)timer;
    (void)now;
}

static int make(struct ledger *ledger, struct warmstart_loop **ret_loop)
{
    struct warmstart_options manager;
    warmstart_options_init(&manager);
    manager.allocator.resize = resize;
    manager.allocator.user = ledger;
    struct warmstart_loop_options options;
    warmstart_loop_options_init(&options);
    options.manager = &manager;
    return warmstart_loop_new(&options, ret_loop);
}

/* Sets timers until one fails; says how many were set. What was set before must still be set then. */
static unsigned set_timers(struct warmstart_loop *loop, struct warmstart_timer *timers, unsigned timers_len)
{
    struct warmstart_loop_stats stats = {.size = sizeof(stats)};
    unsigned set = 0;
    int answer = 0;
    for (; set < timers_len && answer == 0; set += answer == 0) {
        timers[set].due = do_nothing;
        answer = warmstart_loop_timer_set(loop, &timers[set], 1000 + set);
    }
    ck_assert(answer == 0 || answer == WARMSTART_ERR_MEMORY);
    ck_assert_int_eq(warmstart_loop_get_stats(loop, &stats), 0);
    ck_assert_uint_eq(stats.timers, set);
    if (set > 0) /* to move one needs no memory */
        ck_assert_int_eq(warmstart_loop_timer_set(loop, &timers[0], 5000), 0);
    return set;
}

/* Makes a loop, sets timers, hands a payload over, frees all. True: nothing failed on the way. */
static bool live(struct ledger *ledger)
{
    enum { TIMERS = 500 };
    static struct warmstart_timer timers[TIMERS];
    struct warmstart_loop *loop = NULL;
    memset(timers, 0, sizeof(timers));
    int answer = make(ledger, &loop);
    if (answer < 0) {
        ck_assert_int_eq(answer, WARMSTART_ERR_MEMORY);
        ck_assert_ptr_null(loop);
        return false;
    }
    bool whole = set_timers(loop, timers, TIMERS) == TIMERS;

    struct fake fake;
    struct poller poller;
    struct warmstart_registration registration;
    fake_attach(&fake, loop);
    poller_open(&poller, &fake, "c1", CONFIRM);
    warmstart_registration_init(&registration);
    answer = warmstart_loop_register(&poller.conn, &registration, &poller.waiter);
    ck_assert(answer == 0 || answer == WARMSTART_ERR_MEMORY);
    ck_assert_uint_eq(fake.transport.waiters, answer == 0 ? 1 : 0);
    if (answer == 0) {
        struct run run;
        struct warmstart_query query = {0};
        struct warmstart_delivery delivery;
        run_init(&run, &fake);
        struct warmstart_payload *payload = warmstart_payload_new("hello", 5);
        ck_assert_ptr_nonnull(payload);
        warmstart_delivery_init(&delivery);
        answer = warmstart_loop_dispatch(&run.origin, &query, &delivery, payload, &run.dispatch);
        ck_assert_uint_eq(payload->references, answer == 1 ? 2 : 1);
        warmstart_payload_drop(payload);
        ck_assert(answer == 1 || answer == WARMSTART_ERR_MEMORY);
        ck_assert_uint_eq(fake.transport.dispatches, answer == 1 ? 1 : 0);
        ck_assert_int_eq(warmstart_loop_process(loop), 0);
        ck_assert_uint_eq(run.settlements, answer == 1 ? 1 : 0);
        warmstart_loop_cancel(loop, poller.waiter);
    }
    whole = whole && answer >= 0;
    poller_close(&poller);
    ck_assert_int_eq(warmstart_loop_detach(&fake.transport), 0);
    warmstart_loop_free(loop);
    return whole;
}

START_TEST(every_allocation_may_fail_once_or_for_good)
{
    unsigned fails_at = 0;
    bool whole = false;
    while (!whole) {
        struct ledger ledger = {.fails_at = ++fails_at, .for_good = _i == 1};
        whole = live(&ledger);
        ck_assert_uint_eq(ledger.bytes, 0);
        ck_assert_uint_lt(fails_at, 1000);
        ck_assert(whole == (ledger.calls < fails_at));
    }
    ck_assert_uint_gt(fails_at, 5);
}
END_TEST

START_TEST(the_loop_itself_comes_from_the_allocator)
{
    struct ledger manager_alone = {0}, with_loop = {0};
    struct warmstart_options options;
    warmstart_options_init(&options);
    options.allocator.resize = resize;
    options.allocator.user = &manager_alone;
    struct warmstart_manager *manager = NULL;
    struct warmstart_loop *loop = NULL;
    ck_assert_int_eq(warmstart_manager_new(&options, &manager), 0);
    ck_assert_int_eq(make(&with_loop, &loop), 0);
    ck_assert_uint_eq(with_loop.calls, manager_alone.calls + 1);
    warmstart_manager_free(manager);
    warmstart_loop_free(loop);
    ck_assert_uint_eq(with_loop.bytes, 0);
}
END_TEST

START_TEST(a_round_does_not_allocate)
{
    struct ledger ledger = {0};
    struct warmstart_loop *loop = NULL;
    struct warmstart_timer timer = {.due = do_nothing};
    ck_assert_int_eq(make(&ledger, &loop), 0);
    unsigned calls = ledger.calls;
    ck_assert_int_eq(warmstart_loop_timer_set(loop, &timer, 1), 0);
    ck_assert_uint_eq(ledger.calls, calls + 1); /* the first timer makes room for more */
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    calls++;
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(warmstart_loop_timer_set(loop, &timer, 1), 0);
        ck_assert_int_eq(warmstart_loop_process(loop), 0);
    }
    ck_assert_uint_eq(ledger.calls, calls);
    warmstart_loop_free(loop);
    ck_assert_uint_eq(ledger.bytes, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop memory");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, descriptors_remember, descriptors_check);
    tcase_add_loop_test(tcase, every_allocation_may_fail_once_or_for_good, 0, 2);
    tcase_add_test(tcase, the_loop_itself_comes_from_the_allocator);
    tcase_add_test(tcase, a_round_does_not_allocate);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
