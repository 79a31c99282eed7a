/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

#define GROUPS_MAX 65536 /* the kernel's own NGROUPS_MAX */

struct peer {
    struct ucred credentials;
    gid_t *groups; /* owned; NULL: not asked for, or none */
    size_t groups_len;
};

static bool names_groups(const struct warmstart_unix_options *options)
{
    return options->wait.groups_len > 0 || options->dispatch.groups_len > 0 ||
           options->operate.groups_len > 0;
}

/* The kernel says how much room it needs when there is too little. */
static int read_groups(int fd, struct peer *peer)
{
    socklen_t bytes = 64 * sizeof(gid_t);
    for (int i = 0; i < 2; i++) {
        gid_t *groups = realloc(peer->groups, bytes);
        if (!groups)
            return WARMSTART_ERR_MEMORY;
        peer->groups = groups;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) == 0) {
            peer->groups_len = bytes / sizeof(gid_t);
            return 0;
        }
        if (errno != ERANGE || bytes > GROUPS_MAX * sizeof(gid_t))
            return WARMSTART_ERR_SYSTEM;
    }
    return WARMSTART_ERR_SYSTEM;
}

static int read_peer(const struct warmstart_unix *server, int fd, struct peer *peer)
{
    socklen_t bytes = sizeof(peer->credentials);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer->credentials, &bytes) < 0)
        return WARMSTART_ERR_SYSTEM;
    return names_groups(&server->options) ? read_groups(fd, peer) : 0;
}

static bool has_group(const struct warmstart_unix_allowed *allowed, gid_t group)
{
    for (size_t i = 0; i < allowed->groups_len; i++)
        if (allowed->groups[i] == group)
            return true;
    return false;
}

static bool is_named(const struct warmstart_unix_allowed *allowed, const struct peer *peer)
{
    for (size_t i = 0; i < allowed->users_len; i++)
        if (allowed->users[i] == peer->credentials.uid)
            return true;
    for (size_t i = 0; i < peer->groups_len; i++)
        if (has_group(allowed, peer->groups[i]))
            return true;
    return has_group(allowed, peer->credentials.gid);
}

static bool is_empty(const struct warmstart_unix_allowed *allowed)
{
    return allowed->users_len == 0 && allowed->groups_len == 0;
}

static unsigned rights_of(const struct warmstart_unix_options *options, const struct peer *peer)
{
    unsigned rights = 0;
    uid_t uid = peer->credentials.uid;
    if (is_empty(&options->wait) || is_named(&options->wait, peer))
        rights |= WARMSTART_UNIX_WAIT;
    if (is_empty(&options->dispatch) || is_named(&options->dispatch, peer))
        rights |= WARMSTART_UNIX_DISPATCH;
    if (is_empty(&options->operate) ? uid == 0 || uid == geteuid() : is_named(&options->operate, peer))
        rights |= WARMSTART_UNIX_OPERATE;
    return rights;
}

int warmstart_unix_peer_rights(const struct warmstart_unix *server, int fd, uid_t *ret_uid,
                               unsigned *ret_rights)
{
    struct peer peer = {.groups = NULL};
    int error = read_peer(server, fd, &peer);
    if (error == 0) {
        *ret_uid = peer.credentials.uid;
        *ret_rights = rights_of(&server->options, &peer);
    }
    free(peer.groups);
    return error;
}

/* ---- How many connections each user has ---- */

int warmstart_unix_user_add(struct warmstart_unix *server, uid_t uid, struct user **ret_user)
{
    uint32_t most = server->options.connections_per_user_max;
    struct user *user = server->users;
    *ret_user = NULL;
    if (most == 0)
        return 0;
    while (user && user->uid != uid)
        user = user->next;
    if (user && user->connections >= most)
        return WARMSTART_ERR_LIMIT;
    if (!user) {
        user = malloc(sizeof(*user));
        if (!user)
            return WARMSTART_ERR_MEMORY;
        *user = (struct user){.next = server->users, .uid = uid};
        server->users = user;
    }
    user->connections++;
    *ret_user = user;
    return 0;
}

void warmstart_unix_user_drop(struct warmstart_unix *server, struct user *user)
{
    if (!user || --user->connections > 0)
        return;
    struct user **place = &server->users;
    while (*place != user)
        place = &(*place)->next;
    *place = user->next;
    free(user);
}

/* ---- Lists ---- */

/* What cannot be copied is empty afterwards. */
static bool copy_list(const void **list, size_t *len, size_t item_bytes)
{
    void *copy = *len > 0 ? calloc(*len, item_bytes) : NULL;
    bool copied = copy || *len == 0;
    if (copy)
        memcpy(copy, *list, *len * item_bytes);
    else
        *len = 0;
    *list = copy;
    return copied;
}

static bool copy_allowed(struct warmstart_unix_allowed *allowed)
{
    const void *users = allowed->users, *groups = allowed->groups;
    bool copied = copy_list(&users, &allowed->users_len, sizeof(uid_t));
    copied = copy_list(&groups, &allowed->groups_len, sizeof(gid_t)) && copied;
    allowed->users = users;
    allowed->groups = groups;
    return copied;
}

int warmstart_unix_allowed_copy(struct warmstart_unix_options *options)
{
    bool copied = copy_allowed(&options->wait);
    copied = copy_allowed(&options->dispatch) && copied;
    copied = copy_allowed(&options->operate) && copied;
    return copied ? 0 : WARMSTART_ERR_MEMORY;
}

static void free_allowed(struct warmstart_unix_allowed *allowed)
{
    free((void *)(uintptr_t)allowed->users);
    free((void *)(uintptr_t)allowed->groups);
}

void warmstart_unix_allowed_free(struct warmstart_unix_options *options)
{
    free_allowed(&options->wait);
    free_allowed(&options->dispatch);
    free_allowed(&options->operate);
}
