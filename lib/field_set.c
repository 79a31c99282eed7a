/* SPDX-License-Identifier: MIT */
#include "field_set.h"

#include "slab.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

/* Where the parts of a set are in its memory. */
struct layout {
    size_t bytes_at;
    size_t terms_at;
    size_t sorted_at;
    size_t bytes;
};

static struct layout layout_of(uint32_t fields_len, uint32_t bytes_len)
{
    struct layout layout;
    layout.bytes_at = sizeof(struct field_set) + fields_len * sizeof(struct stored_field);
    size_t align = alignof(struct term *);
    layout.terms_at = (layout.bytes_at + bytes_len + align - 1) / align * align;
    layout.sorted_at = layout.terms_at + fields_len * sizeof(struct term *);
    layout.bytes = layout.sorted_at + fields_len;
    return layout;
}

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

static void set_free(struct field_sets *sets, struct field_set *set)
{
    warmstart_memory_free(sets->memory, set, layout_of(set->fields_len, set->bytes_len).bytes);
}

void warmstart_field_sets_deinit(struct field_sets *sets)
{
    for (uint32_t i = 0; i < sets->table.capacity; i++) {
        struct field_set *set = sets->table.entries[i].item;
        if (set != NULL)
            set_free(sets, set);
    }
    warmstart_table_deinit(&sets->table);
    warmstart_index_deinit(&sets->index);
}

/* ---- Lists of fields ---- */

static bool field_is_valid(const struct field_sets *sets, const struct warmstart_field *field)
{
    /* A length of 0 wraps around. */
    return field->name != NULL && field->name_bytes - 1 < sets->name_bytes_max &&
           field->value_bytes <= sets->value_bytes_max && (field->value != NULL || field->value_bytes == 0);
}

static int compare_names(const struct warmstart_field *a, const struct warmstart_field *b)
{
    if (a->name_bytes != b->name_bytes)
        return a->name_bytes < b->name_bytes ? -1 : 1;
    return memcmp(a->name, b->name, a->name_bytes);
}

/* False: a name is there twice. */
static bool sort(struct field_list *list)
{
    for (uint32_t i = 0; i < list->len && !list->is_sorted; i++) {
        uint32_t at = i;
        while (at > 0) {
            int order = compare_names(&list->fields[list->sorted[at - 1]], &list->fields[i]);
            if (order == 0)
                return false;
            if (order < 0)
                break;
            list->sorted[at] = list->sorted[at - 1];
            at--;
        }
        list->sorted[at] = (uint8_t)i;
    }
    list->is_sorted = true;
    return true;
}

/* One of 64 bits for a name: those of equal names are equal. */
static uint64_t name_bit(const struct warmstart_field *field)
{
    return UINT64_C(1) << (field->name_bytes + (unsigned char)field->name[0]) % 64;
}

int warmstart_field_list_make(const struct field_sets *sets, const struct warmstart_field *fields,
                              size_t fields_len, struct field_list *ret_list)
{
    if (fields == NULL && fields_len > 0)
        return WARMSTART_ERR_INVALID;
    if (fields_len > sets->fields_max)
        return WARMSTART_ERR_LIMIT;
    uint64_t sum = 0, names = 0, twice = 0;
    for (size_t i = 0; i < fields_len; i++) {
        if (!field_is_valid(sets, &fields[i]))
            return WARMSTART_ERR_INVALID;
        uint64_t name = name_bit(&fields[i]);
        twice |= names & name;
        names |= name;
        ret_list->hashes[i] = hash_field(&sets->key, &fields[i]);
        sum += ret_list->hashes[i];
    }
    ret_list->fields = fields;
    ret_list->len = (uint32_t)fields_len;
    ret_list->is_sorted = false;
    ret_list->hash = hash_fields(&sets->key, sum, fields_len);
    return twice == 0 || sort(ret_list) ? 0 : WARMSTART_ERR_INVALID;
}

/* ---- Sets ---- */

/* Are these the set's fields in the order that it has them? They need not have been checked. */
static bool is_same(const struct field_set *set, const struct warmstart_field *fields, size_t fields_len)
{
    if (set->fields_len != fields_len || (fields == NULL && fields_len > 0))
        return false;
    const char *bytes = (const char *)&set->fields[fields_len];
    for (size_t i = 0; i < fields_len; i++) {
        const struct stored_field *stored = &set->fields[i];
        const struct warmstart_field *field = &fields[i];
        if (stored->name_bytes != field->name_bytes || stored->value_bytes != field->value_bytes ||
            field->name == NULL || (field->value == NULL && field->value_bytes > 0) ||
            !bytes_equal(bytes + field->name_bytes, field->value, field->value_bytes) ||
            !bytes_equal(bytes, field->name, field->name_bytes))
            return false;
        bytes += field->name_bytes + field->value_bytes;
    }
    return true;
}

/* The same in any order. Rare: its registers are not saved where it is not called. */
__attribute__((noinline)) static bool is_equal(const struct field_set *set, struct field_list *list)
{
    if (set->fields_len != list->len || !sort(list))
        return false;
    const uint8_t *sorted = field_set_sorted(set);
    for (uint32_t i = 0; i < list->len; i++)
        if (!term_is(set->terms[sorted[i]], &list->fields[list->sorted[i]]))
            return false;
    return true;
}

