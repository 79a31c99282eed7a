/* SPDX-License-Identifier: MIT */
/* Pulls the events of a manager into an array, to look at them in any order. */
#ifndef TESTS_SUPPORT_EVENTS_H
#define TESTS_SUPPORT_EVENTS_H

#include <stddef.h>
#include <warmstart/warmstart.h>

/* All zero is an empty one. */
struct events {
    struct warmstart_event *items; /* oldest first */
    size_t len;                    /* how many */
    size_t room;                   /* for how many there is memory */
};

void events_deinit(struct events *events);

/* Forgets what was recorded. */
void events_clear(struct events *events);

/* Records all events that the manager has. Returns how many came. */
size_t events_pull(struct events *events, struct warmstart_manager *manager);

/* How many of this type are about this waiter (ENDED) or this dispatch (DELIVER, SETTLED); id 0: any. */
size_t events_count(const struct events *events, enum warmstart_event_type type, uint64_t id);

/* The first of them; stops the test when there is none. */
const struct warmstart_event *events_find(const struct events *events, enum warmstart_event_type type,
                                          uint64_t id);

/* The place of the first of them, from 0; stops the test when there is none. */
size_t events_place(const struct events *events, enum warmstart_event_type type, uint64_t id);

#endif
