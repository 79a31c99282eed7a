/* SPDX-License-Identifier: MIT */
/* Where the server is and what is spoken with it, from one word. */
#ifndef BENCH_LOAD_ADDRESS_H
#define BENCH_LOAD_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct protocol;

enum { ADDRESS_HOST_BYTES = 256 };

struct address {
    const struct protocol *protocol;
    struct sockaddr_storage name;
    socklen_t name_bytes;
    char host[ADDRESS_HOST_BYTES]; /* as it is written in a Host header */
};

/* Reads http://HOST:PORT and the like. False: it cannot be understood, or the host is not known. */
bool address_read(const char *text, struct address *ret_address);

/* Begins to connect. The socket; -1: errno says why (EAGAIN: the queue of a Unix socket is full). */
int address_connect(const struct address *address);

#endif
