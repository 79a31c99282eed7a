/* SPDX-License-Identifier: MIT */
/* Every command: what it does, what it answers, and what is wrong with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "suite.h"
#include "talk.h"

static struct fixture fixture;
static struct client controller, supervisor;

static void open_all(void)
{
    fixture_init(&fixture);
    fixture_open(&fixture);
    client_connect(&controller, &fixture);
    client_connect(&supervisor, &fixture);
}

static void close_all(void)
{
    client_close(&controller);
    client_close(&supervisor);
    fixture_close(&fixture);
}

/* ---- Waiting and dispatching ---- */

START_TEST(a_run_reaches_who_waits_and_is_acknowledged)
{
    char id[ID_BYTES];
    client_ask(&controller, "wait w1 id=controller-1 instance=node-1 -- deployment=d1 cpu:=0.5\n", "");
    client_hand_over(&supervisor, "d1", "-- cpu:=5e-1 deployment=d1", &controller, "w1", "hello!", 6, id);
    client_expect(&supervisor, "");
    client_settle_payload(&controller, "ack", "w1", id, "OK w1\n");
    client_expect(&supervisor, "DELIVERED d1 1 controller-1\n");
    client_expect(&controller, "");
    struct warmstart_unix_stats stats = fixture_stats(&fixture);
    ck_assert_uint_eq(stats.acknowledged_total, 1);
    ck_assert_uint_eq(stats.payloads_total, 1);
    ck_assert_uint_eq(stats.waits, 0);
    ck_assert_uint_eq(stats.dispatches, 0);
    ck_assert_uint_eq(stats.buffered_bytes, 0);
}
END_TEST

START_TEST(metadata_is_the_same_as_words_and_as_json)
{
    char id[ID_BYTES];
    client_say(&controller, "wait w {\"b\":\"x y\",\"n\":1,\"t\":true,\"z\":null,\"m\":{\"c\":\"q\"}}\n");
    client_dispatch(&supervisor, "1", "-- b=x", "", 0);
    client_expect(&supervisor, "NO_MATCH 1\n");
    client_dispatch(&supervisor, "2",
                    "{\"m.c\":\"q\", \"z\":null, \"t\":true, \"n\":1.0, \"b\":\"x\\u0020y\"}", "p", 1);
    client_expect_payload(&controller, "w", "p", 1, id);
    client_settle_payload(&controller, "ack", "a", id, "OK a\n");
    client_expect(&supervisor, "DELIVERED 2 1\n");
    client_say(&controller, "wait w -- n:=1 s=1 e= m.c:=\"q\"\n");
    client_dispatch(&supervisor, "3", "{\"n\":\"1\",\"s\":\"1\",\"e\":\"\",\"m\":{\"c\":\"q\"}}", "p", 1);
    client_expect(&supervisor, "NO_MATCH 3\n");
    client_hand_over(&supervisor, "4", "{\"n\":1,\"s\":\"1\",\"e\":\"\",\"m\":{\"c\":\"q\"}}", &controller,
                     "w", "p", 1, id);
}
END_TEST

START_TEST(the_empty_set_matches_itself)
{
    char id[ID_BYTES];
    client_say(&controller, "wait w\n");
    client_hand_over(&supervisor, "d", "--", &controller, "w", "x", 1, id);
    client_settle_payload(&controller, "ack", "w", id, "OK w\n");
    client_expect(&supervisor, "DELIVERED d 1\n");
    client_say(&controller, "wait w {}\n");
    client_hand_over(&supervisor, "d", "", &controller, "w", "x", 1, id);
}
END_TEST

