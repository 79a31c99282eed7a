/* SPDX-License-Identifier: MIT */
/* How long a connection may take with what it is doing. */
#ifndef SERVERS_UNIX_DEADLINE_H
#define SERVERS_UNIX_DEADLINE_H

#include "timeouts.h"

struct warmstart_unix;

enum deadline_kind {
    DEADLINE_LINE = 0, /* a line was begun */
    DEADLINE_BODY,     /* a body was begun */
    DEADLINE_IDLE,     /* nothing was begun, and there is nothing to wait for */
    DEADLINE_STALL,    /* something is to be written that the peer does not read */
    DEADLINES          /* how many; also: none */
};

/* In what it is about; zero and DEADLINES before first use. */
struct deadline {
    struct timeout timeout; /* first; in server->deadlines[kind] */
    enum deadline_kind kind;
};

/* 0, or WARMSTART_ERR_MEMORY. */
int warmstart_unix_deadlines_init(struct warmstart_unix *server);
void warmstart_unix_deadlines_deinit(struct warmstart_unix *server);

/* Begins anew, whatever it was. DEADLINES: ends it. */
void warmstart_unix_deadline_begin(struct warmstart_unix *server, struct deadline *deadline,
                                   enum deadline_kind kind);

#endif
