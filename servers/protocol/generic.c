/* SPDX-License-Identifier: MIT */
#include "generic.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "json_text.h"
#include "value.h"
#include "walk.h"

#define NODES_MAX 6 /* of either table below */

/* A body that is read. */
struct reading {
    const char *body;
    size_t bytes;
    const struct json_node *nodes;     /* the object and its members */
    size_t nodes_len;                  /* at most NODES_MAX */
    struct json_span spans[NODES_MAX]; /* what was found of each */
    struct generic_error *error;
};

/* ---- Errors ---- */

const char *warmstart_generic_code_name(const struct generic_error *error)
{
    switch (error->code) {
    case GENERIC_CODE_BODY_MISSING:
        return "body_missing";
    case GENERIC_CODE_BODY_INVALID:
        return "body_invalid";
    case GENERIC_CODE_MEMBER_UNKNOWN:
        return "member_unknown";
    case GENERIC_CODE_MEMBER_REPEATED:
        return "member_repeated";
    case GENERIC_CODE_MEMBER_MISSING:
        return "member_missing";
    case GENERIC_CODE_MEMBER_INVALID:
        return "member_invalid";
    case GENERIC_CODE_METADATA:
        return warmstart_metadata_reason_name(error->reason);
    }
    return "unknown";
}

/* Fills in an error about what `where` names. 0, for the caller to return. */
static int fail(const struct reading *reading, enum generic_code code, const char *where,
                const char *expected, size_t offset)
{
    struct generic_error *error = reading->error;
    error->code = code;
    error->reason = METADATA_REASON_NONE;
    error->offset = offset;
    snprintf(error->message, sizeof(error->message), "%s: expected %s at byte %zu%s", where, expected, offset,
             offset == reading->bytes && offset > 0 ? ", where the body ends" : "");
    return 0;
}

static int fail_at(const struct reading *reading, enum generic_code code, const char *where,
                   const char *expected, const struct json_span *span)
{
    return fail(reading, code, where, expected, (size_t)(span->start - reading->body));
}

/* ---- Members ---- */

static int is_key(const struct json_node *node, const struct json_span *key)
{
    char decoded[UINT8_MAX];
    size_t bytes;
    return warmstart_json_decode(key, decoded, sizeof(decoded), &bytes) && bytes == node->key_bytes &&
           memcmp(decoded, node->key, bytes) == 0;
}

/* The node that this value was found for: the last of its name. 0: for none. */
static size_t node_of(const struct reading *reading, const struct json_span *value)
{
    size_t node = reading->nodes_len - 1;
    while (node > 0 &&
           (reading->spans[node].kind == JSON_KIND_NONE || reading->spans[node].start != value->start))
        node--;
    return node;
}

/* A member that the scan has found for no node is unknown, or there is a later one of its name. */
static int fail_member(const struct reading *reading, const struct json_span *key, const char *known)
{
    for (size_t node = 1; node < reading->nodes_len; node++)
        if (is_key(&reading->nodes[node], key))
            return fail_at(reading, GENERIC_CODE_MEMBER_REPEATED, "body", "each member once", key);
    return fail_at(reading, GENERIC_CODE_MEMBER_UNKNOWN, "body", known, key);
}

/* Scans the body and goes through its members. `known` lists their names for people. */
static int read_members(struct reading *reading, const char *known)
{
    struct json_failure failure;
    struct json_walk walk;
    struct json_span key;
    struct json_span value;
    assert(reading->nodes_len <= NODES_MAX);
    if (reading->bytes == 0)
        return fail(reading, GENERIC_CODE_BODY_MISSING, "body", "a JSON object", 0);
    if (!warmstart_json_scan(reading->body, reading->bytes, reading->nodes, reading->nodes_len,
                             reading->spans, &failure))
        return fail(reading, GENERIC_CODE_BODY_INVALID, "body", warmstart_json_expected(failure.reason),
                    failure.offset);
    warmstart_json_walk_begin(&walk, reading->spans[0].start);
    while (warmstart_json_walk_next(&walk, &key, &value) == JSON_STEP_MEMBER) {
        size_t node = node_of(reading, &value);
        if (node == 0)
            return fail_member(reading, &key, known);
        if (value.kind == JSON_KIND_OBJECT || value.kind == JSON_KIND_ARRAY)
            warmstart_json_walk_skip(&walk, reading->spans[node].bytes);
    }
    return 1;
}

