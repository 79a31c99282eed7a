/* SPDX-License-Identifier: MIT */
#include "template.h"

#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void template_deinit(struct template *template)
{
    free(template->bytes);
    *template = (struct template){0};
}

static size_t find_places(const struct template *template, const char *place, size_t place_bytes,
                          size_t places[TEMPLATE_PLACES_MAX])
{
    size_t len = 0;
    const char *at = template->bytes, *end = template->bytes + template->len;
    while ((at = memmem(at, (size_t)(end - at), place, place_bytes)) != NULL) {
        if (len == TEMPLATE_PLACES_MAX)
            fail("too many places in a template");
        places[len++] = (size_t)(at - template->bytes);
        at += place_bytes;
    }
    return len;
}

void template_append(struct template *template, const char *bytes, size_t len)
{
    if (template->capacity - template->len < len) {
        template->capacity = template->capacity * 2 + len;
        template->bytes = realloc(template->bytes, template->capacity);
        if (template->bytes == NULL)
            fail("out of memory");
    }
    memcpy(template->bytes + template->len, bytes, len);
    template->len += len;
    template->keys_len = find_places(template, KEY_PLACE, KEY_BYTES, template->keys);
    template->numbers_len = find_places(template, NUMBER_PLACE, NUMBER_BYTES, template->numbers);
}

void template_print(struct template *template, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= sizeof(text))
        fail("a line of a template is too long");
    template_append(template, text, (size_t)len);
}

static void write_hexadecimal(char *at, size_t digits, uint64_t number)
{
    for (size_t i = digits; i > 0; i--) {
        at[i - 1] = "0123456789abcdef"[number & 15];
        number >>= 4;
    }
}

static bool read_hexadecimal(const char *at, size_t digits, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digits; i++) {
        unsigned int decimal = (unsigned int)(unsigned char)at[i] - '0';
        unsigned int letter = (unsigned int)(unsigned char)at[i] - 'a';
        if (decimal > 9 && letter > 5)
            return false;
        number = number << 4 | (decimal <= 9 ? decimal : letter + 10);
    }
    *ret_number = number;
    return true;
}

void template_set_key(struct template *template, uint32_t key)
{
    for (size_t i = 0; i < template->keys_len; i++)
        write_hexadecimal(template->bytes + template->keys[i], KEY_BYTES, key);
}

void template_set_number(struct template *template, uint64_t number)
{
    for (size_t i = 0; i < template->numbers_len; i++)
        write_hexadecimal(template->bytes + template->numbers[i], NUMBER_BYTES, number);
}

/* The bytes between two places, of both texts. */
static bool same(const struct template *template, const char *text, size_t from, size_t to)
{
    return memcmp(template->bytes + from, text + from, to - from) == 0;
}

bool template_matches(const struct template *template, const char *text, size_t len, uint32_t *ret_key,
                      uint64_t *ret_number)
{
    size_t at = 0, key = 0, number = 0;
    uint64_t value;
    if (len != template->len)
        return false;
    while (key < template->keys_len || number < template->numbers_len) {
        bool is_key = number == template->numbers_len ||
                      (key < template->keys_len && template->keys[key] < template->numbers[number]);
        size_t place = is_key ? template->keys[key] : template->numbers[number];
        size_t bytes = is_key ? KEY_BYTES : NUMBER_BYTES;
        if (!same(template, text, at, place) || !read_hexadecimal(text + place, bytes, &value))
            return false;
        if (is_key && key++ > 0 && value != *ret_key)
            return false;
        if (!is_key && number++ > 0 && value != *ret_number)
            return false;
        if (is_key)
            *ret_key = (uint32_t)value;
        else
            *ret_number = value;
        at = place + bytes;
    }
    return same(template, text, at, len);
}
