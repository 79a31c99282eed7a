/* SPDX-License-Identifier: MIT */
/*
 * Distinct sets of fields, each stored once however many waiters have it, with the queue of those that can
 * be matched. The hash of a set does not depend on the order of its fields. Callers give the same fields in
 * the same order again and again, so that is how they are stored and compared first; they are sorted only
 * when that fails.
 */
#ifndef WARMSTART_LIB_FIELD_SET_H
#define WARMSTART_LIB_FIELD_SET_H

#include "hash.h"
#include "index.h"
#include "table.h"

#include <assert.h>

/* Fields of a registration or query: checked and hashed; points to the caller's. */
struct field_list {
    const struct warmstart_field *fields; /* in the caller's order */
    uint32_t len;
    bool is_sorted;
    uint64_t hash;                         /* of all */
    uint64_t hashes[WARMSTART_FIELDS_MAX]; /* of each */
    uint8_t sorted[WARMSTART_FIELDS_MAX];  /* is_sorted: places in `fields` */
};

struct stored_field {
    uint32_t name_bytes;
    uint32_t value_bytes;
};

/* What a look-up and the queue need stands together at the end, with the fields. */
struct field_set {
    struct field_set *idle_previous; /* neighbours in the list of idle sets */
    struct field_set *idle_next;
    struct term **terms; /* of each field: behind the bytes, and behind them the order of the sorted fields */
    uint64_t hash;
    uint32_t bytes_len;  /* of all names and values */
    uint32_t references; /* waiters, and dispatches that ask for it; 0: idle */
    uint32_t waiters;    /* of these references, the waiters that have not ended */
    uint32_t number;     /* in the index */
    uint32_t waiting;    /* length of the queue */
    uint32_t oldest;     /* ends of the queue of waiters that can be matched: slot numbers */
    uint32_t newest;
    uint32_t fields_len;
    struct stored_field fields[]; /* in the order they came in; then the bytes of names and values */
};

struct field_sets {
    struct memory *memory;
    struct hash_key key;
    struct table table;
    struct index index;
    uint32_t max;
    uint32_t idle_max;
    uint32_t idle_len;
    uint32_t groups;               /* sets with waiters */
    struct field_set *idle_oldest; /* the first to be forgotten */
    struct field_set *idle_newest;
    struct field_set *last; /* found last: the next to be looked for is often the same; NULL: none */
    uint32_t fields_max;
    uint32_t name_bytes_max;
    uint32_t value_bytes_max;
};

/* Takes the limits and the seed from the options. */
void warmstart_field_sets_init(struct field_sets *sets, struct memory *memory,
                               const struct warmstart_options *options);
void warmstart_field_sets_deinit(struct field_sets *sets);

/*
 * Checks fields against the limits and hashes them. 0: done.
 * WARMSTART_ERR_INVALID: NULL with a length, no name, too long, a name twice; WARMSTART_ERR_LIMIT: too many.
 */
int warmstart_field_list_make(const struct field_sets *sets, const struct warmstart_field *fields,
                              size_t fields_len, struct field_list *ret_list);

/*
 * The set of just these fields; NULL: there is none, and *ret_list is made of them. 0, or an error as for
 * warmstart_field_list_make().
 */
int warmstart_field_sets_find(struct field_sets *sets, const struct warmstart_field *fields,
                              size_t fields_len, struct field_list *ret_list, struct field_set **ret_set);

/*
 * The set of the listed fields, made when there is none. 0; WARMSTART_ERR_MEMORY; WARMSTART_ERR_LIMIT: all
 * sets are in use.
 */
int warmstart_field_sets_intern(struct field_sets *sets, struct field_list *list, struct field_set **ret_set);

/* The terms of the listed fields. False: some field is in no set. */
bool warmstart_field_list_terms(const struct field_sets *sets, const struct field_list *list,
                                struct term *ret_terms[WARMSTART_FIELDS_MAX]);

/* Has `set` all of these terms? */
bool warmstart_field_sets_has(const struct field_sets *sets, const struct field_set *set,
                              struct term *const *terms, uint32_t terms_len);

/* Where the bytes of names and values begin. */
static inline const char *field_set_bytes(const struct field_set *set)
{
    return (const char *)&set->fields[set->fields_len];
}

/* The places of the fields when they are sorted: shorter names first, then by bytes. */
static inline const uint8_t *field_set_sorted(const struct field_set *set)
{
    return (const uint8_t *)&set->terms[set->fields_len];
}

/* A set that nobody refers to is idle: remembered for a while, then forgotten. */
void warmstart_field_set_idle(struct field_sets *sets, struct field_set *set);
void warmstart_field_set_wake(struct field_sets *sets, struct field_set *set);

/* Keeps a set from being forgotten. */
static inline void field_set_reference(struct field_sets *sets, struct field_set *set)
{
    if (set->references++ == 0)
        warmstart_field_set_wake(sets, set);
}

/* Undoes that. */
static inline void field_set_unreference(struct field_sets *sets, struct field_set *set)
{
    assert(set->references > 0);
    if (--set->references == 0)
        warmstart_field_set_idle(sets, set);
}

#endif
