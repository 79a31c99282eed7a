/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "protocol_text.h"
#include "suite.h"

/* {"a":...,"b":{"c":...,"d":{"e":...}}} */
enum node { NODE_ROOT = 0, NODE_A, NODE_B, NODE_C, NODE_D, NODE_E, NODES };

static const struct json_node nodes[NODES] = {
    [NODE_ROOT] = {.child = NODE_A, .children = 2},
    [NODE_A] = {JSON_KEY("a")},
    [NODE_B] = {JSON_KEY("b"), .child = NODE_C, .children = 2},
    [NODE_C] = {JSON_KEY("c")},
    [NODE_D] = {JSON_KEY("d"), .child = NODE_E, .children = 1},
    [NODE_E] = {JSON_KEY("e")},
};

/* Scans a copy of just these bytes, so that a sanitizer sees every step over the end. */
static int scan_copy(const char *text, size_t bytes, struct json_failure *ret_failure)
{
    struct json_span spans[NODES];
    char *copy = text_copy(text, bytes);
    int answer = warmstart_json_scan(copy, bytes, nodes, NODES, spans, ret_failure);
    free(copy);
    return answer;
}

/* jansson's judgement, except that it passes over a byte of 0 behind a number or a word. */
static int jansson_accepts(const char *text, size_t bytes)
{
    if (bytes > 0 && memchr(text, '\0', bytes) != NULL)
        return 0;
    json_t *tree = json_loadb(text, bytes, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    int is_object = json_is_object(tree);
    json_decref(tree);
    return is_object;
}

#define TEXT(literal) (literal), sizeof(literal) - 1

static const struct accepted {
    const char *text;
    size_t bytes;
} accepted[] = {
    {TEXT("{}")},
    {TEXT(" \t\r\n{ \t\r\n} \t\r\n")},
    {TEXT("{\"\":\"\"}")},
    {TEXT("{\"a\":[]}")},
    {TEXT("{\"a\":[ ]}")},
    {TEXT("{\"a\":[[],{},[{}]]}")},
    {TEXT("{ \"a\" : [ 1 , true , false , null , \"x\" ] , \"b\" : { } }")},
    {TEXT("{\"a\":0}")},
    {TEXT("{\"a\":-0}")},
    {TEXT("{\"a\":-0.0e-0}")},
    {TEXT("{\"a\":1.5E+3}")},
    {TEXT("{\"a\":123456789012345678901234567890}")},
    {TEXT("{\"a\":1e-999}")},
    {TEXT("{\"a\":0e999999999999999999999}")},
    {TEXT("{\"a\":1.7976931348623158e308}")},
    {TEXT("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\uFFFF\\ud83d\\uDE00\"}")},
    {TEXT("{\"a\":\"\x7f\"}")},
    {TEXT("{\"a\":\"\xc2\x80\xdf\xbf\"}")},
    {TEXT("{\"a\":\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"}")},
    {TEXT("{\"a\":\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}")},
    {TEXT("{\"\xc3\xa9\":1}")},
    {TEXT("{\"\\u0001\":1}")},
    {TEXT("{\"a\":1,\"a\":2}")},
};

static const struct refused {
    const char *text;
    size_t bytes;
    enum json_reason reason;
    size_t offset;
} refused[] = {
    {TEXT(""), JSON_REASON_OBJECT, 0},
    {TEXT("   "), JSON_REASON_OBJECT, 3},
    {TEXT("[]"), JSON_REASON_OBJECT, 0},
    {TEXT("null"), JSON_REASON_OBJECT, 0},
    {TEXT("\"{}\""), JSON_REASON_OBJECT, 0},
    {TEXT("\xef\xbb\xbf{}"), JSON_REASON_OBJECT, 0},
    {TEXT("\0{}"), JSON_REASON_OBJECT, 0},
    {TEXT("\v{}"), JSON_REASON_OBJECT, 0},
    {TEXT("{"), JSON_REASON_KEY, 1},
    {TEXT("{]"), JSON_REASON_KEY, 1},
    {TEXT("{a:1}"), JSON_REASON_KEY, 1},
    {TEXT("{'a':1}"), JSON_REASON_KEY, 1},
    {TEXT("{,}"), JSON_REASON_KEY, 1},
    {TEXT("{\"a\":1,}"), JSON_REASON_KEY, 7},
    {TEXT("{\"a\":1,,}"), JSON_REASON_KEY, 7},
    {TEXT("{\"a\"}"), JSON_REASON_COLON, 4},
    {TEXT("{\"a\" 1}"), JSON_REASON_COLON, 5},
    {TEXT("{\"a\""), JSON_REASON_COLON, 4},
    {TEXT("{\"a\":}"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":tru}"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":True}"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":NaN}"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":Infinity}"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":undefined}"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":+1}"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":.5}"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":/**/1}"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":[1,]}"), JSON_REASON_VALUE, 8},
    {TEXT("{\"a\":[,1]}"), JSON_REASON_VALUE, 6},
    {TEXT("{\"a\":["), JSON_REASON_VALUE, 6},
    {TEXT("{\"a\":\xc3\xa9}"), JSON_REASON_VALUE, 5},
    {TEXT("{\"a\":truefalse}"), JSON_REASON_MEMBER, 9},
    {TEXT("{\"a\":1 2}"), JSON_REASON_MEMBER, 7},
    {TEXT("{\"a\":1]"), JSON_REASON_MEMBER, 6},
    {TEXT("{\"a\":1\0}"), JSON_REASON_MEMBER, 6},
    {TEXT("{\"a\":1"), JSON_REASON_MEMBER, 6},
    {TEXT("{\"a\":01}"), JSON_REASON_MEMBER, 6},
    {TEXT("{\"a\":0x1}"), JSON_REASON_MEMBER, 6},
    {TEXT("{\"a\":[1}"), JSON_REASON_ELEMENT, 7},
    {TEXT("{\"a\":[1"), JSON_REASON_ELEMENT, 7},
    {TEXT("{\"a\":-}"), JSON_REASON_DIGIT, 6},
    {TEXT("{\"a\":1.}"), JSON_REASON_DIGIT, 7},
    {TEXT("{\"a\":1.e1}"), JSON_REASON_DIGIT, 7},
    {TEXT("{\"a\":1e}"), JSON_REASON_DIGIT, 7},
    {TEXT("{\"a\":1e+}"), JSON_REASON_DIGIT, 8},
    {TEXT("{\"a\":1e999}"), JSON_REASON_RANGE, 5},
    {TEXT("{\"a\":-1e309}"), JSON_REASON_RANGE, 5},
    {TEXT("{\"a\":1.7976931348623159e308}"), JSON_REASON_RANGE, 5},
    {TEXT("{\"a\":1e99999999999999999999999}"), JSON_REASON_RANGE, 5},
    {TEXT("{\"a\":\"x"), JSON_REASON_QUOTE, 7},
    {TEXT("{\"a\":\"x\\"), JSON_REASON_QUOTE, 8},
    {TEXT("{\"a\":\"x\\\"}"), JSON_REASON_QUOTE, 10},
    {TEXT("{\"a\":\"\n\"}"), JSON_REASON_CONTROL, 6},
    {TEXT("{\"a\":\"12345678\t\"}"), JSON_REASON_CONTROL, 14},
    {TEXT("{\"a\":\"\0\"}"), JSON_REASON_CONTROL, 6},
    {TEXT("{\"a\":\"\x1f\"}"), JSON_REASON_CONTROL, 6},
    {TEXT("{\"a\":\"\\x\"}"), JSON_REASON_ESCAPE, 6},
    {TEXT("{\"a\":\"\\U0041\"}"), JSON_REASON_ESCAPE, 6},
    {TEXT("{\"a\":\"\\u004\"}"), JSON_REASON_ESCAPE, 6},
    {TEXT("{\"a\":\"\\u004g\"}"), JSON_REASON_ESCAPE, 6},
    {TEXT("{\"a\":\"\\u"), JSON_REASON_ESCAPE, 6},
    {TEXT("{\"a\":\"\\ud83d\\u12\"}"), JSON_REASON_ESCAPE, 12},
    {TEXT("{\"a\":\"\\ud83d\"}"), JSON_REASON_SURROGATE, 6},
    {TEXT("{\"a\":\"\\ude00\"}"), JSON_REASON_SURROGATE, 6},
    {TEXT("{\"a\":\"\\ude00\\ude00\"}"), JSON_REASON_SURROGATE, 6},
    {TEXT("{\"a\":\"\\ud83dx\"}"), JSON_REASON_SURROGATE, 6},
    {TEXT("{\"a\":\"\\ud83d\\n\"}"), JSON_REASON_SURROGATE, 6},
    {TEXT("{\"a\":\"\\ud83d\\u0041\"}"), JSON_REASON_SURROGATE, 6},
    {TEXT("{\"a\":\"\\ud83d\\ud83d\"}"), JSON_REASON_SURROGATE, 6},
    {TEXT("{\"a\":\"\x80\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xc3\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xc3"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xc0\x80\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xc1\xbf\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xe0\x9f\xbf\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xe2\x82\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xe2\x82"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xed\xa0\x80\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xed\xbf\xbf\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xf0\x8f\xbf\xbf\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xf0\x9f\x98\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xf0\x9f\x98"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xf4\x90\x80\x80\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xf5\x80\x80\x80\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"a\":\"\xff\"}"), JSON_REASON_UTF8, 6},
    {TEXT("{\"\xff\":1}"), JSON_REASON_UTF8, 2},
    {TEXT("{\"a\\u0000b\":1}"), JSON_REASON_NUL_KEY, 2},
    {TEXT("{\"x\":{\"\\n\\u0000\":1}}"), JSON_REASON_NUL_KEY, 7},
    {TEXT("{}{}"), JSON_REASON_END, 2},
    {TEXT("{} x"), JSON_REASON_END, 3},
    {TEXT("{}\0"), JSON_REASON_END, 2},
    {TEXT("{}}"), JSON_REASON_END, 2},
};

START_TEST(what_json_allows_is_accepted)
{
    const struct accepted *text = &accepted[_i];
    struct json_failure failure = {JSON_REASON_NONE, 0};
    ck_assert_msg(scan_copy(text->text, text->bytes, &failure), "%s: expected %s at %zu", text->text,
                  warmstart_json_expected(failure.reason), failure.offset);
    ck_assert_msg(jansson_accepts(text->text, text->bytes), "%s: jansson refuses it", text->text);
}
END_TEST

START_TEST(what_json_forbids_is_refused_with_its_place)
{
    const struct refused *text = &refused[_i];
    struct json_failure failure = {JSON_REASON_NONE, 0};
    ck_assert_msg(!scan_copy(text->text, text->bytes, &failure), "%s: accepted", text->text);
    ck_assert_msg(failure.reason == text->reason && failure.offset == text->offset,
                  "%s: expected %s at %zu, not %s at %zu", text->text, warmstart_json_expected(text->reason),
                  text->offset, warmstart_json_expected(failure.reason), failure.offset);
    ck_assert_msg(!jansson_accepts(text->text, text->bytes), "%s: jansson accepts it", text->text);
}
END_TEST

START_TEST(each_reason_has_its_own_words)
{
    for (int a = JSON_REASON_NONE; a <= JSON_REASON_END; a++) {
        ck_assert_uint_gt(strlen(warmstart_json_expected((enum json_reason)a)), 5);
        for (int b = JSON_REASON_NONE; b < a; b++)
            ck_assert_str_ne(warmstart_json_expected((enum json_reason)a),
                             warmstart_json_expected((enum json_reason)b));
    }
}
END_TEST

/* Writes {"a":[[...]]} with `depth` levels in all. Its length. */
static size_t write_nested(char *out, size_t depth)
{
    size_t bytes = 0;
    memcpy(out, "{\"a\":", 5);
    bytes += 5;
    memset(out + bytes, '[', depth - 1);
    bytes += depth - 1;
    memset(out + bytes, ']', depth - 1);
    bytes += depth - 1;
    out[bytes++] = '}';
    return bytes;
}

START_TEST(nesting_ends_after_64_levels)
{
    char text[256];
    struct json_failure failure;
    ck_assert(scan_copy(text, write_nested(text, JSON_NESTING_MAX), &failure));
    ck_assert(!scan_copy(text, write_nested(text, JSON_NESTING_MAX + 1), &failure));
    ck_assert_int_eq(failure.reason, JSON_REASON_NESTING);
    ck_assert_uint_eq(failure.offset, 5 + JSON_NESTING_MAX - 1);
}
END_TEST

START_TEST(a_million_open_brackets_are_refused_at_the_65th)
{
    size_t bytes = 1000000;
    char *text = malloc(bytes);
    struct json_failure failure;
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i + 5 <= bytes; i += 5)
        memcpy(text + i, "{\"a\":", 5);
    ck_assert(!scan_copy(text, bytes, &failure));
    ck_assert_int_eq(failure.reason, JSON_REASON_NESTING);
    ck_assert_uint_eq(failure.offset, 5 * JSON_NESTING_MAX);
    free(text);
}
END_TEST

START_TEST(every_cut_of_a_message_is_refused)
{
    size_t bytes;
    char *body = text_message_body(&bytes);
    struct json_failure failure = {JSON_REASON_NONE, 0};
    ck_assert(scan_copy(body, bytes, &failure));
    for (size_t cut = 0; cut < bytes; cut++) {
        ck_assert_msg(!scan_copy(body, cut, &failure), "accepted when cut at %zu", cut);
        ck_assert_uint_le(failure.offset, cut);
    }
    free(body);
}
END_TEST

START_TEST(a_message_with_one_byte_changed_is_judged_as_jansson_does)
{
    static const char bytes_to_try[] = {'\0', '\n', ' ', '"', '\\', ',', ':',    '{',    '}',
                                        ']',  '0',  'e', '.', 'u',  '-', '\x7f', '\x80', '\xc3'};
    size_t bytes;
    char *body = text_message_body(&bytes);
    struct json_failure failure;
    for (size_t at = 0; at < bytes; at++) {
        char saved = body[at];
        for (size_t i = at % 3; i < sizeof(bytes_to_try); i += 3) {
            body[at] = bytes_to_try[i];
            if (scan_copy(body, bytes, &failure) != jansson_accepts(body, bytes))
                ck_abort_msg("byte %zu set to %d", at, bytes_to_try[i]);
        }
        body[at] = saved;
    }
    free(body);
}
END_TEST

/* ---- What is found ---- */

static void scan(const char *text, struct json_span spans[NODES])
{
    struct json_failure failure = {JSON_REASON_NONE, 0};
    ck_assert_msg(warmstart_json_scan(text, strlen(text), nodes, NODES, spans, &failure),
                  "%s: expected %s at %zu", text, warmstart_json_expected(failure.reason), failure.offset);
}

static void assert_span(const struct json_span *span, enum json_kind kind, const char *text)
{
    ck_assert_int_eq(span->kind, kind);
    ck_assert_uint_eq(span->bytes, strlen(text));
    ck_assert_mem_eq(span->start, text, span->bytes);
}

START_TEST(values_of_each_kind_are_found_where_they_stand)
{
    static const struct {
        const char *value;
        enum json_kind kind;
        const char *span;
    } values[] = {
        {"\"x y\"", JSON_KIND_STRING, "x y"},
        {"\"\"", JSON_KIND_STRING, ""},
        {"\"\\n\"", JSON_KIND_STRING, "\\n"},
        {"-1.50e+2", JSON_KIND_NUMBER, "-1.50e+2"},
        {"0", JSON_KIND_NUMBER, "0"},
        {"true", JSON_KIND_TRUE, "true"},
        {"false", JSON_KIND_FALSE, "false"},
        {"null", JSON_KIND_NULL, "null"},
        {"[ 1, [2] ]", JSON_KIND_ARRAY, "[ 1, [2] ]"},
        {"[]", JSON_KIND_ARRAY, "[]"},
        {"{ \"a\" : 9 }", JSON_KIND_OBJECT, "{ \"a\" : 9 }"},
        {"{}", JSON_KIND_OBJECT, "{}"},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[128];
        struct json_span spans[NODES];
        snprintf(text, sizeof(text), " { \"z\" : [{\"a\":7}] , \"a\" : %s , \"y\":0 } ", values[i].value);
        scan(text, spans);
        assert_span(&spans[NODE_A], values[i].kind, values[i].span);
        ck_assert_int_eq(spans[NODE_B].kind, JSON_KIND_NONE);
    }
}
END_TEST

START_TEST(nested_keys_are_found_only_under_their_parents)
{
    struct json_span spans[NODES];
    const char *text =
        "{\"c\":1,\"e\":2,\"b\":{\"a\":3,\"c\":4,\"d\":{\"c\":5,\"e\":6,\"b\":7}},\"d\":{\"e\":8}}";
    scan(text, spans);
    assert_span(&spans[NODE_ROOT], JSON_KIND_OBJECT, text);
    ck_assert_int_eq(spans[NODE_A].kind, JSON_KIND_NONE);
    assert_span(&spans[NODE_B], JSON_KIND_OBJECT, "{\"a\":3,\"c\":4,\"d\":{\"c\":5,\"e\":6,\"b\":7}}");
    assert_span(&spans[NODE_C], JSON_KIND_NUMBER, "4");
    assert_span(&spans[NODE_D], JSON_KIND_OBJECT, "{\"c\":5,\"e\":6,\"b\":7}");
    assert_span(&spans[NODE_E], JSON_KIND_NUMBER, "6");
}
END_TEST

START_TEST(objects_in_arrays_are_not_looked_into)
{
    struct json_span spans[NODES];
    scan("{\"b\":[{\"c\":1,\"d\":{\"e\":2}}]}", spans);
    ck_assert_int_eq(spans[NODE_B].kind, JSON_KIND_ARRAY);
    ck_assert_int_eq(spans[NODE_C].kind, JSON_KIND_NONE);
    ck_assert_int_eq(spans[NODE_E].kind, JSON_KIND_NONE);
}
END_TEST

START_TEST(of_a_key_twice_the_last_one_counts)
{
    struct json_span spans[NODES];
    scan("{\"a\":1,\"a\":\"2\",\"a\":3}", spans);
    assert_span(&spans[NODE_A], JSON_KIND_NUMBER, "3");
}
END_TEST

START_TEST(a_later_parent_takes_the_children_of_the_earlier_one_away)
{
    struct json_span spans[NODES];
    scan("{\"b\":{\"c\":1,\"d\":{\"e\":2}},\"b\":{\"c\":3}}", spans);
    assert_span(&spans[NODE_C], JSON_KIND_NUMBER, "3");
    ck_assert_int_eq(spans[NODE_D].kind, JSON_KIND_NONE);
    ck_assert_int_eq(spans[NODE_E].kind, JSON_KIND_NONE);
    scan("{\"b\":{\"d\":{\"e\":2},\"d\":0},\"a\":5}", spans);
    ck_assert_int_eq(spans[NODE_D].kind, JSON_KIND_NUMBER);
    ck_assert_int_eq(spans[NODE_E].kind, JSON_KIND_NONE);
    ck_assert_int_eq(spans[NODE_A].kind, JSON_KIND_NUMBER);
    scan("{\"b\":{\"c\":1,\"d\":{\"e\":2}},\"b\":null}", spans);
    ck_assert_int_eq(spans[NODE_B].kind, JSON_KIND_NULL);
    ck_assert_int_eq(spans[NODE_C].kind, JSON_KIND_NONE);
    ck_assert_int_eq(spans[NODE_E].kind, JSON_KIND_NONE);
}
END_TEST

START_TEST(keys_are_compared_decoded)
{
    struct json_span spans[NODES];
    scan("{\"\\u0061\":1,\"\\u0062\":{\"\\u0064\":{\"\\u0065\":2}}}", spans);
    assert_span(&spans[NODE_A], JSON_KIND_NUMBER, "1");
    assert_span(&spans[NODE_E], JSON_KIND_NUMBER, "2");
    scan("{\"a\":1,\"\\u0061\":2}", spans);
    assert_span(&spans[NODE_A], JSON_KIND_NUMBER, "2");
    scan("{\"\\\\u0061\":1,\"a\\n\":2,\"A\":3,\"aa\":4,\"\":5}", spans);
    ck_assert_int_eq(spans[NODE_A].kind, JSON_KIND_NONE);
}
END_TEST

START_TEST(a_key_longer_than_any_wanted_one_is_passed_over)
{
    char text[2048] = "{\"";
    for (size_t i = 0; i < 300; i++)
        strcat(text, "\\u0061");
    strcat(text, "\":1,\"a\":2}");
    struct json_span spans[NODES];
    scan(text, spans);
    assert_span(&spans[NODE_A], JSON_KIND_NUMBER, "2");
}
END_TEST

/* ---- Decoding ---- */

START_TEST(escapes_are_decoded)
{
    static const struct {
        const char *text;
        const char *decoded;
        size_t bytes;
    } strings[] = {
        {"", TEXT("")},
        {"plain", TEXT("plain")},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", TEXT("\"\\/\b\f\n\r\t")},
        {"\\u0000\\u0041\\u007f", TEXT("\0A\x7f")},
        {"\\u0080\\u07ff", TEXT("\xc2\x80\xdf\xbf")},
        {"\\u0800\\uFFFF\\uD7ff\\ue000", TEXT("\xe0\xa0\x80\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80")},
        {"\\uD800\\uDC00\\udbff\\udfff", TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
        {"a\\nb\xc3\xa9\\u00e9z", TEXT("a\nb\xc3\xa9\xc3\xa9z")},
        {"\\\\u0041", TEXT("\\u0041")},
    };
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        char text[128];
        char out[64];
        size_t bytes = 0;
        struct json_span spans[NODES];
        snprintf(text, sizeof(text), "{\"a\":\"%s\"}", strings[i].text);
        scan(text, spans);
        ck_assert_int_eq(spans[NODE_A].escaped, strchr(strings[i].text, '\\') != NULL);
        ck_assert(warmstart_json_decode(&spans[NODE_A], out, strings[i].bytes, &bytes));
        ck_assert_uint_eq(bytes, strings[i].bytes);
        ck_assert_mem_eq(out, strings[i].decoded, bytes);
        if (bytes > 0)
            ck_assert(!warmstart_json_decode(&spans[NODE_A], out, strings[i].bytes - 1, &bytes));
    }
}
END_TEST

