/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "option.h"

enum {
    PATH_BYTES = 96, /* of a path in a message; what is longer is cut */
};

/* Where a value came from. The greater wins. */
enum rank { RANK_DEFAULT, RANK_FILE, RANK_ENVIRONMENT, RANK_FLAG };

/* One value that was given. */
struct given {
    enum rank rank;
    unsigned line; /* RANK_FILE: of the file */
    const char *text;
    size_t bytes;
};

/* What is known while options are read. */
struct reader {
    struct warmstart_daemon_options *options;
    struct {
        enum rank rank;                      /* what gave the value */
        unsigned line;                       /* where the config file gives it; 0: nowhere */
    } sources[WARMSTART_DAEMON_OPTIONS_MAX]; /* of each option of the table */
    char path[PATH_BYTES];                   /* of the config file, fit for messages */
    char *error;                             /* as ret_error of _read */
    size_t error_bytes;
};

static size_t index_of(const struct warmstart_daemon_option *option)
{
    return (size_t)(option - warmstart_daemon_option_table);
}

static uint64_t *number_of(struct warmstart_daemon_options *options,
                           const struct warmstart_daemon_option *option)
{
    return (uint64_t *)(void *)((char *)options + option->offset);
}

/* Writes the message and returns WARMSTART_ERR_INVALID. */
__attribute__((format(printf, 2, 3))) static int refuse(struct reader *reader, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reader->error, reader->error_bytes, format, arguments);
    va_end(arguments);
    return WARMSTART_ERR_INVALID;
}

static int refuse_memory(struct reader *reader)
{
    refuse(reader, "out of memory");
    return WARMSTART_ERR_MEMORY;
}

/* Says where a value came from: "flag", "environment variable WARMSTART_NAME", "FILE:LINE" or "default". */
static void say_source(const struct reader *reader, const struct warmstart_daemon_option *option,
                       enum rank rank, unsigned line, char *ret_text, size_t text_bytes)
{
    char variable[WARMSTART_DAEMON_OPTION_NAME_BYTES];

    switch (rank) {
    case RANK_DEFAULT:
        snprintf(ret_text, text_bytes, "default");
        break;
    case RANK_FILE:
        snprintf(ret_text, text_bytes, "%s:%u", reader->path, line);
        break;
    case RANK_ENVIRONMENT:
        warmstart_daemon_option_variable(option, variable);
        snprintf(ret_text, text_bytes, "environment variable %s", variable);
        break;
    case RANK_FLAG:
        snprintf(ret_text, text_bytes, "flag");
        break;
    }
}

