/* SPDX-License-Identifier: MIT */
#include "metadata.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol_text.h"
#include "suite.h"

#define TEXT(literal) (literal), sizeof(literal) - 1

static struct metadata metadata;
static struct metadata_failure failure;
static char shown[16 * METADATA_BYTES_MAX];

/* Prints the fields as name=value, in their order, a space between them. */
static const char *show_fields(void)
{
    size_t used = 0;
    shown[0] = '\0';
    for (size_t i = 0; i < metadata.fields_len; i++) {
        const struct warmstart_field *field = &metadata.fields[i];
        char *value = malloc(metadata_shown_bytes_max(field->value_bytes));
        ck_assert_ptr_nonnull(value);
        size_t bytes = warmstart_metadata_show(field->value, field->value_bytes, value);
        int printed = snprintf(shown + used, sizeof(shown) - used, "%s%.*s=%.*s", i > 0 ? " " : "",
                               (int)field->name_bytes, field->name, (int)bytes, value);
        ck_assert_int_gt(printed, 0);
        used += (size_t)printed;
        ck_assert_uint_lt(used, sizeof(shown));
        free(value);
    }
    return shown;
}

/* Adds the object that is the value of "m" in a text that has to be JSON. */
static int add_object(const char *text, size_t bytes)
{
    static const struct json_node nodes[] = {[0] = {.child = 1, .children = 1}, [1] = {JSON_KEY("m")}};
    struct json_span spans[2];
    struct json_failure json;
    char *copy = text_copy(text, bytes);
    ck_assert_msg(warmstart_json_scan(copy, bytes, nodes, 2, spans, &json), "%s", text);
    ck_assert_int_eq(spans[1].kind, JSON_KIND_OBJECT);
    int added = warmstart_metadata_add_object(&metadata, copy, &spans[1], &failure);
    free(copy);
    return added;
}

static int add_word(const char *word, size_t bytes)
{
    char *copy = text_copy(word, bytes);
    int added = warmstart_metadata_add_word(&metadata, copy, bytes, &failure);
    free(copy);
    return added;
}

static void assert_failure(const char *text, enum metadata_reason reason, size_t offset)
{
    ck_assert_msg(failure.reason == reason, "%s: %s, not %s", text,
                  warmstart_metadata_reason_name(failure.reason), warmstart_metadata_reason_name(reason));
    ck_assert_msg(failure.offset == offset, "%s: at byte %zu, not %zu", text, failure.offset, offset);
}

/* ---- Objects ---- */

START_TEST(nested_objects_become_dotted_names)
{
    static const char *const objects[][2] = {
        {"{\"m\":{}}", ""},
        {"{\"m\":{\"a\":1}}", "a=1"},
        {"{\"m\":{\"a\":\"1\"}}", "a=\"1\""},
        {"{\"m\":{\"machine\":{\"cpu\":1}}}", "machine.cpu=1"},
        {"{\"m\":{\"machine\":{\"cpu\":1,\"gpu\":{\"kind\":\"x\",\"n\":2}},\"z\":true}}",
         "machine.cpu=1 machine.gpu.kind=\"x\" machine.gpu.n=2 z=true"},
        {"{\"m\":{\"machine.cpu\":1}}", "machine.cpu=1"},
        {"{\"m\":{\"machine\":{\"cpu\":1},\"machine.ram\":2,\"machine\":{\"disk.kind\":null}}}",
         "machine.cpu=1 machine.ram=2 machine.disk.kind=null"},
        {"{\"m\":{\"a\":1,\"a\":{\"b\":2}}}", "a=1 a.b=2"},
        {" { \"m\" : { \"a\" : { \"b\" : -0.50e0 } ,\r\n\t\"c\" : false } } ", "a.b=-0.5 c=false"},
        {"{\"m\":{\"\\u0061\\n\\u002eb\":\"\\\"\\\\\\n\\u0000\"}}", NULL},
        {"{\"m\":{\"\\u0061\\u002eb\":\"\\\"\\\\\\n\\u0000\"}}", "a.b=\"\\\"\\\\\\u000a\\u0000\""},
        {"{\"m\":{\"a\":\"\"}}", "a=\"\""},
        {"{\"m\":{\"a=b\":1,\"a:\":2}}", "a=b=1 a:=2"},
        {"{\"m\":{\"k8s:node\":\"\xc3\xa9\",\" \":1}}", "k8s:node=\"\xc3\xa9\"  =1"},
        {"{\"m\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":1}}}}}}}}}", "a.b.c.d.e.f.g.h=1"},
    };
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        warmstart_metadata_begin(&metadata);
        int added = add_object(objects[i][0], strlen(objects[i][0]));
        ck_assert_msg(added == (objects[i][1] != NULL), "%s", objects[i][0]);
        if (added)
            ck_assert_str_eq(show_fields(), objects[i][1]);
    }
}
END_TEST

