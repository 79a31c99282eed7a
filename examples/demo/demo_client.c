/* SPDX-License-Identifier: MIT */
#include "demo.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const struct demo_deployment demo_deployments[DEMO_DEPLOYMENTS] = {
    {"deployment_images", "20260101.1", 0.5, 0.5}, {"deployment_reports", "20260102.3", 1, 2}};

double demo_now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

void demo_pause_ms(int ms)
{
    poll(NULL, 0, ms);
}

void demo_say(const char *who, int run, const struct demo_deployment *deployment, const char *format, ...)
{
    static double first_ms;
    char what[160], name[16] = "-";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    if (first_ms <= 0)
        first_ms = demo_now_ms();
    if (run > 0)
        snprintf(name, sizeof(name), "run_%04d", run);
    printf("%7.3f  %-12s  %-8s  %-18s  %s\n", (demo_now_ms() - first_ms) / 1e3, who, name,
           deployment != NULL ? deployment->id : "-", what);
}

static size_t keep(char *bytes, size_t size, size_t count, void *user)
{
    struct demo_answer *answer = user;
    if (size * count > sizeof(answer->body) - answer->bytes)
        return 0; /* longer than anything that is expected */
    memcpy(answer->body + answer->bytes, bytes, size * count);
    answer->bytes += size * count;
    return size * count;
}

void demo_request(CURL *curl, const char *url, struct curl_slist *headers, const char *post, long limit_ms,
                  struct demo_answer *answer)
{
    answer->bytes = 0;
    answer->status = 0;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, limit_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (post != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post);
    answer->code = curl_easy_perform(curl);
    if (answer->code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
}

struct curl_slist *demo_header(struct curl_slist *headers, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    return curl_slist_append(headers, line);
}
