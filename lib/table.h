/* SPDX-License-Identifier: MIT */
/*
 * A hash table of pointers with open addressing. It knows hashes only; whoever looks up compares the items:
 *
 *     for (at = table_first(table, hash); (item = table_item(table, &at, hash)); at = table_after(table, at))
 */
#ifndef WARMSTART_LIB_TABLE_H
#define WARMSTART_LIB_TABLE_H

#include "memory.h"

#include <stdbool.h>
#include <stdint.h>

struct table_entry {
    uint64_t hash;
    void *item; /* NULL: free */
};

struct table {
    struct memory *memory;
    struct table_entry *entries;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t len;
};

void warmstart_table_init(struct table *table, struct memory *memory);
void warmstart_table_deinit(struct table *table);

/* Makes room for one more item. False: out of memory, nothing changed. */
bool warmstart_table_reserve(struct table *table);

/*
 * Adds an item, which may have the hash of another. There is room: warmstart_table_reserve() has seen to
 * it.
 */
void warmstart_table_add(struct table *table, uint64_t hash, void *item);

/* Removes an item that is in it. */
void warmstart_table_remove(struct table *table, uint64_t hash, const void *item);

/* Where to begin to look for a hash. */
static inline uint32_t table_first(const struct table *table, uint64_t hash)
{
    return (uint32_t)hash & (table->capacity - 1);
}

static inline uint32_t table_after(const struct table *table, uint32_t at)
{
    return (at + 1) & (table->capacity - 1);
}

/* The next item of this hash from `at` on, which moves to its place. NULL: there is none. */
static inline void *table_item(const struct table *table, uint32_t *at, uint64_t hash)
{
    if (table->capacity == 0)
        return NULL;
    while (table->entries[*at].item != NULL) {
        if (table->entries[*at].hash == hash)
            return table->entries[*at].item;
        *at = table_after(table, *at);
    }
    return NULL;
}

#endif
