/* SPDX-License-Identifier: MIT */
/* How long connections live, and how many an address may have. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client.h"
#include "suite.h"

#define HEADER_MS 10000
#define BODY_MS   30000
#define IDLE_MS   60000
#define POLL_MS   500000
#define BIG_BYTES ((size_t)4 << 20)

static struct fixture fixture;
static struct client client;
static struct client other;

static void start(void)
{
    fixture_open(&fixture);
    client.fd = -1;
    other.fd = -1;
}

static void open_all(void)
{
    fixture_init(&fixture);
    start();
}

static void open_still(void)
{
    fixture_init(&fixture);
    fixture.still = true;
    /* Longer than everything that has to be seen while a poll is held. */
    fixture.options.connection_timeout_ms = POLL_MS;
    fixture.options.dispatch_timeout_ms = 600000;
    start();
}

static void close_all(void)
{
    client_close(&client);
    client_close(&other);
    fixture_close(&fixture);
}

static double timeouts(const char *phase)
{
    char line[80];
    snprintf(line, sizeof(line), "warmstart_http_timeouts_total{phase=\"%s\"}", phase);
    return fixture_metric(&fixture, line);
}

/* Nothing happens a millisecond before the limit, and the connection is closed at it. */
static void expect_closed_after(struct client *one, uint64_t milliseconds)
{
    fixture_pass(&fixture, milliseconds - 1);
    client_expect_silence(one);
    fixture_pass(&fixture, 1);
    client_expect_closed(one);
}

/* A run is delivered, whatever was before. */
static void expect_delivery(void)
{
    struct client controller, supervisor;
    char *message = message_new(NULL, "run_1", 0);
    client_hold(&controller, &fixture, NULL);
    client_connect(&supervisor, &fixture);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&controller, message);
    client_close(&supervisor);
    client_close(&controller);
    free(message);
}

/* ---- Requests that do not come ---- */

START_TEST(a_connection_that_never_sends_is_closed_after_the_header_timeout)
{
    client_connect(&client, &fixture);
    fixture_wait_connections(&fixture, 1);
    expect_closed_after(&client, HEADER_MS);
    fixture_wait_connections(&fixture, 0);
    ck_assert(timeouts("header") == 1);
    expect_delivery();
}
END_TEST

START_TEST(a_request_that_trickles_is_closed_after_the_header_timeout)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: broker\r\nx-filler: 01234567890\r\n";
    client_connect(&client, &fixture);
    fixture_wait_connections(&fixture, 1);
    for (int second = 0; second < HEADER_MS / 1000; second++) {
        client_send(&client, request + second * 6, 6);
        fixture_settle(&fixture);
        client_expect_silence(&client);
        fixture_pass(&fixture, 1000);
    }
    client_wait_closed(&client);
    ck_assert_uint_eq(client.bytes, 0);
    ck_assert(timeouts("header") == 1);
}
END_TEST

START_TEST(headers_that_never_end_are_closed_after_the_header_timeout)
{
    client_connect(&client, &fixture);
    client_send_text(&client, "POST /warm-start HTTP/1.1\r\nHost: broker\r\nContent-Le");
    fixture_settle(&fixture);
    expect_closed_after(&client, HEADER_MS);
}
END_TEST

START_TEST(a_second_request_has_a_header_timeout_of_its_own)
{
    client_connect(&client, &fixture);
    client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: broker\r\n\r\n");
    client_expect(&client, 200, NULL);
    fixture_pass(&fixture, IDLE_MS - 1);
    client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost:");
    fixture_settle(&fixture);
    expect_closed_after(&client, HEADER_MS);
    ck_assert(timeouts("idle") == 0);
}
END_TEST

START_TEST(a_first_line_that_trickles_has_the_idle_timeout)
{
    client_connect(&client, &fixture);
    client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: broker\r\n\r\n");
    client_expect(&client, 200, NULL);
    for (int i = 0; i < 6; i++) {
        client_send_text(&client, "G");
        fixture_settle(&fixture);
        client_expect_silence(&client);
        fixture_pass(&fixture, IDLE_MS / 6);
    }
    client_expect_closed(&client);
    ck_assert(timeouts("idle") == 1);
}
END_TEST

