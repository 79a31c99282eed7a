/* SPDX-License-Identifier: MIT */
/* The structs that callers fill: their defaults, and how structs of older and newer callers are read. */
#include "manager.h"

#include <string.h>

int warmstart_sized_read(void *known, size_t known_bytes, const void *given, size_t bytes_min)
{
    size_t given_bytes;
    memcpy(&given_bytes, given, sizeof(given_bytes));
    if (given_bytes < bytes_min)
        return WARMSTART_ERR_INVALID;
    for (size_t i = known_bytes; i < given_bytes; i++)
        if (((const char *)given)[i] != 0)
            return WARMSTART_ERR_UNSUPPORTED;
    memcpy(known, given, given_bytes < known_bytes ? given_bytes : known_bytes);
    memcpy(known, &known_bytes, sizeof(known_bytes));
    return 0;
}

/* Writes as many of the defaults as the caller's struct holds, zeros behind them, and its size. */
static void sized_write(void *ret, size_t size, const void *defaults, size_t defaults_bytes)
{
    if (ret == NULL || size < sizeof(size))
        return;
    memset(ret, 0, size);
    memcpy(ret, defaults, size < defaults_bytes ? size : defaults_bytes);
    memcpy(ret, &size, sizeof(size));
}

void warmstart_options_init_sized(struct warmstart_options *options, size_t size)
{
    const struct warmstart_options defaults = {
        .order = WARMSTART_NEWEST_FIRST,
        .waiters_max = 65536,
        .dispatches_max = 65536,
        .field_sets_max = 65536,
        .field_sets_idle_max = 1024,
        .instances_max = 65536,
        .fields_max = 32,
        .name_bytes_max = 255,
        .value_bytes_max = 4096,
        .lease_ns = UINT64_C(1000000000),
        .retired_max = 4096,
    };
    sized_write(options, size, &defaults, sizeof(defaults));
}

void warmstart_registration_init_sized(struct warmstart_registration *registration, size_t size)
{
    const struct warmstart_registration defaults = {
        .match_until = WARMSTART_NEVER,
        .expires_at = WARMSTART_NEVER,
    };
    sized_write(registration, size, &defaults, sizeof(defaults));
}

void warmstart_delivery_init_sized(struct warmstart_delivery *delivery, size_t size)
{
    const struct warmstart_delivery defaults = {
        .deadline = WARMSTART_NEVER,
        .attempts_max = 1,
    };
    sized_write(delivery, size, &defaults, sizeof(defaults));
}
