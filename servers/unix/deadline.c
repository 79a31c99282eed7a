/* SPDX-License-Identifier: MIT */
#include "deadline.h"

#include "connection.h"
#include "server.h"

static void expire(struct timeout *timeout)
{
    struct deadline *deadline = (struct deadline *)timeout;
    enum deadline_kind kind = deadline->kind;
    deadline->kind = DEADLINES;
    warmstart_unix_connection_expire(deadline, kind);
}

void warmstart_unix_deadline_begin(struct warmstart_unix *server, struct deadline *deadline,
                                   enum deadline_kind kind)
{
    deadline->kind = kind;
    if (kind == DEADLINES)
        timeout_end(&deadline->timeout);
    else
        warmstart_timeout_set(&server->deadlines[kind], &deadline->timeout);
}

int warmstart_unix_deadlines_init(struct warmstart_unix *server)
{
    const struct warmstart_unix_options *options = &server->options;
    const uint32_t lengths_ms[DEADLINES] = {[DEADLINE_LINE] = options->line_timeout_ms,
                                            [DEADLINE_BODY] = options->body_timeout_ms,
                                            [DEADLINE_IDLE] = options->idle_timeout_ms,
                                            [DEADLINE_STALL] = options->stall_timeout_ms};
    int error = 0;
    for (int kind = 0; kind < DEADLINES && error == 0; kind++)
        error = warmstart_timeouts_init(&server->deadlines[kind], server->loop,
                                        lengths_ms[kind] * MILLISECOND_NS, expire);
    return error;
}

void warmstart_unix_deadlines_deinit(struct warmstart_unix *server)
{
    for (int kind = 0; kind < DEADLINES; kind++)
        warmstart_timeouts_deinit(&server->deadlines[kind], server->loop);
}
