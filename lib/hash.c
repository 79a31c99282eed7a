/* SPDX-License-Identifier: MIT */
#include "hash.h"

#include <string.h>

/* Odd constants with about as many ones as zeros: the fractions of the square roots of 2, 3, 5 and 7. */
static const uint64_t roots[4] = {
    UINT64_C(0x6a09e667f3bcc909),
    UINT64_C(0xbb67ae8584caa73b),
    UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1),
};

static uint64_t load64(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

static uint64_t load32(const unsigned char *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

static uint64_t fold(uint64_t a, uint64_t b)
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

void warmstart_hash_key_init(struct hash_key *key, const uint64_t seed[2])
{
    uint64_t a = seed[0] ^ roots[0], b = seed[1] ^ roots[1];
    for (int i = 0; i < 4; i++) {
        a += roots[2];
        b += fold(a ^ roots[3], b ^ roots[i]);
        key->words[i] = fold(b ^ roots[0], a) ^ roots[i];
    }
}

uint64_t warmstart_hash_bytes(const struct hash_key *key, uint64_t start, const void *bytes, size_t bytes_len)
{
    const unsigned char *at = bytes;
    size_t left = bytes_len;
    uint64_t hash = start ^ key->words[0];
    while (left > 16) {
        hash = fold(load64(at) ^ key->words[1], load64(at + 8) ^ hash);
        at += 16;
        left -= 16;
    }
    uint64_t a = 0, b = 0;
    if (left >= 8) {
        a = load64(at);
        b = load64(at + left - 8);
    } else if (left >= 4) {
        a = load32(at);
        b = load32(at + left - 4);
    } else if (left > 0) {
        a = (uint64_t)at[0] << 16 | (uint64_t)at[left / 2] << 8 | at[left - 1];
    }
    return fold(fold(a ^ key->words[2], b ^ hash), key->words[3] ^ bytes_len);
}

uint64_t warmstart_hash_pair(const struct hash_key *key, uint64_t a, uint64_t b)
{
    return fold(a ^ key->words[1], b ^ key->words[2]);
}
