/* SPDX-License-Identifier: MIT */
#include "cell.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "answer.h"
#include "log.h"
#include "request.h"
#include "tls.h"
#include "turn_away.h"

/* How often a daemon is run in one turn: a request takes two or three, a large body many. */
#define RUNS_MAX 8

/* After so many turns without any progress a daemon runs in circles, and only so often from then on. */
#define STALLS_MAX 32
#define STALLED_NS (10 * MILLISECOND_NS)

static struct cell *cell_of_task(struct warmstart_task *task)
{
    return (struct cell *)((char *)task - offsetof(struct cell, task));
}

static struct cell *cell_of_watch(struct warmstart_watch *watch)
{
    return (struct cell *)((char *)watch - offsetof(struct cell, watch));
}

/* Does the daemon know of something to do that its epoll descriptor does not show? */
static bool wants_more(struct cell *cell)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 1;
    return MHD_get_timeout(cell->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0;
}

/* 1: everything is done that can be done now; 0: there is more. */
static bool run(struct cell *cell)
{
    for (int i = 0; i < RUNS_MAX; i++) {
        MHD_run(cell->daemon);
        warmstart_http_tls_pause(cell);
        if (!wants_more(cell))
            return true;
    }
    return false;
}

/*
 * libmicrohttpd asks to be run at once, again and again, for a connection whose buffer is full of something
 * that it cannot hand on, such as the endless head of a chunk. It reads nothing of it any more, so what tells
 * such a connection is that bytes wait, or that the peer has left, and nobody looks.
 */
static void expel_stuck(struct cell *cell)
{
    for (struct link *link = cell->uploads.next; link != &cell->uploads; link = link->next) {
        struct connection *connection =
            (struct connection *)((char *)link - offsetof(struct connection, uploading));
        if (connection->doomed || !warmstart_http_connection_is_unheard(connection))
            continue;
        (void)warmstart_http_answer_early(connection, REFUSAL_REQUEST_MALFORMED,
                                          "the head of a chunk is too long");
        warmstart_http_connection_expel(connection);
    }
}

static void go_on(struct cell *cell, bool progress)
{
    struct warmstart_loop *loop = cell->http->loop;
    cell->stalls = progress ? 0 : cell->stalls + 1;
    if (cell->stalls < STALLS_MAX) {
        warmstart_loop_defer(loop, &cell->task);
        return;
    }
    cell->stalls = STALLS_MAX;
    expel_stuck(cell);
    if (warmstart_loop_timer_set(loop, &cell->timer, warmstart_loop_now(loop) + STALLED_NS) < 0)
        warmstart_loop_defer(loop, &cell->task);
}

static void on_due(struct warmstart_timer *timer, uint64_t now)
{
    (void)now;
    warmstart_http_cell_mark((struct cell *)((char *)timer - offsetof(struct cell, timer)));
}

static void on_task(struct warmstart_task *task)
{
    struct cell *cell = cell_of_task(task);
    uint64_t calls = cell->calls;
    if (!run(cell)) {
        go_on(cell, cell->calls != calls);
        return;
    }
    cell->stalls = 0;
    bool another_has_room = cell->outdated || cell->link.next != cell->link.previous;
    if (cell->connections == 0 && another_has_room)
        warmstart_http_cell_free(cell);
}

/* Not here and now: other connections of the cell may be resumed in the same round. */
static void on_ready(struct warmstart_watch *watch, uint32_t events)
{
    (void)events;
    warmstart_http_cell_mark(cell_of_watch(watch));
}

/*
 * MHD_USE_TURBO: read before asking whether there is something to read, for controllers send their request
 * right after they connect, and do not shut down what is about to be closed anyway. That holds with TLS
 * too: its farewell to a peer that has closed is answered with a reset, which looks as if our message had
 * been lost. An error log is only asked for because without it there is no calling of our logger either.
 */
static struct MHD_Daemon *start(struct cell *cell)
{
    const struct warmstart_http_options *options = &cell->http->options;
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO |
                     MHD_USE_ERROR_LOG;
    if (cell->secure)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(flags, 0, NULL, NULL, warmstart_http_request_handle, cell->http,
                            MHD_OPTION_EXTERNAL_LOGGER, warmstart_http_log_microhttpd, cell->http,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)CELL_CONNECTIONS_MAX,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, warmstart_http_memory_bytes(options),
                            MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_NOTIFY_CONNECTION,
                            warmstart_http_connection_notify, cell, MHD_OPTION_NOTIFY_COMPLETED,
                            warmstart_http_connection_completed, cell->http, MHD_OPTION_URI_LOG_CALLBACK,
                            warmstart_http_request_target, cell->http, MHD_OPTION_ARRAY,
                            warmstart_http_tls_items(cell->http, cell->secure), MHD_OPTION_END);
}

static int watch(struct cell *cell)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(cell->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info) {
        errno = ENOTSUP;
        return WARMSTART_ERR_SYSTEM;
    }
    cell->watch.ready = on_ready;
    return warmstart_loop_watch(cell->http->loop, &cell->watch, info->epoll_fd, EPOLLIN);
}

