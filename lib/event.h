/* SPDX-License-Identifier: MIT */
/* The queue of events. The nodes are in waiters and dispatches, so queueing never fails. */
#ifndef WARMSTART_LIB_EVENT_H
#define WARMSTART_LIB_EVENT_H

#include "manager.h"

/* Makes `event` the pending event of an entity, which has no other one pending. */
void warmstart_event_queue(struct warmstart_manager *manager, struct entity *entity,
                           enum warmstart_event_type event);

/* The pending event is not wanted any more. */
static inline void event_withdraw(struct entity *entity)
{
    entity->event = 0;
}

#endif
