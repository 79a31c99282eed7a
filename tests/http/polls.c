/* SPDX-License-Identifier: MIT */
/* GET /warm-start: holding, delivering, ending. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "foreign.h"
#include "suite.h"

#define MANY          1000
#define CELL_CAPACITY 256

static struct fixture fixture;
static struct client controller;
static struct client supervisor;

static void open_all(void)
{
    fixture_init(&fixture);
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    controller.fd = -1;
}

static void open_still(void)
{
    fixture_init(&fixture);
    fixture.still = true;
    /* The supervisor is connected long before it sends anything. */
    fixture.options.header_timeout_ms = 3600000;
    fixture.logger.level = WARMSTART_LOG_DEBUG;
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    controller.fd = -1;
}

static void close_all(void)
{
    client_close(&controller);
    client_close(&supervisor);
    fixture_close(&fixture);
}

/* ---- Bad input ---- */

static void send_headers(const char *headers)
{
    char request[8192];
    client_close(&controller);
    client_connect(&controller, &fixture);
    int bytes = snprintf(request, sizeof(request), "GET /warm-start HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);
    ck_assert(bytes > 0 && (size_t)bytes < sizeof(request));
    client_send(&controller, request, (size_t)bytes);
}

/* All the field headers but one, and that with a value of its own; NULL: without it. */
static void send_with(const char *name, const char *value)
{
    static const char *const fields[][2] = {
        {"x-trigger-workload-controller-id", "c"}, {"x-trigger-deployment-id", "d"},
        {"x-trigger-deployment-version", "1"},     {"x-trigger-machine-cpu", "1"},
        {"x-trigger-machine-memory", "1"},         {"x-trigger-worker-instance-name", "n"},
    };
    char headers[6000];
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *own = strcmp(fields[i][0], name) == 0 ? value : fields[i][1];
        if (own)
            bytes +=
                (size_t)snprintf(headers + bytes, sizeof(headers) - bytes, "%s: %s\r\n", fields[i][0], own);
        ck_assert_uint_lt(bytes, sizeof(headers));
    }
    send_headers(headers);
}

START_TEST(a_missing_or_empty_field_header_is_400_naming_it)
{
    static const char *const names[] = {"x-trigger-deployment-id", "x-trigger-deployment-version",
                                        "x-trigger-machine-cpu", "x-trigger-machine-memory"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        send_with(names[i], NULL);
        client_expect_error(&controller, 400, "header_missing", names[i]);
        send_with(names[i], "");
        client_expect_error(&controller, 400, "header_missing", names[i]);
        send_with(names[i], "  \t");
        client_expect_error(&controller, 400, "header_missing", names[i]);
    }
    ck_assert_uint_eq(fixture_manager_stats(&fixture).registered_total, 0);
}
END_TEST

START_TEST(a_field_header_that_is_too_long_or_has_control_bytes_is_400_naming_it)
{
    static const char *const names[] = {
        "x-trigger-workload-controller-id", "x-trigger-deployment-id",
        "x-trigger-deployment-version",     "x-trigger-machine-cpu",
        "x-trigger-machine-memory",         "x-trigger-worker-instance-name",
    };
    char value[1026];
    memset(value, '1', 1025);
    value[1025] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        send_with(names[i], value);
        client_expect_error(&controller, 400, "header_invalid", names[i]);
        send_with(names[i], "1\0011");
        client_expect_error(&controller, 400, "header_invalid", names[i]);
        send_with(names[i], "1\x7f");
        client_expect_error(&controller, 400, "header_invalid", names[i]);
    }
}
END_TEST

START_TEST(cpu_and_memory_must_be_positive_numbers)
{
    static const char *const values[] = {"0",     "-1", "a",  "0x1", "1,5", "NaN",
                                         "1e999", "+1", ".5", "1.",  "1 2"};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        send_with("x-trigger-machine-cpu", values[i]);
        client_expect_error(&controller, 400, "header_invalid", "x-trigger-machine-cpu");
        send_with("x-trigger-machine-memory", values[i]);
        client_expect_error(&controller, 400, "header_invalid", "x-trigger-machine-memory");
    }
}
END_TEST

