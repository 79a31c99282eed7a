/* SPDX-License-Identifier: MIT */
/* Requests as HTTP: routes, methods, framing, what is refused before its meaning is looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "suite.h"

static struct fixture fixture;
static struct client client;

static void open_all(void)
{
    fixture_init(&fixture);
    fixture_open(&fixture);
    client_connect(&client, &fixture);
}

static void close_all(void)
{
    client_close(&client);
    fixture_close(&fixture);
}

static void reconnect(void)
{
    client_close(&client);
    client_connect(&client, &fixture);
}

/* ---- Routes and methods ---- */

START_TEST(connect_tells_the_options)
{
    client_send_text(&client, "GET /connect HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&client, 200, "{\"connectionTimeoutMs\":30000,\"keepaliveMs\":300000}");
}
END_TEST

START_TEST(unknown_path_is_404_and_the_connection_goes_on)
{
    client_send_text(&client, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect_error(&client, 404, "not_found", NULL);
    client_send_text(&client, "GET /warm-start/ HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect_error(&client, 404, "not_found", NULL);
    client_send_text(&client, "GET /healthz?verbose=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
}
END_TEST

START_TEST(wrong_method_is_405_with_allow)
{
    static const char *const cases[][3] = {
        {"PUT", "/warm-start", "GET, POST"}, {"HEAD", "/warm-start", "GET, POST"},
        {"DELETE", "/connect", "GET, HEAD"}, {"POST", "/connect", "GET, HEAD"},
        {"POST", "/healthz", "GET, HEAD"},   {"OPTIONS", "/readyz", "GET, HEAD"},
        {"PATCH", "/metrics", "GET, HEAD"},  {"get", "/healthz", "GET, HEAD"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char request[128];
        struct response response;
        reconnect();
        snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", cases[i][0], cases[i][1]);
        client_send_text(&client, request);
        client_head(&client, &response);
        ck_assert_int_eq(response.status, 405);
        ck_assert_str_eq(response_header(&response, "allow"), cases[i][2]);
        response_free(&response);
    }
    ck_assert_uint_eq(fixture_stats(&fixture).held, 0);
}
END_TEST

START_TEST(head_is_get_without_a_body)
{
    static const char *const paths[] = {"/connect", "/healthz", "/readyz", "/metrics"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char request[128];
        struct response response;
        reconnect();
        snprintf(request, sizeof(request), "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
        client_send_text(&client, request);
        client_head(&client, &response);
        ck_assert_int_eq(response.status, 200);
        ck_assert_ptr_nonnull(response_header(&response, "content-length"));
        response_free(&response);
        /* The next bytes are the next answer. */
        client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        client_expect(&client, 200, "{\"status\":\"ok\"}");
    }
}
END_TEST

static void expect_status(const struct sockaddr_storage *address, const char *line, int status,
                          const char *allow)
{
    struct client one;
    struct response response;
    char request[256];
    client_connect_to(&one, &fixture, address);
    snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: x\r\n\r\n", line);
    client_send_text(&one, request);
    client_response(&one, &response);
    ck_assert_msg(response.status == status, "%s: %d, not %d", line, response.status, status);
    if (allow)
        ck_assert_str_eq(response_header(&response, "allow"), allow);
    response_free(&response);
    client_close(&one);
}

START_TEST(a_listener_serves_only_its_role)
{
    struct sockaddr_storage poll = fixture_listen(&fixture, "127.0.0.1:0", WARMSTART_HTTP_POLL);
    struct sockaddr_storage dispatch = fixture_listen(&fixture, "127.0.0.1:0", WARMSTART_HTTP_DISPATCH);
    expect_status(&poll, "GET /connect", 200, NULL);
    expect_status(&poll, "GET /healthz", 200, NULL);
    expect_status(&poll, "GET /readyz", 200, NULL);
    expect_status(&poll, "GET /metrics", 404, NULL);
    expect_status(&poll, "POST /warm-start", 405, "GET");
    expect_status(&poll, "GET /warm-start", 400, NULL);
    expect_status(&dispatch, "GET /connect", 404, NULL);
    expect_status(&dispatch, "GET /healthz", 200, NULL);
    expect_status(&dispatch, "GET /readyz", 200, NULL);
    expect_status(&dispatch, "GET /metrics", 200, NULL);
    expect_status(&dispatch, "GET /warm-start", 405, "POST");
    expect_status(&dispatch, "POST /warm-start", 400, NULL);
}
END_TEST

START_TEST(one_listener_polls_and_another_dispatches)
{
    struct sockaddr_storage poll = fixture_listen(&fixture, "127.0.0.1:0", WARMSTART_HTTP_POLL);
    struct sockaddr_storage dispatch = fixture_listen(&fixture, "127.0.0.1:0", WARMSTART_HTTP_DISPATCH);
    struct client controller, supervisor;
    client_connect_to(&controller, &fixture, &poll);
    client_poll(&controller, NULL);
    fixture_wait_held(&fixture, 1);
    client_connect_to(&supervisor, &fixture, &dispatch);
    char *message = message_new(NULL, "run_1", 0);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&controller, message);
    free(message);
    client_close(&controller);
    client_close(&supervisor);
}
END_TEST

/* ---- Bytes in pieces ---- */

static const char get_connect[] = "GET /connect HTTP/1.1\r\nHost: broker:8080\r\nUser-Agent: test\r\n"
                                  "Accept: */*\r\n\r\n";
static const char post_nobody[] =
    "POST /warm-start HTTP/1.1\r\nHost: broker\r\nContent-Type: application/json\r\nContent-Length: "
    "132\r\n\r\n"
    "{\"dequeuedMessage\":{\"deployment\":{\"friendlyId\":\"d\"},\"backgroundWorker\":{\"version\":\"1\"},"
    "\"run\":{\"machine\":{\"cpu\":1,\"memory\":1.5}}}}\r\n ";
static const char post_chunked[] =
    "POST /warm-start HTTP/1.1\r\nHost: broker\r\nTransfer-Encoding: chunked\r\n\r\n"
    "15\r\n{\"dequeuedMessage\":{}\r\n1;ext=1\r\n}\r\n0\r\nTrailer: x\r\n\r\n";

static void send_split(const char *request, size_t split, int status)
{
    reconnect();
    client_send(&client, request, split);
    fixture_settle(&fixture);
    client_send_text(&client, request + split);
    client_expect(&client, status, NULL);
}

START_TEST(a_request_may_be_split_anywhere)
{
    for (size_t split = 0; split < sizeof(get_connect) - 1; split++)
        send_split(get_connect, split, 200);
    for (size_t split = 0; split < sizeof(post_nobody) - 1; split++)
        send_split(post_nobody, split, 200);
    for (size_t split = 0; split < sizeof(post_chunked) - 1; split++)
        send_split(post_chunked, split, 200);
}
END_TEST

START_TEST(a_request_may_come_byte_by_byte)
{
    const char *const requests[] = {get_connect, post_nobody, post_chunked};
    for (size_t r = 0; r < sizeof(requests) / sizeof(requests[0]); r++) {
        reconnect();
        for (const char *byte = requests[r]; *byte; byte++) {
            client_send(&client, byte, 1);
            fixture_settle(&fixture);
        }
        client_expect(&client, 200, NULL);
    }
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    client_send_text(&client,
                     "GET /connect HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    client_send(&client, post_nobody, sizeof(post_nobody) - 1);
    client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&client, 200, "{\"connectionTimeoutMs\":30000,\"keepaliveMs\":300000}");
    client_expect_error(&client, 404, "not_found", NULL);
    client_expect(&client, 200, "{\"didWarmStart\":false}");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
}
END_TEST

START_TEST(what_is_pipelined_behind_a_poll_waits_for_it)
{
    struct client supervisor;
    client_poll(&client, NULL);
    client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    fixture_wait_held(&fixture, 1);
    fixture_settle(&fixture);
    client_expect_silence(&client);
    client_connect(&supervisor, &fixture);
    char *message = message_new(NULL, "run_1", 0);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&client, message);
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    free(message);
    client_close(&supervisor);
}
END_TEST

/* ---- Versions, targets, expectations ---- */

START_TEST(http_1_0_is_answered_and_closed)
{
    client_send_text(&client, "GET /healthz HTTP/1.0\r\n\r\n");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    client_expect_closed(&client);
}
END_TEST

START_TEST(http_1_0_with_keep_alive_stays_open)
{
    struct response response;
    client_send_text(&client, "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_response(&client, &response);
    ck_assert_str_eq(response_header(&response, "connection"), "Keep-Alive");
    response_free(&response);
    client_send_text(&client, "GET /healthz HTTP/1.0\r\n\r\n");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    client_expect_closed(&client);
}
END_TEST

START_TEST(connection_close_is_honoured)
{
    struct response response;
    client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    client_response(&client, &response);
    ck_assert_str_eq(response_header(&response, "connection"), "close");
    response_free(&response);
    client_expect_closed(&client);
}
END_TEST

START_TEST(other_versions_are_refused)
{
    struct response response;
    client_send_text(&client, "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n");
    client_response(&client, &response);
    ck_assert_int_eq(response.status, 505);
    response_free(&response);
    client_expect_closed(&client);
}
END_TEST

START_TEST(a_target_may_be_absolute)
{
    client_send_text(&client, "GET http://broker:8080/healthz HTTP/1.1\r\nHost: broker:8080\r\n\r\n");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    client_send_text(&client, "GET HTTPS://broker/connect?x=1 HTTP/1.1\r\nHost: broker\r\n\r\n");
    client_expect(&client, 200, NULL);
    client_send_text(&client, "GET http://broker HTTP/1.1\r\nHost: broker\r\n\r\n");
    client_expect_error(&client, 404, "not_found", NULL);
}
END_TEST

START_TEST(a_target_may_be_percent_encoded)
{
    client_send_text(&client, "GET /%68ealthz HTTP/1.1\r\nHost: broker\r\n\r\n");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
}
END_TEST

START_TEST(expect_100_continue_is_answered_before_the_body)
{
    struct response response;
    client_send_text(&client, "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 22\r\n"
                              "Expect: 100-continue\r\n\r\n");
    client_head(&client, &response);
    ck_assert_int_eq(response.status, 100);
    response_free(&response);
    client_send_text(&client, "{\"dequeuedMessage\":{}}");
    client_expect(&client, 200, "{\"didWarmStart\":false}");
}
END_TEST

START_TEST(expect_100_continue_with_too_much_is_413_before_the_body)
{
    client_send_text(&client, "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 8388609\r\n"
                              "Expect: 100-continue\r\n\r\n");
    client_expect_error(&client, 413, "body_too_large", NULL);
    client_expect_closed(&client);
}
END_TEST

START_TEST(a_body_for_a_path_that_takes_none_is_refused_unread)
{
    client_send_text(&client, "POST /connect HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc");
    client_expect_error(&client, 405, "method_not_allowed", NULL);
    client_expect_closed(&client);
}
END_TEST

START_TEST(a_body_of_a_get_means_nothing)
{
    client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
                              "GET /connect HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    client_expect(&client, 200, "{\"connectionTimeoutMs\":30000,\"keepaliveMs\":300000}");
}
END_TEST

/* ---- Too large, too many ---- */

/* A GET /healthz whose request line and headers are exactly so long. */
static char *sized_request(size_t bytes)
{
    static const char start[] = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Pad: ";
    char *request = malloc(bytes + 1);
    memset(request, 'a', bytes);
    memcpy(request, start, sizeof(start) - 1);
    memcpy(request + bytes - 4, "\r\n\r\n", 5);
    return request;
}

START_TEST(headers_up_to_the_limit_are_taken)
{
    char *request = sized_request(4096);
    client_send_text(&client, request);
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    for (size_t split = 1; split < 4096; split += 511)
        send_split(request, split, 200);
    free(request);
}
END_TEST

START_TEST(headers_over_the_limit_are_431)
{
    char *request = sized_request(4097);
    client_send_text(&client, request);
    client_expect_error(&client, 431, "headers_too_large", NULL);
    client_expect_closed(&client);
    free(request);
}
END_TEST

/* A head of so many bytes in all, with so many headers; the last of them takes what is left. */
static char *crowded_head(const char *start, size_t headers, size_t bytes)
{
    char *head = malloc(bytes + 1);
    size_t length = strlen(start);
    memcpy(head, start, length);
    for (size_t i = 0; i < headers - 1; i++)
        length += (size_t)snprintf(head + length, bytes - length, "X-%02zu: v\r\n", i);
    length += (size_t)snprintf(head + length, bytes - length, "X-Pad: ");
    ck_assert_uint_lt(length, bytes - 4);
    memset(head + length, 'a', bytes - 4 - length);
    memcpy(head + bytes - 4, "\r\n\r\n", 5);
    return head;
}

/* What libmicrohttpd keeps beside the text of a head must not make it smaller. */
START_TEST(headers_up_to_the_limit_are_taken_when_there_are_many)
{
    char *request = crowded_head("GET /healthz HTTP/1.1\r\nHost: x\r\n", 23, 4096);
    client_send_text(&client, request);
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    free(request);
}
END_TEST

/* A connection takes the same head, whatever it has carried before. */
START_TEST(headers_up_to_the_limit_are_taken_after_short_ones)
{
    char *message = message_new(NULL, "run_1", 3000);
    char *request = crowded_head("GET /healthz HTTP/1.1\r\nHost: x\r\n", 23, 4096);
    for (int round = 0; round < 3; round++) {
        client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        client_expect(&client, 200, "{\"status\":\"ok\"}");
        client_send_text(&client, request);
        client_expect(&client, 200, "{\"status\":\"ok\"}");
        client_dispatch(&client, message);
        client_expect(&client, 200, "{\"didWarmStart\":false}");
    }
    /* Behind one another, too: what was read of the next one takes room from none. */
    for (int i = 0; i < 3; i++)
        client_send_text(&client, request);
    for (int i = 0; i < 3; i++)
        client_expect(&client, 200, "{\"status\":\"ok\"}");
    free(request);
    free(message);
}
END_TEST

START_TEST(a_head_that_leaves_no_room_for_an_answer_is_431)
{
    int silent = 0, refused = 0;
    for (size_t headers = 4; headers < 60; headers++) {
        char *request =
            crowded_head("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", headers, 4096);
        reconnect();
        client_send_text(&client, request);
        client_wait_closed(&client);
        bool taken = client.bytes > 0 && strncmp(client.data, "HTTP/1.1 200", 12) == 0;
        ck_assert(taken == (headers <= 22));
        /* Just where its memory ends, libmicrohttpd has none left to say so. */
        silent += client.bytes == 0;
        refused += client.bytes > 0 && strncmp(client.data, "HTTP/1.1 431", 12) == 0;
        ck_assert_int_eq(silent + refused, headers > 22 ? (int)headers - 22 : 0);
        free(request);
        fixture_settle(&fixture);
    }
    ck_assert_int_le(silent, 4);
}
END_TEST

START_TEST(headers_beyond_all_memory_are_431)
{
    struct response response;
    char *request = sized_request(60000);
    client_push(&client, request, strlen(request));
    client_response(&client, &response);
    ck_assert_int_eq(response.status, 431);
    response_free(&response);
    free(request);
}
END_TEST

START_TEST(too_many_small_headers_are_431)
{
    char request[4096] = "POST /warm-start HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n";
    size_t bytes = strlen(request);
    int silent = 0;
    /* Many of them leave libmicrohttpd no room for the body: it would wait for that in a busy loop. */
    for (int i = 0; i < 110; i++) {
        memcpy(request + bytes, "a:b\r\n", 5);
        bytes += 5;
        if (i < 40)
            continue;
        reconnect();
        client_send(&client, request, bytes);
        client_send_text(&client, "\r\n{}");
        client_wait_closed(&client);
        /* Just where its memory ends, it has none left to say so. */
        silent += client.bytes == 0;
        ck_assert(client.bytes == 0 || strncmp(client.data, "HTTP/1.1 400", 12) == 0 ||
                  strncmp(client.data, "HTTP/1.1 431", 12) == 0);
        fixture_settle(&fixture);
    }
    ck_assert_int_le(silent, 4);
    ck_assert_int_eq(strncmp(client.data, "HTTP/1.1 431", 12), 0);
}
END_TEST

/* The largest make libmicrohttpd give up without a word, while it copies them. */
START_TEST(cookies_that_leave_no_room_are_refused)
{
    for (size_t bytes = 3000; bytes < 4000; bytes += 13) {
        char request[4200];
        int length = snprintf(request, sizeof(request),
                              "POST /warm-start HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                              "Content-Length: 2\r\nCookie: ");
        memset(request + length, 'c', bytes);
        memcpy(request + (size_t)length + bytes, "\r\n\r\n{}", 6);
        reconnect();
        client_send(&client, request, (size_t)length + bytes + 6);
        client_wait_closed(&client);
        ck_assert(client.bytes == 0 || strncmp(client.data, "HTTP/1.1 4", 10) == 0);
        fixture_settle(&fixture);
    }
}
END_TEST

static void send_endless_chunk_head(struct client *one, size_t bytes)
{
    char head[20000];
    memset(head, 'x', sizeof(head));
    client_connect(one, &fixture);
    client_send_text(one, "POST /warm-start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;");
    client_push(one, head, bytes);
}

/* libmicrohttpd would ask to be run for ever. */
START_TEST(an_endless_chunk_head_is_400_and_no_busy_loop)
{
    struct client hostile;
    struct response response;
    send_endless_chunk_head(&hostile, 20000);
    client_response(&hostile, &response);
    ck_assert_int_eq(response.status, 400);
    response_free(&response);
    fixture_settle(&fixture);
    client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    fixture_wait_connections(&fixture, 1);
    client_close(&hostile);
}
END_TEST

START_TEST(a_chunk_head_that_just_fills_the_memory_is_no_busy_loop)
{
    struct client hostile;
    for (size_t bytes = 7000; bytes < 8192; bytes += 100) {
        send_endless_chunk_head(&hostile, bytes);
        fixture_settle(&fixture);
        client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        client_expect(&client, 200, "{\"status\":\"ok\"}");
        client_close(&hostile);
    }
    fixture_wait_connections(&fixture, 1);
}
END_TEST

START_TEST(a_target_that_is_too_long_is_414)
{
    struct response response;
    char *request = malloc(20001);
    memset(request, 'a', 20000);
    memcpy(request, "GET /", 5);
    request[20000] = '\0';
    client_push(&client, request, 20000);
    client_response(&client, &response);
    ck_assert_int_eq(response.status, 414);
    response_free(&response);
    free(request);
}
END_TEST

/* ---- What two servers could read differently ---- */

static void expect_malformed(const char *request, size_t bytes)
{
    reconnect();
    client_send(&client, request, bytes);
    client_expect_error(&client, 400, "request_malformed", NULL);
    client_expect_closed(&client);
}

#define MALFORMED(text) expect_malformed(text, sizeof(text) - 1)

START_TEST(nul_bytes_are_refused)
{
    MALFORMED("GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\0c\r\n\r\n");
    MALFORMED("GET /healthz HTTP/1.1\r\nHost: x\0y\r\nX-A: b\r\n\r\n");
    MALFORMED("GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: \0\r\n\r\n");
    MALFORMED("GET /healthz\0x HTTP/1.1\r\nHost: x\r\n\r\n");
    MALFORMED("GET\0X /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    MALFORMED("GET /healthz HTTP/1.1\r\nHost: x\r\nx-trigger-deployment-id: d\0e\r\n\r\n");
}
END_TEST

START_TEST(folded_lines_and_spaces_in_names_are_refused)
{
    MALFORMED("GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n");
    MALFORMED("GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\tc\r\nX-B: d\r\n\r\n");
    MALFORMED("POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n 0\r\n\r\nhello");
    MALFORMED("GET /healthz HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n");
    MALFORMED("GET /healthz HTTP/1.1\r\n X-A: b\r\nHost: x\r\n\r\n");
    MALFORMED("GET /healthz HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n");
    MALFORMED("GET /heal thz HTTP/1.1\r\nHost: x\r\n\r\n");
    MALFORMED("GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
}
END_TEST

START_TEST(a_missing_host_is_refused)
{
    MALFORMED("GET /healthz HTTP/1.1\r\nX-A: b\r\n\r\n");
    MALFORMED("GET /healthz HTTP/1.1\r\n\r\n");
}
END_TEST

START_TEST(contradictory_lengths_are_refused)
{
    MALFORMED(
        "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n");
    MALFORMED("POST /warm-start HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}
END_TEST

START_TEST(transfer_encodings_but_chunked_are_501)
{
    static const char *const encodings[] = {"gzip", "gzip, chunked", "chunked, gzip", "identity",
                                            "",     "chunked "};
    for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
        char request[160];
        reconnect();
        snprintf(request, sizeof(request),
                 "POST /warm-start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: %s\r\n\r\n", encodings[i]);
        client_send_text(&client, request);
        client_expect_error(&client, 501, "encoding_unsupported", NULL);
        client_expect_closed(&client);
    }
}
END_TEST

START_TEST(what_libmicrohttpd_refuses_by_itself_is_refused_and_closed)
{
    static const char *const requests[] = {
        "GET /healthz\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
        "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nhello",
        "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /warm-start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct response response;
        reconnect();
        client_send_text(&client, requests[i]);
        client_response(&client, &response);
        ck_assert_int_eq(response.status, 400);
        response_free(&response);
        /* Version 0.9.75 sends the head of its answer to a broken Content-Length twice. */
        client_wait_closed(&client);
    }
}
END_TEST

START_TEST(headers_that_may_stand_only_once_are_named_when_repeated)
{
    static const char *const names[] = {
        "x-trigger-workload-controller-id",
        "x-trigger-deployment-id",
        "x-trigger-deployment-version",
        "x-trigger-machine-cpu",
        "x-trigger-machine-memory",
        "x-trigger-worker-instance-name",
        "host",
        "content-length",
        "transfer-encoding",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char request[256];
        reconnect();
        snprintf(request, sizeof(request), "GET /warm-start HTTP/1.1\r\nHost: x\r\n%s: 1\r\n%s: 1\r\n\r\n",
                 names[i], names[i]);
        client_send_text(&client, request);
        client_expect_error(&client, 400, "header_repeated", names[i]);
    }
}
END_TEST

START_TEST(cookies_arguments_and_bare_line_feeds_are_no_reason_to_refuse)
{
    client_send_text(&client,
                     "\r\nGET /healthz?a=1&b&c=%20 HTTP/1.1\r\nHost: x\r\nCookie: a=b; c=\"d\"; e\r\n"
                     "X-Empty:\r\nX-Spaces:  \t b \t\r\nAccept: */*\r\n\r\n");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    client_send_text(&client, "GET /healthz HTTP/1.1\nHost: x\nX-Empty:\nAccept: */*\n\n");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
}
END_TEST

static TCase *routes_case(void)
{
    TCase *tests = tcase_create("routes");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, connect_tells_the_options);
    tcase_add_test(tests, unknown_path_is_404_and_the_connection_goes_on);
    tcase_add_test(tests, wrong_method_is_405_with_allow);
    tcase_add_test(tests, head_is_get_without_a_body);
    tcase_add_test(tests, a_listener_serves_only_its_role);
    tcase_add_test(tests, one_listener_polls_and_another_dispatches);
    tcase_add_test(tests, a_request_may_be_split_anywhere);
    tcase_add_test(tests, a_request_may_come_byte_by_byte);
    tcase_add_test(tests, pipelined_requests_are_answered_in_order);
    tcase_add_test(tests, what_is_pipelined_behind_a_poll_waits_for_it);
    tcase_add_test(tests, http_1_0_is_answered_and_closed);
    tcase_add_test(tests, http_1_0_with_keep_alive_stays_open);
    tcase_add_test(tests, connection_close_is_honoured);
    tcase_add_test(tests, other_versions_are_refused);
    tcase_add_test(tests, a_target_may_be_absolute);
    tcase_add_test(tests, a_target_may_be_percent_encoded);
    tcase_add_test(tests, expect_100_continue_is_answered_before_the_body);
    tcase_add_test(tests, expect_100_continue_with_too_much_is_413_before_the_body);
    tcase_add_test(tests, a_body_for_a_path_that_takes_none_is_refused_unread);
    tcase_add_test(tests, a_body_of_a_get_means_nothing);
    return tests;
}

static TCase *refusals_case(void)
{
    TCase *tests = tcase_create("refusals");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, headers_up_to_the_limit_are_taken);
    tcase_add_test(tests, headers_up_to_the_limit_are_taken_when_there_are_many);
    tcase_add_test(tests, headers_up_to_the_limit_are_taken_after_short_ones);
    tcase_add_test(tests, a_head_that_leaves_no_room_for_an_answer_is_431);
    tcase_add_test(tests, headers_over_the_limit_are_431);
    tcase_add_test(tests, headers_beyond_all_memory_are_431);
    tcase_add_test(tests, too_many_small_headers_are_431);
    tcase_add_test(tests, cookies_that_leave_no_room_are_refused);
    tcase_add_test(tests, an_endless_chunk_head_is_400_and_no_busy_loop);
    tcase_add_test(tests, a_chunk_head_that_just_fills_the_memory_is_no_busy_loop);
    tcase_add_test(tests, a_target_that_is_too_long_is_414);
    tcase_add_test(tests, nul_bytes_are_refused);
    tcase_add_test(tests, folded_lines_and_spaces_in_names_are_refused);
    tcase_add_test(tests, a_missing_host_is_refused);
    tcase_add_test(tests, contradictory_lengths_are_refused);
    tcase_add_test(tests, transfer_encodings_but_chunked_are_501);
    tcase_add_test(tests, what_libmicrohttpd_refuses_by_itself_is_refused_and_closed);
    tcase_add_test(tests, headers_that_may_stand_only_once_are_named_when_repeated);
    tcase_add_test(tests, cookies_arguments_and_bare_line_feeds_are_no_reason_to_refuse);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("http_requests");
    suite_add_tcase(suite, routes_case());
    suite_add_tcase(suite, refusals_case());
    return suite_run(suite);
}
