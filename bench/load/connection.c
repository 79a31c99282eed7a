/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include "failure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SHARED_BYTES = 256 * 1024 };

/* One buffer for all: almost always everything that comes is whole. */
static char shared[SHARED_BYTES];

static void watch(struct connection *connection, int epoll, int operation, bool writing)
{
    struct epoll_event event = {.events = EPOLLIN | (writing ? (uint32_t)EPOLLOUT : 0),
                                .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->fd, &event) != 0)
        fail("epoll_ctl: %s", strerror(errno));
    connection->watches_writing = writing;
}

bool connection_open(struct connection *connection, const struct address *address, int epoll)
{
    connection->fd = address_connect(address);
    if (connection->fd < 0)
        return false;
    connection->run = NO_RUN;
    connection->waits = connection->greeted = false;
    watch(connection, epoll, EPOLL_CTL_ADD, false);
    return true;
}

static void drop_out(struct connection *connection)
{
    free(connection->out_copy);
    connection->out_copy = NULL;
    connection->out = NULL;
    connection->out_len = 0;
}

void connection_close(struct connection *connection)
{
    if (connection->fd < 0)
        return;
    close(connection->fd);
    connection->fd = -1;
    connection->waits = false;
    drop_out(connection);
    free(connection->in);
    connection->in = NULL;
    connection->in_len = connection->in_capacity = 0;
}

bool connection_flush(struct connection *connection, int epoll)
{
    while (connection->out_len > 0) {
        ssize_t sent = send(connection->fd, connection->out, connection->out_len, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN))
            break;
        if (sent < 0)
            return false;
        connection->out += sent;
        connection->out_len -= (size_t)sent;
    }
    bool writing = connection->out_len > 0;
    if (!writing)
        drop_out(connection);
    if (writing != connection->watches_writing)
        watch(connection, epoll, EPOLL_CTL_MOD, writing);
    return true;
}

bool connection_send(struct connection *connection, int epoll, const char *bytes, size_t len, bool stays)
{
    connection->out = bytes;
    connection->out_len = len;
    if (!connection_flush(connection, epoll))
        return false;
    if (connection->out_len > 0 && !stays) {
        connection->out_copy = allocate(connection->out_len, 1);
        memcpy(connection->out_copy, connection->out, connection->out_len);
        connection->out = connection->out_copy;
    }
    return true;
}

int connection_receive(struct connection *connection, const char **ret_bytes, size_t *ret_len)
{
    char *to = shared;
    size_t room = sizeof(shared);
    if (connection->in_len > 0) {
        if (connection->in_capacity == connection->in_len)
            connection_keep(connection, NULL, 0, connection->in_capacity * 2);
        to = connection->in + connection->in_len;
        room = connection->in_capacity - connection->in_len;
    }
    ssize_t received = recv(connection->fd, to, room, 0);
    if (received < 0 && errno == EAGAIN)
        return 0;
    if (received <= 0)
        return -1;
    *ret_bytes = connection->in_len > 0 ? connection->in : shared;
    *ret_len = connection->in_len + (size_t)received;
    return 1;
}

void connection_keep(struct connection *connection, const char *bytes, size_t len, size_t need)
{
    enum { ROOM_BYTES_MIN = 4096 };
    if (need < len + ROOM_BYTES_MIN)
        need = len + ROOM_BYTES_MIN;
    if (len == 0 && bytes != NULL) {
        connection->in_len = 0;
        return;
    }
    if (need > connection->in_capacity) {
        char *grown = allocate(need, 1);
        const char *from = bytes != NULL ? bytes : connection->in;
        size_t from_bytes = bytes != NULL ? len : connection->in_len;
        memcpy(grown, from, from_bytes);
        free(connection->in);
        connection->in = grown;
        connection->in_capacity = need;
        connection->in_len = from_bytes;
    } else if (bytes != NULL) {
        memmove(connection->in, bytes, len);
        connection->in_len = len;
    }
}
