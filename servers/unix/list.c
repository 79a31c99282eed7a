/* SPDX-License-Identifier: MIT */
/* `list`: who waits, on any transport, by key and instance. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "operate.h"

#define GROUPS_DEFAULT 1000
/* Of a group's text: the manager's limits could make it longer than that; then it is left out. */
#define KEY_BYTES_MAX  65536
#define KEYS_BYTES_MAX ((size_t)8388608) /* of all groups: what does not fit is left out, too */

struct group {
    uint64_t hash;
    uint64_t held;
    uint64_t matchable;
    size_t key_bytes; /* of the instance, a tab and the metadata */
    char key[];
};

struct listing {
    struct warmstart_unix *server;
    const struct command *command;
    struct table groups;
    size_t groups_max;
    size_t keys_bytes; /* of all groups */
    bool truncated;    /* there are more than groups_max, or than there is room for */
    size_t key_bytes;
    char key[KEY_BYTES_MAX]; /* of the waiter that is looked at */
};

/* ---- Which waiters ---- */

static bool has_field(const struct warmstart_waiter_view *waiter, const struct warmstart_field *wanted)
{
    for (size_t i = 0; i < waiter->fields_len; i++) {
        const struct warmstart_field *field = &waiter->fields[i];
        if (field->name_bytes == wanted->name_bytes && field->value_bytes == wanted->value_bytes &&
            memcmp(field->name, wanted->name, wanted->name_bytes) == 0 &&
            memcmp(field->value, wanted->value, wanted->value_bytes) == 0)
            return true;
    }
    return false;
}

static bool is_wanted(const struct listing *listing, const struct warmstart_waiter_view *waiter)
{
    const struct command *command = listing->command;
    const struct metadata *metadata = &listing->server->metadata;
    if (command->instance.text &&
        (waiter->instance_bytes != command->instance.bytes ||
         memcmp(waiter->instance, command->instance.text, command->instance.bytes) != 0))
        return false;
    bool exactly = command->has_match && command->match == WARMSTART_MATCH_EXACT;
    if (exactly && metadata->fields_len != waiter->fields_len)
        return false;
    for (size_t i = 0; i < metadata->fields_len; i++)
        if (!has_field(waiter, &metadata->fields[i]))
            return false;
    return true;
}

/* ---- Groups ---- */

static bool add_field(struct json_text *text, const struct warmstart_field *field, bool first)
{
    size_t needed = 6 * field->name_bytes + metadata_shown_bytes_max(field->value_bytes) + 4;
    if (needed > text->limit - text->used)
        return false;
    warmstart_json_text_add(text, first ? "\"" : ",\"", first ? 1 : 2);
    warmstart_json_text_add_string(text, field->name, field->name_bytes);
    warmstart_json_text_add(text, "\":", 2);
    text->used += warmstart_metadata_show(field->value, field->value_bytes, text->out + text->used);
    return true;
}

/* Instances of other transports can have bytes that a line cannot. */
static bool add_instance(struct json_text *text, const char *instance, size_t bytes)
{
    if (bytes == 0)
        return true;
    return warmstart_unix_command_is_text(instance, bytes) && warmstart_json_text_add(text, instance, bytes);
}

static bool write_key(struct listing *listing, const struct warmstart_waiter_view *waiter)
{
    struct json_text text = {.out = listing->key, .limit = sizeof(listing->key) - 1};
    if (!add_instance(&text, waiter->instance, waiter->instance_bytes))
        return false;
    if (!warmstart_json_text_add(&text, "\t{", 2))
        return false;
    for (size_t i = 0; i < waiter->fields_len; i++)
        if (!add_field(&text, &waiter->fields[i], i == 0))
            return false;
    listing->key[text.used++] = '}';
    listing->key_bytes = text.used;
    return true;
}

static struct group *find(const struct listing *listing, uint64_t hash)
{
    const struct table *table = &listing->groups;
    struct group *group;
    if (table->capacity == 0)
        return NULL;
    for (uint32_t at = table_first(table, hash); (group = table_item(table, &at, hash)) != NULL;
         at = table_after(table, at)) {
        if (group->key_bytes == listing->key_bytes &&
            memcmp(group->key, listing->key, listing->key_bytes) == 0)
            return group;
    }
    return NULL;
}

static struct group *add_group(struct listing *listing, uint64_t hash)
{
    struct group *group = malloc(sizeof(*group) + listing->key_bytes);
    if (!group || !warmstart_table_reserve(&listing->groups)) {
        free(group);
        return NULL;
    }
    *group = (struct group){.hash = hash, .key_bytes = listing->key_bytes};
    memcpy(group->key, listing->key, listing->key_bytes);
    listing->keys_bytes += listing->key_bytes;
    warmstart_table_add(&listing->groups, hash, group);
    return group;
}

