/* SPDX-License-Identifier: MIT */
#include "operate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define CORDON_FOR_MS UINT64_C(3600000) /* an hour: time enough for a node to go */
#define RETIRE_FOR_MS UINT64_C(300000)  /* as long as a controller goes on polling by default */
#define STATS_BYTES   8192              /* good room for all lines of `stats` */

void warmstart_unix_operate_answer(struct connection *connection, const struct command *command,
                                   const char *text, size_t bytes)
{
    warmstart_unix_connection_say(connection, "DATA %.*s %zu\n", (int)command->tag.bytes, command->tag.text,
                                  bytes);
    if (connection->deaf || connection->doomed)
        return;
    if (!warmstart_unix_output_text(&connection->output, text, bytes) ||
        !warmstart_unix_output_text(&connection->output, "\n", 1))
        warmstart_unix_connection_doom(connection);
}

static void refuse_error(struct connection *connection, const struct command *command, int error)
{
    switch (error) {
    case WARMSTART_ERR_INVALID:
        warmstart_unix_connection_refuse(connection, &command->tag, "syntax",
                                         "a name or a value is too long");
        break;
    case WARMSTART_ERR_LIMIT:
        warmstart_unix_connection_refuse(connection, &command->tag, "limit", "as many as there may be");
        break;
    case WARMSTART_ERR_UNSUPPORTED:
        warmstart_unix_connection_refuse(connection, &command->tag, "unsupported", "this server cannot");
        break;
    default:
        warmstart_unix_connection_refuse(connection, &command->tag, "memory", "out of memory");
        break;
    }
}

static void say_ok(struct connection *connection, const struct command *command)
{
    warmstart_unix_connection_say(connection, "OK %.*s\n", (int)command->tag.bytes, command->tag.text);
}

/* ---- What there is ---- */

void warmstart_unix_operate_count(struct connection *connection, const struct command *command)
{
    struct warmstart_unix *server = connection->server;
    char message[COMMAND_MESSAGE_BYTES];
    if (!warmstart_unix_command_metadata(command, &server->metadata, message)) {
        warmstart_unix_connection_refuse(connection, &command->tag, "syntax", message);
        return;
    }
    struct warmstart_query query = {
        .fields = server->metadata.fields, .fields_len = server->metadata.fields_len, .how = command->match};
    size_t count;
    int error = warmstart_count(warmstart_loop_manager(server->loop), &query, &count,
                                warmstart_loop_now(server->loop));
    if (error < 0)
        refuse_error(connection, command, error);
    else
        warmstart_unix_connection_say(connection, "OK %.*s %zu\n", (int)command->tag.bytes, command->tag.text,
                                      count);
}

struct lines {
    size_t used;
    char text[STATS_BYTES];
};

/* What does not fit is left out whole. */
__attribute__((format(printf, 3, 4))) static void add(struct lines *lines, uint64_t value, const char *name,
                                                      ...)
{
    char line[128];
    va_list arguments;
    va_start(arguments, name);
    int bytes = vsnprintf(line, sizeof(line), name, arguments);
    va_end(arguments);
    if (bytes < 0 || (size_t)bytes >= sizeof(line))
        return;
    int more = snprintf(line + bytes, sizeof(line) - (size_t)bytes, " %" PRIu64 "\n", value);
    size_t all = (size_t)bytes + (size_t)more;
    if (all >= sizeof(line) || all > sizeof(lines->text) - lines->used)
        return;
    for (size_t i = 0; i < all; i++)
        lines->text[lines->used++] = line[i];
}

static void add_manager(struct lines *lines, const struct warmstart_unix *server)
{
    struct warmstart_stats stats = {.size = sizeof(stats)};
    (void)warmstart_get_stats(warmstart_loop_manager(server->loop), &stats);
    add(lines, stats.waiters, "waiters");
    add(lines, stats.waiters_waiting, "waiters_waiting");
    add(lines, stats.waiters_unmatchable, "waiters_unmatchable");
    add(lines, stats.waiters_claimed, "waiters_claimed");
    add(lines, stats.waiters_delivering, "waiters_delivering");
    add(lines, stats.waiters_blocked, "waiters_blocked");
    add(lines, stats.groups, "groups");
    add(lines, stats.field_sets, "field_sets");
    add(lines, stats.instances, "instances");
    add(lines, stats.dispatches, "dispatches");
    add(lines, stats.memory_bytes, "memory_bytes");
    add(lines, stats.registered_total, "registered_total");
    for (int ending = WARMSTART_ENDING_DELIVERED; ending <= WARMSTART_ENDING_RETIRED; ending++)
        add(lines, stats.ended_total[ending], "ended_total.%s",
            warmstart_ending_name((enum warmstart_ending)ending));
    add(lines, stats.matched_total, "matched_total");
    add(lines, stats.no_match_total, "no_match_total");
    add(lines, stats.attempts_total, "attempts_total");
    for (int outcome = WARMSTART_OUTCOME_DELIVERED; outcome <= WARMSTART_OUTCOME_SHUTDOWN; outcome++)
        add(lines, stats.settled_total[outcome], "settled_total.%s",
            warmstart_outcome_name((enum warmstart_outcome)outcome));
    add(lines, stats.limit_total, "limit_total");
}

