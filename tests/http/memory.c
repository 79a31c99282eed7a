/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server when memory cannot be had. Allocations of the server's objects can fail, and those of
 * libmicrohttpd where it is linked statically; those of the core and of the loop, by their allocator.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "memory_faults.h"
#include "suite.h"

#define CONTROLLERS 5
#define SUPERVISORS 5
#define STRANGERS   7
#define ONLY_MAX    400 /* the n-th allocation alone fails, for n up to this */
#define BIG_BYTES   200000

/* ---- A scene: controllers, supervisors and strangers at the same time ---- */

static struct fixture fixture;
static struct client controllers[CONTROLLERS];
static struct client supervisors[SUPERVISORS];
static struct client strangers[STRANGERS];
static char *messages[SUPERVISORS];
static unsigned long trues, delivered;

static void open_all(void)
{
    fixture_init(&fixture);
    fixture.still = true;
    fixture.manager.allocator.resize = memory_faults_resize;
    fixture.logger.level = WARMSTART_LOG_OFF;
    fixture_open(&fixture);
    for (size_t i = 0; i < SUPERVISORS; i++) {
        char run[16];
        snprintf(run, sizeof(run), "run_%zu", i);
        messages[i] = message_new(NULL, run, i == 0 ? BIG_BYTES : 0);
    }
}

static void close_all(void)
{
    memory_faults_none();
    for (size_t i = 0; i < SUPERVISORS; i++)
        free(messages[i]);
    fixture_close(&fixture);
}

static void push_text(struct client *client, const char *text)
{
    client_push(client, text, strlen(text));
}

static void poll_from(struct client *client, size_t i)
{
    char request[512];
    snprintf(
        request, sizeof(request),
        "GET /warm-start HTTP/1.1\r\nHost: broker\r\nx-trigger-workload-controller-id: controller_%zu\r\n"
        "x-trigger-deployment-id: deployment_1\r\nx-trigger-deployment-version: 20260327.4\r\n"
        "x-trigger-machine-cpu: 0.5\r\nx-trigger-machine-memory: 0.5\r\n"
        "x-trigger-worker-instance-name: node-%zu\r\n\r\n",
        i, i);
    client_connect(client, &fixture);
    push_text(client, request);
}

static void post_from(struct client *client, size_t i)
{
    char head[256];
    bool chunked = i % 2 == 1;
    size_t bytes = strlen(messages[i]) + 20;
    client_connect(client, &fixture);
    if (chunked)
        snprintf(head, sizeof(head),
                 "POST /warm-start HTTP/1.1\r\nHost: broker\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
                 bytes);
    else
        snprintf(head, sizeof(head),
                 "POST /warm-start HTTP/1.1\r\nHost: broker\r\nContent-Length: %zu\r\n\r\n", bytes);
    push_text(client, head);
    push_text(client, "{\"dequeuedMessage\":");
    push_text(client, messages[i]);
    push_text(client, chunked ? "}\r\n0\r\n\r\n" : "}");
}

static void visit(void)
{
    static const char *const requests[STRANGERS] = {
        "GET /metrics HTTP/1.1\r\nHost: broker\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: broker\r\n\r\nGET /connect HTTP/1.1\r\nHost: broker\r\n\r\n",
        "GET /warm-start HTTP/1.1\r\nHost: broker\r\nx-trigger-machine-cpu: none\r\n\r\n",
        "POST /warm-start HTTP/1.1\r\nHost: broker\r\nContent-Length: 100000000\r\n\r\n{",
        "POST /v1/wait HTTP/1.1\r\nHost: broker\r\nContent-Type: application/json\r\nContent-Length: "
        "31\r\n\r\n"
        "{\"id\":\"x\",\"metadata\":{\"a\":1.5}}",
        "POST /v1/dispatch HTTP/1.1\r\nHost: broker\r\nContent-Type: application/json\r\nContent-Length: "
        "47\r\n"
        "\r\n{\"match\":{\"a\":1.5},\"mode\":\"subset\",\"payload\":1}",
        "GET /warm-start/waiters HTTP/1.1\r\nHost: broker\r\n\r\n",
    };
    for (size_t i = 0; i < STRANGERS; i++) {
        client_connect(&strangers[i], &fixture);
        push_text(&strangers[i], requests[i]);
    }
}

/* Where the body of the whole answer is that has come; NULL: it has not. */
static const char *whole_body(struct client *client)
{
    client_receive(client);
    if (client->bytes == 0)
        return NULL;
    client->data[client->bytes] = '\0';
    const char *end = strstr(client->data, "\r\n\r\n");
    const char *length = strcasestr(client->data, "content-length:");
    if (!end || !length || length > end)
        return NULL;
    size_t wanted = (size_t)(end + 4 - client->data) + strtoul(length + 15, NULL, 10);
    return client->bytes >= wanted ? end + 4 : NULL;
}

