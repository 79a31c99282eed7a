/* SPDX-License-Identifier: MIT */
/*
 * One play of all calls, repeated with the n-th allocation failing, for every n: once, and from then on. A
 * call that fails must have changed nothing, one that may not fail must not, and in the end nothing leaks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

enum { WAITERS = 40 };

struct play {
    struct core core;
    uint64_t refused; /* calls that said WARMSTART_ERR_MEMORY */
    size_t ended;     /* events seen */
    size_t settled;
    size_t registered; /* calls that did it */
    size_t dispatched;
};

/* What is asked of the manager; the answer is that of the call. */
typedef int act(struct play *play, int number, uint64_t *ret_id);

static int register_one(struct play *play, int number, uint64_t *ret_id)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "number=%d kind=%d", number, number % 3);
    struct warmstart_registration registration =
        core_registration(&play->core, number % 4 == 0 ? "shared=1" : text);
    registration.controller_id = text;
    registration.controller_id_bytes = number % 5 == 0 ? 0 : 10;
    registration.instance = text;
    registration.instance_bytes = number % 3 == 0 ? 0 : 10;
    registration.match_until = number % 7 == 0 ? 5000 : WARMSTART_NEVER;
    registration.expires_at = number % 2 == 0 ? 9000 + (uint64_t)number : WARMSTART_NEVER;
    return warmstart_register(play->core.manager, &registration, ret_id, play->core.now);
}

static int dispatch_shared(struct play *play, int number, uint64_t *ret_id)
{
    struct warmstart_query query = core_query(&play->core, "shared=1");
    struct warmstart_delivery delivery = core_delivery(&play->core);
    delivery.deadline = 3000 + (uint64_t)number;
    delivery.attempts_max = 3;
    return warmstart_dispatch(play->core.manager, &query, &delivery, ret_id, play->core.now);
}

static int dispatch_own(struct play *play, int number, uint64_t *ret_id)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "kind=%d number=%d", number % 3, number);
    struct warmstart_query query = core_query(&play->core, text);
    struct warmstart_delivery delivery = core_delivery(&play->core);
    return warmstart_dispatch(play->core.manager, &query, &delivery, ret_id, play->core.now);
}

/* Some of the fields only: these are remembered as a set of their own. */
static int dispatch_some(struct play *play, int number, uint64_t *ret_id)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "number=%d", number);
    struct warmstart_query query = core_query(&play->core, text);
    query.how = WARMSTART_MATCH_SUBSET;
    struct warmstart_delivery delivery = core_delivery(&play->core);
    delivery.attempts_max = 2;
    return warmstart_dispatch(play->core.manager, &query, &delivery, ret_id, play->core.now);
}

/* Delivers to the waiter whose id is in *ret_id. */
static int deliver_claimed(struct play *play, int number, uint64_t *ret_id)
{
    (void)number;
    struct warmstart_delivery delivery = core_delivery(&play->core);
    uint64_t dispatch = 0;
    int answer = warmstart_deliver(play->core.manager, *ret_id, &delivery, &dispatch, play->core.now);
    ck_assert_int_eq(answer == 1, dispatch != 0);
    return answer;
}

static int cordon_one(struct play *play, int number, uint64_t *ret_id)
{
    (void)ret_id;
    char text[32];
    (void)snprintf(text, sizeof(text), "number=%d", number);
    return warmstart_cordon(play->core.manager, text, 10, 5000 + (uint64_t)number, play->core.now);
}

static int retire_one(struct play *play, int number, uint64_t *ret_id)
{
    (void)ret_id;
    char text[32];
    (void)snprintf(text, sizeof(text), "number=%d", number);
    return warmstart_retire(play->core.manager, text, 10, 2000, play->core.now);
}

/* All that can be seen of a manager. */
struct picture {
    struct warmstart_stats stats;
    uint64_t deadline;
    uint64_t
        waiters;   /* a sum over those that are shown: which, where from, and whether they could be matched */
    uint64_t some; /* the same over those of a query for some fields */
    size_t counted; /* by such a query */
};

