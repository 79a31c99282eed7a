/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <assert.h>
#include <string.h>

bool warmstart_record_begin(struct record *record, const struct warmstart_logger *logger,
                            enum warmstart_log_level level, const char *event)
{
    record->logger = logger;
    record->level = level;
    record->event = event;
    record->fields_len = 0;
    return logger && logger->write && logger->level >= level;
}

static void add(struct record *record, struct warmstart_log_field field)
{
    assert(record->fields_len < RECORD_FIELDS_MAX);
    record->fields[record->fields_len++] = field;
}

void warmstart_record_text(struct record *record, const char *name, const char *text, size_t bytes)
{
    if (bytes > 0)
        add(record, (struct warmstart_log_field){.name = name, .text = text, .text_bytes = bytes});
}

void warmstart_record_word(struct record *record, const char *name, const char *word)
{
    warmstart_record_text(record, name, word, strlen(word));
}

void warmstart_record_number(struct record *record, const char *name, uint64_t number)
{
    add(record, (struct warmstart_log_field){.name = name, .number = (int64_t)number});
}

void warmstart_record_write(const struct record *record)
{
    record->logger->write(record->logger->user, record->level, record->event, record->fields,
                          record->fields_len);
}
