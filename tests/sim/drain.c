/* SPDX-License-Identifier: MIT */
/*
 * The loop with a fake clock and transports that do everything that they may, in and outside of callbacks,
 * at random: and in the midst of it transports are detached, and the loop shuts down and drains. The checker
 * of libwarmstart-testing keeps book of what the callbacks say. WARMSTART_TEST_SEED replays a world,
 * WARMSTART_TEST_ROUNDS says how many there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <warmstart/loop.h>
#include <warmstart/testing.h>

#include "ledger.h"
#include "seeded.h"
#include "suite.h"

enum { TRANSPORTS = 3, CONNS = 60, RUNS = 40, WORLDS = 600, STEPS = 500, ALIVE = 0x600d, UNIT = 1000000 };

struct conn {
    struct warmstart_conn head;
    int alive; /* ALIVE until it is freed */
    int slot;
    warmstart_waiter_id waiter;
    bool written;                   /* it was told to write, and has not ended */
    struct warmstart_payload *held; /* beyond what the loop promises; may be NULL */
};

struct run {
    struct warmstart_origin head;
    struct warmstart_payload payload;
    int alive;
    int slot; /* -1: settled, or never dispatched */
    warmstart_dispatch_id dispatch;
    uint32_t attempts;
};

struct chore {
    struct warmstart_task task;
    struct warmstart_timer timer;
};

static struct {
    uint64_t seed;
    unsigned step;
    struct seeded random;
    struct warmstart_testing_clock clock;
    uint64_t latest; /* what the clock showed at most: it stands still until it is there again */
    struct warmstart_loop *loop;
    struct warmstart_transport transports[TRANSPORTS];
    struct conn *conns[CONNS]; /* that wait */
    struct run *runs[RUNS];    /* that are under way */
    struct chore chores[4];
    struct ledger ledger;
    int depth;    /* callbacks that run */
    bool calling; /* inside a call of the loop's that must not call back */
    bool shut;    /* the loop shuts down: nothing new */
    int payloads; /* not released */
} world;

#define require(condition)                                                                                   \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            ck_abort_msg("line %d, seed %llu, step %u: %s", __LINE__, (unsigned long long)world.seed,        \
                         world.step, #condition);                                                            \
    } while (0)

static unsigned below(unsigned bound)
{
    return (unsigned)seeded_draw(&world.random.source, bound);
}

static bool chance(unsigned percent)
{
    return below(100) < percent;
}

static void check_ledger(void)
{
    if (world.ledger.fault[0] != '\0')
        ck_abort_msg("seed %llu, step %u: %s", (unsigned long long)world.seed, world.step,
                     world.ledger.fault);
}

/* A call of the loop's during which no callback may come. */
static int call(int answer)
{
    world.calling = false;
    return answer;
}
#define quietly(expression) (world.calling = true, call(expression))

/* ---- What a transport can do ---- */

static struct warmstart_transport *some_transport(void)
{
    struct warmstart_transport *transport = &world.transports[below(TRANSPORTS)];
    return transport->loop != NULL ? transport : NULL;
}

static void wait_for_work(void)
{
    static const char *const values[] = {"1", "2"};
    int slot = (int)below(CONNS);
    struct warmstart_transport *transport = some_transport();
    if (transport == NULL || world.conns[slot] != NULL)
        return;
    struct conn *conn = calloc(1, sizeof(*conn));
    ck_assert_ptr_nonnull(conn);
    *conn = (struct conn){.head = {.transport = transport}, .alive = ALIVE, .slot = slot};
    struct warmstart_field fields[2] = {{"a", 1, values[below(2)], 1}, {"b", 1, values[below(2)], 1}};
    char controller = (char)below(20), instance = (char)below(4);
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = fields;
    registration.fields_len = 1 + below(2);
    registration.controller_id = &controller;
    registration.controller_id_bytes = chance(60);
    registration.instance = &instance;
    registration.instance_bytes = chance(60);
    if (chance(40))
        registration.expires_at = world.clock.now + UINT64_C(1) * UNIT * below(10);
    ck_assert(warmstart_ledger_reserve(&world.ledger));
    int answer = quietly(warmstart_loop_register(&conn->head, &registration, &conn->waiter));
    if (answer < 0) {
        require(answer == WARMSTART_ERR_RETIRED || (world.shut && answer == WARMSTART_ERR_SHUTDOWN));
        free(conn);
        return;
    }
    warmstart_ledger_registered(&world.ledger, conn->waiter, conn);
    world.conns[slot] = conn;
}

