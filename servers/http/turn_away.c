/* SPDX-License-Identifier: MIT */
#include "turn_away.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include "linger.h"

#define READ_BYTES 4096
#define READS_MAX  4

int warmstart_http_spare_open(struct warmstart_http *http)
{
    /* No file, which a root file system of our own might lack. */
    http->spare = eventfd(0, EFD_CLOEXEC);
    return http->spare >= 0 ? 0 : WARMSTART_ERR_SYSTEM;
}

void warmstart_http_spare_close(struct warmstart_http *http)
{
    if (http->spare >= 0)
        close_quietly(http->spare);
    http->spare = -1;
}

/* What was not read when a socket is closed makes the kernel throw away our answer. */
static void read_what_is_there(int fd)
{
    char nowhere[READ_BYTES];
    for (int i = 0; i < READS_MAX; i++)
        if (recv(fd, nowhere, sizeof(nowhere), MSG_DONTWAIT) <= 0)
            return;
}

void warmstart_http_turn_away(struct warmstart_http *http, int fd, enum refusal refusal)
{
    http->counters.connections_refused_total++;
    warmstart_http_answer_socket(http, fd, refusal);
    if (!warmstart_http_linger(http, fd)) {
        (void)shutdown(fd, SHUT_WR);
        read_what_is_there(fd);
    }
    close_quietly(fd);
}

bool warmstart_http_turn_away_next(struct warmstart_http *http, int listening)
{
    /* Somebody else may have been quicker when it was to be opened again. */
    if (http->spare < 0 && warmstart_http_spare_open(http) < 0)
        return false;
    warmstart_http_spare_close(http);
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = errno;
    if (fd >= 0)
        warmstart_http_turn_away(http, fd, REFUSAL_CONNECTIONS_LIMIT);
    (void)warmstart_http_spare_open(http);
    errno = error;
    return fd >= 0;
}
