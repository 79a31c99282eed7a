/* SPDX-License-Identifier: MIT */
#include "protocol.h"

#include <string.h>

enum { DIGITS_MAX = 18 };

size_t line_bytes(const char *bytes, size_t len)
{
    const char *end = memchr(bytes, '\n', len);
    return end == NULL ? 0 : (size_t)(end - bytes) + 1;
}

bool begins_with(const char *bytes, size_t len, const char *word)
{
    size_t word_bytes = strlen(word);
    return len >= word_bytes && memcmp(bytes, word, word_bytes) == 0;
}

size_t read_decimal(const char *bytes, size_t len, size_t *ret_number)
{
    size_t number = 0, digits = 0;
    while (digits < len && bytes[digits] >= '0' && bytes[digits] <= '9')
        if (digits < DIGITS_MAX)
            number = number * 10 + (size_t)(bytes[digits++] - '0');
        else
            return 0;
    *ret_number = number;
    return digits;
}
