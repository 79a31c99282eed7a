/* SPDX-License-Identifier: MIT */
/* Times on a loop's clock, in nanoseconds. */
#ifndef SERVERS_SHARED_DURATIONS_H
#define SERVERS_SHARED_DURATIONS_H

#include <warmstart/loop.h>

#define SECOND_NS      UINT64_C(1000000000)
#define MILLISECOND_NS UINT64_C(1000000)
#define MICROSECOND_NS UINT64_C(1000)

#define TIMEOUT_MS_MAX                                                                                       \
    UINT32_C(86400000) /* a day: the longest time that a server can be given for anything */

/* A timer that stays set has its place in the loop for certain; this is when it is set for nothing. */
#define FAR_AWAY (WARMSTART_NEVER - 1)

#endif
