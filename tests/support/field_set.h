/* SPDX-License-Identifier: MIT */
/* Fields for registrations and queries, written as text. */
#ifndef TESTS_SUPPORT_FIELD_SET_H
#define TESTS_SUPPORT_FIELD_SET_H

#include <stddef.h>
#include <warmstart/warmstart.h>

struct field_set {
    struct warmstart_field fields[WARMSTART_FIELDS_MAX]; /* point into the text */
    size_t len;                                          /* how many */
};

/* Of "name=value name=value"; "" has none. `text` must outlive the set. Stops the test on a bad text. */
void field_set_parse(struct field_set *set, const char *text);

#endif
