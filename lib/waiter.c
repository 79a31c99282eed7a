/* SPDX-License-Identifier: MIT */
#include "waiter.h"

#include "controllers.h"
#include "deadline.h"
#include "dispatch.h"
#include "event.h"
#include "queue.h"
#include "retired.h"
#include "sized.h"

#include <assert.h>
#include <string.h>

/* ---- States ---- */

static void set_state(struct warmstart_manager *manager, struct waiter *waiter, enum waiter_state state)
{
    manager->counters.state[waiter->entity.state]--;
    manager->counters.state[state]++;
    waiter->entity.state = (uint8_t)state;
}

/* Ends a waiter that is in no queue, and neither before nor behind another one. */
static void finish(struct warmstart_manager *manager, struct waiter *waiter, enum warmstart_ending ending)
{
    deadline_cancel(manager, &waiter->entity);
    warmstart_controllers_remove(manager, waiter);
    set_state(manager, waiter, WAITER_ENDED);
    manager->counters.ended[ending]++;
    if (--waiter->set->waiters == 0)
        manager->sets.groups--;
    field_set_unreference(&manager->sets, waiter->set);
    warmstart_instance_unreference(&manager->instances, waiter->instance);
    waiter->set = NULL;
    waiter->instance = NULL;
    waiter->entity.result = (uint8_t)ending;
}

/* The state of a waiter that is nowhere follows from the time. True: it belongs in its set's queue. */
static bool begin_to_wait(struct warmstart_manager *manager, struct waiter *waiter, uint64_t at)
{
    assert(!deadline_is_set(&waiter->entity));
    uint64_t deadline = waiter->expires_at;
    set_state(manager, waiter, WAITER_UNMATCHABLE); /* in no queue, whatever it was before */
    if (at >= waiter->expires_at) {
        finish(manager, waiter, WARMSTART_ENDING_EXPIRED);
        warmstart_waiter_tell(manager, waiter);
        return false;
    }
    bool matchable = at < waiter->match_until && !instance_is_cordoned(waiter->instance);
    if (matchable) {
        set_state(manager, waiter, WAITER_WAITING);
        if (waiter->match_until < deadline)
            deadline = waiter->match_until;
    }
    if (deadline != WARMSTART_NEVER)
        deadline_set(manager, &waiter->entity, deadline);
    return matchable;
}

void warmstart_waiter_wait(struct warmstart_manager *manager, struct waiter *waiter, uint64_t at)
{
    if (begin_to_wait(manager, waiter, at))
        warmstart_queue_add(manager, waiter);
}

void warmstart_waiter_take(struct warmstart_manager *manager, struct waiter *waiter, enum waiter_state state)
{
    assert(waiter->entity.state == WAITER_WAITING);
    warmstart_queue_remove(manager, waiter);
    deadline_cancel(manager, &waiter->entity);
    set_state(manager, waiter, state);
}

void warmstart_waiter_claim(struct warmstart_manager *manager, struct waiter *waiter)
{
    warmstart_waiter_take(manager, waiter, WAITER_CLAIMED);
    uint64_t left = WARMSTART_NEVER - manager->now;
    uint64_t lease = manager->options.lease_ns < left ? manager->options.lease_ns : left;
    uint64_t until = manager->now + lease;
    if (waiter->expires_at < until)
        until = waiter->expires_at; /* a claim does not keep it from ending */
    deadline_set_exactly(manager, &waiter->entity, until);
}

void warmstart_waiter_offer(struct warmstart_manager *manager, struct waiter *waiter,
                            struct dispatch *dispatch)
{
    /* Soon it ends, and its controller comes again. */
    controllers_expect(manager, waiter->fingerprint);
    timers_expect(&manager->timers, waiter->entity.timer);
    if (waiter->entity.state == WAITER_CLAIMED) {
        deadline_cancel(manager, &waiter->entity);
        set_state(manager, waiter, WAITER_OFFERED);
    } else {
        warmstart_waiter_take(manager, waiter, WAITER_OFFERED);
    }
    waiter->dispatch = dispatch->entity.slot.number;
    dispatch->waiter = waiter_number(waiter);
    warmstart_event_queue(manager, &waiter->entity, WARMSTART_EVENT_DELIVER);
}

void warmstart_waiter_withdraw(struct warmstart_manager *manager, struct waiter *waiter, uint64_t at)
{
    assert(waiter->entity.state == WAITER_OFFERED);
    event_withdraw(&waiter->entity);
    waiter->dispatch = SLAB_NONE;
    warmstart_waiter_wait(manager, waiter, at);
}

