/* SPDX-License-Identifier: MIT */
/* The core, through its public calls. */
#include "contender.h"

#include <stdlib.h>

#define HOUR_NS UINT64_C(3600000000000)

/* Far shorter than what passes between calls in a server, so that no deadline is reached. */
enum { STEP_NS = 100 };

struct store {
    struct warmstart_manager *manager;
    struct population population;
    struct warmstart_registration registration;
    struct warmstart_query query;
    struct warmstart_delivery delivery;
    struct input input;
    uint64_t random;
    uint64_t now;
};

static void register_one(struct store *store, uint32_t waiter)
{
    warmstart_waiter_id id;
    input_set_controller(&store->input, waiter);
    store->registration.fields_len = store->input.fields_len;
    store->registration.conn = (void *)((uintptr_t)waiter + 1);
    store->registration.match_until = store->now + HOUR_NS;
    store->registration.expires_at = store->now + HOUR_NS + HOUR_NS / 100;
    if (warmstart_register(store->manager, &store->registration, &id, store->now) != 0)
        wrong("warmstart_register() did not take a waiter");
}

static struct store *create(const struct population *population, enum warmstart_order order)
{
    struct store *store = allocate(1, sizeof(*store));
    struct warmstart_options options;
    warmstart_options_init(&options);
    options.order = order;
    options.waiters_max = population->waiters + 1;
    options.field_sets_max = population->keys + options.field_sets_idle_max;
    options.hash_seed[0] = 1;
    if (warmstart_manager_new(&options, &store->manager) != 0)
        wrong("warmstart_manager_new() failed");
    store->population = *population;
    store->random = 1;
    store->now = 1;
    input_init(&store->input);
    warmstart_registration_init(&store->registration);
    store->registration.fields = store->input.fields;
    store->registration.controller_id = store->input.controller;
    store->registration.controller_id_bytes = store->input.controller_bytes;
    store->registration.instance = store->input.instance;
    store->registration.instance_bytes = store->input.instance_bytes;
    warmstart_delivery_init(&store->delivery);
    store->delivery.payload = store;
    store->delivery.payload_bytes = 2048;
    store->query.fields = store->input.fields;
    for (uint32_t waiter = 0; waiter < population->waiters; waiter++) {
        if (population->rich)
            input_set_rich_key(&store->input, waiter % population->keys);
        else
            input_set_key(&store->input, waiter % population->keys);
        register_one(store, waiter);
    }
    return store;
}

static void *create_newest(const struct population *population)
{
    return create(population, WARMSTART_NEWEST_FIRST);
}

static void *create_oldest(const struct population *population)
{
    return create(population, WARMSTART_OLDEST_FIRST);
}

static void destroy(void *pointer)
{
    struct store *store = pointer;
    warmstart_manager_free(store->manager);
    free(store);
}

static void expect_event(struct store *store, struct warmstart_event *event, enum warmstart_event_type type)
{
    if (warmstart_next_event(store->manager, event) != 1 || event->type != type)
        wrong("an event of a hand-over is missing");
}

/* A whole hand-over: dispatch, DELIVER, report, SETTLED, ENDED; then the controller comes again. */
static int cycle(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    struct warmstart_event event;
    warmstart_dispatch_id dispatch;
    store->query.how = WARMSTART_MATCH_EXACT;
    store->query.fields_len = store->input.fields_len;
    for (; times > 0; times--) {
        store->now += STEP_NS;
        input_set_key(&store->input, random_below(&store->random, store->population.keys));
        store->delivery.deadline = store->now + HOUR_NS;
        if (warmstart_dispatch(store->manager, &store->query, &store->delivery, &dispatch, store->now) != 1)
            wrong("warmstart_dispatch() found nobody");
        expect_event(store, &event, WARMSTART_EVENT_DELIVER);
        if (warmstart_report(store->manager, event.waiter, WARMSTART_OUTCOME_DELIVERED, store->now) != 1)
            wrong("warmstart_report() was not taken");
        expect_event(store, &event, WARMSTART_EVENT_SETTLED);
        expect_event(store, &event, WARMSTART_EVENT_ENDED);
        register_one(store, (uint32_t)((uintptr_t)event.conn - 1));
    }
    if (warmstart_next_event(store->manager, &event) != 0)
        wrong("there are more events than hand-overs have");
    return 0;
}

