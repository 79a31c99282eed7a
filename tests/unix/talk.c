/* SPDX-License-Identifier: MIT */
#include "talk.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "descriptors.h"

#define ROUNDS_MAX 1000000 /* until it is clear that the loop never comes to rest */

/* ---- The server ---- */

static void add_record(void *user, enum warmstart_log_level level, const char *event,
                       const struct warmstart_log_field *fields, size_t fields_len)
{
    struct fixture *fixture = user;
    size_t room = sizeof(fixture->log) - fixture->log_bytes;
    (void)level;
    FILE *out = fmemopen(fixture->log + fixture->log_bytes, room, "w");
    ck_assert_ptr_nonnull(out);
    fputs(event, out);
    for (size_t i = 0; i < fields_len; i++) {
        if (fields[i].text)
            fprintf(out, " %s=%.*s", fields[i].name, (int)fields[i].text_bytes, fields[i].text);
        else
            fprintf(out, " %s=%lld", fields[i].name, (long long)fields[i].number);
    }
    fputc('\n', out);
    long bytes = ftell(out);
    ck_assert_int_gt(bytes, 0);
    fclose(out);
    fixture->log_bytes += (size_t)bytes;
    ck_assert_uint_lt(fixture->log_bytes, sizeof(fixture->log));
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
    warmstart_unix_options_init(&fixture->options);
    fixture->logger =
        (struct warmstart_logger){.level = WARMSTART_LOG_OFF, .user = fixture, .write = add_record};
    fixture->options.logger = &fixture->logger;
    fixture->now = UINT64_C(1000000000000);
}

void fixture_open(struct fixture *fixture)
{
    fixture->descriptors = descriptors_count();
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/warmstart-unix-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/socket", fixture->folder);
    struct warmstart_loop_options options;
    warmstart_loop_options_init(&options);
    options.manager = &fixture->manager;
    options.clock = still_clock;
    options.clock_user = fixture;
    ck_assert_int_eq(warmstart_loop_new(&options, &fixture->loop), 0);
    ck_assert_int_eq(warmstart_unix_new(fixture->loop, &fixture->options, &fixture->server), 0);
    ck_assert_int_eq(warmstart_unix_listen(fixture->server, fixture->path, WARMSTART_UNIX_ALL), 0);
}

void fixture_close(struct fixture *fixture)
{
    warmstart_unix_free(fixture->server);
    warmstart_loop_free(fixture->loop);
    ck_assert_msg(rmdir(fixture->folder) == 0, "%s: %s", fixture->folder, strerror(errno));
    descriptors_check(fixture->descriptors);
}

void fixture_settle(struct fixture *fixture)
{
    struct pollfd asked = {.fd = warmstart_loop_fd(fixture->loop), .events = POLLIN};
    int idle = 0;
    for (int round = 0; idle < 2; round++) {
        ck_assert_msg(round < ROUNDS_MAX, "the loop never comes to rest");
        bool busy = warmstart_loop_timeout_ms(fixture->loop) == 0 || poll(&asked, 1, 0) > 0;
        ck_assert_int_eq(warmstart_loop_process(fixture->loop), 0);
        idle = busy ? 0 : idle + 1;
    }
}

void fixture_pass(struct fixture *fixture, uint64_t milliseconds)
{
    fixture->now += milliseconds * 1000000;
    fixture_settle(fixture);
}

struct warmstart_unix_stats fixture_stats(const struct fixture *fixture)
{
    struct warmstart_unix_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_unix_get_stats(fixture->server, &stats), 0);
    return stats;
}

struct warmstart_stats fixture_manager_stats(const struct fixture *fixture)
{
    struct warmstart_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_get_stats(warmstart_loop_manager(fixture->loop), &stats), 0);
    return stats;
}

/* ---- Clients ---- */

int connect_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t path_bytes = strlen(path);
    ck_assert_uint_lt(path_bytes, sizeof(address.sun_path));
    memcpy(address.sun_path, path, path_bytes);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    size_t bytes = offsetof(struct sockaddr_un, sun_path) + path_bytes + (path[0] == '@' ? 0 : 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    if (connect(fd, (const struct sockaddr *)&address, (socklen_t)bytes) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

void client_connect_to(struct client *client, struct fixture *fixture, const char *path)
{
    *client = (struct client){.fixture = fixture, .fd = connect_path(path)};
    ck_assert_msg(client->fd >= 0, "%s: %s", path, strerror(errno));
    fixture_settle(fixture);
}

void client_connect(struct client *client, struct fixture *fixture)
{
    client_connect_to(client, fixture, fixture->path);
}

void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->data);
    *client = (struct client){.fixture = client->fixture, .fd = -1};
    if (client->fixture)
        fixture_settle(client->fixture);
}

size_t client_push(struct client *client, const char *data, size_t bytes)
{
    size_t all = 0;
    while (all < bytes) {
        ssize_t sent = send(client->fd, data + all, bytes - all, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0)
            break;
        all += (size_t)sent;
    }
    return all;
}

void client_send(struct client *client, const char *data, size_t bytes)
{
    for (int round = 0; bytes > 0; round++) {
        size_t sent = client_push(client, data, bytes);
        ck_assert_msg(sent > 0 || round < 100, "the server does not read");
        round = sent > 0 ? 0 : round;
        data += sent;
        bytes -= sent;
        fixture_settle(client->fixture);
    }
    fixture_settle(client->fixture);
}

void client_say(struct client *client, const char *text)
{
    client_send(client, text, strlen(text));
}

