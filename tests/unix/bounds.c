/* SPDX-License-Identifier: MIT */
/* Everything that a peer could have too much of, and peers that send or read too slowly. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "descriptors.h"
#include "suite.h"
#include "talk.h"

static struct fixture fixture;
static struct client one, other;

static void prepare(void)
{
    fixture_init(&fixture);
    one = other = (struct client){.fd = -1};
}

static void begin(void)
{
    fixture_open(&fixture);
    client_connect(&one, &fixture);
    client_connect(&other, &fixture);
}

static void finish(void)
{
    client_close(&one);
    client_close(&other);
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 0);
    fixture_close(&fixture);
}

/* ---- Counts ---- */

START_TEST(connections_are_bounded)
{
    struct client third;
    fixture.options.connections_max = 2;
    begin();
    client_connect(&third, &fixture);
    client_expect_error(&third, "?", "connections", "as many connections as there may be");
    ck_assert(third.closed);
    client_close(&third);
    ck_assert_uint_eq(fixture_stats(&fixture).connections_refused_total, 1);
    client_close(&other);
    client_connect(&third, &fixture);
    client_ask(&third, "count c\n", "OK c 0\n");
    client_close(&third);
    finish();
}
END_TEST

START_TEST(connections_of_one_user_are_bounded)
{
    struct client third;
    fixture.options.connections_per_user_max = 2;
    begin();
    client_connect(&third, &fixture);
    client_expect_error(&third, "?", "connections", "one user");
    client_close(&third);
    client_close(&one);
    client_connect(&one, &fixture);
    client_ask(&one, "count c\n", "OK c 0\n");
    finish();
}
END_TEST

START_TEST(waits_of_one_connection_are_bounded)
{
    fixture.options.waits_per_connection_max = 2;
    begin();
    client_say(&one, "wait a\nwait b\nwait c\n");
    client_expect_error(&one, "c", "limit", "waits");
    client_ask(&other, "wait a\n", "");
    client_ask(&one, "cancel a a\nwait c\n", "OK a\nENDED a cancelled\n");
    finish();
}
END_TEST

START_TEST(waiters_of_all_are_bounded)
{
    fixture.manager.waiters_max = 1;
    begin();
    client_say(&one, "wait a\nwait b\n");
    client_expect_error(&one, "b", "limit", "waiters");
    finish();
}
END_TEST

START_TEST(dispatches_of_one_connection_are_bounded)
{
    char id[ID_BYTES];
    fixture.options.dispatches_per_connection_max = 1;
    begin();
    client_say(&one, "wait a\nwait b\n");
    client_say(&other, "dispatch d 1\nx\ndispatch e 1\ny\nping p\n");
    client_expect_first(&other, "ERR e limit as many dispatches");
    client_expect_payload(&one, "b", "x", 1, id);
    client_settle_payload(&one, "ack", "k", id, "OK k\n");
    client_hear(&other);
    ck_assert_str_eq(other.data + other.bytes - 14, "DELIVERED d 1\n");
    other.bytes = 0;
    client_say(&other, "dispatch e 1\ny\n");
    client_expect_payload(&one, "a", "y", 1, id);
    finish();
}
END_TEST

START_TEST(dispatches_of_all_are_bounded)
{
    fixture.manager.dispatches_max = 1;
    begin();
    client_say(&one, "wait a\nwait b\n");
    client_say(&other, "dispatch d 1\nx\ndispatch e 1\ny\n");
    client_expect_error(&other, "e", "limit", NULL);
    finish();
}
END_TEST

START_TEST(memory_for_payloads_is_bounded)
{
    fixture.options.body_bytes_max = 1000;
    fixture.options.buffered_bytes_max = 1500;
    begin();
    client_say(&one, "dispatch d 1000\npart");
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 1000);
    client_say(&other, "dispatch e 501\n");
    client_expect_error(&other, "e", "limit", "bytes of payloads in memory");
    char *body = calloc(1, 501);
    client_send(&other, body, 501);
    free(body);
    client_ask(&other, "\ndispatch e 0\n\n", "NO_MATCH e\n");
    client_say(&other, "dispatch f 1001\n");
    client_expect_error(&other, "f", "body", "expected at most 1000 bytes");
    ck_assert(other.closed);
    finish();
}
END_TEST

