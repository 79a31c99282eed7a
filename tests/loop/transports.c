/* SPDX-License-Identifier: MIT */
/* Transports: what becomes of waiters, payloads and dispatches, in which order, and when to detach. */
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

static struct fake_clock test_clock;
static struct warmstart_loop *loop;
static struct fake fake;

static void set_up(void)
{
    descriptors_remember();
    test_clock.now = 1000 * MS;
    loop = loop_make(&test_clock);
    fake_attach(&fake, loop);
}

static void tear_down(void)
{
    ck_assert_int_eq(warmstart_loop_detach(&fake.transport), 0);
    warmstart_loop_free(loop);
    descriptors_check();
}

static void process(void)
{
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
}

/* ---- Attaching ---- */

static void no_deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                       struct warmstart_payload *payload)
{
    (void)conn;
    (void)waiter;
    (void)payload;
}

static void no_ended(struct warmstart_conn *conn, warmstart_waiter_id waiter, enum warmstart_ending ending)
{
    (void)conn;
    (void)waiter;
    (void)ending;
}

static void no_settled(struct warmstart_origin *origin, const struct warmstart_settlement *settlement)
{
    (void)origin;
    (void)settlement;
}

START_TEST(a_transport_needs_every_operation)
{
    const struct warmstart_transport_operations complete = {
        .size = sizeof(complete),
        .name = "test",
        .deliver = no_deliver,
        .ended = no_ended,
        .settled = no_settled,
    };
    struct warmstart_transport transport = {0};
    struct warmstart_transport_operations operations[6];
    for (int i = 0; i < 6; i++)
        operations[i] = complete;
    operations[0].name = NULL;
    operations[1].deliver = NULL;
    operations[2].ended = NULL;
    operations[3].settled = NULL;
    operations[4].size = sizeof(complete) + 8;
    operations[5].size = sizeof(complete) - 8;
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(warmstart_loop_attach(loop, &transport, &operations[i]),
                         i < 4 ? WARMSTART_ERR_INVALID : WARMSTART_ERR_UNSUPPORTED);
        ck_assert_ptr_null(transport.loop);
    }
    ck_assert_int_eq(warmstart_loop_attach(loop, &transport, NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_attach(loop, NULL, &complete), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_attach(NULL, &transport, &complete), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_detach(&transport), 0);

    ck_assert_int_eq(warmstart_loop_attach(loop, &transport, &complete), 0);
    ck_assert_ptr_eq(transport.loop, loop);
    ck_assert_ptr_eq(transport.operations, &complete);
    ck_assert_int_eq(warmstart_loop_attach(loop, &transport, &complete), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_detach(&transport), 0);
    ck_assert_ptr_null(transport.loop);
    ck_assert_int_eq(warmstart_loop_detach(&transport), 0);
    ck_assert_int_eq(warmstart_loop_detach(NULL), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(calls_without_what_they_need_are_refused)
{
    struct fake detached = {0};
    struct warmstart_conn conn = {.transport = &detached.transport};
    struct warmstart_origin origin = {.transport = &detached.transport};
    struct warmstart_registration registration;
    struct warmstart_delivery delivery;
    struct warmstart_query query = {0};
    warmstart_waiter_id waiter = 7;
    warmstart_dispatch_id dispatch = 7;
    struct warmstart_payload *payload = warmstart_payload_new("hello", 5);
    ck_assert_ptr_nonnull(payload);
    warmstart_registration_init(&registration);
    warmstart_delivery_init(&delivery);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(warmstart_loop_register(&conn, &registration, &waiter), WARMSTART_ERR_INVALID);
        ck_assert_int_eq(warmstart_loop_dispatch(&origin, &query, &delivery, payload, &dispatch),
                         WARMSTART_ERR_INVALID);
        conn.transport = NULL;
        origin.transport = NULL;
    }
    ck_assert_int_eq(warmstart_loop_register(NULL, &registration, &waiter), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_dispatch(NULL, &query, &delivery, payload, &dispatch),
                     WARMSTART_ERR_INVALID);
    conn.transport = &fake.transport;
    origin.transport = &fake.transport;
    ck_assert_int_eq(warmstart_loop_register(&conn, NULL, &waiter), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_dispatch(&origin, &query, NULL, payload, &dispatch),
                     WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_dispatch(&origin, NULL, &delivery, payload, &dispatch),
                     WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_cancel(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_report(NULL, 1, WARMSTART_OUTCOME_LOST), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_report(loop, 1, WARMSTART_OUTCOME_TIMEOUT), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_cancel_dispatch(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_abandon_dispatch(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_shutdown(NULL), WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(waiter, 7);
    ck_assert_uint_eq(dispatch, 7);
    ck_assert_uint_eq(fake.transport.waiters, 0);
    ck_assert_uint_eq(fake.transport.dispatches, 0);
    ck_assert_uint_eq(payload->references, 1);
    warmstart_payload_drop(payload);
}
END_TEST

/* ---- Handing over ---- */

static void take_three_ms(struct poller *poller)
{
    (void)poller;
    test_clock.now += 3 * MS;
}

START_TEST(a_payload_reaches_who_waits_and_both_sides_are_told)
{
    struct poller poller;
    struct run run;
    poller_open(&poller, &fake, "c1", CONFIRM);
    poller.on_deliver = take_three_ms;
    poller_wait(&poller, "g");
    process();
    ck_assert_uint_eq(fake.transport.waiters, 1);

    run_init(&run, &fake);
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
    ck_assert_uint_eq(run.origin.started_at, 1000 * MS);
    ck_assert_uint_eq(fake.transport.dispatches, 1);
    ck_assert_uint_eq(poller.deliveries, 0); /* never from inside the call */
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 0);
    process();
    ck_assert(poller_got(&poller, "hello"));
    ck_assert_uint_eq(run.settlements, 1);
    ck_assert_int_eq(run.settlement.outcome, WARMSTART_OUTCOME_DELIVERED);
    ck_assert_uint_eq(run.settlement.attempts, 1);
    ck_assert_ptr_eq(run.settlement.conn, &poller.conn);
    ck_assert_str_eq(run.settlement.conn->controller_id, "c1");
    ck_assert_uint_eq(run.settlement.duration_ns, 3 * MS);
    ck_assert_uint_eq(poller.endings, 1);
    ck_assert_int_eq(poller.ending, WARMSTART_ENDING_DELIVERED);
    ck_assert_uint_eq(fake.transport.waiters, 0);
    ck_assert_uint_eq(fake.transport.dispatches, 0);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), -1);
    poller_close(&poller);
}
END_TEST

START_TEST(nobody_waits_is_an_answer_and_makes_no_dispatch)
{
    struct run run;
    run_init(&run, &fake);
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 0);
    ck_assert_uint_eq(fake.transport.dispatches, 0);
    process();
    ck_assert_uint_eq(run.settlements, 0);
}
END_TEST

START_TEST(the_next_one_gets_what_the_first_one_lost)
{
    struct poller deaf, good;
    struct run run;
    poller_open(&deaf, &fake, "deaf", LOSE);
    poller_open(&good, &fake, "good", CONFIRM);
    poller_wait(&good, "g");
    poller_wait(&deaf, "g"); /* the newest is tried first */
    run_init(&run, &fake);
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
    process();
    ck_assert_uint_eq(deaf.deliveries, 1);
    ck_assert_int_eq(deaf.ending, WARMSTART_ENDING_LOST);
    ck_assert(poller_got(&good, "hello"));
    ck_assert_int_eq(run.settlement.outcome, WARMSTART_OUTCOME_DELIVERED);
    ck_assert_uint_eq(run.settlement.attempts, 2);
    ck_assert_ptr_eq(run.settlement.conn, &good.conn);
    poller_close(&deaf);
    poller_close(&good);
}
END_TEST

START_TEST(a_run_that_everybody_lost_is_lost_and_names_nobody)
{
    struct poller deaf[2];
    struct run run;
    for (int i = 0; i < 2; i++) {
        poller_open(&deaf[i], &fake, i == 0 ? "a" : "b", LOSE);
        poller_wait(&deaf[i], "g");
    }
    run_init(&run, &fake);
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
    process();
    ck_assert_uint_eq(run.settlements, 1);
    ck_assert_int_eq(run.settlement.outcome, WARMSTART_OUTCOME_LOST);
    ck_assert_uint_eq(run.settlement.attempts, 2);
    ck_assert_ptr_null(run.settlement.conn);
    for (int i = 0; i < 2; i++)
        poller_close(&deaf[i]);
}
END_TEST

static struct poller *expected_alive;

static void who_was_written_to_is_still_there(struct run *run)
{
    ck_assert_ptr_eq(run->settlement.conn, &expected_alive->conn);
    ck_assert_uint_eq(expected_alive->endings, 0);
}

START_TEST(uncertainty_is_told_to_both_sides_and_the_conn_is_still_valid)
{
    struct poller unsure, other;
    struct run run;
    poller_open(&other, &fake, "other", CONFIRM);
    poller_open(&unsure, &fake, "unsure", UNSURE);
    poller_wait(&other, "g");
    poller_wait(&unsure, "g");
    run_init(&run, &fake);
    run.on_settled = who_was_written_to_is_still_there;
    expected_alive = &unsure;
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
    process();
    ck_assert_uint_eq(run.settlements, 1);
    ck_assert_int_eq(run.settlement.outcome, WARMSTART_OUTCOME_UNCERTAIN);
    ck_assert_int_eq(unsure.ending, WARMSTART_ENDING_UNCERTAIN);
    ck_assert_uint_eq(other.deliveries, 0);
    ck_assert_uint_eq(fake.transport.waiters, 1);
    ck_assert_int_eq(warmstart_loop_cancel(loop, other.waiter), 1);
    process();
    poller_close(&unsure);
    poller_close(&other);
}
END_TEST

START_TEST(a_deadline_that_passes_unreported_wakes_the_loop_and_is_uncertain)
{
    struct poller slow;
    struct run run;
    poller_open(&slow, &fake, "slow", WAIT);
    poller_wait(&slow, "g");
    run_init(&run, &fake);
    run.deadline = test_clock.now + 1000 * MS;
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
    process();
    ck_assert_uint_eq(slow.deliveries, 1);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 1000);
    test_clock.now += 1000 * MS - 1;
    process();
    ck_assert_uint_eq(run.settlements, 0);
    test_clock.now += 1;
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 0);
    process();
    ck_assert_int_eq(run.settlement.outcome, WARMSTART_OUTCOME_UNCERTAIN);
    ck_assert_uint_eq(run.settlement.duration_ns, 1000 * MS);
    ck_assert_int_eq(slow.ending, WARMSTART_ENDING_UNCERTAIN);
    ck_assert_int_eq(warmstart_loop_report(loop, slow.waiter, WARMSTART_OUTCOME_DELIVERED), 0);
    process();
    ck_assert_uint_eq(run.settlements, 1);
    poller_close(&slow);
}
END_TEST

