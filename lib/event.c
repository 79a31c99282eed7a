/* SPDX-License-Identifier: MIT */
#include "event.h"

#include "dispatch.h"
#include "waiter.h"

#include <assert.h>

void warmstart_event_queue(struct warmstart_manager *manager, struct entity *entity,
                           enum warmstart_event_type event)
{
    assert(entity->event == 0);
    entity->event = (uint8_t)event;
    if (entity->flags & ENTITY_EVENT_QUEUED)
        return; /* still there from an event that was withdrawn */
    entity->flags |= ENTITY_EVENT_QUEUED;
    entity->event_next = SLAB_NONE;
    uint32_t reference = entity_reference(entity);
    if (manager->event_last == SLAB_NONE)
        manager->event_first = reference;
    else
        entity_at(manager, manager->event_last)->event_next = reference;
    manager->event_last = reference;
}

/* The oldest entity whose event is still wanted, out of the queue; NULL: there is none. */
static struct entity *take_first(struct warmstart_manager *manager)
{
    while (manager->event_first != SLAB_NONE) {
        struct entity *entity = entity_at(manager, manager->event_first);
        manager->event_first = entity->event_next;
        if (manager->event_first == SLAB_NONE)
            manager->event_last = SLAB_NONE;
        entity->flags &= (uint8_t)~ENTITY_EVENT_QUEUED;
        if (entity->event != 0)
            return entity;
    }
    return NULL;
}

/* Each event is written once, member by member, to where it belongs: it is as long as two lines of a cache. */
static void pull_deliver(struct warmstart_manager *manager, struct waiter *waiter,
                         struct warmstart_event *ret_event)
{
    struct dispatch *dispatch = dispatch_at(manager, waiter->dispatch);
    warmstart_waiter_delivering(manager, waiter);
    uint32_t attempts = ++dispatch->attempts;
    manager->counters.attempts++;
    *ret_event = (struct warmstart_event){
        .type = WARMSTART_EVENT_DELIVER,
        .attempts = attempts,
        .waiter = entity_id(&waiter->entity),
        .conn = waiter->conn,
        .dispatch = entity_id(&dispatch->entity),
        .origin = dispatch->origin,
        .payload = dispatch->payload,
        .payload_bytes = dispatch->payload_bytes,
    };
}

static void pull_ended(struct warmstart_manager *manager, struct waiter *waiter,
                       struct warmstart_event *ret_event)
{
    *ret_event = (struct warmstart_event){
        .type = WARMSTART_EVENT_ENDED,
        .ending = (enum warmstart_ending)waiter->entity.result,
        .waiter = entity_id(&waiter->entity),
        .conn = waiter->conn,
    };
    manager->counters.state[WAITER_ENDED]--;
    slab_give(&manager->waiters, waiter);
}

static void pull_settled(struct warmstart_manager *manager, struct dispatch *dispatch,
                         struct warmstart_event *ret_event)
{
    const struct waiter *waiter = dispatch->waiter != SLAB_NONE ? waiter_at(manager, dispatch->waiter) : NULL;
    *ret_event = (struct warmstart_event){
        .type = WARMSTART_EVENT_SETTLED,
        .outcome = (enum warmstart_outcome)dispatch->entity.result,
        .attempts = dispatch->attempts,
        .waiter = waiter != NULL ? entity_id(&waiter->entity) : 0,
        .conn = waiter != NULL ? waiter->conn : NULL,
        .dispatch = entity_id(&dispatch->entity),
        .origin = dispatch->origin,
        .payload = dispatch->payload,
        .payload_bytes = dispatch->payload_bytes,
    };
    slab_give(&manager->dispatches, dispatch);
}

int warmstart_next_event(struct warmstart_manager *manager, struct warmstart_event *ret_event)
{
    if (manager == NULL || ret_event == NULL)
        return WARMSTART_ERR_INVALID;
    struct entity *entity = take_first(manager);
    if (entity == NULL)
        return 0;
    enum warmstart_event_type type = (enum warmstart_event_type)entity->event;
    entity->event = 0;
    switch (type) {
    case WARMSTART_EVENT_DELIVER:
        pull_deliver(manager, (struct waiter *)entity, ret_event);
        break;
    case WARMSTART_EVENT_ENDED:
        pull_ended(manager, (struct waiter *)entity, ret_event);
        break;
    case WARMSTART_EVENT_SETTLED:
        pull_settled(manager, (struct dispatch *)entity, ret_event);
        break;
    }
    return 1;
}
