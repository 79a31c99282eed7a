/* SPDX-License-Identifier: MIT */
#include "hash.h"

/* Odd constants with about as many ones as zeros: the fractions of the square roots of 2, 3, 5 and 7. */
static const uint64_t roots[4] = {
    UINT64_C(0x6a09e667f3bcc909),
    UINT64_C(0xbb67ae8584caa73b),
    UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1),
};

void warmstart_hash_key_init(struct hash_key *key, const uint64_t seed[2])
{
    uint64_t a = seed[0] ^ roots[0], b = seed[1] ^ roots[1];
    for (int i = 0; i < 4; i++) {
        a += roots[2];
        b += hash_fold(a ^ roots[3], b ^ roots[i]);
        key->words[i] = hash_fold(b ^ roots[0], a) ^ roots[i];
    }
    /* Which lengths are multiplied with: then no two of them come to the same. */
    key->words[2] |= 1;
    key->words[3] |= 1;
}

/* Two hashes side by side, each with other words of the key. */
void warmstart_hash_wide(const struct hash_key *key, const char *bytes, size_t len, uint64_t ret_hash[2])
{
    const uint64_t *words = key->words;
    uint64_t one = hash_begin(key, len), two = words[1] + len * words[2], tail[2];
    size_t left = len;
    for (; left > 16; left -= 16, bytes += 16) {
        uint64_t a = bytes_load64(bytes), b = bytes_load64(bytes + 8);
        one = hash_fold(a ^ words[1], b ^ one);
        two = hash_fold(a ^ words[3], b ^ two);
    }
    hash_tail(bytes, left, tail);
    ret_hash[0] = hash_fold(tail[0] ^ words[2], tail[1] ^ one);
    ret_hash[1] = hash_fold(tail[0] ^ words[0], tail[1] ^ two);
}
