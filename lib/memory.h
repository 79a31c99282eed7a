/* SPDX-License-Identifier: MIT */
/* The allocator of the options, with a count of what is allocated. */
#ifndef WARMSTART_LIB_MEMORY_H
#define WARMSTART_LIB_MEMORY_H

#include <warmstart/warmstart.h>

struct memory {
    struct warmstart_allocator allocator;
    uint64_t bytes; /* allocated now */
};

/* `allocator` with resize NULL stands for the C library's. */
void warmstart_memory_init(struct memory *memory, const struct warmstart_allocator *allocator);

/*
 * Grows, shrinks or (pointer NULL, old_bytes 0) allocates. NULL: out of memory, the old block is untouched.
 */
void *warmstart_memory_resize(struct memory *memory, void *pointer, size_t old_bytes, size_t new_bytes);

/* Frees a block of old_bytes. NULL is fine. */
void warmstart_memory_free(struct memory *memory, void *pointer, size_t old_bytes);

#endif
