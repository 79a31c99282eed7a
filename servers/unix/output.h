/* SPDX-License-Identifier: MIT */
/*
 * What is to be written to a socket: text of ours and payloads of others, which are not copied. Bytes are
 * counted from the beginning of the connection, so that a place in the stream is a number.
 */
#ifndef SERVERS_UNIX_OUTPUT_H
#define SERVERS_UNIX_OUTPUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <warmstart/loop.h>

struct segment;

/* All zero before first use. */
struct output {
    struct segment *first; /* to be written next; NULL: nothing is left */
    struct segment *last;  /* what was added last */
    uint64_t added;        /* bytes, since the beginning */
    uint64_t written;      /* bytes that the kernel has taken */
};

enum output_result {
    OUTPUT_DONE,    /* nothing is left */
    OUTPUT_BLOCKED, /* the kernel takes no more for now */
    OUTPUT_LEFT,    /* it was enough for one turn; there is more */
    OUTPUT_FAILED   /* the peer is gone; errno says how */
};

static inline uint64_t output_left(const struct output *output)
{
    return output->added - output->written;
}

/* Adds text. False: out of memory, and nothing was added. */
bool warmstart_unix_output_text(struct output *output, const char *text, size_t bytes);

/* Adds what vsnprintf() would print, at most OUTPUT_LINE_BYTES of it. The same. */
#define OUTPUT_LINE_BYTES 2048
bool warmstart_unix_output_print(struct output *output, const char *format, va_list arguments);

/* Adds a payload, and holds it until it is written or thrown away. The same. */
bool warmstart_unix_output_payload(struct output *output, struct warmstart_payload *payload);

/* Takes back what was added since `added` was so much, none of which may have been written. */
void warmstart_unix_output_undo(struct output *output, uint64_t added);

/* Writes what the kernel takes, within the bounds of one turn. Never blocks, never raises a signal. */
enum output_result warmstart_unix_output_write(struct output *output, int fd);

/* Throws away what is left; it does not count as written. */
void warmstart_unix_output_drop(struct output *output);

#endif
