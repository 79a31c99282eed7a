/* SPDX-License-Identifier: MIT */
#include "held_poll.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "auth.h"
#include "confirm.h"
#include "dispatch.h"
#include "drain.h"
#include "headers.h"
#include "log.h"

/* How long after connectionTimeoutMs a poll that the client did not give up is dropped. */
#define GRACE_NS SECOND_NS

static struct poll *poll_of_link(struct link *link)
{
    return (struct poll *)((char *)link - offsetof(struct poll, link));
}

/* ---- From request to waiter ---- */

static struct poll *new_poll(struct connection *connection, const struct poll_request *asked)
{
    size_t id_bytes = asked->controller_id.bytes;
    assert(asked->instance.bytes <= UINT16_MAX);
    size_t bytes = offsetof(struct poll, names) + id_bytes + asked->instance.bytes;
    struct poll *poll = malloc(bytes > sizeof(*poll) ? bytes : sizeof(*poll));
    if (!poll)
        return NULL;
    *poll = (struct poll){
        .conn = {.transport = &connection->http->transport,
                 .controller_id = poll->names,
                 .controller_id_bytes = id_bytes},
        .connection = connection,
        .since = warmstart_loop_now(connection->http->loop),
        .acknowledges = asked->acknowledges,
        .instance_bytes = (uint16_t)asked->instance.bytes,
    };
    if (id_bytes > 0)
        memcpy(poll->names, asked->controller_id.text, id_bytes);
    if (asked->instance.bytes > 0)
        memcpy(poll->names + id_bytes, asked->instance.text, asked->instance.bytes);
    return poll;
}

static int register_poll(struct poll *poll, const struct poll_request *asked)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = asked->fields;
    registration.fields_len = asked->fields_len;
    registration.controller_id = poll->names;
    registration.controller_id_bytes = poll->conn.controller_id_bytes;
    registration.instance = poll_instance(poll);
    registration.instance_bytes = poll->instance_bytes;
    registration.match_until = poll->since + asked->match_ns;
    registration.expires_at = poll->since + asked->hold_ns;
    return warmstart_loop_register(&poll->conn, &registration, &poll->waiter);
}

static enum MHD_Result refuse(struct connection *connection, int error)
{
    switch (error) {
    case WARMSTART_ERR_LIMIT:
        return warmstart_http_answer_refusal(connection, REFUSAL_WAITERS_LIMIT,
                                             "as many controllers are waiting as may wait");
    case WARMSTART_ERR_RETIRED:
        /* A status makes the controller exit, which is what it said it would do. */
        return warmstart_http_answer_refusal(connection, REFUSAL_CONTROLLER_RETIRED,
                                             "the controller has said that it leaves");
    case WARMSTART_ERR_SHUTDOWN:
        return warmstart_http_poll_turn_away(connection);
    case WARMSTART_ERR_INVALID:
        return warmstart_http_answer_refusal(connection, REFUSAL_METADATA_REFUSED,
                                             "a name or value is longer than this server takes");
    default:
        return warmstart_http_answer_refusal(connection, REFUSAL_MEMORY, "out of memory");
    }
}

enum MHD_Result warmstart_http_poll_hold(struct connection *connection, const struct poll_request *asked)
{
    struct warmstart_http *http = connection->http;
    struct poll *poll = new_poll(connection, asked);
    if (!poll)
        return refuse(connection, WARMSTART_ERR_MEMORY);
    int error = register_poll(poll, asked);
    if (error < 0) {
        free(poll);
        return refuse(connection, error);
    }
    connection->poll = poll;
    link_insert_before(&http->polls, &poll->link);
    http->polls_len++;
    http->stirred_at = poll->since;
    if (warmstart_http_connection_hold(connection) < 0) {
        /* Not to be watched is not to be held. It ends as soon as this round's events are handed out. */
        warmstart_loop_cancel(http->loop, poll->waiter);
        return refuse(connection, WARMSTART_ERR_MEMORY);
    }
    return MHD_YES;
}

/*
 * To redirect a new poll while stopping would send it round in circles, unless a new connection is the next
 * process's for certain.
 */
