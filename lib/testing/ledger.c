/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Entries by id ---- */

static size_t home(const struct ledger_table *table, uint64_t id)
{
    uint64_t mixed = (id ^ id >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 32) & (table->capacity - 1);
}

/* The entry of this id, or the empty one where it would be. */
static struct ledger_entry *entry_at(const struct ledger_table *table, uint64_t id)
{
    size_t at = home(table, id);
    while (table->entries[at].id != 0 && table->entries[at].id != id)
        at = (at + 1) & (table->capacity - 1);
    return &table->entries[at];
}

static struct ledger_entry *find(const struct ledger_table *table, uint64_t id)
{
    if (table->capacity == 0 || id == 0)
        return NULL;
    struct ledger_entry *entry = entry_at(table, id);
    return entry->id == 0 ? NULL : entry;
}

static bool reserve(struct ledger_table *table)
{
    if (table->len < table->capacity / 2)
        return true;
    struct ledger_table grown = {.capacity = table->capacity == 0 ? 64 : table->capacity * 2};
    grown.entries = calloc(grown.capacity, sizeof(*grown.entries));
    if (grown.entries == NULL)
        return false;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->entries[i].id != 0)
            *entry_at(&grown, table->entries[i].id) = table->entries[i];
    grown.len = table->len;
    free(table->entries);
    *table = grown;
    return true;
}

static void add(struct ledger_table *table, const struct ledger_entry *entry)
{
    *entry_at(table, entry->id) = *entry;
    table->len++;
}

/* Takes an entry out and closes the gap. */
static void take_out(struct ledger_table *table, struct ledger_entry *entry)
{
    size_t mask = table->capacity - 1, gap = (size_t)(entry - table->entries);
    for (size_t at = (gap + 1) & mask; table->entries[at].id != 0; at = (at + 1) & mask) {
        if (((at - home(table, table->entries[at].id)) & mask) < ((at - gap) & mask))
            continue;
        table->entries[gap] = table->entries[at];
        gap = at;
    }
    table->entries[gap].id = 0;
    table->len--;
}

void warmstart_ledger_deinit(struct ledger *ledger)
{
    free(ledger->waiters.entries);
    free(ledger->dispatches.entries);
}

bool warmstart_ledger_reserve(struct ledger *ledger)
{
    return reserve(&ledger->waiters) && reserve(&ledger->dispatches);
}

/* ---- Faults ---- */

__attribute__((format(printf, 3, 4))) static void require(struct ledger *ledger, bool holds,
                                                          const char *format, ...)
{
    if (holds || ledger->fault[0] != '\0')
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(ledger->fault, sizeof(ledger->fault), format, arguments);
    va_end(arguments);
}

/* ---- Calls ---- */

void warmstart_ledger_registered(struct ledger *ledger, uint64_t waiter, void *conn)
{
    require(ledger, waiter != 0, "a waiter has the id 0");
    require(ledger, find(&ledger->waiters, waiter) == NULL, "two waiters have the id %#llx",
            (unsigned long long)waiter);
    ledger->registered++;
    if (ledger->fault[0] == '\0')
        add(&ledger->waiters, &(struct ledger_entry){.id = waiter, .pointer = conn});
}

void warmstart_ledger_dispatched(struct ledger *ledger, uint64_t dispatch,
                                 const struct warmstart_delivery *delivery)
{
    require(ledger, dispatch != 0, "a dispatch has the id 0");
    require(ledger, find(&ledger->dispatches, dispatch) == NULL, "two dispatches have the id %#llx",
            (unsigned long long)dispatch);
    if (ledger->fault[0] == '\0')
        add(&ledger->dispatches, &(struct ledger_entry){.id = dispatch,
                                                        .pointer = delivery->origin,
                                                        .payload = delivery->payload,
                                                        .payload_bytes = delivery->payload_bytes,
                                                        .attempts_max = delivery->attempts_max});
}

bool warmstart_ledger_is_written(const struct ledger *ledger, uint64_t waiter)
{
    const struct ledger_entry *entry = find(&ledger->waiters, waiter);
    return entry != NULL && entry->other != 0 && entry->reported == 0;
}

