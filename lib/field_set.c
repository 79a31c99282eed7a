/* SPDX-License-Identifier: MIT */
#include "field_set.h"

#include "slab.h"

#include <assert.h>
#include <string.h>

void warmstart_field_sets_init(struct field_sets *sets, struct memory *memory,
                               const struct warmstart_options *options)
{
    *sets = (struct field_sets){
        .memory = memory,
        .max = options->field_sets_max,
        .idle_max = options->field_sets_idle_max,
        .fields_max = options->fields_max,
        .name_bytes_max = options->name_bytes_max,
        .value_bytes_max = options->value_bytes_max,
    };
    warmstart_hash_key_init(&sets->key, options->hash_seed);
    warmstart_table_init(&sets->table, memory);
    warmstart_index_init(&sets->index, memory, options->order == WARMSTART_NEWEST_FIRST);
}

void warmstart_field_sets_deinit(struct field_sets *sets)
{
    for (uint32_t i = 0; i < sets->table.capacity; i++) {
        struct field_set *set = sets->table.entries[i].item;
        if (set != NULL)
            warmstart_memory_free(sets->memory, set, set->block_bytes);
    }
    warmstart_table_deinit(&sets->table);
    warmstart_index_deinit(&sets->index);
}

/* ---- Lists of fields ---- */

static bool field_is_valid(const struct field_sets *sets, const struct warmstart_field *field)
{
    return field->name != NULL && field->name_bytes > 0 && field->name_bytes <= sets->name_bytes_max &&
           (field->value != NULL || field->value_bytes == 0) && field->value_bytes <= sets->value_bytes_max;
}

static int compare_names(const struct warmstart_field *a, const struct warmstart_field *b)
{
    if (a->name_bytes != b->name_bytes)
        return a->name_bytes < b->name_bytes ? -1 : 1;
    return memcmp(a->name, b->name, a->name_bytes);
}

/* Inserts one field into what is sorted so far. False: its name is there already. */
static bool insert_sorted(struct field_list *list, const struct warmstart_field *field, uint64_t hash)
{
    uint32_t at = list->len;
    while (at > 0) {
        int order = compare_names(list->sorted[at - 1], field);
        if (order == 0)
            return false;
        if (order < 0)
            break;
        list->sorted[at] = list->sorted[at - 1];
        list->hashes[at] = list->hashes[at - 1];
        at--;
    }
    list->sorted[at] = field;
    list->hashes[at] = hash;
    list->len++;
    return true;
}

static uint64_t hash_field(const struct hash_key *key, const struct warmstart_field *field)
{
    uint64_t name = warmstart_hash_bytes(key, 0, field->name, field->name_bytes);
    return warmstart_hash_bytes(key, name, field->value, field->value_bytes);
}

int warmstart_field_list_make(const struct field_sets *sets, const struct warmstart_field *fields,
                              size_t fields_len, struct field_list *ret_list)
{
    if (fields == NULL && fields_len > 0)
        return WARMSTART_ERR_INVALID;
    if (fields_len > sets->fields_max)
        return WARMSTART_ERR_LIMIT;
    ret_list->len = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < fields_len; i++) {
        if (!field_is_valid(sets, &fields[i]))
            return WARMSTART_ERR_INVALID;
        uint64_t hash = hash_field(&sets->key, &fields[i]);
        if (!insert_sorted(ret_list, &fields[i], hash))
            return WARMSTART_ERR_INVALID;
        sum += hash;
    }
    ret_list->hash = warmstart_hash_pair(&sets->key, sum, fields_len);
    return 0;
}

/* ---- Sets ---- */

static bool set_equals(const struct field_set *set, const struct field_list *list)
{
    if (set->fields_len != list->len)
        return false;
    const char *bytes = field_set_bytes(set);
    for (uint32_t i = 0; i < list->len; i++) {
        const struct stored_field *stored = &set->fields[i];
        const struct warmstart_field *field = list->sorted[i];
        if (stored->name_bytes != field->name_bytes || stored->value_bytes != field->value_bytes ||
            memcmp(bytes, field->name, field->name_bytes) != 0)
            return false;
        bytes += stored->name_bytes;
        if (field->value_bytes > 0 && memcmp(bytes, field->value, field->value_bytes) != 0)
            return false;
        bytes += stored->value_bytes;
    }
    return true;
}

struct field_set *warmstart_field_sets_find(const struct field_sets *sets, const struct field_list *list)
{
    uint32_t at = table_first(&sets->table, list->hash);
    struct field_set *set;
    while ((set = table_item(&sets->table, &at, list->hash)) != NULL) {
        if (set_equals(set, list))
            return set;
        at = table_after(&sets->table, at);
    }
    return NULL;
}

static void idle_remove(struct field_sets *sets, struct field_set *set)
{
    if (set->idle_previous != NULL)
        set->idle_previous->idle_next = set->idle_next;
    else
        sets->idle_oldest = set->idle_next;
    if (set->idle_next != NULL)
        set->idle_next->idle_previous = set->idle_previous;
    else
        sets->idle_newest = set->idle_previous;
    set->idle_previous = set->idle_next = NULL;
    sets->idle_len--;
}

