/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <check.h>
#include <string.h>

void model_init(struct model *model, enum warmstart_order order, uint64_t lease_ns)
{
    memset(model, 0, sizeof(*model));
    model->order = order;
    model->lease_ns = lease_ns;
    model->stats.size = sizeof(model->stats);
}

/* ---- Looking ---- */

static bool fits(const struct model *model, const struct model_waiter *waiter, int set)
{
    return waiter->state == MODEL_WAITING && waiter->set == set && waiter->match_until > model->now &&
           waiter->expires_at > model->now;
}

int model_fit(const struct model *model, int set)
{
    int found = MODEL_NONE;
    for (int i = 0; i < model->waiters_len; i++)
        if (fits(model, &model->waiters[i], set) &&
            (found == MODEL_NONE || model->order == WARMSTART_NEWEST_FIRST))
            found = i;
    return found;
}

size_t model_count(const struct model *model, int set)
{
    size_t count = 0;
    for (int i = 0; i < model->waiters_len; i++)
        count += fits(model, &model->waiters[i], set);
    return count;
}

int model_older_self(const struct model *model, int controller)
{
    int found = MODEL_NONE;
    for (int i = 0; i < model->waiters_len && controller != 0; i++)
        if (model->waiters[i].controller == controller && model->waiters[i].state != MODEL_OVER)
            found = i;
    return found;
}

int model_held(const struct model *model)
{
    int held = 0;
    for (int i = 0; i < model->waiters_len; i++)
        held += model->waiters[i].state != MODEL_OVER;
    return held;
}

int model_open(const struct model *model)
{
    int open = 0;
    for (int i = 0; i < model->dispatches_len; i++)
        open += !model->dispatches[i].over;
    return open;
}

int model_due(const struct model *model, enum warmstart_event_type type)
{
    int due = 0;
    for (int i = 0; i < model->events_len; i++)
        due += !model->events[i].done && model->events[i].event.type == type;
    return due;
}

/* ---- Events ---- */

static struct model_event *add_event(struct model *model, enum warmstart_event_type type, int subject)
{
    ck_assert_int_lt(model->events_len, 3 * MODEL_MAX);
    struct model_event *event = &model->events[model->events_len++];
    *event = (struct model_event){
        .first = model->tick, .last = model->tick, .after = MODEL_NONE, .subject = subject};
    event->event.type = type;
    return event;
}

static void add_payload(struct warmstart_event *event, const struct model_dispatch *dispatch)
{
    event->dispatch = dispatch->id;
    event->origin = dispatch->delivery.origin;
    event->payload = dispatch->delivery.payload;
    event->payload_bytes = dispatch->delivery.payload_bytes;
}

/* An event about a waiter may take the place of its DELIVER that was taken back. */
static uint64_t place_of(struct model *model, int waiter)
{
    if (model->waiters[waiter].node == 0)
        model->waiters[waiter].node = model->tick;
    return model->waiters[waiter].node;
}

/* Takes the DELIVER of a dispatch back, if it was not pulled. */
static void take_back(struct model *model, int dispatch)
{
    for (int i = 0; i < model->events_len; i++) {
        struct model_event *event = &model->events[i];
        if (!event->done && event->event.type == WARMSTART_EVENT_DELIVER && event->subject == dispatch) {
            event->done = true;
            return;
        }
    }
}

static void mean(struct model *model, int dispatch, int waiter)
{
    struct model_dispatch *to = &model->dispatches[dispatch];
    take_back(model, dispatch);
    to->waiter = waiter;
    model->waiters[waiter].state = MODEL_MEANT;
    model->waiters[waiter].dispatch = dispatch;
    struct model_event *event = add_event(model, WARMSTART_EVENT_DELIVER, dispatch);
    event->first = place_of(model, waiter);
    event->event.attempts = to->attempts + 1;
    event->event.waiter = model->waiters[waiter].id;
    event->event.conn = model->waiters[waiter].conn;
    add_payload(&event->event, to);
}

/* Settles; what was uncertain once stays so, unless it was delivered. Returns the place of the event. */
static int settle(struct model *model, int dispatch, enum warmstart_outcome outcome)
{
    struct model_dispatch *of = &model->dispatches[dispatch];
    bool named = outcome == WARMSTART_OUTCOME_DELIVERED || outcome == WARMSTART_OUTCOME_UNCERTAIN;
    take_back(model, dispatch);
    of->over = true;
    struct model_event *event = add_event(model, WARMSTART_EVENT_SETTLED, dispatch);
    event->some_waiter = !named && of->tainted;
    event->event.outcome = event->some_waiter ? WARMSTART_OUTCOME_UNCERTAIN : outcome;
    event->event.attempts = of->attempts;
    if (named) {
        event->event.waiter = model->waiters[of->waiter].id;
        event->event.conn = model->waiters[of->waiter].conn;
    }
    add_payload(&event->event, of);
    model->stats.settled_total[event->event.outcome]++;
    return model->events_len - 1;
}

