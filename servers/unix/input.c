/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <assert.h>
#include <string.h>

static enum input_event next_line(struct input *input, const char *data, size_t bytes, size_t *ret_used,
                                  size_t *ret_line_bytes)
{
    size_t most = bytes < input->line_bytes_max ? bytes : input->line_bytes_max;
    const char *end = NULL;
    if (most > input->searched)
        end = memchr(data + input->searched, '\n', most - input->searched);
    if (!end) {
        input->searched = most;
        return most == input->line_bytes_max ? INPUT_BAD_LINE : INPUT_MORE;
    }
    size_t line_bytes = (size_t)(end - data);
    *ret_used = line_bytes + 1;
    if (line_bytes > 0 && data[line_bytes - 1] == '\r')
        line_bytes--;
    *ret_line_bytes = line_bytes;
    input->searched = 0;
    return INPUT_GOT_LINE;
}

/* How many bytes the end of a line takes that `data` begins with. 0: it needs more; -1: it is none. */
static int end_of_line(const char *data, size_t bytes)
{
    if (bytes == 0)
        return 0;
    if (data[0] == '\n')
        return 1;
    if (data[0] != '\r')
        return -1;
    if (bytes == 1)
        return 0;
    return data[1] == '\n' ? 2 : -1;
}

static enum input_event next_body_end(struct input *input, const char *data, size_t bytes, size_t *ret_used)
{
    int end = end_of_line(data, bytes);
    if (end < 0)
        return INPUT_BAD_BODY;
    if (end == 0)
        return INPUT_MORE;
    *ret_used += (size_t)end;
    input->state = INPUT_LINE;
    return INPUT_GOT_BODY;
}

void warmstart_unix_input_filled(struct input *input, size_t bytes)
{
    assert(input->state == INPUT_BODY && bytes <= input->body_left);
    input->body_left -= bytes;
    if (input->body_at)
        input->body_at += bytes;
    if (input->body_left == 0)
        input->state = INPUT_BODY_END;
}

void warmstart_unix_input_expect(struct input *input, char *at, size_t bytes)
{
    assert(input->state == INPUT_LINE);
    input->state = INPUT_BODY;
    input->body_at = at;
    input->body_left = bytes;
    warmstart_unix_input_filled(input, 0);
}

enum input_event warmstart_unix_input_next(struct input *input, const char *data, size_t bytes,
                                           size_t *ret_used, size_t *ret_line_bytes)
{
    *ret_used = 0;
    if (input->state == INPUT_LINE)
        return next_line(input, data, bytes, ret_used, ret_line_bytes);
    if (input->state == INPUT_BODY) {
        size_t here = bytes < input->body_left ? bytes : input->body_left;
        if (input->body_at && here > 0)
            memcpy(input->body_at, data, here);
        warmstart_unix_input_filled(input, here);
        *ret_used = here;
        if (input->state == INPUT_BODY)
            return INPUT_MORE;
    }
    return next_body_end(input, data + *ret_used, bytes - *ret_used, ret_used);
}
