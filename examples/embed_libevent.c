/* SPDX-License-Identifier: MIT */
/*
 * embed_libevent: a broker inside a program that runs on libevent.
 *
 *     embed_libevent [HOST:PORT]        127.0.0.1:8080 if not given; port 0 picks a free one
 *
 * One event is the broker: it waits for the descriptor and, as its timeout, for the next deadline. It is
 * added anew after each call that may have changed that deadline. The program's own work is to read lines
 * from standard input: each is answered with how many controllers wait; its end ends the program.
 */
#include <warmstart/http.h>

#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

struct broker {
    struct warmstart_loop *loop;
    struct warmstart_http *http;
    struct event_base *base;
    struct event *event; /* the broker's */
    struct event *input; /* the program's own */
};

static void wait_for_work(struct broker *broker)
{
    int timeout_ms = warmstart_loop_timeout_ms(broker->loop);
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    event_add(broker->event, timeout_ms < 0 ? NULL : &timeout);
}

/* The descriptor is readable, or the deadline is there: both come here, and both mean the same. */
static void on_event(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct broker *broker = user;
    if (warmstart_loop_process(broker->loop) < 0)
        event_base_loopbreak(broker->base);
    else
        wait_for_work(broker);
}

/* The program's own work. */
static void on_input(evutil_socket_t fd, short what, void *user)
{
    (void)what;
    struct broker *broker = user;
    char text[256];
    ssize_t bytes = read(fd, text, sizeof(text));
    struct warmstart_stats stats = {.size = sizeof(stats)};
    warmstart_get_stats(warmstart_loop_manager(broker->loop), &stats);
    for (ssize_t i = 0; i < bytes; i++)
        if (text[i] == '\n')
            printf("%u waiting\n", (unsigned)stats.waiters_waiting);
    fflush(stdout);
    if (bytes <= 0)
        event_base_loopbreak(broker->base);
}

/* Standard input may be a file, which epoll does not take: ask for a way of polling that takes everything. */
static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    event_config_require_features(config, EV_FEATURE_FDS);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static int serve(struct broker *broker)
{
    broker->base = new_base();
    if (!broker->base)
        return WARMSTART_ERR_MEMORY;
    broker->event = event_new(broker->base, warmstart_loop_fd(broker->loop), EV_READ, on_event, broker);
    broker->input = event_new(broker->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, broker);
    if (!broker->event || !broker->input)
        return WARMSTART_ERR_MEMORY;
    wait_for_work(broker);
    event_add(broker->input, NULL);
    return event_base_dispatch(broker->base) < 0 ? WARMSTART_ERR_SYSTEM : 0;
}

static void free_events(struct broker *broker)
{
    if (broker->event)
        event_free(broker->event);
    if (broker->input)
        event_free(broker->input);
    if (broker->base)
        event_base_free(broker->base);
    libevent_global_shutdown();
}

int main(int argc, char **argv)
{
    const char *address = argc > 1 ? argv[1] : "127.0.0.1:8080";
    char url[128];
    struct broker broker = {0};
    int answer = warmstart_loop_new(NULL, &broker.loop);
    if (answer == 0)
        answer = warmstart_http_new(broker.loop, NULL, &broker.http);
    if (answer == 0)
        answer = warmstart_http_listen(broker.http, address, WARMSTART_HTTP_ALL, url, sizeof(url));
    if (answer == 0) {
        printf("listening on %s\n", url);
        fflush(stdout);
        answer = serve(&broker);
    }
    if (answer < 0)
        fprintf(stderr, "embed_libevent: cannot serve on %s: %s\n", address, warmstart_strerror(answer));
    free_events(&broker);
    warmstart_http_free(broker.http);
    warmstart_loop_free(broker.loop);
    return answer < 0;
}
