/* SPDX-License-Identifier: MIT */
/*
 * A manager on a bench (warmstart/testing.h) in lock-step with the naive model of it. Each operation is done
 * to both, and they must agree on the answer, on each event in full and in its order, on the next deadline
 * and on the statistics. Nothing here stops the program: a difference is a sentence in world->difference.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "fake_allocator.h"
#include "model.h"
#include "operation.h"

enum { WORLD_STEPS_MAX = 32768 };

/* What a world begins with. */
struct world_setting {
    uint64_t start;   /* the first moment */
    uint64_t seed[2]; /* of the hash */
    uint64_t lease;
    uint32_t waiters_max;
    uint32_t waiters_reserved;
    uint32_t dispatches_max;
    uint32_t field_sets_max;
    uint32_t field_sets_idle_max;
    uint32_t instances_max;
    uint32_t retired_max;
    uint32_t fields_max;
    uint32_t old; /* see inside_make_old() */
    enum warmstart_order order;
    enum model_fault fault;
};

struct world {
    struct world_setting setting;
    struct fake_allocator memory;
    struct warmstart_testing_clock clock;
    struct warmstart_testing *bench;
    struct warmstart_manager *manager; /* the bench's */
    struct model model;
    uint64_t ids[WORLD_STEPS_MAX];  /* by operation: the waiter or dispatch that it made; 0: none */
    uint64_t starved;               /* calls that were out of memory */
    char payloads[WORLD_STEPS_MAX]; /* their addresses are conn, origin and payload */
    char difference[256];           /* empty: none */
};

/* The default limits, newest first. */
void world_setting_init(struct world_setting *setting);

/* Makes the manager. */
void world_begin(struct world *world, const struct world_setting *setting);

/* Does one operation. False: there is a difference. */
bool world_do(struct world *world, const struct operation *operation);

/* Shuts down, ends all that is left, looks for what leaked. False: there is a difference. */
bool world_end(struct world *world);

/* Frees all, whatever state it is in. */
void world_free(struct world *world);

/* The number of the operation that made this waiter or dispatch. */
uint32_t world_number(const struct world *world, const void *conn);

/* One line, for people. */
void world_setting_print(const struct world_setting *setting, FILE *to);

#endif
