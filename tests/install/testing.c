/* SPDX-License-Identifier: MIT */
/*
 * A program of somebody else's that uses the installed libwarmstart-testing: valid as C99 and as C++.
 * Hands one payload to one waiter on a bench and prints whom it went to.
 */
#include <warmstart/testing.h>

#include <stdio.h>

int main(void)
{
    char name[] = "controller_1";
    struct warmstart_field field = {"deployment", 10, "deployment_1", 12};
    struct warmstart_testing_clock clock = {1000};
    struct warmstart_testing *testing = NULL;
    struct warmstart_registration registration;
    struct warmstart_delivery delivery;
    struct warmstart_query query;
    warmstart_waiter_id waiter = 0;
    warmstart_dispatch_id dispatch = 0;
    const struct warmstart_event *events;
    size_t events_len = 0;

    if (warmstart_testing_new(NULL, &clock, &testing) != 0)
        return 1;
    warmstart_registration_init(&registration);
    registration.fields = &field;
    registration.fields_len = 1;
    registration.conn = name;
    if (warmstart_testing_register(testing, &registration, &waiter) != 0)
        return 2;
    query.fields = &field;
    query.fields_len = 1;
    query.how = WARMSTART_MATCH_EXACT;
    warmstart_delivery_init(&delivery);
    delivery.payload = "hello";
    delivery.payload_bytes = 5;
    if (warmstart_testing_dispatch(testing, &query, &delivery, &dispatch) != 1)
        return 3;
    if (warmstart_testing_run(testing) != 0 || warmstart_testing_fault(testing) != NULL)
        return 4;
    events = warmstart_testing_events(testing, &events_len);
    if (events_len != 3)
        return 5;
    printf("%.5s to %s\n", (const char *)events[0].payload, (const char *)events[0].conn);
    warmstart_testing_free(testing);
    return 0;
}
