/* SPDX-License-Identifier: MIT */
/* Stopping: the delay, letting polls go, the end, and listening sockets that are handed on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "foreign.h"
#include "suite.h"

#define POLLS 20
#define MANY  600 /* more than one cell */

static struct fixture fixture;
static struct client supervisor;
static struct client polls[MANY];
static size_t polls_len;
static struct warmstart_http_drain_options options;
static unsigned ends;
static int complete;

static void on_drained(void *user, int is_complete)
{
    ck_assert_ptr_eq(user, &fixture);
    ends++;
    complete = is_complete;
}

static void prepare(bool still)
{
    fixture_init(&fixture);
    fixture.still = still;
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    polls_len = 0;
    ends = 0;
    warmstart_http_drain_options_init(&options);
    options.on_drained = on_drained;
    options.user = &fixture;
}

static void open_still(void)
{
    prepare(true);
}

static void open_running(void)
{
    prepare(false);
}

static void close_all(void)
{
    for (size_t i = 0; i < polls_len; i++)
        client_close(&polls[i]);
    client_close(&supervisor);
    fixture_close(&fixture);
}

/* Holds so many polls more. Those with a higher index are newer. */
static void hold(size_t len)
{
    for (size_t end = polls_len + len; polls_len < end; polls_len++) {
        char name[32];
        struct identity identity = {.controller = name};
        snprintf(name, sizeof(name), "controller_%zu", polls_len);
        client_hold(&polls[polls_len], &fixture, &identity);
    }
}

static void begin(void)
{
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &options), 0);
    fixture_settle(&fixture);
}

static void expect_ready(int status)
{
    client_send_text(&supervisor, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&supervisor, status, NULL);
}

static bool dispatched(const char *run)
{
    char *message = message_new(NULL, run, 0);
    bool taken = client_dispatched(&supervisor, message);
    free(message);
    return taken;
}

static void expect_end(unsigned times, int is_complete)
{
    ck_assert_uint_eq(ends, times);
    if (times > 0)
        ck_assert_int_eq(complete, is_complete);
}

/* ---- Listings ---- */

START_TEST(listings_that_wait_for_their_turn_are_answered_before_the_end)
{
    static const char request[] = "GET /warm-start/waiters HTTP/1.1\r\nHost: x\r\n\r\n";
    struct client listers[5];
    for (size_t i = 0; i < 5; i++)
        client_connect(&listers[i], &fixture);
    fixture_wait_connections(&fixture, 6);
    for (size_t i = 0; i < 5; i++)
        client_send_text(&listers[i], request);
    ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &options), 0);
    for (int round = 0; ends == 0; round++) {
        ck_assert_int_lt(round, 1000);
        ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    }
    expect_end(1, 1);
    warmstart_http_free(fixture.http);
    fixture.http = NULL;
    for (size_t i = 0; i < 5; i++) {
        client_expect(&listers[i], 200, "{\"waiters\":[],\"held\":0,\"matchable\":0,\"truncated\":false}");
        client_close(&listers[i]);
    }
}
END_TEST

/* ---- The delay ---- */

START_TEST(in_the_delay_everything_works_but_readyz)
{
    struct client late;
    options.delay_ms = 5000;
    hold(1);
    expect_ready(200);
    begin();
    expect_ready(503);
    fixture_pass(&fixture, 4999);
    client_expect_silence(&polls[0]);
    client_connect(&late, &fixture);
    client_poll(&late, &(struct identity){.controller = "late"});
    fixture_wait_held(&fixture, 2);
    ck_assert(dispatched("run_1"));
    ck_assert(dispatched("run_2"));
    ck_assert(!dispatched("run_3"));
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"no_match\"}") == 1);
    expect_end(0, 0);
    client_close(&late);
}
END_TEST

START_TEST(after_the_delay_polls_are_let_go_and_posts_told_false)
{
    options.delay_ms = 5000;
    hold(3);
    begin();
    fixture_pass(&fixture, 5000);
    for (size_t i = 0; i < 3; i++) {
        client_expect_closed(&polls[i]);
        ck_assert(!polls[i].reset);
    }
    fixture_settle(&fixture);
    expect_end(1, 1);
    expect_ready(503);
    ck_assert(!dispatched("run_1"));
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"draining\"}") == 1);
}
END_TEST

START_TEST(a_drain_of_nothing_is_over_when_its_delay_is)
{
    options.delay_ms = 10;
    begin();
    fixture_pass(&fixture, 9);
    expect_end(0, 0);
    fixture_pass(&fixture, 1);
    expect_end(1, 1);
    fixture_pass(&fixture, 100000);
    expect_end(1, 1);
}
END_TEST

/* ---- Letting go ---- */

