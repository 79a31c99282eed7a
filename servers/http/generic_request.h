/* SPDX-License-Identifier: MIT */
/* POST /v1/wait and POST /v1/dispatch: the access handler's final calls for them. */
#ifndef SERVERS_HTTP_GENERIC_REQUEST_H
#define SERVERS_HTTP_GENERIC_REQUEST_H

#include "connection.h"

/* Registers and holds who waits, or answers. */
enum MHD_Result warmstart_http_generic_wait(struct connection *connection, const char *method,
                                            const char *target, const char *version);

/* Answers a dispatch, or holds it until it is settled. */
enum MHD_Result warmstart_http_generic_dispatch(struct connection *connection, const char *method,
                                                const char *target, const char *version);

#endif
