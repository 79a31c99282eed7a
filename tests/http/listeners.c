/* SPDX-License-Identifier: MIT */
/* Addresses, sockets, limits of connections, running out of descriptors. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "descriptors.h"
#include "folder_lock.h"
#include "suite.h"

static struct fixture fixture;
static char folder[64];
static char path[96];
static char address[112];

static void open_all(void)
{
    fixture_init(&fixture);
    fixture_open(&fixture);
    strcpy(folder, "/tmp/warmstart-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/socket", folder);
    snprintf(address, sizeof(address), "unix:%s", path);
}

static void close_all(void)
{
    fixture_close(&fixture);
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void expect_healthy(const struct sockaddr_storage *where)
{
    struct client client;
    client_connect_to(&client, &fixture, where);
    client_send_text(&client, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&client, 200, "{\"status\":\"ok\"}");
    client_close(&client);
}

static int listen_on(const char *where)
{
    return warmstart_http_listen(fixture.http, where, WARMSTART_HTTP_ALL, NULL, 0);
}

/* ---- Addresses ---- */

START_TEST(what_is_no_address_is_refused)
{
    static const char *const wrong[] = {
        "",           "127.0.0.1",   ":8080",        "127.0.0.1:",     "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:", "::1:8080",    "[::1]",        "[::1]8080",      "[::1]:",          "[]:80",
        "[::1:80",    "[host]:80",   "127.0.0.1:8 ", "127.0.0.1:0x50", "unix:",           "999.999.999.999:0",
        "a..b:0",     "[1.2.3.4]:0",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(listen_on(wrong[i]) == WARMSTART_ERR_INVALID, "%s", wrong[i]);
    char long_path[200] = "unix:/";
    memset(long_path + 6, 'a', 193);
    ck_assert_int_eq(listen_on(long_path), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_listen(fixture.http, "127.0.0.1:0", (enum warmstart_http_role)0, NULL, 0),
                     WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_listen(fixture.http, "127.0.0.1:0", (enum warmstart_http_role)4, NULL, 0),
                     WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_listen(NULL, "127.0.0.1:0", WARMSTART_HTTP_ALL, NULL, 0),
                     WARMSTART_ERR_INVALID);
    ck_assert_int_eq(listen_on(NULL), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(a_port_that_is_taken_is_an_error_that_says_so)
{
    char url[64];
    ck_assert_int_eq(warmstart_http_listen(fixture.http, "127.0.0.1:0", WARMSTART_HTTP_ALL, url, sizeof(url)),
                     0);
    ck_assert_int_eq(listen_on(url + strlen("http://")), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EADDRINUSE);
}
END_TEST

START_TEST(the_real_address_is_told_and_cut_to_its_room)
{
    char url[8];
    ck_assert_int_eq(warmstart_http_listen(fixture.http, "127.0.0.1:0", WARMSTART_HTTP_ALL, url, sizeof(url)),
                     0);
    ck_assert_str_eq(url, "http://");
}
END_TEST

START_TEST(a_name_is_listened_on_with_all_its_addresses_on_one_port)
{
    struct sockaddr_storage where = fixture_listen(&fixture, "localhost:0", WARMSTART_HTTP_ALL);
    expect_healthy(&where);
}
END_TEST

START_TEST(ipv6_in_brackets)
{
    char url[64];
    int answer = warmstart_http_listen(fixture.http, "[::1]:0", WARMSTART_HTTP_ALL, url, sizeof(url));
    if (answer == WARMSTART_ERR_SYSTEM && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT))
        return; /* a machine without IPv6 */
    ck_assert_int_eq(answer, 0);
    ck_assert_int_eq(strncmp(url, "http://[::1]:", 13), 0);
    struct sockaddr_storage where = fixture_listen(&fixture, "[::1]:0", WARMSTART_HTTP_ALL);
    expect_healthy(&where);
}
END_TEST

/* ---- Unix sockets ---- */

START_TEST(a_unix_socket_serves_http)
{
    struct sockaddr_storage where = fixture_listen(&fixture, address, WARMSTART_HTTP_ALL);
    struct client controller, supervisor;
    char *message = message_new(NULL, "run_1", 300000);
    expect_healthy(&where);
    client_connect_to(&controller, &fixture, &where);
    client_poll(&controller, NULL);
    fixture_wait_held(&fixture, 1);
    client_connect_to(&supervisor, &fixture, &where);
    client_dispatch(&supervisor, message);
    client_expect_message(&controller, message);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    client_poll(&controller, NULL);
    fixture_wait_held(&fixture, 1);
    client_close(&controller);
    fixture_wait_held(&fixture, 0);
    client_close(&supervisor);
    free(message);
}
END_TEST

/* The file of a process that is gone. */
static void leave_behind(void)
{
    struct sockaddr_un left = {.sun_family = AF_UNIX};
    strcpy(left.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&left, sizeof(left)), 0);
    close(fd);
}

START_TEST(a_socket_file_that_nobody_serves_is_replaced)
{
    leave_behind();
    struct sockaddr_storage where = fixture_listen(&fixture, address, WARMSTART_HTTP_ALL);
    expect_healthy(&where);
}
END_TEST

/* The file of a server that has not come to listen() yet looks as if nobody served it. */
START_TEST(the_folder_is_locked_until_the_socket_listens_or_its_file_is_gone)
{
    leave_behind();
    folder_lock_watch(folder);
    folder_lock_fail_listen();
    ck_assert_int_eq(listen_on(address), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EADDRINUSE);
    ck_assert_int_lt(access(path, F_OK), 0);
    struct sockaddr_storage where = fixture_listen(&fixture, address, WARMSTART_HTTP_ALL);
    struct folder_lock_calls calls = folder_lock_calls();
    ck_assert_uint_eq(calls.listens, 2);
    ck_assert_uint_eq(calls.locked_listens, 2);
    ck_assert_uint_eq(calls.unlinks, 2);
    ck_assert_uint_eq(calls.locked_unlinks, 2);
    folder_lock_watch(NULL);
    expect_healthy(&where);
}
END_TEST

START_TEST(a_socket_file_that_is_served_is_in_use)
{
    struct sockaddr_storage where = fixture_listen(&fixture, address, WARMSTART_HTTP_ALL);
    ck_assert_int_eq(listen_on(address), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EADDRINUSE);
    expect_healthy(&where);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone)
{
    struct stat status;
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
    ck_assert_int_eq(listen_on(address), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EADDRINUSE);
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert(S_ISREG(status.st_mode));
}
END_TEST

START_TEST(the_socket_file_goes_with_the_server_unless_it_is_another_one)
{
    struct stat status;
    struct warmstart_http *other;
    ck_assert_int_eq(warmstart_http_new(fixture.loop, NULL, &other), 0);
    ck_assert_int_eq(warmstart_http_listen(other, address, WARMSTART_HTTP_ALL, NULL, 0), 0);
    ck_assert_int_eq(lstat(path, &status), 0);
    warmstart_http_free(other);
    ck_assert_int_eq(lstat(path, &status), -1);

    ck_assert_int_eq(warmstart_http_new(fixture.loop, NULL, &other), 0);
    ck_assert_int_eq(warmstart_http_listen(other, address, WARMSTART_HTTP_ALL, NULL, 0), 0);
    ck_assert_int_eq(unlink(path), 0);
    /* Take the inode's place first, so that the file that follows gets another one. */
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(lstat(path, &status), 0);
    warmstart_http_free(other);
    fclose(file);
    ck_assert_int_eq(lstat(path, &status), 0);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_an_error_that_says_so)
{
    ck_assert_int_eq(listen_on("unix:/nonexistent-folder/socket"), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* ---- Limits ---- */

static void open_limited(void)
{
    fixture_init(&fixture);
    fixture.options.connections_max = 3;
    fixture_open(&fixture);
}

static void close_limited(void)
{
    fixture_close(&fixture);
}

START_TEST(a_connection_over_the_limit_is_503_and_closed_and_the_others_stay)
{
    struct client held, idle[2], over;
    struct response response;
    client_hold(&held, &fixture, NULL);
    client_connect(&idle[0], &fixture);
    client_connect(&idle[1], &fixture);
    fixture_wait_connections(&fixture, 3);
    client_connect(&over, &fixture);
    client_send_text(&over, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    client_response(&over, &response);
    ck_assert_int_eq(response.status, 503);
    ck_assert_ptr_nonnull(strstr(response.body, "connections_limit"));
    ck_assert_str_eq(response_header(&response, "connection"), "close");
    response_free(&response);
    client_expect_closed(&over);
    ck_assert(!over.reset);
    client_expect_silence(&held);
    ck_assert_uint_eq(fixture_stats(&fixture).connections_refused_total, 1);
    client_close(&over);

    client_close(&idle[0]);
    fixture_wait_connections(&fixture, 2);
    expect_healthy(&fixture.address);
    client_close(&held);
    client_close(&idle[1]);
}
END_TEST

/* Sets the limit of descriptors: those that are open beyond it stay. */
static void limit_descriptors(rlim_t limit)
{
    struct rlimit narrow;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &narrow), 0);
    narrow.rlim_cur = limit;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &narrow), 0);
}

