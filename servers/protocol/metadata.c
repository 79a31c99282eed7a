/* SPDX-License-Identifier: MIT */
#include "metadata.h"

#include <assert.h>
#include <string.h>

#include "json_text.h"
#include "value.h"
#include "walk.h"

#define TAG '\xff'

#define TEXT_OF(number)  #number
#define DIGITS_OF(macro) TEXT_OF(macro)

/* ---- Values ---- */

int warmstart_metadata_is_string(const char *text, size_t bytes)
{
    return bytes == 0 || text[0] != TAG;
}

enum number_sign warmstart_metadata_number(const char *text, size_t bytes,
                                           char out[METADATA_NUMBER_BYTES_MAX], size_t *ret_bytes)
{
    size_t form_bytes;
    enum number_sign sign = warmstart_number_canonical(text, bytes, out + 2, &form_bytes);
    if (sign == NUMBER_INVALID || sign == NUMBER_RANGE)
        return sign;
    out[0] = TAG;
    out[1] = 'n';
    *ret_bytes = 2 + form_bytes;
    return sign;
}

enum json_kind warmstart_metadata_kind(const char *value, size_t bytes)
{
    struct number number;
    if (bytes < 2 || value[0] != TAG)
        return JSON_KIND_STRING;
    if (value[1] == 'n' && warmstart_number_read(value + 2, bytes - 2, &number) && number.bytes == bytes - 2)
        return JSON_KIND_NUMBER;
    if (bytes == 2 && value[1] == 't')
        return JSON_KIND_TRUE;
    if (bytes == 2 && value[1] == 'f')
        return JSON_KIND_FALSE;
    return bytes == 2 && value[1] == 'z' ? JSON_KIND_NULL : JSON_KIND_STRING;
}

size_t warmstart_metadata_show_string(const char *text, size_t bytes, char *out)
{
    struct json_text shown = {.out = out, .limit = metadata_shown_bytes_max(bytes)};
    warmstart_json_text_add(&shown, "\"", 1);
    warmstart_json_text_add_string(&shown, text, bytes);
    warmstart_json_text_add(&shown, "\"", 1);
    return shown.used;
}

static size_t show_word(const char *word, char *out)
{
    size_t bytes = strlen(word);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the length says where it ends */
    memcpy(out, word, bytes);
    return bytes;
}

size_t warmstart_metadata_show(const char *value, size_t bytes, char *out)
{
    switch (warmstart_metadata_kind(value, bytes)) {
    case JSON_KIND_NUMBER:
        return warmstart_number_plain(value + 2, bytes - 2, out);
    case JSON_KIND_TRUE:
        return show_word("true", out);
    case JSON_KIND_FALSE:
        return show_word("false", out);
    case JSON_KIND_NULL:
        return show_word("null", out);
    case JSON_KIND_STRING:
    case JSON_KIND_OBJECT:
    case JSON_KIND_ARRAY:
    case JSON_KIND_NONE:
        break;
    }
    return warmstart_metadata_show_string(value, bytes, out);
}

/* ---- Fields ---- */

void warmstart_metadata_begin(struct metadata *metadata)
{
    metadata->fields_len = 0;
    metadata->text_bytes = 0;
}

/* What is added, to be undone if it fails. */
struct adding {
    struct metadata *metadata;
    struct metadata_failure *failure;
    size_t fields_len; /* what there was before */
    size_t text_bytes; /* as above */
};

static struct adding begin_adding(struct metadata *metadata, struct metadata_failure *failure)
{
    return (struct adding){metadata, failure, metadata->fields_len, metadata->text_bytes};
}

/* Undoes it. 0, for the caller to return. */
static int fail(struct adding *adding, enum metadata_reason reason, size_t offset)
{
    adding->metadata->fields_len = adding->fields_len;
    adding->metadata->text_bytes = adding->text_bytes;
    adding->failure->reason = reason;
    adding->failure->offset = offset;
    return 0;
}

static int is_utf8(const char *text, size_t bytes)
{
    size_t at = 0;
    while (at < bytes) {
        size_t len = (uint8_t)text[at] < 0x80 ? 1 : warmstart_json_utf8(text + at, bytes - at);
        if (len == 0)
            return 0;
        at += len;
    }
    return 1;
}

