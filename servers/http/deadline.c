/* SPDX-License-Identifier: MIT */
/*
 * All deadlines of a phase lie equally far ahead when they are set, so a list in the order of setting is a
 * list in the order of deadlines: setting and ending one is O(1). One timer for each list looks at its
 * head. It is not moved when the head goes; it finds out when it is due.
 */
#include "deadline.h"

#include <assert.h>
#include <stddef.h>

#include "cell.h"
#include "connection.h"
#include "log.h"

static struct deadlines *deadlines_of_timer(struct warmstart_timer *timer)
{
    return (struct deadlines *)((char *)timer - offsetof(struct deadlines, timer));
}

static struct connection *connection_of_link(struct link *link)
{
    return (struct connection *)((char *)link - offsetof(struct connection, phase_link));
}

const char *warmstart_http_phase_name(enum phase phase)
{
    static const char *const names[PHASES] = {
        [PHASE_NONE] = "none", [PHASE_HEADER] = "header", [PHASE_BODY] = "body", [PHASE_IDLE] = "idle"};
    return names[phase];
}

static uint64_t length_ns(const struct warmstart_http *http, enum phase phase)
{
    switch (phase) {
    case PHASE_HEADER:
        return http->options.header_timeout_ms * MILLISECOND_NS;
    case PHASE_BODY:
        return http->options.body_timeout_ms * MILLISECOND_NS;
    case PHASE_IDLE:
        return http->options.idle_timeout_ms * MILLISECOND_NS;
    case PHASE_NONE:
    case PHASES:
        break;
    }
    return FAR_AWAY;
}

void warmstart_http_deadline_end(struct connection *connection)
{
    assert(!connection->suspended);
    warmstart_http_deadline_begin(connection, PHASE_NONE);
    connection->expired = true;
    warmstart_http_connection_expel(connection);
    warmstart_http_cell_mark(connection->cell);
}

static void expire(struct connection *connection)
{
    struct warmstart_http *http = connection->http;
    enum phase phase = (enum phase)connection->phase;
    http->counters.timeouts_total[phase]++;
    warmstart_http_log_timeout(http, phase);
    warmstart_http_deadline_end(connection);
}

static void on_due(struct warmstart_timer *timer, uint64_t now)
{
    struct deadlines *deadlines = deadlines_of_timer(timer);
    uint64_t next = FAR_AWAY;
    while (!link_is_empty(&deadlines->connections)) {
        struct connection *connection = connection_of_link(deadlines->connections.next);
        if (connection->deadline > now) {
            next = connection->deadline;
            break;
        }
        expire(connection);
    }
    deadlines->ticking = next != FAR_AWAY;
    int error = warmstart_loop_timer_set(deadlines->http->loop, timer, next);
    assert(error == 0);
    (void)error;
}

void warmstart_http_deadline_begin(struct connection *connection, enum phase phase)
{
    struct warmstart_http *http = connection->http;
    link_remove(&connection->phase_link);
    connection->phase = (uint8_t)phase;
    if (phase == PHASE_NONE)
        return;
    struct deadlines *deadlines = &http->deadlines[phase];
    connection->deadline = warmstart_loop_now(http->loop) + length_ns(http, phase);
    link_insert_before(&deadlines->connections, &connection->phase_link);
    if (deadlines->ticking)
        return;
    deadlines->ticking = true;
    (void)warmstart_loop_timer_set(http->loop, &deadlines->timer, connection->deadline);
}

int warmstart_http_deadlines_init(struct warmstart_http *http)
{
    int error = 0;
    for (int phase = PHASE_NONE + 1; phase < PHASES && error == 0; phase++) {
        struct deadlines *deadlines = &http->deadlines[phase];
        link_init(&deadlines->connections);
        deadlines->http = http;
        deadlines->timer.due = on_due;
        error = warmstart_loop_timer_set(http->loop, &deadlines->timer, FAR_AWAY);
    }
    return error;
}

void warmstart_http_deadlines_deinit(struct warmstart_http *http)
{
    for (int phase = PHASE_NONE + 1; phase < PHASES; phase++) {
        struct deadlines *deadlines = &http->deadlines[phase];
        assert(!deadlines->connections.next || link_is_empty(&deadlines->connections));
        warmstart_loop_timer_cancel(http->loop, &deadlines->timer);
    }
}
