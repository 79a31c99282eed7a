/* SPDX-License-Identifier: MIT */
/*
 * embed_poll: a broker inside a program that has a poll() loop of its own.
 *
 *     embed_poll [HOST:PORT]        127.0.0.1:8080 if not given; port 0 picks a free one
 *
 * The program's own work is to read lines from standard input: each is answered with how many controllers
 * wait. The end of the input ends it. The broker is one more descriptor, and one more limit on how long to
 * sleep; see "poll(), select() and everything like them" in docs/embedding.md.
 */
#include <warmstart/http.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* The program's own work. False: the input has ended. */
static bool answer_lines(struct warmstart_loop *loop)
{
    char text[256];
    ssize_t bytes = read(STDIN_FILENO, text, sizeof(text));
    struct warmstart_stats stats = {.size = sizeof(stats)};
    warmstart_get_stats(warmstart_loop_manager(loop), &stats);
    for (ssize_t i = 0; i < bytes; i++)
        if (text[i] == '\n')
            printf("%u waiting\n", (unsigned)stats.waiters_waiting);
    fflush(stdout);
    return bytes > 0;
}

/* Until the input ends. Negative: the broker is broken. */
static int serve(struct warmstart_loop *loop)
{
    struct pollfd ready[] = {
        {.fd = warmstart_loop_fd(loop), .events = POLLIN},
        {.fd = STDIN_FILENO, .events = POLLIN},
    };
    for (;;) {
        /* Ask anew each time: what happened since may have set an earlier deadline. */
        if (poll(ready, 2, warmstart_loop_timeout_ms(loop)) < 0)
            return WARMSTART_ERR_SYSTEM;
        /* Whether poll() found the descriptor ready or ran into the timeout does not matter. */
        int answer = warmstart_loop_process(loop);
        if (answer < 0)
            return answer;
        if (ready[1].revents != 0 && !answer_lines(loop))
            return 0;
    }
}

int main(int argc, char **argv)
{
    const char *address = argc > 1 ? argv[1] : "127.0.0.1:8080";
    char url[128];
    struct warmstart_loop *loop = NULL;
    struct warmstart_http *http = NULL;
    int answer = warmstart_loop_new(NULL, &loop);
    if (answer == 0)
        answer = warmstart_http_new(loop, NULL, &http);
    if (answer == 0)
        answer = warmstart_http_listen(http, address, WARMSTART_HTTP_ALL, url, sizeof(url));
    if (answer == 0) {
        printf("listening on %s\n", url);
        fflush(stdout);
        answer = serve(loop);
    }
    if (answer < 0)
        fprintf(stderr, "embed_poll: cannot serve on %s: %s\n", address, warmstart_strerror(answer));
    warmstart_http_free(http);
    warmstart_loop_free(loop);
    return answer < 0;
}
