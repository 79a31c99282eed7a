/* SPDX-License-Identifier: MIT */
/* Writing JSON into a block of memory that never grows. Pure functions: any thread, nothing kept. */
#ifndef SERVERS_PROTOCOL_JSON_TEXT_H
#define SERVERS_PROTOCOL_JSON_TEXT_H

#include <stddef.h>

/* An output that never goes past its limit, which may move while it is written. */
struct json_text {
    char *out;    /* the caller's */
    size_t used;  /* bytes written */
    size_t limit; /* where it ends for now */
};

/* Adds bytes, or nothing if they do not fit. 1: added. */
int warmstart_json_text_add(struct json_text *text, const char *bytes, size_t bytes_len);

/*
 * Adds what has to stand between a string's quotes for any bytes, as far as whole characters fit: at most six
 * bytes for each. What is not UTF-8 becomes U+FFFD.
 */
void warmstart_json_text_add_string(struct json_text *text, const char *string, size_t bytes);

#endif