START_TEST(a_malformed_token_is_400_and_neither_echoed_nor_logged)
{
    static const char *const tokens[] = {"eyJzZWNyZXQ.part", "a.b.c", "eyJhIjoxfQ.eyJzZWNyZXQiOjF9.c2ln",
                                         "..", "eyJzZWNyZXQ.!!!.c2ln"};
    fixture.logger.level = WARMSTART_LOG_DEBUG;
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        struct response response;
        send_with("x-trigger-deployment-id", tokens[i]);
        client_response(&controller, &response);
        ck_assert_int_eq(response.status, 400);
        ck_assert_ptr_nonnull(strstr(response.body, "token_malformed"));
        ck_assert_ptr_null(strstr(response.body, "eyJ"));
        response_free(&response);
    }
    ck_assert_ptr_null(strstr(fixture.log, "eyJ"));
}
END_TEST

START_TEST(a_poll_that_was_refused_may_be_repeated_on_its_connection)
{
    send_with("x-trigger-machine-cpu", "zero");
    client_expect_error(&controller, 400, "header_invalid", NULL);
    client_poll(&controller, NULL);
    fixture_wait_held(&fixture, 1);
}
END_TEST

/* ---- Delivering ---- */

START_TEST(a_message_reaches_the_poll_that_fits_byte_for_byte)
{
    static const size_t sizes[] = {0, 512, 2048, 65535, 65536, 300001, 1 << 20, (8 << 20) - 20};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *message = message_new(NULL, "run_1", sizes[i]);
        struct client poll;
        client_hold(&poll, &fixture, NULL);
        client_dispatch(&supervisor, message);
        client_expect_message(&poll, message);
        client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
        client_close(&poll);
        free(message);
    }
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
}
END_TEST

static void open_slow(void)
{
    fixture_init(&fixture);
    /* Eight megabytes under valgrind take their time. */
    fixture.options.dispatch_timeout_ms = 60000;
    fixture.options.connection_timeout_ms = 600000;
    fixture.logger.level = WARMSTART_LOG_OFF;
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    controller.fd = -1;
}

START_TEST(only_a_poll_whose_fields_all_fit_is_matched)
{
    static const struct identity others[] = {
        {.deployment = "deployment_2"}, {.version = "20260327.5"}, {.cpu = "1"}, {.memory = "1"}};
    client_hold(&controller, &fixture, NULL);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char *message = message_new(&others[i], "run_1", 0);
        ck_assert(!client_dispatched(&supervisor, message));
        free(message);
    }
    client_expect_silence(&controller);
    char *message = message_new(NULL, "run_1", 0);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&controller, message);
    free(message);
}
END_TEST

START_TEST(numbers_are_compared_as_numbers)
{
    static const char *const forms[][2] = {{"1", "1.0"}, {"1e0", "1"}, {"0.5", "5e-1"}, {"10", "1E+1"}};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct identity polled = {.cpu = forms[i][0], .memory = forms[i][1]};
        struct identity asked = {.cpu = forms[i][1], .memory = forms[i][0]};
        char *message = message_new(&asked, "run_1", 0);
        struct client poll;
        client_hold(&poll, &fixture, &polled);
        ck_assert(client_dispatched(&supervisor, message));
        client_expect_message(&poll, message);
        client_close(&poll);
        free(message);
    }
}
END_TEST

START_TEST(a_token_is_matched_by_its_deployment_claim_and_not_logged)
{
    /* {"alg":"HS256"} . {"ver":1,"deployment":"deployment_1"} . "signature" */
    static const char token[] =
        "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEifQ.c2lnbmF0dXJl";
    struct identity polled = {.deployment = token};
    fixture.logger.level = WARMSTART_LOG_DEBUG;
    client_hold(&controller, &fixture, &polled);
    char *message = message_new(NULL, "run_1", 0);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&controller, message);
    ck_assert_ptr_null(strstr(fixture.log, "eyJ"));
    free(message);
}
END_TEST

START_TEST(no_byte_is_sent_before_there_is_a_message)
{
    client_hold(&controller, &fixture, NULL);
    fixture_settle(&fixture);
    client_expect_silence(&controller);
}
END_TEST

START_TEST(a_connection_may_poll_again_after_its_message)
{
    client_connect(&controller, &fixture);
    for (int i = 0; i < 20; i++) {
        char run[16];
        snprintf(run, sizeof(run), "run_%d", i);
        char *message = message_new(NULL, run, 0);
        client_poll(&controller, NULL);
        fixture_wait_held(&fixture, 1);
        ck_assert(client_dispatched(&supervisor, message));
        client_expect_message(&controller, message);
        free(message);
    }
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 2);
}
END_TEST

