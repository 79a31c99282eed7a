/* SPDX-License-Identifier: MIT */
/* The line protocol's part of warmstartd. */
#ifndef SERVERS_DAEMON_UNIX_H
#define SERVERS_DAEMON_UNIX_H

#include <warmstart/http.h>
#include <warmstart/unix.h>

#include "names.h"
#include "options.h"

/* Who stands in the options. */
struct warmstart_daemon_unix_names {
    struct warmstart_daemon_names owner;
    struct warmstart_daemon_names wait;
    struct warmstart_daemon_names dispatch;
    struct warmstart_daemon_names operate;
};

/* Whether any listener speaks it. */
bool warmstart_daemon_unix_is_wanted(const struct warmstart_daemon_options *options);

/* Looks up all names. 0, or WARMSTART_ERR_INVALID and a line in *ret_error. */
int warmstart_daemon_unix_names_read(struct warmstart_daemon_unix_names *names,
                                     const struct warmstart_daemon_options *options, char *ret_error,
                                     size_t error_bytes);

/* Makes the server; `on_drain` is called with `user` when an operator asks to stop. As warmstart_unix_new(). */
int warmstart_daemon_unix_new(struct warmstart_loop *loop, const struct warmstart_daemon_options *given,
                              const struct warmstart_daemon_unix_names *names,
                              const struct warmstart_logger *logger,
                              int (*on_drain)(void *user, const struct warmstart_unix_drain_request *request),
                              void *user, struct warmstart_unix **ret_server);

/* Adds what it counts to a page of metrics. */
void warmstart_daemon_unix_metrics(const struct warmstart_unix *server,
                                   struct warmstart_http_metrics *metrics);

/* Opens a listener, and writes where it is. EXIT_SUCCESS, or EXIT_FAILURE after a line on standard error. */
int warmstart_daemon_unix_listen(struct warmstart_unix *server,
                                 const struct warmstart_daemon_listener *listener, char *ret_url,
                                 size_t url_bytes);

/* "unix", "unix-wait" or "unix-dispatch": as in LISTEN_FDNAMES. */
const char *warmstart_daemon_unix_role_name(unsigned rights);

#endif
