/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_S 30 /* for one condition; reached only when something is broken */

/* ---- The server ---- */

size_t fixture_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void add_record(void *user, enum warmstart_log_level level, const char *event,
                       const struct warmstart_log_field *fields, size_t fields_len)
{
    struct fixture *fixture = user;
    (void)level;
    size_t room = sizeof(fixture->log) - fixture->log_bytes;
    int bytes = snprintf(fixture->log + fixture->log_bytes, room, "%s", event);
    for (size_t i = 0; i < fields_len && bytes >= 0 && (size_t)bytes < room; i++) {
        fixture->log_bytes += (size_t)bytes;
        room -= (size_t)bytes;
        if (fields[i].text)
            bytes = snprintf(fixture->log + fixture->log_bytes, room, " %s=%.*s", fields[i].name,
                             (int)fields[i].text_bytes, fields[i].text);
        else
            bytes = snprintf(fixture->log + fixture->log_bytes, room, " %s=%lld", fields[i].name,
                             (long long)fields[i].number);
    }
    ck_assert(bytes >= 0 && (size_t)bytes + 1 < room);
    fixture->log_bytes += (size_t)bytes;
    fixture->log[fixture->log_bytes++] = '\n';
    fixture->log[fixture->log_bytes] = '\0';
}

static uint64_t still_clock(void *user)
{
    return ((struct fixture *)user)->now;
}

void fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    warmstart_options_init(&fixture->manager);
    warmstart_http_options_init(&fixture->options);
    fixture->logger =
        (struct warmstart_logger){.level = WARMSTART_LOG_INFO, .user = fixture, .write = add_record};
    fixture->options.logger = &fixture->logger;
    fixture->now = UINT64_C(1000000000000);
    /* An acknowledgement comes when the kernel likes; what is not about that does not wait for it. */
    fixture->options.confirm = WARMSTART_HTTP_CONFIRM_WRITE;
}

struct sockaddr_storage address_of_url(const char *url)
{
    struct sockaddr_storage address = {0};
    char host[64];
    unsigned port;
    struct sockaddr_in *four = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
    struct sockaddr_un *path = (struct sockaddr_un *)&address;
    if (sscanf(url, "http://[%63[0-9a-f:]]:%u", host, &port) == 2) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        ck_assert_int_eq(inet_pton(AF_INET6, host, &six->sin6_addr), 1);
    } else if (sscanf(url, "http://%63[0-9.]:%u", host, &port) == 2) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        ck_assert_int_eq(inet_pton(AF_INET, host, &four->sin_addr), 1);
    } else {
        ck_assert_int_eq(strncmp(url, "unix:", 5), 0);
        path->sun_family = AF_UNIX;
        int bytes = snprintf(path->sun_path, sizeof(path->sun_path), "%s", url + 5);
        ck_assert_int_lt(bytes, (int)sizeof(path->sun_path));
    }
    return address;
}

struct sockaddr_storage fixture_listen(struct fixture *fixture, const char *address,
                                       enum warmstart_http_role role)
{
    char url[160];
    ck_assert_int_eq(warmstart_http_listen(fixture->http, address, role, url, sizeof(url)), 0);
    return address_of_url(url);
}

void fixture_open(struct fixture *fixture)
{
    fixture->descriptors = fixture_descriptors();
    struct warmstart_loop_options options;
    warmstart_loop_options_init(&options);
    options.manager = &fixture->manager;
    if (fixture->still) {
        options.clock = still_clock;
        options.clock_user = fixture;
    }
    ck_assert_int_eq(warmstart_loop_new(&options, &fixture->loop), 0);
    ck_assert_int_eq(warmstart_http_new(fixture->loop, &fixture->options, &fixture->http), 0);
    fixture->address = fixture_listen(fixture, "127.0.0.1:0", WARMSTART_HTTP_ALL);
}

void fixture_close(struct fixture *fixture)
{
    warmstart_http_free(fixture->http);
    warmstart_loop_free(fixture->loop);
    ck_assert_uint_eq(fixture_descriptors(), fixture->descriptors);
}

static void process(struct fixture *fixture, int timeout_ms)
{
    int wanted = warmstart_loop_timeout_ms(fixture->loop);
    if (wanted >= 0 && wanted < timeout_ms)
        timeout_ms = wanted;
    struct pollfd asked = {.fd = warmstart_loop_fd(fixture->loop), .events = POLLIN};
    ck_assert_int_ge(poll(&asked, 1, timeout_ms), 0);
    ck_assert_int_eq(warmstart_loop_process(fixture->loop), 0);
}

static time_t seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

