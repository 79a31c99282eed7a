/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdio.h>
#include <string.h>

#include "deadline.h"
#include "record.h"

void warmstart_http_log_token(const struct warmstart_http *http, const struct trigger_value *controller_id,
                              const struct trigger_value *instance, const char *result)
{
    struct record record;
    if (!warmstart_record_begin(&record, http->options.logger, WARMSTART_LOG_DEBUG, "token"))
        return;
    warmstart_record_text(&record, "controller", controller_id->text, controller_id->bytes);
    warmstart_record_text(&record, "instance", instance->text, instance->bytes);
    warmstart_record_word(&record, "result", result);
    warmstart_record_write(&record);
}

void warmstart_http_log_poll(const struct warmstart_http *http, const struct poll *poll,
                             enum warmstart_ending ending)
{
    bool odd = ending == WARMSTART_ENDING_LOST || ending == WARMSTART_ENDING_UNCERTAIN;
    enum warmstart_log_level level = odd ? WARMSTART_LOG_INFO : WARMSTART_LOG_DEBUG;
    struct record record;
    if (!warmstart_record_begin(&record, http->options.logger, level, "poll"))
        return;
    warmstart_record_text(&record, "controller", poll->conn.controller_id, poll->conn.controller_id_bytes);
    warmstart_record_text(&record, "instance", poll_instance(poll), poll->instance_bytes);
    warmstart_record_word(&record, "ending", warmstart_ending_name(ending));
    warmstart_record_number(&record, "duration_ms",
                            (warmstart_loop_now(http->loop) - poll->since) / MILLISECOND_NS);
    warmstart_record_write(&record);
}

static void add_controller(struct record *record, const struct warmstart_http *http,
                           const struct warmstart_settlement *settlement)
{
    struct warmstart_conn *conn = settlement ? settlement->conn : NULL;
    if (!conn)
        return;
    warmstart_record_text(record, "controller", conn->controller_id, conn->controller_id_bytes);
    if (conn->transport == &http->transport) {
        const struct poll *poll = poll_of_conn(conn);
        warmstart_record_text(record, "instance", poll_instance(poll), poll->instance_bytes);
    }
}

void warmstart_http_log_dispatch(const struct warmstart_http *http, const struct dispatch *dispatch,
                                 enum post_outcome outcome, enum trigger_misfit misfit,
                                 const struct warmstart_settlement *settlement, uint64_t duration_ns)
{
    struct record record;
    if (!warmstart_record_begin(&record, http->options.logger, WARMSTART_LOG_INFO, "dispatch"))
        return;
    warmstart_record_text(&record, "run", dispatch->run, dispatch->run_bytes);
    add_controller(&record, http, settlement);
    warmstart_record_text(&record, "traceparent", dispatch->traceparent, dispatch->traceparent_bytes);
    warmstart_record_word(&record, "outcome", warmstart_http_post_outcome_name(outcome));
    if (outcome == POST_UNMATCHABLE)
        warmstart_record_word(&record, "reason", warmstart_trigger_misfit_name(misfit));
    warmstart_record_number(&record, "attempts", settlement ? settlement->attempts : 0);
    warmstart_record_number(&record, "duration_us", duration_ns / MICROSECOND_NS);
    warmstart_record_write(&record);
}

void warmstart_http_log_timeout(const struct warmstart_http *http, enum phase phase)
{
    struct record record;
    if (!warmstart_record_begin(&record, http->options.logger, WARMSTART_LOG_DEBUG, "connection_timeout"))
        return;
    warmstart_record_word(&record, "phase", warmstart_http_phase_name(phase));
    warmstart_record_write(&record);
}

void warmstart_http_log_accept(const struct warmstart_http *http, int error)
{
    struct record record;
    if (!warmstart_record_begin(&record, http->options.logger, WARMSTART_LOG_WARN, "accept_failed"))
        return;
    warmstart_record_word(&record, "error", strerror(error));
    warmstart_record_number(&record, "connections", http->counters.connections);
    warmstart_record_write(&record);
}

void warmstart_http_log_microhttpd(void *cls, const char *format, va_list arguments)
{
    const struct warmstart_http *http = cls;
    struct record record;
    if (!warmstart_record_begin(&record, http->options.logger, WARMSTART_LOG_DEBUG, "microhttpd"))
        return;
    char message[256];
    int bytes = vsnprintf(message, sizeof(message), format, arguments);
    if (bytes < 0)
        return;
    size_t length = (size_t)bytes < sizeof(message) ? (size_t)bytes : sizeof(message) - 1;
    while (length > 0 && message[length - 1] == '\n')
        length--;
    warmstart_record_text(&record, "message", message, length);
    warmstart_record_write(&record);
}
