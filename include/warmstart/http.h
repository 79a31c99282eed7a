/* SPDX-License-Identifier: MIT */
/*
 * libwarmstart-http: Trigger.dev's warm start protocol over HTTP, on libmicrohttpd, as a transport of a loop.
 *
 *     struct warmstart_loop *loop;
 *     struct warmstart_http *http;
 *     if (warmstart_loop_new(NULL, &loop) == 0 && warmstart_http_new(loop, NULL, &http) == 0 &&
 *         warmstart_http_listen(http, "127.0.0.1:8080", WARMSTART_HTTP_ALL, NULL, 0) == 0)
 *         warmstart_loop_run(loop);
 *
 * What is served: GET /connect, GET and POST /warm-start, POST /v1/wait and /v1/dispatch (the same for any
 * metadata), /healthz, /readyz, /metrics; docs/protocol.md has it all. Answers, errors and threads are as in
 * loop.h. SIGPIPE: libmicrohttpd never raises it on Linux.
 */
#ifndef WARMSTART_HTTP_H
#define WARMSTART_HTTP_H

#include <warmstart/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

struct warmstart_http;
struct warmstart_http_metrics;

/* What makes a delivery count. docs/delivery.md says what each proves. */
enum warmstart_http_confirm {
    WARMSTART_HTTP_CONFIRM_ACK = 0,  /* the controller's kernel has acknowledged every byte */
    WARMSTART_HTTP_CONFIRM_WRITE = 1 /* our kernel has taken every byte; proves nothing */
};

/* What a POST is answered when nobody can tell whether the message arrived. */
enum warmstart_http_uncertain {
    WARMSTART_HTTP_UNCERTAIN_FALSE = 0, /* false: the supervisor starts a container, which is safe */
    WARMSTART_HTTP_UNCERTAIN_TRUE = 1,  /* true */
    WARMSTART_HTTP_UNCERTAIN_RETRY = 2  /* the next controller is tried; two may get it, one of them starts */
};

/* What is done about the deployment tokens of polls. */
enum warmstart_http_token_mode {
    WARMSTART_HTTP_TOKEN_DISABLED = 0, /* decoded, not verified */
    WARMSTART_HTTP_TOKEN_LOG = 1,      /* verified and counted; whatever was found, the poll is held */
    WARMSTART_HTTP_TOKEN_ENFORCE = 2   /* a poll without a valid token is answered with 401 */
};

/* Fill with warmstart_http_options_init(). Only ever appended to. */
struct warmstart_http_options {
    size_t size; /* set by _init */
    const struct warmstart_logger
        *logger;                    /* NULL: no log; one record for each poll that ends and each POST */
    uint32_t connection_timeout_ms; /* 30,000: what /connect tells controllers; a poll older than this is
                                       dropped, a wait answered with 204 */
    uint32_t keepalive_ms;        /* 300,000: what /connect tells controllers; 0 tells them: no warm starts */
    uint32_t match_margin_ms;     /* 250: a poll is not matched in its last so many milliseconds */
    uint32_t connections_max;     /* 16,384: more are refused with 503 and closed */
    uint32_t header_bytes_max;    /* 4,096 (1,024 to 16,384): request line and headers; more: 431 */
    size_t body_bytes_max;        /* 8 MiB: a POST's body; more: 413 */
    uint32_t dispatch_timeout_ms; /* 1,000: a POST is answered by then */
    uint32_t attempts_max;        /* 3: controllers that are tried for one POST */
    enum warmstart_http_confirm confirm;        /* the kernel's acknowledgement */
    enum warmstart_http_uncertain on_uncertain; /* false */
    uint32_t confirm_timeout_ms; /* 200: how long a message may be unacknowledged before it is uncertain */
    uint32_t confirm_linger_ms;  /* 5: a reset so soon after the acknowledgement means that nobody read it */
    uint32_t ack_timeout_ms; /* 2,000: for polls that ask to acknowledge themselves; see docs/delivery.md */
    enum warmstart_http_token_mode token_mode; /* WARMSTART_HTTP_TOKEN_DISABLED */
    const void *token_secret;                  /* NULL; as in warmstart_http_set_secrets(), with its length */
    size_t token_secret_bytes;
    const void *dispatch_token; /* NULL; as in warmstart_http_set_secrets(), with its length */
    size_t dispatch_token_bytes;
    uint32_t header_timeout_ms; /* 10,000: a request's headers have come by then, since it was begun */
    uint32_t body_timeout_ms;   /* 30,000: so long may its body take, and so long reading an answer */
    uint32_t idle_timeout_ms;   /* 60,000: a connection is kept so long for a next request */
    uint32_t connections_per_address_max; /* 0: no limit; more from one IPv4 address or IPv6 /64: 503 */
    uint32_t tcp_keepalive_idle_s;     /* 5 (0 to 3,600): silence before a peer is probed; 0: never probed */
    uint32_t tcp_keepalive_interval_s; /* 2 (1 to 3,600): between probes */
    uint32_t tcp_keepalive_probes;     /* 2 (1 to 100): unanswered ones until a peer counts as gone */
    const char
        *tls_certificate; /* NULL; as in warmstart_http_check_tls(). With it every TCP listener speaks TLS,
                                    1.2 or 1.3; Unix sockets do not */
    const char *tls_key;  /* NULL; as there. What is given here need not stay */
    const char *tls_client_ca; /* NULL; as there: clients have to show a certificate */
    size_t buffered_bytes_max; /* 256 MiB, not below body_bytes_max: of all runs in memory; more: 503 */
    /* NULL; called for each GET /metrics, to add to it by warmstart_http_add_metric() and nothing else */
    void (*on_metrics)(void *user, struct warmstart_http_metrics *metrics);
    void *on_metrics_user; /* handed to on_metrics */
};

