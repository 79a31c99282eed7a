/* SPDX-License-Identifier: MIT */
/* The server's life: options, statistics, metrics, draining, shutting down, freeing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "foreign.h"
#include "suite.h"

static struct fixture fixture;
static struct client supervisor;

static void open_all(void)
{
    fixture_init(&fixture);
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
}

static void close_all(void)
{
    client_close(&supervisor);
    fixture_close(&fixture);
}

/* ---- Options ---- */

static int try_options(const struct warmstart_http_options *options)
{
    struct warmstart_loop *loop;
    struct warmstart_http *http = NULL;
    ck_assert_int_eq(warmstart_loop_new(NULL, &loop), 0);
    int answer = warmstart_http_new(loop, options, &http);
    if (answer < 0)
        ck_assert_ptr_null(http);
    warmstart_http_free(http);
    warmstart_loop_free(loop);
    return answer;
}

START_TEST(the_defaults_are_those_of_the_header)
{
    struct warmstart_http_options options;
    memset(&options, 0xff, sizeof(options));
    warmstart_http_options_init(&options);
    ck_assert_uint_eq(options.size, sizeof(options));
    ck_assert_ptr_null(options.logger);
    ck_assert_uint_eq(options.connection_timeout_ms, 30000);
    ck_assert_uint_eq(options.keepalive_ms, 300000);
    ck_assert_uint_eq(options.match_margin_ms, 250);
    ck_assert_uint_eq(options.connections_max, 16384);
    ck_assert_uint_eq(options.header_bytes_max, 4096);
    ck_assert_uint_eq(options.body_bytes_max, 8 << 20);
    ck_assert_uint_eq(options.buffered_bytes_max, 256 << 20);
    ck_assert_uint_eq(options.dispatch_timeout_ms, 1000);
    ck_assert_uint_eq(options.attempts_max, 3);
    ck_assert_int_eq(try_options(&options), 0);
    ck_assert_int_eq(try_options(NULL), 0);
}
END_TEST

#define EXPECT_INVALID(member, value)                                                                        \
    do {                                                                                                     \
        struct warmstart_http_options options;                                                               \
        warmstart_http_options_init(&options);                                                               \
        options.member = (value);                                                                            \
        ck_assert_int_eq(try_options(&options), WARMSTART_ERR_INVALID);                                      \
    } while (0)

