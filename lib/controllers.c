/* SPDX-License-Identifier: MIT */
#include "controllers.h"

#include <assert.h>

void warmstart_controllers_init(struct controllers *controllers, struct memory *memory)
{
    *controllers = (struct controllers){.memory = memory};
}

void warmstart_controllers_deinit(struct controllers *controllers)
{
    warmstart_memory_free(controllers->memory, controllers->buckets,
                          controllers->capacity * sizeof(*controllers->buckets));
    warmstart_controllers_init(controllers, controllers->memory);
}

static uint32_t *bucket_of(const struct controllers *controllers, const uint64_t fingerprint[2])
{
    return &controllers->buckets[(uint32_t)fingerprint[0] & (controllers->capacity - 1)];
}

static void chain(const struct controllers *controllers, struct waiter *waiter)
{
    uint32_t *bucket = bucket_of(controllers, waiter->fingerprint);
    waiter->controller_next = *bucket;
    *bucket = waiter_number(waiter);
}

bool warmstart_controllers_grow(struct warmstart_manager *manager, uint32_t len)
{
    struct controllers *controllers = &manager->controllers;
    struct controllers old = *controllers;
    uint32_t grown = old.capacity == 0 ? 64 : old.capacity;
    while (grown < len)
        grown *= 2;
    uint32_t *buckets = warmstart_memory_resize(old.memory, NULL, 0, grown * sizeof(*buckets));
    if (buckets == NULL)
        return false;
    for (uint32_t i = 0; i < grown; i++)
        buckets[i] = SLAB_NONE;
    controllers->buckets = buckets;
    controllers->capacity = grown;
    for (uint32_t i = 0; i < old.capacity; i++) {
        uint32_t next;
        for (uint32_t number = old.buckets[i]; number != SLAB_NONE; number = next) {
            struct waiter *waiter = waiter_at(manager, number);
            next = waiter->controller_next;
            chain(controllers, waiter);
        }
    }
    warmstart_memory_free(old.memory, old.buckets, old.capacity * sizeof(*buckets));
    return true;
}

struct waiter *warmstart_controllers_find(const struct warmstart_manager *manager,
                                          const uint64_t fingerprint[2])
{
    if (manager->controllers.capacity == 0)
        return NULL;
    uint32_t number = *bucket_of(&manager->controllers, fingerprint);
    while (number != SLAB_NONE) {
        struct waiter *waiter = waiter_at(manager, number);
        if (waiter->fingerprint[0] == fingerprint[0] && waiter->fingerprint[1] == fingerprint[1])
            return waiter;
        number = waiter->controller_next;
    }
    return NULL;
}

void warmstart_controllers_add(struct warmstart_manager *manager, struct waiter *waiter)
{
    assert(!(waiter->entity.flags & WAITER_IN_TABLE) &&
           manager->controllers.len < manager->controllers.capacity);
    chain(&manager->controllers, waiter);
    waiter->entity.flags |= WAITER_IN_TABLE;
    manager->controllers.len++;
}

void warmstart_controllers_remove(struct warmstart_manager *manager, struct waiter *waiter)
{
    if (!(waiter->entity.flags & WAITER_IN_TABLE))
        return;
    uint32_t *link = bucket_of(&manager->controllers, waiter->fingerprint);
    while (*link != waiter_number(waiter)) {
        assert(*link != SLAB_NONE);
        link = &waiter_at(manager, *link)->controller_next;
    }
    *link = waiter->controller_next;
    waiter->entity.flags &= (uint8_t)~WAITER_IN_TABLE;
    manager->controllers.len--;
}
