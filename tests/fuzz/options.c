/* SPDX-License-Identifier: MIT */
/*
 * What warmstartd is told: lines that are flags, after an empty line some that are environment variables, after
 * the next one the config file. What is wrong is said in one line; what is right lies within its bounds, and is
 * the same when it is given again as flags.
 */
#include "options.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <warmstart/warmstart.h>

#include "fuzz.h"
#include "option.h"

enum { WORDS_MAX = 64, AGAIN_MAX = WARMSTART_DAEMON_OPTIONS_MAX + WARMSTART_DAEMON_LISTENERS_MAX + 2 };

struct input {
    char *flags[WORDS_MAX + 4];
    int flags_len;
    char *environment[WORDS_MAX + 1];
    char path[32]; /* of the config file */
    int fd;
};

/* Zero-terminated copies of lines, up to an empty one. How many. */
static int take_words(struct fuzz_stock *stock, char **words)
{
    int len = 0;
    while (stock->bytes > 0 && len < WORDS_MAX) {
        struct fuzz_line line = fuzz_next_line(stock);
        if (line.bytes == 0)
            break;
        words[len++] = fuzz_text(line.text, line.bytes);
    }
    return len;
}

static void input_init(struct input *input, const uint8_t *data, size_t bytes)
{
    struct fuzz_stock stock = {data, bytes};
    *input = (struct input){.flags_len = 1};
    input->flags[0] = fuzz_text("warmstartd", 10);
    input->flags_len += take_words(&stock, input->flags + 1);
    (void)take_words(&stock, input->environment);
    input->fd = memfd_create("config", MFD_CLOEXEC);
    fuzz_require(input->fd >= 0);
    fuzz_require(write(input->fd, stock.data, stock.bytes) == (ssize_t)stock.bytes);
    snprintf(input->path, sizeof(input->path), "/proc/self/fd/%d", input->fd);
    input->flags[input->flags_len++] = fuzz_text("--config", 8);
    input->flags[input->flags_len++] = fuzz_text(input->path, strlen(input->path));
}

static void input_deinit(struct input *input)
{
    for (int i = 0; i < input->flags_len; i++)
        free(input->flags[i]);
    for (char **word = input->environment; *word != NULL; word++)
        free(*word);
    close(input->fd);
}

static void check_message(int error, const char *message)
{
    fuzz_require(error == WARMSTART_ERR_INVALID || error == WARMSTART_ERR_SYSTEM);
    fuzz_require(message[0] != '\0' && memchr(message, '\0', WARMSTART_DAEMON_ERROR_BYTES) != NULL);
    for (const char *at = message; *at != '\0'; at++)
        fuzz_require((unsigned char)*at >= 0x20 && *at != 0x7f);
}

static uint64_t number_of(const struct warmstart_daemon_options *options,
                          const struct warmstart_daemon_option *option)
{
    uint64_t number;
    memcpy(&number, (const char *)options + option->offset, sizeof(number));
    return number;
}

static const char *path_of(const struct warmstart_daemon_options *options,
                           const struct warmstart_daemon_option *option)
{
    const char *path;
    memcpy(&path, (const char *)options + option->offset, sizeof(path));
    return path;
}

static char *write_flag(const char *name, const char *value)
{
    size_t room = strlen(name) + strlen(value) + 4;
    char *flag = malloc(room);
    fuzz_require(flag != NULL);
    snprintf(flag, room, "--%s=%s", name, value);
    return flag;
}

