/* SPDX-License-Identifier: MIT */
/* One option of warmstartd: its line in the table, and what a value of it may be. Inside the daemon only. */
#ifndef SERVERS_DAEMON_OPTION_H
#define SERVERS_DAEMON_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WARMSTART_DAEMON_OPTIONS_MAX       64  /* lines that the table may have */
#define WARMSTART_DAEMON_OPTION_NAME_BYTES 64  /* room for WARMSTART_ and the longest name */
#define WARMSTART_DAEMON_QUOTED_BYTES      128 /* room for a quoted value */
#define WARMSTART_DAEMON_EXPECTED_BYTES    128 /* room for what is expected of a value */

/* What the value of an option is. */
enum warmstart_daemon_option_kind {
    WARMSTART_DAEMON_LISTENER, /* an address to listen at; may be repeated */
    WARMSTART_DAEMON_SOCKET,   /* a path or @NAME to listen at; may be repeated */
    WARMSTART_DAEMON_NUMBER,   /* a whole number; a uint64_t */
    WARMSTART_DAEMON_BYTES,    /* the same, and KiB or MiB may follow */
    WARMSTART_DAEMON_CHOICE,   /* one of the words of `value`, with | between; its index, a uint64_t */
    WARMSTART_DAEMON_FILE,     /* a path; an owned char * */
    WARMSTART_DAEMON_MODE,     /* permissions of a file, in octal; a uint64_t */
    WARMSTART_DAEMON_NAMES,    /* users and @groups with commas; an owned char * */
    WARMSTART_DAEMON_ACTION    /* no value; only as flag; an enum warmstart_daemon_action */
};

/* One line of the table. */
struct warmstart_daemon_option {
    const char *name;  /* as flag and in the config file, without the dashes */
    const char *value; /* the word for the value in --help, the choices of a CHOICE */
    enum warmstart_daemon_option_kind kind;
    size_t offset;    /* where in struct warmstart_daemon_options the value goes; not for LISTENER */
    uint64_t initial; /* NUMBER, BYTES, CHOICE, MODE: the default; LISTENER: the role; SOCKET: the rights;
                         ACTION: the action */
    uint64_t min;     /* NUMBER, BYTES: the smallest allowed */
    uint64_t max;     /* NUMBER, BYTES: the largest allowed */
    const char *text; /* what it does, for --help */
};

extern const struct warmstart_daemon_option warmstart_daemon_option_table[];
extern const size_t warmstart_daemon_option_table_len;

/* The option called by the `name_bytes` at `name`, or NULL. */
const struct warmstart_daemon_option *warmstart_daemon_option_find(const char *name, size_t name_bytes);

/* The option whose name is nearest to a wrong one, or NULL when none is near. */
const struct warmstart_daemon_option *warmstart_daemon_option_nearest(const char *name, size_t name_bytes);

/* Writes the option's environment variable: WARMSTART_NAME. */
void warmstart_daemon_option_variable(const struct warmstart_daemon_option *option,
                                      char ret_name[WARMSTART_DAEMON_OPTION_NAME_BYTES]);

/* Whether the value is a uint64_t: of a NUMBER, BYTES, CHOICE or MODE. */
bool warmstart_daemon_option_is_number(const struct warmstart_daemon_option *option);

/* Whether the value is an owned char *: of a FILE or NAMES. */
bool warmstart_daemon_option_is_text(const struct warmstart_daemon_option *option);

/* Reads a value of a NUMBER, BYTES, CHOICE or MODE. False: it is not one, or out of bounds. */
bool warmstart_daemon_option_number(const struct warmstart_daemon_option *option, const char *text,
                                    size_t text_bytes, uint64_t *ret_number);

/* Whether a text is a well-formed address of a listener. Names are not looked up. */
bool warmstart_daemon_option_is_address(const char *text, size_t text_bytes);

/* Whether a text could be the path of a Unix socket, or @ and an abstract name. */
bool warmstart_daemon_option_is_socket(const char *text, size_t text_bytes);

/* Whether a text is a list of users and @groups. Names are not looked up. */
bool warmstart_daemon_option_is_names(const char *text, size_t text_bytes);

/* Writes a NUMBER, BYTES, CHOICE or MODE as one would give it. */
void warmstart_daemon_option_print(const struct warmstart_daemon_option *option, uint64_t number,
                                   char *ret_text, size_t text_bytes);

/* Says in words what a value of the option has to be. */
void warmstart_daemon_option_expected(const struct warmstart_daemon_option *option,
                                      char ret_text[WARMSTART_DAEMON_EXPECTED_BYTES]);

/* Puts a value into quotes for a message: control bytes and what is not ASCII as \xNN, cut when long. */
void warmstart_daemon_option_quote(const char *text, size_t text_bytes,
                                   char ret_text[WARMSTART_DAEMON_QUOTED_BYTES]);

#endif
