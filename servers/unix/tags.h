/* SPDX-License-Identifier: MIT */
/* Which wait or dispatch of a connection has a tag. */
#ifndef SERVERS_UNIX_TAGS_H
#define SERVERS_UNIX_TAGS_H

#include "command.h"

struct connection;

enum tagged_kind { TAGGED_WAIT, TAGGED_DISPATCH };

/* A member of what has a tag. */
struct tagged {
    struct connection *connection; /* NULL: it was never added, or has been removed */
    bool has_tag;                  /* it is what is found by its tag */
    uint64_t hash;
    enum tagged_kind kind;
    uint8_t tag_bytes;
    char tag[TAG_BYTES_MAX];
};

/* Finds one, or NULL. */
struct tagged *warmstart_unix_tags_find(struct connection *connection, const struct word *tag);

/* Adds one whose tag nobody has. False: out of memory. */
bool warmstart_unix_tags_add(struct connection *connection, const struct word *tag, enum tagged_kind kind,
                             struct tagged *tagged);

/* The tag is free again, for another one; this one stays its connection's until it is removed. */
void warmstart_unix_tags_release(struct tagged *tagged);

/* It is no connection's any more, and the tag is free. Fine when that is so; `tag` can still be read. */
void warmstart_unix_tags_remove(struct tagged *tagged);

#endif
