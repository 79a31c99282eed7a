/* SPDX-License-Identifier: MIT */
/* The HTTP server from inside: what its files share. One thread at a time, the loop's. */
#ifndef SERVERS_HTTP_SERVER_H
#define SERVERS_HTTP_SERVER_H

#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <unistd.h>
#include <warmstart/http.h>

#include "acceptor.h"
#include "descriptor.h"
#include "durations.h"
#include "generic.h"
#include "ring.h"
#include "spread.h"
#include "timeouts.h"
#include "trigger.h"

#define CELL_CONNECTIONS_MAX  256 /* a resume walks all suspended connections of a daemon, so keep them few */
#define HISTOGRAM_BUCKETS     15  /* of hand-over times, without the infinite one */
#define AWAITED_ID_BUCKETS    64  /* of messages that controllers acknowledge by themselves */
#define PAST_IDS              256 /* remembered, to tell a late acknowledgement from an unknown one */
#define LINGERERS_MAX         64  /* closed connections whose peer is still sending */
#define MEMORY_BYTES_MIN      ((size_t)3072) /* of libmicrohttpd's, for a connection */
#define MEMORY_BESIDE_BYTES   1344           /* at least, of libmicrohttpd's memory beside a request's head */
#define REFUSAL_MESSAGE_BYTES 192            /* good room for the sentence in an error's answer */
#define WAIT_BODY_BYTES_MAX   ((size_t)65536) /* of POST /v1/wait: room for all metadata in any spelling */

/* Why a request is refused. The first ones stand in the order of enum trigger_code. */
enum refusal {
    REFUSAL_HEADER_MISSING = 0,
    REFUSAL_HEADER_INVALID,
    REFUSAL_TOKEN_MALFORMED,
    REFUSAL_BODY_MISSING,
    REFUSAL_BODY_INVALID,
    REFUSAL_TOKEN_REFUSED,
    REFUSAL_UNAUTHORIZED,
    REFUSAL_HEADER_REPEATED,
    REFUSAL_REQUEST_MALFORMED,
    REFUSAL_NOT_FOUND,
    REFUSAL_METHOD_NOT_ALLOWED,
    REFUSAL_BODY_TOO_LARGE,
    REFUSAL_HEADERS_TOO_LARGE,
    REFUSAL_ENCODING_UNSUPPORTED,
    REFUSAL_WAITERS_LIMIT,
    REFUSAL_CONTROLLER_RETIRED,
    REFUSAL_DELIVERY_UNKNOWN,
    REFUSAL_DELIVERY_OVER,
    REFUSAL_QUERY_INVALID,
    REFUSAL_ADMIN_LIMIT,
    REFUSAL_CONNECTIONS_LIMIT,
    REFUSAL_ADDRESS_LIMIT,
    REFUSAL_MEMORY,
    REFUSAL_MEMBER_UNKNOWN,
    REFUSAL_MEMBER_REPEATED,
    REFUSAL_MEMBER_MISSING,
    REFUSAL_MEMBER_INVALID,
    REFUSAL_METADATA, /* METADATA_REASON_FIELDS, and so on for each reason before METADATA_REASON_WORD */
    REFUSAL_METADATA_LAST = REFUSAL_METADATA + METADATA_REASON_WORD - METADATA_REASON_FIELDS - 1,
    REFUSAL_METADATA_REFUSED,
    REFUSAL_MEDIA_TYPE_UNSUPPORTED,
    REFUSAL_SUPERSEDED,
    REFUSAL_DRAINING,
    REFUSALS /* how many */
};

/* Whose words a request is in. */
enum dialect {
    DIALECT_TRIGGER = 0, /* Trigger.dev's: /warm-start */
    DIALECT_GENERIC,     /* /v1/wait and /v1/dispatch */
    DIALECTS             /* how many */
};

/* What became of a POST whose body could be read; each is counted once. */
enum post_outcome {
    POST_DELIVERED = 0,
    POST_LOST,
    POST_UNCERTAIN,
    POST_TIMEOUT,
    POST_CANCELLED,
    POST_SHUTDOWN,
    POST_NO_MATCH,
    POST_UNMATCHABLE,
    POST_DRAINING,
    POST_LIMIT,
    POST_OUTCOMES /* how many */
};

/* What a connection is doing, for as long as a limit says. */
enum phase {
    PHASE_NONE = 0, /* held, or about to be closed: no limit of ours */
    PHASE_HEADER,   /* the headers of a request are coming, or nothing has come since it was accepted */
    PHASE_BODY,     /* a body is coming, or an answer is going out */
    PHASE_IDLE,     /* between two requests */
    PHASES          /* how many */
};

struct counters {
    uint64_t connections;               /* open now */
    uint64_t connections_total;         /* accepted */
    uint64_t connections_refused_total; /* over the limit, or out of descriptors or memory */
    uint64_t refusals_total[REFUSALS];  /* error answers of ours */
    uint64_t posts_total[POST_OUTCOMES];
    uint64_t misfits_total[TRIGGER_MISFITS];
    uint64_t hand_over_total[HISTOGRAM_BUCKETS + 1]; /* not cumulative; the last: longer than any bound */
    uint64_t hand_over_ns_total;                     /* their sum */
    uint64_t acknowledgements_total[3];              /* by enum acknowledgement */
    uint64_t body_bytes;                             /* of POSTs, allocated now */
    uint64_t timeouts_total[PHASES];                 /* connections closed for taking too long */
};

