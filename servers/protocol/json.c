/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <assert.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "number.h"

#define NODE_NONE UINT8_MAX

/* What a byte can be. Of a byte that may stand in a string as it is, and is a character by itself: PLAIN. */
enum trait { PLAIN = 1, SPACE = 2 };

static const uint8_t traits[256] = {
    ['\t'] = SPACE, ['\n'] = SPACE,        ['\r'] = SPACE,         [' '] = PLAIN | SPACE,
    ['!'] = PLAIN,  ['#' ... '['] = PLAIN, [']' ... 0x7f] = PLAIN,
};

/* One scan. Functions take the place they stand at and return where they got to; NULL: failed. */
struct scan {
    const char *end;                  /* behind the text */
    const struct json_node *nodes;    /* the caller's table */
    struct json_span *spans;          /* the caller's results */
    size_t nodes_len;                 /* entries of both */
    const char *wrong;                /* where it failed */
    enum json_reason reason;          /* why it failed */
    uint8_t value_wanted;             /* 1: a value has to stand next */
    uint8_t target;                   /* the node that this value is for, or NODE_NONE */
    uint8_t depth;                    /* containers open */
    uint8_t node[JSON_NESTING_MAX];   /* of each open container: its node, or NODE_NONE */
    uint8_t object[JSON_NESTING_MAX]; /* of each open container: 1: an object */
};

static const char *fail(struct scan *scan, const char *wrong, enum json_reason reason)
{
    scan->wrong = wrong;
    scan->reason = reason;
    return NULL;
}

static inline const char *skip_space(const char *at, const char *end)
{
    while (at < end && (traits[(uint8_t)*at] & SPACE) != 0)
        at++;
    return at;
}

/* ---- Strings ---- */

/* plain_words_end(): the first byte that is not PLAIN, or where less than a word is left. */

#ifdef __SSE2__
/* Sixteen at a time: PLAIN is above 0x1f, as signed bytes compare, and neither of two characters. */
static inline const char *plain_words_end(const char *at, const char *end)
{
    const __m128i below = _mm_set1_epi8(0x1f), quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    while (end - at >= 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        int plain = _mm_movemask_epi8(_mm_andnot_si128(special, _mm_cmpgt_epi8(bytes, below)));
        if (plain != 0xffff)
            return at + __builtin_ctz(~(unsigned)plain);
        at += 16;
    }
    return at;
}
#else
/*
 * The high bit of each byte of a word that is not PLAIN, and perhaps of higher bytes than the lowest such
 * one: a borrow can run upwards, never downwards.
 */
static inline uint64_t not_plain(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = ones << 7;
    uint64_t quotes = word ^ ones * '"';
    uint64_t backslashes = word ^ ones * '\\';
    uint64_t low = (word - ones * 0x20) | (quotes - ones) | (backslashes - ones);
    return ((low & ~word) | word) & highs;
}

static inline const char *plain_words_end(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        uint64_t mask = not_plain(word);
        if (mask != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return at + __builtin_ctzll(mask) / 8;
#else
            break;
#endif
        }
        at += 8;
    }
    return at;
}
#endif

/* The first byte that is not PLAIN, or the end. */
static inline const char *plain_end(const char *at, const char *end)
{
    at = plain_words_end(at, end);
    while (at < end && (traits[(uint8_t)*at] & PLAIN) != 0)
        at++;
    return at;
}

static int is_continuation(char c)
{
    return ((uint8_t)c & 0xc0) == 0x80;
}

/* What a second byte has to be is what keeps out overlong forms, surrogates and code points over U+10FFFF. */
size_t warmstart_json_utf8(const char *text, size_t bytes)
{
    if (bytes == 0)
        return 0;
    uint8_t first = (uint8_t)text[0];
    uint8_t second = bytes > 1 ? (uint8_t)text[1] : 0;
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4 || (second & 0xc0) != 0x80)
        return 0;
    if (first < 0xe0)
        return 2;
    if (bytes < 3 || !is_continuation(text[2]))
        return 0;
    if (first < 0xf0)
        return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ? 0 : 3;
    if (bytes < 4 || !is_continuation(text[3]))
        return 0;
    return (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) ? 0 : 4;
}

/* The value of four hex digits, -1 if they are not. */
static int32_t hex4(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            value = value * 16 + (c - 'A' + 10);
        else
            return -1;
    }
    return value;
}

