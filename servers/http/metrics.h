/* SPDX-License-Identifier: MIT */
/* GET /metrics: everything that is counted, as Prometheus text. */
#ifndef SERVERS_HTTP_METRICS_H
#define SERVERS_HTTP_METRICS_H

#include "server.h"

/* Counts a hand-over that took so long, from the whole POST to the confirmed delivery. */
void warmstart_http_metrics_hand_over(struct warmstart_http *http, uint64_t duration_ns);

/* The page, malloc()'s and the caller's to free; NULL: out of memory. */
char *warmstart_http_metrics_write(const struct warmstart_http *http, size_t *ret_bytes);

#endif
