/* SPDX-License-Identifier: MIT */
#include "ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_TIMEOUT_MS 10000 /* of a server that is there */

void complain(const char *format, ...)
{
    va_list arguments;
    fputs("warmstartctl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

bool receive(struct warmstart_client *client, warmstart_client_request request, int timeout_ms,
             struct warmstart_client_event *ret_event)
{
    for (;;) {
        int answer = warmstart_client_receive(client, timeout_ms, ret_event);
        if (answer == WARMSTART_ERR_SYSTEM && errno == EINTR)
            continue;
        if (answer <= 0) {
            complain("%s", answer == 0 ? "the server does not answer" : warmstart_strerror(answer));
            return false;
        }
        if (ret_event->type == WARMSTART_CLIENT_DISCONNECTED) {
            complain("no server: %s", ret_event->text);
            return false;
        }
        if (ret_event->request == request)
            return true;
    }
}

bool ask(struct warmstart_client *client, const char *verb, const char *words,
         struct warmstart_client_event *ret_event, enum exit_status *ret_status)
{
    warmstart_client_request request;
    int error = warmstart_client_command(client, verb, words, NULL, &request);
    if (error < 0) {
        complain("%s: %s", verb, "control characters cannot be sent");
        *ret_status = EXIT_USAGE;
        return false;
    }
    *ret_status = EXIT_UNREACHABLE;
    if (!receive(client, request, ANSWER_TIMEOUT_MS, ret_event))
        return false;
    if (ret_event->ok)
        return true;
    complain("%s: %s", ret_event->reason, ret_event->text);
    *ret_status = EXIT_NOBODY;
    return false;
}

enum exit_status print(const void *bytes, size_t len)
{
    if (fwrite(bytes, 1, len, stdout) == len)
        return EXIT_DONE;
    complain("cannot write to standard output");
    return EXIT_UNREACHABLE;
}

enum exit_status show(struct warmstart_client *client, const char *verb, const char *words)
{
    struct warmstart_client_event event;
    enum exit_status status;
    if (!ask(client, verb, words, &event, &status))
        return status;
    if (event.data)
        return print(event.data, event.data_bytes);
    printf("%s%s", event.text, *event.text ? "\n" : "");
    return EXIT_DONE;
}
