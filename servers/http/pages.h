/* SPDX-License-Identifier: MIT */
/* Pages that are not always the same. What the access handler has to return. */
#ifndef SERVERS_HTTP_PAGES_H
#define SERVERS_HTTP_PAGES_H

#include "connection.h"

/* GET /readyz: 200, or 503 while draining. */
enum MHD_Result warmstart_http_page_ready(struct connection *connection);

/* GET /metrics. */
enum MHD_Result warmstart_http_page_metrics(struct connection *connection);

#endif
