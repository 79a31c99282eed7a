/* SPDX-License-Identifier: MIT */
/* What makes a delivery count: acknowledgements by the kernel and by the controller, resets, silence. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "suite.h"

#define LARGE (4u << 20)

static struct fixture fixture;
static struct client controller;
static struct client second;
static struct client supervisor;
static char *message;
static const struct identity first = {.controller = "c1"};
static const struct identity other = {.controller = "c2"};

static void prepare(void)
{
    fixture_init(&fixture);
    fixture.options.confirm = WARMSTART_HTTP_CONFIRM_ACK;
    fixture.options.confirm_linger_ms = 20;
    fixture.options.confirm_timeout_ms = 100;
    message = message_new(&first, "run_1", 0);
    controller.fd = second.fd = -1;
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
}

/* However long this machine stands still, the time to dispatch has not passed. */
static void open_all(void)
{
    prepare();
    fixture.options.dispatch_timeout_ms = 60000;
    open_fixture();
}

static void close_all(void)
{
    client_close(&controller);
    client_close(&second);
    client_close(&supervisor);
    free(message);
    fixture_close(&fixture);
}

static void expect_outcome(const char *body, const char *outcome, const char *attempts,
                           const char *controller_id)
{
    struct response response;
    client_response(&supervisor, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response.body, body);
    ck_assert_str_eq(response_header(&response, "x-warmstart-outcome"), outcome);
    ck_assert_str_eq(response_header(&response, "x-warmstart-attempts"), attempts);
    const char *id = response_header(&response, "x-warmstart-controller-id");
    if (controller_id)
        ck_assert_str_eq(id, controller_id);
    else
        ck_assert_ptr_null(id);
    response_free(&response);
}

#define TRUE_BODY  "{\"didWarmStart\":true}"
#define FALSE_BODY "{\"didWarmStart\":false}"

/* ---- The kernel's acknowledgement ---- */