static bool can_be_redirected(const struct connection *connection)
{
    return connection->http->drain.options.parting == WARMSTART_HTTP_REDIRECT &&
           warmstart_http_drain_has_handed_on(connection);
}

static enum MHD_Result redirect(struct connection *connection)
{
    struct MHD_Response *elsewhere = connection->http->answers.elsewhere[connection_dialect(connection)];
    return warmstart_http_answer(connection, MHD_HTTP_TEMPORARY_REDIRECT, elsewhere);
}

static enum MHD_Result answer_draining(struct connection *connection)
{
    return warmstart_http_answer_refusal(connection, REFUSAL_DRAINING, "the server stops; wait again");
}

enum MHD_Result warmstart_http_poll_turn_away(struct connection *connection)
{
    if (connection->peer_gone)
        return MHD_NO;
    if (warmstart_http_is_refusing(connection->http) && can_be_redirected(connection))
        return redirect(connection);
    /* A status would make Trigger.dev's controller exit; closed without one it comes back to our successor. */
    return connection_dialect(connection) == DIALECT_GENERIC ? answer_draining(connection) : MHD_NO;
}

bool warmstart_http_poll_is_untimely(const struct connection *connection)
{
    return connection->peer_gone || warmstart_http_is_refusing(connection->http);
}

bool warmstart_http_poll_read_ack(const struct trigger_value *header, bool *ret_acknowledges)
{
    static const char required[] = "required";
    *ret_acknowledges = header->text != NULL;
    return !header->text ||
           (header->bytes == sizeof(required) - 1 && memcmp(header->text, required, header->bytes) == 0);
}

enum MHD_Result warmstart_http_poll_refuse_ack(struct connection *connection)
{
    return warmstart_http_answer_refusal(connection, REFUSAL_HEADER_INVALID,
                                         "x-warmstart-ack: expected required, or no such header");
}

enum MHD_Result warmstart_http_poll_begin(struct connection *connection, const char *method,
                                          const char *target, const char *version)
{
    const struct warmstart_http_options *options = &connection->http->options;
    uint64_t timeout_ns = options->connection_timeout_ms * MILLISECOND_NS;
    if (warmstart_http_poll_is_untimely(connection))
        return warmstart_http_poll_turn_away(connection);
    const struct headers *headers = warmstart_http_headers_read(connection, method, target, version);
    struct trigger_poll asked;
    struct trigger_error error;
    if (!warmstart_trigger_read_poll(headers->fields, &asked, &error))
        return warmstart_http_auth_answer_bad(connection, &error);
    char message[REFUSAL_MESSAGE_BYTES];
    if (!warmstart_http_auth_poll(connection->http, &asked, headers, message))
        return warmstart_http_answer_refusal(connection, REFUSAL_TOKEN_REFUSED, message);
    struct poll_request request = {
        .fields = asked.fields,
        .fields_len = TRIGGER_FIELDS,
        .controller_id = {asked.controller_id, asked.controller_id_bytes},
        .instance = {asked.instance, asked.instance_bytes},
        .match_ns = timeout_ns - options->match_margin_ms * MILLISECOND_NS,
        .hold_ns = timeout_ns + GRACE_NS,
    };
    if (!warmstart_http_poll_read_ack(&headers->ack, &request.acknowledges))
        return warmstart_http_poll_refuse_ack(connection);
    return warmstart_http_poll_hold(connection, &request);
}

enum MHD_Result warmstart_http_poll_acknowledge(struct connection *connection, const char *id,
                                                size_t id_bytes)
{
    struct warmstart_http *http = connection->http;
    enum acknowledgement acknowledgement = warmstart_http_confirm_acknowledge(http, id, id_bytes);
    http->counters.acknowledgements_total[acknowledgement]++;
    switch (acknowledgement) {
    case ACKNOWLEDGEMENT_TAKEN:
        return warmstart_http_answer(connection, MHD_HTTP_OK, http->answers.acknowledged);
    case ACKNOWLEDGEMENT_OVER:
        return warmstart_http_answer_refusal(connection, REFUSAL_DELIVERY_OVER,
                                             "too late, or acknowledged before: the run is not yours");
    case ACKNOWLEDGEMENT_UNKNOWN:
    case ACKNOWLEDGEMENTS:
        break;
    }
    return warmstart_http_answer_refusal(connection, REFUSAL_DELIVERY_UNKNOWN, "there is no such delivery");
}

