/* SPDX-License-Identifier: MIT */
/* The client against a server that the test plays: what it says, what it makes of answers, what it does when
 * the connection ends. */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script script;

static void set_up(void)
{
    script_begin(&script, NULL);
}

static void tear_down(void)
{
    script_end(&script);
}

static void serve(void)
{
    script_serve(&script);
    script_accept(&script);
}

static warmstart_client_request begin_wait(uint32_t again)
{
    struct warmstart_client_wait_options wait;
    warmstart_client_request request = 0;
    warmstart_client_wait_options_init(&wait);
    wait.metadata = "deployment=d1 cpu:=0.5";
    wait.controller_id = "c1";
    wait.instance = "node-1";
    wait.timeout_ms = 5000;
    wait.again = again;
    wait.user = &script;
    ck_assert_int_eq(warmstart_client_wait(script.client, &wait, &request), 0);
    ck_assert_uint_ne(request, 0);
    return request;
}

static warmstart_client_request begin_dispatch(const char *payload)
{
    struct warmstart_client_dispatch_options dispatch;
    warmstart_client_request request = 0;
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.metadata = "{\"deployment\":\"d1\"}";
    dispatch.payload = payload;
    dispatch.payload_bytes = strlen(payload);
    dispatch.timeout_ms = 20000;
    dispatch.user = &script;
    ck_assert_int_eq(warmstart_client_dispatch(script.client, &dispatch, &request), 0);
    return request;
}

/* Hears the wait, and offers it a run. Returns its tag. */
static struct said offer(const char *id, const char *run)
{
    struct said said = script_hear(&script);
    ck_assert_str_eq(said.verb, "wait");
    script_say(&script, "PAYLOAD %s %s %zu", said.tag, id, strlen(run));
    script_say(&script, "%s", run);
    struct warmstart_client_event event = script_event(&script, WARMSTART_CLIENT_PAYLOAD);
    ck_assert_uint_eq(event.data_bytes, strlen(run));
    ck_assert_mem_eq(event.data, run, strlen(run));
    ck_assert_ptr_eq(event.user, &script);
    return said;
}

/* ---- Waiting ---- */

START_TEST(a_wait_says_everything_and_a_run_is_ours_when_the_ack_was_answered)
{
    serve();
    warmstart_client_request request = begin_wait(0);
    struct said said = offer("77", "hello");
    char expected[256];
    snprintf(expected, sizeof(expected),
             "wait %s id=c1 instance=node-1 timeout=5000 -- deployment=d1 cpu:=0.5", said.tag);
    ck_assert_str_eq(said.line, expected);

    ck_assert_int_eq(warmstart_client_ack(script.client, request), 1);
    ck_assert_int_eq(warmstart_client_ack(script.client, request), 0);
    struct said ack = script_hear(&script);
    snprintf(expected, sizeof(expected), "ack %s 77", said.tag);
    ck_assert_str_eq(ack.line, expected);
    script_no_event(&script);
    script_say(&script, "OK %s", said.tag);
    struct warmstart_client_event event = script_event(&script, WARMSTART_CLIENT_TAKEN);
    ck_assert_uint_eq(event.request, request);
    ck_assert_mem_eq(event.data, "hello", 5);
    script_no_event(&script);
    ck_assert_int_eq(warmstart_client_ack(script.client, request), 0); /* its slot is free */
}
END_TEST

START_TEST(an_ack_that_comes_too_late_is_withdrawn)
{
    serve();
    warmstart_client_request request = begin_wait(0);
    struct said said = offer("77", "hello");
    ck_assert_int_eq(warmstart_client_ack(script.client, request), 1);
    script_hear(&script);
    script_say(&script, "ERR %s over it is somebody else's", said.tag);
    struct warmstart_client_event event = script_event(&script, WARMSTART_CLIENT_WITHDRAWN);
    ck_assert_ptr_null(event.data);
    event = script_event(&script, WARMSTART_CLIENT_ENDED);
    ck_assert_str_eq(event.reason, "withdrawn");
    script_no_event(&script);
}
END_TEST

