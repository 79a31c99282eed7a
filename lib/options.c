/* SPDX-License-Identifier: MIT */
/* The structs that callers fill: their defaults. */
#include "sized.h"

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
