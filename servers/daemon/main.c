/* SPDX-License-Identifier: MIT */
/* warmstartd: reads its options, listens, and runs one loop until a signal ends it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <warmstart/http.h>

#include "inherited.h"
#include "log.h"
#include "notify.h"
#include "option.h"
#include "options.h"
#include "secrets.h"
#include "signals.h"
#include "unix.h"

enum {
    STATUS_OPTIONS = 2,              /* exit status for wrong options */
    STOP_USEC = 5000000,             /* for the end after a drain */
    DESCRIPTORS_SPARE = 128,         /* beside connections: listeners, epoll, log and so on */
    CONNECTIONS_PER_DESCRIPTOR = 64, /* so many connections need one descriptor more, of their cell */
    URL_BYTES = 512,
    TIME_MS_MAX = 86400000, /* of a drain */
};

struct daemon {
    struct warmstart_daemon_options options;
    struct warmstart_daemon_log log;
    struct warmstart_daemon_signals signals;
    struct warmstart_daemon_secrets secrets; /* wiped once they are handed on */
    struct warmstart_loop *loop;
    struct warmstart_http *http;
    struct warmstart_daemon_unix_names unix_names;
    struct warmstart_unix *unix_server; /* NULL: no socket of the line protocol */
    struct warmstart_daemon_notify notify;
    char (*urls)[URL_BYTES]; /* where each listener can be reached */
    int argc;                /* the command line, to read it again */
    char **argv;
    bool asks_token;     /* supervisors for a bearer token, now */
    bool asks_authority; /* clients for a certificate, now */
    bool draining;       /* the first signal was there */
    int drains_left;     /* servers that are not drained yet */
    bool drains_failed;  /* one of them took too long */
    int status;          /* to exit with */
};

/* ---- Before anything else ---- */

/*
 * A descriptor 0 to 2 that was closed would be given to the next socket, and what is printed would go to a
 * peer.
 */
static int occupy_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return WARMSTART_ERR_SYSTEM;
    return 0;
}

/* Whether all that was printed has arrived. */
static int finish_output(void)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "warmstartd: cannot write to standard output: %s\n", strerror(errno));
    return EXIT_FAILURE;
}

static int print_help(void)
{
    warmstart_daemon_options_help(stdout);
    return finish_output();
}

static int print_version(void)
{
    printf("warmstartd %s\n", warmstart_version());
    return finish_output();
}

static bool serves_http(const struct warmstart_daemon_options *options)
{
    for (size_t i = 0; i < options->listeners_len; i++)
        if (options->listeners[i].rights == 0)
            return true;
    return false;
}

/* Raises the limit of open files as far as it goes, and warns when that is not enough. */
static void raise_descriptor_limit(struct daemon *daemon)
{
    const uint64_t connections =
        (serves_http(&daemon->options) ? daemon->options.connections_max : 0) +
        (warmstart_daemon_unix_is_wanted(&daemon->options) ? daemon->options.unix_connections_max : 0);
    const uint64_t needed = connections + connections / CONNECTIONS_PER_DESCRIPTOR + DESCRIPTORS_SPARE;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) < 0)
            return;
    }
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed)
        return;
    const struct warmstart_log_field fields[] = {
        warmstart_daemon_log_number("max_connections", (int64_t)connections),
        warmstart_daemon_log_number("needed", (int64_t)needed),
        warmstart_daemon_log_number("limit", (int64_t)limit.rlim_cur),
        warmstart_daemon_log_text("hint", "raise the limit of open files or lower --max-connections and "
                                          "--unix-max-connections"),
    };
    warmstart_daemon_log_write(&daemon->log, WARMSTART_LOG_WARN, "descriptor_limit_low", fields,
                               sizeof(fields) / sizeof(fields[0]));
}

/* ---- Stopping ---- */

static void drained(void *user, int complete)
{
    struct daemon *daemon = user;

    daemon->drains_failed = daemon->drains_failed || !complete;
    if (--daemon->drains_left > 0)
        return;
    if (daemon->drains_failed)
        warmstart_daemon_log_write(&daemon->log, WARMSTART_LOG_WARN, "drain_timeout", NULL, 0);
    warmstart_loop_stop(daemon->loop);
}

