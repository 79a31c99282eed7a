/* SPDX-License-Identifier: MIT */
/* POST /v1/wait and POST /v1/dispatch, alone and beside Trigger.dev's requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "foreign.h"
#include "suite.h"

#define WAIT_BODY_MAX 65536 /* bytes of a wait's body */

/* What the usual identity of the other dialect comes down to. */
#define USUAL "{\"deployment\":\"deployment_1\",\"version\":\"20260327.4\",\"cpu\":0.5,\"memory\":5e-1}"

static struct fixture fixture;
static struct client controller;
static struct client other;
static struct client supervisor;

static void start(bool still)
{
    fixture_init(&fixture);
    fixture.still = still;
    fixture.options.header_timeout_ms = 3600000;
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    controller.fd = -1;
    other.fd = -1;
}

static void open_all(void)
{
    start(false);
}

static void open_still(void)
{
    start(true);
}

static void close_all(void)
{
    client_close(&controller);
    client_close(&other);
    client_close(&supervisor);
    fixture_close(&fixture);
}

/* Sends a POST of this type with further headers, each with its line end. */
static void post_as(struct client *client, const char *path, const char *type, const char *headers,
                    const char *body)
{
    char head[1024];
    int bytes = snprintf(
        head, sizeof(head), "POST %s HTTP/1.1\r\nHost: x\r\n%s%s%s%sContent-Length: %zu\r\n\r\n", path,
        type ? "Content-Type: " : "", type ? type : "", type ? "\r\n" : "", headers, strlen(body));
    ck_assert(bytes > 0 && (size_t)bytes < sizeof(head));
    client_send(client, head, (size_t)bytes);
    client_push(client, body, strlen(body));
}

static void post(struct client *client, const char *path, const char *body)
{
    post_as(client, path, "application/json", "", body);
}

/* Connects and waits until the wait is held. */
static void hold(struct client *client, const char *headers, const char *body)
{
    uint64_t held = fixture_stats(&fixture).held;
    client_close(client);
    client_connect(client, &fixture);
    post_as(client, "/v1/wait", "application/json", headers, body);
    fixture_wait_held(&fixture, held + 1);
}

/* Dispatches and expects this answer, and the same in its headers. */
static void expect_outcome(const char *body, const char *outcome, const char *attempts,
                           const char *controller_id)
{
    struct response response;
    char expected[512];
    const char *is = strcmp(outcome, "delivered") == 0 ? "true" : "false";
    int bytes =
        snprintf(expected, sizeof(expected), "{\"delivered\":%s,\"outcome\":\"%s\",\"attempts\":%s%s%s%s}",
                 is, outcome, attempts, controller_id ? ",\"controller\":\"" : "",
                 controller_id ? controller_id : "", controller_id ? "\"" : "");
    ck_assert(bytes > 0 && (size_t)bytes < sizeof(expected));
    post(&supervisor, "/v1/dispatch", body);
    client_response(&supervisor, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response.body, expected);
    ck_assert_str_eq(response_header(&response, "content-type"), "application/json");
    ck_assert_str_eq(response_header(&response, "x-warmstart-outcome"), outcome);
    ck_assert_str_eq(response_header(&response, "x-warmstart-attempts"), attempts);
    if (controller_id)
        ck_assert_str_eq(response_header(&response, "x-warmstart-controller-id"), controller_id);
    else
        ck_assert_ptr_null(response_header(&response, "x-warmstart-controller-id"));
    response_free(&response);
}

static double errors(const char *code)
{
    char line[100];
    snprintf(line, sizeof(line), "warmstart_http_errors_total{code=\"%s\"}", code);
    return fixture_metric(&fixture, line);
}

/* ---- Handing over ---- */

START_TEST(a_payload_is_handed_over_as_it_stood)
{
    static const char *const payloads[] = {"{ \"a\" : [1, 2.50] }", "[ ]", "\"\\u00e9\"", "-0", "null"};
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        char body[256];
        hold(&controller, "", "{\"id\":\"c-1\",\"instance\":\"node-1\",\"metadata\":{\"a\":{\"b\":1}}}");
        ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
        snprintf(body, sizeof(body), "{\"match\":{\"a\":{\"b\":1.0}},\"mode\":\"exact\",\"payload\":%s}",
                 payloads[i]);
        expect_outcome(body, "delivered", "1", "c-1");
        client_expect_message(&controller, payloads[i]);
    }
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"delivered\"}") == 5);
    ck_assert_ptr_nonnull(
        strstr(fixture.log, "dispatch controller=c-1 instance=node-1 outcome=delivered attempts=1 "));
}
END_TEST

