/* SPDX-License-Identifier: MIT */
/*
 * Trigger.dev's dialect: what the headers of a poll and the body of a POST mean, and the texts of the
 * answers. Pure functions: no socket, no clock, any thread, nothing kept. Nothing of a message or a token
 * is ever in an error's text.
 *
 * Both requests come down to the same four fields, named cpu, deployment, memory and version, in this order,
 * with equal bytes exactly when they mean the same.
 */
#ifndef SERVERS_PROTOCOL_TRIGGER_H
#define SERVERS_PROTOCOL_TRIGGER_H

#include <stddef.h>
#include <stdint.h>
#include <warmstart/warmstart.h>

#include "json.h"
#include "metadata.h"
#include "token.h"

#define TRIGGER_FIELDS            4
#define TRIGGER_VALUE_BYTES_MAX   1024 /* of a header or of a message's value that is matched */
#define TRIGGER_RUN_BYTES_MAX     256  /* of a run's friendly id */
#define TRIGGER_CONNECT_BYTES_MAX 80   /* room for the answer to GET /connect */
#define TRIGGER_ERROR_BYTES_MAX   512  /* good room for an error's answer */
#define TRIGGER_TRACEPARENT_BYTES 55   /* of a traceparent */

/* ---- Errors: an answer 400 ---- */

enum trigger_code {
    TRIGGER_CODE_HEADER_MISSING = 1, /* a header that is needed is not there, or empty */
    TRIGGER_CODE_HEADER_INVALID,     /* a header's value is too long, has control bytes, or is no number */
    TRIGGER_CODE_TOKEN_MALFORMED,    /* the deployment header is no token and no bare id */
    TRIGGER_CODE_BODY_MISSING,       /* a POST without a body */
    TRIGGER_CODE_BODY_INVALID        /* a body that is not what PROTOCOL asks for */
};

struct trigger_error {
    enum trigger_code code;
    const char *header; /* static, lower case: the one at fault; NULL: the body is */
    size_t offset;      /* of the body's byte at fault, from 0 */
    char message[160];  /* a sentence for people, zero-terminated, plain ASCII */
};

/* The word for a code in answers and logs, such as "header_missing". Never NULL; static. */
const char *warmstart_trigger_code_name(enum trigger_code code);

/* ---- GET /warm-start ---- */

enum trigger_header {
    TRIGGER_HEADER_CONTROLLER = 0, /* may be missing or empty */
    TRIGGER_HEADER_DEPLOYMENT,
    TRIGGER_HEADER_VERSION,
    TRIGGER_HEADER_CPU,
    TRIGGER_HEADER_MEMORY,
    TRIGGER_HEADER_INSTANCE, /* may be missing or empty */
    TRIGGER_HEADERS
};

/* Their names, lower case. */
#define TRIGGER_HEADER_CONTROLLER_NAME "x-trigger-workload-controller-id"
#define TRIGGER_HEADER_DEPLOYMENT_NAME "x-trigger-deployment-id"
#define TRIGGER_HEADER_VERSION_NAME    "x-trigger-deployment-version"
#define TRIGGER_HEADER_CPU_NAME        "x-trigger-machine-cpu"
#define TRIGGER_HEADER_MEMORY_NAME     "x-trigger-machine-memory"
#define TRIGGER_HEADER_INSTANCE_NAME   "x-trigger-worker-instance-name"

/* A header's name, lower case, static; its length is stored unless ret_bytes is NULL. */
const char *warmstart_trigger_header_name(enum trigger_header header, size_t *ret_bytes);

/* A header's value; any bytes. */
struct trigger_value {
    const char *text; /* NULL: the header is missing */
    size_t bytes;     /* length of text */
};

/* What a poll asks for. Points into itself and into the headers: it is not to be copied. */
struct trigger_poll {
    struct warmstart_field fields[TRIGGER_FIELDS]; /* for warmstart_register() */
    const char *controller_id;                     /* in the headers */
    size_t controller_id_bytes;                    /* 0: none */
    const char *instance;                          /* in the headers */
    size_t instance_bytes;                         /* 0: none */
    uint8_t has_token;                      /* 1: the deployment came as a token, which is in `token` */
    struct token token;                     /* only with has_token; not verified */
    char cpu[METADATA_NUMBER_BYTES_MAX];    /* a field's value */
    char memory[METADATA_NUMBER_BYTES_MAX]; /* a field's value */
};