START_TEST(the_newest_poll_gets_the_message_first)
{
    struct client polls[3];
    static const char *const controllers[] = {"c0", "c1", "c2"};
    for (size_t i = 0; i < 3; i++) {
        struct identity identity = {.controller = controllers[i]};
        client_hold(&polls[i], &fixture, &identity);
    }
    for (size_t i = 3; i-- > 0;) {
        char *message = message_new(NULL, "run_1", 0);
        ck_assert(client_dispatched(&supervisor, message));
        client_expect_message(&polls[i], message);
        free(message);
        client_close(&polls[i]);
    }
}
END_TEST

/* Many polls, each with a version of its own; the index is in it. */
static void hold_many(struct client *polls)
{
    for (int i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%d", i);
        struct identity identity = {.controller = id, .version = id};
        client_connect(&polls[i], &fixture);
        client_poll(&polls[i], &identity);
    }
    fixture_wait_held(&fixture, MANY);
}

START_TEST(a_thousand_polls_in_several_cells_get_each_their_own_message)
{
    static struct client polls[MANY];
    hold_many(polls);
    ck_assert_uint_ge(fixture_stats(&fixture).cells, (MANY + CELL_CAPACITY) / CELL_CAPACITY);
    for (int i = 0; i < MANY; i++) {
        char version[16], run[24];
        int which = (i * 7 + 3) % MANY;
        snprintf(version, sizeof(version), "%d", which);
        snprintf(run, sizeof(run), "run_%d", which);
        struct identity asked = {.version = version};
        char *message = message_new(&asked, run, 0);
        ck_assert(client_dispatched(&supervisor, message));
        client_expect_message(&polls[which], message);
        ck_assert(!client_dispatched(&supervisor, message));
        free(message);
    }
    ck_assert_uint_eq(fixture_manager_stats(&fixture).ended_total[WARMSTART_ENDING_DELIVERED], MANY);
    for (int i = 0; i < MANY; i++) {
        client_expect_silence(&polls[i]);
        client_close(&polls[i]);
    }
    fixture_wait_connections(&fixture, 1);
    fixture_settle(&fixture);
    ck_assert_uint_le(fixture_stats(&fixture).cells, 2);
}
END_TEST

START_TEST(a_thousand_polls_leave_at_once)
{
    static struct client polls[MANY];
    hold_many(polls);
    for (int i = 0; i < MANY; i++)
        client_close(&polls[i]);
    fixture_wait_held(&fixture, 0);
    fixture_wait_connections(&fixture, 1);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).ended_total[WARMSTART_ENDING_CANCELLED], MANY);
}
END_TEST

START_TEST(a_payload_of_another_transport_is_delivered_too)
{
    static char payload[] = "{\"from\":\"elsewhere\"}";
    struct foreign foreign;
    foreign_attach(&foreign, &fixture);
    client_hold(&controller, &fixture, NULL);
    ck_assert_int_eq(foreign_dispatch(&foreign, payload, sizeof(payload) - 1, 10000), 1);
    client_expect_message(&controller, "{\"from\":\"elsewhere\"}");
    fixture_settle(&fixture);
    ck_assert_uint_eq(foreign.settles, 1);
    ck_assert_int_eq(foreign.outcome, WARMSTART_OUTCOME_DELIVERED);
    foreign_detach(&foreign);
}
END_TEST

/* ---- Leaving ---- */

START_TEST(a_poll_whose_controller_closes_is_gone_at_once)
{
    client_hold(&controller, &fixture, NULL);
    client_close(&controller);
    fixture_wait_held(&fixture, 0);
    fixture_wait_connections(&fixture, 1);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).ended_total[WARMSTART_ENDING_CANCELLED], 1);
    char *message = message_new(NULL, "run_1", 0);
    ck_assert(!client_dispatched(&supervisor, message));
    free(message);
}
END_TEST

START_TEST(a_poll_whose_controller_resets_is_gone_at_once)
{
    client_hold(&controller, &fixture, NULL);
    client_abort(&controller);
    fixture_wait_held(&fixture, 0);
    fixture_wait_connections(&fixture, 1);
}
END_TEST

START_TEST(a_poll_whose_controller_half_closes_is_gone_at_once)
{
    client_hold(&controller, &fixture, NULL);
    ck_assert_int_eq(shutdown(controller.fd, SHUT_WR), 0);
    fixture_wait_held(&fixture, 0);
    client_expect_closed(&controller);
}
END_TEST

START_TEST(a_poll_that_is_half_closed_with_its_request_is_not_held)
{
    client_connect(&controller, &fixture);
    client_poll(&controller, NULL);
    ck_assert_int_eq(shutdown(controller.fd, SHUT_WR), 0);
    client_expect_closed(&controller);
    ck_assert_uint_eq(fixture_stats(&fixture).held, 0);
}
END_TEST

