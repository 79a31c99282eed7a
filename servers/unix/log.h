/* SPDX-License-Identifier: MIT */
/* What is logged. Never a payload, never metadata. */
#ifndef SERVERS_UNIX_LOG_H
#define SERVERS_UNIX_LOG_H

#include "server.h"

struct wait;

void warmstart_unix_log_wait(const struct warmstart_unix *server, const struct wait *wait,
                             enum warmstart_ending ending);
void warmstart_unix_log_dispatch(const struct warmstart_unix *server,
                                 const struct warmstart_settlement *settlement);
void warmstart_unix_log_no_match(const struct warmstart_unix *server);

/* A connection was closed, and why. */
void warmstart_unix_log_closed(const struct warmstart_unix *server, const char *reason);

/* accept() failed with this errno. */
void warmstart_unix_log_accept(const struct warmstart_unix *server, int error);

#endif