static int is_low_surrogate(int32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

static int is_surrogate(int32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdfff;
}

/* Behind \uXXXX, or behind both of a surrogate pair. */
static const char *unicode_end(struct scan *scan, const char *at)
{
    int32_t unit = hex4(at + 2, scan->end);
    if (unit < 0)
        return fail(scan, at, JSON_REASON_ESCAPE);
    if (!is_surrogate(unit))
        return at + 6;
    if (is_low_surrogate(unit) || scan->end - at < 8 || at[6] != '\\' || at[7] != 'u')
        return fail(scan, at, JSON_REASON_SURROGATE);
    int32_t low = hex4(at + 8, scan->end);
    if (low < 0)
        return fail(scan, at + 6, JSON_REASON_ESCAPE);
    if (!is_low_surrogate(low))
        return fail(scan, at, JSON_REASON_SURROGATE);
    return at + 12;
}

static const char *escape_end(struct scan *scan, const char *at)
{
    if (scan->end - at < 2)
        return fail(scan, scan->end, JSON_REASON_QUOTE);
    switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return at + 2;
    case 'u':
        return unicode_end(scan, at);
    default:
        return fail(scan, at, JSON_REASON_ESCAPE);
    }
}

/* From behind the opening quote to the closing one. */
static const char *string_end(struct scan *scan, const char *at, uint8_t *ret_escaped)
{
    *ret_escaped = 0;
    for (;;) {
        at = plain_end(at, scan->end);
        if (at == scan->end)
            return fail(scan, at, JSON_REASON_QUOTE);
        uint8_t byte = (uint8_t)*at;
        if (byte == '"')
            return at;
        if (byte == '\\') {
            *ret_escaped = 1;
            at = escape_end(scan, at);
            if (at == NULL)
                return NULL;
        } else if (byte < 0x20) {
            return fail(scan, at, JSON_REASON_CONTROL);
        } else {
            size_t len = warmstart_json_utf8(at, (size_t)(scan->end - at));
            if (len == 0)
                return fail(scan, at, JSON_REASON_UTF8);
            at += len;
        }
    }
}

/* ---- Decoding ---- */

static int32_t short_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* The code point of a valid escape at a backslash; *at goes behind it. */
static int32_t take_escape(const char **at, const char *end)
{
    const char *start = *at;
    if (start[1] != 'u') {
        *at = start + 2;
        return short_escape(start[1]);
    }
    int32_t unit = hex4(start + 2, end);
    *at = start + 6;
    if (!is_surrogate(unit))
        return unit;
    *at = start + 12;
    return 0x10000 + (unit - 0xd800) * 0x400 + (hex4(start + 8, end) - 0xdc00);
}

/* Writes a code point as UTF-8. Its length. */
static size_t encode(int32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    static const uint8_t leads[] = {0xc0, 0xe0, 0xf0};
    out[0] = (char)(leads[len - 2] | point);
    return len;
}

int warmstart_json_decode(const struct json_span *span, char *out, size_t out_bytes, size_t *ret_bytes)
{
    assert(span->kind == JSON_KIND_STRING);
    const char *at = span->start;
    const char *end = at + span->bytes;
    size_t used = 0;
    while (at < end) {
        const char *escape = span->escaped ? memchr(at, '\\', (size_t)(end - at)) : NULL;
        size_t plain = (size_t)((escape != NULL ? escape : end) - at);
        if (plain > out_bytes - used)
            return 0;
        memcpy(out + used, at, plain);
        used += plain;
        at += plain;
        if (escape != NULL) {
            char encoded[4];
            size_t len = encode(take_escape(&at, end), encoded);
            if (len > out_bytes - used)
                return 0;
            memcpy(out + used, encoded, len);
            used += len;
        }
    }
    *ret_bytes = used;
    return 1;
}

/* ---- Keys ---- */

/* jansson refuses a key with a NUL in it, which only an escape can bring in. */
static int has_nul(const struct json_span *key)
{
    const char *at = key->start;
    const char *end = at + key->bytes;
    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        if (take_escape(&at, end) == 0)
            return 1;
    }
    return 0;
}

/* The child of a node that a key names, or NODE_NONE. */
static uint8_t find_child(const struct scan *scan, uint8_t parent, const struct json_span *key)
{
    const struct json_node *node = &scan->nodes[parent];
    char decoded[UINT8_MAX];
    const char *text = key->start;
    size_t bytes = key->bytes;
    if (key->escaped && node->children > 0) {
        if (!warmstart_json_decode(key, decoded, sizeof(decoded), &bytes))
            return NODE_NONE;
        text = decoded;
    }
    for (size_t i = node->child; i < (size_t)node->child + node->children; i++) {
        const struct json_node *child = &scan->nodes[i];
        if (child->key_bytes == bytes && memcmp(child->key, text, bytes) == 0)
            return (uint8_t)i;
    }
    return NODE_NONE;
}

/* A key came again: forgets its earlier value with all in it. Children stand after their parents. */
static void forget(struct scan *scan, uint8_t node)
{
    uint8_t gone[JSON_NODES_MAX] = {0};
    gone[node] = 1;
    for (size_t i = node; i < scan->nodes_len; i++) {
        if (!gone[i])
            continue;
        scan->spans[i].kind = JSON_KIND_NONE;
        memset(gone + scan->nodes[i].child, 1, scan->nodes[i].children);
    }
}

