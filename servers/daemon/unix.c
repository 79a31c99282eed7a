/* SPDX-License-Identifier: MIT */
#include "unix.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ATTEMPTS_MAX = 100 }; /* of a dispatch; HTTP goes further */

bool warmstart_daemon_unix_is_wanted(const struct warmstart_daemon_options *options)
{
    for (size_t i = 0; i < options->listeners_len; i++)
        if (options->listeners[i].rights != 0)
            return true;
    return false;
}

int warmstart_daemon_unix_names_read(struct warmstart_daemon_unix_names *names,
                                     const struct warmstart_daemon_options *options, char *ret_error,
                                     size_t error_bytes)
{
    const struct {
        struct warmstart_daemon_names *names;
        const char *option;
        const char *text;
    } lists[] = {
        {&names->owner, "unix-owner", options->unix_owner},
        {&names->wait, "unix-allow-wait", options->unix_allow_wait},
        {&names->dispatch, "unix-allow-dispatch", options->unix_allow_dispatch},
        {&names->operate, "unix-allow-operate", options->unix_allow_operate},
    };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        int error = warmstart_daemon_names_read(lists[i].names, lists[i].option, lists[i].text, ret_error,
                                                error_bytes);
        if (error < 0)
            return error;
    }
    if (names->owner.users_len <= 1 && names->owner.groups_len <= 1)
        return 0;
    snprintf(ret_error, error_bytes, "option --unix-owner: expected one user, one @group, or both");
    return WARMSTART_ERR_INVALID;
}

static struct warmstart_unix_allowed allowed(const struct warmstart_daemon_names *names)
{
    return (struct warmstart_unix_allowed){.users = names->users,
                                           .users_len = names->users_len,
                                           .groups = names->groups,
                                           .groups_len = names->groups_len};
}

int warmstart_daemon_unix_new(struct warmstart_loop *loop, const struct warmstart_daemon_options *given,
                              const struct warmstart_daemon_unix_names *names,
                              const struct warmstart_logger *logger,
                              int (*on_drain)(void *user, const struct warmstart_unix_drain_request *request),
                              void *user, struct warmstart_unix **ret_server)
{
    struct warmstart_unix_options options;

    warmstart_unix_options_init(&options);
    options.logger = logger;
    options.wait = allowed(&names->wait);
    options.dispatch = allowed(&names->dispatch);
    options.operate = allowed(&names->operate);
    options.mode = (uint32_t)given->unix_mode;
    if (names->owner.users_len > 0)
        options.owner = names->owner.users[0];
    if (names->owner.groups_len > 0)
        options.group = names->owner.groups[0];
    options.lease_ms = (uint32_t)given->unix_lease_ms;
    options.dispatch_timeout_ms = (uint32_t)given->dispatch_timeout_ms;
    options.attempts_max =
        given->attempts_max < ATTEMPTS_MAX ? (uint32_t)given->attempts_max : (uint32_t)ATTEMPTS_MAX;
    options.connections_max = (uint32_t)given->unix_connections_max;
    options.connections_per_user_max = (uint32_t)given->unix_connections_per_user_max;
    options.waits_per_connection_max = (uint32_t)given->unix_waits_max;
    options.dispatches_per_connection_max = (uint32_t)given->unix_dispatches_max;
    options.line_bytes_max = (uint32_t)given->unix_line_bytes_max;
    options.body_bytes_max = (size_t)given->body_bytes_max;
    /* One payload has to have room. */
    options.buffered_bytes_max = given->unix_buffered_bytes_max > given->body_bytes_max
                                     ? (size_t)given->unix_buffered_bytes_max
                                     : (size_t)given->body_bytes_max;
    options.line_timeout_ms = (uint32_t)given->unix_line_timeout_ms;
    options.body_timeout_ms = (uint32_t)given->body_timeout_ms;
    options.stall_timeout_ms = (uint32_t)given->unix_stall_timeout_ms;
    options.idle_timeout_ms = (uint32_t)given->unix_idle_timeout_ms;
    options.on_drain = on_drain;
    options.on_drain_user = user;
    return warmstart_unix_new(loop, &options, ret_server);
}

