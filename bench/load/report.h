/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LOAD_REPORT_H
#define BENCH_LOAD_REPORT_H

#include "load.h"
#include "process.h"

#include <stdio.h>

struct report {
    const struct load *load;
    double seconds;               /* that were measured */
    struct process_time server;   /* used in them */
    struct process_memory rest;   /* of the server, before anybody had connected */
    struct process_memory held;   /* while the controllers wait and nobody posts */
    struct process_memory worked; /* at the end of the measured time, with everybody still there */
    struct process_memory after;  /* after everybody had left */
    uint64_t self_ns;             /* CPU time of this program */
};

void report_table(const struct report *report, FILE *out);

/* The shape stands in bench/README.md. */
void report_json(const struct report *report, FILE *out);

#endif
