/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "protocol_text.h"
#include "suite.h"

/* 2^1024 - 2^970, where doubles end. */
static const char limit[] =
    "1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070"
    "9633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447"
    "5730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904"
    "174497792";

static enum number_sign canonical(const char *text, size_t bytes, char *out)
{
    size_t out_bytes = 0;
    char *copy = text_copy(text, bytes);
    enum number_sign sign = warmstart_number_canonical(copy, bytes, out, &out_bytes);
    free(copy);
    ck_assert_uint_lt(out_bytes, NUMBER_CANONICAL_BYTES_MAX);
    out[out_bytes] = '\0';
    return sign;
}

static void assert_canonical(const char *text, const char *expected)
{
    char out[NUMBER_CANONICAL_BYTES_MAX + 1];
    ck_assert_msg(canonical(text, strlen(text), out) == NUMBER_POSITIVE, "%s", text);
    ck_assert_str_eq(out, expected);
}

static void assert_sign(const char *text, enum number_sign expected)
{
    char out[NUMBER_CANONICAL_BYTES_MAX + 1];
    ck_assert_msg(canonical(text, strlen(text), out) == expected, "%s", text);
}

START_TEST(spellings_of_one_value_have_one_form)
{
    static const char *const spellings[][2] = {
        {"1", "1e0"},
        {"1.0", "1e0"},
        {"1e0", "1e0"},
        {"1E+00", "1e0"},
        {"10e-1", "1e0"},
        {"0.1e1", "1e0"},
        {"1.000000000000000000000000", "1e0"},
        {"0.5", "5e-1"},
        {"5e-1", "5e-1"},
        {"0.50", "5e-1"},
        {"0.0005e3", "5e-1"},
        {"10", "1e1"},
        {"100", "1e2"},
        {"1e2", "1e2"},
        {"1024", "1024e0"},
        {"1.024e3", "1024e0"},
        {"1e+21", "1e21"},
        {"1000000000000000000000", "1e21"},
        {"0.1", "1e-1"},
        {"0.1000000000000000055511151231257827", "1000000000000000055511151231257827e-34"},
        {"105.050", "10505e-2"},
        {"5e-324", "5e-324"},
        {"1.7976931348623157e308", "17976931348623157e292"},
    };
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
        assert_canonical(spellings[i][0], spellings[i][1]);
}
END_TEST

START_TEST(signs_have_forms_too)
{
    static const struct {
        const char *text;
        enum number_sign sign;
        const char *form;
    } signs[] = {
        {"0", NUMBER_ZERO, "0e0"},
        {"-0", NUMBER_ZERO, "0e0"},
        {"0.0", NUMBER_ZERO, "0e0"},
        {"0e0", NUMBER_ZERO, "0e0"},
        {"0e99999999999999999999", NUMBER_ZERO, "0e0"},
        {"-1", NUMBER_NEGATIVE, "-1e0"},
        {"-0.5", NUMBER_NEGATIVE, "-5e-1"},
        {"-50e-2", NUMBER_NEGATIVE, "-5e-1"},
        {"-1.7976931348623157e308", NUMBER_NEGATIVE, "-17976931348623157e292"},
        {"-5e-324", NUMBER_NEGATIVE, "-5e-324"},
        {"1", NUMBER_POSITIVE, "1e0"},
    };
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        char out[NUMBER_CANONICAL_BYTES_MAX + 1];
        ck_assert_msg(canonical(signs[i].text, strlen(signs[i].text), out) == signs[i].sign, "%s",
                      signs[i].text);
        ck_assert_str_eq(out, signs[i].form);
    }
}
END_TEST

