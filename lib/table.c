/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <assert.h>
#include <string.h>

void warmstart_table_init(struct table *table, struct memory *memory)
{
    *table = (struct table){.memory = memory};
}

void warmstart_table_deinit(struct table *table)
{
    warmstart_memory_free(table->memory, table->entries, table->capacity * sizeof(*table->entries));
    warmstart_table_init(table, table->memory);
}

static void put(struct table *table, uint64_t hash, void *item)
{
    uint32_t at = table_first(table, hash);
    while (table->entries[at].item != NULL)
        at = table_after(table, at);
    table->entries[at] = (struct table_entry){hash, item};
}

/* At most half full: a look-up that finds nothing ends after one or two entries. */
bool warmstart_table_reserve(struct table *table)
{
    if (table->len < table->capacity / 2)
        return true;
    struct table old = *table;
    uint32_t grown = old.capacity == 0 ? 16 : old.capacity * 2;
    struct table_entry *entries = warmstart_memory_resize(table->memory, NULL, 0, grown * sizeof(*entries));
    if (entries == NULL)
        return false;
    memset(entries, 0, grown * sizeof(*entries));
    table->entries = entries;
    table->capacity = grown;
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.entries[i].item != NULL)
            put(table, old.entries[i].hash, old.entries[i].item);
    warmstart_memory_free(table->memory, old.entries, old.capacity * sizeof(*entries));
    return true;
}

void warmstart_table_add(struct table *table, uint64_t hash, void *item)
{
    assert(table->len < table->capacity / 2);
    put(table, hash, item);
    table->len++;
}

/* Closes the gap: what stands behind it moves up unless it would come to stand before its first place. */
static void close_gap(struct table *table, uint32_t gap)
{
    uint32_t mask = table->capacity - 1;
    for (uint32_t at = table_after(table, gap); table->entries[at].item != NULL;
         at = table_after(table, at)) {
        uint32_t first = table_first(table, table->entries[at].hash);
        if (((at - first) & mask) < ((at - gap) & mask))
            continue;
        table->entries[gap] = table->entries[at];
        gap = at;
    }
    table->entries[gap].item = NULL;
}

void warmstart_table_remove(struct table *table, uint64_t hash, const void *item)
{
    uint32_t at = table_first(table, hash);
    while (table->entries[at].item != item) {
        assert(table->entries[at].item != NULL);
        at = table_after(table, at);
    }
    close_gap(table, at);
    table->len--;
}
