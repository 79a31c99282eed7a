/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model *model, const struct warmstart_options *options)
{
    size_t from = offsetof(struct model, now), to = offsetof(struct model, waiters);
    memset((char *)model + from, 0, to - from); /* the lists are empty */
    assert(options->waiters_max < MODEL_WAITERS_MAX && options->dispatches_max <= MODEL_DISPATCHES_MAX);
    model->options = *options;
    model->stats.size = sizeof(model->stats);
}

/* ---- Looking ---- */

struct model_waiter *model_waiter(struct model *model, uint64_t id)
{
    for (int i = 0; i < model->waiters_len; i++)
        if (model->waiters[i].id == id)
            return &model->waiters[i];
    return NULL;
}

struct model_dispatch *model_dispatch(struct model *model, uint64_t id)
{
    for (int i = 0; i < model->dispatches_len; i++)
        if (model->dispatches[i].id == id)
            return &model->dispatches[i];
    return NULL;
}

bool model_answers(const struct model *model, int set, struct model_query query)
{
    if (query.how == WARMSTART_MATCH_EXACT)
        return query.set == set;
    return model->fits(model->user, query.set, set) &&
           !(model->fault == MODEL_FAULT_SUBSET && query.set == set);
}

bool model_is_fit(const struct model *model, const struct model_waiter *waiter, struct model_query query)
{
    return waiter->state == MODEL_WAITING && model_answers(model, waiter->set, query);
}

const struct model_waiter *model_fit(const struct model *model, struct model_query query)
{
    bool newest = model->options.order == WARMSTART_NEWEST_FIRST;
    const struct model_waiter *found = NULL;
    for (int i = 0; i < model->waiters_len; i++) {
        const struct model_waiter *waiter = &model->waiters[i];
        if (model_is_fit(model, waiter, query) && (found == NULL || (waiter->age > found->age) == newest))
            found = waiter;
    }
    return found;
}

size_t model_count(const struct model *model, struct model_query query)
{
    size_t count = 0;
    for (int i = 0; i < model->waiters_len; i++)
        count += model_is_fit(model, &model->waiters[i], query);
    return count;
}

/* The newest waiter of a controller that has not ended, in this state or in any (-1). */
static struct model_waiter *self(struct model *model, int controller, int state)
{
    struct model_waiter *found = NULL;
    for (int i = 0; i < model->waiters_len && controller != 0; i++) {
        struct model_waiter *waiter = &model->waiters[i];
        if (waiter->controller == controller && waiter->state != MODEL_OVER &&
            (state < 0 || (int)waiter->state == state) && (found == NULL || waiter->age > found->age))
            found = waiter;
    }
    return found;
}

static const struct model_until *find(const struct model_until *list, int len, int name)
{
    for (int i = 0; i < len; i++)
        if (list[i].name == name)
            return &list[i];
    return NULL;
}

static bool is_cordoned(const struct model *model, int instance)
{
    return instance != 0 && find(model->cordons, model->cordons_len, instance) != NULL;
}

static bool is_retired(const struct model *model, int controller)
{
    const struct model_until *retired = find(model->retired, model->retired_len, controller);
    uint64_t more = model->fault == MODEL_FAULT_RETIRED;
    return controller != 0 && retired != NULL && retired->until > model->now - more;
}

/* ---- Events ---- */

static struct model_place *place_at(struct model *model, int i)
{
    int room = MODEL_WAITERS_MAX + MODEL_DISPATCHES_MAX;
    return &model->places[(model->places_first + i) % room];
}

static void queue(struct model *model, uint64_t id, bool is_dispatch, enum warmstart_event_type event)
{
    for (int i = 0; i < model->places_len; i++) {
        struct model_place *place = place_at(model, i);
        if (place->id == id && place->is_dispatch == is_dispatch) {
            assert(place->event == 0);
            place->event = (int)event;
            return;
        }
    }
    *place_at(model, model->places_len++) = (struct model_place){id, is_dispatch, (int)event};
}

/* Takes the DELIVER of a waiter back. */
static void take_back(struct model *model, const struct model_waiter *waiter)
{
    for (int i = 0; i < model->places_len; i++)
        if (place_at(model, i)->id == waiter->id && !place_at(model, i)->is_dispatch)
            place_at(model, i)->event = 0;
}