static const struct {
    const char *text;
    enum metadata_reason reason;
    size_t offset;
} refused[] = {
    {"{\"m\":{\"a\":[]}}", METADATA_REASON_ARRAY, 10},
    {"{\"m\":{\"a\":{\"b\":[{}]}}}", METADATA_REASON_ARRAY, 15},
    {"{\"m\":{\"a\":{}}}", METADATA_REASON_OBJECT, 10},
    {"{\"m\":{\"a\":{\"b\":{ }},\"c\":1}}", METADATA_REASON_OBJECT, 15},
    {"{\"m\":{\"\":1}}", METADATA_REASON_NAME_EMPTY, 7},
    {"{\"m\":{\"\":{\"a\":1}}}", METADATA_REASON_NAME_EMPTY, 7},
    {"{\"m\":{\"a\":{\"\":1}}}", METADATA_REASON_NAME_EMPTY, 12},
    {"{\"m\":{\".a\":1}}", METADATA_REASON_NAME_EMPTY, 7},
    {"{\"m\":{\"a.\":1}}", METADATA_REASON_NAME_EMPTY, 7},
    {"{\"m\":{\"a.\":{\"b\":1}}}", METADATA_REASON_NAME_EMPTY, 7},
    {"{\"m\":{\"a..b\":1}}", METADATA_REASON_NAME_EMPTY, 7},
    {"{\"m\":{\".\":1}}", METADATA_REASON_NAME_EMPTY, 7},
    {"{\"m\":{\"a\\n\":1}}", METADATA_REASON_NAME, 7},
    {"{\"m\":{\"a\\u007f\":{\"b\":1}}}", METADATA_REASON_NAME, 7},
    {"{\"m\":{\"a\":1,\"a\":1}}", METADATA_REASON_REPEATED, 13},
    {"{\"m\":{\"a\":1,\"\\u0061\":2}}", METADATA_REASON_REPEATED, 13},
    {"{\"m\":{\"a.b\":1,\"a\":{\"b\":1}}}", METADATA_REASON_REPEATED, 20},
    {"{\"m\":{\"a\":{\"b\":1},\"c\":1,\"a\":{\"d\":1,\"b\":2}}}", METADATA_REASON_REPEATED, 36},
    {"{\"m\":{\"a\":1e-400}}", METADATA_REASON_RANGE, 10},
    {"{\"m\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":1}}}}}}}}}}",
     METADATA_REASON_DEPTH, 45},
};

START_TEST(what_cannot_be_a_field_is_refused_with_its_place)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        warmstart_metadata_begin(&metadata);
        ck_assert(add_word(TEXT("kept=1")));
        ck_assert_msg(!add_object(refused[i].text, strlen(refused[i].text)), "%s", refused[i].text);
        assert_failure(refused[i].text, refused[i].reason, refused[i].offset);
        ck_assert_str_eq(show_fields(), "kept=\"1\"");
        ck_assert_uint_eq(metadata.text_bytes, 5);
    }
}
END_TEST

