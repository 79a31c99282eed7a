/* SPDX-License-Identifier: MIT */
/* A server that a test plays by hand, line by line, for one client. */
#ifndef TESTS_CLIENT_SCRIPT_H
#define TESTS_CLIENT_SCRIPT_H

#include <stdbool.h>
#include <warmstart/client.h>

#include "suite.h"

struct script {
    char directory[64];
    char path[96];
    int listener;       /* -1: nobody serves */
    int fd;             /* the connection; -1: none */
    size_t descriptors; /* that were open before */
    struct warmstart_client *client;
    char buffer[1 << 16]; /* what was read and is no whole line yet */
    size_t filled;
};

/* What a line of the client says. */
struct said {
    char line[4096];
    char verb[32];
    char tag[64];
};

/* A served path and a client of it, which has not tried to connect. `tweak` may change its options. */
void script_begin(struct script *script, void (*tweak)(struct warmstart_client_options *options));

/* Frees the client and everything else; fails the test if a descriptor is left open. */
void script_end(struct script *script);

/* Serves the path, and stops to. */
void script_serve(struct script *script);
void script_stop(struct script *script);

/* Waits until the client has connected, and takes its CONNECTED event. */
void script_accept(struct script *script);

/* Closes the connection. */
void script_hang_up(struct script *script);

/* The next line that the client says, which goes on being processed. */
struct said script_hear(struct script *script);

/* So many bytes as they come; at most half of `buffer`. */
void script_hear_bytes(struct script *script, char *out, size_t len);

/* So many bytes and a line feed, as the body of a dispatch. */
void script_hear_body(struct script *script, const char *bytes, size_t len);

/* Says a line, formatted, and its line feed. */
__attribute__((format(printf, 2, 3))) void script_say(struct script *script, const char *format, ...);

/* Bytes as they are. */
void script_say_bytes(struct script *script, const void *bytes, size_t len);

/* The client's next event, within ten seconds. */
struct warmstart_client_event script_event(struct script *script, enum warmstart_client_event_type type);

/* Fails the test if the client has an event now, after everything that it was told. */
void script_no_event(struct script *script);

#endif
