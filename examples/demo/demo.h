/* SPDX-License-Identifier: MIT */
/*
 * What the demo's supervisor and its controllers share: who asks for what, HTTP by libcurl, one line a step.
 */
#ifndef EXAMPLES_DEMO_H
#define EXAMPLES_DEMO_H

#include <curl/curl.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    DEMO_DEPLOYMENTS = 2,
    DEMO_PATIENCE_MS = 10000, /* what takes longer is broken */
    DEMO_URL_MAX = 400
};

struct demo_deployment {
    const char *id;
    const char *version;
    double cpu;
    double memory;
};

extern const struct demo_deployment demo_deployments[DEMO_DEPLOYMENTS];

/* What a controller tells the supervisor through a pipe: it waits (run 0), or has received a run. */
struct demo_report {
    int controller;
    int run;
};

/* ---- demo_client.c ---- */

struct demo_answer {
    char body[16384];
    size_t bytes;
    long status; /* 0: there was no answer; `code` says why */
    CURLcode code;
};

/* GETs url, or POSTs to it if there is something to post, within limit_ms. */
void demo_request(CURL *curl, const char *url, struct curl_slist *headers, const char *post, long limit_ms,
                  struct demo_answer *answer);

/* Appends a header as curl_slist_append() does. */
__attribute__((format(printf, 2, 3))) struct curl_slist *demo_header(struct curl_slist *headers,
                                                                     const char *format, ...);

/* Now, on the monotonic clock. */
double demo_now_ms(void);

/* Prints a step: seconds since the first call, who, which run (0: none), deployment or NULL, and what. */
__attribute__((format(printf, 4, 5))) void demo_say(const char *who, int run,
                                                    const struct demo_deployment *deployment,
                                                    const char *format, ...);

/* Sleeps, less if a signal comes. */
void demo_pause_ms(int ms);

/* ---- demo_controller.c ---- */

/* Starts controller `number` as a process of its own, which writes reports. -1: there is none (errno). */
pid_t demo_start_controller(int number, const char *url, int reports);

#endif
