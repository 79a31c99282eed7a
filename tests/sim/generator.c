/* SPDX-License-Identifier: MIT */
#include "generator.h"

/* Deadlines and the clock are multiples of this as a rule, so that much happens at the same moment. */
enum { UNIT = 1000 };

static uint32_t below(struct generator *generator, uint32_t bound)
{
    return (uint32_t)generator->source->draw(generator->source, bound);
}

static bool chance(struct generator *generator, int percent)
{
    return (int)below(generator, 100) < percent;
}

/* ---- A world ---- */

/* A small limit, that will be reached, or the default. */
static void limit(struct generator *generator, int percent, uint32_t most, uint32_t *ret)
{
    if (chance(generator, percent))
        *ret = 1 + below(generator, most);
}

static void choose_setting(struct generator *generator, bool big, struct world_setting *setting)
{
    world_setting_init(setting);
    setting->order = (enum warmstart_order)below(generator, 2);
    setting->seed[0] = generator->source->draw(generator->source, UINT64_MAX);
    setting->seed[1] = generator->source->draw(generator->source, UINT64_MAX);
    setting->lease = UINT64_C(1) * UNIT * (1 + below(generator, 8));
    if (chance(generator, 5))
        setting->lease = UINT64_MAX;
    if (chance(generator, 10))
        setting->start =
            chance(generator, 50) ? 0 : WARMSTART_NEVER - 1 - UINT64_C(1) * UNIT * below(generator, 200);
    setting->old = below(generator, 2);
    limit(generator, 20, 4, &setting->fields_max);
    limit(generator, 20, 5, &setting->retired_max);
    setting->field_sets_idle_max = below(generator, 6);
    if (big) {
        setting->waiters_max = chance(generator, 50) ? 1000 + below(generator, 1000) : MODEL_WAITERS_MAX - 1;
        return;
    }
    limit(generator, 40, 30, &setting->waiters_max);
    limit(generator, 30, 10, &setting->dispatches_max);
    limit(generator, 30, 6, &setting->field_sets_max);
    limit(generator, 30, 5, &setting->instances_max);
    if (chance(generator, 30))
        setting->waiters_reserved = below(generator, setting->waiters_max < 300 ? setting->waiters_max : 300);
}

/* Many sets with rare fields: a term of a query has none of some blocks of the index. */
static void choose_rare(struct generator *generator, struct world_setting *setting)
{
    struct world_setting plain;
    world_setting_init(&plain);
    setting->field_sets_max = plain.field_sets_max;
    setting->field_sets_idle_max = UNIVERSE_SETS;
    setting->waiters_max = plain.waiters_max;
    generator->crowd = 150;
    generator->sets_len = UNIVERSE_SETS - UNIVERSE_COMMON;
    for (int i = 0; i < generator->sets_len; i++)
        generator->sets[i] = (uint8_t)(UNIVERSE_COMMON + i);
}

void generator_init(struct generator *generator, struct lockstep_source *source, bool big,
                    struct world_setting *ret_setting)
{
    static const int crowds[] = {3, 10, 25, 60};
    *generator = (struct generator){.source = source};
    choose_setting(generator, big, ret_setting);
    generator->crowd = big ? 1500 + (int)below(generator, 2500) : crowds[below(generator, 4)];
    bool diverse = big || chance(generator, 20);
    generator->sets_len = 1 + (int)below(generator, diverse ? GENERATOR_SETS_MAX : 12);
    if (diverse) /* so many are remembered that there are several blocks of them in the index */
        ret_setting->field_sets_idle_max = below(generator, GENERATOR_SETS_MAX);
    uint32_t first = below(generator, UNIVERSE_SETS), step = 1 + below(generator, UNIVERSE_SETS - 1);
    for (int i = 0; i < generator->sets_len; i++)
        generator->sets[i] = (uint8_t)((first + (uint32_t)i * step) % UNIVERSE_SETS);
    if (!big && chance(generator, 8))
        choose_rare(generator, ret_setting);
    generator->controllers = big ? UNIVERSE_NAMES - 1 : 1 + (int)below(generator, 12);
    generator->instances = big ? UNIVERSE_NAMES - 1 : 1 + (int)below(generator, 6);
    generator->subset = generator->crowd == 150 ? 80 : (int)below(generator, 3) * 40;
    generator->tick = (int)below(generator, 4) * 15;
    generator->jump = (int)below(generator, 3) * 10;
    generator->pull = 5 + (int)below(generator, 40);
    generator->leaving = chance(generator, 20) ? 30 : 0;
    generator->starve = (int)below(generator, 3) * 25;
    generator->stop = chance(generator, 30) ? 1 + (int)below(generator, 2000) : 0;
}

