/* SPDX-License-Identifier: MIT */
/*
 * embed_glib: a broker inside a program that runs on GLib's main loop.
 *
 *     embed_glib [HOST:PORT]        127.0.0.1:8080 if not given; port 0 picks a free one
 *
 * The broker is a GSource: `prepare` says how long GLib may sleep, `check` whether there is work, `dispatch`
 * does it. The program's own work is to read lines from standard input: each is answered with how many
 * controllers wait; its end ends the program.
 */
#include <warmstart/http.h>

#include <glib-unix.h>
#include <stdio.h>
#include <unistd.h>

struct broker {
    GSource source; /* first: GLib allocates it with room for the rest */
    struct warmstart_loop *loop;
    gpointer tag; /* of the descriptor in the source */
};

static gboolean prepare(GSource *source, gint *timeout_ms)
{
    *timeout_ms = warmstart_loop_timeout_ms(((struct broker *)source)->loop);
    return *timeout_ms == 0;
}

static gboolean check(GSource *source)
{
    struct broker *broker = (struct broker *)source;
    return g_source_query_unix_fd(source, broker->tag) != 0 || warmstart_loop_timeout_ms(broker->loop) == 0;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    (void)callback;
    (void)user;
    return warmstart_loop_process(((struct broker *)source)->loop) == 0;
}

static GSourceFuncs functions = {.prepare = prepare, .check = check, .dispatch = dispatch};

static GSource *attach(struct warmstart_loop *loop)
{
    GSource *source = g_source_new(&functions, sizeof(struct broker));
    struct broker *broker = (struct broker *)source;
    broker->loop = loop;
    broker->tag = g_source_add_unix_fd(source, warmstart_loop_fd(loop), G_IO_IN);
    g_source_attach(source, NULL);
    return source;
}

struct program {
    GMainLoop *main;
    struct warmstart_loop *loop;
};

/* The program's own work. */
static gboolean on_input(gint fd, GIOCondition condition, gpointer user)
{
    (void)condition;
    struct program *program = user;
    char text[256];
    ssize_t bytes = read(fd, text, sizeof(text));
    struct warmstart_stats stats = {.size = sizeof(stats)};
    warmstart_get_stats(warmstart_loop_manager(program->loop), &stats);
    for (ssize_t i = 0; i < bytes; i++)
        if (text[i] == '\n')
            printf("%u waiting\n", (unsigned)stats.waiters_waiting);
    fflush(stdout);
    if (bytes > 0)
        return G_SOURCE_CONTINUE;
    g_main_loop_quit(program->main);
    return G_SOURCE_REMOVE;
}

static void serve(struct warmstart_loop *loop)
{
    struct program program = {.main = g_main_loop_new(NULL, FALSE), .loop = loop};
    GSource *source = attach(loop);
    g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_input, &program);
    g_main_loop_run(program.main);
    g_source_destroy(source);
    g_source_unref(source);
    g_main_loop_unref(program.main);
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
        serve(loop);
    } else {
        fprintf(stderr, "embed_glib: cannot serve on %s: %s\n", address, warmstart_strerror(answer));
    }
    warmstart_http_free(http);
    warmstart_loop_free(loop);
    return answer < 0;
}
