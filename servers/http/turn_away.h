/* SPDX-License-Identifier: MIT */
/*
 * Connections that are accepted only to be refused. One that is left in the queue of the listening socket
 * would wait as if it were served: a supervisor has no time limit of its own, so a quick 503 is kinder, and
 * a controller that is told so makes room. For want of descriptors there is a spare one to accept with.
 */
#ifndef SERVERS_HTTP_TURN_AWAY_H
#define SERVERS_HTTP_TURN_AWAY_H

#include "answer.h"

/* Opens the spare descriptor. 0; WARMSTART_ERR_SYSTEM: errno. */
int warmstart_http_spare_open(struct warmstart_http *http);
void warmstart_http_spare_close(struct warmstart_http *http);

/* Answers with 503, closes the socket and counts it. */
void warmstart_http_turn_away(struct warmstart_http *http, int fd, enum refusal refusal);

/*
 * Gives up the spare descriptor to accept one connection and turn it away. `listening` is the listening
 * socket. False: it did not work, errno says why; EAGAIN: nobody is waiting.
 */
bool warmstart_http_turn_away_next(struct warmstart_http *http, int listening);

#endif
