/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TEXT_BYTES 1000 /* what a segment of text has room for at least */
#define PIECES_MAX 64   /* that are written with one call */
#define CALLS_MAX  8    /* in one turn */

struct segment {
    struct segment *next;              /* what follows */
    struct warmstart_payload *payload; /* held; NULL: it is text */
    const char *data;                  /* of the payload, or `text` */
    size_t bytes;                      /* to be written in all */
    size_t written;                    /* of them */
    size_t capacity;                   /* of `text` */
    char text[];
};

static struct segment *append(struct output *output, size_t capacity)
{
    struct segment *segment = malloc(sizeof(*segment) + capacity);
    if (!segment)
        return NULL;
    *segment = (struct segment){.capacity = capacity};
    segment->data = segment->text;
    if (output->last)
        output->last->next = segment;
    else
        output->first = segment;
    output->last = segment;
    return segment;
}

bool warmstart_unix_output_text(struct output *output, const char *text, size_t bytes)
{
    struct segment *segment = output->last;
    if (!segment || segment->payload || segment->capacity - segment->bytes < bytes)
        segment = append(output, bytes > TEXT_BYTES ? bytes : TEXT_BYTES);
    if (!segment)
        return false;
    memcpy(segment->text + segment->bytes, text, bytes);
    segment->bytes += bytes;
    output->added += bytes;
    return true;
}

bool warmstart_unix_output_print(struct output *output, const char *format, va_list arguments)
{
    char line[OUTPUT_LINE_BYTES];
    int bytes = vsnprintf(line, sizeof(line), format, arguments);
    assert(bytes >= 0 && (size_t)bytes < sizeof(line));
    return warmstart_unix_output_text(output, line, (size_t)bytes);
}

bool warmstart_unix_output_payload(struct output *output, struct warmstart_payload *payload)
{
    if (payload->data_bytes == 0)
        return true;
    struct segment *segment = append(output, 0);
    if (!segment)
        return false;
    segment->payload = warmstart_payload_hold(payload);
    segment->data = payload->data;
    segment->bytes = payload->data_bytes;
    output->added += payload->data_bytes;
    return true;
}

static void free_segment(struct segment *segment)
{
    warmstart_payload_drop(segment->payload);
    free(segment);
}

static void free_all(struct segment *segment)
{
    while (segment) {
        struct segment *next = segment->next;
        free_segment(segment);
        segment = next;
    }
}

void warmstart_unix_output_undo(struct output *output, uint64_t added)
{
    assert(added >= output->written && added <= output->added);
    uint64_t keep = added - output->written;
    struct segment **place = &output->first;
    output->last = NULL;
    while (*place && keep > 0) {
        struct segment *segment = *place;
        size_t left = segment->bytes - segment->written;
        if (left > keep)
            segment->bytes = segment->written + (size_t)keep;
        keep -= left > keep ? keep : left;
        output->last = segment;
        place = &segment->next;
    }
    free_all(*place);
    *place = NULL;
    output->added = added;
}

void warmstart_unix_output_drop(struct output *output)
{
    free_all(output->first);
    output->first = NULL;
    output->last = NULL;
}

/* So many bytes were taken. */
static void advance(struct output *output, size_t bytes)
{
    output->written += bytes;
    while (output->first) {
        struct segment *segment = output->first;
        size_t left = segment->bytes - segment->written;
        if (bytes < left) {
            segment->written += bytes;
            return;
        }
        bytes -= left;
        output->first = segment->next;
        if (!output->first)
            output->last = NULL;
        free_segment(segment);
    }
}

static size_t gather(const struct output *output, struct iovec *pieces)
{
    size_t len = 0;
    for (struct segment *segment = output->first; segment && len < PIECES_MAX; segment = segment->next)
        pieces[len++] = (struct iovec){(void *)(uintptr_t)(segment->data + segment->written),
                                       segment->bytes - segment->written};
    return len;
}

enum output_result warmstart_unix_output_write(struct output *output, int fd)
{
    for (int call = 0; call < CALLS_MAX && output->first; call++) {
        struct iovec pieces[PIECES_MAX];
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = gather(output, pieces)};
        ssize_t bytes = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (bytes < 0 && errno == EINTR)
            continue;
        if (bytes < 0)
            return errno == EAGAIN || errno == ENOBUFS ? OUTPUT_BLOCKED : OUTPUT_FAILED;
        advance(output, (size_t)bytes);
    }
    return output->first ? OUTPUT_LEFT : OUTPUT_DONE;
}
