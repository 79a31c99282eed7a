/* SPDX-License-Identifier: MIT */
#include "dispatch.h"

#include "deadline.h"
#include "event.h"
#include "query.h"
#include "sized.h"
#include "waiter.h"

#include <assert.h>

/* ---- Steps ---- */

/* `receiver`: who was written to, if anybody; its ENDED event comes after this one's. */
static void settle(struct warmstart_manager *manager, struct dispatch *dispatch,
                   enum warmstart_outcome outcome, const struct waiter *receiver)
{
    assert(dispatch->entity.result == 0);
    bool not_out = outcome != WARMSTART_OUTCOME_DELIVERED && outcome != WARMSTART_OUTCOME_UNCERTAIN;
    if (not_out && (dispatch->entity.flags & DISPATCH_UNCERTAIN))
        outcome = WARMSTART_OUTCOME_UNCERTAIN; /* an earlier waiter may have it */
    deadline_cancel(manager, &dispatch->entity);
    field_set_unreference(&manager->sets, dispatch->set);
    dispatch->set = NULL;
    dispatch->waiter = receiver != NULL ? waiter_number(receiver) : SLAB_NONE;
    dispatch->entity.result = (uint8_t)outcome;
    manager->counters.settled[outcome]++;
    manager->counters.dispatches--;
    warmstart_event_queue(manager, &dispatch->entity, WARMSTART_EVENT_SETTLED);
}

static struct waiter *next_that_fits(struct warmstart_manager *manager, const struct dispatch *dispatch)
{
    struct wanted wanted;
    warmstart_wanted_by(dispatch, &wanted);
    return warmstart_wanted_next(manager, &wanted);
}

static bool fits(const struct warmstart_manager *manager, const struct waiter *waiter,
                 const struct dispatch *dispatch)
{
    struct wanted wanted;
    warmstart_wanted_by(dispatch, &wanted);
    return waiter->entity.state == WAITER_WAITING && warmstart_wanted_is(manager, &wanted, waiter->set);
}

void warmstart_dispatch_offer_next(struct warmstart_manager *manager, struct dispatch *dispatch, uint64_t at)
{
    bool last = dispatch->attempts >= dispatch->attempts_max || (dispatch->entity.flags & DISPATCH_SINGLE);
    struct waiter *waiter = last ? NULL : next_that_fits(manager, dispatch);
    if (at >= dispatch->deadline)
        settle(manager, dispatch, WARMSTART_OUTCOME_TIMEOUT, NULL);
    else if (waiter == NULL)
        settle(manager, dispatch, WARMSTART_OUTCOME_LOST, NULL);
    else
        warmstart_waiter_offer(manager, waiter, dispatch);
}

/*
 * Who is tried after UNCERTAIN: the same controller, which has registered again with fields that fit and so
 * cannot have got the payload; whoever fits, if the caller takes that risk; NULL: nobody.
 */
static struct waiter *next_after_uncertain(struct warmstart_manager *manager, const struct dispatch *dispatch,
                                           struct waiter *successor)
{
    if (dispatch->attempts >= dispatch->attempts_max || (dispatch->entity.flags & DISPATCH_SINGLE))
        return NULL;
    if (successor != NULL && fits(manager, successor, dispatch))
        return successor;
    return dispatch->entity.flags & DISPATCH_RETRIES ? next_that_fits(manager, dispatch) : NULL;
}

static void report_uncertain(struct warmstart_manager *manager, struct waiter *waiter,
                             struct dispatch *dispatch, uint64_t at)
{
    struct waiter *successor = warmstart_waiter_successor(manager, waiter);
    warmstart_waiter_leave(manager, waiter, WARMSTART_ENDING_UNCERTAIN, at);
    struct waiter *next = next_after_uncertain(manager, dispatch, successor);
    if (next == NULL)
        settle(manager, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter);
    warmstart_waiter_tell(manager, waiter);
    if (next == NULL)
        return;
    dispatch->entity.flags |= DISPATCH_UNCERTAIN;
    warmstart_waiter_offer(manager, next, dispatch);
}

