/* SPDX-License-Identifier: MIT */
#include "lockstep.h"

#include <stdio.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "model.h"

enum { SETS = 4, CONTROLLERS = 12, INSTANCES = 5 };

/* Times that callers choose are never equal to each other, for the model knows no order among equals. */
enum { UNIT = 1 << 20 };

static const char *const sets[SETS][2] = {
    {"", ""}, {"a=1", "a=1"}, {"a=1 b=2", "b=2 a=1"}, {"a=1 b=3 c=", "c= a=1 b=3"}};

struct run {
    struct lockstep_source *source;
    unsigned step;
    uint64_t unique; /* low bits of the next deadline */
    char handles[LOCKSTEP_STEPS_MAX * 4];
    unsigned handles_len;
    struct core core;
    struct model model;
};

static struct run run;

/* Unlike ck_assert_msg() it costs nothing when all is well. */
#define require(condition)                                                                                   \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            ck_abort_msg("line %d, %s, step %u: %s", __LINE__, run.source->name, run.step, #condition);      \
    } while (0)

static uint64_t next_random(void)
{
    return run.source->draw(run.source, UINT64_MAX);
}

static unsigned below(unsigned bound)
{
    return (unsigned)run.source->draw(run.source, bound);
}

static bool chance(unsigned percent)
{
    return below(100) < percent;
}

static void *handle(void)
{
    return &run.handles[run.handles_len++ % sizeof(run.handles)];
}

/* A time soon after, seldom before, or never. */
static uint64_t some_time(unsigned never_percent)
{
    if (chance(never_percent))
        return WARMSTART_NEVER;
    uint64_t units = run.model.now / UNIT + below(20);
    if (chance(5))
        units = run.model.now / UNIT / 2;
    return units * UNIT + 1 + run.unique++ % (UNIT - 1);
}

/* Moves the clock on, and what is told to the manager sometimes back. */
static void tick(void)
{
    uint64_t now = run.model.now;
    if (chance(30))
        now += (uint64_t)UNIT * below(3);
    if (chance(2))
        now += (uint64_t)UNIT * below(60);
    model_advance(&run.model, now);
    run.core.now = now;
    if (chance(5)) {
        require(warmstart_advance(run.core.manager, now) == 0);
        run.core.now = now / 2;
    }
}

/* A waiter, rather a new one than an old one; MODEL_NONE if there is none yet. */
static int some_waiter(void)
{
    int len = run.model.waiters_len;
    if (len == 0)
        return MODEL_NONE;
    int recent = len < 30 ? len : 30;
    return chance(90) ? len - 1 - (int)below((unsigned)recent) : (int)below((unsigned)len);
}

static int some_dispatch(void)
{
    int len = run.model.dispatches_len;
    if (len == 0)
        return MODEL_NONE;
    int recent = len < 10 ? len : 10;
    return chance(90) ? len - 1 - (int)below((unsigned)recent) : (int)below((unsigned)len);
}

static uint64_t waiter_id(int waiter)
{
    return waiter == MODEL_NONE ? next_random() : run.model.waiters[waiter].id;
}

static uint64_t dispatch_id(int dispatch)
{
    return dispatch == MODEL_NONE ? next_random() : run.model.dispatches[dispatch].id;
}

/* The waiter of this id, which must be one that was given out. */
static int find_waiter(uint64_t id)
{
    for (int i = 0; i < run.model.waiters_len; i++)
        if (run.model.waiters[i].id == id)
            return i;
    return MODEL_NONE;
}

static void check_new_id(uint64_t id)
{
    require(id != 0);
    require(find_waiter(id) == MODEL_NONE);
    for (int i = 0; i < run.model.dispatches_len; i++)
        require(run.model.dispatches[i].id != id);
}

/* ---- The calls ---- */

