/* SPDX-License-Identifier: MIT */
/*
 * A program of somebody else's that uses the installed libwarmstart: valid as C99 and as C++.
 * Hands one payload to one waiter and prints whom it went to.
 */
#include <warmstart/warmstart.h>

#include <stdio.h>
#include <string.h>

static int failed(const char *what)
{
    fprintf(stderr, "core: %s\n", what);
    return 1;
}

/* Does what the events say until there are no more; counts the settled and the ended. */
static int serve(struct warmstart_manager *manager, uint64_t now, char *waiter_name)
{
    struct warmstart_event event;
    int over = 0;

    while (warmstart_next_event(manager, &event) == 1) {
        switch (event.type) {
        case WARMSTART_EVENT_DELIVER:
            if (event.conn != waiter_name || event.payload_bytes != 5 ||
                memcmp(event.payload, "hello", 5) != 0 ||
                warmstart_report(manager, event.waiter, WARMSTART_OUTCOME_DELIVERED, now) != 1)
                return -1;
            printf("%.5s to %s\n", (const char *)event.payload, (const char *)event.conn);
            break;
        case WARMSTART_EVENT_ENDED:
            over += event.ending == WARMSTART_ENDING_DELIVERED ? 1 : 100;
            break;
        case WARMSTART_EVENT_SETTLED:
            over += event.outcome == WARMSTART_OUTCOME_DELIVERED ? 1 : 100;
            break;
        }
    }
    return over;
}

int main(void)
{
    char name[] = "controller_1";
    struct warmstart_field field = {"deployment", 10, "deployment_1", 12};
    struct warmstart_manager *manager = NULL;
    struct warmstart_registration registration;
    struct warmstart_delivery delivery;
    struct warmstart_query query;
    warmstart_waiter_id waiter = 0;
    warmstart_dispatch_id dispatch = 0;

    if (strcmp(warmstart_version(), WARMSTART_VERSION_STRING) != 0)
        return failed("the library and the header are of different versions");
    if (warmstart_manager_new(NULL, &manager) != 0)
        return failed("no manager");

    warmstart_registration_init(&registration);
    registration.fields = &field;
    registration.fields_len = 1;
    registration.controller_id = name;
    registration.controller_id_bytes = strlen(name);
    registration.conn = name;
    if (warmstart_register(manager, &registration, &waiter, 1000) != 0)
        return failed("not registered");

    memset(&query, 0, sizeof(query));
    query.fields = &field;
    query.fields_len = 1;
    warmstart_delivery_init(&delivery);
    delivery.payload = "hello";
    delivery.payload_bytes = 5;
    if (warmstart_dispatch(manager, &query, &delivery, &dispatch, 2000) != 1)
        return failed("nobody fits");
    if (serve(manager, 3000, name) != 2)
        return failed("not delivered");
    if (warmstart_dispatch(manager, &query, &delivery, &dispatch, 4000) != 0)
        return failed("delivered to nobody");
    warmstart_manager_free(manager);
    return 0;
}
