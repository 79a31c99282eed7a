/* SPDX-License-Identifier: MIT */
#include "body.h"

#include <stdlib.h>

#define KEPT_NS_MAX UINT64_C(20000000) /* of a dispatch's time, for its end */

struct budget *warmstart_unix_budget_new(size_t bytes_max)
{
    struct budget *budget = malloc(sizeof(*budget));
    if (budget)
        *budget = (struct budget){.bytes_max = bytes_max, .references = 1};
    return budget;
}

void warmstart_unix_budget_drop(struct budget *budget)
{
    if (budget && --budget->references == 0)
        free(budget);
}

int warmstart_unix_budget_has(const struct budget *budget, size_t bytes)
{
    return budget->bytes <= budget->bytes_max && bytes <= budget->bytes_max - budget->bytes;
}

static void release(struct warmstart_payload *payload)
{
    struct body *body = (struct body *)payload;
    body->budget->bytes -= payload->data_bytes;
    warmstart_unix_budget_drop(body->budget);
    free(body);
}

struct body *warmstart_unix_body_new(struct budget *budget, size_t bytes)
{
    if (bytes > SIZE_MAX - sizeof(struct body))
        return NULL;
    struct body *body = malloc(sizeof(*body) + bytes);
    if (!body)
        return NULL;
    body->payload = (struct warmstart_payload){
        .data = body->data, .data_bytes = bytes, .references = 1, .release = release};
    body->budget = budget;
    body->lease_ns = 0;
    budget->bytes += bytes;
    budget->references++;
    return body;
}

void warmstart_unix_body_drop(struct body *body)
{
    if (body)
        warmstart_payload_drop(&body->payload);
}

uint64_t warmstart_unix_lease_ns(uint64_t lease_ms, uint64_t timeout_ms, uint32_t attempts)
{
    uint64_t timeout_ns = timeout_ms * 1000000;
    uint64_t kept_ns = timeout_ns / 16 < KEPT_NS_MAX ? timeout_ns / 16 : KEPT_NS_MAX;
    uint64_t share_ns = (timeout_ns - kept_ns) / attempts;
    uint64_t lease_ns = lease_ms * 1000000;
    return lease_ns < share_ns ? lease_ns : share_ns;
}

struct body *warmstart_unix_body_of(struct warmstart_payload *payload)
{
    return payload->release == release ? (struct body *)payload : NULL;
}
