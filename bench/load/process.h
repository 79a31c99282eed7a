/* SPDX-License-Identifier: MIT */
/* What a process uses, as Linux tells it. */
#ifndef BENCH_LOAD_PROCESS_H
#define BENCH_LOAD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_time {
    uint64_t cpu_ns;    /* of all its threads */
    uint64_t user_ns;   /* only to a hundredth of a second */
    uint64_t system_ns; /* the same */
};

struct process_memory {
    uint64_t resident_bytes;
    uint64_t anonymous_bytes;
};

/* False: there is no such process, or it is none of ours. */
bool process_get_time(pid_t pid, struct process_time *ret_time);
bool process_get_memory(pid_t pid, struct process_memory *ret_memory);

#endif