START_TEST(an_option_out_of_its_bounds_is_refused)
{
    EXPECT_INVALID(connection_timeout_ms, 0);
    EXPECT_INVALID(connection_timeout_ms, 250);
    EXPECT_INVALID(match_margin_ms, 30000);
    EXPECT_INVALID(connections_max, 0);
    EXPECT_INVALID(header_bytes_max, 1023);
    EXPECT_INVALID(header_bytes_max, 16385);
    EXPECT_INVALID(body_bytes_max, 0);
    EXPECT_INVALID(body_bytes_max, SIZE_MAX);
    EXPECT_INVALID(buffered_bytes_max, (8 << 20) - 1);
    EXPECT_INVALID(dispatch_timeout_ms, 0);
    EXPECT_INVALID(attempts_max, 0);
    ck_assert_int_eq(warmstart_http_new(NULL, NULL, NULL), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(options_of_a_later_release_are_taken_when_they_ask_for_nothing_new)
{
    union {
        struct warmstart_http_options options;
        char bytes[sizeof(struct warmstart_http_options) + 64];
    } later;
    warmstart_http_options_init_sized(&later.options, sizeof(later));
    ck_assert_uint_eq(later.options.size, sizeof(later));
    ck_assert_int_eq(try_options(&later.options), 0);
    later.bytes[sizeof(later) - 1] = 1;
    ck_assert_int_eq(try_options(&later.options), WARMSTART_ERR_UNSUPPORTED);
    later.options.size = 8;
    ck_assert_int_eq(try_options(&later.options), WARMSTART_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(options_of_the_first_size_are_taken)
{
    struct warmstart_http_options first;
    warmstart_http_options_init(&first);
    first.size = offsetof(struct warmstart_http_options, on_metrics);
    ck_assert_int_eq(try_options(&first), 0);
    first.size--;
    ck_assert_int_eq(try_options(&first), WARMSTART_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(stats_fill_what_the_caller_knows)
{
    struct warmstart_http_stats stats = {.size = offsetof(struct warmstart_http_stats, held), .held = 77};
    ck_assert_int_eq(warmstart_http_get_stats(fixture.http, &stats), 0);
    ck_assert_uint_eq(stats.held, 77);
    ck_assert_int_eq(warmstart_http_get_stats(fixture.http, NULL), WARMSTART_ERR_INVALID);
    stats.size = 0;
    ck_assert_int_eq(warmstart_http_get_stats(fixture.http, &stats), WARMSTART_ERR_INVALID);
    struct warmstart_http_stats all = fixture_stats(&fixture);
    ck_assert_uint_eq(all.held, 0);
    ck_assert_uint_eq(all.cells, 1);
}
END_TEST

/* ---- Metrics ---- */

static char *read_metrics(void)
{
    struct response response;
    client_send_text(&supervisor, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    client_response(&supervisor, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response_header(&response, "content-type"), "text/plain; version=0.0.4");
    free(response.head);
    return response.body;
}

START_TEST(metrics_pass_the_check_of_prometheus)
{
    char name[] = "/tmp/warmstart-metrics-XXXXXX";
    char command[96];
    char *text = read_metrics();
    int fd = mkstemp(name);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    free(text);
    snprintf(command, sizeof(command), "command -v promtool >/dev/null || exit 0; promtool check metrics <%s",
             name);
    int status = system(command);
    unlink(name);
    ck_assert_int_eq(status, 0);
}
END_TEST

static void add_foreign_metrics(void *user, struct warmstart_http_metrics *metrics)
{
    static const char *const names[] = {"", "9lives", "two words", "a{b=\"c\"}", "d\n"};
    const uint64_t *value = user;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_int_eq(warmstart_http_add_metric(metrics, names[i], "Help.", 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_add_metric(metrics, "a", "two\nlines", 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_add_metric(metrics, "a", "back\\slash", 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_add_metric(metrics, NULL, "Help.", 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_add_metric(metrics, "a", NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_add_metric(NULL, "a", "Help.", 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_add_metric(metrics, "host_Requests9_total", "Requests.", *value), 0);
    ck_assert_int_eq(warmstart_http_add_metric(metrics, "_total", "Something.", 2), 0);
}

START_TEST(what_others_count_stands_behind)
{
    uint64_t value = UINT64_MAX;
    close_all();
    fixture_init(&fixture);
    fixture.options.on_metrics = add_foreign_metrics;
    fixture.options.on_metrics_user = &value;
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    char *text = read_metrics();
    ck_assert_ptr_nonnull(strstr(text, "\n# HELP host_Requests9_total Requests.\n"
                                       "# TYPE host_Requests9_total counter\n"
                                       "host_Requests9_total 18446744073709551615\n"
                                       "# HELP _total Something.\n# TYPE _total gauge\n_total 2\n"));
    ck_assert_ptr_null(strstr(text, "Help."));
    free(text);
}
END_TEST

START_TEST(every_post_is_counted_once)
{
    struct client controller;
    char *message = message_new(NULL, "run_1", 0);
    client_hold(&controller, &fixture, NULL);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&controller, message);
    ck_assert(!client_dispatched(&supervisor, message));
    client_send_text(&supervisor, "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 22\r\n\r\n"
                                  "{\"dequeuedMessage\":{}}");
    client_expect(&supervisor, 200, "{\"didWarmStart\":false}");
    ck_assert_int_eq(warmstart_http_drain(fixture.http, NULL), 0);
    ck_assert(!client_dispatched(&supervisor, message));
    static const char *const outcomes[] = {"delivered", "no_match", "unmatchable", "draining"};
    for (size_t i = 0; i < 4; i++) {
        char line[96];
        snprintf(line, sizeof(line), "warmstart_dispatches_total{outcome=\"%s\"}", outcomes[i]);
        ck_assert_msg(fixture_metric(&fixture, line) == 1, "%s", line);
    }
    ck_assert(fixture_metric(&fixture, "warmstart_hand_over_duration_seconds_count") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_hand_over_duration_seconds_bucket{le=\"+Inf\"}") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_endings_total{cause=\"delivered\"}") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_registrations_total") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_build_info{version=\"0.1.0\",microhttpd=\"0.9.75\"}") ==
                  1 ||
              strcmp(warmstart_version(), "0.1.0") != 0);
    client_close(&controller);
    free(message);
}
END_TEST

START_TEST(metrics_show_what_is_held)
{
    struct client controller;
    client_hold(&controller, &fixture, NULL);
    ck_assert(fixture_metric(&fixture, "warmstart_waiters{state=\"waiting\"}") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_groups") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_http_polls_held") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_memory_bytes") > 0);
    ck_assert(fixture_metric(&fixture, "warmstart_loop_rounds_total") > 0);
    client_close(&controller);
}
END_TEST

/* ---- Draining and shutting down ---- */

static void count(void *user, int complete)
{
    ck_assert_int_eq(complete, 1);
    (*(unsigned *)user)++;
}

static int drain(unsigned *drained)
{
    struct warmstart_http_drain_options options;
    warmstart_http_drain_options_init(&options);
    options.on_drained = count;
    options.user = drained;
    return warmstart_http_drain(fixture.http, &options);
}

START_TEST(draining_closes_polls_and_answers_posts_false)
{
    struct client controller, late;
    unsigned drained = 0;
    char *message = message_new(NULL, "run_1", 0);
    client_hold(&controller, &fixture, NULL);
    client_send_text(&supervisor, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&supervisor, 200, "{\"status\":\"ready\"}");
    ck_assert_int_eq(drain(&drained), 0);
    ck_assert_uint_eq(drained, 0);
    client_expect_closed(&controller);
    ck_assert(!controller.reset);
    fixture_settle(&fixture);
    ck_assert_uint_eq(drained, 1);

    client_send_text(&supervisor, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&supervisor, 503, "{\"status\":\"draining\"}");
    client_send_text(&supervisor, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&supervisor, 200, "{\"status\":\"ok\"}");
    ck_assert(!client_dispatched(&supervisor, message));
    client_connect(&late, &fixture);
    client_poll(&late, NULL);
    client_expect_closed(&late);
    ck_assert(!late.reset);
    ck_assert_int_eq(drain(&drained), WARMSTART_ERR_INVALID);
    fixture_settle(&fixture);
    ck_assert_uint_eq(drained, 1);
    client_close(&controller);
    client_close(&late);
    free(message);
}
END_TEST

START_TEST(draining_lets_running_dispatches_go_on)
{
    struct foreign foreign;
    unsigned drained = 0;
    char *message = message_new(NULL, "run_1", 0);
    foreign_attach(&foreign, &fixture);
    foreign_wait(&foreign);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    ck_assert_uint_eq(foreign.delivers, 1);
    ck_assert_int_eq(drain(&drained), 0);
    fixture_settle(&fixture);
    ck_assert_uint_eq(drained, 0);
    client_expect_silence(&supervisor);
    warmstart_loop_report(fixture.loop, foreign.waiter, WARMSTART_OUTCOME_DELIVERED);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    fixture_settle(&fixture);
    ck_assert_uint_eq(drained, 1);
    foreign_detach(&foreign);
    free(message);
}
END_TEST

START_TEST(a_manager_that_shuts_down_closes_polls_and_refuses_the_rest)
{
    struct client controller, late;
    char *message = message_new(NULL, "run_1", 0);
    client_hold(&controller, &fixture, NULL);
    ck_assert_int_eq(warmstart_loop_shutdown(fixture.loop), 0);
    client_expect_closed(&controller);
    client_connect(&late, &fixture);
    client_poll(&late, NULL);
    client_expect_closed(&late);
    ck_assert(!client_dispatched(&supervisor, message));
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"shutdown\"}") == 1);
    client_close(&controller);
    client_close(&late);
    free(message);
}
END_TEST

/* ---- Freeing ---- */

static void expect_end(struct client *client, const char *what)
{
    struct client *one = client;
    client_receive(one);
    ck_assert_msg(one->closed, "%s is still open", what);
    client_close(one);
}

START_TEST(freeing_with_everything_in_flight_closes_and_frees_all)
{
    static struct client held[300];
    struct client slow, half_head, half_body, early, pipelined, dispatching;
    struct foreign foreign;
    struct identity own = {.controller = "slow", .version = "slow"};
    char *large = message_new(&own, "run_large", 7 << 20);
    char *message = message_new(NULL, "run_1", 0);

    for (size_t i = 0; i < 300; i++) {
        char id[16];
        snprintf(id, sizeof(id), "c%zu", i);
        struct identity identity = {.controller = id, .version = id};
        client_connect(&held[i], &fixture);
        client_poll(&held[i], &identity);
    }
    fixture_wait_held(&fixture, 300);
    client_connect_narrow(&slow, &fixture);
    client_poll(&slow, &own);
    fixture_wait_held(&fixture, 301);
    client_dispatch(&supervisor, large);
    foreign_attach(&foreign, &fixture);
    foreign_wait(&foreign);
    client_connect(&dispatching, &fixture);
    client_dispatch(&dispatching, message);
    client_connect(&half_head, &fixture);
    client_send_text(&half_head, "GET /warm-start HTTP/1.1\r\nHo");
    client_connect(&half_body, &fixture);
    client_send_text(&half_body, "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{");
    client_connect(&early, &fixture);
    client_send_text(&early, "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{");
    client_connect(&pipelined, &fixture);
    client_poll(&pipelined, NULL);
    client_poll(&pipelined, NULL);
    fixture_settle(&fixture);
    ck_assert_uint_eq(foreign.delivers, 1);

    warmstart_http_free(fixture.http);
    fixture.http = NULL;
    for (size_t i = 0; i < 300; i++) {
        client_receive(&held[i]);
        ck_assert_uint_eq(held[i].bytes, 0);
        expect_end(&held[i], "a held poll");
    }
    expect_end(&slow, "a slow reader");
    expect_end(&half_head, "half a request");
    expect_end(&half_body, "half a body");
    expect_end(&early, "a refused body");
    expect_end(&pipelined, "a pipelined poll");
    /* What it dispatched is settled, and the supervisors are told. */
    client_expect(&dispatching, 200, "{\"didWarmStart\":false}");
    expect_end(&dispatching, "a supervisor");
    client_expect(&supervisor, 200, "{\"didWarmStart\":false}");
    expect_end(&supervisor, "a supervisor");
    fixture_settle(&fixture);
    ck_assert_uint_eq(foreign.ends, 1);
    foreign_detach(&foreign);
    free(large);
    free(message);
}
END_TEST

START_TEST(two_servers_on_one_loop_share_the_waiters)
{
    struct warmstart_http *other;
    struct client controller;
    char url[64];
    char *message = message_new(NULL, "run_1", 0);
    ck_assert_int_eq(warmstart_http_new(fixture.loop, NULL, &other), 0);
    ck_assert_int_eq(warmstart_http_listen(other, "127.0.0.1:0", WARMSTART_HTTP_ALL, url, sizeof(url)), 0);
    client_hold(&controller, &fixture, NULL);
    struct sockaddr_storage where = address_of_url(url);
    struct client distant;
    client_connect_to(&distant, &fixture, &where);
    client_dispatch(&distant, message);
    client_expect_message(&controller, message);
    client_expect(&distant, 200, "{\"didWarmStart\":true}");
    warmstart_http_free(other);
    client_close(&distant);
    client_close(&controller);
    free(message);
}
END_TEST

START_TEST(freeing_nothing_is_fine)
{
    warmstart_http_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_server");
    TCase *tests = tcase_create("server");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, the_defaults_are_those_of_the_header);
    tcase_add_test(tests, an_option_out_of_its_bounds_is_refused);
    tcase_add_test(tests, options_of_a_later_release_are_taken_when_they_ask_for_nothing_new);
    tcase_add_test(tests, options_of_the_first_size_are_taken);
    tcase_add_test(tests, stats_fill_what_the_caller_knows);
    tcase_add_test(tests, metrics_pass_the_check_of_prometheus);
    tcase_add_test(tests, what_others_count_stands_behind);
    tcase_add_test(tests, every_post_is_counted_once);
    tcase_add_test(tests, metrics_show_what_is_held);
    tcase_add_test(tests, draining_closes_polls_and_answers_posts_false);
    tcase_add_test(tests, draining_lets_running_dispatches_go_on);
    tcase_add_test(tests, a_manager_that_shuts_down_closes_polls_and_refuses_the_rest);
    tcase_add_test(tests, freeing_with_everything_in_flight_closes_and_frees_all);
    tcase_add_test(tests, two_servers_on_one_loop_share_the_waiters);
    tcase_add_test(tests, freeing_nothing_is_fine);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