/* {"m":{<head><filler, so many times><tail>}} with one member. */
static int add_filled(const char *head, char filler, size_t times, const char *tail)
{
    size_t room = strlen(head) + times + strlen(tail) + 16;
    char *text = malloc(room);
    ck_assert_ptr_nonnull(text);
    size_t used = (size_t)snprintf(text, room, "{\"m\":{%s", head);
    memset(text + used, filler, times);
    used += times;
    used += (size_t)snprintf(text + used, room - used, "%s}}", tail);
    warmstart_metadata_begin(&metadata);
    int added = add_object(text, used);
    free(text);
    return added;
}

START_TEST(names_and_values_have_a_limit)
{
    ck_assert(add_filled("\"", 'n', METADATA_NAME_BYTES_MAX, "\":1"));
    ck_assert_uint_eq(metadata.fields[0].name_bytes, METADATA_NAME_BYTES_MAX);
    ck_assert(!add_filled("\"", 'n', METADATA_NAME_BYTES_MAX + 1, "\":1"));
    assert_failure("a long name", METADATA_REASON_NAME_LENGTH, 7);
    /* The dot counts, and a key that is escaped counts decoded. */
    ck_assert(add_filled("\"", 'n', METADATA_NAME_BYTES_MAX - 2, "\":{\"\\u0061\":1}"));
    ck_assert(!add_filled("\"", 'n', METADATA_NAME_BYTES_MAX - 1, "\":{\"a\":1}"));
    assert_failure("a long nested name", METADATA_REASON_NAME_LENGTH, 265);
    ck_assert(!add_filled("\"", 'n', METADATA_NAME_BYTES_MAX, "\":{\"a\":1}"));
    assert_failure("a long nested name", METADATA_REASON_NAME_LENGTH, 266);
    ck_assert(add_filled("\"a\":\"", 'v', METADATA_VALUE_BYTES_MAX, "\""));
    ck_assert(add_filled("\"a\":\"", 'v', METADATA_VALUE_BYTES_MAX - 1, "\\u0076\""));
    ck_assert_uint_eq(metadata.fields[0].value_bytes, METADATA_VALUE_BYTES_MAX);
    ck_assert(!add_filled("\"a\":\"", 'v', METADATA_VALUE_BYTES_MAX + 1, "\""));
    assert_failure("a long value", METADATA_REASON_VALUE_LENGTH, 11);
    ck_assert(!add_filled("\"a\":\"", 'v', METADATA_VALUE_BYTES_MAX, "\\u0076\""));
    assert_failure("a long escaped value", METADATA_REASON_VALUE_LENGTH, 11);
    ck_assert(add_filled("\"a\":-0.", '3', METADATA_VALUE_BYTES_MAX - 3, ""));
    ck_assert_uint_le(metadata.fields[0].value_bytes, METADATA_NUMBER_BYTES_MAX);
    ck_assert(!add_filled("\"a\":-0.", '3', METADATA_VALUE_BYTES_MAX - 2, ""));
    assert_failure("a long number", METADATA_REASON_VALUE_LENGTH, 10);
}
END_TEST

START_TEST(fields_have_a_limit)
{
    char word[32];
    warmstart_metadata_begin(&metadata);
    for (int i = 0; i < METADATA_FIELDS_MAX; i++) {
        int bytes = snprintf(word, sizeof(word), "n%d=%d", i, i);
        ck_assert(add_word(word, (size_t)bytes));
    }
    ck_assert(!add_word(TEXT("one=more")));
    assert_failure("a field too many", METADATA_REASON_FIELDS, 0);
    ck_assert(!add_object(TEXT("{\"m\":{\"one\":\"more\"}}")));
    assert_failure("a member too many", METADATA_REASON_FIELDS, 7);
    ck_assert(!add_word(TEXT("n31=x")));
    assert_failure("a name again", METADATA_REASON_REPEATED, 0);
    ck_assert_uint_eq(metadata.fields_len, METADATA_FIELDS_MAX);
}
END_TEST

