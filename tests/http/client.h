/* SPDX-License-Identifier: MIT */
/*
 * A loop, an HTTP server and raw client sockets in one process and one thread. Whoever waits for something
 * pumps: the loop is processed until a condition is met or a generous deadline has passed, which fails the
 * test. All calls fail the test when they cannot do what they say.
 */
#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <warmstart/http.h>

/* ---- The server ---- */

struct fixture {
    struct warmstart_options manager;      /* to change before fixture_open() */
    struct warmstart_http_options options; /* the same */
    bool still;                            /* the same: time stands still and is moved by fixture_pass() */
    struct warmstart_loop *loop;
    struct warmstart_http *http;
    struct sockaddr_storage address; /* of the listener that serves all */
    uint64_t now;                    /* when time stands still */
    size_t descriptors;              /* open before fixture_open() */
    struct warmstart_logger logger;  /* collects into `log` */
    char log[1 << 16];               /* one line a record: event name=value ... */
    size_t log_bytes;                /* its length */
};

/* Defaults for everything, but that a written message counts as delivered. */
void fixture_init(struct fixture *fixture);

/* Starts a server on a free port of 127.0.0.1. */
void fixture_open(struct fixture *fixture);

/* Frees everything; no descriptor may have leaked. Clients have to be closed before. */
void fixture_close(struct fixture *fixture);

/* Where to connect to, from what warmstart_http_listen() says. */
struct sockaddr_storage address_of_url(const char *url);

/* One more listener. `role` as in http.h. */
struct sockaddr_storage fixture_listen(struct fixture *fixture, const char *address,
                                       enum warmstart_http_role role);

/* Processes the loop until is_met(argument). */
void fixture_pump(struct fixture *fixture, bool (*is_met)(void *argument), void *argument);

/* Processes the loop until nothing is left to do at once. For what must not have happened. */
void fixture_settle(struct fixture *fixture);

/* Moves the clock that stands still, and settles. */
void fixture_pass(struct fixture *fixture, uint64_t milliseconds);

/* Pumps until so many polls are held, connections are open. */
void fixture_wait_held(struct fixture *fixture, uint64_t held);
void fixture_wait_connections(struct fixture *fixture, uint64_t connections);

/* How many descriptors this process has, of whatever kind. */
size_t fixture_descriptors(void);

struct warmstart_http_stats fixture_stats(const struct fixture *fixture);
struct warmstart_stats fixture_manager_stats(const struct fixture *fixture);

/* The number behind a line of GET /metrics that begins like this, up to the space. */
double fixture_metric(struct fixture *fixture, const char *line);

/* ---- Clients ---- */

struct client {
    struct fixture *fixture;
    int fd;
    char *data;      /* received and not taken yet */
    size_t bytes;    /* how many */
    size_t capacity; /* of data */
    bool closed;     /* the server has closed or reset */
    bool reset;      /* reset */
};

struct response {
    int status;
    char *head;        /* status line and headers, zero-terminated */
    char *body;        /* zero-terminated */
    size_t body_bytes; /* its length */
};

void client_connect(struct client *client, struct fixture *fixture);
void client_connect_to(struct client *client, struct fixture *fixture,
                       const struct sockaddr_storage *address);

/* The same to fixture->address, from an address of ours; IPv4. */
void client_connect_from(struct client *client, struct fixture *fixture, const struct sockaddr_storage *from);

/* The same with a small receive buffer. */
void client_connect_narrow(struct client *client, struct fixture *fixture);

/* Fine when it is closed. */
void client_close(struct client *client);

/* Closes with a reset. */
void client_abort(struct client *client);

/* Sends all, pumping while the server does not read fast enough. */
void client_send(struct client *client, const char *data, size_t bytes);
void client_send_text(struct client *client, const char *text);

/* Sends as much as the server takes; it may close meanwhile. */
void client_push(struct client *client, const char *data, size_t bytes);

/* Takes what has arrived; does not wait. */
void client_receive(struct client *client);

/* Pumps until a whole response is there and takes it. Free it with response_free(). */
void client_response(struct client *client, struct response *ret_response);

/* The same for the answer to a HEAD, or to any request when only its head matters. */
void client_head(struct client *client, struct response *ret_response);

/* Takes a response, checks its status and its body (NULL: any), and frees it. */
void client_expect(struct client *client, int status, const char *body);

/* The same for an error of ours: its code, and a text that the message contains (NULL: any). */
void client_expect_error(struct client *client, int status, const char *code, const char *message);

/* Pumps until the server has closed; nothing may have come before that. */
void client_expect_closed(struct client *client);

/* The same, whatever came before that. */
void client_wait_closed(struct client *client);

/* Nothing has come, and it is open. */
void client_expect_silence(struct client *client);

void response_free(struct response *response);

/* A header's value, up to the line's end, in a static buffer; NULL: there is none. */
const char *response_header(const struct response *response, const char *name);

/* ---- Requests of the dialect ---- */

/* What a poll or a message says; NULL members take a default. */
struct identity {
    const char *controller;
    const char *deployment;
    const char *version;
    const char *cpu;
    const char *memory;
    const char *instance;
};

/* Sends a poll and does not wait. */
void client_poll(struct client *client, const struct identity *identity);

/* Connects, sends a poll and waits until it is held. */
void client_hold(struct client *client, struct fixture *fixture, const struct identity *identity);

/* A message that fits, of `bytes` bytes if that is more than it needs. To be freed. */
char *message_new(const struct identity *identity, const char *run, size_t bytes);

/* Sends a POST with such a message and does not wait. */
void client_dispatch(struct client *client, const char *message);

/* The same, and waits for the answer. 1: true, 0: false. */
bool client_dispatched(struct client *client, const char *message);

/* Pumps until the answer to a poll is there: this very message, in the right form. */
void client_expect_message(struct client *client, const char *message);

#endif