static int refuse_value(struct reader *reader, const struct warmstart_daemon_option *option,
                        const struct given *given)
{
    char source[WARMSTART_DAEMON_QUOTED_BYTES], quoted[WARMSTART_DAEMON_QUOTED_BYTES],
        expected[WARMSTART_DAEMON_EXPECTED_BYTES];

    say_source(reader, option, given->rank, given->line, source, sizeof(source));
    warmstart_daemon_option_quote(given->text, given->bytes, quoted);
    warmstart_daemon_option_expected(option, expected);
    return refuse(reader, "option --%s (%s): got %s, expected %s", option->name, source, quoted, expected);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Takes blanks from both ends. */
static void trim(const char **text, size_t *bytes)
{
    while (*bytes > 0 && is_blank((*text)[0])) {
        (*text)++;
        (*bytes)--;
    }
    while (*bytes > 0 && is_blank((*text)[*bytes - 1]))
        (*bytes)--;
}

/* Adds a listener. */
static int add_listener(struct reader *reader, const struct warmstart_daemon_option *option, const char *text,
                        size_t bytes)
{
    struct warmstart_daemon_options *options = reader->options;
    const bool is_socket = option->kind == WARMSTART_DAEMON_SOCKET;

    if (options->listeners_len == WARMSTART_DAEMON_LISTENERS_MAX)
        return refuse(reader, "option --%s: more than %d listeners", option->name,
                      WARMSTART_DAEMON_LISTENERS_MAX);
    char *address = strndup(text, bytes);
    if (address == NULL)
        return refuse_memory(reader);
    options->listeners[options->listeners_len++] =
        (struct warmstart_daemon_listener){.address = address,
                                           .role = is_socket ? 0 : (enum warmstart_http_role)option->initial,
                                           .rights = is_socket ? (unsigned)option->initial : 0,
                                           .fd = -1};
    return 0;
}

static int take_listener(struct reader *reader, const struct warmstart_daemon_option *option,
                         const struct given *given, bool wanted)
{
    struct given one = *given;

    for (size_t at = 0; at <= given->bytes;) {
        const char *comma = NULL;

        one.text = given->text + at;
        one.bytes = given->bytes - at;
        if (given->rank == RANK_ENVIRONMENT)
            comma = memchr(one.text, ',', one.bytes);
        if (comma != NULL)
            one.bytes = (size_t)(comma - one.text);
        at += one.bytes + 1;
        trim(&one.text, &one.bytes);
        if (!(option->kind == WARMSTART_DAEMON_SOCKET
                  ? warmstart_daemon_option_is_socket(one.text, one.bytes)
                  : warmstart_daemon_option_is_address(one.text, one.bytes)))
            return refuse_value(reader, option, &one);
        int error = wanted ? add_listener(reader, option, one.text, one.bytes) : 0;
        if (error < 0)
            return error;
    }
    return 0;
}

static int take_text(struct reader *reader, const struct warmstart_daemon_option *option,
                     const struct given *given, bool wanted)
{
    if (given->bytes == 0 || (option->kind == WARMSTART_DAEMON_NAMES &&
                              !warmstart_daemon_option_is_names(given->text, given->bytes)))
        return refuse_value(reader, option, given);
    if (!wanted)
        return 0;
    char *text = strndup(given->text, given->bytes);
    if (text == NULL)
        return refuse_memory(reader);
    char **place = (char **)(void *)((char *)reader->options + option->offset);
    free(*place);
    *place = text;
    return 0;
}

/* Checks a value and, unless a stronger source has given one, takes it. */
static int take(struct reader *reader, const struct warmstart_daemon_option *option,
                const struct given *given)
{
    const bool wanted = given->rank >= reader->sources[index_of(option)].rank;
    uint64_t number = 0;
    int error = 0;

    switch (option->kind) {
    case WARMSTART_DAEMON_LISTENER:
    case WARMSTART_DAEMON_SOCKET:
        error = take_listener(reader, option, given, wanted);
        break;
    case WARMSTART_DAEMON_FILE:
    case WARMSTART_DAEMON_NAMES:
        error = take_text(reader, option, given, wanted);
        break;
    case WARMSTART_DAEMON_NUMBER:
    case WARMSTART_DAEMON_BYTES:
    case WARMSTART_DAEMON_CHOICE:
    case WARMSTART_DAEMON_MODE:
        if (!warmstart_daemon_option_number(option, given->text, given->bytes, &number))
            return refuse_value(reader, option, given);
        if (wanted)
            *number_of(reader->options, option) = number;
        break;
    case WARMSTART_DAEMON_ACTION:
        reader->options->action = (enum warmstart_daemon_action)option->initial;
        break;
    }
    if (given->rank == RANK_FILE)
        reader->sources[index_of(option)].line = given->line;
    if (error == 0 && wanted)
        reader->sources[index_of(option)].rank = given->rank;
    return error;
}

/* ---- Flags ---- */

static int refuse_flag(struct reader *reader, const char *argument)
{
    char quoted[WARMSTART_DAEMON_QUOTED_BYTES];
    const struct warmstart_daemon_option *nearest = NULL;
    const size_t dashes = strspn(argument, "-");

    warmstart_daemon_option_quote(argument, strcspn(argument, "="), quoted);
    if (dashes == 0 || argument[dashes] == '\0')
        return refuse(reader, "unexpected argument %s; options begin with --, see warmstartd --help", quoted);
    nearest = warmstart_daemon_option_nearest(argument + dashes, strcspn(argument + dashes, "="));
    if (nearest != NULL)
        return refuse(reader, "unknown option %s (flag); did you mean --%s?", quoted, nearest->name);
    return refuse(reader, "unknown option %s (flag); see warmstartd --help", quoted);
}

static int refuse_missing(struct reader *reader, const struct warmstart_daemon_option *option)
{
    char expected[WARMSTART_DAEMON_EXPECTED_BYTES];

    warmstart_daemon_option_expected(option, expected);
    return refuse(reader, "option --%s (flag): got no value, expected %s", option->name, expected);
}

/* Reads one flag; *ret_used says how many arguments it took. `next` may be NULL. */
static int read_flag(struct reader *reader, const char *argument, const char *next, int *ret_used)
{
    const struct warmstart_daemon_option *option = NULL;
    struct given given = {.rank = RANK_FLAG};
    size_t name_bytes = strcspn(argument, "=");

    if (strncmp(argument, "--", 2) == 0 && name_bytes >= 2)
        option = warmstart_daemon_option_find(argument + 2, name_bytes - 2);
    if (option == NULL)
        return refuse_flag(reader, argument);
    *ret_used = 1;
    if (argument[name_bytes] == '=') {
        given.text = argument + name_bytes + 1;
        given.bytes = strlen(given.text);
        return option->kind == WARMSTART_DAEMON_ACTION ? refuse_value(reader, option, &given)
                                                       : take(reader, option, &given);
    }
    if (option->kind == WARMSTART_DAEMON_ACTION)
        return take(reader, option, &given);
    if (next == NULL || strncmp(next, "--", 2) == 0)
        return refuse_missing(reader, option);
    *ret_used = 2;
    given.text = next;
    given.bytes = strlen(next);
    return take(reader, option, &given);
}

/* Stops early at --help and --version: what stands behind them does not matter. */
static int read_flags(struct reader *reader, int argc, char *const *argv)
{
    for (int i = 1, used = 1; i < argc && reader->options->action == WARMSTART_DAEMON_RUN; i += used) {
        int error = read_flag(reader, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used);
        if (error < 0)
            return error;
    }
    return 0;
}

/* ---- Environment ---- */

static const char *look_up(char *const *environment, const char *name)
{
    const size_t name_bytes = strlen(name);

    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, name_bytes) == 0 && (*environment)[name_bytes] == '=')
            return *environment + name_bytes + 1;
    return NULL;
}