/* From where a key has to stand to its value. */
static const char *read_key(struct scan *scan, const char *at)
{
    struct json_span key = {.kind = JSON_KIND_STRING};
    if (at == scan->end || *at != '"')
        return fail(scan, at, JSON_REASON_KEY);
    key.start = at + 1;
    at = string_end(scan, at + 1, &key.escaped);
    if (at == NULL)
        return NULL;
    key.bytes = (size_t)(at - key.start);
    if (key.escaped && has_nul(&key))
        return fail(scan, key.start, JSON_REASON_NUL_KEY);
    uint8_t parent = scan->node[scan->depth - 1];
    scan->target = parent == NODE_NONE ? NODE_NONE : find_child(scan, parent, &key);
    if (scan->target != NODE_NONE && scan->spans[scan->target].kind != JSON_KIND_NONE)
        forget(scan, scan->target);
    at = skip_space(at + 1, scan->end);
    if (at == scan->end || *at != ':')
        return fail(scan, at, JSON_REASON_COLON);
    scan->value_wanted = 1;
    return skip_space(at + 1, scan->end);
}

/* ---- Values ---- */

/* A value without others in it stands from `start` to `end`. `end`. */
static const char *found(struct scan *scan, enum json_kind kind, const char *start, const char *end)
{
    scan->value_wanted = 0;
    if (scan->target != NODE_NONE) {
        struct json_span *span = &scan->spans[scan->target];
        span->start = start;
        span->bytes = (size_t)(end - start);
        span->kind = kind;
        span->escaped = 0;
    }
    return end;
}

static const char *read_string(struct scan *scan, const char *at)
{
    uint8_t escaped;
    const char *end = string_end(scan, at + 1, &escaped);
    if (end == NULL)
        return NULL;
    found(scan, JSON_KIND_STRING, at + 1, end);
    if (scan->target != NODE_NONE)
        scan->spans[scan->target].escaped = escaped;
    return end + 1;
}

static const char *read_number(struct scan *scan, const char *at)
{
    struct number number;
    if (!warmstart_number_read(at, (size_t)(scan->end - at), &number))
        return fail(scan, at + number.bytes, JSON_REASON_DIGIT);
    if (warmstart_number_overflows(&number))
        return fail(scan, at, JSON_REASON_RANGE);
    return found(scan, JSON_KIND_NUMBER, at, at + number.bytes);
}

static const char *read_word(struct scan *scan, const char *at, const char *word, size_t bytes,
                             enum json_kind kind)
{
    if ((size_t)(scan->end - at) < bytes || memcmp(at, word, bytes) != 0)
        return fail(scan, at, JSON_REASON_VALUE);
    return found(scan, kind, at, at + bytes);
}

/* The innermost container ends at the bracket at `at`. The byte after it. */
static const char *close_container(struct scan *scan, const char *at)
{
    uint8_t node = scan->node[--scan->depth];
    if (node != NODE_NONE)
        scan->spans[node].bytes = (size_t)(at + 1 - scan->spans[node].start);
    scan->value_wanted = 0;
    return at + 1;
}

/* Opens a container; to its first value, or behind it if it is empty. */
static const char *open_container(struct scan *scan, const char *at, uint8_t object)
{
    if (scan->depth == JSON_NESTING_MAX)
        return fail(scan, at, JSON_REASON_NESTING);
    found(scan, object ? JSON_KIND_OBJECT : JSON_KIND_ARRAY, at, at + 1);
    scan->node[scan->depth] = scan->target;
    scan->object[scan->depth] = object;
    scan->depth++;
    at = skip_space(at + 1, scan->end);
    if (at < scan->end && *at == (object ? '}' : ']'))
        return close_container(scan, at);
    if (object)
        return read_key(scan, at);
    scan->target = NODE_NONE;
    scan->value_wanted = 1;
    return at;
}

/* A value, or the opening of one that has others in it. */
static const char *read_value(struct scan *scan, const char *at)
{
    if (at == scan->end)
        return fail(scan, at, JSON_REASON_VALUE);
    switch (*at) {
    case '"':
        return read_string(scan, at);
    case '{':
        return open_container(scan, at, 1);
    case '[':
        return open_container(scan, at, 0);
    case 't':
        return read_word(scan, at, "true", 4, JSON_KIND_TRUE);
    case 'f':
        return read_word(scan, at, "false", 5, JSON_KIND_FALSE);
    case 'n':
        return read_word(scan, at, "null", 4, JSON_KIND_NULL);
    default:
        if (*at == '-' || (*at >= '0' && *at <= '9'))
            return read_number(scan, at);
        return fail(scan, at, JSON_REASON_VALUE);
    }
}

