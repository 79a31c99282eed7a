/* SPDX-License-Identifier: MIT */
#include "acceptor.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "descriptor.h"
#include "durations.h"

#define ACCEPTS_MAX 64                     /* in one turn, so that others get theirs */
#define RETRY_NS    (100 * MILLISECOND_NS) /* after what is no peer's matter */

/* ---- The spare descriptor ---- */

int warmstart_acceptors_prepare(struct acceptors *all)
{
    /* No file, which a root file system of our own might lack. */
    all->spare = eventfd(0, EFD_CLOEXEC);
    return all->spare >= 0 ? 0 : WARMSTART_ERR_SYSTEM;
}

static void give_up_spare(struct acceptors *all)
{
    if (all->spare >= 0)
        close_quietly(all->spare);
    all->spare = -1;
}

/* Takes the next one with the spare descriptor, to tell it so. False: that did not work; see errno. */
static bool refuse_next(struct acceptors *all, int listening)
{
    /* Somebody else may have been quicker when it was to be opened again. */
    if (all->spare < 0 && warmstart_acceptors_prepare(all) < 0)
        return false;
    give_up_spare(all);
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = errno;
    if (fd >= 0)
        all->calls->refuse(all, fd);
    (void)warmstart_acceptors_prepare(all);
    errno = error;
    return fd >= 0;
}

/* ---- Accepting ---- */

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* Not a line for each connection. */
static void complain(struct acceptors *all, int error)
{
    uint64_t now = warmstart_loop_now(all->loop);
    if (all->complained_at != 0 && now < all->complained_at + SECOND_NS)
        return;
    all->complained_at = now;
    all->calls->complain(all, error);
}

/* What cannot be accepted stays ready: to be told so again and again would be a busy loop. */
static void rest(struct acceptor *acceptor)
{
    struct warmstart_loop *loop = acceptor->all->loop;
    (void)warmstart_loop_timer_set(loop, &acceptor->timer, warmstart_loop_now(loop) + RETRY_NS);
    warmstart_loop_unwatch(loop, &acceptor->watch);
}

/* Descriptors or memory are short. False: no more can be done now. */
static bool cope(struct acceptor *acceptor, int error)
{
    complain(acceptor->all, error);
    if (error == EMFILE || error == ENFILE) {
        if (refuse_next(acceptor->all, acceptor->fd))
            return true;
        error = errno;
    }
    if (error != EAGAIN)
        rest(acceptor);
    return false;
}

/* Takes the next one. 0: done; else errno. */
static int accept_next(struct acceptor *acceptor)
{
    struct sockaddr_storage peer = {0};
    socklen_t peer_bytes = sizeof(peer);
    int fd = accept4(acceptor->fd, (struct sockaddr *)&peer, &peer_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return errno;
    acceptor->all->calls->welcome(acceptor->all, acceptor, fd, (const struct sockaddr *)&peer, peer_bytes);
    return 0;
}

static void on_ready(struct warmstart_watch *watch, uint32_t events)
{
    struct acceptor *acceptor = (struct acceptor *)((char *)watch - offsetof(struct acceptor, watch));
    /* Somebody who shares it has shut it down, which the kernel does not tire of telling. */
    if (events & EPOLLHUP) {
        rest(acceptor);
        return;
    }
    int failed = 0, error = 0;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        error = accept_next(acceptor);
        if (error == EAGAIN || (is_shortage(error) && !cope(acceptor, error)))
            return;
        if (error != 0 && !is_shortage(error))
            failed++;
    }
    /* One of them may be a peer's, which has gone before it was accepted. So many are a matter of ours. */
    if (failed == ACCEPTS_MAX) {
        complain(acceptor->all, error);
        rest(acceptor);
    }
}

