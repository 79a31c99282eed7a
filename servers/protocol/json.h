/* SPDX-License-Identifier: MIT */
/*
 * A strict JSON scanner: one pass over a whole text, no allocation, no recursion, no locale. It checks every
 * byte and says where the values of a few chosen keys stand.
 *
 * It accepts exactly the objects that jansson accepts with JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, but with
 * JSON_NESTING_MAX levels at most. These two flags because JSON.stringify() prints both of what they allow:
 * \u0000 inside a string, and integers beyond 2^63. One more difference: a byte of 0 is refused wherever it
 * stands. jansson 2.14 passes over one that follows a number or a word, which no other reader of JSON does.
 *
 * Everything here is pure: any thread, nothing kept. Functions that are linked carry the warmstart_ prefix,
 * types that never leave servers/ do not.
 */
#ifndef SERVERS_PROTOCOL_JSON_H
#define SERVERS_PROTOCOL_JSON_H

#include <stddef.h>
#include <stdint.h>

#define JSON_NESTING_MAX 64  /* objects and arrays inside each other, the outermost counted */
#define JSON_NODES_MAX   128 /* entries of a table of keys */

enum json_kind {
    JSON_KIND_NONE = 0, /* no such value in the text */
    JSON_KIND_OBJECT,
    JSON_KIND_ARRAY,
    JSON_KIND_STRING,
    JSON_KIND_NUMBER,
    JSON_KIND_TRUE,
    JSON_KIND_FALSE,
    JSON_KIND_NULL
};

/*
 * One wanted key. A table of them is a tree, laid out so that the children of a node stand side by side and
 * after it; entry 0 is the outermost object and has no key. {"a":{"b":1,"c":2}} and its three values:
 *
 *     [0] = {.child = 1, .children = 1},
 *     [1] = {JSON_KEY("a"), .child = 2, .children = 2},
 *     [2] = {JSON_KEY("b")},
 *     [3] = {JSON_KEY("c")},
 */
struct json_node {
    const char *key;   /* decoded, UTF-8, without NUL */
    uint8_t key_bytes; /* its length */
    uint8_t child;     /* index of the first child */
    uint8_t children;  /* how many */
};

#define JSON_KEY(text) .key = (text), .key_bytes = (uint8_t)(sizeof(text) - 1)

/* Where a value stands. Points into the scanned text. */
struct json_span {
    const char *start;   /* first byte; for a string the first one after its quote */
    size_t bytes;        /* length; for a string without its quotes */
    enum json_kind kind; /* JSON_KIND_NONE: the other members mean nothing */
    uint8_t escaped;     /* 1: a string with a backslash in it */
};

enum json_reason {
    JSON_REASON_NONE = 0,
    JSON_REASON_OBJECT,    /* the text is not an object */
    JSON_REASON_VALUE,     /* a value has to stand here */
    JSON_REASON_KEY,       /* a key has to stand here */
    JSON_REASON_COLON,     /* ':' after a key */
    JSON_REASON_MEMBER,    /* ',' or '}' after a value */
    JSON_REASON_ELEMENT,   /* ',' or ']' after a value */
    JSON_REASON_QUOTE,     /* the string has no end */
    JSON_REASON_CONTROL,   /* a control byte inside a string */
    JSON_REASON_ESCAPE,    /* an unknown escape, or \u without four hex digits */
    JSON_REASON_SURROGATE, /* \uD800 to \uDFFF that is not half of a pair */
    JSON_REASON_UTF8,      /* a byte that is not UTF-8 */
    JSON_REASON_NUL_KEY,   /* \u0000 inside a key */
    JSON_REASON_DIGIT,     /* a digit has to stand here */
    JSON_REASON_RANGE,     /* a number too large for a double */
    JSON_REASON_NESTING,   /* over JSON_NESTING_MAX levels */
    JSON_REASON_END,       /* something after the object */
    JSON_REASON_SCALAR     /* the text is not a string, number, true, false or null */
};

struct json_failure {
    enum json_reason reason;
    size_t offset; /* of the byte that does not fit, from 0; the length of the text if it ends too early */
};

/*
 * Scans `bytes` bytes at `text` (NULL only with 0), which need no zero at the end. `nodes` is a table as
 * above of `nodes_len` (1 to JSON_NODES_MAX) entries, `spans` room for as many results, one for each entry.
 *
 * 1: the text is JSON and an object; all spans are set, those of keys that are not there to JSON_KIND_NONE.
 * Of a key that stands in an object twice the last one counts, with everything in it; keys are compared
 * decoded. 0: it is not; *ret_failure says why, the spans mean nothing.
 */
int warmstart_json_scan(const char *text, size_t bytes, const struct json_node *nodes, size_t nodes_len,
                        struct json_span *spans, struct json_failure *ret_failure);

/*
 * The same for a text that is a string, a number, true, false or null, with space around it at most. 1:
 * *ret_span is set. 0: it is not; *ret_failure says why.
 */
int warmstart_json_scan_scalar(const char *text, size_t bytes, struct json_span *ret_span,
                               struct json_failure *ret_failure);

/* What was expected, as words that follow "expected ", such as "',' or '}'". Never NULL; static. */
const char *warmstart_json_expected(enum json_reason reason);

/*
 * Decodes the content of a string span of a scanned text into `out`. 1: done, *ret_bytes is the length, no
 * zero is added. 0: it is longer than out_bytes; what `out` holds means nothing.
 */
int warmstart_json_decode(const struct json_span *span, char *out, size_t out_bytes, size_t *ret_bytes);

/* Length (1 to 4) of the UTF-8 sequence that `text` begins with; 0: it begins with none, or is empty. */
size_t warmstart_json_utf8(const char *text, size_t bytes);

#endif
