/* SPDX-License-Identifier: MIT */
/*
 * Many worlds, one after the other, each chosen by a seed; and what is left of the operations of one in which
 * there was a difference. Worlds run in child processes, so that a crash is a finding like any other.
 */
#ifndef TESTS_SIM_SIMULATION_H
#define TESTS_SIM_SIMULATION_H

#include "world.h"

enum { SIMULATION_JOBS_MAX = 64 };

struct simulation {
    uint64_t seed;          /* of the first world */
    uint64_t steps;         /* enough, when so many were done; at least one world is run */
    int jobs;               /* processes */
    enum model_fault fault; /* put into the models */
    FILE *progress;         /* where to say how far it is, now and then; NULL: nowhere */
};

/* What has happened in all worlds: none of it should be missing. */
struct happenings {
    uint64_t steps;
    uint64_t worlds;
    uint64_t ended[WARMSTART_ENDINGS];
    uint64_t settled[WARMSTART_OUTCOMES];
    uint64_t attempts;
    uint64_t no_match;
    uint64_t limits;  /* calls that met one */
    uint64_t starved; /* calls that were out of memory */
};

/* A world in which there was a difference, and what was done to it. */
struct finding {
    uint64_t seed;
    struct world_setting setting;
    struct operation operations[WORLD_STEPS_MAX];
    uint32_t len;
    char difference[256];
    struct happenings all;
    uint64_t next; /* the first seed that was not used */
};

/* Runs. True: there was no difference; only the last two members of *ret are set then. */
bool simulation_run(const struct simulation *simulation, struct finding *ret);

/*
 * Leaves out operations and details as long as there still is a difference, be it another one. Returns how
 * many lists were tried.
 */
unsigned int simulation_shrink(struct finding *finding);

/* Prints the world, the operations, the difference. */
void simulation_print(const struct finding *finding, FILE *to);

#endif
