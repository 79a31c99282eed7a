/* SPDX-License-Identifier: MIT */
/*
 * libwarmstart-client: a client of the line protocol on Unix sockets, for controllers and supervisors.
 *
 * One client is one connection, on which any number of waits and dispatches may be under way. It connects by
 * itself, again and again, and waits again when it was cut off. What happens is pulled as events:
 *
 *     warmstart_client_wait(client, &wait, &request);
 *     while (warmstart_client_receive(client, -1, &event) == 1)
 *         if (event.type == WARMSTART_CLIENT_PAYLOAD)
 *             warmstart_client_ack(client, event.request);      // and begin when TAKEN comes
 *
 * warmstart_client_receive() blocks. A program with a loop of its own polls warmstart_client_fd() for
 * reading for at most warmstart_client_timeout_ms(), calls warmstart_client_process(), which does not
 * block, and pulls events with warmstart_client_next_event().
 *
 * Needs neither the core nor the loop: only the C library. Answers are as in warmstart.h: below 0 an error
 * (enum warmstart_error), after which nothing has changed; WARMSTART_ERR_SYSTEM leaves the reason in errno. A
 * client belongs to one thread at a time; it never calls back, and never raises SIGPIPE. Protocol:
 * docs/unix-protocol.md.
 */
#ifndef WARMSTART_CLIENT_H
#define WARMSTART_CLIENT_H

#include <warmstart/warmstart.h>

