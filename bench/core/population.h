/* SPDX-License-Identifier: MIT */
/*
 * Who waits in a measurement, and what is asked for. Everything follows from numbers, and is written into one
 * small buffer before each call: the input is in the cache, as that of a server that has just parsed it, and
 * only what a contender keeps for itself is not.
 */
#ifndef BENCH_CORE_POPULATION_H
#define BENCH_CORE_POPULATION_H

#include "warmstart/warmstart.h"

#include <stddef.h>
#include <stdint.h>

struct population {
    uint32_t waiters; /* how many wait; waiter n has the fields of key n % keys */
    uint32_t keys;    /* distinct field sets */
    uint32_t rich;    /* 1: six fields, of which two are asked for; 0: four fields, all asked for */
    uint64_t bytes;   /* what the chase runs through */
};

enum { INPUT_FIELDS_MAX = 6, INPUT_VALUE_BYTES = 40 };

/* The fields and the name of one waiter, or the fields of one query. All texts are zero-terminated. */
struct input {
    struct warmstart_field fields[INPUT_FIELDS_MAX]; /* values point into the texts below */
    size_t fields_len;
    char values[INPUT_FIELDS_MAX][INPUT_VALUE_BYTES];
    char controller[INPUT_VALUE_BYTES];
    size_t controller_bytes;
    char instance[INPUT_VALUE_BYTES];
    size_t instance_bytes;
};

/* Ways to ask a rich population for two fields. */
enum question {
    QUESTION_NARROW,      /* deployment and region: ten sets share the deployment, one or more fit */
    QUESTION_NARROW_MISS, /* the same, none fits, though each value is known */
    QUESTION_WIDE,        /* team and region: 400 sets share the team, some fit */
    QUESTION_WIDE_MISS,   /* the same, none fits, though each value is known */
    QUESTION_UNKNOWN      /* a deployment that nobody has */
};
enum { QUESTIONS = 5 };

void input_init(struct input *input);

/* Writes the four fields of a key; keys from population->keys on belong to nobody. */
void input_set_key(struct input *input, uint32_t key);

/* Writes the six fields of a key of a rich population; no two keys have the same. */
void input_set_rich_key(struct input *input, uint32_t key);

/* Writes the two fields of a question whose subject is `key`. */
void input_set_question(struct input *input, enum question question, uint32_t key);

/* Writes the controller id of a waiter. */
void input_set_controller(struct input *input, uint32_t waiter);

/* ---- Random numbers: quick, and the same in each run ---- */

static inline uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(0x2545F4914F6CDD1D);
}

static inline uint32_t random_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)((random_next(state) >> 32) * bound >> 32);
}

#endif
