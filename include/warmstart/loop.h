/* SPDX-License-Identifier: MIT */
/*
 * libwarmstart-loop: one thread's clock, timers, file descriptors and events around a manager.
 *
 * A loop owns a manager, reads the monotonic clock and turns the manager's events into calls of transport
 * operations. A transport owns connections: HTTP and Unix sockets are two, a caller's own is a third with the
 * same rights; everything that they use is in this header.
 *
 * Either give it a thread with warmstart_loop_run(), or embed it: poll warmstart_loop_fd() for reading for at
 * most warmstart_loop_timeout_ms(), then call warmstart_loop_process(), which never blocks.
 *
 * Answers, ids and memory are as in warmstart.h. WARMSTART_ERR_SYSTEM leaves the reason in errno. A loop and
 * everything attached to it belong to one thread at a time; only warmstart_loop_stop() may be called from
 * anywhere. Nothing is global: a process may have several loops.
 */
#ifndef WARMSTART_LOOP_H
#define WARMSTART_LOOP_H

#include <warmstart/warmstart.h>

#ifdef __cplusplus
extern "C" {
#endif

struct warmstart_loop;

/* Fill with warmstart_loop_options_init(). Only ever appended to. */
struct warmstart_loop_options {
    size_t size; /* set by _init */
    /* For the manager inside, copied; NULL: all defaults. hash_seed 0 0 is replaced by random numbers. */
    const struct warmstart_options *manager;
    uint64_t (*clock)(void *user); /* monotonic nanoseconds; NULL: CLOCK_MONOTONIC. For tests */
    void *clock_user;              /* handed to clock */
};

WARMSTART_API void warmstart_loop_options_init_sized(struct warmstart_loop_options *options, size_t size);

static inline void warmstart_loop_options_init(struct warmstart_loop_options *options)
{
    warmstart_loop_options_init_sized(options, sizeof(*options));
}

/*
 * Makes a loop with a manager in it. `options` NULL: all defaults. 0: *ret_loop is the caller's, who frees
 * it. Errors: those of warmstart_manager_new(), for these options too; WARMSTART_ERR_SYSTEM: no epoll or
 * event descriptor, or no random numbers. Memory comes from the manager's allocator.
 */
WARMSTART_API int warmstart_loop_new(const struct warmstart_loop_options *options,
                                     struct warmstart_loop **ret_loop);

/*
 * Frees the loop and its manager. Detach every transport first (warmstart_http_free() does); watches and
 * timers that are still set are forgotten, their descriptors stay open. Not from inside a callback. NULL is
 * fine.
 */
WARMSTART_API void warmstart_loop_free(struct warmstart_loop *loop);

/* ---- Running ---- */

/* The descriptor to poll for reading (POLLIN, EPOLLIN). Belongs to the loop; never read, write or close it.
 */
WARMSTART_API int warmstart_loop_fd(const struct warmstart_loop *loop);

/* How long to poll at most, in milliseconds, rounded up: 0 at once, -1 for ever. Ask again before each poll.
 */
WARMSTART_API int warmstart_loop_timeout_ms(const struct warmstart_loop *loop);

/*
 * Does what is due and ready, and returns without blocking. Harmless when nothing is. Not from inside a
 * callback (WARMSTART_ERR_INVALID). 0: done; WARMSTART_ERR_SYSTEM: the loop's descriptor is broken.
 */
WARMSTART_API int warmstart_loop_process(struct warmstart_loop *loop);

/* Polls and processes until warmstart_loop_stop(). 0: stopped; errors as for _process. */
WARMSTART_API int warmstart_loop_run(struct warmstart_loop *loop);

/* Makes the present or the next warmstart_loop_run() return. From any thread, a callback or a signal handler.
 */
WARMSTART_API void warmstart_loop_stop(struct warmstart_loop *loop);

/* The manager inside, for statistics and counts. Change it only through the calls below. */
WARMSTART_API struct warmstart_manager *warmstart_loop_manager(struct warmstart_loop *loop);

/* The time of the present round in nanoseconds; outside a callback the clock is read. */
WARMSTART_API uint64_t warmstart_loop_now(const struct warmstart_loop *loop);

/*
 * The same, but the clock is read inside a callback too: for what must not be over too soon because its round
 * had begun long ago.
 */
WARMSTART_API uint64_t warmstart_loop_clock(const struct warmstart_loop *loop);

/* ---- Descriptors, timers, tasks ---- */

/*
 * A descriptor that the loop watches. Lives in the caller's memory, zeroed before first use, until it is
 * unwatched. `ready` may unwatch and free any watch, its own too.
 */
struct warmstart_watch {
    void (*ready)(struct warmstart_watch *watch,
                  uint32_t events); /* events: EPOLLIN and so on of <sys/epoll.h> */
    int fd;                         /* set by warmstart_loop_watch() */
    uint32_t events;                /* what is watched for; 0: not watched */
};

/*
 * Watches fd for events (EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLET, ...), or changes what a watch watches for;
 * `ready` must be set. 0: done. WARMSTART_ERR_INVALID: no `ready`, events 0, or another fd than it watches
 * already; WARMSTART_ERR_SYSTEM: epoll refused (errno).
 */
WARMSTART_API int warmstart_loop_watch(struct warmstart_loop *loop, struct warmstart_watch *watch, int fd,
                                       uint32_t events);

/* Ends a watch before its descriptor is closed; `ready` is not called any more, not even for what was ready
 * already. */
WARMSTART_API void warmstart_loop_unwatch(struct warmstart_loop *loop, struct warmstart_watch *watch);

/* A moment to be called at. Lives in the caller's memory, zeroed before first use, until it was called or
 * cancelled. */
struct warmstart_timer {
    void (*due)(struct warmstart_timer *timer, uint64_t now); /* may set it again, or free it */
    uint32_t reserved[3];                                     /* the loop's */
};

/*
 * Sets or moves a timer: `due` is called in the first round at or after the deadline, earliest first, equal
 * ones in the order they were set; what is set inside a callback waits for a later round. WARMSTART_NEVER
 * cancels it. 0: done; else it is as it was before: WARMSTART_ERR_INVALID: no `due`; WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_loop_timer_set(struct warmstart_loop *loop, struct warmstart_timer *timer,
                                           uint64_t deadline);

/* `due` is not called any more. Fine when it is not set. */
WARMSTART_API void warmstart_loop_timer_cancel(struct warmstart_loop *loop, struct warmstart_timer *timer);

/* Work to be done once, in this round, after what is being done now. In the caller's memory, zeroed before
 * first use. */
struct warmstart_task {
    void (*run)(
        struct warmstart_task *task); /* may defer it again (then it runs in a later turn), or free it */
    struct warmstart_task *next, *previous; /* the loop's */
};

/* Runs task->run once soon. Deferring it again before it ran changes nothing. */
WARMSTART_API void warmstart_loop_defer(struct warmstart_loop *loop, struct warmstart_task *task);

/* The task is not run any more. Fine when it is not deferred. */
WARMSTART_API void warmstart_loop_undefer(struct warmstart_loop *loop, struct warmstart_task *task);

/* ---- Payloads ---- */

/*
 * Bytes that several hold at once without a copy: who asked for the dispatch, the loop until that is settled,
 * and each transport that still writes them. Make one with warmstart_payload_new(), or put this into a
 * struct of your own that has the bytes and fill every member. The holders belong to one thread.
 */
struct warmstart_payload {
    const void *data;    /* the bytes; they do not change any more. NULL only with 0 bytes */
    size_t data_bytes;   /* how many */
    uint32_t references; /* holders; 1 for whoever makes it */
    uint32_t reserved;   /* 0 */
    /* The last holder let go: free it. From warmstart_payload_drop(), so it may be called at any time. */
    void (*release)(struct warmstart_payload *payload);
};

/* A payload with a copy of the bytes and one reference, the caller's. From malloc(). NULL: out of
 * memory, or NULL with a length. Any thread. */
WARMSTART_API struct warmstart_payload *warmstart_payload_new(const void *data, size_t data_bytes);

/* One holder more. Returns its argument. */
WARMSTART_API struct warmstart_payload *warmstart_payload_hold(struct warmstart_payload *payload);

/* One holder less; the last one releases it. NULL is fine. */
WARMSTART_API void warmstart_payload_drop(struct warmstart_payload *payload);

/* ---- Transports ---- */

struct warmstart_transport;

/* The first member of what a transport keeps for each connection that waits; its address is the core's
 * `conn`. */
struct warmstart_conn {
    struct warmstart_transport *transport; /* whose it is; set by the transport */
    const char *controller_id;  /* who waits, for logs and answers of any transport; set by the transport */
    size_t controller_id_bytes; /* its length; 0: nobody in particular */
};

/* The first member of what a transport keeps for each request to dispatch; its address is the core's
 * `origin`. */
struct warmstart_origin {
    struct warmstart_transport *transport; /* whose it is; set by the transport */
    uint64_t started_at;                   /* set by warmstart_loop_dispatch() */
};

/* How a dispatch ended. */
struct warmstart_settlement {
    warmstart_dispatch_id dispatch;
    enum warmstart_outcome outcome;
    uint32_t attempts; /* waiters that were tried */
    /* DELIVERED, UNCERTAIN: who was written to, of whichever transport, unless it was an earlier one, which
     * has ended; else NULL. */
    struct warmstart_conn *conn;
    uint64_t duration_ns; /* since started_at */
};

/*
 * What a transport must be able to do. The loop calls these from warmstart_loop_process(), _run() and
 * _detach() only, never from inside another call that the transport makes, and in each may be called:
 * anything in this header but _process, _run, _detach and _free.
 */
struct warmstart_transport_operations {
    size_t size;      /* sizeof(struct warmstart_transport_operations) */
    const char *name; /* for logs and metrics: "http" */

    /*
     * Write the payload to conn and call warmstart_loop_report() when it is known what became of it: now or
     * later, but by the dispatch's deadline, which ends it as UNCERTAIN. A conn that is known to be gone is
     * reported LOST. The payload is there until `ended`; hold it if the bytes are needed for longer.
     */
    void (*deliver)(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                    struct warmstart_payload *payload);

    /*
     * The waiter is over; the last call about it. DELIVERED: done. UNCERTAIN: reset the connection, so that
     * nothing arrives later. Otherwise close it if it is still there. conn may be freed from now on.
     */
    void (*ended)(struct warmstart_conn *conn, warmstart_waiter_id waiter, enum warmstart_ending ending);

    /* The dispatch is over; the last call about it. origin may be freed. The loop lets its payload go after
     * this. */
    void (*settled)(struct warmstart_origin *origin, const struct warmstart_settlement *settlement);
};

/* A transport. In the caller's memory from _attach to _detach; several may be attached. */
struct warmstart_transport {
    const struct warmstart_transport_operations *operations; /* set by _attach */
    struct warmstart_loop *loop;                             /* set by _attach; NULL: not attached */
    uint64_t waiters;    /* of this transport, not ended; kept by the loop */
    uint64_t dispatches; /* of this transport, not settled; kept by the loop */
};

/* 0: attached. WARMSTART_ERR_INVALID: an operation is missing, or it is attached; WARMSTART_ERR_UNSUPPORTED:
 * size. */
WARMSTART_API int warmstart_loop_attach(struct warmstart_loop *loop, struct warmstart_transport *transport,
                                        const struct warmstart_transport_operations *operations);

/*
 * Detaches a transport, which has just cancelled its waiters and abandoned its dispatches: pending events are
 * handed out (so its `ended` and `settled` are called) before it is let go. Not from inside a callback. 0:
 * detached, also if it was not attached. WARMSTART_ERR_INVALID: waiters or dispatches of it are left; it
 * stays attached.
 */
WARMSTART_API int warmstart_loop_detach(struct warmstart_transport *transport);

/*
 * The core's calls for a transport, at the loop's time; events that follow are handled in this round, after
 * the callback that made the call, or in the next warmstart_loop_process() if there is none.
 * warmstart_loop_register() sets registration->conn. warmstart_loop_dispatch() sets delivery->origin and the
 * delivery's payload, and holds `payload` until `settled` has returned if it answers 1; the caller may let go
 * of its own reference at once.
 * Answers and errors: as the calls of the same name in warmstart.h; WARMSTART_ERR_INVALID also for what is not
 * attached, and for a payload without `release` or with no reference.
 */
WARMSTART_API int warmstart_loop_register(struct warmstart_conn *conn,
                                          struct warmstart_registration *registration,
                                          warmstart_waiter_id *ret_waiter);
WARMSTART_API int warmstart_loop_cancel(struct warmstart_loop *loop, warmstart_waiter_id waiter);
WARMSTART_API int warmstart_loop_report(struct warmstart_loop *loop, warmstart_waiter_id waiter,
                                        enum warmstart_outcome outcome);
WARMSTART_API int warmstart_loop_dispatch(struct warmstart_origin *origin,
                                          const struct warmstart_query *query,
                                          struct warmstart_delivery *delivery,
                                          struct warmstart_payload *payload,
                                          warmstart_dispatch_id *ret_dispatch);
WARMSTART_API int warmstart_loop_cancel_dispatch(struct warmstart_loop *loop, warmstart_dispatch_id dispatch);
WARMSTART_API int warmstart_loop_abandon_dispatch(struct warmstart_loop *loop,
                                                  warmstart_dispatch_id dispatch);
WARMSTART_API int warmstart_loop_cordon(struct warmstart_loop *loop, const char *instance,
                                        size_t instance_bytes, uint64_t until);
WARMSTART_API int warmstart_loop_retire(struct warmstart_loop *loop, const char *controller_id,
                                        size_t controller_id_bytes, uint64_t until);
WARMSTART_API int warmstart_loop_shutdown(struct warmstart_loop *loop);

/* ---- Statistics ---- */

/* Only ever appended to. */
struct warmstart_loop_stats {
    size_t size;            /* sizeof(struct warmstart_loop_stats), set by the caller */
    uint64_t rounds_total;  /* calls of warmstart_loop_process() */
    uint64_t busy_ns_total; /* time spent in them */
    uint64_t round_ns_max;  /* the longest of them: how long a ready peer may have had to wait */
    uint64_t late_ns_last;  /* how long after its deadline the last timer ran */
    uint64_t late_ns_max;   /* the worst of these */
    uint64_t watches;       /* descriptors that are watched */
    uint64_t timers;        /* timers that are set */
};

/* Fills the members that stats->size covers. 0; WARMSTART_ERR_INVALID: a NULL argument or a size of 0. */
WARMSTART_API int warmstart_loop_get_stats(const struct warmstart_loop *loop,
                                           struct warmstart_loop_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
