/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void ready(struct warmstart_watch *watch, uint32_t events)
{
    struct warmstart_daemon_signals *signals =
        (struct warmstart_daemon_signals *)(void *)((char *)watch -
                                                    offsetof(struct warmstart_daemon_signals, watch));
    struct signalfd_siginfo info;

    (void)events;
    while (read(signals->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        signals->received(signals->user, (int)info.ssi_signo);
}

int warmstart_daemon_signals_init(struct warmstart_daemon_signals *signals, struct warmstart_loop *loop,
                                  void (*received)(void *user, int number), void *user)
{
    sigset_t set;

    *signals = (struct warmstart_daemon_signals){
        .watch = {.ready = ready}, .loop = loop, .received = received, .user = user};
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return WARMSTART_ERR_SYSTEM;
    signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->fd < 0)
        return WARMSTART_ERR_SYSTEM;
    int error = warmstart_loop_watch(loop, &signals->watch, signals->fd, EPOLLIN);
    if (error < 0) {
        const int reason = errno;
        close(signals->fd);
        errno = reason;
        return WARMSTART_ERR_SYSTEM;
    }
    return 0;
}

void warmstart_daemon_signals_deinit(struct warmstart_daemon_signals *signals)
{
    warmstart_loop_unwatch(signals->loop, &signals->watch);
    close(signals->fd);
}
