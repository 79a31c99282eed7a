/* SPDX-License-Identifier: MIT */
#include "inside.h"

#include "deadline.h"
#include "manager.h"
#include "queue.h"

/* Ends the function that it stands in with the broken rule. */
#define RULE(holds)                                                                                          \
    do {                                                                                                     \
        if (!(holds))                                                                                        \
            return #holds;                                                                                   \
    } while (0)

/* What was counted on a walk over all slots. */
struct census {
    uint64_t state[WAITER_STATES];
    uint64_t in_table;
    uint64_t on_instances;
    uint64_t timers;
    uint64_t queued;
    uint64_t open;
};

/* ---- Timers ---- */

static const char *check_heap(const struct timers *timers)
{
    RULE(timers->len <= timers->capacity);
    for (uint32_t i = 0; i < timers->len; i++) {
        const struct timers_entry *entry = &timers->entries[i];
        RULE(entry->timer[TIMER_PLACE] == i + 1);
        RULE(i == 0 || timers->entries[(i - 1) / 4].deadline <= entry->deadline);
    }
    return NULL;
}

/* Is there a timer that comes by this moment? */
static bool comes_by(const struct warmstart_manager *manager, const struct entity *entity, uint64_t moment)
{
    const struct timers *timers = &manager->timers;
    uint32_t place = entity->timer[TIMER_PLACE];
    return place > 0 && place <= timers->len && timers->entries[place - 1].timer == entity->timer &&
           timers->entries[place - 1].deadline <= moment;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- Waiters ---- */

static const char *check_queue_of(const struct warmstart_manager *manager, const struct field_set *set)
{
    uint32_t len = 0, older = SLAB_NONE;
    for (uint32_t at = set->oldest; at != SLAB_NONE; at = waiter_at(manager, at)->newer) {
        const struct waiter *waiter = waiter_at(manager, at);
        RULE(slab_is_taken(waiter) && waiter->entity.state == WAITER_WAITING && waiter->set == set);
        RULE(waiter->older == older);
        RULE(older == SLAB_NONE || waiter_at(manager, older)->age < waiter->age);
        RULE(waiter->match_until > manager->now);
        older = at;
        RULE(++len <= set->waiting);
    }
    RULE(set->newest == older && len == set->waiting);
    return NULL;
}

static const char *check_delivery(const struct warmstart_manager *manager, const struct waiter *waiter)
{
    const struct dispatch *dispatch = dispatch_at(manager, waiter->dispatch);
    RULE(slab_is_taken(dispatch) && dispatch->entity.result == 0);
    RULE(dispatch->waiter == waiter_number(waiter));
    RULE(waiter->entity.state != WAITER_OFFERED || waiter->entity.event == WARMSTART_EVENT_DELIVER);
    if (waiter->entity.state == WAITER_OFFERED || waiter->newer == SLAB_NONE)
        return NULL;
    const struct waiter *successor = waiter_at(manager, waiter->newer);
    RULE(slab_is_taken(successor) && successor->entity.state == WAITER_BLOCKED);
    RULE(successor->older == waiter_number(waiter));
    return NULL;
}

static const char *check_waiter(const struct warmstart_manager *manager, const struct waiter *waiter,
                                struct census *census)
{
    enum waiter_state state = (enum waiter_state)waiter->entity.state;
    bool timed = deadline_is_set(&waiter->entity);
    RULE(waiter->entity.state < WAITER_STATES);
    census->state[state]++;
    census->in_table += (waiter->entity.flags & WAITER_IN_TABLE) != 0;
    census->timers += timed;
    RULE(!timed || comes_by(manager, &waiter->entity,
                            state == WAITER_WAITING ? earlier(waiter->match_until, waiter->expires_at)
                                                    : waiter->expires_at));
    RULE((state == WAITER_ENDED) == (waiter->entity.result != 0));
    if (state == WAITER_ENDED) {
        RULE(waiter->set == NULL && waiter->instance == NULL && !timed);
        RULE(waiter->entity.event == WARMSTART_EVENT_ENDED && !(waiter->entity.flags & WAITER_IN_TABLE));
        return NULL;
    }
    census->on_instances += waiter->instance != NULL;
    RULE(waiter->set != NULL && waiter->set->references > 0);
    RULE(state == WAITER_OFFERED || waiter->entity.event == 0);
    RULE(state != WAITER_WAITING || !instance_is_cordoned(waiter->instance));
    RULE(timed || (state != WAITER_CLAIMED && (waiter->expires_at == WARMSTART_NEVER ||
                                               state == WAITER_OFFERED || state == WAITER_DELIVERING)));
    if (state == WAITER_OFFERED || state == WAITER_DELIVERING) {
        RULE(!timed);
        return check_delivery(manager, waiter);
    }
    RULE(state != WAITER_BLOCKED || waiter_at(manager, waiter->older)->newer == waiter_number(waiter));
    return NULL;
}

/* ---- Dispatches ---- */

static const char *check_dispatch(const struct warmstart_manager *manager, const struct dispatch *dispatch,
                                  struct census *census)
{
    bool timed = deadline_is_set(&dispatch->entity);
    census->timers += timed;
    RULE(dispatch->entity.flags & ENTITY_IS_DISPATCH);
    if (dispatch->entity.result != 0) {
        RULE(!timed && dispatch->entity.event == WARMSTART_EVENT_SETTLED);
        return NULL;
    }
    census->open++;
    RULE(timed == (dispatch->deadline != WARMSTART_NEVER));
    RULE(!timed || comes_by(manager, &dispatch->entity, dispatch->deadline));
    RULE(dispatch->attempts <= dispatch->attempts_max);
    const struct waiter *waiter = waiter_at(manager, dispatch->waiter);
    RULE(slab_is_taken(waiter) && waiter->dispatch == dispatch->entity.slot.number);
    RULE(waiter->entity.state == WAITER_OFFERED || waiter->entity.state == WAITER_DELIVERING);
    return NULL;
}

/* ---- All together ---- */

static const char *check_events(const struct warmstart_manager *manager, struct census *census)
{
    uint32_t last = SLAB_NONE;
    uint64_t all = manager->waiters.used + manager->dispatches.used;
    for (uint32_t at = manager->event_first; at != SLAB_NONE; at = entity_at(manager, at)->event_next) {
        const struct entity *entity = entity_at(manager, at);
        RULE(slab_is_taken(entity) && (entity->flags & ENTITY_EVENT_QUEUED));
        RULE(++census->queued <= all);
        last = at;
    }
    RULE(manager->event_last == last);
    return NULL;
}

/* Is the set in the index under its number, with its terms and the rank of its first waiter? */
static const char *check_index_of(const struct warmstart_manager *manager, const struct field_set *set)
{
    const struct index *index = &manager->sets.index;
    RULE(set->number / INDEX_BLOCK < index->blocks_len);
    const struct index_block *block = &index->blocks[set->number / INDEX_BLOCK];
    uint32_t place = set->number % INDEX_BLOCK;
    RULE((block->taken >> place & 1) && block->in->sets[place] == set);
    RULE(block->in->ranks[place] <= block->best);
    const struct waiter *next = queue_next(manager, set);
    bool oldest = manager->options.order == WARMSTART_OLDEST_FIRST;
    uint64_t rank = next == NULL ? 0 : oldest ? UINT64_MAX - next->age : next->age + 1;
    RULE(block->in->ranks[place] == rank);
    for (uint32_t i = 0; i < set->fields_len; i++) {
        RULE(warmstart_term_has(set->terms[i], index_posted(index, set->number)));
        RULE(set->terms[i]->references > 0);
    }
    return NULL;
}

/* Terms have the references that sets have to them, and no empty words. */
static const char *check_terms(const struct terms *terms, uint64_t references)
{
    for (uint32_t i = 0; i < terms->table.capacity; i++) {
        const struct term *term = terms->table.entries[i].item;
        if (term == NULL)
            continue;
        references -= term->references;
        RULE(term->postings_len > 0 && term->postings_len <= term->postings_capacity);
        for (uint32_t at = 0; at < term->postings_len; at++) {
            RULE(term->postings[at].bits != 0);
            RULE(at == 0 || term->postings[at - 1].block < term->postings[at].block);
        }
    }
    RULE(references == 0);
    return NULL;
}

static const char *check_sets(const struct warmstart_manager *manager)
{
    const struct field_sets *sets = &manager->sets;
    uint32_t found = 0, idle = 0, groups = 0;
    uint64_t fields = 0;
    bool has_last = sets->last == NULL;
    for (uint32_t i = 0; i < sets->table.capacity; i++) {
        const struct field_set *set = sets->table.entries[i].item;
        if (set == NULL)
            continue;
        found++;
        has_last = has_last || set == sets->last;
        idle += set->references == 0;
        groups += set->waiters > 0;
        RULE(set->waiting <= set->waiters && set->waiters <= set->references);
        fields += set->fields_len;
        const char *rule = check_queue_of(manager, set);
        if (rule == NULL)
            rule = check_index_of(manager, set);
        if (rule != NULL)
            return rule;
    }
    RULE(found == sets->table.len && found <= sets->max);
    RULE(has_last);
    RULE(idle == sets->idle_len && idle <= sets->idle_max + 1);
    RULE(groups == sets->groups);
    return check_terms(&sets->index.terms, fields);
}

static const char *check_instances(const struct warmstart_manager *manager, const struct census *census)
{
    const struct instances *instances = &manager->instances;
    uint64_t found = 0, references = 0, cordoned = 0;
    for (uint32_t i = 0; i < instances->table.capacity; i++) {
        const struct instance *instance = instances->table.entries[i].item;
        if (instance == NULL)
            continue;
        found++;
        references += instance->references;
        cordoned += instance_is_cordoned(instance);
        RULE(instance->references > 0);
    }
    RULE(found == instances->table.len && found <= instances->max);
    RULE(cordoned == instances->cordons.len);
    RULE(references == census->on_instances + cordoned);
    return NULL;
}

static const char *check_counts(const struct warmstart_manager *manager, const struct census *census)
{
    uint64_t taken = 0;
    for (int state = 0; state < WAITER_STATES; state++) {
        RULE(manager->counters.state[state] == census->state[state]);
        taken += census->state[state];
    }
    RULE(taken == manager->waiters.used);
    RULE(census->open == manager->counters.dispatches);
    RULE(census->in_table == manager->controllers.len);
    RULE(census->timers == manager->timed && manager->timed <= manager->timers.len);
    RULE(manager->timers.capacity >= slab_len(&manager->waiters) + slab_len(&manager->dispatches));
    RULE(manager->retired.table.len <= manager->options.retired_max);
    return NULL;
}

const char *inside_check(const struct warmstart_manager *manager)
{
    struct census census = {0};
    const char *rule = NULL;
    for (uint32_t i = 0; i < slab_len(&manager->waiters) && rule == NULL; i++)
        if (slab_is_taken(waiter_at(manager, i)))
            rule = check_waiter(manager, waiter_at(manager, i), &census);
    for (uint32_t i = 0; i < slab_len(&manager->dispatches) && rule == NULL; i++)
        if (slab_is_taken(dispatch_at(manager, i)))
            rule = check_dispatch(manager, dispatch_at(manager, i), &census);
    if (rule == NULL)
        rule = check_heap(&manager->timers);
    if (rule == NULL)
        rule = check_heap(&manager->instances.cordons);
    if (rule == NULL)
        rule = check_events(manager, &census);
    if (rule == NULL)
        rule = check_sets(manager);
    if (rule == NULL)
        rule = check_instances(manager, &census);
    if (rule == NULL)
        rule = check_counts(manager, &census);
    return rule;
}

void inside_make_old(struct warmstart_manager *manager)
{
    manager->timers.next_sequence = manager->instances.cordons.next_sequence = UINT32_MAX - 200;
}
