/* SPDX-License-Identifier: MIT */
#include "number.h"

#include <assert.h>
#include <string.h>

#define EXPONENT_MAX INT64_C(1000000000000000000)

/*
 * 2^1024 - 2^970, the smallest whole number that a double cannot hold any more: it lies half way between the
 * largest double and 2^1024, and halves are rounded to even, which is up here.
 */
static const char overflow_digits[] =
    "1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070"
    "9633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447"
    "5730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904"
    "174497792";
#define OVERFLOW_DIGITS    (sizeof(overflow_digits) - 1)
#define OVERFLOW_MAGNITUDE ((int64_t)OVERFLOW_DIGITS - 1)

/* 5e-324, the smallest double above 0 as JavaScript prints it. */
#define UNDERFLOW_MAGNITUDE (-324)
#define UNDERFLOW_DIGIT     '5'

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *digits_end(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* The value of a run of digits, held at EXPONENT_MAX: no text is long enough to outweigh that. */
static int64_t digits_value(const char *at, const char *end)
{
    int64_t value = 0;
    for (; at < end; at++) {
        if (value >= EXPONENT_MAX / 10)
            return EXPONENT_MAX;
        value = value * 10 + (*at - '0');
    }
    return value;
}

/* Reads what stands behind an e; *at goes to its end, or to where a digit is missing. 1: done. */
static int read_exponent(const char **at, const char *end, int64_t *ret_exponent)
{
    int minus = *at < end && **at == '-';
    if (*at < end && (**at == '-' || **at == '+'))
        (*at)++;
    const char *start = *at;
    *at = digits_end(start, end);
    int64_t value = digits_value(start, *at);
    *ret_exponent = minus ? -value : value;
    return *at > start;
}

int warmstart_number_read(const char *text, size_t bytes, struct number *ret_number)
{
    const char *at = bytes > 0 ? text : "";
    const char *start = at;
    /* cppcheck-suppress pointerOutOfBoundsCond; the empty text stands in for no bytes only */
    const char *end = at + bytes;
    struct number number = {0};
    if (at < end && *at == '-') {
        number.negative = 1;
        at++;
    }
    number.integer = at;
    at = at < end && *at == '0' ? at + 1 : digits_end(at, end);
    number.integer_bytes = (size_t)(at - number.integer);
    int complete = number.integer_bytes > 0;
    if (complete && at < end && *at == '.') {
        number.fraction = ++at;
        at = digits_end(at, end);
        number.fraction_bytes = (size_t)(at - number.fraction);
        complete = number.fraction_bytes > 0;
    }
    if (complete && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        complete = read_exponent(&at, end, &number.exponent);
    }
    number.bytes = (size_t)(at - start);
    if (complete)
        *ret_number = number;
    else
        ret_number->bytes = number.bytes;
    return complete;
}

/* Digits are counted through: those before the point, then those after it. */
static size_t digits_len(const struct number *number)
{
    return number->integer_bytes + number->fraction_bytes;
}

static char digit_at(const struct number *number, size_t index)
{
    if (index < number->integer_bytes)
        return number->integer[index];
    assert(number->fraction); /* there is one if there are more digits */
    return number->fraction[index - number->integer_bytes];
}

/* The power of ten that the digit stands for. */
static int64_t magnitude_at(const struct number *number, size_t index)
{
    return (int64_t)number->integer_bytes - 1 - (int64_t)index + number->exponent;
}

/* Index of the first digit that is not 0; digits_len() if all are. */
static size_t first_digit(const struct number *number)
{
    size_t len = digits_len(number);
    size_t index = 0;
    while (index < len && digit_at(number, index) == '0')
        index++;
    return index;
}

int warmstart_number_overflows(const struct number *number)
{
    if (magnitude_at(number, 0) < OVERFLOW_MAGNITUDE)
        return 0;
    size_t len = digits_len(number);
    size_t first = first_digit(number);
    if (first == len)
        return 0;
    int64_t magnitude = magnitude_at(number, first);
    if (magnitude != OVERFLOW_MAGNITUDE)
        return magnitude > OVERFLOW_MAGNITUDE;
    for (size_t i = 0; i < OVERFLOW_DIGITS; i++) {
        char digit = first + i < len ? digit_at(number, first + i) : '0';
        if (digit != overflow_digits[i])
            return digit > overflow_digits[i];
    }
    return 1;
}

static int underflows(const struct number *number, size_t first)
{
    int64_t magnitude = magnitude_at(number, first);
    if (magnitude != UNDERFLOW_MAGNITUDE)
        return magnitude < UNDERFLOW_MAGNITUDE;
    return digit_at(number, first) < UNDERFLOW_DIGIT;
}

/* Writes a whole number of at most 18 digits. The byte after it. */
static char *write_integer(char *out, int64_t value)
{
    char digits[20];
    size_t len = 0;
    if (value < 0) {
        *out++ = '-';
        value = -value;
    }
    do {
        digits[len++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (len > 0)
        *out++ = digits[--len];
    return out;
}

enum number_sign warmstart_number_canonical(const char *text, size_t bytes,
                                            char out[NUMBER_CANONICAL_BYTES_MAX], size_t *ret_bytes)
{
    struct number number;
    if (bytes > NUMBER_TEXT_BYTES_MAX || !warmstart_number_read(text, bytes, &number) ||
        number.bytes != bytes)
        return NUMBER_INVALID;
    size_t first = first_digit(&number);
    size_t len = digits_len(&number);
    if (first == len) {
        static const char zero[3] = {'0', 'e', '0'};
        memcpy(out, zero, sizeof(zero));
        *ret_bytes = sizeof(zero);
        return NUMBER_ZERO;
    }
    if (warmstart_number_overflows(&number) || underflows(&number, first))
        return NUMBER_RANGE;
    size_t last = len - 1;
    while (digit_at(&number, last) == '0')
        last--;
    char *at = out;
    if (number.negative)
        *at++ = '-';
    for (size_t i = first; i <= last; i++)
        *at++ = digit_at(&number, i);
    *at++ = 'e';
    at = write_integer(at, magnitude_at(&number, last));
    *ret_bytes = (size_t)(at - out);
    return number.negative ? NUMBER_NEGATIVE : NUMBER_POSITIVE;
}

/* ---- For people ---- */

static char *put(char *out, const char *text, size_t bytes)
{
    memcpy(out, text, bytes);
    return out + bytes;
}

static char *put_zeros(char *out, int64_t zeros)
{
    memset(out, '0', (size_t)zeros);
    return out + zeros;
}

/* The bounds within which no exponent is written are JavaScript's. The byte behind it; NULL: it needs one. */
static char *write_plain(char *out, const struct number *number)
{
    int64_t digits = (int64_t)number->integer_bytes;
    int64_t before = digits + number->exponent; /* digits before the point, zeros added */
    if (number->negative)
        *out++ = '-';
    if (number->exponent >= 0 && before <= 21)
        return put_zeros(put(out, number->integer, (size_t)digits), number->exponent);
    if (before > 0 && before < digits) {
        out = put(out, number->integer, (size_t)before);
        *out++ = '.';
        return put(out, number->integer + before, (size_t)(digits - before));
    }
    if (before > 0 || before <= -6)
        return NULL;
    out = put_zeros(put(out, "0.", 2), -before);
    return put(out, number->integer, (size_t)digits);
}

size_t warmstart_number_plain(const char *text, size_t bytes, char *out)
{
    struct number number;
    if (!warmstart_number_read(text, bytes, &number) || number.bytes != bytes)
        return 0;
    char *end = NULL;
    if (number.fraction_bytes == 0)
        end = number.integer[0] == '0' ? put(out, "0", 1) : write_plain(out, &number);
    if (end == NULL)
        end = put(out, text, bytes);
    return (size_t)(end - out);
}