/* Begins to drain every server. False: one of them cannot. */
static bool begin_drains(struct daemon *daemon, uint32_t spread_ms, uint32_t timeout_ms)
{
    const struct warmstart_daemon_options *given = &daemon->options;
    struct warmstart_http_drain_options http;
    struct warmstart_unix_drain_options line;

    warmstart_http_drain_options_init(&http);
    http.delay_ms = (uint32_t)given->drain_delay_ms;
    http.spread_ms = spread_ms;
    http.timeout_ms = timeout_ms;
    http.parting = (enum warmstart_http_parting)given->drain_polls;
    http.on_drained = drained;
    http.user = daemon;
    warmstart_unix_drain_options_init(&line);
    line.delay_ms = http.delay_ms;
    line.spread_ms = spread_ms;
    line.timeout_ms = timeout_ms;
    line.on_drained = drained;
    line.user = daemon;
    daemon->drains_left = daemon->unix_server != NULL ? 2 : 1;
    return warmstart_http_drain(daemon->http, &http) == 0 &&
           (daemon->unix_server == NULL || warmstart_unix_drain(daemon->unix_server, &line) == 0);
}

static void drain(struct daemon *daemon, uint32_t spread_ms, uint32_t timeout_ms)
{
    daemon->draining = true;
    warmstart_daemon_notify_send(&daemon->notify, "STOPPING=1\nSTATUS=Stopping\nEXTEND_TIMEOUT_USEC=%" PRIu64,
                                 (uint64_t)timeout_ms * 1000 + STOP_USEC);
    if (!begin_drains(daemon, spread_ms, timeout_ms))
        warmstart_loop_stop(daemon->loop);
}

/* The first signal begins the drain, the second ends the program. */
static void stop(struct daemon *daemon)
{
    const struct warmstart_daemon_options *given = &daemon->options;

    if (!daemon->draining) {
        drain(daemon, (uint32_t)given->drain_spread_ms, (uint32_t)given->drain_timeout_ms);
        return;
    }
    daemon->status = EXIT_FAILURE;
    warmstart_loop_stop(daemon->loop);
}

/* The first word of an operator is as good as a signal. */
static int drain_asked(void *user, const struct warmstart_unix_drain_request *request)
{
    struct daemon *daemon = user;
    const struct warmstart_daemon_options *given = &daemon->options;
    uint32_t spread_ms = request->spread_ms > 0 ? request->spread_ms : (uint32_t)given->drain_spread_ms;
    uint32_t timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : (uint32_t)given->drain_timeout_ms;
    const uint64_t parts_ms = given->drain_delay_ms + spread_ms;
    const struct warmstart_log_field field = warmstart_daemon_log_text("command", "drain");

    if (daemon->draining || parts_ms > TIME_MS_MAX)
        return WARMSTART_ERR_INVALID;
    /* Whoever gives one time only does not have to know the other. */
    if (parts_ms > timeout_ms)
        timeout_ms = (uint32_t)parts_ms;
    warmstart_daemon_log_write(&daemon->log, WARMSTART_LOG_INFO, "draining", &field, 1);
    drain(daemon, spread_ms, timeout_ms);
    return 0;
}

/* ---- Who may dispatch ---- */

/* Whether only processes of this machine can reach a listener. */
static bool is_local(const char *url)
{
    const char *host = strstr(url, "://");

    return host == NULL || strncmp(host, "://127.", 7) == 0 || strncmp(host, "://[::1]", 8) == 0;
}

/* Warns of each listener that lets every peer hand out runs, if nothing else keeps them from it. */
static void warn_of_open_listeners(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->options.listeners_len; i++) {
        const struct warmstart_daemon_listener *listener = &daemon->options.listeners[i];
        const struct warmstart_log_field fields[] = {
            warmstart_daemon_log_text("address", daemon->urls[i]),
            warmstart_daemon_log_text("hint", "controllers run foreign code and could dispatch runs: use "
                                              "--http-poll and --http-dispatch, or --dispatch-token-file"),
        };
        if (listener->rights == 0 && listener->role == WARMSTART_HTTP_ALL && !is_local(daemon->urls[i]) &&
            daemon->options.dispatch_token_file == NULL)
            warmstart_daemon_log_write(&daemon->log, WARMSTART_LOG_WARN, "listener_not_split", fields, 2);
    }
}

/* ---- Reloading ---- */

