/* SPDX-License-Identifier: MIT */
/* Any texts in an error's answer: it is JSON, has room, and holds as much of the texts as fits. */
#include <jansson.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "trigger.h"

enum { ROOM_MIN = 64 };

/* 1: every byte is part of a UTF-8 sequence. */
static bool is_utf8(const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t bytes = warmstart_json_utf8(text, left);
        if (bytes == 0)
            return false;
        text += bytes;
        left -= bytes;
    }
    return true;
}

/* A member of the answer is the beginning of the text, unless that was not UTF-8. */
static void check_member(const json_t *error, const char *key, const char *text)
{
    const json_t *member = json_object_get(error, key);
    fuzz_require(json_is_string(member));
    if (is_utf8(text))
        fuzz_require(strncmp(text, json_string_value(member), json_string_length(member)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct fuzz_stock stock = {data, bytes};
    size_t room = ROOM_MIN + (size_t)fuzz_byte(&stock);
    struct fuzz_line line = fuzz_next_line(&stock);
    char *code = fuzz_text(line.text, line.bytes);
    char *message = fuzz_text((const char *)stock.data, stock.bytes);
    char *out = malloc(room);
    fuzz_require(out != NULL);
    size_t written = warmstart_trigger_write_error(out, room, code, message);
    fuzz_require(written <= room);
    json_t *tree = json_loadb(out, written, JSON_REJECT_DUPLICATES, NULL);
    const json_t *error = json_object_get(tree, "error");
    fuzz_require(json_object_size(tree) == 1 && json_object_size(error) == 2);
    check_member(error, "code", code);
    check_member(error, "message", message);
    json_decref(tree);
    free(out);
    free(message);
    free(code);
    return 0;
}
