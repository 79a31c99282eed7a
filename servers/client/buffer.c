/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <stdlib.h>
#include <string.h>

bool warmstart_client_buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->start == buffer->end)
        buffer->start = buffer->end = 0;
    if (more <= buffer->capacity - buffer->end)
        return true;
    size_t filled = buffer->end - buffer->start;
    if (more <= buffer->capacity - filled && buffer->start >= buffer->capacity / 2) {
        memmove(buffer->bytes, buffer->bytes + buffer->start, filled);
    } else {
        size_t capacity = buffer->capacity < 4096 ? 4096 : buffer->capacity;
        while (capacity - filled < more)
            capacity *= 2;
        char *bytes = malloc(capacity);
        if (!bytes)
            return false;
        if (filled > 0)
            memcpy(bytes, buffer->bytes + buffer->start, filled);
        free(buffer->bytes);
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    buffer->start = 0;
    buffer->end = filled;
    return true;
}

void warmstart_client_buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}
