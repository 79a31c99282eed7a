/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CORE_REPORT_H
#define BENCH_CORE_REPORT_H

#include "measure.h"

#include <stdio.h>

/* What a store takes, as the C library counts it, and what the core takes by itself. */
struct memory_use {
    const char *contender;
    uint32_t waiters;
    uint32_t keys;
    double bytes_each; /* all allocated bytes, by waiters */
};

struct report {
    struct results results;
    struct memory_use *memory;
    size_t memory_len;
    size_t memory_capacity;
    double bytes_beside_fields; /* of each waiter of the core */
    uint32_t bytes_beside_fields_waiters;
    struct effort effort;
};

/* Tables for people. */
void report_tables(const struct report *report, const struct contender *const *contenders, FILE *out);

/* What was aimed for and what came out, where it was measured. */
void report_goals(const struct report *report, FILE *out);

/* Everything, for programs; the shape stands in bench/README.md. */
void report_json(const struct report *report, FILE *out);

#endif
