/* SPDX-License-Identifier: MIT */
/* Listening sockets that were opened by someone else. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "foreign.h"
#include "suite.h"

static struct fixture fixture;
static struct warmstart_http *successor;
static struct sockaddr_storage address; /* of `given` */
static int given;                       /* listens; stays ours */

/* Gives the server a descriptor of its own of our socket, as a new process would have it. */
static void give(struct warmstart_http *http, enum warmstart_http_role role)
{
    int fd = dup(given);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(warmstart_http_listen_fd(http, fd, role, NULL, 0), 0);
}

static void open_given(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    fixture_open(&fixture);
    given = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(given, (struct sockaddr *)&any, sizeof(any)), 0);
    ck_assert_int_eq(listen(given, 100), 0);
    ck_assert_int_eq(getsockname(given, (struct sockaddr *)&address, &bytes), 0);
    successor = NULL;
}

static void open_all(void)
{
    fixture_init(&fixture);
    open_given();
}

/* Time stands still, and what is delivered is watched for longer than it takes to hand on. */
static void open_still(void)
{
    fixture_init(&fixture);
    fixture.still = true;
    fixture.options.confirm = WARMSTART_HTTP_CONFIRM_ACK;
    fixture.options.confirm_linger_ms = 500;
    open_given();
    give(fixture.http, WARMSTART_HTTP_ALL);
}

static void close_all(void)
{
    close(given);
    warmstart_http_free(successor);
    fixture_close(&fixture);
}

static void ask(struct client *client)
{
    client_connect_to(client, &fixture, &address);
    client_send_text(client, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
}

static void expect_served(void)
{
    struct client client;
    ask(&client);
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    client_close(&client);
}

static void drain(uint32_t spread_ms)
{
    struct warmstart_http_drain_options options;
    warmstart_http_drain_options_init(&options);
    options.spread_ms = spread_ms;
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &options), 0);
}

START_TEST(a_given_socket_is_served_and_its_address_told)
{
    char url[64], wanted[64];
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
    snprintf(wanted, sizeof(wanted), "http://127.0.0.1:%u", (unsigned)ntohs(four->sin_port));
    int fd = dup(given);
    ck_assert_int_eq(warmstart_http_listen_fd(fixture.http, fd, WARMSTART_HTTP_ALL, url, sizeof(url)), 0);
    ck_assert_str_eq(url, wanted);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    expect_served();
}
END_TEST

/* Whoever shares it can do that, and the kernel says without end that there is something to accept. */
START_TEST(a_given_socket_that_is_shut_down_rests_until_somebody_listens_again)
{
    ck_assert_int_eq(shutdown(given, SHUT_RDWR), 0);
    fixture_settle(&fixture);
    socklen_t bytes = sizeof(address);
    ck_assert_int_eq(listen(given, 100), 0);
    ck_assert_int_eq(getsockname(given, (struct sockaddr *)&address, &bytes), 0);
    fixture_pass(&fixture, 100);
    expect_served();
}
END_TEST

START_TEST(a_given_socket_serves_its_role_only)
{
    struct client client;
    give(fixture.http, WARMSTART_HTTP_DISPATCH);
    client_connect_to(&client, &fixture, &address);
    client_poll(&client, NULL);
    client_expect_error(&client, 405, "method_not_allowed", NULL);
    client_close(&client);
}
END_TEST

