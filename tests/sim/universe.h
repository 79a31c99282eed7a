/* SPDX-License-Identifier: MIT */
/* The names that there are in simulated worlds: sets of fields, controllers, instances. */
#ifndef TESTS_SIM_UNIVERSE_H
#define TESTS_SIM_UNIVERSE_H

#include <stdbool.h>
#include <stddef.h>
#include <warmstart/warmstart.h>

/* Behind the sets that are valid there are some that are spoilt: they have a name twice. */
enum {
    UNIVERSE_COMMON =
        81, /* the first so many have fields that many of them have, the others such as few have */
    UNIVERSE_SETS = 243,
    UNIVERSE_SPOILT = 12,
    UNIVERSE_FIELDS = 6,
    UNIVERSE_NAMES = 200,
    UNIVERSE_NAME_BYTES = 48
};

/* Writes the fields of a set, beginning with the turn-th. Returns how many. */
size_t universe_fields(int set, int turn, struct warmstart_field ret_fields[UNIVERSE_FIELDS]);

/* Is each field of the first set in the second one? Compares bytes; worked out once. */
bool universe_fits(void *user, int query_set, int waiter_set);

/* How many fields a set has; below 0: so many, and it is spoilt. */
int universe_fields_len(void *user, int set);

/* "name=value ..." */
const char *universe_text(int set);

/* A name of 1 to UNIVERSE_NAME_BYTES bytes, different for each number. Not zero-terminated. */
const char *universe_name(int number, size_t *ret_bytes);

#endif
