/* SPDX-License-Identifier: MIT */
/*
 * ten_lines: a warm start broker in one's own program.
 *
 *     ten_lines [HOST:PORT]        127.0.0.1:8080 if not given; port 0 picks a free one
 *
 * Try it: docs/protocol.md has the requests. Ctrl-C ends it. A program that has an event loop of its own
 * polls warmstart_loop_fd() instead of calling warmstart_loop_run().
 */
#include <warmstart/http.h>

#include <stdio.h>

/* Serves until something is broken. */
static void serve(const char *address)
{
    char url[128];
    struct warmstart_loop *loop = NULL;
    struct warmstart_http *http = NULL;
    if (warmstart_loop_new(NULL, &loop) == 0 && warmstart_http_new(loop, NULL, &http) == 0 &&
        warmstart_http_listen(http, address, WARMSTART_HTTP_ALL, url, sizeof(url)) == 0 &&
        printf("listening on %s\n", url) > 0 && fflush(stdout) == 0)
        warmstart_loop_run(loop);
    warmstart_http_free(http);
    warmstart_loop_free(loop);
}

int main(int argc, char **argv)
{
    const char *address = argc > 1 ? argv[1] : "127.0.0.1:8080";
    serve(address);
    fprintf(stderr, "ten_lines: cannot serve on %s\n", address);
    return 1;
}