START_TEST(what_does_not_listen_is_refused_and_left_open)
{
    int ends[2], wrong[4];
    ck_assert_int_eq(pipe(ends), 0);
    wrong[0] = ends[0];
    wrong[1] = socket(AF_INET, SOCK_STREAM, 0);
    wrong[2] = socket(AF_INET, SOCK_DGRAM, 0);
    wrong[3] = open("/dev/null", O_RDONLY);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(warmstart_http_listen_fd(fixture.http, wrong[i], WARMSTART_HTTP_ALL, NULL, 0),
                         WARMSTART_ERR_INVALID);
        ck_assert_int_eq(close(wrong[i]), 0);
    }
    close(ends[1]);
    ck_assert_int_eq(warmstart_http_listen_fd(fixture.http, -1, WARMSTART_HTTP_ALL, NULL, 0),
                     WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_listen_fd(fixture.http, wrong[3], WARMSTART_HTTP_ALL, NULL, 0),
                     WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_listen_fd(fixture.http, given, (enum warmstart_http_role)4, NULL, 0),
                     WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_listen_fd(NULL, given, WARMSTART_HTTP_ALL, NULL, 0),
                     WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(the_file_of_a_given_unix_socket_stays)
{
    char folder[] = "/tmp/warmstart-XXXXXX";
    struct sockaddr_un *path = (struct sockaddr_un *)&address;
    struct stat status;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    address = (struct sockaddr_storage){.ss_family = AF_UNIX};
    snprintf(path->sun_path, sizeof(path->sun_path), "%s/socket", folder);
    close(given);
    given = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(given, (struct sockaddr *)path, sizeof(*path)), 0);
    ck_assert_int_eq(listen(given, 10), 0);
    give(fixture.http, WARMSTART_HTTP_ALL);
    expect_served();
    warmstart_http_free(fixture.http);
    ck_assert_int_eq(warmstart_http_new(fixture.loop, NULL, &fixture.http), 0);
    ck_assert_int_eq(lstat(path->sun_path, &status), 0);
    give(fixture.http, WARMSTART_HTTP_ALL);
    expect_served();
    unlink(path->sun_path);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(what_comes_to_a_given_socket_after_the_drain_waits_for_the_next_process)
{
    struct client client;
    give(fixture.http, WARMSTART_HTTP_ALL);
    drain(0);
    ask(&client);
    fixture_settle(&fixture);
    client_expect_silence(&client);
    warmstart_http_free(fixture.http);
    fixture.http = NULL;
    client_expect_silence(&client);
    ck_assert_int_eq(warmstart_http_new(fixture.loop, NULL, &successor), 0);
    give(successor, WARMSTART_HTTP_ALL);
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    client_close(&client);
}
END_TEST

START_TEST(unused_connections_are_closed_so_that_nothing_more_is_sent_here)
{
    struct client unused, idle, own;
    give(fixture.http, WARMSTART_HTTP_ALL);
    client_connect(&own, &fixture);
    client_connect_to(&unused, &fixture, &address);
    ask(&idle);
    client_expect(&idle, 200, "{\"status\":\"ok\"}");
    fixture_wait_connections(&fixture, 3);
    drain(0);
    client_expect_closed(&unused);
    client_expect_closed(&idle);
    ck_assert(!unused.reset && !idle.reset);
    client_send_text(&own, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&own, 200, "{\"status\":\"ok\"}");
    client_close(&unused);
    client_close(&idle);
    client_close(&own);
}
END_TEST

START_TEST(a_late_poll_is_redirected_when_a_new_connection_is_the_next_process_s)
{
    struct client late;
    struct response response;
    struct warmstart_http_drain_options options;
    warmstart_http_drain_options_init(&options);
    options.parting = WARMSTART_HTTP_REDIRECT;
    give(fixture.http, WARMSTART_HTTP_ALL);
    client_connect_to(&late, &fixture, &address);
    client_send_text(&late, "GET /warm-start HTTP/1.1\r\n");
    fixture_wait_connections(&fixture, 1);
    fixture_settle(&fixture);
    client_send_text(&late, "Host: x\r\n");
    ck_assert_int_eq(warmstart_http_drain(fixture.http, &options), 0);
    client_send_text(&late, "\r\n");
    client_response(&late, &response);
    ck_assert_int_eq(response.status, 307);
    response_free(&response);
    client_expect_closed(&late);
    client_close(&late);
}
END_TEST

START_TEST(a_given_socket_for_polls_alone_waits_from_the_beginning_of_the_spread)
{
    struct client poll, client;
    give(fixture.http, WARMSTART_HTTP_POLL);
    client_hold(&poll, &fixture, NULL);
    drain(8000);
    ask(&client);
    fixture_settle(&fixture);
    client_expect_silence(&client);
    client_close(&poll);
    client_close(&client);
}
END_TEST

START_TEST(a_given_socket_for_posts_answers_until_the_end_of_the_spread)
{
    struct client poll, client;
    give(fixture.http, WARMSTART_HTTP_DISPATCH);
    client_hold(&poll, &fixture, NULL);
    drain(8000);
    expect_served();
    client_close(&poll);
    fixture_wait_held(&fixture, 0);
    fixture_settle(&fixture);
    ask(&client);
    fixture_settle(&fixture);
    client_expect_silence(&client);
    client_close(&client);
}
END_TEST

/* ---- Handing on, with the clock in our hands ---- */

/* Holds a poll that came by the given socket. */
static void hold(struct client *client, const char *controller)
{
    uint64_t held = fixture_stats(&fixture).held;
    client_connect_to(client, &fixture, &address);
    client_poll(client, &(struct identity){.controller = controller});
    fixture_wait_held(&fixture, held + 1);
}

/* A connection that has been used and is not just now. */
static void idle(struct client *client)
{
    ask(client);
    client_expect(client, 200, "{\"status\":\"ok\"}");
}

static void expect_end_of(struct client *client)
{
    client_expect_closed(client);
    ck_assert(!client->reset);
    client_close(client);
}

START_TEST(polls_that_come_back_soon_are_held_and_let_go_with_all_others_at_last)
{
    struct client first, second, unused, supervisor;
    struct response response;
    idle(&unused);
    idle(&supervisor);
    idle(&second);
    hold(&first, "first");
    drain(0);
    char *message = message_new(NULL, "run_1", 0);
    client_dispatch(&supervisor, message);
    client_response(&supervisor, &response);
    ck_assert_str_eq(response.body, "{\"didWarmStart\":false}");
    ck_assert_str_eq(response_header(&response, "x-warmstart-outcome"), "draining");
    ck_assert_str_eq(response_header(&response, "connection"), "close");
    fixture_pass(&fixture, 19);
    client_poll(&second, &(struct identity){.controller = "second"});
    fixture_wait_held(&fixture, 2);
    fixture_pass(&fixture, 19);
    client_expect_silence(&unused);
    fixture_pass(&fixture, 1);
    client_expect_closed(&unused);
    client_expect_silence(&first);
    client_expect_silence(&second);
    fixture_pass(&fixture, 9);
    client_expect_silence(&first);
    fixture_pass(&fixture, 1);
    expect_end_of(&first);
    expect_end_of(&second);
    client_close(&unused);
    client_close(&supervisor);
    response_free(&response);
    free(message);
}
END_TEST

START_TEST(nobody_waits_for_long_until_polls_stop_coming)
{
    struct client unused, polls[20];
    idle(&unused);
    for (size_t i = 1; i < 20; i++)
        idle(&polls[i]);
    hold(&polls[0], "controller_0");
    drain(0);
    for (size_t i = 1; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof(name), "controller_%zu", i);
        fixture_pass(&fixture, 10);
        client_expect_silence(&unused);
        client_poll(&polls[i], &(struct identity){.controller = name});
        fixture_wait_held(&fixture, i + 1);
    }
    fixture_pass(&fixture, 10);
    client_expect_closed(&unused);
    fixture_pass(&fixture, 10);
    for (size_t i = 0; i < 20; i++)
        expect_end_of(&polls[i]);
    client_close(&unused);
}
END_TEST

