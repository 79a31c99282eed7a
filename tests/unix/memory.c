/* SPDX-License-Identifier: MIT */
/*
 * The Unix-socket server when memory cannot be had: in a scene with every command, each allocation fails once,
 * alone and together with others. Nothing is lost or told wrongly, nothing leaks, and afterwards it serves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_faults.h"
#include "suite.h"
#include "talk.h"

#define ONLY_MAX  1000 /* the n-th allocation alone fails, for n up to this */
#define BIG_BYTES 300000

static struct fixture fixture;
static struct client controller, supervisor, operator;
static char *big;
static unsigned long delivered;

static void open_all(void)
{
    fixture_init(&fixture);
    fixture.manager.allocator.resize = memory_faults_resize;
    fixture.options.connections_per_user_max = 10;
    fixture_open(&fixture);
    big = malloc(BIG_BYTES);
    ck_assert_ptr_nonnull(big);
    memset(big, 'b', BIG_BYTES);
}

static void close_all(void)
{
    memory_faults_none();
    free(big);
    fixture_close(&fixture);
}

/* ---- The scene ---- */

static void join(struct client *client)
{
    *client = (struct client){.fixture = &fixture, .fd = connect_path(fixture.path)};
    ck_assert_int_ge(client->fd, 0);
    fixture_settle(&fixture);
}

/* The server may close meanwhile. */
static void push(struct client *client, const char *text, size_t bytes)
{
    while (bytes > 0) {
        size_t sent = client_push(client, text, bytes);
        text += sent;
        bytes -= sent;
        fixture_settle(&fixture);
        if (sent == 0)
            return;
    }
}

static void push_text(struct client *client, const char *text)
{
    push(client, text, strlen(text));
}

/* Acknowledges or refuses what came: whether the OK to the ack of this wait has come. */
static bool answer_payload(const char *tag, const char *verb)
{
    char beginning[64], id[ID_BYTES], line[128];
    client_hear(&controller);
    snprintf(beginning, sizeof(beginning), "PAYLOAD %s ", tag);
    const char *frame = memmem(controller.data, controller.bytes, beginning, strlen(beginning));
    if (!frame || sscanf(frame + strlen(beginning), "%39[0-9]", id) != 1)
        return false;
    snprintf(line, sizeof(line), "%s %s-%s %s\n", verb, verb, tag, id);
    push_text(&controller, line);
    client_hear(&controller);
    snprintf(line, sizeof(line), "OK %s-%s\n", verb, tag);
    return memmem(controller.data, controller.bytes, line, strlen(line)) != NULL;
}

static bool was_told(const struct client *client, const char *line)
{
    return memmem(client->data, client->bytes, line, strlen(line)) != NULL;
}

static void check_told(const char *tag, bool acknowledged)
{
    char line[64];
    snprintf(line, sizeof(line), "DELIVERED %s ", tag);
    bool told = was_told(&supervisor, line);
    ck_assert_msg(!told || acknowledged, "%s was not acknowledged: %.300s", tag, supervisor.data);
    /* Who is connected has been told, unless it was nobody's. */
    ck_assert_msg(told || !acknowledged || supervisor.closed, "%s was: %.300s", tag, supervisor.data);
    delivered += told;
}

