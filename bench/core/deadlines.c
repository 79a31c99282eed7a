/* SPDX-License-Identifier: MIT */
/*
 * The core's deadlines by themselves (lib/timers.h, which is no public interface): each timer stands in an
 * object of the size of a waiter, as it does in the core.
 */
#include "contender.h"

#include "lib/timers.h"

#include <stdlib.h>

#define POLL_NS UINT64_C(30000000000)

struct owner {
    uint32_t timer[TIMER_WORDS];
    char rest[128 - sizeof(uint32_t[TIMER_WORDS])];
};

struct store {
    struct memory memory;
    struct timers timers;
    struct owner *owners; /* one more than are set */
    uint32_t len;         /* that are set */
    uint32_t spare;       /* number of the one that is not */
    uint64_t random;
    uint64_t now;
};

static void *create(const struct population *population)
{
    struct store *store = allocate(1, sizeof(*store));
    store->len = population->waiters;
    store->spare = store->len;
    store->owners = allocate((size_t)store->len + 1, sizeof(*store->owners));
    store->random = 1;
    warmstart_memory_init(&store->memory, &(struct warmstart_allocator){0});
    warmstart_timers_init(&store->timers, &store->memory);
    if (!warmstart_timers_reserve(&store->timers, store->len + 1))
        wrong("out of memory");
    for (uint32_t i = 0; i < store->len; i++)
        warmstart_timers_set(&store->timers, store->owners[i].timer, ++store->now + POLL_NS);
    return store;
}

static void destroy(void *pointer)
{
    struct store *store = pointer;
    warmstart_timers_deinit(&store->timers);
    free(store->owners);
    free(store);
}

/* Some waiter has its payload: its deadline goes. It comes again: the latest deadline of all. */
static int set_and_cancel(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    for (; times > 0; times--) {
        warmstart_timers_set(&store->timers, store->owners[store->spare].timer, ++store->now + POLL_NS);
        uint32_t other = random_below(&store->random, store->len + 1);
        warmstart_timers_cancel(&store->timers, store->owners[other].timer);
        store->spare = other;
    }
    return 0;
}

/* The newest is matched at once, as the core does it unless told otherwise. */
static int set_and_cancel_newest(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    for (; times > 0; times--) {
        warmstart_timers_set(&store->timers, store->owners[store->spare].timer, ++store->now + POLL_NS);
        warmstart_timers_cancel(&store->timers, store->owners[store->spare].timer);
    }
    return 0;
}

const struct contender contender_deadlines = {
    .name = "warmstart",
    .create = create,
    .destroy = destroy,
    .plain = {{"deadline, any", set_and_cancel}, {"deadline, newest", set_and_cancel_newest}},
};
