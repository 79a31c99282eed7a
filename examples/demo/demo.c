/* SPDX-License-Identifier: MIT */
/*
 * demo: four run controllers and a supervisor, which talk to a broker over HTTP as Trigger.dev's do.
 *
 *     demo [--runs N] URL          20 runs if not given; Ctrl-C ends it early
 *
 * Each controller is a process that holds GET /warm-start open until a run comes, works for a moment and asks
 * again. The supervisor POSTs about two runs a second; each third one is of a version for which nobody waits.
 * Exit status 0: each run that fits was received exactly once, and no other run at all.
 */
#include "demo.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROLLERS = 4, RUNS_MAX = 9999 };
#define OLD_VERSION "20251231.9" /* nobody waits with this one */

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

struct supervisor {
    char url[DEMO_URL_MAX + 16]; /* of /warm-start */
    CURL *curl;
    struct curl_slist *headers;
    int reports;                /* the pipe's other end */
    bool waits[CONTROLLERS];    /* as they last said */
    int received[RUNS_MAX + 1]; /* how often each run arrived; [0]: what was no run of ours */
    int receiver;               /* of the newest run that arrived */
    int warm, cold, failed;     /* runs by how they ended */
    double slowest_ms;          /* of POSTs that handed a run over */
};

/* Reads one report. False: none came in time, no controller is left, or the demo was stopped. */
static bool read_report(struct supervisor *supervisor, int limit_ms)
{
    struct pollfd ready = {.fd = supervisor->reports, .events = POLLIN};
    struct demo_report report;
    if (poll(&ready, 1, limit_ms) != 1 ||
        read(supervisor->reports, &report, sizeof(report)) != (ssize_t)sizeof(report))
        return false;
    supervisor->waits[report.controller] = report.run == 0;
    if (report.run != 0) {
        supervisor->receiver = report.controller;
        supervisor->received[report.run > 0 && report.run <= RUNS_MAX ? report.run : 0]++;
    }
    return true;
}

static bool somebody_waits(const struct supervisor *supervisor, int deployment)
{
    for (int i = deployment; i < CONTROLLERS; i += DEMO_DEPLOYMENTS)
        if (supervisor->waits[i])
            return true;
    return false;
}

/* The message of a run, as the platform sends it in the parts that matter here. The caller frees it. */
static char *make_message(int run, const struct demo_deployment *deployment, const char *version)
{
    char name[16];
    snprintf(name, sizeof(name), "run_%04d", run);
    json_t *message = json_pack(
        "{s:{s:s, s:{s:s, s:s}, s:s, s:{s:s, s:s}, s:{s:s}, s:{s:s, s:b, s:{s:s, s:f, s:f}, s:i}, s:{s:s}}}",
        "dequeuedMessage", "version", "1", "snapshot", "friendlyId", "snapshot_demo", "executionStatus",
        "PENDING_EXECUTING", "image", "registry.example/demo:1", "backgroundWorker", "friendlyId",
        "worker_demo", "version", version, "deployment", "friendlyId", deployment->id, "run", "friendlyId",
        name, "isTest", 0, "machine", "name", "demo", "cpu", deployment->cpu, "memory", deployment->memory,
        "attemptNumber", 1, "environment", "type", "PRODUCTION");
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    return text;
}

/* 1 or 0: didWarmStart; -1: no such answer. */
static int post_run(struct supervisor *supervisor, const char *message, double *ret_ms)
{
    static struct demo_answer answer;
    double before = demo_now_ms();
    demo_request(supervisor->curl, supervisor->url, supervisor->headers, message, DEMO_PATIENCE_MS, &answer);
    *ret_ms = demo_now_ms() - before;
    int did_warm_start = -1;
    json_t *body = json_loadb(answer.body, answer.bytes, 0, NULL);
    if (answer.status != 200 || json_unpack(body, "{s:b}", "didWarmStart", &did_warm_start) != 0)
        fprintf(stderr, "demo: POST %s: status %ld, %s\n", supervisor->url, answer.status,
                curl_easy_strerror(answer.code));
    json_decref(body);
    return did_warm_start;
}

/* Prints what became of a run, and counts it. */
static void conclude(struct supervisor *supervisor, int run, bool fits, bool did_warm_start, double ms)
{
    const struct demo_deployment *deployment = &demo_deployments[run % DEMO_DEPLOYMENTS];
    char why[64] = "nobody waits with version " OLD_VERSION;
    if (supervisor->received[run] > 0)
        snprintf(why, sizeof(why), "controller_%d has it", supervisor->receiver + 1);
    else if (did_warm_start)
        snprintf(why, sizeof(why), "but nobody received it");
    else if (fits)
        snprintf(why, sizeof(why), "though a controller waits");
    demo_say("supervisor", run, deployment, "POST %5.1f ms  didWarmStart %-5s  %s", ms,
             did_warm_start ? "true" : "false", why);
    if (did_warm_start != fits || supervisor->received[run] != fits)
        supervisor->failed++;
    else if (fits)
        supervisor->warm++;
    else
        supervisor->cold++;
    if (did_warm_start && ms > supervisor->slowest_ms)
        supervisor->slowest_ms = ms;
}

