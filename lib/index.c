/* SPDX-License-Identifier: MIT */
#include "index.h"

#include <assert.h>
#include <string.h>

void warmstart_index_init(struct index *index, struct memory *memory, bool newest_first)
{
    *index = (struct index){.memory = memory, .backwards = newest_first ? ~(uint32_t)(INDEX_BLOCK - 1) : 0};
    warmstart_terms_init(&index->terms, memory);
}

void warmstart_index_deinit(struct index *index)
{
    for (uint32_t i = 0; i < index->blocks_len; i++)
        warmstart_memory_free(index->memory, index->blocks[i].in, sizeof(*index->blocks[i].in));
    warmstart_memory_free(index->memory, index->blocks, index->blocks_capacity * sizeof(*index->blocks));
    warmstart_terms_deinit(&index->terms);
}

/* ---- Numbers ---- */

static bool reserve_block_pointer(struct index *index)
{
    if (index->blocks_len < index->blocks_capacity)
        return true;
    uint32_t grown = index->blocks_capacity == 0 ? 4 : index->blocks_capacity * 2;
    struct index_block *blocks = warmstart_memory_resize(
        index->memory, index->blocks, index->blocks_capacity * sizeof(*blocks), grown * sizeof(*blocks));
    if (blocks == NULL)
        return false;
    index->blocks = blocks;
    index->blocks_capacity = grown;
    return true;
}

bool warmstart_index_reserve(struct index *index)
{
    while (index->first_free < index->blocks_len && index->blocks[index->first_free].taken == UINT64_MAX)
        index->first_free++;
    if (index->first_free < index->blocks_len)
        return true;
    if (!reserve_block_pointer(index))
        return false;
    struct index_sets *in = warmstart_memory_resize(index->memory, NULL, 0, sizeof(*in));
    if (in == NULL)
        return false;
    memset(in, 0, sizeof(*in));
    index->blocks[index->blocks_len++] = (struct index_block){.in = in};
    return true;
}

uint32_t warmstart_index_take(struct index *index, struct field_set *set)
{
    struct index_block *block = &index->blocks[index->first_free];
    assert(index->first_free < index->blocks_len && block->taken != UINT64_MAX);
    uint32_t place = (uint32_t)__builtin_ctzll(~block->taken);
    block->taken |= UINT64_C(1) << place;
    block->in->sets[place] = set;
    assert(block->in->ranks[place] == 0);
    return index->first_free * INDEX_BLOCK + place;
}

void warmstart_index_give(struct index *index, uint32_t number)
{
    uint32_t at = number / INDEX_BLOCK, place = number % INDEX_BLOCK;
    struct index_block *block = &index->blocks[at];
    assert((block->taken >> place & 1) && block->in->ranks[place] == 0);
    block->taken &= ~(UINT64_C(1) << place);
    block->in->sets[place] = NULL;
    if (at < index->first_free)
        index->first_free = at;
}

/* ---- Walks ---- */

void warmstart_index_walk(struct index_walk *walk, struct index *index, struct term *const *terms,
                          uint32_t terms_len)
{
    walk->index = index;
    walk->terms = terms;
    walk->terms_len = terms_len;
    walk->rarest = 0;
    walk->at = 0;
    for (uint32_t i = 0; i < terms_len; i++) {
        walk->seen[i] = 0;
        if (terms[i]->postings_len < terms[walk->rarest]->postings_len)
            walk->rarest = i;
    }
}

/*
 * The sets of a block that have a term. The blocks asked for grow, so the search begins where the last one
 * ended. A common term has a posting in nearly every block: it is as far on as the block is.
 */
static uint64_t sets_with(const struct term *term, uint32_t *seen, uint32_t block)
{
    const struct posting *postings = term->postings;
    uint32_t at = *seen, end = term->postings_len;
    if (at < end && postings[at].block < block) {
        uint32_t on = block - postings[at].block;
        if (on < end - at && postings[at + on].block == block)
            at += on;
        else
            while (at < end && postings[at].block < block)
                at++;
        *seen = at;
    }
    return at < end && postings[at].block == block ? postings[at].bits : 0;
}

static uint64_t intersect(struct index_walk *walk, const struct posting *posting)
{
    uint64_t fits = posting->bits;
    for (uint32_t i = 0; i < walk->terms_len && fits != 0; i++)
        if (i != walk->rarest)
            fits &= sets_with(walk->terms[i], &walk->seen[i], posting->block);
    return fits;
}

/* Without terms every set fits. */
static bool next_of_all(struct index_walk *walk, uint64_t rank)
{
    const struct index_block *blocks = walk->index->blocks;
    uint32_t end = walk->index->blocks_len;
    while (walk->at < end) {
        uint32_t at = walk->at++;
        walk->block = walk->index->backwards != 0 ? end - 1 - at : at;
        walk->fits = blocks[walk->block].taken;
        if (blocks[walk->block].best > rank && walk->fits != 0)
            return true;
    }
    return false;
}

bool warmstart_index_next(struct index_walk *walk, uint64_t rank)
{
    const struct index_block *blocks = walk->index->blocks;
    uint32_t backwards = walk->index->backwards / INDEX_BLOCK;
    if (walk->terms_len == 0)
        return next_of_all(walk, rank);
    const struct term *rarest = walk->terms[walk->rarest];
    while (walk->at < rarest->postings_len) {
        const struct posting *posting = &rarest->postings[walk->at++];
        walk->block = posting->block ^ backwards;
        if (blocks[walk->block].best <= rank)
            continue;
        walk->fits = intersect(walk, posting);
        if (walk->fits != 0)
            return true;
    }
    return false;
}

static void tighten(struct index_block *block)
{
    block->best = 0;
    for (uint32_t i = 0; i < INDEX_BLOCK; i++)
        if (block->in->ranks[i] > block->best)
            block->best = block->in->ranks[i];
    block->stale = false;
}

struct field_set *warmstart_index_best(struct index *index, struct term *const *terms, uint32_t terms_len)
{
    struct field_set *set = NULL;
    uint64_t best = 0;
    struct index_walk walk;
    warmstart_index_walk(&walk, index, terms, terms_len);
    while (warmstart_index_next(&walk, best)) {
        struct index_block *block = &index->blocks[walk.block];
        if (block->stale)
            tighten(block);
        if (block->best <= best)
            continue;
        for (uint64_t fits = walk.fits; fits != 0; fits &= fits - 1) {
            uint32_t place = (uint32_t)__builtin_ctzll(fits);
            if (block->in->ranks[place] > best) {
                best = block->in->ranks[place];
                set = block->in->sets[place];
            }
        }
    }
    return set;
}
