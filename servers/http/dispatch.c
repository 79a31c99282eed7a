/* SPDX-License-Identifier: MIT */
#include "dispatch.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "body.h"
#include "headers.h"
#include "log.h"
#include "metrics.h"

const char *warmstart_http_post_outcome_name(enum post_outcome outcome)
{
    static const char *const names[POST_OUTCOMES] = {
        [POST_DELIVERED] = "delivered", [POST_LOST] = "lost",
        [POST_UNCERTAIN] = "uncertain", [POST_TIMEOUT] = "timeout",
        [POST_CANCELLED] = "cancelled", [POST_SHUTDOWN] = "shutdown",
        [POST_NO_MATCH] = "no_match",   [POST_UNMATCHABLE] = "unmatchable",
        [POST_DRAINING] = "draining",   [POST_LIMIT] = "limit",
    };
    return names[outcome];
}

static struct dispatch *dispatch_of_link(struct link *link)
{
    return (struct dispatch *)((char *)link - offsetof(struct dispatch, link));
}

/* ---- From request to dispatch ---- */

static void drop_body(struct dispatch *dispatch)
{
    warmstart_http_body_drop(http_of_transport(dispatch->origin.transport), dispatch->body);
    dispatch->body = NULL;
}

static struct dispatch *new_dispatch(struct connection *connection, const struct dispatch_request *asked)
{
    const struct trigger_value *traceparent = &asked->traceparent;
    struct dispatch *dispatch = malloc(sizeof(*dispatch));
    if (!dispatch)
        return NULL;
    dispatch->origin = (struct warmstart_origin){.transport = &connection->http->transport};
    dispatch->link = (struct link){0};
    dispatch->connection = connection;
    dispatch->id = 0;
    dispatch->settled = false;
    dispatch->kept = NULL;
    dispatch->body = connection->body;
    connection->body = NULL;
    dispatch->received_at = warmstart_http_clock();
    dispatch->run_bytes = asked->run.bytes;
    if (asked->run.bytes > 0)
        memcpy(dispatch->run, asked->run.text, asked->run.bytes);
    bool traced = warmstart_trigger_traceparent(traceparent->text, traceparent->bytes) == 1;
    dispatch->traceparent_bytes = traced ? TRIGGER_TRACEPARENT_BYTES : 0;
    if (traced)
        memcpy(dispatch->traceparent, traceparent->text, TRIGGER_TRACEPARENT_BYTES);
    return dispatch;
}

/* Counts and logs what became of a POST. settlement NULL: it never was a dispatch. */
static void conclude(struct warmstart_http *http, const struct dispatch *dispatch, enum post_outcome outcome,
                     enum trigger_misfit misfit, const struct warmstart_settlement *settlement)
{
    uint64_t duration_ns = warmstart_http_clock() - dispatch->received_at;
    http->counters.posts_total[outcome]++;
    if (outcome == POST_UNMATCHABLE)
        http->counters.misfits_total[misfit]++;
    if (outcome == POST_DELIVERED)
        warmstart_http_metrics_hand_over(http, duration_ns);
    warmstart_http_log_dispatch(http, dispatch, outcome, misfit, settlement, duration_ns);
}

/* What is told at once: nobody got it. */
static enum MHD_Result answer_false(struct dispatch *dispatch, enum post_outcome outcome,
                                    enum trigger_misfit misfit)
{
    struct connection *connection = dispatch->connection;
    struct warmstart_http *http = connection->http;
    conclude(http, dispatch, outcome, misfit, NULL);
    drop_body(dispatch);
    free(dispatch);
    return warmstart_http_answer_outcome(connection, false, outcome, 0, NULL);
}

static enum post_outcome outcome_of_error(int answer)
{
    switch (answer) {
    case WARMSTART_ERR_LIMIT:
    case WARMSTART_ERR_MEMORY:
        return POST_LIMIT;
    case WARMSTART_ERR_SHUTDOWN:
        return POST_SHUTDOWN;
    default:
        return POST_NO_MATCH;
    }
}

/* What was asked for, if it was; never more than is allowed. */
static uint32_t within(uint32_t asked, uint32_t allowed)
{
    return asked > 0 && asked < allowed ? asked : allowed;
}

static int ask(struct dispatch *dispatch, const struct dispatch_request *asked)
{
    struct warmstart_http *http = dispatch->connection->http;
    const struct warmstart_http_options *options = &http->options;
    uint32_t timeout_ms = within(asked->timeout_ms, options->dispatch_timeout_ms);
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.deadline = warmstart_loop_clock(http->loop) + timeout_ms * MILLISECOND_NS;
    delivery.attempts_max = within(asked->attempts, options->attempts_max);
    delivery.retry_uncertain = options->on_uncertain == WARMSTART_HTTP_UNCERTAIN_RETRY;
    assert(dispatch->body); /* a request without one has not come so far */
    struct warmstart_payload *payload = &dispatch->body->payload;
    payload->data = asked->payload;
    payload->data_bytes = asked->payload_bytes;
    return warmstart_loop_dispatch(&dispatch->origin, &asked->query, &delivery, payload, &dispatch->id);
}

