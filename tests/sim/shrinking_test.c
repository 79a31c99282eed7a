/* SPDX-License-Identifier: MIT */
/* What becomes of a difference: faults are put into the model. */
#include "simulation.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct finding finding, again;

START_TEST(a_seed_replays_what_was_found)
{
    struct simulation simulation = {.seed = 1, .steps = UINT64_MAX, .jobs = 1, .fault = MODEL_FAULT_RETIRED};
    ck_assert(!simulation_run(&simulation, &finding));
    simulation.seed = finding.seed;
    simulation.steps = 1;
    ck_assert(!simulation_run(&simulation, &again));
    ck_assert_uint_eq(again.all.worlds, 1);
    ck_assert_uint_eq(again.len, finding.len);
    ck_assert_mem_eq(again.operations, finding.operations, finding.len * sizeof(finding.operations[0]));
    ck_assert_str_eq(again.difference, finding.difference);
}
END_TEST

struct rest {
    enum model_fault fault;
    uint32_t most; /* operations that may be left */
};

static const struct rest rests[] = {
    {MODEL_FAULT_ORDER, 5},     /* two wait, one is claimed and handed back, who is next? */
    {MODEL_FAULT_RETIRED, 2},   /* retired until that moment, back at that moment */
    {MODEL_FAULT_UNCERTAIN, 5}, /* two wait, one is written to, which is uncertain */
    {MODEL_FAULT_SUBSET, 2},    /* one waits, is it counted? */
    {MODEL_FAULT_CRASH, 1},     /* a cordon ends that was never begun */
};

START_TEST(a_difference_is_cut_down_to_a_few_operations)
{
    const struct rest *rest = &rests[_i];
    struct simulation simulation = {.seed = 1, .steps = UINT64_MAX, .jobs = 1, .fault = rest->fault};
    ck_assert(!simulation_run(&simulation, &finding));
    uint32_t before = finding.len;
    (void)simulation_shrink(&finding);
    ck_assert_msg(finding.len <= rest->most, "%u operations became %u", before, finding.len);
    ck_assert_str_ne(finding.difference, "");

    /* Each of them is needed: they are a program that anybody can read. */
    char *text = NULL;
    size_t text_bytes = 0;
    FILE *to = open_memstream(&text, &text_bytes);
    ck_assert_ptr_nonnull(to);
    simulation_print(&finding, to);
    ck_assert_int_eq(fclose(to), 0);
    size_t lines = 0;
    for (size_t i = 0; i < text_bytes; i++)
        lines += text[i] == '\n';
    ck_assert_uint_eq(lines, finding.len + 2);
    ck_assert_ptr_nonnull(strstr(text, "then: "));
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shrinking");
    TCase *tcase = tcase_create("shrinking");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, a_seed_replays_what_was_found);
    tcase_add_loop_test(tcase, a_difference_is_cut_down_to_a_few_operations, 0,
                        (int)(sizeof(rests) / sizeof(rests[0])));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
