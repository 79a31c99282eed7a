/* SPDX-License-Identifier: MIT */
/* Deferred tasks: once each, in order, and without end only from round to round. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"

struct job {
    struct warmstart_task task;
    struct warmstart_loop *loop;
    struct job *other;
    unsigned calls;
    unsigned calls_max; /* defers itself until it was called so often */
    unsigned place;     /* when it was called last, counted over all */
};

static unsigned places;

static void work(struct warmstart_task *task)
{
    struct job *job = (struct job *)task;
    job->calls++;
    job->place = ++places;
    if (job->calls < job->calls_max)
        warmstart_loop_defer(job->loop, &job->task);
}

static void job_init(struct job *job, struct warmstart_loop *loop)
{
    memset(job, 0, sizeof(*job));
    job->task.run = work;
    job->loop = loop;
    job->calls_max = 1;
}

START_TEST(a_task_runs_once_however_often_it_was_deferred)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct job job;
    job_init(&job, loop);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), -1);
    warmstart_loop_defer(loop, &job.task);
    warmstart_loop_defer(loop, &job.task);
    ck_assert_uint_eq(job.calls, 0);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(job.calls, 1);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), -1);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(tasks_run_in_the_order_they_were_deferred)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct job jobs[5];
    for (int i = 0; i < 5; i++) {
        job_init(&jobs[i], loop);
        warmstart_loop_defer(loop, &jobs[i].task);
    }
    warmstart_loop_defer(loop, &jobs[1].task); /* keeps its place */
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_uint_eq(jobs[i].place, i + 1);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_task_that_defers_itself_lets_the_others_go_first)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct job again, other;
    job_init(&again, loop);
    job_init(&other, loop);
    again.calls_max = 3;
    warmstart_loop_defer(loop, &again.task);
    warmstart_loop_defer(loop, &other.task);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(again.calls, 3);
    ck_assert_uint_eq(other.place, 2);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_task_without_end_does_not_keep_the_round)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct job endless;
    job_init(&endless, loop);
    endless.calls_max = 1000000;
    warmstart_loop_defer(loop, &endless.task);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    unsigned calls = endless.calls;
    ck_assert_uint_lt(calls, 1000);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 0);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_gt(endless.calls, calls);
    warmstart_loop_undefer(loop, &endless.task);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), -1);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_task_that_is_undeferred_does_not_run)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct job first, second;
    job_init(&first, loop);
    job_init(&second, loop);
    warmstart_loop_undefer(loop, &first.task);
    warmstart_loop_defer(loop, &first.task);
    warmstart_loop_defer(loop, &second.task);
    warmstart_loop_undefer(loop, &first.task);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(first.calls, 0);
    ck_assert_uint_eq(second.calls, 1);
    warmstart_loop_defer(loop, &first.task);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(first.calls, 1);
    warmstart_loop_free(loop);
}
END_TEST

static void free_the_other_and_itself(struct warmstart_task *task)
{
    struct job *job = (struct job *)task;
    places++;
    if (job->other) {
        warmstart_loop_undefer(job->loop, &job->other->task);
        free(job->other);
    }
    free(job);
}

START_TEST(a_task_may_free_itself_and_one_that_is_next)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct job *jobs[3], last;
    for (int i = 0; i < 3; i++) {
        jobs[i] = malloc(sizeof(*jobs[i]));
        ck_assert_ptr_nonnull(jobs[i]);
        job_init(jobs[i], loop);
        jobs[i]->task.run = free_the_other_and_itself;
        warmstart_loop_defer(loop, &jobs[i]->task);
    }
    jobs[0]->other = jobs[1];
    job_init(&last, loop);
    warmstart_loop_defer(loop, &last.task);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(last.place, 3);
    warmstart_loop_free(loop);
}
END_TEST

struct alarm {
    struct warmstart_timer timer;
    struct job *job;
};

static void defer_job(struct warmstart_timer *timer, uint64_t now)
{
    struct job *job = ((struct alarm *)timer)->job;
    (void)now;
    warmstart_loop_defer(job->loop, &job->task);
}

START_TEST(what_a_timer_defers_runs_in_the_same_round)
{
    struct fake_clock clock = {.now = 10};
    struct warmstart_loop *loop = loop_make(&clock);
    struct job job;
    job_init(&job, loop);
    struct alarm alarm = {.timer.due = defer_job, .job = &job};
    ck_assert_int_eq(warmstart_loop_timer_set(loop, &alarm.timer, 20), 0);
    clock.now = 20;
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(job.calls, 1);
    warmstart_loop_free(loop);
}
END_TEST

static void set_up(void)
{
    descriptors_remember();
    places = 0;
}

int main(void)
{
    Suite *suite = suite_create("loop tasks");
    TCase *tcase = tcase_create("tasks");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, descriptors_check);
    tcase_add_test(tcase, a_task_runs_once_however_often_it_was_deferred);
    tcase_add_test(tcase, tasks_run_in_the_order_they_were_deferred);
    tcase_add_test(tcase, a_task_that_defers_itself_lets_the_others_go_first);
    tcase_add_test(tcase, a_task_without_end_does_not_keep_the_round);
    tcase_add_test(tcase, a_task_that_is_undeferred_does_not_run);
    tcase_add_test(tcase, a_task_may_free_itself_and_one_that_is_next);
    tcase_add_test(tcase, what_a_timer_defers_runs_in_the_same_round);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
