/* SPDX-License-Identifier: MIT */
/*
 * What a manager is made of, and the rules that hold between its calls:
 *
 *   - A waiter is in exactly one state. Only WAITING ones are in their set's queue, sorted by age.
 *   - Each field set has a number in the index, which is in the postings of each of its terms and of no
 *     other, and the rank of the waiter that is to be taken first from its queue, or 0.
 *   - OFFERED and DELIVERING waiters belong to exactly one dispatch, and an unsettled dispatch to exactly
 *     one of them.
 *   - A BLOCKED waiter stands behind one DELIVERING waiter of the same controller; that one knows it as its
 *     successor.
 *   - The controllers table leads to the newest waiter of each controller that has not ended.
 *   - An ENDED waiter and a settled dispatch keep their slot until that event is pulled, and nothing else.
 *   - Each slot of waiters and dispatches has room for a timer: setting one cannot fail. A timer never comes
 *     after the deadline of what is in its slot, but it may come before, or to no purpose.
 */
#ifndef WARMSTART_LIB_MANAGER_H
#define WARMSTART_LIB_MANAGER_H

#include "field_set.h"
#include "instance.h"
#include "slab.h"
#include "timers.h"

enum {
    ENTITY_IS_DISPATCH = 1,   /* a dispatch, not a waiter */
    ENTITY_EVENT_QUEUED = 16, /* in the queue of events */
    WAITER_IN_TABLE = 2,      /* in the controllers table */
    DISPATCH_UNCERTAIN = 4,   /* a waiter that was tried before may have the payload */
    DISPATCH_RETRIES = 8,     /* retry_uncertain */
    DISPATCH_SINGLE = 32,     /* for one claimed waiter and no other */
    DISPATCH_SUBSET = 64,     /* its set's fields need only be among those of a waiter that fits */
    ENTITY_TIMED = 128,       /* has a deadline */
};

/*
 * What waiters and dispatches have in common: a slot, a timer, one place in the queue of events. Packed:
 * there may be a million of them.
 */
struct entity {
    struct slab_slot slot;
    uint32_t timer[TIMER_WORDS]; /* stays set when the slot is free */
    uint32_t timer_order;        /* deadline set: its place among equal ones */
    uint32_t event_next;         /* reference of the next one in the queue of events */
    uint8_t event;  /* enum warmstart_event_type that is pending; 0: none, though it may be queued */
    uint8_t flags;  /* of the list above */
    uint8_t state;  /* waiter: enum waiter_state; dispatch: unused */
    uint8_t result; /* waiter: enum warmstart_ending; dispatch: enum warmstart_outcome; 0: not over */
};

enum waiter_state {
    WAITER_WAITING = 0,     /* in the queue of its set */
    WAITER_UNMATCHABLE = 1, /* past match_until */
    WAITER_CLAIMED = 2,     /* by warmstart_match() */
    WAITER_OFFERED = 3,     /* its DELIVER event is pending: everything can still be undone */
    WAITER_DELIVERING = 4,  /* its DELIVER event was pulled: the payload may be out */
    WAITER_BLOCKED = 5,     /* behind a delivery to the same controller */
    WAITER_ENDED = 6,       /* its ENDED event is pending */
};
enum { WAITER_STATES = 7 };

/* What is looked at in the neighbours of a queue comes first, and close together. */
struct waiter {
    struct entity entity;
    union {
        uint32_t older;    /* WAITING: neighbour in the queue. BLOCKED: the predecessor */
        uint32_t dispatch; /* OFFERED, DELIVERING: whose payload */
    };
    uint32_t newer;           /* WAITING: neighbour in the queue. DELIVERING: the successor, or SLAB_NONE */
    uint32_t controller_next; /* next waiter of its bucket in the controllers table */
    uint64_t fingerprint[2];  /* of its controller id; 0 0: nobody in particular */
    uint64_t match_until;
    uint64_t expires_at;
    uint64_t age; /* number of the registration: smaller is older */
    void *conn;
    struct field_set *set;
    struct instance *instance;
};

struct dispatch {
    struct entity entity;
    uint32_t waiter; /* not settled: who has it now; settled: who was written to, or SLAB_NONE */
    uint32_t attempts;
    uint32_t attempts_max;
    const void *payload;
    size_t payload_bytes;
    void *origin;
    uint64_t deadline;
    struct field_set *set; /* what it asks for, unless it is settled */
};

struct controllers {
    struct memory *memory;
    uint32_t *buckets; /* slot numbers of waiters, chained by controller_next */
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t len;
};

