/* SPDX-License-Identifier: MIT */
#include "inherited.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "option.h"

enum { FIRST_FD = 3 };

/* How many sockets are there for this process. */
static int read_count(char *const *environment, uint64_t *ret_count, char *ret_error, size_t error_bytes)
{
    const char *pid_text = warmstart_daemon_environment_find(environment, "LISTEN_PID");
    const char *count_text = warmstart_daemon_environment_find(environment, "LISTEN_FDS");
    char quoted[WARMSTART_DAEMON_QUOTED_BYTES];
    uint64_t pid = 0;

    *ret_count = 0;
    /* Meant for another process, from which the variables were inherited. */
    if (pid_text == NULL || count_text == NULL ||
        !warmstart_daemon_environment_number(pid_text, INT32_MAX, &pid) || pid != (uint64_t)getpid())
        return 0;
    if (warmstart_daemon_environment_number(count_text, WARMSTART_DAEMON_LISTENERS_MAX, ret_count))
        return 0;
    warmstart_daemon_option_quote(count_text, strlen(count_text), quoted);
    snprintf(ret_error, error_bytes,
             "environment variable LISTEN_FDS: got %s, expected a whole number from 0 to %d", quoted,
             WARMSTART_DAEMON_LISTENERS_MAX);
    return WARMSTART_ERR_INVALID;
}

static bool read_role(const char *name, size_t bytes, struct warmstart_daemon_listener *listener)
{
    static const struct {
        const char *name;
        enum warmstart_http_role role;
        unsigned rights;
    } roles[] = {
        {"http", WARMSTART_HTTP_ALL, 0},          {"poll", WARMSTART_HTTP_POLL, 0},
        {"dispatch", WARMSTART_HTTP_DISPATCH, 0}, {"unix", 0, WARMSTART_UNIX_ALL},
        {"unix-wait", 0, WARMSTART_UNIX_WAIT},    {"unix-dispatch", 0, WARMSTART_UNIX_DISPATCH},
    };

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strlen(roles[i].name) == bytes && memcmp(roles[i].name, name, bytes) == 0) {
            listener->role = roles[i].role;
            listener->rights = roles[i].rights;
            return true;
        }
    }
    return false;
}

/*
 * Whom each socket serves. A name that is not known is refused: to guess could let controllers, which run
 * foreign code, dispatch.
 */
static int read_roles(const char *names, struct warmstart_daemon_listener *listeners, size_t listeners_len,
                      char *ret_error, size_t error_bytes)
{
    char quoted[WARMSTART_DAEMON_QUOTED_BYTES];

    for (size_t i = 0; i < listeners_len; i++) {
        const size_t bytes = names != NULL ? strcspn(names, ":") : 0;
        listeners[i] =
            (struct warmstart_daemon_listener){.role = WARMSTART_HTTP_ALL, .fd = FIRST_FD + (int)i};
        if (names == NULL)
            continue;
        if (!read_role(names, bytes, &listeners[i])) {
            warmstart_daemon_option_quote(names, bytes, quoted);
            snprintf(ret_error, error_bytes,
                     "environment variable LISTEN_FDNAMES: socket %zu of %zu is called %s, expected http, "
                     "poll, dispatch, unix, unix-wait or unix-dispatch (FileDescriptorName= of a systemd "
                     "socket unit)",
                     i + 1, listeners_len, quoted);
            return WARMSTART_ERR_INVALID;
        }
        names += bytes;
        names += *names == ':' ? 1 : 0;
    }
    return 0;
}

int warmstart_daemon_inherited_add(struct warmstart_daemon_options *options, char *const *environment,
                                   char *ret_error, size_t error_bytes)
{
    struct warmstart_daemon_listener listeners[WARMSTART_DAEMON_LISTENERS_MAX];
    const char *names = warmstart_daemon_environment_find(environment, "LISTEN_FDNAMES");
    uint64_t count = 0;

    int error = read_count(environment, &count, ret_error, error_bytes);
    if (error == 0)
        error = read_roles(names, listeners, (size_t)count, ret_error, error_bytes);
    if (error < 0 || count == 0)
        return error;
    if (options->listens_by_default)
        free(options->listeners[--options->listeners_len].address);
    options->listens_by_default = false;
    if (count > WARMSTART_DAEMON_LISTENERS_MAX - options->listeners_len) {
        snprintf(ret_error, error_bytes, "environment variable LISTEN_FDS: more than %d listeners in all",
                 WARMSTART_DAEMON_LISTENERS_MAX);
        return WARMSTART_ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++)
        options->listeners[options->listeners_len++] = listeners[i];
    return 0;
}
