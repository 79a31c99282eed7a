/* SPDX-License-Identifier: MIT */
#include "state.h"

#include "sized.h"

#include <stdio.h>
#include <stdlib.h>

#define ATTEMPTS_MAX 100

/* ---- Slots ---- */

warmstart_client_request warmstart_client_id_of(const struct request *request)
{
    return (uint64_t)request->use << 32 | request->slot;
}

struct request *warmstart_client_find(const struct warmstart_client *client, warmstart_client_request id)
{
    uint32_t slot = (uint32_t)id;
    if (slot >= client->requests_len)
        return NULL;
    struct request *request = client->requests[slot];
    bool is_request = request->kind != KIND_FREE && request->kind != KIND_LINK;
    return is_request && request->use == (uint32_t)(id >> 32) ? request : NULL;
}

static struct request *add_slot(struct warmstart_client *client)
{
    if (client->requests_len == client->requests_capacity) {
        uint32_t capacity = client->requests_capacity > 0 ? client->requests_capacity * 2 : 16;
        struct request **requests = realloc(client->requests, capacity * sizeof(*requests));
        if (!requests)
            return NULL;
        client->requests = requests;
        client->requests_capacity = capacity;
    }
    struct request *request = calloc(1, sizeof(*request));
    if (!request)
        return NULL;
    request->slot = client->requests_len;
    client->requests[client->requests_len++] = request;
    return request;
}

static struct request *take_slot(struct warmstart_client *client)
{
    struct request *request;
    if (client->free_first != NONE) {
        request = client->requests[client->free_first];
        client->free_first = request->next;
    } else {
        request = add_slot(client);
        if (!request)
            return NULL;
    }
    uint32_t slot = request->slot, use = request->use + 1;
    *request = (struct request){.slot = slot, .use = use > 0 ? use : 1, .next = NONE, .previous = NONE};
    request->deadline = WARMSTART_NEVER;
    client->live++;
    return request;
}

bool warmstart_client_link_init(struct warmstart_client *client)
{
    struct request *link = take_slot(client);
    if (!link)
        return false;
    link->kind = KIND_LINK;
    link->state = STATE_OVER;
    client->live = 0;
    return true;
}

static size_t bytes_of(const struct request *request)
{
    return strlen(request->head) + (request->tail ? strlen(request->tail) : 0) + request->body_bytes;
}

static void free_parts(struct request *request)
{
    free(request->head);
    free(request->tail);
    free(request->body);
    request->head = request->tail = NULL;
    request->body = NULL;
}

/* What is over is not sent any more. */
static void forget_parts(struct warmstart_client *client, struct request *request)
{
    if (!request->head)
        return;
    client->buffered_bytes -= bytes_of(request);
    free_parts(request);
}

void warmstart_client_set_state(struct warmstart_client *client, struct request *request, enum state state)
{
    if (request->state == STATE_QUEUED)
        warmstart_client_list_remove(client, &client->queued, request);
    request->state = (uint8_t)state;
    if (state == STATE_QUEUED)
        warmstart_client_list_add(client, &client->queued, request);
    if (state == STATE_OVER)
        forget_parts(client, request);
}

void warmstart_client_request_free(struct warmstart_client *client, struct request *request)
{
    warmstart_client_event_drop(client, request);
    warmstart_client_set_state(client, request, STATE_OVER);
    if (client->body_of == request)
        client->body_of = NULL;
    free(request->data);
    free(request->reply);
    request->data = NULL;
    request->reply = NULL;
    request->kind = KIND_FREE;
    request->next = client->free_first;
    client->free_first = request->slot;
    client->live--;
}

/* ---- Texts ---- */

