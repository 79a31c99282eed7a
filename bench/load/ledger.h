/* SPDX-License-Identifier: MIT */
/*
 * What became of each run: posted, answered, arrived. Every run has a number, counted from 0; the ledger
 * keeps a byte for each, and says at the end which were lost.
 */
#ifndef BENCH_LOAD_LEDGER_H
#define BENCH_LOAD_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs whose moment is remembered: many more than are ever on their way. */
enum { LEDGER_RECENT = 1 << 17 };

struct faults {
    uint64_t lost;        /* answered with true, and nobody has it: known after ledger_close() */
    uint64_t duplicated;  /* arrived again */
    uint64_t misrouted;   /* arrived at a controller of another key */
    uint64_t altered;     /* arrived otherwise than it was posted, or was never posted */
    uint64_t unconfirmed; /* answered with false, and somebody has it: known after ledger_close() */
    uint64_t failed;      /* not answered, or not with an answer */
    uint64_t false_hits;  /* for nobody, and answered with true */
};

struct ledger {
    uint8_t *states;
    uint64_t len; /* runs that were posted */
    uint64_t capacity;
    uint64_t *moments_ns;  /* when a run was, or should have been, posted; by number modulo LEDGER_RECENT */
    uint64_t answered_hit; /* with true */
    uint64_t arrived_hit;  /* of those, and of those to come */
    struct faults faults;
};

void ledger_init(struct ledger *ledger);
void ledger_deinit(struct ledger *ledger);

/* A run is posted at that moment, which may have been before; nobody waits for it if `for_nobody`. */
uint64_t ledger_post(struct ledger *ledger, uint64_t moment_ns, bool for_nobody);

/* It was answered. */
void ledger_answer(struct ledger *ledger, uint64_t number, bool hit);

/* Its post came to nothing. Whether it arrives does not matter then. */
void ledger_fail(struct ledger *ledger, uint64_t number);

/* It arrived, where it should. False: it was never posted, or came before; counted as a fault. */
bool ledger_arrive(struct ledger *ledger, uint64_t number);

/* When it was posted; 0: too long ago, or never. */
uint64_t ledger_moment(const struct ledger *ledger, uint64_t number);

/* How many were answered with true and have not arrived so far. */
uint64_t ledger_missing(const struct ledger *ledger);

/* All is over: counts what is lost and what is unconfirmed. */
void ledger_close(struct ledger *ledger);

uint64_t faults_sum(const struct faults *faults);

#endif
