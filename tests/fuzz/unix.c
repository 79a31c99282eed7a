/* SPDX-License-Identifier: MIT */
/*
 * The Unix-socket server with three clients. The input is a play: a byte says who does what; lines of the input
 * are what is said. Whatever is said, what the server says keeps to the protocol, payloads are the bytes that
 * were sent, nobody is told twice, and nothing is left at the end.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <warmstart/unix.h>

#include "connection.h"
#include "fuzz.h"

enum { CLIENTS = 3, HEARD_BYTES_MAX = 1 << 18, STEPS_MAX = 200 };

struct client {
    int fd;
    size_t heard_bytes;
    char last_id[40]; /* of the payload it was sent last */
    char heard[HEARD_BYTES_MAX];
};

static uint64_t now;
static struct client clients[CLIENTS];

static uint64_t read_clock(void *user)
{
    (void)user;
    return now;
}

static int on_drain(void *user, const struct warmstart_unix_drain_request *request)
{
    struct warmstart_unix_drain_options options;
    warmstart_unix_drain_options_init(&options);
    options.spread_ms = request->spread_ms < 5000 ? request->spread_ms : 5000;
    return warmstart_unix_drain(*(struct warmstart_unix **)user, &options);
}

static void settle(struct warmstart_loop *loop)
{
    for (int round = 0; round < 4 || warmstart_loop_timeout_ms(loop) == 0; round++) {
        fuzz_require(round < 10000);
        fuzz_require(warmstart_loop_process(loop) == 0);
    }
}

/* ---- What is heard ---- */

static const char *const replies[] = {"OK",        "ERR",       "PAYLOAD",   "DATA",     "OVER",
                                      "ENDED",     "TIMEOUT",   "DELIVERED", "NO_MATCH", "LOST",
                                      "UNCERTAIN", "CANCELLED", "SHUTDOWN"};

static bool is_reply(const char *line)
{
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        size_t bytes = strlen(replies[i]);
        if (strncmp(line, replies[i], bytes) == 0 && line[bytes] == ' ')
            return true;
    }
    return false;
}

/* The length of the line at the beginning and of its body; 0: not all of it is there. */
static size_t frame_bytes(struct client *client)
{
    char *end = memchr(client->heard, '\n', client->heard_bytes);
    size_t body_bytes = 0;
    if (end == NULL)
        return 0;
    *end = '\0';
    fuzz_require(is_reply(client->heard));
    fuzz_require(warmstart_unix_command_is_text(client->heard, (size_t)(end - client->heard)));
    bool has_body = sscanf(client->heard, "DATA %*s %zu", &body_bytes) == 1;
    if (sscanf(client->heard, "PAYLOAD %*s %39s %zu", client->last_id, &body_bytes) == 2)
        has_body = true;
    *end = '\n';
    size_t all = (size_t)(end - client->heard) + 1 + (has_body ? body_bytes + 1 : 0);
    if (all > client->heard_bytes)
        return 0;
    fuzz_require(client->heard[all - 1] == '\n');
    return all;
}

static void hear(struct client *client)
{
    if (client->fd < 0)
        return;
    ssize_t got = recv(client->fd, client->heard + client->heard_bytes, HEARD_BYTES_MAX - client->heard_bytes,
                       MSG_DONTWAIT);
    client->heard_bytes += got > 0 ? (size_t)got : 0;
    size_t bytes;
    while ((bytes = frame_bytes(client)) > 0) {
        client->heard_bytes -= bytes;
        memmove(client->heard, client->heard + bytes, client->heard_bytes);
    }
    if (got == 0) {
        fuzz_require(client->heard_bytes == 0);
        close(client->fd);
        client->fd = -1;
    }
}

/* ---- What is done ---- */

static void join(struct warmstart_unix *server, struct client *client)
{
    int pair[2];
    if (client->fd >= 0)
        return;
    fuzz_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    fuzz_require(warmstart_unix_connection_new(server, pair[0], WARMSTART_UNIX_ALL, NULL) == 0);
    client->fd = pair[1];
    client->heard_bytes = 0;
}