/* Reads the secrets that the options name and hands them on. */
static int reload_secrets(struct daemon *daemon, const struct warmstart_daemon_options *options,
                          char *ret_error, size_t error_bytes)
{
    struct warmstart_daemon_secrets secrets;

    int error = warmstart_daemon_secrets_read(&secrets, options, environ, ret_error, error_bytes);
    if (error == 0) {
        /* First: the new options may have no secret that the token mode needs, which stays what it was. */
        error = warmstart_http_set_secrets(daemon->http, secrets.token.text, secrets.token.bytes,
                                           secrets.dispatch.text, secrets.dispatch.bytes);
        if (error == 0)
            daemon->asks_token = options->dispatch_token_file != NULL;
        /* What has TLS keeps it, and what has none gets none: listeners are what they were opened as. */
        if (error == 0 && daemon->options.tls_cert != NULL && options->tls_cert != NULL)
            error = warmstart_http_set_tls(daemon->http, secrets.tls_cert.text, secrets.tls_key.text,
                                           secrets.tls_client_ca.text);
        if (error < 0)
            snprintf(ret_error, error_bytes, "secrets: %s", warmstart_strerror(error));
        else
            warmstart_daemon_secrets_warn(&secrets, options, &daemon->log);
    }
    warmstart_daemon_secrets_deinit(&secrets);
    return error;
}

/*
 * A pipe has been read to its end: it would be empty now, or nobody would open its other side and all would
 * stand still, as it would until somebody types.
 */
static bool may_be_read_again(const struct stat *status)
{
    bool is_null = S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3); /* /dev/null */

    return is_null || !(S_ISFIFO(status->st_mode) || S_ISSOCK(status->st_mode) || S_ISCHR(status->st_mode));
}

static int check_readable(const char *option, const char *path, char *ret_error, size_t error_bytes)
{
    char quoted[WARMSTART_DAEMON_QUOTED_BYTES];
    struct stat status;

    if (path == NULL || stat(path, &status) < 0 || may_be_read_again(&status))
        return 0; /* whoever reads it says what is wrong */
    warmstart_daemon_option_quote(path, strlen(path), quoted);
    snprintf(ret_error, error_bytes, "option --%s: %s cannot be read again: it is a pipe or a terminal",
             option, quoted);
    return WARMSTART_ERR_INVALID;
}

static int check_secrets_readable(const struct warmstart_daemon_options *options, char *ret_error,
                                  size_t error_bytes)
{
    const char *const files[][2] = {{"token-secret-file", options->token_secret_file},
                                    {"dispatch-token-file", options->dispatch_token_file},
                                    {"tls-cert", options->tls_cert},
                                    {"tls-key", options->tls_key},
                                    {"tls-client-ca", options->tls_client_ca}};
    int error = 0;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && error == 0; i++)
        error = check_readable(files[i][0], files[i][1], ret_error, error_bytes);
    return error;
}

/* A config file that was cut short must not open what was closed. */
static int check_still_guarded(const struct daemon *daemon, const struct warmstart_daemon_options *options,
                               char *ret_error, size_t error_bytes)
{
    const char *missing = NULL;

    if (daemon->asks_token && options->dispatch_token_file == NULL)
        missing = "dispatch-token-file";
    else if (daemon->asks_authority && options->tls_client_ca == NULL)
        missing = "tls-client-ca";
    if (missing == NULL)
        return 0;
    snprintf(ret_error, error_bytes, "option --%s: is not given any more; only a restart takes it away",
             missing);
    return WARMSTART_ERR_INVALID;
}

/* Takes what can change while the program runs. Nothing has changed after an error. */
static int apply(struct daemon *daemon, const struct warmstart_daemon_options *options, char *ret_error,
                 size_t error_bytes)
{
    int error = check_still_guarded(daemon, options, ret_error, error_bytes);
    if (error == 0)
        error = check_secrets_readable(options, ret_error, error_bytes);
    if (error == 0)
        error = reload_secrets(daemon, options, ret_error, error_bytes);
    if (error < 0)
        return error;
    daemon->asks_authority = daemon->options.tls_cert != NULL && options->tls_client_ca != NULL;
    daemon->log.logger.level = (enum warmstart_log_level)options->log_level;
    return 0;
}

