/* SPDX-License-Identifier: MIT */
#include "state.h"

#include "sized.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS_MAX       1048576
#define FIRST_OPTIONS_SIZE sizeof(struct warmstart_client_options)

uint64_t warmstart_client_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static const struct warmstart_client_options defaults = {
    .size = sizeof(struct warmstart_client_options),
    .reconnect_min_ms = 20,
    .reconnect_max_ms = 2000,
    .answer_timeout_ms = 1000,
    .requests_max = 65536,
    .payload_bytes_max = (size_t)8 << 20,
    .buffered_bytes_max = (size_t)64 << 20,
};

void warmstart_client_options_init_sized(struct warmstart_client_options *options, size_t size)
{
    sized_write(options, size, &defaults, sizeof(defaults));
}

static bool are_valid(const struct warmstart_client_options *options)
{
    return options->path && options->path[0] != '\0' && strlen(options->path) <= PATH_BYTES_MAX &&
           strcmp(options->path, "@") != 0 && options->reconnect_min_ms > 0 &&
           options->reconnect_min_ms <= options->reconnect_max_ms &&
           options->reconnect_max_ms <= TIMEOUT_MS_MAX && options->answer_timeout_ms <= TIMEOUT_MS_MAX &&
           options->requests_max > 0 && options->requests_max <= REQUESTS_MAX &&
           options->payload_bytes_max < SIZE_MAX / 4 && options->buffered_bytes_max > 0 &&
           options->buffered_bytes_max < SIZE_MAX / 4;
}

int warmstart_client_new(const struct warmstart_client_options *options, struct warmstart_client **ret_client)
{
    if (!options || !ret_client)
        return WARMSTART_ERR_INVALID;
    struct warmstart_client_options known = defaults;
    int error = sized_read(&known, sizeof(known), options, FIRST_OPTIONS_SIZE);
    if (error < 0)
        return error;
    if (!are_valid(&known))
        return WARMSTART_ERR_INVALID;
    struct warmstart_client *client = calloc(1, sizeof(*client));
    if (!client)
        return WARMSTART_ERR_MEMORY;
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (client->epoll < 0) {
        free(client);
        return WARMSTART_ERR_SYSTEM;
    }
    client->options = known;
    strcpy(client->path, known.path);
    client->options.path = client->path;
    client->fd = -1;
    client->free_first = client->done = NONE;
    client->queued = client->events = (struct list){NONE, NONE};
    client->next_deadline = WARMSTART_NEVER;
    client->pause_ms = known.reconnect_min_ms;
    if (!warmstart_client_link_init(client)) {
        warmstart_client_free(client);
        return WARMSTART_ERR_MEMORY;
    }
    *ret_client = client;
    return 0;
}

void warmstart_client_free(struct warmstart_client *client)
{
    if (!client)
        return;
    for (uint32_t slot = 0; slot < client->requests_len; slot++) {
        if (client->requests[slot]->kind != KIND_FREE)
            warmstart_client_request_free(client, client->requests[slot]);
        free(client->requests[slot]);
    }
    free(client->requests);
    warmstart_client_buffer_free(&client->in);
    warmstart_client_buffer_free(&client->out);
    if (client->fd >= 0)
        close(client->fd);
    close(client->epoll);
    free(client);
}

int warmstart_client_fd(const struct warmstart_client *client)
{
    return client->epoll;
}

int warmstart_client_is_connected(const struct warmstart_client *client)
{
    return client->fd >= 0;
}

/* Is there something to be sent, and room for it as far as we know? */
static bool can_send(const struct warmstart_client *client)
{
    bool unsent = client->queued.first != NONE || client->out.start < client->out.end;
    return client->fd >= 0 && unsent && !client->writing && !client->broken;
}

int warmstart_client_due_ms(const struct warmstart_client *client)
{
    if (can_send(client))
        return 0;
    uint64_t at = client->next_deadline;
    if (client->fd < 0 && client->connect_at < at)
        at = client->connect_at;
    if (at == WARMSTART_NEVER)
        return -1;
    uint64_t now = warmstart_client_now();
    if (at <= now)
        return 0;
    uint64_t ms = (at - now + MILLISECOND_NS - 1) / MILLISECOND_NS;
    return ms < TIMEOUT_MS_MAX ? (int)ms : TIMEOUT_MS_MAX;
}

int warmstart_client_timeout_ms(const struct warmstart_client *client)
{
    return client->events.first != NONE ? 0 : warmstart_client_due_ms(client);
}

int warmstart_client_process(struct warmstart_client *client)
{
    if (!client)
        return WARMSTART_ERR_INVALID;
    warmstart_client_enter(client);
    uint64_t now = warmstart_client_now();
    int error = warmstart_client_exchange(client, now);
    if (error < 0)
        warmstart_client_disconnect(client, "out of memory", now);
    warmstart_client_requests_due(client, now);
    return error;
}

const char *warmstart_client_outcome_name(enum warmstart_client_outcome outcome)
{
    switch (outcome) {
    case WARMSTART_CLIENT_DELIVERED:
        return "delivered";
    case WARMSTART_CLIENT_LOST:
        return "lost";
    case WARMSTART_CLIENT_UNCERTAIN:
        return "uncertain";
    case WARMSTART_CLIENT_TIMEOUT:
        return "timeout";
    case WARMSTART_CLIENT_CANCELLED:
        return "cancelled";
    case WARMSTART_CLIENT_SHUTDOWN:
        return "shutdown";
    case WARMSTART_CLIENT_NO_MATCH:
        return "no_match";
    case WARMSTART_CLIENT_REFUSED:
        return "refused";
    }
    return "unknown";
}
