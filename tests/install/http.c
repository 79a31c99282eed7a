/* SPDX-License-Identifier: MIT */
/*
 * A program of somebody else's that uses the installed libwarmstart-http: valid as C99 and as C++.
 * Serves on a free port, asks itself whether it is alive, and prints the status line of the answer.
 */
#define _POSIX_C_SOURCE 200809L
#include <warmstart/http.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST "GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"

/* A connection to "http://127.0.0.1:PORT", or -1. */
static int connect_to(const char *url)
{
    const char *colon = strrchr(url, ':');
    struct sockaddr_in address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)atoi(colon != NULL ? colon + 1 : "0"));
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        return -1;
    return fd;
}

/* Serves until the answer on fd has ended. The answer's length, or -1 after 30 s of silence. */
static ssize_t serve(struct warmstart_loop *loop, int fd, char *answer, size_t answer_bytes)
{
    size_t used = 0;

    for (;;) {
        struct pollfd polled[2] = {{fd, POLLIN, 0}, {warmstart_loop_fd(loop), POLLIN, 0}};
        int timeout_ms = warmstart_loop_timeout_ms(loop);
        if (poll(polled, 2, timeout_ms < 0 ? 30000 : timeout_ms) == 0 && timeout_ms < 0)
            return -1;
        if (warmstart_loop_process(loop) != 0)
            return -1;
        if (polled[0].revents == 0)
            continue;
        ssize_t bytes = read(fd, answer + used, answer_bytes - 1 - used);
        if (bytes <= 0) {
            answer[used] = '\0';
            return bytes < 0 ? -1 : (ssize_t)used;
        }
        used += (size_t)bytes;
    }
}

int main(void)
{
    struct warmstart_loop *loop = NULL;
    struct warmstart_http *http = NULL;
    char url[64], answer[4096];

    if (warmstart_loop_new(NULL, &loop) != 0)
        return 1;
    if (warmstart_http_new(loop, NULL, &http) != 0)
        return 2;
    if (warmstart_http_listen(http, "127.0.0.1:0", WARMSTART_HTTP_ALL, url, sizeof(url)) != 0)
        return 3;
    int fd = connect_to(url);
    if (fd < 0 || write(fd, REQUEST, strlen(REQUEST)) != (ssize_t)strlen(REQUEST))
        return 4;
    if (serve(loop, fd, answer, sizeof(answer)) < 12)
        return 5;
    close(fd);
    printf("%.12s\n", answer);
    warmstart_http_free(http);
    warmstart_loop_free(loop);
    return 0;
}