START_TEST(a_subset_fits_and_an_exact_one_does_not)
{
    char id[ID_BYTES];
    client_say(&controller, "wait w -- a=1 b=2 c=3\n");
    client_dispatch(&supervisor, "1", "-- a=1 c=3", "x", 1);
    client_expect(&supervisor, "NO_MATCH 1\n");
    client_dispatch(&supervisor, "2", "match=exact -- a=1 c=3", "x", 1);
    client_expect(&supervisor, "NO_MATCH 2\n");
    client_dispatch(&supervisor, "3", "match=subset -- a=1 c=4", "x", 1);
    client_expect(&supervisor, "NO_MATCH 3\n");
    client_ask(&supervisor, "count c match=subset -- a=1\ncount d -- a=1\ncount e\ncount f match=subset\n",
               "OK c 1\nOK d 0\nOK e 0\nOK f 1\n");
    client_hand_over(&supervisor, "4", "match=subset -- a=1 c=3", &controller, "w", "x", 1, id);
    client_ask(&supervisor, "count c match=subset -- a=1\n", "OK c 0\n");
}
END_TEST

START_TEST(one_connection_waits_and_dispatches_many_times_at_once)
{
    char line[64], id[ID_BYTES], tag[16];
    for (int i = 0; i < 300; i++) {
        snprintf(line, sizeof(line), "wait w%d -- key=%d\n", i, i);
        client_say(&controller, line);
    }
    for (int i = 0; i < 300; i++) {
        snprintf(line, sizeof(line), "-- key=%d", i);
        snprintf(tag, sizeof(tag), "d%d", i);
        client_dispatch(&controller, tag, line, tag, strlen(tag));
    }
    ck_assert_uint_eq(fixture_stats(&fixture).dispatches, 300);
    for (int i = 0; i < 300; i++) {
        snprintf(tag, sizeof(tag), "d%d", i);
        snprintf(line, sizeof(line), "w%d", i);
        client_expect_payload(&controller, line, tag, strlen(tag), id);
        snprintf(line, sizeof(line), "ack a%d %s\n", i, id);
        /* What is answered comes behind the payloads that are still to be read. */
        ck_assert_uint_eq(client_push(&controller, line, strlen(line)), strlen(line));
    }
    for (int i = 0; i < 300; i++) {
        client_hear(&controller);
        snprintf(line, sizeof(line), "OK a%d\n", i);
        ck_assert_ptr_nonnull(strstr(controller.data, line));
        snprintf(line, sizeof(line), "DELIVERED d%d 1\n", i);
        ck_assert_ptr_nonnull(strstr(controller.data, line));
    }
}
END_TEST

START_TEST(a_wait_is_told_that_its_time_is_over)
{
    client_ask(&controller, "wait a timeout=1000\nwait b timeout=2000\nwait c\n", "");
    fixture_pass(&fixture, 999);
    client_expect(&controller, "");
    fixture_pass(&fixture, 1);
    client_expect(&controller, "TIMEOUT a\n");
    fixture_pass(&fixture, 1000);
    client_expect(&controller, "TIMEOUT b\n");
    fixture_pass(&fixture, 86400000);
    client_expect(&controller, "");
    client_ask(&controller, "wait a timeout=5\n", "");
}
END_TEST

START_TEST(a_second_wait_of_a_controller_supersedes_the_first)
{
    client_say(&controller, "wait a id=c1\n");
    client_ask(&supervisor, "wait b id=c1\n", "");
    client_expect(&controller, "ENDED a superseded\n");
    client_ask(&supervisor, "wait c id=c1\n", "ENDED b superseded\n");
}
END_TEST

START_TEST(a_wait_can_be_cancelled)
{
    client_ask(&controller, "wait a -- k=1\ncancel x a\n", "OK x\nENDED a cancelled\n");
    client_ask(&controller, "cancel y a\n",
               "ERR y over there is no wait or dispatch with that tag, or not any more\n");
    client_ask(&controller, "wait a -- k=1\ncancel a a\nwait a -- k=1\n", "OK a\nENDED a cancelled\n");
    /* Other connections' tags are theirs. */
    client_say(&supervisor, "cancel z a\n");
    client_expect_error(&supervisor, "z", "over", NULL);
    ck_assert_uint_eq(fixture_stats(&fixture).waits, 1);
}
END_TEST

