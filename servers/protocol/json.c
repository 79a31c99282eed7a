/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <assert.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "number.h"

#define NODE_NONE UINT8_MAX

/* Kept out of the way of what happens most. */
#define COLD __attribute__((noinline))

/* A number of so many digits before its point, and without an exponent, is in the range of a double. */
#define DIGITS_SAFE 300

/* An open object or array. */
struct container {
    uint8_t node; /* that it is the value of, or NODE_NONE */
    char close;   /* the bracket that ends it */
};

/* One scan. Functions take the place they stand at and return where they got to; NULL: failed. */
struct scan {
    const char *end;                         /* behind the text */
    const char *blocks_end;                  /* before it, a whole block can be read at any place */
    const struct json_node *nodes;           /* the caller's table */
    struct json_span *spans;                 /* the caller's results */
    size_t nodes_len;                        /* entries of both */
    const char *wrong;                       /* where it failed */
    enum json_reason reason;                 /* why it failed */
    uint8_t target;                          /* the node that the next value is for, or NODE_NONE */
    uint8_t depth;                           /* containers open */
    struct container open[JSON_NESTING_MAX]; /* the outermost first */
};

static COLD const char *fail(struct scan *scan, const char *wrong, enum json_reason reason)
{
    scan->wrong = wrong;
    scan->reason = reason;
    return NULL;
}

static COLD const char *spaces_end(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* To the first byte from here on that is no space; it is asked for where something else was expected. */
static inline const char *skip_space(const char *at, const char *end)
{
    return at < end && (uint8_t)*at <= ' ' ? spaces_end(at, end) : at;
}

/* The same, but most often the byte is already here: what machines write has no space in it. */
static inline const char *seek(const char *at, const char *end, char c)
{
    return at < end && *at == c ? at : skip_space(at, end);
}

static inline int is_at(const char *at, const char *end, char c)
{
    return at < end && *at == c;
}

/* ---- Strings ---- */

/* Of a byte that may stand in a string as it is, and is a character by itself. */
static inline int is_plain(char c)
{
    return (int8_t)c >= ' ' && c != '"' && c != '\\';
}

/* special_in(): the place of the first byte of a block that is not plain; BLOCK: all are. */

#ifdef __SSE2__
#define BLOCK 16

/* Bytes below 0x20 and above 0x7f are the same thing as signed bytes compare. */
static inline unsigned special_in(const char *block)
{
    const __m128i space = _mm_set1_epi8(' '), quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)block);
    __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    int found = _mm_movemask_epi8(_mm_or_si128(special, _mm_cmplt_epi8(bytes, space)));
    return found != 0 ? (unsigned)__builtin_ctz((unsigned)found) : BLOCK;
}
#else
#define BLOCK 8