START_TEST(a_second_poll_on_a_connection_notices_leaving_too)
{
    client_hold(&controller, &fixture, NULL);
    char *message = message_new(NULL, "run_1", 0);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&controller, message);
    client_poll(&controller, NULL);
    fixture_wait_held(&fixture, 1);
    client_close(&controller);
    fixture_wait_held(&fixture, 0);
    free(message);
}
END_TEST

START_TEST(a_message_for_a_controller_that_has_just_left_goes_to_the_next)
{
    struct identity older = {.controller = "older"}, newer = {.controller = "newer"};
    struct client leaving;
    client_hold(&controller, &fixture, &older);
    client_hold(&leaving, &fixture, &newer);
    char *message = message_new(NULL, "run_1", 0);
    /* Both before the server looks: what it sees first, the leaving or the POST, is the kernel's business. */
    client_dispatch(&supervisor, message);
    client_close(&leaving);
    client_expect_message(&controller, message);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    free(message);
}
END_TEST

START_TEST(a_message_that_everybody_left_before_is_not_delivered)
{
    struct client polls[4];
    static const char *const controllers[] = {"c0", "c1", "c2", "c3"};
    for (size_t i = 0; i < 4; i++) {
        struct identity identity = {.controller = controllers[i]};
        client_hold(&polls[i], &fixture, &identity);
    }
    char *message = message_new(NULL, "run_1", 0);
    client_dispatch(&supervisor, message);
    for (size_t i = 0; i < 4; i++)
        client_abort(&polls[i]);
    client_expect(&supervisor, 200, "{\"didWarmStart\":false}");
    fixture_wait_held(&fixture, 0);
    free(message);
}
END_TEST

START_TEST(a_second_poll_of_a_controller_supersedes_the_first)
{
    struct client second;
    client_hold(&controller, &fixture, NULL);
    client_connect(&second, &fixture);
    client_poll(&second, NULL);
    client_expect_closed(&controller);
    ck_assert(!controller.reset);
    fixture_wait_held(&fixture, 1);
    char *message = message_new(NULL, "run_1", 0);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&second, message);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).ended_total[WARMSTART_ENDING_SUPERSEDED], 1);
    free(message);
    client_close(&second);
}
END_TEST

START_TEST(a_controller_that_retires_is_let_go_and_refused_when_it_comes_back)
{
    client_hold(&controller, &fixture, NULL);
    ck_assert_int_ge(warmstart_loop_retire(fixture.loop, "controller_1", 12, WARMSTART_NEVER), 0);
    client_expect_closed(&controller);
    client_close(&controller);
    client_connect(&controller, &fixture);
    client_poll(&controller, NULL);
    client_expect_error(&controller, 503, "controller_retired", NULL);
    client_expect_closed(&controller);
}
END_TEST

START_TEST(one_poll_over_the_limit_is_503_and_the_held_ones_stay)
{
    struct client third;
    struct response response;
    struct identity first = {.controller = "c1"}, other = {.controller = "c2"}, over = {.controller = "c3"};
    struct client second;
    client_hold(&controller, &fixture, &first);
    client_hold(&second, &fixture, &other);
    client_connect(&third, &fixture);
    client_poll(&third, &over);
    client_response(&third, &response);
    ck_assert_int_eq(response.status, 503);
    ck_assert_ptr_nonnull(strstr(response.body, "waiters_limit"));
    ck_assert_str_eq(response_header(&response, "connection"), "close");
    response_free(&response);
    client_expect_closed(&third);
    client_expect_silence(&controller);
    client_expect_silence(&second);
    client_close(&second);
    fixture_wait_held(&fixture, 1);
    client_close(&third);
    client_hold(&third, &fixture, &over);
    client_close(&third);
}
END_TEST

static void open_limited(void)
{
    fixture_init(&fixture);
    fixture.manager.waiters_max = 2;
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    controller.fd = -1;
}

/* ---- Time ---- */

START_TEST(a_poll_is_not_matched_in_its_last_quarter_of_a_second)
{
    char *message = message_new(NULL, "run_1", 0);
    client_hold(&controller, &fixture, NULL);
    fixture_pass(&fixture, 29749);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).waiters_waiting, 1);
    fixture_pass(&fixture, 1);
    ck_assert(!client_dispatched(&supervisor, message));
    ck_assert_uint_eq(fixture_stats(&fixture).held, 1);
    client_expect_silence(&controller);
    free(message);
}
END_TEST

