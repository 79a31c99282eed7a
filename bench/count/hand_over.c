/* SPDX-License-Identifier: MIT */
#include "hand_over.h"

#include "bench/load/address.h"
#include "bench/load/failure.h"
#include "bench/load/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <valgrind/callgrind.h>
#include <warmstart/unix.h>

enum {
    SUPERVISORS = 4,
    PAYLOAD_BYTES = 2048,
    BUFFER_BYTES = 65536,
    WAIT_MS = 10000,
    STEP_MS = 1,
    STEP_NS = 100000
};
enum { URL_BYTES = 128 };

struct scene {
    uint64_t now; /* the loop's time, which passes only when it works */
    const struct hand_over *hand_over;
    struct warmstart_loop *loop;
    struct warmstart_http *http;   /* one of these two */
    struct warmstart_unix *server; /* the other one is NULL */
    char path[64];                 /* of its socket; empty: none */
    struct address address;
    struct template wait;
    struct template post;
    struct template message;
    int *controllers;
    int supervisors[SUPERVISORS];
    uint64_t answered;
    uint64_t arrived;
    uint64_t posted;
};

const struct hand_over hand_overs[] = {
    {"http-post", &protocol_http, WARMSTART_HTTP_CONFIRM_ACK, 500, 0},
    {"http-post-write", &protocol_http, WARMSTART_HTTP_CONFIRM_WRITE, 500, 0},
    {"http-post-2000", &protocol_http, WARMSTART_HTTP_CONFIRM_ACK, 2000, 0},
    {"http-miss", &protocol_http, WARMSTART_HTTP_CONFIRM_ACK, 500, 1},
    {"unix-hand-over", &protocol_unix, WARMSTART_HTTP_CONFIRM_ACK, 500, 0},
    {"unix-miss", &protocol_unix, WARMSTART_HTTP_CONFIRM_ACK, 500, 1},
    {.name = NULL},
};

static uint64_t read_now(void *user)
{
    return ((const struct scene *)user)->now;
}

/* Everything that the server has to do now; this is what counts. */
static void process(struct scene *scene)
{
    scene->now += STEP_NS;
    CALLGRIND_TOGGLE_COLLECT;
    int error = warmstart_loop_process(scene->loop);
    CALLGRIND_TOGGLE_COLLECT;
    if (error != 0)
        fail("warmstart_loop_process(): %s", warmstart_strerror(error));
}

/* Lets the server work once, as soon as it has something to do, or to see whether time has brought something. */
static void let_work(struct scene *scene)
{
    struct pollfd ready = {.fd = warmstart_loop_fd(scene->loop), .events = POLLIN};
    poll(&ready, 1, warmstart_loop_timeout_ms(scene->loop) == 0 ? 0 : STEP_MS);
    process(scene);
}

/* Lets the server do all that it can without more input or time. */
static void let_rest(struct scene *scene)
{
    struct pollfd ready = {.fd = warmstart_loop_fd(scene->loop), .events = POLLIN};
    while (warmstart_loop_timeout_ms(scene->loop) == 0 || poll(&ready, 1, 0) > 0)
        process(scene);
}

static void send_all(int fd, const struct template *text)
{
    if (send(fd, text->bytes, text->len, MSG_NOSIGNAL) != (ssize_t)text->len)
        fail("a request could not be sent: %s", strerror(errno));
}

static int open_connection(struct scene *scene)
{
    int fd = address_connect(&scene->address);
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    if (fd < 0 || poll(&ready, 1, WAIT_MS) != 1)
        fail("cannot connect: %s", strerror(errno));
    return fd;
}

static void send_wait(struct scene *scene, uint32_t number)
{
    template_set_key(&scene->wait, 0);
    template_set_number(&scene->wait, number);
    send_all(scene->controllers[number], &scene->wait);
}

static void check_message(struct scene *scene, const struct hearing *hearing)
{
    uint32_t key;
    uint64_t number;
    if (!template_matches(&scene->message, hearing->message, hearing->message_bytes, &key, &number) ||
        number >= scene->posted)
        fail("what arrived was not posted");
    scene->arrived++;
}

/* A message is acknowledged, if that has to be, and the controller waits again. */
static void take(struct scene *scene, uint32_t number, const struct hearing *hearing)
{
    char reply[64];
    check_message(scene, hearing);
    if (hearing->reply) {
        size_t bytes = scene->hand_over->protocol->reply(hearing, reply);
        if (send(scene->controllers[number], reply, bytes, MSG_NOSIGNAL | MSG_MORE) != (ssize_t)bytes)
            fail("an acknowledgement could not be sent");
    }
    send_wait(scene, number);
}

static void answer(struct scene *scene, enum heard heard)
{
    if (heard != (scene->hand_over->misses ? HEARD_MISS : HEARD_HIT))
        fail("a post was answered wrongly");
    scene->answered++;
}

