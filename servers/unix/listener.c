/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "connection.h"
#include "log.h"
#include "peer.h"

static struct warmstart_unix *unix_of_acceptors(struct acceptors *all)
{
    return (struct warmstart_unix *)((char *)all - offsetof(struct warmstart_unix, acceptors));
}

/* ---- Accepting ---- */

static void turn_away(struct warmstart_unix *server, int fd, const char *line)
{
    server->counters.connections_refused_total++;
    (void)send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
    close_quietly(fd);
}

static void welcome(struct acceptors *all, const struct acceptor *acceptor, int fd,
                    const struct sockaddr *peer, socklen_t peer_bytes)
{
    (void)peer, (void)peer_bytes; /* nearly always without a name; who it is the kernel knows */
    struct warmstart_unix *server = unix_of_acceptors(all);
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
        error = warmstart_unix_connection_new(server, fd, rights & acceptor->roles, user);
    if (error == 0)
        return;
    warmstart_unix_user_drop(server, user);
    turn_away(server, fd,
              error == WARMSTART_ERR_LIMIT ? "ERR ? connections as many connections as one user may have\n"
                                           : "ERR ? memory out of memory\n");
}

static void refuse(struct acceptors *all, int fd)
{
    turn_away(unix_of_acceptors(all), fd, "ERR ? connections no descriptor is left\n");
}

static void complain(struct acceptors *all, int error)
{
    warmstart_unix_log_accept(unix_of_acceptors(all), error);
}

const struct acceptor_calls warmstart_unix_acceptor_calls = {
    .welcome = welcome, .refuse = refuse, .complain = complain};

/* ---- Listening ---- */

/* Nobody can connect before listen(), so nobody finds the file with other rights. */
static int dress(const struct warmstart_unix_options *options, const char *path)
{
    bool owned = options->owner != (uid_t)-1 || options->group != (gid_t)-1;
    if (owned && lchown(path, options->owner, options->group) < 0)
        return WARMSTART_ERR_SYSTEM;
    return chmod(path, options->mode) < 0 ? WARMSTART_ERR_SYSTEM : 0;
}

static int bind_and_listen(int fd, const struct sockaddr_un *address, socklen_t bytes)
{
    bool bound = bind(fd, (const struct sockaddr *)address, bytes) == 0;
    return bound && listen(fd, ACCEPTOR_BACKLOG) == 0 ? 0 : WARMSTART_ERR_SYSTEM;
}

static int make_file(const struct warmstart_unix_options *options, int fd, const struct sockaddr_un *path,
                     socklen_t bytes, struct socket_file *file)
{
    if (bind(fd, (const struct sockaddr *)path, bytes) < 0)
        return WARMSTART_ERR_SYSTEM;
    warmstart_socket_file_remember(file, path);
    if (dress(options, path->sun_path) < 0 || listen(fd, ACCEPTOR_BACKLOG) < 0)
        return WARMSTART_ERR_SYSTEM;
    return 0;
}

/* An abstract name has no file. */
static int bind_socket(const struct warmstart_unix_options *options, int fd,
                       const struct sockaddr_un *address, socklen_t bytes, struct socket_file *file)
{
    if (address->sun_path[0] == '\0')
        return bind_and_listen(fd, address, bytes);
    int lock;
    int error = warmstart_socket_file_begin(address, &lock);
    if (error == 0)
        error = make_file(options, fd, address, bytes, file);
    if (error < 0) {
        int saved = errno;
        warmstart_socket_file_remove(file);
        errno = saved;
    }
    warmstart_socket_file_end(lock);
    return error;
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
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return WARMSTART_ERR_SYSTEM;
    struct socket_file file = {0};
    struct acceptor *acceptor;
    int error = bind_socket(&server->options, fd, &address, (socklen_t)bytes, &file);
    if (error == 0)
        return warmstart_acceptor_new(&server->acceptors, fd, &file, rights, &acceptor);
    close_quietly(fd);
    return error;
}

int warmstart_unix_listener_adopt(struct warmstart_unix *server, int fd, unsigned rights)
{
    struct acceptor *acceptor;
    if (socket_option(fd, SO_DOMAIN) != AF_UNIX)
        return WARMSTART_ERR_INVALID;
    return warmstart_acceptor_adopt(&server->acceptors, fd, rights, &acceptor);
}
