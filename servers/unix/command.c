/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "value.h"

#define SHOWN_BYTES_MAX 40 /* of a word of the client's in a message */

/* ---- What each command takes ---- */

enum option {
    OPTION_ID = 0,
    OPTION_INSTANCE,
    OPTION_TIMEOUT,
    OPTION_FOR,
    OPTION_SPREAD,
    OPTION_ATTEMPTS,
    OPTION_MAX,
    OPTION_MATCH,
    OPTION_UNCERTAIN,
    OPTIONS /* how many; also: none */
};

#define BIT(option) (1U << (option))

enum argument {
    ARGUMENT_NONE,
    ARGUMENT_ID,    /* of a payload */
    ARGUMENT_TAG,   /* of another command */
    ARGUMENT_BYTES, /* of the body */
};

enum tail {
    TAIL_NONE,
    TAIL_METADATA, /* may be there */
    TAIL_NAME      /* has to be there */
};

static const struct {
    const char *name;
    enum argument argument;
    enum tail tail;
    unsigned options;
} verbs[VERBS] = {
    [VERB_WAIT] = {"wait", ARGUMENT_NONE, TAIL_METADATA,
                   BIT(OPTION_ID) | BIT(OPTION_INSTANCE) | BIT(OPTION_TIMEOUT)},
    [VERB_ACK] = {"ack", ARGUMENT_ID, TAIL_NONE, 0},
    [VERB_REFUSE] = {"refuse", ARGUMENT_ID, TAIL_NONE, 0},
    [VERB_CANCEL] = {"cancel", ARGUMENT_TAG, TAIL_NONE, 0},
    [VERB_LEAVE] = {"leave", ARGUMENT_NONE, TAIL_NONE, BIT(OPTION_FOR)},
    [VERB_DISPATCH] = {"dispatch", ARGUMENT_BYTES, TAIL_METADATA,
                       BIT(OPTION_TIMEOUT) | BIT(OPTION_ATTEMPTS) | BIT(OPTION_MATCH) |
                           BIT(OPTION_UNCERTAIN)},
    [VERB_COUNT] = {"count", ARGUMENT_NONE, TAIL_METADATA, BIT(OPTION_MATCH)},
    [VERB_STATS] = {"stats", ARGUMENT_NONE, TAIL_NONE, 0},
    [VERB_LIST] = {"list", ARGUMENT_NONE, TAIL_METADATA,
                   BIT(OPTION_MAX) | BIT(OPTION_INSTANCE) | BIT(OPTION_MATCH)},
    [VERB_CORDON] = {"cordon", ARGUMENT_NONE, TAIL_NAME, BIT(OPTION_FOR)},
    [VERB_UNCORDON] = {"uncordon", ARGUMENT_NONE, TAIL_NAME, 0},
    [VERB_RETIRE] = {"retire", ARGUMENT_NONE, TAIL_NAME, BIT(OPTION_FOR)},
    [VERB_DRAIN] = {"drain", ARGUMENT_NONE, TAIL_NONE, BIT(OPTION_TIMEOUT) | BIT(OPTION_SPREAD)},
    [VERB_PING] = {"ping", ARGUMENT_NONE, TAIL_NONE, 0},
    [VERB_QUIT] = {"quit", ARGUMENT_NONE, TAIL_NONE, 0},
};

static const char *const option_names[OPTIONS] = {
    [OPTION_ID] = "id",   [OPTION_INSTANCE] = "instance", [OPTION_TIMEOUT] = "timeout",
    [OPTION_FOR] = "for", [OPTION_SPREAD] = "spread",     [OPTION_ATTEMPTS] = "attempts",
    [OPTION_MAX] = "max", [OPTION_MATCH] = "match",       [OPTION_UNCERTAIN] = "uncertain",
};

const char *warmstart_unix_verb_name(enum verb verb)
{
    return verbs[verb].name;
}

/* ---- Reading ---- */

struct reader {
    const char *at;  /* what comes next */
    const char *end; /* of the line */
    struct command *command;
    char *message;
    unsigned seen; /* bits of the options */
};

__attribute__((format(printf, 3, 4))) static enum command_error refuse(struct reader *reader,
                                                                       enum command_error error,
                                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reader->message, COMMAND_MESSAGE_BYTES, format, arguments);
    va_end(arguments);
    return error;
}

/* How much of a word is shown: whole characters. */
static int shown(const struct word *word)
{
    size_t bytes = 0;
    while (bytes < word->bytes) {
        size_t more = warmstart_json_utf8(word->text + bytes, word->bytes - bytes);
        if (more == 0 || bytes + more > SHOWN_BYTES_MAX)
            break;
        bytes += more;
    }
    return (int)bytes;
}

