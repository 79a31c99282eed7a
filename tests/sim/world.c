/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "inside.h"
#include "universe.h"

#include <stdarg.h>
#include <string.h>

/* ---- Differences ---- */

__attribute__((format(printf, 3, 4))) static bool agree(struct world *world, bool holds, const char *format,
                                                        ...)
{
    if (holds || world->difference[0] != '\0')
        return holds;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(world->difference, sizeof(world->difference), format, arguments);
    va_end(arguments);
    return false;
}

static bool agree_on(struct world *world, const char *what, uint64_t is, uint64_t expected)
{
    return agree(world, is == expected, "%s: %lld, not %lld", what, (long long)is, (long long)expected);
}

/* ---- Settings ---- */

void world_setting_init(struct world_setting *setting)
{
    struct warmstart_options options;
    warmstart_options_init(&options);
    *setting = (struct world_setting){
        .start = 1000000,
        .lease = 5000,
        .waiters_max = MODEL_WAITERS_MAX - 1,
        .dispatches_max = MODEL_DISPATCHES_MAX,
        .field_sets_max = options.field_sets_max,
        .field_sets_idle_max = options.field_sets_idle_max,
        .instances_max = options.instances_max,
        .retired_max = options.retired_max,
        .fields_max = options.fields_max,
    };
}

void world_setting_print(const struct world_setting *setting, FILE *to)
{
    fprintf(to,
            "%s first, lease %llu, start %llu, waiters_max %u (%u reserved), dispatches_max %u, "
            "field_sets_max %u (%u remembered), instances_max %u, retired_max %u, fields_max %u%s\n",
            setting->order == WARMSTART_NEWEST_FIRST ? "newest" : "oldest",
            (unsigned long long)setting->lease, (unsigned long long)setting->start, setting->waiters_max,
            setting->waiters_reserved, setting->dispatches_max, setting->field_sets_max,
            setting->field_sets_idle_max, setting->instances_max, setting->retired_max, setting->fields_max,
            setting->old ? ", after very many deadlines" : "");
}

void world_begin(struct world *world, const struct world_setting *setting)
{
    world->setting = *setting;
    world->memory = (struct fake_allocator){0};
    world->clock.now = setting->start;
    world->difference[0] = '\0';
    world->starved = 0;
    memset(world->ids, 0, sizeof(world->ids));

    struct warmstart_options options;
    warmstart_options_init(&options);
    options.allocator = fake_allocator_hook(&world->memory);
    options.hash_seed[0] = setting->seed[0];
    options.hash_seed[1] = setting->seed[1];
    options.order = setting->order;
    options.waiters_max = setting->waiters_max;
    options.waiters_reserved = setting->waiters_reserved;
    options.dispatches_max = setting->dispatches_max;
    options.field_sets_max = setting->field_sets_max;
    options.field_sets_idle_max = setting->field_sets_idle_max;
    options.instances_max = setting->instances_max;
    options.retired_max = setting->retired_max;
    options.fields_max = setting->fields_max;
    options.lease_ns = setting->lease;

    world->model.fits = universe_fits;
    world->model.fields_len = universe_fields_len;
    world->model.fault = setting->fault;
    model_init(&world->model, &options);
    world->model.now = setting->start;
    world->bench = NULL;
    agree_on(world, "making a manager",
             (uint64_t)warmstart_testing_new(&options, &world->clock, &world->bench), 0);
    world->manager = warmstart_testing_manager(world->bench);
    if (setting->old)
        inside_make_old(world->manager);
}

void world_free(struct world *world)
{
    warmstart_testing_free(world->bench);
    world->bench = NULL;
}

/* ---- What operations are made of ---- */

uint32_t world_number(const struct world *world, const void *conn)
{
    return (uint32_t)((const char *)conn - world->payloads);
}