START_TEST(a_lease_that_ends_is_withdrawn_and_a_wait_with_again_goes_on_under_another_tag)
{
    serve();
    warmstart_client_request request = begin_wait(1);
    struct said first = offer("77", "hello");
    ck_assert_int_eq(warmstart_client_ack(script.client, request), 1);
    script_hear(&script);
    script_say(&script, "OVER %s 77", first.tag);
    script_event(&script, WARMSTART_CLIENT_WITHDRAWN);
    struct said second = script_hear(&script);
    ck_assert_str_eq(second.verb, "wait");
    ck_assert_str_ne(second.tag, first.tag);
    script_say(&script, "ERR %s over too late", first.tag); /* the answer to the ack, which crossed */
    script_no_event(&script);
    script_say(&script, "PAYLOAD %s 78 0", second.tag);
    script_say(&script, "%s", "");
    ck_assert_uint_eq(script_event(&script, WARMSTART_CLIENT_PAYLOAD).data_bytes, 0);
    ck_assert_int_eq(warmstart_client_ack(script.client, request), 1);
    script_hear(&script);
    script_say(&script, "OK %s", second.tag);
    script_event(&script, WARMSTART_CLIENT_TAKEN);
}
END_TEST

START_TEST(a_run_that_is_withdrawn_before_anybody_saw_it_is_not_told)
{
    serve();
    warmstart_client_request request = begin_wait(1);
    struct said said = script_hear(&script);
    script_say(&script, "PAYLOAD %s 77 2", said.tag);
    script_say(&script, "hi");
    script_say(&script, "OVER %s 77", said.tag);
    struct said second = script_hear(&script);
    ck_assert_str_eq(second.verb, "wait");
    script_no_event(&script);
    ck_assert_int_eq(warmstart_client_cancel(script.client, request), 1);
    struct said cancel = script_hear(&script);
    char expected[128];
    snprintf(expected, sizeof(expected), "cancel - %s", second.tag);
    ck_assert_str_eq(cancel.line, expected);
    script_say(&script, "OK -");
    script_say(&script, "ENDED %s cancelled", second.tag);
    ck_assert_str_eq(script_event(&script, WARMSTART_CLIENT_ENDED).reason, "cancelled");
}
END_TEST

START_TEST(a_run_that_is_refused_ends_the_wait_or_makes_it_wait_again)
{
    serve();
    for (uint32_t again = 0; again < 2; again++) {
        warmstart_client_request request = begin_wait(again);
        struct said said = offer("77", "hello");
        ck_assert_int_eq(warmstart_client_refuse(script.client, request), 1);
        ck_assert_int_eq(warmstart_client_ack(script.client, request), 0);
        ck_assert_str_eq(script_hear(&script).verb, "refuse");
        script_say(&script, "OK %s", said.tag);
        if (again == 0)
            ck_assert_str_eq(script_event(&script, WARMSTART_CLIENT_ENDED).reason, "refused");
        else
            ck_assert_str_eq(script_hear(&script).verb, "wait");
        script_no_event(&script);
    }
}
END_TEST

/* [what the server says, is it the end with `again`] */
static const struct {
    const char *reply;
    const char *reason;
    bool final;
} endings[] = {
    {"TIMEOUT %s", "timeout", false},
    {"ENDED %s lost", "lost", false},
    {"ENDED %s superseded", "superseded", true},
    {"ENDED %s retired", "retired", true},
    {"ENDED %s left", "left", true},
    {"ERR %s limit as many as may wait", "limit", true},
    {"ERR %s forbidden you may not", "forbidden", true},
};

START_TEST(a_wait_ends_for_the_reason_that_the_server_says_unless_it_goes_on)
{
    serve();
    for (uint32_t again = 0; again < 2; again++) {
        begin_wait(again);
        struct said said = script_hear(&script);
        char reply[128];
        snprintf(reply, sizeof(reply), endings[_i].reply, said.tag);
        script_say(&script, "%s", reply);
        if (again == 0 || endings[_i].final)
            ck_assert_str_eq(script_event(&script, WARMSTART_CLIENT_ENDED).reason, endings[_i].reason);
        else
            ck_assert_str_eq(script_hear(&script).verb, "wait");
        script_no_event(&script);
    }
}
END_TEST

START_TEST(a_wait_that_a_stopping_server_ended_is_told_to_its_successor)
{
    serve();
    begin_wait(1);
    struct said said = script_hear(&script);
    script_say(&script, "ENDED %s draining", said.tag);
    script_no_event(&script);
    script_hang_up(&script);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
    script_accept(&script);
    ck_assert_str_eq(script_hear(&script).verb, "wait");
}
END_TEST

