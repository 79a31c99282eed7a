/* SPDX-License-Identifier: MIT */
/* Timers: when they are called, in which order, and what they may do then. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define CALLS_MAX 4096

struct alarm {
    struct warmstart_timer timer;
    struct warmstart_loop *loop;
    unsigned number;
    struct alarm *other;
    uint64_t again_at; /* sets itself (and `other`, if any) again for then; 0: not */
};

static unsigned called[CALLS_MAX];
static size_t called_len;
static uint64_t called_at;

static void note(struct alarm *alarm, uint64_t now)
{
    ck_assert_uint_lt(called_len, CALLS_MAX);
    ck_assert_uint_eq(now, warmstart_loop_now(alarm->loop));
    called[called_len++] = alarm->number;
    called_at = now;
}

static void on_due(struct warmstart_timer *timer, uint64_t now)
{
    note((struct alarm *)timer, now);
}

static void alarm_init(struct alarm *alarm, struct warmstart_loop *loop, unsigned number)
{
    memset(alarm, 0, sizeof(*alarm));
    alarm->timer.due = on_due;
    alarm->loop = loop;
    alarm->number = number;
}

static void set(struct alarm *alarm, uint64_t deadline)
{
    ck_assert_int_eq(warmstart_loop_timer_set(alarm->loop, &alarm->timer, deadline), 0);
}

static void process_at(struct warmstart_loop *loop, struct fake_clock *clock, uint64_t now)
{
    clock->now = now;
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
}

START_TEST(a_timer_is_called_once_and_not_before_its_time)
{
    struct fake_clock clock = {.now = 100};
    struct warmstart_loop *loop = loop_make(&clock);
    struct alarm alarm;
    alarm_init(&alarm, loop, 1);
    set(&alarm, 200);
    process_at(loop, &clock, 199);
    ck_assert_uint_eq(called_len, 0);
    process_at(loop, &clock, 200);
    ck_assert_uint_eq(called_len, 1);
    ck_assert_uint_eq(called_at, 200);
    process_at(loop, &clock, 300);
    ck_assert_uint_eq(called_len, 1);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), -1);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_timer_needs_a_callback)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct warmstart_timer timer = {0};
    ck_assert_int_eq(warmstart_loop_timer_set(loop, &timer, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_timer_set(loop, NULL, 1), WARMSTART_ERR_INVALID);
    timer.due = on_due;
    ck_assert_int_eq(warmstart_loop_timer_set(NULL, &timer, 1), WARMSTART_ERR_INVALID);
    warmstart_loop_timer_cancel(loop, &timer);
    warmstart_loop_timer_cancel(loop, NULL);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(equal_deadlines_come_in_the_order_they_were_set)
{
    enum { ALARMS = 300 };
    struct fake_clock clock = {.now = 100};
    struct warmstart_loop *loop = loop_make(&clock);
    struct alarm alarms[ALARMS];
    for (unsigned i = 0; i < ALARMS; i++) {
        alarm_init(&alarms[i], loop, i);
        set(&alarms[i], 200);
    }
    set(&alarms[7], 200); /* again: behind all others */
    process_at(loop, &clock, 500);
    ck_assert_uint_eq(called_len, ALARMS);
    for (unsigned i = 0; i < ALARMS - 1; i++)
        ck_assert_uint_eq(called[i], i < 7 ? i : i + 1);
    ck_assert_uint_eq(called[ALARMS - 1], 7);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(timers_come_in_the_order_of_their_deadlines_whatever_is_set_moved_and_cancelled)
{
    enum { ALARMS = 1000 };
    struct fake_clock clock = {.now = 0};
    struct warmstart_loop *loop = loop_make(&clock);
    static struct alarm alarms[ALARMS];
    static uint64_t deadlines[ALARMS]; /* 0: cancelled */
    uint32_t random = 12345;
    for (unsigned i = 0; i < ALARMS; i++)
        alarm_init(&alarms[i], loop, i);
    for (unsigned step = 0; step < 5 * ALARMS; step++) {
        random = random * 1664525 + 1013904223;
        unsigned which = (random >> 8) % ALARMS;
        if (random >> 30 == 0) {
            warmstart_loop_timer_cancel(loop, &alarms[which].timer);
            deadlines[which] = 0;
        } else {
            deadlines[which] = 1 + (random >> 4) % 500;
            set(&alarms[which], deadlines[which]);
        }
    }
    size_t set_len = 0;
    for (unsigned i = 0; i < ALARMS; i++)
        set_len += deadlines[i] != 0;
    struct warmstart_loop_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_loop_get_stats(loop, &stats), 0);
    ck_assert_uint_eq(stats.timers, set_len);

    process_at(loop, &clock, 250);
    for (unsigned i = 0; i < called_len; i++)
        ck_assert_uint_le(deadlines[called[i]], 250);
    process_at(loop, &clock, 1000);
    ck_assert_uint_eq(called_len, set_len);
    for (unsigned i = 0; i < called_len; i++) {
        ck_assert_uint_ne(deadlines[called[i]], 0);
        if (i > 0)
            ck_assert_uint_le(deadlines[called[i - 1]], deadlines[called[i]]);
    }
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(never_cancels)
{
    struct fake_clock clock = {.now = 100};
    struct warmstart_loop *loop = loop_make(&clock);
    struct alarm alarm;
    alarm_init(&alarm, loop, 1);
    set(&alarm, 200);
    set(&alarm, WARMSTART_NEVER);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), -1);
    process_at(loop, &clock, WARMSTART_NEVER);
    ck_assert_uint_eq(called_len, 0);
    warmstart_loop_free(loop);
}
END_TEST

