/* SPDX-License-Identifier: MIT */
/* The loop as seen by who owns it: options, descriptor and timeout, running and stopping, statistics. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness.h"

/* ---- Options ---- */

START_TEST(defaults_do)
{
    struct warmstart_loop *loop = NULL;
    ck_assert_int_eq(warmstart_loop_new(NULL, &loop), 0);
    ck_assert_ptr_nonnull(warmstart_loop_manager(loop));
    ck_assert_int_ge(warmstart_loop_fd(loop), 0);
    warmstart_loop_free(loop);
    warmstart_loop_free(NULL);
}
END_TEST

START_TEST(options_of_another_size_are_told_apart)
{
    struct {
        struct warmstart_loop_options known;
        char unknown[16];
    } options;
    struct warmstart_loop *loop = (struct warmstart_loop *)&options;
    warmstart_loop_options_init_sized(&options.known, sizeof(options));

    options.unknown[3] = 1;
    ck_assert_int_eq(warmstart_loop_new(&options.known, &loop), WARMSTART_ERR_UNSUPPORTED);
    options.unknown[3] = 0;
    options.known.size = sizeof(size_t);
    ck_assert_int_eq(warmstart_loop_new(&options.known, &loop), WARMSTART_ERR_INVALID);
    ck_assert_ptr_eq(loop, (struct warmstart_loop *)&options);

    options.known.size = sizeof(options);
    ck_assert_int_eq(warmstart_loop_new(&options.known, &loop), 0);
    warmstart_loop_free(loop);
    ck_assert_int_eq(warmstart_loop_new(&options.known, NULL), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(the_managers_options_reach_the_manager)
{
    struct warmstart_options manager;
    warmstart_options_init(&manager);
    manager.waiters_max = 1;
    struct warmstart_loop_options options;
    warmstart_loop_options_init(&options);
    options.manager = &manager;
    struct warmstart_loop *loop = NULL;
    ck_assert_int_eq(warmstart_loop_new(&options, &loop), 0);

    struct fake fake;
    fake_attach(&fake, loop);
    struct poller first, second;
    poller_open(&first, &fake, "first", CONFIRM);
    poller_open(&second, &fake, "second", CONFIRM);
    poller_wait(&first, "g");
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    ck_assert_int_eq(warmstart_loop_register(&second.conn, &registration, &second.waiter),
                     WARMSTART_ERR_LIMIT);
    ck_assert_uint_eq(fake.transport.waiters, 1);
    warmstart_loop_cancel(loop, first.waiter);
    poller_close(&first);
    poller_close(&second);
    ck_assert_int_eq(warmstart_loop_detach(&fake.transport), 0);
    warmstart_loop_free(loop);

    manager.waiters_max = 0;
    ck_assert_int_eq(warmstart_loop_new(&options, &loop), WARMSTART_ERR_INVALID);
    manager.size = 1;
    ck_assert_int_eq(warmstart_loop_new(&options, &loop), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(no_descriptor_left_is_a_system_error)
{
    struct rlimit before, limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(STDIN_FILENO);
    ck_assert_int_ge(next, 0);
    close(next);
    limit = before;
    for (rlim_t room = 0; room < 2; room++) { /* for neither of the two descriptors, and for one */
        struct warmstart_loop *loop = NULL;
        limit.rlim_cur = (rlim_t)next + room;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        int answer = warmstart_loop_new(NULL, &loop);
        int reason = errno;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        ck_assert_int_eq(answer, WARMSTART_ERR_SYSTEM);
        ck_assert_int_eq(reason, EMFILE);
        ck_assert_ptr_null(loop);
    }
}
END_TEST

/* ---- Time ---- */

static void do_nothing(struct warmstart_timer *timer, uint64_t now)
{
    (void)timer;
    (void)now;
}

START_TEST(the_timeout_is_rounded_up_to_milliseconds)
{
    struct fake_clock clock = {.now = 1000 * MS};
    struct warmstart_loop *loop = loop_make(&clock);
    struct warmstart_timer timer = {.due = do_nothing};
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), -1);

    const struct {
        uint64_t deadline;
        int timeout_ms;
    } cases[] = {
        {0, 0},
        {1000 * MS, 0},
        {1000 * MS + 1, 1},
        {1001 * MS - 1, 1},
        {1001 * MS, 1},
        {1001 * MS + 1, 2},
        {31000 * MS, 30000},
        {1000 * MS + INT_MAX * MS, INT_MAX},
        {1000 * MS + INT_MAX * MS + 1, INT_MAX},
        {WARMSTART_NEVER - 1, INT_MAX},
        {WARMSTART_NEVER, -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(warmstart_loop_timer_set(loop, &timer, cases[i].deadline), 0);
        ck_assert_int_eq(warmstart_loop_timeout_ms(loop), cases[i].timeout_ms);
    }
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(the_timeout_counts_from_the_clock_and_not_from_the_last_round)
{
    struct fake_clock clock = {.now = 10 * MS};
    struct warmstart_loop *loop = loop_make(&clock);
    struct warmstart_timer timer = {.due = do_nothing};
    ck_assert_int_eq(warmstart_loop_timer_set(loop, &timer, 20 * MS), 0);
    clock.now = 15 * MS;
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 5);
    ck_assert_uint_eq(warmstart_loop_now(loop), 15 * MS);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_clock_that_goes_back_stands_still)
{
    struct fake_clock clock = {.now = 10 * MS};
    struct warmstart_loop *loop = loop_make(&clock);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    clock.now = 5 * MS;
    ck_assert_uint_eq(warmstart_loop_now(loop), 10 * MS);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    clock.now = 12 * MS;
    ck_assert_uint_eq(warmstart_loop_now(loop), 12 * MS);
    warmstart_loop_free(loop);
}
END_TEST

struct moment {
    struct warmstart_task task;
    struct warmstart_loop *loop;
    struct fake_clock *clock;
    uint64_t before, after, really;
};

static void look_at_the_time(struct warmstart_task *task)
{
    struct moment *moment = (struct moment *)task;
    moment->before = warmstart_loop_now(moment->loop);
    moment->clock->now += MS;
    moment->after = warmstart_loop_now(moment->loop);
    moment->really = warmstart_loop_clock(moment->loop);
}

START_TEST(time_stands_still_inside_a_round_unless_the_clock_is_asked_for)
{
    struct fake_clock clock = {.now = 10 * MS};
    struct warmstart_loop *loop = loop_make(&clock);
    struct moment moment = {.task.run = look_at_the_time, .loop = loop, .clock = &clock};
    warmstart_loop_defer(loop, &moment.task);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(moment.before, 10 * MS);
    ck_assert_uint_eq(moment.after, 10 * MS);
    ck_assert_uint_eq(moment.really, 11 * MS);
    ck_assert_uint_eq(warmstart_loop_now(loop), 11 * MS);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(the_real_clock_is_monotonic_time)
{
    struct timespec before, after;
    struct warmstart_loop *loop = loop_make(NULL);
    clock_gettime(CLOCK_MONOTONIC, &before);
    uint64_t now = warmstart_loop_now(loop);
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_uint_ge(now, (uint64_t)before.tv_sec * 1000 * MS + (uint64_t)before.tv_nsec);
    ck_assert_uint_le(now, (uint64_t)after.tv_sec * 1000 * MS + (uint64_t)after.tv_nsec);
    warmstart_loop_free(loop);
}
END_TEST

/* ---- Embedding ---- */

static bool is_readable(const struct warmstart_loop *loop)
{
    struct pollfd ready = {.fd = warmstart_loop_fd(loop), .events = POLLIN};
    return poll(&ready, 1, 0) == 1;
}

struct echo {
    struct warmstart_watch watch;
    unsigned calls;
};

static void on_echo(struct warmstart_watch *watch, uint32_t events)
{
    struct echo *echo = (struct echo *)watch;
    char byte;
    ck_assert_uint_ne(events & EPOLLIN, 0);
    ck_assert_int_eq(read(watch->fd, &byte, 1), 1);
    ck_assert_int_eq(write(watch->fd, &byte, 1), 1);
    echo->calls++;
}

START_TEST(a_caller_polls_the_descriptor_and_processes)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct echo echo = {.watch.ready = on_echo};
    int pair[2];
    pair_make(pair);
    ck_assert_int_eq(warmstart_loop_watch(loop, &echo.watch, pair[0], EPOLLIN), 0);
    ck_assert(!is_readable(loop));
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(echo.calls, 0);

    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    ck_assert(is_readable(loop));
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(echo.calls, 1);
    ck_assert(!is_readable(loop));
    char byte = 0;
    ck_assert_int_eq(read(pair[1], &byte, 1), 1);
    ck_assert_int_eq(byte, 'x');

    warmstart_loop_unwatch(loop, &echo.watch);
    close(pair[0]);
    close(pair[1]);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(the_descriptor_can_be_in_another_epoll)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct epoll_event event = {.events = EPOLLIN}, ready;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, warmstart_loop_fd(loop), &event), 0);
    ck_assert_int_eq(epoll_wait(epoll, &ready, 1, 0), 0);
    warmstart_loop_stop(loop);
    ck_assert_int_eq(epoll_wait(epoll, &ready, 1, 0), 1);
    close(epoll);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(descriptors_are_not_inherited_by_other_programs)
{
    struct warmstart_loop *loop = loop_make(NULL);
    int highest = dup(STDIN_FILENO);
    int checked = 0;
    for (int fd = 3; fd < highest; fd++) {
        char path[64], target[64] = "";
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, target, sizeof(target) - 1);
        if (length > 0 && (strstr(target, "eventpoll") || strstr(target, "eventfd"))) {
            ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
            checked++;
        }
    }
    close(highest);
    ck_assert_int_ge(checked, 2);
    warmstart_loop_free(loop);
}
END_TEST

struct misuse {
    struct warmstart_task task;
    struct warmstart_loop *loop;
    struct fake fake;
    int process, run, detach;
};

static void call_what_is_forbidden(struct warmstart_task *task)
{
    struct misuse *misuse = (struct misuse *)task;
    misuse->process = warmstart_loop_process(misuse->loop);
    misuse->run = warmstart_loop_run(misuse->loop);
    misuse->detach = warmstart_loop_detach(&misuse->fake.transport);
}

START_TEST(a_callback_cannot_start_another_round)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct misuse misuse = {.task.run = call_what_is_forbidden, .loop = loop};
    fake_attach(&misuse.fake, loop);
    warmstart_loop_defer(loop, &misuse.task);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_int_eq(misuse.process, WARMSTART_ERR_INVALID);
    ck_assert_int_eq(misuse.run, WARMSTART_ERR_INVALID);
    ck_assert_int_eq(misuse.detach, WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_detach(&misuse.fake.transport), 0);
    warmstart_loop_free(loop);
    ck_assert_int_eq(warmstart_loop_process(NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_run(NULL), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(a_broken_descriptor_is_a_system_error)
{
    struct warmstart_loop *loop = loop_make(NULL);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fd = warmstart_loop_fd(loop);
    ck_assert_int_eq(dup3(null, fd, O_CLOEXEC), fd);
    close(null);
    ck_assert_int_eq(warmstart_loop_process(loop), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(warmstart_loop_run(loop), WARMSTART_ERR_SYSTEM);
    warmstart_loop_free(loop);
}
END_TEST

/* ---- Running and stopping ---- */

struct stopper {
    struct warmstart_task task;
    struct warmstart_loop *loop;
    unsigned calls;
};

static void stop_from_task(struct warmstart_task *task)
{
    struct stopper *stopper = (struct stopper *)task;
    stopper->calls++;
    warmstart_loop_stop(stopper->loop);
}

START_TEST(a_callback_stops_the_run)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct stopper stopper = {.task.run = stop_from_task, .loop = loop};
    for (unsigned round = 1; round <= 3; round++) {
        warmstart_loop_defer(loop, &stopper.task);
        ck_assert_int_eq(warmstart_loop_run(loop), 0);
        ck_assert_uint_eq(stopper.calls, round);
    }
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_stop_before_the_run_ends_only_the_next_one)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct stopper stopper = {.task.run = stop_from_task, .loop = loop};
    warmstart_loop_stop(loop);
    warmstart_loop_stop(loop);
    warmstart_loop_defer(loop, &stopper.task);
    ck_assert_int_eq(warmstart_loop_run(loop), 0);
    ck_assert_uint_eq(stopper.calls, 0);
    ck_assert_int_eq(warmstart_loop_run(loop), 0);
    ck_assert_uint_eq(stopper.calls, 1);
    warmstart_loop_stop(NULL);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_stop_is_no_busy_loop_for_who_embeds)
{
    struct warmstart_loop *loop = loop_make(NULL);
    warmstart_loop_stop(loop);
    ck_assert(is_readable(loop));
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert(!is_readable(loop));
    ck_assert_int_eq(warmstart_loop_run(loop), 0);
    warmstart_loop_free(loop);
}
END_TEST

static void *stop_from_thread(void *user)
{
    warmstart_loop_stop(user);
    return NULL;
}

START_TEST(another_thread_stops_the_run)
{
    struct warmstart_loop *loop = loop_make(NULL);
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, stop_from_thread, loop), 0);
        ck_assert_int_eq(warmstart_loop_run(loop), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
    warmstart_loop_free(loop);
}
END_TEST

static struct warmstart_loop *signalled_loop;
static volatile sig_atomic_t errno_kept;

static void stop_from_handler(int number)
{
    (void)number;
    errno = ENOTTY;
    warmstart_loop_stop(signalled_loop);
    errno_kept = errno == ENOTTY;
}

START_TEST(a_signal_handler_stops_a_run_that_sleeps)
{
    struct sigaction action = {.sa_handler = stop_from_handler}, before;
    ck_assert_int_eq(sigaction(SIGALRM, &action, &before), 0);
    signalled_loop = loop_make(NULL);
    struct itimerval alarm = {.it_value.tv_usec = 20000};
    ck_assert_int_eq(setitimer(ITIMER_REAL, &alarm, NULL), 0);
    ck_assert_int_eq(warmstart_loop_run(signalled_loop), 0);
    ck_assert_int_eq(errno_kept, 1);
    warmstart_loop_free(signalled_loop);
    sigaction(SIGALRM, &before, NULL);
}
END_TEST

static void *run_until_stopped(void *user)
{
    return warmstart_loop_run(user) == 0 ? user : NULL;
}

START_TEST(several_loops_run_in_one_process)
{
    enum { LOOPS = 4 };
    struct warmstart_loop *loops[LOOPS];
    pthread_t threads[LOOPS];
    for (int i = 0; i < LOOPS; i++) {
        loops[i] = loop_make(NULL);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_until_stopped, loops[i]), 0);
    }
    for (int i = 0; i < LOOPS; i++) {
        void *result = NULL;
        warmstart_loop_stop(loops[i]);
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        ck_assert_ptr_eq(result, loops[i]);
        warmstart_loop_free(loops[i]);
    }
}
END_TEST

