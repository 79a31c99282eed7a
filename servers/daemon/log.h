/* SPDX-License-Identifier: MIT */
/*
 * The writer behind warmstartd's logger: one line a record, as logfmt or JSON, to a descriptor that may be
 * slow, full or gone. It never blocks and never fails: a line that cannot be written at once is dropped and
 * counted, and the next line that can be is preceded by one that says how many are missing. One thread only.
 * The process must ignore SIGPIPE.
 */
#ifndef SERVERS_DAEMON_LOG_H
#define SERVERS_DAEMON_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <warmstart/warmstart.h>

#include "options.h"

/* No line is longer, its line feed included. What is too long is cut, and marked with cut=true. */
#define WARMSTART_DAEMON_LOG_LINE_BYTES 4096

/* In place. Must not be moved after _init. */
struct warmstart_daemon_log {
    struct warmstart_logger logger; /* to be handed to the libraries */
    enum warmstart_daemon_log_format format;
    int fd;                 /* what is written to */
    bool fd_owned;          /* fd was opened by _init */
    bool fd_socket;         /* fd is a socket: send() instead of write() */
    bool fd_checked;        /* a write may block: ask poll() first */
    bool torn;              /* the last line was written in part: the next begins with a line feed */
    uint64_t missing;       /* lines dropped since the last one that was written */
    uint64_t dropped_total; /* lines dropped in all */
};

/*
 * Makes a writer to `fd`, which stays the caller's and has to stay open until _deinit; its flags, which other
 * processes may share, are not changed.
 */
void warmstart_daemon_log_init(struct warmstart_daemon_log *log, int fd, enum warmstart_log_level level,
                               enum warmstart_daemon_log_format format);

/* Closes what _init opened. */
void warmstart_daemon_log_deinit(struct warmstart_daemon_log *log);

/* Writes one record, unless it is above the level. */
void warmstart_daemon_log_write(struct warmstart_daemon_log *log, enum warmstart_log_level level,
                                const char *event, const struct warmstart_log_field *fields,
                                size_t fields_len);

/* A field with a text that ends with a zero byte; NULL counts as empty. */
struct warmstart_log_field warmstart_daemon_log_text(const char *name, const char *text);

/* A field with a number. */
struct warmstart_log_field warmstart_daemon_log_number(const char *name, int64_t number);

#endif
