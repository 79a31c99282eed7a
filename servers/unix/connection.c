/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "dispatch.h"
#include "execute.h"
#include "log.h"
#include "peer.h"
#include "wait.h"

#define COMMANDS_MAX 256   /* of one connection in one round, so that others get their turn */
#define UNREAD_MAX   65536 /* with more bytes to be written no commands are carried out */

/* What to watch for when there is nothing to read and nothing to write: that the peer goes, told once. */
#define EVENTS_NONE ((uint32_t)EPOLLRDHUP | (uint32_t)EPOLLET)

static bool has_too_much_unread(const struct connection *connection)
{
    return !connection->deaf && output_left(&connection->output) > UNREAD_MAX;
}

/* ---- Saying something ---- */

void warmstart_unix_connection_touch(struct connection *connection)
{
    struct warmstart_unix *server = connection->server;
    if (!connection->dirty_link.next)
        link_insert_before(&server->dirty, &connection->dirty_link);
    warmstart_loop_defer(server->loop, &server->flush);
}

void warmstart_unix_connection_doom(struct connection *connection)
{
    connection->doomed = true;
    warmstart_unix_connection_touch(connection);
}

void warmstart_unix_connection_say(struct connection *connection, const char *format, ...)
{
    if (connection->deaf || connection->doomed)
        return;
    va_list arguments;
    va_start(arguments, format);
    bool added = warmstart_unix_output_print(&connection->output, format, arguments);
    va_end(arguments);
    /* To leave out a line would be to lie to a client that waits for it. */
    if (added)
        warmstart_unix_connection_touch(connection);
    else
        warmstart_unix_connection_doom(connection);
}

void warmstart_unix_connection_refuse(struct connection *connection, const struct word *tag, const char *code,
                                      const char *message)
{
    bool tagged = tag && tag->text;
    connection->server->counters.errors_total++;
    warmstart_unix_connection_say(connection, "ERR %.*s %s %s\n", tagged ? (int)tag->bytes : 1,
                                  tagged ? tag->text : "?", code, message);
}

/* ---- The end ---- */

static bool gone_with_unread_bytes(int fd)
{
    int error = 0;
    socklen_t bytes = sizeof(error);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == ECONNRESET;
}

/* The peer reads nothing any more. */
static void turn_deaf(struct connection *connection)
{
    connection->deaf = true;
    connection->blocked = false;
    warmstart_unix_output_drop(&connection->output);
}

void warmstart_unix_connection_finish(struct connection *connection)
{
    struct warmstart_unix *server = connection->server;
    if (connection->finishing)
        return;
    connection->finishing = true;
    link_remove(&connection->busy_link);
    warmstart_unix_waits_end(connection);
    warmstart_unix_dispatch_forget(connection);
    warmstart_unix_deadline_begin(server, &connection->deadline, DEADLINES);
    warmstart_unix_connection_touch(connection);
}

void warmstart_unix_connection_free(struct connection *connection)
{
    struct warmstart_unix *server = connection->server;
    warmstart_loop_unwatch(server->loop, &connection->watch);
    warmstart_unix_connection_finish(connection);
    warmstart_unix_dispatches_end(connection);
    warmstart_unix_output_drop(&connection->output);
    warmstart_unix_deadline_begin(server, &connection->stall, DEADLINES);
    link_remove(&connection->dirty_link);
    link_remove(&connection->link);
    warmstart_unix_user_drop(server, connection->user);
    close_quietly(connection->watch.fd);
    free(connection->pending);
    server->counters.connections--;
    free(connection);
}

/* Nothing was begun, nothing is to be told. */
static bool is_at_rest(const struct connection *connection)
{
    return connection->waits_len == 0 && connection->dispatches_len == 0 && !connection->output.first &&
           !connection->pending && connection->input.state == INPUT_LINE;
}

static bool is_over(const struct connection *connection)
{
    if (connection->doomed)
        return true;
    if (connection->finishing)
        return connection->deaf || (connection->dispatches_len == 0 && !connection->output.first);
    return warmstart_unix_is_refusing(connection->server) && is_at_rest(connection);
}

/* ---- Reading ---- */

static void remember_tag(struct connection *connection, const struct word *tag)
{
    size_t bytes = tag->text ? tag->bytes : 0;
    if (bytes > 0)
        memcpy(connection->body_tag, tag->text, bytes);
    connection->body_tag[bytes] = '\0';
}