/* ---- Statistics ---- */

static void take_time(struct warmstart_task *task)
{
    struct moment *moment = (struct moment *)task;
    moment->clock->now += 7 * MS;
}

START_TEST(statistics_say_what_happened)
{
    struct fake_clock clock = {.now = 10 * MS};
    struct warmstart_loop *loop = loop_make(&clock);
    struct moment moment = {.task.run = take_time, .loop = loop, .clock = &clock};
    struct warmstart_timer timer = {.due = do_nothing};
    struct echo echo = {.watch.ready = on_echo};
    int pair[2];
    pair_make(pair);
    ck_assert_int_eq(warmstart_loop_watch(loop, &echo.watch, pair[0], EPOLLIN), 0);
    ck_assert_int_eq(warmstart_loop_timer_set(loop, &timer, 12 * MS), 0);

    struct warmstart_loop_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_loop_get_stats(loop, &stats), 0);
    ck_assert_uint_eq(stats.rounds_total, 0);
    ck_assert_uint_eq(stats.watches, 1);
    ck_assert_uint_eq(stats.timers, 1);

    warmstart_loop_defer(loop, &moment.task);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    warmstart_loop_unwatch(loop, &echo.watch);
    ck_assert_int_eq(warmstart_loop_get_stats(loop, &stats), 0);
    ck_assert_uint_eq(stats.rounds_total, 2);
    ck_assert_uint_eq(stats.busy_ns_total, 7 * MS);
    ck_assert_uint_eq(stats.round_ns_max, 7 * MS);
    ck_assert_uint_eq(stats.late_ns_last, 5 * MS);
    ck_assert_uint_eq(stats.late_ns_max, 5 * MS);
    ck_assert_uint_eq(stats.watches, 0);
    ck_assert_uint_eq(stats.timers, 0);

    ck_assert_int_eq(warmstart_loop_timer_set(loop, &timer, clock.now + MS), 0);
    clock.now += MS;
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_int_eq(warmstart_loop_get_stats(loop, &stats), 0);
    ck_assert_uint_eq(stats.late_ns_last, 0);
    ck_assert_uint_eq(stats.late_ns_max, 5 * MS);
    close(pair[0]);
    close(pair[1]);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(statistics_fill_only_what_the_caller_knows)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct warmstart_loop_stats stats;
    memset(&stats, 0xee, sizeof(stats));
    stats.size = offsetof(struct warmstart_loop_stats, round_ns_max);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_int_eq(warmstart_loop_get_stats(loop, &stats), 0);
    ck_assert_uint_eq(stats.rounds_total, 1);
    ck_assert_uint_eq(stats.round_ns_max, 0xeeeeeeeeeeeeeeeeULL);
    stats.size = 0;
    ck_assert_int_eq(warmstart_loop_get_stats(loop, &stats), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_get_stats(loop, NULL), WARMSTART_ERR_INVALID);
    warmstart_loop_free(loop);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop embedding");
    TCase *tcase = tcase_create("embedding");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, descriptors_remember, descriptors_check);
    tcase_add_test(tcase, defaults_do);
    tcase_add_test(tcase, options_of_another_size_are_told_apart);
    tcase_add_test(tcase, the_managers_options_reach_the_manager);
    tcase_add_test(tcase, no_descriptor_left_is_a_system_error);
    tcase_add_test(tcase, the_timeout_is_rounded_up_to_milliseconds);
    tcase_add_test(tcase, the_timeout_counts_from_the_clock_and_not_from_the_last_round);
    tcase_add_test(tcase, a_clock_that_goes_back_stands_still);
    tcase_add_test(tcase, time_stands_still_inside_a_round_unless_the_clock_is_asked_for);
    tcase_add_test(tcase, the_real_clock_is_monotonic_time);
    tcase_add_test(tcase, a_caller_polls_the_descriptor_and_processes);
    tcase_add_test(tcase, the_descriptor_can_be_in_another_epoll);
    tcase_add_test(tcase, descriptors_are_not_inherited_by_other_programs);
    tcase_add_test(tcase, a_callback_cannot_start_another_round);
    tcase_add_test(tcase, a_broken_descriptor_is_a_system_error);
    tcase_add_test(tcase, a_callback_stops_the_run);
    tcase_add_test(tcase, a_stop_before_the_run_ends_only_the_next_one);
    tcase_add_test(tcase, a_stop_is_no_busy_loop_for_who_embeds);
    tcase_add_test(tcase, another_thread_stops_the_run);
    tcase_add_test(tcase, a_signal_handler_stops_a_run_that_sleeps);
    tcase_add_test(tcase, several_loops_run_in_one_process);
    tcase_add_test(tcase, statistics_say_what_happened);
    tcase_add_test(tcase, statistics_fill_only_what_the_caller_knows);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
