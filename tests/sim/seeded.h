/* SPDX-License-Identifier: MIT */
/* Choices from a seed (splitmix64). */
#ifndef TESTS_SIM_SEEDED_H
#define TESTS_SIM_SEEDED_H

#include "lockstep.h"

struct seeded {
    struct lockstep_source source;
    uint64_t state;
};

static inline uint64_t seeded_draw(struct lockstep_source *source, uint64_t bound)
{
    struct seeded *seeded = (struct seeded *)source;
    uint64_t mixed = (seeded->state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return bound == UINT64_MAX ? mixed : mixed % bound;
}

static inline void seeded_init(struct seeded *seeded, uint64_t seed)
{
    *seeded = (struct seeded){.source = {.draw = seeded_draw}, .state = seed};
}

#endif