void warmstart_waiter_delivering(struct warmstart_manager *manager, struct waiter *waiter)
{
    assert(waiter->entity.state == WAITER_OFFERED);
    set_state(manager, waiter, WAITER_DELIVERING);
}

struct waiter *warmstart_waiter_successor(const struct warmstart_manager *manager,
                                          const struct waiter *waiter)
{
    if (waiter->entity.state != WAITER_DELIVERING || waiter->newer == SLAB_NONE)
        return NULL;
    return waiter_at(manager, waiter->newer);
}

/* Holds a waiter behind the one that its controller is being written to. */
static void block_behind(struct warmstart_manager *manager, struct waiter *waiter, struct waiter *predecessor)
{
    assert(predecessor->entity.state == WAITER_DELIVERING && predecessor->newer == SLAB_NONE);
    set_state(manager, waiter, WAITER_BLOCKED);
    waiter->older = waiter_number(predecessor);
    predecessor->newer = waiter_number(waiter);
    if (waiter->expires_at != WARMSTART_NEVER)
        deadline_set(manager, &waiter->entity, waiter->expires_at);
}

/* Cuts a blocked waiter loose from its predecessor, which is the controller's newest again. */
static void unblock(struct warmstart_manager *manager, struct waiter *waiter)
{
    struct waiter *predecessor = waiter_at(manager, waiter->older);
    assert(predecessor->newer == waiter_number(waiter));
    predecessor->newer = SLAB_NONE;
    waiter->older = SLAB_NONE;
    warmstart_controllers_remove(manager, waiter);
    warmstart_controllers_add(manager, predecessor);
}

/* The delivery is over: the successor waits like any other. */
static void free_successor(struct warmstart_manager *manager, struct waiter *waiter, uint64_t at)
{
    struct waiter *successor = warmstart_waiter_successor(manager, waiter);
    if (successor == NULL)
        return;
    waiter->newer = SLAB_NONE;
    successor->older = SLAB_NONE;
    deadline_cancel(manager, &successor->entity);
    warmstart_waiter_wait(manager, successor, at);
}

void warmstart_waiter_leave(struct warmstart_manager *manager, struct waiter *waiter,
                            enum warmstart_ending ending, uint64_t at)
{
    switch ((enum waiter_state)waiter->entity.state) {
    case WAITER_WAITING:
        warmstart_queue_remove(manager, waiter);
        break;
    case WAITER_OFFERED:
        event_withdraw(&waiter->entity);
        break;
    case WAITER_DELIVERING:
        free_successor(manager, waiter, at);
        break;
    case WAITER_BLOCKED:
        unblock(manager, waiter);
        break;
    case WAITER_UNMATCHABLE:
    case WAITER_CLAIMED:
        break;
    case WAITER_ENDED:
        assert(false);
        break;
    }
    finish(manager, waiter, ending);
}

void warmstart_waiter_tell(struct warmstart_manager *manager, struct waiter *waiter)
{
    assert(waiter->entity.state == WAITER_ENDED);
    warmstart_event_queue(manager, &waiter->entity, WARMSTART_EVENT_ENDED);
}

void warmstart_waiter_end(struct warmstart_manager *manager, struct waiter *waiter,
                          enum warmstart_ending ending, uint64_t at)
{
    warmstart_waiter_leave(manager, waiter, ending, at);
    warmstart_waiter_tell(manager, waiter);
}

void warmstart_waiter_due(struct warmstart_manager *manager, struct waiter *waiter, uint64_t at)
{
    switch ((enum waiter_state)waiter->entity.state) {
    case WAITER_WAITING:
        warmstart_queue_remove(manager, waiter);
        warmstart_waiter_wait(manager, waiter, at);
        break;
    case WAITER_UNMATCHABLE:
    case WAITER_CLAIMED: /* the lease has run out, or expires_at has come */
        warmstart_waiter_wait(manager, waiter, at);
        break;
    case WAITER_BLOCKED:
        warmstart_waiter_end(manager, waiter, WARMSTART_ENDING_EXPIRED, at);
        break;
    case WAITER_OFFERED:
    case WAITER_DELIVERING:
    case WAITER_ENDED:
        assert(false); /* have no timer */
        break;
    }
}