static int need(const struct reading *reading, size_t node, const char *expected)
{
    return reading->spans[node].kind != JSON_KIND_NONE ||
           fail_at(reading, GENERIC_CODE_MEMBER_MISSING, "body", expected, &reading->spans[0]);
}

/* A string that names something; *ret_bytes is 0 if it is not there. */
static int read_name(const struct reading *reading, size_t node, char out[GENERIC_NAME_BYTES_MAX],
                     size_t *ret_bytes)
{
    const struct json_span *span = &reading->spans[node];
    *ret_bytes = 0;
    if (span->kind == JSON_KIND_NONE)
        return 1;
    if (span->kind == JSON_KIND_STRING && span->bytes > 0 &&
        warmstart_json_decode(span, out, GENERIC_NAME_BYTES_MAX, ret_bytes) &&
        !value_has_control(out, *ret_bytes))
        return 1;
    return fail_at(reading, GENERIC_CODE_MEMBER_INVALID, reading->nodes[node].key,
                   "a string of 1 to 1024 bytes without control characters", span);
}

/* A whole number from 1 to `max`; 0 if it is not there. */
static int read_count(const struct reading *reading, size_t node, uint32_t max, const char *expected,
                      uint32_t *ret_count)
{
    const struct json_span *span = &reading->spans[node];
    uint64_t count = 0;
    *ret_count = 0;
    if (span->kind == JSON_KIND_NONE)
        return 1;
    for (size_t i = 0; i < span->bytes && span->kind == JSON_KIND_NUMBER && count <= max; i++)
        count = span->start[i] >= '0' && span->start[i] <= '9' ? count * 10 + (uint64_t)(span->start[i] - '0')
                                                               : UINT64_MAX;
    if (count < 1 || count > max)
        return fail_at(reading, GENERIC_CODE_MEMBER_INVALID, reading->nodes[node].key, expected, span);
    *ret_count = (uint32_t)count;
    return 1;
}

static int read_timeout(const struct reading *reading, size_t node, uint32_t *ret_timeout_ms)
{
    return read_count(reading, node, GENERIC_TIMEOUT_MS_MAX, "a whole number from 1 to 86400000",
                      ret_timeout_ms);
}

static int read_metadata(const struct reading *reading, size_t node, struct metadata *ret_metadata)
{
    const struct json_span *span = &reading->spans[node];
    const char *name = reading->nodes[node].key;
    struct metadata_failure failure;
    if (span->kind != JSON_KIND_OBJECT)
        return fail_at(reading, GENERIC_CODE_MEMBER_INVALID, name, "a JSON object", span);
    warmstart_metadata_begin(ret_metadata);
    if (warmstart_metadata_add_object(ret_metadata, reading->body, span, &failure))
        return 1;
    fail(reading, GENERIC_CODE_METADATA, name, warmstart_metadata_expected(failure.reason), failure.offset);
    reading->error->reason = failure.reason;
    return 0;
}

/* ---- POST /v1/wait ---- */

enum wait_node { WAIT_BODY = 0, WAIT_METADATA, WAIT_ID, WAIT_INSTANCE, WAIT_TIMEOUT, WAIT_NODES };

static const struct json_node wait_nodes[WAIT_NODES] = {
    [WAIT_BODY] = {.child = WAIT_METADATA, .children = WAIT_NODES - 1},
    [WAIT_METADATA] = {JSON_KEY("metadata")},
    [WAIT_ID] = {JSON_KEY("id")},
    [WAIT_INSTANCE] = {JSON_KEY("instance")},
    [WAIT_TIMEOUT] = {JSON_KEY("timeout_ms")},
};

int warmstart_generic_read_wait(const char *body, size_t bytes, struct generic_wait *ret_wait,
                                struct generic_error *ret_error)
{
    struct reading reading = {
        .body = body, .bytes = bytes, .nodes = wait_nodes, .nodes_len = WAIT_NODES, .error = ret_error};
    return read_members(&reading, "metadata, id, instance or timeout_ms") &&
           need(&reading, WAIT_METADATA, "a member metadata") &&
           read_metadata(&reading, WAIT_METADATA, &ret_wait->metadata) &&
           read_name(&reading, WAIT_ID, ret_wait->id, &ret_wait->id_bytes) &&
           read_name(&reading, WAIT_INSTANCE, ret_wait->instance, &ret_wait->instance_bytes) &&
           read_timeout(&reading, WAIT_TIMEOUT, &ret_wait->timeout_ms);
}

