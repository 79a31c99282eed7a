/* SPDX-License-Identifier: MIT */
/*
 * warmstart-bench: loads a warm start broker and follows every run. Rest, connect, hold, warm up, measure,
 * stop, leave; in that order.
 */
#include "failure.h"
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    NS_PER_S = 1000000000,
    SETTLE_NS = 200000000, /* a server that used no CPU time for so long has nothing more to do */
    SETTLE_TRIES = 25,     /* but it may be one that always does something */
    END_S = 10,            /* for runs that are still on their way */
};

static struct load load;

static uint64_t own_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

static struct process_time server_time(const struct load_options *options)
{
    struct process_time time = {0};
    if (options->server_pid > 0 && !process_get_time(options->server_pid, &time))
        fail("process %ld has gone, or cannot be looked at", (long)options->server_pid);
    return time;
}

static struct process_memory server_memory(const struct load_options *options)
{
    struct process_memory memory = {0};
    if (options->server_pid > 0 && !process_get_memory(options->server_pid, &memory))
        fail("the memory of process %ld cannot be looked at", (long)options->server_pid);
    return memory;
}

/* Until the server has nothing more to do: it uses less than a hundredth of a core. */
static void settle(const struct load_options *options)
{
    uint64_t before = server_time(options).cpu_ns;
    for (int tries = 0; tries < SETTLE_TRIES; tries++) {
        load_run(&load, clock_ns() + SETTLE_NS);
        uint64_t after = server_time(options).cpu_ns;
        if (after - before < SETTLE_NS / 100)
            break;
        before = after;
    }
}

static void progress(const char *phase, double seconds, uint64_t posts)
{
    if (load.options->quiet || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%-8s %5.0f s  %7.0f posts/s  p50 %.3f ms  p99 %.3f ms  faults %llu \033[K", phase,
            seconds, (double)posts, (double)histogram_percentile(&load.counts.post, 50) / 1e6,
            (double)histogram_percentile(&load.counts.post, 99) / 1e6,
            (unsigned long long)faults_sum(&load.ledger.faults));
}

static void run(const char *phase, double seconds)
{
    uint64_t start = clock_ns(), end = start + (uint64_t)(seconds * NS_PER_S);
    for (uint64_t now = start; now < end; now = clock_ns()) {
        uint64_t posts = load.counts.posts;
        load_run(&load, end - now > NS_PER_S ? now + NS_PER_S : end);
        progress(phase, (double)(clock_ns() - start) / NS_PER_S, load.counts.posts - posts);
    }
}

static void measure(const struct load_options *options, struct report *report)
{
    report->rest = server_memory(options);
    load_connect_controllers(&load);
    settle(options);
    report->held = server_memory(options);
    load_connect_supervisors(&load);
    load_start(&load);
    run("warm-up", options->warm_up_s);
    memset(&load.counts, 0, sizeof(load.counts));
    struct process_time before = server_time(options);
    uint64_t own_before = own_ns(), start = clock_ns();
    run("measure", options->duration_s);
    struct process_time after = server_time(options);
    report->seconds = (double)(clock_ns() - start) / NS_PER_S;
    report->self_ns = own_ns() - own_before;
    report->worked = server_memory(options);
    report->server = (struct process_time){.cpu_ns = after.cpu_ns - before.cpu_ns,
                                           .user_ns = after.user_ns - before.user_ns,
                                           .system_ns = after.system_ns - before.system_ns};
}

static FILE *open_json(const char *path)
{
    if (path == NULL || strcmp(path, "-") == 0)
        return stdout;
    FILE *out = fopen(path, "w");
    if (out == NULL)
        fail("%s: %s", path, strerror(errno));
    return out;
}

int main(int argc, char **argv)
{
    static struct load_counts counts;
    struct load_options options;
    struct report report = {.load = &load};
    load_options_read(&options, argc, argv);
    FILE *json = open_json(options.json);
    signal(SIGPIPE, SIG_IGN);
    load_init(&load, &options);
    measure(&options, &report);
    /* What comes now is followed, but not measured. */
    counts = load.counts;
    load_stop(&load, clock_ns() + (uint64_t)END_S * NS_PER_S);
    load.counts = counts;
    load_close(&load);
    settle(&options);
    report.after = server_memory(&options);
    if (!options.quiet && isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    if (options.json != NULL)
        report_json(&report, json);
    if (json != stdout || options.json == NULL)
        report_table(&report, stdout);
    bool right = faults_sum(&load.ledger.faults) == 0;
    load_deinit(&load);
    if (fflush(json) != 0 || ferror(json))
        fail("the JSON could not be written");
    return right ? STATUS_RIGHT : STATUS_FAULTS;
}