/* ---- Dispatching ---- */

static const struct {
    const char *reply;
    enum warmstart_client_outcome outcome;
    uint32_t attempts;
    const char *text;
} settlements[] = {
    {"DELIVERED %s 1 the controller", WARMSTART_CLIENT_DELIVERED, 1, "the controller"},
    {"DELIVERED %s 2", WARMSTART_CLIENT_DELIVERED, 2, ""},
    {"NO_MATCH %s", WARMSTART_CLIENT_NO_MATCH, 0, NULL},
    {"LOST %s 3", WARMSTART_CLIENT_LOST, 3, NULL},
    {"UNCERTAIN %s 1", WARMSTART_CLIENT_UNCERTAIN, 1, NULL},
    {"TIMEOUT %s 2", WARMSTART_CLIENT_TIMEOUT, 2, NULL},
    {"CANCELLED %s 0", WARMSTART_CLIENT_CANCELLED, 0, NULL},
    {"SHUTDOWN %s 0", WARMSTART_CLIENT_SHUTDOWN, 0, NULL},
    {"ERR %s limit too many", WARMSTART_CLIENT_REFUSED, 0, "too many"},
};

START_TEST(a_dispatch_is_settled_as_the_server_says)
{
    serve();
    warmstart_client_request request = begin_dispatch("hello\nworld");
    struct said said = script_hear(&script);
    unsigned bytes = 0, timeout_ms = 0;
    char rest[64] = "";
    ck_assert_int_eq(sscanf(said.line, "dispatch %*s %u timeout=%u %63[^\n]", &bytes, &timeout_ms, rest), 3);
    ck_assert_uint_eq(bytes, 11);
    ck_assert(timeout_ms > 5000 && timeout_ms <= 20000);
    ck_assert_str_eq(rest, "attempts=3 {\"deployment\":\"d1\"}");
    script_hear_body(&script, "hello\nworld", 11);
    char reply[128];
    snprintf(reply, sizeof(reply), settlements[_i].reply, said.tag);
    script_say(&script, "%s", reply);
    struct warmstart_client_event event = script_event(&script, WARMSTART_CLIENT_SETTLED);
    ck_assert_uint_eq(event.request, request);
    ck_assert_int_eq(event.outcome, settlements[_i].outcome);
    ck_assert_uint_eq(event.attempts, settlements[_i].attempts);
    ck_assert_ptr_eq(event.user, &script);
    if (settlements[_i].text)
        ck_assert_str_eq(event.text, settlements[_i].text);
    ck_assert_str_ne(warmstart_client_outcome_name(event.outcome), "unknown");
    script_no_event(&script);
}
END_TEST

START_TEST(a_dispatch_that_was_sent_is_uncertain_when_the_connection_ends)
{
    serve();
    begin_dispatch("hello");
    script_hear(&script);
    script_hang_up(&script);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
    struct warmstart_client_event event = script_event(&script, WARMSTART_CLIENT_SETTLED);
    ck_assert_int_eq(event.outcome, WARMSTART_CLIENT_UNCERTAIN);
}
END_TEST

START_TEST(a_dispatch_waits_for_a_connection)
{
    begin_dispatch("hello");
    ck_assert_int_eq(warmstart_client_process(script.client), 0);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
    serve();
    ck_assert_str_eq(script_hear(&script).verb, "dispatch");
    script_hear_body(&script, "hello", 5);
}
END_TEST

START_TEST(a_dispatch_that_could_not_be_sent_in_time_is_a_timeout)
{
    struct warmstart_client_dispatch_options dispatch;
    warmstart_client_request request;
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.timeout_ms = 1;
    ck_assert_int_eq(warmstart_client_dispatch(script.client, &dispatch, &request), 0);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
    struct warmstart_client_event event = script_event(&script, WARMSTART_CLIENT_SETTLED);
    ck_assert_int_eq(event.outcome, WARMSTART_CLIENT_TIMEOUT);
}
END_TEST

static void answers_soon(struct warmstart_client_options *options)
{
    options->answer_timeout_ms = 1;
}

