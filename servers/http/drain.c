/* SPDX-License-Identifier: MIT */
#include "drain.h"

#include <stddef.h>

#include "confirm.h"
#include "connection.h"
#include "deadline.h"
#include "held_poll.h"
#include "sized.h"

/* So long no poll has come or got a run when polls are let go; they are after the second time in any case. */
#define CALM_NS     (20 * MILLISECOND_NS)
#define CALM_NS_MAX (200 * MILLISECOND_NS)

/* After this time a client has noticed that connections were closed. */
#define HEARD_NS (10 * MILLISECOND_NS)

/* ---- Options ---- */

static const struct warmstart_http_drain_options defaults = {
    .size = sizeof(defaults),
    .timeout_ms = 10000,
    .parting = WARMSTART_HTTP_CLOSE,
};

void warmstart_http_drain_options_init_sized(struct warmstart_http_drain_options *options, size_t size)
{
    sized_write(options, size, &defaults, sizeof(defaults));
}

static int copy_options(struct warmstart_http_drain_options *copy,
                        const struct warmstart_http_drain_options *options)
{
    *copy = defaults;
    if (sized_read(copy, sizeof(*copy), options, sizeof(*copy)) < 0)
        return WARMSTART_ERR_UNSUPPORTED;
    bool valid = copy->timeout_ms <= TIMEOUT_MS_MAX &&
                 (uint64_t)copy->delay_ms + copy->spread_ms <= copy->timeout_ms &&
                 (copy->parting == WARMSTART_HTTP_CLOSE || copy->parting == WARMSTART_HTTP_REDIRECT);
    return valid ? 0 : WARMSTART_ERR_INVALID;
}

/* ---- Handing on ---- */

bool warmstart_http_drain_has_handed_on(const struct connection *connection)
{
    return connection->shared && (connection->role & ~(unsigned)connection->http->drain.handed_on) == 0;
}

void warmstart_http_drain_written(struct connection *connection)
{
    const struct poll *poll = connection->confirming;
    /* Whoever acknowledges by itself may do so on this very connection. */
    if (poll && !poll->acknowledges && warmstart_http_drain_has_handed_on(connection))
        warmstart_http_confirm_say_end(connection);
}

static void close_unused(struct connection *connection)
{
    /* A TLS handshake is not unused, and to close what is being confirmed would look like a loss. */
    if (!connection->confirming && warmstart_http_drain_has_handed_on(connection) &&
        !connection->handshake.next && !warmstart_http_connection_is_unheard(connection))
        warmstart_http_deadline_end(connection);
}

static void for_each(struct link *connections, void (*call)(struct connection *))
{
    for (struct link *link = connections->next, *next; link != connections; link = next) {
        next = link->next;
        call(connection_of_timeout((struct timeout *)link));
    }
}

/*
 * What is new had better wait for the next process, if there is one: nothing more is accepted from listeners
 * that it has too. A client that has an unused connection to us would send its next request to the wrong
 * process, so these are closed; a new one it gets from the next. All at the same moment: who fails on one
 * that was just closed would try again on another that is about to be, and fail for the second time. Who has
 * just got a run begins with the other one, so the one that it came on is the first to go.
 */
static void hand_on(struct warmstart_http *http, enum warmstart_http_role roles)
{
    http->drain.handed_on |= (uint8_t)roles;
    (void)warmstart_acceptors_hand_on(&http->acceptors, roles);
    for_each(&http->deadlines[PHASE_IDLE].list, warmstart_http_drain_written);
    for_each(&http->deadlines[PHASE_IDLE].list, close_unused);
    for_each(&http->deadlines[PHASE_HEADER].list, close_unused);
}

/* No poll is left to be let go. */
static void hand_on_all(struct warmstart_http *http)
{
    warmstart_loop_timer_cancel(http->loop, &http->drain.step);
    hand_on(http, WARMSTART_HTTP_ALL);
}

/* ---- The end ---- */

static void end(struct warmstart_http *http, int complete)
{
    struct drain *drain = &http->drain;
    drain->over = true;
    hand_on_all(http);
    warmstart_loop_timer_cancel(http->loop, &drain->limit);
    warmstart_loop_undefer(http->loop, &drain->check);
    if (drain->options.on_drained)
        drain->options.on_drained(drain->options.user, complete);
}

static struct warmstart_http *http_of_drain(struct drain *drain)
{
    return (struct warmstart_http *)((char *)drain - offsetof(struct warmstart_http, drain));
}

static void on_limit(struct warmstart_timer *timer, uint64_t now)
{
    (void)now;
    end(http_of_drain((struct drain *)((char *)timer - offsetof(struct drain, limit))), 0);
}

static void on_check(struct warmstart_task *task)
{
    struct warmstart_http *http =
        http_of_drain((struct drain *)((char *)task - offsetof(struct drain, check)));
    if (http->polls_len == 0)
        hand_on_all(http);
    if (http->transport.waiters == 0 && http->transport.dispatches == 0 &&
        link_is_empty(&http->turns.waiting))
        end(http, 1);
}