/* ---- Steps of a waiter ---- */

static void set_due(struct model *model, struct model_waiter *waiter, uint64_t due)
{
    waiter->due = due;
    waiter->due_order = model->next_order++;
}

static void tell(struct model *model, struct model_waiter *waiter)
{
    queue(model, waiter->id, false, WARMSTART_EVENT_ENDED);
}

static void finish(struct model *model, struct model_waiter *waiter, enum warmstart_ending ending)
{
    waiter->state = MODEL_OVER;
    waiter->due = WARMSTART_NEVER;
    waiter->ending = ending;
    model->stats.ended_total[ending]++;
}

/* The waiter waits (again) as of the moment `at`. */
static void wait(struct model *model, struct model_waiter *waiter, uint64_t at)
{
    if (at >= waiter->expires_at) {
        finish(model, waiter, WARMSTART_ENDING_EXPIRED);
        tell(model, waiter);
        return;
    }
    bool matched = at < waiter->match_until && !is_cordoned(model, waiter->instance);
    waiter->state = matched ? MODEL_WAITING : MODEL_LATE;
    bool sooner = matched && waiter->match_until < waiter->expires_at;
    set_due(model, waiter, sooner ? waiter->match_until : waiter->expires_at);
}

/* Ends a waiter, but for the event; who is blocked behind it waits from now on. */
static void leave(struct model *model, struct model_waiter *waiter, enum warmstart_ending ending, uint64_t at)
{
    struct model_waiter *blocked =
        waiter->state == MODEL_WRITING ? self(model, waiter->controller, MODEL_BLOCKED) : NULL;
    if (blocked != NULL)
        wait(model, blocked, at);
    if (waiter->state == MODEL_MEANT)
        take_back(model, waiter);
    finish(model, waiter, ending);
}

static void end(struct model *model, struct model_waiter *waiter, enum warmstart_ending ending, uint64_t at)
{
    leave(model, waiter, ending, at);
    tell(model, waiter);
}

/* ---- Steps of a dispatch ---- */

static void mean(struct model *model, struct model_dispatch *dispatch, struct model_waiter *waiter)
{
    dispatch->waiter = waiter->id;
    waiter->state = MODEL_MEANT;
    waiter->due = WARMSTART_NEVER;
    waiter->dispatch = dispatch->id;
    queue(model, waiter->id, false, WARMSTART_EVENT_DELIVER);
}

/* What was uncertain once stays so, unless it was delivered. */
static void settle(struct model *model, struct model_dispatch *dispatch, enum warmstart_outcome outcome,
                   const struct model_waiter *receiver)
{
    if (dispatch->tainted && outcome != WARMSTART_OUTCOME_DELIVERED)
        outcome = WARMSTART_OUTCOME_UNCERTAIN;
    dispatch->outcome = outcome;
    dispatch->receiver = receiver == NULL ? 0 : receiver->id;
    dispatch->receiver_conn = receiver == NULL ? NULL : receiver->conn;
    model->stats.settled_total[outcome]++;
    queue(model, dispatch->id, true, WARMSTART_EVENT_SETTLED);
}

static bool may_go_on(const struct model_dispatch *dispatch)
{
    return !dispatch->single && dispatch->attempts < dispatch->delivery.attempts_max;
}

/* The payload is not out: the next waiter that fits gets it. */
static void go_on(struct model *model, struct model_dispatch *dispatch, uint64_t at)
{
    const struct model_waiter *next = model_fit(model, dispatch->query);
    if (at >= dispatch->delivery.deadline)
        settle(model, dispatch, WARMSTART_OUTCOME_TIMEOUT, NULL);
    else if (next == NULL || !may_go_on(dispatch))
        settle(model, dispatch, WARMSTART_OUTCOME_LOST, NULL);
    else
        mean(model, dispatch, model_waiter(model, next->id));
}