/* Ends a waiter, and frees the one that it blocks. */
static int end(struct model *model, int waiter, enum warmstart_ending ending)
{
    struct model_waiter *of = &model->waiters[waiter];
    bool blocks = of->state == MODEL_WRITING;
    of->state = MODEL_OVER;
    struct model_event *event = add_event(model, WARMSTART_EVENT_ENDED, waiter);
    event->first = place_of(model, waiter);
    event->event.ending = ending;
    event->event.waiter = of->id;
    event->event.conn = of->conn;
    model->stats.ended_total[ending]++;
    for (int i = 0; i < model->waiters_len; i++)
        if (blocks && model->waiters[i].state == MODEL_BLOCKED &&
            model->waiters[i].controller == of->controller)
            model->waiters[i].state = MODEL_WAITING;
    return model->events_len - 1;
}

/* ---- Waiters ---- */

/* The waiter ends before it was told: its payload goes to the next one. */
static void end_meant(struct model *model, int waiter, enum warmstart_ending ending)
{
    int dispatch = model->waiters[waiter].dispatch;
    end(model, waiter, ending);
    int next = MODEL_NONE;
    if (!model->dispatches[dispatch].single)
        next = model_fit(model, model->dispatches[dispatch].set);
    if (next != MODEL_NONE)
        mean(model, dispatch, next);
    else
        settle(model, dispatch, WARMSTART_OUTCOME_LOST);
}

/* The attempt failed, for certain or perhaps. */
static void end_written(struct model *model, int waiter, enum warmstart_outcome outcome)
{
    struct model_waiter *of = &model->waiters[waiter];
    int dispatch = of->dispatch;
    struct model_dispatch *to = &model->dispatches[dispatch];
    bool uncertain = outcome == WARMSTART_OUTCOME_UNCERTAIN;
    int self = model_older_self(model, of->controller);
    bool again = self != MODEL_NONE && self != waiter;
    int ended = end(model, waiter, (enum warmstart_ending)outcome);
    int next = MODEL_NONE;
    if (!to->single && to->attempts < to->delivery.attempts_max) {
        if (uncertain && again && fits(model, &model->waiters[self], to->set))
            next = self;
        else if (!uncertain || to->delivery.retry_uncertain != 0)
            next = model_fit(model, to->set);
    }
    if (next != MODEL_NONE) {
        to->tainted |= uncertain;
        mean(model, dispatch, next);
        return;
    }
    int settled = settle(model, dispatch, outcome);
    if (uncertain)
        model->events[ended].after = settled;
}

int model_cancel(struct model *model, int waiter)
{
    model->tick++;
    switch (model->waiters[waiter].state) {
    case MODEL_WAITING:
    case MODEL_CLAIMED:
    case MODEL_BLOCKED:
        end(model, waiter, WARMSTART_ENDING_CANCELLED);
        return 1;
    case MODEL_MEANT:
        end_meant(model, waiter, WARMSTART_ENDING_CANCELLED);
        return 1;
    case MODEL_WRITING:
        end_written(model, waiter, WARMSTART_OUTCOME_UNCERTAIN);
        return 1;
    case MODEL_OVER:
        break;
    }
    return 0;
}

/* Puts the new waiter in the place of the older one of its controller. */
static void supersede(struct model *model, int old, struct model_waiter *new)
{
    /* Only the one that is being written to can have another behind it, which is the newer of the two. */
    for (int i = 0; i <= old; i++)
        if (model->waiters[i].controller == new->controller && model->waiters[i].state == MODEL_WRITING)
            new->state = MODEL_BLOCKED;
    if (model->waiters[old].state == MODEL_MEANT)
        end_meant(model, old, WARMSTART_ENDING_SUPERSEDED);
    else if (model->waiters[old].state != MODEL_WRITING)
        end(model, old, WARMSTART_ENDING_SUPERSEDED);
}

void model_register(struct model *model, const struct model_waiter *waiter)
{
    model->tick++;
    int old = model_older_self(model, waiter->controller);
    ck_assert_int_lt(model->waiters_len, MODEL_MAX);
    struct model_waiter *new = &model->waiters[model->waiters_len++];
    *new = *waiter;
    new->state = MODEL_WAITING;
    model->stats.registered_total++;
    if (old != MODEL_NONE)
        supersede(model, old, new);
    if (new->expires_at <= model->now)
        end(model, model->waiters_len - 1, WARMSTART_ENDING_EXPIRED);
}

