/* SPDX-License-Identifier: MIT */
/*
 * The scanner against jansson: random texts, most of them damaged a little, have to be accepted or refused by
 * both, and the values that are found have to be the same. A text with a byte of 0 has to be refused: jansson
 * passes over one behind a number or a word.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_oracle.h"
#include "protocol_text.h"
#include "suite.h"

#define ROUNDS    200000
#define TEXT_MAX  4096
#define DEPTH_MAX 8

/* ---- Making texts ---- */

struct maker {
    struct text_random random;
    char text[TEXT_MAX];
    size_t bytes;
};

static size_t pick(struct maker *maker, size_t limit)
{
    return text_random_below(&maker->random, limit);
}

static void add(struct maker *maker, const char *text)
{
    size_t bytes = strlen(text);
    if (bytes > TEXT_MAX - maker->bytes)
        bytes = TEXT_MAX - maker->bytes;
    memcpy(maker->text + maker->bytes, text, bytes);
    maker->bytes += bytes;
}

#define ADD_ONE_OF(maker, list) add((maker), (list)[pick((maker), sizeof(list) / sizeof((list)[0]))])

static void add_space(struct maker *maker)
{
    static const char *const spaces[] = {" ", "\n", "\t", "\r", "  ", "\v", "\f"};
    if (pick(maker, 8) == 0)
        add(maker, spaces[pick(maker, pick(maker, 100) == 0 ? 7 : 5)]);
}

static void add_string(struct maker *maker)
{
    static const char *const pieces[] = {"a",
                                         "plain text",
                                         "12345678",
                                         "\\n",
                                         "\\\"",
                                         "\\\\",
                                         "\\/",
                                         "\\u0041",
                                         "\\u0000",
                                         "\\u00e9",
                                         "\\ud83d\\ude00",
                                         "\xc3\xa9",
                                         "\xe2\x82\xac",
                                         "\xf0\x9f\x98\x80",
                                         "\x7f",
                                         "{",
                                         "]",
                                         ",",
                                         "\\uFFFF",
                                         "\\b\\f\\r\\t"};
    static const char *const bad[] = {"\\ud83d",
                                      "\\ude00",
                                      "\\x",
                                      "\\u12",
                                      "\x80",
                                      "\xc3",
                                      "\xc0\x80",
                                      "\xed\xa0\x80",
                                      "\n",
                                      "\x1f",
                                      "\xf4\x90\x80\x80",
                                      "\\ud83d\\u0041",
                                      "\\udc00\\udc00",
                                      "\xe0\x80\x80",
                                      "\xff",
                                      "\\"};
    add(maker, "\"");
    for (size_t i = pick(maker, 4); i > 0; i--)
        ADD_ONE_OF(maker, pieces);
    if (pick(maker, 60) == 0)
        ADD_ONE_OF(maker, bad);
    add(maker, "\"");
}

static void add_number(struct maker *maker)
{
    static const char *const wholes[] = {"0",
                                         "1",
                                         "7",
                                         "10",
                                         "123",
                                         "4294967296",
                                         "18446744073709551616",
                                         "100000000000000000000000000000000000000000"};
    static const char *const fractions[] = {".0",
                                            ".5",
                                            ".25",
                                            ".000000000000000000001",
                                            ".7976931348623157",
                                            ".7976931348623158",
                                            ".7976931348623159"};
    static const char *const exponents[] = {"e0",   "E1",    "e-7",   "e+21",  "e307",   "e308",
                                            "e309", "e-308", "e-400", "E+300", "e00001", "e9999999999"};
    static const char *const bad[] = {"01", "-", "1.", ".5", "+1", "1e", "1e+", "0x1", "1.e1", "--1", "NaN"};
    if (pick(maker, 60) == 0) {
        ADD_ONE_OF(maker, bad);
        return;
    }
    if (pick(maker, 4) == 0)
        add(maker, "-");
    ADD_ONE_OF(maker, wholes);
    if (pick(maker, 3) == 0)
        ADD_ONE_OF(maker, fractions);
    if (pick(maker, 3) == 0)
        add(maker, exponents[pick(maker, pick(maker, 4) == 0 ? 12 : 4)]);
}

static void add_scalar(struct maker *maker)
{
    static const char *const words[] = {"true", "false", "null"};
    size_t kind = pick(maker, 5);
    if (kind < 2)
        add_string(maker);
    else if (kind < 4)
        add_number(maker);
    else
        ADD_ONE_OF(maker, words);
}

