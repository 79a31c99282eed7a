/* SPDX-License-Identifier: MIT */
/* What a query asks for, and which waiters fit. */
#ifndef WARMSTART_LIB_QUERY_H
#define WARMSTART_LIB_QUERY_H

#include "manager.h"

/* A query that was checked. Lives as long as nothing is added or forgotten. */
struct wanted {
    enum warmstart_match how;
    bool possible;                            /* some set may fit */
    struct field_set *set;                    /* EXACT and possible: the one */
    struct term *terms[WARMSTART_FIELDS_MAX]; /* SUBSET and possible: what a set must have */
    uint32_t terms_len;
};

/* Checks a query; SUBSET: lists its fields too. 0, or an error as for warmstart_match(). */
int warmstart_wanted_read(struct warmstart_manager *manager, const struct warmstart_query *query,
                          struct field_list *ret_list, struct wanted *ret_wanted);

/* What a dispatch asks for. */
void warmstart_wanted_by(const struct dispatch *dispatch, struct wanted *ret_wanted);

/* The waiter that is to be taken next; NULL: none fits. */
struct waiter *warmstart_wanted_next(struct warmstart_manager *manager, const struct wanted *wanted);

/* Do waiters of this set fit? */
bool warmstart_wanted_is(const struct warmstart_manager *manager, const struct wanted *wanted,
                         const struct field_set *set);

#endif
