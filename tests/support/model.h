/* SPDX-License-Identifier: MIT */
/*
 * A manager as the header describes it, with lists that are walked from end to end: slow, and easy to see
 * to be right. It is told what the real one is told, says what that must answer, and which event comes next.
 *
 * Names are small numbers here: of a set of fields, a controller, an instance. Which set fits which query is
 * given as a table. A call that can be refused comes in two parts: model_may_..() says what the answer must
 * be, and model_..() does it, once the real manager has done it and given an id. model_advance() comes before
 * each of them. No allocation ever fails here: a call that did fail for that is simply not made.
 *
 * Where the header leaves an order open, this has the one of the library: what looks at all waiters does so
 * by the lower half of their ids, which is the number of their slot.
 */
#ifndef TESTS_SUPPORT_MODEL_H
#define TESTS_SUPPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <warmstart/warmstart.h>

enum { MODEL_WAITERS_MAX = 8192, MODEL_DISPATCHES_MAX = 4096, MODEL_NAMES_MAX = 256 };

/* Faults that can be put into a model, to see that a difference is found. */
enum model_fault {
    MODEL_FAULTLESS,
    MODEL_FAULT_ORDER,     /* a waiter that was handed back is the youngest */
    MODEL_FAULT_RETIRED,   /* a retirement lasts one moment longer */
    MODEL_FAULT_UNCERTAIN, /* an uncertain attempt is tried again without leave */
    MODEL_FAULT_SUBSET,    /* a query for some fields fits only who has more than these */
    MODEL_FAULT_CRASH,     /* a cordon that ends before it began stops the program */
};

enum model_state {
    MODEL_WAITING, /* could be matched */
    MODEL_LATE,    /* past match_until, or on a cordoned instance */
    MODEL_CLAIMED,
    MODEL_MEANT,   /* a payload is meant for it, its DELIVER was not pulled */
    MODEL_WRITING, /* its DELIVER was pulled */
    MODEL_BLOCKED, /* behind the one that its controller is being written to */
    MODEL_OVER     /* its ENDED was not pulled */
};

struct model_waiter {
    uint64_t id;
    uint64_t age; /* number of the registration: smaller is older */
    void *conn;
    int set;
    int controller; /* 0: nobody */
    int instance;   /* 0: none */
    uint64_t match_until;
    uint64_t expires_at;
    uint64_t due;       /* when something happens to it by itself; WARMSTART_NEVER: nothing will */
    uint64_t due_order; /* when that was set, for equal ones */
    uint64_t dispatch;  /* MEANT, WRITING: whose payload */
    enum model_state state;
    enum warmstart_ending ending; /* OVER */
};

/* What a set of fields is looked for by. */
struct model_query {
    int set;
    enum warmstart_match how;
};

struct model_dispatch {
    uint64_t id;
    struct model_query query;
    struct warmstart_delivery delivery;
    bool single;     /* for one claimed waiter and no other */
    bool tainted;    /* some attempt was UNCERTAIN */
    uint64_t waiter; /* whose turn it is */
    uint32_t attempts;
    uint64_t due_order;
    enum warmstart_outcome outcome; /* 0: not settled; else its SETTLED was not pulled */
    uint64_t receiver;              /* settled: who the event names; 0: nobody */
    void *receiver_conn;
};

/* A place in the queue of events. Each waiter and each dispatch has one at most. */
struct model_place {
    uint64_t id;
    bool is_dispatch;
    int event; /* enum warmstart_event_type; 0: taken back, the place remains */
};

struct model_until {
    int name;
    uint64_t until;
    uint64_t order; /* when it was set, for equal ones */
};

struct model {
    struct warmstart_options options;                        /* the limits, order and lease */
    bool (*fits)(void *user, int query_set, int waiter_set); /* each field of the first is in the second */
    void *user;                                              /* handed to fits */
    int (*fields_len)(void *user, int set);                  /* how many fields a set has; below 0:
                                                            so many, and it is not valid */
    enum model_fault fault;
    uint64_t now;
    uint64_t next_age;
    uint64_t next_order;
    bool shutdown;
    int waiters_len;
    int dispatches_len;
    int places_first;
    int places_len;
    int cordons_len;
    int retired_len;
    struct warmstart_stats stats;                   /* the counters */
    struct model_waiter waiters[MODEL_WAITERS_MAX]; /* in no order */
    struct model_dispatch dispatches[MODEL_DISPATCHES_MAX];
    struct model_place places[MODEL_WAITERS_MAX + MODEL_DISPATCHES_MAX]; /* a ring, oldest first */
    struct model_until cordons[MODEL_NAMES_MAX];
    struct model_until retired[MODEL_NAMES_MAX];
};

/* All but the members above `now` is emptied. The options' limits must be within those of this file. */
void model_init(struct model *model, const struct warmstart_options *options);

/* Lets all up to `now` fall due; an earlier `now` than before counts as that. */
void model_advance(struct model *model, uint64_t now);

/* The earliest moment at which something falls due by itself. */
uint64_t model_next_deadline(const struct model *model);

/* Looking. NULL: there is none. */
struct model_waiter *model_waiter(struct model *model, uint64_t id);
struct model_dispatch *model_dispatch(struct model *model, uint64_t id);
const struct model_waiter *model_fit(const struct model *model, struct model_query query);
size_t model_count(const struct model *model, struct model_query query);
bool model_answers(const struct model *model, int set, struct model_query query);
bool model_is_fit(const struct model *model, const struct model_waiter *waiter, struct model_query query);

/* The answers; 0 or an error, or for match, dispatch and deliver whether there is a waiter (1). */
int model_may_register(const struct model *model, const struct model_waiter *waiter);
int model_may_ask(const struct model *model, struct model_query query); /* count, foreach_match */
int model_may_match(const struct model *model, struct model_query query);
int model_may_dispatch(const struct model *model, struct model_query query,
                       const struct warmstart_delivery *delivery);
int model_may_deliver(struct model *model, uint64_t waiter, const struct warmstart_delivery *delivery);
int model_may_cordon(const struct model *model, int instance, uint64_t until);
int model_may_retire(const struct model *model, int controller, uint64_t until);

/* A call was refused with this error, or a match or dispatch found nobody (0). */
void model_refused(struct model *model, int answer);

/* Takes a waiter that was registered: its id, set, controller, instance, times and conn are set. */
void model_register(struct model *model, const struct model_waiter *waiter);

void model_claim(struct model *model, uint64_t waiter);

/* Takes a dispatch that was made for this waiter: id, query, single and delivery are set. */
void model_start(struct model *model, const struct model_dispatch *dispatch, uint64_t waiter);

void model_cordon(struct model *model, int instance, uint64_t until);
void model_shutdown(struct model *model);

/* These return the answer: 1 or 0. */
int model_retire(struct model *model, int controller, uint64_t until);
int model_release(struct model *model, uint64_t waiter);
int model_cancel(struct model *model, uint64_t waiter);
int model_report(struct model *model, uint64_t waiter, enum warmstart_outcome outcome);
int model_cancel_dispatch(struct model *model, uint64_t dispatch);
int model_abandon(struct model *model, uint64_t dispatch);

/* Takes the next event: 1, *ret_event is it in full; 0: there is none. */
int model_next_event(struct model *model, struct warmstart_event *ret_event);

/*
 * Fills in the gauges but memory_bytes, and returns all. field_sets is how many are in use: some more may be
 * remembered.
 */
const struct warmstart_stats *model_stats(struct model *model);

#endif