void model_claim(struct model *model, int waiter)
{
    model->tick++;
    model->waiters[waiter].state = MODEL_CLAIMED;
    model->waiters[waiter].lease_until = model->now + model->lease_ns;
    model->stats.matched_total++;
}

int model_release(struct model *model, int waiter)
{
    model->tick++;
    if (model->waiters[waiter].state != MODEL_CLAIMED)
        return 0;
    model->waiters[waiter].state = MODEL_WAITING;
    return 1;
}

int model_report(struct model *model, int waiter, enum warmstart_outcome outcome)
{
    model->tick++;
    if (model->waiters[waiter].state != MODEL_WRITING)
        return 0;
    if (outcome == WARMSTART_OUTCOME_DELIVERED) {
        int settled = settle(model, model->waiters[waiter].dispatch, outcome);
        int ended = end(model, waiter, WARMSTART_ENDING_DELIVERED);
        model->events[ended].after = settled;
    } else {
        end_written(model, waiter, outcome);
    }
    return 1;
}

/* ---- Dispatches ---- */

void model_dispatch(struct model *model, const struct model_dispatch *dispatch, int waiter)
{
    model->tick++;
    ck_assert_int_lt(model->dispatches_len, MODEL_MAX);
    model->dispatches[model->dispatches_len] = *dispatch;
    mean(model, model->dispatches_len++, waiter);
}

/* The payload is wanted back now. */
static void stop(struct model *model, int dispatch, enum warmstart_outcome outcome)
{
    int waiter = model->dispatches[dispatch].waiter;
    if (model->waiters[waiter].state == MODEL_WRITING) {
        int settled = settle(model, dispatch, WARMSTART_OUTCOME_UNCERTAIN);
        int ended = end(model, waiter, WARMSTART_ENDING_UNCERTAIN);
        model->events[ended].after = settled;
    } else {
        settle(model, dispatch, outcome);
        model->waiters[waiter].state = MODEL_WAITING;
        if (model->waiters[waiter].expires_at <= model->at)
            end(model, waiter, WARMSTART_ENDING_EXPIRED);
    }
}

int model_cancel_dispatch(struct model *model, int dispatch)
{
    model->tick++;
    const struct model_dispatch *of = &model->dispatches[dispatch];
    if (of->over || of->tainted || model->waiters[of->waiter].state == MODEL_WRITING)
        return 0;
    stop(model, dispatch, WARMSTART_OUTCOME_CANCELLED);
    return 1;
}

int model_abandon(struct model *model, int dispatch)
{
    model->tick++;
    if (model->dispatches[dispatch].over)
        return 0;
    stop(model, dispatch, WARMSTART_OUTCOME_CANCELLED);
    return 1;
}

void model_shutdown(struct model *model)
{
    model->tick++;
    for (int i = 0; i < model->waiters_len; i++) {
        struct model_waiter *waiter = &model->waiters[i];
        if (waiter->state == MODEL_OVER || waiter->state == MODEL_WRITING)
            continue;
        if (waiter->state == MODEL_MEANT)
            stop(model, waiter->dispatch, WARMSTART_OUTCOME_SHUTDOWN);
        if (waiter->state != MODEL_OVER)
            end(model, i, WARMSTART_ENDING_SHUTDOWN);
    }
}

/* ---- Time ---- */

/* When a waiter is due for something, apart from match_until. */
static uint64_t waiter_due(const struct model_waiter *waiter)
{
    switch (waiter->state) {
    case MODEL_WAITING:
    case MODEL_BLOCKED:
        return waiter->expires_at;
    case MODEL_CLAIMED:
        return waiter->lease_until < waiter->expires_at ? waiter->lease_until : waiter->expires_at;
    case MODEL_MEANT:
    case MODEL_WRITING:
    case MODEL_OVER:
        break;
    }
    return WARMSTART_NEVER;
}

/* The earliest time that is due, and for whom: a waiter, else a dispatch. */
static uint64_t earliest(const struct model *model, int *ret_waiter, int *ret_dispatch)
{
    uint64_t time = WARMSTART_NEVER;
    *ret_waiter = MODEL_NONE;
    *ret_dispatch = MODEL_NONE;
    for (int i = 0; i < model->waiters_len; i++) {
        if (waiter_due(&model->waiters[i]) < time) {
            time = waiter_due(&model->waiters[i]);
            *ret_waiter = i;
        }
    }
    for (int i = 0; i < model->dispatches_len; i++) {
        const struct model_dispatch *dispatch = &model->dispatches[i];
        if (!dispatch->over && dispatch->delivery.deadline < time) {
            time = dispatch->delivery.deadline;
            *ret_dispatch = i;
            *ret_waiter = MODEL_NONE;
        }
    }
    return time;
}