START_TEST(a_connection_without_a_next_request_is_closed_after_the_idle_timeout)
{
    client_connect(&client, &fixture);
    for (int i = 0; i < 3; i++) {
        client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: broker\r\n\r\n");
        client_expect(&client, 200, NULL);
        fixture_pass(&fixture, IDLE_MS - 1);
        client_expect_silence(&client);
    }
    fixture_pass(&fixture, 1);
    client_expect_closed(&client);
    ck_assert(timeouts("idle") == 1);
}
END_TEST

/* ---- Bodies ---- */

static void send_half_a_post(struct client *one)
{
    client_send_text(one, "POST /warm-start HTTP/1.1\r\nHost: broker\r\nContent-Length: 1000\r\n\r\n"
                          "{\"dequeuedMessage\":");
}

START_TEST(a_half_sent_post_is_closed_after_the_body_timeout_and_takes_no_controller)
{
    client_hold(&other, &fixture, NULL);
    client_connect(&client, &fixture);
    send_half_a_post(&client);
    fixture_settle(&fixture);
    expect_closed_after(&client, BODY_MS);
    ck_assert(timeouts("body") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
    ck_assert_uint_eq(fixture_stats(&fixture).held, 1);
    client_expect_silence(&other);
}
END_TEST

START_TEST(a_body_that_trickles_is_closed_after_the_body_timeout)
{
    client_connect(&client, &fixture);
    send_half_a_post(&client);
    for (int second = 0; second < BODY_MS / 1000; second++) {
        client_send_text(&client, " ");
        fixture_settle(&fixture);
        client_expect_silence(&client);
        fixture_pass(&fixture, 1000);
    }
    client_wait_closed(&client);
    ck_assert_uint_eq(client.bytes, 0);
    ck_assert(timeouts("body") == 1);
}
END_TEST

START_TEST(chunks_that_trickle_are_closed_after_the_body_timeout)
{
    client_connect(&client, &fixture);
    client_send_text(&client,
                     "POST /warm-start HTTP/1.1\r\nHost: broker\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int second = 0; second < BODY_MS / 1000; second++) {
        client_send_text(&client, "1\r\n \r\n");
        fixture_settle(&fixture);
        client_expect_silence(&client);
        fixture_pass(&fixture, 1000);
    }
    client_wait_closed(&client);
    ck_assert_uint_eq(client.bytes, 0);
}
END_TEST

START_TEST(an_answer_that_nobody_reads_is_closed_after_the_body_timeout)
{
    char requests[4096] = "";
    client_connect_narrow(&client, &fixture);
    for (int i = 0; i < 64; i++)
        strcat(requests, "GET /metrics HTTP/1.1\r\nHost: broker\r\n\r\n");
    /* Until the server has no room for answers any more and does not read either. */
    for (int i = 0; i < 64; i++) {
        ssize_t sent = send(client.fd, requests, strlen(requests), MSG_DONTWAIT | MSG_NOSIGNAL);
        fixture_settle(&fixture);
        if (sent < 0)
            break;
    }
    fixture_pass(&fixture, BODY_MS - 1);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 1);
    fixture_pass(&fixture, 1);
    fixture_wait_connections(&fixture, 0);
    ck_assert(timeouts("body") == 1);
}
END_TEST

/* ---- Supervisors that leave ---- */

/* Leaves when so many bytes of a POST were sent; the controller is still there for the next. */
static void leave_after(const char *post, size_t bytes, bool aborts)
{
    client_connect(&client, &fixture);
    client_send(&client, post, bytes);
    fixture_settle(&fixture);
    if (aborts)
        client_abort(&client);
    else
        client_close(&client);
    fixture_wait_connections(&fixture, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).held, 1);
    client_expect_silence(&other);
}

START_TEST(a_supervisor_that_leaves_before_its_post_is_whole_takes_no_controller)
{
    char *message = message_new(NULL, "run_1", 0);
    char post[2048];
    int bytes = snprintf(post, sizeof(post),
                         "POST /warm-start HTTP/1.1\r\nHost: broker\r\nContent-Length: %zu\r\n\r\n"
                         "{\"dequeuedMessage\":%s}",
                         strlen(message) + 20, message);
    client_hold(&other, &fixture, NULL);
    for (size_t sent = 0; sent < (size_t)bytes; sent++)
        leave_after(post, sent, sent % 2 == 0);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
    client_connect(&client, &fixture);
    ck_assert(client_dispatched(&client, message));
    client_expect_message(&other, message);
    free(message);
}
END_TEST

