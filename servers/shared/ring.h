/* SPDX-License-Identifier: MIT */
/* A ring of things that are linked through a member. An unlinked link is all zero. */
#ifndef SERVERS_SHARED_RING_H
#define SERVERS_SHARED_RING_H

#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *next;     /* the one after; in an empty ring the head itself */
    struct link *previous; /* the one before */
};

static inline void link_init(struct link *head)
{
    head->next = head;
    head->previous = head;
}

static inline bool link_is_empty(const struct link *head)
{
    return head->next == head;
}

static inline void link_insert_after(struct link *place, struct link *link)
{
    link->previous = place;
    link->next = place->next;
    place->next->previous = link;
    place->next = link;
}

static inline void link_insert_before(struct link *place, struct link *link)
{
    link_insert_after(place->previous, link);
}

/* Fine when it is not linked. */
static inline void link_remove(struct link *link)
{
    if (!link->next)
        return;
    link->next->previous = link->previous;
    link->previous->next = link->next;
    link->next = NULL;
    link->previous = NULL;
}

#endif
