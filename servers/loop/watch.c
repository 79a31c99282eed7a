/* SPDX-License-Identifier: MIT */
#include "state.h"

int warmstart_loop_watch(struct warmstart_loop *loop, struct warmstart_watch *watch, int fd, uint32_t events)
{
    if (!loop || !watch || !watch->ready || events == 0)
        return WARMSTART_ERR_INVALID;
    bool known = watch->events != 0;
    if (known && watch->fd != fd)
        return WARMSTART_ERR_INVALID;

    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(loop->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
        return WARMSTART_ERR_SYSTEM;
    watch->fd = fd;
    watch->events = events;
    if (!known)
        loop->stats.watches++;
    return 0;
}

void warmstart_loop_unwatch(struct warmstart_loop *loop, struct warmstart_watch *watch)
{
    if (!loop || !watch || watch->events == 0)
        return;
    /* It can only fail if the descriptor was closed first, and then epoll has forgotten it. */
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->events = 0;
    assert(loop->stats.watches > 0);
    loop->stats.watches--;

    /* The watch may be freed now: nothing still to come in this batch may point to it. */
    for (size_t i = loop->batch_next; i < loop->batch_len; i++) {
        if (loop->batch[i].data.ptr == watch) {
            loop->batch[i].data.ptr = NULL;
            break; /* epoll names a descriptor once in a batch */
        }
    }
}

void warmstart_watches_serve(struct warmstart_loop *loop)
{
    while (loop->batch_next < loop->batch_len) {
        const struct epoll_event *entry = &loop->batch[loop->batch_next++];
        struct warmstart_watch *watch = entry->data.ptr;
        if (!watch)
            continue;
        /* What it watches for may have changed since; errors and hang-ups are always told. */
        uint32_t events = entry->events & (watch->events | EPOLLERR | EPOLLHUP);
        if (events != 0)
            watch->ready(watch, events);
    }
}