static void set_again(struct warmstart_timer *timer, uint64_t now)
{
    struct alarm *alarm = (struct alarm *)timer;
    note(alarm, now);
    set(alarm, alarm->again_at);
    if (alarm->other)
        set(alarm->other, alarm->again_at);
}

START_TEST(a_timer_that_sets_itself_for_now_waits_for_the_next_round)
{
    struct fake_clock clock = {.now = 100};
    struct warmstart_loop *loop = loop_make(&clock);
    struct alarm eager, other;
    alarm_init(&eager, loop, 1);
    alarm_init(&other, loop, 2);
    eager.timer.due = set_again;
    eager.again_at = 1; /* long past, and before the other's */
    set(&eager, 150);
    set(&other, 160);
    process_at(loop, &clock, 200);
    ck_assert_uint_eq(called_len, 2);
    ck_assert_uint_eq(called[0], 1);
    ck_assert_uint_eq(called[1], 2);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 0);
    process_at(loop, &clock, 200);
    process_at(loop, &clock, 200);
    ck_assert_uint_eq(called_len, 4);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_due_timer_that_is_moved_by_another_is_called_at_its_new_time)
{
    struct fake_clock clock = {.now = 100};
    struct warmstart_loop *loop = loop_make(&clock);
    struct alarm mover, moved;
    alarm_init(&mover, loop, 1);
    alarm_init(&moved, loop, 2);
    mover.timer.due = set_again;
    mover.again_at = 300;
    mover.other = &moved;
    set(&mover, 150);
    set(&moved, 160);
    process_at(loop, &clock, 200);
    ck_assert_uint_eq(called_len, 1);
    mover.timer.due = on_due;
    process_at(loop, &clock, 300);
    ck_assert_uint_eq(called_len, 3);
    ck_assert_uint_eq(called[2], 2);
    warmstart_loop_free(loop);
}
END_TEST

static void free_the_other(struct warmstart_timer *timer, uint64_t now)
{
    struct alarm *alarm = (struct alarm *)timer;
    note(alarm, now);
    if (!alarm->other)
        return;
    warmstart_loop_timer_cancel(alarm->loop, &alarm->other->timer);
    free(alarm->other);
    alarm->other = NULL;
}