START_TEST(all_together_has_a_limit)
{
    char word[2 + METADATA_VALUE_BYTES_MAX];
    warmstart_metadata_begin(&metadata);
    memset(word, 'x', sizeof(word));
    word[1] = '=';
    for (int i = 0; i < METADATA_BYTES_MAX / METADATA_VALUE_BYTES_MAX - 1; i++) {
        word[0] = (char)('a' + i);
        ck_assert(add_word(word, sizeof(word)));
    }
    size_t left = METADATA_BYTES_MAX - metadata.text_bytes;
    word[0] = 'z';
    ck_assert(!add_word(word, 2 + left));
    assert_failure("all together", METADATA_REASON_LENGTH, 0);
    ck_assert(add_word(word, 2 + left - 1));
    ck_assert_uint_eq(metadata.text_bytes, METADATA_BYTES_MAX);
    ck_assert(!add_word(TEXT("y=")));
    assert_failure("one byte more", METADATA_REASON_LENGTH, 0);
}
END_TEST

/* ---- Words ---- */

START_TEST(a_word_is_a_field)
{
    static const struct {
        const char *word;
        size_t bytes;
        const char *field;
    } words[] = {
        {TEXT("a=1"), "a=\"1\""},
        {TEXT("a:=1"), "a=1"},
        {TEXT("a="), "a=\"\""},
        {TEXT("a.b=c=d"), "a.b=\"c=d\""},
        {TEXT("a==1"), "a=\"=1\""},
        {TEXT("a=:=1"), "a=\":=1\""},
        {TEXT("a=\"x\""), "a=\"\\\"x\\\"\""},
        {TEXT("a:=\"x\""), "a=\"x\""},
        {TEXT("a:=\"\\u0041\\n\""), "a=\"A\\u000a\""},
        {TEXT("a::=1"), "a:=1"},
        {TEXT("a:=true"), "a=true"},
        {TEXT("a:=false"), "a=false"},
        {TEXT("a:=null"), "a=null"},
        {TEXT("a:= -0.0 "), "a=0"},
        {TEXT("a:=1e-7"), "a=1e-7"},
        {TEXT("a b=c d"), "a b=\"c d\""},
        {TEXT("a=\0\x01\n"), "a=\"\\u0000\\u0001\\u000a\""},
        {TEXT("\xc3\xa9=\xf0\x9f\x98\x80"), "\xc3\xa9=\"\xf0\x9f\x98\x80\""},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        warmstart_metadata_begin(&metadata);
        ck_assert_msg(add_word(words[i].word, words[i].bytes), "%s", words[i].word);
        ck_assert_str_eq(show_fields(), words[i].field);
    }
}
END_TEST