START_TEST(what_is_not_a_double_is_out_of_range)
{
    static const char *const texts[] = {
        "-1e999",
        "1e309",
        "1e999",
        "2e308",
        "1.7976931348623159e308",
        "-1.7976931348623159e308",
        "1e-325",
        "4e-324",
        "-4e-324",
        "0.4e-323",
        "1e-999",
        "1e99999999999999999999999999999",
        "1e-99999999999999999999999999999",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_sign(texts[i], NUMBER_RANGE);
}
END_TEST

/* Both spellings in a block that has only the room that is asked for. */
START_TEST(a_number_is_shown_as_people_write_it)
{
    static const char *const shown[][2] = {
        {"1e0", "1"},
        {"-1e0", "-1"},
        {"0e0", "0"},
        {"5e-1", "0.5"},
        {"-5e-1", "-0.5"},
        {"15e-1", "1.5"},
        {"1024e0", "1024"},
        {"1e3", "1000"},
        {"123e18", "123000000000000000000"},
        {"1e20", "100000000000000000000"},
        {"1e21", "1e21"},
        {"1e-6", "0.000001"},
        {"1e-7", "1e-7"},
        {"125e-8", "0.00000125"},
        {"125e-9", "125e-9"},
        {"5e-324", "5e-324"},
        {"17976931348623157e292", "17976931348623157e292"},
        {"10505e-2", "105.05"},
        {"0e5", "0"},
        {"-0", "0"},
        {"1.50", "1.50"},
        {"1", "1"},
        {"", ""},
        {"x", ""},
        {"1e0 ", ""},
    };
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        size_t bytes = strlen(shown[i][0]);
        char *copy = text_copy(shown[i][0], bytes);
        char *out = malloc(bytes + NUMBER_PLAIN_BYTES_MORE);
        ck_assert_ptr_nonnull(out);
        size_t length = warmstart_number_plain(copy, bytes, out);
        const char *expected = shown[i][1];
        ck_assert_msg(length == strlen(expected) && memcmp(out, expected, length) == 0, "%s: %.*s",
                      shown[i][0], (int)length, out);
        free(copy);
        free(out);
    }
}
END_TEST

