/* SPDX-License-Identifier: MIT */
/*
 * Small worlds, repeated with each allocation failing in turn: once, and all from then on. A call that is out
 * of memory must have changed nothing: the rest of the world goes on in lock-step with a model that was never
 * told of it. WARMSTART_TEST_SEED begins with another world.
 */
#include "generator.h"
#include "seeded.h"
#include "suite.h"
#include "world.h"

#include <stdlib.h>

enum {
    WORLDS = 6,
    STEPS = 250,
    ALLOCATIONS_MIN = 12, /* a world of low limits has fewer, and shows little */
};

static struct world world;
static struct operation operations[STEPS];
static uint64_t seed;

static void require(const char *what, uint32_t step, unsigned nth, bool on)
{
    if (world.difference[0] == '\0')
        return;
    ck_abort_msg("seed %llu, %s of operation %u, allocation %u%s: %s", (unsigned long long)seed, what, step,
                 nth, on ? " and all after it" : "", world.difference);
}

/* Chooses a world in which nothing fails, and does it. Counts the allocations of each operation, and of all. */
static uint64_t choose(struct world_setting *setting, uint64_t allocations[STEPS])
{
    struct seeded seeded;
    struct generator generator;
    seeded_init(&seeded, seed);
    generator_init(&generator, &seeded.source, false, setting);
    generator.starve = 0;
    world_begin(&world, setting);
    uint64_t all = 0;
    for (uint32_t i = 0; i < STEPS; i++) {
        generator_next(&generator, &world, &operations[i]);
        uint64_t before = world.memory.asked;
        world_do(&world, &operations[i]);
        allocations[i] = world.memory.asked - before;
        all += allocations[i];
        require("choice", i, 0, false);
    }
    world_end(&world);
    require("end", STEPS, 0, false);
    return all;
}

/* The same world, but in one operation an allocation fails; if that was too much, it is tried once more. */
static bool repeat(const struct world_setting *setting, uint32_t failing, unsigned nth, bool on)
{
    world_begin(&world, setting);
    for (uint32_t i = 0; i < STEPS; i++) {
        struct operation operation = operations[i];
        if (i == failing) {
            operation.nth = (uint16_t)nth;
            operation.on = on;
            world_do(&world, &operation);
            require("failure", i, nth, on);
            if (world.starved == 0)
                continue; /* it could do without */
            operation = operations[i];
            operation.after = 0; /* that much time has passed */
        }
        world_do(&world, &operation);
        require("what follows failure", i, nth, on);
    }
    bool starved = world.starved > 0;
    world_end(&world);
    require("end after failure", failing, nth, on);
    return starved;
}

START_TEST(a_call_that_is_out_of_memory_has_changed_nothing)
{
    static uint64_t allocations[STEPS];
    struct world_setting setting;
    const char *first = getenv("WARMSTART_TEST_SEED");
    seed = (first != NULL ? (uint64_t)strtoull(first, NULL, 0) : 1) + (uint64_t)_i;
    while (choose(&setting, allocations) <= ALLOCATIONS_MIN)
        seed += WORLDS;
    unsigned tried = 0, starved = 0;
    for (uint32_t i = 0; i < STEPS; i++) {
        for (unsigned nth = 1; nth <= allocations[i]; nth++) {
            tried += 2;
            starved += repeat(&setting, i, nth, false);
            starved += repeat(&setting, i, nth, true);
        }
    }
    ck_assert_uint_gt(tried, 2 * ALLOCATIONS_MIN);
    ck_assert_uint_gt(starved, tried / 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exhaustion");
    TCase *tcase = tcase_create("exhaustion");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, a_call_that_is_out_of_memory_has_changed_nothing, 0, WORLDS);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
