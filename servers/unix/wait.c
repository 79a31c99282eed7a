/* SPDX-License-Identifier: MIT */
#include "wait.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static struct wait *wait_of_tagged(struct tagged *tagged)
{
    return (struct wait *)((char *)tagged - offsetof(struct wait, tagged));
}

static struct wait *wait_of_link(struct link *link)
{
    return (struct wait *)((char *)link - offsetof(struct wait, link));
}

static uint64_t hash_of_id(const struct warmstart_unix *server, warmstart_waiter_id id)
{
    return hash_fold(id ^ server->hash_key.words[1], server->hash_key.words[2]);
}

/* Nothing more is to be told about it. It is freed when the core says that it has ended. */
static void detach(struct wait *wait)
{
    struct connection *connection = wait->tagged.connection;
    struct warmstart_unix *server = connection->server;
    warmstart_unix_tags_remove(&wait->tagged);
    link_remove(&wait->link);
    link_remove(&wait->acknowledged_link);
    connection->waits_len--;
    warmstart_loop_timer_cancel(server->loop, &wait->lease);
    if (wait->out) {
        warmstart_table_remove(&server->payload_ids, hash_of_id(server, wait->waiter), wait);
    } else {
        link_remove(&wait->server_link);
        server->waits_len--;
    }
}

/* ---- From command to waiter ---- */

static void on_lease_over(struct warmstart_timer *timer, uint64_t now)
{
    struct wait *wait = (struct wait *)((char *)timer - offsetof(struct wait, lease));
    struct connection *connection = wait->tagged.connection;
    struct warmstart_unix *server = connection->server;
    now = warmstart_loop_clock(server->loop);
    /* The acknowledgement may lie in the socket: sockets are read after the timers of a round. */
    if (!time_limit_is_over(&wait->leased, wait->leased.until, now) &&
        warmstart_loop_timer_set(server->loop, timer, wait->leased.until) == 0)
        return;
    warmstart_loop_report(server->loop, wait->waiter, WARMSTART_OUTCOME_LOST);
    server->counters.overdue_total++;
    warmstart_unix_connection_say(connection, "OVER %.*s %" PRIu64 "\n", wait->tagged.tag_bytes,
                                  wait->tagged.tag, wait->waiter);
    detach(wait);
}

static struct wait *new_wait(struct connection *connection, const struct command *command)
{
    struct wait *wait = calloc(1, sizeof(*wait) + command->id.bytes + command->instance.bytes);
    if (!wait)
        return NULL;
    wait->conn = (struct warmstart_conn){.transport = &connection->server->transport,
                                         .controller_id = wait->names,
                                         .controller_id_bytes = command->id.bytes};
    wait->lease.due = on_lease_over;
    wait->since = warmstart_loop_now(connection->server->loop);
    wait->instance_bytes = command->instance.bytes;
    if (command->id.bytes > 0)
        memcpy(wait->names, command->id.text, command->id.bytes);
    if (command->instance.bytes > 0)
        memcpy(wait->names + command->id.bytes, command->instance.text, command->instance.bytes);
    return wait;
}

static int register_wait(struct wait *wait, const struct metadata *metadata, uint64_t timeout_ms)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = metadata->fields;
    registration.fields_len = metadata->fields_len;
    registration.controller_id = wait->names;
    registration.controller_id_bytes = wait->conn.controller_id_bytes;
    registration.instance = wait_instance(wait);
    registration.instance_bytes = wait->instance_bytes;
    if (timeout_ms > 0)
        registration.expires_at = wait->since + timeout_ms * MILLISECOND_NS;
    return warmstart_loop_register(&wait->conn, &registration, &wait->waiter);
}

static void refuse_error(struct connection *connection, const struct command *command, int error)
{
    switch (error) {
    case WARMSTART_ERR_INVALID:
        warmstart_unix_connection_refuse(connection, &command->tag, "syntax",
                                         "a name, a value, the id or the instance is too long");
        break;
    case WARMSTART_ERR_LIMIT:
        warmstart_unix_connection_refuse(connection, &command->tag, "limit",
                                         "as many waiters, keys, instances or fields as there may be");
        break;
    case WARMSTART_ERR_SHUTDOWN:
        warmstart_unix_connection_refuse(connection, &command->tag, "draining", "the server stops");
        break;
    case WARMSTART_ERR_RETIRED:
        warmstart_unix_connection_refuse(connection, &command->tag, "retired",
                                         "this controller has said, or was told, that it leaves");
        break;
    default:
        warmstart_unix_connection_refuse(connection, &command->tag, "memory", "out of memory");
        break;
    }
}

