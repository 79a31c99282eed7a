/* SPDX-License-Identifier: MIT */
/* Hand-overs through a server in this process: controllers and supervisors are sockets that this one writes. */
#ifndef BENCH_COUNT_HAND_OVER_H
#define BENCH_COUNT_HAND_OVER_H

#include "bench/load/protocol.h"

#include <stdint.h>
#include <warmstart/http.h>

struct hand_over {
    const char *name;
    const struct protocol *protocol;
    enum warmstart_http_confirm confirm; /* HTTP only */
    uint32_t held;                       /* controllers */
    uint32_t misses;                     /* 1: posts for a key that nobody has */
};

/* The last one has no name. */
extern const struct hand_over hand_overs[];

/* So many posts, four at a time. Each has to be answered, and each message to arrive. */
void hand_overs_run(const struct hand_over *hand_over, uint64_t times);

#endif
