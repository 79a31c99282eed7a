/* SPDX-License-Identifier: MIT */
/* What becomes of a payload when its receiver refuses, is late, goes away or does not read. */
#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"
#include "talk.h"

#define LARGE (4 * MIB) /* more than any socket holds */

static struct fixture fixture;
static struct client one, other, supervisor;
static char *large;

static void open_all(void)
{
    fixture_init(&fixture);
    fixture_open(&fixture);
    client_connect(&one, &fixture);
    client_connect(&other, &fixture);
    client_connect(&supervisor, &fixture);
    large = malloc(LARGE);
    ck_assert_ptr_nonnull(large);
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (char)(i * 31 + i / 251);
}

static void close_all(void)
{
    free(large);
    client_close(&one);
    client_close(&other);
    client_close(&supervisor);
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 0);
    fixture_close(&fixture);
}

/* ---- Refused, late ---- */

START_TEST(what_is_refused_goes_to_the_next)
{
    char id[ID_BYTES];
    client_say(&one, "wait a id=one\n");
    client_say(&other, "wait b id=other\n");
    client_hand_over(&supervisor, "d", "", &other, "b", "run", 3, id);
    client_settle_payload(&other, "refuse", "r", id, "OK r\n");
    client_expect_payload(&one, "a", "run", 3, id);
    client_settle_payload(&one, "ack", "a", id, "OK a\n");
    client_expect(&supervisor, "DELIVERED d 2 one\n");
    ck_assert_uint_eq(fixture_stats(&fixture).refused_total, 1);
}
END_TEST

START_TEST(what_everybody_refuses_is_lost)
{
    char id[ID_BYTES];
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "", &one, "a", "run", 3, id);
    client_settle_payload(&one, "refuse", "r", id, "OK r\n");
    client_expect(&supervisor, "LOST d 1\n");
    client_settle_payload(&one, "ack", "x", id,
                          "ERR x over there is no such payload, or it is not yours any more\n");
}
END_TEST

START_TEST(no_more_are_tried_than_was_said)
{
    char id[ID_BYTES], line[80];
    client_say(&one, "wait a\nwait b\nwait c\n");
    client_hand_over(&supervisor, "d", "attempts=2", &one, "c", "run", 3, id);
    snprintf(line, sizeof(line), "refuse r %s\n", id);
    client_say(&one, line);
    client_expect_first(&one, "OK r\n");
    client_expect_payload(&one, "b", "run", 3, id);
    client_settle_payload(&one, "refuse", "s", id, "OK s\n");
    client_expect(&supervisor, "LOST d 2\n");
    client_ask(&supervisor, "count c\n", "OK c 1\n");
}
END_TEST

START_TEST(a_lease_ends_with_over_and_the_next_gets_it)
{
    char id[ID_BYTES], next[ID_BYTES], line[80];
    client_say(&one, "wait a\n");
    client_say(&other, "wait b\n");
    client_hand_over(&supervisor, "d", "timeout=10000", &other, "b", "run", 3, id);
    fixture_pass(&fixture, 1999);
    client_expect(&other, "");
    fixture_pass(&fixture, 1);
    snprintf(line, sizeof(line), "OVER b %s\n", id);
    client_expect(&other, line);
    client_expect_payload(&one, "a", "run", 3, next);
    client_settle_payload(&other, "ack", "x", id,
                          "ERR x over there is no such payload, or it is not yours any more\n");
    /* Another one's payload cannot be acknowledged either. */
    client_settle_payload(&other, "ack", "x", next,
                          "ERR x over there is no such payload, or it is not yours any more\n");
    client_settle_payload(&one, "ack", "a", next, "OK a\n");
    client_expect(&supervisor, "DELIVERED d 2\n");
    ck_assert_uint_eq(fixture_stats(&fixture).overdue_total, 1);
    /* The wait is over, its tag is free. */
    client_ask(&other, "wait b\n", "");
}
END_TEST

START_TEST(a_lease_is_at_most_its_share_of_the_dispatch)
{
    char id[ID_BYTES], line[80];
    client_say(&one, "wait a\nwait b\nwait c\n");
    client_hand_over(&supervisor, "d", "timeout=900 attempts=3", &one, "c", "run", 3, id);
    /* 20 of 900 ms are kept for the end. */
    fixture_pass(&fixture, 293);
    client_expect(&one, "");
    fixture_pass(&fixture, 1);
    snprintf(line, sizeof(line), "OVER c %s\n", id);
    client_expect_first(&one, line);
    client_expect_payload(&one, "b", "run", 3, id);
    client_settle_payload(&one, "ack", "b", id, "OK b\n");
    client_expect(&supervisor, "DELIVERED d 2\n");
}
END_TEST

