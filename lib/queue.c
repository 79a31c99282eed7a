/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include <assert.h>

/* The first that is older than `age`, from some waiter on towards the older ones; SLAB_NONE: none is. */
static uint32_t find_older_from(const struct warmstart_manager *manager, uint32_t from, uint64_t age)
{
    while (from != SLAB_NONE && waiter_at(manager, from)->age > age)
        from = waiter_at(manager, from)->older;
    return from;
}

/*
 * The neighbour that is just older; SLAB_NONE: none is. A new waiter is the youngest of all; one that comes
 * back is looked for from the end that it was taken from.
 */
static uint32_t find_older(const struct warmstart_manager *manager, const struct field_set *set, uint64_t age)
{
    if (set->newest == SLAB_NONE || waiter_at(manager, set->newest)->age < age)
        return set->newest;
    if (manager->options.order == WARMSTART_NEWEST_FIRST)
        return find_older_from(manager, set->newest, age);
    uint32_t older = SLAB_NONE;
    for (uint32_t at = set->oldest; waiter_at(manager, at)->age < age; at = waiter_at(manager, at)->newer)
        older = at;
    return older;
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

/* Puts a waiter between the one that is just older, or SLAB_NONE, and the next one. */
static void insert(struct warmstart_manager *manager, struct waiter *waiter, uint32_t older)
{
    struct field_set *set = waiter->set;
    uint32_t number = waiter_number(waiter);
    waiter->older = older;
    uint32_t *from_older = older == SLAB_NONE ? &set->oldest : &waiter_at(manager, older)->newer;
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

void warmstart_queue_add(struct warmstart_manager *manager, struct waiter *waiter)
{
    insert(manager, waiter, find_older(manager, waiter->set, waiter->age));
}

/* Those of a set stand together, the younger ones first. */
static bool comes_before(const struct waiter *a, const struct waiter *b)
{
    if (a->set != b->set)
        return a->set->number < b->set->number;
    return a->age > b->age;
}

/* One sorted list of two. */
static uint32_t merge(const struct warmstart_manager *manager, uint32_t a, uint32_t b)
{
    uint32_t first, *end = &first;
    while (a != SLAB_NONE && b != SLAB_NONE) {
        uint32_t *next = comes_before(waiter_at(manager, a), waiter_at(manager, b)) ? &a : &b;
        *end = *next;
        end = &waiter_at(manager, *next)->newer;
        *next = *end;
    }
    *end = a != SLAB_NONE ? a : b;
    return first;
}

/* Sorts a list in place: there may be no memory for anything else. */
static uint32_t sort(const struct warmstart_manager *manager, uint32_t list)
{
    uint32_t piles[32]; /* none, or 2 to the power of its place */
    for (int i = 0; i < 32; i++)
        piles[i] = SLAB_NONE;
    while (list != SLAB_NONE) {
        uint32_t pile = list;
        list = waiter_at(manager, pile)->newer;
        waiter_at(manager, pile)->newer = SLAB_NONE;
        int i = 0;
        for (; piles[i] != SLAB_NONE; i++) {
            pile = merge(manager, piles[i], pile);
            piles[i] = SLAB_NONE;
        }
        piles[i] = pile;
    }
    for (int i = 0; i < 32; i++)
        list = merge(manager, list, piles[i]);
    return list;
}

/* Sorted, they find their places on one way through each queue. */
void warmstart_queue_add_all(struct warmstart_manager *manager, uint32_t list)
{
    const struct field_set *set = NULL;
    uint32_t from = SLAB_NONE, next;
    for (uint32_t number = sort(manager, list); number != SLAB_NONE; number = next) {
        struct waiter *waiter = waiter_at(manager, number);
        next = waiter->newer;
        assert(waiter->set != NULL);
        if (waiter->set != set)
            from = waiter->set->newest;
        set = waiter->set;
        insert(manager, waiter, find_older_from(manager, from, waiter->age));
        from = waiter->older;
    }
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
