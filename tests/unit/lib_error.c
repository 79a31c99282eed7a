/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <warmstart/warmstart.h>

#include "suite.h"

START_TEST(every_error_has_its_own_name_and_text)
{
    for (int a = WARMSTART_ERR_RETIRED; a <= 0; a++) {
        ck_assert_str_ne(warmstart_error_name(a), "unknown");
        ck_assert_uint_gt(strlen(warmstart_strerror(a)), 5);
        for (int b = WARMSTART_ERR_RETIRED; b < a; b++)
            ck_assert_str_ne(warmstart_error_name(a), warmstart_error_name(b));
    }
}
END_TEST

START_TEST(other_numbers_are_unknown)
{
    ck_assert_str_eq(warmstart_error_name(1), "unknown");
    ck_assert_str_eq(warmstart_error_name(WARMSTART_ERR_RETIRED - 1), "unknown");
    ck_assert_str_eq(warmstart_strerror(12345), "unknown error");
}
END_TEST

START_TEST(the_linked_version_is_the_headers)
{
    ck_assert_str_eq(warmstart_version(), WARMSTART_VERSION_STRING);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *tcase = tcase_create("error");
    tcase_add_test(tcase, every_error_has_its_own_name_and_text);
    tcase_add_test(tcase, other_numbers_are_unknown);
    tcase_add_test(tcase, the_linked_version_is_the_headers);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