static void cancel(struct conn *conn)
{
    int answer = quietly(warmstart_loop_cancel(world.loop, conn->waiter));
    if (answer == 1 && warmstart_ledger_is_written(&world.ledger, conn->waiter))
        warmstart_ledger_reported(&world.ledger, conn->waiter, WARMSTART_OUTCOME_UNCERTAIN);
}

static void report(struct conn *conn, enum warmstart_outcome outcome)
{
    if (quietly(warmstart_loop_report(world.loop, conn->waiter, outcome)) == 1)
        warmstart_ledger_reported(&world.ledger, conn->waiter, outcome);
}

static void release(struct warmstart_payload *payload)
{
    struct run *run = (struct run *)(void *)((char *)payload - offsetof(struct run, payload));
    require(run->alive == ALIVE && run->slot < 0 && payload->references == 0);
    world.payloads--;
    memset(run, 0xdd, sizeof(*run));
    free(run);
}

static void send_a_run(void)
{
    int slot = (int)below(RUNS);
    struct warmstart_transport *transport = some_transport();
    if (transport == NULL || world.runs[slot] != NULL)
        return;
    struct run *run = calloc(1, sizeof(*run));
    ck_assert_ptr_nonnull(run);
    *run = (struct run){.head = {.transport = transport},
                        .payload = {.data = run, .data_bytes = 1, .references = 1, .release = release},
                        .alive = ALIVE,
                        .slot = -1};
    world.payloads++;
    struct warmstart_field field = {chance(50) ? "a" : "b", 1, chance(50) ? "1" : "2", 1};
    struct warmstart_query query = {&field, 1, chance(50) ? WARMSTART_MATCH_SUBSET : WARMSTART_MATCH_EXACT};
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.attempts_max = 1 + below(3);
    delivery.retry_uncertain = chance(20);
    if (chance(70))
        delivery.deadline = world.clock.now + UINT64_C(1) * UNIT * (1 + below(10));
    ck_assert(warmstart_ledger_reserve(&world.ledger));
    int answer =
        quietly(warmstart_loop_dispatch(&run->head, &query, &delivery, &run->payload, &run->dispatch));
    require(answer >= 0 || (world.shut && answer == WARMSTART_ERR_SHUTDOWN) ||
            (answer == WARMSTART_ERR_INVALID && delivery.deadline <= world.latest));
    if (answer == 1) {
        run->slot = slot;
        world.runs[slot] = run;
        warmstart_ledger_dispatched(&world.ledger, run->dispatch, &delivery);
        require(world.depth > 0 || warmstart_loop_timeout_ms(world.loop) == 0); /* to hand it over */
    }
    warmstart_payload_drop(&run->payload); /* the loop has its own reference, if it wants one */
}

static void report_something(void)
{
    const struct conn *first = world.conns[below(CONNS)];
    for (int i = first != NULL ? first->slot : 0; i < CONNS; i++) {
        struct conn *conn = world.conns[i];
        if (conn == NULL || (!conn->written && chance(90)))
            continue;
        report(conn, (enum warmstart_outcome)(1 + below(3)));
        return;
    }
}

static void do_something(void)
{
    struct conn *conn = world.conns[below(CONNS)];
    const struct run *run = world.runs[below(RUNS)];
    struct chore *chore = &world.chores[below(4)];
    char name = (char)below(20);
    switch (below(12)) {
    case 0:
    case 1:
    case 2:
        wait_for_work();
        break;
    case 3:
    case 4:
        send_a_run();
        break;
    case 5:
    case 6:
        report_something();
        break;
    case 7:
        if (conn != NULL)
            cancel(conn);
        break;
    case 8:
        if (run != NULL && chance(50))
            (void)quietly(warmstart_loop_cancel_dispatch(world.loop, run->dispatch));
        else if (run != NULL)
            (void)quietly(warmstart_loop_abandon_dispatch(world.loop, run->dispatch));
        break;
    case 9:
        name = (char)below(4);
        require(quietly(warmstart_loop_cordon(world.loop, &name, 1, world.clock.now + UNIT * below(4))) == 0);
        break;
    case 10:
        require(quietly(warmstart_loop_retire(world.loop, &name, 1, world.clock.now + UNIT * below(4))) >= 0);
        break;
    default:
        if (chance(50))
            warmstart_loop_defer(world.loop, &chore->task);
        else
            require(quietly(warmstart_loop_timer_set(world.loop, &chore->timer,
                                                     world.clock.now + UNIT * below(4))) == 0);
        break;
    }
}

