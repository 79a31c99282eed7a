/* SPDX-License-Identifier: MIT */
/* SIGTERM, SIGINT and SIGHUP as events of a loop. One of these in a process, and in its only thread. */
#ifndef SERVERS_DAEMON_SIGNALS_H
#define SERVERS_DAEMON_SIGNALS_H

#include <warmstart/loop.h>

/* In place. Must not be moved between _init and _deinit. */
struct warmstart_daemon_signals {
    struct warmstart_watch watch; /* of the signalfd; its own fd is the loop's */
    struct warmstart_loop *loop;
    int fd; /* the signalfd */
    void (*received)(void *user, int number);
    void *user; /* handed to received */
};

/*
 * Blocks these signals and has `received` called from the loop for each that comes from now on. 0: done.
 * WARMSTART_ERR_SYSTEM: errno says why, and _deinit is not needed.
 */
int warmstart_daemon_signals_init(struct warmstart_daemon_signals *signals, struct warmstart_loop *loop,
                                  void (*received)(void *user, int number), void *user);

/* Stops watching, before the loop is freed. The signals stay blocked. */
void warmstart_daemon_signals_deinit(struct warmstart_daemon_signals *signals);

#endif
