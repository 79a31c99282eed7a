/* SPDX-License-Identifier: MIT */
/*
 * Where the choices of a simulation come from: a seeded generator, or the bytes of a fuzzer. And the plainest
 * way to run one.
 */
#ifndef TESTS_SIM_LOCKSTEP_H
#define TESTS_SIM_LOCKSTEP_H

#include <stdbool.h>
#include <stdint.h>

enum { LOCKSTEP_STEPS_MAX = 1000 }; /* in one run */

struct lockstep_source {
    /* A number below `bound`, which is not 0; UINT64_MAX: any number. Always answers. */
    uint64_t (*draw)(struct lockstep_source *source, uint64_t bound);
    /* Shall there be another step? */
    bool (*more)(struct lockstep_source *source);
};

/*
 * One small world from beginning to end. When the manager is not as it must be, prints all operations and
 * aborts.
 */
void lockstep_run(struct lockstep_source *source);

#endif
