/* SPDX-License-Identifier: MIT */
/* Trigger.dev's HTTP, with the headers that Node's fetch() sends. */
#include "protocol.h"

#include "failure.h"
#include "message.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char common[] = "Connection: keep-alive\r\n"
                             "accept: */*\r\n"
                             "accept-language: *\r\n"
                             "sec-fetch-mode: cors\r\n"
                             "user-agent: node\r\n"
                             "accept-encoding: gzip, deflate\r\n";

static void wait_http(struct template *out, const char *host)
{
    template_print(out,
                   "GET /warm-start HTTP/1.1\r\n"
                   "Host: %s\r\n"
                   "x-trigger-workload-controller-id: controller-" NUMBER_PLACE "\r\n"
                   "x-trigger-deployment-id: " MESSAGE_DEPLOYMENT "\r\n"
                   "x-trigger-deployment-version: " MESSAGE_VERSION "\r\n"
                   "x-trigger-machine-cpu: " MESSAGE_CPU "\r\n"
                   "x-trigger-machine-memory: " MESSAGE_MEMORY "\r\n"
                   "x-trigger-worker-instance-name: worker-1\r\n"
                   "%s\r\n",
                   host, common);
}

static const char wrapping[] = "{\"dequeuedMessage\":";

static size_t post_head(struct template *out, const char *host, size_t message_bytes)
{
    template_print(out,
                   "POST /warm-start HTTP/1.1\r\n"
                   "Host: %s\r\n"
                   "Content-Type: application/json\r\n"
                   "%s"
                   "Content-Length: %zu\r\n\r\n%s",
                   host, common, sizeof(wrapping) - 1 + message_bytes + 1, wrapping);
    return 0;
}

struct head {
    size_t bytes; /* all of it */
    int status;
    size_t body_bytes;
    bool has_length;
    bool chunked;
    bool closes;
};

static bool is_header(const char *line, size_t len, const char *name, const char **ret_value)
{
    size_t bytes = strlen(name);
    if (len < bytes || strncasecmp(line, name, bytes) != 0)
        return false;
    line += bytes;
    while (*line == ' ')
        line++;
    *ret_value = line;
    return true;
}

static bool read_header(struct head *head, const char *line, size_t len)
{
    const char *value;
    if (is_header(line, len, "content-length:", &value)) {
        head->has_length = true;
        return read_decimal(value, (size_t)(line + len - value), &head->body_bytes) > 0;
    }
    if (is_header(line, len, "transfer-encoding:", &value))
        head->chunked = strncasecmp(value, "chunked", 7) == 0;
    else if (is_header(line, len, "connection:", &value))
        head->closes = strncasecmp(value, "close", 5) == 0;
    return true;
}

/* HEARD_NOTHING: it is whole. */
static enum heard read_head(const char *bytes, size_t len, struct head *ret_head)
{
    enum { STATUS_AT = 9, STATUS_BYTES = 3, HEAD_BYTES_MAX = 16384 };
    const char *end = memmem(bytes, len < HEAD_BYTES_MAX ? len : HEAD_BYTES_MAX, "\r\n\r\n", 4);
    if (end == NULL)
        return len < HEAD_BYTES_MAX ? HEARD_TOO_LITTLE : HEARD_WRONG;
    size_t status;
    if (!begins_with(bytes, len, "HTTP/1.1 ") ||
        read_decimal(bytes + STATUS_AT, STATUS_BYTES, &status) != STATUS_BYTES)
        return HEARD_WRONG;
    *ret_head = (struct head){.bytes = (size_t)(end - bytes) + 4, .status = (int)status};
    const char *line = memchr(bytes, '\n', len);
    for (line++; line < end; line = (const char *)memchr(line, '\n', len - (size_t)(line - bytes)) + 1)
        if (!read_header(ret_head, line, (size_t)(end - line)))
            return HEARD_WRONG;
    return HEARD_NOTHING;
}

/* Puts the chunks of a body together in a buffer that the next one overwrites. */
static enum heard read_chunks(const char *bytes, size_t len, size_t *ret_used, const char **ret_body,
                              size_t *ret_body_bytes)
{
    static char *body;
    static size_t capacity;
    size_t at = 0, body_bytes = 0;
    for (;;) {
        size_t line = line_bytes(bytes + at, len - at);
        if (line == 0)
            return HEARD_TOO_LITTLE;
        unsigned long chunk = strtoul(bytes + at, NULL, 16);
        if (!isxdigit((unsigned char)bytes[at]) || chunk > MESSAGE_BYTES_MAX)
            return HEARD_WRONG;
        at += line;
        if (len - at < chunk + 2)
            return HEARD_TOO_LITTLE;
        if (body_bytes + chunk > capacity) {
            capacity = (body_bytes + chunk) * 2;
            body = realloc(body, capacity);
            if (body == NULL)
                fail("out of memory");
        }
        if (chunk > 0)
            memcpy(body + body_bytes, bytes + at, chunk);
        body_bytes += chunk;
        at += chunk + 2;
        if (chunk == 0) {
            *ret_used = at;
            *ret_body = body;
            *ret_body_bytes = body_bytes;
            return HEARD_NOTHING;
        }
    }
}

static enum heard judge(enum role role, int status, const struct hearing *hearing)
{
    if (status < 200 || status > 299)
        return HEARD_WRONG;
    if (role == ROLE_CONTROLLER)
        return hearing->message_bytes > 0 ? HEARD_MESSAGE : HEARD_END;
    if (hearing->message_bytes == 0)
        return HEARD_WRONG;
    if (memmem(hearing->message, hearing->message_bytes, "\"didWarmStart\":true", 19) != NULL)
        return HEARD_HIT;
    if (memmem(hearing->message, hearing->message_bytes, "\"didWarmStart\":false", 20) != NULL)
        return HEARD_MISS;
    return HEARD_WRONG;
}

static enum heard hear(enum role role, const char *bytes, size_t len, struct hearing *ret_hearing)
{
    struct head head;
    enum heard heard = read_head(bytes, len, &head);
    if (heard != HEARD_NOTHING)
        return heard;
    ret_hearing->closes = head.closes;
    if (head.chunked) {
        size_t used;
        heard = read_chunks(bytes + head.bytes, len - head.bytes, &used, &ret_hearing->message,
                            &ret_hearing->message_bytes);
        if (heard != HEARD_NOTHING)
            return heard;
        ret_hearing->used = head.bytes + used;
    } else {
        if ((!head.has_length && head.status != 204) || head.body_bytes > MESSAGE_BYTES_MAX)
            return HEARD_WRONG;
        ret_hearing->used = ret_hearing->need = head.bytes + head.body_bytes;
        if (len < ret_hearing->used)
            return HEARD_TOO_LITTLE;
        ret_hearing->message = bytes + head.bytes;
        ret_hearing->message_bytes = head.body_bytes;
    }
    return judge(role, head.status, ret_hearing);
}

const struct protocol protocol_http = {
    .name = "http",
    .answers_miss = true,
    .aborts = true,
    .wait = wait_http,
    .post_head = post_head,
    .post_tail = "}",
    .hear = hear,
};
