/* SPDX-License-Identifier: MIT */
/*
 * Sockets that a service manager has opened for us, as sd_listen_fds(3) describes it: LISTEN_FDS of them from
 * descriptor 3 on, for the process LISTEN_PID, called as LISTEN_FDNAMES says.
 */
#ifndef SERVERS_DAEMON_INHERITED_H
#define SERVERS_DAEMON_INHERITED_H

#include "options.h"

/*
 * Adds them to the listeners; the one that stands in for none is taken out then. A name says whom the
 * socket serves: http, poll or dispatch, as the options --http, --http-poll and --http-dispatch do; without
 * names all are http. 0: done, also when there are none. WARMSTART_ERR_INVALID: *ret_error is one line that
 * says which variable, what it was and what is expected; WARMSTART_DAEMON_ERROR_BYTES are always enough.
 */
int warmstart_daemon_inherited_add(struct warmstart_daemon_options *options, char *const *environment,
                                   char *ret_error, size_t error_bytes);

#endif