#ifdef __cplusplus
extern "C" {
#endif

struct warmstart_client;

/* Never 0, never given out twice until a slot was used 2^32 times. */
typedef uint64_t warmstart_client_request;

/* Fill with warmstart_client_options_init(). Only ever appended to. */
struct warmstart_client_options {
    size_t size;                /* set by _init */
    const char *path;           /* of the socket; "@name" is an abstract one. Copied */
    uint32_t reconnect_min_ms;  /* 20: the pause before the second try to connect; it doubles each time */
    uint32_t reconnect_max_ms;  /* 2,000: the longest such pause, not below the shortest */
    uint32_t answer_timeout_ms; /* 1,000: a dispatch that has no answer so long after its timeout is over is
                                    settled as UNCERTAIN */
    uint32_t requests_max;      /* 65,536; at most 1,048,576: under way at the same time */
    size_t payload_bytes_max; /* 8 MiB: of one body that the server sends; a larger one ends the connection */
    size_t buffered_bytes_max; /* 64 MiB: of requests that the server has not taken yet */
};

WARMSTART_API void warmstart_client_options_init_sized(struct warmstart_client_options *options, size_t size);

static inline void warmstart_client_options_init(struct warmstart_client_options *options)
{
    warmstart_client_options_init_sized(options, sizeof(*options));
}

/*
 * Makes a client. It connects when it is first processed; that nobody serves the path is no error but a
 * reason to try again. 0: *ret_client is the caller's. WARMSTART_ERR_INVALID: no path, one over 107 bytes,
 * or an option out of its bounds; WARMSTART_ERR_UNSUPPORTED: size; WARMSTART_ERR_MEMORY;
 * WARMSTART_ERR_SYSTEM: no epoll descriptor.
 */
WARMSTART_API int warmstart_client_new(const struct warmstart_client_options *options,
                                       struct warmstart_client **ret_client);

/* Closes the connection, which ends its waits and cancels what it dispatched if that is not out, and frees
 * the client without any event. NULL is fine. */
WARMSTART_API void warmstart_client_free(struct warmstart_client *client);

/* ---- Running ---- */

/* The descriptor to poll for reading (POLLIN). It stays the same when the connection is a new one. Belongs to
 * the client; never read, write or close it. */
WARMSTART_API int warmstart_client_fd(const struct warmstart_client *client);

/* How long to poll at most, in milliseconds, rounded up: 0 at once, also when an event is there to be pulled;
 * -1 for ever. Ask again before each poll. */
WARMSTART_API int warmstart_client_timeout_ms(const struct warmstart_client *client);

/* Does what is due and ready without blocking. 0: done, whether the server is there or not;
 * WARMSTART_ERR_MEMORY: out of memory; the connection is closed, and will be made again. */
WARMSTART_API int warmstart_client_process(struct warmstart_client *client);

/* 1: connected; 0: not now. */
WARMSTART_API int warmstart_client_is_connected(const struct warmstart_client *client);

/* ---- Waiting for a run ---- */

/* Fill with warmstart_client_wait_options_init(). Texts are zero-terminated and copied. */
struct warmstart_client_wait_options {
    size_t size; /* set by _init */
    /* What it is for: words such as "deployment=d1 cpu:=0.5", or a JSON object. NULL, "": the empty set. */
    const char *metadata;
    const char *controller_id; /* NULL: nobody in particular; no space, no control characters */
    const char *instance;      /* NULL: none; as controller_id */
    uint32_t timeout_ms;       /* 0: as long as the connection lives; at most 86,400,000 */
    uint32_t again; /* 1: after a timeout, a lost connection, a server that stops and a run that was withdrawn
                       it goes on waiting by itself; default 0: it ends */
    void *user;     /* comes back in each event about it */
};

WARMSTART_API void warmstart_client_wait_options_init_sized(struct warmstart_client_wait_options *wait,
                                                            size_t size);

static inline void warmstart_client_wait_options_init(struct warmstart_client_wait_options *wait)
{
    warmstart_client_wait_options_init_sized(wait, sizeof(*wait));
}

/*
 * Waits for a run. 0: exactly one final event will come: TAKEN, or ENDED. WARMSTART_ERR_INVALID: a text
 * with a control character, an id or instance with a space, an option out of its bounds;
 * WARMSTART_ERR_LIMIT: requests_max or buffered_bytes_max; WARMSTART_ERR_UNSUPPORTED: size;
 * WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_client_wait(struct warmstart_client *client,
                                        const struct warmstart_client_wait_options *wait,
                                        warmstart_client_request *ret_request);

/*
 * Says that the run of a PAYLOAD event is taken. It is the caller's when TAKEN comes, and not before: begin
 * nothing until then. WITHDRAWN instead of it means that somebody else has it, or will. 1: said; 0: it is
 * not offered (any more), or was answered before. WARMSTART_ERR_LIMIT and WARMSTART_ERR_MEMORY: as it was.
 */
WARMSTART_API int warmstart_client_ack(struct warmstart_client *client, warmstart_client_request request);

/* Gives the run back: the next waiter that fits gets it. ENDED "refused" follows, or, with `again`, nothing.
 * Answers as warmstart_client_ack(). */
WARMSTART_API int warmstart_client_refuse(struct warmstart_client *client, warmstart_client_request request);

/* ---- Dispatching a run ---- */

/* Fill with warmstart_client_dispatch_options_init(). Everything is copied. */
struct warmstart_client_dispatch_options {
    size_t size;              /* set by _init */
    const char *metadata;     /* as in struct warmstart_client_wait_options */
    enum warmstart_match how; /* exact */
    const void *payload;      /* NULL only with 0 bytes */
    size_t payload_bytes;     /* how many */
    uint32_t timeout_ms;      /* 1,000 (1 to 86,400,000) */
    uint32_t attempts_max;    /* 3 (1 to 100): waiters that are tried */
    uint32_t retry_uncertain; /* 1: after UNCERTAIN too, and it may arrive twice; default 0 */
    void *user;               /* comes back in the event about it */
};

WARMSTART_API void warmstart_client_dispatch_options_init_sized(
    struct warmstart_client_dispatch_options *dispatch, size_t size);

static inline void warmstart_client_dispatch_options_init(struct warmstart_client_dispatch_options *dispatch)
{
    warmstart_client_dispatch_options_init_sized(dispatch, sizeof(*dispatch));
}

/*
 * Hands a payload to a waiter that fits. 0: exactly one SETTLED event will come. It is sent as soon as there
 * is a connection; TIMEOUT if there is none in time. Errors as warmstart_client_wait().
 */
WARMSTART_API int warmstart_client_dispatch(struct warmstart_client *client,
                                            const struct warmstart_client_dispatch_options *dispatch,
                                            warmstart_client_request *ret_request);

/* ---- Other requests ---- */

/*
 * Takes a wait or a dispatch back. 1: asked for; its final event says what became of it, because a run may
 * be on its way. 0: it is over, or its run is out. WARMSTART_ERR_LIMIT and WARMSTART_ERR_MEMORY: as it was.
 */
WARMSTART_API int warmstart_client_cancel(struct warmstart_client *client, warmstart_client_request request);

/*
 * Sends any command of the protocol that has no body: `verb`, such as "stats", "leave" or "cordon", and what
 * stands behind its tag, such as "for=1000 -- node-1" (NULL: nothing). 0: exactly one ANSWER event will come;
 * WARMSTART_ERR_INVALID: `verb` is not a lower-case word, or is one of those with a call of their own, or
 * there is a control character. Other errors as warmstart_client_wait().
 */
WARMSTART_API int warmstart_client_command(struct warmstart_client *client, const char *verb,
                                           const char *arguments, void *user,
                                           warmstart_client_request *ret_request);

/* ---- Events ---- */

enum warmstart_client_event_type {
    WARMSTART_CLIENT_CONNECTED = 1,    /* the server is there */
    WARMSTART_CLIENT_DISCONNECTED = 2, /* it is not, or not any more; it is tried again. Once until the next
                                          CONNECTED */
    WARMSTART_CLIENT_PAYLOAD = 3,      /* a run is offered to a wait: ack or refuse it soon */
    WARMSTART_CLIENT_TAKEN = 4,        /* final: the run is yours */
    WARMSTART_CLIENT_WITHDRAWN = 5, /* the run that was offered is not yours. With `again` it waits on; else
                                          ENDED follows */
    WARMSTART_CLIENT_ENDED = 6,     /* final: the wait is over without a run */
    WARMSTART_CLIENT_SETTLED = 7,   /* final: what became of a dispatch */
    WARMSTART_CLIENT_ANSWER = 8     /* final: the answer to warmstart_client_command() */
};

/* What became of a dispatch. The first six have the numbers of enum warmstart_outcome. */
enum warmstart_client_outcome {
    WARMSTART_CLIENT_DELIVERED = 1, /* a waiter has it */
    WARMSTART_CLIENT_LOST = 2,      /* nobody has it: those that were tried have not got it */
    WARMSTART_CLIENT_UNCERTAIN = 3, /* nobody can tell; also if the connection ended before the answer came */
    WARMSTART_CLIENT_TIMEOUT = 4,   /* nobody has it: the time was over */
    WARMSTART_CLIENT_CANCELLED = 5, /* nobody has it: warmstart_client_cancel() was in time */
    WARMSTART_CLIENT_SHUTDOWN = 6,  /* nobody has it: the server stops */
    WARMSTART_CLIENT_NO_MATCH = 7,  /* nobody has it: nobody fits */
    WARMSTART_CLIENT_REFUSED = 8    /* nobody has it: the server would not take it; `reason` says why */
};

/* Pointers live until the next call that is given the client. */
struct warmstart_client_event {
    enum warmstart_client_event_type type;
    enum warmstart_client_outcome outcome; /* SETTLED, else 0 */
    warmstart_client_request request;      /* what it is about; CONNECTED, DISCONNECTED: 0 */
    void *user;                            /* of that request, else NULL */
    uint32_t attempts;                     /* SETTLED: waiters that were tried, else 0 */
    uint32_t ok;                           /* ANSWER: 1 for OK and DATA, 0 for ERR; else 0 */
    /* ENDED: why, a word such as "timeout" or "superseded"; ANSWER, SETTLED as REFUSED: the code of an error,
     * else NULL. Zero-terminated. */
    const char *reason;
    /* ANSWER: what stands behind OK and the tag; with `reason`: a sentence for people; SETTLED as DELIVERED:
     * the controller's id, "" for nobody in particular; DISCONNECTED: why; else NULL. Zero-terminated. */
    const char *text;
    const void *data;     /* PAYLOAD, TAKEN: the run; ANSWER: the body; else NULL */
    size_t data_bytes;    /* its length */
    uint64_t reserved[2]; /* 0 */
};

/* Takes the oldest event. 1: *ret_event is filled; 0: there is none. */
WARMSTART_API int warmstart_client_next_event(struct warmstart_client *client,
                                              struct warmstart_client_event *ret_event);

/*
 * The same, but polls and processes until there is one, for at most timeout_ms; -1: for ever. 1: *ret_event
 * is filled; 0: the time is over. WARMSTART_ERR_MEMORY as warmstart_client_process(); WARMSTART_ERR_SYSTEM:
 * errno says why, EINTR: a signal was caught.
 */
WARMSTART_API int warmstart_client_receive(struct warmstart_client *client, int timeout_ms,
                                           struct warmstart_client_event *ret_event);

/* The same for one request: events of others stay where they are, in their order. */
WARMSTART_API int warmstart_client_receive_of(struct warmstart_client *client,
                                              warmstart_client_request request, int timeout_ms,
                                              struct warmstart_client_event *ret_event);

/* The word for an outcome, such as "no_match"; "unknown" for other numbers. Static. Any thread. */
WARMSTART_API const char *warmstart_client_outcome_name(enum warmstart_client_outcome outcome);

#ifdef __cplusplus
}
#endif

#endif
