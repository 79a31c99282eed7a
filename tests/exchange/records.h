/* SPDX-License-Identifier: MIT */
/* What the processes of the exchange wrote down, and what follows from it. */
#ifndef TESTS_EXCHANGE_RECORDS_H
#define TESTS_EXCHANGE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_type {
    RECORD_ACKING = 1, /* a controller is about to acknowledge it */
    RECORD_TAKEN = 2,  /* a controller has it */
    RECORD_RESULT = 3  /* a supervisor was told what became of it */
};

struct record {
    uint64_t run;     /* the serial of its supervisor in the upper half */
    uint32_t serial;  /* who writes this down */
    uint16_t type;    /* enum record_type */
    uint16_t outcome; /* RESULT: enum warmstart_client_outcome */
    uint64_t place;   /* set by records_add(): in the order in which they were written */
};

/* What is known of a process. */
struct process_record {
    bool killed;
    uint32_t untold; /* runs of it that somebody knows of, and whose end it did not write down */
    size_t answered; /* 1 + the place of the last ACKING of it that was followed by TAKEN */
};

struct records {
    struct record *records;
    size_t len;
    size_t capacity;
    uint64_t results;                 /* of these, of type RESULT */
    struct process_record *processes; /* by serial */
    size_t processes_len;
};

void records_add(struct records *records, const struct record *some, size_t len);

/* This process was killed: what it did last may not have been written down. */
void records_killed(struct records *records, uint32_t serial);

/* Looks at every run; prints TAP and figures. 0: all is as it must be. */
int records_judge(struct records *records, uint64_t runs);

void records_free(struct records *records);

#endif
