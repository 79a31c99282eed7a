/* SPDX-License-Identifier: MIT */
/*
 * The generic dialect: what the bodies of POST /v1/wait and POST /v1/dispatch mean, and the text of the
 * answer to a dispatch. Whoever waits says any metadata, whoever dispatches which of it has to match. Pure
 * functions: no socket, no clock, any thread, nothing kept. Nothing of a body is ever in an error's text.
 *
 * Both bodies are strict: one JSON object, and each of its members is known, there once, and of its type.
 */
#ifndef SERVERS_PROTOCOL_GENERIC_H
#define SERVERS_PROTOCOL_GENERIC_H

#include <stddef.h>
#include <stdint.h>
#include <warmstart/warmstart.h>

#include "json.h"
#include "metadata.h"

#define GENERIC_NAME_BYTES_MAX 1024     /* of a controller id, of an instance */
#define GENERIC_TIMEOUT_MS_MAX 86400000 /* a day */
#define GENERIC_ATTEMPTS_MAX   100
#define GENERIC_ANSWER_BYTES   128 /* good room for the answer to a dispatch, without a controller */

/* ---- Errors: an answer 400 ---- */

enum generic_code {
    GENERIC_CODE_BODY_MISSING = 1, /* no body */
    GENERIC_CODE_BODY_INVALID,     /* not JSON, or no object */
    GENERIC_CODE_MEMBER_UNKNOWN,   /* a member of another name */
    GENERIC_CODE_MEMBER_REPEATED,  /* a member that is there twice */
    GENERIC_CODE_MEMBER_MISSING,   /* a member that is needed is not there */
    GENERIC_CODE_MEMBER_INVALID,   /* a member of another type, or out of its bounds */
    GENERIC_CODE_METADATA          /* a field that cannot be one: `reason` says why */
};

struct generic_error {
    enum generic_code code;
    enum metadata_reason reason; /* of GENERIC_CODE_METADATA, else METADATA_REASON_NONE */
    size_t offset;               /* of the body's byte at fault, from 0 */
    char message[160];           /* a sentence for people, zero-terminated, plain ASCII */
};

/* The word for an error in answers and logs, such as "member_unknown" or "name_too_long". Static. */
const char *warmstart_generic_code_name(const struct generic_error *error);

/* ---- POST /v1/wait ---- */

/*
 * {"metadata":{...},"id":"...","instance":"...","timeout_ms":30000}; only `metadata` is needed. Points into
 * itself: it is not to be copied.
 */
struct generic_wait {
    struct metadata metadata;              /* for warmstart_register() */
    size_t id_bytes;                       /* 0: none */
    size_t instance_bytes;                 /* 0: none */
    uint32_t timeout_ms;                   /* 1 to GENERIC_TIMEOUT_MS_MAX; 0: not said */
    char id[GENERIC_NAME_BYTES_MAX];       /* decoded; no control characters */
    char instance[GENERIC_NAME_BYTES_MAX]; /* as id */
};

/* Reads a body of `bytes` bytes (NULL only with 0), which need not stay. 1: *ret_wait is set. 0: *ret_error is,
 * *ret_wait means nothing. */
int warmstart_generic_read_wait(const char *body, size_t bytes, struct generic_wait *ret_wait,
                                struct generic_error *ret_error);

/* ---- POST /v1/dispatch ---- */

/*
 * {"match":{...},"payload":...,"mode":"exact","timeout_ms":1000,"attempts":3}; `match` and `payload` are
 * needed. Points into itself and, with the payload, into the body: it is not to be copied.
 */
struct generic_dispatch {
    struct metadata match;    /* for warmstart_dispatch() */
    enum warmstart_match how; /* exact unless said otherwise */
    const char *payload;      /* any JSON value, byte for byte as it stands in the body */
    size_t payload_bytes;     /* its length */
    uint32_t timeout_ms;      /* 1 to GENERIC_TIMEOUT_MS_MAX; 0: not said */
    uint32_t attempts;        /* 1 to GENERIC_ATTEMPTS_MAX; 0: not said */
};

/* As warmstart_generic_read_wait(), but that the body must stay as long as the payload is used. */
int warmstart_generic_read_dispatch(const char *body, size_t bytes, struct generic_dispatch *ret_dispatch,
                                    struct generic_error *ret_error);

/*
 * Writes {"delivered":...,"outcome":"...","attempts":...,"controller":"..."}, without `controller` if
 * controller_bytes is 0. `outcome` is zero-terminated and at most 32 plain characters; the controller is any
 * bytes, what is not UTF-8 becomes U+FFFD. `out` has room for GENERIC_ANSWER_BYTES + 6 * controller_bytes.
 * The length; no zero is added.
 */
size_t warmstart_generic_write_outcome(char *out, int delivered, const char *outcome, uint32_t attempts,
                                       const char *controller, size_t controller_bytes);

#endif
