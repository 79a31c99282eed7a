/* SPDX-License-Identifier: MIT */
/* Shows that a test leaves no descriptor open: count before, check after. */
#ifndef TESTS_SUPPORT_DESCRIPTORS_H
#define TESTS_SUPPORT_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

/* How many descriptors this process has open. */
size_t descriptors_count(void);

/* Stops the test, and says which descriptors are open, unless it is as many as `expected`. */
void descriptors_check(size_t expected);

/*
 * False under valgrind: it accepts a connection, closes it, and says only then that there was no descriptor
 * for it.
 */
bool descriptors_are_limited_truly(void);

#endif
