/* SPDX-License-Identifier: MIT */
#include "admin.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "metadata.h"

#define FOR_MS_MAX     UINT64_C(86400000) /* a day */
#define RETIRE_FOR_MS  UINT64_C(300000)   /* as long as a controller goes on polling by default */
#define CORDON_FOR_MS  UINT64_C(3600000)  /* an hour: time enough for a node to go */
#define FILTERS        5                  /* the four fields and the instance */
#define KEY_BYTES_MAX  8192               /* of a group's four values and its instance */
#define GROUPS_MAX     10000              /* in one answer */
#define MESSAGE_FOR_MS "for_ms: expected a number of milliseconds from 1 to 86400000"

/* ---- The query ---- */

struct argument {
    const char *text; /* NULL: it is not there */
    size_t bytes;
};

static struct argument argument_of(struct connection *connection, const char *name)
{
    struct argument argument = {NULL, 0};
    MHD_lookup_connection_value_n(connection->mhd, MHD_GET_ARGUMENT_KIND, name, strlen(name), &argument.text,
                                  &argument.bytes);
    return argument;
}

/* for_ms as nanoseconds. False: it is there and no such number. */
static bool read_for(struct connection *connection, uint64_t default_ms, uint64_t *ret_ns)
{
    struct argument argument = argument_of(connection, "for_ms");
    uint64_t ms = argument.text ? 0 : default_ms;
    for (size_t i = 0; i < argument.bytes; i++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): no text has no bytes */
        char digit = argument.text[i];
        if (digit < '0' || digit > '9' || ms > FOR_MS_MAX)
            return false;
        ms = ms * 10 + (uint64_t)(digit - '0');
    }
    *ret_ns = ms * MILLISECOND_NS;
    return ms > 0 && ms <= FOR_MS_MAX;
}

/* ---- Answers ---- */

static enum MHD_Result refuse(struct connection *connection, int error)
{
    switch (error) {
    case WARMSTART_ERR_INVALID:
        return warmstart_http_answer_refusal(connection, REFUSAL_QUERY_INVALID,
                                             "the name in the path is too long");
    case WARMSTART_ERR_LIMIT:
        return warmstart_http_answer_refusal(connection, REFUSAL_ADMIN_LIMIT,
                                             "as many are kept away as may be kept away");
    default:
        return warmstart_http_answer_refusal(connection, REFUSAL_MEMORY, "out of memory");
    }
}