void warmstart_ledger_reported(struct ledger *ledger, uint64_t waiter, enum warmstart_outcome outcome)
{
    bool written = warmstart_ledger_is_written(ledger, waiter);
    require(ledger, written, "a report was taken about waiter %#llx, to which nothing is written",
            (unsigned long long)waiter);
    if (!written)
        return;
    struct ledger_entry *entry = find(&ledger->waiters, waiter);
    struct ledger_entry *dispatch = find(&ledger->dispatches, entry->other);
    entry->reported = outcome;
    require(ledger, dispatch != NULL, "a report was taken about dispatch %#llx, which is settled",
            (unsigned long long)entry->other);
    if (dispatch != NULL) {
        dispatch->reported = outcome;
        dispatch->tainted |= outcome == WARMSTART_OUTCOME_UNCERTAIN;
    }
}

/* ---- Events ---- */

/* A payload is as it was handed in, and comes with the right count. */
static void check_payload(struct ledger *ledger, const struct ledger_entry *dispatch,
                          const struct warmstart_event *event)
{
    unsigned long long id = event->dispatch;
    require(ledger, event->origin == dispatch->pointer, "dispatch %#llx: another origin", id);
    require(ledger, event->payload == dispatch->payload && event->payload_bytes == dispatch->payload_bytes,
            "dispatch %#llx: another payload", id);
    require(ledger, event->attempts == dispatch->attempts, "dispatch %#llx: %u attempts, not %u", id,
            event->attempts, dispatch->attempts);
}

static void delivered(struct ledger *ledger, const struct warmstart_event *event)
{
    struct ledger_entry *waiter = find(&ledger->waiters, event->waiter);
    struct ledger_entry *dispatch = find(&ledger->dispatches, event->dispatch);
    unsigned long long to = event->waiter, of = event->dispatch;
    require(ledger, waiter != NULL, "waiter %#llx gets a payload, but does not wait", to);
    require(ledger, dispatch != NULL, "dispatch %#llx is delivered, but not under way", of);
    if (waiter == NULL || dispatch == NULL)
        return;
    ledger->attempts++;
    dispatch->attempts++;
    require(ledger, event->conn == waiter->pointer, "waiter %#llx: another conn", to);
    require(ledger, waiter->other == 0, "waiter %#llx gets a second payload", to);
    require(ledger, dispatch->other == 0 || dispatch->reported != 0,
            "dispatch %#llx goes to a second waiter while it is written to one", of);
    require(ledger, dispatch->reported != WARMSTART_OUTCOME_DELIVERED,
            "dispatch %#llx goes to another waiter, but is delivered", of);
    require(ledger, dispatch->attempts <= dispatch->attempts_max, "dispatch %#llx: more than %u attempts", of,
            dispatch->attempts_max);
    check_payload(ledger, dispatch, event);
    waiter->other = event->dispatch;
    dispatch->other = event->waiter;
    dispatch->reported = (enum warmstart_outcome)0;
}

static void ended(struct ledger *ledger, const struct warmstart_event *event)
{
    struct ledger_entry *waiter = find(&ledger->waiters, event->waiter);
    unsigned long long id = event->waiter;
    require(ledger, waiter != NULL, "waiter %#llx ends, but does not wait", id);
    require(ledger, event->ending > 0 && event->ending < WARMSTART_ENDINGS, "waiter %#llx ends as %d", id,
            (int)event->ending);
    if (waiter == NULL || ledger->fault[0] != '\0')
        return;
    require(ledger, event->conn == waiter->pointer, "waiter %#llx: another conn", id);
    bool written = waiter->other != 0;
    bool of_payload = event->ending == WARMSTART_ENDING_DELIVERED || event->ending == WARMSTART_ENDING_LOST ||
                      event->ending == WARMSTART_ENDING_UNCERTAIN;
    require(ledger, written == of_payload, "waiter %#llx: %s, but %s", id,
            warmstart_ending_name(event->ending), written ? "it got a payload" : "it got none");
    require(ledger, waiter->reported == 0 || (int)waiter->reported == (int)event->ending,
            "waiter %#llx: %s, but %s was reported", id, warmstart_ending_name(event->ending),
            warmstart_outcome_name(waiter->reported));
    require(ledger, waiter->reported != 0 || !written || event->ending == WARMSTART_ENDING_UNCERTAIN,
            "waiter %#llx: %s, but nothing was reported", id, warmstart_ending_name(event->ending));
    ledger->ended[event->ending]++;
    take_out(&ledger->waiters, waiter);
}

