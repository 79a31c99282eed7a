/* SPDX-License-Identifier: MIT */
/* What every Check program here needs: run one suite and print each test's result as TAP. */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include <check.h>

/* Runs the suite, prints TAP to standard output, frees it. 0: all passed; for main() to return. */
int suite_run(Suite *suite);

#endif