/* ---- What the loop calls ---- */

static void enter(const struct warmstart_transport *transport)
{
    require(!world.calling && world.depth == 0);
    require(transport == NULL || transport->loop == world.loop);
    world.depth++;
}

static void leave(void)
{
    for (unsigned i = below(3); i > 0; i--)
        do_something();
    world.depth--;
    check_ledger();
}

static void on_deliver(struct warmstart_conn *head, warmstart_waiter_id waiter,
                       struct warmstart_payload *payload)
{
    struct conn *conn = (struct conn *)head;
    struct run *run = (struct run *)(void *)((char *)payload - offsetof(struct run, payload));
    enter(head->transport);
    require(conn->alive == ALIVE && run->alive == ALIVE && run->slot >= 0 && payload->references > 0);
    require(payload->data == run && payload->data_bytes == 1);
    struct warmstart_event event = {.type = WARMSTART_EVENT_DELIVER,
                                    .attempts = ++run->attempts,
                                    .waiter = waiter,
                                    .conn = head,
                                    .dispatch = run->dispatch,
                                    .origin = run,
                                    .payload = payload,
                                    .payload_bytes = payload->data_bytes};
    warmstart_ledger_event(&world.ledger, &event);
    conn->written = true;
    if (chance(20))
        conn->held = warmstart_payload_hold(payload);
    if (chance(60))
        report(conn, (enum warmstart_outcome)(1 + below(3)));
    leave();
}

static void on_ended(struct warmstart_conn *head, warmstart_waiter_id waiter, enum warmstart_ending ending)
{
    struct conn *conn = (struct conn *)head;
    enter(head->transport);
    require(conn->alive == ALIVE && conn->waiter == waiter && world.conns[conn->slot] == conn);
    struct warmstart_event event = {
        .type = WARMSTART_EVENT_ENDED, .ending = ending, .waiter = waiter, .conn = head};
    warmstart_ledger_event(&world.ledger, &event);
    world.conns[conn->slot] = NULL;
    warmstart_payload_drop(conn->held);
    memset(conn, 0xdd, sizeof(*conn));
    free(conn);
    leave();
}

static void on_settled(struct warmstart_origin *origin, const struct warmstart_settlement *settlement)
{
    struct run *run = (struct run *)origin;
    enter(origin->transport);
    require(run->alive == ALIVE && run->dispatch == settlement->dispatch && world.runs[run->slot] == run);
    const struct conn *conn = (const struct conn *)settlement->conn;
    struct warmstart_event event = {.type = WARMSTART_EVENT_SETTLED,
                                    .outcome = settlement->outcome,
                                    .attempts = settlement->attempts,
                                    .waiter = conn != NULL ? conn->waiter : 0,
                                    .conn = settlement->conn,
                                    .dispatch = settlement->dispatch,
                                    .origin = origin,
                                    .payload = &run->payload,
                                    .payload_bytes = run->payload.data_bytes};
    warmstart_ledger_event(&world.ledger, &event);
    world.runs[run->slot] = NULL;
    run->slot = -1;
    leave();
}

static void on_task(struct warmstart_task *task)
{
    (void)task;
    enter(NULL);
    leave();
}

static void on_timer(struct warmstart_timer *timer, uint64_t now)
{
    (void)timer;
    enter(NULL);
    require(now == warmstart_loop_now(world.loop));
    leave();
}

static const struct warmstart_transport_operations operations = {
    .size = sizeof(operations),
    .name = "random",
    .deliver = on_deliver,
    .ended = on_ended,
    .settled = on_settled,
};

/* ---- Rounds ---- */

/* The loop counts what each transport has. */
static void check_counts(void)
{
    for (int i = 0; i < TRANSPORTS; i++) {
        uint64_t waiters = 0, dispatches = 0;
        for (int j = 0; j < CONNS; j++)
            waiters += world.conns[j] != NULL && world.conns[j]->head.transport == &world.transports[i];
        for (int j = 0; j < RUNS; j++)
            dispatches += world.runs[j] != NULL && world.runs[j]->head.transport == &world.transports[i];
        require(world.transports[i].loop == NULL || world.transports[i].waiters == waiters);
        require(world.transports[i].loop == NULL || world.transports[i].dispatches == dispatches);
    }
}

