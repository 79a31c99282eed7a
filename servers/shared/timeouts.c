/* SPDX-License-Identifier: MIT */
#include "timeouts.h"

#include <assert.h>
#include <stddef.h>

#include "durations.h"

static void on_due(struct warmstart_timer *timer, uint64_t now)
{
    struct timeouts *timeouts = (struct timeouts *)((char *)timer - offsetof(struct timeouts, timer));
    uint64_t next = FAR_AWAY;
    /* Now, while its place is free for certain: whoever expires may set timers too. */
    (void)warmstart_loop_timer_set(timeouts->loop, timer, FAR_AWAY);
    while (!link_is_empty(&timeouts->list)) {
        struct timeout *timeout = (struct timeout *)timeouts->list.next;
        if (timeout->at > now) {
            next = timeout->at;
            break;
        }
        timeout_end(timeout);
        timeouts->expire(timeout);
    }
    timeouts->ticking = next != FAR_AWAY;
    int error = warmstart_loop_timer_set(timeouts->loop, timer, next);
    assert(error == 0);
    (void)error;
}

int warmstart_timeouts_init(struct timeouts *timeouts, struct warmstart_loop *loop, uint64_t length_ns,
                            void (*expire)(struct timeout *timeout))
{
    *timeouts = (struct timeouts){.loop = loop, .length_ns = length_ns, .expire = expire};
    link_init(&timeouts->list);
    timeouts->timer.due = on_due;
    return warmstart_loop_timer_set(loop, &timeouts->timer, FAR_AWAY);
}

void warmstart_timeouts_deinit(struct timeouts *timeouts, struct warmstart_loop *loop)
{
    assert(!timeouts->list.next || link_is_empty(&timeouts->list));
    warmstart_loop_timer_cancel(loop, &timeouts->timer);
}

void warmstart_timeout_set(struct timeouts *timeouts, struct timeout *timeout)
{
    link_remove(&timeout->link);
    timeout->at = warmstart_loop_now(timeouts->loop) + timeouts->length_ns;
    link_insert_before(&timeouts->list, &timeout->link);
    if (timeouts->ticking)
        return;
    timeouts->ticking = true;
    (void)warmstart_loop_timer_set(timeouts->loop, &timeouts->timer, timeout->at);
}
