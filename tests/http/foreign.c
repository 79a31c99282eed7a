/* SPDX-License-Identifier: MIT */
#include "foreign.h"

#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The fields of the usual identity, as the dialect writes them. */
static const struct warmstart_field fields[] = {
    {"cpu", 3, "\xffn5e-1", 6},
    {"deployment", 10, "deployment_1", 12},
    {"memory", 6, "\xffn5e-1", 6},
    {"version", 7, "20260327.4", 10},
};

static struct foreign *of_conn(struct warmstart_conn *conn)
{
    return (struct foreign *)((char *)conn - offsetof(struct foreign, conn));
}

static void deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                    struct warmstart_payload *payload)
{
    struct foreign *foreign = of_conn(conn);
    (void)waiter;
    foreign->delivers++;
    snprintf(foreign->payload, sizeof(foreign->payload), "%.*s", (int)payload->data_bytes,
             (const char *)payload->data);
}

static void ended(struct warmstart_conn *conn, warmstart_waiter_id waiter, enum warmstart_ending ending)
{
    struct foreign *foreign = of_conn(conn);
    (void)waiter;
    foreign->ends++;
    foreign->ending = ending;
}

static void settled(struct warmstart_origin *origin, const struct warmstart_settlement *settlement)
{
    struct foreign *foreign = (struct foreign *)((char *)origin - offsetof(struct foreign, origin));
    foreign->settles++;
    foreign->outcome = settlement->outcome;
}

static const struct warmstart_transport_operations operations = {
    .size = sizeof(operations),
    .name = "foreign",
    .deliver = deliver,
    .ended = ended,
    .settled = settled,
};

void foreign_attach(struct foreign *foreign, struct fixture *fixture)
{
    *foreign = (struct foreign){.fixture = fixture};
    ck_assert_int_eq(warmstart_loop_attach(fixture->loop, &foreign->transport, &operations), 0);
    foreign->conn = (struct warmstart_conn){
        .transport = &foreign->transport, .controller_id = "foreign_1", .controller_id_bytes = 9};
    foreign->origin.transport = &foreign->transport;
}

void foreign_detach(struct foreign *foreign)
{
    ck_assert_int_eq(warmstart_loop_detach(&foreign->transport), 0);
}

void foreign_wait(struct foreign *foreign)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = fields;
    registration.fields_len = 4;
    registration.controller_id = foreign->conn.controller_id;
    registration.controller_id_bytes = foreign->conn.controller_id_bytes;
    ck_assert_int_eq(warmstart_loop_register(&foreign->conn, &registration, &foreign->waiter), 0);
}

int foreign_dispatch(struct foreign *foreign, const char *payload, size_t payload_bytes, uint64_t timeout_ms)
{
    struct warmstart_query query = {.fields = fields, .fields_len = 4};
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.deadline = warmstart_loop_now(foreign->fixture->loop) + timeout_ms * 1000000;
    struct warmstart_payload *bytes = warmstart_payload_new(payload, payload_bytes);
    ck_assert_ptr_nonnull(bytes);
    int answer = warmstart_loop_dispatch(&foreign->origin, &query, &delivery, bytes, &foreign->dispatch);
    warmstart_payload_drop(bytes);
    return answer;
}