void fixture_pump(struct fixture *fixture, bool (*is_met)(void *argument), void *argument)
{
    time_t deadline = seconds() + DEADLINE_S;
    while (!is_met(argument)) {
        ck_assert_msg(seconds() < deadline, "what was waited for did not come");
        process(fixture, 2);
    }
}

void fixture_settle(struct fixture *fixture)
{
    struct pollfd asked = {.fd = warmstart_loop_fd(fixture->loop), .events = POLLIN};
    int idle = 0;
    for (int round = 0; idle < 3; round++) {
        ck_assert_msg(round < 100000, "the loop never comes to rest");
        bool busy = warmstart_loop_timeout_ms(fixture->loop) == 0 || poll(&asked, 1, 0) > 0;
        ck_assert_int_eq(warmstart_loop_process(fixture->loop), 0);
        idle = busy ? 0 : idle + 1;
    }
}

void fixture_pass(struct fixture *fixture, uint64_t milliseconds)
{
    ck_assert(fixture->still);
    fixture->now += milliseconds * 1000000;
    fixture_settle(fixture);
}

struct expected_count {
    const struct fixture *fixture;
    uint64_t count;
};

static bool holds_so_many(void *argument)
{
    const struct expected_count *expected = argument;
    return fixture_stats(expected->fixture).held == expected->count;
}

static bool has_so_many(void *argument)
{
    const struct expected_count *expected = argument;
    return fixture_stats(expected->fixture).connections == expected->count;
}

void fixture_wait_held(struct fixture *fixture, uint64_t held)
{
    struct expected_count expected = {fixture, held};
    fixture_pump(fixture, holds_so_many, &expected);
}

void fixture_wait_connections(struct fixture *fixture, uint64_t connections)
{
    struct expected_count expected = {fixture, connections};
    fixture_pump(fixture, has_so_many, &expected);
}

struct warmstart_http_stats fixture_stats(const struct fixture *fixture)
{
    struct warmstart_http_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_http_get_stats(fixture->http, &stats), 0);
    return stats;
}

struct warmstart_stats fixture_manager_stats(const struct fixture *fixture)
{
    struct warmstart_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_get_stats(warmstart_loop_manager(fixture->loop), &stats), 0);
    return stats;
}

double fixture_metric(struct fixture *fixture, const char *line)
{
    struct client client;
    struct response response;
    client_connect(&client, fixture);
    client_send_text(&client, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    client_response(&client, &response);
    ck_assert_int_eq(response.status, 200);
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "\n%s ", line);
    const char *found = strstr(response.body, wanted);
    ck_assert_msg(found != NULL, "no metric %s", line);
    double value = strtod(found + strlen(wanted), NULL);
    response_free(&response);
    client_close(&client);
    return value;
}

/* ---- Clients ---- */

static void open_client(struct client *client, struct fixture *fixture, int family)
{
    *client = (struct client){.fixture = fixture};
    client->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(client->fd, 0);
}

static void join_client(struct client *client, const struct sockaddr_storage *address)
{
    socklen_t bytes = address->ss_family == AF_INET    ? sizeof(struct sockaddr_in)
                      : address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                       : sizeof(struct sockaddr_un);
    ck_assert_int_eq(connect(client->fd, (const struct sockaddr *)address, bytes), 0);
    /* Small pieces go out at once, as they are sent. */
    int on = 1;
    if (address->ss_family != AF_UNIX)
        ck_assert_int_eq(setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
}

void client_connect_to(struct client *client, struct fixture *fixture, const struct sockaddr_storage *address)
{
    open_client(client, fixture, address->ss_family);
    join_client(client, address);
}

void client_connect(struct client *client, struct fixture *fixture)
{
    client_connect_to(client, fixture, &fixture->address);
}

void client_connect_from(struct client *client, struct fixture *fixture, const struct sockaddr_storage *from)
{
    open_client(client, fixture, from->ss_family);
    ck_assert_int_eq(bind(client->fd, (const struct sockaddr *)from, sizeof(struct sockaddr_in)), 0);
    join_client(client, &fixture->address);
}

void client_connect_narrow(struct client *client, struct fixture *fixture)
{
    int bytes = 4096;
    open_client(client, fixture, AF_INET);
    ck_assert_int_eq(setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
    join_client(client, &fixture->address);
}

void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->data);
    *client = (struct client){.fixture = client->fixture, .fd = -1};
}

void client_abort(struct client *client)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    ck_assert_int_eq(setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    client_close(client);
}

/* `may_fail`: the server may close before it has read everything. */
static void send_all(struct client *client, const char *data, size_t bytes, bool may_fail)
{
    time_t deadline = seconds() + DEADLINE_S;
    while (bytes > 0) {
        ssize_t sent = send(client->fd, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && may_fail && (errno == EPIPE || errno == ECONNRESET))
            return;
        ck_assert(sent > 0 || errno == EAGAIN);
        if (sent > 0) {
            data += sent;
            bytes -= (size_t)sent;
            continue;
        }
        ck_assert_msg(seconds() < deadline, "the server does not read");
        process(client->fixture, 2);
    }
}

