/* SPDX-License-Identifier: MIT */
/* The commands that ask once and show the answer. */
#include "ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Formats the words of a command, without spaces at the end, and shows the answer. */
__attribute__((format(printf, 3, 4))) static enum exit_status show_words(struct warmstart_client *client,
                                                                         const char *verb, const char *format,
                                                                         ...)
{
    va_list arguments;
    char *words;
    va_start(arguments, format);
    int bytes = vasprintf(&words, format, arguments);
    va_end(arguments);
    if (bytes < 0) {
        complain("out of memory");
        return EXIT_UNREACHABLE;
    }
    while (bytes > 0 && words[bytes - 1] == ' ')
        words[--bytes] = '\0';
    enum exit_status status = show(client, verb, words);
    free(words);
    return status;
}

/* A JSON object stands for itself, words need a mark before them. */
static const char *lead(const struct arguments *arguments)
{
    return arguments->words_len == 0 || arguments->metadata[0] == '{' ? "" : "-- ";
}

/* "for=MS ", or nothing. */
static const char *for_ms(const struct arguments *arguments, char out[24])
{
    out[0] = '\0';
    if (arguments->for_ms > 0)
        snprintf(out, 24, "for=%u ", arguments->for_ms);
    return out;
}

enum exit_status run_count(struct warmstart_client *client, const struct arguments *arguments)
{
    return show_words(client, "count", "%s%s%s", arguments->subset ? "match=subset " : "match=exact ",
                      lead(arguments), arguments->metadata);
}

enum exit_status run_list(struct warmstart_client *client, const struct arguments *arguments)
{
    const char *instance = arguments->instance ? arguments->instance : "";
    return show_words(client, "list", "%s%s%s%s%s%s", arguments->exact ? "match=exact " : "match=subset ",
                      *instance ? "instance=" : "", instance, *instance ? " " : "", lead(arguments),
                      arguments->metadata);
}

enum exit_status run_stats(struct warmstart_client *client, const struct arguments *arguments)
{
    (void)arguments;
    return show(client, "stats", NULL);
}

enum exit_status run_ping(struct warmstart_client *client, const struct arguments *arguments)
{
    (void)arguments;
    return show(client, "ping", NULL);
}

enum exit_status run_cordon(struct warmstart_client *client, const struct arguments *arguments)
{
    char time[24];
    return show_words(client, "cordon", "%s-- %s", for_ms(arguments, time), arguments->name);
}

enum exit_status run_uncordon(struct warmstart_client *client, const struct arguments *arguments)
{
    return show_words(client, "uncordon", "-- %s", arguments->name);
}

enum exit_status run_retire(struct warmstart_client *client, const struct arguments *arguments)
{
    char time[24];
    return show_words(client, "retire", "%s-- %s", for_ms(arguments, time), arguments->name);
}

enum exit_status run_drain(struct warmstart_client *client, const struct arguments *arguments)
{
    char timeout[32] = "", spread[32] = "";
    if (arguments->timeout_ms > 0)
        snprintf(timeout, sizeof(timeout), "timeout=%u", arguments->timeout_ms);
    if (arguments->spread_ms > 0)
        snprintf(spread, sizeof(spread), "%sspread=%u", *timeout ? " " : "", arguments->spread_ms);
    return show_words(client, "drain", "%s%s", timeout, spread);
}
