/* SPDX-License-Identifier: MIT */
/*
 * The body of a POST: one growing block, and the payload that stands in it once it was read whole. From then
 * on it is counted as a payload is: a response that points into it holds it until libmicrohttpd frees that.
 */
#ifndef SERVERS_HTTP_BODY_H
#define SERVERS_HTTP_BODY_H

#include "server.h"

struct body {
    struct warmstart_payload payload; /* first: its last reference frees the body */
    size_t bytes;                     /* filled */
    size_t capacity;                  /* of data */
    bool is_run;                      /* counts for buffered_bytes_max */
    char data[];
};

/*
 * Appends to *body, which may be NULL at first. `announced` is the Content-Length, 0 if there is none, and
 * only a hint. The caller keeps within the limit of one. 0: done. WARMSTART_ERR_LIMIT: all of them together
 * are as large as they may be; WARMSTART_ERR_MEMORY. Then it is as it was before.
 */
int warmstart_http_body_append(struct warmstart_http *http, struct body **body, uint64_t announced,
                               bool is_run, const char *data, size_t bytes);

/*
 * The server's own reference less: it counts the body no more, which whoever still writes it keeps, even
 * beyond the server's end. NULL is fine.
 */
void warmstart_http_body_drop(struct warmstart_http *http, struct body *body);

#endif
