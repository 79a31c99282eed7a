/* SPDX-License-Identifier: MIT */
/* A connection: what we know of it beside libmicrohttpd, from accept to close. */
#ifndef SERVERS_HTTP_CONNECTION_H
#define SERVERS_HTTP_CONNECTION_H

#include "server.h"

enum route {
    ROUTE_NONE = 0, /* there is no such path for this listener */
    ROUTE_CONNECT,
    ROUTE_WARM_START,
    ROUTE_HEALTHZ,
    ROUTE_READYZ,
    ROUTE_METRICS,
    ROUTE_CONTROLLER,
    ROUTE_CORDON,
    ROUTE_WAITERS,
    ROUTE_ACK,
    ROUTE_WAIT,
    ROUTE_DISPATCH
};

enum method {
    METHOD_OTHER = 0,
    METHOD_GET = 1,
    METHOD_HEAD = 2,
    METHOD_POST = 4,
    METHOD_PUT = 8,
    METHOD_DELETE = 16
};

struct cell;
struct body;
struct poll;

struct connection {
    struct warmstart_http *http;
    struct cell *cell;            /* whose daemon it belongs to */
    struct MHD_Connection *mhd;   /* libmicrohttpd's side of it */
    struct warmstart_watch watch; /* for the peer's end; set when it is first held, until it is closed */
    struct timeout timeout;       /* of the phase, in http->deadlines[phase]; not set in PHASE_NONE */
    uint64_t peer;                /* its address, as a key of http->peers */
    struct link handshake;   /* in cell->handshakes or cell->paused; not linked without TLS, or after it */
    struct poll *confirming; /* whose message was written and may not have arrived; NULL: none */
    int fd;                  /* the socket, libmicrohttpd's */
    bool counted;            /* in http->peers */
    bool paused;             /* suspended until the peer goes on with the handshake */
    uint8_t finished;        /* which sides have finished the handshake */
    bool expired;            /* took too long and is being closed: nothing is served any more */
    uint8_t phase;           /* enum phase */
    uint8_t role;            /* enum warmstart_http_role of its listener */
    bool shared;             /* its listener is: the next process can have what comes after it */
    bool peer_gone;          /* the peer has closed, or shut down its sending side */
    bool unread;             /* closed with bytes on the way: linger */
    bool local;              /* a Unix socket */
    bool acks_late;          /* its peer's kernel did not acknowledge the last message at once */

    /* Of the present request. */
    bool suspended;            /* held: libmicrohttpd does not look at it */
    bool doomed;               /* to be closed without an answer */
    uint8_t route;             /* enum route */
    uint8_t method;            /* enum method */
    uint8_t allowed;           /* methods of the route */
    bool guarded;              /* the dispatch token is asked for */
    const char *target_end;    /* end of the request's target as it came; NULL: it is broken */
    uint64_t received;         /* bytes of the body so far */
    uint64_t announced;        /* Content-Length; 0: none */
    struct body *body;         /* what was kept of it, a reference; NULL: nothing so far */
    struct poll *poll;         /* the held poll, NULL: none */
    struct link uploading;     /* in cell->uploads until its body is read */
    struct link turn;          /* in http->turns.waiting; not linked: it does not wait for its turn */
    struct dispatch *dispatch; /* the dispatch that the request waits for; NULL: none */
};

static inline struct connection *connection_of_timeout(struct timeout *timeout)
{
    return (struct connection *)((char *)timeout - offsetof(struct connection, timeout));
}

/* Whose words its present request is in. */
static inline enum dialect connection_dialect(const struct connection *connection)
{
    bool generic = connection->route == ROUTE_WAIT || connection->route == ROUTE_DISPATCH;
    return generic ? DIALECT_GENERIC : DIALECT_TRIGGER;
}

/* The connection behind libmicrohttpd's; NULL only if it is not ours. */
struct connection *warmstart_http_connection_of(struct MHD_Connection *mhd);

/* libmicrohttpd's callback for the life of connections; `cls` is the cell, whose `arriving` begins here. */
void warmstart_http_connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
                                      enum MHD_ConnectionNotificationCode code);

/* libmicrohttpd's callback for the end of a request that we were told of. */
void warmstart_http_connection_completed(void *cls, struct MHD_Connection *mhd, void **context,
                                         enum MHD_RequestTerminationCode code);

/*
 * Suspends the connection and watches for the peer's end. Only from inside the access handler's final call.
 * 0: held. WARMSTART_ERR_SYSTEM: it cannot be watched; it is not held.
 */
int warmstart_http_connection_hold(struct connection *connection);

/* Lets libmicrohttpd go on with it, soon. Fine when it is not held. */
void warmstart_http_connection_resume(struct connection *connection);

/* Closes a held connection without an answer, soon. */
void warmstart_http_connection_doom(struct connection *connection);

/* Closes it soon, whatever is going on, so that nothing that was written and not yet received comes later. */
void warmstart_http_connection_reset(struct connection *connection);

/* Closes one that libmicrohttpd does not look at although it is not held: within a second. */
void warmstart_http_connection_expel(struct connection *connection);

/* Are there bytes of the peer's, or its end, that were not read? */
bool warmstart_http_connection_is_unheard(struct connection *connection);

/* Has the peer closed, shut down its sending side, or failed? Asks the kernel. */
bool warmstart_http_connection_is_dead(struct connection *connection);

#endif