START_TEST(a_line_is_bounded)
{
    fixture.options.line_bytes_max = 256;
    begin();
    char line[258];
    memset(line, 'x', sizeof(line));
    memcpy(line, "ping ", 5);
    line[255] = '\n';
    client_send(&one, line, 256);
    client_expect_error(&one, "?", "syntax", NULL);
    line[255] = 'x';
    client_send(&one, line, 255);
    client_expect(&one, "");
    client_send(&one, line, 1);
    client_expect_error(&one, "?", "line", "too long");
    ck_assert(one.closed);
    finish();
}
END_TEST

/* ---- Time ---- */

START_TEST(a_line_has_to_end_in_time_however_it_trickles)
{
    begin();
    for (int i = 0; i < 9; i++) {
        client_say(&one, "p");
        fixture_pass(&fixture, 1000);
    }
    client_say(&one, "p");
    client_expect(&one, "");
    fixture_pass(&fixture, 1000);
    client_expect_error(&one, "?", "timeout", "the line");
    ck_assert(one.closed);
    ck_assert_uint_eq(fixture_stats(&fixture).timeouts_total, 1);
    finish();
}
END_TEST

START_TEST(the_time_of_a_line_begins_with_it)
{
    begin();
    client_ask(&one, "ping a\npi", "OK a 1 " WARMSTART_VERSION_STRING "\n");
    fixture_pass(&fixture, 9999);
    client_ask(&one, "ng b\npin", "OK b 1 " WARMSTART_VERSION_STRING "\n");
    fixture_pass(&fixture, 9999);
    client_ask(&one, "g c\n", "OK c 1 " WARMSTART_VERSION_STRING "\n");
    fixture_pass(&fixture, 3600000);
    client_ask(&one, "ping d\n", "OK d 1 " WARMSTART_VERSION_STRING "\n");
    finish();
}
END_TEST

START_TEST(a_body_has_to_end_in_time_however_it_trickles)
{
    begin();
    client_say(&other, "wait w\n");
    client_say(&one, "dispatch d 100\n");
    for (int i = 0; i < 29; i++) {
        client_say(&one, "b");
        fixture_pass(&fixture, 1000);
    }
    client_expect(&one, "");
    fixture_pass(&fixture, 1000);
    client_expect_error(&one, "d", "timeout", "the body");
    ck_assert(one.closed);
    client_expect(&other, "");
    finish();
}
END_TEST

/* The deadline comes first in a round, and what follows of the body is read in the same one. */
START_TEST(what_comes_of_a_body_in_the_moment_of_its_deadline_goes_nowhere)
{
    char *more = malloc(MIB);
    ck_assert_ptr_nonnull(more);
    memset(more, 'x', MIB);
    begin();
    client_say(&one, "dispatch d 1000000\nbegun");
    fixture.now += UINT64_C(30000) * 1000000;
    ck_assert_uint_gt(client_push(&one, more, MIB), 0);
    client_expect_error(&one, "d", "timeout", "the body");
    ck_assert(one.closed);
    free(more);
    finish();
}
END_TEST

START_TEST(the_line_feed_behind_a_body_has_to_come_in_time)
{
    begin();
    client_say(&one, "dispatch d 1\nx");
    fixture_pass(&fixture, 30000);
    client_expect_error(&one, "d", "timeout", "the body");
    finish();
}
END_TEST

START_TEST(idle_connections_are_closed_if_that_is_wanted)
{
    fixture.options.idle_timeout_ms = 1000;
    begin();
    client_say(&other, "wait w\n");
    fixture_pass(&fixture, 500);
    client_ask(&one, "count c\n", "OK c 1\n");
    fixture_pass(&fixture, 999);
    client_expect(&one, "");
    fixture_pass(&fixture, 1);
    client_expect_error(&one, "?", "timeout", NULL);
    ck_assert(one.closed);
    client_expect(&other, "");
    client_ask(&other, "cancel c w\n", "OK c\nENDED w cancelled\n");
    fixture_pass(&fixture, 1000);
    client_expect_error(&other, "?", "timeout", NULL);
    finish();
}
END_TEST

