/* SPDX-License-Identifier: MIT */
#include "spread.h"

#include "suite.h"

#define BEGIN (5 * SECOND_NS)

START_TEST(without_a_time_all_go_at_once)
{
    struct spread spread;
    spread_begin(&spread, BEGIN, 0, 7);
    ck_assert_uint_eq(spread_due_by(&spread, BEGIN), SIZE_MAX);
    ck_assert_uint_eq(spread_due_at(&spread, 1), BEGIN);
}
END_TEST

START_TEST(they_go_evenly_and_all_of_them_at_the_end)
{
    struct spread spread;
    spread_begin(&spread, BEGIN, 1000, 4);
    ck_assert_uint_eq(spread.gone, 0);
    ck_assert_uint_eq(spread_due_by(&spread, BEGIN), 0);
    ck_assert_uint_eq(spread_due_at(&spread, 1), BEGIN + 250 * MILLISECOND_NS);
    ck_assert_uint_eq(spread_due_by(&spread, BEGIN + 250 * MILLISECOND_NS - 1), 0);
    ck_assert_uint_eq(spread_due_by(&spread, BEGIN + 250 * MILLISECOND_NS), 1);
    ck_assert_uint_eq(spread_due_by(&spread, BEGIN + 999 * MILLISECOND_NS), 3);
    ck_assert_uint_eq(spread_due_by(&spread, BEGIN + 1000 * MILLISECOND_NS), SIZE_MAX);
}
END_TEST

/* Whoever sets a timer by the one has something to do by the other, and no timer is set for what is past. */
START_TEST(at_the_time_that_is_told_the_next_one_is_due)
{
    static const size_t numbers[] = {1, 2, 3, 7, 500, 16384};
    static const uint32_t times[] = {1, 2, 10, 333, 86400000};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        for (size_t j = 0; j < sizeof(times) / sizeof(times[0]); j++) {
            struct spread spread;
            spread_begin(&spread, BEGIN, times[j], numbers[i]);
            uint64_t now = BEGIN;
            size_t steps = 0;
            for (size_t due; (due = spread_due_by(&spread, now)) < numbers[i]; steps++) {
                uint64_t next = spread_due_at(&spread, due + 1);
                ck_assert_uint_gt(next, now);
                ck_assert_uint_gt(spread_due_by(&spread, next), due);
                now = next;
            }
            ck_assert_uint_le(now, BEGIN + times[j] * MILLISECOND_NS);
            ck_assert_uint_le(steps, numbers[i]);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shared_spread");
    TCase *tcase = tcase_create("spread");
    tcase_add_test(tcase, without_a_time_all_go_at_once);
    tcase_add_test(tcase, they_go_evenly_and_all_of_them_at_the_end);
    tcase_add_test(tcase, at_the_time_that_is_told_the_next_one_is_due);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