static int add_waiter(void *user, const struct warmstart_waiter_view *waiter)
{
    uint64_t *sum = user;
    *sum += (waiter->waiter ^ (uintptr_t)waiter->conn) * (waiter->matchable ? 3 : 5) + waiter->fields_len +
            waiter->instance_bytes;
    return 0;
}

static void look(struct play *play, struct picture *ret)
{
    struct warmstart_query query = core_query(&play->core, "kind=1");
    query.how = WARMSTART_MATCH_SUBSET;
    *ret = (struct picture){.stats = core_stats(&play->core),
                            .deadline = warmstart_next_deadline(play->core.manager)};
    ck_assert_int_eq(warmstart_foreach_waiter(play->core.manager, add_waiter, &ret->waiters, play->core.now),
                     0);
    ck_assert_int_eq(
        warmstart_foreach_match(play->core.manager, &query, add_waiter, &ret->some, play->core.now), 0);
    ck_assert_int_eq(warmstart_count(play->core.manager, &query, &ret->counted, play->core.now), 0);
    ret->stats.memory_bytes = 0; /* more may be held in reserve */
}

/* Could an allocation of the next call fail? No call makes more of them than this. */
static bool may_fail_soon(const struct fake_allocator *memory)
{
    bool over = memory->failed > 0 && !memory->fail_on;
    return memory->fail_at > 0 && memory->fail_at <= memory->asked + 64 && !over;
}

/* Does it; when memory lacked, checks that nothing has changed and tries once more. */
static int attempt(struct play *play, act *what, int number, uint64_t *id)
{
    uint64_t given = *id;
    for (int again = 0; again < 2; again++) {
        struct picture before = {0}, after;
        if (may_fail_soon(&play->core.memory))
            look(play, &before);
        uint64_t failed = play->core.memory.failed;
        int answer = what(play, number, id);
        if (answer != WARMSTART_ERR_MEMORY)
            return answer;
        look(play, &after);
        ck_assert_mem_eq(&before, &after, sizeof(before));
        ck_assert_uint_gt(play->core.memory.failed, failed);
        ck_assert_uint_eq(*id, given);
        core_expect_none(&play->core);
        play->refused++;
    }
    return WARMSTART_ERR_MEMORY;
}

/* Takes all events; reports each payload as this. */
static void pull(struct play *play, enum warmstart_outcome outcome)
{
    do {
        core_pull(&play->core);
        play->ended += events_count(&play->core.events, WARMSTART_EVENT_ENDED, 0);
        play->settled += events_count(&play->core.events, WARMSTART_EVENT_SETTLED, 0);
        for (size_t i = 0; i < play->core.events.len; i++)
            if (play->core.events.items[i].type == WARMSTART_EVENT_DELIVER)
                ck_assert_int_eq(core_report(&play->core, play->core.events.items[i].waiter, outcome), 1);
    } while (play->core.events.len > 0);
}

static void register_many(struct play *play, int from)
{
    for (int i = from; i < from + WAITERS; i++) {
        uint64_t waiter = 0;
        int answer = attempt(play, register_one, i, &waiter);
        ck_assert(answer == 0 || answer == WARMSTART_ERR_MEMORY);
        ck_assert_int_eq(answer == 0, waiter != 0);
        play->registered += answer == 0;
        pull(play, WARMSTART_OUTCOME_DELIVERED);
    }
}

static void dispatch_many(struct play *play, act *what, int from, int step, enum warmstart_outcome outcome)
{
    for (int i = from; i < from + WAITERS; i += step) {
        uint64_t dispatch = 0;
        int answer = attempt(play, what, i, &dispatch);
        ck_assert(answer >= 0 || answer == WARMSTART_ERR_MEMORY);
        ck_assert_int_eq(answer == 1, dispatch != 0);
        play->dispatched += answer == 1;
        if (answer == 1 && i % 3 == 0)
            ck_assert_int_eq(core_cancel_dispatch(&play->core, dispatch), 1);
        pull(play, outcome);
    }
}

