/* SPDX-License-Identifier: MIT */
/*
 * controller: waits for runs over the broker's Unix socket, and does them one after the other.
 *
 *     controller SOCKET NAME [METADATA]        such as: controller /run/warmstart.sock c1 'deployment=d1 cpu:=0.5'
 *
 * To do a run is to print it here. The run "stop" ends the program. A broker that restarts, a connection that
 * is lost, a timeout: the client waits again by itself.
 */
#include <warmstart/client.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int wait_for_work(struct warmstart_client *client, const char *name, const char *metadata)
{
    warmstart_client_request request;
    struct warmstart_client_wait_options wait;
    warmstart_client_wait_options_init(&wait);
    wait.controller_id = name;
    wait.metadata = metadata;
    wait.timeout_ms = 30000; /* then it waits again: who waits for long may be forgotten by the network */
    wait.again = 1;
    return warmstart_client_wait(client, &wait, &request);
}

/* The run is ours, and nobody else's. False: it was the last one. */
static bool do_run(const char *name, const struct warmstart_client_event *event)
{
    printf("%s does %.*s\n", name, (int)event->data_bytes, (const char *)event->data);
    fflush(stdout);
    return event->data_bytes != 4 || memcmp(event->data, "stop", 4) != 0;
}

/* 0: told to stop. */
static int serve(struct warmstart_client *client, const char *name, const char *metadata)
{
    int error = wait_for_work(client, name, metadata);
    struct warmstart_client_event event;
    while (error == 0 && (error = warmstart_client_receive(client, -1, &event)) == 1) {
        error = 0;
        switch (event.type) {
        case WARMSTART_CLIENT_PAYLOAD:
            /* Offered. A controller that is not able to do it says warmstart_client_refuse(). */
            error = warmstart_client_ack(client, event.request) < 0 ? WARMSTART_ERR_MEMORY : 0;
            break;
        case WARMSTART_CLIENT_TAKEN:
            if (!do_run(name, &event))
                return 0;
            error = wait_for_work(client, name, metadata);
            break;
        case WARMSTART_CLIENT_ENDED:
            fprintf(stderr, "controller: %s is over: %s\n", name, event.reason);
            return -1;
        case WARMSTART_CLIENT_DISCONNECTED:
            fprintf(stderr, "controller: no broker: %s\n", event.text);
            break;
        case WARMSTART_CLIENT_CONNECTED:
        case WARMSTART_CLIENT_WITHDRAWN: /* somebody else has it: do nothing */
        case WARMSTART_CLIENT_SETTLED:
        case WARMSTART_CLIENT_ANSWER:
            break;
        }
    }
    fprintf(stderr, "controller: error %d\n", error);
    return -1;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: controller SOCKET NAME [METADATA]\n");
        return 2;
    }
    struct warmstart_client_options options;
    struct warmstart_client *client;
    warmstart_client_options_init(&options);
    options.path = argv[1];
    if (warmstart_client_new(&options, &client) < 0) {
        fprintf(stderr, "controller: %s is no path of a socket\n", argv[1]);
        return 2;
    }
    int status = serve(client, argv[2], argc > 3 ? argv[3] : NULL) == 0 ? 0 : 1;
    warmstart_client_free(client);
    return status;
}
