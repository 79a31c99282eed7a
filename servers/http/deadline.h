/* SPDX-License-Identifier: MIT */
/*
 * How long a connection may take for what it is doing. libmicrohttpd's own time limit begins anew with each
 * byte, so a peer that sends one byte a second would have a connection for ever. Here a deadline stands from
 * the beginning of a phase to its end. A connection that is held has none.
 */
#ifndef SERVERS_HTTP_DEADLINE_H
#define SERVERS_HTTP_DEADLINE_H

#include "server.h"

struct connection;

/* Sets the timers that _begin needs, so that it cannot fail. 0; WARMSTART_ERR_MEMORY: as it was before. */
int warmstart_http_deadlines_init(struct warmstart_http *http);

/* Cancels them. No connection may have a deadline. Fine before _init. */
void warmstart_http_deadlines_deinit(struct warmstart_http *http);

/* A phase begins; the one before is over. PHASE_NONE: it may take as long as it likes. */
void warmstart_http_deadline_begin(struct connection *connection, enum phase phase);

/* Closes a connection soon, without an answer, in a phase that has a deadline. */
void warmstart_http_deadline_end(struct connection *connection);

/* The word for a phase in metrics and logs. Static. */
const char *warmstart_http_phase_name(enum phase phase);

#endif
