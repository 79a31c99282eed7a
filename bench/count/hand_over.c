/* SPDX-License-Identifier: MIT */
#include "hand_over.h"

#include "bench/load/address.h"
#include "bench/load/failure.h"
#include "bench/load/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum { SUPERVISORS = 4, PAYLOAD_BYTES = 2048, BUFFER_BYTES = 65536, WAIT_MS = 10000, URL_BYTES = 128 };

struct scene {
    const struct hand_over *hand_over;
    struct warmstart_loop *loop;
    struct warmstart_http *http;
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
    {.name = NULL},
};

/* Everything that the server has to do now; this is what counts. */
static void process(struct scene *scene)
{
    CALLGRIND_TOGGLE_COLLECT;
    int error = warmstart_loop_process(scene->loop);
    CALLGRIND_TOGGLE_COLLECT;
    if (error != 0)
        fail("warmstart_loop_process(): %s", warmstart_strerror(error));
}

/* Lets the server work once, as soon as it has something to do. */
static void let_work(struct scene *scene)
{
    int timeout_ms = warmstart_loop_timeout_ms(scene->loop);
    struct pollfd ready = {.fd = warmstart_loop_fd(scene->loop), .events = POLLIN};
    if (timeout_ms < 0 || timeout_ms > WAIT_MS)
        timeout_ms = WAIT_MS;
    poll(&ready, 1, timeout_ms);
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

/* What a fd has received, if anything: one whole answer. */
static enum heard hear(struct scene *scene, enum role role, int fd, struct hearing *ret_hearing)
{
    static char bytes[BUFFER_BYTES];
    ssize_t received = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN)
        return HEARD_TOO_LITTLE;
    if (received <= 0)
        fail("the server has closed a connection");
    *ret_hearing = (struct hearing){0};
    enum heard heard = scene->hand_over->protocol->hear(role, bytes, (size_t)received, ret_hearing);
    if (heard == HEARD_TOO_LITTLE || ret_hearing->used != (size_t)received)
        fail("an answer did not come whole");
    return heard;
}

static void hear_supervisors(struct scene *scene)
{
    struct hearing hearing;
    for (uint32_t i = 0; i < SUPERVISORS; i++) {
        enum heard heard = hear(scene, ROLE_SUPERVISOR, scene->supervisors[i], &hearing);
        if (heard == HEARD_TOO_LITTLE)
            continue;
        if (heard != (scene->hand_over->misses ? HEARD_MISS : HEARD_HIT))
            fail("a post was answered wrongly");
        scene->answered++;
    }
}

static void hear_controllers(struct scene *scene)
{
    struct hearing hearing;
    uint32_t key;
    uint64_t number;
    for (uint32_t i = 0; i < scene->hand_over->held && scene->arrived < scene->posted; i++) {
        enum heard heard = hear(scene, ROLE_CONTROLLER, scene->controllers[i], &hearing);
        if (heard == HEARD_TOO_LITTLE)
            continue;
        if (heard != HEARD_MESSAGE ||
            !template_matches(&scene->message, hearing.message, hearing.message_bytes, &key, &number) ||
            number >= scene->posted)
            fail("what arrived was not posted");
        scene->arrived++;
        send_wait(scene, i);
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
        hear_supervisors(scene);
        hear_controllers(scene);
    }
}

static void build(struct scene *scene)
{
    char url[URL_BYTES];
    struct warmstart_http_options options;
    warmstart_http_options_init(&options);
    options.confirm = scene->hand_over->confirm;
    if (warmstart_loop_new(NULL, &scene->loop) != 0 ||
        warmstart_http_new(scene->loop, &options, &scene->http) != 0 ||
        warmstart_http_listen(scene->http, "127.0.0.1:0", WARMSTART_HTTP_ALL, url, sizeof(url)) != 0 ||
        !address_read(url, &scene->address))
        fail("cannot serve: %s", strerror(errno));
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
    warmstart_loop_free(scene->loop);
    free(scene->controllers);
    template_deinit(&scene->wait);
    template_deinit(&scene->post);
    template_deinit(&scene->message);
}

void hand_overs_run(const struct hand_over *hand_over, uint64_t times)
{
    struct scene scene = {.hand_over = hand_over};
    build(&scene);
    while (scene.posted < times)
        turn(&scene);
    tear_down(&scene);
}
