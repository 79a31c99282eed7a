/* SPDX-License-Identifier: MIT */
/*
 * libwarmstart: the core of a warm start broker.
 *
 * Idle controllers wait; a run arrives; the manager picks a waiter whose fields fit and says to whom the
 * payload has to be written. This header is the whole of it: no socket, no clock, no thread, no global. A
 * caller feeds it calls that carry the time and pulls events that say what to do. Most programs want loop.h,
 * which does that for them, and http.h on top of it.
 *
 * Rules that hold for every call here:
 *
 *   Time       Each `now`, deadline and time limit is in nanoseconds of one monotonic clock of the caller's
 *              choice. A `now` smaller than an earlier one counts as the earlier one: time never runs
 *              backwards inside. Every call with a manager first lets the deadlines up to `now` fall due, as
 *              warmstart_advance() does, whatever is wrong with the rest of it.
 *   Answers    Below 0: an error (enum warmstart_error); nothing but the time has changed, no `ret_` output
 *              was written. 0: no, or nothing to do (for calls that ask), or done (for calls that can only
 *              succeed or fail). 1: yes. "No waiter fits" and "already gone" are answers, not errors.
 *   Ids        64 bits, never 0, never given out twice until a slot was used 2^31 times. An id of something
 *              that has ended is an ordinary argument; the answer is 0.
 *   Memory     Everything handed in is copied or only looked at during the call, except the pointers that
 *              the manager carries without ever following them: conn, origin and payload.
 *   Threads    A manager belongs to one thread at a time. Different managers share nothing.
 *   Callbacks  Only the allocator, the log hook and a view are called back; they must not call into the same
 *              manager.
 */
#ifndef WARMSTART_WARMSTART_H
#define WARMSTART_WARMSTART_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WARMSTART_VERSION_MAJOR  0
#define WARMSTART_VERSION_MINOR  1
#define WARMSTART_VERSION_PATCH  0
#define WARMSTART_VERSION_STRING "0.1.0"

#if defined(__GNUC__)
#define WARMSTART_API __attribute__((visibility("default")))
#else
#define WARMSTART_API
#endif

/* A moment that never comes: no deadline. */
#define WARMSTART_NEVER UINT64_MAX

/* Fields in one registration or query can be at most this many, whatever fields_max says. */
#define WARMSTART_FIELDS_MAX 64

/* ---- Errors ---- */

enum warmstart_error {
    WARMSTART_ERR_INVALID = -1,     /* an argument is not what the call asks for */
    WARMSTART_ERR_MEMORY = -2,      /* the allocator has nothing left */
    WARMSTART_ERR_LIMIT = -3,       /* a limit of the options is reached */
    WARMSTART_ERR_SHUTDOWN = -4,    /* the manager is shutting down and takes nothing new */
    WARMSTART_ERR_UNSUPPORTED = -5, /* asked for something that this version does not know */
    WARMSTART_ERR_SYSTEM = -6,      /* the operating system refused; errno says why (loop.h and above) */
    WARMSTART_ERR_RETIRED = -7 /* the controller was retired by warmstart_retire() and is back too early */
};

/* The short name of an error, such as "limit"; "unknown" for any other number. Never NULL; static. Any
 * thread. */
WARMSTART_API const char *warmstart_error_name(int error);

/* A sentence for people about an error. Never NULL; static. Any thread. */
WARMSTART_API const char *warmstart_strerror(int error);

/* The version of the library that is linked, which may be newer than WARMSTART_VERSION_STRING. Static. Any
 * thread. */
WARMSTART_API const char *warmstart_version(void);

/* ---- Logging ---- */

enum warmstart_log_level {
    WARMSTART_LOG_OFF = 0,
    WARMSTART_LOG_ERROR = 1, /* something is broken */
    WARMSTART_LOG_WARN = 2,  /* something is odd and somebody should look */
    WARMSTART_LOG_INFO = 3,  /* what an operator wants to see of a normal day */
    WARMSTART_LOG_DEBUG = 4  /* every step */
};

