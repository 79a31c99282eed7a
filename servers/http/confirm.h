/* SPDX-License-Identifier: MIT */
/*
 * What became of a message, from the moment when libmicrohttpd has written all of it. Bytes in our own
 * kernel prove nothing, so the socket is asked what the other side has acknowledged: at once, which is the
 * rule, and then now and then until it is known or too late. Each look is a system call or two; nothing
 * waits.
 *
 *   acknowledged, and no reset for a while     DELIVERED
 *   reset, or closed with bytes on the way     LOST
 *   neither for too long                       UNCERTAIN; reset, so that nothing arrives later
 *
 * A controller that acknowledges by itself is waited for beyond that: DELIVERED when it does, else LOST.
 */
#ifndef SERVERS_HTTP_CONFIRM_H
#define SERVERS_HTTP_CONFIRM_H

#include <stdbool.h>
#include <stdint.h>
#include <warmstart/loop.h>

#include "ring.h"
#include "time_limit.h"

#define DELIVERY_ID_WORDS 2
#define DELIVERY_ID_BYTES 32 /* as text: hexadecimal digits */

struct connection;
struct poll;
struct warmstart_http;

enum confirm_phase {
    CONFIRM_IDLE = 0,      /* the message was not written yet, or all is reported */
    CONFIRM_UNACKED,       /* written; bytes are on the way */
    CONFIRM_LINGERING,     /* acknowledged; a reset may still say that nobody read it */
    CONFIRM_ACKNOWLEDGING, /* the controller has yet to acknowledge by itself */
};

/* Kept in the poll. All zero at first. */
struct confirmation {
    struct warmstart_timer timer;   /* the next look, or the end of waiting */
    struct link link;               /* ACKNOWLEDGING or before: among those that wait for that id */
    uint64_t id[DELIVERY_ID_WORDS]; /* random; 0 0: none was given */
    struct time_limit limit;        /* UNACKED: then it is uncertain; ACKNOWLEDGING: then it is lost */
    uint64_t due;                   /* when the timer is set for, or was last, on the loop's clock */
    uint32_t pause_ns;              /* UNACKED: until the next look */
    int fd;                         /* the socket that is asked */
    uint8_t phase;                  /* enum confirm_phase */
    bool owns_fd;                   /* a duplicate: the connection is closed already */
    bool said_end;                  /* our side of the connection is closed */
    bool local;                     /* a Unix socket */
    bool acknowledged;              /* by the controller itself */
};

/* The message was written to the poll's connection as a whole: reports what became of it, now or later. */
void warmstart_http_confirm_begin(struct poll *poll);

/* The peer of a connection with a message to confirm has closed or failed. */
void warmstart_http_confirm_peer_gone(struct connection *connection);

/*
 * There is another request on the same connection, so its sender has read the answer to the one before.
 * False: it has not, for bytes of that are still on their way; the connection has to be closed.
 */
bool warmstart_http_confirm_read(struct connection *connection);

/* Says the end on such a connection, behind the message; the peer's requests are still read. */
void warmstart_http_confirm_say_end(struct connection *connection);

/* Such a connection is about to be closed. */
void warmstart_http_confirm_closing(struct connection *connection);

/* The core has ended the poll: nothing is asked any more. */
void warmstart_http_confirm_end(struct poll *poll);

/* Gives the message an id that the controller can acknowledge. 0; WARMSTART_ERR_SYSTEM: no random numbers. */
int warmstart_http_confirm_give_id(struct poll *poll);

/* The id as text. */
void warmstart_http_confirm_id_text(const struct poll *poll, char out[DELIVERY_ID_BYTES + 1]);

enum acknowledgement {
    ACKNOWLEDGEMENT_TAKEN,   /* in time */
    ACKNOWLEDGEMENT_OVER,    /* too late, or not for the first time */
    ACKNOWLEDGEMENT_UNKNOWN, /* no such id, or long ago */
    ACKNOWLEDGEMENTS         /* how many */
};

/* A controller acknowledges the message of this id. */
enum acknowledgement warmstart_http_confirm_acknowledge(struct warmstart_http *http, const char *text,
                                                        size_t text_bytes);

#endif
