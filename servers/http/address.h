/* SPDX-License-Identifier: MIT */
/* Addresses to listen on, as people write them. Pure functions but for _resolve(). */
#ifndef SERVERS_HTTP_ADDRESS_H
#define SERVERS_HTTP_ADDRESS_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ADDRESS_HOST_BYTES_MAX 255
#define ADDRESS_URL_BYTES_MAX  (sizeof(struct sockaddr_un) + 16)

struct address {
    char host[ADDRESS_HOST_BYTES_MAX + 1]; /* a name or number, without brackets; empty for a Unix socket */
    uint16_t port;                         /* 0: any that is free */
    struct sockaddr_un path;               /* only for a Unix socket */
    bool is_unix;                          /* "unix:PATH" */
};

/* Takes "HOST:PORT", "[IPV6]:PORT" or "unix:PATH" apart. 0, or WARMSTART_ERR_INVALID: none of these. */
int warmstart_http_address_read(const char *text, struct address *ret_address);

/*
 * Looks a host up, which may take long. 0: *ret_list is for freeaddrinfo(). WARMSTART_ERR_INVALID: the name
 * is not known; WARMSTART_ERR_SYSTEM (errno); WARMSTART_ERR_MEMORY.
 */
int warmstart_http_address_resolve(const struct address *address, struct addrinfo **ret_list);

/*
 * Writes the URL of a listening socket, cut to out_bytes, such as "http://127.0.0.1:8080", with TLS
 * (`secure`) "https://127.0.0.1:8080", "unix:/run/x".
 */
void warmstart_http_address_url(const struct sockaddr *address, bool secure, char *out, size_t out_bytes);

#endif