/* One name and its value: `text` when it is not NULL, else `number`. */
struct warmstart_log_field {
    const char *name;  /* zero-terminated, lower case, static */
    const char *text;  /* not zero-terminated; may hold any bytes; NULL: the value is `number` */
    size_t text_bytes; /* length of text */
    int64_t number;    /* the value when text is NULL */
};

/*
 * Where log records go. The caller owns it, keeps it alive as long as what it was given to, and may change
 * `level` between calls. A record above the level is never put together. Nothing secret is ever in a record:
 * no payload, no token.
 */
struct warmstart_logger {
    enum warmstart_log_level level; /* records above it are not made */
    void *user;                     /* handed to write */
    /* `event` is zero-terminated and names what happened; it and `fields` live only during the call. */
    void (*write)(void *user, enum warmstart_log_level level, const char *event,
                  const struct warmstart_log_field *fields, size_t fields_len);
};

/* ---- The manager ---- */

struct warmstart_manager;

typedef uint64_t warmstart_waiter_id;
typedef uint64_t warmstart_dispatch_id;

/* Which of the waiters that fit is taken. */
enum warmstart_order {
    WARMSTART_NEWEST_FIRST = 0, /* least likely to be dead or about to time out; the surplus idles out */
    WARMSTART_OLDEST_FIRST = 1  /* longest waiting first */
};

/*
 * Does all allocation of a manager. `resize` behaves as realloc() that is told the old size: pointer NULL
 * (old_bytes 0) allocates; new_bytes 0 frees and returns NULL; NULL otherwise means out of memory, the old
 * block being untouched. Memory is aligned as malloc() aligns it.
 */
struct warmstart_allocator {
    /* NULL: the C library's */
    void *(*resize)(void *user, void *pointer, size_t old_bytes, size_t new_bytes);
    void *user; /* handed to resize */
};

/*
 * Fill with warmstart_options_init(), change what you need, pass to warmstart_manager_new(). Only ever
 * appended to: `size` says which members the caller knows; a library that knows more takes the defaults for
 * the rest.
 */
struct warmstart_options {
    size_t size;                           /* sizeof(struct warmstart_options), set by _init */
    struct warmstart_allocator allocator;  /* default: realloc() and free() */
    const struct warmstart_logger *logger; /* NULL: no log */
    uint64_t hash_seed[2];        /* random numbers, against peers that choose colliding fields; 0: fixed */
    enum warmstart_order order;   /* newest first */
    uint32_t waiters_max;         /* 65,536; at most 16,777,216: held at once, plus one that replaces one */
    uint32_t waiters_reserved;    /* 0: as many are allocated for by _new, the rest as needed */
    uint32_t dispatches_max;      /* 65,536; at most 16,777,216: not settled at the same time */
    uint32_t field_sets_max;      /* 65,536: distinct field sets in use or remembered, those of queries too */
    uint32_t field_sets_idle_max; /* 1,024: remembered after their last waiter, to save allocations */
    uint32_t instances_max;       /* 65,536: distinct instances that have waiters or are cordoned */
    uint32_t fields_max;          /* 32; at most WARMSTART_FIELDS_MAX: fields of one set */
    uint32_t name_bytes_max;      /* 255: bytes of a field's name */
    uint32_t value_bytes_max;     /* 4,096: bytes of a field's value, of a controller id, of an instance */
    uint64_t lease_ns;            /* 1 s: how long a claim of warmstart_match() lasts */
    uint32_t retired_max;         /* 4,096: controllers that are retired at the same time */
    uint32_t reserved;            /* 0 */
};

/* Sets every member to its default and `size` to what the caller was compiled with. */
WARMSTART_API void warmstart_options_init_sized(struct warmstart_options *options, size_t size);