/* What has come, if anything: whole answers. */
static void hear(struct scene *scene, enum role role, int fd, uint32_t number)
{
    static char buffer[BUFFER_BYTES];
    const char *bytes = buffer;
    ssize_t received = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN)
        return;
    if (received <= 0)
        fail("the server has closed a connection");
    for (size_t len = (size_t)received; len > 0;) {
        struct hearing hearing = {0};
        enum heard heard = scene->hand_over->protocol->hear(role, bytes, len, &hearing);
        if (heard == HEARD_TOO_LITTLE || heard == HEARD_WRONG)
            fail("an answer did not come whole, or makes no sense");
        bytes += hearing.used;
        len -= hearing.used;
        if (role == ROLE_SUPERVISOR)
            answer(scene, heard);
        else if (heard == HEARD_MESSAGE)
            take(scene, number, &hearing);
    }
}

/* Four posts, their answers and, unless nobody waits for them, their arrival. */
static void turn(struct scene *scene)
{
    for (uint32_t i = 0; i < SUPERVISORS; i++) {
        template_set_number(&scene->post, scene->posted++);
        send_all(scene->supervisors[i], &scene->post);
    }
    if (scene->hand_over->misses)
        scene->arrived = scene->posted;
    while (scene->answered < scene->posted || scene->arrived < scene->posted) {
        let_work(scene);
        for (uint32_t i = 0; i < SUPERVISORS; i++)
            hear(scene, ROLE_SUPERVISOR, scene->supervisors[i], i);
        for (uint32_t i = 0; i < scene->hand_over->held; i++)
            hear(scene, ROLE_CONTROLLER, scene->controllers[i], i);
    }
}

static void serve_http(struct scene *scene)
{
    char url[URL_BYTES];
    struct warmstart_http_options options;
    warmstart_http_options_init(&options);
    options.confirm = scene->hand_over->confirm;
    if (warmstart_http_new(scene->loop, &options, &scene->http) != 0 ||
        warmstart_http_listen(scene->http, "127.0.0.1:0", WARMSTART_HTTP_ALL, url, sizeof(url)) != 0 ||
        !address_read(url, &scene->address))
        fail("cannot serve HTTP: %s", strerror(errno));
}

static void serve_unix(struct scene *scene)
{
    char address[URL_BYTES];
    snprintf(scene->path, sizeof(scene->path), "/tmp/count-subject.%ld", (long)getpid());
    snprintf(address, sizeof(address), "unix:%s", scene->path);
    if (warmstart_unix_new(scene->loop, NULL, &scene->server) != 0 ||
        warmstart_unix_listen(scene->server, scene->path, WARMSTART_UNIX_WAIT | WARMSTART_UNIX_DISPATCH) !=
            0 ||
        !address_read(address, &scene->address))
        fail("cannot serve on a Unix socket: %s", strerror(errno));
}

static void build(struct scene *scene)
{
    struct warmstart_loop_options options;
    warmstart_loop_options_init(&options);
    options.clock = read_now;
    options.clock_user = scene;
    if (warmstart_loop_new(&options, &scene->loop) != 0)
        fail("cannot make a loop: %s", strerror(errno));
    if (scene->hand_over->protocol == &protocol_unix)
        serve_unix(scene);
    else
        serve_http(scene);
    scene->hand_over->protocol->wait(&scene->wait, scene->address.host);
    scene->hand_over->protocol->post_head(&scene->post, scene->address.host, PAYLOAD_BYTES);
    message_append(&scene->message, PAYLOAD_BYTES);
    template_append(&scene->post, scene->message.bytes, scene->message.len);
    template_append(&scene->post, scene->hand_over->protocol->post_tail,
                    strlen(scene->hand_over->protocol->post_tail));
    template_set_key(&scene->post, scene->hand_over->misses ? UINT32_MAX : 0);
    scene->controllers = allocate(scene->hand_over->held, sizeof(*scene->controllers));
    for (uint32_t i = 0; i < scene->hand_over->held; i++) {
        scene->controllers[i] = open_connection(scene);
        send_wait(scene, i);
        let_rest(scene);
    }
    for (uint32_t i = 0; i < SUPERVISORS; i++) {
        scene->supervisors[i] = open_connection(scene);
        let_rest(scene);
    }
}

static void tear_down(struct scene *scene)
{
    for (uint32_t i = 0; i < scene->hand_over->held; i++)
        close(scene->controllers[i]);
    for (uint32_t i = 0; i < SUPERVISORS; i++)
        close(scene->supervisors[i]);
    warmstart_http_free(scene->http);
    warmstart_unix_free(scene->server);
    if (scene->path[0] != 0)
        unlink(scene->path);
    warmstart_loop_free(scene->loop);
    free(scene->controllers);
    template_deinit(&scene->wait);
    template_deinit(&scene->post);
    template_deinit(&scene->message);
}

void hand_overs_run(const struct hand_over *hand_over, uint64_t times)
{
    struct scene scene = {.hand_over = hand_over, .now = 1};
    build(&scene);
    while (scene.posted < times)
        turn(&scene);
    tear_down(&scene);
}
