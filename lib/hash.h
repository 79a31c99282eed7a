/* SPDX-License-Identifier: MIT */
/*
 * A keyed 64-bit hash for tables whose keys strangers choose. Each step multiplies two keyed words to 128
 * bits and folds the halves together. Without the key nobody can aim for collisions; it is no cryptographic
 * hash.
 */
#ifndef WARMSTART_LIB_HASH_H
#define WARMSTART_LIB_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t words[4];
};

/* Spreads two seed words over a key. The same seed always gives the same key. */
void warmstart_hash_key_init(struct hash_key *key, const uint64_t seed[2]);

/* The hash of some bytes, different for each `start`. `bytes` may be NULL when bytes_len is 0. */
uint64_t warmstart_hash_bytes(const struct hash_key *key, uint64_t start, const void *bytes,
                              size_t bytes_len);

/* Both words into one, order mattering. */
uint64_t warmstart_hash_pair(const struct hash_key *key, uint64_t a, uint64_t b);

#endif
