/* SPDX-License-Identifier: MIT */
/* A listening socket, and the accepting of connections. */
#ifndef SERVERS_HTTP_LISTENER_H
#define SERVERS_HTTP_LISTENER_H

#include "address.h"
#include "server.h"

/* Listens on one address of a host (`bound` is what to bind to). Errors as for warmstart_http_listen(). */
int warmstart_http_listener_new(struct warmstart_http *http, const struct sockaddr *bound,
                                socklen_t bound_bytes, enum warmstart_http_role role,
                                struct listener **ret_listener);

/*
 * Accepts from a socket that listens already, and that others may have too: its file is left alone. It is
 * closed in the end. WARMSTART_ERR_INVALID: not a listening stream socket of IP or Unix; otherwise errors as
 * for _new; with all of them fd stays the caller's.
 */
int warmstart_http_listener_adopt(struct warmstart_http *http, int fd, enum warmstart_http_role role,
                                  struct listener **ret_listener);

/*
 * Accepts no more from adopted sockets that have only these roles: what comes is for the next process. Is
 * there any such socket?
 */
bool warmstart_http_listeners_hand_on(struct warmstart_http *http, enum warmstart_http_role roles);

/* The address it really listens on; the room is for any. */
void warmstart_http_listener_address(const struct listener *listener, struct sockaddr_storage *ret_address);

/* Stops listening and removes its socket file. Its connections stay. */
void warmstart_http_listener_free(struct listener *listener);

/* All of a server. */
void warmstart_http_listeners_free(struct warmstart_http *http);

#endif