/* The option as a flag, NULL if it has nothing to say. Its number lies within its bounds. */
static char *flag_of(const struct warmstart_daemon_options *options,
                     const struct warmstart_daemon_option *option)
{
    char text[WARMSTART_DAEMON_QUOTED_BYTES];
    switch (option->kind) {
    case WARMSTART_DAEMON_NUMBER:
    case WARMSTART_DAEMON_BYTES:
    case WARMSTART_DAEMON_MODE:
        fuzz_require(number_of(options, option) >= option->min && number_of(options, option) <= option->max);
        break;
    case WARMSTART_DAEMON_CHOICE:
        break;
    case WARMSTART_DAEMON_FILE:
    case WARMSTART_DAEMON_NAMES:
        return strcmp(option->name, "config") == 0 || path_of(options, option) == NULL
                   ? NULL
                   : write_flag(option->name, path_of(options, option));
    case WARMSTART_DAEMON_LISTENER:
    case WARMSTART_DAEMON_SOCKET:
    case WARMSTART_DAEMON_ACTION:
        return NULL;
    }
    warmstart_daemon_option_print(option, number_of(options, option), text, sizeof(text));
    return write_flag(option->name, text);
}

static const char *listener_name(const struct warmstart_daemon_listener *listener)
{
    const bool is_socket = listener->rights != 0;
    const uint64_t serves = is_socket ? listener->rights : (uint64_t)listener->role;
    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        const struct warmstart_daemon_option *option = &warmstart_daemon_option_table[i];
        if (option->kind == (is_socket ? WARMSTART_DAEMON_SOCKET : WARMSTART_DAEMON_LISTENER) &&
            option->initial == serves)
            return option->name;
    }
    fuzz_fail(__FILE__, __LINE__, "each role has an option");
    return NULL;
}

static void check_same(const struct warmstart_daemon_options *one, const struct warmstart_daemon_options *two)
{
    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        const struct warmstart_daemon_option *option = &warmstart_daemon_option_table[i];
        if (warmstart_daemon_option_is_number(option))
            fuzz_require(number_of(one, option) == number_of(two, option));
    }
    fuzz_require(one->listeners_len == two->listeners_len);
    for (size_t i = 0; i < one->listeners_len; i++) {
        fuzz_require(strcmp(one->listeners[i].address, two->listeners[i].address) == 0);
        fuzz_require(one->listeners[i].role == two->listeners[i].role);
        fuzz_require(one->listeners[i].rights == two->listeners[i].rights);
    }
}

/* What was understood, given again as flags, is understood as the same. */
static void check_again(const struct warmstart_daemon_options *options)
{
    static struct warmstart_daemon_options again;
    static char *no_environment[] = {NULL};
    char message[WARMSTART_DAEMON_ERROR_BYTES] = "";
    char *flags[AGAIN_MAX] = {fuzz_text("warmstartd", 10)};
    int len = 1;
    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        flags[len] = flag_of(options, &warmstart_daemon_option_table[i]);
        len += flags[len] != NULL;
    }
    fuzz_require(options->listeners_len >= 1 && options->listeners_len <= WARMSTART_DAEMON_LISTENERS_MAX);
    for (size_t i = 0; i < options->listeners_len; i++) {
        const struct warmstart_daemon_listener *listener = &options->listeners[i];
        fuzz_require(listener->rights != 0
                         ? warmstart_daemon_option_is_socket(listener->address, strlen(listener->address))
                         : warmstart_daemon_option_is_address(listener->address, strlen(listener->address)));
        flags[len++] = write_flag(listener_name(listener), listener->address);
    }
    fuzz_require(
        warmstart_daemon_options_read(&again, len, flags, no_environment, message, sizeof(message)) == 0);
    check_same(options, &again);
    warmstart_daemon_options_deinit(&again);
    for (int i = 0; i < len; i++)
        free(flags[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct warmstart_daemon_options options;
    char message[WARMSTART_DAEMON_ERROR_BYTES] = "";
    struct input input;
    input_init(&input, data, bytes);
    int error = warmstart_daemon_options_read(&options, input.flags_len, input.flags, input.environment,
                                              message, sizeof(message));
    if (error < 0)
        check_message(error, message);
    else if (options.action == WARMSTART_DAEMON_RUN)
        check_again(&options);
    warmstart_daemon_options_deinit(&options);
    input_deinit(&input);
    return 0;
}
