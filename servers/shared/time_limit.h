/* SPDX-License-Identifier: MIT */
/* How long something is waited for that may have come already, only that nobody could look. */
#ifndef SERVERS_SHARED_TIME_LIMIT_H
#define SERVERS_SHARED_TIME_LIMIT_H

#include "durations.h"

#include <stdbool.h>
#include <stdint.h>

/* Whoever looks so late was not busy but stood still: the process, or its machine. */
#define STANDSTILL_NS (10 * MILLISECOND_NS)

/* Then there is at least so much time, once: to read what came meanwhile, and for a kernel that delays its
 * acknowledgements by up to 40 ms (TCP_DELACK_MIN of Linux). */
#define AFTER_STANDSTILL_NS (40 * MILLISECOND_NS)

struct time_limit {
    uint64_t until; /* on the loop's clock */
    bool extended;  /* there was a standstill, and `until` is the second one */
};

static inline void time_limit_begin(struct time_limit *limit, uint64_t until)
{
    *limit = (struct time_limit){.until = until};
}

/* Whether it is over, for one who looks now and wanted to at `due`. False: look again by limit->until. */
static inline bool time_limit_is_over(struct time_limit *limit, uint64_t due, uint64_t now)
{
    if (!limit->extended && now > due + STANDSTILL_NS && limit->until < now + AFTER_STANDSTILL_NS) {
        limit->extended = true;
        limit->until = now + AFTER_STANDSTILL_NS;
    }
    return now >= limit->until;
}

#endif
