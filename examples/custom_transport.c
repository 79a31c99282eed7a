/* SPDX-License-Identifier: MIT */
/*
 * custom_transport: a transport of one's own, over pipes, in one process.
 *
 * A transport owns connections and gives the loop three operations. Here a connection is a pipe: a controller
 * waits at its reading end, the transport writes a run into the other one. See docs/transports.md for the
 * contract; this is the least that keeps it. Ends by itself with status 0 if all went as written below.
 */
#include <warmstart/loop.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* One connection. The loop hands `conn` back, and a pointer to a first member is one to the struct. */
struct controller {
    struct warmstart_conn conn;
    struct warmstart_watch watch; /* for a controller that goes away */
    warmstart_waiter_id waiter;
    int in;  /* the transport writes here */
    int out; /* the controller reads here */
};

static void expect(int is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "custom_transport: not as expected: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- The three operations ---- */

static void deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                    struct warmstart_payload *payload)
{
    struct controller *controller = (struct controller *)conn;
    ssize_t written = write(controller->in, payload->data, payload->data_bytes);
    /* Bytes in a pipe are as good as received here, because both ends are in one process. A transport that
     * cannot know yet returns and reports later: see unreliable_transport.c. */
    warmstart_loop_report(conn->transport->loop, waiter,
                          written == (ssize_t)payload->data_bytes ? WARMSTART_OUTCOME_DELIVERED
                                                                  : WARMSTART_OUTCOME_LOST);
}

/* The last call about a waiter. A transport that is done with the connection closes and frees it here. */
static void ended(struct warmstart_conn *conn, warmstart_waiter_id waiter, enum warmstart_ending ending)
{
    (void)waiter;
    struct controller *controller = (struct controller *)conn;
    printf("  %s is over: %s\n", conn->controller_id, warmstart_ending_name(ending));
    warmstart_loop_unwatch(conn->transport->loop, &controller->watch);
    close(controller->in);
}

/* The last call about a dispatch. */
static void settled(struct warmstart_origin *origin, const struct warmstart_settlement *settlement)
{
    (void)origin;
    printf("  the run is settled: %s, waiters tried: %u\n", warmstart_outcome_name(settlement->outcome),
           settlement->attempts);
}

static const struct warmstart_transport_operations operations = {
    .size = sizeof(operations), .name = "pipes", .deliver = deliver, .ended = ended, .settled = settled};

/* ---- Both sides ---- */

/* The reading end was closed. A waiter that is over already makes this an answer of 0, not an error. */
static void gone(struct warmstart_watch *watch, uint32_t events)
{
    (void)events;
    struct controller *controller = (struct controller *)((char *)watch - offsetof(struct controller, watch));
    warmstart_loop_cancel(controller->conn.transport->loop, controller->waiter);
}

static const struct warmstart_field fields[] = {{"deployment", 10, "blue", 4}};

static void wait_for_work(struct controller *controller, struct warmstart_transport *transport, char *name)
{
    int ends[2];
    expect(pipe(ends) == 0, "a pipe is opened");
    *controller = (struct controller){
        .conn = {.transport = transport, .controller_id = name, .controller_id_bytes = strlen(name)},
        .watch = {.ready = gone},
        .in = ends[1],
        .out = ends[0]};
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = fields;
    registration.fields_len = 1;
    registration.controller_id = name;
    registration.controller_id_bytes = strlen(name);
    expect(warmstart_loop_register(&controller->conn, &registration, &controller->waiter) == 0, "it waits");
    expect(warmstart_loop_watch(transport->loop, &controller->watch, ends[1], EPOLLERR | EPOLLET) == 0,
           "its pipe is watched");
    printf("%s waits\n", name);
}

static int hand_over(struct warmstart_origin *origin, const char *text)
{
    struct warmstart_query query = {.fields = fields, .fields_len = 1};
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.attempts_max = 3;
    struct warmstart_payload *payload = warmstart_payload_new(text, strlen(text));
    expect(payload != NULL, "there is memory");
    warmstart_dispatch_id dispatch;
    int answer = warmstart_loop_dispatch(origin, &query, &delivery, payload, &dispatch);
    warmstart_payload_drop(payload); /* the loop has a reference of its own */
    printf("%s: %s\n", text, answer == 1 ? "a waiter fits" : "no waiter fits");
    warmstart_loop_process(origin->transport->loop);
    return answer;
}

int main(void)
{
    struct warmstart_loop *loop;
    struct warmstart_transport transport = {0};
    struct warmstart_origin origin = {.transport = &transport};
    struct controller a, b;
    char name_a[] = "controller_a", name_b[] = "controller_b", text[16] = "";
    expect(warmstart_loop_new(NULL, &loop) == 0, "a loop is made");
    expect(warmstart_loop_attach(loop, &transport, &operations) == 0, "the transport is attached");

    wait_for_work(&a, &transport, name_a);
    wait_for_work(&b, &transport, name_b);
    close(b.out); /* the newest would be the first to be tried, but it goes away */
    warmstart_loop_process(loop);
    expect(hand_over(&origin, "run_1") == 1, "controller_a waits");
    expect(read(a.out, text, sizeof(text)) == 5 && strcmp(text, "run_1") == 0, "the run has arrived");
    printf("controller_a has read %s\n", text);
    expect(hand_over(&origin, "run_2") == 0, "nobody waits any more");

    close(a.out);
    expect(warmstart_loop_detach(&transport) == 0, "nothing is left");
    warmstart_loop_free(loop);
    return EXIT_SUCCESS;
}