/* ---- An operation ---- */

static uint32_t some_span(struct generator *generator, int never_percent)
{
    if (chance(generator, never_percent))
        return OPERATION_NEVER;
    uint32_t span = UNIT * below(generator, 12);
    if (chance(generator, 10))
        span = span * 20 + below(generator, 3); /* later, and not just then */
    return span;
}

/* Any operation so far, rather a late one. */
static uint32_t any_number(struct generator *generator)
{
    uint32_t recent = generator->number < 60 ? generator->number : 60;
    if (recent == 0)
        return 0;
    return chance(generator, 80) ? generator->number - 1 - below(generator, recent)
                                 : below(generator, generator->number);
}

/* A waiter in this state, if there is one. */
static uint32_t waiter_in(struct generator *generator, const struct world *world, enum model_state state)
{
    int len = world->model.waiters_len;
    int first = len > 0 ? (int)below(generator, (uint32_t)len) : 0;
    for (int i = 0; i < len; i++) {
        const struct model_waiter *waiter = &world->model.waiters[(first + i) % len];
        if (waiter->state == state)
            return world_number(world, waiter->conn);
    }
    return any_number(generator);
}

static uint32_t some_waiter(struct generator *generator, const struct world *world)
{
    int len = world->model.waiters_len;
    if (len == 0 || chance(generator, 15))
        return any_number(generator);
    return world_number(world, world->model.waiters[below(generator, (uint32_t)len)].conn);
}

static uint32_t some_dispatch(struct generator *generator, const struct world *world)
{
    int len = world->model.dispatches_len;
    if (len == 0 || chance(generator, 15))
        return any_number(generator);
    const struct model_dispatch *dispatch = &world->model.dispatches[below(generator, (uint32_t)len)];
    return world_number(world, dispatch->delivery.origin);
}

static enum operation_kind some_kind(struct generator *generator, const struct world *world)
{
    static const struct {
        uint8_t share; /* of 100 */
        uint8_t kind;
    } shares[] = {
        {9, OPERATION_MATCH},         {4, OPERATION_COUNT},   {22, OPERATION_DISPATCH},
        {7, OPERATION_DELIVER},       {7, OPERATION_CANCEL},  {4, OPERATION_RELEASE},
        {20, OPERATION_REPORT},       {5, OPERATION_ABANDON}, {6, OPERATION_CANCEL_DISPATCH},
        {3, OPERATION_CORDON},        {3, OPERATION_RETIRE},  {2, OPERATION_FOREACH},
        {2, OPERATION_FOREACH_MATCH}, {2, OPERATION_ADVANCE}, {3, OPERATION_WRONG_KIND},
    };
    if (generator->stop != 0 && below(generator, (uint32_t)generator->stop) == 0)
        return OPERATION_SHUTDOWN;
    if (chance(generator, generator->pull))
        return OPERATION_PULL;
    if (chance(generator, generator->leaving))
        return chance(generator, 70) ? OPERATION_CORDON : OPERATION_RETIRE;
    bool few = world->model.waiters_len < generator->crowd;
    if (chance(generator, few ? 50 : 10))
        return OPERATION_REGISTER;
    uint32_t left = below(generator, 99);
    for (size_t i = 0;; i++) {
        if (left < shares[i].share)
            return (enum operation_kind)shares[i].kind;
        left -= shares[i].share;
    }
}

