/* SPDX-License-Identifier: MIT */
/*
 * Chooses the next operation, with an eye on what would be worth while in this world at this moment: what is
 * written to gets reported, what is claimed is delivered to, and now and then the reverse.
 */
#ifndef TESTS_SIM_GENERATOR_H
#define TESTS_SIM_GENERATOR_H

#include "lockstep.h"
#include "universe.h"
#include "world.h"

enum { GENERATOR_SETS_MAX = UNIVERSE_SETS };

struct generator {
    struct lockstep_source *source;
    uint32_t number; /* of the next operation */
    int crowd;       /* waiters that it likes to have */
    int sets_len;    /* field sets in use */
    int controllers; /* how many there are */
    int instances;   /* how many there are */
    int subset;      /* percent of the queries that are WARMSTART_MATCH_SUBSET */
    int tick;        /* percent of the steps before which the clock moves */
    int jump;        /* per mille of the steps before which it jumps */
    int pull;        /* percent of the steps that pull events */
    int leaving;     /* percent of the steps that cordon or retire, beside those that do so anyway */
    int starve;      /* per mille of the steps in which an allocation fails */
    int stop;        /* one in so many steps is a shutdown */
    uint8_t sets[GENERATOR_SETS_MAX];
};

/* Chooses a world: thousands of waiters (`big`) or few. */
void generator_init(struct generator *generator, struct lockstep_source *source, bool big,
                    struct world_setting *ret_setting);

void generator_next(struct generator *generator, const struct world *world, struct operation *ret_operation);

#endif
