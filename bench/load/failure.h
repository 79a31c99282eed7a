/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LOAD_FAILURE_H
#define BENCH_LOAD_FAILURE_H

#include <stddef.h>

/* How the program ends. */
enum { STATUS_RIGHT = 0, STATUS_FAULTS = 1, STATUS_USAGE = 2, STATUS_UNREACHABLE = 3 };

/* Says on standard error what is wrong, and ends the program with STATUS_UNREACHABLE. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory that is zero; ends the program if there is none. */
/* NOLINTNEXTLINE(readability-redundant-declaration): bench/core has the same, for a program that has both */
void *allocate(size_t count, size_t bytes);

#endif
