/* SPDX-License-Identifier: MIT */
/*
 * Deployment tokens: what the poll's deployment header carries when token enforcement is on. A JSON Web
 * Token, here only taken apart; the parts that its signature covers are kept for whoever verifies it. Pure
 * functions: any thread, nothing kept. No text from here ever holds a part of a token.
 */
#ifndef SERVERS_PROTOCOL_TOKEN_H
#define SERVERS_PROTOCOL_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "json.h"

#define TOKEN_BYTES_MAX         1024
#define TOKEN_CLAIM_BYTES_MAX   768 /* no claim of a token that is not too long is longer */
#define TOKEN_SEGMENT_BYTES_MAX 776 /* room for any segment of such a token, decoded */

struct token {
    const char *signed_part;                /* header.payload, in the text that was read */
    size_t signed_part_bytes;               /* its length */
    const char *signature;                  /* base64url, in the text that was read */
    size_t signature_bytes;                 /* its length */
    size_t deployment_bytes;                /* 1 to TOKEN_CLAIM_BYTES_MAX */
    size_t version_bytes;                   /* 0: no such claim */
    int64_t expires_at_s;                   /* `exp`, seconds of Unix time; meaningless without has_expiry */
    uint8_t has_expiry;                     /* 1: there is an `exp` */
    char deployment[TOKEN_CLAIM_BYTES_MAX]; /* `deployment`, decoded, no control bytes */
    char version[TOKEN_CLAIM_BYTES_MAX];    /* `deployment_version`, decoded, no control bytes */
};

enum token_reason {
    TOKEN_REASON_NONE = 0,
    TOKEN_REASON_LENGTH,     /* over TOKEN_BYTES_MAX */
    TOKEN_REASON_SEGMENTS,   /* not three non-empty segments */
    TOKEN_REASON_BASE64URL,  /* a segment is not base64url without padding */
    TOKEN_REASON_PAYLOAD,    /* the payload is not a JSON object */
    TOKEN_REASON_DEPLOYMENT, /* no usable string `deployment` in it */
    TOKEN_REASON_VERSION,    /* `deployment_version` is there and not a usable string */
    TOKEN_REASON_EXPIRY      /* `exp` is there and not a number of seconds */
};

/* 1: a deployment header with this value is meant to be a token: it has a '.', which no friendly id has. */
int warmstart_token_looks_like(const char *text, size_t bytes);

/*
 * Takes a token apart; its signature is not verified. TOKEN_REASON_NONE: *ret_token is set, and points into
 * `text`. Otherwise: why the token is malformed; *ret_token means nothing.
 */
enum token_reason warmstart_token_read(const char *text, size_t bytes, struct token *ret_token);

/* Decodes one segment. 1: done; 0: it is not base64url without padding, or over TOKEN_BYTES_MAX. */
int warmstart_token_segment(const char *text, size_t bytes, uint8_t out[TOKEN_SEGMENT_BYTES_MAX],
                            size_t *ret_bytes);

/* Reads a claim that is seconds of Unix time; a fraction of a second is dropped. 1: done; 0: it is not. */
int warmstart_token_seconds(const struct json_span *span, int64_t *ret_seconds);

/* What was expected, as words that follow "expected ". Never NULL; static. */
const char *warmstart_token_expected(enum token_reason reason);

#endif
