/* SPDX-License-Identifier: MIT */
/*
 * What clients may send to an HTTP server that is alive, over socket pairs, on a clock that is moved by hand.
 * The first byte chooses options. Of the others, control bytes are commands (enum command), all the rest are
 * bytes that the present client sends.
 *
 * What must hold: answers are whole and well-formed; a payload that a poll gets was sent by somebody; nobody is
 * told true more often than payloads have arrived; and when clients only wait, everything comes to its end.
 */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <warmstart/http.h>

#include "cell.h"
#include "fuzz.h"

enum { CLIENTS = 4, RECEIVED_MAX = 1 << 17, SETTLE_ROUNDS = 100000, PATIENCE = 4096 };

#define SECRET         "a secret that nobody uses"
#define DISPATCH_TOKEN "let-me-in"
#define STEP_NS        (UINT64_C(61) * SECOND_NS) /* longer than every limit of the server */

/* Tab, line feed and carriage return are bytes to send. */
enum command {
    COMMAND_CLIENT_FIRST = 1, /* 1 to 4: from now on this client, which connects if it has not */
    COMMAND_CLIENT_LAST = 4,
    COMMAND_CLOSE = 5,  /* it closes */
    COMMAND_FINISH = 6, /* it will send no more */
    COMMAND_PASS = 7,   /* time passes; the next byte says how much */
    COMMAND_TURN = 8,   /* the server goes on once */
    COMMAND_DRAIN = 11,
    COMMAND_SECRETS = 12 /* the secrets are replaced by themselves */
};

struct client {
    int fd; /* -1: none */
    char *received;
    size_t received_bytes;
    bool closed;   /* by the server */
    uint8_t *sent; /* over all its connections */
    size_t sent_bytes;
};

struct world {
    struct warmstart_loop *loop;
    struct warmstart_http *http;
    uint64_t now;
    struct client clients[CLIENTS];
    struct client *client; /* the present one */
    size_t bytes;          /* of the input: nobody sends more */
    uint64_t trues;        /* answers that say true */
    uint64_t payloads;     /* that have arrived */
    bool plain;            /* it can be told which answers are payloads, and where each ends */
    bool careful;          /* true is not said of what is uncertain */
};

/* ---- What the server answers ---- */

/* The value of Content-Length, -1: there is none. */
static long content_length(const char *head)
{
    const char *line = strcasestr(head, "\r\ncontent-length:");
    return line != NULL ? strtol(line + 17, NULL, 10) : -1;
}

static bool is_known_status(int status)
{
    static const int known[] = {100, 200, 202, 204, 307, 400, 401, 403, 404, 405, 406, 408, 409,
                                410, 413, 414, 415, 417, 422, 429, 431, 500, 501, 503, 505};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i] == status)
            return true;
    return false;
}

static bool begins_with(const char *text, size_t bytes, const char *begin)
{
    return bytes >= strlen(begin) && memcmp(text, begin, strlen(begin)) == 0;
}

/* Has somebody sent this? */
static bool was_sent(const struct world *world, const char *text, size_t bytes)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct client *client = &world->clients[i];
        if (client->sent_bytes > 0 && memmem(client->sent, client->sent_bytes, text, bytes) != NULL)
            return true;
    }
    return false;
}

/*
 * Errors are JSON, but for those that libmicrohttpd finds, and for not being ready (503). What else a request is
 * answered is one of a few texts, or a payload.
 */
