/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "answer.h"
#include "cell.h"
#include "keepalive.h"
#include "log.h"
#include "peers.h"
#include "socket_file.h"
#include "turn_away.h"

#define ACCEPTS_MAX 64 /* in one turn, so that others get theirs */
#define BACKLOG     4096
#define RETRY_NS    (100 * MILLISECOND_NS) /* after running out of descriptors or memory */
#define FAR_AWAY    (WARMSTART_NEVER - 1)  /* a timer that stays set has its place in the loop for certain */

struct listener {
    struct listener *next; /* of the server's */
    struct warmstart_http *http;
    struct warmstart_watch watch; /* of the socket; not set while it rests */
    struct warmstart_timer timer; /* ends the rest; always set */
    int fd;
    bool given; /* not opened by us: others have it too, and its file is theirs */
    enum warmstart_http_role role;
    struct socket_file file; /* of a Unix socket of ours, else all zero */
};

/* ---- Accepting ---- */

static void welcome(struct listener *listener, int fd, const struct sockaddr *peer, socklen_t peer_bytes)
{
    struct warmstart_http *http = listener->http;
    if (http->counters.connections >= http->options.connections_max) {
        warmstart_http_turn_away(http, fd, REFUSAL_CONNECTIONS_LIMIT);
        return;
    }
    if (warmstart_http_peers_is_full(http, peer)) {
        warmstart_http_turn_away(http, fd, REFUSAL_ADDRESS_LIMIT);
        return;
    }
    (void)warmstart_http_cell_add(http, fd, peer, peer_bytes, listener->role, listener->given);
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* Not a line for each connection. */
static void complain(struct warmstart_http *http, int error)
{
    uint64_t now = warmstart_loop_now(http->loop);
    if (http->shortage_logged_at != 0 && now < http->shortage_logged_at + SECOND_NS)
        return;
    http->shortage_logged_at = now;
    warmstart_http_log_accept(http, error);
}

/* What cannot be accepted stays ready: to be told so again and again would be a busy loop. */
static void rest(struct listener *listener)
{
    struct warmstart_loop *loop = listener->http->loop;
    (void)warmstart_loop_timer_set(loop, &listener->timer, warmstart_loop_now(loop) + RETRY_NS);
    warmstart_loop_unwatch(loop, &listener->watch);
}

/* Descriptors or memory are short. False: no more can be done now. */
static bool cope(struct listener *listener, int error)
{
    complain(listener->http, error);
    if ((error == EMFILE || error == ENFILE) && warmstart_http_turn_away_next(listener->http, listener->fd))
        return true;
    if (errno != EAGAIN)
        rest(listener);
    return false;
}

static void on_ready(struct warmstart_watch *watch, uint32_t events)
{
    struct listener *listener = (struct listener *)((char *)watch - offsetof(struct listener, watch));
    /* Somebody who shares it has shut it down, which the kernel does not tire of telling. */
    if (events & EPOLLHUP) {
        rest(listener);
        return;
    }
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t peer_bytes = sizeof(peer);
        int fd = accept4(listener->fd, (struct sockaddr *)&peer, &peer_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            welcome(listener, fd, (const struct sockaddr *)&peer, peer_bytes);
        } else if (is_shortage(errno)) {
            if (!cope(listener, errno))
                return;
        } else if (errno == EAGAIN) {
            return;
        }
        /* Any other error is the peer's, which has gone before it was accepted. */
    }
}

static void on_due(struct warmstart_timer *timer, uint64_t now)
{
    struct listener *listener = (struct listener *)((char *)timer - offsetof(struct listener, timer));
    struct warmstart_loop *loop = listener->http->loop;
    bool watched = warmstart_loop_watch(loop, &listener->watch, listener->fd, EPOLLIN) == 0;
    (void)warmstart_loop_timer_set(loop, timer, watched ? FAR_AWAY : now + RETRY_NS);
}

/* ---- Listening ---- */