/* ---- Who does not read ---- */

/* A reader that has stopped gets a payload that no socket holds. */
START_TEST(who_reads_nothing_of_a_payload_is_closed)
{
    size_t bytes = 4 * MIB;
    char *body = calloc(1, bytes);
    begin();
    client_say(&one, "wait w\n");
    client_dispatch(&other, "d", "timeout=60000", body, bytes);
    fixture_pass(&fixture, 2000);
    client_expect(&other, "LOST d 1\n");
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, bytes);
    fixture_pass(&fixture, 7999);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 2);
    fixture_pass(&fixture, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).stalled_total, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 0);
    free(body);
    finish();
}
END_TEST

START_TEST(who_reads_slowly_is_not_closed)
{
    size_t bytes = 4 * MIB, all = 0;
    char *body = calloc(1, bytes), some[65536];
    begin();
    client_say(&one, "wait w\n");
    client_dispatch(&other, "d", "timeout=60000", body, bytes);
    while (all < bytes) {
        fixture_pass(&fixture, 5000);
        ssize_t got = 0;
        /* The kernel says that there is room when three quarters of it are free. */
        for (int i = 0; i < 8; i++) {
            got = recv(one.fd, some, sizeof(some), MSG_DONTWAIT);
            all += got > 0 ? (size_t)got : 0;
        }
        ck_assert(got > 0 || errno == EAGAIN);
    }
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 2);
    ck_assert_uint_eq(fixture_stats(&fixture).stalled_total, 0);
    free(body);
    finish();
}
END_TEST

START_TEST(from_who_does_not_read_no_commands_are_read)
{
    const char *commands = "stats a\nstats b\nstats c\nstats d\n";
    size_t sent = 0, last = 1;
    begin();
    /* Answers are longer than commands: without a bound the server would keep megabytes. */
    for (int i = 0; i < 100000 && last > 0; i++) {
        last = client_push(&one, commands, 32);
        sent += last;
        fixture_settle(&fixture);
    }
    ck_assert_uint_eq(last, 0);
    uint64_t read = fixture_stats(&fixture).commands_total;
    ck_assert_uint_lt(read * 8, sent);
    fixture_settle(&fixture);
    ck_assert_uint_eq(fixture_stats(&fixture).commands_total, read);
    /* Others are served. */
    client_ask(&other, "count c\n", "OK c 0\n");
    /* When it reads, it goes on. */
    client_hear(&one);
    ck_assert_uint_eq(fixture_stats(&fixture).commands_total, sent / 8 + 1);
    one.bytes = 0;
    finish();
}
END_TEST

/* However many commands come at once, not much more than 64 KiB of answers wait in the server. */
START_TEST(few_answers_wait_for_who_does_not_read)
{
    static char commands[8 * 3000];
    int unread = 0;
    for (size_t i = 0; i < sizeof(commands); i += 8)
        memcpy(commands + i, "stats a\n", 8);
    begin();
    client_say(&other, "stats s\n");
    client_hear(&other);
    size_t answer_bytes = other.bytes;
    other.bytes = 0;
    ck_assert_uint_eq(client_push(&one, commands, sizeof(commands)), sizeof(commands));
    fixture_settle(&fixture);
    ck_assert_int_eq(ioctl(one.fd, FIONREAD, &unread), 0);
    uint64_t answered = (fixture_stats(&fixture).commands_total - 1) * answer_bytes;
    ck_assert_uint_gt(answered, 65536);
    ck_assert_uint_lt(answered, (uint64_t)unread + 65536 + 20 * answer_bytes);
    client_hear(&one);
    ck_assert_uint_eq(fixture_stats(&fixture).commands_total, 3001);
    one.bytes = 0;
    finish();
}
END_TEST

START_TEST(who_never_reads_its_answers_is_closed)
{
    const char *commands = "stats a\nstats b\nstats c\nstats d\n";
    begin();
    for (int i = 0; i < 100000 && client_push(&one, commands, 32) > 0; i++)
        fixture_settle(&fixture);
    fixture_pass(&fixture, 10000);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).stalled_total, 1);
    finish();
}
END_TEST

