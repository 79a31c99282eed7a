/* SPDX-License-Identifier: MIT */
/* The calls for operators: retire, cordon, and who waits; and that these take turns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "suite.h"

static struct fixture fixture;
static struct client controller;
static struct client supervisor;
static const struct identity first = {.controller = "c1", .instance = "node-1", .cpu = "0.50"};

static void open_all(void)
{
    fixture_init(&fixture);
    fixture.still = true;
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

static void ask(const char *request_line)
{
    char request[512];
    int bytes = snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: x\r\n\r\n", request_line);
    ck_assert(bytes > 0 && (size_t)bytes < sizeof(request));
    client_send(&supervisor, request, (size_t)bytes);
}

static bool dispatched(void)
{
    char *message = message_new(&first, "run_1", 0);
    bool warm = client_dispatched(&supervisor, message);
    if (warm)
        client_expect_message(&controller, message);
    free(message);
    return warm;
}

START_TEST(a_retired_controller_is_closed_and_refused_until_its_time_is_over)
{
    client_hold(&controller, &fixture, &first);
    ask("DELETE /warm-start/controllers/c1?for_ms=1000");
    client_expect(&supervisor, 200, "{\"ended\":true}");
    client_expect_closed(&controller);
    client_close(&controller);
    client_connect(&controller, &fixture);
    client_poll(&controller, &first);
    client_expect_error(&controller, 503, "controller_retired", NULL);
    fixture_pass(&fixture, 1000);
    client_close(&controller);
    client_hold(&controller, &fixture, &first);
    ck_assert(dispatched());
}
END_TEST

START_TEST(a_name_in_a_path_is_decoded)
{
    client_hold(&controller, &fixture, &first);
    ask("DELETE /warm-start/controllers/%631");
    client_expect(&supervisor, 200, "{\"ended\":true}");
    client_expect_closed(&controller);
}
END_TEST

START_TEST(a_controller_that_does_not_wait_can_be_retired_too)
{
    ask("DELETE /warm-start/controllers/c1");
    client_expect(&supervisor, 200, "{\"ended\":false}");
    client_connect(&controller, &fixture);
    client_poll(&controller, &first);
    client_expect_error(&controller, 503, "controller_retired", NULL);
}
END_TEST

START_TEST(a_cordoned_instance_gets_no_run_until_it_is_given_free)
{
    client_hold(&controller, &fixture, &first);
    ask("PUT /warm-start/instances/node-1/cordon");
    client_expect(&supervisor, 200, "{\"cordoned\":true}");
    ck_assert(!dispatched());
    ask("DELETE /warm-start/instances/node-1/cordon");
    client_expect(&supervisor, 200, "{\"cordoned\":false}");
    ck_assert(dispatched());
}
END_TEST

START_TEST(a_cordon_ends_by_itself)
{
    client_hold(&controller, &fixture, &first);
    ask("PUT /warm-start/instances/node-1/cordon?for_ms=500");
    client_expect(&supervisor, 200, "{\"cordoned\":true}");
    ck_assert(!dispatched());
    fixture_pass(&fixture, 500);
    ck_assert(dispatched());
}
END_TEST

START_TEST(times_that_are_no_number_in_bounds_are_refused)
{
    static const char *const times[] = {"", "0", "x", "-1", "1.5", "86400001", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char line[128];
        snprintf(line, sizeof(line), "PUT /warm-start/instances/node-1/cordon?for_ms=%s", times[i]);
        ask(line);
        client_expect_error(&supervisor, 400, "query_invalid", "for_ms");
    }
}
END_TEST

START_TEST(names_are_needed_and_only_the_right_methods_are_taken)
{
    ask("DELETE /warm-start/controllers/");
    client_expect_error(&supervisor, 404, "not_found", NULL);
    ask("PUT /warm-start/instances//cordon");
    client_expect_error(&supervisor, 404, "not_found", NULL);
    ask("PUT /warm-start/instances/node-1/cordoned");
    client_expect_error(&supervisor, 404, "not_found", NULL);
    ask("GET /warm-start/instances/node-1/cordon");
    struct response response;
    client_response(&supervisor, &response);
    ck_assert_int_eq(response.status, 405);
    ck_assert_str_eq(response_header(&response, "Allow"), "PUT, DELETE");
    response_free(&response);
}
END_TEST

START_TEST(a_listener_for_controllers_has_none_of_this)
{
    struct sockaddr_storage address = fixture_listen(&fixture, "127.0.0.1:0", WARMSTART_HTTP_POLL);
    client_close(&supervisor);
    client_connect_to(&supervisor, &fixture, &address);
    ask("DELETE /warm-start/controllers/c1");
    client_expect_error(&supervisor, 404, "not_found", NULL);
    ask("PUT /warm-start/instances/node-1/cordon");
    client_expect_error(&supervisor, 404, "not_found", NULL);
    ask("GET /warm-start/waiters");
    client_expect_error(&supervisor, 404, "not_found", NULL);
}
END_TEST

static void expect_waiters(const char *query, const char *body)
{
    char line[256];
    snprintf(line, sizeof(line), "GET /warm-start/waiters%s", query);
    ask(line);
    client_expect(&supervisor, 200, body);
}

#define NOBODY "{\"waiters\":[],\"held\":0,\"matchable\":0,\"truncated\":false}"

START_TEST(waiters_are_counted_by_metadata_and_instance)
{
    struct client second, third;
    struct identity same = first, other = first;
    same.controller = "c2";
    same.cpu = "5e-1";
    other.controller = "c3";
    other.instance = "node-2";
    other.deployment = "other";
    other.version = "2";
    other.memory = "4";
    expect_waiters("", NOBODY);
    client_hold(&controller, &fixture, &first);
    client_hold(&second, &fixture, &same);
    client_hold(&third, &fixture, &other);
    expect_waiters("?instance=node-2",
                   "{\"waiters\":[{\"metadata\":{\"cpu\":0.5,\"memory\":4,\"version\":\"2\","
                   "\"deployment\":\"other\"},\"instance\":\"node-2\",\"held\":1,\"matchable\":1}],"
                   "\"held\":1,\"matchable\":1,\"truncated\":false}");
    ask("PUT /warm-start/instances/node-1/cordon");
    client_expect(&supervisor, 200, "{\"cordoned\":true}");
    ask("GET /warm-start/waiters?cpu=0.50&instance=node-1");
    struct response response;
    client_response(&supervisor, &response);
    ck_assert_ptr_nonnull(strstr(response.body, "\"held\":2,\"matchable\":0}],\"held\":2,\"matchable\":0,"));
    ck_assert_ptr_null(strstr(response.body, "node-2"));
    response_free(&response);
    expect_waiters("?version=3", NOBODY);
    expect_waiters("?instance=", NOBODY);
    client_close(&second);
    client_close(&third);
}
END_TEST

static void wait_with(struct client *client, const char *body)
{
    char head[256];
    uint64_t held = fixture_stats(&fixture).held;
    snprintf(
        head, sizeof(head),
        "POST /v1/wait HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
        strlen(body));
    client_connect(client, &fixture);
    client_send_text(client, head);
    client_send_text(client, body);
    fixture_wait_held(&fixture, held + 1);
}

START_TEST(waiters_are_shown_by_any_of_their_fields)
{
    static const char one[] =
        "{\"waiters\":[{\"metadata\":{\"a\":1,\"b\":\"1\",\"c\":true,\"d\":null,"
        "\"e\":\"\\u0000\\\"\xc3\xa9\",\"f g\":0.1,\"instance\":\"i\",\"machine.cpu\":-3},"
        "\"instance\":null,\"held\":1,\"matchable\":1}],"
        "\"held\":1,\"matchable\":1,\"truncated\":false}";
    static const char *const shown[] = {
        "?a:=1.0",
        "?b=1",
        "?b=1&a:=1e0&c:=true",
        "?d:=null",
        "?machine.cpu:=-3",
        "?f+g:=0.1",
        "?f%20g:=1e-1",
        "?e:=%22%5cu0000%5c%22%c3%a9%22",
        "?instance:=%22i%22",
    };
    static const char *const hidden[] = {
        "?a=1", "?b:=1",     "?c=true",     "?c:=false", "?d=null", "?d=", "?machine.cpu=-3",
        "?x=1", "?a:=1&b=2", "?instance=i", "?cpu=3",
    };
    struct client second;
    wait_with(&controller,
              "{\"metadata\":{\"a\":1,\"b\":\"1\",\"c\":true,\"d\":null,\"e\":\"\\u0000\\\"\\u00e9\","
              "\"f g\":0.1,\"machine\":{\"cpu\":-3},\"instance\":\"i\"}}");
    wait_with(&second, "{\"metadata\":{\"e\":\"\\u0000x\"},\"instance\":\"n\"}");
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        expect_waiters(shown[i], one);
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        expect_waiters(hidden[i], NOBODY);
    expect_waiters("?instance=n",
                   "{\"waiters\":[{\"metadata\":{\"e\":\"\\u0000x\"},\"instance\":\"n\",\"held\":1,"
                   "\"matchable\":1}],\"held\":1,\"matchable\":1,\"truncated\":false}");
    ask("GET /warm-start/waiters");
    struct response response;
    client_response(&supervisor, &response);
    ck_assert_ptr_nonnull(strstr(response.body, "],\"held\":2,\"matchable\":2,\"truncated\":false}"));
    response_free(&response);
    client_close(&second);
}
END_TEST

/* ---- Waiters of another transport, many of them ---- */

