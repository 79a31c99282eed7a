/* SPDX-License-Identifier: MIT */
/*
 * Connections that are accepted only to be refused. One that is left in the queue of the listening socket
 * would wait as if it were served: a supervisor has no time limit of its own, so a quick 503 is kinder, and
 * a controller that is told so makes room.
 */
#ifndef SERVERS_HTTP_TURN_AWAY_H
#define SERVERS_HTTP_TURN_AWAY_H

#include "answer.h"

/* Answers with 503, closes the socket and counts it. */
void warmstart_http_turn_away(struct warmstart_http *http, int fd, enum refusal refusal);

#endif
