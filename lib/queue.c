/* SPDX-License-Identifier: MIT */
#include "queue.h"

/*
 * The neighbour that is just older; SLAB_NONE: none is. A new waiter is the youngest of all; one that comes
 * back is looked for from the end that it was taken from.
 */
static uint32_t find_older(const struct warmstart_manager *manager, const struct field_set *set, uint64_t age)
{
    if (set->newest == SLAB_NONE || waiter_at(manager, set->newest)->age < age)
        return set->newest;
    if (manager->options.order == WARMSTART_OLDEST_FIRST) {
        uint32_t older = SLAB_NONE;
        for (uint32_t at = set->oldest; waiter_at(manager, at)->age < age; at = waiter_at(manager, at)->newer)
            older = at;
        return older;
    }
    uint32_t at = set->newest;
    while (at != SLAB_NONE && waiter_at(manager, at)->age > age)
        at = waiter_at(manager, at)->older;
    return at;
}

/* The set ranks as the waiter that is to be taken next: never 0, the better the higher. */
static void rank(struct warmstart_manager *manager, const struct field_set *set)
{
    const struct waiter *next = queue_next(manager, set);
    uint64_t rank = 0;
    if (next != NULL)
        rank = manager->options.order == WARMSTART_OLDEST_FIRST ? UINT64_MAX - next->age : next->age + 1;
    index_rank(&manager->sets.index, set->number, rank);
}

void warmstart_queue_add(struct warmstart_manager *manager, struct waiter *waiter)
{
    struct field_set *set = waiter->set;
    uint32_t number = waiter_number(waiter);
    waiter->older = find_older(manager, set, waiter->age);
    uint32_t *from_older =
        waiter->older == SLAB_NONE ? &set->oldest : &waiter_at(manager, waiter->older)->newer;
    waiter->newer = *from_older;
    *from_older = number;
    if (waiter->newer == SLAB_NONE)
        set->newest = number;
    else
        waiter_at(manager, waiter->newer)->older = number;
    set->waiting++;
    if (queue_first(manager, set) == number)
        rank(manager, set);
}

void warmstart_queue_remove(struct warmstart_manager *manager, struct waiter *waiter)
{
    struct field_set *set = waiter->set;
    bool next = queue_first(manager, set) == waiter_number(waiter);
    if (waiter->older == SLAB_NONE)
        set->oldest = waiter->newer;
    else
        waiter_at(manager, waiter->older)->newer = waiter->newer;
    if (waiter->newer == SLAB_NONE)
        set->newest = waiter->older;
    else
        waiter_at(manager, waiter->newer)->older = waiter->older;
    waiter->older = waiter->newer = SLAB_NONE;
    set->waiting--;
    if (next)
        rank(manager, set);
}