void warmstart_waiter_reconsider(struct warmstart_manager *manager, struct waiter *waiter, uint64_t at,
                                 uint32_t *list)
{
    if (waiter->entity.state == WAITER_WAITING)
        warmstart_queue_remove(manager, waiter);
    else if (waiter->entity.state != WAITER_UNMATCHABLE)
        return;
    deadline_cancel(manager, &waiter->entity);
    if (begin_to_wait(manager, waiter, at)) {
        waiter->newer = *list;
        *list = waiter_number(waiter);
    }
}

/* ---- Calls ---- */

/* A registration that was checked and for which everything that can fail has been done. */
struct admission {
    const struct warmstart_registration *registration;
    struct field_set *set;
    struct instance *instance;
    uint64_t fingerprint[2];
    struct waiter *older; /* of the same controller; NULL: none */
};

/*
 * A full house has one place more for who replaces an older waiter of the same controller: the older one's
 * slot is free as soon as its ENDED event is pulled.
 */
static uint32_t slots_max(const struct warmstart_manager *manager, const struct waiter *older)
{
    bool replaces = older != NULL && older->entity.state != WAITER_DELIVERING;
    return manager->options.waiters_max + (replaces ? 1 : 0);
}

/* Everything that can fail, undone if the last part does. */
static int admit(struct warmstart_manager *manager, const struct warmstart_registration *registration,
                 struct admission *ret_admission)
{
    struct field_list list;
    int result = warmstart_field_sets_find(&manager->sets, registration->fields, registration->fields_len,
                                           &list, &ret_admission->set);
    if (result < 0)
        return result;
    if (!name_is_valid(manager, registration->controller_id, registration->controller_id_bytes) ||
        !name_is_valid(manager, registration->instance, registration->instance_bytes))
        return WARMSTART_ERR_INVALID;
    warmstart_fingerprint(manager, registration->controller_id, registration->controller_id_bytes,
                          ret_admission->fingerprint);
    if (warmstart_is_retired(manager, ret_admission->fingerprint))
        return WARMSTART_ERR_RETIRED;
    ret_admission->older = registration->controller_id_bytes > 0
                               ? warmstart_controllers_find(manager, ret_admission->fingerprint)
                               : NULL;
    result = entity_reserve(manager, &manager->waiters, slots_max(manager, ret_admission->older));
    if (result < 0)
        return result;
    if (!controllers_reserve(manager, manager->controllers.len + 1))
        return WARMSTART_ERR_MEMORY;
    struct instance *instance = NULL;
    if (registration->instance_bytes > 0) {
        result = warmstart_instance_reference(&manager->instances, registration->instance,
                                              registration->instance_bytes, &instance);
        if (result < 0)
            return result;
    }
    if (ret_admission->set == NULL)
        result = warmstart_field_sets_intern(&manager->sets, &list, &ret_admission->set);
    if (result < 0) {
        warmstart_instance_unreference(&manager->instances, instance);
        return result;
    }
    ret_admission->registration = registration;
    ret_admission->instance = instance;
    return 0;
}

static struct waiter *waiter_new(struct warmstart_manager *manager, const struct admission *admission)
{
    struct waiter *waiter = slab_take(&manager->waiters);
    waiter->fingerprint[0] = admission->fingerprint[0];
    waiter->fingerprint[1] = admission->fingerprint[1];
    waiter->match_until = admission->registration->match_until;
    waiter->expires_at = admission->registration->expires_at;
    waiter->age = manager->next_age++;
    waiter->conn = admission->registration->conn;
    waiter->set = admission->set;
    waiter->instance = admission->instance;
    waiter->older = waiter->newer = waiter->controller_next = SLAB_NONE;
    waiter->entity.event = waiter->entity.flags = waiter->entity.result = 0;
    field_set_reference(&manager->sets, waiter->set);
    if (waiter->set->waiters++ == 0)
        manager->sets.groups++;
    waiter->entity.state = WAITER_UNMATCHABLE; /* for a moment: nowhere yet */
    manager->counters.state[WAITER_UNMATCHABLE]++;
    manager->counters.registered++;
    return waiter;
}

/*
 * Puts the new waiter in the place of the older one of its controller. What the older one has been offered
 * goes on to the next that fits, which may be the new one; behind a payload that may be out already the new
 * one has to stand back.
 */