START_TEST(a_dispatch_that_is_not_answered_is_uncertain_and_the_answer_that_comes_late_is_not_heard)
{
    struct warmstart_client_dispatch_options dispatch;
    warmstart_client_request request;
    script_end(&script);
    script_begin(&script, answers_soon);
    serve();
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.timeout_ms = 200;
    ck_assert_int_eq(warmstart_client_dispatch(script.client, &dispatch, &request), 0);
    struct said said = script_hear(&script);
    struct warmstart_client_event event = script_event(&script, WARMSTART_CLIENT_SETTLED);
    ck_assert_int_eq(event.outcome, WARMSTART_CLIENT_UNCERTAIN);
    script_say(&script, "DELIVERED %s 1", said.tag);
    script_say(&script, "NO_MATCH %s", said.tag);
    script_no_event(&script);
}
END_TEST

START_TEST(what_is_cancelled_before_it_was_sent_is_over_at_once)
{
    warmstart_client_request wait = begin_wait(1), dispatch = begin_dispatch("hello");
    ck_assert_int_eq(warmstart_client_cancel(script.client, wait), 1);
    ck_assert_int_eq(warmstart_client_cancel(script.client, dispatch), 1);
    ck_assert_int_eq(warmstart_client_cancel(script.client, dispatch), 0);
    ck_assert_str_eq(script_event(&script, WARMSTART_CLIENT_ENDED).reason, "cancelled");
    ck_assert_int_eq(script_event(&script, WARMSTART_CLIENT_SETTLED).outcome, WARMSTART_CLIENT_CANCELLED);
    serve();
    script_no_event(&script);
}
END_TEST

/* ---- The connection ---- */

START_TEST(waits_come_again_on_a_new_connection_and_end_without_again)
{
    serve();
    begin_wait(1);
    warmstart_client_request once = begin_wait(0);
    script_hear(&script);
    script_hear(&script);
    script_hang_up(&script);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
    struct warmstart_client_event event = script_event(&script, WARMSTART_CLIENT_ENDED);
    ck_assert_uint_eq(event.request, once);
    ck_assert_str_eq(event.reason, "disconnected");
    script_accept(&script);
    ck_assert_str_eq(script_hear(&script).verb, "wait");
}
END_TEST

START_TEST(a_run_whose_ack_was_not_answered_is_withdrawn_when_the_connection_ends)
{
    serve();
    warmstart_client_request request = begin_wait(1);
    offer("77", "hello");
    ck_assert_int_eq(warmstart_client_ack(script.client, request), 1);
    script_hear(&script);
    script_hang_up(&script);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
    script_event(&script, WARMSTART_CLIENT_WITHDRAWN);
    script_accept(&script);
    ck_assert_str_eq(script_hear(&script).verb, "wait");
}
END_TEST

START_TEST(a_run_whose_ack_was_answered_is_ours_though_the_connection_ended)
{
    serve();
    warmstart_client_request request = begin_wait(1);
    struct said said = offer("77", "hello");
    ck_assert_int_eq(warmstart_client_ack(script.client, request), 1);
    script_hear(&script);
    script_say(&script, "OK %s", said.tag);
    script_hang_up(&script);
    struct warmstart_client_event event;
    do
        ck_assert_int_eq(warmstart_client_receive_of(script.client, request, 10000, &event), 1);
    while (event.type != WARMSTART_CLIENT_TAKEN);
    script_accept(&script);
    script_no_event(&script);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_told_once)
{
    for (int i = 0; i < 3; i++) {
        struct warmstart_client_event event;
        if (i == 0)
            ck_assert_ptr_nonnull(script_event(&script, WARMSTART_CLIENT_DISCONNECTED).text);
        ck_assert_int_eq(warmstart_client_receive(script.client, 5, &event), 0);
        ck_assert_int_eq(warmstart_client_is_connected(script.client), 0);
    }
    serve();
    ck_assert_int_eq(warmstart_client_is_connected(script.client), 1);
}
END_TEST

START_TEST(an_answer_that_came_before_the_end_is_told_before_it)
{
    warmstart_client_request request;
    serve();
    ck_assert_int_eq(warmstart_client_command(script.client, "drain", NULL, NULL, &request), 0);
    struct said said = script_hear(&script);
    script_say(&script, "OK %s", said.tag);
    script_hang_up(&script);
    ck_assert(script_event(&script, WARMSTART_CLIENT_ANSWER).ok);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
}
END_TEST

