/* SPDX-License-Identifier: MIT */
/* What is known of a message once libmicrohttpd is done with it. */
#ifndef SERVERS_HTTP_CONFIRM_H
#define SERVERS_HTTP_CONFIRM_H

#include "held_poll.h"

/*
 * What to report for a poll whose message was written to its socket as a whole, or not. Written means: the
 * kernel has every byte and sends it. Not written: the connection failed or was closed before the last byte
 * was handed to the kernel, so nobody can have received it whole.
 */
enum warmstart_outcome warmstart_http_confirm(const struct poll *poll, bool whole);

#endif
