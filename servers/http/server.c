/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "answer.h"
#include "auth.h"
#include "cell.h"
#include "deadline.h"
#include "dispatch.h"
#include "drain.h"
#include "headers.h"
#include "held_poll.h"
#include "linger.h"
#include "listener.h"
#include "peers.h"
#include "sized.h"
#include "tls.h"
#include "turn_away.h"
#include "turns.h"

#define ADDRESSES_MAX 32 /* of one name */

#define CONNECTIONS_MAX      UINT32_C(1048576)
#define HEADER_BYTES_MIN     UINT32_C(1024)
#define HEADER_BYTES_MAX     UINT32_C(16384)
#define BODY_BYTES_MAX       ((size_t)1 << 30)
#define ATTEMPTS_MAX         UINT32_C(1000)
#define KEEPALIVE_S_MAX      UINT32_C(3600)
#define KEEPALIVE_PROBES_MAX UINT32_C(100)
#define OPTIONS_BYTES_OLDEST offsetof(struct warmstart_http_options, on_metrics)

uint64_t warmstart_http_clock(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* ---- Options ---- */

static const struct warmstart_http_options defaults = {
    .size = sizeof(defaults),
    .connection_timeout_ms = 30000,
    .keepalive_ms = 300000,
    .match_margin_ms = 250,
    .connections_max = 16384,
    .header_bytes_max = 4096,
    .body_bytes_max = (size_t)8 << 20,
    .dispatch_timeout_ms = 1000,
    .attempts_max = 3,
    .header_timeout_ms = 10000,
    .body_timeout_ms = 30000,
    .idle_timeout_ms = 60000,
    .tcp_keepalive_idle_s = 5,
    .tcp_keepalive_interval_s = 2,
    .tcp_keepalive_probes = 2,
    .confirm_timeout_ms = 200,
    .confirm_linger_ms = 5,
    .ack_timeout_ms = 2000,
    .buffered_bytes_max = (size_t)256 << 20,
};

void warmstart_http_options_init_sized(struct warmstart_http_options *options, size_t size)
{
    sized_write(options, size, &defaults, sizeof(defaults));
}

static bool is_within(uint64_t value, uint64_t least, uint64_t most)
{
    return value >= least && value <= most;
}

static bool options_are_valid(const struct warmstart_http_options *options)
{
    return is_within(options->connection_timeout_ms, 1, TIMEOUT_MS_MAX) &&
           options->match_margin_ms < options->connection_timeout_ms &&
           is_within(options->connections_max, 1, CONNECTIONS_MAX) &&
           is_within(options->header_bytes_max, HEADER_BYTES_MIN, HEADER_BYTES_MAX) &&
           is_within(options->body_bytes_max, 1, BODY_BYTES_MAX) &&
           options->buffered_bytes_max >= options->body_bytes_max &&
           is_within(options->dispatch_timeout_ms, 1, TIMEOUT_MS_MAX) &&
           is_within(options->attempts_max, 1, ATTEMPTS_MAX) &&
           is_within((uint64_t)options->token_mode, WARMSTART_HTTP_TOKEN_DISABLED,
                     WARMSTART_HTTP_TOKEN_ENFORCE) &&
           is_within(options->header_timeout_ms, 1, TIMEOUT_MS_MAX) &&
           is_within(options->body_timeout_ms, 1, TIMEOUT_MS_MAX) &&
           is_within(options->idle_timeout_ms, 1, TIMEOUT_MS_MAX) &&
           is_within(options->connections_per_address_max, 0, CONNECTIONS_MAX) &&
           is_within(options->tcp_keepalive_idle_s, 0, KEEPALIVE_S_MAX) &&
           is_within(options->tcp_keepalive_interval_s, 1, KEEPALIVE_S_MAX) &&
           is_within(options->tcp_keepalive_probes, 1, KEEPALIVE_PROBES_MAX);
}

/* ---- New and free ---- */

static const struct warmstart_transport_operations operations = {
    .size = sizeof(operations),
    .name = "http",
    .deliver = warmstart_http_poll_deliver,
    .ended = warmstart_http_poll_ended,
    .settled = warmstart_http_dispatch_settled,
};

static int start(struct warmstart_http *http)
{
    int error = warmstart_http_answers_new(http);
    http->headers_memory = calloc(1, sizeof(*http->headers_memory));
    if (error == 0 && !http->headers_memory)
        error = WARMSTART_ERR_MEMORY;
    if (error == 0)
        error = warmstart_http_auth_new(http);
    if (error == 0)
        error = warmstart_http_tls_new(http);
    if (error == 0)
        error = warmstart_acceptors_prepare(&http->acceptors);
    if (error == 0)
        error = warmstart_http_peers_init(http);
    if (error == 0)
        error = warmstart_http_deadlines_init(http);
    if (error == 0)
        error = warmstart_http_turns_init(http);
    if (error == 0)
        error = warmstart_loop_attach(http->loop, &http->transport, &operations);
    /* The first cell at once: whether libmicrohttpd can do this at all is to be known now. */
    if (error == 0)
        error = warmstart_http_cell_new(http, http->tls != NULL);
    return error;
}

int warmstart_http_new(struct warmstart_loop *loop, const struct warmstart_http_options *options,
                       struct warmstart_http **ret_http)
{
    struct warmstart_http_options copy = defaults;
    if (!loop || !ret_http)
        return WARMSTART_ERR_INVALID;
    if (sized_read(&copy, sizeof(copy), options, OPTIONS_BYTES_OLDEST) < 0)
        return WARMSTART_ERR_UNSUPPORTED;
    if (!options_are_valid(&copy))
        return WARMSTART_ERR_INVALID;
    struct warmstart_http *http = calloc(1, sizeof(*http));
    if (!http)
        return WARMSTART_ERR_MEMORY;
    http->loop = loop;
    http->options = copy;
    warmstart_acceptors_init(&http->acceptors, loop, &warmstart_http_acceptor_calls);
    warmstart_http_drain_init(http);
    link_init(&http->cells_roomy[0]);
    link_init(&http->cells_roomy[1]);
    link_init(&http->cells_full);
    link_init(&http->polls);
    link_init(&http->dispatches);
    link_init(&http->lingerers);
    int error = start(http);
    if (error < 0) {
        warmstart_http_free(http);
        return error;
    }
    *ret_http = http;
    return 0;
}

static void free_cells(struct link *cells)
{
    while (!link_is_empty(cells)) {
        struct cell *cell = (struct cell *)cells->next;
        warmstart_http_cell_flush(cell);
        warmstart_http_cell_free(cell);
    }
}

void warmstart_http_free(struct warmstart_http *http)
{
    if (!http)
        return;
    int saved = errno;
    http->closing = true;
    warmstart_acceptors_deinit(&http->acceptors);
    warmstart_http_turns_deinit(http);
    if (http->transport.loop) {
        warmstart_http_poll_cancel_all(http);
        warmstart_http_dispatch_abandon_all(http);
        int error = warmstart_loop_detach(&http->transport);
        assert(error == 0);
        (void)error;
    }
    /* All that was held has been resumed by now, as libmicrohttpd wants it before it is stopped. */
    assert(link_is_empty(&http->polls) && link_is_empty(&http->dispatches));
    free_cells(&http->cells_full);
    free_cells(&http->cells_roomy[0]);
    free_cells(&http->cells_roomy[1]);
    warmstart_http_linger_free(http);
    warmstart_http_drain_deinit(http);
    warmstart_http_deadlines_deinit(http);
    warmstart_http_peers_deinit(http);
    warmstart_http_answers_free(http);
    warmstart_http_auth_free(http);
    warmstart_http_tls_free(http);
    free(http->headers_memory);
    free(http);
    errno = saved;
}

/* ---- Listening ---- */

static int listen_unix(struct warmstart_http *http, const struct address *address,
                       enum warmstart_http_role role, struct acceptor **ret_acceptor)
{
    return warmstart_http_listener_new(http, (const struct sockaddr *)&address->path, sizeof(address->path),
                                       role, ret_acceptor);
}

static void set_port(struct sockaddr *address, const struct sockaddr_storage *like)
{
    /* Both families keep the port in the same place. */
    const struct sockaddr_in *from = (const struct sockaddr_in *)like;
    ((struct sockaddr_in *)(void *)address)->sin_port = from->sin_port;
}

/* A host's addresses of a family that this machine does not have are no reason to fail. */
static bool is_absent(int error)
{
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

/* Listens on every address of a host, all on the port that the first one got. */
static int listen_all(struct warmstart_http *http, struct addrinfo *list, enum warmstart_http_role role,
                      struct acceptor **ret_first)
{
    struct acceptor *acceptors[ADDRESSES_MAX];
    size_t len = 0;
    int error = WARMSTART_ERR_INVALID;
    for (struct addrinfo *one = list; one && len < ADDRESSES_MAX; one = one->ai_next) {
        struct sockaddr_storage first;
        if (len > 0) {
            warmstart_http_listener_address(acceptors[0], &first);
            set_port(one->ai_addr, &first);
        }
        error = warmstart_http_listener_new(http, one->ai_addr, one->ai_addrlen, role, &acceptors[len]);
        if (error == 0)
            len++;
        else if (error != WARMSTART_ERR_SYSTEM || !is_absent(errno))
            break;
    }
    bool only_absent = error == WARMSTART_ERR_SYSTEM && is_absent(errno);
    if (len > 0 && (error == 0 || only_absent)) {
        *ret_first = acceptors[0];
        return 0;
    }
    while (len > 0)
        warmstart_acceptor_free(acceptors[--len]);
    return error;
}

static int listen_host(struct warmstart_http *http, const struct address *address,
                       enum warmstart_http_role role, struct acceptor **ret_acceptor)
{
    struct addrinfo *list;
    int error = warmstart_http_address_resolve(address, &list);
    if (error < 0)
        return error;
    error = listen_all(http, list, role, ret_acceptor);
    int saved = errno;
    freeaddrinfo(list);
    errno = saved;
    return error;
}

static void write_url(const struct warmstart_http *http, const struct acceptor *acceptor, char *ret_url,
                      size_t url_bytes)
{
    struct sockaddr_storage real;
    if (!ret_url || url_bytes == 0)
        return;
    warmstart_http_listener_address(acceptor, &real);
    warmstart_http_address_url((const struct sockaddr *)&real, http->tls != NULL, ret_url, url_bytes);
}

int warmstart_http_listen(struct warmstart_http *http, const char *address, enum warmstart_http_role role,
                          char *ret_url, size_t url_bytes)
{
    struct address parsed;
    if (!http || !address || !is_within((uint64_t)role, WARMSTART_HTTP_POLL, WARMSTART_HTTP_ALL) ||
        warmstart_http_address_read(address, &parsed) < 0)
        return WARMSTART_ERR_INVALID;
    struct acceptor *acceptor = NULL;
    int error = parsed.is_unix ? listen_unix(http, &parsed, role, &acceptor)
                               : listen_host(http, &parsed, role, &acceptor);
    if (error == 0)
        write_url(http, acceptor, ret_url, url_bytes);
    return error;
}

int warmstart_http_listen_fd(struct warmstart_http *http, int fd, enum warmstart_http_role role,
                             char *ret_url, size_t url_bytes)
{
    if (!http || fd < 0 || !is_within((uint64_t)role, WARMSTART_HTTP_POLL, WARMSTART_HTTP_ALL))
        return WARMSTART_ERR_INVALID;
    struct acceptor *acceptor;
    int error = warmstart_http_listener_adopt(http, fd, role, &acceptor);
    if (error == 0)
        write_url(http, acceptor, ret_url, url_bytes);
    return error;
}

/* ---- Statistics ---- */

int warmstart_http_get_stats(const struct warmstart_http *http, struct warmstart_http_stats *stats)
{
    if (!http || !stats || stats->size < sizeof(stats->size))
        return WARMSTART_ERR_INVALID;
    struct warmstart_http_stats all = {
        .size = stats->size,
        .connections = http->counters.connections,
        .connections_total = http->counters.connections_total,
        .connections_refused_total = http->counters.connections_refused_total,
        .held = http->polls_len,
        .cells = http->cells_len,
    };
    sized_write(stats, stats->size, &all, sizeof(all));
    return 0;
}
