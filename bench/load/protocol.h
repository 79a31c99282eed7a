/* SPDX-License-Identifier: MIT */
/*
 * How controllers and supervisors speak with one kind of server: the texts they send, and what they hear.
 * Pure functions of bytes.
 */
#ifndef BENCH_LOAD_PROTOCOL_H
#define BENCH_LOAD_PROTOCOL_H

#include "template.h"

/* What the next bytes from the server say. */
enum heard {
    HEARD_TOO_LITTLE, /* more bytes are needed */
    HEARD_NOTHING,    /* something that is of no importance */
    HEARD_MESSAGE,    /* controller: a run; if the protocol confirms, it is theirs after HEARD_CONFIRMED */
    HEARD_CONFIRMED,  /* controller: the run is theirs */
    HEARD_REVOKED,    /* controller: it is not */
    HEARD_END,        /* controller: the wait is over, there was no run: wait again */
    HEARD_HIT,        /* supervisor: somebody has it */
    HEARD_MISS,       /* supervisor: nobody has it */
    HEARD_WRONG       /* an error, or no sense at all */
};

enum role { ROLE_CONTROLLER, ROLE_SUPERVISOR };

struct hearing {
    size_t used;         /* bytes that it took */
    const char *message; /* HEARD_MESSAGE: within the bytes, or in a buffer that lives until the next call */
    size_t message_bytes;
    bool closes; /* the server will close the connection after this */
    bool reply;  /* HEARD_MESSAGE: something has to be sent before the next wait */
    char id[33]; /* of the message, for that */
    size_t need; /* HEARD_TOO_LITTLE: so many bytes in all, at least; 0: unknown */
};

struct protocol {
    const char *name;  /* as in the report */
    bool answers_miss; /* says at once that nobody waits; else the run stays there until somebody does */
    bool aborts;       /* a controller gives up a wait by closing its connection */
    bool confirms;     /* a controller is told that a run is its own */
    void (*greet)(struct template *out);                  /* what a controller sends first; NULL: nothing */
    void (*wait)(struct template *out, const char *host); /* places: key, number of the controller */
    size_t (*post_head)(struct template *out, const char *host, size_t message_bytes); /* see below */
    const char *post_tail; /* what follows the message */
    /* What is sent after a message, before the next wait; NULL: nothing. Returns its length. */
    size_t (*reply)(const struct hearing *hearing, char out[64]);
    enum heard (*hear)(enum role role, const char *bytes, size_t len, struct hearing *ret_hearing);
};

/* post_head: appends what comes before the message, with places for the key. Returns how many bytes of it can
 * be left out when the connection's last post had the same key. */

extern const struct protocol protocol_http;
extern const struct protocol protocol_unix;
extern const struct protocol protocol_redis;
extern const struct protocol protocol_beanstalk;

/* ---- For the protocols themselves ---- */

/* Bytes of the first line, with its line feed; 0: it has not ended so far. */
size_t line_bytes(const char *bytes, size_t len);

/* Does the text begin with this word? */
bool begins_with(const char *bytes, size_t len, const char *word);

/* The decimal number at the beginning of a text, and how many digits it has; 0 digits: none, or too long. */
size_t read_decimal(const char *bytes, size_t len, size_t *ret_number);

#endif