#define CROWD 10002 /* more groups than are listed */

static struct warmstart_transport crowd;
static struct warmstart_conn crowd_conns[CROWD];
static warmstart_waiter_id crowd_waiters[CROWD];

static void crowd_deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                          struct warmstart_payload *payload)
{
    (void)conn;
    (void)waiter;
    (void)payload;
    ck_abort_msg("nothing was dispatched");
}

static void crowd_ended(struct warmstart_conn *conn, warmstart_waiter_id waiter, enum warmstart_ending ending)
{
    (void)conn;
    (void)waiter;
    ck_assert_int_eq(ending, WARMSTART_ENDING_CANCELLED);
}

static void crowd_settled(struct warmstart_origin *origin, const struct warmstart_settlement *settlement)
{
    (void)origin;
    (void)settlement;
    ck_abort_msg("nothing was dispatched");
}

static void crowd_attach(void)
{
    static const struct warmstart_transport_operations operations = {
        .size = sizeof(operations),
        .name = "crowd",
        .deliver = crowd_deliver,
        .ended = crowd_ended,
        .settled = crowd_settled,
    };
    crowd = (struct warmstart_transport){.operations = NULL};
    ck_assert_int_eq(warmstart_loop_attach(fixture.loop, &crowd, &operations), 0);
}