/* `text` is not empty. */
static bool is(const struct word *word, const char *text)
{
    return word->bytes > 0 && word->text[0] == text[0] && word->bytes == strlen(text) &&
           memcmp(word->text, text, word->bytes) == 0;
}

/* The next word; with no bytes if there is none. Words are separated by one space. */
static struct word next_word(struct reader *reader)
{
    struct word word = {reader->at, (size_t)(reader->end - reader->at)};
    const char *space = word.bytes > 0 ? memchr(word.text, ' ', word.bytes) : NULL;
    if (space)
        word.bytes = (size_t)(space - word.text);
    reader->at = word.text + word.bytes;
    return word;
}

/* Goes over a space. False: the line ends here. */
static bool more(struct reader *reader)
{
    if (reader->at == reader->end)
        return false;
    reader->at++;
    return true;
}

static bool is_tag(const struct word *word)
{
    if (word->bytes == 0 || word->bytes > TAG_BYTES_MAX)
        return false;
    for (size_t i = 0; i < word->bytes; i++) {
        char byte = word->text[i];
        bool fits = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                    (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == ':' || byte == '-';
        if (!fits)
            return false;
    }
    return true;
}

bool warmstart_unix_command_number(const struct word *word, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (word->bytes == 0 || word->bytes > 16 || (word->text[0] == '0' && word->bytes > 1))
        return false;
    for (size_t i = 0; i < word->bytes; i++) {
        if (word->text[i] < '0' || word->text[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(word->text[i] - '0');
    }
    *ret_number = number;
    return true;
}

/* ---- Options ---- */

static enum command_error take_number(struct reader *reader, enum option option, const struct word *value,
                                      uint64_t most, uint64_t *ret_number)
{
    uint64_t number;
    if (!warmstart_unix_command_number(value, &number) || number == 0 || number > most)
        return refuse(reader, COMMAND_SYNTAX, "%s: got %.*s, expected a whole number from 1 to %llu",
                      option_names[option], shown(value), value->text, (unsigned long long)most);
    *ret_number = number;
    return COMMAND_OK;
}

static enum command_error take_text(struct reader *reader, enum option option, const struct word *value,
                                    struct word *ret_text)
{
    if (value->bytes == 0 || value->bytes > COMMAND_VALUE_BYTES_MAX)
        return refuse(reader, COMMAND_SYNTAX, "%s: expected 1 to %d bytes", option_names[option],
                      COMMAND_VALUE_BYTES_MAX);
    *ret_text = *value;
    return COMMAND_OK;
}

static enum command_error take_match(struct reader *reader, const struct word *value)
{
    reader->command->has_match = true;
    reader->command->match = is(value, "subset") ? WARMSTART_MATCH_SUBSET : WARMSTART_MATCH_EXACT;
    if (is(value, "subset") || is(value, "exact"))
        return COMMAND_OK;
    return refuse(reader, COMMAND_SYNTAX, "match: got %.*s, expected exact or subset", shown(value),
                  value->text);
}

static enum command_error take_uncertain(struct reader *reader, const struct word *value)
{
    reader->command->retry_uncertain = is(value, "retry");
    if (is(value, "retry") || is(value, "stop"))
        return COMMAND_OK;
    return refuse(reader, COMMAND_SYNTAX, "uncertain: got %.*s, expected stop or retry", shown(value),
                  value->text);
}

static enum command_error take_option(struct reader *reader, enum option option, const struct word *value)
{
    struct command *command = reader->command;
    switch (option) {
    case OPTION_ID:
        return take_text(reader, option, value, &command->id);
    case OPTION_INSTANCE:
        return take_text(reader, option, value, &command->instance);
    case OPTION_TIMEOUT:
        return take_number(reader, option, value, COMMAND_TIME_MS_MAX, &command->timeout_ms);
    case OPTION_FOR:
        return take_number(reader, option, value, COMMAND_TIME_MS_MAX, &command->for_ms);
    case OPTION_SPREAD:
        return take_number(reader, option, value, COMMAND_TIME_MS_MAX, &command->spread_ms);
    case OPTION_ATTEMPTS:
        return take_number(reader, option, value, COMMAND_ATTEMPTS_MAX, &command->attempts);
    case OPTION_MAX:
        return take_number(reader, option, value, COMMAND_GROUPS_MAX, &command->max);
    case OPTION_MATCH:
        return take_match(reader, value);
    case OPTION_UNCERTAIN:
        return take_uncertain(reader, value);
    case OPTIONS:
        break;
    }
    return COMMAND_OK;
}

/* "a, b or c" of what the command takes. */
static void list_expected(enum verb verb, char *text, size_t text_bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (int option = 0; option < OPTIONS; option++) {
        if (verbs[verb].options & BIT(option))
            used += (size_t)snprintf(text + used, text_bytes - used, "%s=, ", option_names[option]);
    }
    const char *last = verbs[verb].tail == TAIL_METADATA ? "-- with name=text and name:=json, or {"
                       : verbs[verb].tail == TAIL_NAME   ? "-- and a name"
                                                         : "nothing else";
    snprintf(text + used, text_bytes - used, "%s", last);
}

static enum command_error refuse_word(struct reader *reader, const struct word *word)
{
    char expected[COMMAND_MESSAGE_BYTES / 2];
    list_expected(reader->command->verb, expected, sizeof(expected));
    if (word->bytes == 0)
        return refuse(reader, COMMAND_SYNTAX, "two spaces, or one at the end; expected %s", expected);
    return refuse(reader, COMMAND_SYNTAX, "got %.*s, expected %s", shown(word), word->text, expected);
}

static enum command_error read_option(struct reader *reader, const struct word *word)
{
    const char *sign = word->bytes > 0 ? memchr(word->text, '=', word->bytes) : NULL;
    struct word name = {word->text, sign ? (size_t)(sign - word->text) : 0};
    enum option option = 0;
    while (option < OPTIONS && !(sign && is(&name, option_names[option])))
        option++;
    if (option == OPTIONS || !(verbs[reader->command->verb].options & BIT(option)))
        return refuse_word(reader, word);
    if (reader->seen & BIT(option))
        return refuse(reader, COMMAND_SYNTAX, "%s: given twice", option_names[option]);
    reader->seen |= BIT(option);
    struct word value = {sign + 1, word->bytes - name.bytes - 1};
    return take_option(reader, option, &value);
}

/* ---- The rest of the line ---- */

static enum command_error read_name(struct reader *reader)
{
    struct word name = {reader->at, (size_t)(reader->end - reader->at)};
    if (name.bytes == 0 || name.bytes > COMMAND_VALUE_BYTES_MAX)
        return refuse(reader, COMMAND_SYNTAX, "expected -- and a name of 1 to %d bytes",
                      COMMAND_VALUE_BYTES_MAX);
    reader->command->name = name;
    reader->at = reader->end;
    return COMMAND_OK;
}

static void take_rest(struct reader *reader, const char *from, enum metadata_form form)
{
    reader->command->metadata_form = form;
    reader->command->metadata = (struct word){from, (size_t)(reader->end - from)};
    reader->at = reader->end;
}

/* Behind the words that are always there. */
static enum command_error read_rest(struct reader *reader)
{
    enum tail tail = verbs[reader->command->verb].tail;
    while (more(reader)) {
        const char *start = reader->at;
        struct word word = next_word(reader);
        if (tail == TAIL_METADATA && word.bytes > 0 && word.text[0] == '{') {
            take_rest(reader, start, METADATA_OBJECT);
        } else if (tail != TAIL_NONE && is(&word, "--")) {
            bool has_more = more(reader);
            if (tail == TAIL_NAME)
                return read_name(reader);
            take_rest(reader, reader->at, has_more ? METADATA_WORDS : METADATA_NONE);
        } else {
            enum command_error error = read_option(reader, &word);
            if (error != COMMAND_OK)
                return error;
        }
    }
    return tail == TAIL_NAME ? read_name(reader) : COMMAND_OK;
}

static enum command_error read_argument(struct reader *reader)
{
    struct command *command = reader->command;
    enum argument argument = verbs[command->verb].argument;
    if (argument == ARGUMENT_NONE)
        return COMMAND_OK;
    struct word word = {reader->at, 0};
    if (more(reader))
        word = next_word(reader);
    if (argument == ARGUMENT_BYTES) {
        command->has_body = warmstart_unix_command_number(&word, &command->body_bytes);
        return command->has_body ? COMMAND_OK
                                 : refuse(reader, COMMAND_BAD_BODY, "got %.*s, expected a number of bytes",
                                          shown(&word), word.text);
    }
    command->argument = word;
    if (is_tag(&word))
        return COMMAND_OK;
    return refuse(reader, COMMAND_SYNTAX, "got %.*s, expected %s", shown(&word), word.text,
                  argument == ARGUMENT_ID ? "the id of a payload" : "the tag of a wait or dispatch");
}

static enum command_error read_tag(struct reader *reader)
{
    struct word tag = {reader->at, 0};
    if (more(reader))
        tag = next_word(reader);
    if (is_tag(&tag)) {
        reader->command->tag = tag;
        return COMMAND_OK;
    }
    /* Without knowing it for a dispatch that is followed by a body, the next line would be one of its. */
    enum command_error error = reader->command->verb == VERB_DISPATCH ? COMMAND_BAD_BODY : COMMAND_SYNTAX;
    return refuse(reader, error, "got %.*s, expected a tag: 1 to %d of A-Z a-z 0-9 . _ : -", shown(&tag),
                  tag.text, TAG_BYTES_MAX);
}

static enum command_error refuse_verb(struct reader *reader, const struct word *word)
{
    struct word tag = {reader->at, 0};
    if (more(reader))
        tag = next_word(reader);
    if (is_tag(&tag))
        reader->command->tag = tag;
    char expected[COMMAND_MESSAGE_BYTES / 2];
    size_t used = 0;
    for (int verb = 0; verb < VERBS; verb++)
        used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%s", verb > 0 ? ", " : "",
                                 verbs[verb].name);
    return refuse(reader, COMMAND_UNKNOWN, "got %.*s, expected one of %s", shown(word), word->text, expected);
}

/* Whether eight bytes are all printing ASCII: none above 126, none below 32. */
static bool are_plain(const char *text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t bytes;
    memcpy(&bytes, text, sizeof(bytes));
    /* Below 128 nothing is carried from one byte into the next. */
    if (bytes & tops)
        return false;
    return (((bytes + ones) | ~(bytes + 96 * ones)) & tops) == 0;
}

bool warmstart_unix_command_is_text(const char *text, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        if (bytes - at >= 8 && are_plain(text + at)) {
            at += 8;
            continue;
        }
        size_t more_bytes = warmstart_json_utf8(text + at, bytes - at);
        if (more_bytes == 0 || value_has_control(text + at, more_bytes))
            return false;
        at += more_bytes;
    }
    return true;
}

enum command_error warmstart_unix_command_read(const char *line, size_t bytes, struct command *ret_command,
                                               char message[COMMAND_MESSAGE_BYTES])
{
    struct reader reader = {
        .at = line, .end = line + bytes, .command = ret_command, .message = message, .seen = 0};
    *ret_command = (struct command){.verb = VERBS};
    if (!warmstart_unix_command_is_text(line, bytes))
        return refuse(&reader, COMMAND_BAD_LINE, "expected UTF-8 without control characters");
    struct word word = next_word(&reader);
    enum verb verb = 0;
    while (verb < VERBS && !is(&word, verbs[verb].name))
        verb++;
    if (verb == VERBS)
        return refuse_verb(&reader, &word);
    ret_command->verb = verb;
    enum command_error error = read_tag(&reader);
    if (error == COMMAND_OK)
        error = read_argument(&reader);
    if (error == COMMAND_OK)
        error = read_rest(&reader);
    return error;
}

/* ---- Metadata ---- */

static bool refuse_metadata(char *message, const struct metadata_failure *failure, size_t offset)
{
    snprintf(message, COMMAND_MESSAGE_BYTES, "metadata, at byte %zu: expected %s", offset + failure->offset,
             warmstart_metadata_expected(failure->reason));
    return false;
}

static bool read_words(const struct word *words, struct metadata *metadata, char *message)
{
    const char *end = words->text + words->bytes;
    for (const char *at = words->text; at <= end;) {
        const char *space = at < end ? memchr(at, ' ', (size_t)(end - at)) : NULL;
        size_t bytes = (size_t)((space ? space : end) - at);
        struct metadata_failure failure;
        if (!warmstart_metadata_add_word(metadata, at, bytes, &failure))
            return refuse_metadata(message, &failure, (size_t)(at - words->text));
        at += bytes + 1;
    }
    return true;
}

static bool read_object(const struct word *object, struct metadata *metadata, char *message)
{
    const struct json_node node = {.children = 0};
    struct json_span span;
    struct json_failure json_failure;
    struct metadata_failure failure;
    if (!warmstart_json_scan(object->text, object->bytes, &node, 1, &span, &json_failure)) {
        snprintf(message, COMMAND_MESSAGE_BYTES, "metadata, at byte %zu: expected %s", json_failure.offset,
                 warmstart_json_expected(json_failure.reason));
        return false;
    }
    return warmstart_metadata_add_object(metadata, object->text, &span, &failure) ||
           refuse_metadata(message, &failure, 0);
}

bool warmstart_unix_command_metadata(const struct command *command, struct metadata *metadata,
                                     char message[COMMAND_MESSAGE_BYTES])
{
    warmstart_metadata_begin(metadata);
    switch (command->metadata_form) {
    case METADATA_NONE:
        break;
    case METADATA_WORDS:
        return read_words(&command->metadata, metadata, message);
    case METADATA_OBJECT:
        return read_object(&command->metadata, metadata, message);
    }
    return true;
}