static bool is_line(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

/* NULL, or one word. */
static bool is_word(const char *text)
{
    return !text || (*text && is_line(text) && !strchr(text, ' '));
}

static bool is_metadata(const char *text)
{
    return !text || is_line(text);
}

/* " deployment=d1" behind "--", or the object as it stands; "" for the empty set. */
static const char *metadata_lead(const char *metadata)
{
    if (!metadata || !*metadata)
        return "";
    return *metadata == '{' ? " " : " -- ";
}

static char *copy_text(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

/* ---- New requests ---- */

/* Room for one more that would send so many bytes? */
static bool fits(const struct warmstart_client *client, size_t bytes)
{
    return client->live - (client->done != NONE) < client->options.requests_max &&
           bytes <= client->options.buffered_bytes_max - client->buffered_bytes;
}

/* Queues a request; `tail` (which it frees, too, if there is an error) may be NULL, and the body. */
static int queue(struct warmstart_client *client, enum kind kind, const char *verb, char *tail, void *user,
                 struct request **ret_request)
{
    char head[32];
    snprintf(head, sizeof(head), "%s ", verb);
    struct request *request = take_slot(client);
    if (!request) {
        free(tail);
        return WARMSTART_ERR_MEMORY;
    }
    request->kind = (uint8_t)kind;
    request->state = STATE_OVER;
    request->head = copy_text(head);
    request->tail = tail;
    request->user = user;
    if (!request->head) {
        free_parts(request);
        warmstart_client_request_free(client, request);
        return WARMSTART_ERR_MEMORY;
    }
    *ret_request = request;
    return 0;
}

static void begin(struct warmstart_client *client, struct request *request,
                  warmstart_client_request *ret_request)
{
    client->buffered_bytes += bytes_of(request);
    warmstart_client_set_state(client, request, STATE_QUEUED);
    *ret_request = warmstart_client_id_of(request);
}

static const struct warmstart_client_wait_options wait_defaults;

void warmstart_client_wait_options_init_sized(struct warmstart_client_wait_options *wait, size_t size)
{
    sized_write(wait, size, &wait_defaults, sizeof(wait_defaults));
}

/* " id=... instance=... timeout=..." and the metadata. NULL: out of memory. */
static char *wait_tail(const struct warmstart_client_wait_options *wait)
{
    const char *id = wait->controller_id ? wait->controller_id : "";
    const char *instance = wait->instance ? wait->instance : "";
    const char *metadata = wait->metadata ? wait->metadata : "";
    char timeout[32] = "", *tail;
    if (wait->timeout_ms > 0)
        snprintf(timeout, sizeof(timeout), " timeout=%u", wait->timeout_ms);
    int bytes = asprintf(&tail, "%s%s%s%s%s%s%s", *id ? " id=" : "", id, *instance ? " instance=" : "",
                         instance, timeout, metadata_lead(metadata), metadata);
    return bytes < 0 ? NULL : tail;
}

int warmstart_client_wait(struct warmstart_client *client, const struct warmstart_client_wait_options *wait,
                          warmstart_client_request *ret_request)
{
    if (!client || !wait || !ret_request)
        return WARMSTART_ERR_INVALID;
    warmstart_client_enter(client);
    struct warmstart_client_wait_options known = wait_defaults;
    int error = sized_read(&known, sizeof(known), wait, sizeof(known));
    if (error < 0)
        return error;
    if (!is_word(known.controller_id) || !is_word(known.instance) || !is_metadata(known.metadata) ||
        known.timeout_ms > TIMEOUT_MS_MAX || known.again > 1)
        return WARMSTART_ERR_INVALID;
    char *tail = wait_tail(&known);
    if (!tail)
        return WARMSTART_ERR_MEMORY;
    struct request *request;
    if (!fits(client, strlen(tail) + 8)) {
        free(tail);
        return WARMSTART_ERR_LIMIT;
    }
    error = queue(client, KIND_WAIT, "wait", tail, known.user, &request);
    if (error < 0)
        return error;
    request->again = known.again != 0;
    begin(client, request, ret_request);
    return 0;
}

static const struct warmstart_client_dispatch_options dispatch_defaults = {.timeout_ms = 1000,
                                                                           .attempts_max = 3};

void warmstart_client_dispatch_options_init_sized(struct warmstart_client_dispatch_options *dispatch,
                                                  size_t size)
{
    sized_write(dispatch, size, &dispatch_defaults, sizeof(dispatch_defaults));
}

static bool is_dispatch(const struct warmstart_client_dispatch_options *dispatch)
{
    bool how = dispatch->how == WARMSTART_MATCH_EXACT || dispatch->how == WARMSTART_MATCH_SUBSET;
    return how && (dispatch->payload || dispatch->payload_bytes == 0) && is_metadata(dispatch->metadata) &&
           dispatch->timeout_ms > 0 && dispatch->timeout_ms <= TIMEOUT_MS_MAX && dispatch->attempts_max > 0 &&
           dispatch->attempts_max <= ATTEMPTS_MAX && dispatch->retry_uncertain <= 1;
}

/* What stands behind the time that is left, which is known when it is sent. NULL: out of memory. */
static char *dispatch_tail(const struct warmstart_client_dispatch_options *dispatch)
{
    const char *metadata = dispatch->metadata ? dispatch->metadata : "";
    char *tail;
    int bytes =
        asprintf(&tail, " attempts=%u%s%s%s%s", dispatch->attempts_max,
                 dispatch->how == WARMSTART_MATCH_SUBSET ? " match=subset" : "",
                 dispatch->retry_uncertain ? " uncertain=retry" : "", metadata_lead(metadata), metadata);
    return bytes < 0 ? NULL : tail;
}

/* A dispatch of known arguments, with a copy of its payload. */
static int queue_dispatch(struct warmstart_client *client,
                          const struct warmstart_client_dispatch_options *dispatch,
                          struct request **ret_request)
{
    char *tail = dispatch_tail(dispatch);
    if (!tail)
        return WARMSTART_ERR_MEMORY;
    if (dispatch->payload_bytes > client->options.buffered_bytes_max ||
        !fits(client, strlen(tail) + 16 + dispatch->payload_bytes)) {
        free(tail);
        return WARMSTART_ERR_LIMIT;
    }
    int error = queue(client, KIND_DISPATCH, "dispatch", tail, dispatch->user, ret_request);
    if (error < 0)
        return error;
    struct request *request = *ret_request;
    request->body = malloc(dispatch->payload_bytes > 0 ? dispatch->payload_bytes : 1);
    if (!request->body) {
        free_parts(request);
        warmstart_client_request_free(client, request);
        return WARMSTART_ERR_MEMORY;
    }
    if (dispatch->payload_bytes > 0)
        memcpy(request->body, dispatch->payload, dispatch->payload_bytes);
    request->body_bytes = dispatch->payload_bytes;
    return 0;
}

int warmstart_client_dispatch(struct warmstart_client *client,
                              const struct warmstart_client_dispatch_options *dispatch,
                              warmstart_client_request *ret_request)
{
    if (!client || !dispatch || !ret_request)
        return WARMSTART_ERR_INVALID;
    warmstart_client_enter(client);
    struct warmstart_client_dispatch_options known = dispatch_defaults;
    int error = sized_read(&known, sizeof(known), dispatch, sizeof(known));
    if (error < 0)
        return error;
    if (!is_dispatch(&known))
        return WARMSTART_ERR_INVALID;
    struct request *request;
    error = queue_dispatch(client, &known, &request);
    if (error < 0)
        return error;
    request->timeout_ms = known.timeout_ms;
    request->deadline = warmstart_client_now() + known.timeout_ms * MILLISECOND_NS;
    if (request->deadline < client->next_deadline)
        client->next_deadline = request->deadline;
    begin(client, request, ret_request);
    return 0;
}

/* A verb that is not understood here, because it has a call or a body of its own. */
static bool is_free_verb(const char *verb)
{
    static const char *const own[] = {"wait", "ack", "refuse", "dispatch", "cancel", "quit"};
    size_t bytes = 0;
    for (; verb[bytes]; bytes++)
        if (verb[bytes] < 'a' || verb[bytes] > 'z' || bytes == 16)
            return false;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(verb, own[i]) == 0)
            return false;
    return bytes > 0;
}

int warmstart_client_command(struct warmstart_client *client, const char *verb, const char *arguments,
                             void *user, warmstart_client_request *ret_request)
{
    if (!client || !verb || !ret_request || !is_free_verb(verb) || (arguments && !is_line(arguments)))
        return WARMSTART_ERR_INVALID;
    warmstart_client_enter(client);
    char *tail = NULL;
    if (arguments && *arguments && asprintf(&tail, " %s", arguments) < 0)
        return WARMSTART_ERR_MEMORY;
    if (!fits(client, (tail ? strlen(tail) : 0) + 32)) {
        free(tail);
        return WARMSTART_ERR_LIMIT;
    }
    struct request *request;
    int error = queue(client, KIND_COMMAND, verb, tail, user, &request);
    if (error < 0)
        return error;
    begin(client, request, ret_request);
    return 0;
}

/* ---- What is said about a request ---- */

static int say_of_run(struct warmstart_client *client, warmstart_client_request id, const char *verb,
                      enum state state)
{
    if (!client)
        return WARMSTART_ERR_INVALID;
    warmstart_client_enter(client);
    struct request *request = warmstart_client_find(client, id);
    if (!request || request->state != STATE_OFFERED || request->event != 0)
        return 0;
    if (!warmstart_client_say(client, verb, request, request->id))
        return WARMSTART_ERR_MEMORY;
    warmstart_client_set_state(client, request, state);
    return 1;
}

int warmstart_client_ack(struct warmstart_client *client, warmstart_client_request request)
{
    return say_of_run(client, request, "ack", STATE_ACKED);
}

int warmstart_client_refuse(struct warmstart_client *client, warmstart_client_request request)
{
    return say_of_run(client, request, "refuse", STATE_REFUSED);
}

int warmstart_client_cancel(struct warmstart_client *client, warmstart_client_request id)
{
    if (!client)
        return WARMSTART_ERR_INVALID;
    warmstart_client_enter(client);
    struct request *request = warmstart_client_find(client, id);
    if (!request || request->kind == KIND_COMMAND)
        return 0;
    switch ((enum state)request->state) {
    case STATE_SENT:
        if (!warmstart_client_say(client, "cancel", request, NULL))
            return WARMSTART_ERR_MEMORY;
        request->again = false;
        return 1;
    case STATE_QUEUED:
    case STATE_PARKED:
    case STATE_WITHDRAWN:
        if (request->kind == KIND_WAIT)
            warmstart_client_end_wait(client, request, "cancelled");
        else
            warmstart_client_settle(client, request, WARMSTART_CLIENT_CANCELLED);
        return 1;
    case STATE_OFFERED:
    case STATE_ACKED:
    case STATE_REFUSED:
    case STATE_OVER:
        break;
    }
    return 0;
}

/* ---- How requests end ---- */

void warmstart_client_end_wait(struct warmstart_client *client, struct request *request, const char *reason)
{
    free(request->data);
    request->data = NULL;
    request->data_bytes = 0;
    request->reason = reason;
    warmstart_client_set_state(client, request, STATE_OVER);
    warmstart_client_event_queue(client, request, WARMSTART_CLIENT_ENDED);
}

void warmstart_client_settle(struct warmstart_client *client, struct request *request,
                             enum warmstart_client_outcome outcome)
{
    request->outcome = (uint8_t)outcome;
    request->deadline = WARMSTART_NEVER;
    warmstart_client_set_state(client, request, STATE_OVER);
    warmstart_client_event_queue(client, request, WARMSTART_CLIENT_SETTLED);
}

void warmstart_client_answer(struct warmstart_client *client, struct request *request, bool ok,
                             const char *reason, const char *text)
{
    request->ok = ok;
    request->reason = reason;
    request->text = text;
    warmstart_client_set_state(client, request, STATE_OVER);
    warmstart_client_event_queue(client, request, WARMSTART_CLIENT_ANSWER);
}

void warmstart_client_withdraw(struct warmstart_client *client, struct request *request)
{
    bool seen = request->event == 0; /* else nobody knows yet that it was offered */
    free(request->data);
    request->data = NULL;
    request->data_bytes = 0;
    warmstart_client_event_drop(client, request);
    if (seen) {
        warmstart_client_set_state(client, request, STATE_WITHDRAWN);
        warmstart_client_event_queue(client, request, WARMSTART_CLIENT_WITHDRAWN);
    } else if (request->again) {
        warmstart_client_set_state(client, request, STATE_QUEUED);
    } else {
        warmstart_client_end_wait(client, request, "withdrawn");
    }
}

/* When something happens to a dispatch if nothing else does. */
static uint64_t due_at(const struct warmstart_client *client, const struct request *request)
{
    bool sent = request->state == STATE_SENT;
    return request->deadline + (sent ? client->options.answer_timeout_ms * MILLISECOND_NS : 0);
}

void warmstart_client_requests_due(struct warmstart_client *client, uint64_t now)
{
    if (now < client->next_deadline)
        return;
    client->next_deadline = WARMSTART_NEVER;
    for (uint32_t slot = 0; slot < client->requests_len; slot++) {
        struct request *request = client->requests[slot];
        if (request->kind != KIND_DISPATCH || request->state == STATE_OVER)
            continue;
        uint64_t at = due_at(client, request);
        if (now < at)
            client->next_deadline = at < client->next_deadline ? at : client->next_deadline;
        else if (request->state == STATE_SENT)
            warmstart_client_settle(client, request, WARMSTART_CLIENT_UNCERTAIN);
        else
            warmstart_client_settle(client, request, WARMSTART_CLIENT_TIMEOUT);
    }
}