static void crowd_wait(size_t i, const char *name, size_t name_bytes, const char *value, size_t value_bytes)
{
    struct warmstart_field field = {name, name_bytes, value, value_bytes};
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = &field;
    registration.fields_len = 1;
    crowd_conns[i] = (struct warmstart_conn){.transport = &crowd};
    ck_assert_int_eq(warmstart_loop_register(&crowd_conns[i], &registration, &crowd_waiters[i]), 0);
}

static void crowd_leave(size_t len)
{
    for (size_t i = 0; i < len; i++)
        ck_assert_int_eq(warmstart_loop_cancel(fixture.loop, crowd_waiters[i]), 1);
    fixture_settle(&fixture);
    ck_assert_int_eq(warmstart_loop_detach(&crowd), 0);
}

START_TEST(groups_that_are_too_many_are_counted_and_not_listed)
{
    char value[16];
    struct response response;
    crowd_attach();
    for (size_t i = 0; i < CROWD; i++)
        crowd_wait(i, "n", 1, value, (size_t)snprintf(value, sizeof(value), "%zu", i));
    ask("GET /warm-start/waiters");
    client_response(&supervisor, &response);
    ck_assert_int_eq(response.status, 200);
    static const char end[] =
        ",\"held\":1,\"matchable\":1}],\"held\":10002,\"matchable\":10002,\"truncated\":true}";
    ck_assert_str_eq(response.body + response.body_bytes - (sizeof(end) - 1), end);
    size_t groups = 0;
    for (const char *at = response.body; (at = strstr(at, "{\"metadata\":")) != NULL; at++)
        groups++;
    ck_assert_uint_eq(groups, 10000);
    response_free(&response);
    expect_waiters("?n=10001", "{\"waiters\":[{\"metadata\":{\"n\":\"10001\"},\"instance\":null,\"held\":1,"
                               "\"matchable\":1}],\"held\":1,\"matchable\":1,\"truncated\":false}");
    crowd_leave(CROWD);
}
END_TEST

