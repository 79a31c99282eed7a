/* SPDX-License-Identifier: MIT */
/* Payloads that were sent to us, and how much memory all of them may take. */
#ifndef SERVERS_UNIX_BODY_H
#define SERVERS_UNIX_BODY_H

#include <warmstart/loop.h>

/* Outlives the server as long as somebody holds one of its bodies. */
struct budget {
    size_t bytes;        /* of bodies that are there */
    size_t bytes_max;    /* how many there may be */
    uint64_t references; /* the server and the bodies */
};

struct body {
    struct warmstart_payload payload; /* first; data_bytes is the full length from the beginning */
    struct budget *budget;
    uint64_t lease_ns; /* how long one receiver may take to acknowledge it */
    char data[];
};

/* NULL: out of memory. */
struct budget *warmstart_unix_budget_new(size_t bytes_max);

/* One holder less. NULL is fine. */
void warmstart_unix_budget_drop(struct budget *budget);

/* Whether so many bytes more would still be within bytes_max. */
int warmstart_unix_budget_has(const struct budget *budget, size_t bytes);

/* Room for a payload of so many bytes, with one reference, which is the caller's. NULL: out of memory. */
struct body *warmstart_unix_body_new(struct budget *budget, size_t bytes);

/* NULL is fine. */
void warmstart_unix_body_drop(struct body *body);

/*
 * How long one receiver may take: lease_ms, or its share of the dispatch's time among its attempts, so that
 * one that does not answer leaves time for the others. A little of that time is kept back: what is not
 * acknowledged is to be known as lost before the dispatch's end makes it uncertain.
 */
uint64_t warmstart_unix_lease_ns(uint64_t lease_ms, uint64_t timeout_ms, uint32_t attempts);

/* The body that a payload is, or NULL if it came by another way. */
struct body *warmstart_unix_body_of(struct warmstart_payload *payload);

#endif