static inline void warmstart_options_init(struct warmstart_options *options)
{
    warmstart_options_init_sized(options, sizeof(*options));
}

/*
 * Makes a manager. `options` NULL means all defaults; it is copied, the logger it points to is not.
 * 0: done, *ret_manager belongs to the caller, who frees it with warmstart_manager_free().
 * WARMSTART_ERR_INVALID: a limit is 0 where that makes no sense or over its bound, an unknown order, size
 * smaller than the first release's; WARMSTART_ERR_UNSUPPORTED: size is larger than this library knows and the
 * unknown tail is not all zero, or it is over 4096; WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_manager_new(const struct warmstart_options *options,
                                        struct warmstart_manager **ret_manager);

/* Frees a manager and everything in it, without any event; events not pulled are gone. NULL is fine. */
WARMSTART_API void warmstart_manager_free(struct warmstart_manager *manager);

/*
 * Takes nothing new from now on (WARMSTART_ERR_SHUTDOWN) and ends what can be ended: waiters that are not
 * being delivered to end as WARMSTART_ENDING_SHUTDOWN; a dispatch whose DELIVER event was not pulled is
 * settled as WARMSTART_OUTCOME_SHUTDOWN; deliveries under way go on until they are reported or their deadline
 * passes. 0: done (also the second time).
 */
WARMSTART_API int warmstart_manager_shutdown(struct warmstart_manager *manager, uint64_t now);

/* ---- Waiters ---- */

/* One name and value. Any bytes; compared byte by byte; the order of fields does not matter. */
struct warmstart_field {
    const char *name;   /* 1 to name_bytes_max bytes, unique in its set */
    size_t name_bytes;  /* length of name */
    const char *value;  /* 0 to value_bytes_max bytes */
    size_t value_bytes; /* length of value */
};

/* Fill with warmstart_registration_init(). */
struct warmstart_registration {
    size_t size;                          /* set by _init */
    const struct warmstart_field *fields; /* the waiter's metadata; looked at during the call */
    size_t fields_len;                    /* 0 to fields_max */
    const char *controller_id;            /* who waits; only a 128-bit keyed fingerprint of it is kept */
    size_t controller_id_bytes;           /* 0: nobody in particular, never superseded */
    const char *instance;                 /* the host it lives on */
    size_t instance_bytes;                /* 0: none */
    uint64_t match_until; /* from this moment on it is held but not matched; default WARMSTART_NEVER */
    uint64_t expires_at; /* from this moment on it ends as EXPIRED; default WARMSTART_NEVER. A payload that is
                             meant for it by then is delivered all the same */
    void *conn;          /* the caller's; comes back in each event about this waiter */
};

WARMSTART_API void warmstart_registration_init_sized(struct warmstart_registration *registration,
                                                     size_t size);

static inline void warmstart_registration_init(struct warmstart_registration *registration)
{
    warmstart_registration_init_sized(registration, sizeof(*registration));
}

/*
 * Adds a waiter. 0: done; exactly one ENDED event will come for it, sooner or later.
 *
 * An older waiter with the same controller id is superseded, because its connection must have died without
 * our hearing of it: it ends as SUPERSEDED, unless its payload is being written at this moment (its DELIVER
 * event was pulled). Then the new one is held but not matched until that is reported. If it was LOST, or
 * UNCERTAIN (the new poll is itself evidence that the old one did not arrive), the payload may go to the new
 * one.
 *
 * WARMSTART_ERR_INVALID: a field without a name, a name twice, something too long or NULL with a length;
 * WARMSTART_ERR_LIMIT: waiters_max, field_sets_max, instances_max or fields_max; WARMSTART_ERR_SHUTDOWN;
 * WARMSTART_ERR_RETIRED; WARMSTART_ERR_UNSUPPORTED as for options; WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_register(struct warmstart_manager *manager,
                                     const struct warmstart_registration *registration,
                                     warmstart_waiter_id *ret_waiter, uint64_t now);

/*
 * The waiter's connection went away. 1: it ends as CANCELLED (a claimed one too); 0: it had already ended.
 * While a payload is meant for it: if its DELIVER event was not pulled, the payload is safe and goes to the
 * next waiter that fits; if it was, the payload may be out, which counts as warmstart_report(UNCERTAIN). A
 * transport that knows better reports instead of cancelling.
 */
