/* SPDX-License-Identifier: MIT */
/*
 * supervisor: hands runs to controllers that wait, over the broker's Unix socket.
 *
 *     supervisor SOCKET METADATA RUN...        such as: supervisor /run/warmstart.sock deployment=d1 run_1 run_2
 *
 * All runs are under way at the same time on one connection. Each is "warm" (a controller has it) or "cold":
 * nobody has it, or nobody can tell, and a real supervisor would start a container now. Ends with status 0 if
 * all were warm, 1 if not.
 */
#include <warmstart/client.h>

#include <stdio.h>
#include <string.h>

static int hand_over(struct warmstart_client *client, const char *metadata, char *run)
{
    warmstart_client_request request;
    struct warmstart_client_dispatch_options dispatch;
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.metadata = metadata;
    dispatch.payload = run;
    dispatch.payload_bytes = strlen(run);
    dispatch.timeout_ms = 5000;
    dispatch.user = run; /* comes back with what became of it */
    return warmstart_client_dispatch(client, &dispatch, &request);
}

/* Waits for what becomes of `len` runs. Returns how many are warm. */
static int settle(struct warmstart_client *client, int len)
{
    int warm = 0;
    struct warmstart_client_event event;
    while (len > 0 && warmstart_client_receive(client, -1, &event) == 1) {
        if (event.type == WARMSTART_CLIENT_DISCONNECTED)
            fprintf(stderr, "supervisor: no broker: %s\n", event.text);
        if (event.type != WARMSTART_CLIENT_SETTLED)
            continue;
        len--;
        if (event.outcome == WARMSTART_CLIENT_DELIVERED) {
            warm++;
            printf("%s: warm, %s has it\n", (const char *)event.user, event.text);
        } else {
            printf("%s: cold, %s\n", (const char *)event.user, warmstart_client_outcome_name(event.outcome));
        }
    }
    return warm;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: supervisor SOCKET METADATA RUN...\n");
        return 2;
    }
    struct warmstart_client_options options;
    struct warmstart_client *client;
    warmstart_client_options_init(&options);
    options.path = argv[1];
    if (warmstart_client_new(&options, &client) < 0) {
        fprintf(stderr, "supervisor: %s is no path of a socket\n", argv[1]);
        return 2;
    }
    int under_way = 0;
    for (int i = 3; i < argc; i++)
        under_way += hand_over(client, argv[2], argv[i]) == 0;
    int warm = settle(client, under_way);
    warmstart_client_free(client);
    return warm == argc - 3 ? 0 : 1;
}
