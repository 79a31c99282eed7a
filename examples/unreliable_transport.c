/* SPDX-License-Identifier: MIT */
/*
 * unreliable_transport: what follows when a delivery is LOST, or when nobody can tell.
 *
 * This transport has no connections at all: each controller is told what is to become of the run that it is
 * given. LOST means that it has not got it, for certain: the next one is tried. UNCERTAIN means that it may
 * have it: nobody else is tried, or it could run twice, unless whoever dispatched takes that risk. Ends by
 * itself with status 0 if all went as written below.
 */
#include <warmstart/loop.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum conduct { RECEIVES, LOSES, KEEPS_SILENT, COMES_BACK };

struct controller {
    struct warmstart_conn conn;
    enum conduct conduct;
    warmstart_waiter_id waiter;
};

static void expect(int is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "unreliable_transport: not as expected: %s\n", what);
    exit(EXIT_FAILURE);
}

static void wait_for_work(struct controller *controller)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.controller_id = controller->conn.controller_id;
    registration.controller_id_bytes = controller->conn.controller_id_bytes;
    expect(warmstart_loop_register(&controller->conn, &registration, &controller->waiter) == 0, "it waits");
}

static void deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                    struct warmstart_payload *payload)
{
    struct controller *controller = (struct controller *)conn;
    printf("  write %.*s to %s: ", (int)payload->data_bytes, (const char *)payload->data,
           conn->controller_id);
    switch (controller->conduct) {
    case RECEIVES:
        printf("it says that it has it\n");
        warmstart_loop_report(conn->transport->loop, waiter, WARMSTART_OUTCOME_DELIVERED);
        break;
    case LOSES:
        printf("its connection was reset\n");
        warmstart_loop_report(conn->transport->loop, waiter, WARMSTART_OUTCOME_LOST);
        break;
    case KEEPS_SILENT:
        printf("nothing is heard of it\n"); /* a real one waits for a while before it says so */
        warmstart_loop_report(conn->transport->loop, waiter, WARMSTART_OUTCOME_UNCERTAIN);
        break;
    case COMES_BACK:
        printf("nothing is heard of it, but it waits again\n");
        controller->conduct = RECEIVES;
        wait_for_work(controller); /* under the same id: it has not got the run */
        warmstart_loop_report(conn->transport->loop, waiter, WARMSTART_OUTCOME_UNCERTAIN);
        break;
    }
}

static void ended(struct warmstart_conn *conn, warmstart_waiter_id waiter, enum warmstart_ending ending)
{
    (void)waiter;
    printf("  %s is over: %s\n", conn->controller_id, warmstart_ending_name(ending));
}

static enum warmstart_outcome outcome;

static void settled(struct warmstart_origin *origin, const struct warmstart_settlement *settlement)
{
    (void)origin;
    outcome = settlement->outcome;
    printf("  settled: %s, waiters tried: %u\n", warmstart_outcome_name(outcome), settlement->attempts);
}

static const struct warmstart_transport_operations operations = {
    .size = sizeof(operations), .name = "unreliable", .deliver = deliver, .ended = ended, .settled = settled};

/* Two controllers wait, the second is tried first; then a run comes. */
static enum warmstart_outcome play(struct warmstart_transport *transport, const char *title,
                                   enum conduct first, enum conduct second, uint32_t retry_uncertain)
{
    struct controller controllers[] = {{.conn = {transport, "controller_a", 12}, .conduct = second},
                                       {.conn = {transport, "controller_b", 12}, .conduct = first}};
    struct warmstart_origin origin = {.transport = transport};
    struct warmstart_query query = {0};
    struct warmstart_delivery delivery;
    warmstart_dispatch_id dispatch;
    printf("%s\n", title);
    for (int i = 0; i < 2; i++)
        wait_for_work(&controllers[i]);
    warmstart_delivery_init(&delivery);
    delivery.attempts_max = 3;
    delivery.retry_uncertain = retry_uncertain;
    struct warmstart_payload *run = warmstart_payload_new("run", 3);
    expect(run && warmstart_loop_dispatch(&origin, &query, &delivery, run, &dispatch) == 1, "one fits");
    warmstart_payload_drop(run);
    warmstart_loop_process(transport->loop);
    for (int i = 0; i < 2; i++)
        warmstart_loop_cancel(transport->loop, controllers[i].waiter); /* it does not matter if it is over */
    warmstart_loop_process(transport->loop);
    return outcome;
}

int main(void)
{
    struct warmstart_loop *loop;
    struct warmstart_transport transport = {0};
    expect(warmstart_loop_new(NULL, &loop) == 0, "a loop is made");
    expect(warmstart_loop_attach(loop, &transport, &operations) == 0, "the transport is attached");

    expect(play(&transport, "lost: the next one gets it", LOSES, RECEIVES, 0) == WARMSTART_OUTCOME_DELIVERED,
           "the second has it");
    expect(play(&transport, "lost twice: nobody has it", LOSES, LOSES, 0) == WARMSTART_OUTCOME_LOST,
           "nobody has it");
    expect(play(&transport, "silence: nobody else is tried", KEEPS_SILENT, RECEIVES, 0) ==
               WARMSTART_OUTCOME_UNCERTAIN,
           "nobody can tell");
    expect(play(&transport, "silence, and the risk is taken", KEEPS_SILENT, RECEIVES, 1) ==
               WARMSTART_OUTCOME_DELIVERED,
           "one of them has it, or both");
    expect(play(&transport, "back again: the same one is tried", COMES_BACK, RECEIVES, 0) ==
               WARMSTART_OUTCOME_DELIVERED,
           "it has it");

    expect(warmstart_loop_detach(&transport) == 0, "nothing is left");
    warmstart_loop_free(loop);
    return EXIT_SUCCESS;
}