START_TEST(a_connection_waits_again_and_again)
{
    client_connect(&controller, &fixture);
    for (int i = 0; i < 3; i++) {
        post(&controller, "/v1/wait", "{\"metadata\":{}}");
        fixture_wait_held(&fixture, 1);
        expect_outcome("{\"match\":{},\"payload\":1}", "delivered", "1", NULL);
        client_expect_message(&controller, "1");
    }
}
END_TEST

START_TEST(nobody_who_fits_is_told_at_once)
{
    hold(&controller, "", "{\"metadata\":{\"a\":1,\"b\":\"1\",\"c\":true,\"d\":null}}");
    static const char *const queries[] = {
        "{}",
        "{\"a\":1}",
        "{\"a\":\"1\",\"b\":\"1\",\"c\":true,\"d\":null}",
        "{\"a\":1,\"b\":1,\"c\":true,\"d\":null}",
        "{\"a\":1,\"b\":\"1\",\"c\":\"true\",\"d\":null}",
        "{\"a\":1,\"b\":\"1\",\"c\":true,\"d\":\"null\"}",
        "{\"a\":1,\"b\":\"1\",\"c\":true,\"d\":null,\"e\":1}",
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        char body[256];
        snprintf(body, sizeof(body), "{\"match\":%s,\"payload\":1}", queries[i]);
        expect_outcome(body, "no_match", "0", NULL);
    }
    client_expect_silence(&controller);
    expect_outcome("{\"payload\":1,\"match\":{\"d\":null,\"c\":true,\"b\":\"1\",\"a\":1e0}}", "delivered",
                   "1", NULL);
    client_expect_message(&controller, "1");
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"no_match\"}") == 7);
}
END_TEST

START_TEST(some_of_the_fields_are_enough_in_mode_subset)
{
    hold(&controller, "",
         "{\"id\":\"c-1\",\"metadata\":{\"machine\":{\"cpu\":1,\"gpu\":\"x\"},\"zone\":\"a\"}}");
    expect_outcome("{\"match\":{\"machine\":{\"cpu\":2}},\"mode\":\"subset\",\"payload\":1}", "no_match", "0",
                   NULL);
    expect_outcome("{\"match\":{\"machine\":{\"cpu\":1},\"x\":1},\"mode\":\"subset\",\"payload\":1}",
                   "no_match", "0", NULL);
    expect_outcome("{\"match\":{\"machine.cpu\":1},\"mode\":\"exact\",\"payload\":1}", "no_match", "0", NULL);
    expect_outcome("{\"match\":{\"machine.cpu\":1},\"mode\":\"subset\",\"payload\":1}", "delivered", "1",
                   "c-1");
    client_expect_message(&controller, "1");
    hold(&controller, "", "{\"id\":\"c-2\",\"metadata\":{\"zone\":\"a\"}}");
    expect_outcome("{\"match\":{},\"mode\":\"subset\",\"payload\":2}", "delivered", "1", "c-2");
    client_expect_message(&controller, "2");
}
END_TEST

START_TEST(an_id_is_told_as_json)
{
    hold(&controller, "", "{\"id\":\"a \\\"b\\\" \\u00e9\",\"metadata\":{}}");
    post(&supervisor, "/v1/dispatch", "{\"match\":{},\"payload\":1}");
    client_expect(&supervisor, 200,
                  "{\"delivered\":true,\"outcome\":\"delivered\",\"attempts\":1,"
                  "\"controller\":\"a \\\"b\\\" \xc3\xa9\"}");
}
END_TEST

/* ---- Both dialects ---- */

