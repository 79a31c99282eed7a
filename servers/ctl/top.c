/* SPDX-License-Identifier: MIT */
/* A live view: rates from counters, waiters by key. */
#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define KEYS_MAX 1000

/* The figures that are shown, by the names that `stats` has for them. */
enum figure {
    WAITERS,
    WAITING,
    DISPATCHES,
    MEMORY,
    REGISTERED,
    DELIVERED,
    NO_MATCH,
    LOST,
    UNCERTAIN,
    EXPIRED,
    FIGURES
};

static const char *const figure_names[FIGURES] = {
    [WAITERS] = "waiters",
    [WAITING] = "waiters_waiting",
    [DISPATCHES] = "dispatches",
    [MEMORY] = "memory_bytes",
    [REGISTERED] = "registered_total",
    [DELIVERED] = "settled_total.delivered",
    [NO_MATCH] = "no_match_total",
    [LOST] = "settled_total.lost",
    [UNCERTAIN] = "settled_total.uncertain",
    [EXPIRED] = "ended_total.expired",
};

struct sample {
    double at; /* seconds */
    uint64_t figures[FIGURES];
};

static struct termios before;
static bool changed;

static void restore_terminal(void)
{
    if (changed)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    changed = false;
}

/* Keys come at once and are not shown. Signals still end the program, so what is left is set right then. */
static void prepare_terminal(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)
        return;
    struct termios raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    changed = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    atexit(restore_terminal);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* "NAME VALUE" lines; the data is zero-terminated behind its length. */
static void read_sample(const char *data, struct sample *sample)
{
    *sample = (struct sample){.at = seconds()};
    for (const char *line = data; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        const char *space = strchr(line, ' ');
        for (int i = 0; space && i < FIGURES; i++) {
            size_t bytes = strlen(figure_names[i]);
            if ((size_t)(space - line) == bytes && memcmp(line, figure_names[i], bytes) == 0)
                sample->figures[i] = strtoull(space + 1, NULL, 10);
        }
    }
}

static double rate(const struct sample *now, const struct sample *then, enum figure figure)
{
    double elapsed = now->at - then->at;
    return then->at > 0 && elapsed > 0 ? (double)(now->figures[figure] - then->figures[figure]) / elapsed : 0;
}

static void print_figures(const char *socket, const struct sample *now, const struct sample *then)
{
    printf("%s   waiting %llu of %llu   under way %llu   memory %.1f MiB\n", socket,
           (unsigned long long)now->figures[WAITING], (unsigned long long)now->figures[WAITERS],
           (unsigned long long)now->figures[DISPATCHES], (double)now->figures[MEMORY] / (1 << 20));
    printf("per second: %.0f waits, %.0f delivered, %.0f without a match, %.0f lost, %.0f uncertain, "
           "%.0f expired\n\n",
           rate(now, then, REGISTERED), rate(now, then, DELIVERED), rate(now, then, NO_MATCH),
           rate(now, then, LOST), rate(now, then, UNCERTAIN), rate(now, then, EXPIRED));
}

static int lines_of_terminal(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 6 ? size.ws_row - 5 : KEYS_MAX;
}

/* The rows of `list`: held, matchable, host, metadata, between tabs. */
static void print_keys(const char *data, int rows)
{
    printf("%8s %8s  %-20s %s\n", "held", "free", "host", "metadata");
    while (*data && rows-- > 0) {
        size_t bytes = strcspn(data, "\n");
        size_t held = strcspn(data, "\t\n"), free_at = held + 1;
        if (held < bytes) {
            size_t matchable = strcspn(data + free_at, "\t\n"), host_at = free_at + matchable + 1;
            size_t host = strcspn(data + host_at, "\t\n"), metadata_at = host_at + host + 1;
            printf("%8.*s %8.*s  %-20.*s %.*s\n", (int)held, data, (int)matchable, data + free_at, (int)host,
                   data + host_at, (int)(bytes - metadata_at), data + metadata_at);
        } else {
            printf("%.*s\n", (int)bytes, data);
        }
        data += bytes + (data[bytes] == '\n');
    }
}

/* Sleeps for an interval; true: somebody wants to end it. */
static bool is_ended(uint32_t interval_ms)
{
    struct pollfd input = {.fd = changed ? STDIN_FILENO : -1, .events = POLLIN};
    if (poll(&input, 1, (int)interval_ms) <= 0)
        return false;
    char key = 0;
    return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 3 /* Ctrl-C */;
}

enum exit_status run_top(struct warmstart_client *client, const struct arguments *arguments)
{
    struct sample then = {0}, now;
    struct warmstart_client_event event;
    enum exit_status status;
    uint32_t wanted = arguments->count == UINT32_MAX ? 0 : arguments->count;
    prepare_terminal();
    for (uint32_t shown = 1;; shown++) {
        if (!ask(client, "stats", NULL, &event, &status))
            return status;
        read_sample(event.data ? event.data : "", &now);
        if (!ask(client, "list", "max=1000", &event, &status))
            return status;
        if (changed)
            fputs("\033[H\033[2J", stdout);
        print_figures(arguments->socket, &now, &then);
        print_keys(event.data ? event.data : "", changed ? lines_of_terminal() : KEYS_MAX + 1);
        if (fflush(stdout) != 0) {
            complain("cannot write to standard output");
            return EXIT_UNREACHABLE;
        }
        if ((wanted > 0 && shown >= wanted) || is_ended(arguments->interval_ms))
            return EXIT_DONE;
        then = now;
    }
}