START_TEST(a_dispatch_whose_time_ends_first_is_uncertain)
{
    char id[ID_BYTES], line[80];
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "timeout=100 attempts=1", &one, "a", "run", 3, id);
    fixture_pass(&fixture, 100);
    snprintf(line, sizeof(line), "OVER a %s\n", id);
    client_expect(&one, line);
    /* The server has slept over the lease's end. */
    client_expect(&supervisor, "UNCERTAIN d 1\n");
    client_settle_payload(&one, "ack", "x", id,
                          "ERR x over there is no such payload, or it is not yours any more\n");
}
END_TEST

/* Time that passes in the middle of each round, before anything is read, until the payload was handed out. */
static void stand_still(struct warmstart_timer *timer, uint64_t now)
{
    if (fixture_stats(&fixture).payloads_total > 0)
        return;
    fixture.now += UINT64_C(5000000000);
    ck_assert_int_eq(warmstart_loop_timer_set(fixture.loop, timer, now), 0);
}

START_TEST(a_standstill_in_mid_round_takes_nothing_from_lease_and_dispatch)
{
    struct warmstart_timer timer = {.due = stand_still};
    char id[ID_BYTES];
    client_say(&one, "wait a id=one\n");
    static const char dispatch[] = "dispatch d 3\nrun\n";
    ck_assert_uint_eq(client_push(&supervisor, dispatch, sizeof(dispatch) - 1), sizeof(dispatch) - 1);
    ck_assert_int_eq(warmstart_loop_timer_set(fixture.loop, &timer, fixture.now), 0);
    client_expect_payload(&one, "a", "run", 3, id);
    fixture_pass(&fixture, 300);
    client_settle_payload(&one, "ack", "a", id, "OK a\n");
    client_expect(&supervisor, "DELIVERED d 1 one\n");
}
END_TEST

START_TEST(an_ack_that_lay_in_its_socket_during_a_standstill_counts)
{
    char id[ID_BYTES], line[80];
    client_say(&one, "wait a id=one\n");
    client_hand_over(&supervisor, "d", "timeout=60000", &one, "a", "run", 3, id);
    snprintf(line, sizeof(line), "ack a %s\n", id);
    ck_assert_uint_eq(client_push(&one, line, strlen(line)), strlen(line));
    fixture_pass(&fixture, 5000);
    client_expect(&one, "OK a\n");
    client_expect(&supervisor, "DELIVERED d 1 one\n");
}
END_TEST

START_TEST(an_ack_may_come_a_little_later_after_a_standstill)
{
    char id[ID_BYTES];
    client_say(&one, "wait a id=one\n");
    client_hand_over(&supervisor, "d", "timeout=60000", &one, "a", "run", 3, id);
    fixture_pass(&fixture, 5000);
    fixture_pass(&fixture, 39);
    client_settle_payload(&one, "ack", "a", id, "OK a\n");
    client_expect(&supervisor, "DELIVERED d 1 one\n");
}
END_TEST

START_TEST(a_lease_ends_soon_after_a_standstill)
{
    char id[ID_BYTES], line[80];
    client_say(&one, "wait a id=one\n");
    client_hand_over(&supervisor, "d", "timeout=60000", &one, "a", "run", 3, id);
    fixture_pass(&fixture, 5000);
    client_expect(&one, "");
    fixture_pass(&fixture, _i == 0 ? 40 : 5000); /* another standstill changes nothing */
    snprintf(line, sizeof(line), "OVER a %s\n", id);
    client_expect(&one, line);
    client_expect(&supervisor, "LOST d 1\n");
}
END_TEST

START_TEST(more_than_10_ms_late_is_a_standstill)
{
    char id[ID_BYTES], line[80];
    client_say(&one, "wait a id=one\n");
    client_hand_over(&supervisor, "d", "timeout=60000", &one, "a", "run", 3, id);
    fixture_pass(&fixture, 2000 + 10 + (uint64_t)_i);
    snprintf(line, sizeof(line), "OVER a %s\n", id);
    client_expect(&one, _i == 1 ? "" : line);
    client_expect(&supervisor, _i == 1 ? "" : "LOST d 1\n");
}
END_TEST

