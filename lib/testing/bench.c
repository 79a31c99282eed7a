/* SPDX-License-Identifier: MIT */
#include <warmstart/testing.h>

#include "ledger.h"

#include <stdlib.h>
#include <string.h>

/* A report that the transport has yet to make. */
struct report {
    uint64_t at;
    warmstart_waiter_id waiter;
    enum warmstart_outcome outcome;
};

struct warmstart_testing {
    struct warmstart_manager *manager; /* owned */
    struct warmstart_testing_clock *clock;
    struct ledger ledger;
    enum warmstart_testing_conduct *script; /* owned; NULL: everything is confirmed */
    size_t script_len;
    size_t script_next;
    uint64_t late_ns;
    struct report *reports; /* owned; in the order they arose */
    size_t reports_len;
    size_t reports_capacity;
    struct warmstart_event *events; /* owned; oldest first */
    size_t events_len;
    size_t events_capacity;
};

uint64_t warmstart_testing_clock_read(void *clock)
{
    const struct warmstart_testing_clock *fake = clock;
    return fake->now;
}

/* ---- Making and freeing ---- */

int warmstart_testing_new(const struct warmstart_options *options, struct warmstart_testing_clock *clock,
                          struct warmstart_testing **ret_testing)
{
    if (clock == NULL || ret_testing == NULL)
        return WARMSTART_ERR_INVALID;
    struct warmstart_testing *testing = calloc(1, sizeof(*testing));
    if (testing == NULL)
        return WARMSTART_ERR_MEMORY;
    testing->clock = clock;
    int answer = warmstart_manager_new(options, &testing->manager);
    if (answer < 0) {
        free(testing);
        return answer;
    }
    *ret_testing = testing;
    return 0;
}

void warmstart_testing_free(struct warmstart_testing *testing)
{
    if (testing == NULL)
        return;
    warmstart_manager_free(testing->manager);
    warmstart_ledger_deinit(&testing->ledger);
    free(testing->script);
    free(testing->reports);
    free(testing->events);
    free(testing);
}

struct warmstart_manager *warmstart_testing_manager(const struct warmstart_testing *testing)
{
    return testing != NULL ? testing->manager : NULL;
}

/* Room for `more` behind `len` items. False: out of memory, nothing changed. */
static bool grow(void **items, size_t len, size_t *capacity, size_t more, size_t item_bytes)
{
    if (len + more <= *capacity)
        return true;
    size_t grown = *capacity * 2 + 64;
    void *moved = realloc(*items, grown * item_bytes);
    if (moved == NULL)
        return false;
    *items = moved;
    *capacity = grown;
    return true;
}

/* ---- Calls ---- */

int warmstart_testing_register(struct warmstart_testing *testing,
                               const struct warmstart_registration *registration,
                               warmstart_waiter_id *ret_waiter)
{
    if (testing == NULL)
        return WARMSTART_ERR_INVALID;
    if (!warmstart_ledger_reserve(&testing->ledger))
        return WARMSTART_ERR_MEMORY;
    int answer = warmstart_register(testing->manager, registration, ret_waiter, testing->clock->now);
    if (answer == 0)
        warmstart_ledger_registered(&testing->ledger, *ret_waiter, registration->conn);
    return answer;
}

int warmstart_testing_cancel(struct warmstart_testing *testing, warmstart_waiter_id waiter)
{
    if (testing == NULL)
        return WARMSTART_ERR_INVALID;
    int answer = warmstart_cancel(testing->manager, waiter, testing->clock->now);
    if (answer == 1 && warmstart_ledger_is_written(&testing->ledger, waiter))
        warmstart_ledger_reported(&testing->ledger, waiter, WARMSTART_OUTCOME_UNCERTAIN);
    return answer;
}

