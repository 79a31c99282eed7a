/* SPDX-License-Identifier: MIT */
/*
 * count-subject: does one operation a number of times, always in the same way, so that callgrind can count its
 * instructions. Only those of the broker count: not the making of its input, and not the clients. Run by
 * bench/instructions.
 */
#include "cordon.h"
#include "hand_over.h"

#include "bench/core/contender.h"
#include "bench/load/failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

struct subject {
    const char *name;
    const struct contender *contender;
    struct population population;
    const char *operation; /* of the contender */
};

static const struct subject subjects[] = {
    {"core-hand-over", &contender_warmstart, {.waiters = 1000, .keys = 100}, "hand-over"},
    {"core-miss", &contender_warmstart, {.waiters = 1000, .keys = 100}, "miss"},
    {"core-subset-hit", &contender_warmstart, {.waiters = 10000, .keys = 10000, .rich = 1}, "subset hit"},
    {"core-subset-miss", &contender_warmstart, {.waiters = 10000, .keys = 10000, .rich = 1}, "subset miss"},
    {"core-deadline", &contender_deadlines, {.waiters = 10000, .keys = 1}, "deadline, any"},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

static const char cordon_name[] = "core-cordon";

_Noreturn void wrong(const char *what)
{
    fail("%s", what);
}

static void run_contender(const struct subject *subject, uint64_t times)
{
    const struct contender *contender = subject->contender;
    const struct operation *operations = subject->population.rich ? contender->rich : contender->plain;
    size_t at = 0;
    while (strcmp(operations[at].name, subject->operation) != 0)
        at++;
    void *store = contender->create(&subject->population);
    CALLGRIND_TOGGLE_COLLECT;
    int error = operations[at].run(store, times);
    CALLGRIND_TOGGLE_COLLECT;
    contender->destroy(store);
    if (error != 0)
        fail("%s: %s", subject->name, warmstart_strerror(error));
}

static void list(void)
{
    for (size_t i = 0; i < SUBJECTS; i++)
        puts(subjects[i].name);
    puts(cordon_name);
    for (size_t i = 0; hand_overs[i].name != NULL; i++)
        puts(hand_overs[i].name);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    uint64_t times = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    if (times == 0) {
        fprintf(stderr, "Usage: count-subject OPERATION TIMES\n       count-subject --list\n");
        return STATUS_USAGE;
    }
    for (size_t i = 0; i < SUBJECTS; i++)
        if (strcmp(subjects[i].name, argv[1]) == 0) {
            run_contender(&subjects[i], times);
            return 0;
        }
    for (size_t i = 0; hand_overs[i].name != NULL; i++)
        if (strcmp(hand_overs[i].name, argv[1]) == 0) {
            hand_overs_run(&hand_overs[i], times);
            return 0;
        }
    if (strcmp(cordon_name, argv[1]) == 0) {
        cordon_run(times);
        return 0;
    }
    fprintf(stderr, "count-subject: no such operation: %s\n", argv[1]);
    return STATUS_USAGE;
}
