/* SPDX-License-Identifier: MIT */
#include "slab.h"

#include <assert.h>
#include <string.h>

void warmstart_slab_init(struct slab *slab, struct memory *memory, uint32_t slot_bytes)
{
    assert(slot_bytes >= sizeof(struct slab_slot));
    *slab = (struct slab){.memory = memory, .slot_bytes = slot_bytes, .free = SLAB_NONE};
}

static size_t chunk_bytes(const struct slab *slab)
{
    return (size_t)slab->slot_bytes << SLAB_CHUNK_SHIFT;
}

void warmstart_slab_deinit(struct slab *slab)
{
    for (uint32_t i = 0; i < slab->chunks_len; i++)
        warmstart_memory_free(slab->memory, slab->chunks[i], chunk_bytes(slab));
    warmstart_memory_free(slab->memory, slab->chunks, slab->chunks_capacity * sizeof(*slab->chunks));
    warmstart_slab_init(slab, slab->memory, slab->slot_bytes);
}

static bool reserve_chunk_pointer(struct slab *slab)
{
    if (slab->chunks_len < slab->chunks_capacity)
        return true;
    uint32_t grown = slab->chunks_capacity == 0 ? 8 : slab->chunks_capacity * 2;
    char **chunks = warmstart_memory_resize(slab->memory, slab->chunks,
                                            slab->chunks_capacity * sizeof(*chunks), grown * sizeof(*chunks));
    if (chunks == NULL)
        return false;
    slab->chunks = chunks;
    slab->chunks_capacity = grown;
    return true;
}

static bool add_chunk(struct slab *slab)
{
    if (!reserve_chunk_pointer(slab))
        return false;
    char *chunk = warmstart_memory_resize(slab->memory, NULL, 0, chunk_bytes(slab));
    if (chunk == NULL)
        return false;
    memset(chunk, 0, chunk_bytes(slab));
    uint32_t first = slab_len(slab);
    slab->chunks[slab->chunks_len++] = chunk;
    for (uint32_t i = SLAB_CHUNK; i-- > 0;) {
        struct slab_slot *slot = slab_at(slab, first + i);
        slot->number = slab->free;
        slab->free = first + i;
    }
    return true;
}

bool warmstart_slab_reserve(struct slab *slab, uint32_t slots)
{
    while (slab_len(slab) < slots)
        if (!add_chunk(slab))
            return false;
    return true;
}
