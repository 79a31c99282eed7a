/* SPDX-License-Identifier: MIT */
/*
 * Deadlines that all lie equally far ahead when they are set. So a list in the order of setting is a list in
 * the order of deadlines: setting and ending one is O(1) and cannot fail. One timer looks at the head of the
 * list; it is not moved when the head goes, it finds out when it is due.
 */
#ifndef SERVERS_SHARED_TIMEOUTS_H
#define SERVERS_SHARED_TIMEOUTS_H

#include <stdbool.h>
#include <warmstart/loop.h>

#include "ring.h"

/* In what it is about; all zero before first use. */
struct timeout {
    struct link link; /* first; not linked: none is set */
    uint64_t at;      /* the loop's time */
};

struct timeouts {
    struct link list; /* by time */
    struct warmstart_loop *loop;
    struct warmstart_timer timer;            /* always set */
    uint64_t length_ns;                      /* how far ahead they lie */
    bool ticking;                            /* set for one of the list, or for an earlier time */
    void (*expire)(struct timeout *timeout); /* it is over, and not set any more */
};

/* 0; WARMSTART_ERR_MEMORY: _deinit is fine, also on one that is all zero. */
int warmstart_timeouts_init(struct timeouts *timeouts, struct warmstart_loop *loop, uint64_t length_ns,
                            void (*expire)(struct timeout *timeout));

/* None may be set any more. */
void warmstart_timeouts_deinit(struct timeouts *timeouts, struct warmstart_loop *loop);

/* Sets it, anew if it was set, here or elsewhere. */
void warmstart_timeout_set(struct timeouts *timeouts, struct timeout *timeout);

/* Fine when it is not set. */
static inline void timeout_end(struct timeout *timeout)
{
    link_remove(&timeout->link);
}

#endif
