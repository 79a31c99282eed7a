/* SPDX-License-Identifier: MIT */
#include "tags.h"

#include <string.h>

#include "connection.h"

static uint64_t hash_of(const struct connection *connection, const struct word *tag)
{
    const struct hash_key *key = &connection->server->hash_key;
    uint64_t start = hash_fold((uintptr_t)connection ^ key->words[1], tag->bytes ^ key->words[3]);
    return hash_add(key, start, tag->text, tag->bytes);
}

struct tagged *warmstart_unix_tags_find(struct connection *connection, const struct word *tag)
{
    const struct table *table = &connection->server->tags;
    uint64_t hash = hash_of(connection, tag);
    struct tagged *tagged;
    if (table->capacity == 0)
        return NULL;
    for (uint32_t at = table_first(table, hash); (tagged = table_item(table, &at, hash)) != NULL;
         at = table_after(table, at)) {
        if (tagged->connection == connection && tagged->tag_bytes == tag->bytes &&
            memcmp(tagged->tag, tag->text, tag->bytes) == 0)
            return tagged;
    }
    return NULL;
}

bool warmstart_unix_tags_add(struct connection *connection, const struct word *tag, enum tagged_kind kind,
                             struct tagged *tagged)
{
    struct table *table = &connection->server->tags;
    if (!warmstart_table_reserve(table))
        return false;
    tagged->connection = connection;
    tagged->has_tag = true;
    tagged->hash = hash_of(connection, tag);
    tagged->kind = kind;
    tagged->tag_bytes = (uint8_t)tag->bytes;
    memcpy(tagged->tag, tag->text, tag->bytes);
    warmstart_table_add(table, tagged->hash, tagged);
    return true;
}

void warmstart_unix_tags_release(struct tagged *tagged)
{
    if (!tagged->has_tag)
        return;
    warmstart_table_remove(&tagged->connection->server->tags, tagged->hash, tagged);
    tagged->has_tag = false;
}

void warmstart_unix_tags_remove(struct tagged *tagged)
{
    warmstart_unix_tags_release(tagged);
    tagged->connection = NULL;
}
