/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <poll.h>

void warmstart_client_event_drop(struct warmstart_client *client, struct request *request)
{
    if (request->event == 0)
        return;
    request->event = 0;
    warmstart_client_list_remove(client, &client->events, request);
}

void warmstart_client_event_queue(struct warmstart_client *client, struct request *request,
                                  enum warmstart_client_event_type event)
{
    warmstart_client_event_drop(client, request);
    request->event = (uint8_t)event;
    warmstart_client_list_add(client, &client->events, request);
}

void warmstart_client_enter(struct warmstart_client *client)
{
    if (client->done == NONE)
        return;
    warmstart_client_request_free(client, client->requests[client->done]);
    client->done = NONE;
}

/* After WITHDRAWN a wait goes on, or ends. */
static void withdrawn_pulled(struct warmstart_client *client, struct request *request)
{
    if (request->again)
        warmstart_client_set_state(client, request, STATE_QUEUED);
    else
        warmstart_client_end_wait(client, request, "withdrawn");
}

static void fill(const struct warmstart_client *client, const struct request *request,
                 struct warmstart_client_event *event)
{
    *event = (struct warmstart_client_event){.type = (enum warmstart_client_event_type)request->event};
    if (request->kind == KIND_LINK) {
        event->text = request->event == WARMSTART_CLIENT_DISCONNECTED ? client->why : NULL;
        return;
    }
    event->outcome = (enum warmstart_client_outcome)request->outcome;
    event->request = warmstart_client_id_of(request);
    event->user = request->user;
    event->attempts = request->attempts;
    event->ok = request->ok;
    event->reason = request->reason;
    event->text = request->text;
    event->data = request->data;
    event->data_bytes = request->data_bytes;
}

static void pull(struct warmstart_client *client, struct request *request,
                 struct warmstart_client_event *event)
{
    fill(client, request, event);
    warmstart_client_event_drop(client, request);
    if (event->type == WARMSTART_CLIENT_WITHDRAWN)
        withdrawn_pulled(client, request);
    else if (request->state == STATE_OVER && request->kind != KIND_LINK)
        client->done = request->slot;
}

int warmstart_client_next_event(struct warmstart_client *client, struct warmstart_client_event *ret_event)
{
    if (!client || !ret_event)
        return WARMSTART_ERR_INVALID;
    warmstart_client_enter(client);
    if (client->events.first == NONE)
        return 0;
    pull(client, client->requests[client->events.first], ret_event);
    return 1;
}

/* The next event, of one request or (0) of any. */
static int next_event_of(struct warmstart_client *client, warmstart_client_request id,
                         struct warmstart_client_event *ret_event)
{
    if (id == 0)
        return warmstart_client_next_event(client, ret_event);
    warmstart_client_enter(client);
    struct request *request = warmstart_client_find(client, id);
    if (!request)
        return WARMSTART_ERR_INVALID;
    if (request->event == 0)
        return 0;
    pull(client, request, ret_event);
    return 1;
}

/* Milliseconds until `end`, but not longer than the client may sleep; -1: for ever. Events of other requests
 * do not count: they are there as long as nobody pulls them. */
static int sleep_ms(const struct warmstart_client *client, uint64_t end, uint64_t now)
{
    int own_ms = warmstart_client_due_ms(client);
    if (end == WARMSTART_NEVER)
        return own_ms;
    uint64_t left_ms = (end - now + MILLISECOND_NS - 1) / MILLISECOND_NS;
    int wanted_ms = left_ms < TIMEOUT_MS_MAX ? (int)left_ms : TIMEOUT_MS_MAX;
    return own_ms >= 0 && own_ms < wanted_ms ? own_ms : wanted_ms;
}

static int receive(struct warmstart_client *client, warmstart_client_request request, int timeout_ms,
                   struct warmstart_client_event *ret_event)
{
    if (!client || !ret_event || timeout_ms < -1)
        return WARMSTART_ERR_INVALID;
    uint64_t now = warmstart_client_now();
    uint64_t end = timeout_ms < 0 ? WARMSTART_NEVER : now + (uint64_t)timeout_ms * MILLISECOND_NS;
    for (;;) {
        int answer = next_event_of(client, request, ret_event);
        if (answer != 0)
            return answer;
        int error = warmstart_client_process(client);
        if (error < 0)
            return error;
        answer = next_event_of(client, request, ret_event);
        if (answer != 0)
            return answer;
        now = warmstart_client_now();
        if (now >= end)
            return 0;
        struct pollfd ready = {.fd = client->epoll, .events = POLLIN};
        if (poll(&ready, 1, sleep_ms(client, end, now)) < 0)
            return WARMSTART_ERR_SYSTEM;
    }
}

int warmstart_client_receive(struct warmstart_client *client, int timeout_ms,
                             struct warmstart_client_event *ret_event)
{
    return receive(client, 0, timeout_ms, ret_event);
}

int warmstart_client_receive_of(struct warmstart_client *client, warmstart_client_request request,
                                int timeout_ms, struct warmstart_client_event *ret_event)
{
    if (request == 0)
        return WARMSTART_ERR_INVALID;
    return receive(client, request, timeout_ms, ret_event);
}
