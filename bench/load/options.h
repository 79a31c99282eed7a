/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include "address.h"

#include <stdint.h>
#include <sys/types.h>

struct load_options {
    struct address server;   /* where controllers wait */
    struct address dispatch; /* where supervisors post */
    const char *address;     /* as it was given */
    uint32_t controllers;
    uint32_t supervisors;
    uint32_t idle;
    uint32_t keys;
    double misses_percent;
    uint32_t payload_bytes;
    uint32_t rate;  /* posts a second; 0: closed loop */
    uint32_t churn; /* connections a second */
    double warm_up_s;
    double duration_s;
    double poll_timeout_s;
    pid_t server_pid; /* 0: none */
    const char *name;
    const char *json; /* NULL: none */
    bool quiet;
};

/* Reads the command line; ends the program with STATUS_USAGE if it is wrong, and after --help. */
void load_options_read(struct load_options *options, int argc, char **argv);

#endif
