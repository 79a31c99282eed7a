/* SPDX-License-Identifier: MIT */
/* POST /warm-start, POST /v1/dispatch: a run that looks for a controller. */
#ifndef SERVERS_HTTP_DISPATCH_H
#define SERVERS_HTTP_DISPATCH_H

#include "connection.h"

/* A POST that was read whole, until it is settled and its request is over. */
struct dispatch {
    struct warmstart_origin origin; /* first: what the loop knows of it */
    struct link link;               /* in http->dispatches */
    struct connection *connection;  /* the supervisor's, held; NULL: it is gone */
    warmstart_dispatch_id id;
    bool settled;             /* only the request's end is waited for */
    struct kept_answer *kept; /* the answer, if it is one that is given back; else NULL */
    struct body *body;        /* a reference; NULL once it is settled */
    uint64_t received_at;     /* on the real clock, nanoseconds */
    size_t run_bytes;         /* of run */
    size_t traceparent_bytes; /* of traceparent */
    char run[TRIGGER_RUN_BYTES_MAX];
    char traceparent[TRIGGER_TRACEPARENT_BYTES];
};

/* The word for an outcome in metrics and logs. Static. */
const char *warmstart_http_post_outcome_name(enum post_outcome outcome);

/* What a POST asks for, in whatever dialect. */
struct dispatch_request {
    struct warmstart_query query;
    enum trigger_misfit misfit;       /* other than NONE: nobody can match; the query is not looked at */
    const char *payload;              /* in the connection's body */
    size_t payload_bytes;             /* its length */
    struct trigger_value run;         /* for the log; at most TRIGGER_RUN_BYTES_MAX bytes */
    struct trigger_value traceparent; /* as it came */
    uint32_t timeout_ms;              /* 0: as the options say, which is also the most */
    uint32_t attempts;                /* the same */
};

/* Answers, or holds it until it is settled. What the access handler has to return. */
enum MHD_Result warmstart_http_dispatch_hold(struct connection *connection,
                                             const struct dispatch_request *asked);

/* The access handler's final call for POST /warm-start. */
enum MHD_Result warmstart_http_dispatch_begin(struct connection *connection, const char *method,
                                              const char *target, const char *version);

/* The supervisor has gone while its POST is held. */
void warmstart_http_dispatch_leave(struct connection *connection);

/* The POST's request is over, perhaps before it was settled. */
void warmstart_http_dispatch_over(struct connection *connection);

/* Settles all that run. */
void warmstart_http_dispatch_abandon_all(struct warmstart_http *http);

/* Transport operation. */
void warmstart_http_dispatch_settled(struct warmstart_origin *origin,
                                     const struct warmstart_settlement *settlement);

#endif
