/* SPDX-License-Identifier: MIT */
/*
 * The listening sockets of a server, and the accepting of connections: a bounded number in a turn; without
 * descriptors the next connection is taken with a spare one, to be refused in words; without memory, or when
 * nothing can be accepted for another reason, there is a rest. One thread at a time, the loop's.
 */
#ifndef SERVERS_SHARED_ACCEPTOR_H
#define SERVERS_SHARED_ACCEPTOR_H

#include <stdbool.h>
#include <sys/socket.h>
#include <warmstart/loop.h>

#include "socket_file.h"

struct acceptors;

#define ACCEPTOR_BACKLOG 4096 /* for listen() */

/* A listening socket. */
struct acceptor {
    struct acceptor *next; /* of the server's */
    struct acceptors *all;
    struct warmstart_watch watch; /* of the socket; not set while it rests */
    struct warmstart_timer timer; /* ends the rest; always set */
    int fd;
    unsigned roles;          /* what those who connect here can have, in the server's bits */
    bool given;              /* not opened by us: others have it too, and its file is theirs */
    struct socket_file file; /* of a Unix socket of ours, else all zero */
};

/* What the server does in its turn. Descriptors that are handed over are its own to close. */
struct acceptor_calls {
    /* Somebody has connected, non-blocking and close-on-exec. */
    void (*welcome)(struct acceptors *all, const struct acceptor *acceptor, int fd,
                    const struct sockaddr *peer, socklen_t peer_bytes);
    /* Somebody is to be told that there are no descriptors. */
    void (*refuse)(struct acceptors *all, int fd);
    /* accept() failed with this errno for want of something, or again and again; at most once a second. */
    void (*complain)(struct acceptors *all, int error);
};

/* All of a server. */
struct acceptors {
    const struct acceptor_calls *calls;
    struct warmstart_loop *loop;
    struct acceptor *first;
    int spare;              /* a descriptor to give up when there is none left; -1: gone */
    uint64_t complained_at; /* the loop's time; 0: not yet */
};

/* None yet, which cannot fail; _deinit is fine from then on. */
void warmstart_acceptors_init(struct acceptors *all, struct warmstart_loop *loop,
                              const struct acceptor_calls *calls);

/* Opens the spare descriptor. 0; WARMSTART_ERR_SYSTEM: errno. */
int warmstart_acceptors_prepare(struct acceptors *all);

/* Closes all, and removes the files of those that were opened here. errno stays. */
void warmstart_acceptors_deinit(struct acceptors *all);

/*
 * Begins to accept on a socket of ours, which listens, and whose file, if any, is removed in the end. 0:
 * *ret_acceptor is one of all. WARMSTART_ERR_MEMORY, WARMSTART_ERR_SYSTEM: the socket is closed and the file
 * removed, too.
 */
int warmstart_acceptor_new(struct acceptors *all, int fd, const struct socket_file *file, unsigned roles,
                           struct acceptor **ret_acceptor);

/*
 * Begins to accept on a socket that others have opened, and may have too. It is closed in the end, its file is
 * left alone. WARMSTART_ERR_INVALID: it is no listening stream socket; otherwise errors as for _new; with all
 * of them fd stays the caller's.
 */
int warmstart_acceptor_adopt(struct acceptors *all, int fd, unsigned roles, struct acceptor **ret_acceptor);

/* Accepts no more on adopted ones that have only these roles. Is there any such? */
bool warmstart_acceptors_hand_on(struct acceptors *all, unsigned roles);

/* Closes one. Connections stay. errno stays. */
void warmstart_acceptor_free(struct acceptor *acceptor);

#endif
