/* SPDX-License-Identifier: MIT */
/*
 * Redis: a controller blocks on the list of its key, a supervisor pushes onto it. Nothing says whether
 * anybody has the run: every post counts as a hit.
 */
#include "protocol.h"

#include "message.h"

#include <string.h>

#define LIST "warmstart:" KEY_PLACE
enum { LIST_BYTES = sizeof(LIST) - 1, LENGTH_BYTES_MAX = 20 };

static void wait_redis(struct template *out, const char *host)
{
    (void)host;
    template_print(out, "*3\r\n$5\r\nBLPOP\r\n$%d\r\n" LIST "\r\n$1\r\n0\r\n", (int)LIST_BYTES);
}

static size_t post_head(struct template *out, const char *host, size_t message_bytes)
{
    (void)host;
    template_print(out, "*3\r\n$5\r\nLPUSH\r\n$%d\r\n" LIST "\r\n$%zu\r\n", (int)LIST_BYTES, message_bytes);
    return 0;
}

/* One counted text from *at on. HEARD_NOTHING: it is whole, and *at stands behind it. */
static enum heard read_bulk(const char *bytes, size_t len, size_t *at, const char **ret_text,
                            size_t *ret_bytes)
{
    size_t line = line_bytes(bytes + *at, len - *at), count;
    if (line == 0)
        return len - *at > LENGTH_BYTES_MAX ? HEARD_WRONG : HEARD_TOO_LITTLE;
    if (bytes[*at] != '$' || read_decimal(bytes + *at + 1, line - 1, &count) == 0 ||
        count > MESSAGE_BYTES_MAX)
        return HEARD_WRONG;
    if (len - *at - line < count + 2)
        return HEARD_TOO_LITTLE;
    *ret_text = bytes + *at + line;
    *ret_bytes = count;
    *at += line + count + 2;
    return HEARD_NOTHING;
}

static enum heard hear_controller(const char *bytes, size_t len, struct hearing *ret_hearing)
{
    static const char start[] = "*2\r\n";
    const char *list;
    size_t list_bytes, at = sizeof(start) - 1;
    if (len < at)
        return HEARD_TOO_LITTLE;
    if (!begins_with(bytes, len, start))
        return HEARD_WRONG;
    enum heard heard = read_bulk(bytes, len, &at, &list, &list_bytes);
    if (heard == HEARD_NOTHING)
        heard = read_bulk(bytes, len, &at, &ret_hearing->message, &ret_hearing->message_bytes);
    if (heard != HEARD_NOTHING)
        return heard;
    ret_hearing->used = at;
    return HEARD_MESSAGE;
}

static enum heard hear(enum role role, const char *bytes, size_t len, struct hearing *ret_hearing)
{
    if (role == ROLE_CONTROLLER)
        return hear_controller(bytes, len, ret_hearing);
    ret_hearing->used = line_bytes(bytes, len);
    if (ret_hearing->used == 0)
        return HEARD_TOO_LITTLE;
    return bytes[0] == ':' ? HEARD_HIT : HEARD_WRONG;
}

const struct protocol protocol_redis = {
    .name = "redis",
    .wait = wait_redis,
    .post_head = post_head,
    .post_tail = "\r\n",
    .hear = hear,
};