START_TEST(a_report_after_the_callback_settles_in_the_next_round)
{
    struct poller slow;
    struct run run;
    poller_open(&slow, &fake, "slow", WAIT);
    poller_wait(&slow, "g");
    run_init(&run, &fake);
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
    process();
    test_clock.now += 5 * MS;
    ck_assert_int_eq(warmstart_loop_report(loop, slow.waiter, WARMSTART_OUTCOME_DELIVERED), 1);
    ck_assert_uint_eq(run.settlements, 0);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 0);
    process();
    ck_assert_uint_eq(run.settlements, 1);
    ck_assert_uint_eq(run.settlement.duration_ns, 5 * MS);
    poller_close(&slow);
}
END_TEST

/* ---- Within one batch ---- */

struct trigger {
    struct warmstart_watch watch;
    struct run run;
    int there;
    int answer;
};

static void dispatch_now(struct warmstart_watch *watch, uint32_t events)
{
    struct trigger *trigger = (struct trigger *)watch;
    char byte;
    (void)events;
    ck_assert_int_eq(read(watch->fd, &byte, 1), 1);
    trigger->answer = run_dispatch(&trigger->run, "g", "hello");
}

static void trigger_open(struct trigger *trigger)
{
    int pair[2];
    pair_make(pair);
    memset(trigger, 0, sizeof(*trigger));
    trigger->watch.ready = dispatch_now;
    trigger->there = pair[1];
    trigger->answer = -100;
    run_init(&trigger->run, &fake);
    ck_assert_int_eq(warmstart_loop_watch(loop, &trigger->watch, pair[0], EPOLLIN), 0);
}