START_TEST(a_wait_whose_payload_is_out_cannot_be_cancelled)
{
    char id[ID_BYTES];
    client_say(&controller, "wait a\n");
    client_hand_over(&supervisor, "d", "", &controller, "a", "x", 1, id);
    client_say(&controller, "cancel x a\n");
    client_expect_error(&controller, "x", "late", "acknowledge it or refuse it");
    client_settle_payload(&controller, "ack", "y", id, "OK y\n");
    client_expect(&supervisor, "DELIVERED d 1\n");
}
END_TEST

START_TEST(a_dispatch_whose_payload_is_out_cannot_be_cancelled)
{
    char id[ID_BYTES];
    client_say(&controller, "wait a\n");
    client_dispatch(&supervisor, "d", "", "x", 1);
    client_say(&supervisor, "cancel c d\n");
    client_expect_error(&supervisor, "c", "late", "what becomes of it will be told");
    client_expect_payload(&controller, "a", "x", 1, id);
    client_settle_payload(&controller, "ack", "a", id, "OK a\n");
    client_expect(&supervisor, "DELIVERED d 1\n");
    client_say(&supervisor, "cancel c d\n");
    client_expect_error(&supervisor, "c", "over", NULL);
}
END_TEST

START_TEST(a_dispatch_is_cancelled_in_time_when_both_come_together)
{
    client_say(&controller, "wait a\n");
    client_ask(&supervisor, "dispatch d 1\nx\ncancel c d\n", "OK c\nCANCELLED d 0\n");
    client_expect(&controller, "");
    client_ask(&supervisor, "count n\n", "OK n 1\n");
}
END_TEST

START_TEST(who_leaves_is_given_nothing_more)
{
    char id[ID_BYTES];
    client_say(&controller, "wait a id=c1 -- k=1\nwait b id=c2 -- k=2\nwait c -- k=3\n");
    client_hand_over(&supervisor, "d", "-- k=1", &controller, "a", "x", 1, id);
    client_ask(&controller, "leave l for=1000\n", "ENDED b left\nENDED c left\nOK l\n");
    client_say(&controller, "wait z\n");
    client_expect_error(&controller, "z", "left", NULL);
    client_dispatch(&supervisor, "e", "-- k=2", "x", 1);
    client_expect(&supervisor, "NO_MATCH e\n");
    /* What came before is still to be acknowledged. */
    client_settle_payload(&controller, "ack", "a", id, "OK a\n");
    client_expect(&supervisor, "DELIVERED d 1 c1\n");
    client_say(&supervisor, "wait r id=c2\n");
    client_expect_error(&supervisor, "r", "retired", NULL);
    client_ask(&supervisor, "wait c1 id=c1\n", "");
    fixture_pass(&fixture, 1000);
    client_ask(&supervisor, "wait r id=c2\n", "");
}
END_TEST

START_TEST(without_a_time_nobody_is_retired)
{
    client_ask(&controller, "wait a id=c1\nleave l\nleave m\n", "ENDED a left\nOK l\nOK m\n");
    client_ask(&supervisor, "wait a id=c1\n", "");
}
END_TEST

START_TEST(a_tag_is_taken_until_it_was_told_what_became_of_it)
{
    client_say(&controller, "wait a -- k=1\nwait a -- k=2\n");
    client_expect_error(&controller, "a", "tag", NULL);
    client_dispatch(&controller, "a", "-- k=3", "x", 1);
    client_expect_error(&controller, "a", "tag", NULL);
    client_ask(&controller, "ping a\ncancel a a\nwait a\n",
               "OK a 1 " WARMSTART_VERSION_STRING "\nOK a\nENDED a cancelled\n");
    client_say(&supervisor, "dispatch d 1\nx\ndispatch d 1\ny\n");
    client_expect_error(&supervisor, "d", "tag", NULL);
}
END_TEST

/* ---- Operating ---- */

START_TEST(a_ping_tells_the_versions)
{
    client_ask(&controller, "ping p\n", "OK p 1 " WARMSTART_VERSION_STRING "\n");
}
END_TEST

