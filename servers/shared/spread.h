/* SPDX-License-Identifier: MIT */
/* Many things that are let go evenly over some time, as held polls are when a server stops. */
#ifndef SERVERS_SHARED_SPREAD_H
#define SERVERS_SHARED_SPREAD_H

#include "durations.h"

#include <stddef.h>
#include <stdint.h>

struct spread {
    uint64_t since; /* on the loop's clock */
    uint32_t ms;    /* 0: all at once */
    size_t all;     /* how many there were at first; more may come */
    size_t gone;    /* how many were let go: counted by the owner */
};

static inline void spread_begin(struct spread *spread, uint64_t now, uint32_t ms, size_t all)
{
    *spread = (struct spread){.since = now, .ms = ms, .all = all};
}

/* How many are to be gone by now; SIZE_MAX: all, those too that came later. */
static inline size_t spread_due_by(const struct spread *spread, uint64_t now)
{
    uint64_t ms = (now - spread->since) / MILLISECOND_NS;
    return ms >= spread->ms ? SIZE_MAX : (size_t)(spread->all * ms / spread->ms);
}

/* When the one with this number, counted from 1, is to be let go. There was at least one at first. */
static inline uint64_t spread_due_at(const struct spread *spread, uint64_t number)
{
    uint64_t ms = (number * spread->ms + spread->all - 1) / spread->all;
    return spread->since + ms * MILLISECOND_NS;
}

#endif
