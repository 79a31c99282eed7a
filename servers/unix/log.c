/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <string.h>

#include "record.h"
#include "wait.h"

void warmstart_unix_log_wait(const struct warmstart_unix *server, const struct wait *wait,
                             enum warmstart_ending ending)
{
    bool odd = ending == WARMSTART_ENDING_LOST || ending == WARMSTART_ENDING_UNCERTAIN;
    enum warmstart_log_level level = odd ? WARMSTART_LOG_INFO : WARMSTART_LOG_DEBUG;
    struct record record;
    if (!warmstart_record_begin(&record, server->options.logger, level, "wait"))
        return;
    warmstart_record_text(&record, "controller", wait->conn.controller_id, wait->conn.controller_id_bytes);
    warmstart_record_text(&record, "instance", wait_instance(wait), wait->instance_bytes);
    warmstart_record_word(&record, "ending", warmstart_ending_name(ending));
    warmstart_record_number(&record, "duration_ms",
                            (warmstart_loop_now(server->loop) - wait->since) / MILLISECOND_NS);
    warmstart_record_write(&record);
}

void warmstart_unix_log_dispatch(const struct warmstart_unix *server,
                                 const struct warmstart_settlement *settlement)
{
    struct record record;
    if (!warmstart_record_begin(&record, server->options.logger, WARMSTART_LOG_INFO, "dispatch"))
        return;
    const struct warmstart_conn *conn = settlement->conn;
    if (conn)
        warmstart_record_text(&record, "controller", conn->controller_id, conn->controller_id_bytes);
    if (conn && conn->transport == &server->transport) {
        const struct wait *wait = (const struct wait *)conn;
        warmstart_record_text(&record, "instance", wait_instance(wait), wait->instance_bytes);
    }
    warmstart_record_word(&record, "outcome", warmstart_outcome_name(settlement->outcome));
    warmstart_record_number(&record, "attempts", settlement->attempts);
    warmstart_record_number(&record, "duration_us", settlement->duration_ns / 1000);
    warmstart_record_write(&record);
}

void warmstart_unix_log_no_match(const struct warmstart_unix *server)
{
    struct record record;
    if (!warmstart_record_begin(&record, server->options.logger, WARMSTART_LOG_INFO, "dispatch"))
        return;
    warmstart_record_word(&record, "outcome", "no_match");
    warmstart_record_number(&record, "attempts", 0);
    warmstart_record_write(&record);
}

void warmstart_unix_log_closed(const struct warmstart_unix *server, const char *reason)
{
    struct record record;
    if (!warmstart_record_begin(&record, server->options.logger, WARMSTART_LOG_DEBUG, "connection_closed"))
        return;
    warmstart_record_word(&record, "reason", reason);
    warmstart_record_write(&record);
}

void warmstart_unix_log_accept(const struct warmstart_unix *server, int error)
{
    struct record record;
    if (!warmstart_record_begin(&record, server->options.logger, WARMSTART_LOG_WARN, "accept_failed"))
        return;
    warmstart_record_word(&record, "error", strerror(error));
    warmstart_record_number(&record, "connections", server->counters.connections);
    warmstart_record_write(&record);
}
