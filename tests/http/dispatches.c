/* SPDX-License-Identifier: MIT */
/* POST /warm-start: bodies, limits, answers. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "foreign.h"
#include "suite.h"

#define BODY_BYTES_MAX 4096

static struct fixture fixture;
static struct client controller;
static struct client supervisor;

static void open_with(bool still)
{
    fixture_init(&fixture);
    fixture.options.body_bytes_max = BODY_BYTES_MAX;
    fixture.options.buffered_bytes_max = (size_t)4 * BODY_BYTES_MAX;
    fixture.still = still;
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    controller.fd = -1;
}

static void open_all(void)
{
    open_with(false);
}

static void open_still(void)
{
    open_with(true);
}

static void close_all(void)
{
    client_close(&controller);
    client_close(&supervisor);
    fixture_close(&fixture);
}

static void send_body(const char *body, size_t bytes)
{
    char head[128];
    int length = snprintf(head, sizeof(head),
                          "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", bytes);
    client_send(&supervisor, head, (size_t)length);
    client_send(&supervisor, body, bytes);
}

static void reconnect(void)
{
    client_close(&supervisor);
    client_connect(&supervisor, &fixture);
}

/* ---- Bad input ---- */

START_TEST(a_post_without_a_body_is_400)
{
    client_send_text(&supervisor, "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    client_expect_error(&supervisor, 400, "body_missing", NULL);
    client_send_text(&supervisor, "POST /warm-start HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect_error(&supervisor, 400, "body_missing", NULL);
    client_send_text(&supervisor,
                     "POST /warm-start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    client_expect_error(&supervisor, 400, "body_missing", NULL);
    ck_assert(fixture_metric(&fixture, "warmstart_http_bodies_refused_total{reason=\"missing\"}") == 3);
}
END_TEST

struct bad_body {
    const char *text;
    const char *place; /* what the message says about it */
};

START_TEST(a_body_that_is_not_what_is_asked_for_is_400_saying_where)
{
    static const struct bad_body bodies[] = {
        {"hello", "byte 0"},
        {"{\"dequeuedMessage\":", "byte 19"},
        {"{\"dequeuedMessage\":{}", "byte 21"},
        {"{\"dequeuedMessage\":{}} x", "byte 23"},
        {"{\"dequeuedMessage\":{\"a\":\"\xff\"}}", "byte 25"},
        {"{\"dequeuedMessage\":{\"a\":\"\xc0\xaf\"}}", "byte"},
        {"[1]", "byte 0"},
        {"\"text\"", "byte 0"},
        {"{}", NULL},
        {"{\"dequeuedMessage\":null}", NULL},
        {"{\"dequeuedMessage\":[]}", NULL},
        {"{\"dequeuedMessage\":\"{}\"}", NULL},
        {"{\"dequeuedMessage\":{\"a\":01}}", "byte"},
        {"{\"dequeuedMessage\":{\"a\":\"\n\"}}", "byte"},
        {"{\"dequeuedMessage\":{\"a\":1,}}", "byte"},
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        send_body(bodies[i].text, strlen(bodies[i].text));
        client_expect_error(&supervisor, 400, "body_invalid", bodies[i].place);
    }
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
}
END_TEST

START_TEST(a_body_with_nul_or_endless_nesting_is_400)
{
    static const char nul[] = "{\"dequeuedMessage\":{\0}}";
    char nested[512] = "{\"dequeuedMessage\":{\"a\":";
    memset(nested + 24, '[', 200);
    send_body(nul, sizeof(nul) - 1);
    client_expect_error(&supervisor, 400, "body_invalid", "byte 20");
    send_body(nested, 224);
    client_expect_error(&supervisor, 400, "body_invalid", "byte 86");
}
END_TEST

/* Begins a POST or, with another path, a wait, and sends less of its body than it announces. */
static void begin_body(struct client *client, const char *path, size_t announced, size_t bytes)
{
    char head[160], body[BODY_BYTES_MAX] = {0};
    client_connect(client, &fixture);
    int length = snprintf(head, sizeof(head),
                          "POST %s HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\n"
                          "Content-Length: %zu\r\n\r\n",
                          path, announced);
    client_send(client, head, (size_t)length);
    client_send(client, body, bytes);
    fixture_settle(&fixture);
}

START_TEST(all_bodies_together_are_bounded)
{
    struct client holders[4], wait;
    for (size_t i = 0; i < 4; i++)
        begin_body(&holders[i], i % 2 ? "/warm-start" : "/v1/dispatch", BODY_BYTES_MAX, BODY_BYTES_MAX - 1);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 4 * BODY_BYTES_MAX);
    send_body("{}", 2);
    client_expect_error(&supervisor, 503, "memory", "bodies");
    client_wait_closed(&supervisor);
    /* Who waits takes nothing from who hands over, nor the other way round. */
    begin_body(&wait, "/v1/wait", BODY_BYTES_MAX, 100);
    client_expect_silence(&wait);
    client_close(&wait);
    client_close(&holders[0]);
    fixture_wait_connections(&fixture, 3);
    reconnect();
    send_body("{}", 2);
    client_expect_error(&supervisor, 400, "body_invalid", NULL);
    for (size_t i = 1; i < 4; i++)
        client_close(&holders[i]);
    fixture_wait_connections(&fixture, 1);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
}
END_TEST

START_TEST(a_message_that_nobody_can_match_is_false_and_counted_by_reason)
{
#define MESSAGE(text) "{\"dequeuedMessage\":{" text "}}"
#define DEPLOYMENT    "\"deployment\":{\"friendlyId\":\"d\"}"
#define VERSION       "\"backgroundWorker\":{\"version\":\"1\"}"
    static const char *const bodies[][2] = {
        {MESSAGE(""), "deployment_missing"},
        {MESSAGE("\"deployment\":null," VERSION), "deployment_missing"},
        {MESSAGE("\"deployment\":{\"friendlyId\":1}," VERSION), "deployment_invalid"},
        {MESSAGE(DEPLOYMENT), "version_missing"},
        {MESSAGE(DEPLOYMENT ",\"backgroundWorker\":{\"version\":{}}"), "version_invalid"},
        {MESSAGE(DEPLOYMENT "," VERSION), "cpu_missing"},
        {MESSAGE(DEPLOYMENT "," VERSION ",\"run\":{\"machine\":{\"cpu\":\"1\",\"memory\":1}}"),
         "cpu_invalid"},
        {MESSAGE(DEPLOYMENT "," VERSION ",\"run\":{\"machine\":{\"cpu\":1}}"), "memory_missing"},
        {MESSAGE(DEPLOYMENT "," VERSION ",\"run\":{\"machine\":{\"cpu\":1,\"memory\":0}}"), "memory_invalid"},
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char line[96];
        snprintf(line, sizeof(line), "warmstart_unmatchable_total{reason=\"%s\"}", bodies[i][1]);
        double before = fixture_metric(&fixture, line);
        send_body(bodies[i][0], strlen(bodies[i][0]));
        client_expect(&supervisor, 200, "{\"didWarmStart\":false}");
        ck_assert_msg(fixture_metric(&fixture, line) == before + 1, "%s", line);
    }
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"unmatchable\"}") == 9);
}
END_TEST

