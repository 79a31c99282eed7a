/* SPDX-License-Identifier: MIT */
#include "body.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN   ((size_t)2048)
#define CAPACITY_FIRST ((size_t)65536) /* what an announcement alone gets: who sends less costs less */

static size_t capacity_for(const struct warmstart_http *http, size_t had, uint64_t announced, size_t needed)
{
    size_t capacity = had > 0 ? had * 2 : CAPACITY_MIN;
    if (had == 0 && announced > 0)
        capacity = announced < CAPACITY_FIRST ? (size_t)announced : CAPACITY_FIRST;
    if (announced > 0 && capacity > announced)
        capacity = (size_t)announced;
    if (capacity > http->options.body_bytes_max)
        capacity = http->options.body_bytes_max;
    return capacity < needed ? needed : capacity;
}

static void release(struct warmstart_payload *payload)
{
    free((struct body *)payload);
}

int warmstart_http_body_append(struct warmstart_http *http, struct body **body, uint64_t announced,
                               bool is_run, const char *data, size_t bytes)
{
    struct body *old = *body;
    size_t had = old ? old->capacity : 0;
    size_t filled = old ? old->bytes : 0;
    assert(!old || old->payload.references == 1);

    if (!old || bytes > had - filled) {
        size_t capacity = capacity_for(http, had, announced, filled + bytes);
        size_t most = had + (http->options.buffered_bytes_max - http->buffered_bytes);
        if (is_run && capacity > most)
            capacity = most;
        if (capacity < filled + bytes)
            return WARMSTART_ERR_LIMIT;
        struct body *grown = realloc(old, sizeof(*grown) + capacity);
        if (!grown)
            return WARMSTART_ERR_MEMORY;
        grown->payload = (struct warmstart_payload){.references = 1, .release = release};
        grown->bytes = filled;
        grown->capacity = capacity;
        grown->is_run = is_run;
        http->counters.body_bytes += capacity - had;
        http->buffered_bytes += is_run ? capacity - had : 0;
        *body = grown;
    }
    memcpy((*body)->data + filled, data, bytes);
    (*body)->bytes = filled + bytes;
    return 0;
}

void warmstart_http_body_drop(struct warmstart_http *http, struct body *body)
{
    if (!body)
        return;
    http->counters.body_bytes -= body->capacity;
    http->buffered_bytes -= body->is_run ? body->capacity : 0;
    warmstart_payload_drop(&body->payload);
}