START_TEST(what_does_not_speak_the_protocol_is_hung_up_on)
{
    static const char *const rubbish[] = {
        "HTTP/1.1",  "PAYLOAD 0.1 77", "PAYLOAD 0.1 77 x", "DATA 0.1 -1", "DATA 0.1 99999999999999999999",
        "ENDED 0.1", "DELIVERED 0.1",  "LOST 0.1 x"};
    serve();
    script_say(&script, "%s", rubbish[_i]);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
    script_hang_up(&script);
    script_accept(&script);
}
END_TEST

START_TEST(a_line_without_an_end_is_hung_up_on)
{
    serve();
    char *much = calloc(1, 1 << 16);
    memset(much, 'x', 1 << 16);
    for (int i = 0; i < 2 && warmstart_client_is_connected(script.client); i++)
        script_say_bytes(&script, much, 1 << 16);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
    free(much);
}
END_TEST

START_TEST(what_nobody_asked_for_is_skipped)
{
    serve();
    script_say(&script, "NEWS 1 of a later version");
    script_say(&script, "OK -");
    script_say(&script, "ERR ? syntax what");
    script_say(&script, "PAYLOAD 17.1 3 5");
    script_say(&script, "hello");
    script_say(&script, "DATA x 3");
    script_say(&script, "abc");
    script_say(&script, "TIMEOUT 0.1");
    script_no_event(&script);
    begin_wait(0);
    offer("77", "still in step");
}
END_TEST

/* ---- Commands, sizes, limits ---- */

START_TEST(commands_are_answered_with_text_with_a_body_or_with_an_error)
{
    warmstart_client_request request;
    serve();
    ck_assert_int_eq(warmstart_client_command(script.client, "retire", "for=5 -- c 1", &script, &request), 0);
    struct said said = script_hear(&script);
    char expected[128];
    snprintf(expected, sizeof(expected), "retire %s for=5 -- c 1", said.tag);
    ck_assert_str_eq(said.line, expected);
    script_say(&script, "OK %s 1", said.tag);
    struct warmstart_client_event event = script_event(&script, WARMSTART_CLIENT_ANSWER);
    ck_assert(event.ok && event.user == &script && !event.reason);
    ck_assert_str_eq(event.text, "1");

    ck_assert_int_eq(warmstart_client_command(script.client, "stats", NULL, NULL, &request), 0);
    said = script_hear(&script);
    script_say(&script, "DATA %s 10", said.tag);
    script_say(&script, "waiters 3\n");
    event = script_event(&script, WARMSTART_CLIENT_ANSWER);
    ck_assert(event.ok);
    ck_assert_uint_eq(event.data_bytes, 10);
    ck_assert_str_eq(event.data, "waiters 3\n");

    ck_assert_int_eq(warmstart_client_command(script.client, "drain", "", NULL, &request), 0);
    said = script_hear(&script);
    script_say(&script, "ERR %s forbidden this user may not", said.tag);
    event = script_event(&script, WARMSTART_CLIENT_ANSWER);
    ck_assert(!event.ok);
    ck_assert_str_eq(event.reason, "forbidden");
    ck_assert_str_eq(event.text, "this user may not");

    ck_assert_int_eq(warmstart_client_command(script.client, "ping", NULL, NULL, &request), 0);
    script_hear(&script);
    script_hang_up(&script);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
    event = script_event(&script, WARMSTART_CLIENT_ANSWER);
    ck_assert(!event.ok);
    ck_assert_str_eq(event.reason, "disconnected");
}
END_TEST

START_TEST(a_payload_of_eight_mebibytes_goes_both_ways)
{
    size_t bytes = (size_t)8 << 20;
    char *payload = malloc(bytes + 1);
    for (size_t i = 0; i < bytes; i++)
        payload[i] = (char)(i * 31 + i / 257);
    payload[bytes] = '\n';
    serve();
    begin_wait(0);
    struct said said = script_hear(&script);
    script_say(&script, "PAYLOAD %s 77 %zu", said.tag, bytes);
    script_say_bytes(&script, payload, bytes + 1);
    struct warmstart_client_event event = script_event(&script, WARMSTART_CLIENT_PAYLOAD);
    ck_assert_uint_eq(event.data_bytes, bytes);
    ck_assert_mem_eq(event.data, payload, bytes);

    struct warmstart_client_dispatch_options dispatch;
    warmstart_client_request request;
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.payload = payload;
    dispatch.payload_bytes = bytes;
    dispatch.timeout_ms = 60000;
    ck_assert_int_eq(warmstart_client_dispatch(script.client, &dispatch, &request), 0);
    script_hear(&script);
    for (size_t heard = 0; heard <= bytes;) {
        char part[30000];
        size_t wanted = bytes + 1 - heard < sizeof(part) ? bytes + 1 - heard : sizeof(part);
        script_hear_bytes(&script, part, wanted);
        ck_assert_mem_eq(part, payload + heard, wanted);
        heard += wanted;
    }
    free(payload);
}
END_TEST