START_TEST(statistics_are_lines_of_names_and_numbers)
{
    client_say(&controller, "wait a\n");
    client_say(&supervisor, "stats s\n");
    char *text = client_expect_data(&supervisor, "s");
    ck_assert_ptr_nonnull(strstr(text, "waiters 1\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nended_total.delivered 0\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nsettled_total.no_match") == NULL ? text : NULL);
    ck_assert_ptr_nonnull(strstr(text, "\nloop.watches "));
    ck_assert_ptr_nonnull(strstr(text, "\nunix.connections 2\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nunix.commands_total 2\n"));
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        char name[64];
        unsigned long long number;
        int bytes = 0;
        ck_assert_msg(sscanf(line, "%63[a-z_.] %llu%n", name, &number, &bytes) == 2 && line[bytes] == '\n',
                      "%s", line);
    }
    free(text);
}
END_TEST

static void expect_list(const char *command, const char *expected)
{
    client_say(&supervisor, command);
    char *text = client_expect_data(&supervisor, "l");
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(waiters_are_listed_by_key_and_instance)
{
    expect_list("list l\n", "");
    client_say(&controller, "wait 1 instance=node-2 -- deployment=d cpu:=0.5\n"
                            "wait 2 instance=node-1 -- deployment=d cpu:=5e-1\n"
                            "wait 3 instance=node-2 {\"cpu\":0.50,\"deployment\":\"d\"}\n"
                            "wait 4 {\"q\\\"\\u00e4\":\"\\\\ \\u0001\"}\n"
                            "wait 5 instance=node-2 -- z:=null\n");
    client_ask(&supervisor, "cordon c -- node-2\n", "OK c\n");
    expect_list("list l\n", "1\t1\t\t{\"q\\\"\303\244\":\"\\\\ \\u0001\"}\n"
                            "1\t1\tnode-1\t{\"cpu\":0.5,\"deployment\":\"d\"}\n"
                            "2\t0\tnode-2\t{\"cpu\":0.5,\"deployment\":\"d\"}\n"
                            "1\t0\tnode-2\t{\"z\":null}\n");
    expect_list("list l instance=node-1\n", "1\t1\tnode-1\t{\"cpu\":0.5,\"deployment\":\"d\"}\n");
    expect_list("list l -- deployment=d\n", "1\t1\tnode-1\t{\"cpu\":0.5,\"deployment\":\"d\"}\n"
                                            "2\t0\tnode-2\t{\"cpu\":0.5,\"deployment\":\"d\"}\n");
    expect_list("list l match=exact -- deployment=d\n", "");
    expect_list("list l match=exact instance=node-2 {\"z\":null}\n", "1\t0\tnode-2\t{\"z\":null}\n");
}
END_TEST

/* A waiter of another transport, which takes whatever it is given. */
static void foreign_deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                            struct warmstart_payload *payload)
{
    (void)payload;
    warmstart_loop_report(conn->transport->loop, waiter, WARMSTART_OUTCOME_DELIVERED);
}

static void foreign_ended(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                          enum warmstart_ending ending)
{
    (void)conn;
    (void)waiter;
    ck_assert_int_eq(ending, WARMSTART_ENDING_DELIVERED);
}

static void foreign_settled(struct warmstart_origin *origin, const struct warmstart_settlement *settlement)
{
    (void)origin;
    (void)settlement;
}

START_TEST(a_name_that_cannot_stand_in_a_line_is_not_told)
{
    static const struct warmstart_transport_operations operations = {
        sizeof(operations), "foreign", foreign_deliver, foreign_ended, foreign_settled};
    static const char *const names[] = {"a\nNO_MATCH d", "a\r", "\033[2J", "caf\xe9", "\xff"};
    struct warmstart_transport transport = {0};
    ck_assert_int_eq(warmstart_loop_attach(fixture.loop, &transport, &operations), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct warmstart_registration registration;
        struct warmstart_conn conn = {
            .transport = &transport, .controller_id = names[i], .controller_id_bytes = strlen(names[i])};
        warmstart_waiter_id waiter;
        warmstart_registration_init(&registration);
        registration.controller_id = names[i];
        registration.controller_id_bytes = strlen(names[i]);
        ck_assert_int_eq(warmstart_loop_register(&conn, &registration, &waiter), 0);
        client_dispatch(&supervisor, "d", "", "run", 3);
        client_expect(&supervisor, "DELIVERED d 1\n");
    }
    ck_assert_int_eq(warmstart_loop_detach(&transport), 0);
}
END_TEST