static int read_environment(struct reader *reader, char *const *environment)
{
    char variable[WARMSTART_DAEMON_OPTION_NAME_BYTES];

    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        const struct warmstart_daemon_option *option = &warmstart_daemon_option_table[i];
        warmstart_daemon_option_variable(option, variable);
        struct given given = {.rank = RANK_ENVIRONMENT, .text = look_up(environment, variable)};
        /* Composed environments set variables to nothing when they mean: not set. */
        if (option->kind == WARMSTART_DAEMON_ACTION || given.text == NULL || given.text[0] == '\0')
            continue;
        given.bytes = strlen(given.text);
        int error = take(reader, option, &given);
        if (error < 0)
            return error;
    }
    return 0;
}

/* ---- Config file ---- */

static int refuse_file(struct reader *reader, const char *reason)
{
    const struct warmstart_daemon_option *option = warmstart_daemon_option_find("config", 6);
    char source[WARMSTART_DAEMON_QUOTED_BYTES], quoted[WARMSTART_DAEMON_QUOTED_BYTES];
    const char *path = reader->options->config;

    say_source(reader, option, reader->sources[index_of(option)].rank, 0, source, sizeof(source));
    warmstart_daemon_option_quote(path, strlen(path), quoted);
    return refuse(reader, "option --config (%s): %s cannot be read: %s", source, quoted, reason);
}