static void holds_little(struct warmstart_client_options *options)
{
    options->requests_max = 2;
    options->buffered_bytes_max = 200;
    options->payload_bytes_max = 10;
}

START_TEST(limits_are_kept)
{
    script_end(&script);
    script_begin(&script, holds_little);
    struct warmstart_client_dispatch_options dispatch;
    warmstart_client_request request = 7;
    char payload[300] = "";
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.payload = payload;
    dispatch.payload_bytes = sizeof(payload);
    ck_assert_int_eq(warmstart_client_dispatch(script.client, &dispatch, &request), WARMSTART_ERR_LIMIT);
    ck_assert_uint_eq(request, 7);
    warmstart_client_request first = begin_wait(0);
    begin_wait(0);
    dispatch.payload_bytes = 0;
    ck_assert_int_eq(warmstart_client_dispatch(script.client, &dispatch, &request), WARMSTART_ERR_LIMIT);
    ck_assert_int_eq(warmstart_client_cancel(script.client, first), 1);
    ck_assert_int_eq(warmstart_client_dispatch(script.client, &dispatch, &request), WARMSTART_ERR_LIMIT);
    script_event(&script, WARMSTART_CLIENT_ENDED);
    ck_assert_int_eq(warmstart_client_dispatch(script.client, &dispatch, &request), 0);
    serve();
    struct said said = script_hear(&script);
    script_say(&script, "PAYLOAD %s 77 11", said.tag);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
}
END_TEST

static void takes_five_bytes(struct warmstart_client_options *options)
{
    options->payload_bytes_max = 5;
}

START_TEST(a_limit_of_one_digit_is_kept)
{
    script_end(&script);
    script_begin(&script, takes_five_bytes);
    begin_wait(0);
    serve();
    struct said said = script_hear(&script);
    script_say(&script, "PAYLOAD %s 77 9", said.tag);
    script_event(&script, WARMSTART_CLIENT_DISCONNECTED);
}
END_TEST

