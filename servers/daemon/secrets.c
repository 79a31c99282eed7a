/* SPDX-License-Identifier: MIT */
#include "secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "option.h"

#define TOKEN_VARIABLE "WORKLOAD_TOKEN_SECRET" /* the supervisor's own name for it */

enum {
    TOKEN_BYTES_MAX = 4096,    /* as libwarmstart-http takes */
    DISPATCH_BYTES_MAX = 1024, /* the same */
    PEM_BYTES_MAX = 1 << 20,   /* the same */
};

/* Where messages go. */
struct report {
    char *text;
    size_t bytes;
};

/* Says what is wrong with an option's file. WARMSTART_ERR_INVALID. */
static int refuse(const struct report *report, const char *option, const char *path, const char *problem)
{
    char quoted[WARMSTART_DAEMON_QUOTED_BYTES];

    warmstart_daemon_option_quote(path, strlen(path), quoted);
    snprintf(report->text, report->bytes, "option --%s: %s %s", option, quoted, problem);
    return WARMSTART_ERR_INVALID;
}

static int refuse_reason(const struct report *report, const char *option, const char *path,
                         const char *reason)
{
    char problem[WARMSTART_DAEMON_EXPECTED_BYTES];

    snprintf(problem, sizeof(problem), "cannot be used: %s", reason);
    return refuse(report, option, path, problem);
}

static int refuse_system(const struct report *report, const char *option, const char *path, int reason)
{
    char problem[WARMSTART_DAEMON_EXPECTED_BYTES];

    snprintf(problem, sizeof(problem), "cannot be read: %s", strerror(reason));
    refuse(report, option, path, problem);
    return WARMSTART_ERR_SYSTEM;
}

static int refuse_memory(const struct report *report)
{
    snprintf(report->text, report->bytes, "out of memory");
    return WARMSTART_ERR_MEMORY;
}

static void wipe(struct warmstart_daemon_secret *secret)
{
    if (secret->text != NULL)
        explicit_bzero(secret->text, secret->room);
    free(secret->text);
    secret->text = NULL;
}

/* Reads until the end or until there is one byte more than may be. -1: errno. */
static ssize_t read_all(int fd, char *text, size_t bytes_max)
{
    size_t used = 0;
    ssize_t got = 1;

    while (got > 0 && used <= bytes_max) {
        got = read(fd, text + used, bytes_max + 1 - used);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            used += (size_t)got;
    }
    return got < 0 ? -1 : (ssize_t)used;
}

static void strip_line_end(struct warmstart_daemon_secret *secret)
{
    if (secret->bytes > 0 && secret->text[secret->bytes - 1] == '\n')
        secret->bytes--;
    if (secret->bytes > 0 && secret->text[secret->bytes - 1] == '\r')
        secret->bytes--;
    secret->text[secret->bytes] = '\0';
}

/* Reads a file that may have bytes_max bytes and a line end. */
static int load(struct warmstart_daemon_secret *secret, const char *option, const char *path,
                size_t bytes_max, const struct report *report)
{
    const size_t file_bytes_max = bytes_max + sizeof("\r\n") - 1;
    struct stat status;

    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return refuse_system(report, option, path, errno);
    secret->path = path;
    secret->exposed = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0;
    secret->room = file_bytes_max + 2;
    secret->text = malloc(secret->room);
    ssize_t bytes = secret->text != NULL ? read_all(fd, secret->text, file_bytes_max) : 0;
    const int reason = errno;
    close(fd);
    if (secret->text == NULL)
        return refuse_memory(report);
    if (bytes < 0)
        return refuse_system(report, option, path, reason);
    secret->bytes = (size_t)bytes;
    if (secret->bytes <= file_bytes_max)
        strip_line_end(secret);
    if (secret->bytes > bytes_max)
        return refuse(report, option, path, "is too large for what it has to be");
    return secret->bytes > 0 ? 0 : refuse(report, option, path, "is empty");
}

static int load_from_environment(struct warmstart_daemon_secret *secret, char *const *environment,
                                 const struct report *report)
{
    const char *value = NULL;

    for (; *environment != NULL && value == NULL; environment++)
        if (strncmp(*environment, TOKEN_VARIABLE "=", sizeof(TOKEN_VARIABLE)) == 0)
            value = *environment + sizeof(TOKEN_VARIABLE);
    if (value == NULL || value[0] == '\0')
        return 0;
    secret->bytes = strlen(value);
    if (secret->bytes > TOKEN_BYTES_MAX) {
        snprintf(report->text, report->bytes, "environment variable %s: expected at most %d bytes",
                 TOKEN_VARIABLE, TOKEN_BYTES_MAX);
        return WARMSTART_ERR_INVALID;
    }
    secret->room = secret->bytes + 1;
    secret->text = strdup(value);
    return secret->text != NULL ? 0 : refuse_memory(report);
}

