/* SPDX-License-Identifier: MIT */
#include "json_text.h"

#include <stdint.h>
#include <string.h>

#include "json.h"

int warmstart_json_text_add(struct json_text *text, const char *bytes, size_t bytes_len)
{
    if (bytes_len > text->limit - text->used)
        return 0;
    memcpy(text->out + text->used, bytes, bytes_len);
    text->used += bytes_len;
    return 1;
}

/* Adds one character as it has to stand in a string of JSON. 1: added. */
static int add_character(struct json_text *text, const char *character, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t byte = (uint8_t)character[0];
    if (bytes == 1 && (byte == '"' || byte == '\\'))
        return warmstart_json_text_add(text, (const char[]){'\\', character[0]}, 2);
    if (bytes == 1 && (byte < 0x20 || byte == 0x7f))
        return warmstart_json_text_add(
            text, (const char[]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6);
    return warmstart_json_text_add(text, character, bytes);
}

void warmstart_json_text_add_string(struct json_text *text, const char *string, size_t bytes)
{
    while (bytes > 0) {
        size_t len = warmstart_json_utf8(string, bytes);
        int added =
            len > 0 ? add_character(text, string, len) : warmstart_json_text_add(text, "\xef\xbf\xbd", 3);
        if (!added)
            return;
        string += len > 0 ? len : 1;
        bytes -= len > 0 ? len : 1;
    }
}
