/* SPDX-License-Identifier: MIT */
/*
 * Memory that cannot be had. A program with this is linked with -Wl,--wrap for malloc, calloc, realloc and
 * warmstart_loop_process, or strdup and asprintf, too, so that each allocation of what is linked statically comes by here; those of the
 * core and of the loop come by their allocator. Only what happens inside the loop fails, never the test.
 */
#ifndef TESTS_SUPPORT_MEMORY_FAULTS_H
#define TESTS_SUPPORT_MEMORY_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

extern struct memory_faults {
    unsigned long every;  /* each so many-th fails; 0: none */
    unsigned long only;   /* just this one fails; 0: none */
    unsigned long from;   /* this one fails and all that follow; 0: none */
    unsigned long count;  /* of allocations while something was to fail */
    unsigned long failed; /* how many of them did; to be set to 0 by the test */
    bool inside;          /* the server's or the loop's code is running */
} memory_faults;

/* From now on each so many-th allocation fails, just the n-th, the n-th and all that follow, or none. */
void memory_faults_every(unsigned long every);
void memory_faults_only(unsigned long only);
void memory_faults_from(unsigned long from);
void memory_faults_none(void);

/* For struct warmstart_allocator. */
void *memory_faults_resize(void *user, void *pointer, size_t old_bytes, size_t new_bytes);

#endif
