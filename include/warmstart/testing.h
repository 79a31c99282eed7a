/* SPDX-License-Identifier: MIT */
/*
 * libwarmstart-testing: a manager on a bench, for unit tests of match rules and of what stands on them.
 *
 * A bench is a manager with a fake clock, which stands still until the test moves it; a fake transport, which
 * does with each payload what the test's script says; a record of all events; and a checker, which keeps book
 * of what must always hold:
 *
 *   - each waiter that was registered ends once, each dispatch that was made is settled once;
 *   - a waiter gets one payload at most, and a payload is with one waiter at a time;
 *   - a payload counts as delivered only if the transport said so, and as not out only if it cannot be;
 *   - conn, origin and payload come back as they were handed in, conn not after its waiter has ended;
 *   - warmstart_get_stats() counts what the events say.
 *
 * It is what the project's own simulation runs on. A test registers and dispatches through the calls here,
 * moves clock.now, and lets warmstart_testing_run() do the rest; what needs no book is called at the manager
 * itself (warmstart_match(), warmstart_cordon(), ...) with clock.now. Nothing here reads a real clock,
 * sleeps, or prints.
 *
 * Answers, ids, memory and threads are as in warmstart.h. A bench takes its own memory from malloc(), the
 * manager's comes from the options' allocator.
 */
#ifndef WARMSTART_TESTING_H
#define WARMSTART_TESTING_H

#include <warmstart/warmstart.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The clock ---- */

/* In the test's memory. Set `now` to move it; a manager takes a clock that goes back for one that stands. */
struct warmstart_testing_clock {
    uint64_t now; /* nanoseconds */
};

/* The clock's `now`. For warmstart_loop_options.clock, with the clock as clock_user. */
WARMSTART_API uint64_t warmstart_testing_clock_read(void *clock);

/* ---- The bench ---- */

struct warmstart_testing;

/*
 * Makes a bench with a manager on it. `options` as for warmstart_manager_new(); the clock is the caller's and
 * must outlive the bench. 0: *ret_testing belongs to the caller. Errors as for warmstart_manager_new(),
 * WARMSTART_ERR_INVALID also for a clock or ret_testing of NULL.
 */
WARMSTART_API int warmstart_testing_new(const struct warmstart_options *options,
                                        struct warmstart_testing_clock *clock,
                                        struct warmstart_testing **ret_testing);

/* Frees the bench and its manager, whatever is still pending. NULL is fine. */
WARMSTART_API void warmstart_testing_free(struct warmstart_testing *testing);

/* The manager on the bench, for all calls that are not here; it is the bench's. NULL for NULL. */
WARMSTART_API struct warmstart_manager *warmstart_testing_manager(const struct warmstart_testing *testing);

/*
 * The calls of the same name in warmstart.h, at the clock's time, and in the checker's book. Do not make them
 * at the manager itself: the checker would find a fault. Answers and errors as there; WARMSTART_ERR_MEMORY
 * also if the book cannot grow, and then the manager was not asked.
 */
WARMSTART_API int warmstart_testing_register(struct warmstart_testing *testing,
                                             const struct warmstart_registration *registration,
                                             warmstart_waiter_id *ret_waiter);
WARMSTART_API int warmstart_testing_cancel(struct warmstart_testing *testing, warmstart_waiter_id waiter);
WARMSTART_API int warmstart_testing_dispatch(struct warmstart_testing *testing,
                                             const struct warmstart_query *query,
                                             const struct warmstart_delivery *delivery,
                                             warmstart_dispatch_id *ret_dispatch);
WARMSTART_API int warmstart_testing_deliver(struct warmstart_testing *testing, warmstart_waiter_id waiter,
                                            const struct warmstart_delivery *delivery,
                                            warmstart_dispatch_id *ret_dispatch);
WARMSTART_API int warmstart_testing_report(struct warmstart_testing *testing, warmstart_waiter_id waiter,
                                           enum warmstart_outcome outcome);

/* ---- The transport ---- */

/* What the transport does with a payload that it is told to write. */
enum warmstart_testing_conduct {
    WARMSTART_TESTING_CONFIRM = 0, /* reports DELIVERED at once */
    WARMSTART_TESTING_LOSE = 1,    /* reports LOST at once: the connection was dead */
    WARMSTART_TESTING_DOUBT = 2,   /* reports UNCERTAIN at once: it broke while it was written */
    WARMSTART_TESTING_SILENT = 3,  /* never reports: the peer hangs */
    WARMSTART_TESTING_LATE = 4,    /* reports DELIVERED, late_ns after it was told to write */
    WARMSTART_TESTING_TWICE = 5    /* reports DELIVERED at once, and the same once more */
};

/*
 * What is done with the payloads from now on: the first with the first, and so on; the last one with all that
 * follow. A new bench confirms everything. Copied. 0: done; WARMSTART_ERR_INVALID: a NULL argument, no
 * conducts, an unknown one; WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_testing_script(struct warmstart_testing *testing,
                                           const enum warmstart_testing_conduct *conducts,
                                           size_t conducts_len, uint64_t late_ns);

/*
 * What the transport has to report by now. 1: *ret_waiter and *ret_outcome are the next report, which is to
 * be made with warmstart_testing_report(); 0: nothing. For tests that look at each step;
 * warmstart_testing_run() does it by itself.
 */
WARMSTART_API int warmstart_testing_next_report(struct warmstart_testing *testing,
                                                warmstart_waiter_id *ret_waiter,
                                                enum warmstart_outcome *ret_outcome);

/* ---- Running ---- */

/*
 * Takes the oldest event, as warmstart_next_event(): it is checked, recorded, and a payload goes to the
 * transport. WARMSTART_ERR_MEMORY: the record cannot grow; the event was not taken.
 */
WARMSTART_API int warmstart_testing_next_event(struct warmstart_testing *testing,
                                               struct warmstart_event *ret_event);

/*
 * Lets fall due what is due at the clock's time, takes all events and makes all reports, until there is
 * nothing left to do without moving the clock. 0: done; WARMSTART_ERR_INVALID: NULL; WARMSTART_ERR_MEMORY: as
 * for warmstart_testing_next_event().
 */
WARMSTART_API int warmstart_testing_run(struct warmstart_testing *testing);

/* The moment to move the clock to for the next thing to happen; WARMSTART_NEVER: nothing will, or NULL. */
WARMSTART_API uint64_t warmstart_testing_next_moment(const struct warmstart_testing *testing);

/* ---- The record and the checker ---- */

/*
 * All events that were taken since the bench was made or _forget was called, oldest first; *ret_len is how
 * many. They are the bench's and live until the next call of this header. NULL if there are none.
 */
WARMSTART_API const struct warmstart_event *warmstart_testing_events(const struct warmstart_testing *testing,
                                                                     size_t *ret_len);

/* Empties the record. The checker forgets nothing. */
WARMSTART_API void warmstart_testing_forget(struct warmstart_testing *testing);

/*
 * What is wrong: NULL: all has held so far; else a sentence about the first thing that did not. The bench's.
 * The statistics are compared whenever warmstart_testing_next_event() finds no event.
 */
WARMSTART_API const char *warmstart_testing_fault(const struct warmstart_testing *testing);

#ifdef __cplusplus
}
#endif

#endif
