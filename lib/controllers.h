/* SPDX-License-Identifier: MIT */
/* From a controller id to its newest waiter that has not ended. Chained: 8 bytes a waiter. */
#ifndef WARMSTART_LIB_CONTROLLERS_H
#define WARMSTART_LIB_CONTROLLERS_H

#include "manager.h"

void warmstart_controllers_init(struct controllers *controllers, struct memory *memory);
void warmstart_controllers_deinit(struct controllers *controllers);

/* Makes room for so many, which there is not. False: out of memory, nothing changed. */
bool warmstart_controllers_grow(struct warmstart_manager *manager, uint32_t len);

/* Makes room for so many. False: out of memory, nothing changed. */
static inline bool controllers_reserve(struct warmstart_manager *manager, uint32_t len)
{
    return len <= manager->controllers.capacity || warmstart_controllers_grow(manager, len);
}

/* A waiter of this fingerprint is going to be looked for, or to be added or removed. */
static inline void controllers_expect(const struct warmstart_manager *manager, const uint64_t fingerprint[2])
{
    const struct controllers *controllers = &manager->controllers;
    __builtin_prefetch(&controllers->buckets[(uint32_t)fingerprint[0] & (controllers->capacity - 1)]);
}

/* The waiter of this fingerprint; NULL: none. */
struct waiter *warmstart_controllers_find(const struct warmstart_manager *manager,
                                          const uint64_t fingerprint[2]);

/* Adds a waiter whose fingerprint is not in the table. There is room. */
void warmstart_controllers_add(struct warmstart_manager *manager, struct waiter *waiter);

/* Removes a waiter if it is in the table. */
void warmstart_controllers_remove(struct warmstart_manager *manager, struct waiter *waiter);

#endif
