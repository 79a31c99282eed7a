/* SPDX-License-Identifier: MIT */
/*
 * A text that is sent many times with another key and number: written once, then changed in place. Keys and
 * numbers are hexadecimal and always equally long.
 */
#ifndef BENCH_LOAD_TEMPLATE_H
#define BENCH_LOAD_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_BYTES = 8, NUMBER_BYTES = 16, TEMPLATE_PLACES_MAX = 4 };

/* Written into a template, they become places for a key and for a number. */
#define KEY_PLACE    "{-key--}"
#define NUMBER_PLACE "{----number----}"

/* Empty when all zero. */
struct template
{
    char *bytes;
    size_t len;
    size_t capacity;
    size_t keys[TEMPLATE_PLACES_MAX]; /* offsets */
    size_t keys_len;
    size_t numbers[TEMPLATE_PLACES_MAX];
    size_t numbers_len;
};

void template_deinit(struct template *template);

/* Appends, and finds the places again. Ends the program if memory or the places do not suffice. */
void template_append(struct template *template, const char *bytes, size_t len);
void template_print(struct template *template, const char *format, ...) __attribute__((format(printf, 2, 3)));

void template_set_key(struct template *template, uint32_t key);
void template_set_number(struct template *template, uint64_t number);

/*
 * Is `text` the template with any key and number? The same ones have to stand in all their places. Key and
 * number are set as far as they could be read.
 */
bool template_matches(const struct template *template, const char *text, size_t len, uint32_t *ret_key,
                      uint64_t *ret_number);

#endif