START_TEST(polls_are_let_go_evenly_the_newest_first)
{
    options.spread_ms = 2000;
    hold(POLLS);
    begin();
    for (size_t gone = 0; gone < POLLS; gone++) {
        fixture_pass(&fixture, 99);
        ck_assert_uint_eq(fixture_stats(&fixture).held, POLLS - gone);
        fixture_pass(&fixture, 1);
        ck_assert_uint_eq(fixture_stats(&fixture).held, POLLS - gone - 1);
        client_expect_closed(&polls[POLLS - 1 - gone]);
    }
    expect_end(1, 1);
}
END_TEST

START_TEST(many_polls_are_let_go_several_at_a_time)
{
    options.spread_ms = 100;
    hold(MANY);
    begin();
    for (size_t ms = 1; ms <= 100; ms++) {
        fixture_pass(&fixture, 1);
        ck_assert_uint_eq(fixture_stats(&fixture).held, MANY - ms * MANY / 100);
    }
    expect_end(1, 1);
}
END_TEST

START_TEST(a_late_round_catches_up)
{
    options.spread_ms = 1000;
    hold(10);
    begin();
    fixture_pass(&fixture, 770);
    ck_assert_uint_eq(fixture_stats(&fixture).held, 3);
    fixture_pass(&fixture, 100000);
    ck_assert_uint_eq(fixture_stats(&fixture).held, 0);
}
END_TEST

START_TEST(polls_that_leave_by_themselves_end_the_spread_early)
{
    options.spread_ms = 1000;
    hold(4);
    begin();
    for (size_t i = 0; i < 4; i++)
        client_close(&polls[i]);
    fixture_wait_held(&fixture, 0);
    fixture_settle(&fixture);
    expect_end(1, 1);
}
END_TEST

START_TEST(a_run_of_the_delay_may_still_go_to_a_poll_of_the_spread)
{
    struct foreign foreign;
    char *message = message_new(NULL, "run_1", 0);
    options.delay_ms = 100;
    options.spread_ms = 400;
    hold(2);
    foreign_attach(&foreign, &fixture);
    foreign_wait(&foreign); /* the newest */
    begin();
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    ck_assert_uint_eq(foreign.delivers, 1);
    fixture_pass(&fixture, 100);
    fixture_pass(&fixture, 200);
    ck_assert_uint_eq(fixture_stats(&fixture).held, 1);
    warmstart_loop_report(fixture.loop, foreign.waiter, WARMSTART_OUTCOME_LOST);
    client_expect_message(&polls[0], message);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    fixture_settle(&fixture);
    expect_end(1, 1);
    foreign_detach(&foreign);
    free(message);
}
END_TEST

START_TEST(a_new_poll_is_closed_and_a_new_post_told_false_during_the_spread)
{
    struct client late;
    options.spread_ms = 1000;
    hold(2);
    begin();
    client_connect(&late, &fixture);
    client_poll(&late, &(struct identity){.controller = "late"});
    client_expect_closed(&late);
    ck_assert(!late.reset);
    ck_assert(!dispatched("run_1"));
    ck_assert_uint_eq(fixture_stats(&fixture).held, 2);
    expect_end(0, 0);
    client_close(&late);
}
END_TEST

START_TEST(a_redirected_poll_is_told_to_come_again_on_a_new_connection)
{
    struct response response;
    options.parting = WARMSTART_HTTP_REDIRECT;
    hold(1);
    begin();
    client_response(&polls[0], &response);
    ck_assert_int_eq(response.status, 307);
    ck_assert_uint_eq(response.body_bytes, 0);
    ck_assert_str_eq(response_header(&response, "location"), "/warm-start");
    ck_assert_str_eq(response_header(&response, "connection"), "close");
    response_free(&response);
    client_expect_closed(&polls[0]);
    expect_end(1, 1);

    /* Who comes here again all the same is not sent round in circles. */
    struct client again;
    client_connect(&again, &fixture);
    client_poll(&again, NULL);
    client_expect_closed(&again);
    client_close(&again);
}
END_TEST

START_TEST(every_redirect_is_written_when_the_server_is_freed_at_once)
{
    options.parting = WARMSTART_HTTP_REDIRECT;
    hold(MANY);
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &options), 0);
    while (ends == 0)
        ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    warmstart_http_free(fixture.http);
    for (size_t i = 0; i < MANY; i++) {
        struct response response;
        client_response(&polls[i], &response);
        ck_assert_int_eq(response.status, 307);
        response_free(&response);
    }
    ck_assert_int_eq(warmstart_http_new(fixture.loop, NULL, &fixture.http), 0);
}
END_TEST

/* ---- The end ---- */