START_TEST(a_poll_of_trigger_dev_s_gets_a_payload)
{
    client_hold(&controller, &fixture, NULL);
    expect_outcome("{\"match\":" USUAL ",\"payload\":{\"run\":1}}", "delivered", "1", "controller_1");
    client_expect_message(&controller, "{\"run\":1}");
    client_close(&controller);
    client_hold(&controller, &fixture, NULL);
    expect_outcome("{\"match\":{\"cpu\":0.5},\"mode\":\"subset\",\"payload\":2}", "delivered", "1",
                   "controller_1");
    client_expect_message(&controller, "2");
}
END_TEST

START_TEST(a_wait_gets_a_message_of_trigger_dev_s)
{
    char *message = message_new(NULL, "run_1", 2000);
    hold(&controller, "", "{\"id\":\"c-1\",\"metadata\":" USUAL "}");
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&controller, message);
    /* Its cpu is a number. */
    hold(&controller, "",
         "{\"metadata\":{\"deployment\":\"deployment_1\",\"version\":\"20260327.4\",\"cpu\":\"0.5\","
         "\"memory\":0.5}}");
    ck_assert(!client_dispatched(&supervisor, message));
    free(message);
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"delivered\"}") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"no_match\"}") == 1);
}
END_TEST

START_TEST(a_waiter_of_another_transport_gets_a_payload)
{
    static struct foreign foreign;
    foreign_attach(&foreign, &fixture);
    foreign_wait(&foreign);
    post(&supervisor, "/v1/dispatch", "{\"match\":" USUAL ",\"payload\":[7],\"timeout_ms\":100}");
    client_expect(&supervisor, 200, "{\"delivered\":false,\"outcome\":\"uncertain\",\"attempts\":1}");
    ck_assert_uint_eq(foreign.delivers, 1);
    ck_assert_str_eq(foreign.payload, "[7]");
    foreign_detach(&foreign);
}
END_TEST

/* ---- The end of a wait ---- */

START_TEST(a_wait_that_is_over_is_204)
{
    struct response response;
    hold(&controller, "", "{\"metadata\":{},\"timeout_ms\":2000}");
    fixture_pass(&fixture, 1999);
    client_expect_silence(&controller);
    fixture_pass(&fixture, 1);
    client_response(&controller, &response);
    ck_assert_int_eq(response.status, 204);
    ck_assert_uint_eq(response.body_bytes, 0);
    ck_assert_ptr_null(response_header(&response, "content-type"));
    response_free(&response);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).ended_total[WARMSTART_ENDING_EXPIRED], 1);
    post(&controller, "/v1/wait", "{\"metadata\":{},\"timeout_ms\":1}");
    fixture_wait_held(&fixture, 1);
    fixture_pass(&fixture, 1);
    client_expect(&controller, 204, "");
    /* Then it is idle like any other connection. */
    fixture_pass(&fixture, fixture.options.idle_timeout_ms);
    client_expect_closed(&controller);
}
END_TEST

START_TEST(a_wait_lasts_no_longer_than_the_server_says)
{
    hold(&controller, "", "{\"metadata\":{}}");
    hold(&other, "", "{\"metadata\":{},\"timeout_ms\":86400000}");
    fixture_pass(&fixture, fixture.options.connection_timeout_ms - 1);
    client_expect_silence(&controller);
    client_expect_silence(&other);
    fixture_pass(&fixture, 1);
    client_expect(&controller, 204, "");
    client_expect(&other, 204, "");
}
END_TEST

START_TEST(a_wait_gets_a_payload_up_to_its_end)
{
    hold(&controller, "", "{\"metadata\":{},\"timeout_ms\":100}");
    fixture_pass(&fixture, 99);
    expect_outcome("{\"match\":{},\"payload\":1}", "delivered", "1", NULL);
    client_expect_message(&controller, "1");
}
END_TEST

START_TEST(a_second_wait_of_an_id_supersedes_the_first_in_either_dialect)
{
    static const struct identity same = {.controller = "c-1"};
    hold(&controller, "", "{\"id\":\"c-1\",\"metadata\":{\"a\":1}}");
    client_connect(&other, &fixture);
    post(&other, "/v1/wait", "{\"id\":\"c-1\",\"metadata\":{\"a\":2}}");
    client_expect_error(&controller, 409, "superseded", NULL);
    client_poll(&controller, &same);
    client_expect_error(&other, 409, "superseded", NULL);
    post(&other, "/v1/wait", "{\"id\":\"c-1\",\"metadata\":{\"a\":3}}");
    client_expect_closed(&controller);
    expect_outcome("{\"match\":{\"a\":3},\"payload\":1}", "delivered", "1", "c-1");
    client_expect_message(&other, "1");
    ck_assert_uint_eq(fixture_manager_stats(&fixture).ended_total[WARMSTART_ENDING_SUPERSEDED], 3);
}
END_TEST

