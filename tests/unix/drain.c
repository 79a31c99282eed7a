/* SPDX-License-Identifier: MIT */
/* Stopping: the delay, ending waits, the end, and what operators ask for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "suite.h"
#include "talk.h"

#define LATE "draining the server stops\n"

static struct fixture fixture;
static struct client controller, supervisor;
static struct warmstart_unix_drain_options options;
static struct warmstart_unix_drain_request request;
static unsigned ends, requests;
static int complete, answer;

static void on_drained(void *user, int is_complete)
{
    ck_assert_ptr_eq(user, &fixture);
    ends++;
    complete = is_complete;
}

static int on_drain(void *user, const struct warmstart_unix_drain_request *asked)
{
    ck_assert_ptr_eq(user, &fixture);
    requests++;
    request = *asked;
    return answer < 0 ? answer : warmstart_unix_drain(fixture.server, &options);
}

static void open_all(void)
{
    ends = requests = 0;
    complete = -1;
    answer = 0;
    fixture_init(&fixture);
    fixture.options.on_drain = on_drain;
    fixture.options.on_drain_user = &fixture;
    fixture_open(&fixture);
    client_connect(&controller, &fixture);
    client_connect(&supervisor, &fixture);
    warmstart_unix_drain_options_init(&options);
    options.on_drained = on_drained;
    options.user = &fixture;
}

static void close_all(void)
{
    client_close(&controller);
    client_close(&supervisor);
    fixture_close(&fixture);
}

static void drain(void)
{
    ck_assert_int_eq(warmstart_unix_drain(fixture.server, &options), 0);
    fixture_settle(&fixture);
}

START_TEST(with_nothing_to_do_it_is_over_at_once)
{
    drain();
    ck_assert_uint_eq(ends, 1);
    ck_assert_int_eq(complete, 1);
    client_expect_end(&controller, "");
    client_expect_end(&supervisor, "");
}
END_TEST

START_TEST(waits_are_ended_and_their_connections_closed)
{
    client_say(&controller, "wait a\nwait b\n");
    drain();
    client_expect_end(&controller, "ENDED b draining\nENDED a draining\n");
    ck_assert_int_eq(complete, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 0);
}
END_TEST

START_TEST(in_the_delay_everything_goes_on)
{
    char id[ID_BYTES];
    options.delay_ms = 1000;
    client_say(&controller, "wait a\n");
    drain();
    fixture_pass(&fixture, 999);
    client_hand_over(&supervisor, "d", "", &controller, "a", "x", 1, id);
    client_settle_payload(&controller, "ack", "a", id, "OK a\n");
    client_expect(&supervisor, "DELIVERED d 1\n");
    client_ask(&controller, "wait b\n", "");
    fixture_pass(&fixture, 1);
    client_expect_end(&controller, "ENDED b draining\n");
    ck_assert_int_eq(complete, 1);
}
END_TEST

START_TEST(waits_are_ended_evenly_the_newest_first)
{
    options.spread_ms = 1000;
    client_say(&controller, "wait 1\nwait 2\nwait 3\nwait 4\n");
    drain();
    client_expect(&controller, "");
    for (int i = 4; i > 1; i--) {
        char line[64];
        fixture_pass(&fixture, 249);
        client_expect(&controller, "");
        fixture_pass(&fixture, 1);
        snprintf(line, sizeof(line), "ENDED %d draining\n", i);
        client_expect(&controller, line);
    }
    fixture_pass(&fixture, 250);
    client_expect_end(&controller, "ENDED 1 draining\n");
    ck_assert_uint_eq(ends, 1);
}
END_TEST

START_TEST(nothing_new_is_taken)
{
    options.spread_ms = 1000;
    client_say(&controller, "wait 1\nwait 2\n");
    client_say(&supervisor, "wait s -- k=1\n");
    drain();
    client_ask(&controller, "wait 3\n", "ERR 3 " LATE);
    client_ask(&supervisor, "dispatch d 4\nping\n", "ERR d " LATE);
    client_ask(&supervisor, "ping p\n", "OK p 1 " WARMSTART_VERSION_STRING "\n");
    client_say(&supervisor, "drain x\n");
    client_expect_error(&supervisor, "x", "over", NULL);
    ck_assert_uint_eq(requests, 0);
    struct client late;
    client_connect(&late, &fixture);
    client_expect_end(&late, "");
    client_close(&late);
}
END_TEST

START_TEST(dispatches_that_run_go_on_to_waits_that_are_left)
{
    char id[ID_BYTES], next[ID_BYTES];
    options.spread_ms = 1000;
    client_say(&controller, "wait 1\nwait 2\n");
    client_hand_over(&supervisor, "d", "timeout=5000", &controller, "2", "x", 1, id);
    drain();
    client_say(&controller, "refuse r ");
    client_say(&controller, id);
    client_say(&controller, "\n");
    client_expect_first(&controller, "OK r\n");
    client_expect_payload(&controller, "1", "x", 1, next);
    fixture_pass(&fixture, 1000);
    ck_assert_uint_eq(ends, 0);
    client_settle_payload(&controller, "ack", "1", next, "OK 1\n");
    client_expect_end(&supervisor, "DELIVERED d 2\n");
    client_expect_end(&controller, "");
    ck_assert_int_eq(complete, 1);
}
END_TEST

START_TEST(a_body_that_was_begun_is_read_and_refused)
{
    client_say(&supervisor, "dispatch d 4\nha");
    drain();
    client_expect(&supervisor, "");
    client_say(&supervisor, "lf\n");
    client_expect_end(&supervisor, "ERR d " LATE);
}
END_TEST

START_TEST(patience_ends)
{
    char id[ID_BYTES];
    fixture.options.lease_ms = 86400000;
    options.timeout_ms = 500;
    client_say(&controller, "wait 1\n");
    client_hand_over(&supervisor, "d", "timeout=60000 attempts=1", &controller, "1", "x", 1, id);
    drain();
    fixture_pass(&fixture, 499);
    ck_assert_uint_eq(ends, 0);
    fixture_pass(&fixture, 1);
    ck_assert_uint_eq(ends, 1);
    ck_assert_int_eq(complete, 0);
}
END_TEST

/* It has much unread, and what became of its dispatch comes behind that. */
START_TEST(it_is_not_over_before_everybody_was_told)
{
    char id[ID_BYTES];
    client_say(&controller, "wait 1\n");
    client_hand_over(&supervisor, "d", "timeout=60000", &controller, "1", "x", 1, id);
    for (int i = 0; i < 2000; i++)
        client_push(&supervisor, "stats s\n", 8);
    fixture_settle(&fixture);
    drain();
    client_settle_payload(&controller, "ack", "1", id, "OK 1\n");
    ck_assert_uint_eq(fixture_stats(&fixture).dispatches, 0);
    ck_assert_uint_eq(ends, 0);
    client_hear(&supervisor);
    ck_assert(supervisor.closed);
    ck_assert_ptr_nonnull(memmem(supervisor.data, supervisor.bytes, "DELIVERED d 1\n", 14));
    ck_assert_uint_eq(ends, 1);
    ck_assert_int_eq(complete, 1);
    supervisor.bytes = 0;
}
END_TEST