static void trigger_close(struct trigger *trigger)
{
    warmstart_loop_unwatch(loop, &trigger->watch);
    close(trigger->watch.fd);
    close(trigger->there);
}

static void leave(struct poller *poller)
{
    close(poller->there);
    poller->there = -1;
}

START_TEST(who_left_in_the_batch_of_the_payload_is_not_written_to)
{
    struct poller gone, here;
    struct trigger trigger;
    poller_open(&here, &fake, "here", CONFIRM);
    poller_open(&gone, &fake, "gone", CONFIRM);
    poller_wait(&here, "g");
    poller_wait(&gone, "g");
    process();
    trigger_open(&trigger);

    /* The dispatch comes before the hang-up in the batch, and takes the newest, which has gone. */
    ck_assert_int_eq(write(trigger.there, "x", 1), 1);
    leave(&gone);
    process();
    ck_assert_int_eq(trigger.answer, 1);
    ck_assert_uint_eq(gone.deliveries, 0);
    ck_assert_int_eq(gone.ending, WARMSTART_ENDING_CANCELLED);
    ck_assert_uint_eq(here.deliveries, 1);
    ck_assert(poller_got(&here, "hello"));
    ck_assert_int_eq(trigger.run.settlement.outcome, WARMSTART_OUTCOME_DELIVERED);
    ck_assert_uint_eq(trigger.run.settlement.attempts, 1);
    trigger_close(&trigger);
    poller_close(&gone);
    poller_close(&here);
}
END_TEST