START_TEST(who_quits_and_does_not_read_is_closed_too)
{
    begin();
    for (int i = 0; i < 2000; i++)
        client_push(&one, "stats a\n", 8);
    client_push(&one, "quit q\n", 7);
    fixture_settle(&fixture);
    fixture_pass(&fixture, 10000);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 1);
    finish();
}
END_TEST

START_TEST(who_goes_while_it_is_not_read_from_is_noticed)
{
    begin();
    for (int i = 0; i < 100000 && client_push(&one, "stats a\n", 8) > 0; i++)
        fixture_settle(&fixture);
    client_close(&one);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 1);
    finish();
}
END_TEST

/* ---- Fairness ---- */

/* A hundred thousand commands are there, and another client's one. It is answered in the first rounds. */
START_TEST(who_sends_much_at_once_does_not_hold_up_others)
{
    const size_t len = 100000;
    char *commands = malloc(len * 7 + 1);
    for (size_t i = 0; i < len; i++)
        memcpy(commands + i * 7, "ping p\n", 7);
    begin();
    int large = 4 * (int)MIB;
    /* Only root may have so much; what others have is enough too. */
    (void)setsockopt(one.fd, SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof(large));
    size_t sent = client_push(&one, commands, len * 7);
    ck_assert_uint_gt(sent, 200000);
    ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    ck_assert_uint_eq(client_push(&other, "count c\n", 8), 8);
    char answer[16];
    ssize_t got = -1;
    for (int round = 0; round < 3 && got < 0; round++) {
        ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
        got = recv(other.fd, answer, sizeof(answer), MSG_DONTWAIT);
    }
    ck_assert_int_eq(got, 7);
    ck_assert_uint_lt(fixture_stats(&fixture).commands_total, 256 * 5 + 1);
    client_hear(&one);
    ck_assert_uint_eq(one.bytes, sent / 7 * strlen("OK p 1 " WARMSTART_VERSION_STRING "\n"));
    one.bytes = 0;
    free(commands);
    finish();
}
END_TEST

/* What looks at every waiter is done once in a round, so that twenty of them are not one long pause. */
START_TEST(who_asks_for_long_lists_does_not_hold_up_others)
{
    begin();
    client_say(&other, "wait w\n");
    for (int i = 0; i < 20; i++)
        client_push(&one, i % 2 ? "list l\n" : "cordon c -- x\n", i % 2 ? 7 : 14);
    for (uint64_t i = 1; i <= 20; i++) {
        ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
        ck_assert_uint_eq(fixture_stats(&fixture).commands_total, i + 1);
    }
    client_hear(&one);
    one.bytes = 0;
    finish();
}
END_TEST

/* Each wait is of a kind of its own and has nearly as much metadata as it may. */
static void wait_with_much_metadata(struct client *client, int number)
{
    static char value[1001], line[10000];
    memset(value, '"', 1000);
    int bytes = snprintf(line, sizeof(line), "wait %d -- n:=%d", number, number);
    for (int i = 0; i < 8; i++)
        bytes += snprintf(line + bytes, sizeof(line) - (size_t)bytes, " %d=%s", i, value);
    line[bytes++] = '\n';
    client_send(client, line, (size_t)bytes);
}

/* What is left of a list is shown to be left out. */
START_TEST(a_list_has_no_more_than_some_megabytes)
{
    begin();
    for (int i = 0; i < 1000; i++)
        wait_with_much_metadata(&one, i);
    client_say(&other, "list l max=10000\n");
    char *text = client_expect_data(&other, "l");
    size_t bytes = strlen(text);
    ck_assert_uint_gt(bytes, 7 * MIB);
    ck_assert_uint_lt(bytes, 9 * MIB);
    ck_assert_str_eq(text + bytes - 5, "\n...\n");
    free(text);
    finish();
}
END_TEST