/* A controller that may not come back for a while. */
struct retirement {
    uint64_t fingerprint[2];
    uint64_t until;
};

struct retired {
    struct memory *memory;
    struct table table; /* of struct retirement by the first word of the fingerprint */
};

struct counters {
    uint64_t state[WAITER_STATES];
    uint64_t dispatches;
    uint64_t registered;
    uint64_t ended[WARMSTART_ENDINGS];
    uint64_t matched;
    uint64_t no_match;
    uint64_t attempts;
    uint64_t settled[WARMSTART_OUTCOMES];
    uint64_t limit;
};

struct warmstart_manager {
    struct memory memory;
    struct warmstart_options options;
    struct slab waiters;
    struct slab dispatches;
    struct timers timers;
    uint32_t timed; /* how many have a deadline */
    struct field_sets sets;
    struct instances instances;
    struct controllers controllers;
    struct retired retired;
    uint32_t event_first; /* references, or SLAB_NONE */
    uint32_t event_last;
    uint64_t now;
    uint64_t next_age;
    struct counters counters;
    bool shutdown;
};

/* ---- Small things that several files need ---- */

static inline struct waiter *waiter_at(const struct warmstart_manager *manager, uint32_t number)
{
    return slab_at(&manager->waiters, number);
}

static inline struct dispatch *dispatch_at(const struct warmstart_manager *manager, uint32_t number)
{
    return slab_at(&manager->dispatches, number);
}

static inline uint32_t waiter_number(const struct waiter *waiter)
{
    return waiter->entity.slot.number;
}

/* Kind and slot number in one word: the lower half of an id, and the links of the queue of events. */
static inline uint32_t entity_reference(const struct entity *entity)
{
    return (uint32_t)(entity->flags & ENTITY_IS_DISPATCH) << 31 | entity->slot.number;
}

static inline struct entity *entity_at(const struct warmstart_manager *manager, uint32_t reference)
{
    const struct slab *slab = reference >> 31 == 0 ? &manager->waiters : &manager->dispatches;
    return slab_at(slab, reference & ~(UINT32_C(1) << 31));
}

/* How often the slot was used in the upper half, the reference in the lower one. */
static inline uint64_t entity_id(const struct entity *entity)
{
    return (uint64_t)entity->slot.use << 32 | entity_reference(entity);
}

/* The waiter or dispatch of an id; NULL: it is gone, of another kind, or was never given out. */
struct waiter *warmstart_waiter_find(const struct warmstart_manager *manager, warmstart_waiter_id id);
struct dispatch *warmstart_dispatch_find(const struct warmstart_manager *manager, warmstart_dispatch_id id);

/* The keyed fingerprint of a controller id; 0 0 for an empty one. */
void warmstart_fingerprint(const struct warmstart_manager *manager, const char *controller_id,
                           size_t controller_id_bytes, uint64_t ret_fingerprint[2]);

/* Is this what a controller id or an instance may be? An empty one is fine. */
static inline bool name_is_valid(const struct warmstart_manager *manager, const char *name, size_t name_bytes)
{
    return (name != NULL || name_bytes == 0) && name_bytes <= manager->options.value_bytes_max;
}

/* Makes room for so many slots in all and their timers. False: out of memory, nothing changed. */
bool warmstart_slots_reserve(struct warmstart_manager *manager, struct slab *slab, uint32_t slots);

/* Makes room for one more. 0; WARMSTART_ERR_LIMIT: slots_max are taken; WARMSTART_ERR_MEMORY. */
static inline int entity_reserve(struct warmstart_manager *manager, struct slab *slab, uint32_t slots_max)
{
    if (slab->used >= slots_max)
        return WARMSTART_ERR_LIMIT;
    bool room = slab->free != SLAB_NONE || warmstart_slots_reserve(manager, slab, slab->used + 1);
    return room ? 0 : WARMSTART_ERR_MEMORY;
}

/* Acts on all deadlines up to the manager's time. */
void warmstart_manager_fall_due(struct warmstart_manager *manager);

/* Moves the time forward, never backwards, and lets deadlines fall due. */
static inline void manager_advance(struct warmstart_manager *manager, uint64_t now)
{
    if (now > manager->now)
        manager->now = now;
    if (timers_next(&manager->timers) <= manager->now ||
        timers_next(&manager->instances.cordons) <= manager->now)
        warmstart_manager_fall_due(manager);
}

/* Counts a refusal for a limit, and logs it. Returns its argument. */
int warmstart_manager_refused(struct warmstart_manager *manager, int error);

#endif