START_TEST(every_code_point_survives_escaping_and_is_utf8)
{
    for (unsigned point = 0; point <= 0x10ffff; point += point < 0x3000 ? 1 : 61) {
        char text[64];
        char out[8];
        size_t bytes = 0;
        struct json_span spans[NODES];
        if (point >= 0xd800 && point <= 0xdfff)
            continue;
        if (point < 0x10000)
            snprintf(text, sizeof(text), "{\"a\":\"\\u%04X\"}", point);
        else
            snprintf(text, sizeof(text), "{\"a\":\"\\u%04x\\u%04X\"}", 0xd800 + ((point - 0x10000) >> 10),
                     0xdc00 + (point & 0x3ff));
        scan(text, spans);
        ck_assert(warmstart_json_decode(&spans[NODE_A], out, sizeof(out), &bytes));
        ck_assert_uint_eq(warmstart_json_utf8(out, bytes), bytes);
        uint32_t back = (uint8_t)out[0] & (bytes == 1 ? 0x7fu : 0xffu >> (bytes + 1));
        for (size_t i = 1; i < bytes; i++)
            back = back << 6 | ((uint8_t)out[i] & 0x3f);
        ck_assert_uint_eq(back, point);
    }
}
END_TEST

/* Where a string of `length` bytes at 6 fails that has a special byte at `at`, and plain ones beside it. */
static size_t failure_place(const char *text, size_t at, size_t length)
{
    if (text[6 + at] == '"')
        return 6 + at + 1;
    return text[6 + at] == '\\' && at + 1 == length ? length + 8 : 6 + at;
}

