/* SPDX-License-Identifier: MIT */
/*
 * Slots of one size, in chunks that never move, reused last in first out. A slot remembers how often it was
 * used, which makes an id of slot number and use: an id of an earlier use is recognised.
 */
#ifndef WARMSTART_LIB_SLAB_H
#define WARMSTART_LIB_SLAB_H

#include "memory.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define SLAB_NONE UINT32_MAX

enum { SLAB_CHUNK_SHIFT = 8, SLAB_CHUNK = 1 << SLAB_CHUNK_SHIFT };

/* What each slot begins with. */
struct slab_slot {
    uint32_t use;    /* counts up when taken (then odd) and when given back (then even) */
    uint32_t number; /* taken: the slot's own number; free: the next free slot's */
};

struct slab {
    struct memory *memory;
    char **chunks;
    uint32_t chunks_len;
    uint32_t chunks_capacity;
    uint32_t slot_bytes;
    uint32_t free; /* number of the first free slot */
    uint32_t used; /* slots that are taken */
};

void warmstart_slab_init(struct slab *slab, struct memory *memory, uint32_t slot_bytes);
void warmstart_slab_deinit(struct slab *slab);

/* Makes room for so many slots in all. False: out of memory; nothing was lost. */
bool warmstart_slab_reserve(struct slab *slab, uint32_t slots);

/* The slot of a number, taken or free. */
static inline void *slab_at(const struct slab *slab, uint32_t number)
{
    return slab->chunks[number >> SLAB_CHUNK_SHIFT] + (size_t)(number & (SLAB_CHUNK - 1)) * slab->slot_bytes;
}

/* How many numbers there are: for walks over all slots. */
static inline uint32_t slab_len(const struct slab *slab)
{
    return slab->chunks_len << SLAB_CHUNK_SHIFT;
}

/* How many there are when so many are reserved. */
static inline uint32_t slab_len_for(uint32_t slots)
{
    return (slots + SLAB_CHUNK - 1) >> SLAB_CHUNK_SHIFT << SLAB_CHUNK_SHIFT;
}

static inline bool slab_is_taken(const void *slot)
{
    return ((const struct slab_slot *)slot)->use & 1;
}

/*
 * Takes a slot, as it was given back; what was never taken is zero behind its struct slab_slot. There is room:
 * warmstart_slab_reserve() has seen to it.
 */
static inline void *slab_take(struct slab *slab)
{
    assert(slab->free != SLAB_NONE);
    uint32_t number = slab->free;
    struct slab_slot *slot = slab_at(slab, number);
    assert(!slab_is_taken(slot));
    slab->free = slot->number;
    slab->used++;
    slot->use++;
    slot->number = number;
    return slot;
}

/* Gives a slot back. */
static inline void slab_give(struct slab *slab, void *slot)
{
    struct slab_slot *head = slot;
    assert(slab_is_taken(head));
    uint32_t number = head->number;
    head->use++;
    head->number = slab->free;
    slab->free = number;
    slab->used--;
}

#endif
