/* SPDX-License-Identifier: MIT */
/* The hosts that waiters live on: each name once, counted by its waiters. */
#ifndef WARMSTART_LIB_INSTANCE_H
#define WARMSTART_LIB_INSTANCE_H

#include "hash.h"
#include "table.h"
#include "timers.h"

struct instance {
    uint64_t hash;
    uint32_t references; /* waiters that have not ended, and its cordon */
    uint32_t name_bytes;
    uint32_t cordon[TIMER_WORDS]; /* set: its waiters are not matched until then */
    char name[];
};

struct instances {
    struct memory *memory;
    const struct hash_key *key;
    struct table table;
    struct timers cordons; /* ends of cordons */
    uint32_t max;
};

static inline bool instance_is_cordoned(const struct instance *instance)
{
    return instance != NULL && timer_is_set(instance->cordon);
}

void warmstart_instances_init(struct instances *instances, struct memory *memory, const struct hash_key *key,
                              uint32_t max);
void warmstart_instances_deinit(struct instances *instances);

/* The instance of that name; NULL: there is none. */
struct instance *warmstart_instance_find(const struct instances *instances, const char *name,
                                         size_t name_bytes);

/* Takes a reference to the instance of that name, making it if need be. 0; WARMSTART_ERR_MEMORY; _LIMIT. */
int warmstart_instance_reference(struct instances *instances, const char *name, size_t name_bytes,
                                 struct instance **ret_instance);

/* Gives a reference back; the last one frees it. NULL is fine. */
void warmstart_instance_unreference(struct instances *instances, struct instance *instance);

#endif
