/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <string.h>

#include "wait.h"

#define FIELDS_MAX 8

struct record {
    struct warmstart_log_field fields[FIELDS_MAX];
    size_t fields_len;
};

static bool is_wanted(const struct warmstart_unix *server, enum warmstart_log_level level)
{
    const struct warmstart_logger *logger = server->options.logger;
    return logger && logger->write && logger->level >= level;
}

static void write_record(const struct warmstart_unix *server, enum warmstart_log_level level,
                         const char *event, const struct record *record)
{
    const struct warmstart_logger *logger = server->options.logger;
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

void warmstart_unix_log_wait(const struct warmstart_unix *server, const struct wait *wait,
                             enum warmstart_ending ending)
{
    bool odd = ending == WARMSTART_ENDING_LOST || ending == WARMSTART_ENDING_UNCERTAIN;
    enum warmstart_log_level level = odd ? WARMSTART_LOG_INFO : WARMSTART_LOG_DEBUG;
    if (!is_wanted(server, level))
        return;
    struct record record = {0};
    add_text(&record, "controller", wait->conn.controller_id, wait->conn.controller_id_bytes);
    add_text(&record, "instance", wait_instance(wait), wait->instance_bytes);
    add_word(&record, "ending", warmstart_ending_name(ending));
    add_number(&record, "duration_ms", (warmstart_loop_now(server->loop) - wait->since) / MILLISECOND_NS);
    write_record(server, level, "wait", &record);
}

void warmstart_unix_log_dispatch(const struct warmstart_unix *server,
                                 const struct warmstart_settlement *settlement)
{
    if (!is_wanted(server, WARMSTART_LOG_INFO))
        return;
    struct record record = {0};
    const struct warmstart_conn *conn = settlement->conn;
    if (conn)
        add_text(&record, "controller", conn->controller_id, conn->controller_id_bytes);
    if (conn && conn->transport == &server->transport) {
        const struct wait *wait = (const struct wait *)conn;
        add_text(&record, "instance", wait_instance(wait), wait->instance_bytes);
    }
    add_word(&record, "outcome", warmstart_outcome_name(settlement->outcome));
    add_number(&record, "attempts", settlement->attempts);
    add_number(&record, "duration_us", settlement->duration_ns / 1000);
    write_record(server, WARMSTART_LOG_INFO, "dispatch", &record);
}

void warmstart_unix_log_no_match(const struct warmstart_unix *server)
{
    if (!is_wanted(server, WARMSTART_LOG_INFO))
        return;
    struct record record = {0};
    add_word(&record, "outcome", "no_match");
    add_number(&record, "attempts", 0);
    write_record(server, WARMSTART_LOG_INFO, "dispatch", &record);
}

void warmstart_unix_log_closed(const struct warmstart_unix *server, const char *reason)
{
    if (!is_wanted(server, WARMSTART_LOG_DEBUG))
        return;
    struct record record = {0};
    add_word(&record, "reason", reason);
    write_record(server, WARMSTART_LOG_DEBUG, "connection_closed", &record);
}

void warmstart_unix_log_accept(const struct warmstart_unix *server, int error)
{
    if (!is_wanted(server, WARMSTART_LOG_WARN))
        return;
    struct record record = {0};
    add_word(&record, "error", strerror(error));
    add_number(&record, "connections", server->counters.connections);
    write_record(server, WARMSTART_LOG_WARN, "accept_failed", &record);
}