/* Answers that never change; libmicrohttpd counts their references. */
struct answers {
    struct MHD_Response *cold[DIALECTS][POST_OUTCOMES]; /* no controller was tried, by outcome */
    struct MHD_Response *acknowledged;
    struct MHD_Response *connect;
    struct MHD_Response *healthy;
    struct MHD_Response *ready;
    struct MHD_Response *draining;
    struct MHD_Response *elsewhere[DIALECTS]; /* the same request again, on another connection */
    struct MHD_Response *expired;             /* a wait is over and there was nothing */
    struct kept_answer *kept;                 /* free ones for deliveries, the first of a list; NULL: none */
    size_t kept_len;                          /* how many */
};

/* How far the way to the end has gone. */
enum drain_phase {
    DRAIN_NOT,          /* serving */
    DRAIN_ANNOUNCED,    /* serving; /readyz says that this will end */
    DRAIN_CALMING_DOWN, /* no more runs are taken; polls are held as before, those that come back soon too */
    DRAIN_HANDING_ON,   /* nothing new is taken; what is not in use is closed, for the next process to have */
    DRAIN_LETTING_GO    /* the same, and held polls are let go, dispatches end */
};

struct drain {
    enum drain_phase phase;
    struct warmstart_http_drain_options options; /* once it has begun */
    struct warmstart_timer step;                 /* the end of the delay, then the next poll's time */
    struct warmstart_timer limit;                /* the end of all patience */
    struct warmstart_task check;                 /* looks whether all is over */
    uint64_t since;                              /* when calming down began */
    struct spread spread;                        /* of polls that are let go */
    uint8_t handed_on;                           /* roles whose shared listeners are the next process's */
    bool over;                                   /* on_drained was called, or would have been */
};

/* Of requests that look at every waiter. */
struct turns {
    struct link waiting;          /* connections; the first one is next, or has its turn already */
    struct warmstart_timer timer; /* always set */
};

struct auth;
struct headers_memory;
struct tls;
/* How many connections each address has. */
struct peers {
    struct peer *table; /* NULL: not counted */
    size_t mask;        /* its length, a power of two, less 1 */
    uint64_t seed[2];   /* random */
};

struct dispatch;

struct warmstart_http {
    struct warmstart_transport transport; /* first, so that it leads back here */
    struct warmstart_loop *loop;          /* the caller's */
    struct warmstart_http_options options;
    struct acceptors acceptors;                  /* its listening sockets */
    struct link cells_roomy[2];                  /* that can take a connection, plain ones and those for TLS;
                                                     the first is filled first */
    struct link cells_full;                      /* that cannot */
    size_t cells_len;                            /* in both */
    struct link polls;                           /* held and not ended */
    size_t polls_len;                            /* how many */
    struct link dispatches;                      /* not settled */
    struct link awaited_ids[AWAITED_ID_BUCKETS]; /* polls by the id to acknowledge; an unused head is zero */
    uint64_t past_ids[PAST_IDS][2];              /* the last ones, oldest overwritten */
    size_t past_ids_next;                        /* where the next one goes */
    struct link lingerers;                       /* closed, waiting for the peer's end */
    size_t lingerers_len;                        /* how many */
    struct answers answers;                      /* ready-made */
    struct headers_memory *headers_memory;       /* of the request that was looked at last */
    struct auth *auth;                           /* who may do what */
    struct tls *tls;                             /* NULL: TCP sockets speak plain HTTP */
    struct counters counters;                    /* since _new */
    size_t buffered_bytes;                       /* of the bodies that count for buffered_bytes_max */
    struct timeouts deadlines[PHASES];           /* of the connections in each phase; PHASE_NONE has none */
    struct peers peers;                          /* for connections_per_address_max */
    uint64_t stirred_at;                         /* when a poll last came or got a run, the loop's time */
    struct turns turns;                          /* of requests that look at every waiter */
    struct drain drain;                          /* the way to the end */
    bool closing;                                /* in _free: not even requests that were read already */
};

static inline struct warmstart_http *http_of_transport(struct warmstart_transport *transport)
{
    return (struct warmstart_http *)transport;
}

/*
 * What libmicrohttpd has for each connection: the request line and headers, a list of them, and the head of
 * the answer. All of it is resident once a connection was used twice, so it is no larger than it has to be.
 */
static inline size_t warmstart_http_memory_bytes(const struct warmstart_http_options *options)
{
    size_t text_bytes = options->header_bytes_max, rest_bytes = text_bytes / 2;
    size_t bytes = text_bytes + (rest_bytes > MEMORY_BESIDE_BYTES ? rest_bytes : MEMORY_BESIDE_BYTES);
    return bytes > MEMORY_BYTES_MIN ? bytes : MEMORY_BYTES_MIN;
}

/* Monotonic nanoseconds, to measure with; deadlines go by the loop's time. */
uint64_t warmstart_http_clock(void);

/* While draining: looks soon whether everything is over. To be called whenever something ended. */
void warmstart_http_check_drained(struct warmstart_http *http);

/* Has stopping been announced? */
static inline bool warmstart_http_is_stopping(const struct warmstart_http *http)
{
    return http->drain.phase != DRAIN_NOT;
}

/* Are runs that come told to nobody any more? */
static inline bool warmstart_http_takes_no_runs(const struct warmstart_http *http)
{
    return http->drain.phase >= DRAIN_CALMING_DOWN;
}

/* Is nothing new taken any more? */
static inline bool warmstart_http_is_refusing(const struct warmstart_http *http)
{
    return http->drain.phase >= DRAIN_HANDING_ON;
}

#endif
