/* SPDX-License-Identifier: MIT */
#include "cordon.h"

#include "queue.h"
#include "waiter.h"

/* Rare enough to look at all waiters: nothing need be kept for it in each. */
static void reconsider_waiters(struct warmstart_manager *manager, const struct instance *instance,
                               uint64_t at)
{
    uint32_t list = SLAB_NONE;
    for (uint32_t number = 0; number < slab_len(&manager->waiters); number++) {
        struct waiter *waiter = waiter_at(manager, number);
        if (slab_is_taken(waiter) && waiter->instance == instance)
            warmstart_waiter_reconsider(manager, waiter, at, &list);
    }
    warmstart_queue_add_all(manager, list);
}

bool warmstart_cordon_due(struct warmstart_manager *manager)
{
    uint64_t at;
    uint32_t *timer = warmstart_timers_pop(&manager->instances.cordons, manager->now, &at);
    if (timer == NULL)
        return false;
    struct instance *instance =
        (struct instance *)(void *)((char *)timer - offsetof(struct instance, cordon));
    reconsider_waiters(manager, instance, at);
    warmstart_instance_unreference(&manager->instances, instance);
    return true;
}

static int begin(struct warmstart_manager *manager, const char *name, size_t name_bytes, uint64_t until)
{
    struct instances *instances = &manager->instances;
    if (!warmstart_timers_reserve(&instances->cordons, instances->cordons.len + 1))
        return WARMSTART_ERR_MEMORY;
    struct instance *instance = warmstart_instance_find(instances, name, name_bytes);
    bool extended = instance_is_cordoned(instance);
    if (!extended) {
        int result = warmstart_instance_reference(instances, name, name_bytes, &instance);
        if (result < 0)
            return result;
    }
    warmstart_timers_set(&instances->cordons, instance->cordon, until);
    if (!extended)
        reconsider_waiters(manager, instance, manager->now);
    return 0;
}

static void end(struct warmstart_manager *manager, const char *name, size_t name_bytes)
{
    struct instance *instance = warmstart_instance_find(&manager->instances, name, name_bytes);
    if (!instance_is_cordoned(instance))
        return;
    warmstart_timers_cancel(&manager->instances.cordons, instance->cordon);
    reconsider_waiters(manager, instance, manager->now);
    warmstart_instance_unreference(&manager->instances, instance);
}

int warmstart_cordon(struct warmstart_manager *manager, const char *instance, size_t instance_bytes,
                     uint64_t until, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    if (instance_bytes == 0 || !name_is_valid(manager, instance, instance_bytes))
        return WARMSTART_ERR_INVALID;
    if (until <= manager->now) {
        end(manager, instance, instance_bytes);
        return 0;
    }
    int result = begin(manager, instance, instance_bytes, until);
    return result < 0 ? warmstart_manager_refused(manager, result) : 0;
}
