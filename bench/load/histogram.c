/* SPDX-License-Identifier: MIT */
#include "histogram.h"

#include <string.h>

enum { HALF_BITS = HISTOGRAM_EXACT_BITS - 1 };

void histogram_reset(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

/* How far a value is shifted until HISTOGRAM_EXACT_BITS of it are left. */
static unsigned int shift_of(uint64_t value)
{
    unsigned int bits = value == 0 ? 0 : 64 - (unsigned int)__builtin_clzll(value);
    return bits > HISTOGRAM_EXACT_BITS ? bits - HISTOGRAM_EXACT_BITS : 0;
}

/* A shifted value above 0 has its highest bit set, so each shift needs half as many buckets as 0 does. */
static uint64_t bucket_of(uint64_t value)
{
    unsigned int shift = shift_of(value);
    return ((uint64_t)shift << HALF_BITS) + (value >> shift);
}

static uint64_t highest_of(uint64_t bucket)
{
    uint64_t half = bucket >> HALF_BITS;
    uint64_t shift = half > 1 ? half - 1 : 0;
    uint64_t shifted = bucket - (shift << HALF_BITS);
    return (shifted + 1) * (UINT64_C(1) << shift) - 1;
}

void histogram_record(struct histogram *histogram, uint64_t value)
{
    if (value > HISTOGRAM_VALUE_MAX)
        value = HISTOGRAM_VALUE_MAX;
    histogram->buckets[bucket_of(value)]++;
    histogram->count++;
    histogram->sum += (double)value;
    if (value > histogram->max)
        histogram->max = value;
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    double wanted = (double)histogram->count * percent / 100;
    uint64_t seen = 0;
    for (uint64_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen > 0 && (double)seen >= wanted) {
            uint64_t value = highest_of(bucket);
            return value < histogram->max ? value : histogram->max;
        }
    }
    return histogram->max;
}

double histogram_mean(const struct histogram *histogram)
{
    return histogram->count == 0 ? 0 : histogram->sum / (double)histogram->count;
}