START_TEST(an_acknowledged_message_is_delivered_and_the_answer_says_to_whom)
{
    client_hold(&controller, &fixture, &first);
    client_dispatch(&supervisor, message);
    client_expect_message(&controller, message);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

START_TEST(nobody_to_match_is_said_in_the_headers)
{
    client_dispatch(&supervisor, message);
    expect_outcome(FALSE_BODY, "no_match", "0", NULL);
}
END_TEST

START_TEST(who_resets_without_reading_has_not_got_it_and_the_next_one_gets_it)
{
    client_hold(&second, &fixture, &other);
    client_hold(&controller, &fixture, &first);
    client_dispatch(&supervisor, message);
    struct warmstart_stats stats;
    do {
        ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
        stats = fixture_manager_stats(&fixture);
    } while (stats.attempts_total == 0);
    client_abort(&controller);
    client_expect_message(&second, message);
    expect_outcome(TRUE_BODY, "delivered", "2", "c2");
}
END_TEST

START_TEST(who_closes_without_reading_has_not_got_it_either)
{
    client_hold(&controller, &fixture, &first);
    client_dispatch(&supervisor, message);
    while (fixture_manager_stats(&fixture).attempts_total == 0)
        ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    close(controller.fd); /* with a message unread: the kernel resets */
    controller.fd = -1;
    expect_outcome(FALSE_BODY, "lost", "1", NULL);
}
END_TEST

START_TEST(who_reads_and_closes_has_it)
{
    client_hold(&controller, &fixture, &first);
    client_dispatch(&supervisor, message);
    client_expect_message(&controller, message);
    client_close(&controller);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

static void close_controller(struct warmstart_task *task)
{
    (void)task;
    close(controller.fd);
    controller.fd = -1;
}

/* libmicrohttpd hears of it before our own watch does: what it closes then is no reset. */
START_TEST(who_reads_and_closes_in_the_middle_of_a_round_has_it_too)
{
    struct warmstart_task task = {.run = close_controller};
    client_connect(&second, &fixture);
    client_hold(&controller, &fixture, &first);
    client_dispatch(&supervisor, message);
    client_expect_message(&controller, message);
    warmstart_loop_defer(fixture.loop, &task);
    client_send_text(&second, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

START_TEST(another_request_on_the_connection_says_that_the_message_was_read)
{
    client_hold(&controller, &fixture, &first);
    client_dispatch(&supervisor, message);
    client_expect_message(&controller, message);
    client_poll(&controller, &first);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
    fixture_wait_held(&fixture, 1);
    client_dispatch(&supervisor, message);
    client_expect_message(&controller, message);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

/* A reader that is too slow: its window is full, so bytes stay unacknowledged. */
static void fill_up(void)
{
    free(message);
    message = message_new(&first, "run_1", LARGE);
    client_connect_narrow(&controller, &fixture);
    client_poll(&controller, &first);
    fixture_wait_held(&fixture, 1);
    client_dispatch(&supervisor, message);
}

/* What is not written whole is given up at the end of the dispatch. */
static void open_bounded(void)
{
    prepare();
    fixture.options.dispatch_timeout_ms = 1000;
    open_fixture();
}

START_TEST(a_reader_that_stops_in_mid_message_is_uncertain_within_the_bound_and_reset)
{
    fill_up();
    expect_outcome(FALSE_BODY, "uncertain", "1", NULL);
    client_wait_closed(&controller);
    ck_assert(controller.reset);
}
END_TEST

/* However long a large message takes, the time to confirm it has not passed. */
static void open_patient(void)
{
    prepare();
    fixture.options.confirm_timeout_ms = fixture.options.dispatch_timeout_ms = 10000;
    open_fixture();
}

START_TEST(a_reader_that_leaves_in_mid_message_has_lost_it)
{
    fill_up();
    while (fixture_manager_stats(&fixture).attempts_total == 0)
        ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    client_abort(&controller);
    expect_outcome(FALSE_BODY, "lost", "1", NULL);
}
END_TEST

static void open_uncertain_true(void)
{
    prepare();
    fixture.options.on_uncertain = WARMSTART_HTTP_UNCERTAIN_TRUE;
    fixture.options.dispatch_timeout_ms = 300;
    open_fixture();
}

START_TEST(uncertain_can_be_told_as_true)
{
    fill_up();
    expect_outcome(TRUE_BODY, "uncertain", "1", NULL);
}
END_TEST

static void dispatch_to_closing(void)
{
    client_connect(&controller, &fixture);
    client_send_text(&controller, "GET /warm-start HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                  "x-trigger-workload-controller-id: c1\r\nx-trigger-deployment-id: d\r\n"
                                  "x-trigger-deployment-version: 1\r\nx-trigger-machine-cpu: 1\r\n"
                                  "x-trigger-machine-memory: 1\r\n\r\n");
    fixture_wait_held(&fixture, 1);
    struct identity same = {.controller = "c1", .deployment = "d", .version = "1", .cpu = "1", .memory = "1"};
    free(message);
    message = message_new(&same, "run_1", 0);
    client_dispatch(&supervisor, message);
}

static bool has_closed(void *client)
{
    client_receive(client);
    return ((struct client *)client)->closed;
}

START_TEST(who_reads_to_the_announced_end_and_closes_has_it)
{
    dispatch_to_closing();
    fixture_pump(&fixture, has_closed, &controller);
    client_close(&controller);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

START_TEST(who_closes_at_the_announced_end_without_reading_has_not_got_it)
{
    dispatch_to_closing();
    while (fixture_stats(&fixture).connections > 1)
        ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    /* Both ends are closed, so the kernel says nothing of what it throws away: only an abort does. */
    client_abort(&controller);
    expect_outcome(FALSE_BODY, "lost", "1", NULL);
}
END_TEST

START_TEST(a_request_sent_ahead_does_not_say_that_the_message_was_read)
{
    free(message);
    message = message_new(&first, "run_1", 100u << 10);
    client_connect_narrow(&controller, &fixture);
    client_poll(&controller, &first);
    client_poll(&controller, &first);
    fixture_wait_held(&fixture, 1);
    client_dispatch(&supervisor, message);
    expect_outcome(FALSE_BODY, "uncertain", "1", NULL);
    client_wait_closed(&controller);
    ck_assert(controller.reset);
}
END_TEST

/* The dispatch's end comes before that of the confirmation, whose connection is closed already. */
static void open_hasty(void)
{
    prepare();
    fixture.options.confirm_timeout_ms = 60000;
    fixture.options.dispatch_timeout_ms = 200;
    open_fixture();
}

/* No look of its own: what is not acknowledged at once is uncertain, in the middle of the closing. */
static void open_blind(void)
{
    prepare();
    fixture.options.confirm_timeout_ms = 0;
    open_fixture();
}

/* Its window is too small, and it wants the connection closed behind the message. */
START_TEST(what_is_uncertain_does_not_come_later_from_a_connection_that_is_closed)
{
    struct identity all = {.controller = "c1", .deployment = "d", .version = "1", .cpu = "1", .memory = "1"};
    free(message);
    message = message_new(&all, "run_1", 100u << 10);
    client_connect_narrow(&controller, &fixture);
    client_send_text(&controller, "GET /warm-start HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                  "x-trigger-workload-controller-id: c1\r\nx-trigger-deployment-id: d\r\n"
                                  "x-trigger-deployment-version: 1\r\nx-trigger-machine-cpu: 1\r\n"
                                  "x-trigger-machine-memory: 1\r\n\r\n");
    fixture_wait_held(&fixture, 1);
    client_dispatch(&supervisor, message);
    expect_outcome(FALSE_BODY, "uncertain", "1", NULL);
    client_wait_closed(&controller);
    ck_assert(controller.reset);
}
END_TEST

START_TEST(a_connection_that_the_controller_wants_closed_is_confirmed_too)
{
    dispatch_to_closing();
    struct response response;
    client_response(&controller, &response);
    ck_assert_str_eq(response.body, message);
    response_free(&response);
    client_expect_closed(&controller);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

/* ---- Unix sockets: the queue counts what the process has not read ---- */

START_TEST(on_a_unix_socket_delivered_means_read)
{
    char path[64], address[80];
    snprintf(path, sizeof(path), "/tmp/warmstart-delivery-%d.sock", (int)getpid());
    snprintf(address, sizeof(address), "unix:%s", path);
    struct sockaddr_storage where = fixture_listen(&fixture, address, WARMSTART_HTTP_ALL);
    client_connect_to(&controller, &fixture, &where);
    client_poll(&controller, &first);
    fixture_wait_held(&fixture, 1);
    client_dispatch(&supervisor, message);
    /* Nobody reads: uncertain. */
    expect_outcome(FALSE_BODY, "uncertain", "1", NULL);
    client_close(&controller);
    client_connect_to(&controller, &fixture, &where);
    client_poll(&controller, &first);
    fixture_wait_held(&fixture, 1);
    client_dispatch(&supervisor, message);
    client_expect_message(&controller, message);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

START_TEST(on_a_unix_socket_who_closes_without_reading_has_lost_it)
{
    char path[64], address[80];
    snprintf(path, sizeof(path), "/tmp/warmstart-delivery-%d.sock", (int)getpid());
    snprintf(address, sizeof(address), "unix:%s", path);
    struct sockaddr_storage where = fixture_listen(&fixture, address, WARMSTART_HTTP_ALL);
    client_connect_to(&controller, &fixture, &where);
    client_poll(&controller, &first);
    fixture_wait_held(&fixture, 1);
    client_dispatch(&supervisor, message);
    while (fixture_manager_stats(&fixture).attempts_total == 0)
        ck_assert_int_eq(warmstart_loop_process(fixture.loop), 0);
    client_close(&controller);
    expect_outcome(FALSE_BODY, "lost", "1", NULL);
}
END_TEST

/* ---- Acknowledged by the controller itself ---- */

/* Long enough for the slowest machine: only one test waits until it is over. */
static void open_acknowledging(void)
{
    prepare();
    fixture.options.dispatch_timeout_ms = 60000;
    fixture.options.ack_timeout_ms = 20000;
    open_fixture();
}

static void open_impatient(void)
{
    prepare();
    fixture.options.dispatch_timeout_ms = 60000;
    fixture.options.ack_timeout_ms = 1500;
    open_fixture();
}

static void poll_acknowledging(struct client *client, const char *id)
{
    char request[512];
    snprintf(request, sizeof(request),
             "GET /warm-start HTTP/1.1\r\nHost: x\r\nx-warmstart-ack: required\r\n"
             "x-trigger-workload-controller-id: %s\r\nx-trigger-deployment-id: d\r\n"
             "x-trigger-deployment-version: 1\r\nx-trigger-machine-cpu: 1\r\n"
             "x-trigger-machine-memory: 1\r\n\r\n",
             id);
    uint64_t held = fixture_stats(&fixture).held;
    client_send_text(client, request);
    fixture_wait_held(&fixture, held + 1);
}

static void hold_acknowledging(struct client *client, const char *id)
{
    client_connect(client, &fixture);
    poll_acknowledging(client, id);
}

static void dispatch_to_acknowledging(size_t padding)
{
    struct identity same = {.deployment = "d", .version = "1", .cpu = "1", .memory = "1"};
    free(message);
    message = message_new(&same, "run_1", padding);
    client_dispatch(&supervisor, message);
}

static void take_id(struct client *client, char id[64])
{
    struct response response;
    client_response(client, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response.body, message);
    const char *text = response_header(&response, "x-warmstart-delivery-id");
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), 32);
    strcpy(id, text);
    response_free(&response);
}

static void acknowledge(struct client *client, const char *id)
{
    char request[256];
    snprintf(request, sizeof(request),
             "POST /warm-start/ack/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", id);
    client_send_text(client, request);
}

START_TEST(an_acknowledged_delivery_is_answered_true_and_only_then)
{
    char id[64];
    hold_acknowledging(&controller, "c1");
    dispatch_to_acknowledging(0);
    take_id(&controller, id);
    client_expect_silence(&supervisor);
    acknowledge(&controller, id);
    client_expect(&controller, 200, "{\"acknowledged\":true}");
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

START_TEST(without_an_acknowledgement_the_next_controller_is_tried)
{
    char id[64], late[64];
    hold_acknowledging(&second, "c2");
    hold_acknowledging(&controller, "c1");
    dispatch_to_acknowledging(0);
    take_id(&controller, late);
    take_id(&second, id);
    acknowledge(&second, id);
    client_expect(&second, 200, "{\"acknowledged\":true}");
    expect_outcome(TRUE_BODY, "delivered", "2", "c2");
    acknowledge(&second, late);
    client_expect_error(&second, 409, "delivery_over", NULL);
}
END_TEST

START_TEST(unknown_and_repeated_acknowledgements_are_harmless)
{
    static const char *const unknown[] = {"00000000000000000000000000000000", "x", "0123456789abcdef",
                                          "0123456789ABCDEF0123456789ABCDEF"};
    char id[64];
    hold_acknowledging(&controller, "c1");
    dispatch_to_acknowledging(0);
    take_id(&controller, id);
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        acknowledge(&controller, unknown[i]);
        client_expect_error(&controller, 404, "delivery_unknown", NULL);
    }
    acknowledge(&controller, id);
    client_expect(&controller, 200, NULL);
    acknowledge(&controller, id);
    client_expect_error(&controller, 409, "delivery_over", NULL);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
    ck_assert(fixture_metric(&fixture, "warmstart_http_acknowledgements_total{result=\"unknown\"}") == 4.0);
    ck_assert(fixture_metric(&fixture, "warmstart_http_acknowledgements_total{result=\"over\"}") == 1.0);
    ck_assert(fixture_metric(&fixture, "warmstart_http_acknowledgements_total{result=\"taken\"}") == 1.0);
}
END_TEST

START_TEST(an_acknowledgement_may_come_on_another_connection)
{
    char id[64];
    hold_acknowledging(&controller, "c1");
    dispatch_to_acknowledging(0);
    take_id(&controller, id);
    client_close(&controller);
    client_connect(&second, &fixture);
    acknowledge(&second, id);
    client_expect(&second, 200, NULL);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

START_TEST(another_word_than_required_is_refused)
{
    client_connect(&controller, &fixture);
    client_send_text(&controller, "GET /warm-start HTTP/1.1\r\nHost: x\r\nx-warmstart-ack: yes\r\n"
                                  "x-trigger-deployment-id: d\r\nx-trigger-deployment-version: 1\r\n"
                                  "x-trigger-machine-cpu: 1\r\nx-trigger-machine-memory: 1\r\n\r\n");
    client_expect_error(&controller, 400, "header_invalid", "x-warmstart-ack");
}
END_TEST

/* ---- The article's way ---- */

static void open_written(void)
{
    prepare();
    fixture.options.confirm = WARMSTART_HTTP_CONFIRM_WRITE;
    fixture.options.dispatch_timeout_ms = 60000;
    open_fixture();
}

START_TEST(written_is_enough_when_that_is_asked_for)
{
    client_hold(&controller, &fixture, &first);
    client_dispatch(&supervisor, message);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

/* ---- The time limit of a POST, with the clock in our hands ---- */

#define LIMIT_MS 1000
#define GRACE_MS 100

struct trial {
    enum warmstart_http_uncertain on_uncertain;
    uint32_t confirm_timeout_ms;
    uint32_t attempts_max;
};

enum silence { UNREAD, UNACKNOWLEDGED, HALF_READ, SILENCES };

static void open_trial(const struct trial *trial)
{
    prepare();
    fixture.still = true;
    fixture.options.dispatch_timeout_ms = LIMIT_MS;
    fixture.options.ack_timeout_ms = 60000;
    fixture.options.on_uncertain = trial->on_uncertain;
    fixture.options.confirm_timeout_ms = trial->confirm_timeout_ms;
    fixture.options.attempts_max = trial->attempts_max;
    open_fixture();
}

/* Controllers of which none takes the run as it should, each in another way: the newest in way `first_way`. */
static void hold_silent(struct client clients[SILENCES], int first_way)
{
    struct identity narrow = {.deployment = "d", .version = "1", .cpu = "1", .memory = "1"};
    for (int i = 0; i < SILENCES; i++) {
        char name[8];
        snprintf(name, sizeof(name), "s%d", i);
        narrow.controller = name;
        if ((first_way + i) % SILENCES == UNACKNOWLEDGED) {
            hold_acknowledging(&clients[i], name);
            continue;
        }
        uint64_t held = fixture_stats(&fixture).held;
        client_connect_narrow(&clients[i], &fixture);
        client_poll(&clients[i], &narrow);
        fixture_wait_held(&fixture, held + 1);
    }
}

/* Sends a run that does not fit into any buffer. The milliseconds until its POST is answered. */
static uint64_t answered_after(struct client clients[SILENCES], int first_way)
{
    struct identity same = {.deployment = "d", .version = "1", .cpu = "1", .memory = "1"};
    uint64_t ms = 0;
    free(message);
    message = message_new(&same, "run_1", LARGE);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    for (client_receive(&supervisor); supervisor.bytes == 0 && ms <= LIMIT_MS + GRACE_MS;
         client_receive(&supervisor)) {
        fixture_pass(&fixture, 1);
        ms++;
        /* One of them reads now and then, so that there is always something that moves. */
        if (ms % 50 == 0)
            client_receive(&clients[(HALF_READ - first_way + SILENCES) % SILENCES]);
    }
    return ms;
}

START_TEST(every_post_is_answered_in_its_time_and_100_ms_whatever_controllers_do)
{
    static const struct trial trials[] = {
        {WARMSTART_HTTP_UNCERTAIN_FALSE, 200, 3},    {WARMSTART_HTTP_UNCERTAIN_FALSE, 5000, 3},
        {WARMSTART_HTTP_UNCERTAIN_TRUE, 200, 3},     {WARMSTART_HTTP_UNCERTAIN_RETRY, 200, 3},
        {WARMSTART_HTTP_UNCERTAIN_RETRY, 300, 1000}, {WARMSTART_HTTP_UNCERTAIN_RETRY, 5000, 1},
    };
    uint64_t slowest = 0;
    close_all();
    for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        for (int first_way = 0; first_way < SILENCES; first_way++) {
            struct client silent[SILENCES];
            open_trial(&trials[i]);
            hold_silent(silent, first_way);
            uint64_t ms = answered_after(silent, first_way);
            slowest = ms > slowest ? ms : slowest;
            ck_assert_msg(ms <= LIMIT_MS + GRACE_MS, "trial %zu, way %d: no answer in %llu ms", i, first_way,
                          (unsigned long long)ms);
            client_expect(&supervisor, 200, NULL);
            for (size_t j = 0; j < SILENCES; j++)
                client_close(&silent[j]);
            close_all();
        }
    }
    printf("# the slowest of %zu answers came %llu ms after its POST, by the server's clock\n",
           SILENCES * sizeof(trials) / sizeof(trials[0]), (unsigned long long)slowest);
    ck_assert_uint_ge(slowest, LIMIT_MS / 2);
    prepare();
    open_fixture();
}
END_TEST

/* ---- A machine that stands still, with the clock in our hands ---- */

static void open_still(void)
{
    prepare();
    fixture.still = true;
    open_fixture();
}

/* Time that passes in the middle of each round, before anything is read. */
struct standstill {
    struct warmstart_timer timer;
    uint64_t ms;
    bool (*is_over)(void);
};

static void stand_still(struct warmstart_timer *timer, uint64_t now)
{
    struct standstill *standstill = (struct standstill *)timer;
    if (standstill->is_over())
        return;
    fixture.now += standstill->ms * 1000000;
    ck_assert_int_eq(warmstart_loop_timer_set(fixture.loop, timer, now), 0);
}

static bool is_dispatched(void)
{
    return fixture_manager_stats(&fixture).attempts_total > 0;
}

static bool has_arrived(void)
{
    char first_byte;
    return recv(controller.fd, &first_byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

static void pass_slowly(int milliseconds)
{
    for (int i = 0; i < milliseconds; i++)
        fixture_pass(&fixture, 1);
    client_receive(&supervisor);
}

START_TEST(a_standstill_in_mid_round_takes_nothing_from_the_time_to_dispatch)
{
    struct standstill standstill = {.timer.due = stand_still, .ms = 5000, .is_over = is_dispatched};
    client_hold(&controller, &fixture, &first);
    ck_assert_int_eq(warmstart_loop_timer_set(fixture.loop, &standstill.timer, fixture.now), 0);
    client_dispatch(&supervisor, message);
    client_expect_message(&controller, message);
    pass_slowly(60);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

/* What a narrow reader does not read stays unacknowledged. */
static void open_unread(void)
{
    prepare();
    fixture.still = true;
    fixture.options.dispatch_timeout_ms = 60000;
    open_fixture();
    free(message);
    message = message_new(&first, "run_1", 100u << 10);
    client_connect_narrow(&controller, &fixture);
    client_poll(&controller, &first);
    fixture_wait_held(&fixture, 1);
}

START_TEST(a_standstill_in_mid_round_takes_nothing_from_the_time_to_confirm)
{
    struct standstill standstill = {.timer.due = stand_still, .ms = 500, .is_over = has_arrived};
    ck_assert_int_eq(warmstart_loop_timer_set(fixture.loop, &standstill.timer, fixture.now), 0);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    ck_assert(has_arrived());
    pass_slowly(50);
    ck_assert_uint_eq(supervisor.bytes, 0);
    client_expect_message(&controller, message);
    pass_slowly(50);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

/* However long, and wherever it ends: a message has 40 ms to arrive. */
static const int standstills_ms[] = {61, 99, 100, 111, 5000};

START_TEST(what_is_read_soon_after_a_standstill_is_delivered)
{
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    fixture_pass(&fixture, (uint64_t)standstills_ms[_i]);
    pass_slowly(35);
    ck_assert_uint_eq(supervisor.bytes, 0);
    client_expect_message(&controller, message);
    pass_slowly(30);
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

START_TEST(what_nobody_read_is_uncertain_soon_after_a_standstill)
{
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    fixture_pass(&fixture, (uint64_t)standstills_ms[_i]);
    pass_slowly(39);
    ck_assert_uint_eq(supervisor.bytes, 0);
    pass_slowly(1);
    expect_outcome(FALSE_BODY, "uncertain", "1", NULL);
    client_wait_closed(&controller);
    ck_assert(controller.reset);
}
END_TEST

START_TEST(more_than_10_ms_late_is_a_standstill)
{
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    pass_slowly(90);
    ck_assert_uint_eq(supervisor.bytes, 0);
    int due_ms = warmstart_loop_timeout_ms(fixture.loop);
    ck_assert_int_ge(due_ms, 0);
    fixture_pass(&fixture, (uint64_t)(due_ms + 10 + _i));
    client_receive(&supervisor);
    if (_i == 1)
        ck_assert_uint_eq(supervisor.bytes, 0);
    else
        expect_outcome(FALSE_BODY, "uncertain", "1", NULL);
}
END_TEST

START_TEST(a_standstill_makes_no_time_shorter)
{
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    fixture_pass(&fixture, 30);
    pass_slowly(69);
    ck_assert_uint_eq(supervisor.bytes, 0);
    pass_slowly(1);
    expect_outcome(FALSE_BODY, "uncertain", "1", NULL);
}
END_TEST

START_TEST(one_standstill_after_the_other_does_not_go_on_for_ever)
{
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    fixture_pass(&fixture, 5000);
    fixture_pass(&fixture, 5000);
    expect_outcome(FALSE_BODY, "uncertain", "1", NULL);
}
END_TEST

START_TEST(a_standstill_in_mid_round_takes_nothing_from_the_linger)
{
    struct standstill standstill = {.timer.due = stand_still, .ms = 500, .is_over = has_arrived};
    client_hold(&controller, &fixture, &first);
    ck_assert_int_eq(warmstart_loop_timer_set(fixture.loop, &standstill.timer, fixture.now), 0);
    client_dispatch(&supervisor, message);
    fixture_settle(&fixture);
    ck_assert(has_arrived());
    client_expect_silence(&supervisor);
    client_abort(&controller);
    expect_outcome(FALSE_BODY, "lost", "1", NULL);
}
END_TEST

/* A lease of 1.5 s. */
static void open_leased(void)
{
    prepare();
    fixture.still = true;
    fixture.options.dispatch_timeout_ms = 60000;
    fixture.options.ack_timeout_ms = 1500;
    open_fixture();
}

static void lease(char id[64])
{
    hold_acknowledging(&controller, "c1");
    dispatch_to_acknowledging(0);
    take_id(&controller, id);
}

START_TEST(an_acknowledgement_that_lay_in_its_socket_during_a_standstill_counts)
{
    char id[64];
    lease(id);
    acknowledge(&controller, id);
    fixture_pass(&fixture, 5000);
    client_expect(&controller, 200, "{\"acknowledged\":true}");
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

START_TEST(an_acknowledgement_may_come_a_little_later_after_a_standstill)
{
    char id[64];
    lease(id);
    fixture_pass(&fixture, 5000);
    pass_slowly(39);
    ck_assert_uint_eq(supervisor.bytes, 0);
    acknowledge(&controller, id);
    client_expect(&controller, 200, "{\"acknowledged\":true}");
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

START_TEST(a_lease_ends_soon_after_a_standstill)
{
    char id[64];
    lease(id);
    fixture_pass(&fixture, 5000);
    fixture_pass(&fixture, 40);
    expect_outcome(FALSE_BODY, "lost", "1", NULL);
    client_connect(&second, &fixture);
    acknowledge(&second, id);
    client_expect_error(&second, 409, "delivery_over", NULL);
}
END_TEST

START_TEST(a_lease_without_a_standstill_ends_in_its_time)
{
    char id[64];
    lease(id);
    fixture_pass(&fixture, 1495);
    client_expect_silence(&supervisor);
    fixture_pass(&fixture, 10);
    expect_outcome(FALSE_BODY, "lost", "1", NULL);
}
END_TEST

START_TEST(each_step_may_have_a_standstill)
{
    char id[64];
    client_connect_narrow(&controller, &fixture);
    poll_acknowledging(&controller, "c1");
    dispatch_to_acknowledging(100u << 10);
    fixture_settle(&fixture);
    fixture_pass(&fixture, 5000);
    take_id(&controller, id);
    pass_slowly(40);
    fixture_pass(&fixture, 5000);
    pass_slowly(39);
    ck_assert_uint_eq(supervisor.bytes, 0);
    acknowledge(&controller, id);
    client_expect(&controller, 200, "{\"acknowledged\":true}");
    expect_outcome(TRUE_BODY, "delivered", "1", "c1");
}
END_TEST

static TCase *add_case(Suite *suite, const char *name, void (*open)(void))
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, open, close_all);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("delivery");
    TCase *kernel = add_case(suite, "kernel", open_all);
    tcase_add_test(kernel, an_acknowledged_message_is_delivered_and_the_answer_says_to_whom);
    tcase_add_test(kernel, nobody_to_match_is_said_in_the_headers);
    tcase_add_test(kernel, who_resets_without_reading_has_not_got_it_and_the_next_one_gets_it);
    tcase_add_test(kernel, who_closes_without_reading_has_not_got_it_either);
    tcase_add_test(kernel, who_reads_and_closes_in_the_middle_of_a_round_has_it_too);
    tcase_add_test(kernel, who_reads_and_closes_has_it);
    tcase_add_test(kernel, who_reads_to_the_announced_end_and_closes_has_it);
    tcase_add_test(kernel, who_closes_at_the_announced_end_without_reading_has_not_got_it);
    tcase_add_test(kernel, a_request_sent_ahead_does_not_say_that_the_message_was_read);
    tcase_add_test(kernel, another_request_on_the_connection_says_that_the_message_was_read);
    tcase_add_test(add_case(suite, "bounded", open_bounded),
                   a_reader_that_stops_in_mid_message_is_uncertain_within_the_bound_and_reset);
    tcase_add_test(add_case(suite, "patient", open_patient), a_reader_that_leaves_in_mid_message_has_lost_it);
    tcase_add_test(kernel, a_connection_that_the_controller_wants_closed_is_confirmed_too);
    tcase_add_test(add_case(suite, "uncertain", open_uncertain_true), uncertain_can_be_told_as_true);
    tcase_add_test(kernel, what_is_uncertain_does_not_come_later_from_a_connection_that_is_closed);
    tcase_add_test(add_case(suite, "hasty", open_hasty),
                   what_is_uncertain_does_not_come_later_from_a_connection_that_is_closed);
    tcase_add_test(add_case(suite, "blind", open_blind),
                   what_is_uncertain_does_not_come_later_from_a_connection_that_is_closed);
    TCase *local = add_case(suite, "local", open_all);
    tcase_add_test(local, on_a_unix_socket_delivered_means_read);
    tcase_add_test(local, on_a_unix_socket_who_closes_without_reading_has_lost_it);
    TCase *own = add_case(suite, "acknowledging", open_acknowledging);
    tcase_add_test(own, an_acknowledged_delivery_is_answered_true_and_only_then);
    tcase_add_test(own, unknown_and_repeated_acknowledgements_are_harmless);
    tcase_add_test(own, an_acknowledgement_may_come_on_another_connection);
    tcase_add_test(own, another_word_than_required_is_refused);
    tcase_add_test(add_case(suite, "impatient", open_impatient),
                   without_an_acknowledgement_the_next_controller_is_tried);
    tcase_add_test(add_case(suite, "written", open_written), written_is_enough_when_that_is_asked_for);
    tcase_add_test(add_case(suite, "limit", open_all),
                   every_post_is_answered_in_its_time_and_100_ms_whatever_controllers_do);
    TCase *still = add_case(suite, "standstill", open_still);
    tcase_add_test(still, a_standstill_in_mid_round_takes_nothing_from_the_time_to_dispatch);
    tcase_add_test(still, a_standstill_in_mid_round_takes_nothing_from_the_linger);
    TCase *unread = add_case(suite, "standstill, unread", open_unread);
    const int standstills = sizeof(standstills_ms) / sizeof(standstills_ms[0]);
    tcase_add_test(unread, a_standstill_in_mid_round_takes_nothing_from_the_time_to_confirm);
    tcase_add_loop_test(unread, what_is_read_soon_after_a_standstill_is_delivered, 0, standstills);
    tcase_add_loop_test(unread, what_nobody_read_is_uncertain_soon_after_a_standstill, 0, standstills);
    tcase_add_loop_test(unread, more_than_10_ms_late_is_a_standstill, 0, 2);
    tcase_add_test(unread, a_standstill_makes_no_time_shorter);
    tcase_add_test(unread, one_standstill_after_the_other_does_not_go_on_for_ever);
    TCase *leased = add_case(suite, "standstill, leased", open_leased);
    tcase_add_test(leased, an_acknowledgement_that_lay_in_its_socket_during_a_standstill_counts);
    tcase_add_test(leased, an_acknowledgement_may_come_a_little_later_after_a_standstill);
    tcase_add_test(leased, a_lease_ends_soon_after_a_standstill);
    tcase_add_test(leased, a_lease_without_a_standstill_ends_in_its_time);
    tcase_add_test(leased, each_step_may_have_a_standstill);
    return suite_run(suite);
}