static void do_register(void)
{
    struct model_waiter waiter = {
        .set = (int)below(SETS),
        .controller = chance(60) ? 1 + (int)below(CONTROLLERS) : 0,
        .instance = chance(50) ? 1 + (int)below(INSTANCES) : 0,
        .match_until = some_time(60),
        .expires_at = some_time(50),
        .conn = handle(),
    };
    char controller = (char)waiter.controller;
    char instance[2] = {'i', (char)waiter.instance};
    struct warmstart_registration registration = core_registration(&run.core, sets[waiter.set][below(2)]);
    registration.controller_id = &controller;
    registration.controller_id_bytes = waiter.controller != 0;
    registration.instance = instance;
    registration.instance_bytes = waiter.instance != 0 ? 2 : 0;
    registration.match_until = waiter.match_until;
    registration.expires_at = waiter.expires_at;
    registration.conn = waiter.conn;

    int held = model_held(&run.model) + 1;
    int old = model_older_self(&run.model, waiter.controller);
    int replaced = old != MODEL_NONE && run.model.waiters[old].state != MODEL_WRITING;
    int max = (int)run.core.options.waiters_max;
    int answer = warmstart_register(run.core.manager, &registration, &waiter.id, run.core.now);
    if (answer == WARMSTART_ERR_LIMIT) {
        require(waiter.id == 0);
        require(held + model_due(&run.model, WARMSTART_EVENT_ENDED) > max);
        run.model.stats.limit_total++;
        return;
    }
    require(answer == 0);
    require(held - replaced <= max);
    check_new_id(waiter.id);
    model_register(&run.model, &waiter);
    /* One that has expired already may be ended at once or by the next call. */
    require(warmstart_advance(run.core.manager, run.core.now) == 0);
}

static void do_match(void)
{
    int set = (int)below(SETS);
    struct warmstart_query query = core_query(&run.core, sets[set][below(2)]);
    warmstart_waiter_id id = 0;
    int fit = model_fit(&run.model, set);
    int answer = warmstart_match(run.core.manager, &query, &id, run.core.now);
    require(answer == (fit != MODEL_NONE));
    require(id == (fit == MODEL_NONE ? 0 : run.model.waiters[fit].id));
    if (fit == MODEL_NONE)
        run.model.stats.no_match_total++;
    else
        model_claim(&run.model, fit);
}

static void do_count(void)
{
    int set = (int)below(SETS);
    require(core_count(&run.core, sets[set][below(2)]) == model_count(&run.model, set));
}

static struct warmstart_delivery some_delivery(bool single)
{
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.payload = handle();
    delivery.payload_bytes = below(10);
    delivery.origin = handle();
    delivery.deadline = some_time(40);
    if (delivery.deadline <= run.model.now)
        delivery.deadline = WARMSTART_NEVER;
    delivery.attempts_max = single ? 1 : 1 + below(4);
    delivery.retry_uncertain = !single && chance(30);
    return delivery;
}

/* Did the manager rightly say that it has no room for another dispatch? */
static bool refused(int answer)
{
    if (answer != WARMSTART_ERR_LIMIT)
        return false;
    require(model_open(&run.model) + model_due(&run.model, WARMSTART_EVENT_SETTLED) >=
            (int)run.core.options.dispatches_max);
    run.model.stats.limit_total++;
    return true;
}

static void do_dispatch(void)
{
    struct model_dispatch dispatch = {.set = (int)below(SETS), .delivery = some_delivery(false)};
    struct warmstart_query query = core_query(&run.core, sets[dispatch.set][below(2)]);
    int fit = model_fit(&run.model, dispatch.set);
    int answer = warmstart_dispatch(run.core.manager, &query, &dispatch.delivery, &dispatch.id, run.core.now);
    if (refused(answer))
        return;
    require(answer == (fit != MODEL_NONE));
    if (fit == MODEL_NONE) {
        run.model.stats.no_match_total++;
        return;
    }
    require(model_open(&run.model) < (int)run.core.options.dispatches_max);
    check_new_id(dispatch.id);
    model_dispatch(&run.model, &dispatch, fit);
}

