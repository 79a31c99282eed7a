/* SPDX-License-Identifier: MIT */
/* GET /warm-start, POST /v1/wait: a poll that is held until there is a message for it. */
#ifndef SERVERS_HTTP_HELD_POLL_H
#define SERVERS_HTTP_HELD_POLL_H

#include "confirm.h"
#include "connection.h"

/*
 * A registered poll, from registration until it has ended and its request is over. Apart from the connection,
 * which may be closed before we hear how the poll ended.
 */
struct poll {
    struct warmstart_conn conn;    /* first: what the loop knows of it */
    struct link link;              /* in http->polls until it has ended */
    struct connection *connection; /* NULL: the request is over */
    warmstart_waiter_id waiter;
    uint64_t since;                   /* when it came, on the loop's clock */
    struct confirmation confirmation; /* since the message was written */
    uint16_t instance_bytes;          /* length of the instance, which stands after the controller id */
    bool delivering;   /* a message was queued for it: the end of the request tells what became of it */
    bool ended;        /* by the core */
    bool acknowledges; /* the controller has said that it acknowledges by itself */
    char names[];      /* controller id, instance */
};

/* What a poll asks for, in whatever dialect. */
struct poll_request {
    const struct warmstart_field *fields;
    size_t fields_len;
    struct trigger_value controller_id; /* no bytes: none */
    struct trigger_value instance;      /* as above */
    uint64_t match_ns;                  /* it can get a message for so long from now */
    uint64_t hold_ns;                   /* and is held for so long */
    bool acknowledges;                  /* its controller acknowledges by itself */
};

/* The access handler's final call for GET /warm-start: registers and holds it, or answers. */
enum MHD_Result warmstart_http_poll_begin(struct connection *connection, const char *method,
                                          const char *target, const char *version);

/* Registers and holds a poll, or answers. What the access handler has to return. */
enum MHD_Result warmstart_http_poll_hold(struct connection *connection, const struct poll_request *asked);

/* What a poll is answered that cannot be held now, because its peer has gone or the server stops. */
enum MHD_Result warmstart_http_poll_turn_away(struct connection *connection);

/* Is that so? */
bool warmstart_http_poll_is_untimely(const struct connection *connection);

/* Whether the controller acknowledges by itself. False: the header says something else. */
bool warmstart_http_poll_read_ack(const struct trigger_value *header, bool *ret_acknowledges);

/* Answers a poll whose header says something else. */
enum MHD_Result warmstart_http_poll_refuse_ack(struct connection *connection);

/* POST /warm-start/ack/{id}: a controller says that it has the message. */
enum MHD_Result warmstart_http_poll_acknowledge(struct connection *connection, const char *id,
                                                size_t id_bytes);

/* The peer of a held poll has gone. */
void warmstart_http_poll_leave(struct connection *connection);

/* Frees the poll if nobody needs it any more. */
void warmstart_http_poll_free_if_over(struct poll *poll);

/* The poll's request is over; `whole`: libmicrohttpd has written all of the answer. */
void warmstart_http_poll_over(struct connection *connection, bool whole);

/* Ends all that are held and not being delivered to. */
void warmstart_http_poll_cancel_all(struct warmstart_http *http);

/* The same, of at most so many, the newest first. How many. */
size_t warmstart_http_poll_cancel_newest(struct warmstart_http *http, size_t polls_max);

/* Transport operations. */
void warmstart_http_poll_deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                                 struct warmstart_payload *payload);
void warmstart_http_poll_ended(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                               enum warmstart_ending ending);

/* The poll behind a conn of this server. */
static inline struct poll *poll_of_conn(struct warmstart_conn *conn)
{
    return (struct poll *)conn;
}

static inline const char *poll_instance(const struct poll *poll)
{
    return poll->names + poll->conn.controller_id_bytes;
}

#endif
