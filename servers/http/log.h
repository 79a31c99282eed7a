/* SPDX-License-Identifier: MIT */
/* What goes into the log. Nothing is put together below the logger's level; never a message or a token. */
#ifndef SERVERS_HTTP_LOG_H
#define SERVERS_HTTP_LOG_H

#include <stdarg.h>

#include "dispatch.h"
#include "held_poll.h"

/* A poll that ended: debug when all is as it should be, info when a message was lost or may be. */
void warmstart_http_log_poll(const struct warmstart_http *http, const struct poll *poll,
                             enum warmstart_ending ending);

/* What became of a POST: info. settlement NULL: it never was a dispatch. */
void warmstart_http_log_dispatch(const struct warmstart_http *http, const struct dispatch *dispatch,
                                 enum post_outcome outcome, enum trigger_misfit misfit,
                                 const struct warmstart_settlement *settlement, uint64_t duration_ns);

/* A listener that cannot accept for now: warn. `error` is an errno. */
void warmstart_http_log_timeout(const struct warmstart_http *http, enum phase phase);

void warmstart_http_log_accept(const struct warmstart_http *http, int error);

/* libmicrohttpd's logger; `cls` is the server: debug. */
void warmstart_http_log_microhttpd(void *cls, const char *format, va_list arguments);

/* What was found about the token of who wants to wait; not the token itself. */
void warmstart_http_log_token(const struct warmstart_http *http, const struct trigger_value *controller_id,
                              const struct trigger_value *instance, const char *result);

#endif
