/* SPDX-License-Identifier: MIT */
#include "json_oracle.h"

#include <stdlib.h>
#include <string.h>

enum node {
    NODE_ROOT = 0,
    NODE_MESSAGE,
    NODE_A,
    NODE_DEPLOYMENT,
    NODE_RUN,
    NODE_ID,
    NODE_MACHINE,
    NODE_CPU,
    NODES
};

static const struct json_node nodes[NODES] = {
    [NODE_ROOT] = {.child = NODE_MESSAGE, .children = 2},
    [NODE_MESSAGE] = {JSON_KEY("message"), .child = NODE_DEPLOYMENT, .children = 2},
    [NODE_A] = {JSON_KEY("a")},
    [NODE_DEPLOYMENT] = {JSON_KEY("deployment"), .child = NODE_ID, .children = 1},
    [NODE_RUN] = {JSON_KEY("run\xc3\xa9"), .child = NODE_MACHINE, .children = 1},
    [NODE_ID] = {JSON_KEY("id")},
    [NODE_MACHINE] = {JSON_KEY("machine"), .child = NODE_CPU, .children = 1},
    [NODE_CPU] = {JSON_KEY("cpu")},
};

static const uint8_t parents[NODES] = {
    [NODE_DEPLOYMENT] = NODE_MESSAGE, [NODE_RUN] = NODE_MESSAGE, [NODE_ID] = NODE_DEPLOYMENT,
    [NODE_MACHINE] = NODE_RUN,        [NODE_CPU] = NODE_MACHINE,
};

/* How deep the objects and arrays of a text are inside each other; it is JSON. */
static size_t nesting(const char *text, size_t bytes)
{
    size_t depth = 0;
    size_t deepest = 0;
    int in_string = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (in_string && text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && (text[i] == '{' || text[i] == '[')) {
            depth++;
            deepest = depth > deepest ? depth : deepest;
        } else if (!in_string && (text[i] == '}' || text[i] == ']')) {
            depth--;
        }
    }
    return deepest;
}

json_t *json_oracle_read(const char *text, size_t bytes)
{
    if (bytes == 0 || memchr(text, '\0', bytes) != NULL)
        return NULL;
    json_t *tree = json_loadb(text, bytes, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    if (json_is_object(tree) && nesting(text, bytes) <= JSON_NESTING_MAX)
        return tree;
    json_decref(tree);
    return NULL;
}

static enum json_kind tree_kind(const json_t *value)
{
    static const enum json_kind kinds[] = {
        [JSON_OBJECT] = JSON_KIND_OBJECT,  [JSON_ARRAY] = JSON_KIND_ARRAY, [JSON_STRING] = JSON_KIND_STRING,
        [JSON_INTEGER] = JSON_KIND_NUMBER, [JSON_REAL] = JSON_KIND_NUMBER, [JSON_TRUE] = JSON_KIND_TRUE,
        [JSON_FALSE] = JSON_KIND_FALSE,    [JSON_NULL] = JSON_KIND_NULL,
    };
    return value == NULL ? JSON_KIND_NONE : kinds[json_typeof(value)];
}

/* A string has just enough room when it is decoded, and one byte less is not enough. */
static int same_string(const struct json_span *span, const json_t *value)
{
    size_t wanted = json_string_length(value);
    size_t bytes = 0;
    char *out = malloc(wanted > 0 ? wanted : 1);
    int same = out != NULL && warmstart_json_decode(span, out, wanted, &bytes) && bytes == wanted &&
               memcmp(out, json_string_value(value), wanted) == 0;
    if (same && wanted > 0)
        same = !warmstart_json_decode(span, out, wanted - 1, &bytes);
    free(out);
    return same;
}

static int same_text(const struct json_span *span, const json_t *value)
{
    json_t *again = json_loadb(span->start, span->bytes,
                               JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, NULL);
    int same = again != NULL && json_equal(again, value);
    json_decref(again);
    return same;
}

int json_oracle_same(const struct json_span *span, const json_t *value)
{
    if (span->kind != tree_kind(value))
        return 0;
    if (span->kind == JSON_KIND_NONE)
        return 1;
    return span->kind == JSON_KIND_STRING ? same_string(span, value) : same_text(span, value);
}

static int same_values(const struct json_span spans[NODES], const json_t *root)
{
    const json_t *path[NODES] = {root};
    int same = json_oracle_same(&spans[NODE_ROOT], root);
    for (size_t i = 1; same && i < NODES; i++) {
        path[i] = json_object_getn(path[parents[i]], nodes[i].key, nodes[i].key_bytes);
        same = json_oracle_same(&spans[i], path[i]);
    }
    return same;
}

int json_oracle_compare(const char *text, size_t bytes)
{
    struct json_span spans[NODES];
    struct json_failure failure = {JSON_REASON_NONE, 0};
    json_t *tree = json_oracle_read(text, bytes);
    int result = warmstart_json_scan(text, bytes, nodes, NODES, spans, &failure);
    int same = result == (tree != NULL);
    if (same && result)
        same = same_values(spans, tree);
    else if (same)
        same = failure.reason != JSON_REASON_NONE && failure.offset <= bytes;
    json_decref(tree);
    return same ? result : -1;
}
