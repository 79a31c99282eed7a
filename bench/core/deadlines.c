/* SPDX-License-Identifier: MIT */
/*
 * The core's deadlines by themselves (lib/deadline.h, which is no public interface), of waiters that do nothing
 * else.
 */
#include "contender.h"

#include "lib/deadline.h"

#include <stdlib.h>

#define POLL_NS UINT64_C(30000000000)

struct store {
    struct warmstart_manager manager; /* of which only what deadlines need is used */
    struct waiter *waiters;           /* one more than have a deadline */
    uint32_t len;                     /* that have one */
    uint32_t spare;                   /* number of the one that has none */
    uint64_t random;
    uint64_t now;
};

static void set(struct store *store, uint32_t number)
{
    struct waiter *waiter = &store->waiters[number];
    waiter->match_until = ++store->now + POLL_NS;
    deadline_set(&store->manager, &waiter->entity, waiter->match_until);
}

static void *create(const struct population *population)
{
    struct store *store = allocate(1, sizeof(*store));
    store->len = population->waiters;
    store->spare = store->len;
    store->waiters = allocate((size_t)store->len + 1, sizeof(*store->waiters));
    store->random = 1;
    warmstart_memory_init(&store->manager.memory, &(struct warmstart_allocator){0});
    warmstart_timers_init(&store->manager.timers, &store->manager.memory);
    if (!warmstart_timers_reserve(&store->manager.timers, store->len + 1))
        wrong("out of memory");
    for (uint32_t i = 0; i < store->len; i++) {
        store->waiters[i].expires_at = WARMSTART_NEVER;
        set(store, i);
    }
    return store;
}

static void destroy(void *pointer)
{
    struct store *store = pointer;
    if (store->manager.timed != store->len)
        wrong("there are more or less deadlines than were set");
    warmstart_timers_deinit(&store->manager.timers);
    free(store->waiters);
    free(store);
}

/* Some waiter has its payload: its deadline goes. It comes again: the latest deadline of all. */
static int set_and_cancel(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    for (; times > 0; times--) {
        set(store, store->spare);
        uint32_t other = random_below(&store->random, store->len + 1);
        deadline_cancel(&store->manager, &store->waiters[other].entity);
        store->spare = other;
    }
    return 0;
}

/* The newest is matched at once, as the core does it unless told otherwise. */
static int set_and_cancel_newest(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    for (; times > 0; times--) {
        set(store, store->spare);
        deadline_cancel(&store->manager, &store->waiters[store->spare].entity);
    }
    return 0;
}

/* Poll after poll: time passes, and what the heap has of long ago comes up. */
static int set_cancel_and_wait(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    uint64_t step = POLL_NS / store->len;
    for (; times > 0; times--) {
        store->now += step;
        set_and_cancel(store, 1);
        if (warmstart_deadline_first(&store->manager, store->now) <= store->now) {
            struct entity *due = warmstart_deadline_take(&store->manager);
            set(store, (uint32_t)((struct waiter *)due - store->waiters));
        }
    }
    return 0;
}

const struct contender contender_deadlines = {
    .name = "warmstart",
    .create = create,
    .destroy = destroy,
    .plain = {{"deadline, any", set_and_cancel},
              {"deadline, newest", set_and_cancel_newest},
              {"deadline, due", set_cancel_and_wait}},
};
