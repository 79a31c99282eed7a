/* SPDX-License-Identifier: MIT */
/* One client. It is freed by the server's flush, never while a command of it is carried out. */
#ifndef SERVERS_UNIX_CONNECTION_H
#define SERVERS_UNIX_CONNECTION_H

#include <stdbool.h>
#include <sys/types.h>

#include "command.h"
#include "deadline.h"
#include "input.h"
#include "output.h"
#include "ring.h"
#include "server.h"

struct connection {
    struct link link;       /* first; of the server's */
    struct link busy_link;  /* while commands are left for the next round */
    struct link dirty_link; /* while there is something to write, or it is to be freed */
    struct warmstart_unix *server;
    struct warmstart_watch watch;
    uint32_t events;                  /* what the watch is to be set to */
    unsigned rights;                  /* bits of enum warmstart_unix_right */
    struct user *user;                /* whose it is, if these are counted */
    struct input input;               /* where in the stream it is */
    char *pending;                    /* what was read and not used; NULL: nothing */
    size_t pending_at;                /* where in it that begins */
    size_t pending_bytes;             /* its length, from there */
    struct dispatch *incoming;        /* whose body is coming; NULL: none, or it is thrown away */
    char body_tag[TAG_BYTES_MAX + 1]; /* of the dispatch whose body is coming */
    struct output output;
    struct deadline deadline; /* of what it sends */
    struct deadline stall;    /* of what it is sent */
    struct link waits;        /* that are to be told what became of them */
    size_t waits_len;         /* how many */
    struct link acknowledged; /* those whose OK is not written; a part of them */
    struct link dispatches;   /* not settled */
    size_t dispatches_len;    /* how many */
    bool left;                /* it wants nothing more to be given */
    bool finishing;           /* nothing more is read; closed when all was told */
    bool blocked;             /* the kernel takes no more for now */
    bool deaf;                /* the peer cannot be written to any more */
    bool peer_reset;          /* it has gone with unread bytes in its queue */
    bool doomed;              /* to be closed at once */
    bool progressed;          /* something was complete since its deadline was set */
};

/* Begins to serve a socket. WARMSTART_ERR_MEMORY, WARMSTART_ERR_SYSTEM: fd is still the caller's. */
int warmstart_unix_connection_new(struct warmstart_unix *server, int fd, unsigned rights, struct user *user);

/* Ends its waits and dispatches, closes and frees it. */
void warmstart_unix_connection_free(struct connection *connection);

/* Adds a line to what is written; the format has its line feed. Out of memory dooms the connection. */
__attribute__((format(printf, 2, 3))) void warmstart_unix_connection_say(struct connection *connection,
                                                                         const char *format, ...);

/* Adds "ERR TAG CODE MESSAGE". `tag` NULL: there is none. */
void warmstart_unix_connection_refuse(struct connection *connection, const struct word *tag, const char *code,
                                      const char *message);

/* Sees to it that what was added is written soon, and that it is closed if it is to be. */
void warmstart_unix_connection_touch(struct connection *connection);

/* Nothing more is read; its waits end; it is closed when all was told. */
void warmstart_unix_connection_finish(struct connection *connection);

/* It is closed soon, whatever is left. */
void warmstart_unix_connection_doom(struct connection *connection);

/* A deadline of a connection is over. */
void warmstart_unix_connection_expire(struct deadline *deadline, enum deadline_kind kind);

/* Whether all that was said has been written. */
bool warmstart_unix_connections_are_told(const struct warmstart_unix *server);

/* All of them: made ready (0, WARMSTART_ERR_MEMORY), looked at whether they are over, freed. */
int warmstart_unix_connections_init(struct warmstart_unix *server);
void warmstart_unix_connections_touch(struct warmstart_unix *server);
void warmstart_unix_connections_deinit(struct warmstart_unix *server);

#endif