/* ---- Limits ---- */

/* {"dequeuedMessage":{"a":"xxx"}} of exactly so many bytes. */
static char *sized_body(size_t bytes)
{
    static const char start[] = "{\"dequeuedMessage\":{\"a\":\"";
    char *body = malloc(bytes + 1);
    memset(body, 'x', bytes);
    memcpy(body, start, sizeof(start) - 1);
    memcpy(body + bytes - 3, "\"}}", 4);
    return body;
}

static void send_chunks(const char *body, size_t bytes, size_t chunk)
{
    client_send_text(&supervisor,
                     "POST /warm-start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (bytes > 0) {
        char head[32];
        size_t part = bytes < chunk ? bytes : chunk;
        int length = snprintf(head, sizeof(head), "%zx\r\n", part);
        client_push(&supervisor, head, (size_t)length);
        client_push(&supervisor, body, part);
        client_push(&supervisor, "\r\n", 2);
        body += part;
        bytes -= part;
    }
    client_push(&supervisor, "0\r\n\r\n", 5);
}

START_TEST(a_body_up_to_the_limit_is_taken)
{
    char *body = sized_body(BODY_BYTES_MAX);
    send_body(body, BODY_BYTES_MAX);
    client_expect(&supervisor, 200, "{\"didWarmStart\":false}");
    for (size_t chunk = 1; chunk < 2 * BODY_BYTES_MAX; chunk = chunk * 7 + 1) {
        send_chunks(body, BODY_BYTES_MAX, chunk);
        client_expect(&supervisor, 200, "{\"didWarmStart\":false}");
    }
    free(body);
}
END_TEST

