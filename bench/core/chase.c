/* SPDX-License-Identifier: MIT */
/*
 * The floor under everything that looks something up: one load that depends on the one before, somewhere in
 * as many bytes as the core uses for the same waiters.
 */
#include "contender.h"

#include <stdlib.h>

enum { LINE_BYTES = 64 };

struct line {
    struct line *next;
    char rest[LINE_BYTES - sizeof(struct line *)];
};

struct store {
    struct line *lines;
    struct line *at;
};

/* One ring through all lines in random order. */
static void *create(const struct population *population)
{
    uint32_t len = (uint32_t)(population->bytes / LINE_BYTES) + 2;
    struct store *store = allocate(1, sizeof(*store));
    store->lines = aligned_alloc(LINE_BYTES, (size_t)len * LINE_BYTES);
    if (store->lines == NULL)
        wrong("out of memory");
    for (uint32_t i = 0; i < len; i++)
        store->lines[i].next = &store->lines[i];
    uint64_t random = 1;
    for (uint32_t i = len - 1; i > 0; i--) {
        uint32_t other = random_below(&random, i);
        struct line *next = store->lines[i].next;
        store->lines[i].next = store->lines[other].next;
        store->lines[other].next = next;
    }
    store->at = store->lines;
    return store;
}

static void destroy(void *pointer)
{
    struct store *store = pointer;
    free(store->lines);
    free(store);
}

static int load(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    struct line *at = store->at;
    for (; times > 0; times--)
        at = at->next;
    store->at = at;
    return at == NULL ? WARMSTART_ERR_INVALID : 0;
}

const struct contender contender_chase = {
    .name = "cache-miss",
    .about = "one dependent load from as much memory as the core has for these waiters",
    .create = create,
    .destroy = destroy,
    .plain = {{"hand-over", load}},
};