START_TEST(a_dispatch_that_does_not_end_is_given_up_at_the_timeout)
{
    struct foreign foreign;
    char *message = message_new(NULL, "run_1", 0);
    options.timeout_ms = 500;
    foreign_attach(&foreign, &fixture);
    foreign_wait(&foreign);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    begin();
    fixture_pass(&fixture, 499);
    expect_end(0, 0);
    fixture_pass(&fixture, 1);
    expect_end(1, 0);
    warmstart_loop_report(fixture.loop, foreign.waiter, WARMSTART_OUTCOME_DELIVERED);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    fixture_settle(&fixture);
    expect_end(1, 0);
    foreign_detach(&foreign);
    free(message);
}
END_TEST

START_TEST(a_server_is_freed_in_every_phase)
{
    options.delay_ms = 100;
    options.spread_ms = 100;
    for (uint64_t ms = 0; ms <= 200; ms += 50) {
        hold(3);
        begin();
        if (ms > 0)
            fixture_pass(&fixture, ms);
        warmstart_http_free(fixture.http);
        for (size_t i = 0; i < polls_len; i++) {
            client_expect_closed(&polls[i]);
            client_close(&polls[i]);
        }
        polls_len = 0;
        ck_assert_int_eq(warmstart_http_new(fixture.loop, NULL, &fixture.http), 0);
        fixture.address = fixture_listen(&fixture, "127.0.0.1:0", WARMSTART_HTTP_ALL);
    }
}
END_TEST

START_TEST(options_out_of_their_bounds_are_refused)
{
    options.delay_ms = 6000;
    options.spread_ms = 4001;
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &options), WARMSTART_ERR_INVALID);
    options.spread_ms = UINT32_MAX;
    options.delay_ms = UINT32_MAX;
    options.timeout_ms = UINT32_MAX;
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &options), WARMSTART_ERR_INVALID);
    warmstart_http_drain_options_init(&options);
    options.parting = (enum warmstart_http_parting)2;
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &options), WARMSTART_ERR_INVALID);
    warmstart_http_drain_options_init(&options);
    options.size = sizeof(options) - 1;
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &options), WARMSTART_ERR_UNSUPPORTED);
    ck_assert_int_eq(warmstart_http_drain(NULL, NULL), WARMSTART_ERR_INVALID);
    expect_ready(200);
    ck_assert_int_eq(warmstart_http_drain(fixture.http, NULL), 0);
    ck_assert_int_eq(warmstart_http_drain(fixture.http, NULL), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(options_of_another_size_are_filled_and_judged)
{
    struct {
        struct warmstart_http_drain_options known;
        uint64_t unknown;
    } larger;
    memset(&larger, 0xff, sizeof(larger));
    warmstart_http_drain_options_init_sized(&larger.known, sizeof(larger));
    ck_assert_uint_eq(larger.known.size, sizeof(larger));
    ck_assert_uint_eq(larger.known.timeout_ms, 10000);
    ck_assert_uint_eq(larger.unknown, 0);
    larger.unknown = 1;
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &larger.known), WARMSTART_ERR_UNSUPPORTED);
    larger.unknown = 0;
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &larger.known), 0);
}
END_TEST

static void add(Suite *suite, const char *name, SFun open, const TTest *const *list, size_t len)
{
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, open, close_all);
    tcase_set_timeout(tests, 300);
    for (size_t i = 0; i < len; i++)
        tcase_add_test(tests, list[i]);
    suite_add_tcase(suite, tests);
}

#define ADD(suite, name, open, list) add(suite, name, open, list, sizeof(list) / sizeof((list)[0]))

int main(void)
{
    const TTest *const still[] = {
        listings_that_wait_for_their_turn_are_answered_before_the_end,
        in_the_delay_everything_works_but_readyz,
        after_the_delay_polls_are_let_go_and_posts_told_false,
        a_drain_of_nothing_is_over_when_its_delay_is,
        polls_are_let_go_evenly_the_newest_first,
        many_polls_are_let_go_several_at_a_time,
        a_late_round_catches_up,
        polls_that_leave_by_themselves_end_the_spread_early,
        a_run_of_the_delay_may_still_go_to_a_poll_of_the_spread,
        a_new_poll_is_closed_and_a_new_post_told_false_during_the_spread,
        a_redirected_poll_is_told_to_come_again_on_a_new_connection,
        a_dispatch_that_does_not_end_is_given_up_at_the_timeout,
        a_server_is_freed_in_every_phase,
        options_out_of_their_bounds_are_refused,
        options_of_another_size_are_filled_and_judged,
    };
    const TTest *const running[] = {every_redirect_is_written_when_the_server_is_freed_at_once};
    Suite *suite = suite_create("http_drain");
    ADD(suite, "still", open_still, still);
    ADD(suite, "running", open_running, running);
    return suite_run(suite);
}