START_TEST(arguments_that_are_none_are_refused_and_change_nothing)
{
    struct warmstart_client_wait_options wait;
    struct warmstart_client_dispatch_options dispatch;
    warmstart_client_request request = 7;
    static const char *const no_words[] = {"", "a b", "a\nb", "\x7f"};
    for (size_t i = 0; i < 4; i++) {
        warmstart_client_wait_options_init(&wait);
        wait.controller_id = no_words[i];
        ck_assert_int_eq(warmstart_client_wait(script.client, &wait, &request), WARMSTART_ERR_INVALID);
        warmstart_client_wait_options_init(&wait);
        wait.instance = no_words[i];
        ck_assert_int_eq(warmstart_client_wait(script.client, &wait, &request), WARMSTART_ERR_INVALID);
    }
    warmstart_client_wait_options_init(&wait);
    wait.metadata = "a=b\nquit q";
    ck_assert_int_eq(warmstart_client_wait(script.client, &wait, &request), WARMSTART_ERR_INVALID);
    warmstart_client_wait_options_init(&wait);
    wait.size--;
    ck_assert_int_eq(warmstart_client_wait(script.client, &wait, &request), WARMSTART_ERR_INVALID);
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.payload_bytes = 1;
    ck_assert_int_eq(warmstart_client_dispatch(script.client, &dispatch, &request), WARMSTART_ERR_INVALID);
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.attempts_max = 101;
    ck_assert_int_eq(warmstart_client_dispatch(script.client, &dispatch, &request), WARMSTART_ERR_INVALID);
    static const char *const no_verbs[] = {"", "wait", "quit", "dispatch", "Stats", "two words", "a\nb"};
    for (size_t i = 0; i < 7; i++)
        ck_assert_int_eq(warmstart_client_command(script.client, no_verbs[i], NULL, NULL, &request),
                         WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_client_command(script.client, "stats", "\n", NULL, &request),
                     WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(request, 7);
    ck_assert_int_eq(warmstart_client_ack(script.client, 7), 0);
    ck_assert_int_eq(warmstart_client_cancel(script.client, 1234567), 0);
    serve();
    script_no_event(&script);
}
END_TEST

START_TEST(options_that_are_none_are_refused)
{
    struct warmstart_client_options options;
    struct warmstart_client *client = NULL;
    char path[128];
    memset(path, 'x', sizeof(path));
    path[108] = '\0';
    warmstart_client_options_init(&options);
    ck_assert_int_eq(warmstart_client_new(&options, &client), WARMSTART_ERR_INVALID);
    options.path = path;
    ck_assert_int_eq(warmstart_client_new(&options, &client), WARMSTART_ERR_INVALID);
    options.path = "/tmp/x";
    options.reconnect_min_ms = options.reconnect_max_ms + 1;
    ck_assert_int_eq(warmstart_client_new(&options, &client), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_client_new(NULL, &client), WARMSTART_ERR_INVALID);
    struct {
        struct warmstart_client_options known;
        uint64_t later;
    } longer;
    warmstart_client_options_init_sized(&longer.known, sizeof(longer));
    longer.known.path = "/tmp/x";
    longer.later = 1;
    ck_assert_int_eq(warmstart_client_new(&longer.known, &client), WARMSTART_ERR_UNSUPPORTED);
    longer.later = 0;
    ck_assert_int_eq(warmstart_client_new(&longer.known, &client), 0);
    warmstart_client_free(client);
    warmstart_client_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client");
    TCase *tcase = tcase_create("client");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_wait_says_everything_and_a_run_is_ours_when_the_ack_was_answered);
    tcase_add_test(tcase, an_ack_that_comes_too_late_is_withdrawn);
    tcase_add_test(tcase, a_lease_that_ends_is_withdrawn_and_a_wait_with_again_goes_on_under_another_tag);
    tcase_add_test(tcase, a_run_that_is_withdrawn_before_anybody_saw_it_is_not_told);
    tcase_add_test(tcase, a_run_that_is_refused_ends_the_wait_or_makes_it_wait_again);
    tcase_add_loop_test(tcase, a_wait_ends_for_the_reason_that_the_server_says_unless_it_goes_on, 0,
                        sizeof(endings) / sizeof(endings[0]));
    tcase_add_test(tcase, a_wait_that_a_stopping_server_ended_is_told_to_its_successor);
    tcase_add_loop_test(tcase, a_dispatch_is_settled_as_the_server_says, 0,
                        sizeof(settlements) / sizeof(settlements[0]));
    tcase_add_test(tcase, a_dispatch_that_was_sent_is_uncertain_when_the_connection_ends);
    tcase_add_test(tcase, a_dispatch_waits_for_a_connection);
    tcase_add_test(tcase, a_dispatch_that_could_not_be_sent_in_time_is_a_timeout);
    tcase_add_test(tcase,
                   a_dispatch_that_is_not_answered_is_uncertain_and_the_answer_that_comes_late_is_not_heard);
    tcase_add_test(tcase, what_is_cancelled_before_it_was_sent_is_over_at_once);
    tcase_add_test(tcase, waits_come_again_on_a_new_connection_and_end_without_again);
    tcase_add_test(tcase, a_run_whose_ack_was_not_answered_is_withdrawn_when_the_connection_ends);
    tcase_add_test(tcase, a_run_whose_ack_was_answered_is_ours_though_the_connection_ended);
    tcase_add_test(tcase, a_server_that_is_not_there_is_told_once);
    tcase_add_test(tcase, an_answer_that_came_before_the_end_is_told_before_it);
    tcase_add_loop_test(tcase, what_does_not_speak_the_protocol_is_hung_up_on, 0, 8);
    tcase_add_test(tcase, a_line_without_an_end_is_hung_up_on);
    tcase_add_test(tcase, what_nobody_asked_for_is_skipped);
    tcase_add_test(tcase, commands_are_answered_with_text_with_a_body_or_with_an_error);
    tcase_add_test(tcase, a_payload_of_eight_mebibytes_goes_both_ways);
    tcase_add_test(tcase, limits_are_kept);
    tcase_add_test(tcase, a_limit_of_one_digit_is_kept);
    tcase_add_test(tcase, arguments_that_are_none_are_refused_and_change_nothing);
    tcase_add_test(tcase, options_that_are_none_are_refused);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
