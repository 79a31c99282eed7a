/* SPDX-License-Identifier: MIT */
#include "timers.h"

#include <assert.h>

enum { CHILDREN = 4 };

void warmstart_timers_init(struct timers *timers, struct memory *memory)
{
    *timers = (struct timers){.memory = memory};
}

void warmstart_timers_deinit(struct timers *timers)
{
    warmstart_memory_free(timers->memory, timers->entries, timers->capacity * sizeof(*timers->entries));
    warmstart_timers_init(timers, timers->memory);
}

bool warmstart_timers_reserve(struct timers *timers, uint32_t capacity)
{
    if (capacity <= timers->capacity)
        return true;
    /* An eighth more than before: the heap counts against the memory of each waiter. */
    uint32_t grown = timers->capacity + timers->capacity / 8 + 64;
    if (grown < capacity)
        grown = capacity;
    struct timers_entry *entries =
        warmstart_memory_resize(timers->memory, timers->entries, timers->capacity * sizeof(*entries),
                                (size_t)grown * sizeof(*entries));
    if (entries == NULL)
        return false;
    timers->entries = entries;
    timers->capacity = grown;
    return true;
}

static bool earlier(const struct timers_entry *a, const struct timers_entry *b)
{
    if (a->deadline != b->deadline)
        return a->deadline < b->deadline;
    return (int32_t)(a->timer[TIMER_SEQUENCE] - b->timer[TIMER_SEQUENCE]) < 0;
}

static void place(struct timers *timers, uint32_t at, struct timers_entry entry)
{
    timers->entries[at] = entry;
    entry.timer[TIMER_PLACE] = at + 1;
}

static void move_up(struct timers *timers, uint32_t at, struct timers_entry entry)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / CHILDREN;
        if (!earlier(&entry, &timers->entries[parent]))
            break;
        place(timers, at, timers->entries[parent]);
        at = parent;
    }
    place(timers, at, entry);
}

static void move_down(struct timers *timers, uint32_t at, struct timers_entry entry)
{
    for (;;) {
        uint32_t first = at * CHILDREN + 1;
        if (first >= timers->len)
            break;
        uint32_t end = timers->len - first < CHILDREN ? timers->len : first + CHILDREN;
        uint32_t least = first;
        for (uint32_t child = first + 1; child < end; child++)
            if (earlier(&timers->entries[child], &timers->entries[least]))
                least = child;
        if (!earlier(&timers->entries[least], &entry))
            break;
        place(timers, at, timers->entries[least]);
        at = least;
    }
    place(timers, at, entry);
}

/* Puts an entry where it belongs, starting from a place that is free. */
static void settle(struct timers *timers, uint32_t at, struct timers_entry entry)
{
    if (at > 0 && earlier(&entry, &timers->entries[(at - 1) / CHILDREN]))
        move_up(timers, at, entry);
    else
        move_down(timers, at, entry);
}

void warmstart_timers_set(struct timers *timers, uint32_t timer[TIMER_WORDS], uint64_t deadline)
{
    warmstart_timers_put(timers, timer, deadline, timers->next_sequence++);
}

void warmstart_timers_put(struct timers *timers, uint32_t timer[TIMER_WORDS], uint64_t deadline,
                          uint32_t sequence)
{
    uint32_t at = timer[TIMER_PLACE];
    timer[TIMER_SEQUENCE] = sequence;
    if (at == 0) {
        assert(timers->len < timers->capacity);
        move_up(timers, timers->len++, (struct timers_entry){deadline, timer});
    } else {
        settle(timers, at - 1, (struct timers_entry){deadline, timer});
    }
}

void warmstart_timers_cancel(struct timers *timers, uint32_t timer[TIMER_WORDS])
{
    uint32_t at = timer[TIMER_PLACE];
    if (at == 0)
        return;
    at--;
    assert(at < timers->len && timers->entries[at].timer == timer);
    timer[TIMER_PLACE] = 0;
    struct timers_entry last = timers->entries[--timers->len];
    if (at < timers->len)
        settle(timers, at, last);
}

uint32_t *warmstart_timers_pop(struct timers *timers, uint64_t now, uint64_t *ret_deadline)
{
    if (timers->len == 0 || timers->entries[0].deadline > now)
        return NULL;
    uint32_t *timer = timers->entries[0].timer;
    *ret_deadline = timers->entries[0].deadline;
    warmstart_timers_cancel(timers, timer);
    return timer;
}
