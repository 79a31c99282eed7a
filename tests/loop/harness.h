/* SPDX-License-Identifier: MIT */
/* What the tests of the loop share: a clock that they move, and a transport over socket pairs. */
#ifndef TESTS_LOOP_HARNESS_H
#define TESTS_LOOP_HARNESS_H

#include <stdbool.h>
#include <warmstart/loop.h>

#include "suite.h"

#define MS 1000000ULL

/* ---- The loop ---- */

/* Moves only when a test moves it. */
struct fake_clock {
    uint64_t now;
};

/* A loop at that clock, or at the real one (NULL). Never NULL: a failure fails the test. */
struct warmstart_loop *loop_make(struct fake_clock *clock);

/* Polls and processes until the condition holds. Fails the test when it does not within ten seconds. */
void process_until(struct warmstart_loop *loop, bool (*holds)(void *user), void *user);

/* Fixtures: a test that ends with other descriptors open than it began with fails. */
void descriptors_remember(void);
void descriptors_check(void);

/* A pair of connected stream sockets that do not block. */
void pair_make(int ret_pair[2]);

/* ---- A transport ---- */

/* What a peer does when it is delivered to. */
enum conduct {
    CONFIRM, /* writes and reports DELIVERED */
    LOSE,    /* reports LOST */
    UNSURE,  /* writes and reports UNCERTAIN */
    WAIT     /* writes and leaves the report to the test */
};

struct fake {
    struct warmstart_transport transport;
    unsigned calls;   /* operations that are running: never more than one */
    const void *data; /* of the payload that was delivered last */
};

/* A controller that waits. */
struct poller {
    struct warmstart_conn conn;
    struct warmstart_watch watch;
    struct fake *fake;
    enum conduct conduct;
    void (*on_deliver)(struct poller *poller); /* may be NULL; before the report */
    void (*on_ended)(struct poller *poller);   /* may be NULL */
    warmstart_waiter_id waiter;
    int here;  /* the transport's end, closed when it ended */
    int there; /* the controller's end, the test's */
    unsigned deliveries;
    unsigned endings;
    enum warmstart_ending ending;
};

/* A supervisor's request. */
struct run {
    struct warmstart_origin origin;
    struct fake *fake;
    void (*on_settled)(struct run *run); /* may be NULL */
    uint32_t attempts_max;
    uint64_t deadline;
    warmstart_dispatch_id dispatch;
    unsigned settlements;
    struct warmstart_settlement settlement;
};

void fake_attach(struct fake *fake, struct warmstart_loop *loop);

/* Holds a socket pair for the poller and watches it for a peer that leaves, but does not register it. */
void poller_open(struct poller *poller, struct fake *fake, const char *name, enum conduct conduct);

/* Registers it under its name, for `group`. */
void poller_wait(struct poller *poller, const char *group);

/* Closes what is open. Not while it is registered. */
void poller_close(struct poller *poller);

/* Does the controller's end hold exactly this text? It is taken out. */
bool poller_got(struct poller *poller, const char *text);

/* Prepares a run of three attempts without a deadline. */
void run_init(struct run *run, struct fake *fake);

/* Dispatches the text, which must stay, to `group`. As warmstart_loop_dispatch(). */
int run_dispatch(struct run *run, const char *group, const char *text);

#endif
