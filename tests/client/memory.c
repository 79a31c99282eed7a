/* SPDX-License-Identifier: MIT */
/*
 * The client when memory cannot be had: in a scene with every call, each allocation fails, alone and with all
 * that follow. A call that fails has changed nothing, each request has one end and no wrong one, nothing
 * leaks, and afterwards the same clients go on.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <warmstart/client.h>
#include <warmstart/unix.h>

#include "descriptors.h"
#include "memory_faults.h"
#include "suite.h"

#define PAYLOAD_BYTES  40000
#define REQUESTS_MAX   8
#define FAULTS_MIN     20 /* allocations that the scene has at least */
#define FAULTS_MAX     500
#define TROUBLES_MAX   3 /* so often memory is short before there is some again */
#define DEADLINE_S     60
#define UNTOUCHED      UINT64_C(77)
#define METADATA_RUN   "deployment=d1 cpu:=0.5"
#define METADATA_OTHER "{\"deployment\":\"d2\"}"

struct request {
    warmstart_client_request id;
    unsigned finals; /* events that were its end */
    bool refuses;    /* a run that is offered to it */
    bool taken;
    enum warmstart_client_outcome outcome;
};

struct side {
    struct warmstart_client *client;
    struct request requests[REQUESTS_MAX];
    size_t requests_len;
    bool broken; /* its connection was closed for want of memory */
};

static char folder[64], path[96], payload[PAYLOAD_BYTES];
static size_t descriptors;
static struct warmstart_loop *loop;
static struct warmstart_unix *server;
static struct side controller, supervisor;
static unsigned troubles;

/* ---- Calls ---- */

/* After an answer of a call that could fail: whether it has to be made once more. */
static bool has_failed(int answer)
{
    memory_faults.inside = false;
    if (answer != WARMSTART_ERR_MEMORY)
        return false;
    ck_assert_uint_gt(memory_faults.failed, 0);
    if (++troubles >= TROUBLES_MAX)
        memory_faults_none();
    return true;
}

#define CALL(answer, call)                                                                                   \
    do {                                                                                                     \
        memory_faults.inside = true;                                                                         \
        (answer) = (call);                                                                                   \
    } while (has_failed(answer))

static void begin(struct side *side)
{
    struct warmstart_client_options options;
    warmstart_client_options_init(&options);
    options.path = path;
    options.reconnect_min_ms = 1;
    options.reconnect_max_ms = 1;
    *side = (struct side){.client = NULL};
    int answer;
    CALL(answer, warmstart_client_new(&options, &side->client));
    ck_assert_int_eq(answer, 0);
}

static struct request *add(struct side *side, int answer, warmstart_client_request id)
{
    ck_assert_int_eq(answer, 0);
    ck_assert_uint_ne(id, UNTOUCHED);
    ck_assert_uint_lt(side->requests_len, REQUESTS_MAX);
    struct request *request = &side->requests[side->requests_len++];
    *request = (struct request){.id = id};
    return request;
}

static struct request *wait_for(struct side *side, const char *metadata)
{
    struct warmstart_client_wait_options wait;
    warmstart_client_request id = UNTOUCHED;
    warmstart_client_wait_options_init(&wait);
    wait.metadata = metadata;
    wait.instance = "node-1";
    int answer;
    CALL(answer, warmstart_client_wait(side->client, &wait, &id));
    return add(side, answer, id);
}

static struct request *dispatch_to(struct side *side, const char *metadata)
{
    struct warmstart_client_dispatch_options dispatch;
    warmstart_client_request id = UNTOUCHED;
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.metadata = metadata;
    dispatch.payload = payload;
    dispatch.payload_bytes = sizeof(payload);
    dispatch.timeout_ms = 20000;
    int answer;
    CALL(answer, warmstart_client_dispatch(side->client, &dispatch, &id));
    return add(side, answer, id);
}

