/* SPDX-License-Identifier: MIT */
#include "core.h"

#include <string.h>

void core_init(struct core *core)
{
    memset(core, 0, sizeof(*core));
    warmstart_options_init(&core->options);
    core->options.allocator = fake_allocator_hook(&core->memory);
    core->now = 1000;
}

void core_start(struct core *core)
{
    ck_assert_int_eq(warmstart_manager_new(&core->options, &core->manager), 0);
    ck_assert_ptr_nonnull(core->manager);
}

void core_begin(struct core *core)
{
    core_init(core);
    core_start(core);
}

void core_end(struct core *core)
{
    warmstart_manager_free(core->manager);
    ck_assert_uint_eq(core->memory.blocks, 0);
    ck_assert_uint_eq(core->memory.bytes, 0);
    events_deinit(&core->events);
}

static void remember(struct core *core, uint64_t id, void *pointer, const void *payload, size_t bytes)
{
    ck_assert_uint_ne(id, 0);
    ck_assert_uint_lt(core->known_len, CORE_KNOWN_MAX);
    core->known[core->known_len++] = (struct core_known){id, pointer, payload, bytes};
}

static const struct core_known *look_up(const struct core *core, uint64_t id)
{
    for (size_t i = 0; i < core->known_len; i++)
        if (core->known[i].id == id)
            return &core->known[i];
    ck_abort_msg("nothing has the id %#llx", (unsigned long long)id);
    return NULL;
}

static void *handle(struct core *core)
{
    return &core->handles[core->handles_len++ % sizeof(core->handles)];
}

struct warmstart_registration core_registration(struct core *core, const char *fields)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    field_set_parse(&core->waiting, fields);
    registration.fields = core->waiting.fields;
    registration.fields_len = core->waiting.len;
    registration.conn = handle(core);
    return registration;
}

warmstart_waiter_id core_add(struct core *core, const struct warmstart_registration *registration)
{
    warmstart_waiter_id waiter = 0;
    ck_assert_int_eq(warmstart_register(core->manager, registration, &waiter, core->now), 0);
    remember(core, waiter, registration->conn, NULL, 0);
    return waiter;
}

warmstart_waiter_id core_register(struct core *core, const char *fields, const char *controller)
{
    struct warmstart_registration registration = core_registration(core, fields);
    registration.controller_id = controller;
    registration.controller_id_bytes = controller == NULL ? 0 : strlen(controller);
    return core_add(core, &registration);
}

struct warmstart_query core_query(struct core *core, const char *fields)
{
    field_set_parse(&core->asking, fields);
    return (struct warmstart_query){
        .fields = core->asking.fields, .fields_len = core->asking.len, .how = WARMSTART_MATCH_EXACT};
}

warmstart_waiter_id core_match(struct core *core, const char *fields)
{
    struct warmstart_query query = core_query(core, fields);
    warmstart_waiter_id waiter = 0;
    int answer = warmstart_match(core->manager, &query, &waiter, core->now);
    ck_assert_int_ge(answer, 0);
    ck_assert_int_eq(answer, waiter != 0);
    return waiter;
}

size_t core_count(struct core *core, const char *fields)
{
    struct warmstart_query query = core_query(core, fields);
    size_t count = SIZE_MAX;
    ck_assert_int_eq(warmstart_count(core->manager, &query, &count, core->now), 0);
    return count;
}

struct warmstart_delivery core_delivery(struct core *core)
{
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.payload = handle(core);
    delivery.payload_bytes = 100 + core->handles_len;
    delivery.origin = handle(core);
    return delivery;
}

warmstart_dispatch_id core_send(struct core *core, const char *fields,
                                const struct warmstart_delivery *delivery)
{
    struct warmstart_query query = core_query(core, fields);
    warmstart_dispatch_id dispatch = 0;
    int answer = warmstart_dispatch(core->manager, &query, delivery, &dispatch, core->now);
    ck_assert_int_ge(answer, 0);
    ck_assert_int_eq(answer, dispatch != 0);
    if (dispatch != 0)
        remember(core, dispatch, delivery->origin, delivery->payload, delivery->payload_bytes);
    return dispatch;
}

warmstart_dispatch_id core_dispatch(struct core *core, const char *fields, uint32_t attempts_max)
{
    struct warmstart_delivery delivery = core_delivery(core);
    delivery.attempts_max = attempts_max;
    return core_send(core, fields, &delivery);
}

warmstart_dispatch_id core_deliver(struct core *core, warmstart_waiter_id waiter,
                                   const struct warmstart_delivery *delivery)
{
    warmstart_dispatch_id dispatch = 0;
    int answer = warmstart_deliver(core->manager, waiter, delivery, &dispatch, core->now);
    ck_assert_int_ge(answer, 0);
    ck_assert_int_eq(answer, dispatch != 0);
    if (dispatch != 0)
        remember(core, dispatch, delivery->origin, delivery->payload, delivery->payload_bytes);
    return dispatch;
}

int core_report(struct core *core, warmstart_waiter_id waiter, enum warmstart_outcome outcome)
{
    return warmstart_report(core->manager, waiter, outcome, core->now);
}