/* ---- POST /v1/dispatch ---- */

enum dispatch_node {
    DISPATCH_BODY = 0,
    DISPATCH_MATCH,
    DISPATCH_PAYLOAD,
    DISPATCH_MODE,
    DISPATCH_TIMEOUT,
    DISPATCH_ATTEMPTS,
    DISPATCH_NODES
};

static const struct json_node dispatch_nodes[DISPATCH_NODES] = {
    [DISPATCH_BODY] = {.child = DISPATCH_MATCH, .children = DISPATCH_NODES - 1},
    [DISPATCH_MATCH] = {JSON_KEY("match")},
    [DISPATCH_PAYLOAD] = {JSON_KEY("payload")},
    [DISPATCH_MODE] = {JSON_KEY("mode")},
    [DISPATCH_TIMEOUT] = {JSON_KEY("timeout_ms")},
    [DISPATCH_ATTEMPTS] = {JSON_KEY("attempts")},
};

static int read_mode(const struct reading *reading, enum warmstart_match *ret_how)
{
    const struct json_span *span = &reading->spans[DISPATCH_MODE];
    char mode[8];
    size_t bytes;
    *ret_how = WARMSTART_MATCH_EXACT;
    if (span->kind == JSON_KIND_NONE)
        return 1;
    if (span->kind == JSON_KIND_STRING && warmstart_json_decode(span, mode, sizeof(mode), &bytes)) {
        if (bytes == 5 && memcmp(mode, "exact", 5) == 0)
            return 1;
        if (bytes == 6 && memcmp(mode, "subset", 6) == 0) {
            *ret_how = WARMSTART_MATCH_SUBSET;
            return 1;
        }
    }
    return fail_at(reading, GENERIC_CODE_MEMBER_INVALID, "mode", "\"exact\" or \"subset\"", span);
}

int warmstart_generic_read_dispatch(const char *body, size_t bytes, struct generic_dispatch *ret_dispatch,
                                    struct generic_error *ret_error)
{
    struct reading reading = {.body = body,
                              .bytes = bytes,
                              .nodes = dispatch_nodes,
                              .nodes_len = DISPATCH_NODES,
                              .error = ret_error};
    if (!read_members(&reading, "match, payload, mode, timeout_ms or attempts") ||
        !need(&reading, DISPATCH_MATCH, "a member match") ||
        !need(&reading, DISPATCH_PAYLOAD, "a member payload") ||
        !read_metadata(&reading, DISPATCH_MATCH, &ret_dispatch->match) ||
        !read_mode(&reading, &ret_dispatch->how) ||
        !read_timeout(&reading, DISPATCH_TIMEOUT, &ret_dispatch->timeout_ms) ||
        !read_count(&reading, DISPATCH_ATTEMPTS, GENERIC_ATTEMPTS_MAX, "a whole number from 1 to 100",
                    &ret_dispatch->attempts))
        return 0;
    const struct json_span *payload = &reading.spans[DISPATCH_PAYLOAD];
    size_t quote = payload->kind == JSON_KIND_STRING;
    ret_dispatch->payload = payload->start - quote;
    ret_dispatch->payload_bytes = payload->bytes + 2 * quote;
    return 1;
}

size_t warmstart_generic_write_outcome(char *out, int delivered, const char *outcome, uint32_t attempts,
                                       const char *controller, size_t controller_bytes)
{
    static const char name[] = ",\"controller\":\"";
    int head = snprintf(out, GENERIC_ANSWER_BYTES, "{\"delivered\":%s,\"outcome\":\"%s\",\"attempts\":%lu",
                        delivered ? "true" : "false", outcome, (unsigned long)attempts);
    assert(head > 0 && (size_t)head + sizeof(name) + 1 < GENERIC_ANSWER_BYTES);
    struct json_text text = {
        .out = out, .used = (size_t)head, .limit = GENERIC_ANSWER_BYTES + 6 * controller_bytes};
    if (controller_bytes > 0) {
        warmstart_json_text_add(&text, name, sizeof(name) - 1);
        warmstart_json_text_add_string(&text, controller, controller_bytes);
        warmstart_json_text_add(&text, "\"", 1);
    }
    warmstart_json_text_add(&text, "}", 1);
    return text.used;
}