static struct request *command(struct side *side, const char *verb, const char *arguments)
{
    warmstart_client_request id = UNTOUCHED;
    int answer;
    CALL(answer, warmstart_client_command(side->client, verb, arguments, NULL, &id));
    return add(side, answer, id);
}

/* ---- Events ---- */

static struct request *request_of(struct side *side, warmstart_client_request id)
{
    for (size_t i = 0; i < side->requests_len; i++)
        if (side->requests[i].id == id)
            return &side->requests[i];
    ck_abort_msg("an event of no request");
    return NULL;
}

static void on_payload(struct side *side, const struct warmstart_client_event *event)
{
    struct request *request = request_of(side, event->request);
    ck_assert_uint_eq(event->data_bytes, sizeof(payload));
    ck_assert_mem_eq(event->data, payload, sizeof(payload));
    int answer;
    if (request->refuses)
        CALL(answer, warmstart_client_refuse(side->client, request->id));
    else
        CALL(answer, warmstart_client_ack(side->client, request->id));
    ck_assert_int_ge(answer, 0);
}

static void on_event(struct side *side, const struct warmstart_client_event *event)
{
    switch (event->type) {
    case WARMSTART_CLIENT_CONNECTED:
    case WARMSTART_CLIENT_DISCONNECTED:
    case WARMSTART_CLIENT_WITHDRAWN:
        break;
    case WARMSTART_CLIENT_PAYLOAD:
        on_payload(side, event);
        break;
    case WARMSTART_CLIENT_TAKEN:
        ck_assert_uint_eq(event->data_bytes, sizeof(payload));
        ck_assert_mem_eq(event->data, payload, sizeof(payload));
        request_of(side, event->request)->taken = true;
        request_of(side, event->request)->finals++;
        break;
    case WARMSTART_CLIENT_ENDED:
    case WARMSTART_CLIENT_ANSWER:
        request_of(side, event->request)->finals++;
        break;
    case WARMSTART_CLIENT_SETTLED:
        request_of(side, event->request)->outcome = event->outcome;
        request_of(side, event->request)->finals++;
        break;
    }
}

static void serve(struct side *side)
{
    memory_faults.inside = true;
    int answer = warmstart_client_process(side->client);
    if (has_failed(answer))
        side->broken = true;
    else
        ck_assert_int_eq(answer, 0);
    struct warmstart_client_event event;
    for (;;) {
        memory_faults.inside = true;
        int any = warmstart_client_next_event(side->client, &event);
        memory_faults.inside = false;
        if (any == 0)
            return;
        ck_assert_int_eq(any, 1);
        on_event(side, &event);
    }
}

static void serve_all(void)
{
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    serve(&controller);
    serve(&supervisor);
}

static int sooner(int one_ms, int other_ms)
{
    return one_ms < 0 || (other_ms >= 0 && other_ms < one_ms) ? other_ms : one_ms;
}

static void turn(void)
{
    struct pollfd fds[] = {{warmstart_loop_fd(loop), POLLIN, 0},
                           {warmstart_client_fd(controller.client), POLLIN, 0},
                           {warmstart_client_fd(supervisor.client), POLLIN, 0}};
    int timeout_ms = sooner(warmstart_client_timeout_ms(controller.client),
                            warmstart_client_timeout_ms(supervisor.client));
    ck_assert_int_ge(poll(fds, 3, sooner(timeout_ms, warmstart_loop_timeout_ms(loop))), 0);
    serve_all();
}

/* Until the request has ended. */
static void finish(const struct request *request)
{
    time_t end = time(NULL) + DEADLINE_S;
    while (request->finals == 0) {
        ck_assert_msg(time(NULL) < end, "a request has no end");
        turn();
    }
}

/* Whatever is still waiting ends, too. */
static void finish_all(struct side *side)
{
    for (size_t i = 0; i < side->requests_len; i++) {
        int answer;
        if (side->requests[i].finals == 0)
            CALL(answer, warmstart_client_cancel(side->client, side->requests[i].id));
    }
    for (size_t i = 0; i < side->requests_len; i++)
        finish(&side->requests[i]);
}