static void expect_rest(void)
{
    struct pollfd asked = {.fd = warmstart_loop_fd(fixture.loop), .events = POLLIN};
    ck_assert_int_eq(poll(&asked, 1, 0), 0);
    ck_assert_int_eq(warmstart_loop_timeout_ms(fixture.loop), 100);
}

START_TEST(without_descriptors_connections_are_turned_away_and_it_goes_on)
{
    if (!descriptors_are_limited_truly())
        return;
    struct client held, over[5];
    struct rlimit usual;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    client_hold(&held, &fixture, NULL);
    for (size_t i = 0; i < 5; i++)
        client_connect(&over[i], &fixture);
    limit_descriptors((rlim_t)over[4].fd + 1);
    for (size_t i = 0; i < 5; i++) {
        client_expect_error(&over[i], 503, "connections_limit", NULL);
        client_wait_closed(&over[i]);
        ck_assert(!over[i].reset);
    }
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).connections_refused_total, 5);
    const char *logged = strstr(fixture.log, "accept_failed error=");
    ck_assert_ptr_nonnull(logged);
    ck_assert_ptr_null(strstr(logged + 1, "accept_failed error="));
    client_expect_silence(&held);

    setrlimit(RLIMIT_NOFILE, &usual);
    expect_healthy(&fixture.address);
    client_expect_silence(&held);
    client_close(&held);
    for (size_t i = 0; i < 5; i++)
        client_close(&over[i]);
}
END_TEST

