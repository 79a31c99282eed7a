/* SPDX-License-Identifier: MIT */
#include "retired.h"

void warmstart_retired_init(struct retired *retired, struct memory *memory)
{
    retired->memory = memory;
    warmstart_table_init(&retired->table, memory);
}

void warmstart_retired_deinit(struct retired *retired)
{
    for (uint32_t i = 0; i < retired->table.capacity; i++)
        warmstart_memory_free(retired->memory, retired->table.entries[i].item, sizeof(struct retirement));
    warmstart_table_deinit(&retired->table);
}

static struct retirement *find(const struct retired *retired, const uint64_t fingerprint[2])
{
    uint32_t at = table_first(&retired->table, fingerprint[0]);
    struct retirement *retirement;
    while ((retirement = table_item(&retired->table, &at, fingerprint[0])) != NULL) {
        if (retirement->fingerprint[1] == fingerprint[1])
            return retirement;
        at = table_after(&retired->table, at);
    }
    return NULL;
}

static void forget(struct retired *retired, struct retirement *retirement)
{
    warmstart_table_remove(&retired->table, retirement->fingerprint[0], retirement);
    warmstart_memory_free(retired->memory, retirement, sizeof(*retirement));
}

/* Those whose time is over are only looked for when there is no room: nobody asks for them any more. */
static void forget_past(struct retired *retired, uint64_t now)
{
    uint32_t i = 0;
    while (i < retired->table.capacity) {
        struct retirement *retirement = retired->table.entries[i].item;
        if (retirement != NULL && retirement->until <= now)
            forget(retired, retirement); /* another item may stand here now */
        else
            i++;
    }
}

int warmstart_retired_set(struct warmstart_manager *manager, const uint64_t fingerprint[2], uint64_t until)
{
    struct retired *retired = &manager->retired;
    struct retirement *retirement = find(retired, fingerprint);
    if (until <= manager->now) {
        if (retirement != NULL)
            forget(retired, retirement);
        return 0;
    }
    if (retirement != NULL) {
        retirement->until = until;
        return 0;
    }
    if (retired->table.len >= manager->options.retired_max)
        forget_past(retired, manager->now);
    if (retired->table.len >= manager->options.retired_max)
        return WARMSTART_ERR_LIMIT;
    if (!warmstart_table_reserve(&retired->table))
        return WARMSTART_ERR_MEMORY;
    retirement = warmstart_memory_resize(retired->memory, NULL, 0, sizeof(*retirement));
    if (retirement == NULL)
        return WARMSTART_ERR_MEMORY;
    *retirement = (struct retirement){.fingerprint = {fingerprint[0], fingerprint[1]}, .until = until};
    warmstart_table_add(&retired->table, fingerprint[0], retirement);
    return 0;
}

bool warmstart_is_retired(const struct warmstart_manager *manager, const uint64_t fingerprint[2])
{
    const struct retirement *retirement = find(&manager->retired, fingerprint);
    return retirement != NULL && retirement->until > manager->now;
}
