/* SPDX-License-Identifier: MIT */
/*
 * An allocator for a manager under test. It counts what is held, moves every block that is resized, fills
 * fresh and freed memory with rubbish, fails where it is told to, and stops the test when it is handed a
 * pointer that is not its own or an old size that is wrong.
 */
#ifndef TESTS_SUPPORT_FAKE_ALLOCATOR_H
#define TESTS_SUPPORT_FAKE_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <warmstart/warmstart.h>

/* All zero is a good start: nothing held, nothing fails. */
struct fake_allocator {
    size_t blocks;    /* held now */
    size_t bytes;     /* held now */
    uint64_t asked;   /* allocations and resizes asked for so far; freeing does not count */
    uint64_t fail_at; /* the how-many-th of them fails; 0: none */
    bool fail_on;     /* all after that one fail too */
    uint64_t failed;  /* how many have failed */
};

/* What to put into options. `fake` must outlive the manager. */
struct warmstart_allocator fake_allocator_hook(struct fake_allocator *fake);

/* From now on the `nth` allocation fails (1: the next), and with `on` all that follow it. */
void fake_allocator_fail(struct fake_allocator *fake, uint64_t nth, bool on);

/* From now on none fails. */
void fake_allocator_heal(struct fake_allocator *fake);

#endif
