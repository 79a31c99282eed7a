/* SPDX-License-Identifier: MIT */
#include "peers.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <warmstart/client.h>

#include "records.h"

enum { WAITS = 16, KEYS = 4 };

static uint32_t random_below(struct peer *peer, uint32_t bound)
{
    peer->seed = peer->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((peer->seed >> 33) % bound);
}

/* Small writes to a pipe are whole or not at all. */
static void write_down(const struct peer *peer, enum record_type type, uint64_t run, uint32_t outcome)
{
    struct record record = {
        .run = run, .serial = peer->serial, .type = (uint16_t)type, .outcome = (uint16_t)outcome};
    if (write(peer->records, &record, sizeof(record)) != sizeof(record))
        _exit(2);
}

static struct warmstart_client *connect_to(const struct peer *peer)
{
    struct warmstart_client_options options;
    struct warmstart_client *client;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    warmstart_client_options_init(&options);
    options.path = peer->path;
    options.reconnect_max_ms = 50;
    return warmstart_client_new(&options, &client) == 0 ? client : NULL;
}

/* ---- Controllers ---- */

static int wait_for_work(struct peer *peer, struct warmstart_client *client)
{
    char metadata[64], id[32];
    warmstart_client_request request;
    struct warmstart_client_wait_options wait;
    warmstart_client_wait_options_init(&wait);
    snprintf(metadata, sizeof(metadata), "key:=%u size=large", random_below(peer, KEYS));
    snprintf(id, sizeof(id), "c%u.%u", peer->serial, random_below(peer, 1u << 30));
    wait.metadata = metadata;
    wait.controller_id = id;
    wait.timeout_ms = 1 + random_below(peer, 1000);
    wait.again = 1;
    return warmstart_client_wait(client, &wait, &request);
}

static uint64_t run_of(const struct warmstart_client_event *event)
{
    char text[32] = "";
    memcpy(text, event->data, event->data_bytes < sizeof(text) - 1 ? event->data_bytes : sizeof(text) - 1);
    return strtoull(text, NULL, 10);
}

/*
 * Most are taken; some are given back, some forgotten until their lease is over. A few controllers are so slow
 * that the end of the lease and the ack cross.
 */
static bool respond(struct peer *peer, struct warmstart_client *client,
                    const struct warmstart_client_event *event)
{
    uint32_t mood = random_below(peer, 1000);
    if (mood < 50)
        return warmstart_client_refuse(client, event->request) >= 0;
    if (mood < 60)
        return true;
    if (mood < 62)
        usleep(1000 * (PEER_LEASE_MS - 5 + random_below(peer, 10)));
    write_down(peer, RECORD_ACKING, run_of(event), 0);
    return warmstart_client_ack(client, event->request) >= 0;
}

void peer_control(struct peer *peer)
{
    struct warmstart_client *client = connect_to(peer);
    bool good = client != NULL;
    for (int i = 0; i < WAITS && good; i++)
        good = wait_for_work(peer, client) == 0;
    struct warmstart_client_event event;
    while (good && warmstart_client_receive(client, -1, &event) == 1) {
        if (event.type == WARMSTART_CLIENT_PAYLOAD)
            good = respond(peer, client, &event);
        if (event.type == WARMSTART_CLIENT_TAKEN)
            write_down(peer, RECORD_TAKEN, run_of(&event), 0);
        if (event.type == WARMSTART_CLIENT_TAKEN || event.type == WARMSTART_CLIENT_ENDED)
            good = good && wait_for_work(peer, client) == 0;
    }
}

/* ---- Supervisors ---- */

static int dispatch(struct peer *peer, struct warmstart_client *client, uint64_t *run)
{
    char payload[32], metadata[32];
    warmstart_client_request request;
    struct warmstart_client_dispatch_options options;
    warmstart_client_dispatch_options_init(&options);
    bool subset = random_below(peer, 2) == 0;
    snprintf(metadata, sizeof(metadata), "key:=%u%s", random_below(peer, KEYS), subset ? "" : " size=large");
    snprintf(payload, sizeof(payload), "%llu", (unsigned long long)*run);
    options.metadata = metadata;
    options.how = subset ? WARMSTART_MATCH_SUBSET : WARMSTART_MATCH_EXACT;
    options.payload = payload;
    options.payload_bytes = strlen(payload);
    options.timeout_ms = 500;
    options.user = run;
    return warmstart_client_dispatch(client, &options, &request);
}

void peer_supervise(struct peer *peer)
{
    struct warmstart_client *client = connect_to(peer);
    uint64_t runs[PEER_DISPATCHES], next = (uint64_t)peer->serial << 32;
    bool good = client != NULL;
    for (int i = 0; i < PEER_DISPATCHES && good; i++) {
        runs[i] = ++next;
        good = dispatch(peer, client, &runs[i]) == 0;
    }
    struct warmstart_client_event event;
    while (good && warmstart_client_receive(client, -1, &event) == 1) {
        if (event.type != WARMSTART_CLIENT_SETTLED)
            continue;
        uint64_t *run = event.user;
        write_down(peer, RECORD_RESULT, *run, event.outcome);
        *run = ++next;
        good = dispatch(peer, client, run) == 0;
    }
}