static const struct {
    const char *name;
    const char *help;
    size_t place; /* in struct warmstart_unix_stats */
} counted[] = {
    {"warmstart_unix_connections", "Open connections of the line protocol.",
     offsetof(struct warmstart_unix_stats, connections)},
    {"warmstart_unix_connections_accepted_total", "Connections of the line protocol that were accepted.",
     offsetof(struct warmstart_unix_stats, connections_total)},
    {"warmstart_unix_connections_refused_total",
     "Connections of the line protocol over a limit, or for want of descriptors or memory.",
     offsetof(struct warmstart_unix_stats, connections_refused_total)},
    {"warmstart_unix_waits", "Waits of the line protocol that have not ended.",
     offsetof(struct warmstart_unix_stats, waits)},
    {"warmstart_unix_dispatches_running", "Dispatches of the line protocol that are not settled.",
     offsetof(struct warmstart_unix_stats, dispatches)},
    {"warmstart_unix_body_bytes", "Memory of payloads that came by the line protocol.",
     offsetof(struct warmstart_unix_stats, buffered_bytes)},
    {"warmstart_unix_commands_total", "Commands of the line protocol that were read.",
     offsetof(struct warmstart_unix_stats, commands_total)},
    {"warmstart_unix_errors_total", "Answers of the line protocol that begin with ERR.",
     offsetof(struct warmstart_unix_stats, errors_total)},
    {"warmstart_unix_payloads_total", "Payloads that were begun to be written on the line protocol.",
     offsetof(struct warmstart_unix_stats, payloads_total)},
    {"warmstart_unix_payloads_acknowledged_total", "Acks of the line protocol that were answered OK.",
     offsetof(struct warmstart_unix_stats, acknowledged_total)},
    {"warmstart_unix_payloads_refused_total", "Refuses of the line protocol that were answered OK.",
     offsetof(struct warmstart_unix_stats, refused_total)},
    {"warmstart_unix_payloads_overdue_total", "Payloads that were taken back at the end of their lease.",
     offsetof(struct warmstart_unix_stats, overdue_total)},
    {"warmstart_unix_connections_stalled_total",
     "Connections of the line protocol closed because nobody read.",
     offsetof(struct warmstart_unix_stats, stalled_total)},
    {"warmstart_unix_timeouts_total",
     "Connections of the line protocol closed for a line or body that took too long, or idle.",
     offsetof(struct warmstart_unix_stats, timeouts_total)},
};

void warmstart_daemon_unix_metrics(const struct warmstart_unix *server,
                                   struct warmstart_http_metrics *metrics)
{
    struct warmstart_unix_stats stats = {.size = sizeof(stats)};
    (void)warmstart_unix_get_stats(server, &stats);
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        uint64_t value;
        memcpy(&value, (const char *)&stats + counted[i].place, sizeof(value));
        (void)warmstart_http_add_metric(metrics, counted[i].name, counted[i].help, value);
    }
}

int warmstart_daemon_unix_listen(struct warmstart_unix *server,
                                 const struct warmstart_daemon_listener *listener, char *ret_url,
                                 size_t url_bytes)
{
    int error = 0;

    if (listener->address != NULL) {
        snprintf(ret_url, url_bytes, "%s", listener->address);
        error = warmstart_unix_listen(server, listener->address, listener->rights);
    } else {
        snprintf(ret_url, url_bytes, "descriptor %d of LISTEN_FDS", listener->fd);
        error = warmstart_unix_listen_fd(server, listener->fd, listener->rights);
    }
    if (error == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "warmstartd: cannot listen on %s: %s\n", ret_url,
            error == WARMSTART_ERR_SYSTEM    ? strerror(errno)
            : error == WARMSTART_ERR_INVALID ? "it is not a Unix stream socket that listens"
                                             : warmstart_strerror(error));
    return EXIT_FAILURE;
}

const char *warmstart_daemon_unix_role_name(unsigned rights)
{
    switch (rights) {
    case WARMSTART_UNIX_WAIT:
        return "unix-wait";
    case WARMSTART_UNIX_DISPATCH:
        return "unix-dispatch";
    default:
        return "unix";
    }
}
