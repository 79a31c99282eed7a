/* SPDX-License-Identifier: MIT */
#include "term.h"

#include <assert.h>
#include <string.h>

void warmstart_terms_init(struct terms *terms, struct memory *memory)
{
    terms->memory = memory;
    warmstart_table_init(&terms->table, memory);
}

static void term_free(struct terms *terms, struct term *term)
{
    warmstart_memory_free(terms->memory, term->postings, term->postings_capacity * sizeof(*term->postings));
    warmstart_memory_free(terms->memory, term, sizeof(*term) + term->name_bytes + term->value_bytes);
}

void warmstart_terms_deinit(struct terms *terms)
{
    for (uint32_t i = 0; i < terms->table.capacity; i++)
        if (terms->table.entries[i].item != NULL)
            term_free(terms, terms->table.entries[i].item);
    warmstart_table_deinit(&terms->table);
}

/* ---- Fields ---- */

struct term *warmstart_terms_find(const struct terms *terms, const struct warmstart_field *field,
                                  uint64_t hash)
{
    uint32_t at = table_first(&terms->table, hash);
    struct term *term;
    while ((term = table_item(&terms->table, &at, hash)) != NULL) {
        if (term_is(term, field))
            return term;
        at = table_after(&terms->table, at);
    }
    return NULL;
}

static struct term *term_new(struct terms *terms, const struct warmstart_field *field, uint64_t hash)
{
    if (!warmstart_table_reserve(&terms->table))
        return NULL;
    struct term *term = warmstart_memory_resize(terms->memory, NULL, 0,
                                                sizeof(*term) + field->name_bytes + field->value_bytes);
    if (term == NULL)
        return NULL;
    *term = (struct term){
        .hash = hash, .name_bytes = (uint32_t)field->name_bytes, .value_bytes = (uint32_t)field->value_bytes};
    memcpy(term->bytes, field->name, field->name_bytes);
    if (field->value_bytes > 0)
        memcpy(term->bytes + field->name_bytes, field->value, field->value_bytes);
    warmstart_table_add(&terms->table, hash, term);
    return term;
}

static bool reserve_posting(struct terms *terms, struct term *term)
{
    if (term->postings_len < term->postings_capacity)
        return true;
    uint32_t grown = term->postings_capacity == 0 ? 1 : term->postings_capacity * 2;
    struct posting *postings =
        warmstart_memory_resize(terms->memory, term->postings, term->postings_capacity * sizeof(*postings),
                                grown * sizeof(*postings));
    if (postings == NULL)
        return false;
    term->postings = postings;
    term->postings_capacity = grown;
    return true;
}

struct term *warmstart_terms_reference(struct terms *terms, const struct warmstart_field *field,
                                       uint64_t hash)
{
    struct term *term = warmstart_terms_find(terms, field, hash);
    if (term == NULL && (term = term_new(terms, field, hash)) == NULL)
        return NULL;
    term->references++;
    if (reserve_posting(terms, term))
        return term;
    warmstart_terms_unreference(terms, term);
    return NULL;
}

void warmstart_terms_unreference(struct terms *terms, struct term *term)
{
    assert(term->references > 0);
    if (--term->references > 0)
        return;
    assert(term->postings_len == 0);
    warmstart_table_remove(&terms->table, term->hash, term);
    term_free(terms, term);
}

/* ---- Their sets ---- */

/* The first posting whose block is not before this one. */
static uint32_t posting_find(const struct term *term, uint32_t block)
{
    uint32_t first = 0, end = term->postings_len;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (term->postings[middle].block < block)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

void warmstart_term_add(struct term *term, uint32_t set)
{
    uint32_t block = set / 64, at = posting_find(term, block);
    struct posting *posting = &term->postings[at];
    if (at == term->postings_len || posting->block != block) {
        assert(term->postings_len < term->postings_capacity);
        memmove(posting + 1, posting, (term->postings_len - at) * sizeof(*posting));
        *posting = (struct posting){.block = block};
        term->postings_len++;
    }
    posting->bits |= UINT64_C(1) << set % 64;
}

void warmstart_term_remove(struct term *term, uint32_t set)
{
    uint32_t at = posting_find(term, set / 64);
    struct posting *posting = &term->postings[at];
    assert(at < term->postings_len && posting->block == set / 64 && (posting->bits >> set % 64 & 1));
    posting->bits &= ~(UINT64_C(1) << set % 64);
    if (posting->bits != 0)
        return;
    term->postings_len--;
    memmove(posting, posting + 1, (term->postings_len - at) * sizeof(*posting));
}

bool warmstart_term_has(const struct term *term, uint32_t set)
{
    uint32_t at = posting_find(term, set / 64);
    return at < term->postings_len && term->postings[at].block == set / 64 &&
           (term->postings[at].bits >> set % 64 & 1);
}