static struct field_set *find(const struct field_sets *sets, struct field_list *list)
{
    uint32_t at = table_first(&sets->table, list->hash);
    struct field_set *set;
    while ((set = table_item(&sets->table, &at, list->hash)) != NULL) {
        if (is_same(set, list->fields, list->len) || is_equal(set, list))
            return set;
        at = table_after(&sets->table, at);
    }
    return NULL;
}

int warmstart_field_sets_find(struct field_sets *sets, const struct warmstart_field *fields,
                              size_t fields_len, struct field_list *ret_list, struct field_set **ret_set)
{
    if (sets->last == NULL || !is_same(sets->last, fields, fields_len)) {
        int result = warmstart_field_list_make(sets, fields, fields_len, ret_list);
        if (result < 0)
            return result;
        struct field_set *set = find(sets, ret_list);
        if (set == NULL) {
            *ret_set = NULL;
            return 0;
        }
        sets->last = set;
    }
    *ret_set = sets->last;
    return 0;
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
        warmstart_terms_unreference(&sets->index.terms, set->terms[i]);
}

/* Finds the terms of a new set and makes room for it in the index. False: out of memory, nothing changed. */
static bool index_reserve(struct field_sets *sets, struct field_set *set, const struct field_list *list)
{
    if (!warmstart_index_reserve(&sets->index))
        return false;
    for (uint32_t i = 0; i < list->len; i++) {
        struct term *term = warmstart_terms_reference(&sets->index.terms, &list->fields[i], list->hashes[i]);
        if (term == NULL) {
            unreference_terms(sets, set, i);
            return false;
        }
        set->terms[i] = term;
    }
    return true;
}

static void index_add(struct field_sets *sets, struct field_set *set)
{
    set->number = warmstart_index_take(&sets->index, set);
    for (uint32_t i = 0; i < set->fields_len; i++)
        warmstart_term_add(set->terms[i], index_posted(&sets->index, set->number));
}

static void index_remove(struct field_sets *sets, struct field_set *set)
{
    for (uint32_t i = 0; i < set->fields_len; i++)
        warmstart_term_remove(set->terms[i], index_posted(&sets->index, set->number));
    unreference_terms(sets, set, set->fields_len);
    warmstart_index_give(&sets->index, set->number);
}

static void forget_oldest_idle(struct field_sets *sets)
{
    struct field_set *set = sets->idle_oldest;
    assert(set != NULL && set->references == 0 && set->waiting == 0);
    if (sets->last == set)
        sets->last = NULL;
    idle_remove(sets, set);
    index_remove(sets, set);
    warmstart_table_remove(&sets->table, set->hash, set);
    set_free(sets, set);
}

static void copy_fields(struct field_set *set, const struct field_list *list)
{
    char *at = (char *)&set->fields[list->len];
    for (uint32_t i = 0; i < list->len; i++) {
        const struct warmstart_field *field = &list->fields[i];
        set->fields[i] = (struct stored_field){.name_bytes = (uint32_t)field->name_bytes,
                                               .value_bytes = (uint32_t)field->value_bytes};
        memcpy(at, field->name, field->name_bytes);
        at += field->name_bytes;
        if (field->value_bytes > 0)
            memcpy(at, field->value, field->value_bytes);
        at += field->value_bytes;
    }
}

static struct field_set *set_new(struct field_sets *sets, struct field_list *list)
{
    uint32_t bytes_len = 0;
    for (uint32_t i = 0; i < list->len; i++)
        bytes_len += (uint32_t)(list->fields[i].name_bytes + list->fields[i].value_bytes);
    struct layout layout = layout_of(list->len, bytes_len);
    struct field_set *set = warmstart_memory_resize(sets->memory, NULL, 0, layout.bytes);
    if (set == NULL)
        return NULL;
    *set = (struct field_set){.hash = list->hash,
                              .fields_len = list->len,
                              .bytes_len = bytes_len,
                              .oldest = SLAB_NONE,
                              .newest = SLAB_NONE,
                              .terms = (struct term **)(void *)((char *)set + layout.terms_at)};
    copy_fields(set, list);
    sort(list);
    memcpy((char *)set + layout.sorted_at, list->sorted, list->len);
    if (index_reserve(sets, set, list))
        return set;
    set_free(sets, set);
    return NULL;
}

int warmstart_field_sets_intern(struct field_sets *sets, struct field_list *list, struct field_set **ret_set)
{
    struct field_set *set = find(sets, list);
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
        ret_terms[i] = warmstart_terms_find(&sets->index.terms, &list->fields[i], list->hashes[i]);
        if (ret_terms[i] == NULL)
            return false;
    }
    return true;
}

bool warmstart_field_sets_has(const struct field_sets *sets, const struct field_set *set,
                              struct term *const *terms, uint32_t terms_len)
{
    uint32_t number = index_posted(&sets->index, set->number);
    for (uint32_t i = 0; i < terms_len; i++)
        if (!warmstart_term_has(terms[i], number))
            return false;
    return true;
}

void warmstart_field_set_wake(struct field_sets *sets, struct field_set *set)
{
    idle_remove(sets, set);
}

void warmstart_field_set_idle(struct field_sets *sets, struct field_set *set)
{
    idle_add(sets, set);
    if (sets->idle_len > sets->idle_max)
        forget_oldest_idle(sets);
}
