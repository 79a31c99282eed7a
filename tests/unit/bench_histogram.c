/* SPDX-License-Identifier: MIT */
#include "bench/load/histogram.h"

#include "suite.h"

#include <stdlib.h>

static struct histogram histogram;

static void reset(void)
{
    histogram_reset(&histogram);
}

START_TEST(nothing_recorded_is_zero)
{
    ck_assert_uint_eq(histogram_percentile(&histogram, 50), 0);
    ck_assert_uint_eq(histogram_percentile(&histogram, 100), 0);
    ck_assert(histogram_mean(&histogram) == 0);
}
END_TEST

START_TEST(small_values_are_exact)
{
    for (uint64_t value = 0; value < 1 << HISTOGRAM_EXACT_BITS; value++) {
        histogram_reset(&histogram);
        histogram_record(&histogram, value);
        histogram_record(&histogram, HISTOGRAM_VALUE_MAX);
        ck_assert_uint_eq(histogram_percentile(&histogram, 50), value);
    }
}
END_TEST

/* The greatest value besides keeps the answer from being cut to the greatest one. */
static void assert_close(uint64_t value)
{
    histogram_reset(&histogram);
    histogram_record(&histogram, value);
    histogram_record(&histogram, HISTOGRAM_VALUE_MAX);
    uint64_t read = histogram_percentile(&histogram, 50);
    ck_assert_uint_ge(read, value);
    ck_assert_uint_le(read - value, value / 1000);
}

START_TEST(large_values_are_within_a_thousandth)
{
    for (unsigned int bits = HISTOGRAM_EXACT_BITS; bits < HISTOGRAM_BITS; bits++) {
        uint64_t power = UINT64_C(1) << bits;
        assert_close(power - 1);
        assert_close(power);
        assert_close(power + 1);
        assert_close(power + power / 3);
        assert_close(power + power / 2);
    }
    assert_close(HISTOGRAM_VALUE_MAX);
}
END_TEST

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

START_TEST(percentiles_agree_with_a_sorted_list)
{
    enum { LEN = 20000 };
    static uint64_t values[LEN];
    static const double percents[] = {1, 25, 50, 90, 95, 99, 99.9, 100};
    uint64_t random = 88172645463325252u;
    double sum = 0;
    for (size_t i = 0; i < LEN; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        values[i] = (random >> 40) >> random % 24;
        sum += (double)values[i];
        histogram_record(&histogram, values[i]);
    }
    qsort(values, LEN, sizeof(values[0]), compare);
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        uint64_t exact = values[(size_t)(LEN * percents[i] / 100) - 1];
        uint64_t read = histogram_percentile(&histogram, percents[i]);
        ck_assert_uint_ge(read, exact);
        ck_assert_uint_le(read - exact, exact / 1000);
    }
    ck_assert_uint_eq(histogram.count, LEN);
    ck_assert_uint_eq(histogram_percentile(&histogram, 100), values[LEN - 1]);
    ck_assert(histogram_mean(&histogram) == sum / LEN);
}
END_TEST

START_TEST(what_is_too_large_counts_as_the_largest)
{
    histogram_record(&histogram, UINT64_MAX);
    ck_assert_uint_eq(histogram.max, HISTOGRAM_VALUE_MAX);
    ck_assert_uint_eq(histogram_percentile(&histogram, 50), HISTOGRAM_VALUE_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("the benchmark's histogram");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, reset, NULL);
    tcase_add_test(tests, nothing_recorded_is_zero);
    tcase_add_test(tests, small_values_are_exact);
    tcase_add_test(tests, large_values_are_within_a_thousandth);
    tcase_add_test(tests, percentiles_agree_with_a_sorted_list);
    tcase_add_test(tests, what_is_too_large_counts_as_the_largest);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
