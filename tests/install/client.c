/* SPDX-License-Identifier: MIT */
/*
 * A program of somebody else's that uses the installed libwarmstart-client, and nothing else: valid as C99 and
 * as C++. Nobody serves its socket: it prints what becomes of a run then.
 */
#include <warmstart/client.h>

#include <stdio.h>

int main(void)
{
    struct warmstart_client_options options;
    struct warmstart_client_dispatch_options dispatch;
    struct warmstart_client_event event;
    struct warmstart_client *client = NULL;
    warmstart_client_request request;

    warmstart_client_options_init(&options);
    options.path = "@warmstart-install-test-of-nobody";
    if (warmstart_client_new(&options, &client) != 0)
        return 1;
    warmstart_client_dispatch_options_init(&dispatch);
    dispatch.metadata = "deployment=d1";
    dispatch.timeout_ms = 1;
    if (warmstart_client_dispatch(client, &dispatch, &request) != 0)
        return 2;
    if (warmstart_client_receive_of(client, request, 30000, &event) != 1)
        return 3;
    printf("%s\n", warmstart_client_outcome_name(event.outcome));
    warmstart_client_free(client);
    return 0;
}
