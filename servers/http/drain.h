/* SPDX-License-Identifier: MIT */
/* Stopping in good order; warmstart_http_drain() begins it. The state is in server.h. */
#ifndef SERVERS_HTTP_DRAIN_H
#define SERVERS_HTTP_DRAIN_H

#include "server.h"

/* In place, as a part of the server. */
void warmstart_http_drain_init(struct warmstart_http *http);

/* Nothing is called any more. */
void warmstart_http_drain_deinit(struct warmstart_http *http);

#endif
