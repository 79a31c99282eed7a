/* SPDX-License-Identifier: MIT */
/*
 * Where lines and bodies begin and end in what a client sends, however it is cut into pieces. Pure: no
 * allocation, nothing beside what is handed in.
 */
#ifndef SERVERS_UNIX_INPUT_H
#define SERVERS_UNIX_INPUT_H

#include <stddef.h>
#include <stdint.h>

enum input_state {
    INPUT_LINE = 0, /* a line is coming, or nothing */
    INPUT_BODY,     /* a body is coming */
    INPUT_BODY_END, /* the line feed behind one */
};

enum input_event {
    INPUT_MORE = 0, /* all that is complete has been told; more bytes are needed */
    INPUT_GOT_LINE, /* a line is there */
    INPUT_GOT_BODY, /* the body that was announced is there, with its line feed */
    INPUT_BAD_LINE, /* a line is too long; nothing that follows can be understood */
    INPUT_BAD_BODY  /* what stands behind a body is not a line feed; the same */
};

struct input {
    enum input_state state;
    size_t line_bytes_max; /* with its line feed; set by the caller */
    size_t searched;       /* bytes of the line that are known to have no line feed */
    size_t body_left;      /* bytes of the body that have not come */
    char *body_at;         /* where they go; NULL: nowhere */
};

/*
 * Looks at the `bytes` at `data`, which begin where the last call ended. *ret_used is how many are done with;
 * the others have to be there again the next time, with more behind them. INPUT_GOT_LINE: *ret_line_bytes is
 * the length of the line, which begins at `data`, without its end.
 */
enum input_event warmstart_unix_input_next(struct input *input, const char *data, size_t bytes,
                                           size_t *ret_used, size_t *ret_line_bytes);

/* A body of so many bytes follows the line that was told last. `at`: room for it; NULL: it is thrown away. */
void warmstart_unix_input_expect(struct input *input, char *at, size_t bytes);

/* So many bytes of the body (at most body_left) were put to body_at by somebody else. */
void warmstart_unix_input_filled(struct input *input, size_t bytes);

#endif