START_TEST(a_supervisor_that_sent_its_post_and_left_at_once_takes_no_controller)
{
    char *message = message_new(NULL, "run_1", 0);
    client_hold(&other, &fixture, NULL);
    for (int i = 0; i < 20; i++) {
        client_connect(&client, &fixture);
        client_dispatch(&client, message);
        if (i % 2 == 0)
            client_abort(&client);
        else
            client_close(&client);
        fixture_wait_connections(&fixture, 1);
        ck_assert_uint_eq(fixture_stats(&fixture).held, 1);
        client_expect_silence(&other);
    }
    free(message);
}
END_TEST

START_TEST(a_supervisor_that_leaves_while_its_run_is_written_is_counted_all_the_same)
{
    char *message = message_new(NULL, "run_1", BIG_BYTES);
    client_connect_narrow(&other, &fixture);
    client_poll(&other, NULL);
    fixture_wait_held(&fixture, 1);
    client_connect(&client, &fixture);
    client_dispatch(&client, message);
    fixture_settle(&fixture);
    client_abort(&client);
    fixture_settle(&fixture);
    client_expect_message(&other, message);
    fixture_wait_connections(&fixture, 1);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).dispatches, 0);
    ck_assert(fixture_metric(&fixture, "warmstart_dispatches_total{outcome=\"delivered\"}") == 1);
    ck_assert(fixture_metric(&fixture, "warmstart_http_body_bytes") == 0);
    free(message);
}
END_TEST

/* ---- What is held ---- */

START_TEST(a_held_poll_is_never_closed_for_taking_long)
{
    client_hold(&client, &fixture, NULL);
    for (uint64_t passed = 0; passed + 5000 < POLL_MS; passed += 5000) {
        fixture_pass(&fixture, 5000);
        client_expect_silence(&client);
    }
    ck_assert_uint_eq(fixture_stats(&fixture).held, 1);
    fixture_pass(&fixture, 10000);
    client_expect_closed(&client);
    ck_assert(timeouts("header") + timeouts("body") + timeouts("idle") == 0);
}
END_TEST

START_TEST(a_post_that_waits_for_its_controller_is_not_closed)
{
    char *message = message_new(NULL, "run_1", BIG_BYTES);
    client_connect_narrow(&other, &fixture);
    client_poll(&other, NULL);
    fixture_wait_held(&fixture, 1);
    client_connect(&client, &fixture);
    client_dispatch(&client, message);
    fixture_settle(&fixture);
    fixture_pass(&fixture, HEADER_MS + BODY_MS + IDLE_MS);
    client_expect_silence(&client);
    client_expect_message(&other, message);
    client_expect(&client, 200, "{\"didWarmStart\":true}");
    free(message);
}
END_TEST

START_TEST(after_a_message_a_connection_is_idle)
{
    char *message = message_new(NULL, "run_1", 0);
    client_hold(&client, &fixture, NULL);
    client_connect(&other, &fixture);
    ck_assert(client_dispatched(&other, message));
    client_expect_message(&client, message);
    fixture_settle(&fixture);
    fixture_pass(&fixture, IDLE_MS - 1);
    client_expect_silence(&client);
    fixture_pass(&fixture, 1);
    client_expect_closed(&client);
    client_expect_closed(&other);
    free(message);
}
END_TEST

START_TEST(what_arrives_with_the_end_of_the_time_is_not_served)
{
    char *message = message_new(NULL, "run_1", 0);
    client_hold(&other, &fixture, NULL);
    client_connect(&client, &fixture);
    ck_assert(!client_dispatched(&client, "{}"));
    /* The request is in the server's socket, and it has not looked yet. */
    fixture.now += (uint64_t)IDLE_MS * 1000000;
    client_dispatch(&client, message);
    fixture_settle(&fixture);
    client_receive(&client);
    bool served = client.bytes > 0;
    client_receive(&other);
    ck_assert(served == (other.bytes > 0));
    ck_assert(served == (fixture_stats(&fixture).held == 0));
    free(message);
}
END_TEST

