/* SPDX-License-Identifier: MIT */
/* A controller that waits: from `wait` until it was told what became of it. */
#ifndef SERVERS_UNIX_WAIT_H
#define SERVERS_UNIX_WAIT_H

#include "connection.h"
#include "tags.h"
#include "time_limit.h"

struct wait {
    struct warmstart_conn conn;    /* first; the core's */
    struct tagged tagged;          /* its `connection` is whom to tell; NULL: told all, or nobody is there */
    struct link link;              /* of the connection's */
    struct link server_link;       /* of the server's, while its payload is not out */
    struct link acknowledged_link; /* of the connection's, while its OK is not written */
    struct warmstart_timer lease;  /* its end */
    struct time_limit leased;      /* until when the payload can be acknowledged */
    warmstart_waiter_id waiter;    /* also the payload's id on the wire */
    uint64_t since;                /* the loop's time */
    uint64_t payload_end;          /* where in the stream the payload ends */
    uint64_t ok_end;               /* where the OK ends */
    bool out;                      /* its payload is in the stream */
    bool acknowledged;             /* its receiver has said so */
    size_t instance_bytes;         /* of the instance, which follows the controller id in `names` */
    char names[];
};

static inline const char *wait_instance(const struct wait *wait)
{
    return wait->names + wait->conn.controller_id_bytes;
}

/* The commands. */
void warmstart_unix_wait_begin(struct connection *connection, const struct command *command);
void warmstart_unix_wait_acknowledge(struct connection *connection, const struct command *command);
void warmstart_unix_wait_refuse(struct connection *connection, const struct command *command);
void warmstart_unix_wait_cancel(struct tagged *tagged, const struct command *command);
void warmstart_unix_wait_leave(struct connection *connection, const struct command *command);

/* More of the stream was written: an OK that is in the peer's queue makes its payload delivered. */
void warmstart_unix_waits_written(struct connection *connection);

/* The connection ends: its waits are told nothing more. */
void warmstart_unix_waits_end(struct connection *connection);

/* Ends up to so many waits whose payload is not out, the newest first; how many that were. */
size_t warmstart_unix_waits_let_go(struct warmstart_unix *server, size_t waits_max);

/* Operations of the transport. */
void warmstart_unix_wait_deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                                 struct warmstart_payload *payload);
void warmstart_unix_wait_ended(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                               enum warmstart_ending ending);

#endif