static int miss(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    warmstart_dispatch_id dispatch;
    store->query.how = WARMSTART_MATCH_EXACT;
    store->query.fields_len = store->input.fields_len;
    store->delivery.deadline = WARMSTART_NEVER;
    for (; times > 0; times--) {
        store->now += STEP_NS;
        input_set_key(&store->input, (uint32_t)(random_next(&store->random) >> 32) | UINT32_C(0x80000000));
        if (warmstart_dispatch(store->manager, &store->query, &store->delivery, &dispatch, store->now) != 0)
            wrong("warmstart_dispatch() found somebody");
    }
    return 0;
}

/* warmstart_match(), and if somebody fits, warmstart_release(). */
static int ask(struct store *store, enum question question, int expected, uint64_t times)
{
    store->query.how = WARMSTART_MATCH_SUBSET;
    for (; times > 0; times--) {
        warmstart_waiter_id id;
        store->now += STEP_NS;
        input_set_question(&store->input, question, random_below(&store->random, store->population.keys));
        store->query.fields_len = store->input.fields_len;
        int answer = warmstart_match(store->manager, &store->query, &id, store->now);
        if (answer < 0)
            return answer;
        if (answer != expected)
            wrong("warmstart_match() of a subset gave the wrong answer");
        if (answer == 1 && warmstart_release(store->manager, id, store->now) != 1)
            wrong("warmstart_release() was not taken");
    }
    return 0;
}

static int narrow(void *store, uint64_t times)
{
    return ask(store, QUESTION_NARROW, 1, times);
}

static int narrow_miss(void *store, uint64_t times)
{
    return ask(store, QUESTION_NARROW_MISS, 0, times);
}

static int wide(void *store, uint64_t times)
{
    return ask(store, QUESTION_WIDE, 1, times);
}

static int wide_miss(void *store, uint64_t times)
{
    return ask(store, QUESTION_WIDE_MISS, 0, times);
}

static int unknown(void *store, uint64_t times)
{
    return ask(store, QUESTION_UNKNOWN, 0, times);
}

const struct contender contender_warmstart = {
    .name = "warmstart",
    .about = "the core: dispatch, deliver, report, its three events, register; newest first",
    .create = create_newest,
    .destroy = destroy,
    .plain = {{"hand-over", cycle}, {"miss", miss}},
    .rich = {{"subset hit", narrow},
             {"subset miss", narrow_miss},
             {"wide subset hit", wide},
             {"wide subset miss", wide_miss},
             {"unknown subset", unknown}},
};

const struct contender contender_warmstart_oldest = {
    .name = "warmstart-oldest",
    .about = "the same, oldest first: every waiter takes its turn, and none is in a cache",
    .create = create_oldest,
    .destroy = destroy,
    .plain = {{"hand-over", cycle}},
};

static uint64_t manager_bytes(const struct warmstart_manager *manager)
{
    struct warmstart_stats stats = {.size = sizeof(stats)};
    if (warmstart_get_stats(manager, &stats) != 0)
        wrong("warmstart_get_stats() failed");
    return stats.memory_bytes;
}

uint64_t warmstart_store_bytes(const void *store)
{
    return manager_bytes(((const struct store *)store)->manager);
}

double warmstart_bytes_each(uint32_t waiters)
{
    struct population population = {.waiters = 1, .keys = 1};
    struct store *one = create(&population, WARMSTART_NEWEST_FIRST);
    population.waiters = waiters;
    struct store *all = create(&population, WARMSTART_NEWEST_FIRST);
    double each = (double)(manager_bytes(all->manager) - manager_bytes(one->manager)) / (waiters - 1);
    destroy(one);
    destroy(all);
    return each;
}
