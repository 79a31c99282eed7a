/* SPDX-License-Identifier: MIT */
/* A transport that is not HTTP: one waiter and one dispatch on the same loop, and what it is told. */
#ifndef TESTS_HTTP_FOREIGN_H
#define TESTS_HTTP_FOREIGN_H

#include "client.h"

struct foreign {
    struct warmstart_transport transport;
    struct warmstart_conn conn;
    struct warmstart_origin origin;
    struct fixture *fixture;
    warmstart_waiter_id waiter;
    warmstart_dispatch_id dispatch;
    unsigned delivers; /* calls of deliver */
    unsigned ends;     /* calls of ended */
    unsigned settles;  /* calls of settled */
    enum warmstart_ending ending;
    enum warmstart_outcome outcome;
    char payload[256]; /* the last, cut */
};

void foreign_attach(struct foreign *foreign, struct fixture *fixture);

/* Its waiter and dispatch must be over. */
void foreign_detach(struct foreign *foreign);

/* Waits as the usual identity; does not report what is delivered. */
void foreign_wait(struct foreign *foreign);

/* Dispatches a payload to the usual identity. 1: somebody waits. */
int foreign_dispatch(struct foreign *foreign, const char *payload, size_t payload_bytes, uint64_t timeout_ms);

#endif