/* A name, or what one key has of it. */
static enum metadata_reason judge_name(const char *name, size_t bytes)
{
    if (bytes == 0 || name[0] == '.' || name[bytes - 1] == '.' || memmem(name, bytes, "..", 2) != NULL)
        return METADATA_REASON_NAME_EMPTY;
    if (value_has_control(name, bytes) || !is_utf8(name, bytes))
        return METADATA_REASON_NAME;
    return METADATA_REASON_NONE;
}

static int has_field(const struct metadata *metadata, const char *name, size_t bytes)
{
    for (size_t i = 0; i < metadata->fields_len; i++) {
        const struct warmstart_field *field = &metadata->fields[i];
        if (field->name_bytes == bytes && memcmp(field->name, name, bytes) == 0)
            return 1;
    }
    return 0;
}

static const char *store(struct metadata *metadata, const char *text, size_t bytes)
{
    char *stored = metadata->text + metadata->text_bytes;
    if (bytes > 0)
        memcpy(stored, text, bytes);
    metadata->text_bytes += bytes;
    return stored;
}

/* Where what is added was read. */
struct place {
    size_t name;  /* offset of the name */
    size_t value; /* offset of the value */
};

/* Adds a field; the name was judged, the value is as the core gets it. */
static int add(struct adding *adding, const char *name, size_t name_bytes, const char *value,
               size_t value_bytes, struct place place)
{
    struct metadata *metadata = adding->metadata;
    if (has_field(metadata, name, name_bytes))
        return fail(adding, METADATA_REASON_REPEATED, place.name);
    if (metadata->fields_len == METADATA_FIELDS_MAX)
        return fail(adding, METADATA_REASON_FIELDS, place.name);
    if (name_bytes + value_bytes > METADATA_BYTES_MAX - metadata->text_bytes)
        return fail(adding, METADATA_REASON_LENGTH, place.name);
    struct warmstart_field *field = &metadata->fields[metadata->fields_len++];
    field->name = store(metadata, name, name_bytes);
    field->name_bytes = name_bytes;
    field->value = store(metadata, value, value_bytes);
    field->value_bytes = value_bytes;
    return 1;
}

static int add_string(struct adding *adding, const char *name, size_t name_bytes,
                      const struct json_span *span, struct place place)
{
    char decoded[METADATA_VALUE_BYTES_MAX];
    const char *value = span->start;
    size_t bytes = span->bytes;
    if (span->escaped) {
        value = decoded;
        if (!warmstart_json_decode(span, decoded, sizeof(decoded), &bytes))
            bytes = METADATA_VALUE_BYTES_MAX + 1;
    }
    if (bytes > METADATA_VALUE_BYTES_MAX)
        return fail(adding, METADATA_REASON_VALUE_LENGTH, place.value);
    return add(adding, name, name_bytes, value, bytes, place);
}

static int add_number(struct adding *adding, const char *name, size_t name_bytes,
                      const struct json_span *span, struct place place)
{
    char value[METADATA_NUMBER_BYTES_MAX];
    size_t bytes;
    if (span->bytes > METADATA_VALUE_BYTES_MAX)
        return fail(adding, METADATA_REASON_VALUE_LENGTH, place.value);
    enum number_sign sign = warmstart_metadata_number(span->start, span->bytes, value, &bytes);
    if (sign == NUMBER_INVALID || sign == NUMBER_RANGE)
        return fail(adding, METADATA_REASON_RANGE, place.value);
    return add(adding, name, name_bytes, value, bytes, place);
}

/* A value of a text that was scanned, and not an object. */
static int add_value(struct adding *adding, const char *name, size_t name_bytes, const struct json_span *span,
                     struct place place)
{
    switch (span->kind) {
    case JSON_KIND_STRING:
        return add_string(adding, name, name_bytes, span, place);
    case JSON_KIND_NUMBER:
        return add_number(adding, name, name_bytes, span, place);
    case JSON_KIND_TRUE:
        return add(adding, name, name_bytes, (const char[]){TAG, 't'}, 2, place);
    case JSON_KIND_FALSE:
        return add(adding, name, name_bytes, (const char[]){TAG, 'f'}, 2, place);
    case JSON_KIND_NULL:
        return add(adding, name, name_bytes, (const char[]){TAG, 'z'}, 2, place);
    case JSON_KIND_ARRAY:
        return fail(adding, METADATA_REASON_ARRAY, place.value);
    case JSON_KIND_OBJECT:
    case JSON_KIND_NONE:
        break;
    }
    return fail(adding, METADATA_REASON_VALUE, place.value);
}

