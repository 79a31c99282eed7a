/* SPDX-License-Identifier: MIT */
/* Requests: from libmicrohttpd's callbacks to the page, poll or dispatch that is meant. */
#ifndef SERVERS_HTTP_REQUEST_H
#define SERVERS_HTTP_REQUEST_H

#include "connection.h"

/* libmicrohttpd's callback that sees the request's target as it came. `cls` is the server. */
void *warmstart_http_request_target(void *cls, const char *target, struct MHD_Connection *mhd);

/* libmicrohttpd's access handler. `cls` is the server. */
enum MHD_Result warmstart_http_request_handle(void *cls, struct MHD_Connection *mhd, const char *target,
                                              const char *method, const char *version, const char *upload,
                                              size_t *upload_bytes, void **context);

#endif
