/* SPDX-License-Identifier: MIT */
/*
 * What warmstartd was told. All options stand in one table (option.h); flags, environment variables, the
 * config file, --help and every check come from it. Flags win over the environment, the environment over the
 * config file, that over the defaults.
 */
#ifndef SERVERS_DAEMON_OPTIONS_H
#define SERVERS_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>
#include <warmstart/http.h>
#include <warmstart/unix.h>

#define WARMSTART_DAEMON_LISTENERS_MAX   64          /* listeners in all */
#define WARMSTART_DAEMON_CONFIG_BYTES    (64 * 1024) /* a larger config file is refused */
#define WARMSTART_DAEMON_ERROR_BYTES     768         /* room for any message of _read */
#define WARMSTART_DAEMON_DEFAULT_ADDRESS "127.0.0.1:8080"

/* What the command line asks for. */
enum warmstart_daemon_action {
    WARMSTART_DAEMON_RUN,
    WARMSTART_DAEMON_HELP,   /* --help: print it and exit */
    WARMSTART_DAEMON_VERSION /* --version: the same */
};

/* The words of --log-format, in their order there. */
enum warmstart_daemon_log_format { WARMSTART_DAEMON_LOGFMT, WARMSTART_DAEMON_JSON };

/* One place to listen at. */
struct warmstart_daemon_listener {
    char *address; /* HOST:PORT or unix:PATH; with rights a path or @NAME; well-formed; owned; NULL: fd */
    enum warmstart_http_role role; /* HTTP */
    unsigned rights; /* bits of enum warmstart_unix_right: the line protocol is spoken; 0: HTTP */
    int fd;          /* that listens already; only without an address */
};

/* Every number lies within the bounds of the table. */
struct warmstart_daemon_options {
    enum warmstart_daemon_action action;
    struct warmstart_daemon_listener listeners[WARMSTART_DAEMON_LISTENERS_MAX]; /* in the order given */
    size_t listeners_len;           /* 1 or more after a _read that said RUN */
    bool listens_by_default;        /* the only one stands in for none */
    uint64_t connection_timeout_ms; /* as in struct warmstart_http_options, down to tcp_keepalive_probes */
    uint64_t keepalive_ms;
    uint64_t match_margin_ms;
    uint64_t connections_max;
    uint64_t header_bytes_max;
    uint64_t body_bytes_max;
    uint64_t buffered_bytes_max;
    uint64_t dispatch_timeout_ms;
    uint64_t attempts_max;
    uint64_t confirm;      /* enum warmstart_http_confirm */
    uint64_t on_uncertain; /* enum warmstart_http_uncertain */
    uint64_t confirm_timeout_ms;
    uint64_t confirm_linger_ms;
    uint64_t ack_timeout_ms;
    uint64_t header_timeout_ms;
    uint64_t body_timeout_ms;
    uint64_t idle_timeout_ms;
    uint64_t connections_per_address_max;
    uint64_t tcp_keepalive_idle_s;
    uint64_t tcp_keepalive_interval_s;
    uint64_t tcp_keepalive_probes;
    uint64_t drain_delay_ms; /* as in struct warmstart_http_drain_options, down to drain_polls */
    uint64_t drain_spread_ms;
    uint64_t drain_timeout_ms;
    uint64_t drain_polls;      /* enum warmstart_http_parting */
    uint64_t waiters_max;      /* as in struct warmstart_options */
    uint64_t order;            /* enum warmstart_order */
    uint64_t log_level;        /* enum warmstart_log_level */
    uint64_t log_format;       /* enum warmstart_daemon_log_format */
    uint64_t token_mode;       /* enum warmstart_http_token_mode */
    char *token_secret_file;   /* NULL: none; owned */
    char *dispatch_token_file; /* the same, down to tls_client_ca */
    char *tls_cert;
    char *tls_key;
    char *tls_client_ca;
    uint64_t unix_mode; /* as in struct warmstart_unix_options, down to unix_idle_timeout_ms */
    uint64_t unix_lease_ms;
    uint64_t unix_connections_max;
    uint64_t unix_connections_per_user_max;
    uint64_t unix_waits_max;      /* waits_per_connection_max */
    uint64_t unix_dispatches_max; /* dispatches_per_connection_max */
    uint64_t unix_line_bytes_max;
    uint64_t unix_buffered_bytes_max;
    uint64_t unix_line_timeout_ms;
    uint64_t unix_stall_timeout_ms;
    uint64_t unix_idle_timeout_ms;
    char *unix_owner;      /* users and @groups with commas; NULL: not given; owned */
    char *unix_allow_wait; /* the same, down to unix_allow_operate */
    char *unix_allow_dispatch;
    char *unix_allow_operate;
    char *config; /* the config file that was read, or NULL; owned */
};

/*
 * Reads flags (`argv[1]` and on), `environment` (as environ: NAME=VALUE, a NULL at the end; empty values
 * count as not given) and the config file, checks everything and fills *options, which need not be
 * initialised. Call _deinit afterwards, whatever was returned. 0: done; with HELP and VERSION nothing
 * beside `action` matters. WARMSTART_ERR_INVALID, WARMSTART_ERR_SYSTEM (the config file cannot be read),
 * WARMSTART_ERR_MEMORY: *ret_error is one line without line feed that says which option, where it came
 * from, what was given and what is expected; WARMSTART_DAEMON_ERROR_BYTES are always enough.
 */
int warmstart_daemon_options_read(struct warmstart_daemon_options *options, int argc, char *const *argv,
                                  char *const *environment, char *ret_error, size_t error_bytes);

/* Frees what the options own. */
void warmstart_daemon_options_deinit(struct warmstart_daemon_options *options);

/* Prints the text of --help: each option with value, default and environment variable, then examples. */
void warmstart_daemon_options_help(FILE *out);

#endif