START_TEST(an_ack_is_taken_once)
{
    char id[ID_BYTES], line[160];
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "", &one, "a", "run", 3, id);
    snprintf(line, sizeof(line), "ack x %s\nack y %s\nrefuse z %s\n", id, id, id);
    client_say(&one, line);
    client_expect_first(&one, "OK x\nERR y over ");
    ck_assert_ptr_nonnull(strstr(one.data, "\nERR z over "));
    client_expect(&supervisor, "DELIVERED d 1\n");
}
END_TEST

START_TEST(the_next_wait_may_come_with_the_ack)
{
    char line[128], id[ID_BYTES];
    client_say(&one, "wait a id=c -- k=1\n");
    for (int i = 0; i < 3; i++) {
        client_hand_over(&supervisor, "d", "-- k=1", &one, "a", "run", 3, id);
        snprintf(line, sizeof(line), "ack x %s\nwait a id=c -- k=1\n", id);
        client_say(&one, line);
        client_expect(&one, "OK x\n");
        client_expect(&supervisor, "DELIVERED d 1 c\n");
    }
    client_say(&one, "cancel y a\n");
    client_expect(&one, "OK y\nENDED a cancelled\n");
}
END_TEST

START_TEST(an_old_id_does_not_fit_a_new_payload)
{
    char first[ID_BYTES], second[ID_BYTES];
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "", &one, "a", "run", 3, first);
    client_settle_payload(&one, "refuse", "a", first, "OK a\n");
    client_expect(&supervisor, "LOST d 1\n");
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "", &one, "a", "run", 3, second);
    ck_assert_str_ne(first, second);
    client_settle_payload(&one, "ack", "x", first,
                          "ERR x over there is no such payload, or it is not yours any more\n");
    client_settle_payload(&one, "ack", "x", second, "OK x\n");
    client_expect(&supervisor, "DELIVERED d 1\n");
}
END_TEST

/* How many bytes a socket takes that nobody reads. */
static size_t socket_takes(void)
{
    int pair[2];
    size_t all = 0;
    ssize_t bytes;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    while ((bytes = send(pair[0], large, LARGE, MSG_NOSIGNAL)) > 0)
        all += (size_t)bytes;
    close(pair[0]);
    close(pair[1]);
    return all;
}

START_TEST(an_ack_before_the_end_of_the_payload_is_early)
{
    char head[64], line[160], id[ID_BYTES];
    /* The rest is so little that commands are still read. */
    size_t bytes = socket_takes() + 20000;
    client_say(&one, "wait a\n");
    client_dispatch(&supervisor, "d", "", large, bytes);
    ck_assert_int_eq(recv(one.fd, head, sizeof(head), MSG_PEEK), sizeof(head));
    ck_assert_int_eq(sscanf(head, "PAYLOAD a %39[0-9] ", id), 1);
    snprintf(line, sizeof(line), "ack x %s\nrefuse y %s\n", id, id);
    ck_assert_uint_eq(client_push(&one, line, strlen(line)), strlen(line));
    fixture_settle(&fixture);
    client_expect(&supervisor, "");
    client_expect_payload(&one, "a", large, bytes, id);
    client_expect(&one, "ERR x early not all of the payload was sent yet\n"
                        "ERR y early not all of the payload was sent yet\n");
    client_settle_payload(&one, "ack", "z", id, "OK z\n");
    client_expect(&supervisor, "DELIVERED d 1\n");
}
END_TEST

/* The OK is on its way and says whose the run is: nothing else can be said behind it. */
START_TEST(what_was_answered_with_ok_is_not_over)
{
    char head[64], line[80], id[ID_BYTES], large_id[ID_BYTES];
    size_t bytes = socket_takes() + 20000;
    client_say(&one, "wait a -- k=a\nwait b -- k=b\n");
    client_dispatch(&supervisor, "d", "-- k=a", "run", 3);
    ck_assert_int_gt(recv(one.fd, head, sizeof(head), MSG_PEEK), 10);
    ck_assert_int_eq(sscanf(head, "PAYLOAD a %39[0-9] ", id), 1);
    client_dispatch(&supervisor, "e", "timeout=60000 -- k=b", large, bytes);
    snprintf(line, sizeof(line), "ack x %s\n", id);
    ck_assert_uint_eq(client_push(&one, line, strlen(line)), strlen(line));
    fixture_settle(&fixture);
    fixture_pass(&fixture, 1000);
    client_expect(&supervisor, "UNCERTAIN d 1\n");
    client_expect_payload(&one, "a", "run", 3, id);
    client_expect_payload(&one, "b", large, bytes, large_id);
    client_expect(&one, "OK x\n");
    client_settle_payload(&one, "ack", "y", large_id, "OK y\n");
    client_expect(&supervisor, "DELIVERED e 1\n");
}
END_TEST

