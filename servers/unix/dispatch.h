/* SPDX-License-Identifier: MIT */
/* A run that is to be handed over: from the line that announces it until its end was told. */
#ifndef SERVERS_UNIX_DISPATCH_H
#define SERVERS_UNIX_DISPATCH_H

#include "connection.h"
#include "tags.h"

struct dispatch {
    struct warmstart_origin origin; /* first; the core's */
    struct tagged tagged;           /* its `connection` is whom to tell; NULL: nobody is there */
    struct link link;               /* of the connection's */
    struct link server_link;        /* of the server's, while it is not settled */
    warmstart_dispatch_id id;       /* 0: it is not one yet */
    struct body *body;              /* until it is the core's */
    uint64_t timeout_ms;
    uint32_t attempts;
    enum warmstart_match match;
    bool retry_uncertain;
    size_t fields_len;
    struct warmstart_field fields[]; /* and behind them what they point to */
};

/* The command: what follows is its body, or is thrown away. */
void warmstart_unix_dispatch_announce(struct connection *connection, const struct command *command);

/* The body that was announced last is there. */
void warmstart_unix_dispatch_begin(struct connection *connection);

/* The body that was announced last will not come. Fine when there is none. */
void warmstart_unix_dispatch_forget(struct connection *connection);

/* `cancel` of one. */
void warmstart_unix_dispatch_cancel(struct tagged *tagged, const struct command *command);

/* The connection ends: its dispatches are cancelled if that is possible; nobody is told. */
void warmstart_unix_dispatches_end(struct connection *connection);

/* Settles all of the server's at once. */
void warmstart_unix_dispatches_abandon(struct warmstart_unix *server);

/* Operation of the transport. */
void warmstart_unix_dispatch_settled(struct warmstart_origin *origin,
                                     const struct warmstart_settlement *settlement);

#endif
