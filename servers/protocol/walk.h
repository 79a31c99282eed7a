/* SPDX-License-Identifier: MIT */
/*
 * Walks through the members of an object, each with its key: for objects whose keys are not known before.
 * Only for text that warmstart_json_scan() has accepted; nothing is checked again. No allocation, no
 * recursion. Pure functions: any thread, nothing kept.
 */
#ifndef SERVERS_PROTOCOL_WALK_H
#define SERVERS_PROTOCOL_WALK_H

#include "json.h"

enum json_step {
    JSON_STEP_MEMBER, /* a key and its value */
    JSON_STEP_LEAVE   /* the innermost object ended; once for each that was entered */
};

struct json_walk {
    const char *at; /* where it stands */
};

/* Enters the object that begins at `start`. */
void warmstart_json_walk_begin(struct json_walk *walk, const char *start);

/*
 * The next step. With JSON_STEP_MEMBER both spans are set; of an object or array only `start` and `kind`, and
 * what comes next has to be _enter() or _skip().
 */
enum json_step warmstart_json_walk_next(struct json_walk *walk, struct json_span *ret_key,
                                        struct json_span *ret_value);

/* Goes into the object that is the value of the last member. */
void warmstart_json_walk_enter(struct json_walk *walk);

/* Goes past the object or array that is the value of the last member and is so many bytes long. */
void warmstart_json_walk_skip(struct json_walk *walk, size_t bytes);

#endif