START_TEST(a_body_over_the_limit_by_its_announced_length_is_413)
{
    struct response response;
    char *body = sized_body(BODY_BYTES_MAX + 1);
    send_body(body, BODY_BYTES_MAX + 1);
    client_response(&supervisor, &response);
    ck_assert_int_eq(response.status, 413);
    ck_assert_ptr_nonnull(strstr(response.body, "body_too_large"));
    ck_assert_str_eq(response_header(&response, "connection"), "close");
    response_free(&response);
    client_expect_closed(&supervisor);
    ck_assert(!supervisor.reset);
    ck_assert(fixture_metric(&fixture, "warmstart_http_bodies_refused_total{reason=\"too_large\"}") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
    free(body);
}
END_TEST

START_TEST(an_absurd_length_is_413)
{
    static const char *const lengths[] = {"18446744073709551615", "18446744073709551616",
                                          "99999999999999999999999999"};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char request[160];
        struct response response;
        reconnect();
        snprintf(request, sizeof(request),
                 "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n", lengths[i]);
        client_send_text(&supervisor, request);
        client_response(&supervisor, &response);
        ck_assert_int_eq(response.status, 413);
        response_free(&response);
        client_wait_closed(&supervisor);
    }
}
END_TEST

START_TEST(a_body_over_the_limit_as_it_streams_is_413)
{
    char *body = sized_body(BODY_BYTES_MAX * 8);
    for (size_t chunk = 1; chunk < 2 * BODY_BYTES_MAX; chunk = chunk * 9 + 1) {
        struct response response;
        reconnect();
        send_chunks(body, BODY_BYTES_MAX * 8, chunk);
        client_response(&supervisor, &response);
        ck_assert_int_eq(response.status, 413);
        ck_assert_ptr_nonnull(strstr(response.body, "body_too_large"));
        ck_assert_str_eq(response_header(&response, "connection"), "close");
        response_free(&response);
        client_expect_closed(&supervisor);
        ck_assert(!supervisor.reset);
    }
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
    free(body);
}
END_TEST

START_TEST(a_body_that_goes_on_and_on_after_413_is_cut_off)
{
    static char rubbish[1 << 20];
    client_send_text(&supervisor,
                     "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    for (int i = 0; i < 64; i++)
        client_push(&supervisor, rubbish, sizeof(rubbish));
    fixture_wait_connections(&fixture, 0);
    client_wait_closed(&supervisor);
}
END_TEST

START_TEST(a_body_that_stops_in_the_middle_is_forgotten_when_its_sender_leaves)
{
    client_send_text(&supervisor,
                     "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n{\"deq");
    fixture_settle(&fixture);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") > 0);
    client_close(&supervisor);
    fixture_wait_connections(&fixture, 0);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).no_match_total, 0);
}
END_TEST

/* ---- Answers ---- */

START_TEST(a_run_that_nobody_waits_for_is_answered_at_once)
{
    char *message = message_new(NULL, "run_1", 0);
    ck_assert(!client_dispatched(&supervisor, message));
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"no_match\"}") == 1);
    ck_assert(strstr(fixture.log, "dispatch run=run_1 outcome=no_match attempts=0 duration_us=") ==
              fixture.log);
    free(message);
}
END_TEST

START_TEST(a_chunked_message_is_delivered_as_it_stood)
{
    char *message = message_new(NULL, "run_1", 3000);
    char *body = malloc(strlen(message) + 64);
    int bytes = sprintf(body, " { \"x\" : 1, \"dequeuedMessage\" :\t%s , \"y\":[] }\n", message);
    client_hold(&controller, &fixture, NULL);
    send_chunks(body, (size_t)bytes, 100);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    client_expect_message(&controller, message);
    free(body);
    free(message);
}
END_TEST

START_TEST(a_delivery_is_logged_with_its_run_controller_instance_and_trace)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    char *message = message_new(NULL, "run_1", 0);
    char head[256];
    client_hold(&controller, &fixture, NULL);
    int bytes =
        snprintf(head, sizeof(head),
                 "POST /warm-start HTTP/1.1\r\nHost: x\r\ntraceparent: %s\r\nContent-Length: %zu\r\n\r\n"
                 "{\"dequeuedMessage\":",
                 trace, strlen(message) + 20);
    client_send(&supervisor, head, (size_t)bytes);
    client_send_text(&supervisor, message);
    client_send_text(&supervisor, "}");
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    ck_assert(strstr(fixture.log, "dispatch run=run_1 controller=controller_1 instance=node-1 "
                                  "traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 "
                                  "outcome=delivered attempts=1 duration_us=") == fixture.log);
    free(message);
}
END_TEST

