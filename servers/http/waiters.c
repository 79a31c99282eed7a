/* SPDX-License-Identifier: MIT */
#include "waiters.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "metadata.h"
#include "text.h"

#define GROUPS_MAX      10000             /* in one answer */
#define KEYS_BYTES_MAX  ((size_t)8388608) /* of all groups' names and values */
#define EXPECTED_NUMBER "cpu, memory: expected a positive number"

/* ---- The query ---- */

/* Which waiters are shown. */
struct filter {
    struct metadata metadata;      /* fields that each of them has */
    struct trigger_value instance; /* NULL text: any */
    const char *expected;          /* what the query is not; NULL: fine so far */
};

static bool is_name(const char *name, size_t name_bytes, const char *expected)
{
    return name_bytes == strlen(expected) && memcmp(name, expected, name_bytes) == 0;
}

/* Trigger.dev's numbers are numbers without saying so. */
static bool add_machine(struct filter *filter, const char *name, size_t name_bytes, const char *value,
                        size_t value_bytes, struct metadata_failure *failure)
{
    char form[METADATA_NUMBER_BYTES_MAX];
    size_t form_bytes;
    if (warmstart_metadata_number(value, value_bytes, form, &form_bytes) != NUMBER_POSITIVE) {
        filter->expected = EXPECTED_NUMBER;
        return true;
    }
    return warmstart_metadata_add_json(&filter->metadata, name, name_bytes, value, value_bytes, failure);
}

static bool add_field(struct filter *filter, const char *name, size_t name_bytes, const char *value,
                      size_t value_bytes, struct metadata_failure *failure)
{
    if (name_bytes > 0 && name[name_bytes - 1] == ':')
        return warmstart_metadata_add_json(&filter->metadata, name, name_bytes - 1, value, value_bytes,
                                           failure);
    if (is_name(name, name_bytes, "cpu") || is_name(name, name_bytes, "memory"))
        return add_machine(filter, name, name_bytes, value, value_bytes, failure);
    return warmstart_metadata_add_text(&filter->metadata, name, name_bytes, value, value_bytes, failure);
}

static enum MHD_Result on_argument(void *user, enum MHD_ValueKind kind, const char *name, size_t name_bytes,
                                   const char *value, size_t value_bytes)
{
    (void)kind;
    struct filter *filter = user;
    struct metadata_failure failure = {.reason = METADATA_REASON_WORD};
    if (value && is_name(name, name_bytes, "instance")) {
        if (filter->instance.text)
            filter->expected = "instance: expected once";
        filter->instance = (struct trigger_value){value, value_bytes};
    } else if (!value || !add_field(filter, name, name_bytes, value, value_bytes, &failure)) {
        filter->expected = warmstart_metadata_expected(failure.reason);
    }
    return filter->expected ? MHD_NO : MHD_YES;
}

static void read_filter(struct connection *connection, struct filter *filter)
{
    warmstart_metadata_begin(&filter->metadata);
    filter->instance = (struct trigger_value){NULL, 0};
    filter->expected = NULL;
    MHD_get_connection_values_n(connection->mhd, MHD_GET_ARGUMENT_KIND, on_argument, filter);
}

static enum MHD_Result refuse(struct connection *connection, const struct filter *filter)
{
    char message[REFUSAL_MESSAGE_BYTES];
    bool complete = strstr(filter->expected, ": expected ");
    snprintf(message, sizeof(message), "%s%s", complete ? "" : "the query: expected ", filter->expected);
    return warmstart_http_answer_refusal(connection, REFUSAL_QUERY_INVALID, message);
}

/* ---- Groups ---- */

/* Metadata and instance in one text. */
struct key {
    char *bytes;
    size_t len; /* of bytes */
};

/* Waiters that have the same metadata and instance. */
struct group {
    struct key key;     /* first: what the tree compares; in the same block */
    struct group *next; /* in the order in which they were found */
    struct text shown;  /* both, as members of an object */
    uint64_t held;
    uint64_t matchable;
};

struct listing {
    const struct filter *filter;
    struct group *first;
    struct group **end; /* where the next one goes */
    size_t groups_len;
    void *tree;          /* of groups, by key; tsearch()'s */
    struct key key;      /* of the waiter that is looked at */
    size_t key_capacity; /* allocated */
    size_t keys_bytes;   /* of all groups */
    uint64_t held;       /* of all that fit */
    uint64_t matchable;
    bool truncated; /* there were more groups */
};

static int compare(const void *a, const void *b)
{
    const struct key *left = a, *right = b;
    if (left->len != right->len)
        return left->len < right->len ? -1 : 1;
    return memcmp(left->bytes, right->bytes, left->len);
}

/* Adds bytes with their length before them, so that no others give the same key. */
static char *put(char *at, const char *bytes, size_t bytes_len)
{
    memcpy(at, &bytes_len, sizeof(bytes_len));
    at += sizeof(bytes_len);
    if (bytes_len > 0)
        memcpy(at, bytes, bytes_len);
    return at + bytes_len;
}

/* Makes listing->key. False: out of memory. */
static bool make_key(struct listing *listing, const struct warmstart_waiter_view *view)
{
    size_t bytes = sizeof(size_t) + view->instance_bytes;
    for (size_t i = 0; i < view->fields_len; i++)
        bytes += 2 * sizeof(size_t) + view->fields[i].name_bytes + view->fields[i].value_bytes;
    if (bytes > listing->key_capacity) {
        char *grown = realloc(listing->key.bytes, 2 * bytes);
        if (!grown)
            return false;
        listing->key.bytes = grown;
        listing->key_capacity = 2 * bytes;
    }
    char *at = put(listing->key.bytes, view->instance, view->instance_bytes);
    for (size_t i = 0; i < view->fields_len; i++) {
        at = put(at, view->fields[i].name, view->fields[i].name_bytes);
        at = put(at, view->fields[i].value, view->fields[i].value_bytes);
    }
    listing->key.len = bytes;
    return true;
}

