/* SPDX-License-Identifier: MIT */
/*
 * How many connections each address has open: an IPv4 address, or the first 64 bits of an IPv6 address, which
 * is the least that one site gets. Unix sockets are not counted. Nothing is kept unless there is a limit.
 */
#ifndef SERVERS_HTTP_PEERS_H
#define SERVERS_HTTP_PEERS_H

#include <sys/socket.h>

#include "server.h"

struct connection;

/* Makes room for as many addresses as there can be connections. 0; WARMSTART_ERR_MEMORY; WARMSTART_ERR_SYSTEM:
 * no random numbers. */
int warmstart_http_peers_init(struct warmstart_http *http);
void warmstart_http_peers_deinit(struct warmstart_http *http);

/* Has an address as many connections as it may have? */
bool warmstart_http_peers_is_full(const struct warmstart_http *http, const struct sockaddr *peer);

/* A connection of an address is open from now on. */
void warmstart_http_peers_enter(struct connection *connection, const struct sockaddr *peer);

/* It is closed. Fine when it was not counted. */
void warmstart_http_peers_leave(struct connection *connection);

#endif