int core_cancel(struct core *core, warmstart_waiter_id waiter)
{
    return warmstart_cancel(core->manager, waiter, core->now);
}

int core_release(struct core *core, warmstart_waiter_id waiter)
{
    return warmstart_release(core->manager, waiter, core->now);
}

int core_cancel_dispatch(struct core *core, warmstart_dispatch_id dispatch)
{
    return warmstart_cancel_dispatch(core->manager, dispatch, core->now);
}

int core_abandon(struct core *core, warmstart_dispatch_id dispatch)
{
    return warmstart_abandon_dispatch(core->manager, dispatch, core->now);
}

void core_shutdown(struct core *core)
{
    ck_assert_int_eq(warmstart_manager_shutdown(core->manager, core->now), 0);
}

void core_advance(struct core *core, uint64_t now)
{
    core->now = now;
    ck_assert_int_eq(warmstart_advance(core->manager, now), 0);
}

struct warmstart_stats core_stats(struct core *core)
{
    struct warmstart_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_get_stats(core->manager, &stats), 0);
    return stats;
}

void core_pull(struct core *core)
{
    events_clear(&core->events);
    events_pull(&core->events, core->manager);
}

const struct warmstart_event *core_next(struct core *core, int line)
{
    struct warmstart_event event;
    memset(&event, 0xa5, sizeof(event));
    int answer = warmstart_next_event(core->manager, &event);
    ck_assert_msg(answer == 1, "line %d: no event (%d)", line, answer);
    core->oldest = event;
    return &core->oldest;
}

void core_check_none(struct core *core, int line)
{
    struct warmstart_event event = {.reserved = {77, 77}};
    int answer = warmstart_next_event(core->manager, &event);
    ck_assert_msg(answer == 0, "line %d: an event of type %d (%d)", line, (int)event.type, answer);
    ck_assert_uint_eq(event.reserved[0], 77);
}

/* Compares all members; `line` is the caller's. */
static void check(const struct warmstart_event *event, const struct warmstart_event *expected, int line)
{
    ck_assert_msg(event->type == expected->type, "line %d: type %d, not %d", line, (int)event->type,
                  (int)expected->type);
    ck_assert_msg(event->ending == expected->ending, "line %d: ending %d, not %d", line, (int)event->ending,
                  (int)expected->ending);
    ck_assert_msg(event->outcome == expected->outcome, "line %d: outcome %d, not %d", line,
                  (int)event->outcome, (int)expected->outcome);
    ck_assert_msg(event->attempts == expected->attempts, "line %d: attempts %u, not %u", line,
                  event->attempts, expected->attempts);
    ck_assert_msg(event->waiter == expected->waiter, "line %d: waiter %#llx, not %#llx", line,
                  (unsigned long long)event->waiter, (unsigned long long)expected->waiter);
    ck_assert_msg(event->conn == expected->conn, "line %d: another conn", line);
    ck_assert_msg(event->dispatch == expected->dispatch, "line %d: dispatch %#llx, not %#llx", line,
                  (unsigned long long)event->dispatch, (unsigned long long)expected->dispatch);
    ck_assert_msg(event->origin == expected->origin, "line %d: another origin", line);
    ck_assert_msg(event->payload == expected->payload, "line %d: another payload", line);
    ck_assert_msg(event->payload_bytes == expected->payload_bytes, "line %d: payload of %zu bytes, not %zu",
                  line, event->payload_bytes, expected->payload_bytes);
    ck_assert_msg(event->reserved[0] == 0 && event->reserved[1] == 0, "line %d: reserved is not 0", line);
}

void core_check_deliver(struct core *core, const struct warmstart_event *event, uint64_t waiter,
                        uint64_t dispatch, uint32_t attempts, int line)
{
    const struct core_known *known = look_up(core, dispatch);
    struct warmstart_event expected = {
        .type = WARMSTART_EVENT_DELIVER,
        .attempts = attempts,
        .waiter = waiter,
        .conn = look_up(core, waiter)->pointer,
        .dispatch = dispatch,
        .origin = known->pointer,
        .payload = known->payload,
        .payload_bytes = known->payload_bytes,
    };
    check(event, &expected, line);
}

void core_check_ended(struct core *core, const struct warmstart_event *event, uint64_t waiter,
                      enum warmstart_ending ending, int line)
{
    struct warmstart_event expected = {
        .type = WARMSTART_EVENT_ENDED,
        .ending = ending,
        .waiter = waiter,
        .conn = look_up(core, waiter)->pointer,
    };
    check(event, &expected, line);
}

void core_check_settled(struct core *core, const struct warmstart_event *event, uint64_t dispatch,
                        enum warmstart_outcome outcome, uint64_t waiter, uint32_t attempts, int line)
{
    const struct core_known *known = look_up(core, dispatch);
    struct warmstart_event expected = {
        .type = WARMSTART_EVENT_SETTLED,
        .outcome = outcome,
        .attempts = attempts,
        .waiter = waiter,
        .conn = waiter == 0 ? NULL : look_up(core, waiter)->pointer,
        .dispatch = dispatch,
        .origin = known->pointer,
        .payload = known->payload,
        .payload_bytes = known->payload_bytes,
    };
    check(event, &expected, line);
}
