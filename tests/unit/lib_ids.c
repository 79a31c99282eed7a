/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

/* Every call that takes the id of a waiter answers 0. One assertion for all: there are many ids. */
static void expect_no_waiter(struct core *core, uint64_t id)
{
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    uint64_t dispatch = 77;
    bool nobody = core_cancel(core, id) == 0 && core_release(core, id) == 0 &&
                  core_report(core, id, WARMSTART_OUTCOME_DELIVERED) == 0 &&
                  core_report(core, id, WARMSTART_OUTCOME_LOST) == 0 &&
                  core_report(core, id, WARMSTART_OUTCOME_UNCERTAIN) == 0 &&
                  warmstart_deliver(core->manager, id, &delivery, &dispatch, core->now) == 0 &&
                  dispatch == 77;
    if (!nobody)
        ck_abort_msg("%#llx is a waiter", (unsigned long long)id);
}

static void expect_no_dispatch(struct core *core, uint64_t id)
{
    if (core_cancel_dispatch(core, id) != 0 || core_abandon(core, id) != 0)
        ck_abort_msg("%#llx is a dispatch", (unsigned long long)id);
}

/* A manager with a waiter in each state, a dispatch that is out and one that is not. All in core->known. */
static void fill(struct core *core)
{
    core_begin(core);
    core_register(core, "a=1", "writing");
    ck_assert_uint_ne(core_dispatch(core, "a=1", 2), 0);
    core_next(core, __LINE__);
    core_register(core, "a=1", "writing");
    core_register(core, "a=1", "meant");
    ck_assert_uint_ne(core_dispatch(core, "a=1", 2), 0);
    core_register(core, "a=1", "claimed");
    ck_assert_uint_ne(core_match(core, "a=1"), 0);
    core_register(core, "a=1", "waiting");
    struct warmstart_registration registration = core_registration(core, "a=1");
    registration.match_until = 0;
    core_add(core, &registration);
}

/* Nothing in a filled manager has changed, but for the number of calls. */
static void expect_filled(struct core *core)
{
    struct warmstart_stats stats = core_stats(core);
    ck_assert_uint_eq(stats.waiters, 6);
    ck_assert_uint_eq(stats.waiters_waiting, 1);
    ck_assert_uint_eq(stats.waiters_unmatchable, 1);
    ck_assert_uint_eq(stats.waiters_claimed, 1);
    ck_assert_uint_eq(stats.waiters_delivering, 2);
    ck_assert_uint_eq(stats.waiters_blocked, 1);
    ck_assert_uint_eq(stats.dispatches, 2);
    core_pull(core);
    ck_assert_uint_eq(core->events.len, 1);
    ck_assert_int_eq(core->events.items[0].type, WARMSTART_EVENT_DELIVER);
}

static bool is_known(const struct core *core, uint64_t id)
{
    for (size_t i = 0; i < core->known_len; i++)
        if (core->known[i].id == id)
            return true;
    return false;
}

START_TEST(zero_and_made_up_ids_are_nobody)
{
    struct core core;
    fill(&core);
    uint64_t id = 0;
    for (int i = 0; i < 20000; i++) {
        if (!is_known(&core, id)) {
            expect_no_waiter(&core, id);
            expect_no_dispatch(&core, id);
        }
        id = i < 5000 ? id + 1 : id * 6364136223846793005u + 1442695040888963407u;
        if (i > 10000 && i % 2 != 0)
            id &= 0xffffffff0000000fu;
    }
    expect_no_waiter(&core, UINT64_MAX);
    expect_no_dispatch(&core, UINT64_MAX);
    expect_filled(&core);
    core_end(&core);
}
END_TEST

START_TEST(ids_with_one_bit_changed_are_nobody)
{
    struct core core;
    fill(&core);
    for (size_t i = 0; i < core.known_len; i++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            uint64_t id = core.known[i].id ^ ((uint64_t)1 << bit);
            if (is_known(&core, id))
                continue;
            expect_no_waiter(&core, id);
            expect_no_dispatch(&core, id);
        }
    }
    expect_filled(&core);
    core_end(&core);
}
END_TEST

