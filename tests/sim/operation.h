/* SPDX-License-Identifier: MIT */
/*
 * One step of a simulated world, in plain numbers: it means the same in any list of operations, whatever was
 * taken out of the list before it. Waiters and dispatches are called by the number of the operation that
 * made them; one that was never made is as good as any stale id.
 */
#ifndef TESTS_SIM_OPERATION_H
#define TESTS_SIM_OPERATION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <warmstart/testing.h>
#include <warmstart/warmstart.h>

enum operation_kind {
    OPERATION_REGISTER,
    OPERATION_CANCEL,
    OPERATION_MATCH,
    OPERATION_RELEASE,
    OPERATION_COUNT,
    OPERATION_FOREACH,
    OPERATION_FOREACH_MATCH,
    OPERATION_DISPATCH,
    OPERATION_DELIVER,
    OPERATION_REPORT,
    OPERATION_CANCEL_DISPATCH,
    OPERATION_ABANDON,
    OPERATION_CORDON,
    OPERATION_RETIRE,
    OPERATION_ADVANCE,
    OPERATION_PULL,
    OPERATION_WRONG_KIND, /* every call with a dispatch's id for a waiter's, and the reverse */
    OPERATION_SHUTDOWN
};
enum { OPERATION_KINDS = OPERATION_SHUTDOWN + 1 };

/* A time span that never ends. */
#define OPERATION_NEVER UINT32_MAX

struct operation {
    uint32_t number;   /* its own */
    uint32_t subject;  /* number of the operation that made the waiter or dispatch that it is about */
    uint32_t after;    /* the clock moves on by this before */
    uint32_t back;     /* the manager is told a time that is this much earlier */
    uint32_t match_in; /* REGISTER: match_until, from now; REGISTER: spans here are from the world's time */
    uint32_t end_in;   /* REGISTER: expires_at; DISPATCH, DELIVER: deadline; CORDON, RETIRE: until */
    uint16_t nth;      /* the how-many-th allocation fails in it; 0: none */
    uint8_t kind;      /* enum operation_kind */
    uint8_t on;        /* all that follow the nth fail too */
    uint8_t set;       /* number of the fields */
    uint8_t turn;      /* in which order the fields are named */
    uint8_t how;       /* enum warmstart_match */
    uint8_t controller;
    uint8_t instance;
    uint8_t attempts; /* DISPATCH: attempts_max */
    uint8_t retry;    /* DISPATCH: retry_uncertain */
    uint8_t outcome;  /* REPORT: enum warmstart_outcome */
    uint8_t conduct;  /* PULL: enum warmstart_testing_conduct */
    uint8_t most;     /* PULL: at most this many events; FOREACH: stops after so many; 0: all */
};

/* One line, for people. */
void operation_print(const struct operation *operation, FILE *to);

#endif