/* The id that an operation is about. */
static uint64_t subject(const struct world *world, const struct operation *operation)
{
    uint64_t id = operation->subject < WORLD_STEPS_MAX ? world->ids[operation->subject] : 0;
    return id != 0 ? id : operation->subject * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t moment(const struct world *world, uint32_t span)
{
    uint64_t left = WARMSTART_NEVER - world->model.now;
    return span == OPERATION_NEVER || span >= left ? WARMSTART_NEVER : world->model.now + span;
}

struct query {
    struct warmstart_field fields[UNIVERSE_FIELDS];
    struct warmstart_query real;
    struct model_query model;
};

static void make_query(const struct operation *operation, struct query *ret)
{
    enum warmstart_match how = (enum warmstart_match)operation->how;
    ret->model = (struct model_query){operation->set, how};
    ret->real.fields = ret->fields;
    ret->real.fields_len = universe_fields(operation->set, operation->turn, ret->fields);
    ret->real.how = how;
}

/* Did a call fail, and rightly, because an allocation did? Then it must have done nothing else. */
static bool starved(struct world *world, int answer)
{
    if (answer != WARMSTART_ERR_MEMORY)
        return false;
    world->starved++;
    return agree(world, world->memory.failed > 0, "out of memory, but no allocation has failed");
}

/* An id that was just given out must not be that of anything that is still there. */
static void give_id(struct world *world, const struct operation *operation, uint64_t id)
{
    agree(world, id != 0, "an id of 0");
    agree(world, model_waiter(&world->model, id) == NULL && model_dispatch(&world->model, id) == NULL,
          "the id %#llx is in use", (unsigned long long)id);
    world->ids[operation->number] = id;
}

/* ---- Operations about waiters ---- */

static void do_register(struct world *world, const struct operation *operation)
{
    struct model_waiter waiter = {
        .conn = &world->payloads[operation->number],
        .set = operation->set,
        .controller = operation->controller,
        .instance = operation->instance,
        .match_until = moment(world, operation->match_in),
        .expires_at = moment(world, operation->end_in),
    };
    struct query query;
    make_query(operation, &query);
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = query.fields;
    registration.fields_len = query.real.fields_len;
    if (waiter.controller != 0)
        registration.controller_id = universe_name(waiter.controller, &registration.controller_id_bytes);
    if (waiter.instance != 0)
        registration.instance = universe_name(waiter.instance, &registration.instance_bytes);
    registration.match_until = waiter.match_until;
    registration.expires_at = waiter.expires_at;
    registration.conn = waiter.conn;

    int expected = model_may_register(&world->model, &waiter);
    int answer = warmstart_testing_register(world->bench, &registration, &waiter.id);
    if (starved(world, answer))
        return;
    agree_on(world, "register", (uint64_t)answer, (uint64_t)expected);
    if (answer < 0) {
        agree_on(world, "id of a refused registration", waiter.id, 0);
        model_refused(&world->model, answer);
        return;
    }
    give_id(world, operation, waiter.id);
    model_register(&world->model, &waiter);
}

static void do_match(struct world *world, const struct operation *operation)
{
    struct query query;
    make_query(operation, &query);
    int expected = model_may_match(&world->model, query.model);
    uint64_t id = 0;
    int answer = warmstart_match(world->manager, &query.real, &id, world->clock.now);
    agree_on(world, "match", (uint64_t)answer, (uint64_t)expected);
    if (expected != 1) {
        agree_on(world, "id of nobody", id, 0);
        model_refused(&world->model, expected);
        return;
    }
    const struct model_waiter *fit = model_fit(&world->model, query.model);
    agree(world, id == fit->id, "match: waiter %#llx, not %#llx (#%u)", (unsigned long long)id,
          (unsigned long long)fit->id, world_number(world, fit->conn));
    model_claim(&world->model, fit->id);
}

static void do_count(struct world *world, const struct operation *operation)
{
    struct query query;
    make_query(operation, &query);
    int expected = model_may_ask(&world->model, query.model);
    size_t count = 12345;
    int answer = warmstart_count(world->manager, &query.real, &count, world->clock.now);
    agree_on(world, "count", (uint64_t)answer, (uint64_t)expected);
    if (expected < 0)
        model_refused(&world->model, expected);
    agree_on(world, "counted", count, expected < 0 ? 12345 : model_count(&world->model, query.model));
}

/* What is shown must be a waiter, as it was registered, and each only once. */
struct showing {
    struct world *world;
    const struct model_query *query; /* NULL: all are to be shown */
    size_t shown;
    size_t stop_after; /* 0: never */
    uint64_t sum;      /* of the ids */
};

static int show(void *user, const struct warmstart_waiter_view *view)
{
    struct showing *showing = user;
    struct world *world = showing->world;
    showing->shown++;
    showing->sum += view->waiter;
    const struct model_waiter *waiter = model_waiter(&world->model, view->waiter);
    if (!agree(world, waiter != NULL && waiter->state != MODEL_OVER, "a waiter is shown that does not wait"))
        return -77;
    agree(world, view->conn == waiter->conn, "shown: another conn");
    agree_on(world, "shown: matchable", (uint64_t)view->matchable, waiter->state == MODEL_WAITING);
    agree(world, showing->query == NULL || model_answers(&world->model, waiter->set, *showing->query),
          "shown: a waiter that does not fit");
    struct warmstart_field fields[UNIVERSE_FIELDS];
    size_t len = universe_fields(waiter->set, 0, fields);
    agree_on(world, "shown: fields", view->fields_len, len);
    for (size_t i = 0; i < len && i < view->fields_len; i++)
        agree(world,
              view->fields[i].name_bytes == fields[i].name_bytes &&
                  view->fields[i].value_bytes == fields[i].value_bytes &&
                  memcmp(view->fields[i].name, fields[i].name, fields[i].name_bytes) == 0 &&
                  memcmp(view->fields[i].value, fields[i].value, fields[i].value_bytes) == 0,
              "shown: another field");
    size_t bytes = 0;
    const char *name = waiter->instance != 0 ? universe_name(waiter->instance, &bytes) : NULL;
    agree(world,
          view->instance_bytes == bytes && (name == NULL) == (view->instance == NULL) &&
              (name == NULL || memcmp(name, view->instance, bytes) == 0),
          "shown: another instance");
    return showing->stop_after != 0 && showing->shown == showing->stop_after ? 77 : 0;
}

static void check_shown(struct world *world, const struct showing *showing, int answer)
{
    size_t held = 0;
    uint64_t sum = 0;
    for (int i = 0; i < world->model.waiters_len; i++) {
        const struct model_waiter *waiter = &world->model.waiters[i];
        if (waiter->state == MODEL_OVER ||
            (showing->query != NULL && !model_answers(&world->model, waiter->set, *showing->query)))
            continue;
        held++;
        sum += waiter->id;
    }
    bool stopped = showing->stop_after != 0 && held >= showing->stop_after;
    agree_on(world, "foreach", (uint64_t)answer, stopped ? 77 : 0);
    agree_on(world, "how many are shown", showing->shown, stopped ? showing->stop_after : held);
    agree(world, stopped || sum == showing->sum, "not each waiter is shown once");
}

static void do_foreach(struct world *world, const struct operation *operation)
{
    struct showing showing = {.world = world, .stop_after = operation->most};
    int answer = warmstart_foreach_waiter(world->manager, show, &showing, world->clock.now);
    check_shown(world, &showing, answer);
}

static void do_foreach_match(struct world *world, const struct operation *operation)
{
    struct query query;
    make_query(operation, &query);
    struct showing showing = {.world = world, .query = &query.model, .stop_after = operation->most};
    int expected = model_may_ask(&world->model, query.model);
    int answer = warmstart_foreach_match(world->manager, &query.real, show, &showing, world->clock.now);
    if (expected == 0) {
        check_shown(world, &showing, answer);
        return;
    }
    agree_on(world, "foreach_match", (uint64_t)answer, (uint64_t)expected);
    agree_on(world, "shown of a query that is refused", showing.shown, 0);
    model_refused(&world->model, expected);
}

/* ---- Operations about dispatches ---- */

static struct model_dispatch make_dispatch(struct world *world, const struct operation *operation)
{
    struct model_dispatch dispatch = {0};
    warmstart_delivery_init(&dispatch.delivery);
    dispatch.delivery.payload = &world->payloads[operation->number];
    dispatch.delivery.payload_bytes = operation->number % 1000;
    dispatch.delivery.origin = &world->payloads[operation->number];
    dispatch.delivery.deadline = moment(world, operation->end_in);
    dispatch.delivery.attempts_max = operation->attempts;
    dispatch.delivery.retry_uncertain = operation->retry;
    return dispatch;
}

static void do_dispatch(struct world *world, const struct operation *operation)
{
    struct query query;
    make_query(operation, &query);
    struct model_dispatch dispatch = make_dispatch(world, operation);
    dispatch.query = query.model;
    int expected = model_may_dispatch(&world->model, query.model, &dispatch.delivery);
    int answer = warmstart_testing_dispatch(world->bench, &query.real, &dispatch.delivery, &dispatch.id);
    if (starved(world, answer))
        return;
    agree_on(world, "dispatch", (uint64_t)answer, (uint64_t)expected);
    if (answer != 1) {
        agree_on(world, "id of no dispatch", dispatch.id, 0);
        if (expected != WARMSTART_ERR_INVALID)
            model_refused(&world->model, expected);
        return;
    }
    give_id(world, operation, dispatch.id);
    const struct model_waiter *fit = model_fit(&world->model, query.model);
    if (expected == 1)
        model_start(&world->model, &dispatch, fit->id);
}

static void do_deliver(struct world *world, const struct operation *operation)
{
    uint64_t id = subject(world, operation);
    struct model_dispatch dispatch = make_dispatch(world, operation);
    dispatch.single = true;
    int expected = model_may_deliver(&world->model, id, &dispatch.delivery);
    int answer = warmstart_testing_deliver(world->bench, id, &dispatch.delivery, &dispatch.id);
    if (starved(world, answer))
        return;
    agree_on(world, "deliver", (uint64_t)answer, (uint64_t)expected);
    if (answer != 1) {
        if (expected < 0)
            model_refused(&world->model, expected);
        return;
    }
    give_id(world, operation, dispatch.id);
    if (expected != 1)
        return;
    dispatch.query.set = model_waiter(&world->model, id)->set;
    model_start(&world->model, &dispatch, id);
}

static void do_report(struct world *world, uint64_t waiter, enum warmstart_outcome outcome)
{
    int expected = model_report(&world->model, waiter, outcome);
    int answer = warmstart_testing_report(world->bench, waiter, outcome);
    agree_on(world, "report", (uint64_t)answer, (uint64_t)expected);
}

static void do_cancel(struct world *world, uint64_t id)
{
    int expected = model_cancel(&world->model, id);
    agree_on(world, "cancel", (uint64_t)warmstart_testing_cancel(world->bench, id), (uint64_t)expected);
}

static void do_release(struct world *world, uint64_t id)
{
    int expected = model_release(&world->model, id);
    int answer = warmstart_release(world->manager, id, world->clock.now);
    agree_on(world, "release", (uint64_t)answer, (uint64_t)expected);
}

static void do_cancel_dispatch(struct world *world, uint64_t id)
{
    int expected = model_cancel_dispatch(&world->model, id);
    int answer = warmstart_cancel_dispatch(world->manager, id, world->clock.now);
    agree_on(world, "cancel_dispatch", (uint64_t)answer, (uint64_t)expected);
}

static void do_abandon(struct world *world, uint64_t id)
{
    int expected = model_abandon(&world->model, id);
    int answer = warmstart_abandon_dispatch(world->manager, id, world->clock.now);
    agree_on(world, "abandon_dispatch", (uint64_t)answer, (uint64_t)expected);
}

/* The id of a waiter where a dispatch's is wanted, or the reverse. Both were tried with their own before. */
static void do_wrong_kind(struct world *world, const struct operation *operation)
{
    uint64_t id = subject(world, operation);
    if (model_waiter(&world->model, id) != NULL) {
        do_cancel_dispatch(world, id);
        do_abandon(world, id);
    } else {
        do_cancel(world, id);
        do_release(world, id);
        do_report(world, id, WARMSTART_OUTCOME_LOST);
    }
}

/* ---- Operations about many ---- */

static void do_cordon(struct world *world, const struct operation *operation)
{
    uint64_t until = moment(world, operation->end_in);
    size_t bytes;
    const char *name = universe_name(operation->instance, &bytes);
    int expected = model_may_cordon(&world->model, operation->instance, until);
    int answer = warmstart_cordon(world->manager, name, bytes, until, world->clock.now);
    if (starved(world, answer))
        return;
    agree_on(world, "cordon", (uint64_t)answer, (uint64_t)expected);
    if (expected < 0)
        model_refused(&world->model, expected);
    else
        model_cordon(&world->model, operation->instance, until);
}

static void do_retire(struct world *world, const struct operation *operation)
{
    uint64_t until = moment(world, operation->end_in);
    size_t bytes;
    const char *name = universe_name(operation->controller, &bytes);
    int expected = model_may_retire(&world->model, operation->controller, until);
    int answer = warmstart_retire(world->manager, name, bytes, until, world->clock.now);
    if (starved(world, answer))
        return;
    if (expected < 0)
        model_refused(&world->model, expected);
    else
        expected = model_retire(&world->model, operation->controller, until);
    agree_on(world, "retire", (uint64_t)answer, (uint64_t)expected);
}

static void do_shutdown(struct world *world)
{
    model_shutdown(&world->model);
    agree_on(world, "shutdown", (uint64_t)warmstart_manager_shutdown(world->manager, world->clock.now), 0);
}

static bool same_event(const struct warmstart_event *a, const struct warmstart_event *b)
{
    return a->type == b->type && a->ending == b->ending && a->outcome == b->outcome &&
           a->attempts == b->attempts && a->waiter == b->waiter && a->conn == b->conn &&
           a->dispatch == b->dispatch && a->origin == b->origin && a->payload == b->payload &&
           a->payload_bytes == b->payload_bytes && a->reserved[0] == 0 && a->reserved[1] == 0;
}

/* "SETTLED of #12 as lost, 2 attempts": the numbers are those of operations. */
static void describe(const struct world *world, const struct warmstart_event *event, char *text, size_t room)
{
    static const char *const types[] = {"nothing", "DELIVER", "ENDED", "SETTLED"};
    int used = snprintf(text, room, "%s", (unsigned)event->type < 4 ? types[event->type] : "?");
    if (event->origin != NULL)
        used += snprintf(text + used, room - (size_t)used, " of #%u (%u attempts)",
                         world_number(world, event->origin), event->attempts);
    if (event->conn != NULL)
        used += snprintf(text + used, room - (size_t)used, " waiter #%u", world_number(world, event->conn));
    if (event->ending != 0)
        used += snprintf(text + used, room - (size_t)used, " as %s", warmstart_ending_name(event->ending));
    if (event->outcome != 0)
        (void)snprintf(text + used, room - (size_t)used, " as %s", warmstart_outcome_name(event->outcome));
}

static void say_event(struct world *world, const struct warmstart_event *is,
                      const struct warmstart_event *expected)
{
    char first[100], second[100];
    describe(world, is, first, sizeof(first));
    describe(world, expected, second, sizeof(second));
    agree(world, false, "event: %s, not %s%s", first, second,
          strcmp(first, second) == 0 ? " as it should be in its other members" : "");
}

static bool pull_one(struct world *world)
{
    struct warmstart_event expected, is;
    int wanted = model_next_event(&world->model, &expected);
    int answer = warmstart_testing_next_event(world->bench, &is);
    if (!agree_on(world, "next_event", (uint64_t)answer, (uint64_t)wanted) || answer != 1)
        return false;
    if (!same_event(&is, &expected))
        say_event(world, &is, &expected);
    return world->difference[0] == '\0';
}

/* What the transport has to say by now. */
static void make_reports(struct world *world)
{
    uint64_t waiter;
    enum warmstart_outcome outcome;
    while (warmstart_testing_next_report(world->bench, &waiter, &outcome) == 1)
        do_report(world, waiter, outcome);
}

static void do_pull(struct world *world, const struct operation *operation)
{
    enum warmstart_testing_conduct conduct = (enum warmstart_testing_conduct)operation->conduct;
    agree_on(world, "script", (uint64_t)warmstart_testing_script(world->bench, &conduct, 1, 3000), 0);
    make_reports(world);
    for (int i = 0; (operation->most == 0 || i < operation->most) && pull_one(world); i++)
        if (operation->turn % 2 == 0)
            make_reports(world); /* else all of them after the last event */
    make_reports(world);
    warmstart_testing_forget(world->bench);
}

/* ---- What must hold at all times ---- */

static void check_stats(struct world *world)
{
    struct warmstart_stats is = {.size = sizeof(is)};
    agree_on(world, "get_stats", (uint64_t)warmstart_get_stats(world->manager, &is), 0);
    struct warmstart_stats expected = *model_stats(&world->model);
    uint64_t sets_max = expected.field_sets + world->setting.field_sets_idle_max;
    agree(world,
          is.field_sets >= expected.field_sets && is.field_sets <= sets_max &&
              is.field_sets <= world->setting.field_sets_max,
          "field_sets: %llu, not %llu to %llu", (unsigned long long)is.field_sets,
          (unsigned long long)expected.field_sets, (unsigned long long)sets_max);
    expected.field_sets = is.field_sets;
    expected.memory_bytes = world->memory.bytes;
    if (memcmp(&is, &expected, sizeof(is)) == 0)
        return;
    const uint64_t *a = &is.waiters, *b = &expected.waiters;
    for (size_t i = 0; i < (sizeof(is) - sizeof(is.size)) / sizeof(*a); i++)
        agree(world, a[i] == b[i], "statistics: the number %zu is %llu, not %llu", i,
              (unsigned long long)a[i], (unsigned long long)b[i]);
}

/* It may be too early after many cancelled ones, but then it gets nearer each time it is asked for. */
static void check_next_deadline(struct world *world)
{
    uint64_t expected = model_next_deadline(&world->model);
    uint64_t next = warmstart_next_deadline(world->manager);
    for (int asked = 0; next < expected && asked < world->model.waiters_len + MODEL_DISPATCHES_MAX; asked++)
        next = warmstart_next_deadline(world->manager);
    agree_on(world, "next_deadline", next, expected);
}

static void check_all(struct world *world)
{
    check_stats(world);
    const char *fault = warmstart_testing_fault(world->bench);
    agree(world, fault == NULL, "%s", fault != NULL ? fault : "");
    const char *rule = inside_check(world->manager);
    agree(world, rule == NULL, "inside: %s", rule != NULL ? rule : "");
}

static void dispatch_on_kind(struct world *world, const struct operation *operation)
{
    switch ((enum operation_kind)operation->kind) {
    case OPERATION_REGISTER:
        do_register(world, operation);
        break;
    case OPERATION_CANCEL:
        do_cancel(world, subject(world, operation));
        break;
    case OPERATION_MATCH:
        do_match(world, operation);
        break;
    case OPERATION_RELEASE:
        do_release(world, subject(world, operation));
        break;
    case OPERATION_COUNT:
        do_count(world, operation);
        break;
    case OPERATION_FOREACH:
        do_foreach(world, operation);
        break;
    case OPERATION_FOREACH_MATCH:
        do_foreach_match(world, operation);
        break;
    case OPERATION_DISPATCH:
        do_dispatch(world, operation);
        break;
    case OPERATION_DELIVER:
        do_deliver(world, operation);
        break;
    case OPERATION_REPORT:
        do_report(world, subject(world, operation), (enum warmstart_outcome)operation->outcome);
        break;
    case OPERATION_CANCEL_DISPATCH:
        do_cancel_dispatch(world, subject(world, operation));
        break;
    case OPERATION_ABANDON:
        do_abandon(world, subject(world, operation));
        break;
    case OPERATION_CORDON:
        do_cordon(world, operation);
        break;
    case OPERATION_RETIRE:
        do_retire(world, operation);
        break;
    case OPERATION_ADVANCE:
        agree_on(world, "advance", (uint64_t)warmstart_advance(world->manager, world->clock.now), 0);
        break;
    case OPERATION_PULL:
        do_pull(world, operation);
        break;
    case OPERATION_WRONG_KIND:
        do_wrong_kind(world, operation);
        break;
    case OPERATION_SHUTDOWN:
        do_shutdown(world);
        break;
    }
}

bool world_do(struct world *world, const struct operation *operation)
{
    uint64_t left = WARMSTART_NEVER - 1 - world->model.now;
    uint64_t now = world->model.now + (operation->after < left ? operation->after : left);
    model_advance(&world->model, now);
    world->clock.now = now - (operation->back < now ? operation->back : now);
    /* A pull has no `now` of its own, and a clock can only go back from where it was. */
    if (operation->kind == OPERATION_PULL || operation->back != 0)
        (void)warmstart_advance(world->manager, now);
    if (operation->nth != 0) {
        world->memory.failed = 0;
        fake_allocator_fail(&world->memory, operation->nth, operation->on);
    }
    dispatch_on_kind(world, operation);
    fake_allocator_heal(&world->memory);
    world->memory.failed = 0;
    check_next_deadline(world);
    check_all(world);
    return world->difference[0] == '\0';
}

/* ---- The end ---- */

/* The transport finishes what it is writing. */
static void finish_writing(struct world *world)
{
    for (int i = 0; i < world->model.waiters_len; i++) {
        if (world->model.waiters[i].state != MODEL_WRITING)
            continue;
        do_report(world, world->model.waiters[i].id, WARMSTART_OUTCOME_DELIVERED);
    }
}

bool world_end(struct world *world)
{
    struct operation pull = {.kind = OPERATION_PULL};
    model_advance(&world->model,
                  world->model.now); /* a controller may have been registered too late just now */
    do_shutdown(world);
    do_pull(world, &pull);
    finish_writing(world);
    do_pull(world, &pull);
    check_all(world);
    agree_on(world, "waiters in the end", (uint64_t)world->model.waiters_len, 0);
    agree_on(world, "dispatches in the end", (uint64_t)world->model.dispatches_len, 0);
    world_free(world);
    agree_on(world, "blocks that leaked", world->memory.blocks, 0);
    return world->difference[0] == '\0';
}