void model_advance(struct model *model, uint64_t now)
{
    model->now = now;
    int waiter;
    int dispatch;
    while ((model->at = earliest(model, &waiter, &dispatch)) <= now) {
        model->tick++;
        if (dispatch != MODEL_NONE)
            stop(model, dispatch, WARMSTART_OUTCOME_TIMEOUT);
        else if (model->waiters[waiter].state == MODEL_CLAIMED &&
                 model->waiters[waiter].lease_until < model->waiters[waiter].expires_at)
            model->waiters[waiter].state = MODEL_WAITING;
        else
            end(model, waiter, WARMSTART_ENDING_EXPIRED);
    }
    model->at = now;
    model->tick++;
}

uint64_t model_next_deadline(const struct model *model)
{
    int waiter;
    int dispatch;
    uint64_t time = earliest(model, &waiter, &dispatch);
    for (int i = 0; i < model->waiters_len; i++)
        if (model->waiters[i].state == MODEL_WAITING && model->waiters[i].match_until > model->now &&
            model->waiters[i].match_until < time)
            time = model->waiters[i].match_until;
    return time;
}

/* ---- Pulling ---- */

static bool same(const struct model_event *expected, const struct warmstart_event *event)
{
    const struct warmstart_event *want = &expected->event;
    bool who = expected->some_waiter || (event->waiter == want->waiter && event->conn == want->conn);
    return who && event->type == want->type && event->ending == want->ending &&
           event->outcome == want->outcome && event->attempts == want->attempts &&
           event->dispatch == want->dispatch && event->origin == want->origin &&
           event->payload == want->payload && event->payload_bytes == want->payload_bytes &&
           event->reserved[0] == 0 && event->reserved[1] == 0;
}

static void pulled(struct model *model, struct model_event *expected)
{
    expected->done = true;
    switch (expected->event.type) {
    case WARMSTART_EVENT_DELIVER:
        model->dispatches[expected->subject].attempts++;
        model->waiters[model->dispatches[expected->subject].waiter].state = MODEL_WRITING;
        model->waiters[model->dispatches[expected->subject].waiter].node = 0;
        model->stats.attempts_total++;
        break;
    case WARMSTART_EVENT_ENDED:
        model->waiters[expected->subject].ended++;
        break;
    case WARMSTART_EVENT_SETTLED:
        model->dispatches[expected->subject].settled++;
        break;
    }
}

bool model_pull(struct model *model, const struct warmstart_event *event)
{
    uint64_t oldest = UINT64_MAX;
    for (int i = 0; i < model->events_len; i++)
        if (!model->events[i].done && model->events[i].last < oldest)
            oldest = model->events[i].last;
    for (int i = 0; i < model->events_len; i++) {
        struct model_event *expected = &model->events[i];
        if (expected->done || expected->first > oldest || !same(expected, event))
            continue;
        if (expected->after != MODEL_NONE && !model->events[expected->after].done)
            continue;
        pulled(model, expected);
        return true;
    }
    return false;
}

/* ---- Statistics ---- */

/* Is this the first held waiter with its set (or instance)? */
static bool first_of_set(const struct model *model, int waiter)
{
    for (int i = 0; i < waiter; i++)
        if (model->waiters[i].state != MODEL_OVER && model->waiters[i].set == model->waiters[waiter].set)
            return false;
    return true;
}

static bool first_of_instance(const struct model *model, int waiter)
{
    for (int i = 0; i < waiter; i++)
        if (model->waiters[i].state != MODEL_OVER &&
            model->waiters[i].instance == model->waiters[waiter].instance)
            return false;
    return model->waiters[waiter].instance != 0;
}

const struct warmstart_stats *model_stats(struct model *model)
{
    struct warmstart_stats *stats = &model->stats;
    stats->waiters = stats->waiters_waiting = stats->waiters_unmatchable = stats->waiters_claimed = 0;
    stats->waiters_delivering = stats->waiters_blocked = stats->groups = stats->instances = 0;
    for (int i = 0; i < model->waiters_len; i++) {
        const struct model_waiter *waiter = &model->waiters[i];
        bool late = waiter->match_until <= model->now;
        if (waiter->state == MODEL_OVER)
            continue;
        stats->waiters++;
        stats->waiters_waiting += waiter->state == MODEL_WAITING && !late;
        stats->waiters_unmatchable += waiter->state == MODEL_WAITING && late;
        stats->waiters_claimed += waiter->state == MODEL_CLAIMED;
        stats->waiters_delivering += waiter->state == MODEL_MEANT || waiter->state == MODEL_WRITING;
        stats->waiters_blocked += waiter->state == MODEL_BLOCKED;
        stats->groups += first_of_set(model, i);
        stats->instances += first_of_instance(model, i);
    }
    stats->dispatches = (uint64_t)model_open(model);
    return stats;
}
