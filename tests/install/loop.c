/* SPDX-License-Identifier: MIT */
/*
 * A program of somebody else's that uses the installed libwarmstart-loop: valid as C99 and as C++.
 * Brings its own transport, hands one payload over through it, and prints it.
 */
#include <warmstart/loop.h>

#include <stdio.h>
#include <string.h>

struct transport {
    struct warmstart_transport base;
    int ended;
};

static void deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                    struct warmstart_payload *payload)
{
    printf("%.*s to %.*s\n", (int)payload->data_bytes, (const char *)payload->data,
           (int)conn->controller_id_bytes, conn->controller_id);
    warmstart_loop_report(conn->transport->loop, waiter, WARMSTART_OUTCOME_DELIVERED);
}

static void ended(struct warmstart_conn *conn, warmstart_waiter_id waiter, enum warmstart_ending ending)
{
    (void)waiter;
    ((struct transport *)conn->transport)->ended += ending == WARMSTART_ENDING_DELIVERED ? 1 : 100;
    warmstart_loop_stop(conn->transport->loop);
}

static void settled(struct warmstart_origin *origin, const struct warmstart_settlement *settlement)
{
    ((struct transport *)origin->transport)->ended +=
        settlement->outcome == WARMSTART_OUTCOME_DELIVERED ? 1 : 100;
}

/* One waiter, and one payload for it. 0: both are under way. */
static int begin(struct transport *transport, struct warmstart_conn *conn, struct warmstart_origin *origin)
{
    static const struct warmstart_field field = {"deployment", 10, "deployment_1", 12};
    struct warmstart_registration registration;
    struct warmstart_delivery delivery;
    struct warmstart_payload *payload;
    struct warmstart_query query;
    warmstart_waiter_id waiter;
    warmstart_dispatch_id dispatch;
    int answer;

    conn->transport = &transport->base;
    conn->controller_id = "controller_1";
    conn->controller_id_bytes = 12;
    origin->transport = &transport->base;
    warmstart_registration_init(&registration);
    registration.fields = &field;
    registration.fields_len = 1;
    if (warmstart_loop_register(conn, &registration, &waiter) != 0)
        return -1;
    memset(&query, 0, sizeof(query));
    query.fields = &field;
    query.fields_len = 1;
    warmstart_delivery_init(&delivery);
    payload = warmstart_payload_new("hello", 5);
    if (payload == NULL)
        return -1;
    answer = warmstart_loop_dispatch(origin, &query, &delivery, payload, &dispatch);
    warmstart_payload_drop(payload);
    return answer == 1 ? 0 : -1;
}

int main(void)
{
    struct warmstart_transport_operations operations;
    struct warmstart_loop *loop = NULL;
    struct warmstart_conn conn;
    struct warmstart_origin origin;
    struct transport transport;

    memset(&operations, 0, sizeof(operations));
    operations.size = sizeof(operations);
    operations.name = "own";
    operations.deliver = deliver;
    operations.ended = ended;
    operations.settled = settled;
    memset(&transport, 0, sizeof(transport));
    memset(&conn, 0, sizeof(conn));
    memset(&origin, 0, sizeof(origin));

    if (warmstart_loop_new(NULL, &loop) != 0)
        return 1;
    if (warmstart_loop_attach(loop, &transport.base, &operations) != 0)
        return 2;
    if (begin(&transport, &conn, &origin) != 0)
        return 3;
    if (warmstart_loop_run(loop) != 0 || transport.ended != 2)
        return 4;
    if (warmstart_loop_detach(&transport.base) != 0)
        return 5;
    warmstart_loop_free(loop);
    return 0;
}
