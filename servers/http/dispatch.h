/* SPDX-License-Identifier: MIT */
/* POST /warm-start: a run that looks for a controller. */
#ifndef SERVERS_HTTP_DISPATCH_H
#define SERVERS_HTTP_DISPATCH_H

#include "connection.h"

/* A POST that was read whole, until it is settled. */
struct dispatch {
    struct warmstart_origin origin; /* first: what the loop knows of it */
    struct link link;               /* in http->dispatches */
    struct connection *connection;  /* the supervisor's, held; NULL: it is gone */
    warmstart_dispatch_id id;
    struct body *body;        /* a reference */
    uint64_t received_at;     /* on the real clock, nanoseconds */
    size_t run_bytes;         /* of run */
    size_t traceparent_bytes; /* of traceparent */
    char run[TRIGGER_RUN_BYTES_MAX];
    char traceparent[TRIGGER_TRACEPARENT_BYTES];
};

/* The word for an outcome in metrics and logs. Static. */
const char *warmstart_http_post_outcome_name(enum post_outcome outcome);

/* The access handler's final call for a POST: answers, or holds it until it is settled. */
enum MHD_Result warmstart_http_dispatch_begin(struct connection *connection, const char *method,
                                              const char *target, const char *version);

/* The supervisor has gone while its POST is held. */
void warmstart_http_dispatch_leave(struct connection *connection);

/* The POST's request is over before it was settled. */
void warmstart_http_dispatch_orphan(struct connection *connection);

/* Settles all that run. */
void warmstart_http_dispatch_abandon_all(struct warmstart_http *http);

/* Transport operation. */
void warmstart_http_dispatch_settled(struct warmstart_origin *origin,
                                     const struct warmstart_settlement *settlement);

#endif
