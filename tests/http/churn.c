/* SPDX-License-Identifier: MIT */
/*
 * Many controllers come and go in each way that a wait can end; afterwards everything is as it was before.
 * How many is the environment's CHURN (20,000). Prints figures as TAP comments.
 */
#include <arpa/inet.h>
#include <check.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "suite.h"

#define BATCH  200 /* controllers that are there at the same time */
#define SLICES 10  /* after each of them everything is measured */

/*
 * What may be in use at the end beyond what was half-way. The allocator counts what it caches for a thread
 * as in use. A byte for each connection would be more.
 */
#define HEAP_SLACK ((size_t)8 << 10)
#define RSS_SLACK  ((size_t)256 << 10)

static struct fixture fixture;
static struct client first[BATCH];
static struct client second[BATCH];
static struct client supervisor;
static char ids[BATCH][32];
static char *messages[BATCH];
static unsigned batches; /* so far */

static void open_all(void)
{
    fixture_init(&fixture);
    fixture.still = true;
    fixture.logger.level = WARMSTART_LOG_OFF;
    fixture_open(&fixture);
    for (size_t i = 0; i < BATCH; i++) {
        char deployment[32];
        snprintf(ids[i], sizeof(ids[i]), "controller_%zu", i);
        snprintf(deployment, sizeof(deployment), "deployment_%zu", i % 7);
        messages[i] = message_new(&(struct identity){.deployment = deployment}, ids[i], 300);
        first[i] = second[i] = (struct client){.fixture = &fixture, .fd = -1};
    }
}

static void close_all(void)
{
    for (size_t i = 0; i < BATCH; i++)
        free(messages[i]);
    fixture_close(&fixture);
}

/* From an address of its own for each batch: the ports of one address run out for a while. */
static void poll_from(struct client *client, size_t i)
{
    char deployment[32];
    struct sockaddr_storage from = {.ss_family = AF_INET};
    struct sockaddr_in *address = (struct sockaddr_in *)&from;
    address->sin_addr.s_addr = htonl(0x7f010001u + batches % 60000u);
    snprintf(deployment, sizeof(deployment), "deployment_%zu", i % 7);
    client_connect_from(client, &fixture, &from);
    client_poll(client, &(struct identity){.controller = ids[i], .deployment = deployment});
}

static void poll_all(struct client *clients)
{
    for (size_t i = 0; i < BATCH; i++)
        poll_from(&clients[i], i);
    fixture_settle(&fixture);
}

static void close_clients(struct client *clients)
{
    for (size_t i = 0; i < BATCH; i++) {
        if (i % 2 == 0 && clients[i].fd >= 0)
            client_abort(&clients[i]);
        else
            client_close(&clients[i]);
    }
    fixture_wait_held(&fixture, 0);
    fixture_wait_connections(&fixture, 0);
}

/* ---- The ways to end ---- */

static void claimed(void)
{
    poll_all(first);
    fixture_wait_held(&fixture, BATCH);
    client_connect(&supervisor, &fixture);
    for (size_t i = 0; i < BATCH; i++)
        ck_assert(client_dispatched(&supervisor, messages[i]));
    client_close(&supervisor);
    for (size_t i = 0; i < BATCH; i++) {
        struct response response;
        client_response(&first[i], &response);
        ck_assert_int_eq(response.status, 200);
        response_free(&response);
    }
    close_clients(first);
}

static void timed_out(void)
{
    poll_all(first);
    fixture_wait_held(&fixture, BATCH);
    fixture_pass(&fixture, 31000);
    for (size_t i = 0; i < BATCH; i++)
        client_expect_closed(&first[i]);
    close_clients(first);
}

static void disconnected(void)
{
    poll_all(first);
    fixture_wait_held(&fixture, BATCH);
    close_clients(first);
}

static void superseded(void)
{
    struct warmstart_stats before = fixture_manager_stats(&fixture);
    poll_all(first);
    fixture_wait_held(&fixture, BATCH);
    poll_all(second);
    for (size_t i = 0; i < BATCH; i++)
        client_expect_closed(&first[i]);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).ended_total[WARMSTART_ENDING_SUPERSEDED],
                      before.ended_total[WARMSTART_ENDING_SUPERSEDED] + BATCH);
    for (size_t i = 0; i < BATCH; i++)
        client_close(&first[i]);
    close_clients(second);
}

/* ---- What is left ---- */

struct measure {
    size_t descriptors;
    size_t manager; /* bytes */
    size_t heap;    /* bytes in use; 0 where malloc is another one */
    size_t rss;     /* bytes */
};

static size_t resident_bytes(void)
{
    unsigned long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%lu %lu", &pages, &resident), 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static struct measure measure(void)
{
    struct warmstart_stats stats = fixture_manager_stats(&fixture);
    ck_assert_uint_eq(stats.waiters, 0);
    ck_assert_uint_eq(stats.dispatches, 0);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 0);
    return (struct measure){
        .descriptors = fixture_descriptors(),
        .manager = (size_t)stats.memory_bytes,
        .heap = mallinfo2().uordblks,
        .rss = resident_bytes(),
    };
}

static bool is_watched_by_a_tool(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return mallinfo2().uordblks == 0 || (preloaded && strstr(preloaded, "vgpreload"));
}

static unsigned long churn_count(void)
{
    const char *given = getenv("CHURN");
    unsigned long count = given ? strtoul(given, NULL, 10) : 20000;
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded && strstr(preloaded, "vgpreload"))
        count = 2000; /* valgrind takes fifty times as long */
    ck_assert_uint_ge(count, BATCH * SLICES);
    return count;
}

static void churn(const char *name, void (*batch)(void))
{
    struct measure start, half = {0}, end = {0};
    unsigned long rounds = churn_count() / BATCH / SLICES;
    batch();
    start = measure();
    for (int slice = 1; slice <= SLICES; slice++) {
        for (unsigned long i = 0; i < rounds; i++, batches++)
            batch();
        end = measure();
        if (slice == SLICES / 2)
            half = end;
    }
    printf("# %s: %lu times; descriptors %zu, %zu; manager %zu, %zu bytes; heap %zu, %zu, %zu bytes; "
           "resident %zu, %zu, %zu KiB\n",
           name, rounds * BATCH * SLICES, start.descriptors, end.descriptors, start.manager, end.manager,
           start.heap, half.heap, end.heap, start.rss / 1024, half.rss / 1024, end.rss / 1024);
    ck_assert_uint_eq(end.descriptors, start.descriptors);
    ck_assert_uint_eq(end.manager, half.manager);
    ck_assert_uint_le(end.heap, half.heap + HEAP_SLACK);
    if (!is_watched_by_a_tool())
        ck_assert_uint_le(end.rss, half.rss + RSS_SLACK);
}

START_TEST(controllers_that_get_a_run_leave_nothing_behind)
{
    churn("claimed", claimed);
}
END_TEST

START_TEST(controllers_that_time_out_leave_nothing_behind)
{
    churn("timed out", timed_out);
}
END_TEST

START_TEST(controllers_that_disconnect_leave_nothing_behind)
{
    churn("disconnected", disconnected);
}
END_TEST

START_TEST(controllers_that_are_superseded_leave_nothing_behind)
{
    churn("superseded", superseded);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_churn");
    TCase *tests = tcase_create("churn");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, controllers_that_get_a_run_leave_nothing_behind);
    tcase_add_test(tests, controllers_that_time_out_leave_nothing_behind);
    tcase_add_test(tests, controllers_that_disconnect_leave_nothing_behind);
    tcase_add_test(tests, controllers_that_are_superseded_leave_nothing_behind);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
