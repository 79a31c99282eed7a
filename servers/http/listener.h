/* SPDX-License-Identifier: MIT */
/* Listening sockets of the HTTP server: what is particular to them beside ../shared/acceptor.h. */
#ifndef SERVERS_HTTP_LISTENER_H
#define SERVERS_HTTP_LISTENER_H

#include "address.h"
#include "server.h"

/* For the server's acceptors. */
extern const struct acceptor_calls warmstart_http_acceptor_calls;

/* Listens on one address of a host (`bound` is what to bind to). Errors as for warmstart_http_listen(). */
int warmstart_http_listener_new(struct warmstart_http *http, const struct sockaddr *bound,
                                socklen_t bound_bytes, enum warmstart_http_role role,
                                struct acceptor **ret_acceptor);

/*
 * Accepts from a socket that listens already. WARMSTART_ERR_INVALID: not a listening stream socket of IP or
 * Unix; otherwise as warmstart_acceptor_adopt().
 */
int warmstart_http_listener_adopt(struct warmstart_http *http, int fd, enum warmstart_http_role role,
                                  struct acceptor **ret_acceptor);

/* The address it really listens on; the room is for any. */
void warmstart_http_listener_address(const struct acceptor *acceptor, struct sockaddr_storage *ret_address);

#endif