START_TEST(every_special_byte_is_seen_at_every_place_of_a_word)
{
    static const char specials[] = {'"', '\\', '\x1f', '\0', '\x80', '\xff'};
    for (size_t length = 1; length <= 24; length++) {
        for (size_t at = 0; at < length; at++) {
            for (size_t i = 0; i < sizeof(specials); i++) {
                char text[64];
                struct json_failure failure = {JSON_REASON_NONE, 0};
                memcpy(text, "{\"a\":\"", 6);
                memset(text + 6, at % 2 ? '#' : '!', length); /* the neighbours of the quote */
                text[6 + at] = specials[i];
                memcpy(text + 6 + length, "\"}", 2);
                int expected = jansson_accepts(text, length + 8);
                ck_assert_int_eq(scan_copy(text, length + 8, &failure), expected);
                if (!expected)
                    ck_assert_uint_eq(failure.offset, failure_place(text, at, length));
            }
        }
    }
}
END_TEST

START_TEST(a_decimal_comma_in_the_locale_changes_nothing)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "fr_FR.UTF-8", "nl_NL.UTF-8",
                                        "es_ES.UTF-8", "pt_BR.UTF-8", "de_DE",       "fr_FR"};
    const char *name = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && name == NULL; i++)
        name = setlocale(LC_ALL, names[i]);
    printf("# locale: %s\n", name != NULL ? name : "none with a decimal comma is installed");
    fflush(stdout);
    struct json_failure failure;
    ck_assert(scan_copy(TEXT("{\"a\":1.5e308}"), &failure));
    ck_assert(!scan_copy(TEXT("{\"a\":1.5e309}"), &failure));
    ck_assert(!scan_copy(TEXT("{\"a\":1,5}"), &failure));
    ck_assert(!scan_copy(TEXT("{\"a\":\"\xe4\"}"), &failure));
    setlocale(LC_ALL, "C");
}
END_TEST

