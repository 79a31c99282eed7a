/* SPDX-License-Identifier: MIT */
#include "state.h"

/* ---- Attaching ---- */

int warmstart_loop_attach(struct warmstart_loop *loop, struct warmstart_transport *transport,
                          const struct warmstart_transport_operations *operations)
{
    if (!loop || !transport || !operations || transport->loop)
        return WARMSTART_ERR_INVALID;
    if (operations->size != sizeof(*operations))
        return WARMSTART_ERR_UNSUPPORTED;
    if (!operations->name || !operations->deliver || !operations->ended || !operations->settled)
        return WARMSTART_ERR_INVALID;

    *transport = (struct warmstart_transport){.operations = operations, .loop = loop};
    loop->transports++;
    return 0;
}

int warmstart_loop_detach(struct warmstart_transport *transport)
{
    if (!transport)
        return WARMSTART_ERR_INVALID;
    struct warmstart_loop *loop = transport->loop;
    if (!loop)
        return 0;
    if (loop->busy)
        return WARMSTART_ERR_INVALID;

    loop->now = warmstart_loop_now(loop);
    loop->busy = true;
    warmstart_events_serve(loop);
    loop->busy = false;
    if (transport->waiters > 0 || transport->dispatches > 0)
        return WARMSTART_ERR_INVALID;

    transport->loop = NULL;
    assert(loop->transports > 0);
    loop->transports--;
    return 0;
}

/* ---- Calls of the core ---- */

/*
 * Every call of the core may make events, if only because time passes in it. Inside a round they are handled
 * after the callback that made the call; outside, the next round is due at once.
 */
static struct warmstart_manager *enter(struct warmstart_loop *loop)
{
    loop->events_pending = true;
    return loop->manager;
}

static bool is_held(const struct warmstart_payload *payload)
{
    return payload && payload->references > 0 && payload->release &&
           (payload->data || payload->data_bytes == 0);
}

static bool is_attached(const struct warmstart_transport *transport)
{
    return transport && transport->loop;
}

int warmstart_loop_register(struct warmstart_conn *conn, struct warmstart_registration *registration,
                            warmstart_waiter_id *ret_waiter)
{
    if (!conn || !is_attached(conn->transport) || !registration)
        return WARMSTART_ERR_INVALID;
    struct warmstart_loop *loop = conn->transport->loop;
    registration->conn = conn;
    int answer = warmstart_register(enter(loop), registration, ret_waiter, warmstart_loop_now(loop));
    if (answer < 0)
        return answer;
    conn->transport->waiters++;
    loop->waiters++;
    return answer;
}

int warmstart_loop_cancel(struct warmstart_loop *loop, warmstart_waiter_id waiter)
{
    if (!loop)
        return WARMSTART_ERR_INVALID;
    return warmstart_cancel(enter(loop), waiter, warmstart_loop_now(loop));
}

int warmstart_loop_report(struct warmstart_loop *loop, warmstart_waiter_id waiter,
                          enum warmstart_outcome outcome)
{
    if (!loop)
        return WARMSTART_ERR_INVALID;
    return warmstart_report(enter(loop), waiter, outcome, warmstart_loop_now(loop));
}

int warmstart_loop_dispatch(struct warmstart_origin *origin, const struct warmstart_query *query,
                            struct warmstart_delivery *delivery, struct warmstart_payload *payload,
                            warmstart_dispatch_id *ret_dispatch)
{
    if (!origin || !is_attached(origin->transport) || !delivery || !is_held(payload))
        return WARMSTART_ERR_INVALID;
    struct warmstart_loop *loop = origin->transport->loop;
    uint64_t now = warmstart_loop_now(loop);
    delivery->origin = origin;
    delivery->payload = payload;
    delivery->payload_bytes = payload->data_bytes;
    int answer = warmstart_dispatch(enter(loop), query, delivery, ret_dispatch, now);
    if (answer < 1)
        return answer;
    warmstart_payload_hold(payload);
    origin->started_at = now;
    origin->transport->dispatches++;
    loop->dispatches++;
    return answer;
}