START_TEST(a_controller_that_leaves_waits_no_more)
{
    hold(&controller, "", "{\"metadata\":{}}");
    client_close(&controller);
    fixture_wait_held(&fixture, 0);
    expect_outcome("{\"match\":{},\"payload\":1}", "no_match", "0", NULL);
}
END_TEST

START_TEST(a_retired_controller_is_told_so)
{
    hold(&controller, "", "{\"id\":\"c-1\",\"metadata\":{}}");
    client_send_text(&supervisor,
                     "DELETE /warm-start/controllers/c-1?for_ms=1000 HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&supervisor, 200, "{\"ended\":true}");
    client_expect_error(&controller, 503, "controller_retired", NULL);
    client_wait_closed(&controller);
    client_close(&controller);
    client_connect(&controller, &fixture);
    post(&controller, "/v1/wait", "{\"id\":\"c-1\",\"metadata\":{}}");
    client_expect_error(&controller, 503, "controller_retired", NULL);
}
END_TEST

START_TEST(a_cordoned_instance_gets_nothing)
{
    hold(&controller, "", "{\"instance\":\"node-1\",\"metadata\":{}}");
    client_send_text(&supervisor, "PUT /warm-start/instances/node-1/cordon HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&supervisor, 200, "{\"cordoned\":true}");
    expect_outcome("{\"match\":{},\"payload\":1}", "no_match", "0", NULL);
    client_send_text(&supervisor, "DELETE /warm-start/instances/node-1/cordon HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&supervisor, 200, "{\"cordoned\":false}");
    expect_outcome("{\"match\":{},\"payload\":1}", "delivered", "1", NULL);
    client_expect_message(&controller, "1");
}
END_TEST

/* ---- Stopping ---- */

static void drain(enum warmstart_http_parting parting)
{
    struct warmstart_http_drain_options options;
    warmstart_http_drain_options_init(&options);
    options.parting = parting;
    options.delay_ms = 100;
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &options), 0);
    fixture_pass(&fixture, 100);
}

START_TEST(a_server_that_stops_says_so)
{
    hold(&controller, "", "{\"metadata\":{}}");
    client_connect(&other, &fixture);
    drain(WARMSTART_HTTP_CLOSE);
    client_expect_error(&controller, 503, "draining", NULL);
    client_wait_closed(&controller);
    post(&other, "/v1/wait", "{\"metadata\":{}}");
    client_expect_error(&other, 503, "draining", NULL);
    expect_outcome("{\"match\":{},\"payload\":1}", "draining", "0", NULL);
}
END_TEST

START_TEST(a_wait_can_be_sent_to_the_next_process)
{
    struct response response;
    hold(&controller, "", "{\"metadata\":{}}");
    drain(WARMSTART_HTTP_REDIRECT);
    client_response(&controller, &response);
    ck_assert_int_eq(response.status, 307);
    ck_assert_str_eq(response_header(&response, "location"), "/v1/wait");
    response_free(&response);
    client_wait_closed(&controller);
}
END_TEST

/* ---- Delivery ---- */

START_TEST(a_controller_can_acknowledge_by_itself)
{
    struct response response;
    char request[256];
    hold(&controller, "X-Warmstart-Ack: required\r\n", "{\"metadata\":{}}");
    post(&supervisor, "/v1/dispatch", "{\"match\":{},\"payload\":1}");
    client_response(&controller, &response);
    const char *id = response_header(&response, "x-warmstart-delivery-id");
    ck_assert_ptr_nonnull(id);
    snprintf(request, sizeof(request), "POST /warm-start/ack/%s HTTP/1.1\r\nHost: x\r\n\r\n", id);
    response_free(&response);
    fixture_settle(&fixture);
    client_expect_silence(&supervisor);
    client_send_text(&controller, request);
    client_expect(&controller, 200, "{\"acknowledged\":true}");
    client_expect(&supervisor, 200, "{\"delivered\":true,\"outcome\":\"delivered\",\"attempts\":1}");
    post_as(&controller, "/v1/wait", "application/json", "X-Warmstart-Ack: maybe\r\n", "{\"metadata\":{}}");
    client_expect_error(&controller, 400, "header_invalid", "x-warmstart-ack");
}
END_TEST

/* Two that do not acknowledge: the second is tried only if more than one attempt is allowed. */
static void expect_attempts(const char *attempts, const char *expected)
{
    char body[128];
    hold(&controller, "X-Warmstart-Ack: required\r\n", "{\"metadata\":{}}");
    hold(&other, "X-Warmstart-Ack: required\r\n", "{\"metadata\":{}}");
    snprintf(body, sizeof(body), "{\"match\":{},\"payload\":1,\"timeout_ms\":1000%s}", attempts);
    post(&supervisor, "/v1/dispatch", body);
    for (int i = 0; i < 20; i++)
        fixture_pass(&fixture, 50);
    client_expect(&supervisor, 200, expected);
    client_close(&controller);
    client_close(&other);
    fixture_wait_held(&fixture, 0);
}

START_TEST(so_many_attempts_are_made_as_were_asked_for)
{
    expect_attempts(",\"attempts\":1", "{\"delivered\":false,\"outcome\":\"lost\",\"attempts\":1}");
    expect_attempts("", "{\"delivered\":false,\"outcome\":\"lost\",\"attempts\":2}");
}
END_TEST

START_TEST(a_dispatch_is_answered_by_the_time_it_asks_for)
{
    static struct foreign foreign;
    foreign_attach(&foreign, &fixture);
    foreign_wait(&foreign);
    post(&supervisor, "/v1/dispatch", "{\"match\":" USUAL ",\"payload\":1,\"timeout_ms\":200}");
    while (foreign.delivers == 0)
        fixture_settle(&fixture);
    fixture_pass(&fixture, 199);
    client_expect_silence(&supervisor);
    fixture_pass(&fixture, 1);
    client_expect(&supervisor, 200, "{\"delivered\":false,\"outcome\":\"uncertain\",\"attempts\":1}");
    /* No longer than the server allows. */
    foreign_wait(&foreign);
    post(&supervisor, "/v1/dispatch", "{\"match\":" USUAL ",\"payload\":1,\"timeout_ms\":3600000}");
    while (foreign.delivers == 1)
        fixture_settle(&fixture);
    fixture_pass(&fixture, fixture.options.dispatch_timeout_ms);
    client_expect(&supervisor, 200, "{\"delivered\":false,\"outcome\":\"uncertain\",\"attempts\":1}");
    foreign_detach(&foreign);
}
END_TEST

START_TEST(a_supervisor_that_leaves_leaves_nothing_behind)
{
    hold(&controller, "X-Warmstart-Ack: required\r\n", "{\"metadata\":{}}");
    post(&supervisor, "/v1/dispatch", "{\"match\":{},\"payload\":1}");
    client_expect_message(&controller, "1");
    ck_assert_uint_eq(fixture_manager_stats(&fixture).dispatches, 1);
    client_close(&supervisor);
    for (int i = 0; i < 20; i++)
        fixture_pass(&fixture, 50);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).dispatches, 0);
    ck_assert_ptr_nonnull(strstr(fixture.log, "dispatch outcome=lost attempts=1 "));
    client_close(&controller);
    fixture_wait_connections(&fixture, 0);
}
END_TEST