static void add_loop(struct lines *lines, const struct warmstart_unix *server)
{
    struct warmstart_loop_stats stats = {.size = sizeof(stats)};
    (void)warmstart_loop_get_stats(server->loop, &stats);
    add(lines, stats.rounds_total, "loop.rounds_total");
    add(lines, stats.busy_ns_total, "loop.busy_ns_total");
    add(lines, stats.round_ns_max, "loop.round_ns_max");
    add(lines, stats.late_ns_last, "loop.late_ns_last");
    add(lines, stats.late_ns_max, "loop.late_ns_max");
    add(lines, stats.watches, "loop.watches");
    add(lines, stats.timers, "loop.timers");
}

static void add_unix(struct lines *lines, const struct warmstart_unix *server)
{
    struct warmstart_unix_stats stats = {.size = sizeof(stats)};
    (void)warmstart_unix_get_stats(server, &stats);
    add(lines, stats.connections, "unix.connections");
    add(lines, stats.connections_total, "unix.connections_total");
    add(lines, stats.connections_refused_total, "unix.connections_refused_total");
    add(lines, stats.waits, "unix.waits");
    add(lines, stats.dispatches, "unix.dispatches");
    add(lines, stats.buffered_bytes, "unix.buffered_bytes");
    add(lines, stats.commands_total, "unix.commands_total");
    add(lines, stats.errors_total, "unix.errors_total");
    add(lines, stats.payloads_total, "unix.payloads_total");
    add(lines, stats.acknowledged_total, "unix.acknowledged_total");
    add(lines, stats.refused_total, "unix.refused_total");
    add(lines, stats.overdue_total, "unix.overdue_total");
    add(lines, stats.stalled_total, "unix.stalled_total");
    add(lines, stats.timeouts_total, "unix.timeouts_total");
}

void warmstart_unix_operate_stats(struct connection *connection, const struct command *command)
{
    struct lines lines;
    lines.used = 0;
    add_manager(&lines, connection->server);
    add_loop(&lines, connection->server);
    add_unix(&lines, connection->server);
    warmstart_unix_operate_answer(connection, command, lines.text, lines.used);
}

/* ---- Who is kept away ---- */

void warmstart_unix_operate_cordon(struct connection *connection, const struct command *command)
{
    struct warmstart_loop *loop = connection->server->loop;
    uint64_t for_ms = command->for_ms > 0 ? command->for_ms : CORDON_FOR_MS;
    uint64_t until = warmstart_loop_now(loop) + for_ms * MILLISECOND_NS;
    int error = warmstart_loop_cordon(loop, command->name.text, command->name.bytes,
                                      command->verb == VERB_CORDON ? until : 0);
    if (error < 0)
        refuse_error(connection, command, error);
    else
        say_ok(connection, command);
}

void warmstart_unix_operate_retire(struct connection *connection, const struct command *command)
{
    struct warmstart_loop *loop = connection->server->loop;
    uint64_t for_ms = command->for_ms > 0 ? command->for_ms : RETIRE_FOR_MS;
    uint64_t until = warmstart_loop_now(loop) + for_ms * MILLISECOND_NS;
    int ended = warmstart_loop_retire(loop, command->name.text, command->name.bytes, until);
    if (ended < 0)
        refuse_error(connection, command, ended);
    else
        warmstart_unix_connection_say(connection, "OK %.*s %d\n", (int)command->tag.bytes, command->tag.text,
                                      ended);
}

void warmstart_unix_operate_drain(struct connection *connection, const struct command *command)
{
    struct warmstart_unix *server = connection->server;
    struct warmstart_unix_drain_request request = {.timeout_ms = (uint32_t)command->timeout_ms,
                                                   .spread_ms = (uint32_t)command->spread_ms};
    const char *code = NULL, *why = NULL;
    if (!server->options.on_drain) {
        code = "unsupported";
        why = "this server is not stopped this way";
    } else if (server->drain.phase != DRAIN_NOT || server->drain_asked) {
        code = "over";
        why = "the server stops already";
    } else if (server->options.on_drain(server->options.on_drain_user, &request) < 0) {
        code = "unsupported";
        why = "the server could not begin to stop";
    }
    if (code) {
        warmstart_unix_connection_refuse(connection, &command->tag, code, why);
        return;
    }
    server->drain_asked = true;
    say_ok(connection, command);
}