static int open_socket(const struct warmstart_http_options *options, const struct sockaddr *bound,
                       socklen_t bound_bytes)
{
    int fd = socket(bound->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    bool ready = true;
    /* A restart must not wait for connections of the process before it to time out. */
    if (bound->sa_family != AF_UNIX)
        ready = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                warmstart_http_keepalive_set(fd, options) == 0;
    if (bound->sa_family == AF_INET6)
        ready = ready && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
    if (ready && bind(fd, bound, bound_bytes) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    close_quietly(fd);
    return -1;
}

static struct listener *new_listener(struct warmstart_http *http, enum warmstart_http_role role)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    if (!listener)
        return NULL;
    listener->http = http;
    listener->role = role;
    listener->watch.ready = on_ready;
    listener->timer.due = on_due;
    return listener;
}

/* Whatever is returned, it is one of the server's from now on. */
static int start(struct listener *listener)
{
    struct warmstart_http *http = listener->http;
    listener->next = http->listeners;
    http->listeners = listener;
    int error = warmstart_loop_timer_set(http->loop, &listener->timer, FAR_AWAY);
    return error < 0 ? error : warmstart_loop_watch(http->loop, &listener->watch, listener->fd, EPOLLIN);
}

int warmstart_http_listener_new(struct warmstart_http *http, const struct sockaddr *bound,
                                socklen_t bound_bytes, enum warmstart_http_role role,
                                struct listener **ret_listener)
{
    const struct sockaddr_un *path =
        bound->sa_family == AF_UNIX ? (const struct sockaddr_un *)(const void *)bound : NULL;
    if (path && warmstart_socket_file_clear(path) < 0)
        return WARMSTART_ERR_SYSTEM;
    struct listener *listener = new_listener(http, role);
    if (!listener)
        return WARMSTART_ERR_MEMORY;
    listener->fd = open_socket(&http->options, bound, bound_bytes);
    if (listener->fd < 0) {
        free(listener);
        return WARMSTART_ERR_SYSTEM;
    }
    if (path)
        warmstart_socket_file_remember(&listener->file, path);
    int error = start(listener);
    if (error < 0) {
        warmstart_http_listener_free(listener);
        return error;
    }
    *ret_listener = listener;
    return 0;
}

/* ---- A socket that others have opened ---- */

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t bytes = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) == 0 ? value : -1;
}

static bool can_be_listened_on(int fd)
{
    int domain = option_of(fd, SO_DOMAIN);
    return (domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX) &&
           option_of(fd, SO_TYPE) == SOCK_STREAM && option_of(fd, SO_ACCEPTCONN) == 1;
}

/* Gives it what a socket of our own has; connections inherit it. */
static bool prepare(int fd, const struct warmstart_http_options *options)
{
    int status = fcntl(fd, F_GETFL), descriptor = fcntl(fd, F_GETFD);
    if (option_of(fd, SO_DOMAIN) != AF_UNIX && warmstart_http_keepalive_set(fd, options) < 0)
        return false;
    return status >= 0 && descriptor >= 0 && fcntl(fd, F_SETFL, status | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, descriptor | FD_CLOEXEC) == 0;
}

int warmstart_http_listener_adopt(struct warmstart_http *http, int fd, enum warmstart_http_role role,
                                  struct listener **ret_listener)
{
    if (!can_be_listened_on(fd))
        return WARMSTART_ERR_INVALID;
    struct listener *listener = new_listener(http, role);
    if (!listener)
        return WARMSTART_ERR_MEMORY;
    listener->fd = fd;
    listener->given = true;
    int error = prepare(fd, &http->options) ? start(listener) : WARMSTART_ERR_SYSTEM;
    if (error < 0) {
        listener->fd = -1;
        warmstart_http_listener_free(listener);
        return error;
    }
    *ret_listener = listener;
    return 0;
}

bool warmstart_http_listeners_hand_on(struct warmstart_http *http, enum warmstart_http_role roles)
{
    bool any = false;
    for (struct listener *one = http->listeners; one; one = one->next) {
        if (!one->given || (one->role & ~(unsigned)roles) != 0)
            continue;
        warmstart_loop_unwatch(http->loop, &one->watch);
        warmstart_loop_timer_cancel(http->loop, &one->timer);
        any = true;
    }
    return any;
}

/* ---- Where it listens, and the end ---- */

void warmstart_http_listener_address(const struct listener *listener, struct sockaddr_storage *ret_address)
{
    /* The kernel does not end a path with a zero when there is no room for one. */
    *ret_address = (struct sockaddr_storage){0};
    socklen_t bytes = sizeof(*ret_address);
    if (listener->file.path.sun_family == AF_UNIX)
        memcpy(ret_address, &listener->file.path, sizeof(listener->file.path));
    else
        (void)getsockname(listener->fd, (struct sockaddr *)ret_address, &bytes);
}

void warmstart_http_listener_free(struct listener *listener)
{
    struct warmstart_http *http = listener->http;
    int saved = errno;
    struct listener **place = &http->listeners;
    while (*place && *place != listener)
        place = &(*place)->next;
    if (*place)
        *place = listener->next;
    warmstart_loop_unwatch(http->loop, &listener->watch);
    warmstart_loop_timer_cancel(http->loop, &listener->timer);
    warmstart_socket_file_remove(&listener->file);
    if (listener->fd >= 0)
        (void)close(listener->fd);
    free(listener);
    errno = saved;
}

void warmstart_http_listeners_free(struct warmstart_http *http)
{
    while (http->listeners)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it does not see that the list gets shorter */
        warmstart_http_listener_free(http->listeners);
}
