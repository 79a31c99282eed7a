/* SPDX-License-Identifier: MIT */
/*
 * beanstalkd: a tube for each key. A controller reserves a job and deletes it, and has it when the deletion
 * is confirmed. A supervisor learns only that the job is in the tube: every post counts as a hit.
 */
#include "protocol.h"

#include "message.h"

#include <stdio.h>
#include <string.h>

#define TUBE "warmstart-" KEY_PLACE

static void greet(struct template *out)
{
    template_print(out, "watch " TUBE "\r\nignore default\r\n");
}

static void wait_beanstalk(struct template *out, const char *host)
{
    (void)host;
    template_print(out, "reserve\r\n");
}

static size_t post_head(struct template *out, const char *host, size_t message_bytes)
{
    (void)host;
    template_print(out, "use " TUBE "\r\n");
    size_t use_bytes = out->len;
    template_print(out, "put 0 0 120 %zu\r\n", message_bytes);
    return use_bytes;
}

static size_t reply(const struct hearing *hearing, char out[64])
{
    return (size_t)snprintf(out, 64, "delete %s\r\n", hearing->id);
}

/* RESERVED ID BYTES, and the bytes. */
static enum heard hear_job(const char *bytes, size_t len, size_t line, struct hearing *ret_hearing)
{
    static const char word[] = "RESERVED ";
    size_t at = sizeof(word) - 1, id, count;
    size_t id_bytes = read_decimal(bytes + at, line - at, &id);
    if (id_bytes == 0 || bytes[at + id_bytes] != ' ' ||
        read_decimal(bytes + at + id_bytes + 1, line - at - id_bytes - 1, &count) == 0 ||
        count > MESSAGE_BYTES_MAX)
        return HEARD_WRONG;
    ret_hearing->used = ret_hearing->need = line + count + 2;
    if (len < ret_hearing->used)
        return HEARD_TOO_LITTLE;
    memcpy(ret_hearing->id, bytes + at, id_bytes);
    ret_hearing->id[id_bytes] = 0;
    ret_hearing->reply = true;
    ret_hearing->message = bytes + line;
    ret_hearing->message_bytes = count;
    return HEARD_MESSAGE;
}

static enum heard hear(enum role role, const char *bytes, size_t len, struct hearing *ret_hearing)
{
    size_t line = line_bytes(bytes, len);
    if (line == 0)
        return HEARD_TOO_LITTLE;
    ret_hearing->used = line;
    if (role == ROLE_SUPERVISOR) {
        if (begins_with(bytes, len, "INSERTED "))
            return HEARD_HIT;
        return begins_with(bytes, len, "USING ") ? HEARD_NOTHING : HEARD_WRONG;
    }
    if (begins_with(bytes, len, "RESERVED "))
        return hear_job(bytes, len, line, ret_hearing);
    if (begins_with(bytes, len, "DELETED"))
        return HEARD_CONFIRMED;
    if (begins_with(bytes, len, "NOT_FOUND"))
        return HEARD_REVOKED;
    return begins_with(bytes, len, "WATCHING ") ? HEARD_NOTHING : HEARD_WRONG;
}

const struct protocol protocol_beanstalk = {
    .name = "beanstalk",
    .confirms = true,
    .greet = greet,
    .wait = wait_beanstalk,
    .post_head = post_head,
    .post_tail = "\r\n",
    .reply = reply,
    .hear = hear,
};
