/* SPDX-License-Identifier: MIT */
/*
 * embed_epoll_many: two brokers that know nothing of each other, in one program with one epoll.
 *
 *     embed_epoll_many HOST:PORT HOST:PORT        port 0 picks a free one
 *
 * Nothing in the library is global: each loop has its own manager, clock and connections. The program's own
 * work is to read lines from standard input: each is answered with how many controllers wait at each broker;
 * its end ends the program.
 */
#include <warmstart/http.h>

#include <stdbool.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BROKERS = 2 };

struct broker {
    struct warmstart_loop *loop;
    struct warmstart_http *http;
};

static int start(struct broker *broker, const char *address)
{
    char url[128];
    int answer = warmstart_loop_new(NULL, &broker->loop);
    if (answer == 0)
        answer = warmstart_http_new(broker->loop, NULL, &broker->http);
    if (answer == 0)
        answer = warmstart_http_listen(broker->http, address, WARMSTART_HTTP_ALL, url, sizeof(url));
    if (answer == 0)
        printf("listening on %s\n", url);
    else
        fprintf(stderr, "embed_epoll_many: %s: %s\n", address, warmstart_strerror(answer));
    fflush(stdout);
    return answer;
}

/* The shortest of their timeouts; -1 is longest. */
static int timeout_ms(const struct broker brokers[BROKERS])
{
    int shortest_ms = -1;
    for (int i = 0; i < BROKERS; i++) {
        int own_ms = warmstart_loop_timeout_ms(brokers[i].loop);
        if (own_ms >= 0 && (shortest_ms < 0 || own_ms < shortest_ms))
            shortest_ms = own_ms;
    }
    return shortest_ms;
}

/* The program's own work. False: the input has ended. */
static bool answer_lines(const struct broker brokers[BROKERS])
{
    char text[256];
    ssize_t bytes = read(STDIN_FILENO, text, sizeof(text));
    for (ssize_t i = 0; i < bytes; i++) {
        if (text[i] != '\n')
            continue;
        for (int k = 0; k < BROKERS; k++) {
            struct warmstart_stats stats = {.size = sizeof(stats)};
            warmstart_get_stats(warmstart_loop_manager(brokers[k].loop), &stats);
            printf("%u waiting%s", (unsigned)stats.waiters_waiting, k + 1 < BROKERS ? ", " : "\n");
        }
    }
    fflush(stdout);
    return bytes > 0;
}

static bool add(int epoll, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* False: something is broken. */
static bool serve(int epoll, struct broker brokers[BROKERS])
{
    bool ready = add(epoll, STDIN_FILENO, NULL);
    for (int i = 0; i < BROKERS; i++)
        ready = ready && add(epoll, warmstart_loop_fd(brokers[i].loop), &brokers[i]);
    while (ready) {
        struct epoll_event events[BROKERS + 1];
        int len = epoll_wait(epoll, events, BROKERS + 1, timeout_ms(brokers));
        /* A timeout says nothing of whose it is; to process a loop that has nothing to do costs next to
         * nothing. */
        for (int i = 0; i < BROKERS; i++)
            if (warmstart_loop_process(brokers[i].loop) < 0)
                return false;
        for (int i = 0; i < len; i++)
            if (!events[i].data.ptr && !answer_lines(brokers))
                return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    if (argc != BROKERS + 1) {
        fprintf(stderr, "usage: embed_epoll_many HOST:PORT HOST:PORT\n");
        return 2;
    }
    struct broker brokers[BROKERS] = {{0}};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    bool good = epoll >= 0;
    for (int i = 0; i < BROKERS && good; i++)
        good = start(&brokers[i], argv[i + 1]) == 0;
    good = good && serve(epoll, brokers);
    for (int i = 0; i < BROKERS; i++) {
        warmstart_http_free(brokers[i].http);
        warmstart_loop_free(brokers[i].loop);
    }
    if (epoll >= 0)
        close(epoll);
    return !good;
}
