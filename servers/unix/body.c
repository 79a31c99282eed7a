/* SPDX-License-Identifier: MIT */
#include "body.h"

#include <stdlib.h>

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

struct body *warmstart_unix_body_of(struct warmstart_payload *payload)
{
    return payload->release == release ? (struct body *)payload : NULL;
}
