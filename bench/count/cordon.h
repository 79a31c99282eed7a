/* SPDX-License-Identifier: MIT */
/* The cordon of an instance, which makes a manager look at all of its waiters at once. */
#ifndef BENCH_COUNT_CORDON_H
#define BENCH_COUNT_CORDON_H

#include <stdint.h>

/*
 * Begins and ends one with so many waiters of a few field sets, whose slots are in no order. The instructions
 * for each of them grow with the logarithm of how many there are, unless a queue is searched for each.
 */
void cordon_run(uint64_t waiters);

#endif
