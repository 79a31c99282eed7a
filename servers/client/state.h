/* SPDX-License-Identifier: MIT */
/*
 * The client from inside: what its files share.
 *
 * A request is in one state and has at most one event that nobody pulled. Everything that is to be sent goes
 * through the list of queued requests, but for the few words about a request that was sent already.
 */
#ifndef SERVERS_CLIENT_STATE_H
#define SERVERS_CLIENT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <warmstart/client.h>

#define NONE            UINT32_MAX /* no slot */
#define MILLISECOND_NS  UINT64_C(1000000)
#define TIMEOUT_MS_MAX  86400000
#define ID_BYTES_MAX    32 /* of a payload */
#define PATH_BYTES_MAX  107
#define REPLY_BYTES_MAX 65536 /* of a line that the server sends; it promises less */

enum kind {
    KIND_FREE = 0,
    KIND_WAIT,
    KIND_DISPATCH,
    KIND_COMMAND,
    KIND_LINK /* no request, but the place that CONNECTED and DISCONNECTED have among the events: LINK_SLOT */
};

enum { LINK_SLOT = 0 };

enum state {
    STATE_QUEUED = 0, /* to be sent when there is a connection */
    STATE_PARKED,     /* to be sent on the next connection, not on this one */
    STATE_SENT,       /* the server has it, or will */
    STATE_OFFERED,    /* WAIT: a payload is there */
    STATE_ACKED,      /* WAIT: and was acknowledged */
    STATE_REFUSED,    /* WAIT: and was refused */
    STATE_WITHDRAWN,  /* WAIT: the payload is not ours; it goes on, or ends, when that was pulled */
    STATE_OVER        /* its final event is there to be pulled, or was */
};

struct request {
    uint32_t slot;
    uint32_t use;              /* how often the slot was used */
    uint8_t kind;              /* enum kind */
    uint8_t state;             /* enum state */
    uint8_t event;             /* enum warmstart_client_event_type that nobody pulled; 0: none */
    bool again;                /* WAIT */
    bool ok;                   /* COMMAND: the answer was no error */
    uint8_t outcome;           /* DISPATCH, over */
    uint32_t attempts;         /* the same */
    uint32_t next;             /* in the list of free slots, of queued requests, or of those with events */
    uint32_t previous;         /* in the last two */
    uint64_t serial;           /* in its tag: a new one each time it is sent */
    uint64_t sent_end;         /* where it ends in everything that was ever sent */
    uint64_t deadline;         /* DISPATCH: nanoseconds; NEVER: nothing falls due */
    char *head;                /* what the line begins with: the verb and a space */
    char *tail;                /* what stands behind the tag; NULL: nothing */
    void *body;                /* DISPATCH: the payload */
    size_t body_bytes;         /* how many */
    void *data;                /* what the server sent: a run, or text */
    size_t data_bytes;         /* how many */
    char *reply;               /* the line that `reason` and `text` point into, or NULL */
    const char *reason;        /* static, or in `reply`, or NULL */
    const char *text;          /* the same */
    void *user;                /* the caller's */
    uint32_t timeout_ms;       /* DISPATCH */
    char id[ID_BYTES_MAX + 1]; /* of the payload */
};

/* Bytes in a row. */
struct buffer {
    char *bytes;
    size_t start; /* of what is in it */
    size_t end;
    size_t capacity;
};

/* Requests in a row, by slot. */
struct list {
    uint32_t first;
    uint32_t last;
};