START_TEST(an_operator_can_ask_for_it)
{
    client_say(&controller, "wait a\n");
    client_say(&supervisor, "drain d timeout=5000 spread=20\n");
    client_expect_end(&supervisor, "OK d\n");
    client_expect_end(&controller, "ENDED a draining\n");
    ck_assert_uint_eq(requests, 1);
    ck_assert_uint_eq(request.timeout_ms, 5000);
    ck_assert_uint_eq(request.spread_ms, 20);
    ck_assert_int_eq(complete, 1);
}
END_TEST

START_TEST(a_program_may_not_want_that)
{
    answer = WARMSTART_ERR_INVALID;
    client_say(&supervisor, "drain d\n");
    client_expect_error(&supervisor, "d", "unsupported", NULL);
    ck_assert_uint_eq(request.timeout_ms, 0);
    ck_assert_uint_eq(requests, 1);
}
END_TEST

START_TEST(a_given_socket_is_left_to_the_next_process)
{
    struct client kept;
    char path[128];
    snprintf(path, sizeof(path), "%s/given", fixture.folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    ck_assert_int_eq(warmstart_unix_listen_fd(fixture.server, dup(fd), WARMSTART_UNIX_ALL), 0);
    client_connect_to(&kept, &fixture, path);
    client_ask(&kept, "wait w\n", "");
    drain();
    client_expect_end(&kept, "ENDED w draining\n");
    client_close(&kept);
    /* Nobody accepts; it waits for whoever has the socket too. */
    client_connect_to(&kept, &fixture, path);
    client_expect(&kept, "");
    ck_assert(!kept.closed);
    int accepted = accept(fd, NULL, NULL);
    ck_assert_int_ge(accepted, 0);
    close(accepted);
    client_close(&kept);
    close(fd);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(it_begins_once_and_with_good_options)
{
    struct warmstart_unix_drain_options wrong = options;
    wrong.timeout_ms = 86400001;
    ck_assert_int_eq(warmstart_unix_drain(fixture.server, &wrong), WARMSTART_ERR_INVALID);
    wrong = options;
    wrong.delay_ms = 6000;
    wrong.spread_ms = 4001;
    ck_assert_int_eq(warmstart_unix_drain(fixture.server, &wrong), WARMSTART_ERR_INVALID);
    wrong = options;
    wrong.size = 8;
    ck_assert_int_eq(warmstart_unix_drain(fixture.server, &wrong), WARMSTART_ERR_UNSUPPORTED);
    ck_assert_int_eq(warmstart_unix_drain(NULL, NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_drain(fixture.server, NULL), 0);
    ck_assert_int_eq(warmstart_unix_drain(fixture.server, NULL), WARMSTART_ERR_INVALID);
    fixture_settle(&fixture);
    ck_assert_uint_eq(ends, 0);
}
END_TEST

START_TEST(freeing_settles_what_is_left)
{
    client_say(&controller, "wait 1\nwait 2 -- k=2\n");
    client_say(&supervisor, "dispatch d 1\nx\ndispatch e 100\nhalf");
    warmstart_unix_free(fixture.server);
    fixture.server = NULL;
    ck_assert_uint_eq(fixture_manager_stats(&fixture).waiters, 0);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).dispatches, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unix_drain");
    TCase *tcase = tcase_create("drain");

    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, with_nothing_to_do_it_is_over_at_once);
    tcase_add_test(tcase, waits_are_ended_and_their_connections_closed);
    tcase_add_test(tcase, in_the_delay_everything_goes_on);
    tcase_add_test(tcase, waits_are_ended_evenly_the_newest_first);
    tcase_add_test(tcase, nothing_new_is_taken);
    tcase_add_test(tcase, dispatches_that_run_go_on_to_waits_that_are_left);
    tcase_add_test(tcase, a_body_that_was_begun_is_read_and_refused);
    tcase_add_test(tcase, patience_ends);
    tcase_add_test(tcase, it_is_not_over_before_everybody_was_told);
    tcase_add_test(tcase, an_operator_can_ask_for_it);
    tcase_add_test(tcase, a_program_may_not_want_that);
    tcase_add_test(tcase, a_given_socket_is_left_to_the_next_process);
    tcase_add_test(tcase, it_begins_once_and_with_good_options);
    tcase_add_test(tcase, freeing_settles_what_is_left);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