START_TEST(a_long_list_ends_with_dots)
{
    char line[64];
    for (int i = 0; i < 1003; i++) {
        snprintf(line, sizeof(line), "wait %d -- k=%d\n", i, i);
        client_say(i < 1000 ? &controller : &supervisor, line);
    }
    client_say(&supervisor, "list l\n");
    char *text = client_expect_data(&supervisor, "l");
    size_t lines = 0;
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    ck_assert_uint_eq(lines, 1001);
    ck_assert_str_eq(text + strlen(text) - 5, "\n...\n");
    free(text);
    client_say(&supervisor, "list l max=1003\n");
    text = client_expect_data(&supervisor, "l");
    ck_assert_ptr_null(strstr(text, "..."));
    free(text);
}
END_TEST

START_TEST(a_cordoned_instance_gets_nothing_until_it_is_uncordoned)
{
    char id[ID_BYTES];
    client_say(&controller, "wait a instance=a\302\240b\n");
    client_ask(&supervisor, "cordon c for=1000 -- a\302\240b\ncount n\n", "OK c\nOK n 0\n");
    client_dispatch(&supervisor, "d", "", "x", 1);
    client_expect(&supervisor, "NO_MATCH d\n");
    client_ask(&supervisor, "uncordon c -- a\302\240b\ncount n\n", "OK c\nOK n 1\n");
    client_ask(&supervisor, "cordon c for=1000 -- a\302\240b\ncordon d -- of two words\ncount n\n",
               "OK c\nOK d\nOK n 0\n");
    fixture_pass(&fixture, 1000);
    client_hand_over(&supervisor, "d", "", &controller, "a", "x", 1, id);
}
END_TEST

START_TEST(a_retired_controller_is_refused_for_so_long)
{
    client_say(&controller, "wait a id=c1\n");
    client_ask(&supervisor, "retire r for=1000 -- c1\nretire s -- never seen\n", "OK r 1\nOK s 0\n");
    client_expect(&controller, "ENDED a retired\n");
    client_say(&controller, "wait a id=c1\n");
    client_expect_error(&controller, "a", "retired", NULL);
    fixture_pass(&fixture, 1000);
    client_ask(&controller, "wait a id=c1\n", "");
}
END_TEST

/* ---- What is wrong with a line ---- */