/* ---- Refusals ---- */

/* An object of so many fields. To be freed. */
static char *many_fields(const char *head, int fields, const char *tail)
{
    char *text = malloc((size_t)fields * 16 + strlen(head) + strlen(tail) + 16);
    ck_assert_ptr_nonnull(text);
    size_t used = (size_t)sprintf(text, "%s{", head);
    for (int i = 0; i < fields; i++)
        used += (size_t)sprintf(text + used, "%s\"n%d\":%d", i > 0 ? "," : "", i, i);
    sprintf(text + used, "}%s", tail);
    return text;
}

/* The same with a name and a value of these lengths. */
static char *long_field(const char *head, int name, int value, const char *tail)
{
    size_t room = (size_t)(name + value) + strlen(head) + strlen(tail) + 16;
    char *text = malloc(room);
    ck_assert_ptr_nonnull(text);
    snprintf(text, room, "%s{\"%0*d\":\"%0*d\"}%s", head, name, 1, value, 1, tail);
    return text;
}

static void expect_refused(const char *path, char *body, const char *code, const char *message)
{
    double before = errors(code);
    post(&supervisor, path, body);
    client_expect_error(&supervisor, 400, code, message);
    ck_assert(errors(code) == before + 1);
    free(body);
}

/* Each limit of metadata, in the object that stands between head and tail. */
static void expect_limits(const char *path, const char *name, const char *head, const char *tail)
{
    char where[64];
    snprintf(where, sizeof(where), "%s: expected ", name);
    expect_refused(path, many_fields(head, 33, tail), "fields_too_many", where);
    expect_refused(path, long_field(head, 256, 1, tail), "name_too_long", where);
    expect_refused(path, long_field(head, 1, 1025, tail), "value_too_long", where);
    static const struct {
        const char *object;
        const char *code;
    } objects[] = {
        {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}", "nesting_too_deep"},
        {"{\"a\":[1]}", "array_unsupported"},
        {"{\"a\":{}}", "object_empty"},
        {"{\"a..b\":1}", "name_empty"},
        {"{\"a\\u0001\":1}", "name_invalid"},
        {"{\"a.b\":1,\"a\":{\"b\":1}}", "name_repeated"},
        {"{\"a\":1e-999}", "number_out_of_range"},
    };
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        char *body = malloc(256);
        ck_assert_ptr_nonnull(body);
        snprintf(body, 256, "%s%s%s", head, objects[i].object, tail);
        expect_refused(path, body, objects[i].code, where);
    }
}

