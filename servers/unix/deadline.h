/* SPDX-License-Identifier: MIT */
/*
 * How long a connection may take with what it is doing. All deadlines of a kind lie equally far ahead when
 * they are set, so a list in the order of setting is a list in the order of deadlines: setting and ending one
 * is O(1), and one timer for each list looks at its head.
 */
#ifndef SERVERS_UNIX_DEADLINE_H
#define SERVERS_UNIX_DEADLINE_H

#include <stdbool.h>
#include <warmstart/loop.h>

#include "ring.h"

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
    struct link link; /* first; of its list */
    uint64_t at;      /* the loop's time */
    enum deadline_kind kind;
};

struct deadlines {
    struct link list;             /* by time */
    struct warmstart_timer timer; /* always set */
    bool ticking;                 /* set for a deadline of the list, or an earlier one */
    enum deadline_kind kind;
    struct warmstart_unix *server;
};

/* 0, or WARMSTART_ERR_MEMORY. */
int warmstart_unix_deadlines_init(struct warmstart_unix *server);
void warmstart_unix_deadlines_deinit(struct warmstart_unix *server);

/* Begins anew, whatever it was. DEADLINES: ends it. */
void warmstart_unix_deadline_begin(struct warmstart_unix *server, struct deadline *deadline,
                                   enum deadline_kind kind);

#endif