static void check_body(struct world *world, int status, const char *body, size_t bytes)
{
    json_t *tree = json_loadb(body, bytes, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    if (status >= 400 && !begins_with(body, bytes, "<html>"))
        fuzz_require(json_is_string(json_object_get(json_object_get(tree, "error"), "code")) ||
                     status == 503);
    json_decref(tree);
    if (status != 200)
        return;
    if (begins_with(body, bytes, "{\"didWarmStart\":"))
        world->trues += begins_with(body, bytes, "{\"didWarmStart\":true");
    else if (bytes > 0 && was_sent(world, body, bytes))
        world->payloads++;
    else
        fuzz_require(tree != NULL || body[0] == '#' || bytes < 64);
}

/*
 * libmicrohttpd 0.9.75 begins twice to say that a Content-Length is no number, or too large; then it closes.
 * True: this is the first beginning.
 */
static bool is_begun_again(int status, const char *body, size_t bytes)
{
    return status >= 400 && begins_with(body, bytes, "HTTP/1.1 4");
}

/* Takes one answer off what was received. False: it is not whole yet. */
static bool take_answer(struct world *world, struct client *client)
{
    client->received[client->received_bytes] = '\0';
    char *end = memmem(client->received, client->received_bytes, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    size_t head_bytes = (size_t)(end - client->received) + 4;
    fuzz_require(begins_with(client->received, head_bytes, "HTTP/1."));
    int status = (int)strtol(client->received + 9, NULL, 10);
    fuzz_require(is_known_status(status));
    char after = end[4];
    end[4] = '\0';
    long length = content_length(client->received);
    end[4] = after;
    bool bodiless = status < 200 || status == 204;
    fuzz_require(bodiless || length >= 0);
    size_t bytes = bodiless ? 0 : (size_t)length;
    if (client->received_bytes - head_bytes < bytes)
        return false;
    if (is_begun_again(status, end + 4, bytes))
        bytes = 0;
    else
        check_body(world, status, end + 4, bytes);
    client->received_bytes -= head_bytes + bytes;
    memmove(client->received, end + 4 + bytes, client->received_bytes);
    return true;
}

/* Takes what has come. False: nothing has. */
static bool receive_some(struct world *world, struct client *client)
{
    ssize_t got = recv(client->fd, client->received + client->received_bytes,
                       RECEIVED_MAX - client->received_bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got <= 0)
        client->closed = true;
    else
        client->received_bytes += (size_t)got;
    while (world->plain && client->received_bytes > 0 && take_answer(world, client))
        continue;
    if (!world->plain)
        client->received_bytes = 0;
    fuzz_require(client->received_bytes < RECEIVED_MAX);
    return true;
}

static void receive(struct world *world, struct client *client)
{
    while (client->fd >= 0 && !client->closed && receive_some(world, client))
        continue;
}

/* ---- The server ---- */

static uint64_t clock_of(void *user)
{
    return ((struct world *)user)->now;
}

static void turn(struct world *world)
{
    fuzz_require(warmstart_loop_process(world->loop) == 0);
    for (size_t i = 0; i < CLIENTS; i++)
        receive(world, &world->clients[i]);
}

/* Until the server has nothing more to do at this moment. */
static void settle(struct world *world)
{
    struct pollfd asked = {.fd = warmstart_loop_fd(world->loop), .events = POLLIN};
    int idle = 0;
    for (int round = 0; idle < 2; round++) {
        fuzz_require(round < SETTLE_ROUNDS);
        bool busy = warmstart_loop_timeout_ms(world->loop) == 0 || poll(&asked, 1, 0) > 0;
        turn(world);
        idle = busy ? 0 : idle + 1;
    }
}

static void write_nothing(void *user, enum warmstart_log_level level, const char *event,
                          const struct warmstart_log_field *fields, size_t fields_len)
{
    (void)user;
    (void)level;
    fuzz_require(event[0] != '\0');
    for (size_t i = 0; i < fields_len; i++)
        fuzz_require(fields[i].name[0] != '\0');
}

static void choose_options(struct warmstart_http_options *options, uint8_t choice)
{
    warmstart_http_options_init(options);
    options->token_mode = (enum warmstart_http_token_mode)((choice & 3) % 3);
    options->token_secret = SECRET;
    options->token_secret_bytes = strlen(SECRET);
    if (choice & 4) {
        options->dispatch_token = DISPATCH_TOKEN;
        options->dispatch_token_bytes = strlen(DISPATCH_TOKEN);
    }
    options->on_uncertain = (enum warmstart_http_uncertain)((choice >> 3 & 3) % 3);
    options->confirm = choice & 32 ? WARMSTART_HTTP_CONFIRM_WRITE : WARMSTART_HTTP_CONFIRM_ACK;
    if (choice & 64) {
        options->header_bytes_max = 1024;
        options->body_bytes_max = 1024;
    }
    if (choice & 128)
        options->keepalive_ms = 0;
}

static void world_open(struct world *world, uint8_t choice)
{
    static const struct warmstart_logger logger = {.level = WARMSTART_LOG_DEBUG, .write = write_nothing};
    struct warmstart_loop_options loop_options;
    struct warmstart_http_options options;
    warmstart_loop_options_init(&loop_options);
    loop_options.clock = clock_of;
    loop_options.clock_user = world;
    choose_options(&options, choice);
    options.logger = &logger;
    world->careful = options.on_uncertain != WARMSTART_HTTP_UNCERTAIN_TRUE;
    world->now = UINT64_C(1000) * SECOND_NS;
    fuzz_require(warmstart_loop_new(&loop_options, &world->loop) == 0);
    fuzz_require(warmstart_http_new(world->loop, &options, &world->http) == 0);
    for (size_t i = 0; i < CLIENTS; i++)
        world->clients[i].fd = -1;
}

static uint64_t connections(const struct world *world)
{
    struct warmstart_http_stats stats = {.size = sizeof(stats)};
    fuzz_require(warmstart_http_get_stats(world->http, &stats) == 0);
    fuzz_require(stats.held <= stats.connections);
    return stats.connections;
}

/* Clients only wait, and every request and connection comes to its end by the server's own limits. */
static void world_wait_for_the_end(struct world *world)
{
    struct warmstart_stats stats = {.size = sizeof(stats)};
    settle(world);
    for (int i = 0; i < PATIENCE && connections(world) > 0; i++) {
        world->now += STEP_NS;
        settle(world);
    }
    fuzz_require(connections(world) == 0);
    fuzz_require(warmstart_get_stats(warmstart_loop_manager(world->loop), &stats) == 0);
    fuzz_require(stats.waiters == 0 && stats.dispatches == 0);
    if (!world->plain)
        return;
    fuzz_require(!world->careful || world->trues <= world->payloads);
    for (size_t i = 0; i < CLIENTS; i++)
        fuzz_require(world->clients[i].received_bytes == 0);
}

static void world_close(struct world *world)
{
    warmstart_http_free(world->http);
    warmstart_loop_free(world->loop);
    for (size_t i = 0; i < CLIENTS; i++) {
        if (world->clients[i].fd >= 0)
            close(world->clients[i].fd);
        free(world->clients[i].received);
        free(world->clients[i].sent);
    }
}

/* ---- Clients ---- */

static void client_open(struct world *world, struct client *client)
{
    int pair[2];
    struct sockaddr_un nowhere = {.sun_family = AF_UNIX};
    if (client->received == NULL) {
        client->received = malloc(RECEIVED_MAX + 1);
        client->sent = malloc(world->bytes + 1);
    }
    fuzz_require(client->received != NULL && client->sent != NULL);
    client->received_bytes = 0;
    client->closed = false;
    fuzz_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    client->fd = pair[0];
    fuzz_require(warmstart_http_cell_add(world->http, pair[1], (const struct sockaddr *)&nowhere,
                                         sizeof(nowhere.sun_family), WARMSTART_HTTP_ALL, false) == 0);
}

/* An answer that was cut off by closing is nobody's fault. */
static void client_close(struct world *world, struct client *client)
{
    receive(world, client);
    close(client->fd);
    client->fd = -1;
    client->received_bytes = 0;
}

static void client_send(struct world *world, const uint8_t *data, size_t bytes)
{
    struct client *client = world->client;
    while (bytes > 0 && client->fd >= 0 && !client->closed) {
        ssize_t sent = send(client->fd, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0)
            return;
        memcpy(client->sent + client->sent_bytes, data, (size_t)sent);
        client->sent_bytes += (size_t)sent;
        data += sent;
        bytes -= (size_t)sent;
        settle(world);
    }
}

static bool is_command(uint8_t byte)
{
    return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
}

static void obey(struct world *world, uint8_t command, struct fuzz_stock *stock)
{
    static const uint16_t times_ms[] = {1, 5, 50, 200, 1000, 2500, 10000, 29750};
    struct client *client = world->client;
    if (command >= COMMAND_CLIENT_FIRST && command <= COMMAND_CLIENT_LAST) {
        world->client = &world->clients[command - COMMAND_CLIENT_FIRST];
        if (world->client->fd < 0)
            client_open(world, world->client);
    } else if (command == COMMAND_CLOSE && client->fd >= 0) {
        client_close(world, client);
    } else if (command == COMMAND_FINISH && client->fd >= 0) {
        (void)shutdown(client->fd, SHUT_WR);
    } else if (command == COMMAND_PASS) {
        world->now += times_ms[fuzz_byte(stock) % 8] * MILLISECOND_NS;
        settle(world);
    } else if (command == COMMAND_TURN) {
        turn(world);
    } else if (command == COMMAND_DRAIN) {
        (void)warmstart_http_drain(world->http, NULL);
    } else if (command == COMMAND_SECRETS) {
        (void)warmstart_http_set_secrets(world->http, SECRET, strlen(SECRET), NULL, 0);
    }
}

/* Answers to HEAD have no body, chunks cut messages into pieces, and a message may look like an answer. */
static bool is_plain(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text((const char *)data, bytes);
    for (size_t i = 0; i < bytes; i++)
        text[i] = text[i] == '\0' ? ' ' : text[i];
    bool plain = strstr(text, "HEAD") == NULL && strcasestr(text, "chunked") == NULL &&
                 strstr(text, "didWarmStart") == NULL;
    free(text);
    return plain;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct fuzz_stock stock = {data, bytes};
    struct world world = {.bytes = bytes, .plain = is_plain(data, bytes)};
    int lowest = dup(STDERR_FILENO);
    close(lowest);
    world_open(&world, fuzz_byte(&stock));
    world.client = &world.clients[0];
    client_open(&world, world.client);
    while (stock.bytes > 0) {
        size_t run = 0;
        while (run < stock.bytes && !is_command(stock.data[run]))
            run++;
        client_send(&world, stock.data, run);
        stock.data += run;
        stock.bytes -= run;
        if (stock.bytes > 0)
            obey(&world, fuzz_byte(&stock), &stock);
    }
    world_wait_for_the_end(&world);
    world_close(&world);
    int again = dup(STDERR_FILENO);
    close(again);
    fuzz_require(again == lowest);
    return 0;
}