START_TEST(urgent_bytes_do_not_make_a_busy_loop)
{
    begin();
    if (send(one.fd, "x", 1, MSG_OOB) == 1) {
        fixture_settle(&fixture);
        client_push(&one, "ping p\n", 7);
        fixture_settle(&fixture);
    }
    client_ask(&other, "count c\n", "OK c 0\n");
    finish();
}
END_TEST

/* ---- Descriptors ---- */

START_TEST(without_descriptors_new_clients_are_told_so_and_nothing_spins)
{
    if (!descriptors_are_limited_truly())
        return;
    struct rlimit before, low;
    int held[64];
    size_t held_len = 0;
    begin();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = descriptors_count() + 20;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_ge(client, 0);
    close(client);
    client = connect_path(fixture.path);
    ck_assert_int_ge(client, 0);
    while (held_len < 64) {
        int fd = open("/dev/null", O_RDONLY);
        if (fd < 0)
            break;
        held[held_len++] = fd;
    }
    ck_assert_uint_lt(held_len, 64);
    fixture_settle(&fixture);
    char said[128] = "";
    ck_assert_int_gt(recv(client, said, sizeof(said) - 1, 0), 0);
    ck_assert_str_eq(said, "ERR ? connections no descriptor is left\n");
    ck_assert_uint_eq(fixture_stats(&fixture).connections_refused_total, 1);
    while (held_len > 0)
        close(held[--held_len]);
    close(client);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    struct client late;
    client_connect(&late, &fixture);
    client_ask(&late, "count c\n", "OK c 0\n");
    client_close(&late);
    finish();
}
END_TEST

START_TEST(descriptors_that_are_sent_along_are_not_kept)
{
    begin();
    size_t before = descriptors_count();
    char control[CMSG_SPACE(sizeof(int))] = {0};
    char text[] = "ping p\n";
    struct iovec piece = {text, 7};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &one.fd, sizeof(int));
    ck_assert_int_eq(sendmsg(one.fd, &message, 0), 7);
    client_expect(&one, "OK p 1 " WARMSTART_VERSION_STRING "\n");
    ck_assert_uint_eq(descriptors_count(), before);
    finish();
}
END_TEST

/* ---- Options ---- */

START_TEST(options_out_of_their_bounds_are_refused)
{
    begin();
    struct warmstart_unix *server = NULL;
    struct warmstart_unix_options options;
    warmstart_unix_options_init(&options);
#define REFUSED(member, value)                                                                               \
    do {                                                                                                     \
        struct warmstart_unix_options wrong = options;                                                       \
        wrong.member = (value);                                                                              \
        ck_assert_int_eq(warmstart_unix_new(fixture.loop, &wrong, &server), WARMSTART_ERR_INVALID);          \
    } while (0)
    REFUSED(mode, 01000);
    REFUSED(lease_ms, 0);
    REFUSED(lease_ms, 86400001);
    REFUSED(dispatch_timeout_ms, 0);
    REFUSED(attempts_max, 0);
    REFUSED(attempts_max, 101);
    REFUSED(connections_max, 0);
    REFUSED(connections_max, 1048577);
    REFUSED(connections_per_user_max, 1048577);
    REFUSED(waits_per_connection_max, 0);
    REFUSED(dispatches_per_connection_max, 0);
    REFUSED(line_bytes_max, 255);
    REFUSED(line_bytes_max, 1048577);
    REFUSED(body_bytes_max, ((size_t)1 << 30) + 1);
    REFUSED(buffered_bytes_max, options.body_bytes_max - 1);
    REFUSED(line_timeout_ms, 0);
    REFUSED(body_timeout_ms, 0);
    REFUSED(stall_timeout_ms, 0);
    REFUSED(idle_timeout_ms, 86400001);
    REFUSED(wait.users_len, 1);
    REFUSED(operate.groups_len, 1);
    struct {
        struct warmstart_unix_options known;
        char later[16];
    } newer = {.known = options};
    newer.known.size = sizeof(newer);
    newer.later[3] = 1;
    ck_assert_int_eq(warmstart_unix_new(fixture.loop, &newer.known, &server), WARMSTART_ERR_UNSUPPORTED);
    newer.known.size = 8;
    ck_assert_int_eq(warmstart_unix_new(fixture.loop, &newer.known, &server), WARMSTART_ERR_UNSUPPORTED);
    ck_assert_int_eq(warmstart_unix_new(NULL, NULL, &server), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_new(fixture.loop, NULL, NULL), WARMSTART_ERR_INVALID);
    ck_assert_ptr_null(server);
    newer.known.size = sizeof(newer);
    newer.later[3] = 0;
    ck_assert_int_eq(warmstart_unix_new(fixture.loop, &newer.known, &server), 0);
    warmstart_unix_free(server);
    warmstart_unix_free(NULL);
    finish();
}
END_TEST

