/* SPDX-License-Identifier: MIT */
#include "linger.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define READ_BYTES   16384             /* thrown away at once */
#define READS_MAX    8                 /* in one turn */
#define LINGER_BYTES ((size_t)1 << 24) /* thrown away at all */

struct lingerer {
    struct link link; /* first; in http->lingerers */
    struct warmstart_http *http;
    struct warmstart_watch watch;
    struct warmstart_timer timer;
    size_t bytes; /* thrown away so far */
};

static void let_go(struct lingerer *lingerer)
{
    struct warmstart_http *http = lingerer->http;
    int fd = lingerer->watch.fd;
    warmstart_loop_unwatch(http->loop, &lingerer->watch);
    warmstart_loop_timer_cancel(http->loop, &lingerer->timer);
    close_quietly(fd);
    link_remove(&lingerer->link);
    http->lingerers_len--;
    free(lingerer);
}

static void on_ready(struct warmstart_watch *watch, uint32_t events)
{
    (void)events;
    struct lingerer *lingerer = (struct lingerer *)((char *)watch - offsetof(struct lingerer, watch));
    char nowhere[READ_BYTES];
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t bytes = recv(watch->fd, nowhere, sizeof(nowhere), MSG_DONTWAIT);
        if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (bytes > 0)
            lingerer->bytes += (size_t)bytes;
        if (bytes <= 0 || lingerer->bytes > LINGER_BYTES) {
            let_go(lingerer);
            return;
        }
    }
}

static void on_due(struct warmstart_timer *timer, uint64_t now)
{
    (void)now;
    let_go((struct lingerer *)((char *)timer - offsetof(struct lingerer, timer)));
}

bool warmstart_http_linger(struct warmstart_http *http, int fd)
{
    if (http->lingerers_len >= LINGERERS_MAX)
        return false;
    struct lingerer *lingerer = calloc(1, sizeof(*lingerer));
    int copy = lingerer ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (copy < 0) {
        free(lingerer);
        return false;
    }
    lingerer->http = http;
    lingerer->watch.ready = on_ready;
    lingerer->timer.due = on_due;
    uint64_t until = warmstart_loop_now(http->loop) + SECOND_NS;
    if (shutdown(copy, SHUT_WR) < 0 || warmstart_loop_timer_set(http->loop, &lingerer->timer, until) < 0 ||
        warmstart_loop_watch(http->loop, &lingerer->watch, copy, EPOLLIN) < 0) {
        warmstart_loop_timer_cancel(http->loop, &lingerer->timer);
        close_quietly(copy);
        free(lingerer);
        return false;
    }
    link_insert_before(&http->lingerers, &lingerer->link);
    http->lingerers_len++;
    return true;
}

void warmstart_http_linger_free(struct warmstart_http *http)
{
    while (!link_is_empty(&http->lingerers))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it does not see that the list gets shorter */
        let_go((struct lingerer *)http->lingerers.next);
}