/* Claims, releases, counts: these need no memory, and say so by being checked in core.c. */
static void claim_many(struct play *play)
{
    for (int i = 0; i < 4; i++) {
        uint64_t waiter = core_match(&play->core, "shared=1");
        if (waiter == 0)
            continue;
        core_count(&play->core, "shared=1");
        if (i % 2 == 0) {
            ck_assert_int_eq(core_release(&play->core, waiter), 1);
            waiter = core_match(&play->core, "shared=1");
            ck_assert_uint_ne(waiter, 0);
        }
        int answer = attempt(play, deliver_claimed, i, &waiter);
        ck_assert(answer == 1 || answer == WARMSTART_ERR_MEMORY);
        play->dispatched += answer == 1;
        if (i == 3)
            ck_assert_int_eq(core_cancel(&play->core, waiter), 1);
        pull(play, WARMSTART_OUTCOME_UNCERTAIN);
    }
}

/* Every instance goes away for a while, and some controllers for good. */
static void leave_many(struct play *play)
{
    for (int i = 90; i < 90 + 2 * WAITERS; i++) {
        uint64_t none = 0;
        int answer = attempt(play, cordon_one, i, &none);
        ck_assert(answer == 0 || answer == WARMSTART_ERR_MEMORY);
        if (i % 8 != 0)
            continue;
        answer = attempt(play, retire_one, i, &none);
        ck_assert(answer >= 0 || answer == WARMSTART_ERR_MEMORY);
        pull(play, WARMSTART_OUTCOME_DELIVERED);
    }
    core_advance(&play->core, 2000);
}

/* Many payloads under way at the same time. */
static void dispatch_at_once(struct play *play)
{
    for (int i = 0; i < WAITERS; i++) {
        uint64_t dispatch = 0;
        int answer = attempt(play, dispatch_own, 100 + i, &dispatch);
        ck_assert(answer >= 0 || answer == WARMSTART_ERR_MEMORY);
        play->dispatched += answer == 1;
        if (answer == 1) {
            /* Only its own DELIVER is there, and is left to be written. */
            core_pull(&play->core);
            ck_assert_uint_eq(play->core.events.len, 1);
        }
    }
}

/* False: the manager itself could not be made. */
static bool perform(struct play *play)
{
    struct core *core = &play->core;
    int answer = warmstart_manager_new(&core->options, &core->manager);
    if (answer != 0) {
        ck_assert_int_eq(answer, WARMSTART_ERR_MEMORY);
        ck_assert_ptr_null(core->manager);
        ck_assert_uint_eq(core->memory.blocks, 0);
        play->refused++;
        return false;
    }
    register_many(play, 100);
    claim_many(play);
    dispatch_many(play, dispatch_shared, 100, 5, WARMSTART_OUTCOME_LOST);
    dispatch_many(play, dispatch_own, 100, 2, WARMSTART_OUTCOME_DELIVERED);
    dispatch_many(play, dispatch_some, 101, 4, WARMSTART_OUTCOME_UNCERTAIN);
    register_many(play, 100);
    leave_many(play);
    register_many(play, 100);
    dispatch_at_once(play);
    register_many(play, 120);
    core_advance(core, 6000);
    core_advance(core, 9135);
    pull(play, WARMSTART_OUTCOME_DELIVERED);
    core_shutdown(core);
    pull(play, WARMSTART_OUTCOME_DELIVERED);
    return true;
}

/* What perform() left to be written is settled here; then all is over. */
static void close_play(struct play *play)
{
    struct core *core = &play->core;
    struct warmstart_stats stats = core_stats(core);
    ck_assert_uint_eq(stats.registered_total, play->registered);
    ck_assert_uint_eq(stats.waiters + play->ended, play->registered);
    ck_assert_uint_eq(stats.dispatches + play->settled, play->dispatched);
    ck_assert_uint_eq(stats.memory_bytes, core->memory.bytes);
    core_end(core);
}