START_TEST(a_poll_is_matched_until_its_last_quarter_of_a_second)
{
    char *message = message_new(NULL, "run_1", 0);
    client_hold(&controller, &fixture, NULL);
    fixture_pass(&fixture, 29749);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&controller, message);
    free(message);
}
END_TEST

START_TEST(a_poll_is_dropped_without_an_answer_a_second_after_its_time)
{
    client_hold(&controller, &fixture, NULL);
    fixture_pass(&fixture, 30999);
    client_expect_silence(&controller);
    fixture_pass(&fixture, 1);
    client_expect_closed(&controller);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).ended_total[WARMSTART_ENDING_EXPIRED], 1);
    ck_assert_ptr_nonnull(strstr(fixture.log, "poll controller=controller_1 instance=node-1 ending=expired "
                                              "duration_ms=31000\n"));
}
END_TEST

START_TEST(a_slow_reader_is_reset_when_the_dispatch_has_to_be_answered)
{
    char *message = message_new(NULL, "run_1", 7 << 20);
    client_connect_narrow(&controller, &fixture);
    client_poll(&controller, NULL);
    fixture_wait_held(&fixture, 1);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    client_expect_silence(&supervisor);
    fixture_pass(&fixture, 1000);
    client_expect(&supervisor, 200, "{\"didWarmStart\":false}");
    fixture_wait_connections(&fixture, 1);
    client_wait_closed(&controller);
    ck_assert(controller.reset);
    ck_assert_uint_lt(controller.bytes, strlen(message));
    ck_assert_uint_eq(fixture_manager_stats(&fixture).ended_total[WARMSTART_ENDING_UNCERTAIN], 1);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
    free(message);
}
END_TEST

START_TEST(a_reader_that_leaves_in_mid_message_has_not_got_it)
{
    struct client next;
    struct identity older = {.controller = "older"}, newer = {.controller = "newer"};
    char *message = message_new(NULL, "run_1", 7 << 20);
    client_hold(&next, &fixture, &older);
    client_connect_narrow(&controller, &fixture);
    client_poll(&controller, &newer);
    fixture_wait_held(&fixture, 2);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    client_expect_silence(&supervisor);
    client_abort(&controller);
    client_expect_message(&next, message);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    free(message);
    client_close(&next);
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
    const TTest *const usual[] = {
        a_missing_or_empty_field_header_is_400_naming_it,
        a_field_header_that_is_too_long_or_has_control_bytes_is_400_naming_it,
        cpu_and_memory_must_be_positive_numbers,
        a_malformed_token_is_400_and_neither_echoed_nor_logged,
        a_poll_that_was_refused_may_be_repeated_on_its_connection,
        only_a_poll_whose_fields_all_fit_is_matched,
        numbers_are_compared_as_numbers,
        a_token_is_matched_by_its_deployment_claim_and_not_logged,
        no_byte_is_sent_before_there_is_a_message,
        a_connection_may_poll_again_after_its_message,
        the_newest_poll_gets_the_message_first,
        a_payload_of_another_transport_is_delivered_too,
        a_poll_whose_controller_closes_is_gone_at_once,
        a_poll_whose_controller_resets_is_gone_at_once,
        a_poll_whose_controller_half_closes_is_gone_at_once,
        a_poll_that_is_half_closed_with_its_request_is_not_held,
        a_second_poll_on_a_connection_notices_leaving_too,
        a_message_for_a_controller_that_has_just_left_goes_to_the_next,
        a_message_that_everybody_left_before_is_not_delivered,
        a_second_poll_of_a_controller_supersedes_the_first,
        a_controller_that_retires_is_let_go_and_refused_when_it_comes_back,
    };
    const TTest *const slow[] = {
        a_message_reaches_the_poll_that_fits_byte_for_byte,
        a_thousand_polls_in_several_cells_get_each_their_own_message,
        a_thousand_polls_leave_at_once,
    };
    const TTest *const limited[] = {one_poll_over_the_limit_is_503_and_the_held_ones_stay};
    const TTest *const still[] = {
        a_poll_is_not_matched_in_its_last_quarter_of_a_second,
        a_poll_is_matched_until_its_last_quarter_of_a_second,
        a_poll_is_dropped_without_an_answer_a_second_after_its_time,
        a_slow_reader_is_reset_when_the_dispatch_has_to_be_answered,
        a_reader_that_leaves_in_mid_message_has_not_got_it,
    };
    Suite *suite = suite_create("http_polls");
    ADD(suite, "usual", open_all, usual);
    ADD(suite, "slow", open_slow, slow);
    ADD(suite, "limited", open_limited, limited);
    ADD(suite, "still", open_still, still);
    return suite_run(suite);
}
