/* SPDX-License-Identifier: MIT */
/*
 * The files that the options name and nobody else should see. In memory only as long as they are handed on.
 */
#ifndef SERVERS_DAEMON_SECRETS_H
#define SERVERS_DAEMON_SECRETS_H

#include "log.h"
#include "options.h"

/* One of them. */
struct warmstart_daemon_secret {
    char *text;       /* zero-terminated; owned; NULL: none */
    size_t bytes;     /* its length */
    size_t room;      /* allocated */
    const char *path; /* of its file, the options'; NULL: it came from the environment */
    bool exposed;     /* every user of the machine can read the file */
};

struct warmstart_daemon_secrets {
    struct warmstart_daemon_secret token;    /* what deployment tokens are signed with */
    struct warmstart_daemon_secret dispatch; /* the bearer token of supervisors */
    struct warmstart_daemon_secret tls_cert; /* in PEM, as the two that follow */
    struct warmstart_daemon_secret tls_key;
    struct warmstart_daemon_secret tls_client_ca;
};

/*
 * Reads what the options name, and WORKLOAD_TOKEN_SECRET of `environment` if they name no file for it. A
 * line end at the end of a secret is no part of it. Certificates and keys are looked at. Call _deinit
 * afterwards, whatever was returned. 0: done. WARMSTART_ERR_INVALID, WARMSTART_ERR_SYSTEM,
 * WARMSTART_ERR_MEMORY: *ret_error is one line as of warmstart_daemon_options_read(), without any of the
 * content; WARMSTART_DAEMON_ERROR_BYTES are always enough.
 */
int warmstart_daemon_secrets_read(struct warmstart_daemon_secrets *secrets,
                                  const struct warmstart_daemon_options *options, char *const *environment,
                                  char *ret_error, size_t error_bytes);

/* Warns about files that are open to everybody, and of a secret that is not used. */
void warmstart_daemon_secrets_warn(const struct warmstart_daemon_secrets *secrets,
                                   const struct warmstart_daemon_options *options,
                                   struct warmstart_daemon_log *log);

/* Wipes and frees them. */
void warmstart_daemon_secrets_deinit(struct warmstart_daemon_secrets *secrets);

#endif