START_TEST(metadata_has_limits_and_each_has_a_code)
{
    expect_limits("/v1/wait", "metadata", "{\"metadata\":", "}");
    expect_limits("/v1/dispatch", "match", "{\"payload\":1,\"match\":", "}");
    char *large = malloc(16384);
    ck_assert_ptr_nonnull(large);
    size_t used = (size_t)sprintf(large, "{\"metadata\":{");
    for (int i = 0; i < 9; i++)
        used += (size_t)sprintf(large + used, "%s\"n%d\":\"%01000d\"", i > 0 ? "," : "", i, i);
    sprintf(large + used, "}}");
    expect_refused("/v1/wait", large, "metadata_too_large", "8192 bytes");
    ck_assert_uint_eq(fixture_manager_stats(&fixture).registered_total, 0);
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"no_match\"}") == 0);
}
END_TEST

START_TEST(members_are_known_needed_there_once_and_of_their_type)
{
    static const struct {
        const char *path;
        const char *body;
        const char *code;
        const char *message;
    } bodies[] = {
        {"/v1/wait", "", "body_missing", "body: expected a JSON object"},
        {"/v1/wait", "{\"metadata\":{}", "body_invalid", "at byte 14"},
        {"/v1/wait", "{\"id\":\"c\"}", "member_missing", "metadata"},
        {"/v1/wait", "{\"metadata\":{},\"timeout\":1}", "member_unknown", "at byte 16"},
        {"/v1/wait", "{\"metadata\":{},\"metadata\":{}}", "member_repeated", "at byte 2"},
        {"/v1/wait", "{\"metadata\":{},\"id\":1}", "member_invalid", "id: expected"},
        {"/v1/wait", "{\"metadata\":{},\"timeout_ms\":1.5}", "member_invalid", "timeout_ms: expected"},
        {"/v1/dispatch", "", "body_missing", "body: expected a JSON object"},
        {"/v1/dispatch", "[1]", "body_invalid", "at byte 0"},
        {"/v1/dispatch", "{\"match\":{}}", "member_missing", "payload"},
        {"/v1/dispatch", "{\"payload\":{}}", "member_missing", "match"},
        {"/v1/dispatch", "{\"match\":{},\"payload\":1,\"dequeuedMessage\":{}}", "member_unknown",
         "at byte 25"},
        {"/v1/dispatch", "{\"match\":{},\"payload\":1,\"payload\":1}", "member_repeated", "at byte 13"},
        {"/v1/dispatch", "{\"match\":{},\"payload\":1,\"mode\":\"any\"}", "member_invalid", "mode: expected"},
        {"/v1/dispatch", "{\"match\":{},\"payload\":1,\"attempts\":0}", "member_invalid",
         "attempts: expected"},
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_refused(bodies[i].path, strdup(bodies[i].body), bodies[i].code, bodies[i].message);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
}
END_TEST

START_TEST(only_json_is_taken)
{
    static const char *const good[] = {"application/json", "Application/JSON; charset=utf-8",
                                       "application/json ;charset=utf-8", "application/json\t"};
    static const char *const bad[] = {
        NULL,           "text/plain", "application/x-www-form-urlencoded", "application/jsonx",
        "application/", "",           "multipart/form-data; boundary=x",
    };
    static const char *const paths[] = {"/v1/wait", "/v1/dispatch"};
    for (size_t path = 0; path < 2; path++) {
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            post_as(&supervisor, paths[path], bad[i], "", "{\"metadata\":{}}");
            client_expect_error(&supervisor, 415, "media_type_unsupported", "content-type");
            client_wait_closed(&supervisor);
            client_close(&supervisor);
            client_connect(&supervisor, &fixture);
        }
        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
            post_as(&supervisor, paths[path], good[i], "", "{}");
            client_expect_error(&supervisor, 400, "member_missing", NULL);
        }
    }
}
END_TEST