START_TEST(a_broker_where_nothing_happens_hands_on_at_once)
{
    struct client poll, unused;
    idle(&unused);
    hold(&poll, NULL);
    fixture_pass(&fixture, 20);
    drain(0);
    fixture_settle(&fixture);
    expect_end_of(&unused);
    fixture_pass(&fixture, 10);
    expect_end_of(&poll);
}
END_TEST

START_TEST(a_late_poll_is_closed_when_all_is_handed_on)
{
    struct client late;
    client_connect_to(&late, &fixture, &address);
    client_send_text(&late, "GET /warm-start HTTP/1.1\r\n");
    fixture_wait_connections(&fixture, 1);
    fixture_settle(&fixture);
    client_send_text(&late, "Host: x\r\n");
    drain(0);
    client_send_text(&late, "\r\n");
    expect_end_of(&late);
}
END_TEST

START_TEST(a_connection_is_closed_behind_a_message_that_is_not_confirmed_yet)
{
    struct client poll, supervisor;
    char *message = message_new(NULL, "run_1", 0);
    client_connect(&supervisor, &fixture);
    hold(&poll, NULL);
    client_dispatch(&supervisor, message);
    client_expect_message(&poll, message);
    drain(0);
    fixture_pass(&fixture, 19);
    client_expect_silence(&poll);
    fixture_pass(&fixture, 1);
    expect_end_of(&poll);
    client_expect_silence(&supervisor);
    fixture_pass(&fixture, 480);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    client_close(&supervisor);
    free(message);
}
END_TEST

/* The server's descriptor of a connection, which is in this process too. */
static int other_side(const struct client *client)
{
    struct sockaddr_in own, peer;
    socklen_t bytes = sizeof(own);
    ck_assert_int_eq(getsockname(client->fd, (struct sockaddr *)&own, &bytes), 0);
    for (int fd = 3; fd < 1024; fd++) {
        bytes = sizeof(peer);
        if (getpeername(fd, (struct sockaddr *)&peer, &bytes) == 0 && bytes == sizeof(peer) &&
            peer.sin_port == own.sin_port && peer.sin_addr.s_addr == own.sin_addr.s_addr)
            return fd;
    }
    ck_abort_msg("the server does not have that connection");
}

static bool has_been_heard(void *fd)
{
    struct tcp_info info;
    socklen_t bytes = sizeof(info);
    ck_assert_int_eq(getsockopt(*(int *)fd, IPPROTO_TCP, TCP_INFO, &info, &bytes), 0);
    return info.tcpi_state == TCP_FIN_WAIT2;
}

START_TEST(who_closes_unread_at_that_end_has_not_got_it)
{
    struct client poll, supervisor;
    char *message = message_new(NULL, "run_1", 0);
    client_connect(&supervisor, &fixture);
    hold(&poll, NULL);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    drain(0);
    fixture_pass(&fixture, 20);
    /* Only when our end is acknowledged too a reset looks much like a connection that has ended well. */
    int fd = other_side(&poll);
    fixture_pump(&fixture, has_been_heard, &fd);
    close(poll.fd); /* with a message unread: the kernel resets */
    poll.fd = -1;
    client_expect(&supervisor, 200, "{\"didWarmStart\":false}");
    client_close(&poll);
    client_close(&supervisor);
    free(message);
}
END_TEST

