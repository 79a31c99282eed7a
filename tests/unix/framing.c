/* SPDX-License-Identifier: MIT */
/* Lines and bodies, however they are cut into pieces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "talk.h"

/* What a client says, with everything in it that has a length or an end. */
static const char said[] = "ping a\n"
                           "wait w id=c1 -- k=\303\244 n:=1\r\n"
                           "dispatch d 13 {\"n\":1.0,\"k\":\"\303\244\"}\nping no\n\r\nX\0Y\n"
                           "dispatch e 0 -- none=here\n\n"
                           "dispatch f 3 nonsense\nabc\r\n"
                           "frob\n"
                           "\n"
                           "count c\r\n"
                           "ack x 1\n"
                           "ping z\n";
#define SAID_BYTES (sizeof(said) - 1)

static const char answered[] =
    "OK a 1 " WARMSTART_VERSION_STRING "\n"
    "NO_MATCH e\n"
    "ERR f syntax got nonsense, expected timeout=, attempts=, match=, uncertain=, -- with "
    "name=text and name:=json, or {\n"
    "ERR ? unknown got frob, expected one of wait, ack, refuse, cancel, leave, dispatch, "
    "count, stats, list, cordon, uncordon, retire, drain, ping, quit\n"
    "ERR ? unknown got , expected one of wait, ack, refuse, cancel, leave, dispatch, "
    "count, stats, list, cordon, uncordon, retire, drain, ping, quit\n"
    "OK c 0\n"
    "ERR x over there is no such payload, or it is not yours any more\n"
    "OK z 1 " WARMSTART_VERSION_STRING "\n";
static const char payload[] = "ping no\n\r\nX\0Y";

static struct fixture fixture;
static struct client client;

static void open_all(void)
{
    fixture_init(&fixture);
    fixture_open(&fixture);
}

static void close_all(void)
{
    fixture_close(&fixture);
}

/* The frame of the payload comes between the answers, where depends on the pieces: it is taken out. */
static void expect_all(void)
{
    client_hear(&client);
    const char *frame = memmem(client.data, client.bytes, "PAYLOAD w ", 10);
    ck_assert_ptr_nonnull(frame);
    const char *body = strchr(frame, '\n') + 1;
    ck_assert_int_eq(memcmp(body, payload, 13), 0);
    size_t before = (size_t)(frame - client.data), frame_bytes = (size_t)(body - frame) + 13 + 1;
    ck_assert_int_eq(body[13], '\n');
    memmove(client.data + before, frame + frame_bytes, client.bytes - before - frame_bytes + 1);
    client.bytes -= frame_bytes;
    client_expect(&client, answered);
}

START_TEST(a_stream_is_understood_the_same_cut_at_every_byte)
{
    for (size_t cut = 0; cut <= SAID_BYTES; cut++) {
        client_connect(&client, &fixture);
        client_send(&client, said, cut);
        client_send(&client, said + cut, SAID_BYTES - cut);
        expect_all();
        client_close(&client);
    }
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 0);
}
END_TEST

START_TEST(a_stream_is_understood_the_same_in_pieces_of_any_size)
{
    for (size_t piece = 1; piece < 40; piece++) {
        client_connect(&client, &fixture);
        for (size_t at = 0; at < SAID_BYTES; at += piece)
            client_send(&client, said + at, SAID_BYTES - at < piece ? SAID_BYTES - at : piece);
        expect_all();
        client_close(&client);
    }
}
END_TEST

START_TEST(many_streams_are_understood_side_by_side)
{
    static struct client clients[8];
    for (int i = 0; i < 8; i++)
        client_connect(&clients[i], &fixture);
    const char *line = "dispatch d 5 -- a=b\nhello\nping p\n";
    for (size_t at = 0; at < strlen(line); at++)
        for (int i = 0; i < 8; i++)
            client_send(&clients[i], line + at, 1);
    for (int i = 0; i < 8; i++) {
        client_expect(&clients[i], "NO_MATCH d\nOK p 1 " WARMSTART_VERSION_STRING "\n");
        client_close(&clients[i]);
    }
}
END_TEST

START_TEST(lines_that_do_not_fit_into_one_read_are_put_together)
{
    size_t bytes = 16383;
    char *line = malloc(bytes + 2);
    memset(line, 'a', bytes);
    memcpy(line, "retire r -- ", 12);
    line[bytes] = '\n';
    client_connect(&client, &fixture);
    for (int i = 0; i < 20; i++) {
        client_send(&client, line, bytes + 1);
        client_expect_error(&client, "r", "syntax", "a name of 1 to 1024 bytes");
    }
    /* All at once: more than is read in one round. */
    char *many = malloc(20 * (bytes + 1));
    for (size_t i = 0; i < 20; i++)
        memcpy(many + i * (bytes + 1), line, bytes + 1);
    client_send(&client, many, 20 * (bytes + 1));
    client_hear(&client);
    size_t lines = 0;
    for (size_t i = 0; i < client.bytes; i++)
        lines += client.data[i] == '\n';
    ck_assert_uint_eq(lines, 20);
    client_close(&client);
    free(many);
    free(line);
}
END_TEST

/* More commands than are carried out in one round, all in the server's hands at once. */
START_TEST(what_is_left_for_later_rounds_keeps_its_order)
{
    char *commands = malloc(40 * 3000), *expected = malloc(40 * 3000);
    size_t bytes = 0, expected_bytes = 0;
    for (int i = 0; i < 3000; i++) {
        bytes += (size_t)sprintf(commands + bytes, "dispatch d%d 3 -- a=b\nabc\n", i);
        expected_bytes += (size_t)sprintf(expected + expected_bytes, "NO_MATCH d%d\n", i);
    }
    client_connect(&client, &fixture);
    client_send(&client, commands, bytes);
    client_expect(&client, expected);
    client_close(&client);
    free(commands);
    free(expected);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unix_framing");
    TCase *tcase = tcase_create("framing");

    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_stream_is_understood_the_same_cut_at_every_byte);
    tcase_add_test(tcase, a_stream_is_understood_the_same_in_pieces_of_any_size);
    tcase_add_test(tcase, many_streams_are_understood_side_by_side);
    tcase_add_test(tcase, lines_that_do_not_fit_into_one_read_are_put_together);
    tcase_add_test(tcase, what_is_left_for_later_rounds_keeps_its_order);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
