/* SPDX-License-Identifier: MIT */
/* A run controller: asks how long to wait, waits for a run, works for a moment, waits again. */
#include "demo.h"

#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* How long to hold a poll: GET /connect says. */
static long connect_controller(CURL *curl, const char *url, struct demo_answer *answer)
{
    char connect_url[DEMO_URL_MAX + 16];
    json_int_t timeout_ms = 0;
    snprintf(connect_url, sizeof(connect_url), "%s/connect", url);
    demo_request(curl, connect_url, NULL, NULL, DEMO_PATIENCE_MS, answer);
    json_t *body = json_loadb(answer->body, answer->bytes, 0, NULL);
    json_unpack(body, "{s:I}", "connectionTimeoutMs", &timeout_ms);
    json_decref(body);
    return answer->status == 200 ? (long)timeout_ms : 0;
}

static int run_number(const struct demo_answer *answer)
{
    const char *name = "";
    json_t *message = json_loadb(answer->body, answer->bytes, 0, NULL);
    json_unpack(message, "{s:{s:s}}", "run", "friendlyId", &name);
    long run = strncmp(name, "run_", 4) == 0 ? strtol(name + 4, NULL, 10) : -1;
    json_decref(message);
    return run > 0 && run < INT_MAX ? (int)run : -1;
}

/* Says who waits for what, in the headers that the platform's controllers send. */
static struct curl_slist *make_headers(const char *who, const struct demo_deployment *deployment)
{
    struct curl_slist *headers = demo_header(NULL, "x-trigger-workload-controller-id: %s", who);
    headers = demo_header(headers, "x-trigger-deployment-id: %s", deployment->id);
    headers = demo_header(headers, "x-trigger-deployment-version: %s", deployment->version);
    headers = demo_header(headers, "x-trigger-machine-cpu: %g", deployment->cpu);
    headers = demo_header(headers, "x-trigger-machine-memory: %g", deployment->memory);
    return demo_header(headers, "x-trigger-worker-instance-name: demo-host");
}

static bool tell(int reports, int controller, int run)
{
    struct demo_report report = {.controller = controller, .run = run};
    return write(reports, &report, sizeof(report)) == (ssize_t)sizeof(report);
}

/* Waits and works until it is stopped. Returns only when warm starts are off or something is broken. */
static void be_controller(int number, const char *url, int reports)
{
    static struct demo_answer answer;
    const struct demo_deployment *deployment = &demo_deployments[number % DEMO_DEPLOYMENTS];
    char who[32], poll_url[DEMO_URL_MAX + 16];
    snprintf(who, sizeof(who), "controller_%d", number + 1);
    snprintf(poll_url, sizeof(poll_url), "%s/warm-start", url);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = make_headers(who, deployment);
    long hold_ms = connect_controller(curl, url, &answer);
    while (hold_ms > 0) {
        demo_say(who, 0, deployment, "waits with version %s", deployment->version);
        if (!tell(reports, number, 0))
            break;
        do
            demo_request(curl, poll_url, headers, NULL, hold_ms, &answer);
        while (answer.code == CURLE_OPERATION_TIMEDOUT);
        if (answer.status != 200)
            break;
        int run = run_number(&answer);
        demo_say(who, run, deployment, "received %zu bytes, starts at once", answer.bytes);
        if (!tell(reports, number, run))
            break;
        demo_pause_ms(1200 + 100 * number); /* the work */
    }
    demo_say(who, 0, deployment, "no warm starts: status %ld, %s", answer.status,
             curl_easy_strerror(answer.code));
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

pid_t demo_start_controller(int number, const char *url, int reports)
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_IGN); /* Ctrl-C reaches all; the supervisor finishes its run and then ends us */
    if (getppid() == parent)
        be_controller(number, url, reports);
    _exit(EXIT_FAILURE);
}