WARMSTART_API int warmstart_cancel(struct warmstart_manager *manager, warmstart_waiter_id waiter,
                                   uint64_t now);

/*
 * An instance goes away: its waiters are held but not matched until the moment `until`, those too that come
 * meanwhile. `until` not after `now` ends that at once; a later call replaces an earlier one. What is being
 * delivered goes on. Looks at every waiter. 0: done; WARMSTART_ERR_INVALID: no name, or too long;
 * WARMSTART_ERR_LIMIT: instances_max; WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_cordon(struct warmstart_manager *manager, const char *instance,
                                   size_t instance_bytes, uint64_t until, uint64_t now);

/*
 * A controller leaves for good: its waiter ends as RETIRED, unless a payload is being written to it, and
 * until the moment `until` warmstart_register() answers WARMSTART_ERR_RETIRED to its id. `until` not after
 * `now` allows it again at once. 1: a waiter of it ended; 0: it had none. WARMSTART_ERR_INVALID: no id, or
 * too long; WARMSTART_ERR_LIMIT: retired_max; WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_retire(struct warmstart_manager *manager, const char *controller_id,
                                   size_t controller_id_bytes, uint64_t until, uint64_t now);

/* What warmstart_foreach_waiter() and _match() tell about a waiter. Lives during the call. */
struct warmstart_waiter_view {
    warmstart_waiter_id waiter;
    void *conn;                           /* as registered */
    const struct warmstart_field *fields; /* sorted: shorter names first, then by bytes */
    size_t fields_len;
    const char *instance;  /* NULL: none */
    size_t instance_bytes; /* its length */
    int matchable;         /* 1: could be matched now */
    uint64_t reserved[4];  /* 0 */
};

/*
 * Calls `view` for each waiter that has not ended, in no order, until it returns other than 0. It must not
 * call into the manager. 0: all were shown; else what `view` returned; WARMSTART_ERR_INVALID: a NULL
 * argument.
 */
WARMSTART_API int warmstart_foreach_waiter(struct warmstart_manager *manager,
                                           int (*view)(void *user,
                                                       const struct warmstart_waiter_view *waiter),
                                           void *user, uint64_t now);

/*
 * How a query's fields relate to those of a waiter that fits. Of all that fit, whatever else they have, the
 * newest or oldest is taken.
 *
 * What it costs never depends on the number of waiters. EXACT is one look-up. SUBSET looks at the distinct
 * field sets that have the query's rarest field, 64 at a time, and passes over those 64 whose best waiter is
 * not better than one that was found; a field that no set has ends it at once. A query without fields fits
 * every waiter.
 */
enum warmstart_match {
    WARMSTART_MATCH_EXACT = 0, /* the same set of fields */
    WARMSTART_MATCH_SUBSET = 1 /* each of the query's fields is among the waiter's */
};

struct warmstart_query {
    const struct warmstart_field *fields; /* looked at during the call */
    size_t fields_len;                    /* 0 to fields_max */
    enum warmstart_match how;
};

/*
 * Claims the waiter that fits. 1: *ret_waiter is claimed for lease_ns: nobody else gets it until it is
 * delivered to, released, or the lease runs out, which releases it. 0: no waiter fits. WARMSTART_ERR_INVALID
 * and WARMSTART_ERR_LIMIT as for warmstart_register(); WARMSTART_ERR_UNSUPPORTED; WARMSTART_ERR_SHUTDOWN.
 */
WARMSTART_API int warmstart_match(struct warmstart_manager *manager, const struct warmstart_query *query,
                                  warmstart_waiter_id *ret_waiter, uint64_t now);

