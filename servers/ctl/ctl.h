/* SPDX-License-Identifier: MIT */
/* warmstartctl: what its commands share. */
#ifndef SERVERS_CTL_CTL_H
#define SERVERS_CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include <warmstart/client.h>

/* How the program ends. */
enum exit_status {
    EXIT_DONE = 0,        /* done; a run was delivered, or received */
    EXIT_NOBODY = 1,      /* nobody has the run; there was none; the server refused */
    EXIT_USAGE = 2,       /* wrong usage */
    EXIT_UNCERTAIN = 3,   /* nobody can tell whether somebody has the run */
    EXIT_UNREACHABLE = 4, /* no server, or it went away; out of memory; nothing can be written */
};

/* What the command line says; what is not said is 0 or NULL. */
struct arguments {
    const char *socket; /* never NULL */
    const char *id;
    const char *instance;
    const char *payload; /* NULL: standard input */
    uint32_t timeout_ms;
    uint32_t for_ms;
    uint32_t spread_ms;
    uint32_t interval_ms; /* 1,000 */
    uint32_t attempts;
    uint32_t count; /* UINT32_MAX: not said */
    bool subset;
    bool exact;
    bool retry_uncertain;
    char *metadata;   /* the words that are left, in one line; "" for none */
    const char *name; /* the first of them; NULL: there is none */
    int words_len;    /* how many there are */
};

struct command {
    const char *name;
    const char *usage;   /* what stands behind the name */
    const char *summary; /* one line */
    const char *options; /* long options that it takes, each with spaces around it */
    int words_min;       /* words behind the options */
    int words_max;
    bool is_name; /* the word is a name, not metadata */
    enum exit_status (*run)(struct warmstart_client *client, const struct arguments *arguments);
};

/* Prints "warmstartctl: ..." to standard error. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/*
 * Waits for the next event about a request. CONNECTED is not told; DISCONNECTED is complained of. False: there
 * is no server.
 */
bool receive(struct warmstart_client *client, warmstart_client_request request, int timeout_ms,
             struct warmstart_client_event *ret_event);

/* Asks for something and waits for the answer. False: complained of it; *ret_status is how to end. */
bool ask(struct warmstart_client *client, const char *verb, const char *words,
         struct warmstart_client_event *ret_event, enum exit_status *ret_status);

/* The same, and prints the answer. */
enum exit_status show(struct warmstart_client *client, const char *verb, const char *words);

/* Writes bytes to standard output. */
enum exit_status print(const void *bytes, size_t len);

/* ---- Commands ---- */

enum exit_status run_wait(struct warmstart_client *client, const struct arguments *arguments);
enum exit_status run_dispatch(struct warmstart_client *client, const struct arguments *arguments);
enum exit_status run_count(struct warmstart_client *client, const struct arguments *arguments);
enum exit_status run_list(struct warmstart_client *client, const struct arguments *arguments);
enum exit_status run_stats(struct warmstart_client *client, const struct arguments *arguments);
enum exit_status run_top(struct warmstart_client *client, const struct arguments *arguments);
enum exit_status run_ping(struct warmstart_client *client, const struct arguments *arguments);
enum exit_status run_cordon(struct warmstart_client *client, const struct arguments *arguments);
enum exit_status run_uncordon(struct warmstart_client *client, const struct arguments *arguments);
enum exit_status run_retire(struct warmstart_client *client, const struct arguments *arguments);
enum exit_status run_drain(struct warmstart_client *client, const struct arguments *arguments);

#endif
