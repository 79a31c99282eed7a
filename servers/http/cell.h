/* SPDX-License-Identifier: MIT */
/* Cells: small libmicrohttpd daemons without listen sockets or threads, run by the loop. */
#ifndef SERVERS_HTTP_CELL_H
#define SERVERS_HTTP_CELL_H

#include <sys/socket.h>

#include "connection.h"

struct cell {
    struct link link; /* in cells_roomy or cells_full */
    struct warmstart_http *http;
    struct MHD_Daemon *daemon;
    struct warmstart_watch watch; /* of the daemon's epoll descriptor */
    struct warmstart_task task;   /* runs the daemon */
    struct warmstart_timer timer; /* runs it later, when it is stalled */
    struct link handshakes;       /* connections whose handshake is not over */
    struct link paused;           /* the same, suspended */
    bool secure;                  /* it speaks TLS */
    struct tls *tls;              /* with these certificates, a reference; NULL: it does not */
    bool outdated;               /* there are other certificates now: no more connections, and then it goes */
    struct link uploads;         /* connections whose request has a body that is not read whole */
    uint64_t calls;              /* of the access handler: bodies get on */
    uint32_t stalls;             /* turns in a row that ended with more to do, and in which none was made */
    struct connection *arriving; /* that is being handed over */
    uint32_t connections;        /* how many it has */
};

/*
 * Starts a cell, for TLS if `secure`. 0: it is among those with room. WARMSTART_ERR_MEMORY;
 * WARMSTART_ERR_SYSTEM: errno.
 */
int warmstart_http_cell_new(struct warmstart_http *http, bool secure);

/*
 * A new cell with the server's present certificates, and no more connections to those that speak TLS already.
 * Errors as for _new; then everything is as it was.
 */
int warmstart_http_cells_renew(struct warmstart_http *http);

/* Stops a cell; its connections are closed. None of them may be held, and it must not be running. */
void warmstart_http_cell_free(struct cell *cell);

/*
 * Hands an accepted, non-blocking socket to a cell. 0: it belongs to the cell. Otherwise it is closed,
 * counted and, if that was possible, answered: WARMSTART_ERR_MEMORY, WARMSTART_ERR_SYSTEM.
 */
int warmstart_http_cell_add(struct warmstart_http *http, int fd, const struct sockaddr *peer,
                            socklen_t peer_bytes, enum warmstart_http_role role, bool shared);

/* Runs the cell soon: something happened that its descriptor does not show. */
void warmstart_http_cell_mark(struct cell *cell);

/* Runs the cell a few times now, so that answers which are ready get out. */
void warmstart_http_cell_flush(struct cell *cell);

/* The arriving connection has arrived: it is one of the cell's from now on. */
void warmstart_http_cell_take(struct cell *cell);

/* A connection of the cell is closed: it has room again. */
void warmstart_http_cell_forget(struct cell *cell);

#endif