static void fail(struct connection *connection, enum input_event event)
{
    struct word tag = {connection->body_tag, strlen(connection->body_tag)};
    if (event == INPUT_BAD_LINE)
        warmstart_unix_connection_refuse(connection, NULL, "line", "the line is too long");
    else
        warmstart_unix_connection_refuse(connection, tag.bytes > 0 ? &tag : NULL, "body",
                                         "expected a line feed behind the body");
    warmstart_unix_connection_finish(connection);
}

/* True: that was enough for one round. */
static bool carry_out(struct connection *connection, const char *line, size_t bytes)
{
    struct word tag;
    connection->server->counters.commands_total++;
    bool enough = warmstart_unix_execute(connection, line, bytes, &tag);
    remember_tag(connection, &tag);
    return enough;
}

/* Carries out what is complete in these bytes. How many are done with. */
static size_t consume(struct connection *connection, const char *data, size_t bytes)
{
    size_t done = 0;
    for (int i = 0; i < COMMANDS_MAX; i++) {
        size_t used, line_bytes = 0;
        if (connection->finishing || connection->doomed || has_too_much_unread(connection))
            return done;
        enum input_event event =
            warmstart_unix_input_next(&connection->input, data + done, bytes - done, &used, &line_bytes);
        const char *line = data + done;
        done += used;
        connection->progressed = connection->progressed || event != INPUT_MORE;
        switch (event) {
        case INPUT_MORE:
            return done;
        case INPUT_GOT_LINE:
            if (carry_out(connection, line, line_bytes))
                return done;
            break;
        case INPUT_GOT_BODY:
            warmstart_unix_dispatch_begin(connection);
            break;
        case INPUT_BAD_LINE:
        case INPUT_BAD_BODY:
            fail(connection, event);
            return done;
        }
    }
    return done;
}

/* Keeps what was not used. */
static void keep(struct connection *connection, const char *data, size_t bytes)
{
    char *kept = bytes > 0 ? malloc(bytes) : NULL;
    if (bytes > 0 && !kept) {
        warmstart_unix_connection_doom(connection);
        return;
    }
    if (bytes > 0)
        memcpy(kept, data, bytes);
    free(connection->pending);
    connection->pending = kept;
    connection->pending_at = 0;
    connection->pending_bytes = bytes;
}

/* Is there something to carry out without reading more? */
static bool has_complete(const struct connection *connection)
{
    const struct input *input = &connection->input;
    size_t bytes = connection->pending_bytes;
    if (bytes == 0)
        return false;
    const char *data = connection->pending + connection->pending_at;
    if (input->state == INPUT_BODY || bytes >= input->line_bytes_max)
        return true;
    if (input->state == INPUT_BODY_END)
        return bytes > 1 || data[0] != '\r';
    return memchr(data, '\n', bytes) != NULL;
}

static void mark_busy(struct connection *connection)
{
    struct warmstart_unix *server = connection->server;
    if (connection->busy_link.next)
        return;
    if (link_is_empty(&server->busy))
        (void)warmstart_loop_timer_set(server->loop, &server->busy_timer, warmstart_loop_now(server->loop));
    link_insert_before(&server->busy, &connection->busy_link);
}

/* The peer sends no more: it has gone, or has said so. */
static void end_of_input(struct connection *connection, bool reset)
{
    connection->peer_reset = connection->peer_reset || reset;
    warmstart_unix_connection_finish(connection);
}

/* Reads into the body that is coming, and what follows into the scratch, behind room for what is pending.
 * As read(); *ret_bytes is how many went into the scratch. */
static ssize_t receive(struct connection *connection, size_t *ret_bytes)
{
    struct warmstart_unix *server = connection->server;
    struct input *input = &connection->input;
    struct iovec pieces[2];
    int pieces_len = 0;
    bool into_body = input->state == INPUT_BODY && input->body_at;
    if (into_body)
        pieces[pieces_len++] = (struct iovec){input->body_at, input->body_left};
    pieces[pieces_len++] = (struct iovec){server->scratch + connection->pending_bytes,
                                          server->scratch_bytes - connection->pending_bytes};
    ssize_t got = readv(connection->watch.fd, pieces, pieces_len);
    if (got <= 0)
        return got;
    size_t body = 0;
    if (into_body) {
        body = (size_t)got < input->body_left ? (size_t)got : input->body_left;
        warmstart_unix_input_filled(input, body);
    }
    *ret_bytes = (size_t)got - body;
    return got;
}

static void read_some(struct connection *connection)
{
    char *scratch = connection->server->scratch;
    size_t bytes;
    ssize_t got = receive(connection, &bytes);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        end_of_input(connection, got < 0 && errno == ECONNRESET);
        return;
    }
    if (connection->pending_bytes > 0)
        memcpy(scratch, connection->pending + connection->pending_at, connection->pending_bytes);
    bytes += connection->pending_bytes;
    size_t used = consume(connection, scratch, bytes);
    keep(connection, scratch + used, bytes - used);
}

