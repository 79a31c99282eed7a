/* SPDX-License-Identifier: MIT */
/* The queue of a field set: its waiters that can be matched, by age. It keeps the set's rank in the index. */
#ifndef WARMSTART_LIB_QUEUE_H
#define WARMSTART_LIB_QUEUE_H

#include "manager.h"

/* Puts a waiter in the place of its age. */
void warmstart_queue_add(struct warmstart_manager *manager, struct waiter *waiter);

/*
 * The same for many, linked by `newer` in any order, SLAB_NONE after the last: it takes about as long as
 * sorting them, and once through the queues that they come to.
 */
void warmstart_queue_add_all(struct warmstart_manager *manager, uint32_t list);

void warmstart_queue_remove(struct warmstart_manager *manager, struct waiter *waiter);

/* The slot number of the waiter of this set that is to be taken next; SLAB_NONE: none can be matched. */
static inline uint32_t queue_first(const struct warmstart_manager *manager, const struct field_set *set)
{
    return manager->options.order == WARMSTART_OLDEST_FIRST ? set->oldest : set->newest;
}

/* That waiter, or NULL. */
static inline struct waiter *queue_next(const struct warmstart_manager *manager, const struct field_set *set)
{
    uint32_t number = queue_first(manager, set);
    return number == SLAB_NONE ? NULL : waiter_at(manager, number);
}

/* The next one is going to be taken: with a million waiters it is in no cache. */
static inline void queue_expect(const struct warmstart_manager *manager, const struct field_set *set,
                                const struct waiter *next)
{
    __builtin_prefetch(next);
    __builtin_prefetch((const char *)(next + 1) - 1);
    index_expect(&manager->sets.index, set->number);
}

#endif