START_TEST(if_the_only_one_left_in_the_batch_the_run_is_lost)
{
    struct poller gone;
    struct trigger trigger;
    poller_open(&gone, &fake, "gone", CONFIRM);
    poller_wait(&gone, "g");
    process();
    trigger_open(&trigger);
    ck_assert_int_eq(write(trigger.there, "x", 1), 1);
    leave(&gone);
    process();
    ck_assert_uint_eq(gone.deliveries, 0);
    ck_assert_int_eq(trigger.answer, 1);
    ck_assert_uint_eq(trigger.run.settlements, 1);
    ck_assert_int_eq(trigger.run.settlement.outcome, WARMSTART_OUTCOME_LOST);
    trigger_close(&trigger);
    poller_close(&gone);
}
END_TEST

START_TEST(who_left_before_the_round_is_not_written_to_either)
{
    struct poller gone;
    struct run run;
    poller_open(&gone, &fake, "gone", CONFIRM);
    poller_wait(&gone, "g");
    run_init(&run, &fake);
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1); /* outside of a round: its event is pending */
    leave(&gone);
    process();
    ck_assert_uint_eq(gone.deliveries, 0);
    ck_assert_int_eq(run.settlement.outcome, WARMSTART_OUTCOME_LOST);
    poller_close(&gone);
}
END_TEST

START_TEST(who_left_before_the_batch_is_not_matched)
{
    struct poller gone;
    struct trigger trigger;
    poller_open(&gone, &fake, "gone", CONFIRM);
    poller_wait(&gone, "g");
    trigger_open(&trigger);
    leave(&gone);
    ck_assert_int_eq(write(trigger.there, "x", 1), 1);
    process();
    ck_assert_int_eq(trigger.answer, 0);
    ck_assert_int_eq(gone.ending, WARMSTART_ENDING_CANCELLED);
    trigger_close(&trigger);
    poller_close(&gone);
}
END_TEST

/* ---- From inside callbacks ---- */

struct chain {
    struct run run;
    unsigned left;
};

static void dispatch_the_next(struct run *run)
{
    struct chain *chain = (struct chain *)run;
    ck_assert_int_eq(run->settlement.outcome, WARMSTART_OUTCOME_DELIVERED);
    if (--chain->left > 0)
        ck_assert_int_eq(run_dispatch(run, "g", "hello"), 1);
}

