/* SPDX-License-Identifier: MIT */
#include "timeouts.h"

#include <stdlib.h>
#include <string.h>
#include <warmstart/loop.h>

#include "durations.h"

#include "suite.h"

enum { LENGTH_NS = 1000, LEN = 3 };

static struct warmstart_loop *loop;
static struct timeouts timeouts;
static struct timeout all[LEN];
static unsigned expired[LEN];
static uint64_t now;
static bool sets_again;
static struct warmstart_timer others[200]; /* of somebody else */
static size_t others_len;
static bool memory_is_out, sets_others;

static void *resize(void *user, void *pointer, size_t old_bytes, size_t new_bytes)
{
    (void)user;
    (void)old_bytes;
    if (new_bytes == 0) {
        free(pointer);
        return NULL;
    }
    return memory_is_out ? NULL : realloc(pointer, new_bytes);
}

static void on_other(struct warmstart_timer *timer, uint64_t at)
{
    (void)timer;
    (void)at;
}

/* Until there is no place for one more. */
static void set_others(void)
{
    memory_is_out = true;
    while (others_len < 200) {
        others[others_len].due = on_other;
        if (warmstart_loop_timer_set(loop, &others[others_len], 1000 * SECOND_NS) < 0)
            break;
        others_len++;
    }
    ck_assert_uint_lt(others_len, 200);
}

static uint64_t read_clock(void *user)
{
    (void)user;
    return now;
}

static void on_expired(struct timeout *timeout)
{
    ck_assert_ptr_null(timeout->link.next);
    expired[timeout - all]++;
    if (sets_others)
        set_others();
    if (sets_again)
        warmstart_timeout_set(&timeouts, timeout);
}

static void pass_to(uint64_t time)
{
    now = time;
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
}

static void expect(unsigned first, unsigned second, unsigned third)
{
    ck_assert_uint_eq(expired[0], first);
    ck_assert_uint_eq(expired[1], second);
    ck_assert_uint_eq(expired[2], third);
}

static void open_all(void)
{
    struct warmstart_loop_options options;
    now = 0;
    sets_again = sets_others = memory_is_out = false;
    others_len = 0;
    memset(others, 0, sizeof(others));
    memset(expired, 0, sizeof(expired));
    warmstart_loop_options_init(&options);
    options.clock = read_clock;
    struct warmstart_options manager;
    warmstart_options_init(&manager);
    manager.allocator.resize = resize;
    options.manager = &manager;
    ck_assert_int_eq(warmstart_loop_new(&options, &loop), 0);
    ck_assert_int_eq(warmstart_timeouts_init(&timeouts, loop, LENGTH_NS, on_expired), 0);
}

static void close_all(void)
{
    for (size_t i = 0; i < LEN; i++)
        timeout_end(&all[i]);
    for (size_t i = 0; i < others_len; i++)
        warmstart_loop_timer_cancel(loop, &others[i]);
    warmstart_timeouts_deinit(&timeouts, loop);
    warmstart_loop_free(loop);
}

START_TEST(each_is_over_in_its_own_time)
{
    for (size_t i = 0; i < LEN; i++) {
        pass_to(100 * i);
        warmstart_timeout_set(&timeouts, &all[i]);
    }
    pass_to(999);
    expect(0, 0, 0);
    pass_to(1000);
    expect(1, 0, 0);
    pass_to(1099);
    expect(1, 0, 0);
    pass_to(1200);
    expect(1, 1, 1);
    pass_to(100000);
    expect(1, 1, 1);
}
END_TEST

START_TEST(one_that_was_ended_is_never_over)
{
    warmstart_timeout_set(&timeouts, &all[0]);
    warmstart_timeout_set(&timeouts, &all[1]);
    timeout_end(&all[0]);
    timeout_end(&all[0]);
    pass_to(1000);
    expect(0, 1, 0);
}
END_TEST

START_TEST(one_that_is_set_anew_begins_anew)
{
    warmstart_timeout_set(&timeouts, &all[0]);
    warmstart_timeout_set(&timeouts, &all[1]);
    pass_to(600);
    warmstart_timeout_set(&timeouts, &all[0]);
    pass_to(1000);
    expect(0, 1, 0);
    pass_to(1599);
    expect(0, 1, 0);
    pass_to(1600);
    expect(1, 1, 0);
}
END_TEST

START_TEST(one_may_be_set_again_when_it_is_over)
{
    sets_again = true;
    warmstart_timeout_set(&timeouts, &all[2]);
    for (unsigned i = 1; i < 5; i++) {
        pass_to(i * LENGTH_NS);
        expect(0, 0, i);
    }
}
END_TEST

/* The place of their own timer is not for others, whatever is done when one is over. */
START_TEST(they_go_on_when_there_is_no_memory_for_another_timer)
{
    sets_others = true;
    warmstart_timeout_set(&timeouts, &all[0]);
    pass_to(1000);
    expect(1, 0, 0);
    ck_assert(memory_is_out);
    warmstart_timeout_set(&timeouts, &all[1]);
    pass_to(2000);
    expect(1, 1, 0);
}
END_TEST

START_TEST(without_any_the_loop_waits_for_nothing_near)
{
    ck_assert_int_gt(warmstart_loop_timeout_ms(loop), 1000000);
    warmstart_timeout_set(&timeouts, &all[0]);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 1);
    pass_to(1000);
    ck_assert_int_gt(warmstart_loop_timeout_ms(loop), 1000000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shared_timeouts");
    TCase *tests = tcase_create("timeouts");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_add_test(tests, each_is_over_in_its_own_time);
    tcase_add_test(tests, one_that_was_ended_is_never_over);
    tcase_add_test(tests, one_that_is_set_anew_begins_anew);
    tcase_add_test(tests, one_may_be_set_again_when_it_is_over);
    tcase_add_test(tests, they_go_on_when_there_is_no_memory_for_another_timer);
    tcase_add_test(tests, without_any_the_loop_waits_for_nothing_near);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