static void play_through(bool on)
{
    for (uint64_t nth = 1;; nth++) {
        struct play *play = calloc(1, sizeof(*play));
        ck_assert_ptr_nonnull(play);
        core_init(&play->core);
        play->core.options.field_sets_idle_max = 5;
        fake_allocator_fail(&play->core.memory, nth, on);
        bool made = perform(play);
        uint64_t failed = play->core.memory.failed;
        if (!on)
            ck_assert_uint_le(play->refused, 1);
        if (made)
            close_play(play);
        free(play);
        if (failed == 0) {
            ck_assert_uint_gt(nth, 20);
            return;
        }
    }
}

START_TEST(any_allocation_may_fail_once)
{
    play_through(false);
}
END_TEST

START_TEST(any_allocation_and_all_after_it_may_fail)
{
    play_through(true);
}
END_TEST

START_TEST(without_failures_the_play_is_what_it_says)
{
    struct play *play = calloc(1, sizeof(*play));
    ck_assert_ptr_nonnull(play);
    core_init(&play->core);
    ck_assert(perform(play));
    struct warmstart_stats stats = core_stats(&play->core);
    ck_assert_uint_eq(stats.registered_total, 4 * WAITERS);
    ck_assert_uint_eq(play->refused, 0);
    for (int i = 1; i <= (int)WARMSTART_ENDING_RETIRED; i++)
        ck_assert_msg(stats.ended_total[i] > 0, "nobody ended as %s",
                      warmstart_ending_name((enum warmstart_ending)i));
    ck_assert_uint_gt(stats.settled_total[WARMSTART_OUTCOME_DELIVERED], 0);
    ck_assert_uint_gt(stats.settled_total[WARMSTART_OUTCOME_LOST], 0);
    ck_assert_uint_gt(stats.settled_total[WARMSTART_OUTCOME_UNCERTAIN], 0);
    ck_assert_uint_gt(stats.settled_total[WARMSTART_OUTCOME_CANCELLED], 0);
    ck_assert_uint_gt(stats.dispatches, 5);
    close_play(play);
    free(play);
}
END_TEST

START_TEST(calls_that_free_or_ask_never_lack_memory)
{
    struct core core;
    core_begin(&core);
    char text[16];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof(text), "a=%d", i);
        core_register(&core, text, text);
        if (i % 2 == 0)
            core_dispatch(&core, text, 3);
        if (i % 4 == 0)
            core_next(&core, __LINE__);
    }
    fake_allocator_fail(&core.memory, 1, true);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof(text), "a=%d", i);
        warmstart_waiter_id waiter = core_match(&core, text);
        core_count(&core, text);
        if (i % 4 == 1)
            ck_assert_int_eq(core_release(&core, waiter), 1);
    }
    for (size_t i = 0; i < core.known_len; i++) {
        int answer = 0;
        uint64_t id = core.known[i].id;
        if (i % 3 == 0)
            answer = core_report(&core, id, WARMSTART_OUTCOME_LOST);
        else if (i % 3 == 1)
            answer = core_cancel(&core, id) + core_cancel_dispatch(&core, id);
        else
            answer = core_abandon(&core, id);
        ck_assert_int_ge(answer, 0);
    }
    core_advance(&core, core.now + core.options.lease_ns);
    core_shutdown(&core);
    core_pull(&core);
    core_stats(&core);
    core_end(&core);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, without_failures_the_play_is_what_it_says);
    tcase_add_test(tcase, any_allocation_may_fail_once);
    tcase_add_test(tcase, any_allocation_and_all_after_it_may_fail);
    tcase_add_test(tcase, calls_that_free_or_ask_never_lack_memory);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