static const struct {
    const char *line;
    const char *tag;
    const char *code;
    const char *message; /* NULL: any */
} wrong[] = {
    {"", "?", "unknown", "got , expected one of wait, ack"},
    {" ", "?", "unknown", NULL},
    {"frob", "?", "unknown", "got frob, expected one of wait, ack"},
    {"frob t1 x", "t1", "unknown", NULL},
    {"PING p", "p", "unknown", "got PING"},
    {"ping", "?", "syntax", "expected a tag"},
    {"ping ", "?", "syntax", "expected a tag"},
    {"ping a/b", "?", "syntax", "got a/b, expected a tag"},
    {"ping 123456789012345678901234567890123", "?", "syntax", "expected a tag"},
    {"ping p x", "p", "syntax", "got x, expected nothing else"},
    {"ping p ", "p", "syntax", "two spaces, or one at the end"},
    {"ping  p", "?", "syntax", "expected a tag"},
    {"wait w k=v", "w", "syntax", "got k=v, expected id=, instance=, timeout=, -- with name=text"},
    {"wait w id=a id=b", "w", "syntax", "id: given twice"},
    {"wait w id=", "w", "syntax", "id: expected 1 to 1024 bytes"},
    {"wait w timeout=0", "w", "syntax", "timeout: got 0, expected a whole number from 1 to 86400000"},
    {"wait w timeout=86400001", "w", "syntax", "expected a whole number"},
    {"wait w timeout=01", "w", "syntax", "expected a whole number"},
    {"wait w timeout=1s", "w", "syntax", "got 1s, expected a whole number"},
    {"wait w timeout=99999999999999999999", "w", "syntax", "expected a whole number"},
    {"wait w attempts=1", "w", "syntax", "got attempts=1, expected id="},
    {"wait w -- novalue", "w", "syntax", "metadata, at byte 7: expected name=text or name:=json"},
    {"wait w -- a=1 a=2", "w", "syntax", "metadata, at byte 4: expected a field's name that was not there"},
    {"wait w -- a=1  b=2", "w", "syntax", "metadata, at byte 4"},
    {"wait w -- =x", "w", "syntax", "metadata"},
    {"wait w -- a:=x", "w", "syntax", "metadata"},
    {"wait w -- a:=[1]", "w", "syntax", "metadata"},
    {"wait w {\"a\":[1]}", "w", "syntax", "expected no array"},
    {"wait w {\"a\":1", "w", "syntax", "metadata, at byte 6"},
    {"wait w {\"a\":1} x", "w", "syntax", "metadata, at byte 8"},
    {"wait w {\"a\":1}--", "w", "syntax", "metadata"},
    {"wait w -- a=1 {\"b\":2}", "w", "syntax", "metadata"},
    {"ack a", "a", "syntax", "expected the id of a payload"},
    {"ack a ", "a", "syntax", "expected the id of a payload"},
    {"ack a x y", "a", "syntax", "got y, expected nothing else"},
    {"ack a x", "a", "over", NULL},
    {"ack a 1", "a", "over", NULL},
    {"ack a 0", "a", "over", NULL},
    {"ack a 18446744073709551616", "a", "over", NULL},
    {"ack a 99999999999999999999999999999999", "a", "over", NULL},
    {"refuse a 1", "a", "over", NULL},
    {"cancel a", "a", "syntax", "expected the tag of a wait or dispatch"},
    {"leave l for=0", "l", "syntax", "for: got 0"},
    {"leave l -- a=b", "l", "syntax", "got --, expected for=, nothing else"},
    {"dispatch d 1 match=any", "d", "syntax", "match: got any, expected exact or subset"},
    {"dispatch d 1 attempts=101", "d", "syntax", "attempts: got 101, expected a whole number from 1 to 100"},
    {"dispatch d 1 uncertain=no", "d", "syntax", "uncertain: got no, expected stop or retry"},
    {"dispatch d 1 -- x", "d", "syntax", "metadata"},
    {"count c match=some", "c", "syntax", "match: got some"},
    {"count c {", "c", "syntax", "metadata"},
    {"list l max=10001", "l", "syntax", "max: got 10001"},
    {"list l max=1 max=2", "l", "syntax", "max: given twice"},
    {"list l {", "l", "syntax", "metadata"},
    {"stats s all", "s", "syntax", "got all, expected nothing else"},
    {"cordon c", "c", "syntax", "expected -- and a name"},
    {"cordon c --", "c", "syntax", "expected -- and a name"},
    {"cordon c -- ", "c", "syntax", "expected -- and a name"},
    {"cordon c node-1", "c", "syntax", "got node-1, expected for=, -- and a name"},
    {"uncordon c for=1 -- x", "c", "syntax", "got for=1, expected -- and a name"},
    {"retire r", "r", "syntax", "expected -- and a name"},
    {"drain d for=1", "d", "syntax", "got for=1, expected timeout=, spread=, nothing else"},
    {"drain d", "d", "unsupported", NULL},
};

