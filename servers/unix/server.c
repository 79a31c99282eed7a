/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/un.h>

#include "connection.h"
#include "dispatch.h"
#include "drain.h"
#include "listener.h"
#include "peer.h"
#include "sized.h"
#include "wait.h"

#define CONNECTIONS_MAX UINT32_C(1048576)
#define LINE_BYTES_MIN  UINT32_C(256)
#define LINE_BYTES_MAX  UINT32_C(1048576)
#define BODY_BYTES_MAX  ((size_t)1 << 30)
#define MODE_MAX        UINT32_C(0777)
#define ALLOWED_MAX     ((size_t)65536)

/* ---- Options ---- */

static const struct warmstart_unix_options defaults = {
    .size = sizeof(defaults),
    .mode = 0660,
    .owner = (uid_t)-1,
    .group = (gid_t)-1,
    .lease_ms = 2000,
    .dispatch_timeout_ms = 1000,
    .attempts_max = 3,
    .connections_max = 4096,
    .waits_per_connection_max = 1024,
    .dispatches_per_connection_max = 1024,
    .line_bytes_max = 16384,
    .body_bytes_max = (size_t)8 << 20,
    .buffered_bytes_max = (size_t)256 << 20,
    .line_timeout_ms = 10000,
    .body_timeout_ms = 30000,
    .stall_timeout_ms = 10000,
};

void warmstart_unix_options_init_sized(struct warmstart_unix_options *options, size_t size)
{
    sized_write(options, size, &defaults, sizeof(defaults));
}

static bool is_within(uint64_t value, uint64_t least, uint64_t most)
{
    return value >= least && value <= most;
}

static bool is_list(const struct warmstart_unix_allowed *allowed)
{
    return (allowed->users || allowed->users_len == 0) && (allowed->groups || allowed->groups_len == 0) &&
           allowed->users_len <= ALLOWED_MAX && allowed->groups_len <= ALLOWED_MAX;
}

static bool options_are_valid(const struct warmstart_unix_options *options)
{
    return is_list(&options->wait) && is_list(&options->dispatch) && is_list(&options->operate) &&
           options->mode <= MODE_MAX && is_within(options->lease_ms, 1, TIMEOUT_MS_MAX) &&
           is_within(options->dispatch_timeout_ms, 1, TIMEOUT_MS_MAX) &&
           is_within(options->attempts_max, 1, COMMAND_ATTEMPTS_MAX) &&
           is_within(options->connections_max, 1, CONNECTIONS_MAX) &&
           options->connections_per_user_max <= CONNECTIONS_MAX &&
           is_within(options->waits_per_connection_max, 1, CONNECTIONS_MAX) &&
           is_within(options->dispatches_per_connection_max, 1, CONNECTIONS_MAX) &&
           is_within(options->line_bytes_max, LINE_BYTES_MIN, LINE_BYTES_MAX) &&
           options->body_bytes_max <= BODY_BYTES_MAX &&
           options->buffered_bytes_max >= options->body_bytes_max &&
           is_within(options->line_timeout_ms, 1, TIMEOUT_MS_MAX) &&
           is_within(options->body_timeout_ms, 1, TIMEOUT_MS_MAX) &&
           is_within(options->stall_timeout_ms, 1, TIMEOUT_MS_MAX) &&
           options->idle_timeout_ms <= TIMEOUT_MS_MAX;
}

/* ---- New and free ---- */

static const struct warmstart_transport_operations operations = {
    .size = sizeof(operations),
    .name = "unix",
    .deliver = warmstart_unix_wait_deliver,
    .ended = warmstart_unix_wait_ended,
    .settled = warmstart_unix_dispatch_settled,
};

static int seed(struct hash_key *key)
{
    uint64_t words[2];
    ssize_t got;
    do
        got = getrandom(words, sizeof(words), 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(words))
        return WARMSTART_ERR_SYSTEM;
    warmstart_hash_key_init(key, words);
    return 0;
}

static int start(struct warmstart_unix *server)
{
    int error = warmstart_unix_allowed_copy(&server->options);
    if (error == 0)
        error = seed(&server->hash_key);
    server->scratch_bytes = server->options.line_bytes_max + READ_BYTES;
    server->scratch = malloc(server->scratch_bytes);
    server->budget = warmstart_unix_budget_new(server->options.buffered_bytes_max);
    if (error == 0 && (!server->scratch || !server->budget))
        error = WARMSTART_ERR_MEMORY;
    if (error == 0)
        error = warmstart_acceptors_prepare(&server->acceptors);
    if (error == 0)
        error = warmstart_unix_deadlines_init(server);
    if (error == 0)
        error = warmstart_unix_connections_init(server);
    if (error == 0)
        error = warmstart_loop_attach(server->loop, &server->transport, &operations);
    return error;
}