/* Each POST was answered or closed. What was answered with true has one receiver, and nothing has two. */
static void judge(void)
{
    const char *received[CONTROLLERS];
    for (size_t i = 0; i < CONTROLLERS; i++)
        received[i] = whole_body(&controllers[i]);
    for (size_t i = 0; i < SUPERVISORS; i++) {
        const char *body = whole_body(&supervisors[i]);
        unsigned receivers = 0;
        for (size_t j = 0; j < CONTROLLERS; j++)
            receivers += received[j] && strcmp(received[j], messages[i]) == 0;
        ck_assert_msg(body || supervisors[i].closed, "a POST hangs");
        ck_assert_uint_le(receivers, 1);
        bool warm = body && strcmp(body, "{\"didWarmStart\":true}") == 0;
        ck_assert_msg(!warm || receivers == 1, "true, and nobody has it");
        trues += warm;
        delivered += receivers;
    }
}

static void close_scene(void)
{
    for (size_t i = 0; i < CONTROLLERS; i++)
        client_close(&controllers[i]);
    for (size_t i = 0; i < SUPERVISORS; i++)
        client_close(&supervisors[i]);
    for (size_t i = 0; i < STRANGERS; i++)
        client_close(&strangers[i]);
    fixture_wait_connections(&fixture, 0);
    fixture_wait_held(&fixture, 0);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).waiters, 0);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).dispatches, 0);
}

static void play(void)
{
    for (size_t i = 0; i < CONTROLLERS; i++)
        poll_from(&controllers[i], i);
    fixture_settle(&fixture);
    visit();
    for (size_t i = 0; i < SUPERVISORS; i++)
        post_from(&supervisors[i], i);
    fixture_settle(&fixture);
    client_abort(&strangers[0]);
    for (size_t i = 0; i < CONTROLLERS; i++)
        client_receive(&controllers[i]);
    /* A listener that rests wakes up, and what could not be written in time is settled. */
    fixture_pass(&fixture, 200);
    fixture_pass(&fixture, 2000);
    memory_faults_none();
    fixture_settle(&fixture);
    fixture_pass(&fixture, 2000);
    judge();
    close_scene();
}

/* With memory everything works again. */
static void expect_service(void)
{
    for (size_t i = 0; i < CONTROLLERS; i++)
        poll_from(&controllers[i], i);
    fixture_wait_held(&fixture, CONTROLLERS);
    for (size_t i = 0; i < SUPERVISORS; i++)
        post_from(&supervisors[i], i);
    fixture_settle(&fixture);
    trues = 0;
    for (int tries = 0; trues < SUPERVISORS; tries++) {
        ck_assert_int_lt(tries, 1000);
        fixture_settle(&fixture);
        trues = 0;
        for (size_t i = 0; i < SUPERVISORS; i++)
            trues += whole_body(&supervisors[i]) != NULL;
        for (size_t i = 0; i < CONTROLLERS; i++)
            client_receive(&controllers[i]);
    }
    trues = 0;
    judge();
    ck_assert_uint_eq(trues, SUPERVISORS);
    close_scene();
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
}

/* ---- Tests ---- */

START_TEST(every_nth_allocation_fails_and_no_run_is_lost)
{
    static const unsigned long everies[] = {1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 17, 23, 31, 47, 71, 113};
    for (size_t i = 0; i < sizeof(everies) / sizeof(everies[0]); i++) {
        memory_faults.failed = 0;
        memory_faults_every(everies[i]);
        play();
        ck_assert_uint_ge(memory_faults.failed, 1);
        expect_service();
    }
}
END_TEST

START_TEST(any_single_allocation_fails_and_no_run_is_lost)
{
    unsigned long n = 1;
    trues = delivered = 0;
    for (bool reached = true; reached && n <= ONLY_MAX; n++) {
        memory_faults.failed = 0;
        memory_faults_only(n);
        play();
        reached = memory_faults.failed == 1;
    }
    printf("# %lu allocations failed, one at a time; %lu runs were delivered, %lu answered true\n", n - 2,
           delivered, trues);
    ck_assert_uint_gt(n, 50);
    ck_assert_uint_gt(trues, n * (SUPERVISORS - 3));
    expect_service();
}
END_TEST

START_TEST(a_server_that_cannot_be_made_is_an_error_and_leaves_nothing)
{
    struct warmstart_http *http;
    int error = WARMSTART_ERR_MEMORY;
    unsigned long n;
    fixture.options.connections_per_address_max = 10;
    for (n = 1; error < 0; n++) {
        memory_faults.failed = 0;
        memory_faults_only(n);
        memory_faults.inside = true;
        error = warmstart_http_new(fixture.loop, &fixture.options, &http);
        if (error == 0) {
            error = warmstart_http_listen(http, "127.0.0.1:0", WARMSTART_HTTP_ALL, NULL, 0);
            warmstart_http_free(http);
        }
        memory_faults.inside = false;
        ck_assert(error == 0 || error == WARMSTART_ERR_MEMORY || error == WARMSTART_ERR_SYSTEM);
        ck_assert(error < 0 || memory_faults.failed == 0);
        ck_assert_uint_lt(n, ONLY_MAX);
    }
    ck_assert_uint_gt(n, 10);
    memory_faults_none();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_memory");
    TCase *tests = tcase_create("memory");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, every_nth_allocation_fails_and_no_run_is_lost);
    tcase_add_test(tests, any_single_allocation_fails_and_no_run_is_lost);
    tcase_add_test(tests, a_server_that_cannot_be_made_is_an_error_and_leaves_nothing);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