/* Takes the object. */
static enum MHD_Result answer_object(struct connection *connection, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!text)
        return refuse(connection, WARMSTART_ERR_MEMORY);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(text);
        return MHD_NO;
    }
    enum MHD_Result result = MHD_NO;
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json") == MHD_YES)
        result = warmstart_http_answer(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result warmstart_http_admin_retire(struct connection *connection, const char *id, size_t id_bytes)
{
    struct warmstart_loop *loop = connection->http->loop;
    uint64_t for_ns;
    if (!read_for(connection, RETIRE_FOR_MS, &for_ns))
        return warmstart_http_answer_refusal(connection, REFUSAL_QUERY_INVALID, MESSAGE_FOR_MS);
    int ended = warmstart_loop_retire(loop, id, id_bytes, warmstart_loop_now(loop) + for_ns);
    if (ended < 0)
        return refuse(connection, ended);
    return answer_object(connection, json_pack("{s:b}", "ended", ended));
}

enum MHD_Result warmstart_http_admin_cordon(struct connection *connection, const char *name,
                                            size_t name_bytes)
{
    struct warmstart_loop *loop = connection->http->loop;
    bool begins = connection->method == METHOD_PUT;
    uint64_t for_ns;
    if (!read_for(connection, CORDON_FOR_MS, &for_ns))
        return warmstart_http_answer_refusal(connection, REFUSAL_QUERY_INVALID, MESSAGE_FOR_MS);
    int error = warmstart_loop_cordon(loop, name, name_bytes, begins ? warmstart_loop_now(loop) + for_ns : 0);
    if (error < 0)
        return refuse(connection, error);
    return answer_object(connection, json_pack("{s:b}", "cordoned", begins));
}

/* ---- Waiters by key and instance ---- */

/* What is shown: the value of each filter that the request has, cpu and memory as a field has them. */
struct listing {
    struct argument filters[FILTERS];
    char numbers[FILTERS][METADATA_NUMBER_BYTES_MAX];
    json_t *groups; /* by all five values, joined */
    bool truncated; /* there were more than GROUPS_MAX */
};

static const char *const filter_names[FILTERS] = {"cpu", "deployment", "memory", "version", "instance"};

static bool is_number(size_t filter)
{
    return filter == 0 || filter == 2;
}

static bool read_filters(struct connection *connection, struct listing *listing)
{
    for (size_t i = 0; i < FILTERS; i++) {
        struct argument *argument = &listing->filters[i];
        *argument = argument_of(connection, filter_names[i]);
        if (!argument->text || !is_number(i))
            continue;
        size_t bytes;
        if (warmstart_metadata_number(argument->text, argument->bytes, listing->numbers[i], &bytes) !=
            NUMBER_POSITIVE)
            return false;
        *argument = (struct argument){listing->numbers[i], bytes};
    }
    return true;
}

/* The waiter's values in the order of filter_names. False: it has other fields than this dialect's. */
static bool values_of(const struct warmstart_waiter_view *view, struct argument values[FILTERS])
{
    for (size_t i = 0; i < FILTERS; i++)
        values[i] = (struct argument){NULL, 0};
    for (size_t field = 0; field < view->fields_len; field++)
        for (size_t i = 0; i + 1 < FILTERS; i++)
            if (view->fields[field].name_bytes == strlen(filter_names[i]) &&
                memcmp(view->fields[field].name, filter_names[i], strlen(filter_names[i])) == 0)
                values[i] = (struct argument){view->fields[field].value, view->fields[field].value_bytes};
    values[FILTERS - 1] = (struct argument){view->instance ? view->instance : "", view->instance_bytes};
    return values[0].text && values[1].text && values[2].text && values[3].text;
}

static bool fits(const struct listing *listing, const struct argument values[FILTERS])
{
    for (size_t i = 0; i < FILTERS; i++) {
        const struct argument *wanted = &listing->filters[i];
        if (wanted->text &&
            (wanted->bytes != values[i].bytes || memcmp(wanted->text, values[i].text, values[i].bytes) != 0))
            return false;
    }
    return true;
}

/* A field's value, with its type. NULL: out of memory. */
static json_t *value_of(const struct argument *value)
{
    char *text = malloc(metadata_shown_bytes_max(value->bytes));
    if (!text)
        return NULL;
    size_t bytes = warmstart_metadata_show(value->text, value->bytes, text);
    json_t *json = json_loadb(text, bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    /* An integer that only a double can hold. */
    if (!json)
        json = json_loadb(text, bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    free(text);
    return json;
}

static json_t *new_group(const struct argument values[FILTERS])
{
    json_t *group = json_object();
    for (size_t i = 0; i < FILTERS; i++) {
        json_t *value = value_of(&values[i]);
        json_object_set_new(group, filter_names[i], value ? value : json_null());
    }
    json_object_set_new(group, "held", json_integer(0));
    json_object_set_new(group, "matchable", json_integer(0));
    return group;
}

static void count_one(json_t *group, const char *name)
{
    json_t *number = json_object_get(group, name);
    json_integer_set(number, json_integer_value(number) + 1);
}

/* The five values in one text that no other five give: each with its length before it. */
static bool join(const struct argument values[FILTERS], char key[KEY_BYTES_MAX])
{
    size_t at = 0;
    for (size_t i = 0; i < FILTERS; i++) {
        int head = snprintf(key + at, KEY_BYTES_MAX - at, "%zu:", values[i].bytes);
        if (head < 0 || (size_t)head + values[i].bytes >= KEY_BYTES_MAX - at)
            return false;
        at += (size_t)head;
        memcpy(key + at, values[i].text, values[i].bytes);
        at += values[i].bytes;
    }
    key[at] = '\0';
    return true;
}

static int on_waiter(void *user, const struct warmstart_waiter_view *view)
{
    struct listing *listing = user;
    struct argument values[FILTERS];
    char key[KEY_BYTES_MAX];
    if (!values_of(view, values) || !fits(listing, values) || !join(values, key))
        return 0;
    json_t *group = json_object_get(listing->groups, key);
    if (!group && json_object_size(listing->groups) >= GROUPS_MAX) {
        listing->truncated = true;
        return 0;
    }
    if (!group) {
        group = new_group(values);
        if (json_object_set_new_nocheck(listing->groups, key, group) != 0)
            return WARMSTART_ERR_MEMORY;
    }
    count_one(group, "held");
    if (view->matchable)
        count_one(group, "matchable");
    return 0;
}

static json_t *list_of(json_t *groups)
{
    json_t *list = json_array(), *group;
    const char *key;
    json_object_foreach(groups, key, group)
    {
        (void)key;
        json_array_append(list, group);
    }
    return list;
}

enum MHD_Result warmstart_http_admin_waiters(struct connection *connection)
{
    struct warmstart_loop *loop = connection->http->loop;
    struct listing listing = {.groups = NULL};
    if (!read_filters(connection, &listing))
        return warmstart_http_answer_refusal(connection, REFUSAL_QUERY_INVALID,
                                             "cpu, memory: expected a positive number");
    listing.groups = json_object();
    int error =
        warmstart_foreach_waiter(warmstart_loop_manager(loop), on_waiter, &listing, warmstart_loop_now(loop));
    if (error < 0) {
        json_decref(listing.groups);
        return refuse(connection, error);
    }
    json_t *answer =
        json_pack("{s:o,s:b}", "waiters", list_of(listing.groups), "truncated", listing.truncated);
    json_decref(listing.groups);
    return answer_object(connection, answer);
}