START_TEST(metadata_that_is_too_much_is_counted_and_not_listed)
{
    static char value[4000];
    struct response response;
    crowd_attach();
    memset(value, 'v', sizeof(value));
    for (size_t i = 0; i < 2200; i++) {
        snprintf(value, sizeof(value), "%05zu", i);
        value[5] = 'v';
        crowd_wait(i, "n", 1, value, sizeof(value));
    }
    ask("HEAD /warm-start/waiters");
    client_head(&supervisor, &response);
    ck_assert_int_eq(response.status, 200);
    unsigned long bytes = strtoul(response_header(&response, "content-length"), NULL, 10);
    ck_assert_uint_gt(bytes, 8000000);
    ck_assert_uint_lt(bytes, 9000000);
    response_free(&response);
    crowd_leave(2200);
}
END_TEST

START_TEST(what_another_transport_takes_for_a_field_is_shown_as_json)
{
    crowd_attach();
    crowd_wait(0, "\xff\"n", 3, "\xff\x01", 2);
    crowd_wait(1, "\xff\"n", 3, "\xff\x01", 2);
    expect_waiters("", "{\"waiters\":[{\"metadata\":{\"\xef\xbf\xbd\\\"n\":\"\xef\xbf\xbd\\u0001\"},"
                       "\"instance\":null,\"held\":2,\"matchable\":2}],"
                       "\"held\":2,\"matchable\":2,\"truncated\":false}");
    crowd_leave(2);
}
END_TEST

/* ---- Turns ---- */

#define LISTERS   8
#define PIPELINED 10

static struct client listers[LISTERS];

/* Each lister asks for all the crowd, one after the other, and does not wait. */
static void list_all(void)
{
    char value[4], request[128];
    fixture_settle(&fixture);
    uint64_t connections = fixture_stats(&fixture).connections;
    crowd_attach();
    for (size_t i = 0; i < PIPELINED; i++)
        crowd_wait(i, "n", 1, value, (size_t)snprintf(value, sizeof(value), "%zu", i));
    for (size_t i = 0; i < LISTERS; i++)
        client_connect(&listers[i], &fixture);
    fixture_wait_connections(&fixture, connections + LISTERS);
    for (size_t i = 0; i < LISTERS; i++)
        for (size_t j = 0; j < PIPELINED; j++) {
            snprintf(request, sizeof(request), "GET /warm-start/waiters?n=%zu HTTP/1.1\r\nHost: x\r\n\r\n",
                     j);
            client_send_text(&listers[i], request);
        }
}

static void close_listers(void)
{
    for (size_t i = 0; i < LISTERS; i++)
        client_close(&listers[i]);
    crowd_leave(PIPELINED);
}