int warmstart_testing_dispatch(struct warmstart_testing *testing, const struct warmstart_query *query,
                               const struct warmstart_delivery *delivery, warmstart_dispatch_id *ret_dispatch)
{
    if (testing == NULL)
        return WARMSTART_ERR_INVALID;
    if (!warmstart_ledger_reserve(&testing->ledger))
        return WARMSTART_ERR_MEMORY;
    int answer = warmstart_dispatch(testing->manager, query, delivery, ret_dispatch, testing->clock->now);
    if (answer == 1)
        warmstart_ledger_dispatched(&testing->ledger, *ret_dispatch, delivery);
    return answer;
}

int warmstart_testing_deliver(struct warmstart_testing *testing, warmstart_waiter_id waiter,
                              const struct warmstart_delivery *delivery, warmstart_dispatch_id *ret_dispatch)
{
    if (testing == NULL)
        return WARMSTART_ERR_INVALID;
    if (!warmstart_ledger_reserve(&testing->ledger))
        return WARMSTART_ERR_MEMORY;
    int answer = warmstart_deliver(testing->manager, waiter, delivery, ret_dispatch, testing->clock->now);
    if (answer == 1)
        warmstart_ledger_dispatched(&testing->ledger, *ret_dispatch, delivery);
    return answer;
}

int warmstart_testing_report(struct warmstart_testing *testing, warmstart_waiter_id waiter,
                             enum warmstart_outcome outcome)
{
    if (testing == NULL)
        return WARMSTART_ERR_INVALID;
    int answer = warmstart_report(testing->manager, waiter, outcome, testing->clock->now);
    if (answer == 1)
        warmstart_ledger_reported(&testing->ledger, waiter, outcome);
    return answer;
}

/* ---- The transport ---- */

int warmstart_testing_script(struct warmstart_testing *testing,
                             const enum warmstart_testing_conduct *conducts, size_t conducts_len,
                             uint64_t late_ns)
{
    if (testing == NULL || conducts == NULL || conducts_len == 0)
        return WARMSTART_ERR_INVALID;
    for (size_t i = 0; i < conducts_len; i++)
        if ((int)conducts[i] < WARMSTART_TESTING_CONFIRM || (int)conducts[i] > WARMSTART_TESTING_TWICE)
            return WARMSTART_ERR_INVALID;
    enum warmstart_testing_conduct *copy = calloc(conducts_len, sizeof(*copy));
    if (copy == NULL)
        return WARMSTART_ERR_MEMORY;
    memcpy(copy, conducts, conducts_len * sizeof(*copy));
    free(testing->script);
    testing->script = copy;
    testing->script_len = conducts_len;
    testing->script_next = 0;
    testing->late_ns = late_ns;
    return 0;
}

static enum warmstart_testing_conduct next_conduct(struct warmstart_testing *testing)
{
    if (testing->script == NULL)
        return WARMSTART_TESTING_CONFIRM;
    enum warmstart_testing_conduct conduct = testing->script[testing->script_next];
    if (testing->script_next + 1 < testing->script_len)
        testing->script_next++;
    return conduct;
}

/* There is room for two: warmstart_testing_next_event() has seen to it. */
static void add_report(struct warmstart_testing *testing, warmstart_waiter_id waiter,
                       enum warmstart_outcome outcome, uint64_t after_ns)
{
    uint64_t left = WARMSTART_NEVER - testing->clock->now;
    uint64_t at = after_ns < left ? testing->clock->now + after_ns : WARMSTART_NEVER;
    testing->reports[testing->reports_len++] = (struct report){at, waiter, outcome};
}

static void write_payload(struct warmstart_testing *testing, warmstart_waiter_id waiter)
{
    switch (next_conduct(testing)) {
    case WARMSTART_TESTING_CONFIRM:
        add_report(testing, waiter, WARMSTART_OUTCOME_DELIVERED, 0);
        break;
    case WARMSTART_TESTING_LOSE:
        add_report(testing, waiter, WARMSTART_OUTCOME_LOST, 0);
        break;
    case WARMSTART_TESTING_DOUBT:
        add_report(testing, waiter, WARMSTART_OUTCOME_UNCERTAIN, 0);
        break;
    case WARMSTART_TESTING_SILENT:
        break;
    case WARMSTART_TESTING_LATE:
        add_report(testing, waiter, WARMSTART_OUTCOME_DELIVERED, testing->late_ns);
        break;
    case WARMSTART_TESTING_TWICE:
        add_report(testing, waiter, WARMSTART_OUTCOME_DELIVERED, 0);
        add_report(testing, waiter, WARMSTART_OUTCOME_DELIVERED, 0);
        break;
    }
}

