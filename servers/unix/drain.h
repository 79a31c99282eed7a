/* SPDX-License-Identifier: MIT */
/* Stopping in good order. */
#ifndef SERVERS_UNIX_DRAIN_H
#define SERVERS_UNIX_DRAIN_H

#include "server.h"

void warmstart_unix_drain_init(struct warmstart_unix *server);
void warmstart_unix_drain_deinit(struct warmstart_unix *server);

#endif