/* ---- Gone ---- */

START_TEST(a_receiver_that_goes_without_reading_has_not_got_it)
{
    char id[ID_BYTES];
    client_say(&other, "wait b\n");
    client_say(&one, "wait a\n");
    client_dispatch(&supervisor, "d", "", "run", 3);
    client_close(&one);
    client_expect_payload(&other, "b", "run", 3, id);
    client_settle_payload(&other, "ack", "b", id, "OK b\n");
    client_expect(&supervisor, "DELIVERED d 2\n");
}
END_TEST

START_TEST(a_receiver_that_goes_with_one_byte_unread_has_not_got_it)
{
    char bytes[64];
    client_say(&one, "wait a\n");
    client_dispatch(&supervisor, "d", "", "run", 3);
    ssize_t all = recv(one.fd, bytes, sizeof(bytes), MSG_PEEK);
    ck_assert_int_gt(all, 3);
    ck_assert_int_eq(recv(one.fd, bytes, (size_t)all - 1, 0), all - 1);
    client_close(&one);
    client_expect(&supervisor, "LOST d 1\n");
}
END_TEST

START_TEST(of_a_receiver_that_has_read_and_goes_nobody_can_tell)
{
    char id[ID_BYTES];
    client_say(&other, "wait b\n");
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "", &one, "a", "run", 3, id);
    client_close(&one);
    client_expect(&supervisor, "UNCERTAIN d 1\n");
    client_expect(&other, "");
}
END_TEST

START_TEST(the_dispatcher_may_want_the_next_to_be_tried_even_then)
{
    char id[ID_BYTES];
    client_say(&other, "wait b\n");
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "uncertain=retry", &one, "a", "run", 3, id);
    client_close(&one);
    client_expect_payload(&other, "b", "run", 3, id);
    client_settle_payload(&other, "ack", "b", id, "OK b\n");
    client_expect(&supervisor, "DELIVERED d 2\n");
}
END_TEST

START_TEST(an_unread_answer_behind_a_payload_says_nothing_about_the_payload)
{
    char id[ID_BYTES];
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "", &one, "a", "run", 3, id);
    client_say(&one, "ping p\n");
    client_close(&one);
    client_expect(&supervisor, "UNCERTAIN d 1\n");
}
END_TEST

START_TEST(a_payload_that_is_not_written_whole_is_lost_with_its_connection)
{
    char id[ID_BYTES];
    client_say(&other, "wait b\n");
    client_say(&one, "wait a\n");
    client_dispatch(&supervisor, "d", "", large, LARGE);
    client_expect(&other, "");
    client_close(&one);
    client_expect_payload(&other, "b", large, LARGE, id);
    client_settle_payload(&other, "ack", "b", id, "OK b\n");
    client_expect(&supervisor, "DELIVERED d 2\n");
}
END_TEST

START_TEST(an_ack_of_who_has_gone_before_its_answer_is_uncertain)
{
    char id[ID_BYTES], line[80];
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "", &one, "a", "run", 3, id);
    snprintf(line, sizeof(line), "ack a %s\n", id);
    ck_assert_uint_eq(client_push(&one, line, strlen(line)), strlen(line));
    client_close(&one);
    client_expect(&supervisor, "UNCERTAIN d 1\n");
    ck_assert_uint_eq(fixture_stats(&fixture).acknowledged_total, 0);
}
END_TEST

START_TEST(a_refusal_of_who_has_gone_counts)
{
    char id[ID_BYTES], line[80];
    client_say(&other, "wait b\n");
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "", &one, "a", "run", 3, id);
    snprintf(line, sizeof(line), "refuse a %s\n", id);
    ck_assert_uint_eq(client_push(&one, line, strlen(line)), strlen(line));
    client_close(&one);
    client_expect_payload(&other, "b", "run", 3, id);
    client_settle_payload(&other, "ack", "b", id, "OK b\n");
    client_expect(&supervisor, "DELIVERED d 2\n");
}
END_TEST

