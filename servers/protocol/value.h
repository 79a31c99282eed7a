/* SPDX-License-Identifier: MIT */
/* Bytes that a name or a matched value may hold. */
#ifndef SERVERS_PROTOCOL_VALUE_H
#define SERVERS_PROTOCOL_VALUE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* As below, for a word of them. A borrow can mark a byte too many above one that is right, never on its own. */
static inline int value_word_has_below(uint64_t word, uint8_t bound)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t deletes = word ^ ones * 0x7f;
    return ((((word - ones * bound) & ~word) | ((deletes - ones) & ~deletes)) & ones << 7) != 0;
}

/* 1: one of these bytes is below `bound`, which is at most 128, or 127. The last eight are looked at together. */
static inline int value_has_below(const char *text, size_t bytes, uint8_t bound)
{
    uint64_t word;
    if (bytes < sizeof(word)) {
        for (size_t i = 0; i < bytes; i++) {
            if ((uint8_t)text[i] < bound || text[i] == 0x7f)
                return 1;
        }
        return 0;
    }
    for (size_t at = 0; at < bytes - sizeof(word); at += sizeof(word)) {
        memcpy(&word, text + at, sizeof(word));
        if (value_word_has_below(word, bound))
            return 1;
    }
    memcpy(&word, text + bytes - sizeof(word), sizeof(word));
    return value_word_has_below(word, bound);
}

/* 1: there is a control byte of ASCII among these: 0 to 31, or 127. */
static inline int value_has_control(const char *text, size_t bytes)
{
    return value_has_below(text, bytes, ' ');
}

/* 1: there is a control byte or a space among these. */
static inline int value_has_space(const char *text, size_t bytes)
{
    return value_has_below(text, bytes, ' ' + 1);
}

#endif