static void on_due(struct warmstart_timer *timer, uint64_t now)
{
    struct acceptor *acceptor = (struct acceptor *)((char *)timer - offsetof(struct acceptor, timer));
    struct warmstart_loop *loop = acceptor->all->loop;
    bool watched = warmstart_loop_watch(loop, &acceptor->watch, acceptor->fd, EPOLLIN) == 0;
    (void)warmstart_loop_timer_set(loop, timer, watched ? FAR_AWAY : now + RETRY_NS);
}

/* ---- Beginning ---- */

/* With an error nothing was done to the socket. */
static int start(struct acceptors *all, int fd, unsigned roles, struct acceptor **ret_acceptor)
{
    struct acceptor *acceptor = calloc(1, sizeof(*acceptor));
    if (!acceptor)
        return WARMSTART_ERR_MEMORY;
    acceptor->all = all;
    acceptor->fd = fd;
    acceptor->roles = roles;
    acceptor->watch.ready = on_ready;
    acceptor->timer.due = on_due;
    int error = warmstart_loop_timer_set(all->loop, &acceptor->timer, FAR_AWAY);
    if (error == 0)
        error = warmstart_loop_watch(all->loop, &acceptor->watch, fd, EPOLLIN);
    if (error < 0) {
        warmstart_loop_timer_cancel(all->loop, &acceptor->timer);
        free(acceptor);
        return error;
    }
    acceptor->next = all->first;
    all->first = acceptor;
    *ret_acceptor = acceptor;
    return 0;
}

int warmstart_acceptor_new(struct acceptors *all, int fd, const struct socket_file *file, unsigned roles,
                           struct acceptor **ret_acceptor)
{
    int error = start(all, fd, roles, ret_acceptor);
    if (error < 0) {
        warmstart_socket_file_remove(file);
        close_quietly(fd);
        return error;
    }
    (*ret_acceptor)->file = *file;
    return 0;
}

static bool prepare(int fd)
{
    int status = fcntl(fd, F_GETFL), descriptor = fcntl(fd, F_GETFD);
    return status >= 0 && descriptor >= 0 && fcntl(fd, F_SETFL, status | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, descriptor | FD_CLOEXEC) == 0;
}

int warmstart_acceptor_adopt(struct acceptors *all, int fd, unsigned roles, struct acceptor **ret_acceptor)
{
    if (!socket_is_listening(fd))
        return WARMSTART_ERR_INVALID;
    if (!prepare(fd))
        return WARMSTART_ERR_SYSTEM;
    int error = start(all, fd, roles, ret_acceptor);
    if (error == 0)
        (*ret_acceptor)->given = true;
    return error;
}

/* ---- The end ---- */

bool warmstart_acceptors_hand_on(struct acceptors *all, unsigned roles)
{
    bool any = false;
    for (struct acceptor *one = all->first; one; one = one->next) {
        if (!one->given || (one->roles & ~roles) != 0)
            continue;
        warmstart_loop_unwatch(all->loop, &one->watch);
        warmstart_loop_timer_cancel(all->loop, &one->timer);
        any = true;
    }
    return any;
}

void warmstart_acceptor_free(struct acceptor *acceptor)
{
    struct acceptors *all = acceptor->all;
    struct acceptor **place = &all->first;
    while (*place != acceptor)
        place = &(*place)->next;
    *place = acceptor->next;
    warmstart_loop_unwatch(all->loop, &acceptor->watch);
    warmstart_loop_timer_cancel(all->loop, &acceptor->timer);
    int saved = errno;
    warmstart_socket_file_remove(&acceptor->file);
    errno = saved;
    close_quietly(acceptor->fd);
    free(acceptor);
}

void warmstart_acceptors_init(struct acceptors *all, struct warmstart_loop *loop,
                              const struct acceptor_calls *calls)
{
    *all = (struct acceptors){.calls = calls, .loop = loop, .spare = -1};
}

void warmstart_acceptors_deinit(struct acceptors *all)
{
    while (all->first)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it does not see that the list gets shorter */
        warmstart_acceptor_free(all->first);
    give_up_spare(all);
}
