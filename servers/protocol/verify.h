/* SPDX-License-Identifier: MIT */
/*
 * Verifies deployment tokens: HS256 and nothing else. Signatures are compared in constant time, and a token
 * whose signature was right is remembered, so that its next poll costs no second one: all controllers of a
 * deployment send the same bytes. Time is an argument. One thread at a time. No text from here ever holds a
 * part of a token or of the secret.
 */
#ifndef SERVERS_PROTOCOL_VERIFY_H
#define SERVERS_PROTOCOL_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "token.h"

#define VERIFY_SECRET_BYTES_MAX 4096
#define VERIFY_REMEMBERED_MAX   1024 /* tokens */

/* What is found about a deployment header. For counting: 0 to VERIFY_RESULTS - 1. */
enum verify_result {
    VERIFY_VALID = 0,
    VERIFY_BARE,       /* no token but a bare id; never from _check */
    VERIFY_MALFORMED,  /* it cannot be taken apart, or its header is not a JSON object */
    VERIFY_ALGORITHM,  /* `alg` is not HS256, or the header has a `crit` */
    VERIFY_SIGNATURE,  /* the signature is not ours */
    VERIFY_FORMAT,     /* `ver` is not 1 */
    VERIFY_EARLY,      /* before its `nbf`, or that is not a number of seconds */
    VERIFY_ENDLESS,    /* it has no `exp` */
    VERIFY_EXPIRED,    /* at or after its `exp` */
    VERIFY_VERSION,    /* `deployment_version` is not there, or not what the poll says */
    VERIFY_DEPLOYMENT, /* `deployment` is not what the poll says beside its token; never from _check */
    VERIFY_RESULTS
};

struct verifier;

/*
 * Makes a verifier for a secret of 1 to VERIFY_SECRET_BYTES_MAX bytes, of which only what HMAC makes of it is
 * kept. 0: *ret_verifier is the caller's. WARMSTART_ERR_INVALID: no such length; WARMSTART_ERR_MEMORY.
 */
int warmstart_verifier_new(const void *secret, size_t secret_bytes, struct verifier **ret_verifier);

/* Wipes and frees it. NULL is fine. */
void warmstart_verifier_free(struct verifier *verifier);

/*
 * Judges a token that warmstart_token_read() has taken apart; the text that it was read from must still be
 * there. `version` is what the poll says it is; now_s is Unix time in seconds.
 */
enum verify_result warmstart_verifier_check(struct verifier *verifier, const struct token *token,
                                            const char *version, size_t version_bytes, int64_t now_s);

/* How many signatures were computed. */
uint64_t warmstart_verifier_signatures(const struct verifier *verifier);

/* How many tokens are remembered. */
size_t warmstart_verifier_remembered(const struct verifier *verifier);

/* The word for a result in metrics, such as "expired". Never NULL; static. */
const char *warmstart_verify_name(enum verify_result result);

#endif
