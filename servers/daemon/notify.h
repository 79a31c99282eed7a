/* SPDX-License-Identifier: MIT */
/*
 * What a service manager wants to know, as sd_notify(3) describes it: text in a datagram to the socket that
 * NOTIFY_SOCKET names, and a sign of life as often as WATCHDOG_USEC asks for. Without these variables nothing
 * is sent.
 */
#ifndef SERVERS_DAEMON_NOTIFY_H
#define SERVERS_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <warmstart/loop.h>

/* In place. Must not be moved between _init and _deinit. */
struct warmstart_daemon_notify {
    struct warmstart_loop *loop;
    int fd;                        /* a datagram socket; -1: nobody wants to know */
    struct sockaddr_un address;    /* of the service manager */
    socklen_t address_bytes;       /* its length */
    struct warmstart_timer timer;  /* the next sign of life */
    uint64_t watchdog_interval_ns; /* between them; 0: none */
};

/*
 * Reads the environment (as environ). Sends no sign of life before _ready. What cannot be used counts as not
 * there; there are no errors, for a service manager that hears nothing acts on its own.
 */
void warmstart_daemon_notify_init(struct warmstart_daemon_notify *notify, struct warmstart_loop *loop,
                                  char *const *environment);

/* Sends "NAME=VALUE" lines. Waits for a second at most. */
__attribute__((format(printf, 2, 3))) void warmstart_daemon_notify_send(
    const struct warmstart_daemon_notify *notify, const char *format, ...);

/* Everything is open; begins with the signs of life. */
void warmstart_daemon_notify_ready(struct warmstart_daemon_notify *notify);

/* Before the loop is freed. */
void warmstart_daemon_notify_deinit(struct warmstart_daemon_notify *notify);

#endif
