/* SPDX-License-Identifier: MIT */
/*
 * match_logic: the core alone. No socket, no clock: the program is the transport, and time is a number that
 * it counts up itself. So match logic can be tested like any other pure function; this program checks every
 * answer and ends with status 1 at the first one that is not as expected.
 */
#include <warmstart/warmstart.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t second = 1000000000;

/* Ends the program if the library did not behave as this page says. */
static void expect(int is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "match_logic: not as expected: %s\n", what);
    exit(EXIT_FAILURE);
}

/* Both a waiter and a query have fields; they fit if these are the same. */
static void fill_fields(struct warmstart_field fields[2], const char *deployment, const char *version)
{
    fields[0] = (struct warmstart_field){"deployment", strlen("deployment"), deployment, strlen(deployment)};
    fields[1] = (struct warmstart_field){"version", strlen("version"), version, strlen(version)};
}

/* A controller begins to wait. `name` stands for its connection: the core carries it and gives it back. */
static void wait_for_work(struct warmstart_manager *manager, char *name, const char *version, uint64_t now)
{
    struct warmstart_field fields[2];
    fill_fields(fields, "deployment_1", version);
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = fields;
    registration.fields_len = 2;
    registration.controller_id = name;
    registration.controller_id_bytes = strlen(name);
    registration.expires_at = now + 30 * second;
    registration.conn = name;
    warmstart_waiter_id waiter;
    expect(warmstart_register(manager, &registration, &waiter, now) == 0, "a registration succeeds");
    printf("%3u s  %s waits with version %s\n", (unsigned)(now / second), name, version);
}

/* A supervisor has a run. Returns whether some waiter fits. */
static int hand_over(struct warmstart_manager *manager, char *run, const char *version, uint64_t now)
{
    struct warmstart_field fields[2];
    fill_fields(fields, "deployment_1", version);
    struct warmstart_query query = {.fields = fields, .fields_len = 2, .how = WARMSTART_MATCH_EXACT};
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.payload = run;
    delivery.payload_bytes = strlen(run);
    delivery.origin = run;
    delivery.attempts_max = 3;
    delivery.deadline = now + second;
    warmstart_dispatch_id dispatch;
    int found = warmstart_dispatch(manager, &query, &delivery, &dispatch, now);
    expect(found >= 0, "a dispatch is no error");
    printf("%3u s  %s needs version %s: %s\n", (unsigned)(now / second), run, version,
           found ? "a waiter fits" : "no waiter fits");
    return found;
}

/* Pulls every event and does what it says. `dead` is a controller whose connection turns out to be broken. */
static void handle_events(struct warmstart_manager *manager, const char *dead, uint64_t now)
{
    unsigned seconds = (unsigned)(now / second);
    struct warmstart_event event;
    while (warmstart_next_event(manager, &event) == 1) {
        const char *controller = event.conn;
        const char *run = event.origin;
        switch (event.type) {
        case WARMSTART_EVENT_DELIVER: {
            enum warmstart_outcome outcome =
                strcmp(controller, dead) == 0 ? WARMSTART_OUTCOME_LOST : WARMSTART_OUTCOME_DELIVERED;
            printf("%3u s    write %s to %s: %s\n", seconds, (const char *)event.payload, controller,
                   warmstart_outcome_name(outcome));
            expect(warmstart_report(manager, event.waiter, outcome, now) == 1, "a report is taken");
            break;
        }
        case WARMSTART_EVENT_ENDED:
            printf("%3u s    %s is over: %s\n", seconds, controller, warmstart_ending_name(event.ending));
            break;
        case WARMSTART_EVENT_SETTLED:
            printf("%3u s    %s is settled: %s, waiters tried: %u\n", seconds, run,
                   warmstart_outcome_name(event.outcome), event.attempts);
            break;
        }
    }
}

int main(void)
{
    char a[] = "controller_a", b[] = "controller_b", c[] = "controller_c";
    char run_1[] = "run_1", run_2[] = "run_2", run_3[] = "run_3";
    struct warmstart_manager *manager;
    expect(warmstart_manager_new(NULL, &manager) == 0, "a manager is made");

    wait_for_work(manager, a, "1.0", 0);
    wait_for_work(manager, b, "1.0", 1 * second);
    wait_for_work(manager, c, "2.0", 2 * second);

    /* The newest that fits is tried first. It turns out to be dead, so the next one gets the run. */
    expect(hand_over(manager, run_1, "1.0", 5 * second) == 1, "two waiters have version 1.0");
    handle_events(manager, b, 5 * second);

    /* Both of version 1.0 are gone now, and another version is no match. */
    expect(hand_over(manager, run_2, "1.0", 6 * second) == 0, "no waiter of version 1.0 is left");

    /* Time passes as soon as a call says so: the last waiter expires 30 s after it came. */
    expect(warmstart_next_deadline(manager) == 32 * second, "the next deadline is the last waiter's");
    expect(warmstart_advance(manager, 32 * second) == 0, "time advances");
    handle_events(manager, "", 32 * second);
    expect(hand_over(manager, run_3, "2.0", 33 * second) == 0, "nobody waits any more");

    struct warmstart_stats stats = {.size = sizeof(stats)};
    expect(warmstart_get_stats(manager, &stats) == 0, "there are statistics");
    expect(stats.waiters == 0 && stats.dispatches == 0, "nothing is left");
    printf("in all: %u registered, %u delivered, %u without a match\n", (unsigned)stats.registered_total,
           (unsigned)stats.settled_total[WARMSTART_OUTCOME_DELIVERED], (unsigned)stats.no_match_total);
    warmstart_manager_free(manager);
    return EXIT_SUCCESS;
}
