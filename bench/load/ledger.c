/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include "failure.h"

#include <stdlib.h>
#include <string.h>

enum { HIT = 1, MISS = 2, ARRIVED = 4, FOR_NOBODY = 8, FAILED = 16 };

void ledger_init(struct ledger *ledger)
{
    *ledger = (struct ledger){.moments_ns = allocate(LEDGER_RECENT, sizeof(*ledger->moments_ns))};
}

void ledger_deinit(struct ledger *ledger)
{
    free(ledger->states);
    free(ledger->moments_ns);
}

uint64_t ledger_post(struct ledger *ledger, uint64_t moment_ns, bool for_nobody)
{
    if (ledger->len == ledger->capacity) {
        ledger->capacity = ledger->capacity * 2 + (1 << 20);
        ledger->states = realloc(ledger->states, ledger->capacity);
        if (ledger->states == NULL)
            fail("out of memory");
    }
    ledger->states[ledger->len] = for_nobody ? FOR_NOBODY : 0;
    ledger->moments_ns[ledger->len % LEDGER_RECENT] = moment_ns;
    return ledger->len++;
}

static void count_arrival(struct ledger *ledger, uint8_t state)
{
    if ((state & (HIT | ARRIVED)) == (HIT | ARRIVED))
        ledger->arrived_hit++;
}

void ledger_answer(struct ledger *ledger, uint64_t number, bool hit)
{
    uint8_t *state = &ledger->states[number];
    *state |= hit ? HIT : MISS;
    if (hit)
        ledger->answered_hit++;
    if (hit && *state & FOR_NOBODY)
        ledger->faults.false_hits++;
    count_arrival(ledger, *state);
}

void ledger_fail(struct ledger *ledger, uint64_t number)
{
    ledger->states[number] |= FAILED;
    ledger->faults.failed++;
}

bool ledger_arrive(struct ledger *ledger, uint64_t number)
{
    if (number >= ledger->len) {
        ledger->faults.altered++;
        return false;
    }
    uint8_t *state = &ledger->states[number];
    if (*state & ARRIVED) {
        ledger->faults.duplicated++;
        return false;
    }
    *state |= ARRIVED;
    count_arrival(ledger, *state);
    return true;
}

uint64_t ledger_moment(const struct ledger *ledger, uint64_t number)
{
    if (number >= ledger->len || ledger->len - number > LEDGER_RECENT)
        return 0;
    return ledger->moments_ns[number % LEDGER_RECENT];
}

uint64_t ledger_missing(const struct ledger *ledger)
{
    return ledger->answered_hit - ledger->arrived_hit;
}

void ledger_close(struct ledger *ledger)
{
    for (uint64_t i = 0; i < ledger->len; i++) {
        uint8_t state = ledger->states[i];
        if ((state & (HIT | ARRIVED)) == HIT)
            ledger->faults.lost++;
        if ((state & (MISS | ARRIVED)) == (MISS | ARRIVED))
            ledger->faults.unconfirmed++;
    }
}

uint64_t faults_sum(const struct faults *faults)
{
    return faults->lost + faults->duplicated + faults->misrouted + faults->altered + faults->unconfirmed +
           faults->failed + faults->false_hits;
}
