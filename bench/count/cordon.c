/* SPDX-License-Identifier: MIT */
#include "cordon.h"

#include "bench/core/contender.h"

#include <stdlib.h>
#include <valgrind/callgrind.h>

static const char host[] = "host";
enum { HOST_BYTES = sizeof(host) - 1, GROUPS = 8 };

static warmstart_waiter_id register_one(struct warmstart_manager *manager, uint64_t number)
{
    struct warmstart_registration registration;
    struct warmstart_field field = {"group", 5, &"01234567"[number % GROUPS], 1};
    warmstart_registration_init(&registration);
    registration.fields = &field;
    registration.fields_len = 1;
    registration.instance = host;
    registration.instance_bytes = HOST_BYTES;
    warmstart_waiter_id id;
    if (warmstart_register(manager, &registration, &id, 1) != 0)
        wrong("warmstart_register() did not take a waiter");
    return id;
}

/* Slots are taken in the order in which they were given back, the last one first. */
static void shuffle_slots(struct warmstart_manager *manager, uint32_t waiters)
{
    struct warmstart_event event;
    warmstart_waiter_id *ids = allocate(waiters, sizeof(*ids));
    for (uint32_t i = 0; i < waiters; i++)
        ids[i] = register_one(manager, i);
    uint64_t random = 1;
    for (uint32_t left = waiters; left > 0; left--) {
        uint32_t at = random_below(&random, left);
        if (warmstart_cancel(manager, ids[at], 1) != 1 || warmstart_next_event(manager, &event) != 1)
            wrong("warmstart_cancel() did not end a waiter");
        ids[at] = ids[left - 1];
    }
    free(ids);
}

static void cordon(struct warmstart_manager *manager, uint64_t until)
{
    if (warmstart_cordon(manager, host, HOST_BYTES, until, 1) != 0)
        wrong("warmstart_cordon() failed");
}

void cordon_run(uint64_t waiters)
{
    struct warmstart_manager *manager;
    struct warmstart_options options;
    warmstart_options_init(&options);
    options.waiters_max = (uint32_t)waiters;
    if (warmstart_manager_new(&options, &manager) != 0)
        wrong("warmstart_manager_new() failed");
    shuffle_slots(manager, (uint32_t)waiters);
    for (uint64_t i = 0; i < waiters; i++)
        register_one(manager, i);
    CALLGRIND_TOGGLE_COLLECT;
    cordon(manager, WARMSTART_NEVER);
    cordon(manager, 0);
    CALLGRIND_TOGGLE_COLLECT;
    warmstart_manager_free(manager);
}
