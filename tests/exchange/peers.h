/* SPDX-License-Identifier: MIT */
/* The processes of the exchange. */
#ifndef TESTS_EXCHANGE_PEERS_H
#define TESTS_EXCHANGE_PEERS_H

#include <stdint.h>

/* Runs that a supervisor has under way at the same time. */
enum { PEER_DISPATCHES = 4 };

/* How long a broker waits for an acknowledgement. */
enum { PEER_LEASE_MS = 50 };

struct peer {
    char path[128]; /* of its broker's socket */
    uint32_t serial;
    uint64_t seed;
    int records; /* where it writes down what it knows */
};

/* Waits for runs: acknowledges most, refuses or forgets some. Returns only if something is broken. */
void peer_control(struct peer *peer);

/* Dispatches runs without end, several at a time. Returns only if something is broken. */
void peer_supervise(struct peer *peer);

#endif
