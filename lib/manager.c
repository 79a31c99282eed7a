/* SPDX-License-Identifier: MIT */
#include "manager.h"

#include "controllers.h"
#include "cordon.h"
#include "deadline.h"
#include "dispatch.h"
#include "event.h"
#include "retired.h"
#include "sized.h"
#include "waiter.h"

#include <string.h>

/* Slot numbers have 31 bits in an id; this is far below, and far above what one process can hold. */
enum { SLOTS_MAX = 16777216 };

/* ---- Making and freeing ---- */

static bool options_are_valid(const struct warmstart_options *options)
{
    bool order = options->order == WARMSTART_NEWEST_FIRST || options->order == WARMSTART_OLDEST_FIRST;
    bool slots = options->waiters_max > 0 && options->waiters_max <= SLOTS_MAX &&
                 options->waiters_reserved <= options->waiters_max && options->dispatches_max > 0 &&
                 options->dispatches_max <= SLOTS_MAX;
    bool tables = options->field_sets_max > 0 && options->field_sets_max <= SLOTS_MAX &&
                  options->instances_max > 0 && options->instances_max <= SLOTS_MAX;
    bool fields = options->fields_max > 0 && options->fields_max <= WARMSTART_FIELDS_MAX &&
                  options->name_bytes_max > 0 && options->name_bytes_max <= SLOTS_MAX &&
                  options->value_bytes_max > 0 && options->value_bytes_max <= SLOTS_MAX;
    bool retired = options->retired_max > 0 && options->retired_max <= SLOTS_MAX && options->reserved == 0;
    return order && slots && tables && fields && retired && options->lease_ns > 0;
}

static int read_options(struct warmstart_options *options, const struct warmstart_options *given)
{
    warmstart_options_init(options);
    int result = sized_read(options, sizeof(*options), given, sizeof(*options));
    if (result < 0)
        return result;
    return options_are_valid(options) ? 0 : WARMSTART_ERR_INVALID;
}

/* The manager is memory like any other, but allocated before there is a count of it. */
static struct warmstart_manager *allocate(const struct warmstart_options *options)
{
    struct memory memory;
    warmstart_memory_init(&memory, &options->allocator);
    struct warmstart_manager *manager = warmstart_memory_resize(&memory, NULL, 0, sizeof(*manager));
    if (manager == NULL)
        return NULL;
    *manager = (struct warmstart_manager){
        .memory = memory, .options = *options, .event_first = SLAB_NONE, .event_last = SLAB_NONE};
    warmstart_slab_init(&manager->waiters, &manager->memory, sizeof(struct waiter));
    warmstart_slab_init(&manager->dispatches, &manager->memory, sizeof(struct dispatch));
    warmstart_timers_init(&manager->timers, &manager->memory);
    warmstart_field_sets_init(&manager->sets, &manager->memory, options);
    warmstart_instances_init(&manager->instances, &manager->memory, &manager->sets.key,
                             options->instances_max);
    warmstart_controllers_init(&manager->controllers, &manager->memory);
    warmstart_retired_init(&manager->retired, &manager->memory);
    return manager;
}

int warmstart_manager_new(const struct warmstart_options *given, struct warmstart_manager **ret_manager)
{
    if (ret_manager == NULL)
        return WARMSTART_ERR_INVALID;
    struct warmstart_options options;
    int result = read_options(&options, given);
    if (result < 0)
        return result;
    struct warmstart_manager *manager = allocate(&options);
    if (manager == NULL)
        return WARMSTART_ERR_MEMORY;
    if (!warmstart_slots_reserve(manager, &manager->waiters, options.waiters_reserved) ||
        !controllers_reserve(manager, options.waiters_reserved)) {
        warmstart_manager_free(manager);
        return WARMSTART_ERR_MEMORY;
    }
    *ret_manager = manager;
    return 0;
}

