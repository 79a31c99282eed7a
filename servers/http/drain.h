/* SPDX-License-Identifier: MIT */
/* Stopping in good order; warmstart_http_drain() begins it. The state is in server.h. */
#ifndef SERVERS_HTTP_DRAIN_H
#define SERVERS_HTTP_DRAIN_H

#include "server.h"

struct connection;

/* In place, as a part of the server. */
void warmstart_http_drain_init(struct warmstart_http *http);

/* Nothing is called any more. */
void warmstart_http_drain_deinit(struct warmstart_http *http);

/* Is a new connection from where this one came the next process's for certain? */
bool warmstart_http_drain_has_handed_on(const struct connection *connection);

/* All of an answer is written: says that no other one follows, if the next request had better go elsewhere. */
void warmstart_http_drain_written(struct connection *connection);

#endif
