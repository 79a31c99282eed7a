/* SPDX-License-Identifier: MIT */
#include "script.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "descriptors.h"

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void script_begin(struct script *script, void (*tweak)(struct warmstart_client_options *options))
{
    *script = (struct script){.listener = -1, .fd = -1, .descriptors = descriptors_count()};
    strcpy(script->directory, "/tmp/warmstart-client-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(script->directory));
    snprintf(script->path, sizeof(script->path), "%s/socket", script->directory);
    struct warmstart_client_options options;
    warmstart_client_options_init(&options);
    options.path = script->path;
    options.reconnect_min_ms = options.reconnect_max_ms = 1;
    if (tweak)
        tweak(&options);
    ck_assert_int_eq(warmstart_client_new(&options, &script->client), 0);
}

void script_end(struct script *script)
{
    warmstart_client_free(script->client);
    script_hang_up(script);
    script_stop(script);
    rmdir(script->directory);
    descriptors_check(script->descriptors);
}

void script_serve(struct script *script)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, script->path);
    script->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(script->listener, 0);
    ck_assert_int_eq(bind(script->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(script->listener, 16), 0);
}

void script_stop(struct script *script)
{
    if (script->listener < 0)
        return;
    close(script->listener);
    unlink(script->path);
    script->listener = -1;
}

/* One round of the client; waits a little if nothing happens on `fd`. */
static void go_on(struct script *script, int fd, uint64_t give_up_ms)
{
    ck_assert_msg(now_ms() < give_up_ms, "what the test waits for did not come within ten seconds");
    ck_assert_int_eq(warmstart_client_process(script->client), 0);
    struct pollfd ready[] = {{.fd = warmstart_client_fd(script->client), .events = POLLIN},
                             {.fd = fd, .events = POLLIN}};
    (void)poll(ready, 2, 1);
}

void script_accept(struct script *script)
{
    uint64_t give_up_ms = now_ms() + 10000;
    while (script->fd < 0) {
        go_on(script, script->listener, give_up_ms);
        script->fd = accept4(script->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
    struct warmstart_client_event event;
    do
        ck_assert_int_eq(warmstart_client_receive(script->client, 10000, &event), 1);
    while (event.type == WARMSTART_CLIENT_DISCONNECTED);
    ck_assert_int_eq(event.type, WARMSTART_CLIENT_CONNECTED);
}

void script_hang_up(struct script *script)
{
    if (script->fd >= 0)
        close(script->fd);
    script->fd = -1;
    script->filled = 0;
}

/* Reads until there are so many bytes, or (0) a whole line. Returns how many that are. */
static size_t fill(struct script *script, size_t wanted)
{
    uint64_t give_up_ms = now_ms() + 10000;
    for (;;) {
        char *feed = memchr(script->buffer, '\n', script->filled);
        if (wanted > 0 ? script->filled >= wanted : feed != NULL)
            return wanted > 0 ? wanted : (size_t)(feed - script->buffer) + 1;
        go_on(script, script->fd, give_up_ms);
        ssize_t got = recv(script->fd, script->buffer + script->filled,
                           sizeof(script->buffer) - script->filled, MSG_DONTWAIT);
        ck_assert_msg(got != 0, "the client has hung up");
        if (got > 0)
            script->filled += (size_t)got;
    }
}

static void consume(struct script *script, size_t bytes)
{
    script->filled -= bytes;
    memmove(script->buffer, script->buffer + bytes, script->filled);
}

struct said script_hear(struct script *script)
{
    struct said said = {0};
    size_t bytes = fill(script, 0);
    ck_assert_uint_lt(bytes, sizeof(said.line));
    memcpy(said.line, script->buffer, bytes - 1);
    consume(script, bytes);
    ck_assert_int_eq(sscanf(said.line, "%31s %63s", said.verb, said.tag), 2);
    return said;
}

void script_hear_bytes(struct script *script, char *out, size_t len)
{
    ck_assert_uint_le(len, sizeof(script->buffer) / 2);
    fill(script, len);
    memcpy(out, script->buffer, len);
    consume(script, len);
}

void script_hear_body(struct script *script, const char *bytes, size_t len)
{
    ck_assert_uint_eq(fill(script, len + 1), len + 1);
    ck_assert_mem_eq(script->buffer, bytes, len);
    ck_assert_int_eq(script->buffer[len], '\n');
    consume(script, len + 1);
}

void script_say_bytes(struct script *script, const void *bytes, size_t len)
{
    uint64_t give_up_ms = now_ms() + 10000;
    for (size_t said = 0; said < len;) {
        ssize_t sent = send(script->fd, (const char *)bytes + said, len - said, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0)
            said += (size_t)sent;
        else
            go_on(script, -1, give_up_ms);
    }
}

void script_say(struct script *script, const char *format, ...)
{
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    ck_assert(bytes >= 0 && (size_t)bytes < sizeof(line) - 1);
    line[bytes] = '\n';
    script_say_bytes(script, line, (size_t)bytes + 1);
}

struct warmstart_client_event script_event(struct script *script, enum warmstart_client_event_type type)
{
    struct warmstart_client_event event;
    ck_assert_int_eq(warmstart_client_receive(script->client, 10000, &event), 1);
    ck_assert_msg(event.type == type, "event %d, not %d", event.type, type);
    return event;
}

void script_no_event(struct script *script)
{
    struct warmstart_client_event event = {0};
    ck_assert_int_eq(warmstart_client_process(script->client), 0);
    int answer = warmstart_client_next_event(script->client, &event);
    ck_assert_msg(answer == 0, "event %d, not none", event.type);
}