static void process(void)
{
    require(warmstart_loop_process(world.loop) == 0);
    require(world.depth == 0);
    check_ledger();
    check_counts();
    if (warmstart_loop_timeout_ms(world.loop) == 0)
        return;
    struct warmstart_stats stats = {.size = sizeof(stats)};
    require(warmstart_get_stats(warmstart_loop_manager(world.loop), &stats) == 0);
    warmstart_ledger_compare(&world.ledger, &stats);
    check_ledger();
}

static void attach(struct warmstart_transport *transport)
{
    memset(transport, 0, sizeof(*transport));
    require(warmstart_loop_attach(world.loop, transport, &operations) == 0);
}

/* Lets a transport go as it is told to: nothing of it may be left, and nothing comes any more. */
static void detach(struct warmstart_transport *transport)
{
    for (int tries = 0; transport->loop != NULL; tries++) {
        for (int i = 0; i < CONNS; i++)
            if (world.conns[i] != NULL && world.conns[i]->head.transport == transport)
                cancel(world.conns[i]);
        for (int i = 0; i < RUNS; i++)
            if (world.runs[i] != NULL && world.runs[i]->head.transport == transport)
                (void)quietly(warmstart_loop_abandon_dispatch(world.loop, world.runs[i]->dispatch));
        int answer = warmstart_loop_detach(transport);
        require((answer == 0) == (transport->loop == NULL));
        require(answer == 0 || answer == WARMSTART_ERR_INVALID); /* callbacks made something new */
        require(tries < 1000);
    }
    check_ledger();
    check_counts();
}

/* Shuts down and waits for what is under way, as a program does that wants to end. */
static void drain(void)
{
    world.shut = true;
    require(warmstart_loop_shutdown(world.loop) == 0);
    for (int rounds = 0; chance(90) && rounds < 30; rounds++) {
        world.clock.now += UNIT * below(3);
        process();
    }
    for (int i = 0; i < TRANSPORTS; i++)
        detach(&world.transports[i]);
    process();
    require(world.ledger.waiters.len == 0 && world.ledger.dispatches.len == 0);
    require(world.payloads == 0);
}

static void one_world(uint64_t seed)
{
    memset(&world, 0, sizeof(world));
    world.seed = seed;
    seeded_init(&world.random, seed);
    world.clock.now = UNIT;
    struct warmstart_options manager;
    warmstart_options_init(&manager);
    manager.order = (enum warmstart_order)below(2);
    struct warmstart_loop_options options;
    warmstart_loop_options_init(&options);
    options.manager = &manager;
    options.clock = warmstart_testing_clock_read;
    options.clock_user = &world.clock;
    require(warmstart_loop_new(&options, &world.loop) == 0);
    for (int i = 0; i < TRANSPORTS; i++)
        attach(&world.transports[i]);
    for (int i = 0; i < 4; i++) {
        world.chores[i].task.run = on_task;
        world.chores[i].timer.due = on_timer;
    }
    unsigned steps = 1 + below(STEPS);
    for (world.step = 0; world.step < steps; world.step++) {
        if (chance(20))
            world.clock.now += UNIT * below(3);
        if (world.clock.now > world.latest)
            world.latest = world.clock.now;
        if (chance(2))
            world.clock.now -= world.clock.now < UNIT / 2 ? world.clock.now : UNIT / 2;
        if (chance(30))
            process();
        else if (chance(1))
            detach(&world.transports[below(TRANSPORTS)]);
        else
            do_something();
        for (int i = 0; i < TRANSPORTS; i++)
            if (world.transports[i].loop == NULL && chance(5))
                attach(&world.transports[i]);
    }
    drain();
    warmstart_loop_free(world.loop);
    warmstart_ledger_deinit(&world.ledger);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? otherwise : strtoull(text, NULL, 0);
}

START_TEST(a_loop_drains_at_any_moment_and_nothing_is_lost_or_comes_twice)
{
    bool replay = getenv("WARMSTART_TEST_SEED") != NULL;
    uint64_t first = number("WARMSTART_TEST_SEED", 1);
    uint64_t worlds = number("WARMSTART_TEST_ROUNDS", replay ? 1 : WORLDS);
    for (uint64_t i = 0; i < worlds; i++)
        one_world(first + i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("drain");
    TCase *tcase = tcase_create("drain");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, a_loop_drains_at_any_moment_and_nothing_is_lost_or_comes_twice);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