WARMSTART_API void warmstart_http_options_init_sized(struct warmstart_http_options *options, size_t size);

static inline void warmstart_http_options_init(struct warmstart_http_options *options)
{
    warmstart_http_options_init_sized(options, sizeof(*options));
}

/*
 * Makes a server on a loop, not listening yet. `options` NULL: all defaults. 0: *ret_http is the caller's,
 * who frees it before the loop. WARMSTART_ERR_INVALID: an option out of its bounds;
 * WARMSTART_ERR_UNSUPPORTED: size; WARMSTART_ERR_MEMORY; WARMSTART_ERR_SYSTEM: libmicrohttpd would not start.
 */
WARMSTART_API int warmstart_http_new(struct warmstart_loop *loop,
                                     const struct warmstart_http_options *options,
                                     struct warmstart_http **ret_http);

/*
 * Closes every listener and connection (held polls without an answer), settles what it dispatched, and frees
 * the server. Not from inside a callback. NULL is fine.
 */
WARMSTART_API void warmstart_http_free(struct warmstart_http *http);

/*
 * Replaces both secrets, which need not stay; what was remembered of the old ones is wiped. `token_secret`,
 * 1 to 4,096 bytes, is what deployment tokens are signed with; NULL only if the token mode is
 * WARMSTART_HTTP_TOKEN_DISABLED. `dispatch_token`, 1 to 1,024 visible ASCII characters, has to stand behind
 * "Bearer " in the header authorization of each POST /warm-start and /v1/dispatch, and of the calls for
 * operators; NULL: it is not asked for. Polls that are held stay. 0: done. WARMSTART_ERR_INVALID: no such
 * values; WARMSTART_ERR_MEMORY: as it was before.
 */
WARMSTART_API int warmstart_http_set_secrets(struct warmstart_http *http, const void *token_secret,
                                             size_t token_secret_bytes, const void *dispatch_token,
                                             size_t dispatch_token_bytes);

/*
 * Says whether these could be options of a server. Texts in PEM of at most 1 MiB each: `certificate` with its
 * chain, its private `key`, and `client_ca`, the authorities of clients' certificates; NULL: none, but a
 * certificate and a key need each other and a client_ca needs both. 0: they could, as all NULL could.
 * WARMSTART_ERR_INVALID: *ret_reason (unless ret_reason is NULL) says why not; static. WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_http_check_tls(const char *certificate, const char *key, const char *client_ca,
                                           const char **ret_reason);

/*
 * Replaces what a server with TLS shows and asks for, for connections that come from now on; those that are
 * there stay as they are. The texts, as in warmstart_http_check_tls(), need not stay; client_ca may come and
 * go. Not from inside a callback of the server. 0: done. WARMSTART_ERR_INVALID: they cannot be used, there is
 * no certificate, or the server has no TLS; WARMSTART_ERR_MEMORY; WARMSTART_ERR_SYSTEM: errno; as it was before.
 */
WARMSTART_API int warmstart_http_set_tls(struct warmstart_http *http, const char *certificate,
                                         const char *key, const char *client_ca);

/* Whom a listener serves. /healthz and /readyz are everywhere, /metrics where supervisors are served. */
enum warmstart_http_role {
    WARMSTART_HTTP_POLL = 1,     /* controllers: GET /connect, GET /warm-start, POST /v1/wait */
    WARMSTART_HTTP_DISPATCH = 2, /* supervisors: POST /warm-start, POST /v1/dispatch, GET /metrics */
    WARMSTART_HTTP_ALL = 3       /* both */
};