static int read_token(struct warmstart_daemon_secrets *secrets,
                      const struct warmstart_daemon_options *options, char *const *environment,
                      const struct report *report)
{
    int error =
        options->token_secret_file != NULL
            ? load(&secrets->token, "token-secret-file", options->token_secret_file, TOKEN_BYTES_MAX, report)
            : load_from_environment(&secrets->token, environment, report);
    if (error < 0 || secrets->token.text != NULL || options->token_mode == WARMSTART_HTTP_TOKEN_DISABLED)
        return error;
    snprintf(report->text, report->bytes,
             "option --token-mode: nothing to verify with, expected --token-secret-file or the environment "
             "variable " TOKEN_VARIABLE);
    return WARMSTART_ERR_INVALID;
}

static int read_dispatch(struct warmstart_daemon_secrets *secrets,
                         const struct warmstart_daemon_options *options, const struct report *report)
{
    const char *path = options->dispatch_token_file;

    if (path == NULL)
        return 0;
    int error = load(&secrets->dispatch, "dispatch-token-file", path, DISPATCH_BYTES_MAX, report);
    for (size_t i = 0; error == 0 && i < secrets->dispatch.bytes; i++)
        if (secrets->dispatch.text[i] <= ' ' || secrets->dispatch.text[i] >= 0x7f)
            error =
                refuse(report, "dispatch-token-file", path,
                       "has a character that cannot stand in a token, expected one line of visible ASCII");
    return error;
}

/* Reads a file of PEM, if one is named. */
static int read_pem(struct warmstart_daemon_secret *secret, const char *option, const char *path,
                    const struct report *report)
{
    if (path == NULL)
        return 0;
    int error = load(secret, option, path, PEM_BYTES_MAX, report);
    if (error == 0 && strlen(secret->text) != secret->bytes)
        error = refuse(report, option, path, "has a zero byte, expected PEM");
    return error;
}

static int read_tls(struct warmstart_daemon_secrets *secrets, const struct warmstart_daemon_options *options,
                    const struct report *report)
{
    const char *reason = NULL;
    const bool only_one = (options->tls_cert == NULL) != (options->tls_key == NULL);

    if (only_one || (options->tls_client_ca != NULL && options->tls_cert == NULL)) {
        snprintf(report->text, report->bytes, "option --%s: expected --tls-cert and --tls-key with it",
                 options->tls_cert != NULL  ? "tls-cert"
                 : options->tls_key != NULL ? "tls-key"
                                            : "tls-client-ca");
        return WARMSTART_ERR_INVALID;
    }
    int error = read_pem(&secrets->tls_cert, "tls-cert", options->tls_cert, report);
    if (error == 0)
        error = read_pem(&secrets->tls_key, "tls-key", options->tls_key, report);
    if (error == 0)
        error = read_pem(&secrets->tls_client_ca, "tls-client-ca", options->tls_client_ca, report);
    if (error < 0)
        return error;
    error = warmstart_http_check_tls(secrets->tls_cert.text, secrets->tls_key.text, NULL, &reason);
    if (error == WARMSTART_ERR_INVALID) {
        snprintf(report->text, report->bytes, "options --tls-cert and --tls-key cannot be used: %s", reason);
        return error;
    }
    if (error == 0 && options->tls_client_ca != NULL) {
        error = warmstart_http_check_tls(secrets->tls_cert.text, secrets->tls_key.text,
                                         secrets->tls_client_ca.text, &reason);
        if (error == WARMSTART_ERR_INVALID)
            return refuse_reason(report, "tls-client-ca", options->tls_client_ca, reason);
    }
    return error == 0 ? 0 : refuse_memory(report);
}

int warmstart_daemon_secrets_read(struct warmstart_daemon_secrets *secrets,
                                  const struct warmstart_daemon_options *options, char *const *environment,
                                  char *ret_error, size_t error_bytes)
{
    const struct report report = {.text = ret_error, .bytes = error_bytes};

    *secrets = (struct warmstart_daemon_secrets){0};
    int error = read_token(secrets, options, environment, &report);
    if (error == 0)
        error = read_dispatch(secrets, options, &report);
    return error == 0 ? read_tls(secrets, options, &report) : error;
}

void warmstart_daemon_secrets_warn(const struct warmstart_daemon_secrets *secrets,
                                   const struct warmstart_daemon_options *options,
                                   struct warmstart_daemon_log *log)
{
    const struct warmstart_daemon_secret *all[] = {&secrets->token, &secrets->dispatch, &secrets->tls_key};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!all[i]->exposed)
            continue;
        const struct warmstart_log_field fields[] = {
            warmstart_daemon_log_text("file", all[i]->path),
            warmstart_daemon_log_text("hint", "every user of this machine can read it: chmod 600"),
        };
        warmstart_daemon_log_write(log, WARMSTART_LOG_WARN, "secret_file_exposed", fields, 2);
    }
    if (secrets->token.path != NULL && options->token_mode == WARMSTART_HTTP_TOKEN_DISABLED) {
        const struct warmstart_log_field hint =
            warmstart_daemon_log_text("hint", "tokens are not verified without --token-mode log or enforce");
        warmstart_daemon_log_write(log, WARMSTART_LOG_WARN, "token_secret_unused", &hint, 1);
    }
}

void warmstart_daemon_secrets_deinit(struct warmstart_daemon_secrets *secrets)
{
    wipe(&secrets->token);
    wipe(&secrets->dispatch);
    wipe(&secrets->tls_cert);
    wipe(&secrets->tls_key);
    wipe(&secrets->tls_client_ca);
}
