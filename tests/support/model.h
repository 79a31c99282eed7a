/* SPDX-License-Identifier: MIT */
/*
 * A manager as the header describes it, with lists that are walked from end to end: slow, and easy to see
 * to be right. It is told what the real one is told, says what that must answer, and knows the events that
 * it must give. Time only goes forward here; the caller sees to that.
 */
#ifndef TESTS_SUPPORT_MODEL_H
#define TESTS_SUPPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <warmstart/warmstart.h>

enum { MODEL_MAX = 2000, MODEL_NONE = -1 };

enum model_state {
    MODEL_WAITING, /* past match_until or not */
    MODEL_CLAIMED,
    MODEL_MEANT,   /* a payload is meant for it, its DELIVER was not pulled */
    MODEL_WRITING, /* its DELIVER was pulled */
    MODEL_BLOCKED,
    MODEL_OVER
};

struct model_waiter {
    enum model_state state;
    uint64_t id;
    int set;        /* number of its fields */
    int controller; /* 0: nobody */
    int instance;   /* 0: none */
    uint64_t match_until;
    uint64_t expires_at;
    uint64_t lease_until;
    void *conn;
    int dispatch;  /* whose payload */
    uint64_t node; /* since when it has a place in the queue of events; 0: it has none */
    int ended;     /* ENDED events pulled */
};

struct model_dispatch {
    bool over;
    bool single;  /* made by warmstart_deliver() */
    bool tainted; /* some attempt was UNCERTAIN */
    uint64_t id;
    int set;
    int waiter;
    struct warmstart_delivery delivery;
    uint32_t attempts;
    int settled; /* SETTLED events pulled */
};

/* An event that must come. */
struct model_event {
    bool done;
    bool some_waiter; /* which waiter it names, if any, is left open */
    uint64_t first;   /* it may take the place of what arose then */
    uint64_t last;    /* when it arose */
    int after;        /* the event that must come before it */
    int subject;      /* waiter or dispatch */
    struct warmstart_event event;
};

struct model {
    enum warmstart_order order;
    uint64_t lease_ns;
    uint64_t now;
    uint64_t at;   /* the moment of what happens: now, or that of the deadline that falls due */
    uint64_t tick; /* grows with each thing that happens */
    struct model_waiter waiters[MODEL_MAX];
    int waiters_len;
    struct model_dispatch dispatches[MODEL_MAX];
    int dispatches_len;
    struct model_event events[3 * MODEL_MAX];
    int events_len;
    struct warmstart_stats stats; /* the counters */
};

void model_init(struct model *model, enum warmstart_order order, uint64_t lease_ns);

/* Lets all up to `now` fall due. To be called before each of the calls below. */
void model_advance(struct model *model, uint64_t now);

/* The waiter that fits, or MODEL_NONE. */
int model_fit(const struct model *model, int set);

/* How many fit. */
size_t model_count(const struct model *model, int set);

/* The one that a registration of this controller supersedes, or MODEL_NONE. */
int model_older_self(const struct model *model, int controller);

/* How many waiters are held, and how many dispatches are not settled. */
int model_held(const struct model *model);
int model_open(const struct model *model);

/* How many events of this type are due. */
int model_due(const struct model *model, enum warmstart_event_type type);

/* Takes a waiter that was registered: the id, fields, controller, instance, times and conn are set. */
void model_register(struct model *model, const struct model_waiter *waiter);

void model_claim(struct model *model, int waiter);
int model_release(struct model *model, int waiter);
int model_cancel(struct model *model, int waiter);
int model_report(struct model *model, int waiter, enum warmstart_outcome outcome);

/* Takes a dispatch that was made for this waiter: id, set, single and delivery are set. */
void model_dispatch(struct model *model, const struct model_dispatch *dispatch, int waiter);

int model_cancel_dispatch(struct model *model, int dispatch);
int model_abandon(struct model *model, int dispatch);
void model_shutdown(struct model *model);

/* Takes the event that was pulled; false: that was none that could come now. */
bool model_pull(struct model *model, const struct warmstart_event *event);

/* The earliest time at which something is sure to fall due. */
uint64_t model_next_deadline(const struct model *model);

/* Fills in the gauges but field_sets and memory_bytes, and returns all. */
const struct warmstart_stats *model_stats(struct model *model);

#endif
