/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "connection.h"
#include "log.h"
#include "peer.h"
#include "socket_file.h"

#define ACCEPTS_MAX 64 /* in one turn, so that others get theirs */
#define BACKLOG     4096
#define RETRY_NS    (100 * MILLISECOND_NS) /* after running out of descriptors or memory */

struct listener {
    struct listener *next; /* of the server's */
    struct warmstart_unix *server;
    struct warmstart_watch watch; /* of the socket; not set while it rests */
    struct warmstart_timer timer; /* ends the rest; always set */
    int fd;
    unsigned rights; /* what peers can have here at most */
    bool given;      /* not opened by us: others have it too, and its file is theirs */
    struct socket_file file;
};

/* ---- Accepting ---- */

static void turn_away(struct warmstart_unix *server, int fd, const char *line)
{
    server->counters.connections_refused_total++;
    (void)send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
    close_quietly(fd);
}

static void welcome(struct listener *listener, int fd)
{
    struct warmstart_unix *server = listener->server;
    uid_t uid;
    unsigned rights;
    struct user *user = NULL;
    if (server->counters.connections >= server->options.connections_max) {
        turn_away(server, fd, "ERR ? connections as many connections as there may be\n");
        return;
    }
    int error = warmstart_unix_peer_rights(server, fd, &uid, &rights);
    if (error == 0)
        error = warmstart_unix_user_add(server, uid, &user);
    if (error == 0)
        error = warmstart_unix_connection_new(server, fd, rights & listener->rights, user);
    if (error == 0)
        return;
    warmstart_unix_user_drop(server, user);
    turn_away(server, fd,
              error == WARMSTART_ERR_LIMIT ? "ERR ? connections as many connections as one user may have\n"
                                           : "ERR ? memory out of memory\n");
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* Not a line for each connection. */
static void complain(struct warmstart_unix *server, int error)
{
    uint64_t now = warmstart_loop_now(server->loop);
    if (server->shortage_logged_at != 0 && now < server->shortage_logged_at + SECOND_NS)
        return;
    server->shortage_logged_at = now;
    warmstart_unix_log_accept(server, error);
}

int warmstart_unix_spare_open(struct warmstart_unix *server)
{
    server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return server->spare >= 0 ? 0 : WARMSTART_ERR_SYSTEM;
}

void warmstart_unix_spare_close(struct warmstart_unix *server)
{
    if (server->spare >= 0)
        close_quietly(server->spare);
    server->spare = -1;
}

/* Takes the next one with the spare descriptor, to tell it so. False: that did not work; see errno. */
static bool turn_away_next(struct warmstart_unix *server, int listening)
{
    if (server->spare < 0 && warmstart_unix_spare_open(server) < 0)
        return false;
    warmstart_unix_spare_close(server);
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = errno;
    if (fd >= 0)
        turn_away(server, fd, "ERR ? connections no descriptor is left\n");
    (void)warmstart_unix_spare_open(server);
    errno = error;
    return fd >= 0;
}

/* What cannot be accepted stays ready: to be told so again and again would be a busy loop. */
static void rest(struct listener *listener)
{
    struct warmstart_loop *loop = listener->server->loop;
    (void)warmstart_loop_timer_set(loop, &listener->timer, warmstart_loop_now(loop) + RETRY_NS);
    warmstart_loop_unwatch(loop, &listener->watch);
}

/* Descriptors or memory are short. False: no more can be done now. */
static bool cope(struct listener *listener, int error)
{
    complain(listener->server, error);
    if ((error == EMFILE || error == ENFILE) && turn_away_next(listener->server, listener->fd))
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
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            welcome(listener, fd);
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
    struct warmstart_loop *loop = listener->server->loop;
    bool watched = warmstart_loop_watch(loop, &listener->watch, listener->fd, EPOLLIN) == 0;
    (void)warmstart_loop_timer_set(loop, timer, watched ? FAR_AWAY : now + RETRY_NS);
}

/* ---- Listening ---- */

static struct listener *new_listener(struct warmstart_unix *server, unsigned rights)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    if (!listener)
        return NULL;
    listener->server = server;
    listener->rights = rights;
    listener->fd = -1;
    listener->watch.ready = on_ready;
    listener->timer.due = on_due;
    return listener;
}