static void leave(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

static void say(struct client *client, const char *text, size_t bytes)
{
    if (client->fd >= 0)
        (void)!send(client->fd, text, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void say_about_payload(struct client *client, const char *verb)
{
    char line[64];
    int bytes = snprintf(line, sizeof(line), "%s x %s\n", verb, client->last_id);
    say(client, line, (size_t)bytes);
}

static void act(struct warmstart_unix *server, struct fuzz_stock *stock)
{
    uint8_t what = fuzz_byte(stock);
    struct client *client = &clients[what % CLIENTS];
    struct fuzz_line line;
    switch (what / CLIENTS % 12) {
    case 0:
        now += (uint64_t)fuzz_byte(stock) * 20000000;
        break;
    case 1:
        leave(client);
        break;
    case 2:
        if (client->fd >= 0)
            (void)shutdown(client->fd, SHUT_WR);
        break;
    case 3:
        say_about_payload(client, "ack");
        break;
    case 4:
        say_about_payload(client, "refuse");
        break;
    case 5:
        hear(client);
        break;
    case 6: /* without its end */
        line = fuzz_next_line(stock);
        say(client, line.text, line.bytes);
        break;
    default:
        join(server, client);
        line = fuzz_next_line(stock);
        say(client, line.text, line.bytes);
        say(client, "\n", 1);
        break;
    }
}

static struct warmstart_loop *new_loop(void)
{
    struct warmstart_loop *loop = NULL;
    struct warmstart_options manager;
    struct warmstart_loop_options options;
    warmstart_options_init(&manager);
    manager.hash_seed[0] = 1;
    manager.waiters_max = 20;
    manager.dispatches_max = 10;
    manager.field_sets_max = 10;
    manager.field_sets_idle_max = 2;
    warmstart_loop_options_init(&options);
    options.manager = &manager;
    options.clock = read_clock;
    fuzz_require(warmstart_loop_new(&options, &loop) == 0);
    return loop;
}

static void check_end(struct warmstart_loop *loop, const struct warmstart_unix *server)
{
    struct warmstart_stats stats = {.size = sizeof(stats)};
    fuzz_require(warmstart_get_stats(warmstart_loop_manager(loop), &stats) == 0);
    fuzz_require(stats.waiters == 0 && stats.dispatches == 0);
    struct warmstart_unix_stats unix_stats = {.size = sizeof(unix_stats)};
    fuzz_require(warmstart_unix_get_stats(server, &unix_stats) == 0);
    fuzz_require(unix_stats.connections == 0 && unix_stats.waits == 0 && unix_stats.dispatches == 0);
    fuzz_require(unix_stats.buffered_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct fuzz_stock stock = {data, bytes};
    static struct warmstart_unix *server;
    struct warmstart_unix_options options;
    struct warmstart_loop *loop = new_loop();
    warmstart_unix_options_init(&options);
    options.waits_per_connection_max = 8;
    options.dispatches_per_connection_max = 4;
    options.line_bytes_max = 256;
    options.body_bytes_max = 4096;
    options.buffered_bytes_max = 10000;
    options.idle_timeout_ms = 60000;
    options.on_drain = on_drain;
    options.on_drain_user = &server;
    fuzz_require(warmstart_unix_new(loop, &options, &server) == 0);
    now = 1000000000;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].fd = -1;
        memcpy(clients[i].last_id, "1", 2);
    }
    for (int step = 0; step < STEPS_MAX && stock.bytes > 0; step++) {
        act(server, &stock);
        settle(loop);
    }
    for (int i = 0; i < CLIENTS; i++) {
        hear(&clients[i]);
        leave(&clients[i]);
    }
    settle(loop);
    now += UINT64_C(86400000000000);
    settle(loop);
    check_end(loop, server);
    warmstart_unix_free(server);
    warmstart_loop_free(loop);
    return 0;
}
