/* SPDX-License-Identifier: MIT */
/* Environment variables of others, such as a service manager's. Ours are options: see options.h. */
#ifndef SERVERS_DAEMON_ENVIRONMENT_H
#define SERVERS_DAEMON_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

/* The value of a variable in `environment` (as environ), or NULL when it is not there or empty. */
const char *warmstart_daemon_environment_find(char *const *environment, const char *name);

/* Reads a whole number of digits only. False: it is none, or larger than max. */
bool warmstart_daemon_environment_number(const char *text, uint64_t max, uint64_t *ret_number);

#endif
