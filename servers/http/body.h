/* SPDX-License-Identifier: MIT */
/*
 * The body of a POST: one growing block with a count of references. The dispatch holds one until it is
 * settled, each response that points into it another until libmicrohttpd frees that.
 */
#ifndef SERVERS_HTTP_BODY_H
#define SERVERS_HTTP_BODY_H

#include "server.h"

struct body {
    struct warmstart_http *http;
    uint32_t references; /* at least 1 */
    size_t bytes;        /* filled */
    size_t capacity;     /* of data */
    char data[];
};

/*
 * Appends to *body, which may be NULL at first. `announced` is the Content-Length, 0 if there is none, and
 * only a hint. The caller keeps within the limit. 0: done. WARMSTART_ERR_MEMORY: as it was before.
 */
int warmstart_http_body_append(struct warmstart_http *http, struct body **body, uint64_t announced,
                               const char *data, size_t bytes);

/* One reference more. */
struct body *warmstart_http_body_hold(struct body *body);

/* One reference less; the last frees it. NULL is fine. */
void warmstart_http_body_drop(struct body *body);

#endif
