/* SPDX-License-Identifier: MIT */
/*
 * What is measured: something that holds waiters and finds one that fits. Each operation checks its answers
 * and ends the program with a message if one is wrong: what is quick and wrong is no result.
 */
#ifndef BENCH_CORE_CONTENDER_H
#define BENCH_CORE_CONTENDER_H

#include "population.h"

struct operation {
    const char *name; /* as in the report */
    /* Does it so many times. 0: done; else a warmstart_error: it cannot be done, and was not. */
    int (*run)(void *store, uint64_t times);
};

enum { OPERATIONS_MAX = 8 };

struct contender {
    const char *name;     /* as in the report */
    const char *about;    /* a line for people */
    uint32_t waiters_max; /* of a plain population: more would take too long; 0: any number */
    /* Makes one that holds a population. */
    void *(*create)(const struct population *population);
    void (*destroy)(void *store);
    struct operation plain[OPERATIONS_MAX]; /* of a plain population; the last one has no name */
    struct operation rich[OPERATIONS_MAX];  /* of a rich one */
};

extern const struct contender contender_warmstart;
extern const struct contender contender_warmstart_oldest;
extern const struct contender contender_glib;
extern const struct contender contender_sqlite;
extern const struct contender contender_sqlite_grouped;
extern const struct contender contender_chase;

/* What the core says it has allocated for this store of contender_warmstart. */
uint64_t warmstart_store_bytes(const void *store);

/* Bytes that each waiter takes beside the fields: so many waiters of one and the same key. */
double warmstart_bytes_each(uint32_t waiters);

/* Deadlines among so many that are set, in lib/timers.h itself. */
extern const struct contender contender_deadlines;

/* Ends the program: something was not as it has to be. */
_Noreturn void wrong(const char *what);

/* Memory that is zero, or the end of the program. */
void *allocate(size_t count, size_t bytes);

#endif