static size_t answers_of(struct client *client)
{
    static const char begin[] = "HTTP/1.1 200 ";
    size_t answers = 0;
    if (client->fd >= 0)
        client_receive(client);
    for (size_t i = 0; i + sizeof(begin) - 1 <= client->bytes; i++)
        answers += memcmp(client->data + i, begin, sizeof(begin) - 1) == 0;
    return answers;
}

static size_t listed(void)
{
    size_t answers = 0;
    for (size_t i = 0; i < LISTERS; i++)
        answers += answers_of(&listers[i]);
    return answers;
}

/* One round of the loop, in which the first listings have been read, but not all. */
static void begin_to_list(void)
{
    list_all();
    ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    ck_assert_uint_le(listed(), 2);
}

static void expect_listings(struct client *lister)
{
    char body[256];
    for (size_t i = 0; i < PIPELINED; i++) {
        snprintf(body, sizeof(body),
                 "{\"waiters\":[{\"metadata\":{\"n\":\"%zu\"},\"instance\":null,\"held\":1,\"matchable\":1}],"
                 "\"held\":1,\"matchable\":1,\"truncated\":false}",
                 i);
        client_expect(lister, 200, body);
    }
    client_expect_silence(lister);
}

START_TEST(listings_are_answered_one_in_a_round_and_others_in_between)
{
    size_t rounds = 0, before = SIZE_MAX; /* the other answer */
    list_all();
    ask("GET /healthz");
    while (listed() < (size_t)LISTERS * PIPELINED) {
        ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
        rounds++;
        ck_assert_uint_le(listed(), rounds);
        ck_assert_uint_lt(rounds, 10000);
        if (before == SIZE_MAX && answers_of(&supervisor) > 0)
            before = listed();
    }
    ck_assert_uint_lt(before, 5);
    client_expect(&supervisor, 200, "{\"status\":\"ok\"}");
    for (size_t i = 0; i < LISTERS; i++)
        expect_listings(&listers[i]);
    close_listers();
}
END_TEST

START_TEST(cordons_and_listings_of_a_connection_take_their_turns_in_order)
{
    static const char *const matchable[] = {"\"held\":1,\"matchable\":0,\"truncated\":false}",
                                            "\"held\":1,\"matchable\":1,\"truncated\":false}"};
    client_hold(&controller, &fixture, &first);
    ask("PUT /warm-start/instances/node-1/cordon");
    ask("GET /warm-start/waiters");
    ask("DELETE /warm-start/instances/node-1/cordon");
    ask("GET /warm-start/waiters");
    for (size_t i = 0; i < 2; i++) {
        struct response response;
        client_expect(&supervisor, 200, i == 0 ? "{\"cordoned\":true}" : "{\"cordoned\":false}");
        client_response(&supervisor, &response);
        ck_assert_ptr_nonnull(strstr(response.body, matchable[i]));
        response_free(&response);
    }
}
END_TEST

START_TEST(who_leaves_is_listed_nothing_and_the_others_do_not_wait_for_it)
{
    begin_to_list();
    client_close(&listers[LISTERS - 1]);
    client_abort(&listers[LISTERS - 2]);
    fixture_wait_connections(&fixture, LISTERS + 1 - 2);
    /* Before it would have been their turn. */
    ck_assert_uint_lt(listed(), LISTERS - 2);
    for (size_t i = 0; i < LISTERS - 2; i++)
        expect_listings(&listers[i]);
    close_listers();
}
END_TEST

START_TEST(a_cordon_is_carried_out_also_when_its_sender_has_left)
{
    client_hold(&controller, &fixture, &first);
    begin_to_list();
    ask("PUT /warm-start/instances/node-1/cordon");
    /* One round reads it, and it waits behind the listings. */
    ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    client_close(&supervisor);
    fixture_settle(&fixture);
    ck_assert_uint_eq(listed(), LISTERS * PIPELINED);
    client_connect(&supervisor, &fixture);
    ck_assert(!dispatched());
    close_listers();
}
END_TEST