START_TEST(a_due_timer_that_is_cancelled_and_freed_by_another_is_not_called)
{
    struct fake_clock clock = {.now = 100};
    struct warmstart_loop *loop = loop_make(&clock);
    struct alarm first;
    alarm_init(&first, loop, 1);
    first.timer.due = free_the_other;
    first.other = malloc(sizeof(*first.other));
    ck_assert_ptr_nonnull(first.other);
    alarm_init(first.other, loop, 2);
    set(&first, 150);
    set(first.other, 150);
    process_at(loop, &clock, 200);
    ck_assert_uint_eq(called_len, 1);
    ck_assert_ptr_null(first.other);
    warmstart_loop_free(loop);
}
END_TEST

static void free_itself(struct warmstart_timer *timer, uint64_t now)
{
    note((struct alarm *)timer, now);
    free(timer);
}

START_TEST(a_timer_may_free_itself)
{
    struct fake_clock clock = {.now = 100};
    struct warmstart_loop *loop = loop_make(&clock);
    for (unsigned i = 0; i < 10; i++) {
        struct alarm *alarm = malloc(sizeof(*alarm));
        ck_assert_ptr_nonnull(alarm);
        alarm_init(alarm, loop, i);
        alarm->timer.due = free_itself;
        set(alarm, 150);
    }
    process_at(loop, &clock, 200);
    ck_assert_uint_eq(called_len, 10);
    warmstart_loop_free(loop);
}
END_TEST

static bool was_called(void *user)
{
    (void)user;
    return called_len > 0;
}

START_TEST(a_timer_wakes_a_loop_at_the_real_clock)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct alarm alarm;
    alarm_init(&alarm, loop, 1);
    uint64_t deadline = warmstart_loop_now(loop) + 15 * MS;
    set(&alarm, deadline);
    process_until(loop, was_called, NULL);
    ck_assert_uint_ge(called_at, deadline);
    warmstart_loop_free(loop);
}
END_TEST

static void stop(struct warmstart_timer *timer, uint64_t now)
{
    struct alarm *alarm = (struct alarm *)timer;
    note(alarm, now);
    warmstart_loop_stop(alarm->loop);
}

START_TEST(a_run_sleeps_until_the_timer)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct alarm alarm;
    alarm_init(&alarm, loop, 1);
    alarm.timer.due = stop;
    set(&alarm, warmstart_loop_now(loop) + 15 * MS);
    ck_assert_int_eq(warmstart_loop_run(loop), 0);
    ck_assert_uint_eq(called_len, 1);
    struct warmstart_loop_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_loop_get_stats(loop, &stats), 0);
    ck_assert_uint_le(stats.rounds_total, 3);
    warmstart_loop_free(loop);
}
END_TEST

static void set_up(void)
{
    descriptors_remember();
    called_len = 0;
    called_at = 0;
}

int main(void)
{
    Suite *suite = suite_create("loop timers");
    TCase *tcase = tcase_create("timers");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, descriptors_check);
    tcase_add_test(tcase, a_timer_is_called_once_and_not_before_its_time);
    tcase_add_test(tcase, a_timer_needs_a_callback);
    tcase_add_test(tcase, equal_deadlines_come_in_the_order_they_were_set);
    tcase_add_test(tcase, timers_come_in_the_order_of_their_deadlines_whatever_is_set_moved_and_cancelled);
    tcase_add_test(tcase, never_cancels);
    tcase_add_test(tcase, a_timer_that_sets_itself_for_now_waits_for_the_next_round);
    tcase_add_test(tcase, a_due_timer_that_is_moved_by_another_is_called_at_its_new_time);
    tcase_add_test(tcase, a_due_timer_that_is_cancelled_and_freed_by_another_is_not_called);
    tcase_add_test(tcase, a_timer_may_free_itself);
    tcase_add_test(tcase, a_timer_wakes_a_loop_at_the_real_clock);
    tcase_add_test(tcase, a_run_sleeps_until_the_timer);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
