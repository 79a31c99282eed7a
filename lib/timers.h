/* SPDX-License-Identifier: MIT */
/*
 * Deadlines: a 4-ary heap of pointers into the owners of the timers. Exact; the earliest comes first, equal
 * ones in the order they were set. Set and cancel touch few levels (most entries of a 4-ary heap are
 * leaves), popping O(log n).
 *
 * A timer is two words in its owner's memory, zero before first use.
 */
#ifndef WARMSTART_LIB_TIMERS_H
#define WARMSTART_LIB_TIMERS_H

#include "memory.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    TIMER_PLACE = 0,    /* place in the heap plus 1; 0: not set */
    TIMER_SEQUENCE = 1, /* when it was set, compared modulo 2^32 */
    TIMER_WORDS = 2
};

struct timers_entry {
    uint64_t deadline;
    uint32_t *timer;
};

struct timers {
    struct memory *memory;
    struct timers_entry *entries;
    uint32_t len;
    uint32_t capacity;
    uint32_t next_sequence;
};

void warmstart_timers_init(struct timers *timers, struct memory *memory);
void warmstart_timers_deinit(struct timers *timers);

/*
 * Makes room for so many timers, so that warmstart_timers_set() has it. False: out of memory, nothing
 * changed.
 */
bool warmstart_timers_reserve(struct timers *timers, uint32_t capacity);

/* Sets or moves a timer. There is room: warmstart_timers_reserve() has seen to it. */
void warmstart_timers_set(struct timers *timers, uint32_t timer[TIMER_WORDS], uint64_t deadline);

/* The same, in the place that this number gives it among equal deadlines. */
void warmstart_timers_put(struct timers *timers, uint32_t timer[TIMER_WORDS], uint64_t deadline,
                          uint32_t sequence);

/* Cancels a timer. Fine when it is not set. */
void warmstart_timers_cancel(struct timers *timers, uint32_t timer[TIMER_WORDS]);

static inline bool timer_is_set(const uint32_t timer[TIMER_WORDS])
{
    return timer[TIMER_PLACE] != 0;
}

/* Is a timer set to a deadline not after this one? */
static inline bool timers_come_by(const struct timers *timers, const uint32_t timer[TIMER_WORDS],
                                  uint64_t deadline)
{
    return timer_is_set(timer) && timers->entries[timer[TIMER_PLACE] - 1].deadline <= deadline;
}

/* A timer is going to be set again. */
static inline void timers_expect(const struct timers *timers, const uint32_t timer[TIMER_WORDS])
{
    if (timer_is_set(timer))
        __builtin_prefetch(&timers->entries[timer[TIMER_PLACE] - 1]);
}

/* The earliest deadline; WARMSTART_NEVER: none is set. */
static inline uint64_t timers_next(const struct timers *timers)
{
    return timers->len > 0 ? timers->entries[0].deadline : WARMSTART_NEVER;
}

/* Takes the earliest timer out if its deadline is not after `now`. NULL: none is due. */
uint32_t *warmstart_timers_pop(struct timers *timers, uint64_t now, uint64_t *ret_deadline);

#endif