int warmstart_http_cell_new(struct warmstart_http *http, bool secure)
{
    struct cell *cell = calloc(1, sizeof(*cell));
    if (!cell)
        return WARMSTART_ERR_MEMORY;
    cell->http = http;
    cell->secure = secure;
    cell->task.run = on_task;
    cell->timer.due = on_due;
    link_init(&cell->uploads);
    link_init(&cell->handshakes);
    link_init(&cell->paused);
    errno = 0;
    cell->daemon = start(cell);
    if (!cell->daemon) {
        if (errno == 0)
            errno = ENOMEM;
        free(cell);
        return WARMSTART_ERR_SYSTEM;
    }
    int error = watch(cell);
    if (error < 0) {
        MHD_stop_daemon(cell->daemon);
        free(cell);
        return error;
    }
    cell->tls = secure ? warmstart_http_tls_hold(http) : NULL;
    link_insert_before(&http->cells_roomy[secure], &cell->link);
    http->cells_len++;
    return 0;
}

int warmstart_http_cells_renew(struct warmstart_http *http)
{
    struct link *roomy = &http->cells_roomy[true];
    int error = warmstart_http_cell_new(http, true);
    if (error < 0)
        return error;
    for (struct link *link = http->cells_full.next; link != &http->cells_full; link = link->next) {
        struct cell *cell = (struct cell *)link;
        cell->outdated = cell->secure;
    }
    /* The new one is the last. */
    while (roomy->next != roomy->previous) {
        struct cell *cell = (struct cell *)roomy->next;
        cell->outdated = true;
        link_remove(&cell->link);
        link_insert_before(&http->cells_full, &cell->link);
        warmstart_http_cell_mark(cell);
    }
    return 0;
}

void warmstart_http_cell_free(struct cell *cell)
{
    struct warmstart_http *http = cell->http;
    warmstart_loop_undefer(http->loop, &cell->task);
    warmstart_loop_timer_cancel(http->loop, &cell->timer);
    warmstart_loop_unwatch(http->loop, &cell->watch);
    warmstart_http_tls_resume_all(cell);
    MHD_stop_daemon(cell->daemon);
    assert(cell->connections == 0);
    /* Its connections may have marked it once more while they went. */
    warmstart_loop_undefer(http->loop, &cell->task);
    link_remove(&cell->link);
    http->cells_len--;
    warmstart_http_tls_drop(cell->tls);
    free(cell);
}

int warmstart_http_cell_add(struct warmstart_http *http, int fd, const struct sockaddr *peer,
                            socklen_t peer_bytes, enum warmstart_http_role role, bool shared)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    int error = connection ? 0 : WARMSTART_ERR_MEMORY;
    bool secure = warmstart_http_tls_is_for(http, peer->sa_family);
    if (!error && link_is_empty(&http->cells_roomy[secure]))
        error = warmstart_http_cell_new(http, secure);
    if (error < 0) {
        free(connection);
        warmstart_http_turn_away(http, fd, REFUSAL_CONNECTIONS_LIMIT);
        return error;
    }

    struct cell *cell = (struct cell *)http->cells_roomy[secure].next;
    connection->http = http;
    connection->cell = cell;
    connection->fd = fd;
    connection->role = (uint8_t)role;
    connection->shared = shared;
    connection->local = peer->sa_family == AF_UNIX;
    cell->arriving = connection;
    enum MHD_Result added = MHD_add_connection(cell->daemon, fd, peer, peer_bytes);
    /* Whatever happened, the socket is libmicrohttpd's, and so is the connection if it got that far. */
    free(cell->arriving);
    cell->arriving = NULL;
    if (added != MHD_YES) {
        http->counters.connections_refused_total++;
        return WARMSTART_ERR_SYSTEM;
    }
    warmstart_http_cell_mark(cell);
    return 0;
}

void warmstart_http_cell_mark(struct cell *cell)
{
    warmstart_loop_defer(cell->http->loop, &cell->task);
}

void warmstart_http_cell_flush(struct cell *cell)
{
    run(cell);
}

void warmstart_http_cell_take(struct cell *cell)
{
    cell->arriving = NULL;
    cell->connections++;
    assert(cell->connections <= CELL_CONNECTIONS_MAX);
    if (cell->connections < CELL_CONNECTIONS_MAX)
        return;
    link_remove(&cell->link);
    link_insert_before(&cell->http->cells_full, &cell->link);
}

void warmstart_http_cell_forget(struct cell *cell)
{
    assert(cell->connections > 0);
    if (cell->connections == CELL_CONNECTIONS_MAX && !cell->outdated) {
        /* To the front: fill up the full ones, so that the last ones become empty and can go. */
        link_remove(&cell->link);
        link_insert_after(&cell->http->cells_roomy[cell->secure], &cell->link);
    }
    cell->connections--;
    if (cell->connections == 0)
        warmstart_http_cell_mark(cell);
}
