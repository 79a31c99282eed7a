/* SPDX-License-Identifier: MIT */
/*
 * The load itself: controllers that wait and wait again, supervisors that post, connections that come and go,
 * all on one epoll fd in one thread. Every run is followed from its post to its end.
 */
#ifndef BENCH_LOAD_LOAD_H
#define BENCH_LOAD_LOAD_H

#include "connection.h"
#include "histogram.h"
#include "ledger.h"
#include "options.h"

/* What is counted while it is measured; all zero at its start. */
struct load_counts {
    uint64_t posts; /* answered */
    uint64_t hits;
    uint64_t intended_misses;
    uint64_t reconnects; /* waits that ended with their connection */
    uint64_t churned;    /* connections that came and went */
    uint64_t behind;     /* open loop: posts that were due and not begun when it ended */
    struct histogram post;
    struct histogram hand_over;
};

struct load {
    const struct load_options *options;
    int epoll;
    struct template greeting; /* of controllers; empty: none */
    struct template wait;     /* of controllers */
    struct template message;  /* as it has to arrive */
    struct template *posts;   /* one for each supervisor: it is sent from there */
    size_t post_skip;         /* bytes of a post that are left out when the key is that of the last one */
    struct connection *controllers; /* the idle ones too, at the end */
    uint32_t controllers_len;
    struct connection *supervisors;
    struct connection **free; /* supervisors that have nothing to do */
    uint32_t free_len;
    struct connection *churn; /* a ring */
    uint32_t churn_len;
    uint32_t churn_first; /* the oldest that is open */
    uint32_t churn_open;
    uint64_t churn_opened; /* in all, since churn_start_ns */
    uint64_t churn_start_ns;
    uint32_t sweep_at; /* the controller whose wait is looked at next */
    uint64_t broken;   /* connections that ended without a word, since anything was heard */
    bool posting;
    uint64_t posting_start_ns;
    uint64_t intended; /* open loop: posts that were begun since then */
    uint64_t random;
    struct ledger ledger;
    struct load_counts counts;
};

void load_init(struct load *load, const struct load_options *options);
void load_deinit(struct load *load);

/* Connects controllers, who wait, then supervisors. Ends the program if the server cannot be reached. */
void load_connect_controllers(struct load *load);
void load_connect_supervisors(struct load *load);

/* Begins to post, and to open connections that go again. */
void load_start(struct load *load);

/* Lets everything happen until then. `load->counts` can be looked at and reset between two calls. */
void load_run(struct load *load, uint64_t until_ns);

/* Posts nothing more, and waits until every run has come to its end, but not beyond that moment. */
void load_stop(struct load *load, uint64_t until_ns);

/* Closes all connections. */
void load_close(struct load *load);

uint64_t clock_ns(void);

#endif
