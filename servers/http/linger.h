/* SPDX-License-Identifier: MIT */
/*
 * Closing a socket whose peer is still sending makes the kernel answer with a reset, which can throw away our
 * last answer before the peer has read it. So such a socket is only half closed, and what still comes is read
 * and thrown away: until the peer's end, for a second, or up to a few megabytes, whatever is first.
 */
#ifndef SERVERS_HTTP_LINGER_H
#define SERVERS_HTTP_LINGER_H

#include "server.h"

/*
 * Keeps a duplicate of fd, which the caller closes as usual. False: it does not, because too many linger
 * already, or for want of memory or descriptors.
 */
bool warmstart_http_linger(struct warmstart_http *http, int fd);

/* Closes them all. */
void warmstart_http_linger_free(struct warmstart_http *http);

#endif