START_TEST(what_is_no_word_is_refused_with_its_place)
{
    static const struct {
        const char *word;
        size_t bytes;
        enum metadata_reason reason;
        size_t offset;
    } words[] = {
        {TEXT(""), METADATA_REASON_WORD, 0},
        {TEXT("abc"), METADATA_REASON_WORD, 3},
        {TEXT("=1"), METADATA_REASON_NAME_EMPTY, 0},
        {TEXT(":=1"), METADATA_REASON_NAME_EMPTY, 0},
        {TEXT("a.=1"), METADATA_REASON_NAME_EMPTY, 0},
        {TEXT("a..b:=1"), METADATA_REASON_NAME_EMPTY, 0},
        {TEXT("a\0=1"), METADATA_REASON_NAME, 0},
        {TEXT("a\xff=1"), METADATA_REASON_NAME, 0},
        {TEXT("a\xed\xa0\x80:=1"), METADATA_REASON_NAME, 0},
        {TEXT("a=\xffn1e0"), METADATA_REASON_VALUE, 2},
        {TEXT("a=x\xc3"), METADATA_REASON_VALUE, 2},
        {TEXT("a:="), METADATA_REASON_VALUE, 3},
        {TEXT("a:=x"), METADATA_REASON_VALUE, 3},
        {TEXT("a:=01"), METADATA_REASON_VALUE, 4},
        {TEXT("a:=1 2"), METADATA_REASON_VALUE, 5},
        {TEXT("a:=\"x"), METADATA_REASON_VALUE, 5},
        {TEXT("a:=\"\xff\""), METADATA_REASON_VALUE, 4},
        {TEXT("a:=[1]"), METADATA_REASON_VALUE, 3},
        {TEXT("a:= {}"), METADATA_REASON_VALUE, 4},
        {TEXT("a:=1e400"), METADATA_REASON_RANGE, 3},
        {TEXT("a:=1e-400"), METADATA_REASON_RANGE, 3},
        {TEXT("kept=1"), METADATA_REASON_REPEATED, 0},
        {TEXT("kept:=1"), METADATA_REASON_REPEATED, 0},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        warmstart_metadata_begin(&metadata);
        ck_assert(add_word(TEXT("kept=1")));
        ck_assert_msg(!add_word(words[i].word, words[i].bytes), "%s", words[i].word);
        assert_failure(words[i].word, words[i].reason, words[i].offset);
        ck_assert_str_eq(show_fields(), "kept=\"1\"");
    }
}
END_TEST

START_TEST(a_name_and_a_value_are_a_field_too)
{
    char name[METADATA_NAME_BYTES_MAX + 1];
    char value[METADATA_VALUE_BYTES_MAX + 1];
    memset(name, 'n', sizeof(name));
    memset(value, 'v', sizeof(value));
    warmstart_metadata_begin(&metadata);
    ck_assert(warmstart_metadata_add_text(&metadata, TEXT("a"), TEXT("1"), &failure));
    ck_assert(warmstart_metadata_add_json(&metadata, TEXT("b"), TEXT("1"), &failure));
    ck_assert(warmstart_metadata_add_text(&metadata, TEXT("c"), NULL, 0, &failure));
    ck_assert(!warmstart_metadata_add_json(&metadata, TEXT("d"), TEXT("xy"), &failure));
    assert_failure("no JSON", METADATA_REASON_VALUE, 1);
    ck_assert(!warmstart_metadata_add_json(&metadata, TEXT("d"), NULL, 0, &failure));
    assert_failure("nothing", METADATA_REASON_VALUE, 1);
    ck_assert(!warmstart_metadata_add_text(&metadata, name, sizeof(name), TEXT("1"), &failure));
    assert_failure("a long name", METADATA_REASON_NAME_LENGTH, 0);
    ck_assert(!warmstart_metadata_add_text(&metadata, TEXT("d"), value, sizeof(value), &failure));
    assert_failure("a long value", METADATA_REASON_VALUE_LENGTH, 1);
    ck_assert(!warmstart_metadata_add_text(&metadata, TEXT("d\n"), TEXT("1"), &failure));
    assert_failure("a line end in a name", METADATA_REASON_NAME, 0);
    ck_assert(warmstart_metadata_add_text(&metadata, TEXT("d="), TEXT("1"), &failure));
    ck_assert_str_eq(show_fields(), "a=\"1\" b=1 c=\"\" d==\"1\"");
}
END_TEST

/* ---- Values ---- */

