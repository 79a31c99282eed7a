/* SPDX-License-Identifier: MIT */
/*
 * Metadata: fields whose values have a type, for every dialect and transport. The core compares bytes; this
 * is the one place that knows which bytes a value becomes:
 *
 *   a string                  its own bytes, which never begin with 0xFF: UTF-8 has no such byte
 *   a number                  0xFF, 'n', its canonical form (number.h): 1, 1.0 and 1e0 are one value
 *   true, false, null         0xFF and one of 't', 'f', 'z'
 *
 * So "1" is not 1, and two values are equal exactly when their bytes are.
 *
 * A nested object is flattened: {"machine":{"cpu":1}} is one field, machine.cpu. A dot in a key means the
 * same: {"machine.cpu":1} is that field too. Both can be mixed; what counts is the whole name, and that may
 * be there once only. A name is one or more parts that are joined by dots; none is empty, and none has a
 * control character. An array has no bytes to be compared and is refused; so is an empty object inside another
 * one, of which nothing would be left.
 *
 * Pure functions: no allocation, no recursion, any thread, nothing kept.
 */
#ifndef SERVERS_PROTOCOL_METADATA_H
#define SERVERS_PROTOCOL_METADATA_H

#include <stddef.h>
#include <stdint.h>
#include <warmstart/warmstart.h>

#include "json.h"
#include "number.h"

#define METADATA_FIELDS_MAX       32   /* as many as a manager takes by default */
#define METADATA_NAME_BYTES_MAX   255  /* of a whole name, dots and all */
#define METADATA_VALUE_BYTES_MAX  1024 /* of a string, decoded; of a number, as it was written */
#define METADATA_BYTES_MAX        8192 /* of all names and values together */
#define METADATA_DEPTH_MAX        8    /* objects inside each other, the outermost counted */
#define METADATA_NUMBER_BYTES_MAX (2 + NUMBER_CANONICAL_BYTES_MAX) /* of a number as a field's value */

/* ---- Values ---- */

/* 1: a string with these bytes can be a value as it is; 0: it begins with 0xFF. */
int warmstart_metadata_is_string(const char *text, size_t bytes);

/*
 * Turns a number as JSON writes it into a field's value. NUMBER_INVALID, NUMBER_RANGE: it is none; nothing is
 * written. Else: what its sign is; no zero is added.
 */
enum number_sign warmstart_metadata_number(const char *text, size_t bytes,
                                           char out[METADATA_NUMBER_BYTES_MAX], size_t *ret_bytes);

/* The type of a field's value. A caller of the core may have put in any bytes: those are strings. */
enum json_kind warmstart_metadata_kind(const char *value, size_t bytes);

/* Room for a value of so many bytes that is shown. */
static inline size_t metadata_shown_bytes_max(size_t bytes)
{
    return 6 * bytes + 2 + NUMBER_PLAIN_BYTES_MORE;
}

/*
 * Writes a field's value as JSON, a string with its quotes: for people and for other programs. `out` has room
 * for metadata_shown_bytes_max(bytes). What is not UTF-8 becomes U+FFFD. The length, no zero is added.
 */
size_t warmstart_metadata_show(const char *value, size_t bytes, char *out);

/* The same for a name, or whatever is a string for certain. */
size_t warmstart_metadata_show_string(const char *text, size_t bytes, char *out);

/* ---- Reading ---- */

enum metadata_reason {
    METADATA_REASON_NONE = 0,
    METADATA_REASON_FIELDS,       /* over METADATA_FIELDS_MAX */
    METADATA_REASON_NAME_LENGTH,  /* over METADATA_NAME_BYTES_MAX */
    METADATA_REASON_VALUE_LENGTH, /* over METADATA_VALUE_BYTES_MAX */
    METADATA_REASON_LENGTH,       /* over METADATA_BYTES_MAX */
    METADATA_REASON_DEPTH,        /* over METADATA_DEPTH_MAX */
    METADATA_REASON_NAME_EMPTY,   /* a name or a part of one is empty */
    METADATA_REASON_NAME,         /* a name with a control character, or not UTF-8 */
    METADATA_REASON_REPEATED,     /* a name that is there already */
    METADATA_REASON_ARRAY,        /* an array */
    METADATA_REASON_OBJECT,       /* an empty object inside another one */
    METADATA_REASON_RANGE,        /* a number that is too small for a double, in either direction of 0 */
    METADATA_REASON_VALUE,        /* no JSON, or an object, where one value has to stand; not UTF-8 */
    METADATA_REASON_WORD,         /* a word without '=' */
    METADATA_REASONS              /* how many */
};

struct metadata_failure {
    enum metadata_reason reason;
    size_t offset; /* of the byte that does not fit, from 0 */
};

/* Fields and the bytes they point to. It is not to be copied. */
struct metadata {
    struct warmstart_field fields[METADATA_FIELDS_MAX]; /* names and values are in `text` */
    size_t fields_len;
    size_t text_bytes; /* used */
    char text[METADATA_BYTES_MAX];
};

/* Empties it. Everything below adds to it, and leaves it as it was when it fails. */
void warmstart_metadata_begin(struct metadata *metadata);

/*
 * Adds the members of an object, flattened. It is a span of `text`, which warmstart_json_scan() has accepted;
 * offsets count from `text`. 1: added; 0: *ret_failure says why not.
 */
int warmstart_metadata_add_object(struct metadata *metadata, const char *text, const struct json_span *object,
                                  struct metadata_failure *ret_failure);

/* Adds a field that is a string. Offsets count from `name`, then on from `value`. 1 or 0, as above. */
int warmstart_metadata_add_text(struct metadata *metadata, const char *name, size_t name_bytes,
                                const char *value, size_t value_bytes, struct metadata_failure *ret_failure);

/* Adds a field whose value is written as JSON: a string, a number, true, false or null. As _add_text(). */
int warmstart_metadata_add_json(struct metadata *metadata, const char *name, size_t name_bytes,
                                const char *value, size_t value_bytes, struct metadata_failure *ret_failure);

/*
 * Adds the field of one word: name=text, whose value is a string, or name:=json. The first '=' ends the
 * name; of two colons before it the first is the name's.
 * Offsets count from `word`. 1 or 0, as above.
 */
int warmstart_metadata_add_word(struct metadata *metadata, const char *word, size_t bytes,
                                struct metadata_failure *ret_failure);

/* The word for a reason in answers and metrics, such as "name_too_long". Never NULL; static. */
const char *warmstart_metadata_reason_name(enum metadata_reason reason);

/* What was expected, as words that follow "expected ". Never NULL; static. */
const char *warmstart_metadata_expected(enum metadata_reason reason);

#endif
