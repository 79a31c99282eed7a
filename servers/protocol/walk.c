/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <assert.h>
#include <string.h>

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
        at++;
    return at;
}

/* Takes a string at its opening quote. The byte behind it. */
static const char *take_string(const char *at, struct json_span *ret_span)
{
    const char *start = ++at;
    int escaped = 0;
    while (*at != '"') {
        escaped |= *at == '\\';
        at += *at == '\\' ? 2 : 1;
    }
    *ret_span = (struct json_span){
        .start = start, .bytes = (size_t)(at - start), .kind = JSON_KIND_STRING, .escaped = (uint8_t)escaped};
    return at + 1;
}

static const char *take_number(const char *at, struct json_span *ret_span)
{
    const char *start = at;
    while ((*at >= '0' && *at <= '9') || *at == '-' || *at == '+' || *at == '.' || *at == 'e' || *at == 'E')
        at++;
    *ret_span = (struct json_span){.start = start, .bytes = (size_t)(at - start), .kind = JSON_KIND_NUMBER};
    return at;
}

static const char *take_word(const char *at, enum json_kind kind, size_t bytes, struct json_span *ret_span)
{
    *ret_span = (struct json_span){.start = at, .bytes = bytes, .kind = kind};
    return at + bytes;
}

/* Behind a value; for an object or an array: at its bracket. */
static const char *take_value(const char *at, struct json_span *ret_span)
{
    switch (*at) {
    case '"':
        return take_string(at, ret_span);
    case '{':
        return take_word(at, JSON_KIND_OBJECT, 0, ret_span);
    case '[':
        return take_word(at, JSON_KIND_ARRAY, 0, ret_span);
    case 't':
        return take_word(at, JSON_KIND_TRUE, 4, ret_span);
    case 'f':
        return take_word(at, JSON_KIND_FALSE, 5, ret_span);
    case 'n':
        return take_word(at, JSON_KIND_NULL, 4, ret_span);
    default:
        return take_number(at, ret_span);
    }
}

void warmstart_json_walk_begin(struct json_walk *walk, const char *start)
{
    assert(*start == '{');
    walk->at = start + 1;
}

enum json_step warmstart_json_walk_next(struct json_walk *walk, struct json_span *ret_key,
                                        struct json_span *ret_value)
{
    const char *at = skip_space(walk->at);
    if (*at == ',')
        at = skip_space(at + 1);
    if (*at == '}') {
        walk->at = at + 1;
        return JSON_STEP_LEAVE;
    }
    assert(*at == '"');
    at = skip_space(take_string(at, ret_key));
    assert(*at == ':');
    walk->at = take_value(skip_space(at + 1), ret_value);
    return JSON_STEP_MEMBER;
}

void warmstart_json_walk_enter(struct json_walk *walk)
{
    assert(*walk->at == '{');
    walk->at++;
}

void warmstart_json_walk_skip(struct json_walk *walk, size_t bytes)
{
    assert(*walk->at == '{' || *walk->at == '[');
    walk->at += bytes;
}