static TCase *refusals(void)
{
    TCase *tcase = tcase_create("judging");
    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, what_json_allows_is_accepted, 0, sizeof(accepted) / sizeof(accepted[0]));
    tcase_add_loop_test(tcase, what_json_forbids_is_refused_with_its_place, 0,
                        sizeof(refused) / sizeof(refused[0]));
    tcase_add_test(tcase, each_reason_has_its_own_words);
    tcase_add_test(tcase, nesting_ends_after_64_levels);
    tcase_add_test(tcase, a_million_open_brackets_are_refused_at_the_65th);
    tcase_add_test(tcase, every_cut_of_a_message_is_refused);
    tcase_add_test(tcase, a_message_with_one_byte_changed_is_judged_as_jansson_does);
    tcase_add_test(tcase, every_special_byte_is_seen_at_every_place_of_a_word);
    tcase_add_test(tcase, a_decimal_comma_in_the_locale_changes_nothing);
    return tcase;
}

static TCase *findings(void)
{
    TCase *tcase = tcase_create("finding");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, values_of_each_kind_are_found_where_they_stand);
    tcase_add_test(tcase, nested_keys_are_found_only_under_their_parents);
    tcase_add_test(tcase, objects_in_arrays_are_not_looked_into);
    tcase_add_test(tcase, of_a_key_twice_the_last_one_counts);
    tcase_add_test(tcase, a_later_parent_takes_the_children_of_the_earlier_one_away);
    tcase_add_test(tcase, keys_are_compared_decoded);
    tcase_add_test(tcase, a_key_longer_than_any_wanted_one_is_passed_over);
    tcase_add_test(tcase, escapes_are_decoded);
    tcase_add_test(tcase, every_code_point_survives_escaping_and_is_utf8);
    return tcase;
}

