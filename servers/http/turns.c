/* SPDX-License-Identifier: MIT */
#include "turns.h"

#include <assert.h>
#include <stddef.h>

#include "answer.h"
#include "durations.h"

static struct connection *connection_of_turn(struct link *link)
{
    return (struct connection *)((char *)link - offsetof(struct connection, turn));
}

/* Its place in the loop is certain. */
static void set(struct warmstart_http *http, uint64_t at)
{
    int error = warmstart_loop_timer_set(http->loop, &http->turns.timer, at);
    assert(error == 0);
    (void)error;
}

/* A timer and no task: tasks that defer each other all run in the same round. */
static void on_due(struct warmstart_timer *timer, uint64_t now)
{
    struct turns *turns = (struct turns *)((char *)timer - offsetof(struct turns, timer));
    struct warmstart_http *http =
        (struct warmstart_http *)((char *)turns - offsetof(struct warmstart_http, turns));
    bool more = !link_is_empty(&turns->waiting);
    set(http, more ? now : FAR_AWAY);
    /* It stays the first until libmicrohttpd has called the handler for it. */
    if (more)
        warmstart_http_connection_resume(connection_of_turn(turns->waiting.next));
}

bool warmstart_http_turn_has_come(struct connection *connection, enum MHD_Result *ret_result)
{
    struct warmstart_http *http = connection->http;
    if (connection->turn.next) {
        warmstart_http_turn_over(connection);
        return true;
    }
    if (warmstart_http_connection_hold(connection) < 0) {
        *ret_result = warmstart_http_answer_refusal(connection, REFUSAL_MEMORY, "out of memory");
        return false;
    }
    link_insert_before(&http->turns.waiting, &connection->turn);
    set(http, warmstart_loop_now(http->loop));
    /* The watch says so only once, and that may have been before this request. */
    if (connection->peer_gone)
        warmstart_http_turn_leave(connection);
    *ret_result = MHD_YES;
    return false;
}

void warmstart_http_turn_leave(struct connection *connection)
{
    /* Nobody reads what a listing would say. What the others do is done, whoever hears of it. */
    if (connection->route != ROUTE_WAITERS)
        return;
    warmstart_http_turn_over(connection);
    warmstart_http_connection_doom(connection);
}

void warmstart_http_turn_over(struct connection *connection)
{
    if (!connection->turn.next)
        return;
    link_remove(&connection->turn);
    if (link_is_empty(&connection->http->turns.waiting))
        warmstart_http_check_drained(connection->http);
}

int warmstart_http_turns_init(struct warmstart_http *http)
{
    link_init(&http->turns.waiting);
    http->turns.timer.due = on_due;
    return warmstart_loop_timer_set(http->loop, &http->turns.timer, FAR_AWAY);
}

void warmstart_http_turns_deinit(struct warmstart_http *http)
{
    struct link *waiting = &http->turns.waiting;
    while (waiting->next && !link_is_empty(waiting)) {
        struct connection *connection = connection_of_turn(waiting->next);
        link_remove(&connection->turn);
        warmstart_http_connection_doom(connection);
    }
    warmstart_loop_timer_cancel(http->loop, &http->turns.timer);
}