/*
 * Calls `view` as warmstart_foreach_waiter() does, for each waiter whose fields fit a query, whether it could
 * be matched now or not. Looks at every waiter. 0: all were shown; else what `view` returned, or an error as
 * of warmstart_count().
 */
WARMSTART_API int warmstart_foreach_match(struct warmstart_manager *manager,
                                          const struct warmstart_query *query,
                                          int (*view)(void *user, const struct warmstart_waiter_view *waiter),
                                          void *user, uint64_t now);

/* Hands a claim back: the waiter waits again, in the place of its age. 1: done; 0: it is not claimed (any
 * more). */
WARMSTART_API int warmstart_release(struct warmstart_manager *manager, warmstart_waiter_id waiter,
                                    uint64_t now);

/*
 * How many waiters could be matched by this query at `now`. Looks at each field set that fits. Errors as for
 * warmstart_match(), without SHUTDOWN.
 */
WARMSTART_API int warmstart_count(struct warmstart_manager *manager, const struct warmstart_query *query,
                                  size_t *ret_count, uint64_t now);

/* ---- Dispatches ---- */

/* Fill with warmstart_delivery_init(). */
struct warmstart_delivery {
    size_t size;              /* set by _init */
    const void *payload;      /* the caller's, never looked at; must stay until the SETTLED event */
    size_t payload_bytes;     /* its length, carried along */
    void *origin;             /* the caller's; comes back in the SETTLED event */
    uint64_t deadline;        /* settled by then at the latest; default WARMSTART_NEVER */
    uint32_t attempts_max;    /* waiters that are tried before giving up; default 1 */
    uint32_t retry_uncertain; /* 1: after UNCERTAIN too, and it may arrive twice; default 0 */
};

WARMSTART_API void warmstart_delivery_init_sized(struct warmstart_delivery *delivery, size_t size);

static inline void warmstart_delivery_init(struct warmstart_delivery *delivery)
{
    warmstart_delivery_init_sized(delivery, sizeof(*delivery));
}

/*
 * Hands a payload to some waiter that fits. 1: a waiter was found and exactly one SETTLED event will come;
 * the payload and origin must live until then. 0: no waiter fits; no dispatch was made, no event will come.
 *
 * A waiter that turns out LOST is followed by the next one that fits, until attempts_max have been tried
 * (LOST), none fits any more (LOST), or the deadline has passed (TIMEOUT). UNCERTAIN settles it, unless
 * retry_uncertain is set, or the same controller has registered again meanwhile, who is then tried. What was
 * UNCERTAIN once is settled as DELIVERED or UNCERTAIN. A deadline that passes while the payload is being
 * written settles it as UNCERTAIN; the waiter ends as UNCERTAIN too and its connection must be reset, so that
 * the bytes cannot arrive later. With SUBSET the fields of the query count as a field set until then.
 *
 * WARMSTART_ERR_INVALID: as for warmstart_match(), or attempts_max 0, or a deadline not after `now`;
 * WARMSTART_ERR_LIMIT: also dispatches_max, with SUBSET field_sets_max; WARMSTART_ERR_SHUTDOWN;
 * WARMSTART_ERR_UNSUPPORTED; WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_dispatch(struct warmstart_manager *manager, const struct warmstart_query *query,
                                     const struct warmstart_delivery *delivery,
                                     warmstart_dispatch_id *ret_dispatch, uint64_t now);

/*
 * Hands a payload to a waiter that was claimed with warmstart_match(). 1: exactly one SETTLED event will
 * come. 0: the claim is gone (lease, disconnect); no dispatch was made. No other waiter is tried. Errors: as
 * for warmstart_dispatch(); attempts_max other than 1 and retry_uncertain are WARMSTART_ERR_INVALID.
 */
