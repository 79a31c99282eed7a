/* SPDX-License-Identifier: MIT */
/*
 * embed_libuv: a broker inside a program that runs on libuv.
 *
 *     embed_libuv [HOST:PORT]        127.0.0.1:8080 if not given; port 0 picks a free one
 *
 * Three handles are the broker: a poll handle for its descriptor, a timer for its next deadline, and a
 * prepare handle, which libuv calls just before it sleeps, to set that timer. The program's own work is to
 * read lines from standard input: each is answered with how many controllers wait; its end ends the program.
 */
#include <warmstart/http.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct broker {
    struct warmstart_loop *loop;
    struct warmstart_http *http;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_prepare_t prepare;
    uv_poll_t input; /* the program's own */
};

static void process(struct broker *broker)
{
    if (warmstart_loop_process(broker->loop) < 0)
        uv_stop(broker->poll.loop);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    process(handle->data);
}

static void on_timer(uv_timer_t *handle)
{
    process(handle->data);
}

/* Whatever ran in this round may have brought a deadline forward. */
static void on_prepare(uv_prepare_t *handle)
{
    struct broker *broker = handle->data;
    int timeout_ms = warmstart_loop_timeout_ms(broker->loop);
    if (timeout_ms < 0)
        uv_timer_stop(&broker->timer);
    else
        uv_timer_start(&broker->timer, on_timer, (uint64_t)timeout_ms, 0);
}

/* The program's own work. */
static void on_input(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct broker *broker = handle->data;
    char text[256];
    ssize_t bytes = read(STDIN_FILENO, text, sizeof(text));
    struct warmstart_stats stats = {.size = sizeof(stats)};
    warmstart_get_stats(warmstart_loop_manager(broker->loop), &stats);
    for (ssize_t i = 0; i < bytes; i++)
        if (text[i] == '\n')
            printf("%u waiting\n", (unsigned)stats.waiters_waiting);
    fflush(stdout);
    if (bytes <= 0)
        uv_stop(handle->loop);
}

static void attach(struct broker *broker, uv_loop_t *loop)
{
    uv_poll_init(loop, &broker->poll, warmstart_loop_fd(broker->loop));
    uv_timer_init(loop, &broker->timer);
    uv_prepare_init(loop, &broker->prepare);
    uv_poll_init(loop, &broker->input, STDIN_FILENO);
    broker->poll.data = broker->timer.data = broker->prepare.data = broker->input.data = broker;
    uv_poll_start(&broker->poll, UV_READABLE, on_readable);
    uv_prepare_start(&broker->prepare, on_prepare);
    uv_poll_start(&broker->input, UV_READABLE, on_input);
}

static void detach(struct broker *broker, uv_loop_t *loop)
{
    uv_close((uv_handle_t *)&broker->poll, NULL);
    uv_close((uv_handle_t *)&broker->timer, NULL);
    uv_close((uv_handle_t *)&broker->prepare, NULL);
    uv_close((uv_handle_t *)&broker->input, NULL);
    uv_run(loop, UV_RUN_DEFAULT); /* libuv lets handles go in a round of their own */
}

int main(int argc, char **argv)
{
    const char *address = argc > 1 ? argv[1] : "127.0.0.1:8080";
    char url[128];
    struct broker broker = {0};
    uv_loop_t *loop = uv_default_loop();
    int answer = warmstart_loop_new(NULL, &broker.loop);
    if (answer == 0)
        answer = warmstart_http_new(broker.loop, NULL, &broker.http);
    if (answer == 0)
        answer = warmstart_http_listen(broker.http, address, WARMSTART_HTTP_ALL, url, sizeof(url));
    if (answer == 0) {
        printf("listening on %s\n", url);
        fflush(stdout);
        attach(&broker, loop);
        uv_run(loop, UV_RUN_DEFAULT);
        detach(&broker, loop);
    } else {
        fprintf(stderr, "embed_libuv: cannot serve on %s: %s\n", address, warmstart_strerror(answer));
    }
    warmstart_http_free(broker.http);
    warmstart_loop_free(broker.loop);
    uv_loop_close(loop);
    return answer < 0;
}
