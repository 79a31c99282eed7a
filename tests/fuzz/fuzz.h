/* SPDX-License-Identifier: MIT */
/*
 * What all fuzz targets share. A target is one function that is handed bytes and aborts when something is
 * wrong with what was made of them. With -Dfuzz=true libFuzzer calls it, otherwise replay.c, with each file of
 * a corpus. It keeps nothing from one call to the next.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The target. `data` is a block of just these bytes. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Says where it went wrong, and stops the program. */
static inline void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    abort();
}

#define fuzz_require(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

/* The bytes as a stock of small numbers. When it is used up, all that follow are 0. */
struct fuzz_stock {
    const uint8_t *data;
    size_t bytes;
};

static inline uint8_t fuzz_byte(struct fuzz_stock *stock)
{
    if (stock->bytes == 0)
        return 0;
    stock->bytes--;
    return *stock->data++;
}

/* A line of the stock: everything up to the next line feed, which is taken too. */
struct fuzz_line {
    const char *text;
    size_t bytes;
};

static inline struct fuzz_line fuzz_next_line(struct fuzz_stock *stock)
{
    struct fuzz_line line = {(const char *)stock->data, 0};
    while (line.bytes < stock->bytes && stock->data[line.bytes] != '\n')
        line.bytes++;
    size_t taken = line.bytes < stock->bytes ? line.bytes + 1 : line.bytes;
    stock->data += taken;
    stock->bytes -= taken;
    return line;
}

/* A copy with a zero at its end. The caller frees it. */
static inline char *fuzz_text(const char *text, size_t bytes)
{
    char *copy = malloc(bytes + 1);
    fuzz_require(copy != NULL);
    for (size_t i = 0; i < bytes; i++)
        copy[i] = text[i];
    copy[bytes] = '\0';
    return copy;
}

/* A copy of just these bytes, for a sanitizer to see every step over its end; NULL for none. */
static inline char *fuzz_block(const char *text, size_t bytes)
{
    if (bytes == 0)
        return NULL;
    char *copy = malloc(bytes);
    fuzz_require(copy != NULL);
    for (size_t i = 0; i < bytes; i++)
        copy[i] = text[i];
    return copy;
}

#endif