static void wait_again(struct poller *poller)
{
    poller_wait(poller, "g");
}

START_TEST(a_settled_run_may_dispatch_the_next_without_recursion)
{
    enum { POLLERS = 40 };
    struct poller pollers[POLLERS];
    struct chain chain = {.left = POLLERS};
    for (int i = 0; i < POLLERS; i++) {
        poller_open(&pollers[i], &fake, "", CONFIRM);
        poller_wait(&pollers[i], "g");
    }
    run_init(&chain.run, &fake);
    chain.run.on_settled = dispatch_the_next;
    ck_assert_int_eq(run_dispatch(&chain.run, "g", "hello"), 1);
    process();
    ck_assert_uint_eq(chain.left, 0);
    for (int i = 0; i < POLLERS; i++) {
        ck_assert(poller_got(&pollers[i], "hello"));
        poller_close(&pollers[i]);
    }
}
END_TEST

/* Registers and cancels again whenever it ends. */
static void keep_coming_back(struct poller *poller)
{
    wait_again(poller);
    warmstart_loop_cancel(loop, poller->waiter);
}

START_TEST(callbacks_that_feed_each_other_do_not_keep_the_round)
{
    struct poller poller;
    poller_open(&poller, &fake, "", CONFIRM);
    poller.on_ended = keep_coming_back;
    poller_wait(&poller, "g");
    ck_assert_int_eq(warmstart_loop_cancel(loop, poller.waiter), 1);
    process();
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 0);
    struct warmstart_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_get_stats(warmstart_loop_manager(loop), &stats), 0);
    ck_assert_uint_gt(stats.registered_total, 1);
    ck_assert_uint_lt(stats.registered_total, 1000);
    poller.on_ended = NULL;
    process();
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), -1);
    ck_assert_uint_eq(fake.transport.waiters, 0);
    poller_close(&poller);
}
END_TEST

START_TEST(a_controller_may_wait_again_as_it_ends)
{
    struct poller poller;
    struct run run;
    poller_open(&poller, &fake, "c1", CONFIRM);
    poller.on_ended = wait_again;
    poller_wait(&poller, "g");
    run_init(&run, &fake);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
        process();
        ck_assert_int_eq(run.settlement.outcome, WARMSTART_OUTCOME_DELIVERED);
        ck_assert(poller_got(&poller, "hello"));
        ck_assert_uint_eq(fake.transport.waiters, 1);
    }
    poller.on_ended = NULL;
    warmstart_loop_cancel(loop, poller.waiter);
    process();
    poller_close(&poller);
}
END_TEST

/* ---- Time, cancelling, shutting down ---- */

START_TEST(a_waiter_expires_at_its_time)
{
    struct poller poller;
    struct warmstart_registration registration;
    poller_open(&poller, &fake, "c1", CONFIRM);
    warmstart_registration_init(&registration);
    registration.expires_at = test_clock.now + 30 * MS;
    ck_assert_int_eq(warmstart_loop_register(&poller.conn, &registration, &poller.waiter), 0);
    process();
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 30);
    test_clock.now += 30 * MS;
    process();
    ck_assert_uint_eq(poller.endings, 1);
    ck_assert_int_eq(poller.ending, WARMSTART_ENDING_EXPIRED);
    poller_close(&poller);
}
END_TEST

START_TEST(a_controller_that_comes_again_supersedes_itself)
{
    struct poller old, new;
    poller_open(&old, &fake, "c1", CONFIRM);
    poller_open(&new, &fake, "c1", CONFIRM);
    poller_wait(&old, "g");
    poller_wait(&new, "g");
    process();
    ck_assert_int_eq(old.ending, WARMSTART_ENDING_SUPERSEDED);
    ck_assert_uint_eq(fake.transport.waiters, 1);
    warmstart_loop_cancel(loop, new.waiter);
    process();
    poller_close(&old);
    poller_close(&new);
}
END_TEST

