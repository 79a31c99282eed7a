/* SPDX-License-Identifier: MIT */
/*
 * Finds the field sets that have all fields of a query, and the best of them.
 *
 * Each set has a number. The numbers of the sets that have a field are bits in words (term.h): a query is the
 * intersection of its fields' words, 64 sets at a time. Which of the sets that fit is the best is decided by
 * their rank: that of the waiter who is to be taken first, 0 for none. A block of 64 sets knows the best
 * rank in it, so that blocks which cannot hold a better one are passed over.
 */
#ifndef WARMSTART_LIB_INDEX_H
#define WARMSTART_LIB_INDEX_H

#include "term.h"

enum { INDEX_BLOCK = 64 };

struct field_set;

/* What is looked at when a block may hold a better set than the best so far. */
struct index_sets {
    uint64_t ranks[INDEX_BLOCK];
    struct field_set *sets[INDEX_BLOCK];
};

struct index_block {
    uint64_t best;  /* no rank in it is above this; 0: none of its sets has a waiter to take */
    uint64_t taken; /* which numbers have a set, one bit each */
    struct index_sets *in;
    bool stale; /* `best` may be too high: the set that had it has fallen */
};

struct index {
    struct memory *memory;
    struct terms terms;
    struct index_block *blocks;
    uint32_t blocks_len;
    uint32_t blocks_capacity;
    uint32_t first_free; /* no block before it has a free number */
    uint32_t
        backwards; /* all ones: walks begin with the sets that came last; 0: with those that came first */
};

/* Walks should begin where the best ranks are likely, so that most blocks are passed over. */
void warmstart_index_init(struct index *index, struct memory *memory, bool newest_first);
void warmstart_index_deinit(struct index *index);

/* Makes room for one more set. False: out of memory, nothing changed. */
bool warmstart_index_reserve(struct index *index);

/* A number for a set, whose rank is 0. There is room: warmstart_index_reserve() has seen to it. */
uint32_t warmstart_index_take(struct index *index, struct field_set *set);

/* The number of a set in the postings of its terms, which are walked in rising order. */
static inline uint32_t index_posted(const struct index *index, uint32_t number)
{
    return number ^ index->backwards;
}

/* Gives a number back. */
void warmstart_index_give(struct index *index, uint32_t number);

/* The rank of a set is going to change. */
static inline void index_expect(const struct index *index, uint32_t number)
{
    __builtin_prefetch(&index->blocks[number / INDEX_BLOCK].in->ranks[number % INDEX_BLOCK]);
}

/* The rank of a set changes. */
static inline void index_rank(struct index *index, uint32_t number, uint64_t rank)
{
    struct index_block *block = &index->blocks[number / INDEX_BLOCK];
    uint64_t *at = &block->in->ranks[number % INDEX_BLOCK];
    if (rank >= block->best) {
        block->best = rank;
        block->stale = false;
    } else if (*at == block->best) {
        block->stale = true;
    }
    *at = rank;
}

/* The set of the lowest bit in a word of this block's sets. */
static inline struct field_set *index_set(const struct index *index, uint32_t block, uint64_t bits)
{
    return index->blocks[block].in->sets[__builtin_ctzll(bits)];
}

/* A walk over the blocks with sets that have all of some terms, begun by warmstart_index_walk(). */
struct index_walk {
    struct index *index;
    struct term *const *terms;
    uint32_t terms_len;
    uint32_t rarest;                     /* the term whose postings are walked */
    uint32_t at;                         /* its next posting; without terms the next block */
    uint32_t block;                      /* where the walk is */
    uint64_t fits;                       /* the sets in it that fit, one bit each */
    uint32_t seen[WARMSTART_FIELDS_MAX]; /* no posting before these is of interest in the other terms */
};

/* Begins before the first block. The terms are only pointed to. */
void warmstart_index_walk(struct index_walk *walk, struct index *index, struct term *const *terms,
                          uint32_t terms_len);

/* Goes on to the next block in which a set that fits may have a rank above `rank`. False: there is none. */
bool warmstart_index_next(struct index_walk *walk, uint64_t rank);

/* The set that has all of these terms and the best rank above 0; NULL: there is none. */
struct field_set *warmstart_index_best(struct index *index, struct term *const *terms, uint32_t terms_len);

#endif
