/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The next word of a line, which is cut off; NULL: there is none. */
static char *take_word(char **rest)
{
    char *word = *rest;
    if (!word || !*word)
        return NULL;
    char *space = strchr(word, ' ');
    *rest = space ? space + 1 : NULL;
    if (space)
        *space = '\0';
    return word;
}

/* Digits only, at most `max`. */
static bool read_number(const char *word, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (!word || !*word)
        return false;
    for (; *word; word++) {
        uint64_t digit = (uint64_t)(unsigned char)*word - '0';
        if (digit > 9 || digit > max || number > (max - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

/* Whom a reply is about; NULL: something that is over, or was sent anew since. */
static struct request *find_by_tag(const struct warmstart_client *client, char *tag)
{
    char *rest = strchr(tag, '.');
    uint64_t slot, serial;
    if (!rest)
        return NULL;
    *rest++ = '\0';
    if (!read_number(tag, UINT32_MAX, &slot) || !read_number(rest, UINT64_MAX, &serial) ||
        slot >= client->requests_len)
        return NULL;
    struct request *request = client->requests[slot];
    bool is_it = request->kind != KIND_FREE && request->serial == serial;
    return is_it && request->state >= STATE_SENT && request->state <= STATE_REFUSED ? request : NULL;
}

/* Keeps a text that an event is going to point to. NULL: out of memory. */
static const char *keep(struct request *request, const char *text)
{
    free(request->reply);
    request->reply = strdup(text ? text : "");
    return request->reply;
}

/* ---- Bodies ---- */

/* PAYLOAD TAG ID BYTES, DATA TAG BYTES: what follows is a body, wanted or not. */
static int begin_body(struct warmstart_client *client, struct request *request, const char *bytes)
{
    uint64_t len;
    if (!read_number(bytes, client->options.payload_bytes_max, &len))
        return WARMSTART_ERR_INVALID;
    if (request) {
        void *data = malloc((size_t)len + 1);
        if (!data)
            return WARMSTART_ERR_MEMORY;
        free(request->data);
        request->data = data;
        request->data_bytes = (size_t)len;
    }
    client->body_of = request;
    client->body_left = (size_t)len + 1;
    client->in_body = true;
    return 0;
}

void warmstart_client_reply_body(struct warmstart_client *client, struct request *request)
{
    ((char *)request->data)[request->data_bytes] = '\0';
    if (request->kind == KIND_COMMAND) {
        warmstart_client_answer(client, request, true, NULL, "");
        return;
    }
    warmstart_client_set_state(client, request, STATE_OFFERED);
    warmstart_client_event_queue(client, request, WARMSTART_CLIENT_PAYLOAD);
}

static int on_payload(struct warmstart_client *client, struct request *request, char *rest)
{
    const char *id = take_word(&rest);
    const char *bytes = take_word(&rest);
    if (!id || strlen(id) > ID_BYTES_MAX)
        return WARMSTART_ERR_INVALID;
    bool wanted = request && request->kind == KIND_WAIT && request->state == STATE_SENT;
    if (wanted)
        strcpy(request->id, id);
    return begin_body(client, wanted ? request : NULL, bytes);
}

static int on_data(struct warmstart_client *client, struct request *request, char *rest)
{
    bool wanted = request && request->kind == KIND_COMMAND;
    return begin_body(client, wanted ? request : NULL, take_word(&rest));
}

/* ---- Waits ---- */

/* The wait is over at the server. Why it goes on here, if it does, decides when. */
static int wait_over(struct warmstart_client *client, struct request *request, const char *reason)
{
    static const char *const again_now[] = {"timeout", "lost"};
    static const char *const again_later[] = {"draining", "shutdown"};
    for (size_t i = 0; i < 2 && request->again; i++) {
        enum state state = strcmp(reason, again_now[i]) == 0 ? STATE_QUEUED : STATE_PARKED;
        if (state == STATE_QUEUED || strcmp(reason, again_later[i]) == 0) {
            warmstart_client_set_state(client, request, state);
            return 0;
        }
    }
    const char *kept = keep(request, reason);
    if (!kept)
        return WARMSTART_ERR_MEMORY;
    warmstart_client_end_wait(client, request, kept);
    return 0;
}

static int on_ended(struct warmstart_client *client, struct request *request, char *rest)
{
    const char *reason = take_word(&rest);
    if (!reason)
        return WARMSTART_ERR_INVALID;
    if (!request || request->kind != KIND_WAIT)
        return 0;
    return wait_over(client, request, reason);
}

static int on_over(struct warmstart_client *client, struct request *request, char *rest)
{
    const char *id = take_word(&rest);
    if (!id)
        return WARMSTART_ERR_INVALID;
    if (!request || request->kind != KIND_WAIT || strcmp(id, request->id) != 0)
        return 0;
    if (request->state == STATE_OFFERED || request->state == STATE_ACKED)
        warmstart_client_withdraw(client, request);
    else if (request->state == STATE_REFUSED)
        return wait_over(client, request, request->again ? "lost" : "refused");
    return 0;
}

static void take(struct warmstart_client *client, struct request *request)
{
    warmstart_client_set_state(client, request, STATE_OVER);
    warmstart_client_event_queue(client, request, WARMSTART_CLIENT_TAKEN);
}

static int on_ok(struct warmstart_client *client, struct request *request, char *rest)
{
    if (!request)
        return 0;
    if (request->state == STATE_ACKED) {
        take(client, request);
    } else if (request->state == STATE_REFUSED) {
        return wait_over(client, request, request->again ? "lost" : "refused");
    } else if (request->kind == KIND_COMMAND) {
        const char *text = keep(request, rest);
        if (!text)
            return WARMSTART_ERR_MEMORY;
        warmstart_client_answer(client, request, true, NULL, text);
    }
    return 0;
}

/* The line is "CODE MESSAGE": the code is kept with its message behind it. */
static int on_error(struct warmstart_client *client, struct request *request, char *rest)
{
    if (!request)
        return 0;
    if (request->state == STATE_OFFERED || request->state == STATE_ACKED) {
        warmstart_client_withdraw(client, request);
        return 0;
    }
    const char *kept = keep(request, rest);
    if (!kept)
        return WARMSTART_ERR_MEMORY;
    char *message = request->reply;
    const char *code = take_word(&message);
    if (request->kind == KIND_COMMAND) {
        warmstart_client_answer(client, request, false, code ? code : "unknown", message ? message : "");
        return 0;
    }
    request->text = message;
    request->reason = code ? code : "unknown";
    if (request->kind == KIND_DISPATCH) {
        warmstart_client_settle(client, request, WARMSTART_CLIENT_REFUSED);
        return 0;
    }
    if (request->again && strcmp(request->reason, "draining") == 0) {
        request->reason = request->text = NULL;
        warmstart_client_set_state(client, request, STATE_PARKED);
        return 0;
    }
    warmstart_client_end_wait(client, request, request->reason);
    return 0;
}

/* ---- Dispatches ---- */

static int on_settled(struct warmstart_client *client, struct request *request, char *rest,
                      enum warmstart_client_outcome outcome)
{
    uint64_t attempts = 0;
    const char *word = outcome == WARMSTART_CLIENT_NO_MATCH ? "0" : take_word(&rest);
    if (!read_number(word, UINT32_MAX, &attempts))
        return WARMSTART_ERR_INVALID;
    if (!request || request->kind != KIND_DISPATCH)
        return 0;
    if (outcome == WARMSTART_CLIENT_DELIVERED) {
        request->text = keep(request, rest);
        if (!request->text)
            return WARMSTART_ERR_MEMORY;
    }
    request->attempts = (uint32_t)attempts;
    warmstart_client_settle(client, request, outcome);
    return 0;
}

/* TIMEOUT is said of waits, and with a number of dispatches. */
static int on_timeout(struct warmstart_client *client, struct request *request, char *rest)
{
    if (!request || request->kind == KIND_WAIT)
        return request ? wait_over(client, request, "timeout") : 0;
    return on_settled(client, request, rest, WARMSTART_CLIENT_TIMEOUT);
}

/* ---- Lines ---- */

struct settling {
    const char *verb;
    enum warmstart_client_outcome outcome;
};

static const struct settling settlings[] = {
    {"DELIVERED", WARMSTART_CLIENT_DELIVERED}, {"NO_MATCH", WARMSTART_CLIENT_NO_MATCH},
    {"LOST", WARMSTART_CLIENT_LOST},           {"UNCERTAIN", WARMSTART_CLIENT_UNCERTAIN},
    {"CANCELLED", WARMSTART_CLIENT_CANCELLED}, {"SHUTDOWN", WARMSTART_CLIENT_SHUTDOWN},
};

struct handler {
    const char *verb;
    int (*handle)(struct warmstart_client *client, struct request *request, char *rest);
};

static const struct handler handlers[] = {
    {"OK", on_ok},     {"PAYLOAD", on_payload}, {"DATA", on_data},       {"ERR", on_error},
    {"OVER", on_over}, {"ENDED", on_ended},     {"TIMEOUT", on_timeout},
};

int warmstart_client_reply(struct warmstart_client *client, char *line)
{
    char *rest = line;
    const char *verb = take_word(&rest);
    char *tag = take_word(&rest);
    if (!verb || !tag)
        return WARMSTART_ERR_INVALID;
    struct request *request = find_by_tag(client, tag);
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
        if (strcmp(verb, handlers[i].verb) == 0)
            return handlers[i].handle(client, request, rest);
    for (size_t i = 0; i < sizeof(settlings) / sizeof(settlings[0]); i++)
        if (strcmp(verb, settlings[i].verb) == 0)
            return on_settled(client, request, rest, settlings[i].outcome);
    return 0; /* what a later version says */
}