START_TEST(types_are_told_apart_and_spellings_are_not)
{
    static const char *const different[] = {
        "a:=1",   "a=1",  "a:=true", "a=true", "a:=false", "a=false", "a:=null",
        "a=null", "a:=0", "a=",      "a:=-1",  "a=1e0",    "a=n1e0",
    };
    static const char *const same[] = {"a:=1", "a:=1.0", "a:=1e0", "a:=0.1e+1", "a:=1000e-3"};
    size_t len = sizeof(different) / sizeof(different[0]);
    char values[13][64];
    size_t bytes[13];
    for (size_t i = 0; i < len; i++) {
        warmstart_metadata_begin(&metadata);
        ck_assert(add_word(different[i], strlen(different[i])));
        bytes[i] = metadata.fields[0].value_bytes;
        memcpy(values[i], metadata.fields[0].value, bytes[i]);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(bytes[i] != bytes[j] || memcmp(values[i], values[j], bytes[i]) != 0, "%s and %s",
                          different[i], different[j]);
    }
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        warmstart_metadata_begin(&metadata);
        ck_assert(add_word(same[i], strlen(same[i])));
        ck_assert_uint_eq(metadata.fields[0].value_bytes, bytes[0]);
        ck_assert_mem_eq(metadata.fields[0].value, values[0], bytes[0]);
    }
}
END_TEST

START_TEST(the_bytes_of_a_value_are_those_that_are_documented)
{
    warmstart_metadata_begin(&metadata);
    ck_assert(add_object(TEXT("{\"m\":{\"s\":\"x\",\"n\":-0.5,\"t\":true,\"f\":false,\"z\":null}}")));
    static const struct {
        const char *bytes;
        size_t len;
        enum json_kind kind;
    } values[] = {
        {TEXT("x"), JSON_KIND_STRING},
        {TEXT("\xff"
              "n-5e-1"),
         JSON_KIND_NUMBER},
        {TEXT("\xff"
              "t"),
         JSON_KIND_TRUE},
        {TEXT("\xff"
              "f"),
         JSON_KIND_FALSE},
        {TEXT("\xff"
              "z"),
         JSON_KIND_NULL},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        ck_assert_uint_eq(metadata.fields[i].value_bytes, values[i].len);
        ck_assert_mem_eq(metadata.fields[i].value, values[i].bytes, values[i].len);
        ck_assert_int_eq(warmstart_metadata_kind(values[i].bytes, values[i].len), values[i].kind);
        ck_assert_int_eq(warmstart_metadata_is_string(values[i].bytes, values[i].len),
                         values[i].kind == JSON_KIND_STRING);
    }
    ck_assert(warmstart_metadata_is_string(NULL, 0));
}
END_TEST

START_TEST(a_number_becomes_a_value_if_it_is_one)
{
    char out[METADATA_NUMBER_BYTES_MAX];
    size_t bytes = 0;
    ck_assert_int_eq(warmstart_metadata_number(TEXT("0.5"), out, &bytes), NUMBER_POSITIVE);
    ck_assert_uint_eq(bytes, 6);
    ck_assert_mem_eq(out, "\xffn5e-1", bytes);
    ck_assert_int_eq(warmstart_metadata_number(TEXT("-0"), out, &bytes), NUMBER_ZERO);
    ck_assert_mem_eq(out, "\xffn0e0", bytes);
    ck_assert_int_eq(warmstart_metadata_number(TEXT("-2"), out, &bytes), NUMBER_NEGATIVE);
    ck_assert_int_eq(warmstart_metadata_number(TEXT("1e999"), out, &bytes), NUMBER_RANGE);
    ck_assert_int_eq(warmstart_metadata_number(TEXT("one"), out, &bytes), NUMBER_INVALID);
}
END_TEST

