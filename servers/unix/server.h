/* SPDX-License-Identifier: MIT */
/* The Unix-socket server from inside: what its files share. One thread at a time, the loop's. */
#ifndef SERVERS_UNIX_SERVER_H
#define SERVERS_UNIX_SERVER_H

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>
#include <warmstart/unix.h>

#include "acceptor.h"
#include "body.h"
#include "deadline.h"
#include "descriptor.h"
#include "durations.h"
#include "hash.h"
#include "metadata.h"
#include "ring.h"
#include "spread.h"
#include "table.h"

#define READ_BYTES ((size_t)32768) /* of one connection in one round, beside the body of a dispatch */

/* How far the way to the end has gone. */
enum drain_phase {
    DRAIN_NOT,       /* serving */
    DRAIN_ANNOUNCED, /* serving; this will end */
    DRAIN_LETTING_GO /* nothing new is taken; waits are ended, dispatches end */
};

struct drain {
    enum drain_phase phase;
    struct warmstart_unix_drain_options options; /* once it has begun */
    struct warmstart_timer step;                 /* the end of the delay, then the next wait's time */
    struct warmstart_timer limit;                /* the end of all patience */
    struct warmstart_task check;                 /* looks whether all is over */
    struct spread spread;                        /* of waits that are ended */
    bool over;                                   /* on_drained was called, or would have been */
};

struct counters {
    uint64_t connections;
    uint64_t connections_total;
    uint64_t connections_refused_total;
    uint64_t commands_total;
    uint64_t errors_total;
    uint64_t payloads_total;
    uint64_t acknowledged_total;
    uint64_t refused_total;
    uint64_t overdue_total;
    uint64_t stalled_total;
    uint64_t timeouts_total;
};

struct user;

struct warmstart_unix {
    struct warmstart_transport transport;  /* first, so that it leads back here */
    struct warmstart_loop *loop;           /* the caller's */
    struct warmstart_unix_options options; /* the lists of who is allowed are owned */
    struct acceptors acceptors;            /* its listening sockets */
    struct user *users;                    /* who has connections, if they are limited; through `next` */
    struct link connections;               /* open */
    struct link busy;                      /* connections with commands that are left for the next round */
    struct warmstart_timer busy_timer;     /* the next round; always set */
    struct link dirty;                     /* connections to be written to or freed */
    struct warmstart_task flush;           /* does that */
    struct link waits;                     /* that can be let go, the oldest first */
    size_t waits_len;                      /* how many */
    struct link dispatches;                /* not settled */
    struct memory memory;                  /* of the tables */
    struct hash_key hash_key;              /* random */
    struct table tags;                     /* struct tagged, by connection and tag */
    struct table payload_ids;              /* struct wait whose payload is out, by its id */
    struct budget *budget;                 /* memory for payloads */
    struct timeouts deadlines[DEADLINES];  /* of connections */
    struct metadata metadata;              /* of the command that is being carried out */
    char *scratch;                         /* what is read, of whichever connection */
    size_t scratch_bytes;                  /* its size: a line and READ_BYTES more */
    struct counters counters;              /* since _new */
    struct drain drain;                    /* the way to the end */
    bool drain_asked;                      /* an operator has asked for it */
    bool closing;                          /* in _free */
};

static inline struct warmstart_unix *unix_of_transport(struct warmstart_transport *transport)
{
    return (struct warmstart_unix *)transport;
}

/* Is nothing new taken any more? */
static inline bool warmstart_unix_is_refusing(const struct warmstart_unix *server)
{
    return server->closing || server->drain.phase == DRAIN_LETTING_GO;
}

/* While draining: looks soon whether everything is over. To be called whenever something ended. */
void warmstart_unix_check_drained(struct warmstart_unix *server);

#endif