/*
 * The high bit of each byte of a word that is not plain, and perhaps of higher bytes than the lowest such
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

static inline unsigned special_in(const char *block)
{
    uint64_t word;
    memcpy(&word, block, sizeof(word));
    uint64_t mask = not_plain(word);
    if (mask == 0)
        return BLOCK;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (unsigned)__builtin_ctzll(mask) / 8;
#else
    unsigned place = 0;
    while (is_plain(block[place]))
        place++;
    return place;
#endif
}
#endif

/* The first byte that is not plain, or the end. */
static const char *plain_end(const struct scan *scan, const char *at)
{
    while (at < scan->blocks_end) {
        unsigned place = special_in(at);
        at += place;
        if (place < BLOCK)
            return at;
    }
    while (at < scan->end && is_plain(*at))
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

/* Behind the characters above U+007F that begin here. */
static const char *beyond_ascii_end(struct scan *scan, const char *at)
{
    do {
        size_t len = warmstart_json_utf8(at, (size_t)(scan->end - at));
        if (len == 0)
            return fail(scan, at, JSON_REASON_UTF8);
        at += len;
    } while (at < scan->end && (uint8_t)*at >= 0x80);
    return at;
}

/* To the closing quote of a string, from a byte in it that may be anything. */
static COLD const char *string_rest_end(struct scan *scan, const char *at, uint8_t *ret_escaped)
{
    while (at != NULL) {
        at = plain_end(scan, at);
        if (at == scan->end)
            return fail(scan, at, JSON_REASON_QUOTE);
        if (*at == '"')
            return at;
        if (*at == '\\') {
            *ret_escaped = 1;
            at = escape_end(scan, at);
        } else if ((uint8_t)*at < 0x20) {
            return fail(scan, at, JSON_REASON_CONTROL);
        } else {
            at = beyond_ascii_end(scan, at);
        }
    }
    return NULL;
}

/* From behind the opening quote to the closing one. */
static inline const char *string_end(struct scan *scan, const char *at, uint8_t *ret_escaped)
{
    *ret_escaped = 0;
    while (at < scan->blocks_end) {
        unsigned place = special_in(at);
        at += place;
        if (place == BLOCK)
            continue;
        if (*at == '"')
            return at;
        break;
    }
    return string_rest_end(scan, at, ret_escaped);
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
static int has_nul(const char *at, const char *end)
{
    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        if (take_escape(&at, end) == 0)
            return 1;
    }
    return 0;
}

/* The child of a node that decoded text names, or NODE_NONE. */
static inline uint8_t find_child(const struct scan *scan, uint8_t parent, const char *text, size_t bytes)
{
    size_t i = scan->nodes[parent].child;
    const size_t end = i + scan->nodes[parent].children;
    for (; i < end; i++) {
        const struct json_node *child = &scan->nodes[i];
        if (child->key_bytes == bytes && memcmp(child->key, text, bytes) == 0)
            return (uint8_t)i;
    }
    return NODE_NONE;
}

static COLD uint8_t find_escaped_child(const struct scan *scan, uint8_t parent, const char *text,
                                       size_t bytes)
{
    const struct json_span key = {.start = text, .bytes = bytes, .kind = JSON_KIND_STRING, .escaped = 1};
    char decoded[UINT8_MAX];
    size_t decoded_bytes;
    if (!warmstart_json_decode(&key, decoded, sizeof(decoded), &decoded_bytes))
        return NODE_NONE;
    return find_child(scan, parent, decoded, decoded_bytes);
}

/* A key came again: forgets its earlier value with all in it. Children stand after their parents. */
static COLD void forget(struct scan *scan, uint8_t node)
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

/* Which node the value behind a key is for, in an object that is `parent`'s value. */
static inline uint8_t find_target(struct scan *scan, uint8_t parent, const char *key, size_t bytes,
                                  int escaped)
{
    if (parent == NODE_NONE)
        return NODE_NONE;
    uint8_t target =
        escaped ? find_escaped_child(scan, parent, key, bytes) : find_child(scan, parent, key, bytes);
    if (target != NODE_NONE && scan->spans[target].kind != JSON_KIND_NONE)
        forget(scan, target);
    return target;
}

/* From where a key has to stand to behind its colon. */
static inline const char *read_key(struct scan *scan, const char *at, uint8_t parent)
{
    uint8_t escaped;
    at = seek(at, scan->end, '"');
    if (!is_at(at, scan->end, '"'))
        return fail(scan, at, JSON_REASON_KEY);
    const char *key = at + 1;
    at = string_end(scan, key, &escaped);
    if (at == NULL)
        return NULL;
    if (escaped && has_nul(key, at))
        return fail(scan, key, JSON_REASON_NUL_KEY);
    scan->target = find_target(scan, parent, key, (size_t)(at - key), escaped);
    at = seek(at + 1, scan->end, ':');
    return is_at(at, scan->end, ':') ? at + 1 : fail(scan, at, JSON_REASON_COLON);
}

/* ---- Values ---- */

/* A value stands from `start` to `end`, as far as is known. `end`. */
static inline const char *found(struct scan *scan, enum json_kind kind, const char *start, const char *end)
{
    if (scan->target != NODE_NONE) {
        struct json_span *span = &scan->spans[scan->target];
        span->start = start;
        span->bytes = (size_t)(end - start);
        span->kind = kind;
        span->escaped = 0;
    }
    return end;
}

static inline const char *read_string(struct scan *scan, const char *at)
{
    uint8_t escaped;
    const char *end = string_end(scan, at + 1, &escaped);
    if (end == NULL)
        return NULL;
    found(scan, JSON_KIND_STRING, at + 1, end);
    if (escaped && scan->target != NODE_NONE)
        scan->spans[scan->target].escaped = 1;
    return end + 1;
}

static COLD const char *read_any_number(struct scan *scan, const char *at)
{
    struct number number;
    if (!warmstart_number_read(at, (size_t)(scan->end - at), &number))
        return fail(scan, at + number.bytes, JSON_REASON_DIGIT);
    if (warmstart_number_overflows(&number))
        return fail(scan, at, JSON_REASON_RANGE);
    return found(scan, JSON_KIND_NUMBER, at, at + number.bytes);
}

static inline int is_digit(char c)
{
    return (uint8_t)(c - '0') <= 9;
}

static const char *digits_end(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* What most numbers look like is checked here. */
static const char *read_number(struct scan *scan, const char *at)
{
    const char *end = digits_end(at, scan->end);
    int usual = end > at && end - at <= DIGITS_SAFE && (*at != '0' || end == at + 1);
    if (usual && is_at(end, scan->end, '.')) {
        const char *fraction = end + 1;
        end = digits_end(fraction, scan->end);
        usual = end > fraction;
    }
    if (!usual || is_at(end, scan->end, 'e') || is_at(end, scan->end, 'E'))
        return read_any_number(scan, at);
    return found(scan, JSON_KIND_NUMBER, at, end);
}

static inline const char *read_word(struct scan *scan, const char *at, const char *word, size_t bytes,
                                    enum json_kind kind)
{
    if ((size_t)(scan->end - at) < bytes || memcmp(at, word, bytes) != 0)
        return fail(scan, at, JSON_REASON_VALUE);
    return found(scan, kind, at, at + bytes);
}

/* A value that has no others in it, other than a string. */
static const char *read_plain(struct scan *scan, const char *at)
{
    switch (*at) {
    case 't':
        return read_word(scan, at, "true", 4, JSON_KIND_TRUE);
    case 'f':
        return read_word(scan, at, "false", 5, JSON_KIND_FALSE);
    case 'n':
        return read_word(scan, at, "null", 4, JSON_KIND_NULL);
    default:
        if (*at == '-' || is_digit(*at))
            return read_number(scan, at);
        return fail(scan, at, JSON_REASON_VALUE);
    }
}

/* The innermost container ends at the bracket at `at`. The byte after it. */
static inline const char *close_container(struct scan *scan, const char *at)
{
    uint8_t node = scan->open[--scan->depth].node;
    if (node != NODE_NONE)
        scan->spans[node].bytes = (size_t)(at + 1 - scan->spans[node].start);
    return at + 1;
}

/* To the next value of a container: behind its key, if it has one. */
static inline const char *read_next(struct scan *scan, const char *at, struct container in)
{
    if (in.close == '}')
        return read_key(scan, at, in.node);
    scan->target = NODE_NONE;
    return at;
}

/* Opens a container; to its first value, or behind it if it is empty: then it is closed again. */
static const char *open_container(struct scan *scan, const char *at, int *ret_closed)
{
    int object = *at == '{';
    if (scan->depth == JSON_NESTING_MAX)
        return fail(scan, at, JSON_REASON_NESTING);
    struct container in = {.node = scan->target, .close = object ? '}' : ']'};
    found(scan, object ? JSON_KIND_OBJECT : JSON_KIND_ARRAY, at, at + 1);
    scan->open[scan->depth++] = in;
    at = seek(at + 1, scan->end, '"');
    *ret_closed = is_at(at, scan->end, in.close);
    return *ret_closed ? close_container(scan, at) : read_next(scan, at, in);
}

/* From behind a value to the next one, closing what ends on the way; to the end of the outermost at last. */
static inline const char *read_separators(struct scan *scan, const char *at, int *ret_over)
{
    while (scan->depth > 0) {
        struct container in = scan->open[scan->depth - 1];
        at = seek(at, scan->end, ',');
        if (is_at(at, scan->end, ','))
            return read_next(scan, at + 1, in);
        if (!is_at(at, scan->end, in.close))
            return fail(scan, at, in.close == '}' ? JSON_REASON_MEMBER : JSON_REASON_ELEMENT);
        at = close_container(scan, at);
    }
    *ret_over = 1;
    return at;
}

/* A value, or the opening of one that has others in it: then it is not complete. */
static inline const char *read_value(struct scan *scan, const char *at, int *ret_complete)
{
    *ret_complete = 1;
    at = seek(at, scan->end, '"');
    if (at == scan->end)
        return fail(scan, at, JSON_REASON_VALUE);
    if (*at == '"')
        return read_string(scan, at);
    if (*at == '{' || *at == '[')
        return open_container(scan, at, ret_complete);
    return read_plain(scan, at);
}

/* From a value to the end of the outermost container. */
static const char *read_values(struct scan *scan, const char *at)
{
    for (int over = 0; !over;) {
        int complete;
        at = read_value(scan, at, &complete);
        if (at != NULL && complete)
            at = read_separators(scan, at, &over);
        if (at == NULL)
            return NULL;
    }
    return at;
}

static const char *read_end(struct scan *scan, const char *at)
{
    at = skip_space(at, scan->end);
    return at == scan->end ? at : fail(scan, at, JSON_REASON_END);
}

static const char *read_text(struct scan *scan, const char *at)
{
    at = skip_space(at, scan->end);
    if (at == scan->end || *at != '{')
        return fail(scan, at, JSON_REASON_OBJECT);
    at = read_values(scan, at);
    return at != NULL ? read_end(scan, at) : NULL;
}

static const char *read_scalar(struct scan *scan, const char *at)
{
    at = skip_space(at, scan->end);
    if (at == scan->end || *at == '{' || *at == '[')
        return fail(scan, at, JSON_REASON_SCALAR);
    at = *at == '"' ? read_string(scan, at) : read_plain(scan, at);
    return at != NULL ? read_end(scan, at) : NULL;
}

/* Goes through `bytes` bytes at `text`, which is not NULL. */
static int scan_text(const char *text, size_t bytes, const struct json_node *nodes, size_t nodes_len,
                     struct json_span *spans, struct json_failure *ret_failure,
                     const char *(*read)(struct scan *scan, const char *at))
{
    struct scan scan;
    scan.end = text + bytes;
    scan.blocks_end = bytes >= BLOCK ? scan.end - (BLOCK - 1) : text;
    scan.nodes = nodes;
    scan.spans = spans;
    scan.nodes_len = nodes_len;
    scan.target = 0;
    scan.depth = 0;
    scan.reason = JSON_REASON_END;
    scan.wrong = text;
    for (size_t i = 0; i < nodes_len; i++)
        spans[i].kind = JSON_KIND_NONE;
    if (read(&scan, text) != NULL)
        return 1;
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