START_TEST(a_traceparent_of_another_shape_is_not_logged)
{
    static const char body[] = "{\"dequeuedMessage\":{}}";
    client_send_text(&supervisor, "POST /warm-start HTTP/1.1\r\nHost: x\r\ntraceparent: Bearer secret\r\n"
                                  "Content-Length: 22\r\n\r\n");
    client_send_text(&supervisor, body);
    client_expect(&supervisor, 200, "{\"didWarmStart\":false}");
    ck_assert_ptr_null(strstr(fixture.log, "secret"));
    ck_assert_ptr_nonnull(strstr(fixture.log, "outcome=unmatchable reason=deployment_missing"));
}
END_TEST

START_TEST(nothing_is_logged_below_the_level)
{
    char *message = message_new(NULL, "run_1", 0);
    fixture.logger.level = WARMSTART_LOG_WARN;
    client_hold(&controller, &fixture, NULL);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&controller, message);
    ck_assert_uint_eq(fixture.log_bytes, 0);
    free(message);
}
END_TEST

START_TEST(a_controller_of_another_transport_gets_the_message)
{
    struct foreign foreign;
    char *message = message_new(NULL, "run_1", 0);
    foreign_attach(&foreign, &fixture);
    foreign_wait(&foreign);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    ck_assert_uint_eq(foreign.delivers, 1);
    ck_assert_str_eq(foreign.payload, message);
    client_expect_silence(&supervisor);
    ck_assert_int_eq(warmstart_loop_report(fixture.loop, foreign.waiter, WARMSTART_OUTCOME_DELIVERED), 1);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    ck_assert_ptr_nonnull(strstr(fixture.log, "controller=foreign_1 outcome=delivered"));
    foreign_detach(&foreign);
    free(message);
}
END_TEST

START_TEST(lost_means_the_next_controller_whatever_its_transport)
{
    struct foreign foreign;
    char *message = message_new(NULL, "run_1", 0);
    client_hold(&controller, &fixture, NULL);
    foreign_attach(&foreign, &fixture);
    foreign_wait(&foreign);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    ck_assert_uint_eq(foreign.delivers, 1);
    ck_assert_int_eq(warmstart_loop_report(fixture.loop, foreign.waiter, WARMSTART_OUTCOME_LOST), 1);
    client_expect_message(&controller, message);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    ck_assert_ptr_nonnull(strstr(fixture.log, "outcome=delivered attempts=2"));
    foreign_detach(&foreign);
    free(message);
}
END_TEST

START_TEST(a_supervisor_that_hangs_up_leaves_an_outcome_that_is_counted)
{
    struct foreign foreign;
    char *message = message_new(NULL, "run_1", 0);
    foreign_attach(&foreign, &fixture);
    foreign_wait(&foreign);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    ck_assert_uint_eq(foreign.delivers, 1);
    client_close(&supervisor);
    fixture_settle(&fixture);
    ck_assert_int_eq(warmstart_loop_report(fixture.loop, foreign.waiter, WARMSTART_OUTCOME_DELIVERED), 1);
    fixture_wait_connections(&fixture, 0);
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"delivered\"}") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
    foreign_detach(&foreign);
    free(message);
}
END_TEST

START_TEST(a_supervisor_that_hangs_up_before_its_run_is_out_takes_it_back)
{
    char *message = message_new(NULL, "run_1", 0);
    struct client first;
    /* The first POST sets the watch that sees the leaving of the second one's sender. */
    client_hold(&first, &fixture, NULL);
    ck_assert(client_dispatched(&supervisor, message));
    client_close(&first);
    client_hold(&controller, &fixture, NULL);
    client_dispatch(&supervisor, message);
    ck_assert_int_eq(shutdown(supervisor.fd, SHUT_WR), 0);
    client_expect_closed(&supervisor);
    client_expect_silence(&controller);
    ck_assert_uint_eq(fixture_stats(&fixture).held, 1);
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"cancelled\"}") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
    free(message);
}
END_TEST