/* Who a settlement names must be there still, and must be who got this payload. */
static void check_receiver(struct ledger *ledger, const struct warmstart_event *event)
{
    const struct ledger_entry *waiter = find(&ledger->waiters, event->waiter);
    unsigned long long id = event->dispatch;
    if (event->waiter == 0) {
        require(ledger, event->conn == NULL, "dispatch %#llx: a conn of nobody", id);
        return;
    }
    require(ledger, waiter != NULL && waiter->other == event->dispatch,
            "dispatch %#llx names a waiter that does not have it", id);
    require(ledger, waiter == NULL || event->conn == waiter->pointer, "dispatch %#llx: another conn", id);
}

static void check_outcome(struct ledger *ledger, const struct ledger_entry *dispatch,
                          const struct warmstart_event *event)
{
    unsigned long long id = event->dispatch;
    const char *name = warmstart_outcome_name(event->outcome);
    bool said = dispatch->reported == WARMSTART_OUTCOME_DELIVERED;
    require(ledger, said == (event->outcome == WARMSTART_OUTCOME_DELIVERED),
            "dispatch %#llx: %s, but the report %s", id, name,
            said ? "was that it is delivered" : "did not say so");
    require(ledger, !said || event->waiter != 0, "dispatch %#llx: %s, but to nobody", id, name);
    bool may_be_out = dispatch->tainted || (dispatch->other != 0 && dispatch->reported == 0);
    if (event->outcome == WARMSTART_OUTCOME_UNCERTAIN)
        require(ledger, may_be_out, "dispatch %#llx: %s, but the payload is not out", id, name);
    else if (!said)
        require(ledger, !may_be_out && event->waiter == 0, "dispatch %#llx: %s, but the payload may be out",
                id, name);
}

static void settled(struct ledger *ledger, const struct warmstart_event *event)
{
    struct ledger_entry *dispatch = find(&ledger->dispatches, event->dispatch);
    unsigned long long id = event->dispatch;
    require(ledger, dispatch != NULL, "dispatch %#llx is settled, but not under way", id);
    require(ledger, event->outcome > 0 && event->outcome < WARMSTART_OUTCOMES,
            "dispatch %#llx is settled as %d", id, (int)event->outcome);
    if (dispatch == NULL || ledger->fault[0] != '\0')
        return;
    check_payload(ledger, dispatch, event);
    check_receiver(ledger, event);
    check_outcome(ledger, dispatch, event);
    ledger->settled[event->outcome]++;
    take_out(&ledger->dispatches, dispatch);
}

void warmstart_ledger_event(struct ledger *ledger, const struct warmstart_event *event)
{
    switch (event->type) {
    case WARMSTART_EVENT_DELIVER:
        delivered(ledger, event);
        return;
    case WARMSTART_EVENT_ENDED:
        ended(ledger, event);
        return;
    case WARMSTART_EVENT_SETTLED:
        settled(ledger, event);
        return;
    }
    require(ledger, false, "an event of type %d", (int)event->type);
}

/* ---- Statistics ---- */

static void compare(struct ledger *ledger, const char *name, uint64_t said, uint64_t noted)
{
    require(ledger, said == noted, "the statistics have %llu %s, but there are %llu",
            (unsigned long long)said, name, (unsigned long long)noted);
}

void warmstart_ledger_compare(struct ledger *ledger, const struct warmstart_stats *stats)
{
    compare(ledger, "waiters", stats->waiters, ledger->waiters.len);
    compare(ledger, "waiters by state", stats->waiters,
            stats->waiters_waiting + stats->waiters_unmatchable + stats->waiters_claimed +
                stats->waiters_delivering + stats->waiters_blocked);
    compare(ledger, "dispatches", stats->dispatches, ledger->dispatches.len);
    compare(ledger, "registrations", stats->registered_total, ledger->registered);
    compare(ledger, "attempts", stats->attempts_total, ledger->attempts);
    for (int i = 0; i < WARMSTART_ENDINGS; i++)
        compare(ledger, warmstart_ending_name((enum warmstart_ending)i), stats->ended_total[i],
                ledger->ended[i]);
    for (int i = 0; i < WARMSTART_OUTCOMES; i++)
        compare(ledger, warmstart_outcome_name((enum warmstart_outcome)i), stats->settled_total[i],
                ledger->settled[i]);
}
