/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdlib.h>
#include <time.h>

enum { SUBJECTS_MAX = 16, WARM_UP_SHARE = 4 };

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t run(const struct subject *subject, uint64_t times, clockid_t clock)
{
    uint64_t start = clock_ns(clock);
    if (subject->operation->run(subject->store, times) != 0)
        wrong("an operation failed that had worked before");
    return clock_ns(clock) - start;
}

/* How often the operation runs in so much time; the search itself warms up everything. */
static uint64_t calibrate(const struct subject *subject, uint64_t target_ns, clockid_t clock)
{
    uint64_t times = 1, took_ns;
    while ((took_ns = run(subject, times, clock)) < target_ns / 4)
        times *= 2;
    uint64_t fitting = (uint64_t)((double)times * (double)target_ns / (double)(took_ns > 0 ? took_ns : 1));
    return fitting > 0 ? fitting : 1;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct result *add(struct results *results)
{
    if (results->len == results->capacity) {
        results->capacity = results->capacity * 2 + 64;
        results->list = realloc(results->list, results->capacity * sizeof(*results->list));
        if (results->list == NULL)
            wrong("out of memory");
    }
    return &results->list[results->len++];
}

static void summarize(struct result *result, double *samples, uint32_t len)
{
    qsort(samples, len, sizeof(*samples), compare);
    result->median_ns = len % 2 == 1 ? samples[len / 2] : (samples[len / 2 - 1] + samples[len / 2]) / 2;
    result->fastest_ns = samples[0];
    result->slowest_ns = samples[len - 1];
}

void measure(const struct subject *subjects, size_t subjects_len, const struct population *population,
             const struct effort *effort, struct results *results)
{
    static double samples[SUBJECTS_MAX][REPETITIONS_MAX];
    uint64_t times[SUBJECTS_MAX];
    int errors[SUBJECTS_MAX];
    clockid_t clock = effort->cpu_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    if (subjects_len > SUBJECTS_MAX)
        wrong("too many contenders");
    for (size_t i = 0; i < subjects_len; i++) {
        errors[i] = subjects[i].operation->run(subjects[i].store, 1);
        times[i] =
            errors[i] != 0 ? 0 : calibrate(&subjects[i], (uint64_t)effort->milliseconds * 1000000, clock);
    }
    for (uint32_t repetition = 0; repetition < effort->repetitions; repetition++) {
        for (size_t i = 0; i < subjects_len; i++) {
            if (errors[i] != 0)
                continue;
            run(&subjects[i], times[i] / WARM_UP_SHARE, clock);
            samples[i][repetition] = (double)run(&subjects[i], times[i], clock) / (double)times[i];
        }
    }
    for (size_t i = 0; i < subjects_len; i++) {
        struct result *result = add(results);
        *result = (struct result){.operation = subjects[i].operation->name,
                                  .contender = subjects[i].contender->name,
                                  .waiters = population->waiters,
                                  .keys = population->keys,
                                  .error = errors[i],
                                  .times = times[i]};
        if (errors[i] == 0)
            summarize(result, samples[i], effort->repetitions);
    }
}