void warmstart_manager_free(struct warmstart_manager *manager)
{
    if (manager == NULL)
        return;
    warmstart_retired_deinit(&manager->retired);
    warmstart_controllers_deinit(&manager->controllers);
    warmstart_instances_deinit(&manager->instances);
    warmstart_field_sets_deinit(&manager->sets);
    warmstart_timers_deinit(&manager->timers);
    warmstart_slab_deinit(&manager->dispatches);
    warmstart_slab_deinit(&manager->waiters);
    struct memory memory = manager->memory;
    warmstart_memory_free(&memory, manager, sizeof(*manager));
}

/* ---- Slots ---- */

bool warmstart_slots_reserve(struct warmstart_manager *manager, struct slab *slab, uint32_t slots)
{
    uint32_t others = slab_len(&manager->waiters) + slab_len(&manager->dispatches) - slab_len(slab);
    return warmstart_timers_reserve(&manager->timers, others + slab_len_for(slots)) &&
           warmstart_slab_reserve(slab, slots);
}

static struct entity *entity_find(const struct slab *slab, uint64_t id)
{
    uint32_t number = (uint32_t)id & ~(UINT32_C(1) << 31);
    if (number >= slab_len(slab))
        return NULL;
    struct entity *entity = slab_at(slab, number);
    bool same = slab_is_taken(entity) && entity->slot.use == (uint32_t)(id >> 32);
    return same ? entity : NULL;
}

struct waiter *warmstart_waiter_find(const struct warmstart_manager *manager, warmstart_waiter_id id)
{
    bool dispatch = id >> 31 & 1;
    return dispatch ? NULL : (struct waiter *)entity_find(&manager->waiters, id);
}

struct dispatch *warmstart_dispatch_find(const struct warmstart_manager *manager, warmstart_dispatch_id id)
{
    bool dispatch = id >> 31 & 1;
    return dispatch ? (struct dispatch *)entity_find(&manager->dispatches, id) : NULL;
}

/* ---- Names ---- */

void warmstart_fingerprint(const struct warmstart_manager *manager, const char *controller_id,
                           size_t controller_id_bytes, uint64_t ret_fingerprint[2])
{
    ret_fingerprint[0] = ret_fingerprint[1] = 0;
    if (controller_id_bytes == 0)
        return;
    warmstart_hash_wide(&manager->sets.key, controller_id, controller_id_bytes, ret_fingerprint);
    ret_fingerprint[1] |= 1; /* never 0 0, which stands for nobody */
}

/* ---- Log ---- */

static void log_debug(const struct warmstart_manager *manager, const char *event,
                      const struct warmstart_log_field *field)
{
    const struct warmstart_logger *logger = manager->options.logger;
    if (logger != NULL && logger->level >= WARMSTART_LOG_DEBUG && logger->write != NULL)
        logger->write(logger->user, WARMSTART_LOG_DEBUG, event, field, 1);
}

int warmstart_manager_refused(struct warmstart_manager *manager, int error)
{
    if (error == WARMSTART_ERR_LIMIT)
        manager->counters.limit++;
    const char *name = warmstart_error_name(error);
    struct warmstart_log_field reason = {.name = "reason", .text = name, .text_bytes = strlen(name)};
    log_debug(manager, "refused", &reason);
    return error;
}

static void log_overdue(const struct warmstart_manager *manager, const struct entity *entity, uint64_t at)
{
    const char *event = NULL;
    if (entity->flags & ENTITY_IS_DISPATCH)
        event = "dispatch_deadline";
    else if (entity->state == WAITER_CLAIMED && ((const struct waiter *)entity)->expires_at > at)
        event = "lease_ran_out";
    struct warmstart_log_field id = {.name = "id", .number = (int64_t)entity_id(entity)};
    if (event != NULL)
        log_debug(manager, event, &id);
}

/* ---- Time ---- */

/*
 * Each deadline is acted on as of its own moment, so that the outcome does not depend on how often this is
 * called. What one of them sets anew lies later, so this ends.
 */