START_TEST(a_new_poll_waits_while_the_older_of_its_controller_is_written_to)
{
    char *message = message_new(NULL, "run_1", BIG_BYTES);
    struct client newer;
    client_connect_narrow(&other, &fixture);
    client_poll(&other, NULL);
    fixture_wait_held(&fixture, 1);
    client_connect(&client, &fixture);
    client_dispatch(&client, message);
    fixture_settle(&fixture);
    client_hold(&newer, &fixture, NULL);
    fixture_settle(&fixture);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).waiters_blocked, 1);
    client_expect_silence(&newer);
    client_expect_silence(&client);
    client_expect_message(&other, message);
    client_expect(&client, 200, "{\"didWarmStart\":true}");
    /* It was delivered: the newer one waits for the next run. */
    client_expect_silence(&newer);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).waiters_waiting, 1);
    free(message);
    client_close(&newer);
}
END_TEST

START_TEST(a_new_poll_gets_what_the_older_of_its_controller_lost)
{
    char *message = message_new(NULL, "run_1", BIG_BYTES);
    struct client newer;
    client_connect_narrow(&other, &fixture);
    client_poll(&other, NULL);
    fixture_wait_held(&fixture, 1);
    client_connect(&client, &fixture);
    client_dispatch(&client, message);
    fixture_settle(&fixture);
    client_hold(&newer, &fixture, NULL);
    client_abort(&other);
    client_expect_message(&newer, message);
    client_expect(&client, 200, "{\"didWarmStart\":true}");
    free(message);
    client_close(&newer);
}
END_TEST

/* ---- Keepalive ---- */

static int number_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t bytes = sizeof(value);
    ck_assert_int_eq(getsockopt(fd, level, name, &value, &bytes), 0);
    return value;
}

/* The server's socket of a client of ours: it is in this process too. */
static int server_side(const struct client *one)
{
    struct rlimit limit;
    struct sockaddr_in wanted;
    socklen_t bytes = sizeof(wanted);
    ck_assert_int_eq(getsockname(one->fd, (struct sockaddr *)&wanted, &bytes), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int fd = 0; fd < (int)limit.rlim_cur; fd++) {
        struct sockaddr_in peer;
        bytes = sizeof(peer);
        if (getpeername(fd, (struct sockaddr *)&peer, &bytes) == 0 && peer.sin_family == AF_INET &&
            peer.sin_port == wanted.sin_port && peer.sin_addr.s_addr == wanted.sin_addr.s_addr)
            return fd;
    }
    ck_abort_msg("the server has no such connection");
    return -1;
}

START_TEST(a_connection_is_probed_when_its_peer_is_silent)
{
    client_hold(&client, &fixture, NULL);
    int fd = server_side(&client);
    ck_assert_int_eq(number_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 5);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 2);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 2);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 9000);
}
END_TEST

static void open_without_probes(void)
{
    fixture_init(&fixture);
    fixture.options.tcp_keepalive_idle_s = 0;
    start();
}

