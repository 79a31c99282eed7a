/* SPDX-License-Identifier: MIT */
/*
 * A loop, a Unix-socket server and clients in one process and one thread. On such sockets what was written is
 * there at once, so a conversation needs no waiting: the loop is processed until it comes to rest, and then
 * everything has been said. All calls fail the test when they cannot do what they say.
 */
#ifndef TESTS_UNIX_TALK_H
#define TESTS_UNIX_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <warmstart/unix.h>

#define MIB ((size_t)1 << 20)

/* ---- The server ---- */

struct fixture {
    struct warmstart_options manager;      /* to change before fixture_open() */
    struct warmstart_unix_options options; /* the same */
    struct warmstart_loop *loop;
    struct warmstart_unix *server;
    char folder[64];                /* a fresh one */
    char path[96];                  /* of the socket that serves all */
    uint64_t now;                   /* time stands still until fixture_pass() */
    size_t descriptors;             /* open before fixture_open() */
    struct warmstart_logger logger; /* collects into `log` */
    char log[1 << 16];              /* one line a record: event name=value ... */
    size_t log_bytes;
};

/* Defaults for everything. */
void fixture_init(struct fixture *fixture);

/* Starts a server that listens on fixture->path. */
void fixture_open(struct fixture *fixture);

/* Frees everything; neither a descriptor nor a file may be left. Clients have to be closed before. */
void fixture_close(struct fixture *fixture);

/* Processes the loop until nothing is left to do at once. */
void fixture_settle(struct fixture *fixture);

/* Moves the clock, and settles. */
void fixture_pass(struct fixture *fixture, uint64_t milliseconds);

struct warmstart_unix_stats fixture_stats(const struct fixture *fixture);
struct warmstart_stats fixture_manager_stats(const struct fixture *fixture);

/* ---- Clients ---- */

struct client {
    struct fixture *fixture;
    int fd;
    char *data;      /* received and not taken yet */
    size_t bytes;    /* how many */
    size_t capacity; /* of data */
    bool closed;     /* the server has closed */
};

/* A connected socket, to a path or @name. -1: errno says why. */
int connect_path(const char *path);

void client_connect(struct client *client, struct fixture *fixture);
void client_connect_to(struct client *client, struct fixture *fixture, const char *path);

/* Fine when it is closed. */
void client_close(struct client *client);

/* Sends all, while the server runs when it has to read first; then settles. */
void client_send(struct client *client, const char *data, size_t bytes);
void client_say(struct client *client, const char *text);

/* Sends what the kernel takes without the server; how much that was. */
size_t client_push(struct client *client, const char *data, size_t bytes);

/* Settles, and reads all that is there. */
void client_hear(struct client *client);

/* Hears exactly this, and nothing more. */
void client_expect(struct client *client, const char *text);

/* Says this and hears that. */
void client_ask(struct client *client, const char *text, const char *answer);

/* Hears this first; what follows stays. */
void client_expect_first(struct client *client, const char *text);

/* Hears "PAYLOAD tag ID bytes" and this body first; writes the id. */
#define ID_BYTES 40
void client_expect_payload(struct client *client, const char *tag, const char *body, size_t body_bytes,
                           char ret_id[ID_BYTES]);

/* Says "verb tag id" about a payload and hears the answer. */
void client_settle_payload(struct client *client, const char *verb, const char *tag, const char *id,
                           const char *answer);

/* Hears "ERR tag code ..." and nothing more. `message`: a part of what follows; NULL: anything. */
void client_expect_error(struct client *client, const char *tag, const char *code, const char *message);

/* Hears a line that begins like this, and nothing more. */
void client_expect_line(struct client *client, const char *beginning);

/* Hears "DATA tag BYTES" and a body, and nothing more; zero-terminated, to be freed. */
char *client_expect_data(struct client *client, const char *tag);

/* The server has closed, after having said exactly this. */
void client_expect_end(struct client *client, const char *text);

/* Says "dispatch tag BYTES options", then a body. */
void client_dispatch(struct client *client, const char *tag, const char *options, const char *body,
                     size_t body_bytes);

/* Dispatches, and the body comes to a wait of another client; writes the id of the payload. */
void client_hand_over(struct client *from, const char *tag, const char *options, struct client *to,
                      const char *wait_tag, const char *body, size_t body_bytes, char ret_id[ID_BYTES]);

#endif