void client_send(struct client *client, const char *data, size_t bytes)
{
    send_all(client, data, bytes, false);
}

void client_push(struct client *client, const char *data, size_t bytes)
{
    send_all(client, data, bytes, true);
}

void client_send_text(struct client *client, const char *text)
{
    client_send(client, text, strlen(text));
}

void client_receive(struct client *client)
{
    while (!client->closed) {
        if (client->capacity - client->bytes < 4096) {
            client->capacity = client->capacity * 2 + 8192;
            client->data = realloc(client->data, client->capacity);
            ck_assert_ptr_nonnull(client->data);
        }
        /* One byte stays free for a zero. */
        ssize_t got = recv(client->fd, client->data + client->bytes, client->capacity - client->bytes - 1,
                           MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return;
        client->reset = got < 0;
        client->closed = got <= 0;
        if (got > 0)
            client->bytes += (size_t)got;
    }
}

/* The length of the head that has arrived, 0: not whole. */
static size_t head_bytes(const struct client *client)
{
    if (!client->data)
        return 0;
    client->data[client->bytes] = '\0';
    const char *end = strstr(client->data, "\r\n\r\n");
    return end ? (size_t)(end - client->data) + 4 : 0;
}

static size_t content_length(const char *head, size_t bytes)
{
    const char *found = strcasestr(head, "\r\ncontent-length:");
    return found && found < head + bytes ? strtoul(found + 17, NULL, 10) : 0;
}

static bool head_is_there(void *argument)
{
    struct client *client = argument;
    client_receive(client);
    return head_bytes(client) > 0 || client->closed;
}

static bool response_is_there(void *argument)
{
    struct client *client = argument;
    client_receive(client);
    size_t head = head_bytes(client);
    return client->closed || (head > 0 && client->bytes >= head + content_length(client->data, head));
}

static char *copy(const char *data, size_t bytes)
{
    char *text = malloc(bytes + 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    return text;
}

static void take_response(struct client *client, size_t head, size_t body, struct response *ret_response)
{
    ck_assert_msg(head > 0, "closed without an answer");
    ck_assert_uint_ge(client->bytes, head + body);
    ck_assert_int_eq(sscanf(client->data, "HTTP/1.1 %d ", &ret_response->status), 1);
    ret_response->head = copy(client->data, head);
    ret_response->body = copy(client->data + head, body);
    ret_response->body_bytes = body;
    client->bytes -= head + body;
    memmove(client->data, client->data + head + body, client->bytes);
}

void client_response(struct client *client, struct response *ret_response)
{
    fixture_pump(client->fixture, response_is_there, client);
    size_t head = head_bytes(client);
    take_response(client, head, head > 0 ? content_length(client->data, head) : 0, ret_response);
}

void client_head(struct client *client, struct response *ret_response)
{
    fixture_pump(client->fixture, head_is_there, client);
    take_response(client, head_bytes(client), 0, ret_response);
}

void client_expect(struct client *client, int status, const char *body)
{
    struct response response;
    client_response(client, &response);
    ck_assert_msg(response.status == status, "%d, not %d: %s", response.status, status, response.body);
    if (body)
        ck_assert_str_eq(response.body, body);
    response_free(&response);
}

void client_expect_error(struct client *client, int status, const char *code, const char *message)
{
    struct response response;
    char wanted[64];
    client_response(client, &response);
    snprintf(wanted, sizeof(wanted), "{\"error\":{\"code\":\"%s\",\"message\":\"", code);
    ck_assert_msg(response.status == status, "%d, not %d: %s", response.status, status, response.body);
    ck_assert_str_eq(response_header(&response, "content-type"), "application/json");
    ck_assert_msg(strncmp(response.body, wanted, strlen(wanted)) == 0, "not %s: %s", code, response.body);
    if (message)
        ck_assert_msg(strstr(response.body, message) != NULL, "no %s in %s", message, response.body);
    response_free(&response);
}

static bool is_closed(void *argument)
{
    struct client *client = argument;
    client_receive(client);
    return client->closed;
}

void client_expect_closed(struct client *client)
{
    fixture_pump(client->fixture, is_closed, client);
    ck_assert_uint_eq(client->bytes, 0);
}

void client_wait_closed(struct client *client)
{
    fixture_pump(client->fixture, is_closed, client);
}

void client_expect_silence(struct client *client)
{
    client_receive(client);
    ck_assert_uint_eq(client->bytes, 0);
    ck_assert(!client->closed);
}

void response_free(struct response *response)
{
    free(response->head);
    free(response->body);
}

const char *response_header(const struct response *response, const char *name)
{
    static char value[256];
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
    const char *found = strcasestr(response->head, wanted);
    if (!found)
        return NULL;
    found += strlen(wanted);
    size_t bytes = strcspn(found, "\r");
    ck_assert_uint_lt(bytes, sizeof(value));
    memcpy(value, found, bytes);
    value[bytes] = '\0';
    return value;
}

/* ---- Requests of the dialect ---- */

static const struct identity usual = {"controller_1", "deployment_1", "20260327.4", "0.5", "0.5", "node-1"};

static const char *or_usual(const char *value, const char *otherwise)
{
    return value ? value : otherwise;
}

static struct identity complete(const struct identity *identity)
{
    if (!identity)
        return usual;
    return (struct identity){
        or_usual(identity->controller, usual.controller), or_usual(identity->deployment, usual.deployment),
        or_usual(identity->version, usual.version),       or_usual(identity->cpu, usual.cpu),
        or_usual(identity->memory, usual.memory),         or_usual(identity->instance, usual.instance),
    };
}

void client_poll(struct client *client, const struct identity *identity)
{
    char request[4096];
    struct identity all = complete(identity);
    int bytes = snprintf(request, sizeof(request),
                         "GET /warm-start HTTP/1.1\r\nHost: broker\r\n"
                         "x-trigger-workload-controller-id: %s\r\nx-trigger-deployment-id: %s\r\n"
                         "x-trigger-deployment-version: %s\r\nx-trigger-machine-cpu: %s\r\n"
                         "x-trigger-machine-memory: %s\r\nx-trigger-worker-instance-name: %s\r\n\r\n",
                         all.controller, all.deployment, all.version, all.cpu, all.memory, all.instance);
    ck_assert(bytes > 0 && (size_t)bytes < sizeof(request));
    client_send(client, request, (size_t)bytes);
}

void client_hold(struct client *client, struct fixture *fixture, const struct identity *identity)
{
    uint64_t held = fixture_stats(fixture).held;
    client_connect(client, fixture);
    client_poll(client, identity);
    fixture_wait_held(fixture, held + 1);
}

char *message_new(const struct identity *identity, const char *run, size_t bytes)
{
    struct identity all = complete(identity);
    char start[1024];
    int start_bytes = snprintf(start, sizeof(start),
                               "{\"deployment\":{\"friendlyId\":\"%s\"},\"backgroundWorker\":{\"version\":"
                               "\"%s\"},\"run\":{\"friendlyId\":\"%s\",\"machine\":{\"cpu\":%s,"
                               "\"memory\":%s}},\"payload\":\"",
                               all.deployment, all.version, run, all.cpu, all.memory);
    ck_assert(start_bytes > 0 && (size_t)start_bytes < sizeof(start));
    size_t length = (size_t)start_bytes + 2;
    if (length < bytes)
        length = bytes;
    char *message = malloc(length + 1);
    ck_assert_ptr_nonnull(message);
    memcpy(message, start, (size_t)start_bytes);
    uint32_t state = 1;
    for (size_t i = (size_t)start_bytes; i < length - 2; i++) {
        state = state * 1664525 + 1013904223;
        message[i] = "0123456789abcdefghijklmnopqrstuvwxyz ,:[]{}.-+/~"[state >> 27];
    }
    memcpy(message + length - 2, "\"}", 3);
    return message;
}

void client_dispatch(struct client *client, const char *message)
{
    static const char start[] = "{\"dequeuedMessage\":";
    size_t bytes = strlen(message) + sizeof(start);
    char head[256];
    int head_length = snprintf(head, sizeof(head),
                               "POST /warm-start HTTP/1.1\r\nHost: broker\r\n"
                               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                               bytes, start);
    client_send(client, head, (size_t)head_length);
    client_send_text(client, message);
    client_send_text(client, "}");
}

bool client_dispatched(struct client *client, const char *message)
{
    struct response response;
    client_dispatch(client, message);
    client_response(client, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response_header(&response, "content-type"), "application/json");
    bool warm = strcmp(response.body, "{\"didWarmStart\":true}") == 0;
    if (!warm)
        ck_assert_str_eq(response.body, "{\"didWarmStart\":false}");
    response_free(&response);
    return warm;
}

void client_expect_message(struct client *client, const char *message)
{
    struct response response;
    client_response(client, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response_header(&response, "content-type"), "application/json");
    ck_assert_uint_eq(response.body_bytes, strlen(message));
    ck_assert_int_eq(memcmp(response.body, message, response.body_bytes), 0);
    response_free(&response);
}