/* ---- Objects ---- */

/* An object that is flattened: the open ones, and the name that leads to where it stands. */
struct flattening {
    struct json_walk walk;
    size_t depth;                           /* objects open */
    size_t prefix[METADATA_DEPTH_MAX];      /* of each: how much of `name` leads to it, a dot at the end */
    size_t opened[METADATA_DEPTH_MAX];      /* of each: where it began */
    uint8_t members[METADATA_DEPTH_MAX];    /* of each: 1: it has some */
    char name[METADATA_NAME_BYTES_MAX + 1]; /* one more for a dot behind it */
};

static void open_object(struct flattening *flat, size_t prefix, size_t offset)
{
    flat->prefix[flat->depth] = prefix;
    flat->opened[flat->depth] = offset;
    flat->members[flat->depth] = 0;
    flat->depth++;
}

/* Puts a key behind the prefix. 1: *ret_bytes is the length of the whole name. */
static int append_key(struct adding *adding, struct flattening *flat, const struct json_span *key,
                      size_t offset, size_t *ret_bytes)
{
    size_t prefix = flat->prefix[flat->depth - 1];
    size_t bytes;
    if (prefix > METADATA_NAME_BYTES_MAX ||
        !warmstart_json_decode(key, flat->name + prefix, METADATA_NAME_BYTES_MAX - prefix, &bytes))
        return fail(adding, METADATA_REASON_NAME_LENGTH, offset);
    enum metadata_reason reason = judge_name(flat->name + prefix, bytes);
    if (reason != METADATA_REASON_NONE)
        return fail(adding, reason, offset);
    *ret_bytes = prefix + bytes;
    return 1;
}

static int take_member(struct adding *adding, struct flattening *flat, const struct json_span *key,
                       const struct json_span *value, const char *text)
{
    struct place place = {(size_t)(key->start - text), (size_t)(value->start - text)};
    size_t name_bytes;
    flat->members[flat->depth - 1] = 1;
    if (!append_key(adding, flat, key, place.name, &name_bytes))
        return 0;
    if (value->kind != JSON_KIND_OBJECT)
        return add_value(adding, flat->name, name_bytes, value, place);
    if (flat->depth == METADATA_DEPTH_MAX)
        return fail(adding, METADATA_REASON_DEPTH, place.value);
    flat->name[name_bytes] = '.';
    open_object(flat, name_bytes + 1, place.value);
    warmstart_json_walk_enter(&flat->walk);
    return 1;
}

int warmstart_metadata_add_object(struct metadata *metadata, const char *text, const struct json_span *object,
                                  struct metadata_failure *ret_failure)
{
    assert(object->kind == JSON_KIND_OBJECT);
    struct adding adding = begin_adding(metadata, ret_failure);
    struct flattening flat;
    flat.depth = 0;
    open_object(&flat, 0, (size_t)(object->start - text));
    warmstart_json_walk_begin(&flat.walk, object->start);
    while (flat.depth > 0) {
        struct json_span key;
        struct json_span value;
        if (warmstart_json_walk_next(&flat.walk, &key, &value) == JSON_STEP_MEMBER) {
            if (!take_member(&adding, &flat, &key, &value, text))
                return 0;
            continue;
        }
        flat.depth--;
        if (flat.depth > 0 && !flat.members[flat.depth])
            return fail(&adding, METADATA_REASON_OBJECT, flat.opened[flat.depth]);
    }
    return 1;
}

/* ---- Words ---- */

static int check_name(struct adding *adding, const char *name, size_t bytes)
{
    if (bytes > METADATA_NAME_BYTES_MAX)
        return fail(adding, METADATA_REASON_NAME_LENGTH, 0);
    enum metadata_reason reason = judge_name(name, bytes);
    return reason == METADATA_REASON_NONE || fail(adding, reason, 0);
}

static int add_text(struct metadata *metadata, const char *name, size_t name_bytes, const char *value,
                    size_t value_bytes, size_t value_at, struct metadata_failure *ret_failure)
{
    struct adding adding = begin_adding(metadata, ret_failure);
    if (!check_name(&adding, name, name_bytes))
        return 0;
    if (value_bytes > METADATA_VALUE_BYTES_MAX)
        return fail(&adding, METADATA_REASON_VALUE_LENGTH, value_at);
    if (!is_utf8(value, value_bytes))
        return fail(&adding, METADATA_REASON_VALUE, value_at);
    return add(&adding, name, name_bytes, value, value_bytes, (struct place){0, value_at});
}