/* Settles a dispatch at once; `outcome` is what holds when the payload is not out. */
static void stop(struct model *model, struct model_dispatch *dispatch, enum warmstart_outcome outcome,
                 uint64_t at)
{
    struct model_waiter *waiter = model_waiter(model, dispatch->waiter);
    if (waiter->state == MODEL_WRITING) {
        settle(model, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter);
        end(model, waiter, WARMSTART_ENDING_UNCERTAIN, at);
    } else {
        settle(model, dispatch, outcome, NULL);
        take_back(model, waiter);
        wait(model, waiter, at);
    }
}

/* Nobody knows whether the waiter has the payload. */
static void be_uncertain(struct model *model, struct model_waiter *waiter, struct model_dispatch *dispatch)
{
    struct model_waiter *again = self(model, waiter->controller, MODEL_BLOCKED);
    leave(model, waiter, WARMSTART_ENDING_UNCERTAIN, model->now);
    const struct model_waiter *next = NULL;
    if (may_go_on(dispatch) && again != NULL && model_is_fit(model, again, dispatch->query))
        next = again;
    else if (may_go_on(dispatch) &&
             (dispatch->delivery.retry_uncertain || model->fault == MODEL_FAULT_UNCERTAIN))
        next = model_fit(model, dispatch->query);
    if (next == NULL)
        settle(model, dispatch, WARMSTART_OUTCOME_UNCERTAIN, waiter);
    tell(model, waiter);
    if (next == NULL)
        return;
    dispatch->tainted = true;
    mean(model, dispatch, model_waiter(model, next->id));
}

/* Ends a waiter that is not being written to; what was meant for it goes on. */
static void end_and_go_on(struct model *model, struct model_waiter *waiter, enum warmstart_ending ending)
{
    struct model_dispatch *dispatch =
        waiter->state == MODEL_MEANT ? model_dispatch(model, waiter->dispatch) : NULL;
    end(model, waiter, ending, model->now);
    if (dispatch != NULL)
        go_on(model, dispatch, model->now);
}

/* ---- Calls about waiters ---- */

/* How many different ones are in a list, and is this one among them? */
static int distinct(const int *list, int len, int wanted, bool *ret_among)
{
    bool seen[MODEL_NAMES_MAX] = {false};
    int different = 0;
    for (int i = 0; i < len; i++) {
        different += !seen[list[i]];
        seen[list[i]] = true;
    }
    *ret_among = seen[wanted];
    return different;
}

/* Sets that cannot be forgotten: those of waiters and of dispatches. */
static int sets_in_use(const struct model *model, int wanted, bool *ret_among)
{
    static int list[MODEL_WAITERS_MAX + MODEL_DISPATCHES_MAX];
    int len = 0;
    for (int i = 0; i < model->waiters_len; i++)
        if (model->waiters[i].state != MODEL_OVER)
            list[len++] = model->waiters[i].set;
    for (int i = 0; i < model->dispatches_len; i++)
        if (model->dispatches[i].outcome == 0)
            list[len++] = model->dispatches[i].query.set;
    return distinct(list, len, wanted, ret_among);
}

static int instances_in_use(const struct model *model, int wanted, bool *ret_among)
{
    static int list[MODEL_WAITERS_MAX + MODEL_NAMES_MAX];
    int len = 0;
    for (int i = 0; i < model->waiters_len; i++)
        if (model->waiters[i].state != MODEL_OVER && model->waiters[i].instance != 0)
            list[len++] = model->waiters[i].instance;
    for (int i = 0; i < model->cordons_len; i++)
        list[len++] = model->cordons[i].name;
    return distinct(list, len, wanted, ret_among);
}

static int fields_error(const struct model *model, int set)
{
    int len = model->fields_len(model->user, set);
    if ((len < 0 ? -len : len) > (int)model->options.fields_max)
        return WARMSTART_ERR_LIMIT;
    return len < 0 ? WARMSTART_ERR_INVALID : 0;
}