/* Whether a new one can be taken; says why not. */
static bool may_begin(struct connection *connection, const struct command *command)
{
    struct warmstart_unix *server = connection->server;
    char message[COMMAND_MESSAGE_BYTES];
    const char *code = NULL, *why = NULL;
    if (warmstart_unix_is_refusing(server)) {
        code = "draining";
        why = "the server stops";
    } else if (connection->left) {
        code = "left";
        why = "this connection has said that it leaves";
    } else if (warmstart_unix_tags_find(connection, &command->tag)) {
        code = "tag";
        why = "another wait or dispatch of this connection has this tag";
    } else if (connection->waits_len >= server->options.waits_per_connection_max) {
        code = "limit";
        why = "as many waits as one connection may have";
    } else if (!warmstart_unix_command_metadata(command, &server->metadata, message)) {
        code = "syntax";
        why = message;
    }
    if (code)
        warmstart_unix_connection_refuse(connection, &command->tag, code, why);
    return !code;
}

void warmstart_unix_wait_begin(struct connection *connection, const struct command *command)
{
    struct warmstart_unix *server = connection->server;
    if (!may_begin(connection, command))
        return;
    struct wait *wait = new_wait(connection, command);
    int error = WARMSTART_ERR_MEMORY;
    if (wait && warmstart_unix_tags_add(connection, &command->tag, TAGGED_WAIT, &wait->tagged))
        error = register_wait(wait, &server->metadata, command->timeout_ms);
    if (error < 0) {
        if (wait)
            warmstart_unix_tags_remove(&wait->tagged);
        free(wait);
        refuse_error(connection, command, error);
        return;
    }
    link_insert_before(&connection->waits, &wait->link);
    connection->waits_len++;
    link_insert_before(&server->waits, &wait->server_link);
    server->waits_len++;
}

/* ---- What its receiver says ---- */

static struct wait *find_out(struct connection *connection, warmstart_waiter_id id)
{
    const struct warmstart_unix *server = connection->server;
    const struct table *table = &server->payload_ids;
    uint64_t hash = hash_of_id(server, id);
    struct wait *wait;
    if (table->capacity == 0)
        return NULL;
    for (uint32_t at = table_first(table, hash); (wait = table_item(table, &at, hash)) != NULL;
         at = table_after(table, at)) {
        if (wait->waiter == id && wait->tagged.connection == connection)
            return wait;
    }
    return NULL;
}

/* The ids on the wire are decimal, 64 bits. */
static bool read_id(const struct word *word, warmstart_waiter_id *ret_id)
{
    uint64_t id = 0;
    for (size_t i = 0; i < word->bytes; i++) {
        uint64_t digit = (uint64_t)(unsigned char)word->text[i] - '0';
        if (digit > 9 || id > (UINT64_MAX - digit) / 10)
            return false;
        id = id * 10 + digit;
    }
    *ret_id = id;
    return word->bytes > 0 && word->text[0] != '0';
}

/* The wait whose payload a command is about. NULL: that was answered. */
static struct wait *find_payload(struct connection *connection, const struct command *command)
{
    warmstart_waiter_id id;
    struct wait *wait = read_id(&command->argument, &id) ? find_out(connection, id) : NULL;
    if (!wait || wait->acknowledged) {
        warmstart_unix_connection_refuse(connection, &command->tag, "over",
                                         "there is no such payload, or it is not yours any more");
        return NULL;
    }
    if (connection->output.written < wait->payload_end) {
        warmstart_unix_connection_refuse(connection, &command->tag, "early",
                                         "not all of the payload was sent yet");
        return NULL;
    }
    return wait;
}

void warmstart_unix_wait_acknowledge(struct connection *connection, const struct command *command)
{
    struct wait *wait = find_payload(connection, command);
    if (!wait)
        return;
    wait->acknowledged = true;
    warmstart_loop_timer_cancel(connection->server->loop, &wait->lease);
    warmstart_unix_connection_say(connection, "OK %.*s\n", (int)command->tag.bytes, command->tag.text);
    wait->ok_end = connection->output.added;
    /* The next wait may follow in the same breath. */
    warmstart_unix_tags_release(&wait->tagged);
    link_insert_before(&connection->acknowledged, &wait->acknowledged_link);
}