START_TEST(a_run_can_be_cancelled_before_it_is_out_and_abandoned_after)
{
    struct poller poller;
    struct run run;
    poller_open(&poller, &fake, "c1", WAIT);
    poller_wait(&poller, "g");
    run_init(&run, &fake);
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
    ck_assert_int_eq(warmstart_loop_cancel_dispatch(loop, run.dispatch), 1);
    process();
    ck_assert_int_eq(run.settlement.outcome, WARMSTART_OUTCOME_CANCELLED);
    ck_assert_uint_eq(poller.deliveries, 0);

    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
    process();
    ck_assert_uint_eq(poller.deliveries, 1);
    ck_assert_int_eq(warmstart_loop_cancel_dispatch(loop, run.dispatch), 0);
    ck_assert_int_eq(warmstart_loop_abandon_dispatch(loop, run.dispatch), 1);
    process();
    ck_assert_uint_eq(run.settlements, 1);
    ck_assert_int_eq(run.settlement.outcome, WARMSTART_OUTCOME_UNCERTAIN);
    ck_assert_int_eq(poller.ending, WARMSTART_ENDING_UNCERTAIN);
    poller_close(&poller);
}
END_TEST

START_TEST(shutting_down_ends_all_who_wait)
{
    enum { POLLERS = 300 };
    static struct poller pollers[POLLERS];
    for (int i = 0; i < POLLERS; i++) {
        poller_open(&pollers[i], &fake, "", CONFIRM);
        poller_wait(&pollers[i], "g");
    }
    process();
    ck_assert_int_eq(warmstart_loop_shutdown(loop), 0);
    ck_assert_int_eq(warmstart_loop_timeout_ms(loop), 0);
    process();
    ck_assert_uint_eq(fake.transport.waiters, 0);
    for (int i = 0; i < POLLERS; i++) {
        ck_assert_uint_eq(pollers[i].endings, 1);
        ck_assert_int_eq(pollers[i].ending, WARMSTART_ENDING_SHUTDOWN);
        poller_close(&pollers[i]);
    }
}
END_TEST

/* ---- Several transports, several loops ---- */

START_TEST(a_run_of_one_transport_reaches_who_waits_on_another)
{
    struct fake second;
    struct poller poller;
    struct run run;
    fake_attach(&second, loop);
    poller_open(&poller, &fake, "c1", CONFIRM);
    poller_wait(&poller, "g");
    run_init(&run, &second);
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
    ck_assert_uint_eq(fake.transport.waiters, 1);
    ck_assert_uint_eq(fake.transport.dispatches, 0);
    ck_assert_uint_eq(second.transport.waiters, 0);
    ck_assert_uint_eq(second.transport.dispatches, 1);
    process();
    ck_assert(poller_got(&poller, "hello"));
    ck_assert_int_eq(run.settlement.outcome, WARMSTART_OUTCOME_DELIVERED);
    ck_assert_ptr_eq(run.settlement.conn->transport, &fake.transport);
    ck_assert_int_eq(warmstart_loop_detach(&second.transport), 0);
    poller_close(&poller);
}
END_TEST

START_TEST(a_loop_knows_nothing_of_the_waiters_of_another)
{
    struct warmstart_loop *other = loop_make(&test_clock);
    struct fake second;
    struct poller poller;
    struct run run;
    fake_attach(&second, other);
    poller_open(&poller, &fake, "c1", CONFIRM);
    poller_wait(&poller, "g");
    run_init(&run, &second);
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 0);
    warmstart_loop_cancel(loop, poller.waiter);
    ck_assert_int_eq(warmstart_loop_process(other), 0);
    ck_assert_uint_eq(poller.endings, 0);
    process();
    ck_assert_uint_eq(poller.endings, 1);
    ck_assert_int_eq(warmstart_loop_detach(&second.transport), 0);
    warmstart_loop_free(other);
    poller_close(&poller);
}
END_TEST

/* ---- Detaching ---- */