START_TEST(who_says_that_nothing_more_comes_cannot_acknowledge_any_more)
{
    char id[ID_BYTES];
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "", &one, "a", "run", 3, id);
    ck_assert_int_eq(shutdown(one.fd, SHUT_WR), 0);
    client_expect(&supervisor, "UNCERTAIN d 1\n");
    client_expect_end(&one, "");
}
END_TEST

START_TEST(a_dispatcher_that_goes_is_missed_by_nobody)
{
    char id[ID_BYTES];
    client_say(&one, "wait a\n");
    client_dispatch(&supervisor, "d", "", "run", 3);
    client_close(&supervisor);
    client_expect_payload(&one, "a", "run", 3, id);
    ck_assert_uint_eq(fixture_stats(&fixture).dispatches, 1);
    client_settle_payload(&one, "ack", "a", id, "OK a\n");
    ck_assert_uint_eq(fixture_stats(&fixture).dispatches, 0);
}
END_TEST

START_TEST(a_dispatcher_that_goes_in_the_middle_of_a_body_has_sent_nothing)
{
    client_say(&one, "wait a\n");
    client_say(&supervisor, "dispatch d 100\nhalf of it");
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 100);
    client_close(&supervisor);
    client_expect(&one, "");
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 0);
}
END_TEST

START_TEST(who_is_killed_in_the_middle_of_reading_has_not_got_it)
{
    int status, pipes[2];
    char id[ID_BYTES], byte;
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char some[1000];
        int fd = connect_path(fixture.path);
        if (write(fd, "wait w\n", 7) != 7 || write(pipes[1], "c", 1) != 1)
            _exit(1);
        while (read(fd, some, sizeof(some)) > 0) {
            if (write(pipes[1], "r", 1) != 1)
                _exit(1);
            pause();
        }
        _exit(1);
    }
    client_say(&other, "wait b\n");
    ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
    fixture_settle(&fixture);
    client_dispatch(&supervisor, "d", "", large, 100000);
    ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
    client_expect(&other, "");
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    client_expect_payload(&other, "b", large, 100000, id);
    client_settle_payload(&other, "ack", "b", id, "OK b\n");
    client_expect(&supervisor, "DELIVERED d 2\n");
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

START_TEST(a_stopped_process_does_not_hold_up_the_run)
{
    int status, pipes[2];
    char id[ID_BYTES], byte;
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char heard[256];
        size_t bytes = 0;
        int fd = connect_path(fixture.path);
        if (write(fd, "wait w\n", 7) != 7 || write(pipes[1], "c", 1) != 1)
            _exit(1);
        raise(SIGSTOP);
        /* Everything that was said meanwhile is there; then it is too late. */
        while (!memmem(heard, bytes, "OVER w ", 7) || heard[bytes - 1] != '\n') {
            ssize_t got = read(fd, heard + bytes, sizeof(heard) - bytes);
            if (got <= 0)
                _exit(2);
            bytes += (size_t)got;
        }
        _exit(bytes > 8 && memcmp(heard, "PAYLOAD ", 8) == 0 ? 0 : 3);
    }
    client_say(&other, "wait b\n");
    ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
    ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
    fixture_settle(&fixture);
    client_dispatch(&supervisor, "d", "timeout=3000", "run", 3);
    client_expect(&other, "");
    fixture_pass(&fixture, 1000);
    client_expect_payload(&other, "b", "run", 3, id);
    client_settle_payload(&other, "ack", "b", id, "OK b\n");
    client_expect(&supervisor, "DELIVERED d 2\n");
    ck_assert_int_eq(kill(child, SIGCONT), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

/* ---- What is told, and when ---- */

/* How many bytes are there for a client to be read. */
static int unread_by(const struct client *client)
{
    int bytes = -1;
    ck_assert_int_eq(ioctl(client->fd, FIONREAD, &bytes), 0);
    return bytes;
}

/*
 * The receiver sends an ack while its queue is full of answers that it does not read: the OK waits in the
 * server, and so does what the dispatcher is told.
 */
START_TEST(delivered_is_told_after_the_ok_is_in_the_receivers_queue)
{
    char id[ID_BYTES], ack[80];
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "timeout=5000 attempts=1", &one, "a", "run", 3, id);
    /* Until the kernel takes no more; what is then left in the server is less than it stops reading at. */
    int full = 0;
    for (int i = 0; i < 10000 && full == 0; i++) {
        int queued = unread_by(&one);
        client_say(&one, "stats s\n");
        full = unread_by(&one) == queued;
    }
    ck_assert_int_eq(full, 1);
    snprintf(ack, sizeof(ack), "ack a %s\n", id);
    client_say(&one, ack);
    client_expect(&supervisor, "");
    client_hear(&one);
    ck_assert_uint_gt(one.bytes, 5);
    ck_assert_str_eq(one.data + one.bytes - 5, "OK a\n");
    client_expect(&supervisor, "DELIVERED d 1\n");
    one.bytes = 0;
}
END_TEST

