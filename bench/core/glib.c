/* SPDX-License-Identifier: MIT */
/*
 * What a careful programmer writes by hand: one table from the joined fields to a queue of waiters, one from
 * controller id to waiter, one queue by deadline (all polls last equally long, so the newest goes last); the
 * links stand inside the waiters. No outcome, retry, id, event or limit.
 */
#include "contender.h"

#include <glib.h>
#include <string.h>

#define POLL_NS UINT64_C(30000000000)

enum { KEY_BYTES_MAX = INPUT_FIELDS_MAX * (INPUT_VALUE_BYTES + 1) };

struct key {
    GQueue waiters; /* newest first; struct waiter.in_key */
    char text[];    /* the values, joined */
};

struct waiter {
    GList in_key;
    GList in_deadlines;
    struct key *key;
    uint64_t deadline;
    void *conn;
    const void *payload;
    char controller[];
};

struct store {
    GHashTable *keys;        /* text to struct key, which owns the text */
    GHashTable *controllers; /* controller id to struct waiter, which owns the id */
    GQueue deadlines;        /* struct waiter.in_deadlines, the earliest first */
    struct population population;
    struct input input;
    uint64_t random;
    uint64_t now;
};

static void join(const struct input *input, char text[KEY_BYTES_MAX])
{
    for (size_t i = 0; i < input->fields_len; i++) {
        memcpy(text, input->fields[i].value, input->fields[i].value_bytes);
        text += input->fields[i].value_bytes;
        *text++ = '\n';
    }
    text[-1] = 0;
}

static void end_waiter(struct store *store, struct waiter *waiter)
{
    g_queue_unlink(&waiter->key->waiters, &waiter->in_key);
    g_queue_unlink(&store->deadlines, &waiter->in_deadlines);
    if (waiter->key->waiters.length == 0)
        g_hash_table_remove(store->keys, waiter->key->text);
    g_hash_table_remove(store->controllers, waiter->controller);
    g_free(waiter);
}

static void add_waiter(struct store *store, void *conn)
{
    const struct input *input = &store->input;
    char text[KEY_BYTES_MAX];
    struct waiter *old = g_hash_table_lookup(store->controllers, input->controller);
    if (old != NULL)
        end_waiter(store, old);
    join(input, text);
    struct key *key = g_hash_table_lookup(store->keys, text);
    if (key == NULL) {
        size_t bytes = strlen(text) + 1;
        key = g_malloc(sizeof(*key) + bytes);
        g_queue_init(&key->waiters);
        memcpy(key->text, text, bytes);
        g_hash_table_insert(store->keys, key->text, key);
    }
    struct waiter *waiter = g_malloc0(sizeof(*waiter) + input->controller_bytes + 1);
    waiter->in_key.data = waiter->in_deadlines.data = waiter;
    waiter->key = key;
    waiter->deadline = store->now + POLL_NS;
    waiter->conn = conn;
    memcpy(waiter->controller, input->controller, input->controller_bytes);
    g_queue_push_head_link(&key->waiters, &waiter->in_key);
    g_queue_push_tail_link(&store->deadlines, &waiter->in_deadlines);
    g_hash_table_insert(store->controllers, waiter->controller, waiter);
}

static struct waiter *find_waiter(const struct store *store)
{
    char text[KEY_BYTES_MAX];
    join(&store->input, text);
    struct key *key = g_hash_table_lookup(store->keys, text);
    return key == NULL ? NULL : g_queue_peek_head(&key->waiters);
}

static void *create(const struct population *population)
{
    struct store *store = allocate(1, sizeof(*store));
    store->keys = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    store->controllers = g_hash_table_new(g_str_hash, g_str_equal);
    store->population = *population;
    store->random = 1;
    g_queue_init(&store->deadlines);
    input_init(&store->input);
    for (uint32_t waiter = 0; waiter < population->waiters; waiter++) {
        input_set_key(&store->input, waiter % population->keys);
        input_set_controller(&store->input, waiter);
        add_waiter(store, (void *)((uintptr_t)waiter + 1));
    }
    return store;
}

static void destroy(void *pointer)
{
    struct store *store = pointer;
    while (store->deadlines.length > 0)
        end_waiter(store, g_queue_peek_head(&store->deadlines));
    g_hash_table_destroy(store->keys);
    g_hash_table_destroy(store->controllers);
    free(store);
}

static int cycle(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    for (; times > 0; times--) {
        store->now++;
        input_set_key(&store->input, random_below(&store->random, store->population.keys));
        struct waiter *waiter = find_waiter(store);
        if (waiter == NULL || waiter->deadline <= store->now)
            wrong("GLib: nobody was found");
        void *conn = waiter->conn;
        end_waiter(store, waiter);
        input_set_controller(&store->input, (uint32_t)((uintptr_t)conn - 1));
        add_waiter(store, conn);
    }
    return 0;
}

static int miss(void *pointer, uint64_t times)
{
    struct store *store = pointer;
    for (; times > 0; times--) {
        input_set_key(&store->input, (uint32_t)(random_next(&store->random) >> 32) | UINT32_C(0x80000000));
        if (find_waiter(store) != NULL)
            wrong("GLib: somebody was found");
    }
    return 0;
}

const struct contender contender_glib = {
    .name = "glib",
    .about = "GHashTable and GQueue by hand: find, remove, add; nothing else of what the core does",
    .create = create,
    .destroy = destroy,
    .plain = {{"hand-over", cycle}, {"miss", miss}},
};