START_TEST(the_id_of_a_dispatch_is_no_waiter_and_the_other_way_round)
{
    struct core core;
    fill(&core);
    for (size_t i = 0; i < core.known_len; i++) {
        if (core.known[i].payload != NULL)
            expect_no_waiter(&core, core.known[i].id);
        else
            expect_no_dispatch(&core, core.known[i].id);
    }
    expect_filled(&core);
    core_end(&core);
}
END_TEST

START_TEST(ids_of_what_has_ended_are_nobody_even_when_their_place_is_taken)
{
    struct core core;
    core_begin(&core);
    uint64_t stale[64];
    size_t stale_len = 0;
    for (int i = 0; i < 16; i++) {
        warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
        warmstart_dispatch_id dispatch = core_dispatch(&core, "a=1", 1);
        if (i % 2 == 0)
            core_next(&core, __LINE__);
        core_abandon(&core, dispatch);
        core_cancel(&core, waiter);
        for (int pulled = 0; pulled < 2; pulled++) {
            expect_no_waiter(&core, waiter);
            expect_no_dispatch(&core, dispatch);
            core_pull(&core);
        }
        stale[stale_len++] = waiter;
        stale[stale_len++] = dispatch;
    }
    for (int i = 0; i < 16; i++) {
        core_register(&core, "a=1", NULL);
        ck_assert_uint_ne(core_dispatch(&core, "a=1", 1), 0);
    }
    core_pull(&core);
    for (size_t i = 0; i < stale_len; i++) {
        expect_no_waiter(&core, stale[i]);
        expect_no_dispatch(&core, stale[i]);
    }
    core_expect_none(&core);
    ck_assert_uint_eq(core_stats(&core).waiters_delivering, 16);
    core_end(&core);
}
END_TEST

static int compare_ids(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

START_TEST(no_id_is_given_out_twice)
{
    enum { ROUNDS = 4000 };
    static uint64_t ids[2 * ROUNDS];
    struct core core;
    core_begin(&core);
    for (size_t i = 0; i < ROUNDS; i++) {
        core.known_len = 0;
        ids[2 * i] = core_register(&core, "a=1", NULL);
        ids[2 * i + 1] = core_dispatch(&core, "a=1", 1);
        core_abandon(&core, ids[2 * i + 1]);
        if (i % 3 != 0)
            core_cancel(&core, ids[2 * i]);
        if (i % 100 == 99)
            core_pull(&core);
        else if (i % 2 != 0)
            while (warmstart_next_event(core.manager, &core.oldest) == 1)
                continue;
    }
    qsort(ids, 2 * ROUNDS, sizeof(ids[0]), compare_ids);
    ck_assert_uint_ne(ids[0], 0);
    for (size_t i = 1; i < 2 * ROUNDS; i++)
        if (ids[i] == ids[i - 1])
            ck_abort_msg("%#llx was given out twice", (unsigned long long)ids[i]);
    core_end(&core);
}
END_TEST

START_TEST(ids_of_another_manager_are_nobody)
{
    struct core core;
    fill(&core);
    struct core other;
    core_begin(&other);
    for (int i = 0; i < 100; i++) {
        uint64_t waiter = core_register(&other, "a=1", NULL);
        uint64_t dispatch = core_dispatch(&other, "a=1", 1);
        if (!is_known(&core, waiter))
            expect_no_waiter(&core, waiter);
        if (!is_known(&core, dispatch))
            expect_no_dispatch(&core, dispatch);
    }
    expect_filled(&core);
    core_end(&other);
    core_end(&core);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ids");
    TCase *tcase = tcase_create("ids");
    tcase_add_test(tcase, zero_and_made_up_ids_are_nobody);
    tcase_add_test(tcase, ids_with_one_bit_changed_are_nobody);
    tcase_add_test(tcase, the_id_of_a_dispatch_is_no_waiter_and_the_other_way_round);
    tcase_add_test(tcase, ids_of_what_has_ended_are_nobody_even_when_their_place_is_taken);
    tcase_add_test(tcase, no_id_is_given_out_twice);
    tcase_add_test(tcase, ids_of_another_manager_are_nobody);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
