/* SPDX-License-Identifier: MIT */
#include "instance.h"

#include <assert.h>
#include <string.h>

void warmstart_instances_init(struct instances *instances, struct memory *memory, const struct hash_key *key,
                              uint32_t max)
{
    *instances = (struct instances){.memory = memory, .key = key, .max = max};
    warmstart_table_init(&instances->table, memory);
    warmstart_timers_init(&instances->cordons, memory);
}

static void instance_free(struct instances *instances, struct instance *instance)
{
    warmstart_memory_free(instances->memory, instance, sizeof(*instance) + instance->name_bytes);
}

void warmstart_instances_deinit(struct instances *instances)
{
    for (uint32_t i = 0; i < instances->table.capacity; i++)
        if (instances->table.entries[i].item != NULL)
            instance_free(instances, instances->table.entries[i].item);
    warmstart_table_deinit(&instances->table);
    warmstart_timers_deinit(&instances->cordons);
}

static struct instance *find(const struct instances *instances, uint64_t hash, const char *name,
                             size_t name_bytes)
{
    uint32_t at = table_first(&instances->table, hash);
    struct instance *instance;
    while ((instance = table_item(&instances->table, &at, hash)) != NULL) {
        if (instance->name_bytes == name_bytes && bytes_equal(instance->name, name, name_bytes))
            return instance;
        at = table_after(&instances->table, at);
    }
    return NULL;
}

struct instance *warmstart_instance_find(const struct instances *instances, const char *name,
                                         size_t name_bytes)
{
    return find(instances, hash_bytes(instances->key, name, name_bytes), name, name_bytes);
}

int warmstart_instance_reference(struct instances *instances, const char *name, size_t name_bytes,
                                 struct instance **ret_instance)
{
    uint64_t hash = hash_bytes(instances->key, name, name_bytes);
    struct instance *instance = find(instances, hash, name, name_bytes);
    if (instance == NULL) {
        if (instances->table.len >= instances->max)
            return WARMSTART_ERR_LIMIT;
        if (!warmstart_table_reserve(&instances->table))
            return WARMSTART_ERR_MEMORY;
        instance = warmstart_memory_resize(instances->memory, NULL, 0, sizeof(*instance) + name_bytes);
        if (instance == NULL)
            return WARMSTART_ERR_MEMORY;
        instance->hash = hash;
        instance->references = 0;
        instance->cordon[TIMER_PLACE] = instance->cordon[TIMER_SEQUENCE] = 0;
        instance->name_bytes = (uint32_t)name_bytes;
        memcpy(instance->name, name, name_bytes);
        warmstart_table_add(&instances->table, hash, instance);
    }
    instance->references++;
    *ret_instance = instance;
    return 0;
}

void warmstart_instance_unreference(struct instances *instances, struct instance *instance)
{
    if (instance == NULL)
        return;
    assert(instance->references > 0);
    if (--instance->references > 0)
        return;
    warmstart_table_remove(&instances->table, instance->hash, instance);
    instance_free(instances, instance);
}