START_TEST(only_post_is_taken)
{
    static const char *const methods[] = {"GET", "PUT", "DELETE", "OPTIONS", "PATCH"};
    static const char *const paths[] = {"/v1/wait", "/v1/dispatch"};
    for (size_t path = 0; path < 2; path++)
        for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
            char request[128];
            struct response response;
            snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", methods[i], paths[path]);
            client_send_text(&supervisor, request);
            client_response(&supervisor, &response);
            ck_assert_int_eq(response.status, 405);
            ck_assert_str_eq(response_header(&response, "allow"), "POST");
            response_free(&response);
        }
    client_send_text(&supervisor, "POST /v1/waits HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect_error(&supervisor, 404, "not_found", NULL);
    client_send_text(&supervisor, "POST /v1/ HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect_error(&supervisor, 404, "not_found", NULL);
}
END_TEST

START_TEST(each_listener_serves_its_side)
{
    struct sockaddr_storage polls = fixture_listen(&fixture, "127.0.0.1:0", WARMSTART_HTTP_POLL);
    struct sockaddr_storage posts = fixture_listen(&fixture, "127.0.0.1:0", WARMSTART_HTTP_DISPATCH);
    client_connect_to(&controller, &fixture, &polls);
    client_connect_to(&other, &fixture, &posts);
    post(&controller, "/v1/dispatch", "{}");
    client_expect_error(&controller, 404, "not_found", NULL);
    post(&other, "/v1/wait", "{}");
    client_expect_error(&other, 404, "not_found", NULL);
    client_close(&controller);
    client_close(&other);
    client_connect_to(&controller, &fixture, &polls);
    client_connect_to(&other, &fixture, &posts);
    post(&controller, "/v1/wait", "{\"metadata\":{}}");
    fixture_wait_held(&fixture, 1);
    post(&other, "/v1/dispatch", "{\"match\":{},\"payload\":1}");
    client_expect(&other, 200, NULL);
    client_expect_message(&controller, "1");
}
END_TEST

START_TEST(a_wait_has_a_small_body)
{
    char *body = malloc(WAIT_BODY_MAX + 64);
    ck_assert_ptr_nonnull(body);
    snprintf(body, WAIT_BODY_MAX + 64, "{\"metadata\":{}}%*s", WAIT_BODY_MAX - 15, "");
    ck_assert_uint_eq(strlen(body), WAIT_BODY_MAX);
    hold(&controller, "", body);
    body[WAIT_BODY_MAX] = ' ';
    body[WAIT_BODY_MAX + 1] = '\0';
    client_connect(&other, &fixture);
    post(&other, "/v1/wait", body);
    client_expect_error(&other, 413, "body_too_large", NULL);
    client_wait_closed(&other);
    client_close(&other);
    client_connect(&other, &fixture);
    client_send_text(&other, "POST /v1/wait HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n10001\r\n");
    client_push(&other, body, strlen(body));
    client_expect_error(&other, 413, "body_too_large", NULL);
    free(body);
}
END_TEST

START_TEST(what_the_manager_does_not_take_is_refused)
{
    client_close(&supervisor);
    fixture_close(&fixture);
    fixture_init(&fixture);
    fixture.manager.value_bytes_max = 8;
    fixture.manager.waiters_max = 1;
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    client_connect(&other, &fixture);
    post(&other, "/v1/wait", "{\"metadata\":{\"a\":\"123456789\"}}");
    client_expect_error(&other, 400, "metadata_refused", NULL);
    hold(&controller, "", "{\"metadata\":{\"a\":\"12345678\"}}");
    post(&other, "/v1/wait", "{\"metadata\":{\"a\":\"1\"}}");
    client_expect_error(&other, 503, "waiters_limit", NULL);
    expect_outcome("{\"match\":{\"a\":\"123456789\"},\"payload\":1}", "no_match", "0", NULL);
}
END_TEST

static TCase *hand_over(void)
{
    TCase *tcase = tcase_create("hand over");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, a_payload_is_handed_over_as_it_stood);
    tcase_add_test(tcase, a_connection_waits_again_and_again);
    tcase_add_test(tcase, nobody_who_fits_is_told_at_once);
    tcase_add_test(tcase, some_of_the_fields_are_enough_in_mode_subset);
    tcase_add_test(tcase, an_id_is_told_as_json);
    tcase_add_test(tcase, a_poll_of_trigger_dev_s_gets_a_payload);
    tcase_add_test(tcase, a_wait_gets_a_message_of_trigger_dev_s);
    tcase_add_test(tcase, a_waiter_of_another_transport_gets_a_payload);
    tcase_add_test(tcase, a_second_wait_of_an_id_supersedes_the_first_in_either_dialect);
    tcase_add_test(tcase, a_controller_that_leaves_waits_no_more);
    tcase_add_test(tcase, a_cordoned_instance_gets_nothing);
    tcase_add_test(tcase, a_controller_can_acknowledge_by_itself);
    return tcase;
}