static void add_key(struct maker *maker)
{
    static const char *const keys[] = {"\"message\"",
                                       "\"message\"",
                                       "\"mess\\u0061ge\"",
                                       "\"a\"",
                                       "\"\\u0061\"",
                                       "\"deployment\"",
                                       "\"deployment\"",
                                       "\"run\xc3\xa9\"",
                                       "\"run\\u00e9\"",
                                       "\"run\"",
                                       "\"id\"",
                                       "\"id\"",
                                       "\"machine\"",
                                       "\"mach\\u0069ne\"",
                                       "\"cpu\"",
                                       "\"cpu\"",
                                       "\"other\"",
                                       "\"\"",
                                       "\"Message\"",
                                       "\"\\n\\u0001\""};
    static const char *const bad[] = {"\"a\\u0000\"", "key", "'a'", "1", "\"\\ud800\"", "\"\xff\""};
    if (pick(maker, 200) == 0)
        ADD_ONE_OF(maker, bad);
    else
        ADD_ONE_OF(maker, keys);
    add_space(maker);
    add(maker, ":");
}

/* A whole text. Open containers are on a stack; objects are likely, for keys to meet keys. */
static void make(struct maker *maker)
{
    char open[DEPTH_MAX];
    size_t depth = 0;
    size_t left = 2 + pick(maker, 24);
    int first = 1;
    maker->bytes = 0;
    add_space(maker);
    add(maker, pick(maker, 200) == 0 ? "[" : "{");
    open[depth++] = maker->text[maker->bytes - 1];
    while (depth > 0) {
        add_space(maker);
        if (left == 0 || pick(maker, 5) == 0) {
            add(maker, open[--depth] == '{' ? "}" : "]");
            first = 0;
            continue;
        }
        left--;
        if (!first)
            add(maker, ",");
        add_space(maker);
        if (open[depth - 1] == '{')
            add_key(maker);
        add_space(maker);
        first = depth < DEPTH_MAX && pick(maker, 5) < 2;
        if (!first) {
            add_scalar(maker);
            continue;
        }
        open[depth] = pick(maker, 4) == 0 ? '[' : '{';
        add(maker, open[depth++] == '{' ? "{" : "[");
    }
    add_space(maker);
}

/* One small damage: a byte set, taken out, put in, a piece doubled, or the end cut off. */
static void damage(struct maker *maker)
{
    static const char bytes[] = "{}[]\",:\\\0\n 019-+.eEutfn/\x80\xc3\xed\xf4\xff\x1f\x7f";
    char byte = bytes[pick(maker, sizeof(bytes) - 1)];
    if (maker->bytes == 0)
        return;
    size_t at = pick(maker, maker->bytes);
    size_t tail = maker->bytes - at;
    size_t piece = 1 + pick(maker, tail < 16 ? tail : 16);
    char *text = maker->text;
    switch (pick(maker, 6)) {
    case 0:
        text[at] = byte;
        break;
    case 1:
        text[at] = (char)pick(maker, 256);
        break;
    case 2:
        memmove(text + at, text + at + piece, tail - piece);
        maker->bytes -= piece;
        break;
    case 3:
        if (maker->bytes < TEXT_MAX) {
            memmove(text + at + 1, text + at, tail);
            text[at] = byte;
            maker->bytes++;
        }
        break;
    case 4:
        if (maker->bytes + piece <= TEXT_MAX) {
            memmove(text + at + piece, text + at, tail);
            maker->bytes += piece;
        }
        break;
    default:
        maker->bytes = at;
        break;
    }
}

/* ---- Comparing ---- */

/* Prints a text in which the two differ, so that it can be looked at. */
static void show(const struct maker *maker)
{
    printf("# differs on: ");
    for (size_t i = 0; i < maker->bytes; i++) {
        unsigned char byte = (unsigned char)maker->text[i];
        printf(byte >= 0x20 && byte < 0x7f ? "%c" : "<%02x>", byte);
    }
    printf("\n");
    fflush(stdout);
}

/* As json_oracle_compare(), with the text in a block of its size. */
static int compare(const struct maker *maker)
{
    char *copy = text_copy(maker->text, maker->bytes);
    int result = json_oracle_compare(copy, maker->bytes);
    free(copy);
    return result;
}

START_TEST(random_texts_are_read_as_jansson_reads_them)
{
    static struct maker maker;
    size_t rounds = text_rounds(ROUNDS);
    size_t counts[2] = {0, 0};
    text_random_init(&maker.random);
    for (size_t round = 0; round < rounds; round++) {
        make(&maker);
        for (size_t i = pick(&maker, 4); i > 1; i--)
            damage(&maker);
        int result = compare(&maker);
        if (result < 0) {
            show(&maker);
            ck_abort_msg("round %zu differs from jansson", round);
        }
        counts[result]++;
    }
    printf("# %zu texts accepted, %zu refused\n", counts[1], counts[0]);
    fflush(stdout);
    ck_assert_uint_gt(counts[1], rounds / 10);
    ck_assert_uint_gt(counts[0], rounds / 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("differential");
    TCase *tcase = tcase_create("differential");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, random_texts_are_read_as_jansson_reads_them);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
