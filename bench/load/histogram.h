/* SPDX-License-Identifier: MIT */
/*
 * Counts of values in buckets whose width grows with the value: what is read out is within a thousandth of
 * what was recorded. Values from 0 to HISTOGRAM_VALUE_MAX; larger ones count as that. One thread at a time.
 */
#ifndef BENCH_LOAD_HISTOGRAM_H
#define BENCH_LOAD_HISTOGRAM_H

#include <stdint.h>

/*
 * Values below 2^HISTOGRAM_EXACT_BITS have a bucket each; above, each power of two is cut into half as
 * many.
 */
enum { HISTOGRAM_EXACT_BITS = 11, HISTOGRAM_BITS = 44 };
enum { HISTOGRAM_BUCKETS = (HISTOGRAM_BITS - HISTOGRAM_EXACT_BITS + 2) << (HISTOGRAM_EXACT_BITS - 1) };
#define HISTOGRAM_VALUE_MAX ((UINT64_C(1) << HISTOGRAM_BITS) - 1) /* nanoseconds: almost five hours */

/* Empty when all zero. */
struct histogram {
    uint64_t count;
    double sum;
    uint64_t max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_reset(struct histogram *histogram);

void histogram_record(struct histogram *histogram, uint64_t value);

/*
 * The value that `percent` (0 to 100) of all recorded ones do not exceed: the highest one of its bucket, but
 * never more than the greatest recorded. 0 if nothing was recorded.
 */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

/* 0 if nothing was recorded. */
double histogram_mean(const struct histogram *histogram);

#endif