/* Reads the file whole. 0: *ret_text has *ret_bytes and is the caller's. */
static int load_file(struct reader *reader, char **ret_text, size_t *ret_bytes)
{
    size_t used = 0;
    ssize_t got = 1;

    int fd = open(reader->options->config, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        refuse_file(reader, strerror(errno));
        return WARMSTART_ERR_SYSTEM;
    }
    char *text = malloc(WARMSTART_DAEMON_CONFIG_BYTES + 1);
    while (text != NULL && got > 0 && used <= WARMSTART_DAEMON_CONFIG_BYTES) {
        got = read(fd, text + used, WARMSTART_DAEMON_CONFIG_BYTES + 1 - used);
        used += got > 0 ? (size_t)got : 0;
    }
    const int failed = errno;
    close(fd);
    if (text == NULL)
        return refuse_memory(reader);
    if (got >= 0 && used <= WARMSTART_DAEMON_CONFIG_BYTES) {
        *ret_text = text;
        *ret_bytes = used;
        return 0;
    }
    free(text);
    refuse_file(reader, got < 0 ? strerror(failed) : "it is larger than 64 KiB");
    return WARMSTART_ERR_SYSTEM;
}

/* Cuts a comment off: a # at the beginning or behind a blank, so that a value may have one inside. */
static size_t without_comment(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (text[i] == '#' && (i == 0 || is_blank(text[i - 1])))
            return i;
    return bytes;
}

static int refuse_name(struct reader *reader, const char *name, size_t name_bytes, unsigned line)
{
    char quoted[WARMSTART_DAEMON_QUOTED_BYTES];
    const struct warmstart_daemon_option *nearest = warmstart_daemon_option_nearest(name, name_bytes);

    warmstart_daemon_option_quote(name, name_bytes, quoted);
    if (nearest != NULL)
        return refuse(reader, "unknown option %s (%s:%u); did you mean %s?", quoted, reader->path, line,
                      nearest->name);
    return refuse(reader, "unknown option %s (%s:%u); see warmstartd --help", quoted, reader->path, line);
}

/* Reads one line: "name value" or "name = value", or nothing. */
static int read_line(struct reader *reader, const char *text, size_t bytes, unsigned line)
{
    struct given given = {.rank = RANK_FILE, .line = line};
    size_t name_bytes = 0;

    if (memchr(text, '\0', bytes) != NULL)
        return refuse(reader, "config file (%s:%u): a zero byte, expected text", reader->path, line);
    bytes = without_comment(text, bytes);
    trim(&text, &bytes);
    if (bytes == 0)
        return 0;
    while (name_bytes < bytes && !is_blank(text[name_bytes]) && text[name_bytes] != '=')
        name_bytes++;
    const struct warmstart_daemon_option *option = warmstart_daemon_option_find(text, name_bytes);
    if (option == NULL)
        return refuse_name(reader, text, name_bytes, line);
    if (option->kind == WARMSTART_DAEMON_ACTION ||
        option->offset == offsetof(struct warmstart_daemon_options, config))
        return refuse(reader, "option --%s (%s:%u): cannot stand in a config file", option->name,
                      reader->path, line);
    const unsigned before = reader->sources[index_of(option)].line;
    if (before != 0 && option->kind != WARMSTART_DAEMON_LISTENER && option->kind != WARMSTART_DAEMON_SOCKET)
        return refuse(reader, "option --%s (%s:%u): given on line %u already, expected once", option->name,
                      reader->path, line, before);
    given.text = text + name_bytes;
    given.bytes = bytes - name_bytes;
    trim(&given.text, &given.bytes);
    if (given.bytes > 0 && given.text[0] == '=') {
        given.text++;
        given.bytes--;
        trim(&given.text, &given.bytes);
    }
    return take(reader, option, &given);
}

