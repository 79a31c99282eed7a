/* SPDX-License-Identifier: MIT */
/* Bytes that a matched value may hold. */
#ifndef SERVERS_PROTOCOL_VALUE_H
#define SERVERS_PROTOCOL_VALUE_H

#include <stddef.h>
#include <stdint.h>

/* 1: there is a control byte of ASCII among these: 0 to 31, or 127. */
static inline int value_has_control(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
            return 1;
    }
    return 0;
}

#endif