/* Adds a value with its type, or a string, as JSON. */
static void add_shown(struct text *text, const char *value, size_t value_bytes,
                      size_t (*show)(const char *value, size_t bytes, char *out))
{
    char *shown = malloc(metadata_shown_bytes_max(value_bytes));
    if (shown)
        warmstart_http_text_add(text, "%.*s", (int)show(value, value_bytes, shown), shown);
    else
        text->failed = true;
    free(shown);
}

static void add_waiter(struct text *text, const struct warmstart_waiter_view *view)
{
    warmstart_http_text_add(text, "\"metadata\":{");
    for (size_t i = 0; i < view->fields_len; i++) {
        const struct warmstart_field *field = &view->fields[i];
        warmstart_http_text_add(text, "%s", i > 0 ? "," : "");
        add_shown(text, field->name, field->name_bytes, warmstart_metadata_show_string);
        warmstart_http_text_add(text, ":");
        add_shown(text, field->value, field->value_bytes, warmstart_metadata_show);
    }
    warmstart_http_text_add(text, "},\"instance\":");
    if (view->instance_bytes > 0)
        add_shown(text, view->instance, view->instance_bytes, warmstart_metadata_show_string);
    else
        warmstart_http_text_add(text, "null");
}

static void free_group(struct group *group)
{
    free(group->shown.data);
    free(group);
}

/* A group for the key of this waiter. NULL: out of memory. */
static struct group *new_group(struct listing *listing, const struct warmstart_waiter_view *view)
{
    const struct key *key = &listing->key;
    struct group *group = malloc(sizeof(*group) + key->len);
    if (!group)
        return NULL;
    *group = (struct group){.key = {(char *)(group + 1), key->len}};
    memcpy(group->key.bytes, key->bytes, key->len);
    add_waiter(&group->shown, view);
    if (group->shown.failed || !tsearch(group, &listing->tree, compare)) {
        free_group(group);
        return NULL;
    }
    *listing->end = group;
    listing->end = &group->next;
    listing->groups_len++;
    listing->keys_bytes += key->len;
    return group;
}

static struct group *find_group(const struct listing *listing)
{
    struct group *const *found = tfind(&listing->key, &listing->tree, compare);
    return found ? *found : NULL;
}

static bool is_wanted(const struct trigger_value *instance, const struct warmstart_waiter_view *view)
{
    return !instance->text ||
           (instance->bytes == view->instance_bytes &&
            (instance->bytes == 0 || memcmp(instance->text, view->instance, instance->bytes) == 0));
}

static int on_waiter(void *user, const struct warmstart_waiter_view *view)
{
    struct listing *listing = user;
    if (!is_wanted(&listing->filter->instance, view))
        return 0;
    listing->held++;
    listing->matchable += (uint64_t)view->matchable;
    if (!make_key(listing, view))
        return WARMSTART_ERR_MEMORY;
    struct group *group = find_group(listing);
    if (!group &&
        (listing->groups_len >= GROUPS_MAX || listing->key.len > KEYS_BYTES_MAX - listing->keys_bytes)) {
        listing->truncated = true;
        return 0;
    }
    if (!group)
        group = new_group(listing, view);
    if (!group)
        return WARMSTART_ERR_MEMORY;
    group->held++;
    group->matchable += (uint64_t)view->matchable;
    return 0;
}

static void write_listing(struct text *text, const struct listing *listing)
{
    warmstart_http_text_add(text, "{\"waiters\":[");
    for (const struct group *group = listing->first; group; group = group->next)
        warmstart_http_text_add(text, "%s{%s,\"held\":%" PRIu64 ",\"matchable\":%" PRIu64 "}",
                                group != listing->first ? "," : "", group->shown.data, group->held,
                                group->matchable);
    warmstart_http_text_add(text, "],\"held\":%" PRIu64 ",\"matchable\":%" PRIu64 ",\"truncated\":%s}",
                            listing->held, listing->matchable, listing->truncated ? "true" : "false");
}

static void leave_group(void *group)
{
    (void)group; /* the list frees it */
}

static void free_listing(struct listing *listing)
{
    tdestroy(listing->tree, leave_group);
    for (struct group *group = listing->first, *next; group; group = next) {
        next = group->next;
        free_group(group);
    }
    free(listing->key.bytes);
}

enum MHD_Result warmstart_http_waiters(struct connection *connection)
{
    struct warmstart_loop *loop = connection->http->loop;
    struct filter filter;
    read_filter(connection, &filter);
    if (filter.expected)
        return refuse(connection, &filter);
    struct listing listing = {.filter = &filter};
    listing.end = &listing.first;
    struct warmstart_query query = {.fields = filter.metadata.fields,
                                    .fields_len = filter.metadata.fields_len,
                                    .how = WARMSTART_MATCH_SUBSET};
    int error = warmstart_foreach_match(warmstart_loop_manager(loop), &query, on_waiter, &listing,
                                        warmstart_loop_now(loop));
    struct text text = {0};
    /* What the manager does not take as a field, nobody has. */
    if (error == WARMSTART_ERR_MEMORY)
        text.failed = true;
    else
        write_listing(&text, &listing);
    free_listing(&listing);
    return warmstart_http_answer_text(connection, &text);
}
