/* SPDX-License-Identifier: MIT */
/*
 * One line of the protocol, taken apart. docs/unix-protocol.md has the grammar. Pure functions: any thread,
 * nothing kept, nothing changed but the result.
 */
#ifndef SERVERS_UNIX_COMMAND_H
#define SERVERS_UNIX_COMMAND_H

#include <stdbool.h>
#include <warmstart/warmstart.h>

#include "metadata.h"

#define TAG_BYTES_MAX           32
#define COMMAND_NUMBER_MAX      UINT64_C(9999999999999999) /* of a number on a line */
#define COMMAND_MESSAGE_BYTES   256                        /* room for what is wrong with a line */
#define COMMAND_ATTEMPTS_MAX    100
#define COMMAND_GROUPS_MAX      10000
#define COMMAND_TIME_MS_MAX     UINT64_C(86400000)
#define COMMAND_VALUE_BYTES_MAX 1024 /* of a controller id, of an instance */

enum verb {
    VERB_WAIT = 0,
    VERB_ACK,
    VERB_REFUSE,
    VERB_CANCEL,
    VERB_LEAVE,
    VERB_DISPATCH,
    VERB_COUNT,
    VERB_STATS,
    VERB_LIST,
    VERB_CORDON,
    VERB_UNCORDON,
    VERB_RETIRE,
    VERB_DRAIN,
    VERB_PING,
    VERB_QUIT,
    VERBS /* how many; also: none */
};

/* What is wrong with a line: the code of an ERR. */
enum command_error {
    COMMAND_OK = 0,
    COMMAND_SYNTAX,   /* `syntax` */
    COMMAND_UNKNOWN,  /* `unknown` */
    COMMAND_BAD_LINE, /* `line`: nothing that follows can be understood */
    COMMAND_BAD_BODY  /* `body`: the same, because nobody knows how long the body is */
};

/* Points into the line. */
struct word {
    const char *text; /* NULL: it is not there */
    size_t bytes;
};

enum metadata_form {
    METADATA_NONE = 0, /* the empty set */
    METADATA_WORDS,    /* words with one space between them */
    METADATA_OBJECT    /* JSON */
};

struct command {
    enum verb verb;       /* VERBS: it could not be read */
    struct word tag;      /* NULL: it could not be read */
    struct word argument; /* ACK, REFUSE: the id; CANCEL: the other tag */
    struct word name;     /* CORDON, UNCORDON, RETIRE: what stands behind -- */
    struct word id;       /* WAIT: the controller */
    struct word instance; /* WAIT, LIST */
    uint64_t body_bytes;  /* DISPATCH; a body follows, also if something else is wrong with the line */
    bool has_body;        /* body_bytes could be read */
    uint64_t timeout_ms;  /* 0: not given; as the next three */
    uint64_t for_ms;
    uint64_t spread_ms;
    uint64_t max;
    uint64_t attempts;
    bool has_match; /* `match` was given */
    enum warmstart_match match;
    bool retry_uncertain;
    enum metadata_form metadata_form;
    struct word metadata; /* the words behind --, or the object */
};

/*
 * Takes a line apart, without its end. Metadata is only found, not looked at. COMMAND_OK, or what is wrong:
 * then `message` says it for people, and of *ret_command those members are set that could be read.
 */
enum command_error warmstart_unix_command_read(const char *line, size_t bytes, struct command *ret_command,
                                               char message[COMMAND_MESSAGE_BYTES]);

/* Reads a command's metadata. True: *metadata has it; false: `message` says what is wrong. */
bool warmstart_unix_command_metadata(const struct command *command, struct metadata *metadata,
                                     char message[COMMAND_MESSAGE_BYTES]);

/* Whether it can stand in a line: UTF-8 without control characters. */
bool warmstart_unix_command_is_text(const char *text, size_t bytes);

/* Reads a whole number without leading zeros. */
bool warmstart_unix_command_number(const struct word *word, uint64_t *ret_number);

/* The word of a verb, such as "wait". */
const char *warmstart_unix_verb_name(enum verb verb);

#endif
