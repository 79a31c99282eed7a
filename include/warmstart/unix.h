/* SPDX-License-Identifier: MIT */
/*
 * libwarmstart-unix: a line protocol on Unix sockets, for controllers and supervisors on one host, as a
 * transport of a loop.
 *
 *     struct warmstart_loop *loop;
 *     struct warmstart_unix *server;
 *     if (warmstart_loop_new(NULL, &loop) == 0 && warmstart_unix_new(loop, NULL, &server) == 0 &&
 *         warmstart_unix_listen(server, "/run/warmstart.sock", WARMSTART_UNIX_ALL) == 0)
 *         warmstart_loop_run(loop);
 *
 * What is said on the socket stands in docs/unix-protocol.md. A delivery counts when the receiver itself has
 * acknowledged it. Answers, errors and threads are as in loop.h. SIGPIPE is never raised.
 */
#ifndef WARMSTART_UNIX_H
#define WARMSTART_UNIX_H

#include <sys/types.h>
#include <warmstart/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WARMSTART_UNIX_PROTOCOL 1 /* the version that `ping` tells */

struct warmstart_unix;

/* What a socket is for, and what a peer may do: bits. */
enum warmstart_unix_right {
    WARMSTART_UNIX_WAIT = 1,     /* wait, ack, refuse, leave */
    WARMSTART_UNIX_DISPATCH = 2, /* dispatch, count; stats, list */
    WARMSTART_UNIX_OPERATE = 4,  /* stats, list, cordon, uncordon, retire, drain */
    WARMSTART_UNIX_ALL = 7       /* everything */
};

/* Users and groups that have a right; who is in neither list has not. A group counts as a peer's first one
 * and as one of its others. */
struct warmstart_unix_allowed {
    const uid_t *users; /* copied by _new; NULL only with 0 */
    size_t users_len;
    const gid_t *groups; /* the same */
    size_t groups_len;
};

/* What an operator asked for with `drain`; 0: not said, take your own. */
struct warmstart_unix_drain_request {
    uint32_t timeout_ms;
    uint32_t spread_ms;
};

/* Fill with warmstart_unix_options_init(). Only ever appended to. */
struct warmstart_unix_options {
    size_t size;                           /* set by _init */
    const struct warmstart_logger *logger; /* NULL: no log; a record for each wait and dispatch that ends */
    /* Who may do what. Both lists empty: for WAIT and DISPATCH whoever can open the socket, for OPERATE root
     * and the user of this process. */
    struct warmstart_unix_allowed wait;
    struct warmstart_unix_allowed dispatch;
    struct warmstart_unix_allowed operate;
    uint32_t mode;     /* 0660: of socket files, at most 0777 */
    uid_t owner;       /* (uid_t)-1: of socket files; -1: whoever runs this process */
    gid_t group;       /* (gid_t)-1: the same */
    uint32_t lease_ms; /* 2,000 (1 to 86,400,000): a payload is acknowledged by then, or taken back */
    uint32_t dispatch_timeout_ms;           /* 1,000 (1 to 86,400,000): for dispatches that do not say */
    uint32_t attempts_max;                  /* 3 (1 to 100): the same */
    uint32_t connections_max;               /* 4,096 (1 to 1,048,576) */
    uint32_t connections_per_user_max;      /* 0: no limit */
    uint32_t waits_per_connection_max;      /* 1,024 (1 to 1,048,576) */
    uint32_t dispatches_per_connection_max; /* 1,024 (1 to 1,048,576) */
    uint32_t line_bytes_max;                /* 16,384 (256 to 1,048,576): with its line feed */
    size_t body_bytes_max;                  /* 8 MiB (at most 1 GiB): of a payload */
    size_t buffered_bytes_max; /* 256 MiB, not below body_bytes_max: of all payloads that were sent here */
    uint32_t line_timeout_ms;  /* 10,000 (1 to 86,400,000): from the first byte of a line to its last */
    uint32_t body_timeout_ms;  /* 30,000 (the same): the same of a body */
    uint32_t stall_timeout_ms; /* 10,000 (the same): so long may a peer read nothing of what it is sent */
    uint32_t idle_timeout_ms;  /* 0: never (up to 86,400,000): with nothing begun and nothing to wait for */
    /* NULL: `drain` is not offered. Called from the loop, once, when an operator asks for it; 0: it will be
     * done, such as by warmstart_unix_drain() from here; below 0: it cannot be. */
    int (*on_drain)(void *user, const struct warmstart_unix_drain_request *request);
    void *on_drain_user; /* handed to it */
};

WARMSTART_API void warmstart_unix_options_init_sized(struct warmstart_unix_options *options, size_t size);

static inline void warmstart_unix_options_init(struct warmstart_unix_options *options)
{
    warmstart_unix_options_init_sized(options, sizeof(*options));
}