START_TEST(a_run_that_finds_its_controller_late_ends_that_connection)
{
    struct foreign foreign;
    struct client poll, supervisor;
    struct response response;
    char *message = message_new(NULL, "run_1", 0);
    foreign_attach(&foreign, &fixture);
    client_connect(&supervisor, &fixture);
    hold(&poll, NULL);
    foreign_wait(&foreign); /* the newest */
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    ck_assert_uint_eq(foreign.delivers, 1);
    drain(0);
    fixture_pass(&fixture, 20);
    warmstart_loop_report(fixture.loop, foreign.waiter, WARMSTART_OUTCOME_LOST);
    client_expect_message(&poll, message);
    expect_end_of(&poll);
    fixture_pass(&fixture, 500);
    client_response(&supervisor, &response);
    ck_assert_str_eq(response.body, "{\"didWarmStart\":true}");
    ck_assert_str_eq(response_header(&response, "connection"), "close");
    response_free(&response);
    client_close(&supervisor);
    foreign_detach(&foreign);
    free(message);
}
END_TEST

START_TEST(who_has_to_acknowledge_can_do_so_on_the_same_connection)
{
    struct client poll, supervisor;
    struct response response;
    char text[256], *message = message_new(NULL, "run_1", 0);
    client_connect(&supervisor, &fixture);
    client_connect_to(&poll, &fixture, &address);
    client_send_text(&poll, "GET /warm-start HTTP/1.1\r\nHost: x\r\nx-warmstart-ack: required\r\n"
                            "x-trigger-workload-controller-id: controller_1\r\n"
                            "x-trigger-deployment-id: deployment_1\r\n"
                            "x-trigger-deployment-version: 20260327.4\r\n"
                            "x-trigger-machine-cpu: 0.5\r\nx-trigger-machine-memory: 0.5\r\n\r\n");
    fixture_wait_held(&fixture, 1);
    client_dispatch(&supervisor, message);
    client_response(&poll, &response);
    ck_assert_str_eq(response.body, message);
    drain(0);
    fixture_pass(&fixture, 40);
    client_expect_silence(&poll);
    snprintf(text, sizeof(text), "POST /warm-start/ack/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
             response_header(&response, "x-warmstart-delivery-id"));
    client_send_text(&poll, text);
    client_expect(&poll, 200, "{\"acknowledged\":true}");
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    response_free(&response);
    client_close(&poll);
    client_close(&supervisor);
    free(message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_given");
    TCase *tests = tcase_create("given");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_given_socket_is_served_and_its_address_told);
    tcase_add_test(tests, a_given_socket_serves_its_role_only);
    tcase_add_test(tests, what_does_not_listen_is_refused_and_left_open);
    tcase_add_test(tests, the_file_of_a_given_unix_socket_stays);
    tcase_add_test(tests, what_comes_to_a_given_socket_after_the_drain_waits_for_the_next_process);
    tcase_add_test(tests, unused_connections_are_closed_so_that_nothing_more_is_sent_here);
    tcase_add_test(tests, a_late_poll_is_redirected_when_a_new_connection_is_the_next_process_s);
    tcase_add_test(tests, a_given_socket_for_polls_alone_waits_from_the_beginning_of_the_spread);
    tcase_add_test(tests, a_given_socket_for_posts_answers_until_the_end_of_the_spread);
    suite_add_tcase(suite, tests);
    TCase *still = tcase_create("handing_on");
    tcase_add_checked_fixture(still, open_still, close_all);
    tcase_set_timeout(still, 120);
    tcase_add_test(still, polls_that_come_back_soon_are_held_and_let_go_with_all_others_at_last);
    tcase_add_test(still, nobody_waits_for_long_until_polls_stop_coming);
    tcase_add_test(still, a_broker_where_nothing_happens_hands_on_at_once);
    tcase_add_test(still, a_late_poll_is_closed_when_all_is_handed_on);
    tcase_add_test(still, a_connection_is_closed_behind_a_message_that_is_not_confirmed_yet);
    tcase_add_test(still, who_closes_unread_at_that_end_has_not_got_it);
    tcase_add_test(still, a_run_that_finds_its_controller_late_ends_that_connection);
    tcase_add_test(still, a_given_socket_that_is_shut_down_rests_until_somebody_listens_again);
    tcase_add_test(still, who_has_to_acknowledge_can_do_so_on_the_same_connection);
    suite_add_tcase(suite, still);
    return suite_run(suite);
}
