/* SPDX-License-Identifier: MIT */
/*
 * Random calls to a manager and to a naive model of it. WARMSTART_TEST_SEED replays a run,
 * WARMSTART_TEST_ROUNDS makes it longer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lockstep.h"
#include "suite.h"

enum { ROUNDS = 200 };

struct random {
    struct lockstep_source source;
    uint64_t state;
};

/* splitmix64 */
static uint64_t draw(struct lockstep_source *source, uint64_t bound)
{
    struct random *random = (struct random *)source;
    uint64_t mixed = (random->state += 0x9e3779b97f4a7c15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    return bound == UINT64_MAX ? mixed : mixed % bound;
}

static bool more(struct lockstep_source *source)
{
    (void)source;
    return true;
}

/* A number from the environment, or this one. */
static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? otherwise : strtoull(text, NULL, 0);
}

START_TEST(the_manager_does_what_the_model_does)
{
    uint64_t first = number("WARMSTART_TEST_SEED", 1);
    uint64_t rounds = number("WARMSTART_TEST_ROUNDS", getenv("WARMSTART_TEST_SEED") == NULL ? ROUNDS : 1);
    for (uint64_t i = 0; i < rounds; i++) {
        struct random random = {.source = {.draw = draw, .more = more}, .state = first + i};
        snprintf(random.source.name, sizeof(random.source.name), "seed %llu",
                 (unsigned long long)random.state);
        lockstep_run(&random.source);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random");
    TCase *tcase = tcase_create("random");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, the_manager_does_what_the_model_does);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