void warmstart_dispatch_report(struct warmstart_manager *manager, struct waiter *waiter,
                               enum warmstart_outcome outcome, uint64_t at)
{
    assert(waiter->entity.state == WAITER_DELIVERING);
    struct dispatch *dispatch = dispatch_at(manager, waiter->dispatch);
    if (outcome == WARMSTART_OUTCOME_DELIVERED) {
        settle(manager, dispatch, outcome, waiter);
        warmstart_waiter_end(manager, waiter, WARMSTART_ENDING_DELIVERED, at);
    } else if (outcome == WARMSTART_OUTCOME_LOST) {
        warmstart_waiter_end(manager, waiter, WARMSTART_ENDING_LOST, at);
        warmstart_dispatch_offer_next(manager, dispatch, at);
    } else {
        report_uncertain(manager, waiter, dispatch, at);
    }
}

void warmstart_dispatch_stop(struct warmstart_manager *manager, struct dispatch *dispatch,
                             enum warmstart_outcome outcome, uint64_t at)
{
    struct waiter *waiter = waiter_at(manager, dispatch->waiter);
    if (waiter->entity.state == WAITER_DELIVERING) {
        settle(manager, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter);
        warmstart_waiter_end(manager, waiter, WARMSTART_ENDING_UNCERTAIN, at);
        return;
    }
    settle(manager, dispatch, outcome, NULL);
    warmstart_waiter_withdraw(manager, waiter, at);
}

/* ---- Calls ---- */

static int read_delivery(const struct warmstart_delivery **delivery, struct warmstart_delivery *copy)
{
    const struct warmstart_delivery *given = *delivery;
    if (given == NULL)
        return WARMSTART_ERR_INVALID;
    if (given->size != sizeof(*given)) {
        warmstart_delivery_init(copy);
        *delivery = copy;
        int result = sized_read(copy, sizeof(*copy), given, sizeof(*copy));
        if (result < 0)
            return result;
    }
    bool valid = (*delivery)->attempts_max > 0 && (*delivery)->retry_uncertain <= 1;
    return valid ? 0 : WARMSTART_ERR_INVALID;
}

/* There is room: entity_reserve() has seen to it. */
static void dispatch_start(struct warmstart_manager *manager, struct waiter *waiter, struct field_set *set,
                           uint8_t flags, const struct warmstart_delivery *delivery,
                           warmstart_dispatch_id *ret_dispatch)
{
    struct dispatch *dispatch = slab_take(&manager->dispatches);
    dispatch->entity.event = dispatch->entity.result = 0;
    dispatch->entity.flags = ENTITY_IS_DISPATCH | flags;
    if (delivery->retry_uncertain)
        dispatch->entity.flags |= DISPATCH_RETRIES;
    dispatch->attempts = 0;
    dispatch->attempts_max = delivery->attempts_max;
    dispatch->payload = delivery->payload;
    dispatch->payload_bytes = delivery->payload_bytes;
    dispatch->origin = delivery->origin;
    dispatch->deadline = delivery->deadline;
    dispatch->set = set;
    field_set_reference(&manager->sets, dispatch->set);
    if (dispatch->deadline != WARMSTART_NEVER)
        deadline_set(manager, &dispatch->entity, dispatch->deadline);
    manager->counters.dispatches++;
    warmstart_waiter_offer(manager, waiter, dispatch);
    *ret_dispatch = entity_id(&dispatch->entity);
}

/* The set that a dispatch keeps to ask for: a query of which each field is known is remembered like a set. */
static int keep_query(struct warmstart_manager *manager, struct field_list *list, const struct wanted *wanted,
                      struct field_set **ret_set)
{
    int result = entity_reserve(manager, &manager->dispatches, manager->options.dispatches_max);
    if (result < 0)
        return result;
    if (wanted->how == WARMSTART_MATCH_SUBSET)
        return warmstart_field_sets_intern(&manager->sets, list, ret_set);
    *ret_set = wanted->set;
    return 0;
}