static void use_pending(struct connection *connection)
{
    if (!connection->pending)
        return;
    size_t used =
        consume(connection, connection->pending + connection->pending_at, connection->pending_bytes);
    connection->pending_at += used;
    connection->pending_bytes -= used;
    if (connection->pending_bytes == 0) {
        free(connection->pending);
        connection->pending = NULL;
    }
}

/* ---- What comes next ---- */

static enum deadline_kind deadline_wanted(const struct connection *connection)
{
    if (connection->finishing || connection->doomed || connection->busy_link.next ||
        has_too_much_unread(connection))
        return DEADLINES;
    if (connection->input.state != INPUT_LINE)
        return DEADLINE_BODY;
    if (connection->pending)
        return DEADLINE_LINE;
    bool idles = connection->server->options.idle_timeout_ms > 0 && is_at_rest(connection);
    return idles ? DEADLINE_IDLE : DEADLINES;
}

static uint32_t events_wanted(const struct connection *connection)
{
    uint32_t events = 0;
    if (!connection->finishing && !connection->busy_link.next && !has_too_much_unread(connection))
        events |= EPOLLIN;
    if (connection->blocked)
        events |= EPOLLOUT;
    return events != 0 ? events : EVENTS_NONE;
}

/* After anything has happened to it. */
static void look_ahead(struct connection *connection)
{
    struct warmstart_unix *server = connection->server;
    if (!connection->finishing && !connection->doomed && !has_too_much_unread(connection) &&
        has_complete(connection))
        mark_busy(connection);
    enum deadline_kind kind = deadline_wanted(connection);
    if (kind != connection->deadline.kind || connection->progressed)
        warmstart_unix_deadline_begin(server, &connection->deadline, kind);
    connection->progressed = false;
    uint32_t events = events_wanted(connection);
    if (events != connection->watch.events &&
        warmstart_loop_watch(server->loop, &connection->watch, connection->watch.fd, events) < 0)
        warmstart_unix_connection_doom(connection);
    if (is_over(connection))
        warmstart_unix_connection_touch(connection);
}

static void on_ready(struct warmstart_watch *watch, uint32_t events)
{
    struct connection *connection = (struct connection *)((char *)watch - offsetof(struct connection, watch));
    if (connection->doomed)
        return;
    if (events & EPOLLOUT) {
        connection->blocked = false;
        warmstart_unix_connection_touch(connection);
    }
    /* It may be finishing since this round began; the watch does not know of that yet. */
    if ((watch->events & EPOLLIN) && !connection->finishing) {
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            read_some(connection);
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        /* Nothing is read from it at the moment, so this is how its end is known. */
        connection->peer_reset = connection->peer_reset || gone_with_unread_bytes(watch->fd);
        turn_deaf(connection);
        warmstart_unix_connection_touch(connection);
    }
    look_ahead(connection);
}

static void on_busy(struct warmstart_timer *timer, uint64_t now)
{
    struct warmstart_unix *server =
        (struct warmstart_unix *)((char *)timer - offsetof(struct warmstart_unix, busy_timer));
    struct link turn;
    (void)now;
    (void)warmstart_loop_timer_set(server->loop, timer, FAR_AWAY);
    link_init(&turn);
    while (!link_is_empty(&server->busy)) {
        struct link *link = server->busy.next;
        link_remove(link);
        link_insert_before(&turn, link);
    }
    while (!link_is_empty(&turn)) {
        struct connection *connection =
            (struct connection *)((char *)turn.next - offsetof(struct connection, busy_link));
        link_remove(&connection->busy_link);
        use_pending(connection);
        look_ahead(connection);
    }
}

/* ---- Writing ---- */

static void write_some(struct connection *connection)
{
    struct warmstart_unix *server = connection->server;
    uint64_t before = connection->output.written;
    if (connection->deaf || connection->blocked || !connection->output.first)
        return;
    enum output_result result = warmstart_unix_output_write(&connection->output, connection->watch.fd);
    bool moved = connection->output.written != before;
    switch (result) {
    case OUTPUT_DONE:
        break;
    case OUTPUT_LEFT:
        warmstart_unix_connection_touch(connection);
        break;
    case OUTPUT_BLOCKED:
        connection->blocked = true;
        if (moved || connection->stall.kind == DEADLINES)
            warmstart_unix_deadline_begin(server, &connection->stall, DEADLINE_STALL);
        return;
    case OUTPUT_FAILED:
        connection->peer_reset = connection->peer_reset || errno == ECONNRESET;
        turn_deaf(connection);
        break;
    }
    warmstart_unix_deadline_begin(server, &connection->stall, DEADLINES);
}

