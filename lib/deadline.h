/* SPDX-License-Identifier: MIT */
/*
 * The deadlines of waiters and dispatches. Nearly all are cancelled long before they come, and their slot is
 * soon taken again by somebody with a later one. So the heap of timers is only told what it must know: that a
 * deadline is earlier than what it has for that slot. What it has may come too early, then it is told of the
 * true deadline, if there still is one. Owners of timers never move, and their slots are never freed.
 */
#ifndef WARMSTART_LIB_DEADLINE_H
#define WARMSTART_LIB_DEADLINE_H

#include "manager.h"

static inline bool deadline_is_set(const struct entity *entity)
{
    return entity->flags & ENTITY_TIMED;
}

/* Among equal deadlines this is the last one from now on. */
static inline void deadline_begin(struct warmstart_manager *manager, struct entity *entity)
{
    entity->timer_order = manager->timers.next_sequence++;
    manager->timed += !deadline_is_set(entity);
    entity->flags |= ENTITY_TIMED;
}

/* Sets the deadline that follows from the state of a waiter, or that a dispatch has. */
static inline void deadline_set(struct warmstart_manager *manager, struct entity *entity, uint64_t deadline)
{
    deadline_begin(manager, entity);
    if (!timers_come_by(&manager->timers, entity->timer, deadline))
        warmstart_timers_put(&manager->timers, entity->timer, deadline, entity->timer_order);
}

/* Sets any other: the heap alone knows it. */
static inline void deadline_set_exactly(struct warmstart_manager *manager, struct entity *entity,
                                        uint64_t deadline)
{
    deadline_begin(manager, entity);
    warmstart_timers_put(&manager->timers, entity->timer, deadline, entity->timer_order);
}

/* Cancels it. Fine when none is set. */
static inline void deadline_cancel(struct warmstart_manager *manager, struct entity *entity)
{
    manager->timed -= deadline_is_set(entity);
    entity->flags &= (uint8_t)~ENTITY_TIMED;
}

/* The earliest deadline if it is not after `until`, else some moment after that. */
uint64_t warmstart_deadline_first(struct warmstart_manager *manager, uint64_t until);

/* Cancels the deadline that warmstart_deadline_first() told of, and returns whose it was. */
struct entity *warmstart_deadline_take(struct warmstart_manager *manager);

/* The earliest deadline, or an earlier moment when there were too many to look at; WARMSTART_NEVER: none. */
uint64_t warmstart_deadline_next(struct warmstart_manager *manager);

#endif