START_TEST(one_payload_is_shared_and_not_copied)
{
    char id[ID_BYTES];
    client_say(&one, "wait a\n");
    client_dispatch(&supervisor, "d", "", large, LARGE);
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, LARGE);
    client_expect_payload(&one, "a", large, LARGE, id);
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, LARGE);
    client_settle_payload(&one, "ack", "a", id, "OK a\n");
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 0);
    client_expect(&supervisor, "DELIVERED d 1\n");
}
END_TEST

/* The memory of a payload that nobody waits for any more stays as long as it is half written. */
START_TEST(a_payload_that_was_begun_is_written_to_its_end)
{
    char id[ID_BYTES], line[80];
    client_say(&one, "wait a\n");
    client_dispatch(&supervisor, "d", "timeout=100 attempts=2", large, LARGE);
    fixture_pass(&fixture, 50);
    client_expect(&supervisor, "LOST d 1\n");
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, LARGE);
    client_expect_payload(&one, "a", large, LARGE, id);
    snprintf(line, sizeof(line), "OVER a %s\n", id);
    client_expect(&one, line);
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 0);
}
END_TEST

/* ---- The kernel's queue, which all of this rests on ---- */

static int unread(int fd)
{
    int bytes = -1;
    ck_assert_int_eq(ioctl(fd, SIOCOUTQ, &bytes), 0);
    return bytes;
}