START_TEST(statistics_fit_what_the_caller_knows)
{
    begin();
    struct {
        struct warmstart_unix_stats known;
        uint64_t later;
    } newer = {.known.size = sizeof(newer), .later = 7};
    ck_assert_int_eq(warmstart_unix_get_stats(fixture.server, &newer.known), 0);
    ck_assert_uint_eq(newer.known.connections, 2);
    ck_assert_uint_eq(newer.later, 0);
    struct warmstart_unix_stats older = {.size = 2 * sizeof(uint64_t), .connections_total = 7};
    ck_assert_int_eq(warmstart_unix_get_stats(fixture.server, &older), 0);
    ck_assert_uint_eq(older.connections, 2);
    ck_assert_uint_eq(older.connections_total, 7);
    older.size = 0;
    ck_assert_int_eq(warmstart_unix_get_stats(fixture.server, &older), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_get_stats(fixture.server, NULL), WARMSTART_ERR_INVALID);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unix_bounds");
    TCase *tcase = tcase_create("bounds");

    tcase_add_checked_fixture(tcase, prepare, NULL);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, connections_are_bounded);
    tcase_add_test(tcase, connections_of_one_user_are_bounded);
    tcase_add_test(tcase, waits_of_one_connection_are_bounded);
    tcase_add_test(tcase, waiters_of_all_are_bounded);
    tcase_add_test(tcase, dispatches_of_one_connection_are_bounded);
    tcase_add_test(tcase, dispatches_of_all_are_bounded);
    tcase_add_test(tcase, memory_for_payloads_is_bounded);
    tcase_add_test(tcase, a_line_is_bounded);
    tcase_add_test(tcase, a_line_has_to_end_in_time_however_it_trickles);
    tcase_add_test(tcase, the_time_of_a_line_begins_with_it);
    tcase_add_test(tcase, a_body_has_to_end_in_time_however_it_trickles);
    tcase_add_test(tcase, what_comes_of_a_body_in_the_moment_of_its_deadline_goes_nowhere);
    tcase_add_test(tcase, the_line_feed_behind_a_body_has_to_come_in_time);
    tcase_add_test(tcase, idle_connections_are_closed_if_that_is_wanted);
    tcase_add_test(tcase, who_reads_nothing_of_a_payload_is_closed);
    tcase_add_test(tcase, who_reads_slowly_is_not_closed);
    tcase_add_test(tcase, from_who_does_not_read_no_commands_are_read);
    tcase_add_test(tcase, few_answers_wait_for_who_does_not_read);
    tcase_add_test(tcase, who_never_reads_its_answers_is_closed);
    tcase_add_test(tcase, who_quits_and_does_not_read_is_closed_too);
    tcase_add_test(tcase, who_goes_while_it_is_not_read_from_is_noticed);
    tcase_add_test(tcase, who_sends_much_at_once_does_not_hold_up_others);
    tcase_add_test(tcase, who_asks_for_long_lists_does_not_hold_up_others);
    tcase_add_test(tcase, a_list_has_no_more_than_some_megabytes);
    tcase_add_test(tcase, urgent_bytes_do_not_make_a_busy_loop);
    tcase_add_test(tcase, without_descriptors_new_clients_are_told_so_and_nothing_spins);
    tcase_add_test(tcase, descriptors_that_are_sent_along_are_not_kept);
    tcase_add_test(tcase, options_out_of_their_bounds_are_refused);
    tcase_add_test(tcase, statistics_fit_what_the_caller_knows);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
