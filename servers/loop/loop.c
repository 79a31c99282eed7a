/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "sized.h"
#include "state.h"

#define NS_PER_MS 1000000

_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "warmstart_loop_stop() must work in signal handlers");

/* ---- Options ---- */

static const struct warmstart_loop_options defaults = {.size = sizeof(defaults)};

void warmstart_loop_options_init_sized(struct warmstart_loop_options *options, size_t size)
{
    sized_write(options, size, &defaults, sizeof(defaults));
}

static int seed(struct warmstart_options *options)
{
    if (options->hash_seed[0] != 0 || options->hash_seed[1] != 0)
        return 0;
    ssize_t got;
    do
        got = getrandom(options->hash_seed, sizeof(options->hash_seed), 0);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof(options->hash_seed) ? 0 : WARMSTART_ERR_SYSTEM;
}

/* The manager's options, plus the seed. What is wrong in them beside their size is the manager's to say. */
static int take_manager_options(const struct warmstart_options *options, struct warmstart_options *ret_known)
{
    warmstart_options_init(ret_known);
    int answer = sized_read(ret_known, sizeof(*ret_known), options, sizeof(*ret_known));
    if (answer < 0)
        return answer;
    return seed(ret_known);
}

/* ---- Making and freeing ---- */

static uint64_t read_clock(void *user)
{
    (void)user;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

static void on_wake(struct warmstart_watch *watch, uint32_t events)
{
    (void)events;
    uint64_t count;
    ssize_t got = read(watch->fd, &count, sizeof(count));
    (void)got; /* only to make it unreadable again; what was asked for is in loop->stopping */
}

static int open_descriptors(struct warmstart_loop *loop)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0)
        return WARMSTART_ERR_SYSTEM;
    loop->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake.fd < 0)
        return WARMSTART_ERR_SYSTEM;
    /* Not by warmstart_loop_watch(): this one is not counted. */
    loop->wake.ready = on_wake;
    loop->wake.events = EPOLLIN;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &loop->wake};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake.fd, &event) != 0)
        return WARMSTART_ERR_SYSTEM;
    return 0;
}

static int fill(struct warmstart_loop *loop, const struct warmstart_loop_options *options,
                const struct warmstart_options *manager_options)
{
    loop->clock = options->clock ? options->clock : read_clock;
    loop->clock_user = options->clock_user;
    loop->now = loop->clock(loop->clock_user);
    loop->epoll = -1;
    loop->wake.fd = -1;
    atomic_init(&loop->stopping, false);
    warmstart_timers_init(&loop->timers, &loop->memory);
    warmstart_tasks_init(loop);
    int answer = open_descriptors(loop);
    if (answer < 0)
        return answer;
    return warmstart_manager_new(manager_options, &loop->manager);
}

int warmstart_loop_new(const struct warmstart_loop_options *options, struct warmstart_loop **ret_loop)
{
    if (!ret_loop)
        return WARMSTART_ERR_INVALID;
    struct warmstart_loop_options known = defaults;
    int answer = sized_read(&known, sizeof(known), options, sizeof(known));
    if (answer < 0)
        return answer;
    struct warmstart_options manager_options;
    answer = take_manager_options(known.manager, &manager_options);
    if (answer < 0)
        return answer;

    struct memory memory;
    warmstart_memory_init(&memory, &manager_options.allocator);
    struct warmstart_loop *loop = warmstart_memory_resize(&memory, NULL, 0, sizeof(*loop));
    if (!loop)
        return WARMSTART_ERR_MEMORY;
    memset(loop, 0, sizeof(*loop));
    loop->memory = memory;
    answer = fill(loop, &known, &manager_options);
    if (answer < 0) {
        int reason = errno;
        warmstart_loop_free(loop);
        errno = reason;
        return answer;
    }
    *ret_loop = loop;
    return 0;
}

void warmstart_loop_free(struct warmstart_loop *loop)
{
    if (!loop)
        return;
    assert(!loop->busy && "freed from inside a callback");
    assert(loop->transports == 0 && "a transport is still attached");
    warmstart_manager_free(loop->manager);
    warmstart_timers_deinit(&loop->timers);
    if (loop->wake.fd >= 0)
        close(loop->wake.fd);
    if (loop->epoll >= 0)
        close(loop->epoll);
    struct memory memory = loop->memory;
    warmstart_memory_free(&memory, loop, sizeof(*loop));
}

