/* SPDX-License-Identifier: MIT */
#include "query.h"

#include "queue.h"
#include "waiter.h"

int warmstart_wanted_read(struct warmstart_manager *manager, const struct warmstart_query *query,
                          struct field_list *ret_list, struct wanted *ret_wanted)
{
    if (query == NULL)
        return WARMSTART_ERR_INVALID;
    if (query->how != WARMSTART_MATCH_EXACT && query->how != WARMSTART_MATCH_SUBSET)
        return WARMSTART_ERR_UNSUPPORTED;
    struct field_sets *sets = &manager->sets;
    ret_wanted->how = query->how;
    if (query->how == WARMSTART_MATCH_EXACT) {
        ret_wanted->set = NULL;
        int result =
            warmstart_field_sets_find(sets, query->fields, query->fields_len, ret_list, &ret_wanted->set);
        ret_wanted->possible = ret_wanted->set != NULL;
        return result;
    }
    int result = warmstart_field_list_make(sets, query->fields, query->fields_len, ret_list);
    if (result < 0)
        return result;
    ret_wanted->possible = warmstart_field_list_terms(sets, ret_list, ret_wanted->terms);
    ret_wanted->terms_len = ret_list->len;
    return 0;
}

void warmstart_wanted_by(const struct dispatch *dispatch, struct wanted *ret_wanted)
{
    bool subset = dispatch->entity.flags & DISPATCH_SUBSET;
    ret_wanted->how = subset ? WARMSTART_MATCH_SUBSET : WARMSTART_MATCH_EXACT;
    ret_wanted->possible = true;
    ret_wanted->set = dispatch->set;
    ret_wanted->terms_len = dispatch->set->fields_len;
    for (uint32_t i = 0; subset && i < dispatch->set->fields_len; i++)
        ret_wanted->terms[i] = dispatch->set->terms[i];
}

struct waiter *warmstart_wanted_next(struct warmstart_manager *manager, const struct wanted *wanted)
{
    struct field_set *set = NULL;
    if (wanted->possible && wanted->how == WARMSTART_MATCH_EXACT)
        set = wanted->set;
    else if (wanted->possible)
        set = warmstart_index_best(&manager->sets.index, wanted->terms, wanted->terms_len);
    struct waiter *waiter = set != NULL ? queue_next(manager, set) : NULL;
    if (waiter != NULL)
        queue_expect(manager, set, waiter);
    return waiter;
}

bool warmstart_wanted_is(const struct warmstart_manager *manager, const struct wanted *wanted,
                         const struct field_set *set)
{
    if (wanted->how == WARMSTART_MATCH_EXACT)
        return wanted->possible && wanted->set == set;
    return wanted->possible &&
           warmstart_field_sets_has(&manager->sets, set, wanted->terms, wanted->terms_len);
}

/* ---- Calls ---- */

int warmstart_match(struct warmstart_manager *manager, const struct warmstart_query *query,
                    warmstart_waiter_id *ret_waiter, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    if (ret_waiter == NULL)
        return WARMSTART_ERR_INVALID;
    if (manager->shutdown)
        return WARMSTART_ERR_SHUTDOWN;
    struct field_list list;
    struct wanted wanted;
    int result = warmstart_wanted_read(manager, query, &list, &wanted);
    if (result < 0)
        return warmstart_manager_refused(manager, result);
    struct waiter *waiter = warmstart_wanted_next(manager, &wanted);
    if (waiter == NULL) {
        manager->counters.no_match++;
        return 0;
    }
    warmstart_waiter_claim(manager, waiter);
    manager->counters.matched++;
    *ret_waiter = entity_id(&waiter->entity);
    return 1;
}

static size_t count_subset(struct warmstart_manager *manager, const struct wanted *wanted)
{
    struct index *index = &manager->sets.index;
    size_t count = 0;
    struct index_walk walk;
    warmstart_index_walk(&walk, index, wanted->terms, wanted->terms_len);
    while (warmstart_index_next(&walk, 0))
        for (uint64_t fits = walk.fits; fits != 0; fits &= fits - 1)
            count += index_set(index, walk.block, fits)->waiting;
    return count;
}

int warmstart_count(struct warmstart_manager *manager, const struct warmstart_query *query, size_t *ret_count,
                    uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    if (ret_count == NULL)
        return WARMSTART_ERR_INVALID;
    struct field_list list;
    struct wanted wanted;
    int result = warmstart_wanted_read(manager, query, &list, &wanted);
    if (result < 0)
        return warmstart_manager_refused(manager, result);
    size_t count = 0;
    if (wanted.possible)
        count = wanted.how == WARMSTART_MATCH_EXACT ? wanted.set->waiting : count_subset(manager, &wanted);
    *ret_count = count;
    return 0;
}
