/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES     65536
#define READS_MAX      64 /* in one call, so that a server that always has something cannot keep us */
#define TAG_BYTES_MAX  32
#define OUT_BYTES_FULL ((size_t)1 << 20) /* so much is put out at once; the rest stays queued */

/* ---- Connecting ---- */

static socklen_t address_of(const char *path, struct sockaddr_un *ret_address)
{
    size_t bytes = strlen(path);
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret_address->sun_path, path, bytes);
    if (path[0] == '@')
        ret_address->sun_path[0] = '\0';
    /* An abstract name is as long as it is said to be, a path ends with its zero. */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes + (path[0] != '@'));
}

/* A connected socket in the client's epoll, or -1. A Unix socket connects at once or not at all. */
static int open_socket(const struct warmstart_client *client)
{
    struct sockaddr_un address;
    socklen_t bytes = address_of(client->path, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};
    if (connect(fd, (const struct sockaddr *)&address, bytes) == 0 &&
        epoll_ctl(client->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void tell_absent(struct warmstart_client *client, const char *why)
{
    client->why = why;
    if (client->told_absent)
        return;
    client->told_absent = true;
    warmstart_client_event_queue(client, client->requests[LINK_SLOT], WARMSTART_CLIENT_DISCONNECTED);
}

static void try_later(struct warmstart_client *client, uint64_t now)
{
    client->connect_at = now + client->pause_ms * MILLISECOND_NS;
    uint32_t longer_ms = client->pause_ms * 2;
    client->pause_ms =
        longer_ms < client->options.reconnect_max_ms ? longer_ms : client->options.reconnect_max_ms;
}

static void connect_now(struct warmstart_client *client, uint64_t now)
{
    client->fd = open_socket(client);
    if (client->fd < 0) {
        tell_absent(client, strerrordesc_np(errno));
        try_later(client, now);
        return;
    }
    client->told_absent = false;
    warmstart_client_event_queue(client, client->requests[LINK_SLOT], WARMSTART_CLIENT_CONNECTED);
    for (uint32_t slot = 0; slot < client->requests_len; slot++)
        if (client->requests[slot]->kind != KIND_FREE && client->requests[slot]->state == STATE_PARKED)
            warmstart_client_set_state(client, client->requests[slot], STATE_QUEUED);
}

/* ---- The end of a connection ---- */

/* Did the server get the whole of what was sent last about this request? */
static bool was_sent(const struct warmstart_client *client, const struct request *request)
{
    return request->sent_end <= client->sent;
}

static void cut_off_wait(struct warmstart_client *client, struct request *request)
{
    switch ((enum state)request->state) {
    case STATE_SENT:
    case STATE_REFUSED:
        if (request->again)
            warmstart_client_set_state(client, request, STATE_QUEUED);
        else
            warmstart_client_end_wait(client, request, "disconnected");
        break;
    case STATE_OFFERED:
    case STATE_ACKED:
        warmstart_client_withdraw(client, request);
        break;
    case STATE_PARKED:
    case STATE_QUEUED:
    case STATE_WITHDRAWN:
    case STATE_OVER:
        break;
    }
}

static void cut_off(struct warmstart_client *client, struct request *request)
{
    if (request->kind == KIND_WAIT) {
        cut_off_wait(client, request);
        return;
    }
    if (request->kind == KIND_FREE || request->state != STATE_SENT)
        return;
    if (!was_sent(client, request))
        warmstart_client_set_state(client, request, STATE_QUEUED);
    else if (request->kind == KIND_DISPATCH)
        warmstart_client_settle(client, request, WARMSTART_CLIENT_UNCERTAIN);
    else
        warmstart_client_answer(client, request, false, "disconnected",
                                "the connection ended before the answer came");
}

void warmstart_client_disconnect(struct warmstart_client *client, const char *why, uint64_t now)
{
    if (client->fd < 0)
        return;
    close(client->fd);
    client->fd = -1;
    client->writing = client->broken = client->in_body = false;
    client->body_of = NULL;
    client->body_left = 0;
    client->in.start = client->in.end = client->out.start = client->out.end = 0;
    tell_absent(client, why);
    for (uint32_t slot = 0; slot < client->requests_len; slot++)
        cut_off(client, client->requests[slot]);
    client->appended = client->sent;
    try_later(client, now);
}

/* ---- Sending ---- */

static void append(struct warmstart_client *client, const void *bytes, size_t len)
{
    if (len > 0)
        memcpy(client->out.bytes + client->out.end, bytes, len);
    client->out.end += len;
    client->appended += len;
}

/* Slot and serial number, so that what is said of an earlier try is told apart. */
static int write_tag(char out[TAG_BYTES_MAX + 1], const struct request *request)
{
    return snprintf(out, TAG_BYTES_MAX + 1, "%u.%llu", request->slot, (unsigned long long)request->serial);
}

bool warmstart_client_say(struct warmstart_client *client, const char *verb, const struct request *about,
                          const char *word)
{
    char line[128], tag[TAG_BYTES_MAX + 1];
    write_tag(tag, about);
    /* What is answered to a cancel does not matter: what becomes of its target does. */
    int bytes = word ? snprintf(line, sizeof(line), "%s %s %s\n", verb, tag, word)
                     : snprintf(line, sizeof(line), "%s - %s\n", verb, tag);
    if (!warmstart_client_buffer_reserve(&client->out, (size_t)bytes))
        return false;
    append(client, line, (size_t)bytes);
    return true;
}

/* " BYTES timeout=MS" of a dispatch, with the time that is left of it; else nothing. */
static int write_numbers(char out[64], const struct request *request, uint64_t now)
{
    out[0] = '\0';
    if (request->kind != KIND_DISPATCH)
        return 0;
    uint64_t left_ms = (request->deadline - now) / MILLISECOND_NS;
    return snprintf(out, 64, " %zu timeout=%llu", request->body_bytes,
                    (unsigned long long)(left_ms > 0 ? left_ms : 1));
}

/* False: out of memory, as it was. */
static bool send_request(struct warmstart_client *client, struct request *request, uint64_t now)
{
    char tag[TAG_BYTES_MAX + 1], numbers[64];
    request->serial = ++client->serial;
    size_t tag_bytes = (size_t)write_tag(tag, request);
    size_t numbers_bytes = (size_t)write_numbers(numbers, request, now);
    size_t head_bytes = strlen(request->head), tail_bytes = request->tail ? strlen(request->tail) : 0;
    if (!warmstart_client_buffer_reserve(&client->out, head_bytes + tag_bytes + numbers_bytes + tail_bytes +
                                                           request->body_bytes + 2))
        return false;
    append(client, request->head, head_bytes);
    append(client, tag, tag_bytes);
    append(client, numbers, numbers_bytes);
    append(client, request->tail, tail_bytes);
    append(client, "\n", 1);
    if (request->kind == KIND_DISPATCH) {
        append(client, request->body, request->body_bytes);
        append(client, "\n", 1);
    }
    request->sent_end = client->appended;
    warmstart_client_set_state(client, request, STATE_SENT);
    return true;
}

/* Puts out what is queued, in the order in which it was asked for. */
static bool send_queued(struct warmstart_client *client, uint64_t now)
{
    while (client->queued.first != NONE && client->out.end - client->out.start < OUT_BYTES_FULL) {
        struct request *request = client->requests[client->queued.first];
        if (request->deadline <= now)
            warmstart_client_settle(client, request, WARMSTART_CLIENT_TIMEOUT);
        else if (!send_request(client, request, now))
            return false;
    }
    return true;
}

static void want_writing(struct warmstart_client *client, bool wanted)
{
    if (client->writing == wanted)
        return;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | (wanted ? EPOLLOUT : 0u)};
    if (epoll_ctl(client->epoll, EPOLL_CTL_MOD, client->fd, &event) == 0)
        client->writing = wanted;
}

/* As much as the kernel takes. A connection that is broken may still have something to be read. */
static void flush(struct warmstart_client *client)
{
    struct buffer *out = &client->out;
    while (out->start < out->end && !client->broken) {
        ssize_t sent =
            send(client->fd, out->bytes + out->start, out->end - out->start, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            want_writing(client, true);
            return;
        }
        if (sent < 0) {
            client->broken = errno != EINTR;
            continue;
        }
        out->start += (size_t)sent;
        client->sent += (uint64_t)sent;
    }
    want_writing(client, false);
}

static bool send_all(struct warmstart_client *client, uint64_t now)
{
    do {
        if (client->broken)
            return true;
        if (!send_queued(client, now))
            return false;
        flush(client);
    } while (client->queued.first != NONE && !client->writing);
    return true;
}

/* ---- Receiving ---- */

/* Bytes of a body that were read into the buffer, or straight into its place. */
static void body_came(struct warmstart_client *client, size_t bytes)
{
    client->body_left -= bytes;
    if (client->body_left > 0)
        return;
    struct request *request = client->body_of;
    client->body_of = NULL;
    client->in_body = false;
    if (request)
        warmstart_client_reply_body(client, request);
}

/* Copies what the buffer has of a body. True: something was taken. */
static bool take_body(struct warmstart_client *client)
{
    struct buffer *in = &client->in;
    size_t bytes = in->end - in->start;
    if (bytes > client->body_left)
        bytes = client->body_left;
    struct request *request = client->body_of;
    if (request) {
        /* The line feed behind it goes into the byte that is there for it. */
        size_t filled = request->data_bytes + 1 - client->body_left;
        memcpy((char *)request->data + filled, in->bytes + in->start, bytes);
    }
    in->start += bytes;
    if (bytes > 0 || client->body_left == 0)
        body_came(client, bytes);
    return bytes > 0;
}

/* 1: a line was taken; 0: none is whole. */
static int take_line(struct warmstart_client *client)
{
    struct buffer *in = &client->in;
    char *line = in->bytes + in->start;
    size_t filled = in->end - in->start;
    char *end = filled > 0 ? memchr(line, '\n', filled) : NULL;
    if (!end)
        return filled > REPLY_BYTES_MAX ? WARMSTART_ERR_INVALID : 0;
    *end = '\0';
    in->start += (size_t)(end - line) + 1;
    int error = warmstart_client_reply(client, line);
    return error < 0 ? error : 1;
}

static int take_all(struct warmstart_client *client)
{
    for (;;) {
        if (client->in_body) {
            if (!take_body(client))
                return 0;
            continue;
        }
        int taken = take_line(client);
        if (taken <= 0)
            return taken;
    }
}

/* 1: something came; 0: nothing now; -1: the connection is at its end. */
static int read_some(struct warmstart_client *client, const char **ret_why)
{
    struct buffer *in = &client->in;
    ssize_t got = recv(client->fd, in->bytes + in->end, in->capacity - in->end, MSG_DONTWAIT);
    if (got > 0) {
        in->end += (size_t)got;
        return 1;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    *ret_why = got == 0 ? "the server closed the connection" : strerrordesc_np(errno);
    return -1;
}

static int receive_all(struct warmstart_client *client, uint64_t now)
{
    for (int reads = 0; reads < READS_MAX && client->fd >= 0; reads++) {
        if (!warmstart_client_buffer_reserve(&client->in, READ_BYTES))
            return WARMSTART_ERR_MEMORY;
        const char *why = NULL;
        int came = read_some(client, &why);
        if (came == 0)
            return 0;
        if (came < 0) {
            warmstart_client_disconnect(client, why, now);
            return 0;
        }
        int error = take_all(client);
        if (error == WARMSTART_ERR_INVALID)
            warmstart_client_disconnect(client, "what answered does not speak the protocol", now);
        else if (error < 0)
            return error;
        else
            client->pause_ms = client->options.reconnect_min_ms; /* it does: it is a server */
    }
    return 0;
}

int warmstart_client_exchange(struct warmstart_client *client, uint64_t now)
{
    if (client->fd < 0 && now >= client->connect_at)
        connect_now(client, now);
    if (client->fd < 0)
        return 0;
    if (!send_all(client, now))
        return WARMSTART_ERR_MEMORY;
    int error = receive_all(client, now);
    if (error < 0 || client->fd < 0)
        return error;
    return send_all(client, now) ? 0 : WARMSTART_ERR_MEMORY;
}
