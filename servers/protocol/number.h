/* SPDX-License-Identifier: MIT */
/*
 * Decimal numbers as JSON writes them, compared by value and exactly, without floating point or locale:
 * 1, 1.0, 1e0 and 10e-1 are one value. Pure functions: any thread, nothing kept.
 */
#ifndef SERVERS_PROTOCOL_NUMBER_H
#define SERVERS_PROTOCOL_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#define NUMBER_TEXT_BYTES_MAX      1024 /* of a number that is to be compared */
#define NUMBER_CANONICAL_BYTES_MAX (NUMBER_TEXT_BYTES_MAX + 16)

/* A number taken apart. Points into the text. */
struct number {
    size_t bytes;          /* length of the whole number */
    const char *integer;   /* digits before the point, one at least */
    size_t integer_bytes;  /* how many */
    const char *fraction;  /* digits after the point */
    size_t fraction_bytes; /* how many; 0: no point */
    int64_t exponent;      /* after the e; 0: none; held within -10^18 and 10^18 */
    uint8_t negative;      /* 1: a minus sign stands before it */
};

/*
 * Reads the number that `text` (NULL only with 0 bytes) begins with, as far as it goes. 1: *ret_number is
 * set. 0: it begins with none; only ret_number->bytes is set, to the offset at which a digit is missing.
 */
int warmstart_number_read(const char *text, size_t bytes, struct number *ret_number);

/* 1: too large, in either direction, for a double rounded to nearest; 0: not. */
int warmstart_number_overflows(const struct number *number);

enum number_sign {
    NUMBER_INVALID = 0, /* not a number of JSON as a whole, or over NUMBER_TEXT_BYTES_MAX */
    NUMBER_RANGE,       /* other than 0 and not in the range of a double: 5e-324 to 1.7976931348623157e308 */
    NUMBER_NEGATIVE,
    NUMBER_ZERO,
    NUMBER_POSITIVE
};

/*
 * Writes the canonical form of a number: a minus sign if it is below 0, its digits without zeros at either
 * end, an e, an exponent, such as 5e-1 for 0.5; 0e0 for 0. Two numbers are equal exactly when their canonical
 * forms are. Nothing is written for NUMBER_INVALID and NUMBER_RANGE; no zero is added.
 */
enum number_sign warmstart_number_canonical(const char *text, size_t bytes,
                                            char out[NUMBER_CANONICAL_BYTES_MAX], size_t *ret_bytes);

/*
 * Writes a number as people do, if its canonical form is given: 0.5 for 5e-1, 1 for 1e0, but 1e-7 and 1e21.
 * Of `out` at most bytes + NUMBER_PLAIN_BYTES_MORE are used. The length; 0: it is not a number as a whole.
 */
#define NUMBER_PLAIN_BYTES_MORE 24
size_t warmstart_number_plain(const char *text, size_t bytes, char *out);

#endif