static void play(void)
{
    char line[64];
    join(&controller);
    join(&supervisor);
    join(&operator);
    push_text(&controller,
              "wait a id=c1 instance=i1 -- k=1\nwait b id=c2 {\"k\":2}\nwait c -- k=3\nwait e -- k=1\n");
    push_text(&operator,
              "list l\nstats s\ncount c -- k=1\ncordon n -- i9\nretire r for=1 -- c9\nuncordon n -- i9\n");
    push_text(&supervisor, "dispatch x 3 timeout=5000 -- k=1\nabc\n");
    snprintf(line, sizeof(line), "dispatch y %d timeout=5000 -- k:=2\n", BIG_BYTES);
    push_text(&supervisor, line);
    push(&supervisor, big, BIG_BYTES);
    push_text(&supervisor, "\n");
    bool x = answer_payload("e", "refuse") ? answer_payload("a", "ack") : answer_payload("e", "ack");
    if (!x)
        x = answer_payload("a", "ack");
    bool y = answer_payload("b", "ack");
    fixture_pass(&fixture, 6000);
    client_hear(&supervisor);
    check_told("x", x || was_told(&controller, "OK ack-e\n"));
    check_told("y", y);
    push_text(&controller, "cancel c c\nleave l for=1\nquit q\n");
    controller.bytes = supervisor.bytes = operator.bytes = 0;
    client_close(&controller);
    client_close(&supervisor);
    client_close(&operator);
    fixture_pass(&fixture, 10000);
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 0);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 0);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).waiters, 0);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).dispatches, 0);
}

static void expect_service(void)
{
    memory_faults_none();
    delivered = 0;
    play();
    ck_assert_uint_eq(delivered, 2);
}

/* ---- Tests ---- */

START_TEST(with_memory_the_scene_plays)
{
    expect_service();
}
END_TEST

START_TEST(any_single_allocation_fails_and_nothing_is_told_wrongly)
{
    unsigned long n = 1;
    delivered = 0;
    for (bool reached = true; reached && n <= ONLY_MAX; n++) {
        memory_faults.failed = 0;
        memory_faults_only(n);
        play();
        reached = memory_faults.failed == 1;
    }
    printf("# %lu allocations failed, one at a time; %lu runs were delivered\n", n - 2, delivered);
    ck_assert_uint_gt(n, 25);
    ck_assert_uint_lt(n, ONLY_MAX);
    ck_assert_uint_gt(delivered, n);
    expect_service();
}
END_TEST

START_TEST(many_allocations_fail_and_nothing_is_told_wrongly)
{
    static const unsigned long everies[] = {1, 2, 3, 5, 7, 11, 13, 17, 23, 31};
    for (size_t i = 0; i < sizeof(everies) / sizeof(everies[0]); i++) {
        memory_faults.failed = 0;
        memory_faults_every(everies[i]);
        for (int round = 0; round < 10; round++)
            play();
        ck_assert_uint_ge(memory_faults.failed, 1);
    }
    expect_service();
}
END_TEST

START_TEST(a_server_that_cannot_be_made_is_an_error_and_leaves_nothing)
{
    const uid_t users[] = {1, 2};
    const gid_t groups[] = {3};
    struct warmstart_unix_options options = fixture.options;
    struct warmstart_unix *server = NULL;
    char path[128];
    int error = WARMSTART_ERR_MEMORY;
    unsigned long n;
    options.wait = (struct warmstart_unix_allowed){users, 2, groups, 1};
    options.operate = (struct warmstart_unix_allowed){users, 1, groups, 1};
    snprintf(path, sizeof(path), "%s/another", fixture.folder);
    for (n = 1; error < 0; n++) {
        memory_faults.failed = 0;
        memory_faults_only(n);
        memory_faults.inside = true;
        error = warmstart_unix_new(fixture.loop, &options, &server);
        if (error == 0) {
            error = warmstart_unix_listen(server, path, WARMSTART_UNIX_ALL);
            warmstart_unix_free(server);
        }
        memory_faults.inside = false;
        ck_assert(error == 0 || error == WARMSTART_ERR_MEMORY);
        ck_assert(error < 0 || memory_faults.failed == 0);
        ck_assert_uint_lt(n, ONLY_MAX);
    }
    ck_assert_uint_gt(n, 7);
    memory_faults_none();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unix_memory");
    TCase *tcase = tcase_create("memory");

    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, with_memory_the_scene_plays);
    tcase_add_test(tcase, any_single_allocation_fails_and_nothing_is_told_wrongly);
    tcase_add_test(tcase, many_allocations_fail_and_nothing_is_told_wrongly);
    tcase_add_test(tcase, a_server_that_cannot_be_made_is_an_error_and_leaves_nothing);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