static int dispatch_query(struct warmstart_manager *manager, const struct warmstart_query *query,
                          const struct warmstart_delivery *delivery, warmstart_dispatch_id *ret_dispatch)
{
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
    struct field_set *set = NULL;
    result = keep_query(manager, &list, &wanted, &set);
    if (result < 0)
        return warmstart_manager_refused(manager, result);
    uint8_t flags = wanted.how == WARMSTART_MATCH_SUBSET ? DISPATCH_SUBSET : 0;
    dispatch_start(manager, waiter, set, flags, delivery, ret_dispatch);
    return 1;
}

int warmstart_dispatch(struct warmstart_manager *manager, const struct warmstart_query *query,
                       const struct warmstart_delivery *delivery, warmstart_dispatch_id *ret_dispatch,
                       uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    if (ret_dispatch == NULL)
        return WARMSTART_ERR_INVALID;
    struct warmstart_delivery copy;
    int result = read_delivery(&delivery, &copy);
    if (result < 0)
        return result;
    if (delivery->deadline <= manager->now)
        return WARMSTART_ERR_INVALID;
    if (manager->shutdown)
        return WARMSTART_ERR_SHUTDOWN;
    return dispatch_query(manager, query, delivery, ret_dispatch);
}

int warmstart_deliver(struct warmstart_manager *manager, warmstart_waiter_id id,
                      const struct warmstart_delivery *delivery, warmstart_dispatch_id *ret_dispatch,
                      uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    if (ret_dispatch == NULL)
        return WARMSTART_ERR_INVALID;
    struct warmstart_delivery copy;
    int result = read_delivery(&delivery, &copy);
    if (result < 0)
        return result;
    if (delivery->attempts_max != 1 || delivery->retry_uncertain || delivery->deadline <= manager->now)
        return WARMSTART_ERR_INVALID;
    if (manager->shutdown)
        return WARMSTART_ERR_SHUTDOWN;
    struct waiter *waiter = warmstart_waiter_find(manager, id);
    if (waiter == NULL || waiter->entity.state != WAITER_CLAIMED)
        return 0;
    result = entity_reserve(manager, &manager->dispatches, manager->options.dispatches_max);
    if (result < 0)
        return warmstart_manager_refused(manager, result);
    dispatch_start(manager, waiter, waiter->set, DISPATCH_SINGLE, delivery, ret_dispatch);
    return 1;
}

int warmstart_report(struct warmstart_manager *manager, warmstart_waiter_id id,
                     enum warmstart_outcome outcome, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    if (outcome != WARMSTART_OUTCOME_DELIVERED && outcome != WARMSTART_OUTCOME_LOST &&
        outcome != WARMSTART_OUTCOME_UNCERTAIN)
        return WARMSTART_ERR_INVALID;
    struct waiter *waiter = warmstart_waiter_find(manager, id);
    if (waiter == NULL || waiter->entity.state != WAITER_DELIVERING)
        return 0;
    warmstart_dispatch_report(manager, waiter, outcome, manager->now);
    return 1;
}

int warmstart_cancel_dispatch(struct warmstart_manager *manager, warmstart_dispatch_id id, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    struct dispatch *dispatch = warmstart_dispatch_find(manager, id);
    if (dispatch == NULL || dispatch->entity.result != 0 || (dispatch->entity.flags & DISPATCH_UNCERTAIN))
        return 0;
    if (waiter_at(manager, dispatch->waiter)->entity.state != WAITER_OFFERED)
        return 0;
    warmstart_dispatch_stop(manager, dispatch, WARMSTART_OUTCOME_CANCELLED, manager->now);
    return 1;
}

int warmstart_abandon_dispatch(struct warmstart_manager *manager, warmstart_dispatch_id id, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    struct dispatch *dispatch = warmstart_dispatch_find(manager, id);
    if (dispatch == NULL || dispatch->entity.result != 0)
        return 0;
    warmstart_dispatch_stop(manager, dispatch, WARMSTART_OUTCOME_CANCELLED, manager->now);
    return 1;
}