int model_may_register(const struct model *model, const struct model_waiter *waiter)
{
    if (model->shutdown)
        return WARMSTART_ERR_SHUTDOWN;
    if (fields_error(model, waiter->set) < 0)
        return fields_error(model, waiter->set);
    if (is_retired(model, waiter->controller))
        return WARMSTART_ERR_RETIRED;
    const struct model_waiter *old = self((struct model *)model, waiter->controller, -1);
    bool replaces = old != NULL && old->state != MODEL_WRITING;
    if (model->waiters_len >= (int)model->options.waiters_max + replaces)
        return WARMSTART_ERR_LIMIT;
    bool among;
    int instances = instances_in_use(model, waiter->instance, &among);
    if (waiter->instance != 0 && !among && instances >= (int)model->options.instances_max)
        return WARMSTART_ERR_LIMIT;
    int sets = sets_in_use(model, waiter->set, &among);
    if (!among && sets >= (int)model->options.field_sets_max)
        return WARMSTART_ERR_LIMIT;
    return 0;
}

void model_register(struct model *model, const struct model_waiter *waiter)
{
    struct model_waiter *old = self(model, waiter->controller, -1);
    struct model_waiter *writing = self(model, waiter->controller, MODEL_WRITING);
    struct model_dispatch *meant = NULL;
    if (old != NULL && old->state == MODEL_MEANT)
        meant = model_dispatch(model, old->dispatch);
    if (old != NULL && old != writing)
        end(model, old, WARMSTART_ENDING_SUPERSEDED, model->now);

    struct model_waiter *new = &model->waiters[model->waiters_len++];
    *new = *waiter;
    new->age = model->next_age++;
    model->stats.registered_total++;
    if (writing != NULL) {
        new->state = MODEL_BLOCKED;
        set_due(model, new, new->expires_at);
    } else {
        wait(model, new, model->now);
    }
    if (meant != NULL)
        go_on(model, meant, model->now);
}

int model_may_ask(const struct model *model, struct model_query query)
{
    return fields_error(model, query.set);
}

int model_may_match(const struct model *model, struct model_query query)
{
    if (model->shutdown)
        return WARMSTART_ERR_SHUTDOWN;
    if (model_may_ask(model, query) < 0)
        return model_may_ask(model, query);
    return model_fit(model, query) != NULL;
}

void model_refused(struct model *model, int answer)
{
    model->stats.limit_total += answer == WARMSTART_ERR_LIMIT;
    model->stats.no_match_total += answer == 0;
}

void model_claim(struct model *model, uint64_t id)
{
    struct model_waiter *waiter = model_waiter(model, id);
    uint64_t left = WARMSTART_NEVER - model->now;
    uint64_t until = model->options.lease_ns < left ? model->now + model->options.lease_ns : WARMSTART_NEVER;
    waiter->state = MODEL_CLAIMED;
    set_due(model, waiter, until < waiter->expires_at ? until : waiter->expires_at);
    model->stats.matched_total++;
}

int model_release(struct model *model, uint64_t id)
{
    struct model_waiter *waiter = model_waiter(model, id);
    if (waiter == NULL || waiter->state != MODEL_CLAIMED)
        return 0;
    if (model->fault == MODEL_FAULT_ORDER)
        waiter->age = model->next_age++;
    wait(model, waiter, model->now);
    return 1;
}

int model_cancel(struct model *model, uint64_t id)
{
    struct model_waiter *waiter = model_waiter(model, id);
    if (waiter == NULL || waiter->state == MODEL_OVER)
        return 0;
    if (waiter->state == MODEL_WRITING)
        be_uncertain(model, waiter, model_dispatch(model, waiter->dispatch));
    else
        end_and_go_on(model, waiter, WARMSTART_ENDING_CANCELLED);
    return 1;
}

int model_report(struct model *model, uint64_t id, enum warmstart_outcome outcome)
{
    struct model_waiter *waiter = model_waiter(model, id);
    if (waiter == NULL || waiter->state != MODEL_WRITING)
        return 0;
    struct model_dispatch *dispatch = model_dispatch(model, waiter->dispatch);
    if (outcome == WARMSTART_OUTCOME_DELIVERED) {
        settle(model, dispatch, outcome, waiter);
        end(model, waiter, WARMSTART_ENDING_DELIVERED, model->now);
    } else if (outcome == WARMSTART_OUTCOME_LOST) {
        end(model, waiter, WARMSTART_ENDING_LOST, model->now);
        go_on(model, dispatch, model->now);
    } else {
        be_uncertain(model, waiter, dispatch);
    }
    return 1;
}

