/* SPDX-License-Identifier: MIT */
/* Commands for operators: what there is, and who is to be kept away. */
#ifndef SERVERS_UNIX_OPERATE_H
#define SERVERS_UNIX_OPERATE_H

#include "connection.h"

void warmstart_unix_operate_count(struct connection *connection, const struct command *command);
void warmstart_unix_operate_stats(struct connection *connection, const struct command *command);
void warmstart_unix_operate_list(struct connection *connection, const struct command *command);
void warmstart_unix_operate_cordon(struct connection *connection, const struct command *command);
void warmstart_unix_operate_retire(struct connection *connection, const struct command *command);
void warmstart_unix_operate_drain(struct connection *connection, const struct command *command);

/* Answers "DATA TAG BYTES" and a body. */
void warmstart_unix_operate_answer(struct connection *connection, const struct command *command,
                                   const char *text, size_t bytes);

#endif
