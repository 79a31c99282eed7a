/* SPDX-License-Identifier: MIT */
/* Who waits, for operators. */
#ifndef SERVERS_HTTP_WAITERS_H
#define SERVERS_HTTP_WAITERS_H

#include "connection.h"

/*
 * GET /warm-start/waiters?NAME=TEXT&NAME:=JSON&instance=HOST: how many wait, by metadata and instance, of those
 * that have all these fields.
 */
enum MHD_Result warmstart_http_waiters(struct connection *connection);

#endif