/*
 * Reads a poll's headers; values[h] is header h. 1: *ret_poll is set, the headers must stay as long as it is
 * used. 0: *ret_error is set, *ret_poll means nothing.
 */
int warmstart_trigger_read_poll(const struct trigger_value values[TRIGGER_HEADERS],
                                struct trigger_poll *ret_poll, struct trigger_error *ret_error);

/* ---- POST /warm-start ---- */

/* Why no waiter can match a message that is well-formed. For counting: 0 to TRIGGER_MISFITS - 1. */
enum trigger_misfit {
    TRIGGER_MISFIT_NONE = 0,
    TRIGGER_MISFIT_DEPLOYMENT_MISSING, /* not there, or null */
    TRIGGER_MISFIT_DEPLOYMENT_INVALID, /* no string, empty, over TRIGGER_VALUE_BYTES_MAX, or control bytes */
    TRIGGER_MISFIT_VERSION_MISSING,    /* not there, or null */
    TRIGGER_MISFIT_VERSION_INVALID,    /* as deployment */
    TRIGGER_MISFIT_CPU_MISSING,        /* not there, or null */
    TRIGGER_MISFIT_CPU_INVALID,        /* not a positive number, or over TRIGGER_VALUE_BYTES_MAX */
    TRIGGER_MISFIT_MEMORY_MISSING,     /* not there, or null */
    TRIGGER_MISFIT_MEMORY_INVALID,     /* as cpu */
    TRIGGER_MISFITS
};

/* The word for a misfit in metrics and logs, such as "deployment_missing". Never NULL; static. */
const char *warmstart_trigger_misfit_name(enum trigger_misfit misfit);

/* What a POST asks for. Points into itself and into the body: it is not to be copied. */
struct trigger_dispatch {
    struct warmstart_field fields[TRIGGER_FIELDS]; /* for warmstart_dispatch(); not with a misfit */
    enum trigger_misfit misfit;                    /* why nobody can match */
    const char *message;                           /* the bytes of dequeuedMessage, in the body */
    size_t message_bytes;                          /* how many */
    size_t run_bytes;                              /* length of run; 0: none, or over its limit */
    char run[TRIGGER_RUN_BYTES_MAX];               /* run.friendlyId, decoded: any UTF-8, control bytes too */
    char deployment[TRIGGER_VALUE_BYTES_MAX];      /* a field's value, where it had to be decoded */
    char version[TRIGGER_VALUE_BYTES_MAX];         /* a field's value, where it had to be decoded */
    char cpu[METADATA_NUMBER_BYTES_MAX];           /* a field's value */
    char memory[METADATA_NUMBER_BYTES_MAX];        /* a field's value */
};

/*
 * Reads a POST's body of `bytes` bytes (NULL only with 0). 1: *ret_dispatch is set and somebody may match.
 * 0: it is set, but nobody can match: `misfit` says why, the answer is false, there are no fields.
 * -1: *ret_error is set, *ret_dispatch means nothing. The body must stay as long as *ret_dispatch is used.
 */
int warmstart_trigger_read_dispatch(const char *body, size_t bytes, struct trigger_dispatch *ret_dispatch,
                                    struct trigger_error *ret_error);

/*
 * 1: the text begins with a traceparent of W3C's shape, TRIGGER_TRACEPARENT_BYTES long, that is safe to log;
 * what a version after 00 may put behind it is not looked at. 0: it does not.
 */
int warmstart_trigger_traceparent(const char *text, size_t bytes);

/* ---- Answers. JSON, no line end; every length without a terminating zero. ---- */

/* The body of the answer to a POST, static; its length is stored. `warm` is 1 or 0. */
const char *warmstart_trigger_did_warm_start(int warm, size_t *ret_bytes);

/* Writes the body of the answer to GET /connect. The length. */
size_t warmstart_trigger_write_connect(char out[TRIGGER_CONNECT_BYTES_MAX], uint32_t connection_timeout_ms,
                                       uint32_t keepalive_ms);

/*
 * Writes {"error":{"code":...,"message":...}} into `out` (at least 64 bytes). Both texts are zero-terminated
 * and may hold any bytes: what is not UTF-8 becomes U+FFFD; what is too long is cut, the message first. The
 * length: always valid JSON, at most out_bytes.
 */
size_t warmstart_trigger_write_error(char *out, size_t out_bytes, const char *code, const char *message);

#endif
