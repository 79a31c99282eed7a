/* SPDX-License-Identifier: MIT */
/* What holds for all metadata that was read, whatever it was read from. */
#ifndef TESTS_FUZZ_FIELDS_H
#define TESTS_FUZZ_FIELDS_H

#include <string.h>

#include "fuzz.h"
#include "metadata.h"

/* A name of non-empty parts without control characters. */
static inline void fields_check_name(const struct warmstart_field *field)
{
    fuzz_require(field->name_bytes > 0 && field->name_bytes <= METADATA_NAME_BYTES_MAX);
    char before = '.';
    for (size_t i = 0; i < field->name_bytes; i++) {
        fuzz_require((uint8_t)field->name[i] >= 0x20 && field->name[i] != 0x7f);
        fuzz_require(before != '.' || field->name[i] != '.');
        before = field->name[i];
    }
    fuzz_require(before != '.');
}

/* What is shown of a value is JSON for this very value. */
static inline void fields_check_value(const struct warmstart_field *field)
{
    static struct metadata again;
    struct metadata_failure failure;
    char *block = fuzz_block(field->value, field->value_bytes);
    char *shown = malloc(metadata_shown_bytes_max(field->value_bytes));
    fuzz_require(shown != NULL);
    size_t bytes = warmstart_metadata_show(block, field->value_bytes, shown);
    fuzz_require(bytes <= metadata_shown_bytes_max(field->value_bytes));
    warmstart_metadata_begin(&again);
    int added = warmstart_metadata_add_json(&again, "n", 1, shown, bytes, &failure);
    /* 1.5 for 15e-1 is longer, and the longest number has no room for that. */
    fuzz_require(added ||
                 (failure.reason == METADATA_REASON_VALUE_LENGTH && bytes > METADATA_VALUE_BYTES_MAX));
    if (added) {
        fuzz_require(again.fields[0].value_bytes == field->value_bytes);
        fuzz_require(field->value_bytes == 0 ||
                     memcmp(again.fields[0].value, field->value, field->value_bytes) == 0);
    }
    free(shown);
    free(block);
}

static inline void fields_check(const struct metadata *metadata)
{
    size_t used = 0;
    fuzz_require(metadata->fields_len <= METADATA_FIELDS_MAX);
    for (size_t i = 0; i < metadata->fields_len; i++) {
        const struct warmstart_field *field = &metadata->fields[i];
        fields_check_name(field);
        fields_check_value(field);
        used += field->name_bytes + field->value_bytes;
        for (size_t j = 0; j < i; j++)
            fuzz_require(metadata->fields[j].name_bytes != field->name_bytes ||
                         memcmp(metadata->fields[j].name, field->name, field->name_bytes) != 0);
    }
    fuzz_require(used == metadata->text_bytes && used <= METADATA_BYTES_MAX);
}

#endif
