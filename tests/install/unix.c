/* SPDX-License-Identifier: MIT */
/*
 * A program of somebody else's that uses the installed libwarmstart-unix: valid as C99 and as C++.
 * Serves on an abstract name, asks itself for its version, and prints the beginning of the answer.
 */
#define _POSIX_C_SOURCE 200809L
#include <warmstart/unix.h>

#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST "ping p\n"

/* A connection to the abstract name, given with its '@', or -1. */
static int connect_to(const char *name)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    size_t bytes = offsetof(struct sockaddr_un, sun_path) + strlen(name);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, (socklen_t)bytes) != 0)
        return -1;
    return fd;
}

/* Serves until there is an answer on fd. Its length, or -1 after 30 s of silence. */
static ssize_t serve(struct warmstart_loop *loop, int fd, char *answer, size_t answer_bytes)
{
    for (;;) {
        struct pollfd polled[2] = {{fd, POLLIN, 0}, {warmstart_loop_fd(loop), POLLIN, 0}};
        int timeout_ms = warmstart_loop_timeout_ms(loop);
        if (poll(polled, 2, timeout_ms < 0 ? 30000 : timeout_ms) == 0 && timeout_ms < 0)
            return -1;
        if (polled[0].revents != 0)
            return read(fd, answer, answer_bytes);
        if (warmstart_loop_process(loop) != 0)
            return -1;
    }
}

int main(void)
{
    struct warmstart_loop *loop = NULL;
    struct warmstart_unix *server = NULL;
    char name[64], answer[64];

    if (warmstart_loop_new(NULL, &loop) != 0)
        return 1;
    if (warmstart_unix_new(loop, NULL, &server) != 0)
        return 2;
    snprintf(name, sizeof(name), "@warmstart-install-test-%ld", (long)getpid());
    if (warmstart_unix_listen(server, name, WARMSTART_UNIX_ALL) != 0)
        return 3;
    int fd = connect_to(name);
    if (fd < 0 || write(fd, REQUEST, strlen(REQUEST)) != (ssize_t)strlen(REQUEST))
        return 4;
    if (serve(loop, fd, answer, sizeof(answer)) < 6)
        return 5;
    close(fd);
    printf("%.6s\n", answer);
    warmstart_unix_free(server);
    warmstart_loop_free(loop);
    return 0;
}
