/* SPDX-License-Identifier: MIT */
/* Sockets that are listened on. */
#ifndef SERVERS_UNIX_LISTENER_H
#define SERVERS_UNIX_LISTENER_H

#include "server.h"

/* Those of warmstart_unix_listen() and _listen_fd(), of which the arguments were checked. */
int warmstart_unix_listener_new(struct warmstart_unix *server, const char *path, unsigned rights);
int warmstart_unix_listener_adopt(struct warmstart_unix *server, int fd, unsigned rights);

/* Accepts nothing more from those that other processes have too. */
void warmstart_unix_listeners_hand_on(struct warmstart_unix *server);

void warmstart_unix_listeners_free(struct warmstart_unix *server);

/* A descriptor to give up when there is none left. 0, or WARMSTART_ERR_SYSTEM. */
int warmstart_unix_spare_open(struct warmstart_unix *server);
void warmstart_unix_spare_close(struct warmstart_unix *server);

#endif
