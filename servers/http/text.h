/* SPDX-License-Identifier: MIT */
/* A text that grows while it is written. */
#ifndef SERVERS_HTTP_TEXT_H
#define SERVERS_HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero at first. `data` is malloc()'s and the caller's to free. */
struct text {
    char *data;      /* zero-terminated once something was added */
    size_t bytes;    /* its length */
    size_t capacity; /* allocated */
    bool failed;     /* out of memory: what was added since is missing */
};

/* Adds as printf() would print. After a failure nothing is added any more. */
void warmstart_http_text_add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