/* ---- The end of a poll ---- */

void warmstart_http_poll_free_if_over(struct poll *poll)
{
    if (poll->ended && !poll->connection)
        free(poll);
}

void warmstart_http_poll_leave(struct connection *connection)
{
    struct poll *poll = connection->poll;
    if (!poll->ended && !poll->delivering)
        warmstart_loop_cancel(connection->http->loop, poll->waiter);
}

void warmstart_http_poll_over(struct connection *connection, bool whole)
{
    struct warmstart_loop *loop = connection->http->loop;
    struct poll *poll = connection->poll;
    connection->poll = NULL;
    if (!poll->ended && poll->delivering && whole) {
        warmstart_http_confirm_begin(poll);
        return;
    }
    poll->connection = NULL;
    if (!poll->ended && poll->delivering)
        warmstart_loop_report(loop, poll->waiter, WARMSTART_OUTCOME_LOST);
    else if (!poll->ended)
        warmstart_loop_cancel(loop, poll->waiter);
    warmstart_http_poll_free_if_over(poll);
}

void warmstart_http_poll_cancel_all(struct warmstart_http *http)
{
    (void)warmstart_http_poll_cancel_newest(http, SIZE_MAX);
}

size_t warmstart_http_poll_cancel_newest(struct warmstart_http *http, size_t polls_max)
{
    size_t cancelled = 0;
    for (struct link *link = http->polls.previous; link != &http->polls && cancelled < polls_max;
         link = link->previous) {
        struct poll *poll = poll_of_link(link);
        if ((!poll->delivering || http->closing) && warmstart_loop_cancel(http->loop, poll->waiter) > 0)
            cancelled++;
    }
    return cancelled;
}

/* What the generic dialect says about the end of a wait. MHD_NO: nothing. */
static enum MHD_Result answer_ending(struct connection *connection, enum warmstart_ending ending)
{
    switch (ending) {
    case WARMSTART_ENDING_EXPIRED:
        return warmstart_http_answer(connection, MHD_HTTP_NO_CONTENT, connection->http->answers.expired);
    case WARMSTART_ENDING_SUPERSEDED:
        return warmstart_http_answer_refusal(connection, REFUSAL_SUPERSEDED,
                                             "the same controller waits on another connection");
    case WARMSTART_ENDING_RETIRED:
        return refuse(connection, WARMSTART_ERR_RETIRED);
    case WARMSTART_ENDING_CANCELLED:
    case WARMSTART_ENDING_SHUTDOWN:
        return warmstart_http_is_refusing(connection->http) ? answer_draining(connection) : MHD_NO;
    case WARMSTART_ENDING_DELIVERED:
    case WARMSTART_ENDING_LOST:
    case WARMSTART_ENDING_UNCERTAIN:
        break;
    }
    return MHD_NO;
}

/*
 * Held, and over. Trigger.dev's controllers exit when they get a status, so theirs is closed without an
 * answer, or sent elsewhere at the end of all.
 */
static void part(struct connection *connection, enum warmstart_ending ending)
{
    struct warmstart_http *http = connection->http;
    enum MHD_Result answered = MHD_NO;
    if (connection->peer_gone)
        answered = MHD_NO;
    else if (ending == WARMSTART_ENDING_CANCELLED && warmstart_http_is_refusing(http) &&
             http->drain.options.parting == WARMSTART_HTTP_REDIRECT)
        answered = redirect(connection);
    else if (connection_dialect(connection) == DIALECT_GENERIC)
        answered = answer_ending(connection, ending);
    if (answered == MHD_YES)
        warmstart_http_connection_resume(connection);
    else
        warmstart_http_connection_doom(connection);
}