/* Takes what is there; false: nothing was. */
static bool take_some(struct client *client)
{
    if (client->capacity - client->bytes < 65536) {
        client->capacity = client->capacity * 2 + 131072;
        client->data = realloc(client->data, client->capacity);
        ck_assert_ptr_nonnull(client->data);
        client->data[client->bytes] = '\0';
    }
    ssize_t got =
        recv(client->fd, client->data + client->bytes, client->capacity - client->bytes - 1, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return false;
    ck_assert_msg(got >= 0 || errno == ECONNRESET, "recv: %s", strerror(errno));
    client->closed = got <= 0;
    client->bytes += got > 0 ? (size_t)got : 0;
    client->data[client->bytes] = '\0';
    return got > 0;
}

void client_hear(struct client *client)
{
    do
        fixture_settle(client->fixture);
    while (!client->closed && take_some(client));
    if (!client->data)
        client->data = calloc(1, 1);
    ck_assert_ptr_nonnull(client->data);
}

static void drop(struct client *client, size_t bytes)
{
    client->bytes -= bytes;
    memmove(client->data, client->data + bytes, client->bytes + 1);
}

void client_expect_first(struct client *client, const char *text)
{
    client_hear(client);
    size_t bytes = strlen(text);
    ck_assert_msg(client->bytes >= bytes && memcmp(client->data, text, bytes) == 0, "heard: %s expected: %s",
                  client->data, text);
    drop(client, bytes);
}

void client_expect(struct client *client, const char *text)
{
    client_expect_first(client, text);
    ck_assert_msg(client->bytes == 0, "after %s heard: %s", text, client->data);
}

void client_ask(struct client *client, const char *text, const char *answer)
{
    client_say(client, text);
    client_expect(client, answer);
}

void client_expect_payload(struct client *client, const char *tag, const char *body, size_t body_bytes,
                           char ret_id[ID_BYTES])
{
    char heard[64] = "";
    size_t bytes = 0;
    int line_bytes = 0;
    client_hear(client);
    ck_assert_msg(sscanf(client->data, "PAYLOAD %63s %39[0-9] %zu%n", heard, ret_id, &bytes, &line_bytes) ==
                      3,
                  "heard: %.200s", client->data);
    ck_assert_str_eq(heard, tag);
    ck_assert_uint_eq(bytes, body_bytes);
    size_t all = (size_t)line_bytes + 1 + bytes + 1;
    ck_assert_uint_ge(client->bytes, all);
    ck_assert_int_eq(client->data[line_bytes], '\n');
    ck_assert(memcmp(client->data + line_bytes + 1, body, bytes) == 0);
    ck_assert_int_eq(client->data[all - 1], '\n');
    drop(client, all);
}

void client_settle_payload(struct client *client, const char *verb, const char *tag, const char *id,
                           const char *answer)
{
    char line[160];
    snprintf(line, sizeof(line), "%s %s %s\n", verb, tag, id);
    client_ask(client, line, answer);
}

void client_expect_line(struct client *client, const char *beginning)
{
    client_hear(client);
    size_t bytes = strlen(beginning);
    ck_assert_msg(strncmp(client->data, beginning, bytes) == 0, "heard: %s expected: %s", client->data,
                  beginning);
    const char *end = strchr(client->data, '\n');
    ck_assert_ptr_nonnull(end);
    drop(client, (size_t)(end - client->data) + 1);
    ck_assert_msg(client->bytes == 0, "after %s heard: %s", beginning, client->data);
}

void client_expect_error(struct client *client, const char *tag, const char *code, const char *message)
{
    char beginning[128];
    client_hear(client);
    snprintf(beginning, sizeof(beginning), "ERR %s %s ", tag, code);
    ck_assert_msg(!message || strstr(client->data, message), "'%s' is not in: %s", message, client->data);
    client_expect_line(client, beginning);
}

char *client_expect_data(struct client *client, const char *tag)
{
    char heard[64] = "";
    size_t bytes = 0;
    int line_bytes = 0;
    client_hear(client);
    ck_assert_msg(sscanf(client->data, "DATA %63s %zu%n", heard, &bytes, &line_bytes) == 2, "heard: %.200s",
                  client->data);
    ck_assert_str_eq(heard, tag);
    size_t all = (size_t)line_bytes + 1 + bytes + 1;
    ck_assert_uint_eq(client->bytes, all);
    ck_assert_int_eq(client->data[all - 1], '\n');
    char *text = strndup(client->data + line_bytes + 1, bytes);
    ck_assert_ptr_nonnull(text);
    drop(client, all);
    return text;
}

void client_expect_end(struct client *client, const char *text)
{
    client_expect(client, text);
    ck_assert_msg(client->closed, "it is still open");
}

void client_dispatch(struct client *client, const char *tag, const char *options, const char *body,
                     size_t body_bytes)
{
    char line[1024];
    snprintf(line, sizeof(line), "dispatch %s %zu%s%s\n", tag, body_bytes, options[0] ? " " : "", options);
    client_send(client, line, strlen(line));
    client_send(client, body, body_bytes);
    client_send(client, "\n", 1);
}

void client_hand_over(struct client *from, const char *tag, const char *options, struct client *to,
                      const char *wait_tag, const char *body, size_t body_bytes, char ret_id[ID_BYTES])
{
    client_dispatch(from, tag, options, body, body_bytes);
    client_expect_payload(to, wait_tag, body, body_bytes, ret_id);
}
