/* SPDX-License-Identifier: MIT */
/* A socket that never blocks, and what is still to be sent or is not whole so far. */
#ifndef BENCH_LOAD_CONNECTION_H
#define BENCH_LOAD_CONNECTION_H

#include "address.h"
#include "protocol.h"

#include <stdint.h>

enum connection_kind { CONNECTION_CONTROLLER, CONNECTION_SUPERVISOR, CONNECTION_CHURN };

#define NO_RUN UINT64_MAX

struct connection {
    int fd;       /* -1: closed */
    uint8_t kind; /* enum connection_kind */
    bool watches_writing;
    bool waits;        /* controller: a wait was sent whose end was not heard */
    bool greeted;      /* controller: has sent its greeting. Supervisor: has posted `key` before */
    uint32_t number;   /* of its kind; names the controller */
    uint32_t key;      /* controller: its own; supervisor: that of its last post */
    uint64_t run;      /* controller: arrived and not confirmed; supervisor: posted and not answered */
    uint64_t since_ns; /* controller: the wait; supervisor: the post, or when it should have been */
    char *in;          /* what was read and is not whole */
    size_t in_len;
    size_t in_capacity;
    const char *out; /* what is still to be sent */
    size_t out_len;
    char *out_copy; /* NULL, or what `out` points into and is freed with it */
};

/* How to be told of the fd: epoll_ctl() on this one, with the connection as its data. */
bool connection_open(struct connection *connection, const struct address *address, int epoll);
void connection_close(struct connection *connection);

/*
 * Sends as much as it can and the rest when the fd takes it. `bytes` must stay as they are until they are
 * sent if `stays`; else a copy is made of what is left. There must be nothing to be sent still. False: the
 * connection is broken.
 */
bool connection_send(struct connection *connection, int epoll, const char *bytes, size_t len, bool stays);

/* The fd takes more. False: the connection is broken. */
bool connection_flush(struct connection *connection, int epoll);

/*
 * Reads once, as much as there is and fits. *ret_bytes is what came together with what was kept from before;
 * it lives until the next call for any connection. 1: something was read; 0: nothing is there; -1: the
 * connection has ended.
 */
int connection_receive(struct connection *connection, const char **ret_bytes, size_t *ret_len);

/* Keeps the last bytes of what was received, which are not whole, until more comes; `need`: in all, or 0. */
void connection_keep(struct connection *connection, const char *bytes, size_t len, size_t need);

#endif