struct warmstart_client {
    struct warmstart_client_options options;
    char path[PATH_BYTES_MAX + 1];
    int epoll;           /* what the caller polls */
    int fd;              /* the connection; -1: none */
    bool writing;        /* epoll waits for room to write */
    bool broken;         /* nothing can be written any more, but maybe read */
    uint32_t pause_ms;   /* before the next try to connect */
    uint64_t connect_at; /* that try */
    struct buffer in;
    struct buffer out;
    uint64_t sent;     /* bytes that the kernel took, ever */
    uint64_t appended; /* bytes that were put into `out`, ever */
    uint64_t serial;
    struct request **requests; /* by slot */
    uint32_t requests_len;     /* slots that were made */
    uint32_t requests_capacity;
    uint32_t free_first;    /* list of free slots */
    uint32_t live;          /* requests that are not free, but for the link */
    struct list queued;     /* in STATE_QUEUED */
    size_t buffered_bytes;  /* of requests that are not over: what they would send */
    uint64_t next_deadline; /* not after the earliest of any dispatch */
    struct list events;     /* with an event that nobody pulled; never queued at the same time */
    uint32_t done;          /* a request whose final event was pulled: freed by the next call */
    bool told_absent;       /* DISCONNECTED was told since the last CONNECTED */
    const char *why;        /* static or strerror()'s: of DISCONNECTED */
    /* A body that is being read. */
    struct request *body_of; /* NULL with body_left: nobody wants it */
    size_t body_left;        /* bytes still to come, with the line feed */
    bool in_body;
};

/* The monotonic clock, in nanoseconds. */
uint64_t warmstart_client_now(void);

/* As warmstart_client_timeout_ms(), whatever events are there. */
int warmstart_client_due_ms(const struct warmstart_client *client);

/* ---- buffer.c ---- */

/* Room for more bytes at the end. False: out of memory, as it was. */
bool warmstart_client_buffer_reserve(struct buffer *buffer, size_t more);
void warmstart_client_buffer_free(struct buffer *buffer);

/* ---- connection.c ---- */

/* Connects, sends, reads: what can be done without blocking. 0; WARMSTART_ERR_MEMORY. */
int warmstart_client_exchange(struct warmstart_client *client, uint64_t now);

/* Ends the connection; requests are told. `why` is static. */
void warmstart_client_disconnect(struct warmstart_client *client, const char *why, uint64_t now);

/* Puts a formatted line out for sending. False: out of memory. */
bool warmstart_client_say(struct warmstart_client *client, const char *verb, const struct request *about,
                          const char *word);

/* ---- list.c ---- */

void warmstart_client_list_add(struct warmstart_client *client, struct list *list, struct request *request);
void warmstart_client_list_remove(struct warmstart_client *client, struct list *list,
                                  struct request *request);

/* ---- request.c ---- */

/* The request of an id; NULL: there is none (any more). */
struct request *warmstart_client_find(const struct warmstart_client *client, warmstart_client_request id);
warmstart_client_request warmstart_client_id_of(const struct request *request);

/* Makes the link's slot. False: out of memory. */
bool warmstart_client_link_init(struct warmstart_client *client);

/* Gives the slot back. */
void warmstart_client_request_free(struct warmstart_client *client, struct request *request);

void warmstart_client_set_state(struct warmstart_client *client, struct request *request, enum state state);

/* What is due by now: dispatches that were not sent in time, or not answered. */
void warmstart_client_requests_due(struct warmstart_client *client, uint64_t now);

/* Their final events. */
void warmstart_client_end_wait(struct warmstart_client *client, struct request *request, const char *reason);
void warmstart_client_settle(struct warmstart_client *client, struct request *request,
                             enum warmstart_client_outcome outcome);
void warmstart_client_answer(struct warmstart_client *client, struct request *request, bool ok,
                             const char *reason, const char *text);

/* The run that was offered is not ours. */
void warmstart_client_withdraw(struct warmstart_client *client, struct request *request);

/* ---- reply.c ---- */

/* Takes a line without its line feed, zero-terminated, which may be written into. 0; WARMSTART_ERR_MEMORY;
 * WARMSTART_ERR_INVALID: no server says such a thing. */
int warmstart_client_reply(struct warmstart_client *client, char *line);

/* The body that was announced is whole. */
void warmstart_client_reply_body(struct warmstart_client *client, struct request *request);

/* ---- event.c ---- */

/* Makes this the request's event, in the place of one that nobody pulled. */
void warmstart_client_event_queue(struct warmstart_client *client, struct request *request,
                                  enum warmstart_client_event_type event);
/* Takes back the event that nobody pulled, if there is one. */
void warmstart_client_event_drop(struct warmstart_client *client, struct request *request);

/* What every call that is given a client does first. */
void warmstart_client_enter(struct warmstart_client *client);

#endif
