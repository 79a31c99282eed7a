/* SPDX-License-Identifier: MIT */
#include "drain.h"

#include <stddef.h>

#include "connection.h"
#include "sized.h"
#include "wait.h"

/* ---- Options ---- */

static const struct warmstart_unix_drain_options defaults = {
    .size = sizeof(defaults),
    .timeout_ms = 10000,
};

void warmstart_unix_drain_options_init_sized(struct warmstart_unix_drain_options *options, size_t size)
{
    sized_write(options, size, &defaults, sizeof(defaults));
}

static int copy_options(struct warmstart_unix_drain_options *copy,
                        const struct warmstart_unix_drain_options *options)
{
    *copy = defaults;
    if (sized_read(copy, sizeof(*copy), options, sizeof(*copy)) < 0)
        return WARMSTART_ERR_UNSUPPORTED;
    bool valid =
        copy->timeout_ms <= TIMEOUT_MS_MAX && (uint64_t)copy->delay_ms + copy->spread_ms <= copy->timeout_ms;
    return valid ? 0 : WARMSTART_ERR_INVALID;
}

/* ---- The end ---- */

static void end(struct warmstart_unix *server, int complete)
{
    struct drain *drain = &server->drain;
    drain->over = true;
    warmstart_loop_timer_cancel(server->loop, &drain->step);
    warmstart_loop_timer_cancel(server->loop, &drain->limit);
    warmstart_loop_undefer(server->loop, &drain->check);
    if (drain->options.on_drained)
        drain->options.on_drained(drain->options.user, complete);
}

static struct warmstart_unix *unix_of_drain(struct drain *drain)
{
    return (struct warmstart_unix *)((char *)drain - offsetof(struct warmstart_unix, drain));
}

static void on_limit(struct warmstart_timer *timer, uint64_t now)
{
    (void)now;
    end(unix_of_drain((struct drain *)((char *)timer - offsetof(struct drain, limit))), 0);
}

static void on_check(struct warmstart_task *task)
{
    struct warmstart_unix *server =
        unix_of_drain((struct drain *)((char *)task - offsetof(struct drain, check)));
    if (server->transport.waiters == 0 && server->transport.dispatches == 0 &&
        warmstart_unix_connections_are_told(server))
        end(server, 1);
}

void warmstart_unix_check_drained(struct warmstart_unix *server)
{
    if (server->drain.phase == DRAIN_LETTING_GO && !server->drain.over && !server->closing)
        warmstart_loop_defer(server->loop, &server->drain.check);
}

/* ---- Letting go ---- */

static void let_go(struct warmstart_unix *server, uint64_t now)
{
    struct drain *drain = &server->drain;
    size_t due = spread_due_by(&drain->spread, now);
    drain->spread.gone += warmstart_unix_waits_let_go(server, due - drain->spread.gone);
    bool done =
        due >= drain->spread.all || server->waits_len == 0 ||
        warmstart_loop_timer_set(server->loop, &drain->step, spread_due_at(&drain->spread, due + 1)) < 0;
    if (done)
        warmstart_unix_waits_let_go(server, SIZE_MAX);
    warmstart_unix_connections_touch(server);
    warmstart_unix_check_drained(server);
}

static void begin(struct warmstart_unix *server, uint64_t now)
{
    struct drain *drain = &server->drain;
    drain->phase = DRAIN_LETTING_GO;
    spread_begin(&drain->spread, now, drain->options.spread_ms, server->waits_len);
    (void)warmstart_acceptors_hand_on(&server->acceptors, WARMSTART_UNIX_ALL);
    let_go(server, now);
}

static void on_step(struct warmstart_timer *timer, uint64_t now)
{
    struct warmstart_unix *server =
        unix_of_drain((struct drain *)((char *)timer - offsetof(struct drain, step)));
    if (server->drain.phase == DRAIN_ANNOUNCED)
        begin(server, now);
    else
        let_go(server, now);
}

int warmstart_unix_drain(struct warmstart_unix *server, const struct warmstart_unix_drain_options *options)
{
    struct warmstart_unix_drain_options copy;
    if (!server || server->drain.phase != DRAIN_NOT)
        return WARMSTART_ERR_INVALID;
    int error = copy_options(&copy, options);
    if (error < 0)
        return error;
    struct drain *drain = &server->drain;
    uint64_t now = warmstart_loop_now(server->loop);
    error = warmstart_loop_timer_set(server->loop, &drain->step, now + copy.delay_ms * MILLISECOND_NS);
    if (error == 0)
        error = warmstart_loop_timer_set(server->loop, &drain->limit, now + copy.timeout_ms * MILLISECOND_NS);
    if (error < 0) {
        warmstart_loop_timer_cancel(server->loop, &drain->step);
        return error;
    }
    drain->options = copy;
    drain->phase = DRAIN_ANNOUNCED;
    if (copy.delay_ms > 0)
        return 0;
    warmstart_loop_timer_cancel(server->loop, &drain->step);
    begin(server, now);
    return 0;
}

void warmstart_unix_drain_init(struct warmstart_unix *server)
{
    server->drain.step.due = on_step;
    server->drain.limit.due = on_limit;
    server->drain.check.run = on_check;
}

void warmstart_unix_drain_deinit(struct warmstart_unix *server)
{
    warmstart_loop_timer_cancel(server->loop, &server->drain.step);
    warmstart_loop_timer_cancel(server->loop, &server->drain.limit);
    warmstart_loop_undefer(server->loop, &server->drain.check);
}