START_TEST(a_sender_that_stays_after_413_is_left_after_a_second)
{
    struct pollfd asked;
    client_send_text(&supervisor, "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n");
    client_expect_error(&supervisor, 413, "body_too_large", NULL);
    client_expect_closed(&supervisor);
    client_push(&supervisor, "x", 1);
    fixture_settle(&fixture);
    asked = (struct pollfd){.fd = supervisor.fd};
    ck_assert_int_eq(poll(&asked, 1, 0), 0);
    fixture_pass(&fixture, 1000);
    client_push(&supervisor, "x", 1);
    ck_assert_int_eq(poll(&asked, 1, 0), 1);
    ck_assert(asked.revents & (POLLERR | POLLHUP));
}
END_TEST

START_TEST(a_post_is_answered_false_when_nothing_is_heard_of_its_delivery)
{
    struct foreign foreign;
    char *message = message_new(NULL, "run_1", 0);
    foreign_attach(&foreign, &fixture);
    foreign_wait(&foreign);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    fixture_pass(&fixture, 999);
    client_expect_silence(&supervisor);
    fixture_pass(&fixture, 1);
    client_expect(&supervisor, 200, "{\"didWarmStart\":false}");
    ck_assert_uint_eq(foreign.ends, 1);
    ck_assert_int_eq(foreign.ending, WARMSTART_ENDING_UNCERTAIN);
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"uncertain\"}") == 1);
    foreign_detach(&foreign);
    free(message);
}
END_TEST

START_TEST(several_posts_may_follow_each_other_on_one_connection)
{
    for (int i = 0; i < 50; i++) {
        char *message = message_new(NULL, "run_1", (size_t)i * 70);
        struct client poll;
        client_hold(&poll, &fixture, NULL);
        ck_assert(client_dispatched(&supervisor, message));
        client_expect_message(&poll, message);
        client_close(&poll);
        free(message);
    }
    ck_assert_uint_eq(fixture_stats(&fixture).connections_total, 51);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_dispatches");
    TCase *usual = tcase_create("usual");
    tcase_add_checked_fixture(usual, open_all, close_all);
    tcase_set_timeout(usual, 300);
    tcase_add_test(usual, a_post_without_a_body_is_400);
    tcase_add_test(usual, a_body_that_is_not_what_is_asked_for_is_400_saying_where);
    tcase_add_test(usual, a_body_with_nul_or_endless_nesting_is_400);
    tcase_add_test(usual, all_bodies_together_are_bounded);
    tcase_add_test(usual, a_message_that_nobody_can_match_is_false_and_counted_by_reason);
    tcase_add_test(usual, a_body_up_to_the_limit_is_taken);
    tcase_add_test(usual, a_body_over_the_limit_by_its_announced_length_is_413);
    tcase_add_test(usual, an_absurd_length_is_413);
    tcase_add_test(usual, a_body_over_the_limit_as_it_streams_is_413);
    tcase_add_test(usual, a_body_that_goes_on_and_on_after_413_is_cut_off);
    tcase_add_test(usual, a_body_that_stops_in_the_middle_is_forgotten_when_its_sender_leaves);
    tcase_add_test(usual, a_run_that_nobody_waits_for_is_answered_at_once);
    tcase_add_test(usual, a_chunked_message_is_delivered_as_it_stood);
    tcase_add_test(usual, a_delivery_is_logged_with_its_run_controller_instance_and_trace);
    tcase_add_test(usual, a_traceparent_of_another_shape_is_not_logged);
    tcase_add_test(usual, nothing_is_logged_below_the_level);
    tcase_add_test(usual, several_posts_may_follow_each_other_on_one_connection);
    suite_add_tcase(suite, usual);
    TCase *still = tcase_create("still");
    tcase_add_checked_fixture(still, open_still, close_all);
    tcase_set_timeout(still, 300);
    tcase_add_test(still, a_controller_of_another_transport_gets_the_message);
    tcase_add_test(still, lost_means_the_next_controller_whatever_its_transport);
    tcase_add_test(still, a_supervisor_that_hangs_up_leaves_an_outcome_that_is_counted);
    tcase_add_test(still, a_supervisor_that_hangs_up_before_its_run_is_out_takes_it_back);
    tcase_add_test(still, a_sender_that_stays_after_413_is_left_after_a_second);
    tcase_add_test(still, a_post_is_answered_false_when_nothing_is_heard_of_its_delivery);
    suite_add_tcase(suite, still);
    return suite_run(suite);
}
