/* SPDX-License-Identifier: MIT */
/* The loop from inside: what its files share. */
#ifndef SERVERS_LOOP_STATE_H
#define SERVERS_LOOP_STATE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <warmstart/loop.h>

#include "memory.h"
#include "timers.h"

/* Descriptors that are served in one round; the kernel keeps the others in turn for the next. */
#define BATCH_MAX 256

/* Turns of events and tasks in one round, so that callbacks that feed each other cannot starve the peers. */
#define TURNS_MAX 64

struct warmstart_loop {
    struct warmstart_manager *manager;   /* owned */
    struct memory memory;                /* of the loop itself and of its timers */
    uint64_t (*clock)(void *user);       /* monotonic nanoseconds */
    void *clock_user;                    /* handed to clock */
    uint64_t now;                        /* of the present or the latest round */
    bool busy;                           /* callbacks may be running: `now` stands still, no second round */
    bool events_pending;                 /* the manager may have events that nobody pulled */
    int epoll;                           /* what the caller polls */
    atomic_bool stopping;                /* _stop was called and no _run has seen it */
    struct warmstart_watch wake;         /* of the event descriptor that _stop writes to */
    struct epoll_event batch[BATCH_MAX]; /* what epoll said last; data.ptr NULL: unwatched meanwhile */
    size_t batch_next;                   /* the next of them to be served */
    size_t batch_len;                    /* how many there are */
    struct timers timers;                /* that are set */
    struct warmstart_task tasks;         /* head of the ring of those that are deferred */
    uint64_t waiters;                    /* of all transports, not ended */
    uint64_t dispatches;                 /* of all transports, not settled */
    uint64_t transports;                 /* attached */
    struct warmstart_loop_stats stats;   /* `timers` is filled in by _get_stats */
};

/* Serves what the last epoll_wait() put into the batch. */
void warmstart_watches_serve(struct warmstart_loop *loop);

/* Calls the timers that are due at loop->now; what they set anew waits for the next round. */
void warmstart_timers_serve(struct warmstart_loop *loop);

/* Makes the ring of tasks empty. */
void warmstart_tasks_init(struct warmstart_loop *loop);

/* Are tasks deferred? */
bool warmstart_tasks_pending(const struct warmstart_loop *loop);

/* Runs the tasks that are deferred; what they defer waits for the next turn. */
void warmstart_tasks_serve(struct warmstart_loop *loop);

/* Hands the manager's events to the transports: at least all those that are pending now. */
void warmstart_events_serve(struct warmstart_loop *loop);

#endif