void warmstart_manager_fall_due(struct warmstart_manager *manager)
{
    for (;;) {
        uint64_t at = warmstart_deadline_first(manager, manager->now);
        /* A cordon that ends at the same moment as something else ends first. */
        if (timers_next(&manager->instances.cordons) <= at && warmstart_cordon_due(manager))
            continue;
        if (at > manager->now || at == WARMSTART_NEVER)
            return;
        struct entity *entity = warmstart_deadline_take(manager);
        log_overdue(manager, entity, at);
        if (entity->flags & ENTITY_IS_DISPATCH)
            warmstart_dispatch_stop(manager, (struct dispatch *)entity, WARMSTART_OUTCOME_TIMEOUT, at);
        else
            warmstart_waiter_due(manager, (struct waiter *)entity, at);
    }
}

int warmstart_advance(struct warmstart_manager *manager, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    return 0;
}

uint64_t warmstart_next_deadline(const struct warmstart_manager *manager)
{
    if (manager == NULL)
        return WARMSTART_NEVER;
    /* Nothing that a caller can see changes: timers that come too early are corrected. */
    uint64_t timer = warmstart_deadline_next((struct warmstart_manager *)manager);
    uint64_t cordon = timers_next(&manager->instances.cordons);
    return cordon < timer ? cordon : timer;
}

/* ---- Shutdown ---- */

static void shut_down_waiter(struct warmstart_manager *manager, struct waiter *waiter)
{
    switch ((enum waiter_state)waiter->entity.state) {
    case WAITER_OFFERED:
        warmstart_dispatch_stop(manager, dispatch_at(manager, waiter->dispatch), WARMSTART_OUTCOME_SHUTDOWN,
                                manager->now);
        break;
    case WAITER_WAITING:
    case WAITER_UNMATCHABLE:
    case WAITER_CLAIMED:
    case WAITER_BLOCKED:
        break;
    case WAITER_DELIVERING:
    case WAITER_ENDED:
        return;
    }
    if (waiter->entity.state != WAITER_ENDED)
        warmstart_waiter_end(manager, waiter, WARMSTART_ENDING_SHUTDOWN, manager->now);
}

int warmstart_manager_shutdown(struct warmstart_manager *manager, uint64_t now)
{
    if (manager == NULL)
        return WARMSTART_ERR_INVALID;
    manager_advance(manager, now);
    if (manager->shutdown)
        return 0;
    manager->shutdown = true;
    for (uint32_t number = 0; number < slab_len(&manager->waiters); number++) {
        struct waiter *waiter = waiter_at(manager, number);
        if (slab_is_taken(waiter))
            shut_down_waiter(manager, waiter);
    }
    return 0;
}

/* ---- Statistics ---- */

int warmstart_get_stats(const struct warmstart_manager *manager, struct warmstart_stats *stats)
{
    if (manager == NULL || stats == NULL || stats->size < sizeof(stats->size))
        return WARMSTART_ERR_INVALID;
    const struct counters *counters = &manager->counters;
    struct warmstart_stats all = {
        .size = stats->size,
        .waiters_waiting = counters->state[WAITER_WAITING],
        .waiters_unmatchable = counters->state[WAITER_UNMATCHABLE],
        .waiters_claimed = counters->state[WAITER_CLAIMED],
        .waiters_delivering = counters->state[WAITER_OFFERED] + counters->state[WAITER_DELIVERING],
        .waiters_blocked = counters->state[WAITER_BLOCKED],
        .groups = manager->sets.groups,
        .field_sets = manager->sets.table.len,
        .instances = manager->instances.table.len,
        .dispatches = counters->dispatches,
        .memory_bytes = manager->memory.bytes,
        .registered_total = counters->registered,
        .matched_total = counters->matched,
        .no_match_total = counters->no_match,
        .attempts_total = counters->attempts,
        .limit_total = counters->limit,
    };
    all.waiters = all.waiters_waiting + all.waiters_unmatchable + all.waiters_claimed +
                  all.waiters_delivering + all.waiters_blocked;
    memcpy(all.ended_total, counters->ended, sizeof(all.ended_total));
    memcpy(all.settled_total, counters->settled, sizeof(all.settled_total));
    sized_write(stats, stats->size, &all, sizeof(all));
    return 0;
}