int warmstart_testing_next_report(struct warmstart_testing *testing, warmstart_waiter_id *ret_waiter,
                                  enum warmstart_outcome *ret_outcome)
{
    if (testing == NULL || ret_waiter == NULL || ret_outcome == NULL)
        return WARMSTART_ERR_INVALID;
    for (size_t i = 0; i < testing->reports_len; i++) {
        struct report *report = &testing->reports[i];
        if (report->at > testing->clock->now)
            continue;
        *ret_waiter = report->waiter;
        *ret_outcome = report->outcome;
        testing->reports_len--;
        memmove(report, report + 1, (testing->reports_len - i) * sizeof(*report));
        return 1;
    }
    return 0;
}

/* ---- Running ---- */

int warmstart_testing_next_event(struct warmstart_testing *testing, struct warmstart_event *ret_event)
{
    if (testing == NULL || ret_event == NULL)
        return WARMSTART_ERR_INVALID;
    void *events = testing->events, *reports = testing->reports;
    bool room =
        grow(&events, testing->events_len, &testing->events_capacity, 1, sizeof(*testing->events)) &&
        grow(&reports, testing->reports_len, &testing->reports_capacity, 2, sizeof(*testing->reports));
    testing->events = events;
    testing->reports = reports;
    if (!room)
        return WARMSTART_ERR_MEMORY;
    int answer = warmstart_next_event(testing->manager, ret_event);
    if (answer != 1) {
        struct warmstart_stats stats = {.size = sizeof(stats)};
        (void)warmstart_get_stats(testing->manager, &stats);
        warmstart_ledger_compare(&testing->ledger, &stats);
        return answer;
    }
    testing->events[testing->events_len++] = *ret_event;
    warmstart_ledger_event(&testing->ledger, ret_event);
    if (ret_event->type == WARMSTART_EVENT_DELIVER)
        write_payload(testing, ret_event->waiter);
    return 1;
}

int warmstart_testing_run(struct warmstart_testing *testing)
{
    if (testing == NULL)
        return WARMSTART_ERR_INVALID;
    (void)warmstart_advance(testing->manager, testing->clock->now);
    for (;;) {
        struct warmstart_event event;
        int answer = warmstart_testing_next_event(testing, &event);
        if (answer < 0)
            return answer;
        warmstart_waiter_id waiter;
        enum warmstart_outcome outcome;
        bool reported = false;
        while (warmstart_testing_next_report(testing, &waiter, &outcome) == 1) {
            (void)warmstart_testing_report(testing, waiter, outcome);
            reported = true;
        }
        if (answer == 0 && !reported)
            return 0;
    }
}

uint64_t warmstart_testing_next_moment(const struct warmstart_testing *testing)
{
    if (testing == NULL)
        return WARMSTART_NEVER;
    uint64_t moment = warmstart_next_deadline(testing->manager);
    for (size_t i = 0; i < testing->reports_len; i++)
        if (testing->reports[i].at < moment)
            moment = testing->reports[i].at;
    return moment;
}

/* ---- The record and the checker ---- */

const struct warmstart_event *warmstart_testing_events(const struct warmstart_testing *testing,
                                                       size_t *ret_len)
{
    size_t len = testing != NULL ? testing->events_len : 0;
    if (ret_len != NULL)
        *ret_len = len;
    return len > 0 ? testing->events : NULL;
}

void warmstart_testing_forget(struct warmstart_testing *testing)
{
    if (testing != NULL)
        testing->events_len = 0;
}

const char *warmstart_testing_fault(const struct warmstart_testing *testing)
{
    return testing == NULL || testing->ledger.fault[0] == '\0' ? NULL : testing->ledger.fault;
}