static void do_deliver(void)
{
    int waiter = some_waiter();
    struct model_dispatch dispatch = {.single = true, .delivery = some_delivery(true)};
    bool claimed = waiter != MODEL_NONE && run.model.waiters[waiter].state == MODEL_CLAIMED;
    int answer = warmstart_deliver(run.core.manager, waiter_id(waiter), &dispatch.delivery, &dispatch.id,
                                   run.core.now);
    if (refused(answer))
        return;
    require(answer == claimed);
    if (!claimed)
        return;
    require(model_open(&run.model) < (int)run.core.options.dispatches_max);
    check_new_id(dispatch.id);
    dispatch.set = run.model.waiters[waiter].set;
    model_dispatch(&run.model, &dispatch, waiter);
}

static void do_cancel(void)
{
    int waiter = some_waiter();
    int expected = waiter == MODEL_NONE ? 0 : model_cancel(&run.model, waiter);
    require(core_cancel(&run.core, waiter_id(waiter)) == expected);
}

static void do_release(void)
{
    int waiter = some_waiter();
    int expected = waiter == MODEL_NONE ? 0 : model_release(&run.model, waiter);
    require(core_release(&run.core, waiter_id(waiter)) == expected);
}

static void do_report(void)
{
    int waiter = some_waiter();
    enum warmstart_outcome outcome = (enum warmstart_outcome)(1 + below(3));
    int expected = waiter == MODEL_NONE ? 0 : model_report(&run.model, waiter, outcome);
    require(core_report(&run.core, waiter_id(waiter), outcome) == expected);
}

static void do_cancel_dispatch(void)
{
    int dispatch = some_dispatch();
    int expected = dispatch == MODEL_NONE ? 0 : model_cancel_dispatch(&run.model, dispatch);
    require(core_cancel_dispatch(&run.core, dispatch_id(dispatch)) == expected);
}

static void do_abandon(void)
{
    int dispatch = some_dispatch();
    int expected = dispatch == MODEL_NONE ? 0 : model_abandon(&run.model, dispatch);
    require(core_abandon(&run.core, dispatch_id(dispatch)) == expected);
}

static void do_nonsense(void)
{
    uint64_t waiter = dispatch_id(some_dispatch());
    uint64_t dispatch = waiter_id(some_waiter());
    require(core_cancel(&run.core, waiter) == 0);
    require(core_release(&run.core, waiter) == 0);
    require(core_report(&run.core, waiter, WARMSTART_OUTCOME_LOST) == 0);
    require(core_cancel_dispatch(&run.core, dispatch) == 0);
    require(core_abandon(&run.core, dispatch) == 0);
}

static void do_pull(unsigned most)
{
    for (unsigned i = 0; i < most; i++) {
        struct warmstart_event event;
        int answer = warmstart_next_event(run.core.manager, &event);
        if (answer == 0) {
            require(model_due(&run.model, WARMSTART_EVENT_DELIVER) == 0);
            require(model_due(&run.model, WARMSTART_EVENT_ENDED) == 0);
            require(model_due(&run.model, WARMSTART_EVENT_SETTLED) == 0);
            return;
        }
        require(answer == 1);
        if (!model_pull(&run.model, &event))
            ck_abort_msg("%s, step %u: an event that must not come now: type %d ending %d outcome %d "
                         "attempts %u waiter %#llx (%d) dispatch %#llx",
                         run.source->name, run.step, (int)event.type, (int)event.ending, (int)event.outcome,
                         event.attempts, (unsigned long long)event.waiter, find_waiter(event.waiter),
                         (unsigned long long)event.dispatch);
    }
}

/* ---- What must hold at all times ---- */