/* ---- Calls about dispatches ---- */

static bool is_full(const struct model *model)
{
    return model->dispatches_len >= (int)model->options.dispatches_max;
}

int model_may_dispatch(const struct model *model, struct model_query query,
                       const struct warmstart_delivery *delivery)
{
    if (delivery->attempts_max == 0 || delivery->deadline <= model->now)
        return WARMSTART_ERR_INVALID;
    int answer = model_may_match(model, query);
    bool among;
    int sets = sets_in_use(model, query.set, &among);
    bool room = query.how == WARMSTART_MATCH_EXACT || among || sets < (int)model->options.field_sets_max;
    return answer == 1 && (is_full(model) || !room) ? WARMSTART_ERR_LIMIT : answer;
}

int model_may_deliver(struct model *model, uint64_t id, const struct warmstart_delivery *delivery)
{
    if (delivery->attempts_max != 1 || delivery->retry_uncertain || delivery->deadline <= model->now)
        return WARMSTART_ERR_INVALID;
    if (model->shutdown)
        return WARMSTART_ERR_SHUTDOWN;
    const struct model_waiter *waiter = model_waiter(model, id);
    if (waiter == NULL || waiter->state != MODEL_CLAIMED)
        return 0;
    return is_full(model) ? WARMSTART_ERR_LIMIT : 1;
}

void model_start(struct model *model, const struct model_dispatch *dispatch, uint64_t waiter)
{
    struct model_dispatch *new = &model->dispatches[model->dispatches_len++];
    *new = *dispatch;
    new->due_order = model->next_order++;
    mean(model, new, model_waiter(model, waiter));
}

int model_cancel_dispatch(struct model *model, uint64_t id)
{
    struct model_dispatch *dispatch = model_dispatch(model, id);
    if (dispatch == NULL || dispatch->outcome != 0 || dispatch->tainted ||
        model_waiter(model, dispatch->waiter)->state == MODEL_WRITING)
        return 0;
    stop(model, dispatch, WARMSTART_OUTCOME_CANCELLED, model->now);
    return 1;
}

int model_abandon(struct model *model, uint64_t id)
{
    struct model_dispatch *dispatch = model_dispatch(model, id);
    if (dispatch == NULL || dispatch->outcome != 0)
        return 0;
    stop(model, dispatch, WARMSTART_OUTCOME_CANCELLED, model->now);
    return 1;
}

/* ---- Calls about many ---- */

/* The waiter with the smallest slot number above this one; NULL: there is none. */
static struct model_waiter *next_slot(struct model *model, int64_t after)
{
    struct model_waiter *found = NULL;
    for (int i = 0; i < model->waiters_len; i++) {
        struct model_waiter *waiter = &model->waiters[i];
        if ((int64_t)(uint32_t)waiter->id > after &&
            (found == NULL || (uint32_t)waiter->id < (uint32_t)found->id))
            found = waiter;
    }
    return found;
}

/* A cordon has begun or ended: who waits on that instance does so anew. */
static void reconsider(struct model *model, int instance, uint64_t at)
{
    int64_t slot = -1;
    for (;;) {
        struct model_waiter *next = NULL;
        for (int i = 0; i < model->waiters_len; i++) {
            struct model_waiter *waiter = &model->waiters[i];
            bool waits = waiter->state == MODEL_WAITING || waiter->state == MODEL_LATE;
            if (waits && waiter->instance == instance && (int64_t)(uint32_t)waiter->id > slot &&
                (next == NULL || (uint32_t)waiter->id < (uint32_t)next->id))
                next = waiter;
        }
        if (next == NULL)
            return;
        slot = (int64_t)(uint32_t)next->id;
        wait(model, next, at);
    }
}

static void remove_until(struct model_until *list, int *len, int name)
{
    for (int i = 0; i < *len; i++)
        if (list[i].name == name)
            list[i--] = list[--*len];
}

int model_may_cordon(const struct model *model, int instance, uint64_t until)
{
    bool among;
    int instances = instances_in_use(model, instance, &among);
    bool room = among || instances < (int)model->options.instances_max;
    return until > model->now && !room ? WARMSTART_ERR_LIMIT : 0;
}