WARMSTART_API int warmstart_deliver(struct warmstart_manager *manager, warmstart_waiter_id waiter,
                                    const struct warmstart_delivery *delivery,
                                    warmstart_dispatch_id *ret_dispatch, uint64_t now);

/*
 * How a dispatch can be settled. A transport reports one of the first three.
 * The numbers are part of the ABI.
 */
enum warmstart_outcome {
    WARMSTART_OUTCOME_DELIVERED = 1, /* the waiter has the whole payload */
    WARMSTART_OUTCOME_LOST = 2,      /* the waiter has not got it whole, for certain */
    WARMSTART_OUTCOME_UNCERTAIN = 3, /* nobody can tell */
    WARMSTART_OUTCOME_TIMEOUT = 4,   /* the deadline passed with no payload out */
    WARMSTART_OUTCOME_CANCELLED = 5, /* warmstart_cancel_dispatch() was in time */
    WARMSTART_OUTCOME_SHUTDOWN = 6   /* shut down with no payload out */
};
#define WARMSTART_OUTCOMES 16 /* for arrays indexed by outcome: room for what later versions add */

/*
 * What the transport has learned about the payload it was told to write (DELIVER). 1: taken; 0: too late, or
 * the waiter is not being delivered to. WARMSTART_ERR_INVALID: not DELIVERED, LOST or UNCERTAIN.
 */
WARMSTART_API int warmstart_report(struct warmstart_manager *manager, warmstart_waiter_id waiter,
                                   enum warmstart_outcome outcome, uint64_t now);

/*
 * Whoever asked for the dispatch does not want it any more. 1: cancelled in time, the payload is not out; it
 * is settled as CANCELLED, its waiter waits again. 0: the payload may be out (it will be settled as usual),
 * or it is settled.
 */
WARMSTART_API int warmstart_cancel_dispatch(struct warmstart_manager *manager, warmstart_dispatch_id dispatch,
                                            uint64_t now);

/*
 * The caller needs the payload back at once, whatever became of it. 1: settled now, as CANCELLED if the
 * payload is not out, else as if its deadline had passed: UNCERTAIN, and its waiter ends as UNCERTAIN. 0: it
 * was settled already.
 */
WARMSTART_API int warmstart_abandon_dispatch(struct warmstart_manager *manager,
                                             warmstart_dispatch_id dispatch, uint64_t now);

/* ---- Events ---- */

enum warmstart_event_type {
    WARMSTART_EVENT_DELIVER = 1, /* write the payload to conn, then warmstart_report() */
    WARMSTART_EVENT_ENDED = 2,   /* the waiter is over: answer or close conn; the last event about it */
    WARMSTART_EVENT_SETTLED = 3  /* the dispatch is over: tell origin; payload is the caller's again */
};

/* Why a waiter ended. The numbers are part of the ABI. */
enum warmstart_ending {
    WARMSTART_ENDING_DELIVERED = 1,  /* it has its payload */
    WARMSTART_ENDING_LOST = 2,       /* it was reported LOST: its connection is useless */
    WARMSTART_ENDING_UNCERTAIN = 3,  /* reported UNCERTAIN, or the deadline passed: reset its connection */
    WARMSTART_ENDING_CANCELLED = 4,  /* warmstart_cancel() */
    WARMSTART_ENDING_EXPIRED = 5,    /* expires_at passed */
    WARMSTART_ENDING_SUPERSEDED = 6, /* the same controller id registered again */
    WARMSTART_ENDING_SHUTDOWN = 7,   /* warmstart_manager_shutdown() */
    WARMSTART_ENDING_RETIRED = 8     /* warmstart_retire() */
};
#define WARMSTART_ENDINGS 16 /* for arrays indexed by ending: room for what later versions add */