/* From behind a value to the next one, closing what ends on the way; to the end of the outermost at last. */
static const char *read_separators(struct scan *scan, const char *at)
{
    while (scan->depth > 0) {
        uint8_t object = scan->object[scan->depth - 1];
        at = skip_space(at, scan->end);
        char c = at < scan->end ? *at : '\0';
        if (c == ',') {
            at = skip_space(at + 1, scan->end);
            if (object)
                return read_key(scan, at);
            scan->target = NODE_NONE;
            scan->value_wanted = 1;
            return at;
        }
        if (c != (object ? '}' : ']'))
            return fail(scan, at, object ? JSON_REASON_MEMBER : JSON_REASON_ELEMENT);
        at = close_container(scan, at);
    }
    return at;
}

static const char *read_text(struct scan *scan, const char *at)
{
    at = skip_space(at, scan->end);
    if (at == scan->end || *at != '{')
        return fail(scan, at, JSON_REASON_OBJECT);
    do {
        at = read_value(scan, at);
        if (at != NULL && !scan->value_wanted)
            at = read_separators(scan, at);
    } while (at != NULL && scan->value_wanted);
    if (at == NULL)
        return NULL;
    at = skip_space(at, scan->end);
    return at == scan->end ? at : fail(scan, at, JSON_REASON_END);
}

static const char *read_scalar(struct scan *scan, const char *at)
{
    at = skip_space(at, scan->end);
    if (at == scan->end || *at == '{' || *at == '[')
        return fail(scan, at, JSON_REASON_SCALAR);
    at = read_value(scan, at);
    if (at == NULL)
        return NULL;
    at = skip_space(at, scan->end);
    return at == scan->end ? at : fail(scan, at, JSON_REASON_END);
}

/* Goes through `bytes` bytes at `text`, which is not NULL. */
static int scan_text(const char *text, size_t bytes, const struct json_node *nodes, size_t nodes_len,
                     struct json_span *spans, struct json_failure *ret_failure,
                     const char *(*read)(struct scan *scan, const char *at))
{
    struct scan scan;
    scan.end = text + bytes;
    scan.nodes = nodes;
    scan.spans = spans;
    scan.nodes_len = nodes_len;
    scan.value_wanted = 0;
    scan.target = 0;
    scan.depth = 0;
    for (size_t i = 0; i < nodes_len; i++)
        spans[i].kind = JSON_KIND_NONE;
    if (read(&scan, text) != NULL)
        return 1;
    /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): whatever returns NULL has set it */
    ret_failure->reason = scan.reason;
    ret_failure->offset = (size_t)(scan.wrong - text);
    return 0;
}

int warmstart_json_scan(const char *text, size_t bytes, const struct json_node *nodes, size_t nodes_len,
                        struct json_span *spans, struct json_failure *ret_failure)
{
    assert(nodes_len > 0 && nodes_len <= JSON_NODES_MAX);
    return scan_text(bytes > 0 ? text : "", bytes, nodes, nodes_len, spans, ret_failure, read_text);
}

int warmstart_json_scan_scalar(const char *text, size_t bytes, struct json_span *ret_span,
                               struct json_failure *ret_failure)
{
    static const struct json_node none = {0};
    return scan_text(bytes > 0 ? text : "", bytes, &none, 1, ret_span, ret_failure, read_scalar);
}

const char *warmstart_json_expected(enum json_reason reason)
{
    switch (reason) {
    case JSON_REASON_NONE:
        break;
    case JSON_REASON_OBJECT:
        return "a JSON object";
    case JSON_REASON_VALUE:
        return "a JSON value";
    case JSON_REASON_KEY:
        return "a key in double quotes";
    case JSON_REASON_COLON:
        return "':' after the key";
    case JSON_REASON_MEMBER:
        return "',' or '}' after the value";
    case JSON_REASON_ELEMENT:
        return "',' or ']' after the value";
    case JSON_REASON_QUOTE:
        return "the string to end with a double quote";
    case JSON_REASON_CONTROL:
        return "the control character to be written as an escape";
    case JSON_REASON_ESCAPE:
        return "an escape that JSON knows";
    case JSON_REASON_SURROGATE:
        return "both halves of a surrogate pair";
    case JSON_REASON_UTF8:
        return "valid UTF-8";
    case JSON_REASON_NUL_KEY:
        return "a key without U+0000";
    case JSON_REASON_DIGIT:
        return "a digit";
    case JSON_REASON_RANGE:
        return "a number that a double can hold";
    case JSON_REASON_NESTING:
        return "at most 64 levels of nesting";
    case JSON_REASON_END:
        return "nothing after the value";
    case JSON_REASON_SCALAR:
        return "a JSON string, number, true, false or null";
    }
    return "nothing else";
}
