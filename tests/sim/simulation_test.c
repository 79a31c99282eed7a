/* SPDX-License-Identifier: MIT */
/* WARMSTART_TEST_SEED begins elsewhere, WARMSTART_TEST_ROUNDS is how many thousands of steps are done. */
#include "simulation.h"
#include "suite.h"

#include <stdlib.h>

static struct finding finding;

/* A number from the environment, or this one. */
static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? otherwise : strtoull(text, NULL, 0);
}

/* A simulation in which something never happens shows nothing about it. */
static void check_happenings(const struct happenings *all)
{
    for (int i = 1; i <= (int)WARMSTART_ENDING_RETIRED; i++)
        ck_assert_msg(all->ended[i] > 0, "nobody ended as %s",
                      warmstart_ending_name((enum warmstart_ending)i));
    for (int i = 1; i <= (int)WARMSTART_OUTCOME_SHUTDOWN; i++)
        ck_assert_msg(all->settled[i] > 0, "nothing was settled as %s",
                      warmstart_outcome_name((enum warmstart_outcome)i));
    ck_assert_uint_gt(all->attempts, all->settled[WARMSTART_OUTCOME_DELIVERED]);
    ck_assert_uint_gt(all->no_match, 0);
    ck_assert_uint_gt(all->limits, 0);
    ck_assert_uint_gt(all->starved, 0);
}

START_TEST(the_manager_does_what_the_model_does)
{
    struct simulation simulation = {.seed = number("WARMSTART_TEST_SEED", 1),
                                    .steps = number("WARMSTART_TEST_ROUNDS", 2000) * 1000,
                                    .jobs = 2};
    if (simulation_run(&simulation, &finding)) {
        ck_assert_uint_ge(finding.all.steps, simulation.steps);
        check_happenings(&finding.all);
        return;
    }
    (void)simulation_shrink(&finding);
    printf("# replay it with: tests/sim/sim --steps 1 --seed %llu\n# ", (unsigned long long)finding.seed);
    simulation_print(&finding, stdout);
    fflush(stdout);
    ck_abort_msg("seed %llu: %s", (unsigned long long)finding.seed, finding.difference);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("simulation");
    TCase *tcase = tcase_create("simulation");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, the_manager_does_what_the_model_does);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