void warmstart_unix_waits_written(struct connection *connection)
{
    struct warmstart_unix *server = connection->server;
    struct link *head = &connection->acknowledged;
    while (!link_is_empty(head)) {
        struct wait *wait = (struct wait *)((char *)head->next - offsetof(struct wait, acknowledged_link));
        if (wait->ok_end > connection->output.written)
            return;
        /* Only now: whoever reads until the end of the connection knows as much as the dispatcher. */
        warmstart_loop_report(server->loop, wait->waiter, WARMSTART_OUTCOME_DELIVERED);
        server->counters.acknowledged_total++;
        detach(wait);
    }
}

void warmstart_unix_wait_refuse(struct connection *connection, const struct command *command)
{
    struct wait *wait = find_payload(connection, command);
    if (!wait)
        return;
    warmstart_loop_report(connection->server->loop, wait->waiter, WARMSTART_OUTCOME_LOST);
    connection->server->counters.refused_total++;
    warmstart_unix_connection_say(connection, "OK %.*s\n", (int)command->tag.bytes, command->tag.text);
    detach(wait);
}

/* ---- Ending it ---- */

/* Takes a wait whose payload is not out from the core. False: it has just ended by itself. */
static bool take_back(const struct wait *wait)
{
    return warmstart_loop_cancel(wait->tagged.connection->server->loop, wait->waiter) == 1;
}

static void tell_ended(struct wait *wait, const char *reason)
{
    warmstart_unix_connection_say(wait->tagged.connection, "ENDED %.*s %s\n", wait->tagged.tag_bytes,
                                  wait->tagged.tag, reason);
    detach(wait);
}

void warmstart_unix_wait_cancel(struct tagged *tagged, const struct command *command)
{
    struct wait *wait = wait_of_tagged(tagged);
    struct connection *connection = tagged->connection;
    if (wait->out) {
        warmstart_unix_connection_refuse(connection, &command->tag, "late",
                                         "its payload is out: acknowledge it or refuse it");
    } else if (!take_back(wait)) {
        warmstart_unix_connection_refuse(connection, &command->tag, "over", "it has just ended");
    } else {
        warmstart_unix_connection_say(connection, "OK %.*s\n", (int)command->tag.bytes, command->tag.text);
        tell_ended(wait, "cancelled");
    }
}

void warmstart_unix_wait_leave(struct connection *connection, const struct command *command)
{
    struct warmstart_loop *loop = connection->server->loop;
    uint64_t until = warmstart_loop_now(loop) + command->for_ms * MILLISECOND_NS;
    int error = 0;
    connection->left = true;
    for (struct link *link = connection->waits.next, *next; link != &connection->waits; link = next) {
        struct wait *wait = wait_of_link(link);
        next = link->next;
        /* What has just ended by itself is told by its event, which comes before anything new. */
        if (wait->out || !take_back(wait))
            continue;
        tell_ended(wait, "left");
        if (command->for_ms == 0 || wait->conn.controller_id_bytes == 0)
            continue;
        int answer =
            warmstart_loop_retire(loop, wait->conn.controller_id, wait->conn.controller_id_bytes, until);
        error = answer < 0 ? answer : error;
    }
    if (error < 0)
        refuse_error(connection, command, error);
    else
        warmstart_unix_connection_say(connection, "OK %.*s\n", (int)command->tag.bytes, command->tag.text);
}

/* What became of a payload whose receiver has gone, or cannot say any more that it has it. */
static enum warmstart_outcome judge(const struct connection *connection, const struct wait *wait)
{
    const struct output *output = &connection->output;
    if (output->written < wait->payload_end)
        return WARMSTART_OUTCOME_LOST;
    /* The kernel resets when the last byte that was written is unread. Is that the payload's? */
    if (connection->peer_reset && !wait->acknowledged && output->written == wait->payload_end)
        return WARMSTART_OUTCOME_LOST;
    return WARMSTART_OUTCOME_UNCERTAIN;
}

void warmstart_unix_waits_end(struct connection *connection)
{
    struct warmstart_loop *loop = connection->server->loop;
    while (!link_is_empty(&connection->waits)) {
        struct wait *wait = wait_of_link(connection->waits.next);
        if (wait->out)
            warmstart_loop_report(loop, wait->waiter, judge(connection, wait));
        else
            warmstart_loop_cancel(loop, wait->waiter);
        detach(wait);
    }
}