/* What a caller of the core may have put in is shown, too, and always as JSON. */
START_TEST(foreign_bytes_are_shown_as_strings)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *shown;
    } values[] = {
        {TEXT(""), "\"\""},
        {TEXT("\xff"), "\"\xef\xbf\xbd\""},
        {TEXT("\xff"
              "n"),
         "\"\xef\xbf\xbdn\""},
        {TEXT("\xff"
              "n1e0x"),
         "\"\xef\xbf\xbdn1e0x\""},
        {TEXT("\xff"
              "tt"),
         "\"\xef\xbf\xbdtt\""},
        {TEXT("\xff"
              "ff"),
         "\"\xef\xbf\xbd"
         "ff\""},
        {TEXT("\xff"
              "zz"),
         "\"\xef\xbf\xbdzz\""},
        {TEXT("\xff"
              "q"),
         "\"\xef\xbf\xbdq\""},
        {TEXT("\xff"
              "n1.50"),
         "1.50"},
        {TEXT("\xff"
              "n0e9"),
         "0"},
        {TEXT("\xff"
              "n1e999999999999"),
         "1e999999999999"},
        {TEXT("\x01\x7f\x80\xc3\xa9"), "\"\\u0001\\u007f\xef\xbf\xbd\xc3\xa9\""},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char *copy = text_copy(values[i].bytes, values[i].len);
        char *out = malloc(metadata_shown_bytes_max(values[i].len));
        ck_assert_ptr_nonnull(out);
        size_t bytes = warmstart_metadata_show(copy, values[i].len, out);
        ck_assert_msg(bytes == strlen(values[i].shown) && memcmp(out, values[i].shown, bytes) == 0,
                      "%s: %.*s", values[i].shown, (int)bytes, out);
        free(copy);
        free(out);
    }
}
END_TEST

/* ---- Against jansson ---- */

/* A random scalar or object as text; names are few, so that they meet. */
static void append_random(struct text_random *random, char *out, size_t *used, size_t room)
{
    static const char *const scalars[] = {"1",    "\"1\"", "true",    "false", "null",      "0.25",
                                          "-3e2", "\"\"",  "\"\\n\"", "[]",    "\"\\\"}\"", "12345678901"};
    static const char *const names[] = {"a", "b", "c", "a.b", "d", "\\u0061", "e", "f"};
    size_t depth = 0;
    int first = 1;
    *used += (size_t)snprintf(out + *used, room - *used, "{");
    for (size_t steps = 1 + text_random_below(random, 10); steps > 0; steps--) {
        size_t choice = text_random_below(random, 10);
        if (choice == 0 && depth > 0 && !first) {
            *used += (size_t)snprintf(out + *used, room - *used, "}");
            depth--;
            continue;
        }
        const char *name = names[text_random_below(random, sizeof(names) / sizeof(names[0]))];
        const char *value = scalars[text_random_below(random, sizeof(scalars) / sizeof(scalars[0]))];
        int opens = choice < 3 && depth < 5;
        *used += (size_t)snprintf(out + *used, room - *used, "%s\"%s\":%s", first ? "" : ",", name,
                                  opens ? "{" : value);
        depth += opens ? 1 : 0;
        first = opens;
    }
    if (first)
        *used += (size_t)snprintf(out + *used, room - *used, "\"x\":1");
    for (; depth > 0; depth--)
        *used += (size_t)snprintf(out + *used, room - *used, "}");
    *used += (size_t)snprintf(out + *used, room - *used, "}");
}

/* The value that a dotted name leads to in a tree that has no dots in its keys; NULL: none. */
static json_t *find(json_t *tree, const char *name, size_t bytes)
{
    while (tree != NULL && bytes > 0) {
        const char *dot = memchr(name, '.', bytes);
        size_t part = dot != NULL ? (size_t)(dot - name) : bytes;
        char key[METADATA_NAME_BYTES_MAX + 1];
        memcpy(key, name, part);
        key[part] = '\0';
        tree = json_object_get(tree, key);
        name += part + (dot != NULL);
        bytes -= part + (dot != NULL);
    }
    return tree;
}