START_TEST(what_json_does_not_call_a_number_is_invalid)
{
    static const char *const texts[] = {
        "",    "-",    "+1",    ".5",    "1.",    "1.e1",     "1e",  "1e+", "01",
        "00",  "0x10", " 1",    "1 ",    "1,5",   "1_0",      "NaN", "inf", "Infinity",
        "one", "--1",  "1.2.3", "1e1.5", "1e1e1", "\xd9\xa1", "1\n", "-a",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_sign(texts[i], NUMBER_INVALID);
    char out[NUMBER_CANONICAL_BYTES_MAX + 1];
    ck_assert_int_eq(canonical("1\0", 2, out), NUMBER_INVALID);
    ck_assert_int_eq(canonical("1234", 2, out), NUMBER_POSITIVE);
    ck_assert_str_eq(out, "12e0");
}
END_TEST

START_TEST(a_number_reads_as_far_as_it_goes)
{
    struct number number;
    ck_assert(warmstart_number_read("-12.50e-3,", 10, &number));
    ck_assert_uint_eq(number.bytes, 9);
    ck_assert_uint_eq(number.negative, 1);
    ck_assert_uint_eq(number.integer_bytes, 2);
    ck_assert_uint_eq(number.fraction_bytes, 2);
    ck_assert_mem_eq(number.fraction, "50", 2);
    ck_assert_int_eq(number.exponent, -3);
    ck_assert(warmstart_number_read("0123", 4, &number));
    ck_assert_uint_eq(number.bytes, 1);
    ck_assert(!warmstart_number_read("-x", 2, &number));
    ck_assert_uint_eq(number.bytes, 1);
    ck_assert(!warmstart_number_read("1.5e+", 5, &number));
    ck_assert_uint_eq(number.bytes, 5);
    ck_assert(warmstart_number_read("1e-99999999999999999999", 23, &number));
    ck_assert_int_eq(number.exponent, -INT64_C(1000000000000000000));
    ck_assert(warmstart_number_read("1e999999999999999999", 20, &number));
    ck_assert_int_eq(number.exponent, INT64_C(999999999999999999));
    ck_assert(warmstart_number_read("1e9999999999999999999", 21, &number));
    ck_assert_int_eq(number.exponent, INT64_C(1000000000000000000));
    ck_assert(warmstart_number_read("1e99999999999999999", 19, &number));
    ck_assert_int_eq(number.exponent, INT64_C(99999999999999999));
}
END_TEST

START_TEST(the_longest_text_fits_and_a_longer_one_is_invalid)
{
    char text[NUMBER_TEXT_BYTES_MAX + 1];
    char out[NUMBER_CANONICAL_BYTES_MAX + 1];
    memset(text, '1', sizeof(text));
    text[1] = '.';
    ck_assert_int_eq(canonical(text, NUMBER_TEXT_BYTES_MAX, out), NUMBER_POSITIVE);
    ck_assert_str_eq(out + NUMBER_TEXT_BYTES_MAX - 1, "e-1022");
    ck_assert_int_eq(canonical(text, NUMBER_TEXT_BYTES_MAX + 1, out), NUMBER_INVALID);
    memset(text, '0', sizeof(text));
    memcpy(text, "0.", 2);
    memcpy(text + NUMBER_TEXT_BYTES_MAX - 6, "1e1010", 6);
    ck_assert_int_eq(canonical(text, NUMBER_TEXT_BYTES_MAX, out), NUMBER_POSITIVE);
    ck_assert_str_eq(out, "1e-7");
    memcpy(text + NUMBER_TEXT_BYTES_MAX - 7, "123e-99", 7);
    ck_assert_int_eq(canonical(text, NUMBER_TEXT_BYTES_MAX, out), NUMBER_RANGE);
}
END_TEST

static int overflows(const char *text)
{
    struct number number;
    ck_assert(warmstart_number_read(text, strlen(text), &number));
    ck_assert_uint_eq(number.bytes, strlen(text));
    return warmstart_number_overflows(&number);
}

START_TEST(doubles_end_exactly_where_strtod_says)
{
    char text[sizeof(limit) + 8];
    size_t last = sizeof(limit) - 2;
    strcpy(text, limit);
    ck_assert(overflows(text));
    ck_assert(isinf(strtod(text, NULL)));
    text[last]--;
    ck_assert(!overflows(text));
    ck_assert(!isinf(strtod(text, NULL)));
    strcpy(text, limit);
    text[last]--;
    strcat(text, ".9999");
    ck_assert(!overflows(text));
    ck_assert(!isinf(strtod(text, NULL)));
    snprintf(text, sizeof(text), "-%s", limit);
    ck_assert(overflows(text));
    snprintf(text, sizeof(text), "%s0e-1", limit);
    ck_assert(overflows(text));
    snprintf(text, sizeof(text), "0.%se309", limit);
    ck_assert(overflows(text));
    snprintf(text, sizeof(text), "0.%se308", limit);
    ck_assert(!overflows(text));
}
END_TEST

START_TEST(numbers_near_the_end_overflow_when_strtod_says)
{
    struct text_random random;
    text_random_init(&random);
    for (size_t round = text_rounds(20000); round > 0; round--) {
        char text[sizeof(limit) + 32];
        strcpy(text, limit);
        size_t keep = 1 + text_random_below(&random, sizeof(limit) - 1);
        text[text_random_below(&random, keep)] = (char)('0' + text_random_below(&random, 10));
        text[keep] = '\0';
        size_t at = strlen(text);
        long shift = (long)(sizeof(limit) - 1 - at) + (long)text_random_below(&random, 3) - 1;
        snprintf(text + at, sizeof(text) - at, "e%ld", shift);
        if (text[0] == '0')
            text[0] = '1';
        struct number number;
        int read = warmstart_number_read(text, strlen(text), &number);
        if (!read || warmstart_number_overflows(&number) != (isinf(strtod(text, NULL)) != 0))
            ck_abort_msg("%s", text);
    }
}
END_TEST

/* Writes digits * 10^exponent in a random one of its many spellings. */
static void spell(struct text_random *random, unsigned long digits, long exponent, char *out,
                  size_t out_bytes)
{
    char plain[32];
    char zeros[8] = "0000000";
    int len = snprintf(plain, sizeof(plain), "%lu", digits);
    int after = (int)text_random_below(random, (size_t)len);
    zeros[text_random_below(random, 7)] = '\0';
    const char *e = text_random_below(random, 2) ? "e" : "E";
    if (after > 0)
        snprintf(out, out_bytes, "%.*s.%s%s%s%ld", len - after, plain, plain + len - after, zeros, e,
                 exponent + after);
    else if (text_random_below(random, 2))
        snprintf(out, out_bytes, "%s%s%s%ld", plain, zeros, e, exponent - (long)strlen(zeros));
    else
        snprintf(out, out_bytes, "0.%s%s%s%+ld", zeros, plain, e, exponent + len + (long)strlen(zeros));
}

/* Whether two spellings of one value, its canonical form, and one of another value are told apart rightly. */
static int forms_are_right(char text[3][80])
{
    char form[4][NUMBER_CANONICAL_BYTES_MAX + 1];
    size_t bytes[4] = {0, 0, 0, 0};
    for (size_t i = 0; i < 3; i++) {
        if (warmstart_number_canonical(text[i], strlen(text[i]), form[i], &bytes[i]) != NUMBER_POSITIVE)
            return 0;
        form[i][bytes[i]] = '\0';
    }
    if (warmstart_number_canonical(form[0], bytes[0], form[3], &bytes[3]) != NUMBER_POSITIVE)
        return 0;
    form[3][bytes[3]] = '\0';
    double expected = strtod(text[0], NULL);
    double actual = strtod(form[0], NULL);
    return strcmp(form[0], form[1]) == 0 && strcmp(form[0], form[2]) != 0 && strcmp(form[0], form[3]) == 0 &&
           memcmp(&expected, &actual, sizeof(actual)) == 0;
}

START_TEST(random_spellings_of_one_value_have_one_form_and_others_have_not)
{
    struct text_random random;
    text_random_init(&random);
    for (size_t round = text_rounds(50000); round > 0; round--) {
        char text[3][80];
        unsigned long digits = 1 + text_random_below(&random, 1000000000);
        long exponent = (long)text_random_below(&random, 41) - 20;
        for (size_t i = 0; i < 3; i++)
            spell(&random, digits + i / 2, exponent, text[i], sizeof(text[i]));
        if (!forms_are_right(text))
            ck_abort_msg("%s, %s and %s", text[0], text[1], text[2]);
    }
}
END_TEST

START_TEST(a_decimal_comma_in_the_locale_changes_nothing)
{
    const char *name = setlocale(LC_ALL, "de_DE.UTF-8");
    if (name == NULL)
        name = setlocale(LC_ALL, "fr_FR.UTF-8");
    printf("# locale: %s\n", name != NULL ? name : "none with a decimal comma is installed");
    fflush(stdout);
    assert_canonical("0.5", "5e-1");
    assert_sign("0,5", NUMBER_INVALID);
    setlocale(LC_ALL, "C");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("number");
    TCase *tcase = tcase_create("number");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, spellings_of_one_value_have_one_form);
    tcase_add_test(tcase, signs_have_forms_too);
    tcase_add_test(tcase, what_is_not_a_double_is_out_of_range);
    tcase_add_test(tcase, a_number_is_shown_as_people_write_it);
    tcase_add_test(tcase, what_json_does_not_call_a_number_is_invalid);
    tcase_add_test(tcase, a_number_reads_as_far_as_it_goes);
    tcase_add_test(tcase, the_longest_text_fits_and_a_longer_one_is_invalid);
    tcase_add_test(tcase, doubles_end_exactly_where_strtod_says);
    tcase_add_test(tcase, numbers_near_the_end_overflow_when_strtod_says);
    tcase_add_test(tcase, random_spellings_of_one_value_have_one_form_and_others_have_not);
    tcase_add_test(tcase, a_decimal_comma_in_the_locale_changes_nothing);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