/* Reads the options again; when something is wrong all stays as it is. */
static void reload(struct daemon *daemon)
{
    struct warmstart_daemon_options options = {0};
    char message[WARMSTART_DAEMON_ERROR_BYTES];
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    warmstart_daemon_notify_send(&daemon->notify, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                                 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    int error = check_readable("config", daemon->options.config, message, sizeof(message));
    if (error == 0)
        error = warmstart_daemon_options_read(&options, daemon->argc, daemon->argv, environ, message,
                                              sizeof(message));
    if (error == 0)
        error = apply(daemon, &options, message, sizeof(message));
    if (error < 0) {
        const struct warmstart_log_field reason = warmstart_daemon_log_text("reason", message);
        warmstart_daemon_log_write(&daemon->log, WARMSTART_LOG_ERROR, "reload_failed", &reason, 1);
    } else {
        warmstart_daemon_log_write(&daemon->log, WARMSTART_LOG_INFO, "reloaded", NULL, 0);
    }
    warmstart_daemon_options_deinit(&options);
    warmstart_daemon_notify_send(&daemon->notify, "READY=1");
}

static void signal_received(void *user, int number)
{
    struct daemon *daemon = user;
    const struct warmstart_log_field field =
        warmstart_daemon_log_text("signal", number == SIGTERM ? "SIGTERM" : "SIGINT");

    if (number == SIGHUP) {
        reload(daemon);
        return;
    }
    warmstart_daemon_log_write(&daemon->log, WARMSTART_LOG_INFO, daemon->draining ? "aborting" : "draining",
                               &field, 1);
    stop(daemon);
}

/* ---- Starting ---- */

static int complain(const char *what, int error)
{
    fprintf(stderr, "warmstartd: cannot %s: %s\n", what,
            error == WARMSTART_ERR_SYSTEM ? strerror(errno) : warmstart_strerror(error));
    return EXIT_FAILURE;
}

static int make_loop(struct daemon *daemon)
{
    struct warmstart_options manager;
    struct warmstart_loop_options options;
    const uint32_t waiters = (uint32_t)daemon->options.waiters_max;

    warmstart_options_init(&manager);
    manager.logger = &daemon->log.logger;
    manager.order = (enum warmstart_order)daemon->options.order;
    manager.waiters_max = waiters;
    /* Each waiter may be of a kind of its own. */
    if (manager.field_sets_max < waiters)
        manager.field_sets_max = waiters;
    if (manager.instances_max < waiters)
        manager.instances_max = waiters;
    warmstart_loop_options_init(&options);
    options.manager = &manager;
    return warmstart_loop_new(&options, &daemon->loop);
}

static void add_unix_metrics(void *user, struct warmstart_http_metrics *metrics)
{
    const struct daemon *daemon = user;

    if (daemon->unix_server != NULL)
        warmstart_daemon_unix_metrics(daemon->unix_server, metrics);
}

static int make_http(struct daemon *daemon)
{
    struct warmstart_http_options options;
    const struct warmstart_daemon_options *given = &daemon->options;

    warmstart_http_options_init(&options);
    options.logger = &daemon->log.logger;
    options.connection_timeout_ms = (uint32_t)given->connection_timeout_ms;
    options.keepalive_ms = (uint32_t)given->keepalive_ms;
    options.match_margin_ms = (uint32_t)given->match_margin_ms;
    options.connections_max = (uint32_t)given->connections_max;
    options.header_bytes_max = (uint32_t)given->header_bytes_max;
    options.body_bytes_max = (size_t)given->body_bytes_max;
    /* One body has to have room. */
    options.buffered_bytes_max = given->buffered_bytes_max > given->body_bytes_max
                                     ? (size_t)given->buffered_bytes_max
                                     : options.body_bytes_max;
    options.dispatch_timeout_ms = (uint32_t)given->dispatch_timeout_ms;
    options.attempts_max = (uint32_t)given->attempts_max;
    options.confirm = (enum warmstart_http_confirm)given->confirm;
    options.on_uncertain = (enum warmstart_http_uncertain)given->on_uncertain;
    options.confirm_timeout_ms = (uint32_t)given->confirm_timeout_ms;
    options.confirm_linger_ms = (uint32_t)given->confirm_linger_ms;
    options.ack_timeout_ms = (uint32_t)given->ack_timeout_ms;
    options.header_timeout_ms = (uint32_t)given->header_timeout_ms;
    options.body_timeout_ms = (uint32_t)given->body_timeout_ms;
    options.idle_timeout_ms = (uint32_t)given->idle_timeout_ms;
    options.connections_per_address_max = (uint32_t)given->connections_per_address_max;
    options.tcp_keepalive_idle_s = (uint32_t)given->tcp_keepalive_idle_s;
    options.tcp_keepalive_interval_s = (uint32_t)given->tcp_keepalive_interval_s;
    options.tcp_keepalive_probes = (uint32_t)given->tcp_keepalive_probes;
    options.token_mode = (enum warmstart_http_token_mode)given->token_mode;
    options.token_secret = daemon->secrets.token.text;
    options.token_secret_bytes = daemon->secrets.token.bytes;
    options.dispatch_token = daemon->secrets.dispatch.text;
    options.dispatch_token_bytes = daemon->secrets.dispatch.bytes;
    options.tls_certificate = daemon->secrets.tls_cert.text;
    options.tls_key = daemon->secrets.tls_key.text;
    options.tls_client_ca = daemon->secrets.tls_client_ca.text;
    options.on_metrics = add_unix_metrics;
    options.on_metrics_user = daemon;
    warmstart_daemon_secrets_warn(&daemon->secrets, given, &daemon->log);
    int error = warmstart_http_new(daemon->loop, &options, &daemon->http);
    warmstart_daemon_secrets_deinit(&daemon->secrets);
    return error;
}

static int make_unix(struct daemon *daemon)
{
    if (!warmstart_daemon_unix_is_wanted(&daemon->options))
        return 0;
    return warmstart_daemon_unix_new(daemon->loop, &daemon->options, &daemon->unix_names, &daemon->log.logger,
                                     drain_asked, daemon, &daemon->unix_server);
}

static int listen_at(struct daemon *daemon, const struct warmstart_daemon_listener *listener,
                     char url[URL_BYTES])
{
    char given[64];
    const char *reason = "the host is not known", *what = listener->address;

    if (listener->rights != 0)
        return warmstart_daemon_unix_listen(daemon->unix_server, listener, url, URL_BYTES);
    int error = what != NULL
                    ? warmstart_http_listen(daemon->http, what, listener->role, url, URL_BYTES)
                    : warmstart_http_listen_fd(daemon->http, listener->fd, listener->role, url, URL_BYTES);
    if (error == 0)
        return EXIT_SUCCESS;
    if (error != WARMSTART_ERR_INVALID)
        reason = error == WARMSTART_ERR_SYSTEM ? strerror(errno) : warmstart_strerror(error);
    else if (what == NULL)
        reason = "it is not a stream socket that listens";
    if (what == NULL) {
        snprintf(given, sizeof(given), "descriptor %d of LISTEN_FDS", listener->fd);
        what = given;
    }
    fprintf(stderr, "warmstartd: cannot listen on %s: %s\n", what, reason);
    return EXIT_FAILURE;
}

/* Opens every listener; urls[i] is where the i-th can be reached. */
static int listen_all(struct daemon *daemon, char (*urls)[URL_BYTES])
{
    for (size_t i = 0; i < daemon->options.listeners_len; i++) {
        const struct warmstart_daemon_listener *listener = &daemon->options.listeners[i];
        if (listen_at(daemon, listener, urls[i]) != EXIT_SUCCESS)
            return EXIT_FAILURE;
        if (listener->rights == 0 && listener->address != NULL && strncmp(listener->address, "unix:", 5) == 0)
            snprintf(urls[i], URL_BYTES, "%s", listener->address);
    }
    return EXIT_SUCCESS;
}

static const char *role_name(enum warmstart_http_role role)
{
    switch (role) {
    case WARMSTART_HTTP_POLL:
        return "poll";
    case WARMSTART_HTTP_DISPATCH:
        return "dispatch";
    case WARMSTART_HTTP_ALL:
        break;
    }
    return "all";
}

/* Says where the listeners are: to people and scripts on standard output, and to the log. */
static void announce(struct daemon *daemon)
{
    char(*urls)[URL_BYTES] = daemon->urls;

    for (size_t i = 0; i < daemon->options.listeners_len; i++) {
        const struct warmstart_daemon_listener *listener = &daemon->options.listeners[i];
        const enum warmstart_http_role role = listener->role;
        const struct warmstart_log_field fields[] = {
            warmstart_daemon_log_text("address", urls[i]),
            warmstart_daemon_log_text("serves", listener->rights != 0
                                                    ? warmstart_daemon_unix_role_name(listener->rights)
                                                    : role_name(role)),
        };
        printf("listening on %s\n", urls[i]);
        warmstart_daemon_log_write(&daemon->log, WARMSTART_LOG_INFO, "listening", fields, 2);
    }
    warn_of_open_listeners(daemon);
    fflush(stdout);
}

/* Listens and runs until a signal. Returns the status to exit with. */
static int serve(struct daemon *daemon)
{
    daemon->urls = calloc(daemon->options.listeners_len, sizeof(*daemon->urls));
    if (daemon->urls == NULL)
        return complain("listen", WARMSTART_ERR_MEMORY);
    daemon->status = listen_all(daemon, daemon->urls);
    if (daemon->status == EXIT_SUCCESS)
        announce(daemon);
    if (daemon->status != EXIT_SUCCESS)
        return daemon->status;
    warmstart_daemon_notify_ready(&daemon->notify);
    int error = warmstart_loop_run(daemon->loop);
    if (error < 0)
        return complain("run", error);
    return daemon->status;
}

static int run(struct daemon *daemon)
{
    const struct warmstart_log_field version = warmstart_daemon_log_text("version", warmstart_version());
    int status = EXIT_FAILURE;

    warmstart_daemon_log_write(&daemon->log, WARMSTART_LOG_INFO, "starting", &version, 1);
    raise_descriptor_limit(daemon);
    int error = make_loop(daemon);
    if (error < 0)
        return complain("start", error);
    warmstart_daemon_notify_init(&daemon->notify, daemon->loop, environ);
    error = warmstart_daemon_signals_init(&daemon->signals, daemon->loop, signal_received, daemon);
    if (error == 0) {
        error = make_http(daemon);
        if (error == 0)
            error = make_unix(daemon);
        if (error == 0)
            status = serve(daemon);
        else
            complain("start", error);
        warmstart_unix_free(daemon->unix_server);
        warmstart_http_free(daemon->http);
        warmstart_daemon_signals_deinit(&daemon->signals);
    } else {
        complain("watch signals", error);
    }
    warmstart_daemon_notify_deinit(&daemon->notify);
    warmstart_loop_free(daemon->loop);
    warmstart_daemon_log_write(&daemon->log, WARMSTART_LOG_INFO, "stopped", NULL, 0);
    return status;
}

int main(int argc, char **argv)
{
    static struct daemon daemon;
    char error[WARMSTART_DAEMON_ERROR_BYTES];
    int status = STATUS_OPTIONS;

    if (occupy_standard_descriptors() < 0)
        return EXIT_FAILURE;
    if (warmstart_daemon_options_read(&daemon.options, argc, argv, environ, error, sizeof(error)) < 0) {
        fprintf(stderr, "warmstartd: %s\n", error);
    } else if (daemon.options.action == WARMSTART_DAEMON_HELP) {
        status = print_help();
    } else if (daemon.options.action == WARMSTART_DAEMON_VERSION) {
        status = print_version();
    } else if (warmstart_daemon_inherited_add(&daemon.options, environ, error, sizeof(error)) < 0 ||
               warmstart_daemon_unix_names_read(&daemon.unix_names, &daemon.options, error, sizeof(error)) <
                   0 ||
               warmstart_daemon_secrets_read(&daemon.secrets, &daemon.options, environ, error,
                                             sizeof(error)) < 0) {
        fprintf(stderr, "warmstartd: %s\n", error);
    } else {
        daemon.argc = argc;
        daemon.argv = argv;
        daemon.asks_token = daemon.options.dispatch_token_file != NULL;
        daemon.asks_authority = daemon.options.tls_client_ca != NULL;
        signal(SIGPIPE, SIG_IGN); /* standard output and error may be pipes that nobody reads */
        signal(SIGXFSZ, SIG_IGN); /* or files that may not grow */
        warmstart_daemon_log_init(&daemon.log, STDERR_FILENO,
                                  (enum warmstart_log_level)daemon.options.log_level,
                                  (enum warmstart_daemon_log_format)daemon.options.log_format);
        status = run(&daemon);
        warmstart_daemon_log_deinit(&daemon.log);
    }
    warmstart_daemon_secrets_deinit(&daemon.secrets);
    free(daemon.urls);
    warmstart_daemon_options_deinit(&daemon.options);
    return status;
}
