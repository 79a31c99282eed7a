/* SPDX-License-Identifier: MIT */
/* The line protocol of docs/unix-protocol.md. */
#include "protocol.h"

#include "message.h"

#include <stdio.h>
#include <string.h>

#define METADATA                                                                                             \
    "-- deployment=" MESSAGE_DEPLOYMENT " version=" MESSAGE_VERSION " cpu:=" MESSAGE_CPU                     \
    " memory:=" MESSAGE_MEMORY "\n"

static void wait_unix(struct template *out, const char *host)
{
    (void)host;
    template_print(out, "wait w id=controller-" NUMBER_PLACE " instance=worker-1 timeout=30000 " METADATA);
}

static size_t post_head(struct template *out, const char *host, size_t message_bytes)
{
    (void)host;
    template_print(out, "dispatch d %zu " METADATA, message_bytes);
    return 0;
}

static size_t reply(const struct hearing *hearing, char out[64])
{
    return (size_t)snprintf(out, 64, "ack a %s\n", hearing->id);
}

/* PAYLOAD TAG ID BYTES, and the bytes. */
static enum heard hear_payload(const char *bytes, size_t len, size_t line, struct hearing *ret_hearing)
{
    static const char word[] = "PAYLOAD w ";
    size_t at = sizeof(word) - 1, count;
    const char *space = line > at ? memchr(bytes + at, ' ', line - at) : NULL;
    size_t id_bytes = space == NULL ? 0 : (size_t)(space - bytes) - at;
    if (id_bytes == 0 || id_bytes >= sizeof(ret_hearing->id) ||
        read_decimal(space + 1, line - at - id_bytes - 1, &count) == 0 || count > MESSAGE_BYTES_MAX)
        return HEARD_WRONG;
    ret_hearing->used = ret_hearing->need = line + count + 1;
    if (len < ret_hearing->used)
        return HEARD_TOO_LITTLE;
    memcpy(ret_hearing->id, bytes + at, id_bytes);
    ret_hearing->id[id_bytes] = 0;
    ret_hearing->reply = true;
    ret_hearing->message = bytes + line;
    ret_hearing->message_bytes = count;
    return HEARD_MESSAGE;
}

static enum heard hear_controller(const char *bytes, size_t len, size_t line, struct hearing *ret_hearing)
{
    if (begins_with(bytes, len, "PAYLOAD w "))
        return hear_payload(bytes, len, line, ret_hearing);
    if (begins_with(bytes, len, "OK a\n"))
        return HEARD_CONFIRMED;
    if (begins_with(bytes, len, "ERR a over"))
        return HEARD_REVOKED;
    if (begins_with(bytes, len, "OVER w "))
        return HEARD_NOTHING; /* the acknowledgement that is under way is answered with an error */
    if (begins_with(bytes, len, "TIMEOUT w") || begins_with(bytes, len, "ENDED w "))
        return HEARD_END;
    return HEARD_WRONG;
}

static enum heard hear_supervisor(const char *bytes, size_t len)
{
    static const char *const misses[] = {"NO_MATCH d", "LOST d ", "UNCERTAIN d ", "TIMEOUT d "};
    if (begins_with(bytes, len, "DELIVERED d "))
        return HEARD_HIT;
    for (size_t i = 0; i < sizeof(misses) / sizeof(misses[0]); i++)
        if (begins_with(bytes, len, misses[i]))
            return HEARD_MISS;
    return HEARD_WRONG;
}

static enum heard hear(enum role role, const char *bytes, size_t len, struct hearing *ret_hearing)
{
    size_t line = line_bytes(bytes, len);
    if (line == 0)
        return HEARD_TOO_LITTLE;
    ret_hearing->used = line;
    if (role == ROLE_SUPERVISOR)
        return hear_supervisor(bytes, len);
    return hear_controller(bytes, len, line, ret_hearing);
}

const struct protocol protocol_unix = {
    .name = "unix",
    .answers_miss = true,
    .confirms = true,
    .wait = wait_unix,
    .post_head = post_head,
    .post_tail = "\n",
    .reply = reply,
    .hear = hear,
};
