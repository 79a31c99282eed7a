/* SPDX-License-Identifier: MIT */
/* Calls for operators and for nodes that go away, on the supervisors' side. */
#ifndef SERVERS_HTTP_ADMIN_H
#define SERVERS_HTTP_ADMIN_H

#include "connection.h"

/* DELETE /warm-start/controllers/{id}?for_ms=: its poll ends, and it may not come back for a while. */
enum MHD_Result warmstart_http_admin_retire(struct connection *connection, const char *id, size_t id_bytes);

/*
 * PUT and DELETE /warm-start/instances/{name}/cordon?for_ms=: its controllers are not matched (or are
 * again).
 */
enum MHD_Result warmstart_http_admin_cordon(struct connection *connection, const char *name,
                                            size_t name_bytes);

#endif