static int view(void *user, const struct warmstart_waiter_view *waiter)
{
    struct listing *listing = user;
    if (!is_wanted(listing, waiter))
        return 0;
    if (!write_key(listing, waiter)) {
        listing->truncated = true;
        return 0;
    }
    uint64_t hash = hash_bytes(&listing->server->hash_key, listing->key, listing->key_bytes);
    struct group *group = find(listing, hash);
    if (!group && (listing->groups.len == listing->groups_max ||
                   listing->key_bytes > KEYS_BYTES_MAX - listing->keys_bytes)) {
        listing->truncated = true;
        return 0;
    }
    if (!group)
        group = add_group(listing, hash);
    if (!group)
        return WARMSTART_ERR_MEMORY;
    group->held++;
    group->matchable += waiter->matchable ? 1 : 0;
    return 0;
}

/* ---- The answer ---- */

static int by_key(const void *a, const void *b)
{
    const struct group *one = *(struct group *const *)a, *other = *(struct group *const *)b;
    size_t bytes = one->key_bytes < other->key_bytes ? one->key_bytes : other->key_bytes;
    int order = memcmp(one->key, other->key, bytes);
    if (order != 0)
        return order;
    return (one->key_bytes > other->key_bytes) - (one->key_bytes < other->key_bytes);
}

/* The groups by instance and metadata. NULL: out of memory, or there are none. */
static struct group **sort(const struct listing *listing)
{
    size_t len = 0;
    struct group **groups = listing->groups.len > 0 ? malloc(listing->groups.len * sizeof(*groups)) : NULL;
    if (!groups)
        return NULL;
    for (uint32_t i = 0; i < listing->groups.capacity; i++)
        if (listing->groups.entries[i].item)
            groups[len++] = listing->groups.entries[i].item;
    qsort(groups, len, sizeof(*groups), by_key);
    return groups;
}

static bool print(const struct listing *listing, struct group *const *groups, char **ret_text,
                  size_t *ret_bytes)
{
    size_t bytes = 0, room = sizeof("...\n");
    for (size_t i = 0; i < listing->groups.len; i++) {
        assert(groups); /* NULL only if there are none */
        room += groups[i]->key_bytes + 48;
    }
    char *text = malloc(room);
    if (!text)
        return false;
    for (size_t i = 0; i < listing->groups.len; i++) {
        assert(groups);
        const struct group *group = groups[i];
        bytes += (size_t)snprintf(text + bytes, room - bytes, "%llu\t%llu\t", (unsigned long long)group->held,
                                  (unsigned long long)group->matchable);
        memcpy(text + bytes, group->key, group->key_bytes);
        bytes += group->key_bytes;
        text[bytes++] = '\n';
    }
    if (listing->truncated) {
        static const char more[4] = {'.', '.', '.', '\n'};
        memcpy(text + bytes, more, sizeof(more));
        bytes += sizeof(more);
    }
    *ret_text = text;
    *ret_bytes = bytes;
    return true;
}

static void answer(struct connection *connection, const struct listing *listing, int error)
{
    char *text = NULL;
    size_t bytes;
    struct group **groups = error == 0 ? sort(listing) : NULL;
    bool printed =
        error == 0 && (groups || listing->groups.len == 0) && print(listing, groups, &text, &bytes);
    if (printed)
        warmstart_unix_operate_answer(connection, listing->command, text, bytes);
    else
        warmstart_unix_connection_refuse(connection, &listing->command->tag, "memory", "out of memory");
    free(text);
    free(groups);
}

void warmstart_unix_operate_list(struct connection *connection, const struct command *command)
{
    struct warmstart_unix *server = connection->server;
    char message[COMMAND_MESSAGE_BYTES];
    if (!warmstart_unix_command_metadata(command, &server->metadata, message)) {
        warmstart_unix_connection_refuse(connection, &command->tag, "syntax", message);
        return;
    }
    struct listing *listing = malloc(sizeof(*listing));
    if (!listing) {
        warmstart_unix_connection_refuse(connection, &command->tag, "memory", "out of memory");
        return;
    }
    listing->server = server;
    listing->command = command;
    listing->groups_max = command->max > 0 ? (size_t)command->max : GROUPS_DEFAULT;
    listing->keys_bytes = 0;
    listing->truncated = false;
    warmstart_table_init(&listing->groups, &server->memory);
    int error = warmstart_foreach_waiter(warmstart_loop_manager(server->loop), view, listing,
                                         warmstart_loop_now(server->loop));
    answer(connection, listing, error);
    for (uint32_t i = 0; i < listing->groups.capacity; i++)
        free(listing->groups.entries[i].item);
    warmstart_table_deinit(&listing->groups);
    free(listing);
}
