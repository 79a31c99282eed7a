/* SPDX-License-Identifier: MIT */
/*
 * Requests that look at every waiter are held until it is their turn: one in a round of the loop, first come,
 * first served. However many there are, everyone else is served between any two of them.
 */
#ifndef SERVERS_HTTP_TURNS_H
#define SERVERS_HTTP_TURNS_H

#include "connection.h"

/* 0; WARMSTART_ERR_MEMORY. */
int warmstart_http_turns_init(struct warmstart_http *http);

/* Closes the connections that still wait for their turn, soon. Fine without _init. */
void warmstart_http_turns_deinit(struct warmstart_http *http);

/*
 * In the access handler's final call. True: it is this request's turn, and the last one for it. False: what
 * the handler has to return is stored; it is called again when it is its turn, or the peer has left.
 */
bool warmstart_http_turn_has_come(struct connection *connection, enum MHD_Result *ret_result);

/* The peer of a held connection that waits for its turn has gone. */
void warmstart_http_turn_leave(struct connection *connection);

/* It waits no longer, if it did. */
void warmstart_http_turn_over(struct connection *connection);

#endif