static int add_json(struct metadata *metadata, const char *name, size_t name_bytes, const char *value,
                    size_t value_bytes, size_t value_at, struct metadata_failure *ret_failure)
{
    struct adding adding = begin_adding(metadata, ret_failure);
    struct json_span span;
    struct json_failure failure;
    if (!check_name(&adding, name, name_bytes))
        return 0;
    if (!warmstart_json_scan_scalar(value, value_bytes, &span, &failure))
        return fail(&adding,
                    failure.reason == JSON_REASON_RANGE ? METADATA_REASON_RANGE : METADATA_REASON_VALUE,
                    value_at + failure.offset);
    return add_value(&adding, name, name_bytes, &span, (struct place){0, value_at});
}

int warmstart_metadata_add_text(struct metadata *metadata, const char *name, size_t name_bytes,
                                const char *value, size_t value_bytes, struct metadata_failure *ret_failure)
{
    return add_text(metadata, name, name_bytes, value, value_bytes, name_bytes, ret_failure);
}

int warmstart_metadata_add_json(struct metadata *metadata, const char *name, size_t name_bytes,
                                const char *value, size_t value_bytes, struct metadata_failure *ret_failure)
{
    return add_json(metadata, name, name_bytes, value, value_bytes, name_bytes, ret_failure);
}

int warmstart_metadata_add_word(struct metadata *metadata, const char *word, size_t bytes,
                                struct metadata_failure *ret_failure)
{
    const char *sign = bytes > 0 ? memchr(word, '=', bytes) : NULL;
    if (sign == NULL) {
        struct adding adding = begin_adding(metadata, ret_failure);
        return fail(&adding, METADATA_REASON_WORD, bytes);
    }
    size_t name_bytes = (size_t)(sign - word);
    size_t value_at = name_bytes + 1;
    if (name_bytes > 0 && word[name_bytes - 1] == ':')
        return add_json(metadata, word, name_bytes - 1, word + value_at, bytes - value_at, value_at,
                        ret_failure);
    return add_text(metadata, word, name_bytes, word + value_at, bytes - value_at, value_at, ret_failure);
}

/* ---- Reasons ---- */

static const struct {
    const char *name;
    const char *expected;
} reasons[METADATA_REASONS] = {
    [METADATA_REASON_NONE] = {"none", "nothing else"},
    [METADATA_REASON_FIELDS] = {"fields_too_many", "at most " DIGITS_OF(METADATA_FIELDS_MAX) " fields"},
    [METADATA_REASON_NAME_LENGTH] = {"name_too_long", "a field's name of at most " DIGITS_OF(
                                                          METADATA_NAME_BYTES_MAX) " bytes"},
    [METADATA_REASON_VALUE_LENGTH] = {"value_too_long", "a field's value of at most " DIGITS_OF(
                                                            METADATA_VALUE_BYTES_MAX) " bytes"},
    [METADATA_REASON_LENGTH] = {"metadata_too_large",
                                "at most " DIGITS_OF(
                                    METADATA_BYTES_MAX) " bytes of names and values together"},
    [METADATA_REASON_DEPTH] = {"nesting_too_deep",
                               "at most " DIGITS_OF(METADATA_DEPTH_MAX) " objects inside each other"},
    [METADATA_REASON_NAME_EMPTY] = {"name_empty", "a field's name with no empty part"},
    [METADATA_REASON_NAME] = {"name_invalid", "a field's name of UTF-8 without control characters"},
    [METADATA_REASON_REPEATED] = {"name_repeated", "a field's name that was not there before"},
    [METADATA_REASON_ARRAY] = {"array_unsupported", "no array as a field's value"},
    [METADATA_REASON_OBJECT] = {"object_empty", "an object with members"},
    [METADATA_REASON_RANGE] = {"number_out_of_range", "a number that a double can hold"},
    [METADATA_REASON_VALUE] = {"value_invalid", "a string, a number, true, false or null"},
    [METADATA_REASON_WORD] = {"word_invalid", "name=text or name:=json"},
};

const char *warmstart_metadata_reason_name(enum metadata_reason reason)
{
    return reasons[reason].name;
}

const char *warmstart_metadata_expected(enum metadata_reason reason)
{
    return reasons[reason].expected;
}