static void choose_subject(struct generator *generator, const struct world *world,
                           struct operation *operation)
{
    switch ((enum operation_kind)operation->kind) {
    case OPERATION_CANCEL:
        operation->subject = some_waiter(generator, world);
        break;
    case OPERATION_RELEASE:
    case OPERATION_DELIVER:
        operation->subject = waiter_in(generator, world, MODEL_CLAIMED);
        break;
    case OPERATION_REPORT:
        operation->subject = waiter_in(generator, world, MODEL_WRITING);
        operation->outcome = (uint8_t)(1 + below(generator, 3));
        break;
    case OPERATION_CANCEL_DISPATCH:
    case OPERATION_ABANDON:
        operation->subject = some_dispatch(generator, world);
        break;
    case OPERATION_WRONG_KIND:
        operation->subject =
            chance(generator, 50) ? some_waiter(generator, world) : some_dispatch(generator, world);
        break;
    case OPERATION_REGISTER:
    case OPERATION_MATCH:
    case OPERATION_COUNT:
    case OPERATION_FOREACH:
    case OPERATION_FOREACH_MATCH:
    case OPERATION_DISPATCH:
    case OPERATION_CORDON:
    case OPERATION_RETIRE:
    case OPERATION_ADVANCE:
    case OPERATION_PULL:
    case OPERATION_SHUTDOWN:
        break;
    }
}

static void choose_rest(struct generator *generator, struct operation *operation)
{
    enum operation_kind kind = (enum operation_kind)operation->kind;
    operation->turn = (uint8_t)below(generator, 4);
    if (kind == OPERATION_REGISTER) {
        operation->match_in = some_span(generator, 60);
        operation->end_in = some_span(generator, 50);
        if (chance(generator, 60))
            operation->controller = (uint8_t)(1 + below(generator, (uint32_t)generator->controllers));
        if (chance(generator, 50))
            operation->instance = (uint8_t)(1 + below(generator, (uint32_t)generator->instances));
    } else if (kind == OPERATION_DISPATCH || kind == OPERATION_DELIVER) {
        operation->end_in = some_span(generator, 40);
        operation->attempts = (uint8_t)(kind == OPERATION_DISPATCH ? 1 + below(generator, 4) : 1);
        operation->retry = kind == OPERATION_DISPATCH && chance(generator, 30);
    } else if (kind == OPERATION_CORDON || kind == OPERATION_RETIRE) {
        operation->end_in = some_span(generator, 5);
        operation->instance = (uint8_t)(1 + below(generator, (uint32_t)generator->instances));
        operation->controller = (uint8_t)(1 + below(generator, (uint32_t)generator->controllers));
    } else if (kind == OPERATION_PULL) {
        operation->most = (uint8_t)(chance(generator, 30) ? 0 : 1 + below(generator, 6));
        operation->conduct = WARMSTART_TESTING_SILENT;
        if (chance(generator, 50))
            operation->conduct = (uint8_t)below(generator, WARMSTART_TESTING_TWICE + 1);
    } else if (kind == OPERATION_FOREACH || kind == OPERATION_FOREACH_MATCH) {
        operation->most = (uint8_t)(chance(generator, 50) ? 0 : 1 + below(generator, 20));
    }
}

void generator_next(struct generator *generator, const struct world *world, struct operation *ret_operation)
{
    struct operation operation = {.number = generator->number};
    if (chance(generator, generator->tick))
        operation.after = UNIT * below(generator, 3);
    if ((int)below(generator, 1000) < generator->jump)
        operation.after = chance(generator, 90) ? UNIT * below(generator, 60) : below(generator, UINT32_MAX);
    if (chance(generator, 3))
        operation.back = below(generator, 5 * UNIT);
    operation.kind = (uint8_t)some_kind(generator, world);
    operation.set = generator->sets[below(generator, (uint32_t)generator->sets_len)];
    if (below(generator, 64) == 0)
        operation.set = (uint8_t)(UNIVERSE_SETS + below(generator, UNIVERSE_SPOILT));
    if (chance(generator, generator->subset))
        operation.how = WARMSTART_MATCH_SUBSET;
    choose_subject(generator, world, &operation);
    choose_rest(generator, &operation);
    if ((int)below(generator, 1000) < generator->starve) {
        operation.nth = (uint16_t)(1 + below(generator, 5));
        operation.on = (uint8_t)below(generator, 2);
    }
    generator->number++;
    *ret_operation = operation;
}