static void idle_add(struct field_sets *sets, struct field_set *set)
{
    set->idle_previous = sets->idle_newest;
    set->idle_next = NULL;
    if (sets->idle_newest != NULL)
        sets->idle_newest->idle_next = set;
    else
        sets->idle_oldest = set;
    sets->idle_newest = set;
    sets->idle_len++;
}

/* Gives back the first terms of a set. */
static void unreference_terms(struct field_sets *sets, struct field_set *set, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        warmstart_terms_unreference(&sets->index.terms, set->fields[i].term);
}

/* Finds the terms of a new set and makes room for it in the index. False: out of memory, nothing changed. */
static bool index_reserve(struct field_sets *sets, struct field_set *set, const struct field_list *list)
{
    if (!warmstart_index_reserve(&sets->index))
        return false;
    for (uint32_t i = 0; i < list->len; i++) {
        struct term *term = warmstart_terms_reference(&sets->index.terms, list->sorted[i], list->hashes[i]);
        if (term == NULL) {
            unreference_terms(sets, set, i);
            return false;
        }
        set->fields[i].term = term;
    }
    return true;
}

static void index_add(struct field_sets *sets, struct field_set *set)
{
    set->number = warmstart_index_take(&sets->index, set);
    for (uint32_t i = 0; i < set->fields_len; i++)
        warmstart_term_add(set->fields[i].term, index_posted(&sets->index, set->number));
}

static void index_remove(struct field_sets *sets, struct field_set *set)
{
    for (uint32_t i = 0; i < set->fields_len; i++)
        warmstart_term_remove(set->fields[i].term, index_posted(&sets->index, set->number));
    unreference_terms(sets, set, set->fields_len);
    warmstart_index_give(&sets->index, set->number);
}

static void forget_oldest_idle(struct field_sets *sets)
{
    struct field_set *set = sets->idle_oldest;
    assert(set != NULL && set->references == 0 && set->waiting == 0);
    idle_remove(sets, set);
    index_remove(sets, set);
    warmstart_table_remove(&sets->table, set->hash, set);
    warmstart_memory_free(sets->memory, set, set->block_bytes);
}

static struct field_set *set_new(struct field_sets *sets, const struct field_list *list)
{
    size_t head_bytes = sizeof(struct field_set) + list->len * sizeof(struct stored_field);
    size_t bytes = head_bytes;
    for (uint32_t i = 0; i < list->len; i++)
        bytes += list->sorted[i]->name_bytes + list->sorted[i]->value_bytes;
    struct field_set *set = warmstart_memory_resize(sets->memory, NULL, 0, bytes);
    if (set == NULL)
        return NULL;
    *set = (struct field_set){.hash = list->hash,
                              .oldest = SLAB_NONE,
                              .newest = SLAB_NONE,
                              .fields_len = list->len,
                              .block_bytes = bytes};
    char *at = (char *)set + head_bytes;
    for (uint32_t i = 0; i < list->len; i++) {
        const struct warmstart_field *field = list->sorted[i];
        set->fields[i] = (struct stored_field){.name_bytes = (uint32_t)field->name_bytes,
                                               .value_bytes = (uint32_t)field->value_bytes};
        memcpy(at, field->name, field->name_bytes);
        at += field->name_bytes;
        if (field->value_bytes > 0)
            memcpy(at, field->value, field->value_bytes);
        at += field->value_bytes;
    }
    if (index_reserve(sets, set, list))
        return set;
    warmstart_memory_free(sets->memory, set, bytes);
    return NULL;
}

int warmstart_field_sets_intern(struct field_sets *sets, const struct field_list *list,
                                struct field_set **ret_set)
{
    struct field_set *set = warmstart_field_sets_find(sets, list);
    if (set == NULL) {
        if (sets->table.len >= sets->max && sets->idle_len == 0)
            return WARMSTART_ERR_LIMIT;
        if (!warmstart_table_reserve(&sets->table) || (set = set_new(sets, list)) == NULL)
            return WARMSTART_ERR_MEMORY;
        if (sets->table.len >= sets->max)
            forget_oldest_idle(sets);
        warmstart_table_add(&sets->table, set->hash, set);
        index_add(sets, set);
        idle_add(sets, set);
    }
    *ret_set = set;
    return 0;
}

bool warmstart_field_list_terms(const struct field_sets *sets, const struct field_list *list,
                                struct term *ret_terms[WARMSTART_FIELDS_MAX])
{
    for (uint32_t i = 0; i < list->len; i++) {
        ret_terms[i] = warmstart_terms_find(&sets->index.terms, list->sorted[i], list->hashes[i]);
        if (ret_terms[i] == NULL)
            return false;
    }
    return true;
}

bool warmstart_field_set_has(const struct field_set *set, struct term *const *terms, uint32_t terms_len)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < set->fields_len && found < terms_len; i++)
        if (set->fields[i].term == terms[found])
            found++;
    return found == terms_len;
}

void warmstart_field_set_reference(struct field_sets *sets, struct field_set *set)
{
    if (set->references++ == 0)
        idle_remove(sets, set);
}

void warmstart_field_set_unreference(struct field_sets *sets, struct field_set *set)
{
    assert(set->references > 0);
    if (--set->references > 0)
        return;
    idle_add(sets, set);
    if (sets->idle_len > sets->idle_max)
        forget_oldest_idle(sets);
}