void model_cordon(struct model *model, int instance, uint64_t until)
{
    bool was = is_cordoned(model, instance);
    if (model->fault == MODEL_FAULT_CRASH && !was && until <= model->now)
        abort();
    remove_until(model->cordons, &model->cordons_len, instance);
    if (until > model->now)
        model->cordons[model->cordons_len++] = (struct model_until){instance, until, model->next_order++};
    if (was != is_cordoned(model, instance))
        reconsider(model, instance, model->now);
}

int model_may_retire(const struct model *model, int controller, uint64_t until)
{
    int retired = 0;
    for (int i = 0; i < model->retired_len; i++)
        retired += model->retired[i].until > model->now;
    bool room = is_retired(model, controller) || retired < (int)model->options.retired_max;
    return until > model->now && !room ? WARMSTART_ERR_LIMIT : 0;
}

int model_retire(struct model *model, int controller, uint64_t until)
{
    remove_until(model->retired, &model->retired_len, controller);
    if (until <= model->now)
        return 0;
    model->retired[model->retired_len++] = (struct model_until){controller, until, 0};
    struct model_waiter *waiter = self(model, controller, -1);
    if (waiter == NULL || waiter->state == MODEL_WRITING)
        return 0;
    end_and_go_on(model, waiter, WARMSTART_ENDING_RETIRED);
    return 1;
}

void model_shutdown(struct model *model)
{
    if (model->shutdown)
        return;
    model->shutdown = true;
    struct model_waiter *waiter;
    for (int64_t slot = -1; (waiter = next_slot(model, slot)) != NULL; slot = (int64_t)(uint32_t)waiter->id) {
        if (waiter->state == MODEL_OVER || waiter->state == MODEL_WRITING)
            continue;
        if (waiter->state == MODEL_MEANT)
            stop(model, model_dispatch(model, waiter->dispatch), WARMSTART_OUTCOME_SHUTDOWN, model->now);
        if (waiter->state != MODEL_OVER)
            end(model, waiter, WARMSTART_ENDING_SHUTDOWN, model->now);
    }
}

/* ---- Time ---- */

/* What falls due next: exactly one of the pointers is set, or none. */
struct next {
    uint64_t due;
    uint64_t order;
    struct model_waiter *waiter;
    struct model_dispatch *dispatch;
    struct model_until *cordon;
};

static bool before(const struct next *next, uint64_t due, uint64_t order)
{
    return next->due < due || (next->due == due && next->order < order);
}

/* At the same moment a cordon ends first, then all goes by when it was set. */
static struct next earliest(struct model *model)
{
    struct next next = {.due = WARMSTART_NEVER, .order = UINT64_MAX};
    for (int i = 0; i < model->waiters_len; i++) {
        struct model_waiter *waiter = &model->waiters[i];
        if (waiter->due != WARMSTART_NEVER && !before(&next, waiter->due, waiter->due_order))
            next = (struct next){.due = waiter->due, .order = waiter->due_order, .waiter = waiter};
    }
    for (int i = 0; i < model->dispatches_len; i++) {
        struct model_dispatch *dispatch = &model->dispatches[i];
        uint64_t due = dispatch->outcome != 0 ? WARMSTART_NEVER : dispatch->delivery.deadline;
        if (due != WARMSTART_NEVER && !before(&next, due, dispatch->due_order))
            next = (struct next){.due = due, .order = dispatch->due_order, .dispatch = dispatch};
    }
    for (int i = 0; i < model->cordons_len; i++) {
        struct model_until *cordon = &model->cordons[i];
        bool first =
            next.cordon == NULL ? cordon->until <= next.due : !before(&next, cordon->until, cordon->order);
        if (cordon->until != WARMSTART_NEVER && first)
            next = (struct next){.due = cordon->until, .order = cordon->order, .cordon = cordon};
    }
    return next;
}

