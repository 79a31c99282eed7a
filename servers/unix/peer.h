/* SPDX-License-Identifier: MIT */
/* Who has connected, and what that allows. */
#ifndef SERVERS_UNIX_PEER_H
#define SERVERS_UNIX_PEER_H

#include "server.h"

/* How many connections one user has. */
struct user {
    struct user *next; /* of the server's */
    uid_t uid;
    uint32_t connections;
};

/* What the kernel says about the process at the other end. 0, or WARMSTART_ERR_SYSTEM. */
int warmstart_unix_peer_rights(const struct warmstart_unix *server, int fd, uid_t *ret_uid,
                               unsigned *ret_rights);

/*
 * Counts a connection of a user. 0: *ret_user is to be handed to _drop, NULL if nobody counts.
 * WARMSTART_ERR_LIMIT: it has as many as it may have; WARMSTART_ERR_MEMORY.
 */
int warmstart_unix_user_add(struct warmstart_unix *server, uid_t uid, struct user **ret_user);

/* One less. NULL is fine. */
void warmstart_unix_user_drop(struct warmstart_unix *server, struct user *user);

/* Copies the lists of the options, which are the server's from then on. 0, or WARMSTART_ERR_MEMORY. */
int warmstart_unix_allowed_copy(struct warmstart_unix_options *options);
void warmstart_unix_allowed_free(struct warmstart_unix_options *options);

#endif
