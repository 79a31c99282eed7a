/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <assert.h>
#include <stdlib.h>

static void *libc_resize(void *user, void *pointer, size_t old_bytes, size_t new_bytes)
{
    (void)user;
    (void)old_bytes;
    if (new_bytes == 0) {
        free(pointer);
        return NULL;
    }
    return realloc(pointer, new_bytes);
}

void warmstart_memory_init(struct memory *memory, const struct warmstart_allocator *allocator)
{
    memory->allocator = *allocator;
    if (memory->allocator.resize == NULL)
        memory->allocator.resize = libc_resize;
    memory->bytes = 0;
}

void *warmstart_memory_resize(struct memory *memory, void *pointer, size_t old_bytes, size_t new_bytes)
{
    assert(new_bytes > 0);
    assert(memory->bytes >= old_bytes);
    void *resized = memory->allocator.resize(memory->allocator.user, pointer, old_bytes, new_bytes);
    if (resized != NULL)
        memory->bytes += (uint64_t)new_bytes - old_bytes;
    return resized;
}

void warmstart_memory_free(struct memory *memory, void *pointer, size_t old_bytes)
{
    if (pointer == NULL)
        return;
    assert(memory->bytes >= old_bytes);
    memory->bytes -= old_bytes;
    memory->allocator.resize(memory->allocator.user, pointer, old_bytes, 0);
}