START_TEST(a_line_that_is_wrong_is_answered_and_the_next_one_is_read)
{
    client_say(&controller, wrong[_i].line);
    client_say(&controller, strncmp(wrong[_i].line, "dispatch", 8) == 0 ? "\nx\n" : "\n");
    client_expect_error(&controller, wrong[_i].tag, wrong[_i].code, wrong[_i].message);
    client_ask(&controller, "ping p\n", "OK p 1 " WARMSTART_VERSION_STRING "\n");
    ck_assert_uint_eq(fixture_stats(&fixture).errors_total, 1);
}
END_TEST

static const struct {
    const char *text;
    const char *tag;
    const char *code;
} fatal[] = {
    {"ping \t\n", "?", "line"},
    {"ping p\177\n", "?", "line"},
    {"wait w -- a=\xff\n", "?", "line"},
    {"wait w -- a=\xc0\xaf\n", "?", "line"},
    {"dispatch d\n", "d", "body"},
    {"dispatch d x\n", "d", "body"},
    {"dispatch d -1\n", "d", "body"},
    {"dispatch d 01\n", "d", "body"},
    {"dispatch d 8388609\n", "d", "body"},
    {"dispatch d 9999999999999999\n", "d", "body"},
    {"dispatch d 99999999999999999\n", "d", "body"},
    {"dispatch d,e 5\n", "?", "body"},
    {"dispatch\n", "?", "body"},
    {"dispatch d 3\nabcd\n", "d", "body"},
    {"dispatch d 3\nabc\rx", "d", "body"},
    {"dispatch d 0\nx", "d", "body"},
};

START_TEST(where_nobody_knows_where_the_next_line_begins_the_connection_ends)
{
    char beginning[64];
    client_say(&supervisor, "wait s\n");
    client_say(&controller, "wait w -- k=1\n");
    client_say(&controller, fatal[_i].text);
    snprintf(beginning, sizeof(beginning), "ERR %s %s ", fatal[_i].tag, fatal[_i].code);
    client_expect_line(&controller, beginning);
    ck_assert(controller.closed);
    ck_assert_uint_eq(fixture_stats(&fixture).waits, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).buffered_bytes, 0);
}
END_TEST

START_TEST(the_body_of_a_refused_dispatch_is_thrown_away)
{
    client_say(&controller, "wait w\n");
    client_ask(
        &supervisor, "dispatch a 8 nonsense\nping x\n\n\ndispatch b 7 {]\nping y\n\nping z\n",
        "ERR a syntax got nonsense, expected timeout=, attempts=, match=, uncertain=, -- with name=text and "
        "name:=json, or {\nERR b syntax metadata, at byte 1: expected a key in double quotes\nOK z 1 "
        "0.1.0\n");
    client_expect(&controller, "");
}
END_TEST

/* ---- The end of a connection ---- */

START_TEST(quit_ends_waits_and_waits_for_dispatches)
{
    char id[ID_BYTES];
    client_say(&controller, "wait w -- k=1\n");
    client_ask(&supervisor, "wait v -- k=2\ndispatch d 2 -- k=1\nhi\nquit q\nping never\n", "OK q\n");
    ck_assert_uint_eq(fixture_stats(&fixture).waits, 1);
    client_expect_payload(&controller, "w", "hi", 2, id);
    client_settle_payload(&controller, "ack", "w", id, "OK w\n");
    client_expect_end(&supervisor, "DELIVERED d 1\n");
}
END_TEST

START_TEST(who_says_that_nothing_more_comes_is_still_answered)
{
    char id[ID_BYTES];
    client_say(&controller, "wait w -- k=1\n");
    client_say(&supervisor, "wait v -- k=2\nping p\ndispatch d 2 -- k=1\nhi\n");
    ck_assert_int_eq(shutdown(supervisor.fd, SHUT_WR), 0);
    client_expect(&supervisor, "OK p 1 " WARMSTART_VERSION_STRING "\n");
    ck_assert(!supervisor.closed);
    client_expect_payload(&controller, "w", "hi", 2, id);
    client_settle_payload(&controller, "ack", "w", id, "OK w\n");
    client_expect_end(&supervisor, "DELIVERED d 1\n");
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 1);
}
END_TEST

