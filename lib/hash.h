/* SPDX-License-Identifier: MIT */
/*
 * A keyed 64-bit hash for tables whose keys strangers choose. Each step multiplies two keyed words to 128
 * bits and folds the halves together. Without the key nobody can aim for collisions; it is no cryptographic
 * hash. It is here in full, for it is most of what a look-up does.
 */
#ifndef WARMSTART_LIB_HASH_H
#define WARMSTART_LIB_HASH_H

#include "bytes.h"

#include <warmstart/warmstart.h>

struct hash_key {
    uint64_t words[4];
};

/* Spreads two seed words over a key. The same seed always gives the same key. */
void warmstart_hash_key_init(struct hash_key *key, const uint64_t seed[2]);

/* Both words into one. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t a_low = a & UINT32_MAX, a_high = a >> 32, b_low = b & UINT32_MAX, b_high = b >> 32;
    uint64_t low = a_low * b_low, cross = a_high * b_low + (low >> 32);
    uint64_t other = a_low * b_high + (cross & UINT32_MAX);
    uint64_t high = a_high * b_high + (cross >> 32) + (other >> 32);
    return (other << 32 | (low & UINT32_MAX)) ^ high;
#endif
}

/* The last 16 bytes or less as two words. */
static inline void hash_tail(const char *bytes, size_t len, uint64_t ret_words[2])
{
    ret_words[0] = ret_words[1] = 0;
    if (len >= 8) {
        ret_words[0] = bytes_load64(bytes);
        ret_words[1] = bytes_load64(bytes + len - 8);
    } else if (len >= 4) {
        ret_words[0] = bytes_load32(bytes);
        ret_words[1] = bytes_load32(bytes + len - 4);
    } else if (len >= 2) {
        ret_words[0] = bytes_load16(bytes);
        ret_words[1] = bytes_load16(bytes + len - 2);
    } else if (len == 1) {
        ret_words[0] = (unsigned char)bytes[0];
    }
}

/*
 * What a hash of so many bytes begins with. The number is multiplied with a word of the key: a short string's
 * last bytes are folded in right behind it, so whatever was known of this difference could be made up for by
 * strings of different lengths whose bytes differ by just that.
 */
static inline uint64_t hash_begin(const struct hash_key *key, uint64_t numbers)
{
    return key->words[0] + numbers * key->words[3];
}

/* Goes on with a hash over some bytes. Their number has to be in what it began with. */
static inline uint64_t hash_add(const struct hash_key *key, uint64_t hash, const char *bytes, size_t len)
{
    uint64_t words[2];
    while (len > 16) {
        hash = hash_fold(bytes_load64(bytes) ^ key->words[1], bytes_load64(bytes + 8) ^ hash);
        bytes += 16;
        len -= 16;
    }
    hash_tail(bytes, len, words);
    return hash_fold(words[0] ^ key->words[2], words[1] ^ hash);
}

/* The hash of some bytes. `bytes` may be NULL when len is 0. */
static inline uint64_t hash_bytes(const struct hash_key *key, const char *bytes, size_t len)
{
    return hash_add(key, hash_begin(key, len), bytes, len);
}

/* The hash of a name and its value. */
static inline uint64_t hash_field(const struct hash_key *key, const struct warmstart_field *field)
{
    uint64_t hash = hash_begin(key, (uint64_t)field->name_bytes << 32 | field->value_bytes);
    hash = hash_add(key, hash, field->name, field->name_bytes);
    return hash_add(key, hash, field->value, field->value_bytes);
}

/* The hash of fields in any order, of which `sum` is the sum of their hashes. */
static inline uint64_t hash_fields(const struct hash_key *key, uint64_t sum, size_t fields_len)
{
    return hash_fold(sum ^ key->words[1], fields_len ^ key->words[2]);
}

/* 128 bits of some bytes: what stands for them where they are not kept. */
void warmstart_hash_wide(const struct hash_key *key, const char *bytes, size_t len, uint64_t ret_hash[2]);

#endif