static enum MHD_Result hold(struct dispatch *dispatch)
{
    struct connection *connection = dispatch->connection;
    struct warmstart_http *http = connection->http;
    link_insert_before(&http->dispatches, &dispatch->link);
    connection->dispatch = dispatch;
    if (warmstart_http_connection_hold(connection) == 0) {
        /* The watch says so only once, and that may have been before this request. */
        if (connection->peer_gone)
            warmstart_http_dispatch_leave(connection);
        return MHD_YES;
    }
    /* Without a watch the supervisor's leaving would go unnoticed, and this cannot be held without one. */
    warmstart_http_dispatch_over(connection);
    return MHD_NO;
}

enum MHD_Result warmstart_http_dispatch_hold(struct connection *connection,
                                             const struct dispatch_request *asked)
{
    struct dispatch *dispatch = new_dispatch(connection, asked);
    if (!dispatch)
        return warmstart_http_answer_refusal(connection, REFUSAL_MEMORY, "out of memory");
    if (asked->misfit != TRIGGER_MISFIT_NONE)
        return answer_false(dispatch, POST_UNMATCHABLE, asked->misfit);
    if (warmstart_http_takes_no_runs(connection->http))
        return answer_false(dispatch, POST_DRAINING, TRIGGER_MISFIT_NONE);
    int answer = ask(dispatch, asked);
    if (answer < 1)
        return answer_false(dispatch, outcome_of_error(answer), TRIGGER_MISFIT_NONE);
    return hold(dispatch);
}

enum MHD_Result warmstart_http_dispatch_begin(struct connection *connection, const char *method,
                                              const char *target, const char *version)
{
    struct trigger_dispatch asked;
    struct trigger_error error;
    struct body *body = connection->body;
    if (warmstart_trigger_read_dispatch(body ? body->data : NULL, body ? body->bytes : 0, &asked, &error) < 0)
        return warmstart_http_answer_bad(connection, &error);
    const struct headers *headers = warmstart_http_headers_read(connection, method, target, version);
    struct dispatch_request request = {
        .query = {.fields = asked.fields, .fields_len = TRIGGER_FIELDS, .how = WARMSTART_MATCH_EXACT},
        .misfit = asked.misfit,
        .payload = asked.message,
        .payload_bytes = asked.message_bytes,
        .run = {asked.run, asked.run_bytes},
        .traceparent = headers->traceparent,
    };
    return warmstart_http_dispatch_hold(connection, &request);
}

/* ---- The end of a dispatch ---- */

void warmstart_http_dispatch_leave(struct connection *connection)
{
    warmstart_loop_cancel_dispatch(connection->http->loop, connection->dispatch->id);
}

void warmstart_http_dispatch_over(struct connection *connection)
{
    struct dispatch *dispatch = connection->dispatch;
    connection->dispatch = NULL;
    dispatch->connection = NULL;
    if (!dispatch->settled) {
        warmstart_loop_cancel_dispatch(connection->http->loop, dispatch->id);
        return;
    }
    warmstart_http_answer_give_back(connection->http, dispatch->kept);
    free(dispatch);
}

void warmstart_http_dispatch_abandon_all(struct warmstart_http *http)
{
    for (struct link *link = http->dispatches.next; link != &http->dispatches; link = link->next)
        warmstart_loop_abandon_dispatch(http->loop, dispatch_of_link(link)->id);
}

static enum post_outcome outcome_of(enum warmstart_outcome outcome)
{
    switch (outcome) {
    case WARMSTART_OUTCOME_DELIVERED:
        return POST_DELIVERED;
    case WARMSTART_OUTCOME_LOST:
        return POST_LOST;
    case WARMSTART_OUTCOME_UNCERTAIN:
        return POST_UNCERTAIN;
    case WARMSTART_OUTCOME_TIMEOUT:
        return POST_TIMEOUT;
    case WARMSTART_OUTCOME_CANCELLED:
        return POST_CANCELLED;
    case WARMSTART_OUTCOME_SHUTDOWN:
        return POST_SHUTDOWN;
    }
    return POST_UNCERTAIN;
}

static enum MHD_Result tell(struct dispatch *dispatch, enum post_outcome outcome,
                            const struct warmstart_settlement *settlement)
{
    struct connection *connection = dispatch->connection;
    bool warm =
        outcome == POST_UNCERTAIN && connection->http->options.on_uncertain == WARMSTART_HTTP_UNCERTAIN_TRUE;
    if (outcome == POST_DELIVERED)
        return warmstart_http_answer_delivered(connection, settlement->attempts, settlement->conn,
                                               &dispatch->kept);
    return warmstart_http_answer_outcome(connection, warm, outcome, settlement->attempts, NULL);
}

/* The supervisor is still there, held. */
static void answer(struct dispatch *dispatch, enum post_outcome outcome,
                   const struct warmstart_settlement *settlement)
{
    struct connection *connection = dispatch->connection;
    if (!connection->peer_gone && tell(dispatch, outcome, settlement) == MHD_YES)
        warmstart_http_connection_resume(connection);
    else
        warmstart_http_connection_doom(connection);
}

void warmstart_http_dispatch_settled(struct warmstart_origin *origin,
                                     const struct warmstart_settlement *settlement)
{
    struct warmstart_http *http = http_of_transport(origin->transport);
    struct dispatch *dispatch = (struct dispatch *)origin;
    enum post_outcome outcome = outcome_of(settlement->outcome);
    conclude(http, dispatch, outcome, TRIGGER_MISFIT_NONE, settlement);
    link_remove(&dispatch->link);
    drop_body(dispatch);
    dispatch->settled = true;
    if (dispatch->connection)
        answer(dispatch, outcome, settlement);
    else
        free(dispatch);
    warmstart_http_check_drained(http);
}