START_TEST(commands_of_who_has_gone_are_carried_out)
{
    client_say(&controller, "wait w instance=node-1\n");
    const char *last = "cordon c -- node-1\n";
    ck_assert_uint_eq(client_push(&supervisor, last, strlen(last)), strlen(last));
    client_close(&supervisor);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).waiters_unmatchable, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).connections, 1);
}
END_TEST

START_TEST(ends_and_outcomes_are_logged_without_payload_or_metadata)
{
    char id[ID_BYTES];
    fixture.logger.level = WARMSTART_LOG_DEBUG;
    client_say(&controller, "wait w id=c1 instance=node-1 -- secret=meta\n");
    client_hand_over(&supervisor, "d", "-- secret=meta", &controller, "w", "secretpayload", 13, id);
    client_settle_payload(&controller, "ack", "w", id, "OK w\n");
    client_dispatch(&supervisor, "d", "-- secret=meta", "secretpayload", 13);
    ck_assert_ptr_nonnull(
        strstr(fixture.log, "dispatch controller=c1 instance=node-1 outcome=delivered attempts=1"));
    ck_assert_ptr_nonnull(
        strstr(fixture.log, "wait controller=c1 instance=node-1 ending=delivered duration_ms=0"));
    ck_assert_ptr_nonnull(strstr(fixture.log, "dispatch outcome=no_match attempts=0"));
    ck_assert_ptr_null(strstr(fixture.log, "secret"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unix_commands");
    TCase *tcase = tcase_create("commands");

    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_run_reaches_who_waits_and_is_acknowledged);
    tcase_add_test(tcase, metadata_is_the_same_as_words_and_as_json);
    tcase_add_test(tcase, the_empty_set_matches_itself);
    tcase_add_test(tcase, a_subset_fits_and_an_exact_one_does_not);
    tcase_add_test(tcase, one_connection_waits_and_dispatches_many_times_at_once);
    tcase_add_test(tcase, a_wait_is_told_that_its_time_is_over);
    tcase_add_test(tcase, a_second_wait_of_a_controller_supersedes_the_first);
    tcase_add_test(tcase, a_wait_can_be_cancelled);
    tcase_add_test(tcase, a_wait_whose_payload_is_out_cannot_be_cancelled);
    tcase_add_test(tcase, a_dispatch_whose_payload_is_out_cannot_be_cancelled);
    tcase_add_test(tcase, a_dispatch_is_cancelled_in_time_when_both_come_together);
    tcase_add_test(tcase, who_leaves_is_given_nothing_more);
    tcase_add_test(tcase, without_a_time_nobody_is_retired);
    tcase_add_test(tcase, a_tag_is_taken_until_it_was_told_what_became_of_it);
    tcase_add_test(tcase, a_ping_tells_the_versions);
    tcase_add_test(tcase, statistics_are_lines_of_names_and_numbers);
    tcase_add_test(tcase, waiters_are_listed_by_key_and_instance);
    tcase_add_test(tcase, a_name_that_cannot_stand_in_a_line_is_not_told);
    tcase_add_test(tcase, a_long_list_ends_with_dots);
    tcase_add_test(tcase, a_cordoned_instance_gets_nothing_until_it_is_uncordoned);
    tcase_add_test(tcase, a_retired_controller_is_refused_for_so_long);
    tcase_add_loop_test(tcase, a_line_that_is_wrong_is_answered_and_the_next_one_is_read, 0,
                        sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_loop_test(tcase, where_nobody_knows_where_the_next_line_begins_the_connection_ends, 0,
                        sizeof(fatal) / sizeof(fatal[0]));
    tcase_add_test(tcase, the_body_of_a_refused_dispatch_is_thrown_away);
    tcase_add_test(tcase, quit_ends_waits_and_waits_for_dispatches);
    tcase_add_test(tcase, who_says_that_nothing_more_comes_is_still_answered);
    tcase_add_test(tcase, commands_of_who_has_gone_are_carried_out);
    tcase_add_test(tcase, ends_and_outcomes_are_logged_without_payload_or_metadata);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
