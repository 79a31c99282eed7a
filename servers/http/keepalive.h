/* SPDX-License-Identifier: MIT */
/* Noticing peers that have vanished without a word. */
#ifndef SERVERS_HTTP_KEEPALIVE_H
#define SERVERS_HTTP_KEEPALIVE_H

#include <warmstart/http.h>

/*
 * Sets up TCP's keepalive on a listening TCP socket, before it listens. Linux hands these settings down to
 * every connection that is accepted, so that they cost no system call for each. Also bounds by the same time
 * how long sent bytes may stay unacknowledged. Nothing when tcp_keepalive_idle_s is 0. 0;
 * WARMSTART_ERR_SYSTEM: errno.
 */
int warmstart_http_keepalive_set(int fd, const struct warmstart_http_options *options);

#endif
