/* SPDX-License-Identifier: MIT */
#include "execute.h"

#include <stdio.h>

#include "dispatch.h"
#include "operate.h"
#include "wait.h"

/* One of these rights is needed; 0: none. */
static unsigned rights_for(enum verb verb)
{
    switch (verb) {
    case VERB_WAIT:
    case VERB_ACK:
    case VERB_REFUSE:
    case VERB_LEAVE:
        return WARMSTART_UNIX_WAIT;
    case VERB_DISPATCH:
    case VERB_COUNT:
        return WARMSTART_UNIX_DISPATCH;
    case VERB_STATS:
    case VERB_LIST:
        return WARMSTART_UNIX_DISPATCH | WARMSTART_UNIX_OPERATE;
    case VERB_CORDON:
    case VERB_UNCORDON:
    case VERB_RETIRE:
    case VERB_DRAIN:
        return WARMSTART_UNIX_OPERATE;
    case VERB_CANCEL:
    case VERB_PING:
    case VERB_QUIT:
    case VERBS:
        break;
    }
    return 0;
}

static void refuse_line(struct connection *connection, const struct command *command,
                        enum command_error error, const char *message)
{
    static const char *const codes[] = {[COMMAND_SYNTAX] = "syntax",
                                        [COMMAND_UNKNOWN] = "unknown",
                                        [COMMAND_BAD_LINE] = "line",
                                        [COMMAND_BAD_BODY] = "body"};
    warmstart_unix_connection_refuse(connection, &command->tag, codes[error], message);
    if (error == COMMAND_BAD_LINE || error == COMMAND_BAD_BODY)
        warmstart_unix_connection_finish(connection);
}

static void cancel(struct connection *connection, const struct command *command)
{
    struct tagged *tagged = warmstart_unix_tags_find(connection, &command->argument);
    if (!tagged)
        warmstart_unix_connection_refuse(connection, &command->tag, "over",
                                         "there is no wait or dispatch with that tag, or not any more");
    else if (tagged->kind == TAGGED_WAIT)
        warmstart_unix_wait_cancel(tagged, command);
    else
        warmstart_unix_dispatch_cancel(tagged, command);
}

static void say_ok(struct connection *connection, const struct command *command)
{
    warmstart_unix_connection_say(connection, "OK %.*s\n", (int)command->tag.bytes, command->tag.text);
}

static void ping(struct connection *connection, const struct command *command)
{
    warmstart_unix_connection_say(connection, "OK %.*s %d %s\n", (int)command->tag.bytes, command->tag.text,
                                  WARMSTART_UNIX_PROTOCOL, warmstart_version());
}

static void carry_out(struct connection *connection, const struct command *command)
{
    switch (command->verb) {
    case VERB_WAIT:
        warmstart_unix_wait_begin(connection, command);
        break;
    case VERB_ACK:
        warmstart_unix_wait_acknowledge(connection, command);
        break;
    case VERB_REFUSE:
        warmstart_unix_wait_refuse(connection, command);
        break;
    case VERB_CANCEL:
        cancel(connection, command);
        break;
    case VERB_LEAVE:
        warmstart_unix_wait_leave(connection, command);
        break;
    case VERB_DISPATCH:
        warmstart_unix_dispatch_announce(connection, command);
        break;
    case VERB_COUNT:
        warmstart_unix_operate_count(connection, command);
        break;
    case VERB_STATS:
        warmstart_unix_operate_stats(connection, command);
        break;
    case VERB_LIST:
        warmstart_unix_operate_list(connection, command);
        break;
    case VERB_CORDON:
    case VERB_UNCORDON:
        warmstart_unix_operate_cordon(connection, command);
        break;
    case VERB_RETIRE:
        warmstart_unix_operate_retire(connection, command);
        break;
    case VERB_DRAIN:
        warmstart_unix_operate_drain(connection, command);
        break;
    case VERB_PING:
        ping(connection, command);
        break;
    case VERB_QUIT:
        say_ok(connection, command);
        warmstart_unix_connection_finish(connection);
        break;
    case VERBS:
        break;
    }
}

static bool is_allowed(struct connection *connection, const struct command *command)
{
    unsigned needed = rights_for(command->verb);
    if (needed == 0 || (connection->rights & needed) != 0)
        return true;
    warmstart_unix_connection_refuse(connection, &command->tag, "forbidden",
                                     "this user, or this socket, may not");
    return false;
}

/* Whether the body that follows can be had, or at least passed over. */
static bool body_fits(struct connection *connection, const struct command *command)
{
    size_t most = connection->server->options.body_bytes_max;
    char message[COMMAND_MESSAGE_BYTES];
    if (!command->has_body || command->body_bytes <= most)
        return true;
    snprintf(message, sizeof(message), "expected at most %zu bytes", most);
    refuse_line(connection, command, COMMAND_BAD_BODY, message);
    return false;
}

static bool looks_at_every_waiter(enum verb verb)
{
    return verb == VERB_LIST || verb == VERB_CORDON || verb == VERB_UNCORDON;
}

bool warmstart_unix_execute(struct connection *connection, const char *line, size_t bytes,
                            struct word *ret_tag)
{
    struct command command;
    char message[COMMAND_MESSAGE_BYTES];
    enum command_error error = warmstart_unix_command_read(line, bytes, &command, message);
    *ret_tag = command.tag;
    if (!body_fits(connection, &command))
        return false;
    if (error != COMMAND_OK)
        refuse_line(connection, &command, error, message);
    else if (is_allowed(connection, &command)) {
        carry_out(connection, &command);
        return looks_at_every_waiter(command.verb);
    }
    if (command.has_body && !connection->finishing)
        warmstart_unix_input_expect(&connection->input, NULL, (size_t)command.body_bytes);
    return false;
}