/* What the loop says about the poll's connection, which is still there. */
static void let_go(struct poll *poll, enum warmstart_ending ending)
{
    struct connection *connection = poll->connection;
    switch (ending) {
    case WARMSTART_ENDING_DELIVERED:
        break;
    case WARMSTART_ENDING_UNCERTAIN:
        warmstart_http_connection_reset(connection);
        break;
    case WARMSTART_ENDING_LOST:
    case WARMSTART_ENDING_CANCELLED:
    case WARMSTART_ENDING_EXPIRED:
    case WARMSTART_ENDING_SUPERSEDED:
    case WARMSTART_ENDING_SHUTDOWN:
    case WARMSTART_ENDING_RETIRED:
        /* Held: closed without an answer. Otherwise a message is half written, and must not become whole. */
        if (connection->suspended)
            part(connection, ending);
        else if (poll->delivering)
            warmstart_http_connection_reset(connection);
        break;
    }
}

void warmstart_http_poll_ended(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                               enum warmstart_ending ending)
{
    (void)waiter;
    struct warmstart_http *http = http_of_transport(conn->transport);
    struct poll *poll = poll_of_conn(conn);
    assert(!poll->ended);
    poll->ended = true;
    link_remove(&poll->link);
    http->polls_len--;
    warmstart_http_log_poll(http, poll, ending);
    if (poll->connection)
        let_go(poll, ending);
    warmstart_http_confirm_end(poll);
    warmstart_http_poll_free_if_over(poll);
    warmstart_http_check_drained(http);
}

/* ---- Delivery ---- */

static void drop_payload(void *payload)
{
    warmstart_payload_drop(payload);
}

static bool add_delivery_id(struct poll *poll, struct MHD_Response *message)
{
    char id[DELIVERY_ID_BYTES + 1];
    if (warmstart_http_confirm_give_id(poll) < 0)
        return false;
    warmstart_http_confirm_id_text(poll, id);
    return MHD_add_response_header(message, "x-warmstart-delivery-id", id) == MHD_YES;
}

/* Points into the payload, whatever transport it came by. */
static struct MHD_Response *new_message(struct poll *poll, struct warmstart_payload *payload)
{
    /* libmicrohttpd does not write into the buffer of a response. */
    void *bytes = (void *)(uintptr_t)payload->data;
    struct MHD_Response *message = MHD_create_response_from_buffer_with_free_callback_cls(
        payload->data_bytes, bytes, drop_payload, payload);
    if (!message)
        return NULL;
    warmstart_payload_hold(payload);
    if (MHD_add_response_header(message, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json") != MHD_YES ||
        (poll->acknowledges && !add_delivery_id(poll, message))) {
        MHD_destroy_response(message);
        return NULL;
    }
    return message;
}

/*
 * Is there any sense in writing to it? Who has left since the loop last looked is found out by the
 * confirmation; only where nothing is confirmed the kernel is asked once more.
 */
static bool is_there(const struct poll *poll)
{
    struct connection *connection = poll->connection;
    if (!connection || !connection->suspended || connection->peer_gone)
        return false;
    bool confirmed = connection->http->options.confirm == WARMSTART_HTTP_CONFIRM_ACK && !connection->local;
    return confirmed || !warmstart_http_connection_is_dead(connection);
}

void warmstart_http_poll_deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                                 struct warmstart_payload *payload)
{
    struct warmstart_http *http = http_of_transport(conn->transport);
    struct poll *poll = poll_of_conn(conn);
    struct connection *connection = poll->connection;
    struct MHD_Response *message = NULL;
    if (is_there(poll))
        message = new_message(poll, payload);
    bool queued = message && MHD_queue_response(connection->mhd, MHD_HTTP_OK, message) == MHD_YES;
    if (message)
        MHD_destroy_response(message);
    if (!queued) {
        warmstart_loop_report(http->loop, waiter, WARMSTART_OUTCOME_LOST);
        return;
    }
    poll->delivering = true;
    http->stirred_at = warmstart_loop_now(http->loop);
    warmstart_http_connection_resume(connection);
}
