/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include <assert.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "body.h"
#include "cell.h"
#include "deadline.h"
#include "dispatch.h"
#include "drain.h"
#include "headers.h"
#include "held_poll.h"
#include "linger.h"
#include "peers.h"
#include "tls.h"
#include "turns.h"

static struct connection *connection_of_watch(struct warmstart_watch *watch)
{
    return (struct connection *)((char *)watch - offsetof(struct connection, watch));
}

struct connection *warmstart_http_connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* ---- The life of a connection ---- */

/* Tells whoever waits on this request that it is over, and forgets it. `whole`: all of the answer is out. */
static void end_request(struct connection *connection, bool whole)
{
    warmstart_http_headers_forget(connection);
    if (connection->poll)
        warmstart_http_poll_over(connection, whole);
    if (connection->dispatch)
        warmstart_http_dispatch_over(connection);
    warmstart_http_turn_over(connection);
    warmstart_http_body_drop(connection->http, connection->body);
    connection->body = NULL;
    link_remove(&connection->uploading);
    connection->suspended = false;
    connection->doomed = false;
    connection->route = ROUTE_NONE;
    connection->method = METHOD_OTHER;
    connection->allowed = 0;
    connection->guarded = false;
    connection->target_end = NULL;
    connection->received = 0;
    connection->announced = 0;
}

static void close_connection(struct connection *connection)
{
    struct warmstart_http *http = connection->http;
    /* libmicrohttpd does not say that a request is over when its epoll has no memory for the descriptor. */
    end_request(connection, false);
    warmstart_http_deadline_begin(connection, PHASE_NONE);
    warmstart_http_peers_leave(connection);
    if (connection->confirming)
        warmstart_http_confirm_closing(connection);
    warmstart_http_tls_end(connection);
    if (connection->watch.events)
        warmstart_loop_unwatch(http->loop, &connection->watch);
    if (connection->unread && !connection->peer_gone && !http->closing)
        warmstart_http_linger(http, connection->fd);
    assert(http->counters.connections > 0);
    http->counters.connections--;
    warmstart_http_cell_forget(connection->cell);
    free(connection);
}

static const struct sockaddr *address_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

void warmstart_http_connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
                                      enum MHD_ConnectionNotificationCode code)
{
    struct cell *cell = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct connection *connection = cell->arriving;
        connection->mhd = mhd;
        *context = connection;
        cell->http->counters.connections++;
        cell->http->counters.connections_total++;
        warmstart_http_cell_take(cell);
        warmstart_http_deadline_begin(connection, PHASE_HEADER);
        warmstart_http_peers_enter(connection, address_of(mhd));
        if (cell->secure)
            warmstart_http_tls_begin(connection);
    } else if (*context) {
        close_connection(*context);
        *context = NULL;
    }
}

void warmstart_http_connection_completed(void *cls, struct MHD_Connection *mhd, void **context,
                                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)context;
    struct connection *connection = warmstart_http_connection_of(mhd);
    if (!connection)
        return;
    end_request(connection, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    warmstart_http_drain_written(connection);
    if (!connection->expired)
        warmstart_http_deadline_begin(connection, PHASE_IDLE);
}

/* ---- Holding ---- */

static void on_peer_gone(struct warmstart_watch *watch, uint32_t events)
{
    (void)events;
    struct connection *connection = connection_of_watch(watch);
    connection->peer_gone = true;
    if (connection->confirming)
        warmstart_http_confirm_peer_gone(connection);
    /* Not held: libmicrohttpd looks at it and sees for itself. */
    if (!connection->suspended)
        return;
    if (connection->poll)
        warmstart_http_poll_leave(connection);
    else if (connection->dispatch)
        warmstart_http_dispatch_leave(connection);
    else if (connection->turn.next)
        warmstart_http_turn_leave(connection);
}

int warmstart_http_connection_hold(struct connection *connection)
{
    if (!connection->watch.events) {
        connection->watch.ready = on_peer_gone;
        /* Edge-triggered, so that it can stay as it is while requests come and go. */
        int error = warmstart_loop_watch(connection->http->loop, &connection->watch, connection->fd,
                                         EPOLLRDHUP | EPOLLET);
        if (error < 0)
            return error;
    }
    MHD_suspend_connection(connection->mhd);
    connection->suspended = true;
    warmstart_http_deadline_begin(connection, PHASE_NONE);
    return 0;
}

void warmstart_http_connection_resume(struct connection *connection)
{
    if (!connection->suspended)
        return;
    connection->suspended = false;
    /* A poll's message has the deadline of its dispatch. */
    if (!connection->poll || connection->poll->ended)
        warmstart_http_deadline_begin(connection, PHASE_BODY);
    MHD_resume_connection(connection->mhd);
    warmstart_http_cell_mark(connection->cell);
}

void warmstart_http_connection_doom(struct connection *connection)
{
    connection->doomed = true;
    warmstart_http_connection_resume(connection);
}

void warmstart_http_connection_reset(struct connection *connection)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    /* libmicrohttpd gives no way to close a connection that it is writing to. Its next write fails. */
    (void)shutdown(connection->fd, SHUT_RDWR);
    connection->unread = false;
    connection->doomed = true;
    if (connection->suspended)
        warmstart_http_connection_resume(connection);
    else
        warmstart_http_cell_mark(connection->cell);
}

void warmstart_http_connection_expel(struct connection *connection)
{
    connection->doomed = true;
    /* Enough if libmicrohttpd watches the socket; if not, only a time limit makes it close it. */
    (void)shutdown(connection->fd, SHUT_RDWR);
    (void)MHD_set_connection_option(connection->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1U);
}

bool warmstart_http_connection_is_unheard(struct connection *connection)
{
    int bytes = 0;
    bool known = ioctl(connection->fd, FIONREAD, &bytes) == 0;
    return (known && bytes > 0) || warmstart_http_connection_is_dead(connection);
}

bool warmstart_http_connection_is_dead(struct connection *connection)
{
    if (connection->peer_gone)
        return true;
    struct pollfd asked = {.fd = connection->fd, .events = POLLRDHUP};
    return poll(&asked, 1, 0) > 0;
}
