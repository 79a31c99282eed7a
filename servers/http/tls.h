/* SPDX-License-Identifier: MIT */
/*
 * TLS, by libmicrohttpd and GnuTLS. Every TCP socket of a server with a certificate speaks it; Unix sockets
 * do not. What is added here: the certificate is looked at before anything else begins, a client CA makes
 * certificates of clients a condition, and a handshake that waits for its peer costs nothing.
 */
#ifndef SERVERS_HTTP_TLS_H
#define SERVERS_HTTP_TLS_H

#include <sys/socket.h>

#include "cell.h"

/*
 * Copies the texts out of http->options. 0, also when there are none: then http->tls is NULL.
 * WARMSTART_ERR_INVALID: they cannot be used; WARMSTART_ERR_UNSUPPORTED: libmicrohttpd has no TLS;
 * WARMSTART_ERR_MEMORY.
 */
int warmstart_http_tls_new(struct warmstart_http *http);

/* Wipes and frees them. */
void warmstart_http_tls_free(struct warmstart_http *http);

/* Does a socket with such an address speak TLS? */
bool warmstart_http_tls_is_for(const struct warmstart_http *http, sa_family_t family);

/* What libmicrohttpd has to be told for a cell that is `secure`, or not. Stays as long as what is held of it. */
struct MHD_OptionItem *warmstart_http_tls_items(struct warmstart_http *http, bool secure);

/* A cell shows the server's present certificate, and keeps it until it is dropped. NULL is fine to be dropped. */
struct tls *warmstart_http_tls_hold(struct warmstart_http *http);
void warmstart_http_tls_drop(struct tls *tls);

/* A connection has been handed to its cell, which is a secure one: its handshake begins. */
void warmstart_http_tls_begin(struct connection *connection);

/*
 * To be called after each run of a secure cell's daemon. libmicrohttpd 0.9.75 asks to be run again at once,
 * and again, while a handshake waits for its peer, so one that never goes on would keep the processor busy.
 * Such connections are suspended, and resumed when their socket is ready.
 */
void warmstart_http_tls_pause(struct cell *cell);

/* Resumes them all, before the daemon is stopped. */
void warmstart_http_tls_resume_all(struct cell *cell);

/* The connection is closed. Fine for one without TLS. */
void warmstart_http_tls_end(struct connection *connection);

/* Sends all or nothing of a short text, at once, by TLS. */
void warmstart_http_tls_send(struct connection *connection, const char *text, size_t bytes);

#endif