/*
 * Listens on "HOST:PORT" (a name or number; IPv6 in brackets; port 0 picks a free one; every address that the
 * name has) or "unix:PATH" (a socket file that no process serves any more is replaced; of several processes
 * that do so at once one gets it, for which the folder is locked, flock(2), meanwhile, and waited for up to
 * 0.1 s; a folder that cannot be read or locked has to do without). May be called several times. If ret_url
 * is not NULL the real address is written there, like "http://127.0.0.1:8080", cut to url_bytes. 0: listening.
 * WARMSTART_ERR_INVALID: not such an address, the name is not known, or no such
 * role; WARMSTART_ERR_SYSTEM: errno says why (EADDRINUSE, EACCES, ...); WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_http_listen(struct warmstart_http *http, const char *address,
                                        enum warmstart_http_role role, char *ret_url, size_t url_bytes);

/*
 * Listens on a socket that was opened by someone else and listens already (IP or Unix, SOCK_STREAM), such as
 * one that a service manager hands to each process of a service in turn. It is made non-blocking, for all who
 * have it, and closed by _free; a Unix socket's file stays. 0: listening, and fd is the server's. Otherwise
 * fd is the caller's still: WARMSTART_ERR_INVALID: not such a socket, or no such role; WARMSTART_ERR_SYSTEM;
 * WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_http_listen_fd(struct warmstart_http *http, int fd, enum warmstart_http_role role,
                                           char *ret_url, size_t url_bytes);

/* How a held poll is let go while draining. */
enum warmstart_http_parting {
    WARMSTART_HTTP_CLOSE = 0, /* closed without an answer; a controller comes back after a pause of its own */
    WARMSTART_HTTP_REDIRECT = 1 /* 307 to the same path, and closed; a client that follows is back at once */
};

/* Fill with warmstart_http_drain_options_init(). Only ever appended to. */
struct warmstart_http_drain_options {
    size_t size;         /* set by _init */
    uint32_t delay_ms;   /* 0: how long everything goes on as before but /readyz, for load balancers */
    uint32_t spread_ms;  /* 0: held polls are let go evenly over this time after the delay */
    uint32_t timeout_ms; /* 10,000: over by then, whatever is left; from the beginning on */
    enum warmstart_http_parting parting; /* WARMSTART_HTTP_CLOSE */
    /* NULL. Called once from the loop; complete 1: nothing is held, nothing runs; 0: timeout_ms is over */
    void (*on_drained)(void *user, int complete);
    void *user; /* handed to it */
};

WARMSTART_API void warmstart_http_drain_options_init_sized(struct warmstart_http_drain_options *options,
                                                           size_t size);

static inline void warmstart_http_drain_options_init(struct warmstart_http_drain_options *options)
{
    warmstart_http_drain_options_init_sized(options, sizeof(*options));
}

/*
 * Begins to stop. At once /readyz answers 503. After the delay new polls are closed without an answer, new
 * POSTs answer didWarmStart false, and held polls are let go, the newest first; dispatches that run go on and
 * may still be matched with polls that are still held. Listeners stay open until warmstart_http_free(), but
 * no connection is accepted any more from those of warmstart_http_listen_fd() after the delay, or with a
 * spread, unless their role is WARMSTART_HTTP_POLL, after that: these wait for the next process. If there are
 * any, POSTs alone are told false at first, until no poll has come for 20 ms, or for 200 ms; then connections
 * from such listeners that are not in use are closed, and 10 ms later polls are let go. `options` NULL: all
 * defaults. 0: begun. WARMSTART_ERR_INVALID: it had begun before, delay and spread together are longer than
 * the timeout, or an option is out of its bounds; WARMSTART_ERR_UNSUPPORTED: size; WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_http_drain(struct warmstart_http *http,
                                       const struct warmstart_http_drain_options *options);

/* Only ever appended to. Counters since _new. */
struct warmstart_http_stats {
    size_t size;                        /* sizeof(struct warmstart_http_stats), set by the caller */
    uint64_t connections;               /* open now */
    uint64_t connections_total;         /* accepted */
    uint64_t connections_refused_total; /* over connections_max, or out of descriptors or memory */
    uint64_t held;                      /* polls held now */
    uint64_t cells;                     /* libmicrohttpd daemons in use */
};

/* Fills the members that stats->size covers. 0; WARMSTART_ERR_INVALID: a NULL argument or a size of 0. */
WARMSTART_API int warmstart_http_get_stats(const struct warmstart_http *http,
                                           struct warmstart_http_stats *stats);

/*
 * Adds a metric without labels to a page of metrics, from inside on_metrics. One whose `name` ends in _total is
 * a counter, any other a gauge; those of this library begin with warmstart_. `help` is a line of text. Neither
 * need stay. 0. WARMSTART_ERR_INVALID: a NULL argument, a name that is not of letters, digits and underscores
 * or begins with a digit, a line feed or backslash in help. WARMSTART_ERR_MEMORY: the page becomes a 503.
 */
WARMSTART_API int warmstart_http_add_metric(struct warmstart_http_metrics *metrics, const char *name,
                                            const char *help, uint64_t value);

#ifdef __cplusplus
}
#endif

#endif
