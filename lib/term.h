/* SPDX-License-Identifier: MIT */
/*
 * Distinct fields: each pair of a name and a value once, with the sets that have it. Sets are known by small
 * numbers; those of one field are kept as words of 64 bits, one bit a set, and only words that are not zero.
 */
#ifndef WARMSTART_LIB_TERM_H
#define WARMSTART_LIB_TERM_H

#include "bytes.h"
#include "table.h"

/* Sets number 64 * block to 64 * block + 63. */
struct posting {
    uint64_t bits; /* never 0 */
    uint32_t block;
};

struct term {
    uint64_t hash;
    uint32_t references; /* sets that have it, and one that is being made */
    uint32_t name_bytes;
    uint32_t value_bytes;
    uint32_t postings_len;
    uint32_t postings_capacity;
    struct posting *postings; /* sorted by block */
    char bytes[];             /* the name, then the value */
};

struct terms {
    struct memory *memory;
    struct table table;
};

void warmstart_terms_init(struct terms *terms, struct memory *memory);
void warmstart_terms_deinit(struct terms *terms);

/* The term of this field, which has this hash; NULL: no set has it. */
struct term *warmstart_terms_find(const struct terms *terms, const struct warmstart_field *field,
                                  uint64_t hash);

/* The same with a reference, made when there is none, with room for one more set. NULL: out of memory. */
struct term *warmstart_terms_reference(struct terms *terms, const struct warmstart_field *field,
                                       uint64_t hash);

/* Gives a reference back; the last one frees the term. */
void warmstart_terms_unreference(struct terms *terms, struct term *term);

/* Adds a set. There is room: warmstart_terms_reference() has seen to it. */
void warmstart_term_add(struct term *term, uint32_t set);

/* Removes a set that was added. */
void warmstart_term_remove(struct term *term, uint32_t set);

/* Was this set added? */
bool warmstart_term_has(const struct term *term, uint32_t set);

/* Is it the term of this field? */
static inline bool term_is(const struct term *term, const struct warmstart_field *field)
{
    return term->name_bytes == field->name_bytes && term->value_bytes == field->value_bytes &&
           bytes_equal(term->bytes, field->name, field->name_bytes) &&
           bytes_equal(term->bytes + field->name_bytes, field->value, field->value_bytes);
}

#endif