static void free_listener(struct listener *listener)
{
    struct warmstart_unix *server = listener->server;
    int saved = errno;
    struct listener **place = &server->listeners;
    while (*place && *place != listener)
        place = &(*place)->next;
    if (*place)
        *place = listener->next;
    warmstart_loop_unwatch(server->loop, &listener->watch);
    warmstart_loop_timer_cancel(server->loop, &listener->timer);
    warmstart_socket_file_remove(&listener->file);
    if (listener->fd >= 0)
        (void)close(listener->fd);
    free(listener);
    errno = saved;
}

/* Whatever is returned, it is one of the server's from now on. */
static int start(struct listener *listener)
{
    struct warmstart_unix *server = listener->server;
    listener->next = server->listeners;
    server->listeners = listener;
    int error = warmstart_loop_timer_set(server->loop, &listener->timer, FAR_AWAY);
    return error < 0 ? error : warmstart_loop_watch(server->loop, &listener->watch, listener->fd, EPOLLIN);
}

/* Nobody can connect before listen(), so nobody finds the file with other rights. */
static int dress(const struct warmstart_unix_options *options, const char *path)
{
    bool owned = options->owner != (uid_t)-1 || options->group != (gid_t)-1;
    if (owned && lchown(path, options->owner, options->group) < 0)
        return WARMSTART_ERR_SYSTEM;
    return chmod(path, options->mode) < 0 ? WARMSTART_ERR_SYSTEM : 0;
}

static int open_socket(struct listener *listener, const struct sockaddr_un *address, socklen_t bytes)
{
    bool has_file = address->sun_path[0] != '\0';
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0)
        return WARMSTART_ERR_SYSTEM;
    if (has_file && warmstart_socket_file_clear(address) < 0)
        return WARMSTART_ERR_SYSTEM;
    if (bind(listener->fd, (const struct sockaddr *)address, bytes) < 0)
        return WARMSTART_ERR_SYSTEM;
    if (has_file) {
        warmstart_socket_file_remember(&listener->file, address);
        if (dress(&listener->server->options, address->sun_path) < 0)
            return WARMSTART_ERR_SYSTEM;
    }
    return listen(listener->fd, BACKLOG) < 0 ? WARMSTART_ERR_SYSTEM : 0;
}

int warmstart_unix_listener_new(struct warmstart_unix *server, const char *path, unsigned rights)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t path_bytes = strlen(path);
    memcpy(address.sun_path, path, path_bytes);
    /* An abstract name begins with a zero and ends where the address does. */
    bool is_abstract = path[0] == '@';
    if (is_abstract)
        address.sun_path[0] = '\0';
    size_t bytes = offsetof(struct sockaddr_un, sun_path) + path_bytes + (is_abstract ? 0 : 1);
    struct listener *listener = new_listener(server, rights);
    if (!listener)
        return WARMSTART_ERR_MEMORY;
    int error = open_socket(listener, &address, (socklen_t)bytes);
    if (error == 0)
        error = start(listener);
    if (error < 0)
        free_listener(listener);
    return error;
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
    return option_of(fd, SO_DOMAIN) == AF_UNIX && option_of(fd, SO_TYPE) == SOCK_STREAM &&
           option_of(fd, SO_ACCEPTCONN) == 1;
}

static bool prepare(int fd)
{
    int status = fcntl(fd, F_GETFL), descriptor = fcntl(fd, F_GETFD);
    return status >= 0 && descriptor >= 0 && fcntl(fd, F_SETFL, status | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, descriptor | FD_CLOEXEC) == 0;
}

int warmstart_unix_listener_adopt(struct warmstart_unix *server, int fd, unsigned rights)
{
    if (!can_be_listened_on(fd))
        return WARMSTART_ERR_INVALID;
    struct listener *listener = new_listener(server, rights);
    if (!listener)
        return WARMSTART_ERR_MEMORY;
    listener->fd = fd;
    listener->given = true;
    int error = prepare(fd) ? start(listener) : WARMSTART_ERR_SYSTEM;
    if (error < 0) {
        listener->fd = -1;
        free_listener(listener);
    }
    return error;
}

/* ---- The end ---- */

void warmstart_unix_listeners_hand_on(struct warmstart_unix *server)
{
    for (struct listener *one = server->listeners; one; one = one->next) {
        if (!one->given)
            continue;
        warmstart_loop_unwatch(server->loop, &one->watch);
        warmstart_loop_timer_cancel(server->loop, &one->timer);
    }
}

void warmstart_unix_listeners_free(struct warmstart_unix *server)
{
    while (server->listeners)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it does not see that the list gets shorter */
        free_listener(server->listeners);
}
