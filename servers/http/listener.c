/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "answer.h"
#include "cell.h"
#include "keepalive.h"
#include "log.h"
#include "peers.h"
#include "turn_away.h"

static struct warmstart_http *http_of_acceptors(struct acceptors *all)
{
    return (struct warmstart_http *)((char *)all - offsetof(struct warmstart_http, acceptors));
}

/* ---- Accepting ---- */

static void welcome(struct acceptors *all, const struct acceptor *acceptor, int fd,
                    const struct sockaddr *peer, socklen_t peer_bytes)
{
    struct warmstart_http *http = http_of_acceptors(all);
    if (http->counters.connections >= http->options.connections_max) {
        warmstart_http_turn_away(http, fd, REFUSAL_CONNECTIONS_LIMIT);
        return;
    }
    if (warmstart_http_peers_is_full(http, peer)) {
        warmstart_http_turn_away(http, fd, REFUSAL_ADDRESS_LIMIT);
        return;
    }
    (void)warmstart_http_cell_add(http, fd, peer, peer_bytes, (enum warmstart_http_role)acceptor->roles,
                                  acceptor->given);
}

static void refuse(struct acceptors *all, int fd)
{
    warmstart_http_turn_away(http_of_acceptors(all), fd, REFUSAL_CONNECTIONS_LIMIT);
}

static void complain(struct acceptors *all, int error)
{
    warmstart_http_log_accept(http_of_acceptors(all), error);
}

const struct acceptor_calls warmstart_http_acceptor_calls = {
    .welcome = welcome, .refuse = refuse, .complain = complain};

/* ---- Listening ---- */

static int open_socket(const struct warmstart_http_options *options, int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    bool ready = true;
    /* A restart must not wait for connections of the process before it to time out. */
    if (family != AF_UNIX)
        ready = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                warmstart_http_keepalive_set(fd, options) == 0;
    if (family == AF_INET6)
        ready = ready && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
    if (ready)
        return fd;
    close_quietly(fd);
    return -1;
}

static bool serve_path(int fd, const struct sockaddr_un *path, struct socket_file *file)
{
    int lock;
    bool bound = warmstart_socket_file_begin(path, &lock) == 0 &&
                 bind(fd, (const struct sockaddr *)path, sizeof(*path)) == 0;
    if (bound)
        warmstart_socket_file_remember(file, path);
    bool listening = bound && listen(fd, ACCEPTOR_BACKLOG) == 0;
    if (!listening) {
        int saved = errno;
        warmstart_socket_file_remove(file);
        errno = saved;
    }
    warmstart_socket_file_end(lock);
    return listening;
}

int warmstart_http_listener_new(struct warmstart_http *http, const struct sockaddr *bound,
                                socklen_t bound_bytes, enum warmstart_http_role role,
                                struct acceptor **ret_acceptor)
{
    struct socket_file file = {0};
    int fd = open_socket(&http->options, bound->sa_family);
    if (fd < 0)
        return WARMSTART_ERR_SYSTEM;
    bool listening = bound->sa_family == AF_UNIX
                         ? serve_path(fd, (const struct sockaddr_un *)(const void *)bound, &file)
                         : bind(fd, bound, bound_bytes) == 0 && listen(fd, ACCEPTOR_BACKLOG) == 0;
    if (!listening) {
        close_quietly(fd);
        return WARMSTART_ERR_SYSTEM;
    }
    return warmstart_acceptor_new(&http->acceptors, fd, &file, role, ret_acceptor);
}

int warmstart_http_listener_adopt(struct warmstart_http *http, int fd, enum warmstart_http_role role,
                                  struct acceptor **ret_acceptor)
{
    int domain = socket_option(fd, SO_DOMAIN);
    bool is_ip = domain == AF_INET || domain == AF_INET6;
    if ((!is_ip && domain != AF_UNIX) || !socket_is_listening(fd))
        return WARMSTART_ERR_INVALID;
    /* What a socket of our own has; connections inherit it. */
    if (is_ip && warmstart_http_keepalive_set(fd, &http->options) < 0)
        return WARMSTART_ERR_SYSTEM;
    return warmstart_acceptor_adopt(&http->acceptors, fd, role, ret_acceptor);
}

void warmstart_http_listener_address(const struct acceptor *acceptor, struct sockaddr_storage *ret_address)
{
    /* The kernel does not end a path with a zero when there is no room for one. */
    *ret_address = (struct sockaddr_storage){0};
    socklen_t bytes = sizeof(*ret_address);
    if (acceptor->file.path.sun_family == AF_UNIX)
        memcpy(ret_address, &acceptor->file.path, sizeof(acceptor->file.path));
    else
        (void)getsockname(acceptor->fd, (struct sockaddr *)ret_address, &bytes);
}
