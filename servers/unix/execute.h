/* SPDX-License-Identifier: MIT */
/* Commands: who may give them, and what they do. */
#ifndef SERVERS_UNIX_EXECUTE_H
#define SERVERS_UNIX_EXECUTE_H

#include "connection.h"

/*
 * Carries out one line and answers what is to be answered at once. *ret_tag is its tag, in the line. True: it
 * has looked at every waiter, which is enough for one round.
 */
bool warmstart_unix_execute(struct connection *connection, const char *line, size_t bytes,
                            struct word *ret_tag);

#endif
