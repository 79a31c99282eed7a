/* SPDX-License-Identifier: MIT */
#include "generic_request.h"

#include "answer.h"
#include "auth.h"
#include "body.h"
#include "dispatch.h"
#include "headers.h"
#include "held_poll.h"

/* Reads what the body says, and lets the body go: a wait may last. */
static bool read_wait(struct connection *connection, struct generic_wait *ret_asked,
                      struct generic_error *ret_error)
{
    struct body *body = connection->body;
    int read =
        warmstart_generic_read_wait(body ? body->data : NULL, body ? body->bytes : 0, ret_asked, ret_error);
    warmstart_http_body_drop(connection->http, body);
    connection->body = NULL;
    return read == 1;
}

enum MHD_Result warmstart_http_generic_wait(struct connection *connection, const char *method,
                                            const char *target, const char *version)
{
    struct warmstart_http *http = connection->http;
    if (warmstart_http_poll_is_untimely(connection))
        return warmstart_http_poll_turn_away(connection);
    struct generic_wait asked;
    struct generic_error error;
    char message[REFUSAL_MESSAGE_BYTES];
    const struct headers *headers = warmstart_http_headers_read(connection, method, target, version);
    if (!read_wait(connection, &asked, &error))
        return warmstart_http_answer_bad_body(connection, &error);
    if (!warmstart_http_auth_wait(http, &asked, headers, message))
        return warmstart_http_answer_refusal(connection, REFUSAL_TOKEN_REFUSED, message);
    uint32_t allowed_ms = http->options.connection_timeout_ms;
    uint32_t timeout_ms =
        asked.timeout_ms > 0 && asked.timeout_ms < allowed_ms ? asked.timeout_ms : allowed_ms;
    struct poll_request request = {
        .fields = asked.metadata.fields,
        .fields_len = asked.metadata.fields_len,
        .controller_id = {asked.id, asked.id_bytes},
        .instance = {asked.instance, asked.instance_bytes},
        /* It is us who end it, so it can have a message up to its end. */
        .match_ns = timeout_ms * MILLISECOND_NS,
        .hold_ns = timeout_ms * MILLISECOND_NS,
    };
    if (!warmstart_http_poll_read_ack(&headers->ack, &request.acknowledges))
        return warmstart_http_poll_refuse_ack(connection);
    return warmstart_http_poll_hold(connection, &request);
}

enum MHD_Result warmstart_http_generic_dispatch(struct connection *connection, const char *method,
                                                const char *target, const char *version)
{
    struct body *body = connection->body;
    struct generic_dispatch asked;
    struct generic_error error;
    if (!warmstart_generic_read_dispatch(body ? body->data : NULL, body ? body->bytes : 0, &asked, &error))
        return warmstart_http_answer_bad_body(connection, &error);
    const struct headers *headers = warmstart_http_headers_read(connection, method, target, version);
    struct dispatch_request request = {
        .query = {.fields = asked.match.fields, .fields_len = asked.match.fields_len, .how = asked.how},
        .payload = asked.payload,
        .payload_bytes = asked.payload_bytes,
        .traceparent = headers->traceparent,
        .timeout_ms = asked.timeout_ms,
        .attempts = asked.attempts,
    };
    return warmstart_http_dispatch_hold(connection, &request);
}
