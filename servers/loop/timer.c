/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "state.h"

/* warmstart_timer.reserved: what the heap keeps in a timer, and then the round in which it was set. */
enum { TIMER_ROUND = TIMER_WORDS };

static struct warmstart_timer *owner(uint32_t *words)
{
    return (struct warmstart_timer *)(void *)((char *)words - offsetof(struct warmstart_timer, reserved));
}

static uint32_t this_round(const struct warmstart_loop *loop)
{
    return (uint32_t)loop->stats.rounds_total;
}

int warmstart_loop_timer_set(struct warmstart_loop *loop, struct warmstart_timer *timer, uint64_t deadline)
{
    if (!loop || !timer || !timer->due)
        return WARMSTART_ERR_INVALID;
    if (deadline == WARMSTART_NEVER) {
        warmstart_timers_cancel(&loop->timers, timer->reserved);
        return 0;
    }
    if (!timer_is_set(timer->reserved) && (loop->timers.len == UINT32_MAX - 1 ||
                                           !warmstart_timers_reserve(&loop->timers, loop->timers.len + 1)))
        return WARMSTART_ERR_MEMORY;
    /* The past is as good as now, so that what is set in a round comes after all that were due in it. */
    warmstart_timers_set(&loop->timers, timer->reserved, deadline > loop->now ? deadline : loop->now);
    timer->reserved[TIMER_ROUND] = this_round(loop);
    return 0;
}

void warmstart_loop_timer_cancel(struct warmstart_loop *loop, struct warmstart_timer *timer)
{
    if (loop && timer)
        warmstart_timers_cancel(&loop->timers, timer->reserved);
}

/* A timer that sets itself again for now must not keep the round going: it waits for the next one. */
static struct warmstart_timer *next_due(struct warmstart_loop *loop, uint64_t *ret_deadline)
{
    if (timers_next(&loop->timers) > loop->now ||
        loop->timers.entries[0].timer[TIMER_ROUND] == this_round(loop))
        return NULL;
    return owner(warmstart_timers_pop(&loop->timers, loop->now, ret_deadline));
}

void warmstart_timers_serve(struct warmstart_loop *loop)
{
    struct warmstart_timer *timer;
    uint64_t deadline;
    while (loop->timers.len > 0 && (timer = next_due(loop, &deadline)) != NULL) {
        uint64_t late_ns = loop->now - deadline;
        loop->stats.late_ns_last = late_ns;
        if (late_ns > loop->stats.late_ns_max)
            loop->stats.late_ns_max = late_ns;
        timer->due(timer, loop->now);
    }
}
