/* SPDX-License-Identifier: MIT */
/*
 * A manager under test with a fake allocator and a hand-moved clock, and short words for the usual calls.
 * Each call is made at core->now and stops the test when the manager answers an error. What was handed in
 * (conn, origin, payload) is remembered, so that each expected event is checked in full.
 */
#ifndef TESTS_SUPPORT_CORE_H
#define TESTS_SUPPORT_CORE_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <warmstart/warmstart.h>

#include "events.h"
#include "fake_allocator.h"
#include "field_set.h"

enum { CORE_KNOWN_MAX = 2048 };

/* What was handed in with a waiter (pointer: conn) or a dispatch (pointer: origin). */
struct core_known {
    uint64_t id;
    void *pointer;
    const void *payload;
    size_t payload_bytes;
};

struct core {
    struct fake_allocator memory;
    struct warmstart_options options; /* change between core_init() and core_start() */
    struct warmstart_manager *manager;
    uint64_t now;                  /* starts at 1,000 */
    struct events events;          /* see core_pull() */
    struct warmstart_event oldest; /* see core_next() */
    struct field_set waiting;      /* fields of the last registration */
    struct field_set asking;       /* fields of the last query */
    char handles[64];              /* conn, origin and payload point in here */
    unsigned handles_len;          /* how many were given out */
    struct core_known known[CORE_KNOWN_MAX];
    size_t known_len;
};

/* Defaults; no manager yet. */
void core_init(struct core *core);

/* Makes the manager with core->options. */
void core_start(struct core *core);

/* Both. */
void core_begin(struct core *core);

/* Frees the manager and checks that nothing leaked. */
void core_end(struct core *core);

/* Defaults, these fields ("name=value ..."), and a conn of its own. */
struct warmstart_registration core_registration(struct core *core, const char *fields);

/* Registers it. Returns the id. */
warmstart_waiter_id core_add(struct core *core, const struct warmstart_registration *registration);

/* Both; `controller` NULL: none. */
warmstart_waiter_id core_register(struct core *core, const char *fields, const char *controller);

struct warmstart_query core_query(struct core *core, const char *fields);

/* Claims a waiter; 0: none fits. */
warmstart_waiter_id core_match(struct core *core, const char *fields);

size_t core_count(struct core *core, const char *fields);

/* Defaults, and an origin and payload of its own. */
struct warmstart_delivery core_delivery(struct core *core);

/* Dispatches it. Returns the id; 0: no waiter fits. */
warmstart_dispatch_id core_send(struct core *core, const char *fields,
                                const struct warmstart_delivery *delivery);

/* Both, with so many attempts. */
warmstart_dispatch_id core_dispatch(struct core *core, const char *fields, uint32_t attempts_max);

/* Delivers to a claimed waiter. Returns the id; 0: the claim is gone. */
warmstart_dispatch_id core_deliver(struct core *core, warmstart_waiter_id waiter,
                                   const struct warmstart_delivery *delivery);

/* The answer of warmstart_report(), warmstart_cancel(), and so on. */
int core_report(struct core *core, warmstart_waiter_id waiter, enum warmstart_outcome outcome);
int core_cancel(struct core *core, warmstart_waiter_id waiter);
int core_release(struct core *core, warmstart_waiter_id waiter);
int core_cancel_dispatch(struct core *core, warmstart_dispatch_id dispatch);
int core_abandon(struct core *core, warmstart_dispatch_id dispatch);
void core_shutdown(struct core *core);

/* Sets the clock and lets what is due fall due. */
void core_advance(struct core *core, uint64_t now);

struct warmstart_stats core_stats(struct core *core);

/* Records all that is there in core->events, which is emptied first. */
void core_pull(struct core *core);

/* Checks that this recorded event is of this kind and right in every member. */
void core_check_deliver(struct core *core, const struct warmstart_event *event, uint64_t waiter,
                        uint64_t dispatch, uint32_t attempts, int line);
void core_check_ended(struct core *core, const struct warmstart_event *event, uint64_t waiter,
                      enum warmstart_ending ending, int line);
/* `waiter` is 0 but for DELIVERED and UNCERTAIN. */
void core_check_settled(struct core *core, const struct warmstart_event *event, uint64_t dispatch,
                        enum warmstart_outcome outcome, uint64_t waiter, uint32_t attempts, int line);

/* Pulls the oldest event, which lives until the next call; stops the test when there is none. */
const struct warmstart_event *core_next(struct core *core, int line);

/* Pulls the oldest event and checks it, or that there is none. Macros for the sake of the line number. */
#define core_expect_deliver(core, waiter, dispatch, attempts)                                                \
    core_check_deliver((core), core_next((core), __LINE__), (waiter), (dispatch), (attempts), __LINE__)
#define core_expect_ended(core, waiter, ending)                                                              \
    core_check_ended((core), core_next((core), __LINE__), (waiter), (ending), __LINE__)
#define core_expect_settled(core, dispatch, outcome, waiter, attempts)                                       \
    core_check_settled((core), core_next((core), __LINE__), (dispatch), (outcome), (waiter), (attempts),     \
                       __LINE__)
#define core_expect_none(core) core_check_none((core), __LINE__)

/* The same among what core_pull() recorded, wherever it stands. */
#define core_saw_deliver(core, waiter, dispatch, attempts)                                                   \
    core_check_deliver((core), events_find(&(core)->events, WARMSTART_EVENT_DELIVER, (dispatch)), (waiter),  \
                       (dispatch), (attempts), __LINE__)
#define core_saw_ended(core, waiter, ending)                                                                 \
    core_check_ended((core), events_find(&(core)->events, WARMSTART_EVENT_ENDED, (waiter)), (waiter),        \
                     (ending), __LINE__)
#define core_saw_settled(core, dispatch, outcome, waiter, attempts)                                          \
    core_check_settled((core), events_find(&(core)->events, WARMSTART_EVENT_SETTLED, (dispatch)),            \
                       (dispatch), (outcome), (waiter), (attempts), __LINE__)

void core_check_none(struct core *core, int line);

#endif