static TCase *ends(void)
{
    TCase *tcase = tcase_create("ends");
    tcase_add_checked_fixture(tcase, open_still, close_all);
    tcase_add_test(tcase, a_wait_that_is_over_is_204);
    tcase_add_test(tcase, a_wait_lasts_no_longer_than_the_server_says);
    tcase_add_test(tcase, a_wait_gets_a_payload_up_to_its_end);
    tcase_add_test(tcase, a_retired_controller_is_told_so);
    tcase_add_test(tcase, a_server_that_stops_says_so);
    tcase_add_test(tcase, a_wait_can_be_sent_to_the_next_process);
    tcase_add_test(tcase, so_many_attempts_are_made_as_were_asked_for);
    tcase_add_test(tcase, a_dispatch_is_answered_by_the_time_it_asks_for);
    tcase_add_test(tcase, a_supervisor_that_leaves_leaves_nothing_behind);
    return tcase;
}

static TCase *refusals(void)
{
    TCase *tcase = tcase_create("refusals");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, metadata_has_limits_and_each_has_a_code);
    tcase_add_test(tcase, members_are_known_needed_there_once_and_of_their_type);
    tcase_add_test(tcase, only_json_is_taken);
    tcase_add_test(tcase, only_post_is_taken);
    tcase_add_test(tcase, each_listener_serves_its_side);
    tcase_add_test(tcase, a_wait_has_a_small_body);
    tcase_add_test(tcase, what_the_manager_does_not_take_is_refused);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("generic");
    TCase *tcases[] = {hand_over(), ends(), refusals()};
    for (size_t i = 0; i < sizeof(tcases) / sizeof(tcases[0]); i++) {
        tcase_set_timeout(tcases[i], 120);
        suite_add_tcase(suite, tcases[i]);
    }
    return suite_run(suite);
}