START_TEST(listings_that_wait_when_the_server_is_freed_are_closed)
{
    begin_to_list();
    warmstart_http_free(fixture.http);
    fixture.http = NULL;
    for (size_t i = 0; i < LISTERS; i++) {
        client_wait_closed(&listers[i]);
        ck_assert_uint_le(answers_of(&listers[i]), 1);
    }
    close_listers();
}
END_TEST

START_TEST(what_the_manager_does_not_take_is_refused)
{
    client_close(&supervisor);
    fixture_close(&fixture);
    fixture_init(&fixture);
    fixture.manager.value_bytes_max = 8;
    fixture.manager.retired_max = 1;
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    ask("DELETE /warm-start/controllers/123456789");
    client_expect_error(&supervisor, 400, "query_invalid", "too long");
    ask("DELETE /warm-start/controllers/12345678");
    client_expect(&supervisor, 200, "{\"ended\":false}");
    ask("DELETE /warm-start/controllers/other");
    client_expect_error(&supervisor, 503, "limit", NULL);
    ask("PUT /warm-start/instances/123456789/cordon");
    client_expect_error(&supervisor, 400, "query_invalid", "too long");
    expect_waiters("?a=123456789", NOBODY);
}
END_TEST

START_TEST(a_query_that_no_field_can_be_is_refused)
{
    static const char *const queries[][2] = {
        {"?cpu=many", "cpu, memory: expected a positive number"},
        {"?memory=0", "cpu, memory: expected a positive number"},
        {"?cpu", "the query: expected name=text or name:=json"},
        {"?a:=x", "the query: expected a string, a number, true, false or null"},
        {"?a:=%7b%7d", "the query: expected a string, a number, true, false or null"},
        {"?a=1&a=2", "the query: expected a field's name that was not there before"},
        {"?a=%ff", "the query: expected a string, a number, true, false or null"},
        {"?=1", "the query: expected a field's name with no empty part"},
        {"?instance=a&instance=b", "instance: expected once"},
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        char line[256];
        snprintf(line, sizeof(line), "GET /warm-start/waiters%s", queries[i][0]);
        ask(line);
        client_expect_error(&supervisor, 400, "query_invalid", queries[i][1]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admin");
    TCase *tcase = tcase_create("admin");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, a_retired_controller_is_closed_and_refused_until_its_time_is_over);
    tcase_add_test(tcase, a_name_in_a_path_is_decoded);
    tcase_add_test(tcase, a_controller_that_does_not_wait_can_be_retired_too);
    tcase_add_test(tcase, a_cordoned_instance_gets_no_run_until_it_is_given_free);
    tcase_add_test(tcase, a_cordon_ends_by_itself);
    tcase_add_test(tcase, times_that_are_no_number_in_bounds_are_refused);
    tcase_add_test(tcase, names_are_needed_and_only_the_right_methods_are_taken);
    tcase_add_test(tcase, a_listener_for_controllers_has_none_of_this);
    tcase_add_test(tcase, waiters_are_counted_by_metadata_and_instance);
    tcase_add_test(tcase, waiters_are_shown_by_any_of_their_fields);
    tcase_add_test(tcase, a_query_that_no_field_can_be_is_refused);
    tcase_add_test(tcase, groups_that_are_too_many_are_counted_and_not_listed);
    tcase_add_test(tcase, metadata_that_is_too_much_is_counted_and_not_listed);
    tcase_add_test(tcase, what_another_transport_takes_for_a_field_is_shown_as_json);
    tcase_add_test(tcase, what_the_manager_does_not_take_is_refused);
    tcase_add_test(tcase, listings_are_answered_one_in_a_round_and_others_in_between);
    tcase_add_test(tcase, cordons_and_listings_of_a_connection_take_their_turns_in_order);
    tcase_add_test(tcase, who_leaves_is_listed_nothing_and_the_others_do_not_wait_for_it);
    tcase_add_test(tcase, a_cordon_is_carried_out_also_when_its_sender_has_left);
    tcase_add_test(tcase, listings_that_wait_when_the_server_is_freed_are_closed);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
