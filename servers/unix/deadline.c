/* SPDX-License-Identifier: MIT */
#include "deadline.h"

#include <assert.h>
#include <stddef.h>

#include "connection.h"
#include "server.h"

static uint64_t length_ns(const struct warmstart_unix_options *options, enum deadline_kind kind)
{
    switch (kind) {
    case DEADLINE_LINE:
        return options->line_timeout_ms * MILLISECOND_NS;
    case DEADLINE_BODY:
        return options->body_timeout_ms * MILLISECOND_NS;
    case DEADLINE_IDLE:
        return options->idle_timeout_ms * MILLISECOND_NS;
    case DEADLINE_STALL:
        return options->stall_timeout_ms * MILLISECOND_NS;
    case DEADLINES:
        break;
    }
    return FAR_AWAY;
}

static void on_due(struct warmstart_timer *timer, uint64_t now)
{
    struct deadlines *deadlines = (struct deadlines *)((char *)timer - offsetof(struct deadlines, timer));
    struct warmstart_unix *server = deadlines->server;
    uint64_t next = FAR_AWAY;
    while (!link_is_empty(&deadlines->list)) {
        struct deadline *deadline = (struct deadline *)deadlines->list.next;
        if (deadline->at > now) {
            next = deadline->at;
            break;
        }
        warmstart_unix_deadline_begin(server, deadline, DEADLINES);
        warmstart_unix_connection_expire(deadline, deadlines->kind);
    }
    deadlines->ticking = next != FAR_AWAY;
    int error = warmstart_loop_timer_set(server->loop, timer, next);
    assert(error == 0);
    (void)error;
}

void warmstart_unix_deadline_begin(struct warmstart_unix *server, struct deadline *deadline,
                                   enum deadline_kind kind)
{
    link_remove(&deadline->link);
    deadline->kind = kind;
    if (kind == DEADLINES)
        return;
    struct deadlines *deadlines = &server->deadlines[kind];
    deadline->at = warmstart_loop_now(server->loop) + length_ns(&server->options, kind);
    link_insert_before(&deadlines->list, &deadline->link);
    if (deadlines->ticking)
        return;
    deadlines->ticking = true;
    (void)warmstart_loop_timer_set(server->loop, &deadlines->timer, deadline->at);
}

int warmstart_unix_deadlines_init(struct warmstart_unix *server)
{
    int error = 0;
    for (int kind = 0; kind < DEADLINES; kind++) {
        struct deadlines *deadlines = &server->deadlines[kind];
        link_init(&deadlines->list);
        deadlines->kind = (enum deadline_kind)kind;
        deadlines->server = server;
        deadlines->timer.due = on_due;
        if (error == 0)
            error = warmstart_loop_timer_set(server->loop, &deadlines->timer, FAR_AWAY);
    }
    return error;
}

void warmstart_unix_deadlines_deinit(struct warmstart_unix *server)
{
    for (int kind = 0; kind < DEADLINES; kind++)
        warmstart_loop_timer_cancel(server->loop, &server->deadlines[kind].timer);
}