static void open_pair(int pair[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
}

START_TEST(the_kernel_says_what_the_other_process_has_not_read)
{
    int pair[2];
    char bytes[100] = {0};
    open_pair(pair);
    ck_assert_int_eq(unread(pair[0]), 0);
    ck_assert_int_eq(write(pair[0], bytes, 100), 100);
    int once = unread(pair[0]);
    ck_assert_int_ge(once, 100);
    ck_assert_int_eq(read(pair[1], bytes, 99), 99);
    ck_assert_int_eq(unread(pair[0]), once);
    ck_assert_int_eq(read(pair[1], bytes, 1), 1);
    ck_assert_int_eq(unread(pair[0]), 0);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

START_TEST(the_kernel_resets_when_one_byte_is_unread_and_not_otherwise)
{
    int pair[2];
    char bytes[100] = {0};
    for (size_t left = 0; left <= 100; left += 50) {
        open_pair(pair);
        ck_assert_int_eq(write(pair[0], bytes, 100), 100);
        ck_assert_int_eq(write(pair[1], "last words", 10), 10);
        if (left < 100)
            ck_assert_int_eq(read(pair[1], bytes, 100 - left), (ssize_t)(100 - left));
        close(pair[1]);
        /* A write that fails does not take the reset away, nor do bytes that are there to be read. */
        ck_assert_int_eq(send(pair[0], bytes, 1, MSG_NOSIGNAL), -1);
        ck_assert_int_eq(errno, EPIPE);
        ck_assert_int_eq(read(pair[0], bytes, 100), 10);
        errno = 0;
        ck_assert_int_eq(read(pair[0], bytes, 100), left > 0 ? -1 : 0);
        ck_assert_int_eq(errno, left > 0 ? ECONNRESET : 0);
        close(pair[0]);
    }
}
END_TEST

START_TEST(closing_does_not_take_back_what_was_written)
{
    int pair[2];
    char bytes[100] = {0};
    open_pair(pair);
    ck_assert_int_eq(write(pair[0], bytes, 100), 100);
    close(pair[0]);
    ck_assert_int_eq(read(pair[1], bytes, 100), 100);
    ck_assert_int_eq(read(pair[1], bytes, 100), 0);
    close(pair[1]);
}
END_TEST

/* ---- Sizes ---- */

static const size_t sizes[] = {0,     1,     2,     999,   1000,   1001,    4095,        4096,   4097,
                               32767, 32768, 32769, 65536, 212992, 1048576, 8 * MIB - 1, 8 * MIB};

START_TEST(payloads_of_any_size_arrive_as_they_are)
{
    char id[ID_BYTES];
    size_t bytes = sizes[_i];
    char *body = malloc(bytes + 1);
    ck_assert_ptr_nonnull(body);
    for (size_t i = 0; i < bytes; i++)
        body[i] = (char)(i ^ i >> 8 ^ i >> 16);
    client_say(&one, "wait a\n");
    client_hand_over(&supervisor, "d", "", &one, "a", body, bytes, id);
    client_settle_payload(&one, "ack", "a", id, "OK a\n");
    client_expect(&supervisor, "DELIVERED d 1\n");
    free(body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unix_delivery");
    TCase *tcase = tcase_create("delivery");

    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, what_is_refused_goes_to_the_next);
    tcase_add_test(tcase, what_everybody_refuses_is_lost);
    tcase_add_test(tcase, no_more_are_tried_than_was_said);
    tcase_add_test(tcase, a_lease_ends_with_over_and_the_next_gets_it);
    tcase_add_test(tcase, a_lease_is_at_most_its_share_of_the_dispatch);
    tcase_add_test(tcase, a_dispatch_whose_time_ends_first_is_uncertain);
    tcase_add_test(tcase, a_standstill_in_mid_round_takes_nothing_from_lease_and_dispatch);
    tcase_add_test(tcase, an_ack_that_lay_in_its_socket_during_a_standstill_counts);
    tcase_add_test(tcase, an_ack_may_come_a_little_later_after_a_standstill);
    tcase_add_loop_test(tcase, a_lease_ends_soon_after_a_standstill, 0, 2);
    tcase_add_loop_test(tcase, more_than_10_ms_late_is_a_standstill, 0, 2);
    tcase_add_test(tcase, an_ack_is_taken_once);
    tcase_add_test(tcase, the_next_wait_may_come_with_the_ack);
    tcase_add_test(tcase, an_old_id_does_not_fit_a_new_payload);
    tcase_add_test(tcase, an_ack_before_the_end_of_the_payload_is_early);
    tcase_add_test(tcase, what_was_answered_with_ok_is_not_over);
    tcase_add_test(tcase, a_receiver_that_goes_without_reading_has_not_got_it);
    tcase_add_test(tcase, a_receiver_that_goes_with_one_byte_unread_has_not_got_it);
    tcase_add_test(tcase, of_a_receiver_that_has_read_and_goes_nobody_can_tell);
    tcase_add_test(tcase, the_dispatcher_may_want_the_next_to_be_tried_even_then);
    tcase_add_test(tcase, an_unread_answer_behind_a_payload_says_nothing_about_the_payload);
    tcase_add_test(tcase, a_payload_that_is_not_written_whole_is_lost_with_its_connection);
    tcase_add_test(tcase, an_ack_of_who_has_gone_before_its_answer_is_uncertain);
    tcase_add_test(tcase, a_refusal_of_who_has_gone_counts);
    tcase_add_test(tcase, who_says_that_nothing_more_comes_cannot_acknowledge_any_more);
    tcase_add_test(tcase, a_dispatcher_that_goes_is_missed_by_nobody);
    tcase_add_test(tcase, a_dispatcher_that_goes_in_the_middle_of_a_body_has_sent_nothing);
    tcase_add_test(tcase, who_is_killed_in_the_middle_of_reading_has_not_got_it);
    tcase_add_test(tcase, a_stopped_process_does_not_hold_up_the_run);
    tcase_add_test(tcase, delivered_is_told_after_the_ok_is_in_the_receivers_queue);
    tcase_add_test(tcase, one_payload_is_shared_and_not_copied);
    tcase_add_test(tcase, a_payload_that_was_begun_is_written_to_its_end);
    tcase_add_test(tcase, the_kernel_says_what_the_other_process_has_not_read);
    tcase_add_test(tcase, the_kernel_resets_when_one_byte_is_unread_and_not_otherwise);
    tcase_add_test(tcase, closing_does_not_take_back_what_was_written);
    tcase_add_loop_test(tcase, payloads_of_any_size_arrive_as_they_are, 0, sizeof(sizes) / sizeof(sizes[0]));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
