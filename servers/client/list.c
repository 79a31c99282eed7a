/* SPDX-License-Identifier: MIT */
#include "state.h"

void warmstart_client_list_add(struct warmstart_client *client, struct list *list, struct request *request)
{
    request->next = NONE;
    request->previous = list->last;
    if (list->last == NONE)
        list->first = request->slot;
    else
        client->requests[list->last]->next = request->slot;
    list->last = request->slot;
}

void warmstart_client_list_remove(struct warmstart_client *client, struct list *list, struct request *request)
{
    if (request->previous == NONE)
        list->first = request->next;
    else
        client->requests[request->previous]->next = request->next;
    if (request->next == NONE)
        list->last = request->previous;
    else
        client->requests[request->next]->previous = request->previous;
    request->next = request->previous = NONE;
}
