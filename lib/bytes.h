/* SPDX-License-Identifier: MIT */
/*
 * Words of bytes, and comparing them. Names and values are short, so a call of memcmp() costs more than what
 * it does; two words that overlap cover every length that a word does not.
 */
#ifndef WARMSTART_LIB_BYTES_H
#define WARMSTART_LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t bytes_load64(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

static inline uint64_t bytes_load32(const char *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

static inline uint64_t bytes_load16(const char *bytes)
{
    uint16_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* Are these bytes the same? Pointers may be NULL when len is 0. What is alike but not the same mostly differs at its end. */
static inline bool bytes_equal(const char *a, const char *b, size_t len)
{
    if (len >= 8) {
        if (bytes_load64(a + len - 8) != bytes_load64(b + len - 8))
            return false;
        for (size_t at = 0; at + 8 < len; at += 8)
            if (bytes_load64(a + at) != bytes_load64(b + at))
                return false;
        return true;
    }
    if (len >= 4)
        return bytes_load32(a) == bytes_load32(b) && bytes_load32(a + len - 4) == bytes_load32(b + len - 4);
    if (len >= 2)
        return bytes_load16(a) == bytes_load16(b) && bytes_load16(a + len - 2) == bytes_load16(b + len - 2);
    return len == 0 || a[0] == b[0];
}

#endif