static void supersede(struct warmstart_manager *manager, struct waiter *older, struct waiter *waiter)
{
    struct dispatch *dispatch = NULL;
    struct waiter *delivering = NULL;
    if (older->entity.state == WAITER_OFFERED)
        dispatch = dispatch_at(manager, older->dispatch);
    if (older->entity.state == WAITER_DELIVERING)
        delivering = older;
    if (older->entity.state == WAITER_BLOCKED)
        delivering = waiter_at(manager, older->older);
    if (older != delivering)
        warmstart_waiter_end(manager, older, WARMSTART_ENDING_SUPERSEDED, manager->now);
    if (delivering != NULL)
        warmstart_controllers_remove(manager, delivering);
    warmstart_controllers_add(manager, waiter);
    if (delivering != NULL)
        block_behind(manager, waiter, delivering);
    else
        warmstart_waiter_wait(manager, waiter, manager->now);
    if (dispatch != NULL)
        warmstart_dispatch_offer_next(manager, dispatch, manager->now);
}

/* The registration as this library knows it. Most callers are of the same version: nothing is copied then. */
static int read_registration(const struct warmstart_registration **registration,
                             struct warmstart_registration *copy)
{
    const struct warmstart_registration *given = *registration;
    if (given == NULL)
        return WARMSTART_ERR_INVALID;
    if (given->size == sizeof(*given))
        return 0;
    warmstart_registration_init(copy);
    *registration = copy;
    return sized_read(copy, sizeof(*copy), given, sizeof(*copy));
}

int warmstart_register(struct warmstart_manager *manager, const struct warmstart_registration *registration,
                       warmstart_waiter_id *ret_waiter, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    if (ret_waiter == NULL)
        return WARMSTART_ERR_INVALID;
    struct warmstart_registration copy;
    int result = read_registration(&registration, &copy);
    if (result < 0)
        return result;
    if (manager->shutdown)
        return WARMSTART_ERR_SHUTDOWN;
    struct admission admission;
    result = admit(manager, registration, &admission);
    if (result < 0)
        return warmstart_manager_refused(manager, result);
    struct waiter *waiter = waiter_new(manager, &admission);
    *ret_waiter = entity_id(&waiter->entity);
    if (admission.older != NULL) {
        supersede(manager, admission.older, waiter);
        return 0;
    }
    if (registration->controller_id_bytes > 0)
        warmstart_controllers_add(manager, waiter);
    warmstart_waiter_wait(manager, waiter, manager->now);
    return 0;
}

/* Ends a waiter that is not being written to. What it has been offered goes on to the next that fits. */
static void end_and_offer_on(struct warmstart_manager *manager, struct waiter *waiter,
                             enum warmstart_ending ending)
{
    struct dispatch *dispatch =
        waiter->entity.state == WAITER_OFFERED ? dispatch_at(manager, waiter->dispatch) : NULL;
    warmstart_waiter_end(manager, waiter, ending, manager->now);
    if (dispatch != NULL)
        warmstart_dispatch_offer_next(manager, dispatch, manager->now);
}

int warmstart_cancel(struct warmstart_manager *manager, warmstart_waiter_id id, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    struct waiter *waiter = warmstart_waiter_find(manager, id);
    if (waiter == NULL || waiter->entity.state == WAITER_ENDED)
        return 0;
    if (waiter->entity.state == WAITER_DELIVERING) {
        warmstart_dispatch_report(manager, waiter, WARMSTART_OUTCOME_UNCERTAIN, manager->now);
        return 1;
    }
    end_and_offer_on(manager, waiter, WARMSTART_ENDING_CANCELLED);
    return 1;
}

int warmstart_retire(struct warmstart_manager *manager, const char *controller_id, size_t controller_id_bytes,
                     uint64_t until, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    if (controller_id_bytes == 0 || !name_is_valid(manager, controller_id, controller_id_bytes))
        return WARMSTART_ERR_INVALID;
    uint64_t fingerprint[2];
    warmstart_fingerprint(manager, controller_id, controller_id_bytes, fingerprint);
    int result = warmstart_retired_set(manager, fingerprint, until);
    if (result < 0)
        return warmstart_manager_refused(manager, result);
    struct waiter *waiter = warmstart_controllers_find(manager, fingerprint);
    if (until <= manager->now || waiter == NULL || waiter->entity.state == WAITER_DELIVERING)
        return 0;
    end_and_offer_on(manager, waiter, WARMSTART_ENDING_RETIRED);
    return 1;
}

int warmstart_release(struct warmstart_manager *manager, warmstart_waiter_id id, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    struct waiter *waiter = warmstart_waiter_find(manager, id);
    if (waiter == NULL || waiter->entity.state != WAITER_CLAIMED)
        return 0;
    deadline_cancel(manager, &waiter->entity);
    warmstart_waiter_wait(manager, waiter, manager->now);
    return 1;
}