static void fall_due(struct model *model, const struct next *next)
{
    if (next->cordon != NULL) {
        int instance = next->cordon->name;
        remove_until(model->cordons, &model->cordons_len, instance);
        reconsider(model, instance, next->due);
    } else if (next->dispatch != NULL) {
        stop(model, next->dispatch, WARMSTART_OUTCOME_TIMEOUT, next->due);
    } else if (next->waiter->state == MODEL_BLOCKED) {
        end(model, next->waiter, WARMSTART_ENDING_EXPIRED, next->due);
    } else {
        wait(model, next->waiter, next->due);
    }
}

uint64_t model_next_deadline(const struct model *model)
{
    return earliest((struct model *)model).due;
}

void model_advance(struct model *model, uint64_t now)
{
    if (now > model->now)
        model->now = now;
    for (;;) {
        struct next next = earliest(model);
        if (next.due > model->now || next.due == WARMSTART_NEVER)
            return;
        fall_due(model, &next);
    }
}

/* ---- Pulling ---- */

static void fill_dispatch(struct warmstart_event *event, const struct model_dispatch *dispatch)
{
    event->attempts = dispatch->attempts;
    event->dispatch = dispatch->id;
    event->origin = dispatch->delivery.origin;
    event->payload = dispatch->delivery.payload;
    event->payload_bytes = dispatch->delivery.payload_bytes;
}

static void pull_settled(struct model *model, uint64_t id, struct warmstart_event *event)
{
    struct model_dispatch *dispatch = model_dispatch(model, id);
    event->outcome = dispatch->outcome;
    event->waiter = dispatch->receiver;
    event->conn = dispatch->receiver_conn;
    fill_dispatch(event, dispatch);
    *dispatch = model->dispatches[--model->dispatches_len];
}

static void pull_of_waiter(struct model *model, uint64_t id, struct warmstart_event *event)
{
    struct model_waiter *waiter = model_waiter(model, id);
    event->waiter = waiter->id;
    event->conn = waiter->conn;
    if (event->type == WARMSTART_EVENT_DELIVER) {
        waiter->state = MODEL_WRITING;
        struct model_dispatch *dispatch = model_dispatch(model, waiter->dispatch);
        dispatch->attempts++;
        model->stats.attempts_total++;
        fill_dispatch(event, dispatch);
    } else {
        event->ending = waiter->ending;
        *waiter = model->waiters[--model->waiters_len];
    }
}

int model_next_event(struct model *model, struct warmstart_event *ret_event)
{
    struct model_place place;
    do {
        if (model->places_len == 0)
            return 0;
        place = *place_at(model, 0);
        model->places_first = (model->places_first + 1) % (MODEL_WAITERS_MAX + MODEL_DISPATCHES_MAX);
        model->places_len--;
    } while (place.event == 0);
    *ret_event = (struct warmstart_event){.type = (enum warmstart_event_type)place.event};
    if (place.is_dispatch)
        pull_settled(model, place.id, ret_event);
    else
        pull_of_waiter(model, place.id, ret_event);
    return 1;
}

/* ---- Statistics ---- */

const struct warmstart_stats *model_stats(struct model *model)
{
    struct warmstart_stats *stats = &model->stats;
    uint64_t in[MODEL_OVER + 1] = {0};
    bool group[MODEL_NAMES_MAX] = {false};
    stats->groups = 0;
    for (int i = 0; i < model->waiters_len; i++) {
        const struct model_waiter *waiter = &model->waiters[i];
        in[waiter->state]++;
        if (waiter->state == MODEL_OVER)
            continue;
        stats->groups += !group[waiter->set];
        group[waiter->set] = true;
    }
    stats->waiters_waiting = in[MODEL_WAITING];
    stats->waiters_unmatchable = in[MODEL_LATE];
    stats->waiters_claimed = in[MODEL_CLAIMED];
    stats->waiters_delivering = in[MODEL_MEANT] + in[MODEL_WRITING];
    stats->waiters_blocked = in[MODEL_BLOCKED];
    stats->waiters = (uint64_t)model->waiters_len - in[MODEL_OVER];
    stats->dispatches = 0;
    for (int i = 0; i < model->dispatches_len; i++)
        stats->dispatches += model->dispatches[i].outcome == 0;
    bool among;
    stats->field_sets = (uint64_t)sets_in_use(model, 0, &among);
    stats->instances = (uint64_t)instances_in_use(model, 0, &among);
    return stats;
}