int warmstart_unix_new(struct warmstart_loop *loop, const struct warmstart_unix_options *options,
                       struct warmstart_unix **ret_server)
{
    struct warmstart_unix_options copy = defaults;
    if (!loop || !ret_server)
        return WARMSTART_ERR_INVALID;
    if (sized_read(&copy, sizeof(copy), options, sizeof(copy)) < 0)
        return WARMSTART_ERR_UNSUPPORTED;
    if (!options_are_valid(&copy))
        return WARMSTART_ERR_INVALID;
    struct warmstart_unix *server = calloc(1, sizeof(*server));
    if (!server)
        return WARMSTART_ERR_MEMORY;
    server->loop = loop;
    server->options = copy;
    warmstart_acceptors_init(&server->acceptors, loop, &warmstart_unix_acceptor_calls);
    link_init(&server->connections);
    link_init(&server->waits);
    link_init(&server->dispatches);
    warmstart_memory_init(&server->memory, &(struct warmstart_allocator){0});
    warmstart_table_init(&server->tags, &server->memory);
    warmstart_table_init(&server->payload_ids, &server->memory);
    warmstart_unix_drain_init(server);
    int error = start(server);
    if (error < 0) {
        warmstart_unix_free(server);
        return error;
    }
    *ret_server = server;
    return 0;
}

void warmstart_unix_free(struct warmstart_unix *server)
{
    if (!server)
        return;
    int saved = errno;
    server->closing = true;
    warmstart_acceptors_deinit(&server->acceptors);
    if (server->transport.loop) {
        warmstart_unix_connections_deinit(server);
        warmstart_unix_dispatches_abandon(server);
        int error = warmstart_loop_detach(&server->transport);
        assert(error == 0);
        (void)error;
    }
    warmstart_loop_timer_cancel(server->loop, &server->busy_timer);
    warmstart_unix_drain_deinit(server);
    warmstart_unix_deadlines_deinit(server);
    warmstart_table_deinit(&server->tags);
    warmstart_table_deinit(&server->payload_ids);
    warmstart_unix_allowed_free(&server->options);
    warmstart_unix_budget_drop(server->budget);
    free(server->scratch);
    free(server);
    errno = saved;
}

/* ---- Listening ---- */

static bool are_rights(unsigned rights)
{
    return rights > 0 && rights <= WARMSTART_UNIX_ALL;
}

int warmstart_unix_listen(struct warmstart_unix *server, const char *path, unsigned rights)
{
    const size_t path_bytes_max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    if (!server || !path || !are_rights(rights))
        return WARMSTART_ERR_INVALID;
    size_t path_bytes = strlen(path);
    /* The empty abstract name is not one: the kernel would choose another. */
    if (path_bytes == 0 || path_bytes > path_bytes_max || (path[0] == '@' && path_bytes == 1))
        return WARMSTART_ERR_INVALID;
    return warmstart_unix_listener_new(server, path, rights);
}

int warmstart_unix_listen_fd(struct warmstart_unix *server, int fd, unsigned rights)
{
    if (!server || fd < 0 || !are_rights(rights))
        return WARMSTART_ERR_INVALID;
    return warmstart_unix_listener_adopt(server, fd, rights);
}

/* ---- Statistics ---- */

int warmstart_unix_get_stats(const struct warmstart_unix *server, struct warmstart_unix_stats *stats)
{
    if (!server || !stats || stats->size < sizeof(stats->size))
        return WARMSTART_ERR_INVALID;
    const struct counters *counters = &server->counters;
    struct warmstart_unix_stats all = {
        .size = stats->size,
        .connections = counters->connections,
        .connections_total = counters->connections_total,
        .connections_refused_total = counters->connections_refused_total,
        .waits = server->transport.waiters,
        .dispatches = server->transport.dispatches,
        .buffered_bytes = server->budget->bytes,
        .commands_total = counters->commands_total,
        .errors_total = counters->errors_total,
        .payloads_total = counters->payloads_total,
        .acknowledged_total = counters->acknowledged_total,
        .refused_total = counters->refused_total,
        .overdue_total = counters->overdue_total,
        .stalled_total = counters->stalled_total,
        .timeouts_total = counters->timeouts_total,
    };
    sized_write(stats, stats->size, &all, sizeof(all));
    return 0;
}