/* ---- Scalars ---- */

START_TEST(a_scalar_stands_alone)
{
    static const struct {
        const char *text;
        size_t bytes;
        enum json_kind kind; /* JSON_KIND_NONE: refused */
        enum json_reason reason;
        size_t offset; /* of the value, or of what does not fit */
    } scalars[] = {
        {TEXT("1"), JSON_KIND_NUMBER, JSON_REASON_NONE, 0},
        {TEXT(" -1.5e3\n"), JSON_KIND_NUMBER, JSON_REASON_NONE, 1},
        {TEXT("\"\""), JSON_KIND_STRING, JSON_REASON_NONE, 1},
        {TEXT("\"[{\""), JSON_KIND_STRING, JSON_REASON_NONE, 1},
        {TEXT("true"), JSON_KIND_TRUE, JSON_REASON_NONE, 0},
        {TEXT("false"), JSON_KIND_FALSE, JSON_REASON_NONE, 0},
        {TEXT("null\t"), JSON_KIND_NULL, JSON_REASON_NONE, 0},
        {TEXT(""), JSON_KIND_NONE, JSON_REASON_SCALAR, 0},
        {TEXT("  "), JSON_KIND_NONE, JSON_REASON_SCALAR, 2},
        {TEXT("[1]"), JSON_KIND_NONE, JSON_REASON_SCALAR, 0},
        {TEXT(" {}"), JSON_KIND_NONE, JSON_REASON_SCALAR, 1},
        {TEXT("1,"), JSON_KIND_NONE, JSON_REASON_END, 1},
        {TEXT("true1"), JSON_KIND_NONE, JSON_REASON_END, 4},
        {TEXT("tru"), JSON_KIND_NONE, JSON_REASON_VALUE, 0},
        {TEXT("\"x"), JSON_KIND_NONE, JSON_REASON_QUOTE, 2},
        {TEXT("\"\xff\""), JSON_KIND_NONE, JSON_REASON_UTF8, 1},
        {TEXT("-"), JSON_KIND_NONE, JSON_REASON_DIGIT, 1},
        {TEXT("1e999"), JSON_KIND_NONE, JSON_REASON_RANGE, 0},
        {TEXT("1\0"), JSON_KIND_NONE, JSON_REASON_END, 1},
    };
    for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
        struct json_span span;
        struct json_failure failure = {JSON_REASON_NONE, 0};
        char *copy = text_copy(scalars[i].text, scalars[i].bytes);
        int read = warmstart_json_scan_scalar(copy, scalars[i].bytes, &span, &failure);
        ck_assert_msg(read == (scalars[i].kind != JSON_KIND_NONE), "%s", scalars[i].text);
        ck_assert_int_eq(failure.reason, scalars[i].reason);
        if (read) {
            ck_assert_int_eq(span.kind, scalars[i].kind);
            ck_assert_uint_eq((size_t)(span.start - copy), scalars[i].offset);
        } else {
            ck_assert_uint_eq(failure.offset, scalars[i].offset);
        }
        free(copy);
    }
}
END_TEST

static TCase *scalars(void)
{
    TCase *tcase = tcase_create("scalars");
    tcase_add_test(tcase, a_scalar_stands_alone);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("json");
    suite_add_tcase(suite, refusals());
    suite_add_tcase(suite, findings());
    suite_add_tcase(suite, scalars());
    return suite_run(suite);
}