START_TEST(without_any_descriptor_it_rests_and_then_goes_on)
{
    if (!descriptors_are_limited_truly())
        return;
    struct client held, waiting;
    struct rlimit usual;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    client_hold(&held, &fixture, NULL);
    client_connect(&waiting, &fixture);
    /* Not even the one that is kept for this is to be had again. */
    limit_descriptors(3);
    fixture_settle(&fixture);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 1);
    expect_rest();
    ck_assert_ptr_nonnull(strstr(fixture.log, "accept_failed error="));
    size_t logged = fixture.log_bytes;
    fixture_pass(&fixture, 100);
    ck_assert_uint_eq(fixture.log_bytes, logged);
    expect_rest();
    ck_assert_uint_eq(fixture_stats(&fixture).connections_refused_total, 0);

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    fixture_pass(&fixture, 100);
    client_send_text(&waiting, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&waiting, 200, "{\"status\":\"ok\"}");
    client_expect_silence(&held);
    client_close(&held);
    client_close(&waiting);
}
END_TEST

static void open_still(void)
{
    fixture_init(&fixture);
    fixture.still = true;
    fixture_open(&fixture);
}

START_TEST(connections_that_never_speak_do_no_harm)
{
    static struct client silent[300];
    for (size_t i = 0; i < 300; i++)
        client_connect(&silent[i], &fixture);
    fixture_wait_connections(&fixture, 300);
    expect_healthy(&fixture.address);
    for (size_t i = 0; i < 300; i++)
        client_close(&silent[i]);
    fixture_wait_connections(&fixture, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_listeners");
    TCase *usual = tcase_create("usual");
    tcase_add_checked_fixture(usual, open_all, close_all);
    tcase_set_timeout(usual, 300);
    tcase_add_test(usual, what_is_no_address_is_refused);
    tcase_add_test(usual, a_port_that_is_taken_is_an_error_that_says_so);
    tcase_add_test(usual, the_real_address_is_told_and_cut_to_its_room);
    tcase_add_test(usual, a_name_is_listened_on_with_all_its_addresses_on_one_port);
    tcase_add_test(usual, ipv6_in_brackets);
    tcase_add_test(usual, a_unix_socket_serves_http);
    tcase_add_test(usual, a_socket_file_that_nobody_serves_is_replaced);
    tcase_add_test(usual, the_folder_is_locked_until_the_socket_listens_or_its_file_is_gone);
    tcase_add_test(usual, a_socket_file_that_is_served_is_in_use);
    tcase_add_test(usual, a_file_that_is_no_socket_is_left_alone);
    tcase_add_test(usual, the_socket_file_goes_with_the_server_unless_it_is_another_one);
    tcase_add_test(usual, a_folder_that_is_not_there_is_an_error_that_says_so);
    tcase_add_test(usual, connections_that_never_speak_do_no_harm);
    suite_add_tcase(suite, usual);
    TCase *limited = tcase_create("limited");
    tcase_add_checked_fixture(limited, open_limited, close_limited);
    tcase_add_test(limited, a_connection_over_the_limit_is_503_and_closed_and_the_others_stay);
    suite_add_tcase(suite, limited);
    TCase *still = tcase_create("still");
    tcase_add_checked_fixture(still, open_still, close_limited);
    tcase_add_test(still, without_descriptors_connections_are_turned_away_and_it_goes_on);
    tcase_add_test(still, without_any_descriptor_it_rests_and_then_goes_on);
    suite_add_tcase(suite, still);
    return suite_run(suite);
}
