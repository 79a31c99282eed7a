/* SPDX-License-Identifier: MIT */
#include "dispatch.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static struct dispatch *dispatch_of_link(struct link *link)
{
    return (struct dispatch *)((char *)link - offsetof(struct dispatch, link));
}

/* Nobody is to be told any more. */
static void detach(struct dispatch *dispatch)
{
    struct connection *connection = dispatch->tagged.connection;
    warmstart_unix_tags_remove(&dispatch->tagged);
    link_remove(&dispatch->link);
    connection->dispatches_len--;
}

static void free_dispatch(struct dispatch *dispatch)
{
    if (dispatch->tagged.connection)
        detach(dispatch);
    link_remove(&dispatch->server_link);
    warmstart_unix_body_drop(dispatch->body);
    free(dispatch);
}

/* ---- Announced ---- */

static struct dispatch *new_dispatch(struct connection *connection, const struct command *command)
{
    struct warmstart_unix *server = connection->server;
    const struct metadata *metadata = &server->metadata;
    size_t fields_bytes = metadata->fields_len * sizeof(metadata->fields[0]);
    struct dispatch *dispatch = malloc(sizeof(*dispatch) + fields_bytes + metadata->text_bytes);
    if (!dispatch)
        return NULL;
    *dispatch = (struct dispatch){
        .origin = {.transport = &server->transport},
        .timeout_ms = command->timeout_ms > 0 ? command->timeout_ms : server->options.dispatch_timeout_ms,
        .attempts = command->attempts > 0 ? (uint32_t)command->attempts : server->options.attempts_max,
        .match = command->match,
        .retry_uncertain = command->retry_uncertain,
        .fields_len = metadata->fields_len,
    };
    char *text = (char *)dispatch->fields + fields_bytes;
    memcpy(text, metadata->text, metadata->text_bytes);
    for (size_t i = 0; i < metadata->fields_len; i++) {
        const struct warmstart_field *field = &metadata->fields[i];
        dispatch->fields[i] = *field;
        dispatch->fields[i].name = text + (field->name - metadata->text);
        dispatch->fields[i].value = text + (field->value - metadata->text);
    }
    return dispatch;
}

/* Whether it can be taken; says why not. */
static bool may_begin(struct connection *connection, const struct command *command)
{
    struct warmstart_unix *server = connection->server;
    char message[COMMAND_MESSAGE_BYTES];
    const char *code = NULL, *why = NULL;
    if (warmstart_unix_is_refusing(server)) {
        code = "draining";
        why = "the server stops";
    } else if (warmstart_unix_tags_find(connection, &command->tag)) {
        code = "tag";
        why = "another wait or dispatch of this connection has this tag";
    } else if (connection->dispatches_len >= server->options.dispatches_per_connection_max) {
        code = "limit";
        why = "as many dispatches as one connection may have";
    } else if (!warmstart_unix_budget_has(server->budget, (size_t)command->body_bytes)) {
        code = "limit";
        why = "as many bytes of payloads in memory as there may be";
    } else if (!warmstart_unix_command_metadata(command, &server->metadata, message)) {
        code = "syntax";
        why = message;
    }
    if (code)
        warmstart_unix_connection_refuse(connection, &command->tag, code, why);
    return !code;
}

static struct dispatch *prepare(struct connection *connection, const struct command *command)
{
    if (!may_begin(connection, command))
        return NULL;
    struct dispatch *dispatch = new_dispatch(connection, command);
    if (dispatch)
        dispatch->body = warmstart_unix_body_new(connection->server->budget, (size_t)command->body_bytes);
    if (dispatch && dispatch->body &&
        warmstart_unix_tags_add(connection, &command->tag, TAGGED_DISPATCH, &dispatch->tagged)) {
        link_insert_before(&connection->dispatches, &dispatch->link);
        connection->dispatches_len++;
        return dispatch;
    }
    if (dispatch)
        free_dispatch(dispatch);
    warmstart_unix_connection_refuse(connection, &command->tag, "memory", "out of memory");
    return NULL;
}

void warmstart_unix_dispatch_announce(struct connection *connection, const struct command *command)
{
    struct dispatch *dispatch = prepare(connection, command);
    connection->incoming = dispatch;
    warmstart_unix_input_expect(&connection->input, dispatch ? dispatch->body->data : NULL,
                                (size_t)command->body_bytes);
}

void warmstart_unix_dispatch_forget(struct connection *connection)
{
    if (!connection->incoming)
        return;
    free_dispatch(connection->incoming);
    connection->incoming = NULL;
    connection->input.body_at = NULL;
}

/* ---- Running ---- */

static int ask(struct dispatch *dispatch)
{
    struct warmstart_unix *server = dispatch->tagged.connection->server;
    struct warmstart_query query = {
        .fields = dispatch->fields, .fields_len = dispatch->fields_len, .how = dispatch->match};
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.deadline = warmstart_loop_clock(server->loop) + dispatch->timeout_ms * MILLISECOND_NS;
    delivery.attempts_max = dispatch->attempts;
    delivery.retry_uncertain = dispatch->retry_uncertain;
    dispatch->body->lease_ns =
        warmstart_unix_lease_ns(server->options.lease_ms, dispatch->timeout_ms, dispatch->attempts);
    return warmstart_loop_dispatch(&dispatch->origin, &query, &delivery, &dispatch->body->payload,
                                   &dispatch->id);
}

