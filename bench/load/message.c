/* SPDX-License-Identifier: MIT */
#include "message.h"

#include "failure.h"

#include <stdlib.h>
#include <string.h>

/* What the schema asks for, up to a text of any length. */
static const char head[] =
    "{\"version\":\"1\",\"snapshot\":{\"id\":\"sn1\",\"friendlyId\":\"snapshot_1\",\"executionStatus\":"
    "\"PENDING_EXECUTING\",\"description\":\"dequeued\",\"createdAt\":\"2026-03-27T15:48:02.117Z\"},"
    "\"dequeuedAt\":\"2026-03-27T15:48:02.121Z\",";
static const char rest_of_head[] =
    "\"completedWaitpoints\":[],\"backgroundWorker\":{\"id\":\"bw1\",\"friendlyId\":\"worker_1\",\"version\":"
    "\"" MESSAGE_VERSION "\"},\"deployment\":{\"friendlyId\":\"" MESSAGE_DEPLOYMENT
    "\"},\"run\":{\"id\":\"r1\","
    "\"friendlyId\":\"run_" NUMBER_PLACE
    "\",\"isTest\":false,\"machine\":{\"name\":\"small-1x\",\"cpu\":" MESSAGE_CPU
    ",\"memory\":" MESSAGE_MEMORY ",\"centsPerMs\":0.0000338},\"attemptNumber\":1,\"masterQueue\":"
    "\"us-east-1\",\"traceContext\":{";

/* What real messages have besides. */
static const char image[] = "\"workerQueueLength\":14,\"image\":\"registry.example/deployments/"
                            "proj_yubjwjsfkxnylobaqvqz:20260327.4.prod"
                            "@sha256:9b2f6c0f8d3f4f0f6f0e1c7b5a4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d\",";
static const char trace[] =
    "\"traceparent\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\",\"traceId\":"
    "\"4bf92f3577b34da6a3ce929d0e0e4736\",\"spanId\":\"00f067aa0ba902b7\",\"external\":{\"traceparent\":"
    "\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\",\"tracestate\":\"vendor=t61rcWkgMzE\"},";

static const char padding_begin[] = "\"baggage\":\"";
static const char tail[] =
    "\"}},\"environment\":{\"id\":\"env1\",\"type\":\"PRODUCTION\"},\"organization\":{\"id\":\"org1\"},"
    "\"project\":{\"id\":\"proj1\"}}";

enum { FULL_BYTES_MIN = 1500 };

static const char baggage[] =
    "environment.type=PRODUCTION,project.ref=proj_yubjwjsfkxnylobaqvqz,queue.name=upload,";

void message_append(struct template *template, size_t bytes)
{
    size_t start = template->len;
    template_print(template, "%s%s%s%s%s", head, bytes >= FULL_BYTES_MIN ? image : "", rest_of_head,
                   bytes >= FULL_BYTES_MIN ? trace : "", padding_begin);
    size_t used = template->len - start + sizeof(tail) - 1;
    if (used > bytes)
        fail("a message of %zu bytes is too short", bytes);
    size_t padding_len = bytes - used;
    char *padding = allocate(padding_len + 1, 1);
    for (size_t i = 0; i < padding_len; i++)
        padding[i] = baggage[i % (sizeof(baggage) - 1)];
    template_append(template, padding, padding_len);
    free(padding);
    template_append(template, tail, sizeof(tail) - 1);
}
