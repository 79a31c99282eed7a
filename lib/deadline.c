/* SPDX-License-Identifier: MIT */
#include "deadline.h"

#include <assert.h>

enum { LOOKS_MAX = 64 };

static struct entity *owner_of(uint32_t *timer)
{
    return (struct entity *)(void *)((char *)timer - offsetof(struct entity, timer));
}

/* The deadline of a waiter whose timer comes at `at`. */
static uint64_t waiter_deadline(const struct waiter *waiter, uint64_t at)
{
    switch ((enum waiter_state)waiter->entity.state) {
    case WAITER_WAITING:
        return waiter->match_until < waiter->expires_at ? waiter->match_until : waiter->expires_at;
    case WAITER_UNMATCHABLE:
    case WAITER_BLOCKED:
        return waiter->expires_at;
    case WAITER_CLAIMED:
        return at;
    case WAITER_OFFERED:
    case WAITER_DELIVERING:
    case WAITER_ENDED:
        assert(false); /* have none */
        break;
    }
    return WARMSTART_NEVER;
}

static uint64_t deadline_of(const struct entity *entity, uint64_t at)
{
    if (!deadline_is_set(entity))
        return WARMSTART_NEVER;
    if (entity->flags & ENTITY_IS_DISPATCH)
        return ((const struct dispatch *)entity)->deadline;
    return waiter_deadline((const struct waiter *)entity, at);
}

/* Corrects the first timer if it comes too early, or before its turn among equal ones. False: it is right, or there is none. */
static bool correct_first(struct warmstart_manager *manager)
{
    struct timers *timers = &manager->timers;
    if (timers->len == 0)
        return false;
    struct entity *entity = owner_of(timers->entries[0].timer);
    uint64_t at = timers->entries[0].deadline, deadline = deadline_of(entity, at);
    if (deadline == at && entity->timer[TIMER_SEQUENCE] == entity->timer_order)
        return false;
    assert(deadline >= at);
    if (deadline_is_set(entity))
        warmstart_timers_put(timers, entity->timer, deadline, entity->timer_order);
    else
        warmstart_timers_cancel(timers, entity->timer);
    return true;
}

uint64_t warmstart_deadline_first(struct warmstart_manager *manager, uint64_t until)
{
    while (timers_next(&manager->timers) <= until && correct_first(manager))
        ;
    return timers_next(&manager->timers);
}

struct entity *warmstart_deadline_take(struct warmstart_manager *manager)
{
    struct entity *entity = owner_of(manager->timers.entries[0].timer);
    warmstart_timers_cancel(&manager->timers, entity->timer);
    deadline_cancel(manager, entity);
    return entity;
}

uint64_t warmstart_deadline_next(struct warmstart_manager *manager)
{
    if (manager->timed == 0)
        return WARMSTART_NEVER;
    for (uint32_t looks = 0; looks < LOOKS_MAX && correct_first(manager); looks++)
        ;
    return timers_next(&manager->timers);
}
