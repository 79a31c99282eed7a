/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <stdlib.h>
#include <string.h>

static void release_block(struct warmstart_payload *payload)
{
    free(payload);
}

struct warmstart_payload *warmstart_payload_new(const void *data, size_t data_bytes)
{
    if ((!data && data_bytes > 0) || data_bytes > SIZE_MAX - sizeof(struct warmstart_payload))
        return NULL;
    struct warmstart_payload *payload = malloc(sizeof(*payload) + data_bytes);
    if (!payload)
        return NULL;
    if (data_bytes > 0)
        memcpy(payload + 1, data, data_bytes);
    *payload = (struct warmstart_payload){
        .data = payload + 1, .data_bytes = data_bytes, .references = 1, .release = release_block};
    return payload;
}

struct warmstart_payload *warmstart_payload_hold(struct warmstart_payload *payload)
{
    assert(payload->references > 0 && payload->references < UINT32_MAX);
    payload->references++;
    return payload;
}

void warmstart_payload_drop(struct warmstart_payload *payload)
{
    if (!payload)
        return;
    assert(payload->references > 0);
    if (--payload->references == 0)
        payload->release(payload);
}
