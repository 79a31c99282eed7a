/* SPDX-License-Identifier: MIT */
/*
 * Calls to a manager and to a naive model of it (model.h), chosen by a source of numbers: they must agree on
 * each answer, each event and each number. Random tests and fuzzing differ only in where the numbers are from.
 */
#ifndef TESTS_SUPPORT_LOCKSTEP_H
#define TESTS_SUPPORT_LOCKSTEP_H

#include <stdbool.h>
#include <stdint.h>

enum { LOCKSTEP_STEPS_MAX = 1000 }; /* in one run */

struct lockstep_source {
    char name[64]; /* what replays it, for messages */
    /* A number below `bound`, which is not 0; UINT64_MAX: any number. Always answers. */
    uint64_t (*draw)(struct lockstep_source *source, uint64_t bound);
    /* Shall there be another step? */
    bool (*more)(struct lockstep_source *source);
};

/* One manager from beginning to end. Stops the test when it is not as it must be. */
void lockstep_run(struct lockstep_source *source);

#endif