START_TEST(random_objects_flatten_to_what_jansson_finds)
{
    struct text_random random;
    text_random_init(&random);
    size_t compared = 0;
    for (size_t round = text_rounds(20000); round > 0; round--) {
        char text[4096];
        size_t used = (size_t)snprintf(text, sizeof(text), "{\"m\":");
        append_random(&random, text, &used, sizeof(text));
        used += (size_t)snprintf(text + used, sizeof(text) - used, "}");
        warmstart_metadata_begin(&metadata);
        if (!add_object(text, used)) {
            ck_assert_uint_lt(failure.offset, used);
            ck_assert_uint_eq(metadata.fields_len, 0);
            continue;
        }
        json_t *tree = json_loadb(text, used, JSON_ALLOW_NUL, NULL);
        ck_assert_ptr_nonnull(tree);
        for (size_t i = 0; i < metadata.fields_len; i++) {
            const struct warmstart_field *field = &metadata.fields[i];
            json_t *found = find(json_object_get(tree, "m"), field->name, field->name_bytes);
            char value[256];
            size_t bytes = warmstart_metadata_show(field->value, field->value_bytes, value);
            json_t *expected = json_loadb(value, bytes, JSON_DECODE_ANY, NULL);
            /* A key with a dot, or one that stands twice, is not where jansson has it. */
            if (found != NULL && !json_is_object(found) && strstr(text, "a.b") == NULL &&
                strstr(text, "u0061") == NULL) {
                int equal =
                    json_is_number(found)
                        ? json_is_number(expected) && json_number_value(found) == json_number_value(expected)
                        : json_equal(found, expected);
                ck_assert_msg(equal, "%s: %.*s is %.*s", text, (int)field->name_bytes, field->name,
                              (int)bytes, value);
                compared++;
            }
            json_decref(expected);
        }
        json_decref(tree);
    }
    ck_assert_uint_gt(compared, 0);
}
END_TEST

/* ---- Words for people ---- */

START_TEST(every_reason_has_a_name_of_its_own_and_says_the_limit)
{
    for (int i = 0; i < METADATA_REASONS; i++) {
        const char *name = warmstart_metadata_reason_name((enum metadata_reason)i);
        ck_assert_uint_gt(strlen(name), 0);
        ck_assert_uint_gt(strlen(warmstart_metadata_expected((enum metadata_reason)i)), 0);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(name, warmstart_metadata_reason_name((enum metadata_reason)j));
    }
    static const struct {
        enum metadata_reason reason;
        size_t limit;
    } limits[] = {
        {METADATA_REASON_FIELDS, METADATA_FIELDS_MAX},
        {METADATA_REASON_NAME_LENGTH, METADATA_NAME_BYTES_MAX},
        {METADATA_REASON_VALUE_LENGTH, METADATA_VALUE_BYTES_MAX},
        {METADATA_REASON_LENGTH, METADATA_BYTES_MAX},
        {METADATA_REASON_DEPTH, METADATA_DEPTH_MAX},
    };
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        char digits[24];
        snprintf(digits, sizeof(digits), " %zu ", limits[i].limit);
        ck_assert_ptr_nonnull(strstr(warmstart_metadata_expected(limits[i].reason), digits));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metadata");
    TCase *tcase = tcase_create("metadata");
    tcase_add_test(tcase, nested_objects_become_dotted_names);
    tcase_add_test(tcase, what_cannot_be_a_field_is_refused_with_its_place);
    tcase_add_test(tcase, names_and_values_have_a_limit);
    tcase_add_test(tcase, fields_have_a_limit);
    tcase_add_test(tcase, all_together_has_a_limit);
    tcase_add_test(tcase, a_word_is_a_field);
    tcase_add_test(tcase, what_is_no_word_is_refused_with_its_place);
    tcase_add_test(tcase, a_name_and_a_value_are_a_field_too);
    tcase_add_test(tcase, types_are_told_apart_and_spellings_are_not);
    tcase_add_test(tcase, the_bytes_of_a_value_are_those_that_are_documented);
    tcase_add_test(tcase, a_number_becomes_a_value_if_it_is_one);
    tcase_add_test(tcase, foreign_bytes_are_shown_as_strings);
    tcase_add_test(tcase, random_objects_flatten_to_what_jansson_finds);
    tcase_add_test(tcase, every_reason_has_a_name_of_its_own_and_says_the_limit);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