size_t warmstart_unix_waits_let_go(struct warmstart_unix *server, size_t waits_max)
{
    size_t gone = 0;
    for (struct link *link = server->waits.previous, *next; link != &server->waits && gone < waits_max;
         link = next) {
        next = link->previous;
        struct wait *wait = (struct wait *)((char *)link - offsetof(struct wait, server_link));
        if (!take_back(wait))
            continue;
        tell_ended(wait, "draining");
        gone++;
    }
    return gone;
}

/* ---- Operations of the transport ---- */

/* Puts the whole frame into the stream, or nothing. */
static bool put(struct connection *connection, const struct wait *wait, struct warmstart_payload *payload)
{
    struct output *output = &connection->output;
    uint64_t added = output->added;
    char line[128];
    int bytes = snprintf(line, sizeof(line), "PAYLOAD %.*s %" PRIu64 " %zu\n", wait->tagged.tag_bytes,
                         wait->tagged.tag, wait->waiter, payload->data_bytes);
    if (warmstart_unix_output_text(output, line, (size_t)bytes) &&
        warmstart_unix_output_payload(output, payload) && warmstart_unix_output_text(output, "\n", 1))
        return true;
    warmstart_unix_output_undo(output, added);
    return false;
}

static uint64_t lease_of(const struct warmstart_unix *server, struct warmstart_payload *payload)
{
    const struct warmstart_unix_options *options = &server->options;
    struct body *body = warmstart_unix_body_of(payload);
    if (body)
        return body->lease_ns;
    /* It came another way, and how long that dispatch takes is not known here. */
    return warmstart_unix_lease_ns(options->lease_ms, options->dispatch_timeout_ms, options->attempts_max);
}

static bool begin_delivery(struct wait *wait, struct warmstart_payload *payload)
{
    struct connection *connection = wait->tagged.connection;
    if (!connection || connection->deaf || connection->doomed || connection->finishing)
        return false;
    struct warmstart_unix *server = connection->server;
    time_limit_begin(&wait->leased, warmstart_loop_clock(server->loop) + lease_of(server, payload));
    if (!warmstart_table_reserve(&server->payload_ids) ||
        warmstart_loop_timer_set(server->loop, &wait->lease, wait->leased.until) < 0)
        return false;
    if (!put(connection, wait, payload)) {
        warmstart_loop_timer_cancel(server->loop, &wait->lease);
        return false;
    }
    wait->out = true;
    wait->payload_end = connection->output.added;
    link_remove(&wait->server_link);
    server->waits_len--;
    warmstart_table_add(&server->payload_ids, hash_of_id(server, wait->waiter), wait);
    server->counters.payloads_total++;
    warmstart_unix_connection_touch(connection);
    return true;
}

void warmstart_unix_wait_deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                                 struct warmstart_payload *payload)
{
    struct wait *wait = (struct wait *)conn;
    if (!begin_delivery(wait, payload))
        warmstart_loop_report(conn->transport->loop, waiter, WARMSTART_OUTCOME_LOST);
}

static void tell(struct wait *wait, enum warmstart_ending ending)
{
    struct connection *connection = wait->tagged.connection;
    const char *tag = wait->tagged.tag;
    int tag_bytes = wait->tagged.tag_bytes;
    switch (ending) {
    case WARMSTART_ENDING_EXPIRED:
        warmstart_unix_connection_say(connection, "TIMEOUT %.*s\n", tag_bytes, tag);
        break;
    case WARMSTART_ENDING_UNCERTAIN:
        /* An OK that is on its way is the last word. */
        if (wait->acknowledged)
            break;
        warmstart_unix_connection_say(connection, "OVER %.*s %" PRIu64 "\n", tag_bytes, tag, wait->waiter);
        break;
    case WARMSTART_ENDING_DELIVERED:
        break;
    case WARMSTART_ENDING_LOST:
    case WARMSTART_ENDING_CANCELLED:
    case WARMSTART_ENDING_SUPERSEDED:
    case WARMSTART_ENDING_SHUTDOWN:
    case WARMSTART_ENDING_RETIRED:
        warmstart_unix_connection_say(connection, "ENDED %.*s %s\n", tag_bytes, tag,
                                      warmstart_ending_name(ending));
        break;
    }
}

void warmstart_unix_wait_ended(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                               enum warmstart_ending ending)
{
    struct warmstart_unix *server = unix_of_transport(conn->transport);
    struct wait *wait = (struct wait *)conn;
    (void)waiter;
    warmstart_unix_log_wait(server, wait, ending);
    if (wait->tagged.connection) {
        tell(wait, ending);
        detach(wait);
    }
    free(wait);
    warmstart_unix_check_drained(server);
}
