/* SPDX-License-Identifier: MIT */
/* Showing waiters to the caller. */
#include "query.h"

static void list_fields(const struct field_set *set, struct warmstart_field fields[WARMSTART_FIELDS_MAX])
{
    const uint8_t *sorted = field_set_sorted(set);
    for (uint32_t i = 0; i < set->fields_len; i++) {
        const struct term *term = set->terms[sorted[i]];
        fields[i] = (struct warmstart_field){.name = term->bytes,
                                             .name_bytes = term->name_bytes,
                                             .value = term->bytes + term->name_bytes,
                                             .value_bytes = term->value_bytes};
    }
}

/* Shows the waiters that fit, `wanted` NULL: all, until `view` returns other than 0, which is returned. */
static int show(const struct warmstart_manager *manager, const struct wanted *wanted,
                int (*view)(void *user, const struct warmstart_waiter_view *waiter), void *user)
{
    struct warmstart_field fields[WARMSTART_FIELDS_MAX];
    for (uint32_t number = 0; number < slab_len(&manager->waiters); number++) {
        const struct waiter *waiter = waiter_at(manager, number);
        if (!slab_is_taken(waiter) || waiter->entity.state == WAITER_ENDED ||
            (wanted != NULL && !warmstart_wanted_is(manager, wanted, waiter->set)))
            continue;
        list_fields(waiter->set, fields);
        const struct instance *instance = waiter->instance;
        struct warmstart_waiter_view shown = {.waiter = entity_id(&waiter->entity),
                                              .conn = waiter->conn,
                                              .fields = fields,
                                              .fields_len = waiter->set->fields_len,
                                              .instance = instance != NULL ? instance->name : NULL,
                                              .instance_bytes = instance != NULL ? instance->name_bytes : 0,
                                              .matchable = waiter->entity.state == WAITER_WAITING};
        int answer = view(user, &shown);
        if (answer != 0)
            return answer;
    }
    return 0;
}

int warmstart_foreach_waiter(struct warmstart_manager *manager,
                             int (*view)(void *user, const struct warmstart_waiter_view *waiter), void *user,
                             uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    return view == NULL ? WARMSTART_ERR_INVALID : show(manager, NULL, view, user);
}

int warmstart_foreach_match(struct warmstart_manager *manager, const struct warmstart_query *query,
                            int (*view)(void *user, const struct warmstart_waiter_view *waiter), void *user,
                            uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    if (view == NULL)
        return WARMSTART_ERR_INVALID;
    struct field_list list;
    struct wanted wanted;
    int result = warmstart_wanted_read(manager, query, &list, &wanted);
    if (result < 0)
        return warmstart_manager_refused(manager, result);
    return wanted.possible ? show(manager, &wanted, view, user) : 0;
}
