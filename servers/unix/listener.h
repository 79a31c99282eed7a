/* SPDX-License-Identifier: MIT */
/* Listening sockets of this server: what is particular to them beside ../shared/acceptor.h. */
#ifndef SERVERS_UNIX_LISTENER_H
#define SERVERS_UNIX_LISTENER_H

#include "server.h"

/* For the server's acceptors. */
extern const struct acceptor_calls warmstart_unix_acceptor_calls;

/* Those of warmstart_unix_listen() and _listen_fd(), of which the arguments were checked. */
int warmstart_unix_listener_new(struct warmstart_unix *server, const char *path, unsigned rights);
int warmstart_unix_listener_adopt(struct warmstart_unix *server, int fd, unsigned rights);

#endif