/*
 * Makes a server on a loop, not listening yet. `options` NULL: all defaults. 0: *ret_server is the caller's,
 * who frees it before the loop. WARMSTART_ERR_INVALID: an option out of its bounds;
 * WARMSTART_ERR_UNSUPPORTED: size; WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_unix_new(struct warmstart_loop *loop,
                                     const struct warmstart_unix_options *options,
                                     struct warmstart_unix **ret_server);

/*
 * Closes every listener and connection, settles what was dispatched here, and frees the server. Socket files
 * that it made are removed, unless another process has replaced them. Not from inside a callback. NULL is
 * fine.
 */
WARMSTART_API void warmstart_unix_free(struct warmstart_unix *server);

/*
 * Listens on a path, or on an abstract name if it begins with "@". `rights` (bits of enum
 * warmstart_unix_right, not 0) are what peers can have there at most. A socket file that no process serves
 * any more is replaced; of several processes that do so at once one gets it, for which the folder is locked
 * (flock(2)) meanwhile, and waited for up to 0.1 s; a folder that cannot be read or locked has to do without.
 * Owner, group and mode are set before anybody can connect. May be called several times. 0: listening.
 * WARMSTART_ERR_INVALID: the path is empty or over 107 bytes, or no such rights;
 * WARMSTART_ERR_SYSTEM: errno says why (EADDRINUSE: a process serves it, or it is another kind of file;
 * EPERM: the owner cannot be set; EACCES, ...); WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_unix_listen(struct warmstart_unix *server, const char *path, unsigned rights);

/*
 * Listens on a Unix socket (SOCK_STREAM) that was opened by someone else and listens already, such as one
 * that a service manager hands to each process of a service in turn. It is made non-blocking, for all who
 * have it, and closed by _free; its file stays. 0: listening, and fd is the server's. Otherwise fd is the
 * caller's still: WARMSTART_ERR_INVALID: not such a socket, or no such rights; WARMSTART_ERR_SYSTEM;
 * WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_unix_listen_fd(struct warmstart_unix *server, int fd, unsigned rights);

/* Fill with warmstart_unix_drain_options_init(). Only ever appended to. */
struct warmstart_unix_drain_options {
    size_t size;         /* set by _init */
    uint32_t delay_ms;   /* 0: how long everything goes on as before */
    uint32_t spread_ms;  /* 0: waits are ended evenly over this time after the delay */
    uint32_t timeout_ms; /* 10,000: over by then, whatever is left; from the beginning on */
    /* NULL. Called once from the loop; complete 1: nobody waits, nothing runs, all was told; 0: timeout_ms is over */
    void (*on_drained)(void *user, int complete);
    void *user; /* handed to it */
};

WARMSTART_API void warmstart_unix_drain_options_init_sized(struct warmstart_unix_drain_options *options,
                                                           size_t size);

static inline void warmstart_unix_drain_options_init(struct warmstart_unix_drain_options *options)
{
    warmstart_unix_drain_options_init_sized(options, sizeof(*options));
}

/*
 * Begins to stop. After the delay new waits and dispatches are answered with an error, and waits are ended,
 * the newest first; dispatches that run go on and may still be matched with waits that are left. Connections
 * that have nothing more to be told are closed. Listeners stay open until _free, but no connection is
 * accepted any more from those of warmstart_unix_listen_fd() after the delay: these wait for the next
 * process. `options` NULL: all defaults. 0: begun. WARMSTART_ERR_INVALID: it had begun before, delay and
 * spread together are longer than the timeout, or an option is over 86,400,000; WARMSTART_ERR_UNSUPPORTED:
 * size; WARMSTART_ERR_MEMORY.
 */
WARMSTART_API int warmstart_unix_drain(struct warmstart_unix *server,
                                       const struct warmstart_unix_drain_options *options);

/* Only ever appended to. Counters (`_total`) since _new. */
struct warmstart_unix_stats {
    size_t size;                        /* sizeof(struct warmstart_unix_stats), set by the caller */
    uint64_t connections;               /* open now */
    uint64_t connections_total;         /* accepted */
    uint64_t connections_refused_total; /* over a limit, or out of descriptors or memory */
    uint64_t waits;                     /* of this transport, not ended */
    uint64_t dispatches;                /* of this transport, not settled */
    uint64_t buffered_bytes;            /* of payloads that were sent here and are in memory */
    uint64_t commands_total;            /* lines that were read */
    uint64_t errors_total;              /* answers that begin with ERR */
    uint64_t payloads_total;            /* PAYLOAD lines that were begun */
    uint64_t acknowledged_total;        /* acks that were answered OK */
    uint64_t refused_total;             /* refuses that were answered OK */
    uint64_t overdue_total;             /* payloads that were taken back at the end of their lease */
    uint64_t stalled_total;             /* connections closed because nobody read */
    uint64_t timeouts_total; /* connections closed for taking too long with a line or body, or idle */
};

/* Fills the members that stats->size covers. 0; WARMSTART_ERR_INVALID: a NULL argument or a size of 0. */
WARMSTART_API int warmstart_unix_get_stats(const struct warmstart_unix *server,
                                           struct warmstart_unix_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
