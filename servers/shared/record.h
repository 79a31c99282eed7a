/* SPDX-License-Identifier: MIT */
/* A record of the log, put together field by field. */
#ifndef SERVERS_SHARED_RECORD_H
#define SERVERS_SHARED_RECORD_H

#include <stdbool.h>
#include <warmstart/warmstart.h>

#define RECORD_FIELDS_MAX 8

struct record {
    const struct warmstart_logger *logger;
    enum warmstart_log_level level;
    const char *event;
    struct warmstart_log_field fields[RECORD_FIELDS_MAX];
    size_t fields_len;
};

/* Without fields. False: the logger, NULL for none, wants no such record; nothing more is to be done with it. */
bool warmstart_record_begin(struct record *record, const struct warmstart_logger *logger,
                            enum warmstart_log_level level, const char *event);

/* Adds a field; RECORD_FIELDS_MAX is room for all. Texts have to stay until _write; an empty one is left out. */
void warmstart_record_text(struct record *record, const char *name, const char *text, size_t bytes);
void warmstart_record_word(struct record *record, const char *name, const char *word);
void warmstart_record_number(struct record *record, const char *name, uint64_t number);

/* Gives it to the logger. */
void warmstart_record_write(const struct record *record);

#endif