void warmstart_http_check_drained(struct warmstart_http *http)
{
    if (warmstart_http_is_refusing(http) && !http->drain.over && !http->closing)
        warmstart_loop_defer(http->loop, &http->drain.check);
}

/* ---- Letting go ---- */

/*
 * The newest first: the oldest are about to end by themselves, and a controller whose poll ends by its own
 * time limit begins the next without a pause.
 */
static void let_go(struct warmstart_http *http, uint64_t now)
{
    struct drain *drain = &http->drain;
    size_t due = spread_due_by(&drain->spread, now);
    drain->spread.gone += warmstart_http_poll_cancel_newest(http, due - drain->spread.gone);
    bool done =
        due >= drain->spread.all || http->polls_len == 0 ||
        warmstart_loop_timer_set(http->loop, &drain->step, spread_due_at(&drain->spread, due + 1)) < 0;
    if (done) {
        warmstart_http_poll_cancel_all(http);
        hand_on_all(http);
    }
    warmstart_http_check_drained(http);
}

static void begin_to_let_go(struct warmstart_http *http, uint64_t now)
{
    struct drain *drain = &http->drain;
    drain->phase = DRAIN_LETTING_GO;
    spread_begin(&drain->spread, now, drain->options.spread_ms, http->polls_len);
    let_go(http, now);
}

/* ---- Calming down ---- */

/* What the next process can have as soon as the first poll is let go. */
static enum warmstart_http_role roles_at_once(const struct drain *drain)
{
    return drain->options.spread_ms > 0 ? WARMSTART_HTTP_POLL : WARMSTART_HTTP_ALL;
}

/*
 * Who has got a run a moment ago may be about to poll again on a connection that is to be closed, and would
 * fail on it, or twice if it has two. So no more runs are handed over first, until no poll has come for a
 * while: whoever waits then waits in a held poll. A moment after all other connections these are let go.
 */
static void calm_down(struct warmstart_http *http, uint64_t now)
{
    struct drain *drain = &http->drain;
    uint64_t end = drain->since + CALM_NS_MAX;
    uint64_t next = http->stirred_at + CALM_NS < end ? http->stirred_at + CALM_NS : end;
    if (now >= next) {
        drain->phase = DRAIN_HANDING_ON;
        hand_on(http, roles_at_once(drain));
        next = now + HEARD_NS;
    }
    if (warmstart_loop_timer_set(http->loop, &drain->step, next) < 0)
        begin_to_let_go(http, now);
}

static void begin(struct warmstart_http *http, uint64_t now)
{
    struct drain *drain = &http->drain;
    drain->phase = DRAIN_CALMING_DOWN;
    drain->since = now;
    /* Without a next process that has the sockets there is nothing to be gained. */
    if (warmstart_acceptors_hand_on(&http->acceptors, roles_at_once(drain)))
        calm_down(http, now);
    else
        begin_to_let_go(http, now);
}

static void on_step(struct warmstart_timer *timer, uint64_t now)
{
    struct warmstart_http *http =
        http_of_drain((struct drain *)((char *)timer - offsetof(struct drain, step)));
    switch (http->drain.phase) {
    case DRAIN_ANNOUNCED:
        begin(http, now);
        break;
    case DRAIN_CALMING_DOWN:
        calm_down(http, now);
        break;
    case DRAIN_HANDING_ON:
        begin_to_let_go(http, now);
        break;
    case DRAIN_LETTING_GO:
        let_go(http, now);
        break;
    case DRAIN_NOT:
        break;
    }
}

int warmstart_http_drain(struct warmstart_http *http, const struct warmstart_http_drain_options *options)
{
    struct warmstart_http_drain_options copy;
    if (!http || warmstart_http_is_stopping(http))
        return WARMSTART_ERR_INVALID;
    int error = copy_options(&copy, options);
    if (error < 0)
        return error;
    struct drain *drain = &http->drain;
    uint64_t now = warmstart_loop_now(http->loop);
    error = warmstart_loop_timer_set(http->loop, &drain->step, now + copy.delay_ms * MILLISECOND_NS);
    if (error == 0)
        error = warmstart_loop_timer_set(http->loop, &drain->limit, now + copy.timeout_ms * MILLISECOND_NS);
    if (error < 0) {
        warmstart_loop_timer_cancel(http->loop, &drain->step);
        return error;
    }
    drain->options = copy;
    drain->phase = DRAIN_ANNOUNCED;
    if (copy.delay_ms > 0)
        return 0;
    warmstart_loop_timer_cancel(http->loop, &drain->step);
    begin(http, now);
    return 0;
}

void warmstart_http_drain_init(struct warmstart_http *http)
{
    http->drain.step.due = on_step;
    http->drain.limit.due = on_limit;
    http->drain.check.run = on_check;
}

void warmstart_http_drain_deinit(struct warmstart_http *http)
{
    warmstart_loop_timer_cancel(http->loop, &http->drain.step);
    warmstart_loop_timer_cancel(http->loop, &http->drain.limit);
    warmstart_loop_undefer(http->loop, &http->drain.check);
}