static void check_stats(void)
{
    struct warmstart_stats is = core_stats(&run.core);
    const struct warmstart_stats *want = model_stats(&run.model);
    require(is.waiters == want->waiters);
    require(is.waiters_waiting == want->waiters_waiting);
    require(is.waiters_unmatchable == want->waiters_unmatchable);
    require(is.waiters_claimed == want->waiters_claimed);
    require(is.waiters_delivering == want->waiters_delivering);
    require(is.waiters_blocked == want->waiters_blocked);
    require(is.groups == want->groups);
    require(is.field_sets >= is.groups);
    require(is.field_sets <= is.groups + run.core.options.field_sets_idle_max);
    require(is.instances == want->instances);
    require(is.dispatches == want->dispatches);
    require(is.memory_bytes == run.core.memory.bytes);
    require(is.registered_total == want->registered_total);
    require(is.matched_total == want->matched_total);
    require(is.no_match_total == want->no_match_total);
    require(is.attempts_total == want->attempts_total);
    require(is.limit_total == want->limit_total);
    for (int i = 0; i < WARMSTART_ENDINGS; i++)
        require(is.ended_total[i] == want->ended_total[i]);
    for (int i = 0; i < WARMSTART_OUTCOMES; i++)
        require(is.settled_total[i] == want->settled_total[i]);
}

static void check_next_deadline(void)
{
    uint64_t next = warmstart_next_deadline(run.core.manager);
    require(next > run.model.now);
    require(next <= model_next_deadline(&run.model));
}

static void do_something(void)
{
    unsigned what = below(100);
    tick();
    if (what < 26)
        do_register();
    else if (what < 34)
        do_match();
    else if (what < 38)
        do_count();
    else if (what < 54)
        do_dispatch();
    else if (what < 60)
        do_deliver();
    else if (what < 66)
        do_cancel();
    else if (what < 68)
        do_release();
    else if (what < 80)
        do_report();
    else if (what < 83)
        do_cancel_dispatch();
    else if (what < 86)
        do_abandon();
    else if (what < 88)
        do_nonsense();
    else
        require(warmstart_advance(run.core.manager, run.core.now) == 0);
    if (chance(50))
        do_pull(1 + below(6));
}

/* Ends all that is left, and counts. */
static void finish(void)
{
    tick();
    core_shutdown(&run.core);
    model_shutdown(&run.model);
    do_pull(UINT32_MAX);
    for (int i = 0; i < run.model.waiters_len; i++) {
        if (run.model.waiters[i].state != MODEL_WRITING)
            continue;
        require(model_report(&run.model, i, WARMSTART_OUTCOME_DELIVERED) == 1);
        require(core_report(&run.core, run.model.waiters[i].id, WARMSTART_OUTCOME_DELIVERED) == 1);
    }
    do_pull(UINT32_MAX);
    check_stats();
    require(warmstart_next_deadline(run.core.manager) == WARMSTART_NEVER);
    require(model_held(&run.model) == 0);
    require(model_open(&run.model) == 0);
    for (int i = 0; i < run.model.waiters_len; i++)
        require(run.model.waiters[i].ended == 1);
    for (int i = 0; i < run.model.dispatches_len; i++)
        require(run.model.dispatches[i].settled == 1);
}

static void begin(void)
{
    core_init(&run.core);
    run.core.options.order = (enum warmstart_order)below(2);
    run.core.options.waiters_max = chance(50) ? 1 + below(30) : 65536;
    run.core.options.waiters_reserved = chance(50) ? below(run.core.options.waiters_max < 9 ? 2 : 9) : 0;
    run.core.options.dispatches_max = chance(30) ? 1 + below(10) : 65536;
    run.core.options.field_sets_idle_max = below(4);
    run.core.options.lease_ns = (uint64_t)UNIT * (1 + below(8));
    run.core.options.hash_seed[0] = next_random();
    run.core.options.hash_seed[1] = next_random();
    core_start(&run.core);
    model_init(&run.model, run.core.options.order, run.core.options.lease_ns);
    run.model.now = UNIT;
}

void lockstep_run(struct lockstep_source *source)
{
    run.source = source;
    begin();
    for (run.step = 0; run.step < LOCKSTEP_STEPS_MAX && source->more(source); run.step++) {
        do_something();
        check_next_deadline();
        if (run.step % 8 == 0)
            check_stats();
    }
    finish();
    core_end(&run.core);
}