/* ---- The scene ---- */

static void play(void)
{
    troubles = 0;
    begin(&controller);
    begin(&supervisor);
    struct request *first = wait_for(&controller, METADATA_RUN);
    struct request *second = wait_for(&controller, METADATA_RUN);
    second->refuses = true; /* the newest is the first to be asked */
    wait_for(&controller, METADATA_OTHER);
    finish(command(&controller, "ping", NULL));
    finish(command(&supervisor, "stats", NULL));
    finish(command(&supervisor, "count", "-- " METADATA_RUN));
    struct request *run = dispatch_to(&supervisor, METADATA_RUN);
    finish(run);
    finish_all(&controller);
    memory_faults_none();
    serve_all();

    for (size_t i = 0; i < controller.requests_len; i++)
        ck_assert_uint_eq(controller.requests[i].finals, 1);
    for (size_t i = 0; i < supervisor.requests_len; i++)
        ck_assert_uint_eq(supervisor.requests[i].finals, 1);
    ck_assert(!second->taken);
    bool may_be_taken =
        run->outcome == WARMSTART_CLIENT_DELIVERED || run->outcome == WARMSTART_CLIENT_UNCERTAIN;
    ck_assert(may_be_taken || !first->taken);
    ck_assert(first->taken || run->outcome != WARMSTART_CLIENT_DELIVERED || controller.broken);
    ck_assert(run->outcome == WARMSTART_CLIENT_DELIVERED || troubles > 0);
}

/* The same clients with enough memory. */
static void play_on(void)
{
    struct request *waiting = wait_for(&controller, METADATA_RUN);
    finish(command(&controller, "ping", NULL));
    struct request *run = dispatch_to(&supervisor, METADATA_RUN);
    finish(run);
    finish(waiting);
    ck_assert(waiting->taken);
    ck_assert_int_eq(run->outcome, WARMSTART_CLIENT_DELIVERED);
}

static void end(struct side *side)
{
    memory_faults.inside = true;
    warmstart_client_free(side->client);
    memory_faults.inside = false;
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
}

/* False: the scene has fewer allocations than that. */
static bool play_with(void (*faults)(unsigned long), unsigned long n)
{
    memory_faults.failed = 0;
    faults(n);
    play();
    play_on();
    end(&controller);
    end(&supervisor);
    return memory_faults.failed > 0;
}

static void open_all(void)
{
    descriptors = descriptors_count();
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (char)i;
    snprintf(folder, sizeof(folder), "/tmp/warmstart-memory-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/socket", folder);
    ck_assert_int_eq(warmstart_loop_new(NULL, &loop), 0);
    ck_assert_int_eq(warmstart_unix_new(loop, NULL, &server), 0);
    ck_assert_int_eq(warmstart_unix_listen(server, path, WARMSTART_UNIX_ALL), 0);
}

static void close_all(void)
{
    warmstart_unix_free(server);
    warmstart_loop_free(loop);
    ck_assert_int_eq(rmdir(folder), 0);
    descriptors_check(descriptors);
}

static void each_allocation(void (*faults)(unsigned long))
{
    unsigned long n = 1;
    while (play_with(faults, n))
        ck_assert_uint_lt(++n, FAULTS_MAX);
    ck_assert_uint_gt(n, FAULTS_MIN);
}

START_TEST(each_allocation_can_fail_alone)
{
    each_allocation(memory_faults_only);
}
END_TEST

START_TEST(each_allocation_can_fail_with_all_that_follow)
{
    each_allocation(memory_faults_from);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_memory");
    TCase *tests = tcase_create("memory");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, each_allocation_can_fail_alone);
    tcase_add_test(tests, each_allocation_can_fail_with_all_that_follow);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
