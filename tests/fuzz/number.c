/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a number: it is one exactly when jansson reads one; its canonical form has the same value, and
 * is the same for every other way of writing that value.
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "number.h"

enum { REWRITTEN_MAX = 2 * NUMBER_TEXT_BYTES_MAX };

struct canonical {
    enum number_sign sign;
    char text[NUMBER_CANONICAL_BYTES_MAX + 1];
    size_t bytes;
};

static void write_canonical(const char *text, size_t bytes, struct canonical *ret_canonical)
{
    char *block = fuzz_block(text, bytes);
    ret_canonical->bytes = 0;
    ret_canonical->sign =
        warmstart_number_canonical(block, bytes, ret_canonical->text, &ret_canonical->bytes);
    fuzz_require(ret_canonical->bytes <= NUMBER_CANONICAL_BYTES_MAX);
    ret_canonical->text[ret_canonical->bytes] = '\0';
    free(block);
}

/* How many digits stand at `at`. */
static size_t digits(const char *at)
{
    return strspn(at, "0123456789");
}

/* Is it a number of JSON, whatever its size? */
static bool is_number(const char *text, size_t bytes)
{
    const char *at = text + (*text == '-');
    size_t whole = digits(at);
    if (whole == 0 || (whole > 1 && *at == '0'))
        return false;
    at += whole;
    if (*at == '.') {
        if (digits(++at) == 0)
            return false;
        at += digits(at);
    }
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        if (digits(at) == 0)
            return false;
        at += digits(at);
    }
    return at == text + bytes;
}

/* jansson's opinion, unless it found the number too large, or may have passed over white space. */
static void check_against_jansson(const char *text, size_t bytes, bool expected)
{
    json_error_t error;
    if (strspn(text, "0123456789+-.eE") != bytes)
        return;
    json_t *tree = json_loadb(text, bytes, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
    if (tree != NULL || json_error_code(&error) != json_error_numeric_overflow)
        fuzz_require(json_is_number(tree) == expected);
    json_decref(tree);
}

/* The same value with its digits moved against the point by `shift`, and zeros around them. */
static void check_rewritten(const char *text, int shift, const struct canonical *canonical)
{
    static char rewritten[REWRITTEN_MAX];
    char *end;
    const char *letter = strpbrk(text, "eE");
    size_t mantissa = letter != NULL ? (size_t)(letter - text) : strlen(text);
    long exponent = letter != NULL ? strtol(letter + 1, &end, 10) : 0;
    if (exponent > 1000000 || exponent < -1000000)
        return;
    char *point = memchr(text, '.', mantissa);
    size_t whole = point != NULL ? (size_t)(point - text) : mantissa;
    size_t fraction = point != NULL ? mantissa - whole - 1 : 0;
    /* 12.5e3 becomes 0.000125<zeros>e(3 + 2 + zeros in front) */
    int len = snprintf(rewritten, sizeof(rewritten), "0.%0*d%.*s%.*s%0*de%ld", shift + 1, 0, (int)whole, text,
                       (int)fraction, point != NULL ? point + 1 : "", shift + 1, 0,
                       exponent + (long)whole + shift + 1);
    struct canonical other;
    if (len > NUMBER_TEXT_BYTES_MAX)
        return;
    write_canonical(rewritten, (size_t)len, &other);
    fuzz_require(other.sign == NUMBER_POSITIVE);
    fuzz_require(other.bytes == canonical->bytes && strcmp(other.text, canonical->text) == 0);
}

static void check_positive(const char *text, size_t bytes, const struct canonical *canonical)
{
    struct canonical again;
    write_canonical(canonical->text, canonical->bytes, &again);
    fuzz_require(again.sign == NUMBER_POSITIVE);
    fuzz_require(again.bytes == canonical->bytes && strcmp(again.text, canonical->text) == 0);
    double value = strtod(text, NULL);
    fuzz_require(value > 0 && isfinite(value));
    fuzz_require(strtod(canonical->text, NULL) == value);
    for (int shift = 0; shift < 4; shift++)
        check_rewritten(text, shift * (int)(1 + bytes % 7), canonical);
}

/* The same but for the sign. */
static void check_negative(const char *text, size_t bytes, const struct canonical *canonical)
{
    struct canonical positive;
    fuzz_require(text[0] == '-' && canonical->text[0] == '-');
    write_canonical(text + 1, bytes - 1, &positive);
    fuzz_require(positive.sign == NUMBER_POSITIVE);
    fuzz_require(strcmp(positive.text, canonical->text + 1) == 0);
}

/* What is between half the smallest double and 5e-324 is rounded up by strtod(). */
static void check_out_of_range(const char *text)
{
    double value = strtod(text, NULL);
    fuzz_require(fabs(value) <= 5e-324 || isinf(value));
}

static void check_sign(const char *text, size_t bytes, const struct canonical *canonical)
{
    switch (canonical->sign) {
    case NUMBER_POSITIVE:
        check_positive(text, bytes, canonical);
        break;
    case NUMBER_NEGATIVE:
        check_negative(text, bytes, canonical);
        break;
    case NUMBER_ZERO:
        fuzz_require(strtod(text, NULL) == 0 && strcmp(canonical->text, "0e0") == 0);
        break;
    case NUMBER_RANGE:
        check_out_of_range(text);
        break;
    case NUMBER_INVALID:
        break;
    }
}

/* What is shown is a number again, of the same value. */
static void check_plain(const struct canonical *canonical)
{
    struct canonical again;
    char *block = fuzz_block(canonical->text, canonical->bytes);
    char *shown = malloc(canonical->bytes + NUMBER_PLAIN_BYTES_MORE);
    fuzz_require(shown != NULL);
    size_t bytes = warmstart_number_plain(block, canonical->bytes, shown);
    fuzz_require(bytes > 0 && bytes <= canonical->bytes + NUMBER_PLAIN_BYTES_MORE);
    write_canonical(shown, bytes, &again);
    fuzz_require(again.sign == canonical->sign && strcmp(again.text, canonical->text) == 0);
    free(shown);
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct canonical canonical;
    char *text = fuzz_text((const char *)data, bytes);
    write_canonical(text, bytes, &canonical);
    bool expected = is_number(text, bytes);
    fuzz_require((canonical.sign != NUMBER_INVALID) == (expected && bytes <= NUMBER_TEXT_BYTES_MAX));
    if (bytes > 0)
        check_against_jansson(text, bytes, expected);
    check_sign(text, bytes, &canonical);
    if (canonical.bytes > 0 && canonical.bytes <= NUMBER_TEXT_BYTES_MAX - NUMBER_PLAIN_BYTES_MORE)
        check_plain(&canonical);
    free(text);
    return 0;
}