/* ---- What it says ---- */

int warmstart_loop_fd(const struct warmstart_loop *loop)
{
    return loop ? loop->epoll : -1;
}

struct warmstart_manager *warmstart_loop_manager(struct warmstart_loop *loop)
{
    return loop ? loop->manager : NULL;
}

/* A clock that goes back stands still for us. */
static uint64_t ask_clock(const struct warmstart_loop *loop)
{
    uint64_t now = loop->clock(loop->clock_user);
    return now > loop->now ? now : loop->now;
}

uint64_t warmstart_loop_now(const struct warmstart_loop *loop)
{
    return loop->busy ? loop->now : ask_clock(loop);
}

uint64_t warmstart_loop_clock(const struct warmstart_loop *loop)
{
    return ask_clock(loop);
}

int warmstart_loop_timeout_ms(const struct warmstart_loop *loop)
{
    if (!loop)
        return -1;
    if (loop->events_pending || warmstart_tasks_pending(loop))
        return 0;
    uint64_t deadline = warmstart_next_deadline(loop->manager);
    if (timers_next(&loop->timers) < deadline)
        deadline = timers_next(&loop->timers);
    if (deadline == WARMSTART_NEVER)
        return -1;
    uint64_t now = ask_clock(loop);
    if (deadline <= now)
        return 0;
    /* Rounded up: to wake a moment too early would mean to poll again for the rest. */
    uint64_t ms = (deadline - now - 1) / NS_PER_MS + 1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

int warmstart_loop_get_stats(const struct warmstart_loop *loop, struct warmstart_loop_stats *stats)
{
    if (!loop || !stats || stats->size < sizeof(stats->size))
        return WARMSTART_ERR_INVALID;
    struct warmstart_loop_stats now = loop->stats;
    now.timers = loop->timers.len;
    sized_write(stats, stats->size, &now, sizeof(now));
    return 0;
}

/* ---- Running ---- */

/*
 * One round. Everything that is ready is read before the manager's events are handed out: a peer that left in
 * the same batch in which a payload came is then taken out before the payload would be written to it.
 */
static void serve(struct warmstart_loop *loop)
{
    loop->events_pending = true;
    (void)warmstart_advance(loop->manager, loop->now);
    warmstart_timers_serve(loop);
    warmstart_watches_serve(loop);
    for (int turn = 0; turn < TURNS_MAX && (loop->events_pending || warmstart_tasks_pending(loop)); turn++) {
        warmstart_events_serve(loop);
        warmstart_tasks_serve(loop);
    }
}

static int wait_and_serve(struct warmstart_loop *loop, int wait_ms)
{
    int ready_len = epoll_wait(loop->epoll, loop->batch, BATCH_MAX, wait_ms);
    if (ready_len < 0 && errno != EINTR)
        return WARMSTART_ERR_SYSTEM;
    loop->batch_next = 0;
    loop->batch_len = ready_len > 0 ? (size_t)ready_len : 0;
    loop->now = ask_clock(loop);
    loop->stats.rounds_total++;
    loop->busy = true;
    serve(loop);
    loop->busy = false;

    uint64_t round_ns = ask_clock(loop) - loop->now;
    loop->stats.busy_ns_total += round_ns;
    if (round_ns > loop->stats.round_ns_max)
        loop->stats.round_ns_max = round_ns;
    return 0;
}

int warmstart_loop_process(struct warmstart_loop *loop)
{
    if (!loop || loop->busy)
        return WARMSTART_ERR_INVALID;
    return wait_and_serve(loop, 0);
}

int warmstart_loop_run(struct warmstart_loop *loop)
{
    if (!loop || loop->busy)
        return WARMSTART_ERR_INVALID;
    while (!atomic_exchange(&loop->stopping, false)) {
        int answer = wait_and_serve(loop, warmstart_loop_timeout_ms(loop));
        if (answer < 0)
            return answer;
    }
    return 0;
}

/* Only what a signal handler may do: an atomic that needs no lock, and write(). */
void warmstart_loop_stop(struct warmstart_loop *loop)
{
    if (!loop)
        return;
    int reason = errno;
    atomic_store(&loop->stopping, true);
    uint64_t one = 1;
    ssize_t put = write(loop->wake.fd, &one, sizeof(one));
    (void)put; /* it only fails when the count is full, and then the descriptor is readable anyway */
    errno = reason;
}
