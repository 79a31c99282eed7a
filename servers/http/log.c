/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdio.h>
#include <string.h>

#include "deadline.h"

#define FIELDS_MAX 8

struct record {
    struct warmstart_log_field fields[FIELDS_MAX];
    size_t fields_len;
};

static bool is_wanted(const struct warmstart_http *http, enum warmstart_log_level level)
{
    const struct warmstart_logger *logger = http->options.logger;
    return logger && logger->write && logger->level >= level;
}

static void write_record(const struct warmstart_http *http, enum warmstart_log_level level, const char *event,
                         const struct record *record)
{
    const struct warmstart_logger *logger = http->options.logger;
    logger->write(logger->user, level, event, record->fields, record->fields_len);
}

/* Nothing if there is no text. */
static void add_text(struct record *record, const char *name, const char *text, size_t bytes)
{
    if (bytes > 0)
        record->fields[record->fields_len++] =
            (struct warmstart_log_field){.name = name, .text = text, .text_bytes = bytes};
}

static void add_word(struct record *record, const char *name, const char *word)
{
    add_text(record, name, word, strlen(word));
}

static void add_number(struct record *record, const char *name, uint64_t number)
{
    record->fields[record->fields_len++] =
        (struct warmstart_log_field){.name = name, .number = (int64_t)number};
}

void warmstart_http_log_token(const struct warmstart_http *http, const struct trigger_value *controller_id,
                              const struct trigger_value *instance, const char *result)
{
    if (!is_wanted(http, WARMSTART_LOG_DEBUG))
        return;
    struct record record = {0};
    add_text(&record, "controller", controller_id->text, controller_id->bytes);
    add_text(&record, "instance", instance->text, instance->bytes);
    add_word(&record, "result", result);
    write_record(http, WARMSTART_LOG_DEBUG, "token", &record);
}

void warmstart_http_log_poll(const struct warmstart_http *http, const struct poll *poll,
                             enum warmstart_ending ending)
{
    bool odd = ending == WARMSTART_ENDING_LOST || ending == WARMSTART_ENDING_UNCERTAIN;
    enum warmstart_log_level level = odd ? WARMSTART_LOG_INFO : WARMSTART_LOG_DEBUG;
    if (!is_wanted(http, level))
        return;
    struct record record = {0};
    add_text(&record, "controller", poll->conn.controller_id, poll->conn.controller_id_bytes);
    add_text(&record, "instance", poll_instance(poll), poll->instance_bytes);
    add_word(&record, "ending", warmstart_ending_name(ending));
    add_number(&record, "duration_ms", (warmstart_loop_now(http->loop) - poll->since) / MILLISECOND_NS);
    write_record(http, level, "poll", &record);
}

static void add_controller(struct record *record, const struct warmstart_http *http,
                           const struct warmstart_settlement *settlement)
{
    struct warmstart_conn *conn = settlement ? settlement->conn : NULL;
    if (!conn)
        return;
    add_text(record, "controller", conn->controller_id, conn->controller_id_bytes);
    if (conn->transport == &http->transport) {
        const struct poll *poll = poll_of_conn(conn);
        add_text(record, "instance", poll_instance(poll), poll->instance_bytes);
    }
}

void warmstart_http_log_dispatch(const struct warmstart_http *http, const struct dispatch *dispatch,
                                 enum post_outcome outcome, enum trigger_misfit misfit,
                                 const struct warmstart_settlement *settlement, uint64_t duration_ns)
{
    if (!is_wanted(http, WARMSTART_LOG_INFO))
        return;
    struct record record = {0};
    add_text(&record, "run", dispatch->run, dispatch->run_bytes);
    add_controller(&record, http, settlement);
    add_text(&record, "traceparent", dispatch->traceparent, dispatch->traceparent_bytes);
    add_word(&record, "outcome", warmstart_http_post_outcome_name(outcome));
    if (outcome == POST_UNMATCHABLE)
        add_word(&record, "reason", warmstart_trigger_misfit_name(misfit));
    add_number(&record, "attempts", settlement ? settlement->attempts : 0);
    add_number(&record, "duration_us", duration_ns / MICROSECOND_NS);
    write_record(http, WARMSTART_LOG_INFO, "dispatch", &record);
}

void warmstart_http_log_timeout(const struct warmstart_http *http, enum phase phase)
{
    if (!is_wanted(http, WARMSTART_LOG_DEBUG))
        return;
    struct record record = {0};
    add_word(&record, "phase", warmstart_http_phase_name(phase));
    write_record(http, WARMSTART_LOG_DEBUG, "connection_timeout", &record);
}

void warmstart_http_log_accept(const struct warmstart_http *http, int error)
{
    if (!is_wanted(http, WARMSTART_LOG_WARN))
        return;
    struct record record = {0};
    add_word(&record, "error", strerror(error));
    add_number(&record, "connections", http->counters.connections);
    write_record(http, WARMSTART_LOG_WARN, "accept_failed", &record);
}

void warmstart_http_log_microhttpd(void *cls, const char *format, va_list arguments)
{
    const struct warmstart_http *http = cls;
    if (!is_wanted(http, WARMSTART_LOG_DEBUG))
        return;
    char message[256];
    int bytes = vsnprintf(message, sizeof(message), format, arguments);
    if (bytes < 0)
        return;
    size_t length = (size_t)bytes < sizeof(message) ? (size_t)bytes : sizeof(message) - 1;
    while (length > 0 && message[length - 1] == '\n')
        length--;
    struct record record = {0};
    add_text(&record, "message", message, length);
    write_record(http, WARMSTART_LOG_DEBUG, "microhttpd", &record);
}