START_TEST(a_transport_with_waiters_or_dispatches_stays_attached)
{
    struct poller poller;
    struct run run;
    poller_open(&poller, &fake, "c1", WAIT);
    poller_wait(&poller, "g");
    ck_assert_int_eq(warmstart_loop_detach(&fake.transport), WARMSTART_ERR_INVALID);
    ck_assert_ptr_eq(fake.transport.loop, loop);

    run_init(&run, &fake);
    ck_assert_int_eq(run_dispatch(&run, "g", "hello"), 1);
    ck_assert_int_eq(warmstart_loop_detach(&fake.transport), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_abandon_dispatch(loop, run.dispatch), 1);
    ck_assert_uint_eq(run.settlements, 0);
    ck_assert_int_eq(warmstart_loop_detach(&fake.transport), 0);
    ck_assert_uint_eq(run.settlements, 1);
    ck_assert_uint_eq(poller.endings, 1);
    ck_assert_ptr_null(fake.transport.loop);
    warmstart_loop_unwatch(loop, &poller.watch);
    poller_close(&poller);
}
END_TEST

START_TEST(detaching_ends_though_another_transport_makes_events_without_end)
{
    struct fake second;
    struct poller busy, quiet;
    fake_attach(&second, loop);
    poller_open(&busy, &second, "", CONFIRM);
    poller_open(&quiet, &fake, "", CONFIRM);
    busy.on_ended = keep_coming_back;
    poller_wait(&busy, "g");
    poller_wait(&quiet, "g");
    warmstart_loop_cancel(loop, busy.waiter);
    warmstart_loop_cancel(loop, quiet.waiter);
    ck_assert_int_eq(warmstart_loop_detach(&fake.transport), 0);
    ck_assert_uint_eq(quiet.endings, 1);
    busy.on_ended = NULL;
    ck_assert_int_eq(warmstart_loop_detach(&second.transport), 0);
    warmstart_loop_unwatch(loop, &quiet.watch);
    warmstart_loop_unwatch(loop, &busy.watch);
    poller_close(&quiet);
    poller_close(&busy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop transports");
    TCase *tcase = tcase_create("transports");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_transport_needs_every_operation);
    tcase_add_test(tcase, calls_without_what_they_need_are_refused);
    tcase_add_test(tcase, a_payload_reaches_who_waits_and_both_sides_are_told);
    tcase_add_test(tcase, nobody_waits_is_an_answer_and_makes_no_dispatch);
    tcase_add_test(tcase, the_next_one_gets_what_the_first_one_lost);
    tcase_add_test(tcase, a_run_that_everybody_lost_is_lost_and_names_nobody);
    tcase_add_test(tcase, uncertainty_is_told_to_both_sides_and_the_conn_is_still_valid);
    tcase_add_test(tcase, a_deadline_that_passes_unreported_wakes_the_loop_and_is_uncertain);
    tcase_add_test(tcase, a_report_after_the_callback_settles_in_the_next_round);
    tcase_add_test(tcase, who_left_in_the_batch_of_the_payload_is_not_written_to);
    tcase_add_test(tcase, if_the_only_one_left_in_the_batch_the_run_is_lost);
    tcase_add_test(tcase, who_left_before_the_round_is_not_written_to_either);
    tcase_add_test(tcase, who_left_before_the_batch_is_not_matched);
    tcase_add_test(tcase, a_settled_run_may_dispatch_the_next_without_recursion);
    tcase_add_test(tcase, callbacks_that_feed_each_other_do_not_keep_the_round);
    tcase_add_test(tcase, a_controller_may_wait_again_as_it_ends);
    tcase_add_test(tcase, a_waiter_expires_at_its_time);
    tcase_add_test(tcase, a_controller_that_comes_again_supersedes_itself);
    tcase_add_test(tcase, a_run_can_be_cancelled_before_it_is_out_and_abandoned_after);
    tcase_add_test(tcase, shutting_down_ends_all_who_wait);
    tcase_add_test(tcase, a_run_of_one_transport_reaches_who_waits_on_another);
    tcase_add_test(tcase, a_loop_knows_nothing_of_the_waiters_of_another);
    tcase_add_test(tcase, a_transport_with_waiters_or_dispatches_stays_attached);
    tcase_add_test(tcase, detaching_ends_though_another_transport_makes_events_without_end);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