/* It may have read something that this round has not come to yet. */
static void expire_stall(struct connection *connection)
{
    uint64_t before = connection->output.written;
    connection->blocked = false;
    write_some(connection);
    warmstart_unix_connection_touch(connection);
    if (connection->output.written != before || connection->deaf)
        return;
    connection->server->counters.stalled_total++;
    warmstart_unix_log_closed(connection->server, "stalled");
    warmstart_unix_connection_doom(connection);
}

void warmstart_unix_connection_expire(struct deadline *deadline, enum deadline_kind kind)
{
    if (kind == DEADLINE_STALL) {
        expire_stall((struct connection *)((char *)deadline - offsetof(struct connection, stall)));
        return;
    }
    struct connection *connection =
        (struct connection *)((char *)deadline - offsetof(struct connection, deadline));
    struct word tag = {connection->body_tag, strlen(connection->body_tag)};
    bool tagged = kind == DEADLINE_BODY && tag.bytes > 0;
    connection->server->counters.timeouts_total++;
    warmstart_unix_log_closed(connection->server, "timeout");
    warmstart_unix_connection_refuse(connection, tagged ? &tag : NULL, "timeout",
                                     kind == DEADLINE_LINE   ? "the line took too long"
                                     : kind == DEADLINE_BODY ? "the body took too long"
                                                             : "nothing was to be done for too long");
    warmstart_unix_connection_finish(connection);
}

static void on_flush(struct warmstart_task *task)
{
    struct warmstart_unix *server =
        (struct warmstart_unix *)((char *)task - offsetof(struct warmstart_unix, flush));
    struct link turn;
    link_init(&turn);
    while (!link_is_empty(&server->dirty)) {
        struct link *link = server->dirty.next;
        link_remove(link);
        link_insert_before(&turn, link);
    }
    while (!link_is_empty(&turn)) {
        struct connection *connection =
            (struct connection *)((char *)turn.next - offsetof(struct connection, dirty_link));
        link_remove(&connection->dirty_link);
        if (!connection->doomed) {
            write_some(connection);
            warmstart_unix_waits_written(connection);
        }
        if (is_over(connection))
            warmstart_unix_connection_free(connection);
        else
            look_ahead(connection);
    }
    warmstart_unix_check_drained(server);
}

/* ---- New ---- */

int warmstart_unix_connection_new(struct warmstart_unix *server, int fd, unsigned rights, struct user *user)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return WARMSTART_ERR_MEMORY;
    connection->server = server;
    connection->watch.ready = on_ready;
    connection->rights = rights;
    connection->user = user;
    connection->input.line_bytes_max = server->options.line_bytes_max;
    connection->deadline.kind = DEADLINES;
    connection->stall.kind = DEADLINES;
    link_init(&connection->waits);
    link_init(&connection->acknowledged);
    link_init(&connection->dispatches);
    if (warmstart_loop_watch(server->loop, &connection->watch, fd, EPOLLIN) < 0) {
        free(connection);
        return WARMSTART_ERR_SYSTEM;
    }
    link_insert_before(&server->connections, &connection->link);
    server->counters.connections++;
    server->counters.connections_total++;
    look_ahead(connection);
    return 0;
}

int warmstart_unix_connections_init(struct warmstart_unix *server)
{
    link_init(&server->connections);
    link_init(&server->busy);
    link_init(&server->dirty);
    server->flush.run = on_flush;
    server->busy_timer.due = on_busy;
    return warmstart_loop_timer_set(server->loop, &server->busy_timer, FAR_AWAY);
}

void warmstart_unix_connections_deinit(struct warmstart_unix *server)
{
    while (!link_is_empty(&server->connections))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it does not see that the list gets shorter */
        warmstart_unix_connection_free((struct connection *)server->connections.next);
    warmstart_loop_undefer(server->loop, &server->flush);
    warmstart_loop_timer_cancel(server->loop, &server->busy_timer);
}

bool warmstart_unix_connections_are_told(const struct warmstart_unix *server)
{
    for (struct link *link = server->connections.next; link != &server->connections; link = link->next) {
        const struct connection *connection = (const struct connection *)link;
        if (connection->output.first && !connection->deaf)
            return false;
    }
    return true;
}

void warmstart_unix_connections_touch(struct warmstart_unix *server)
{
    for (struct link *link = server->connections.next; link != &server->connections; link = link->next)
        warmstart_unix_connection_touch((struct connection *)link);
}
