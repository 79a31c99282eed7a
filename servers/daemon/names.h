/* SPDX-License-Identifier: MIT */
/* Users and groups, as options name them. */
#ifndef SERVERS_DAEMON_NAMES_H
#define SERVERS_DAEMON_NAMES_H

#include <stddef.h>
#include <sys/types.h>

#define WARMSTART_DAEMON_NAMES_MAX 64 /* users, and groups, of one list */

struct warmstart_daemon_names {
    uid_t users[WARMSTART_DAEMON_NAMES_MAX];
    size_t users_len;
    gid_t groups[WARMSTART_DAEMON_NAMES_MAX];
    size_t groups_len;
};

/*
 * Looks up the users and @groups of a well-formed list (NULL: an empty one). Numbers are taken as they are.
 * 0, or WARMSTART_ERR_INVALID: *ret_error is one line that says which name of `option` is wrong.
 */
int warmstart_daemon_names_read(struct warmstart_daemon_names *names, const char *option, const char *text,
                                char *ret_error, size_t error_bytes);

#endif
