/* SPDX-License-Identifier: MIT */
#include "turn_away.h"

#include <sys/socket.h>

#include "linger.h"

#define READ_BYTES 4096
#define READS_MAX  4

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
