/* SPDX-License-Identifier: MIT */
/* What jansson says of a text, to compare the scanner of servers/protocol with. */
#ifndef TESTS_SUPPORT_JSON_ORACLE_H
#define TESTS_SUPPORT_JSON_ORACLE_H

#include <jansson.h>
#include <stddef.h>

#include "json.h"

/*
 * jansson's tree of a text that the scanner has to accept, NULL for one that it has to refuse. The differences
 * that json.h names are taken into account. The caller gives it back with json_decref().
 */
json_t *json_oracle_read(const char *text, size_t bytes);

/* 1: the span is this value (NULL: none), and its bytes, read by themselves, are the value again. */
int json_oracle_same(const struct json_span *span, const json_t *value);

/*
 * Scans a text for a few keys, nested and repeated. 1: the scanner and jansson both accept it and find the
 * same values; 0: both refuse it; -1: they differ.
 */
int json_oracle_compare(const char *text, size_t bytes);

#endif