int warmstart_loop_cancel_dispatch(struct warmstart_loop *loop, warmstart_dispatch_id dispatch)
{
    if (!loop)
        return WARMSTART_ERR_INVALID;
    return warmstart_cancel_dispatch(enter(loop), dispatch, warmstart_loop_now(loop));
}

int warmstart_loop_abandon_dispatch(struct warmstart_loop *loop, warmstart_dispatch_id dispatch)
{
    if (!loop)
        return WARMSTART_ERR_INVALID;
    return warmstart_abandon_dispatch(enter(loop), dispatch, warmstart_loop_now(loop));
}

int warmstart_loop_cordon(struct warmstart_loop *loop, const char *instance, size_t instance_bytes,
                          uint64_t until)
{
    if (!loop)
        return WARMSTART_ERR_INVALID;
    return warmstart_cordon(enter(loop), instance, instance_bytes, until, warmstart_loop_now(loop));
}

int warmstart_loop_retire(struct warmstart_loop *loop, const char *controller_id, size_t controller_id_bytes,
                          uint64_t until)
{
    if (!loop)
        return WARMSTART_ERR_INVALID;
    return warmstart_retire(enter(loop), controller_id, controller_id_bytes, until, warmstart_loop_now(loop));
}

int warmstart_loop_shutdown(struct warmstart_loop *loop)
{
    if (!loop)
        return WARMSTART_ERR_INVALID;
    return warmstart_manager_shutdown(enter(loop), warmstart_loop_now(loop));
}

/* ---- Events ---- */

/* What warmstart_loop_dispatch() gave to the core, which promises not to touch it. */
static struct warmstart_payload *payload_of(const struct warmstart_event *event)
{
    return (struct warmstart_payload *)(uintptr_t)event->payload;
}

static void deliver(const struct warmstart_event *event)
{
    struct warmstart_conn *conn = event->conn;
    conn->transport->operations->deliver(conn, event->waiter, payload_of(event));
}

/* The counts go down before the call, which may ask for them and may free what holds the transport. */
static void end(struct warmstart_loop *loop, const struct warmstart_event *event)
{
    struct warmstart_conn *conn = event->conn;
    struct warmstart_transport *transport = conn->transport;
    assert(transport->loop == loop && transport->waiters > 0 && loop->waiters > 0);
    transport->waiters--;
    loop->waiters--;
    transport->operations->ended(conn, event->waiter, event->ending);
}

static void settle(struct warmstart_loop *loop, const struct warmstart_event *event)
{
    struct warmstart_origin *origin = event->origin;
    struct warmstart_transport *transport = origin->transport;
    assert(transport->loop == loop && transport->dispatches > 0 && loop->dispatches > 0);
    transport->dispatches--;
    loop->dispatches--;

    /* A round's `now` would make every hand-over within one round take no time at all: ask the clock. */
    uint64_t ended_at = loop->clock(loop->clock_user);
    struct warmstart_settlement settlement = {
        .dispatch = event->dispatch,
        .outcome = event->outcome,
        .attempts = event->attempts,
        .conn = event->conn,
        .duration_ns = ended_at > origin->started_at ? ended_at - origin->started_at : 0,
    };
    transport->operations->settled(origin, &settlement);
    warmstart_payload_drop(payload_of(event));
}

static void hand_out(struct warmstart_loop *loop, const struct warmstart_event *event)
{
    switch (event->type) {
    case WARMSTART_EVENT_DELIVER:
        deliver(event);
        break;
    case WARMSTART_EVENT_ENDED:
        end(loop, event);
        break;
    case WARMSTART_EVENT_SETTLED:
        settle(loop, event);
        break;
    }
}

void warmstart_events_serve(struct warmstart_loop *loop)
{
    /* An event belongs to a waiter or a dispatch that was not ended, and each has one at a time: so this many
     * cover all that are pending, and callbacks that make new ones cannot keep us here for ever. */
    uint64_t events_max = loop->waiters + loop->dispatches;
    struct warmstart_event event;
    for (uint64_t i = 0; i < events_max; i++) {
        if (warmstart_next_event(loop->manager, &event) != 1) {
            loop->events_pending = false;
            return;
        }
        hand_out(loop, &event);
    }
    /* All were handed out, or there are some left for the next turn: pulling is the only way to know. */
    loop->events_pending = events_max > 0;
}