START_TEST(without_keepalive_nobody_is_probed)
{
    client_hold(&client, &fixture, NULL);
    int fd = server_side(&client);
    ck_assert_int_eq(number_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}
END_TEST

/* ---- Connections of one address ---- */

static void open_limited(void)
{
    fixture_init(&fixture);
    fixture.options.connections_per_address_max = 2;
    fixture.options.connections_max = 5;
    start();
}

static void connect_from(struct client *one, const char *address)
{
    struct sockaddr_storage from = {.ss_family = AF_INET};
    ck_assert_int_eq(inet_pton(AF_INET, address, &((struct sockaddr_in *)&from)->sin_addr), 1);
    client_connect_from(one, &fixture, &from);
}

START_TEST(one_address_has_only_so_many_connections)
{
    struct client extra;
    client_connect(&client, &fixture);
    client_connect(&other, &fixture);
    fixture_wait_connections(&fixture, 2);
    client_connect(&extra, &fixture);
    client_expect_error(&extra, 503, "address_limit", NULL);
    client_wait_closed(&extra);
    client_close(&extra);
    ck_assert_uint_eq(fixture_stats(&fixture).connections_refused_total, 1);
    connect_from(&extra, "127.0.0.2");
    client_send_text(&extra, "GET /healthz HTTP/1.1\r\nHost: broker\r\n\r\n");
    client_expect(&extra, 200, NULL);
    client_close(&extra);
    client_close(&other);
    fixture_wait_connections(&fixture, 1);
    client_connect(&other, &fixture);
    client_send_text(&other, "GET /healthz HTTP/1.1\r\nHost: broker\r\n\r\n");
    client_expect(&other, 200, NULL);
}
END_TEST

START_TEST(every_address_that_leaves_makes_room_in_the_table)
{
    char address[32];
    struct client many[5];
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 5; i++) {
            snprintf(address, sizeof(address), "127.%d.%d.%d", round % 7, (i * 31 + round) % 256, i + 1);
            connect_from(&many[i], address);
        }
        fixture_wait_connections(&fixture, 5);
        for (int i = 0; i < 5; i++)
            client_close(&many[(i * 2 + round) % 5]);
        fixture_wait_connections(&fixture, 0);
    }
    ck_assert_uint_eq(fixture_stats(&fixture).connections_refused_total, 0);
    /* Nobody was left behind in the table: everyone may have two again. */
    client_connect(&client, &fixture);
    client_connect(&other, &fixture);
    fixture_wait_connections(&fixture, 2);
}
END_TEST

START_TEST(a_unix_socket_has_no_address)
{
    struct client many[4];
    char path[64];
    snprintf(path, sizeof(path), "unix:/tmp/warmstart-life-%d.sock", (int)getpid());
    struct sockaddr_storage address = fixture_listen(&fixture, path, WARMSTART_HTTP_ALL);
    for (int i = 0; i < 4; i++)
        client_connect_to(&many[i], &fixture, &address);
    fixture_wait_connections(&fixture, 4);
    for (int i = 0; i < 4; i++)
        client_close(&many[i]);
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
    const TTest *const still[] = {
        a_connection_that_never_sends_is_closed_after_the_header_timeout,
        a_request_that_trickles_is_closed_after_the_header_timeout,
        headers_that_never_end_are_closed_after_the_header_timeout,
        a_second_request_has_a_header_timeout_of_its_own,
        a_first_line_that_trickles_has_the_idle_timeout,
        a_connection_without_a_next_request_is_closed_after_the_idle_timeout,
        a_half_sent_post_is_closed_after_the_body_timeout_and_takes_no_controller,
        a_body_that_trickles_is_closed_after_the_body_timeout,
        chunks_that_trickle_are_closed_after_the_body_timeout,
        an_answer_that_nobody_reads_is_closed_after_the_body_timeout,
        a_supervisor_that_leaves_before_its_post_is_whole_takes_no_controller,
        a_supervisor_that_sent_its_post_and_left_at_once_takes_no_controller,
        a_supervisor_that_leaves_while_its_run_is_written_is_counted_all_the_same,
        a_held_poll_is_never_closed_for_taking_long,
        a_post_that_waits_for_its_controller_is_not_closed,
        after_a_message_a_connection_is_idle,
        what_arrives_with_the_end_of_the_time_is_not_served,
        a_new_poll_waits_while_the_older_of_its_controller_is_written_to,
        a_new_poll_gets_what_the_older_of_its_controller_lost,
    };
    const TTest *const usual[] = {a_connection_is_probed_when_its_peer_is_silent};
    const TTest *const unprobed[] = {without_keepalive_nobody_is_probed};
    const TTest *const limited[] = {
        one_address_has_only_so_many_connections,
        every_address_that_leaves_makes_room_in_the_table,
        a_unix_socket_has_no_address,
    };
    Suite *suite = suite_create("http_life");
    ADD(suite, "still", open_still, still);
    ADD(suite, "usual", open_all, usual);
    ADD(suite, "unprobed", open_without_probes, unprobed);
    ADD(suite, "limited", open_limited, limited);
    return suite_run(suite);
}
