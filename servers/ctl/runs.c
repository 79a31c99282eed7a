/* SPDX-License-Identifier: MIT */
/* The two sides of a run: to wait for one, and to hand one over. */
#include "ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_BYTES_MAX ((size_t)1 << 30)

/* ---- Waiting ---- */

static int begin_wait(struct warmstart_client *client, const struct arguments *arguments,
                      warmstart_client_request *ret_request)
{
    struct warmstart_client_wait_options wait;
    warmstart_client_wait_options_init(&wait);
    wait.metadata = arguments->metadata;
    wait.controller_id = arguments->id;
    wait.instance = arguments->instance;
    wait.timeout_ms = arguments->timeout_ms;
    int error = warmstart_client_wait(client, &wait, ret_request);
    if (error == WARMSTART_ERR_INVALID)
        complain("wait: an id and an instance have no spaces, and nothing has control characters");
    else if (error < 0)
        complain("wait: %s", warmstart_strerror(error));
    return error;
}

/* One wait until it is over. EXIT_DONE: its run was written. */
static enum exit_status wait_once(struct warmstart_client *client, const struct arguments *arguments)
{
    warmstart_client_request request;
    struct warmstart_client_event event;
    if (begin_wait(client, arguments, &request) < 0)
        return EXIT_USAGE;
    while (receive(client, request, -1, &event)) {
        if (event.type == WARMSTART_CLIENT_PAYLOAD && warmstart_client_ack(client, request) < 0) {
            complain("out of memory");
            return EXIT_UNREACHABLE;
        }
        if (event.type == WARMSTART_CLIENT_TAKEN)
            return print(event.data, event.data_bytes);
        if (event.type == WARMSTART_CLIENT_ENDED) {
            complain("no run: %s%s%s", event.reason, event.text ? ": " : "", event.text ? event.text : "");
            return EXIT_NOBODY;
        }
    }
    return EXIT_UNREACHABLE;
}

enum exit_status run_wait(struct warmstart_client *client, const struct arguments *arguments)
{
    uint32_t wanted = arguments->count == UINT32_MAX ? 1 : arguments->count;
    for (uint32_t received = 0; wanted == 0 || received < wanted; received++) {
        enum exit_status status = wait_once(client, arguments);
        if (status != EXIT_DONE)
            return status;
        if (wanted != 1 && (putchar('\n') == EOF || fflush(stdout) != 0)) {
            complain("cannot write to standard output");
            return EXIT_UNREACHABLE;
        }
    }
    return EXIT_DONE;
}

/* ---- Dispatching ---- */

/* Everything on standard input; the caller frees it. NULL: complained of it. */
static char *read_input(size_t *ret_bytes)
{
    size_t capacity = 65536, filled = 0;
    char *bytes = malloc(capacity);
    while (bytes) {
        filled += fread(bytes + filled, 1, capacity - filled, stdin);
        if (filled < capacity)
            break;
        capacity *= 2;
        char *more = capacity <= PAYLOAD_BYTES_MAX ? realloc(bytes, capacity) : NULL;
        if (!more)
            free(bytes);
        bytes = more;
    }
    if (!bytes)
        complain("dispatch: standard input has too much");
    else if (ferror(stdin))
        complain("dispatch: standard input cannot be read");
    else
        *ret_bytes = filled;
    if (bytes && ferror(stdin)) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

static enum exit_status tell(const struct warmstart_client_event *event)
{
    const char *name = warmstart_client_outcome_name(event->outcome);
    switch (event->outcome) {
    case WARMSTART_CLIENT_DELIVERED:
        printf("%s attempts=%u%s%s\n", name, event->attempts, *event->text ? " controller=" : "",
               event->text);
        return EXIT_DONE;
    case WARMSTART_CLIENT_UNCERTAIN:
        printf("%s attempts=%u\n", name, event->attempts);
        return EXIT_UNCERTAIN;
    case WARMSTART_CLIENT_REFUSED:
        complain("%s: %s", event->reason, event->text ? event->text : "");
        return EXIT_NOBODY;
    case WARMSTART_CLIENT_LOST:
    case WARMSTART_CLIENT_TIMEOUT:
    case WARMSTART_CLIENT_CANCELLED:
    case WARMSTART_CLIENT_SHUTDOWN:
    case WARMSTART_CLIENT_NO_MATCH:
        break;
    }
    printf("%s attempts=%u\n", name, event->attempts);
    return EXIT_NOBODY;
}

/* Until it is settled, whether the server is there or not: that has a time limit of its own. */
static enum exit_status settle(struct warmstart_client *client, warmstart_client_request request)
{
    struct warmstart_client_event event;
    bool told = false;
    for (;;) {
        int answer = warmstart_client_receive(client, -1, &event);
        if (answer < 0 && answer != WARMSTART_ERR_SYSTEM) {
            complain("%s", warmstart_strerror(answer));
            return EXIT_UNREACHABLE;
        }
        if (answer == 1 && event.type == WARMSTART_CLIENT_DISCONNECTED && !told) {
            complain("no server: %s", event.text);
            told = true;
        }
        if (answer == 1 && event.type == WARMSTART_CLIENT_SETTLED && event.request == request)
            break;
    }
    enum exit_status status = tell(&event);
    return told && status == EXIT_NOBODY ? EXIT_UNREACHABLE : status;
}

enum exit_status run_dispatch(struct warmstart_client *client, const struct arguments *arguments)
{
    struct warmstart_client_dispatch_options dispatch;
    warmstart_client_request request;
    char *input = NULL;
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.payload = arguments->payload;
    dispatch.payload_bytes = arguments->payload ? strlen(arguments->payload) : 0;
    if (!arguments->payload) {
        input = read_input(&dispatch.payload_bytes);
        if (!input)
            return EXIT_USAGE;
        dispatch.payload = input;
    }
    dispatch.metadata = arguments->metadata;
    dispatch.how = arguments->subset ? WARMSTART_MATCH_SUBSET : WARMSTART_MATCH_EXACT;
    dispatch.retry_uncertain = arguments->retry_uncertain;
    if (arguments->timeout_ms > 0)
        dispatch.timeout_ms = arguments->timeout_ms;
    if (arguments->attempts > 0)
        dispatch.attempts_max = arguments->attempts;
    int error = warmstart_client_dispatch(client, &dispatch, &request);
    free(input);
    if (error < 0) {
        complain("dispatch: %s", error == WARMSTART_ERR_INVALID ? "metadata has no control characters"
                                                                : warmstart_strerror(error));
        return error == WARMSTART_ERR_INVALID ? EXIT_USAGE : EXIT_UNREACHABLE;
    }
    return settle(client, request);
}
