/* SPDX-License-Identifier: MIT */
/* The headers of a request: the few that matter, and whether they are what the peer really sent. */
#ifndef SERVERS_HTTP_HEADERS_H
#define SERVERS_HTTP_HEADERS_H

#include "connection.h"

struct headers {
    struct trigger_value fields[TRIGGER_HEADERS]; /* of a poll */
    struct trigger_value traceparent;             /* NULL text: missing, or there twice */
    struct trigger_value authorization;
    struct trigger_value ack; /* x-warmstart-ack */
    struct trigger_value host;
    struct trigger_value content_type;
    struct trigger_value content_length;
    struct trigger_value transfer_encoding;
    const char *repeated; /* the lower-case name of one that may be there only once and is not; else NULL */
    size_t header_bytes;  /* from the method to the empty line */
    size_t copied_bytes;  /* of the cookies, which libmicrohttpd takes apart in a copy */
    size_t entries;       /* headers, cookies and arguments, each of which takes memory */
    bool intact;          /* no NUL, no folded line, no space in a name: what follows a name is its value */
    bool http_1_0;        /* the request's version is HTTP/1.0 */
};

/* Those that were read last: the calls about one request mostly come one right after the other. */
struct headers_memory {
    const struct connection *of; /* whose; NULL: none are remembered */
    struct headers headers;
};

/*
 * Reads the headers of a request that has begun. What is returned stays until those of another request are
 * read; the values point into libmicrohttpd's memory, which stays until the request is over. `method`,
 * `target` and `version` are as the access handler gets them.
 */
const struct headers *warmstart_http_headers_read(const struct connection *connection, const char *method,
                                                  const char *target, const char *version);

/* A request of this connection begins or is over: what was read before is not its headers. */
void warmstart_http_headers_forget(const struct connection *connection);

#endif
