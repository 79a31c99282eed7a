/* SPDX-License-Identifier: MIT */
/* Small things to do with descriptors. */
#ifndef SERVERS_SHARED_DESCRIPTOR_H
#define SERVERS_SHARED_DESCRIPTOR_H

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* Closes a descriptor and leaves errno alone. */
static inline void close_quietly(int fd)
{
    int saved = errno;
    (void)close(fd);
    errno = saved;
}

/* What getsockopt() says of an option that is an int, at SOL_SOCKET; -1: it cannot say. */
static inline int socket_option(int fd, int option)
{
    int value = -1;
    socklen_t bytes = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) == 0 ? value : -1;
}

/* Can connections be accepted from it? */
static inline bool socket_is_listening(int fd)
{
    return socket_option(fd, SO_TYPE) == SOCK_STREAM && socket_option(fd, SO_ACCEPTCONN) == 1;
}

#endif
