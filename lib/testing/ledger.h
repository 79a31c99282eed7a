/* SPDX-License-Identifier: MIT */
/* The checker's book: who waits, what is under way, and what must hold of the events about them. */
#ifndef TESTING_LEDGER_H
#define TESTING_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <warmstart/warmstart.h>

/* A waiter that has not ended, or a dispatch that is not settled. */
struct ledger_entry {
    uint64_t id;                     /* 0: no entry */
    void *pointer;                   /* conn or origin */
    const void *payload;             /* of a dispatch */
    size_t payload_bytes;            /* its length */
    uint64_t other;                  /* whose payload it was told to write; who was told to */
    enum warmstart_outcome reported; /* of `other`; 0: nothing was */
    uint32_t attempts;               /* DELIVER events of a dispatch */
    uint32_t attempts_max;           /* of a dispatch */
    bool tainted;                    /* of a dispatch: an earlier waiter may have the payload */
};

/* Entries by id: linear probing, at most half full. */
struct ledger_table {
    struct ledger_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t len;
};

/* All zero is an empty one. */
struct ledger {
    struct ledger_table waiters;
    struct ledger_table dispatches;
    uint64_t registered;
    uint64_t ended[WARMSTART_ENDINGS];
    uint64_t settled[WARMSTART_OUTCOMES];
    uint64_t attempts;
    char fault[200]; /* the first one; empty: none */
};

void warmstart_ledger_deinit(struct ledger *ledger);

/* Makes room for one more waiter and one more dispatch. False: out of memory. */
bool warmstart_ledger_reserve(struct ledger *ledger);

/* There is room for these: warmstart_ledger_reserve() has seen to it. */
void warmstart_ledger_registered(struct ledger *ledger, uint64_t waiter, void *conn);
void warmstart_ledger_dispatched(struct ledger *ledger, uint64_t dispatch,
                                 const struct warmstart_delivery *delivery);

/* The manager took this report about a waiter (a cancel of one that is written to counts as UNCERTAIN). */
void warmstart_ledger_reported(struct ledger *ledger, uint64_t waiter, enum warmstart_outcome outcome);

/* Is a payload being written to this waiter, of which nothing was reported? */
bool warmstart_ledger_is_written(const struct ledger *ledger, uint64_t waiter);

void warmstart_ledger_event(struct ledger *ledger, const struct warmstart_event *event);

/* There is no event left: these statistics must be what the book says. */
void warmstart_ledger_compare(struct ledger *ledger, const struct warmstart_stats *stats);

#endif
