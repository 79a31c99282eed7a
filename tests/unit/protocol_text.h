/* SPDX-License-Identifier: MIT */
/* Texts for the tests of the protocol: copies, a real message, random numbers that can be had again. */
#ifndef TESTS_UNIT_PROTOCOL_TEXT_H
#define TESTS_UNIT_PROTOCOL_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* A block of just these bytes, for a sanitizer to see every step over its end. The caller frees it. */
char *text_copy(const char *text, size_t bytes);

/* {"dequeuedMessage":...} around the message in tests/data. The caller frees it. */
char *text_message_body(size_t *ret_bytes);

/* A sequence of random numbers. */
struct text_random {
    uint64_t state;
};

/* Begins one with WARMSTART_TEST_SEED, or with a seed of its own choice; prints which, as a TAP comment. */
void text_random_init(struct text_random *random);

/* The next number, below `limit`, which is not 0. */
size_t text_random_below(struct text_random *random, size_t limit);

/* How many rounds a random test has: WARMSTART_TEST_ROUNDS, or `rounds`. */
size_t text_rounds(size_t rounds);

#endif