struct warmstart_event {
    enum warmstart_event_type type;
    enum warmstart_ending ending;   /* ENDED, else 0 */
    enum warmstart_outcome outcome; /* SETTLED, else 0 */
    uint32_t attempts;              /* DELIVER, SETTLED: waiters tried so far, this one included */
    warmstart_waiter_id waiter;     /* DELIVER, ENDED; SETTLED as DELIVERED, UNCERTAIN: who, if it has not
                                       ended before; else 0 */
    void *conn;                     /* of that waiter, else NULL */
    warmstart_dispatch_id dispatch; /* DELIVER, SETTLED, else 0 */
    void *origin;                   /* DELIVER, SETTLED, else NULL */
    const void *payload;            /* DELIVER, SETTLED, else NULL */
    size_t payload_bytes;           /* its length */
    uint64_t reserved[2];           /* 0 */
};

/*
 * Takes the oldest event. 1: *ret_event is filled; 0: there is none. Pull after each call, or at least before
 * waiting: a dispatch goes nowhere until its DELIVER event is pulled. What was pulled is no longer undone:
 * until then a cancelled waiter or dispatch costs nothing. A SETTLED event that names a waiter comes before
 * the ENDED event of that waiter, so conn in it is still valid. An event of a waiter whose DELIVER event was
 * undone may come in that one's place, before older events of others.
 */
WARMSTART_API int warmstart_next_event(struct warmstart_manager *manager, struct warmstart_event *ret_event);

/*
 * The moment at which warmstart_advance() has something to do, WARMSTART_NEVER if nothing is pending. It may be
 * too early when dozens of earlier deadlines were cancelled: then warmstart_advance() does nothing, and this
 * tells of a later one.
 */
WARMSTART_API uint64_t warmstart_next_deadline(const struct warmstart_manager *manager);

/* Lets every deadline up to and including `now` fall due, earliest first, equal ones in the order they were
 * set. 0. */
WARMSTART_API int warmstart_advance(struct warmstart_manager *manager, uint64_t now);

/* The words for logs and metrics: "delivered", "no_match", ...; "unknown" for other numbers. Static. Any
 * thread. */
WARMSTART_API const char *warmstart_ending_name(enum warmstart_ending ending);
WARMSTART_API const char *warmstart_outcome_name(enum warmstart_outcome outcome);

/* ---- Statistics ---- */

/* Gauges say what is, counters (`_total`) what has been since _new. Only ever appended to. */
struct warmstart_stats {
    size_t size;                                /* sizeof(struct warmstart_stats), set by the caller */
    uint64_t waiters;                           /* registered and not ended: the sum of the next five */
    uint64_t waiters_waiting;                   /* can be matched */
    uint64_t waiters_unmatchable;               /* past match_until, or on a cordoned instance */
    uint64_t waiters_claimed;                   /* by warmstart_match() */
    uint64_t waiters_delivering;                /* a payload is meant for them or on its way */
    uint64_t waiters_blocked;                   /* behind a delivery to the same controller id */
    uint64_t groups;                            /* distinct field sets that have waiters */
    uint64_t field_sets;                        /* the same, those of queries, those that are remembered */
    uint64_t instances;                         /* distinct ones that have waiters or are cordoned */
    uint64_t dispatches;                        /* not settled */
    uint64_t memory_bytes;                      /* allocated now */
    uint64_t registered_total;                  /* successful registrations */
    uint64_t ended_total[WARMSTART_ENDINGS];    /* by ending */
    uint64_t matched_total;                     /* warmstart_match() that said 1 */
    uint64_t no_match_total;                    /* warmstart_match() and warmstart_dispatch() that said 0 */
    uint64_t attempts_total;                    /* DELIVER events pulled */
    uint64_t settled_total[WARMSTART_OUTCOMES]; /* by outcome */
    uint64_t limit_total;                       /* calls refused with WARMSTART_ERR_LIMIT */
};

/* Fills the members that stats->size covers. 0; WARMSTART_ERR_INVALID: a NULL argument or a size of 0. */
WARMSTART_API int warmstart_get_stats(const struct warmstart_manager *manager, struct warmstart_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
