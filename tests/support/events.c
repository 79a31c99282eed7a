/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

static bool about(const struct warmstart_event *event, enum warmstart_event_type type, uint64_t id)
{
    if (event->type != type)
        return false;
    return id == 0 || id == (type == WARMSTART_EVENT_ENDED ? event->waiter : event->dispatch);
}

void events_deinit(struct events *events)
{
    free(events->items);
    *events = (struct events){0};
}

void events_clear(struct events *events)
{
    events->len = 0;
}

size_t events_pull(struct events *events, struct warmstart_manager *manager)
{
    size_t before = events->len;
    for (;;) {
        if (events->len == events->room) {
            events->room = events->room * 2 + 16;
            events->items = realloc(events->items, events->room * sizeof(*events->items));
            ck_assert_ptr_nonnull(events->items);
        }
        int answer = warmstart_next_event(manager, &events->items[events->len]);
        ck_assert_int_ge(answer, 0);
        if (answer == 0)
            return events->len - before;
        events->len++;
    }
}

size_t events_count(const struct events *events, enum warmstart_event_type type, uint64_t id)
{
    size_t len = 0;
    for (size_t i = 0; i < events->len; i++)
        len += about(&events->items[i], type, id);
    return len;
}

size_t events_place(const struct events *events, enum warmstart_event_type type, uint64_t id)
{
    for (size_t i = 0; i < events->len; i++)
        if (about(&events->items[i], type, id))
            return i;
    ck_abort_msg("no event of type %d about %#llx among %zu", (int)type, (unsigned long long)id, events->len);
    return 0;
}

const struct warmstart_event *events_find(const struct events *events, enum warmstart_event_type type,
                                          uint64_t id)
{
    return &events->items[events_place(events, type, id)];
}