/*
 * Dispatches a run when a controller says that it waits. Its poll may still be on its way, so a run that fits
 * and finds nobody is tried again for a while; a real supervisor starts a container at once. False: the
 * broker is gone.
 */
static bool dispatch(struct supervisor *supervisor, int run)
{
    const struct demo_deployment *deployment = &demo_deployments[run % DEMO_DEPLOYMENTS];
    bool fits = run % 3 != 0;
    double ms, give_up_ms = demo_now_ms() + DEMO_PATIENCE_MS;
    int answer;
    while (!stopped && !somebody_waits(supervisor, run % DEMO_DEPLOYMENTS) &&
           read_report(supervisor, DEMO_PATIENCE_MS))
        ;
    char *message = make_message(run, deployment, fits ? deployment->version : OLD_VERSION);
    while ((answer = post_run(supervisor, message, &ms)) == 0 && fits && !stopped &&
           demo_now_ms() < give_up_ms)
        demo_pause_ms(20);
    free(message);
    /* Twice, because a signal may have ended the first wait. */
    for (int tries = 0; answer == 1 && supervisor->received[run] == 0 && tries < 2;)
        tries += !read_report(supervisor, DEMO_PATIENCE_MS);
    if (answer >= 0 && (answer == 1 || !stopped))
        conclude(supervisor, run, fits, answer == 1, ms);
    return answer >= 0;
}

/*
 * Ends the controllers, and looks at what they had to say beyond what was asked. Returns what went wrong in
 * all.
 */
static int finish(struct supervisor *supervisor, int runs, const pid_t controllers[CONTROLLERS])
{
    for (int i = 0; i < CONTROLLERS; i++) {
        if (controllers[i] <= 0)
            continue;
        kill(controllers[i], SIGTERM);
        waitpid(controllers[i], NULL, 0);
    }
    while (read_report(supervisor, 0))
        ;
    int wrong = supervisor->received[0] + supervisor->failed;
    for (int run = 1; run <= runs; run++)
        wrong += supervisor->received[run] > 1;
    return wrong;
}

/* Dispatches so many runs, half a second apart. False: the broker is gone. */
static bool supervise(struct supervisor *supervisor, const char *url, int runs)
{
    bool is_well = true;
    snprintf(supervisor->url, sizeof(supervisor->url), "%s/warm-start", url);
    supervisor->curl = curl_easy_init();
    supervisor->headers = demo_header(NULL, "content-type: application/json");
    for (int run = 1; run <= runs && is_well && !stopped; run++) {
        demo_pause_ms(run > 1 ? 500 : 0);
        is_well = stopped || dispatch(supervisor, run);
    }
    curl_slist_free_all(supervisor->headers);
    curl_easy_cleanup(supervisor->curl);
    return is_well;
}

int main(int argc, char **argv)
{
    static struct supervisor supervisor;
    bool has_runs = argc == 4 && strcmp(argv[1], "--runs") == 0;
    long runs_asked = has_runs ? strtol(argv[2], NULL, 10) : 20;
    int pipe_ends[2];
    const char *url = argv[argc - 1];
    pid_t controllers[CONTROLLERS];
    if ((argc != 2 && !has_runs) || runs_asked < 1 || runs_asked > RUNS_MAX || url[0] == '-' ||
        strlen(url) > DEMO_URL_MAX) {
        fprintf(stderr, "usage: demo [--runs N] http://HOST:PORT        N: 1 to %d, default 20\n", RUNS_MAX);
        return 2;
    }
    int runs = (int)runs_asked;
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK || pipe2(pipe_ends, O_CLOEXEC) != 0)
        return EXIT_FAILURE;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%d controllers wait at %s for runs of %d deployments.\n\n", CONTROLLERS, url, DEMO_DEPLOYMENTS);
    printf("%7s  %-12s  %-8s  %-18s\n", "seconds", "who", "run", "deployment");
    demo_say("supervisor", 0, NULL, "has %d runs, about two a second", runs);
    for (int i = 0; i < CONTROLLERS; i++)
        controllers[i] = demo_start_controller(i, url, pipe_ends[1]);
    close(pipe_ends[1]);
    supervisor.reports = pipe_ends[0];
    bool is_well = supervise(&supervisor, url, runs);
    int wrong = finish(&supervisor, runs, controllers);
    close(pipe_ends[0]);
    curl_global_cleanup();
    if (!is_well)
        return EXIT_FAILURE;
    printf(
        "\n%d runs went to a controller that was waiting, each to just one; the slowest POST took %.1f ms.\n"
        "%d runs fit none, which was said at once: they would start cold. %d went wrong.\n",
        supervisor.warm, supervisor.slowest_ms, supervisor.cold, wrong);
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