static void refuse_error(struct connection *connection, const struct word *tag, int error)
{
    switch (error) {
    case WARMSTART_ERR_INVALID:
        warmstart_unix_connection_refuse(connection, tag, "syntax", "a name or a value is too long");
        break;
    case WARMSTART_ERR_LIMIT:
        warmstart_unix_connection_refuse(connection, tag, "limit",
                                         "as many dispatches or fields as there may be");
        break;
    case WARMSTART_ERR_SHUTDOWN:
        warmstart_unix_connection_refuse(connection, tag, "draining", "the server stops");
        break;
    case WARMSTART_ERR_UNSUPPORTED:
        warmstart_unix_connection_refuse(connection, tag, "unsupported", "match: expected exact");
        break;
    default:
        warmstart_unix_connection_refuse(connection, tag, "memory", "out of memory");
        break;
    }
}

void warmstart_unix_dispatch_begin(struct connection *connection)
{
    struct dispatch *dispatch = connection->incoming;
    struct warmstart_unix *server = connection->server;
    if (!dispatch)
        return;
    connection->incoming = NULL;
    struct word tag = {dispatch->tagged.tag, dispatch->tagged.tag_bytes};
    int answer = warmstart_unix_is_refusing(server) ? WARMSTART_ERR_SHUTDOWN : ask(dispatch);
    if (answer == 1) {
        link_insert_before(&server->dispatches, &dispatch->server_link);
        warmstart_unix_body_drop(dispatch->body);
        dispatch->body = NULL;
        return;
    }
    if (answer == 0) {
        warmstart_unix_connection_say(connection, "NO_MATCH %.*s\n", (int)tag.bytes, tag.text);
        warmstart_unix_log_no_match(server);
    } else {
        refuse_error(connection, &tag, answer);
    }
    free_dispatch(dispatch);
}

/* ---- The end of it ---- */

void warmstart_unix_dispatch_cancel(struct tagged *tagged, const struct command *command)
{
    struct dispatch *dispatch = (struct dispatch *)((char *)tagged - offsetof(struct dispatch, tagged));
    struct connection *connection = tagged->connection;
    if (warmstart_loop_cancel_dispatch(connection->server->loop, dispatch->id) == 1)
        warmstart_unix_connection_say(connection, "OK %.*s\n", (int)command->tag.bytes, command->tag.text);
    else
        warmstart_unix_connection_refuse(connection, &command->tag, "late",
                                         "the payload is out: what becomes of it will be told");
}

void warmstart_unix_dispatches_end(struct connection *connection)
{
    while (!link_is_empty(&connection->dispatches)) {
        struct dispatch *dispatch = dispatch_of_link(connection->dispatches.next);
        warmstart_loop_cancel_dispatch(connection->server->loop, dispatch->id);
        detach(dispatch);
    }
}

void warmstart_unix_dispatches_abandon(struct warmstart_unix *server)
{
    for (struct link *link = server->dispatches.next; link != &server->dispatches; link = link->next) {
        struct dispatch *dispatch =
            (struct dispatch *)((char *)link - offsetof(struct dispatch, server_link));
        warmstart_loop_abandon_dispatch(server->loop, dispatch->id);
    }
}

static void tell(struct dispatch *dispatch, const struct warmstart_settlement *settlement)
{
    static const char *const words[] = {
        [WARMSTART_OUTCOME_DELIVERED] = "DELIVERED", [WARMSTART_OUTCOME_LOST] = "LOST",
        [WARMSTART_OUTCOME_UNCERTAIN] = "UNCERTAIN", [WARMSTART_OUTCOME_TIMEOUT] = "TIMEOUT",
        [WARMSTART_OUTCOME_CANCELLED] = "CANCELLED", [WARMSTART_OUTCOME_SHUTDOWN] = "SHUTDOWN",
    };
    struct connection *connection = dispatch->tagged.connection;
    const struct warmstart_conn *conn = settlement->conn;
    /* Other transports can have ids that a line cannot. */
    bool named = settlement->outcome == WARMSTART_OUTCOME_DELIVERED && conn &&
                 conn->controller_id_bytes > 0 && conn->controller_id_bytes <= COMMAND_VALUE_BYTES_MAX &&
                 warmstart_unix_command_is_text(conn->controller_id, conn->controller_id_bytes);
    warmstart_unix_connection_say(connection, "%s %.*s %u%s%.*s\n", words[settlement->outcome],
                                  dispatch->tagged.tag_bytes, dispatch->tagged.tag, settlement->attempts,
                                  named ? " " : "", named ? (int)conn->controller_id_bytes : 0,
                                  named ? conn->controller_id : "");
}

void warmstart_unix_dispatch_settled(struct warmstart_origin *origin,
                                     const struct warmstart_settlement *settlement)
{
    struct warmstart_unix *server = unix_of_transport(origin->transport);
    struct dispatch *dispatch = (struct dispatch *)origin;
    warmstart_unix_log_dispatch(server, settlement);
    if (dispatch->tagged.connection) {
        /* It may have nothing else to wait for. */
        warmstart_unix_connection_touch(dispatch->tagged.connection);
        tell(dispatch, settlement);
    }
    free_dispatch(dispatch);
    warmstart_unix_check_drained(server);
}
