/* SPDX-License-Identifier: MIT */
/* Times operations, several contenders in turn, so that a disturbance meets all of them. */
#ifndef BENCH_CORE_MEASURE_H
#define BENCH_CORE_MEASURE_H

#include "contender.h"

#include <stddef.h>

enum { REPETITIONS_MAX = 99 };

/* One operation of one contender on one population. */
struct result {
    const char *operation;
    const char *contender;
    uint32_t waiters;
    uint32_t keys;
    int error;         /* not 0: it cannot do this, and nothing else is set */
    double median_ns;  /* for each operation */
    double fastest_ns; /* the best repetition */
    double slowest_ns; /* the worst one */
    uint64_t times;    /* operations in each repetition */
};

struct results {
    struct result *list;
    size_t len;
    size_t capacity;
};

struct subject {
    const struct contender *contender;
    const struct operation *operation;
    void *store;
};

struct effort {
    uint32_t repetitions;
    uint32_t milliseconds; /* of each, about */
    uint32_t cpu_time;     /* 1: the time of this thread, for machines that others use too; 0: the clock */
};

/*
 * Measures each subject with that effort, in turn, and adds a result for each. Before
 * each repetition a part of it is run unmeasured, for the caches.
 */
void measure(const struct subject *subjects, size_t subjects_len, const struct population *population,
             const struct effort *effort, struct results *results);

#endif