static int read_file(struct reader *reader)
{
    char *text = NULL;
    size_t bytes = 0;
    unsigned line = 1;

    if (reader->options->config == NULL)
        return 0;
    snprintf(reader->path, sizeof(reader->path), "%s", reader->options->config);
    for (char *at = reader->path; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    int error = load_file(reader, &text, &bytes);
    for (size_t at = 0; error == 0 && at < bytes; line++) {
        const char *end = memchr(text + at, '\n', bytes - at);
        size_t line_bytes = end != NULL ? (size_t)(end - (text + at)) : bytes - at;
        error = read_line(reader, text + at, line_bytes, line);
        at += line_bytes + 1;
    }
    free(text);
    return error;
}

/* ---- All together ---- */

/* The first must be smaller than the second. */
static const char *const smaller[][2] = {
    {"match-margin-ms", "connection-timeout-ms"},
    {"confirm-linger-ms", "confirm-timeout-ms"},
};

static int check_together(struct reader *reader)
{
    for (size_t i = 0; i < sizeof(smaller) / sizeof(smaller[0]); i++) {
        const struct warmstart_daemon_option *options[2];
        char values[2][32], sources[2][WARMSTART_DAEMON_QUOTED_BYTES];
        for (size_t side = 0; side < 2; side++) {
            options[side] = warmstart_daemon_option_find(smaller[i][side], strlen(smaller[i][side]));
            warmstart_daemon_option_print(options[side], *number_of(reader->options, options[side]),
                                          values[side], sizeof(values[side]));
            say_source(reader, options[side], reader->sources[index_of(options[side])].rank,
                       reader->sources[index_of(options[side])].line, sources[side], sizeof(sources[side]));
        }
        if (*number_of(reader->options, options[0]) >= *number_of(reader->options, options[1]))
            return refuse(reader, "option --%s (%s): got %s, expected less than the %s of --%s (%s)",
                          options[0]->name, sources[0], values[0], values[1], options[1]->name, sources[1]);
    }
    return 0;
}

/* The end of a drain cannot come before its parts are over. */
static int check_drain(struct reader *reader)
{
    const struct warmstart_daemon_options *options = reader->options;
    const struct warmstart_daemon_option *option = warmstart_daemon_option_find("drain-timeout-ms", 16);
    const uint64_t parts_ms = options->drain_delay_ms + options->drain_spread_ms;
    char source[WARMSTART_DAEMON_QUOTED_BYTES];

    if (parts_ms <= options->drain_timeout_ms)
        return 0;
    say_source(reader, option, reader->sources[index_of(option)].rank, reader->sources[index_of(option)].line,
               source, sizeof(source));
    return refuse(reader,
                  "option --%s (%s): got %" PRIu64 ", expected at least the %" PRIu64
                  " of --drain-delay-ms and --drain-spread-ms together",
                  option->name, source, options->drain_timeout_ms, parts_ms);
}

static int listen_by_default(struct reader *reader)
{
    const struct warmstart_daemon_option *option = warmstart_daemon_option_find("http", 4);

    if (reader->options->listeners_len > 0)
        return 0;
    reader->options->listens_by_default = true;
    return add_listener(reader, option, WARMSTART_DAEMON_DEFAULT_ADDRESS,
                        strlen(WARMSTART_DAEMON_DEFAULT_ADDRESS));
}

static void set_defaults(struct warmstart_daemon_options *options)
{
    memset(options, 0, sizeof(*options));
    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        const struct warmstart_daemon_option *option = &warmstart_daemon_option_table[i];
        if (warmstart_daemon_option_is_number(option))
            *number_of(options, option) = option->initial;
    }
}

int warmstart_daemon_options_read(struct warmstart_daemon_options *options, int argc, char *const *argv,
                                  char *const *environment, char *ret_error, size_t error_bytes)
{
    struct reader reader = {.options = options, .error = ret_error, .error_bytes = error_bytes};

    set_defaults(options);
    int error = read_flags(&reader, argc, argv);
    if (error < 0 || options->action != WARMSTART_DAEMON_RUN)
        return error;
    error = read_environment(&reader, environment);
    if (error == 0)
        error = read_file(&reader);
    if (error == 0)
        error = check_together(&reader);
    if (error == 0)
        error = check_drain(&reader);
    return error == 0 ? listen_by_default(&reader) : error;
}

void warmstart_daemon_options_deinit(struct warmstart_daemon_options *options)
{
    for (size_t i = 0; i < options->listeners_len; i++)
        free(options->listeners[i].address);
    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        const struct warmstart_daemon_option *option = &warmstart_daemon_option_table[i];
        if (warmstart_daemon_option_is_text(option))
            free(*(char **)(void *)((char *)options + option->offset));
    }
}
