/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

START_TEST(a_new_manager_counts_nothing)
{
    struct core core;
    core_begin(&core);
    struct warmstart_stats want = {.size = sizeof(want)};
    want.memory_bytes = core.memory.bytes;
    struct warmstart_stats stats = core_stats(&core);
    ck_assert_uint_gt(stats.memory_bytes, 0);
    ck_assert_mem_eq(&stats, &want, sizeof(stats));
    core_end(&core);
}
END_TEST

START_TEST(each_waiter_is_in_one_gauge)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", "me");
    core_dispatch(&core, "a=1", 1);
    ck_assert_uint_eq(core_stats(&core).waiters_delivering, 1);
    core_next(&core, __LINE__);
    ck_assert_uint_eq(core_stats(&core).waiters_delivering, 1);
    core_register(&core, "a=1", "me");
    for (int i = 0; i < 5; i++)
        core_register(&core, "a=1", NULL);
    struct warmstart_registration registration = core_registration(&core, "b=1");
    registration.match_until = 2000;
    for (int i = 0; i < 3; i++)
        core_add(&core, &registration);
    core_match(&core, "a=1");
    core_match(&core, "a=1");
    struct warmstart_stats stats = core_stats(&core);
    ck_assert_uint_eq(stats.waiters_waiting, 6);
    ck_assert_uint_eq(stats.waiters_unmatchable, 0);
    core_advance(&core, 2000);
    stats = core_stats(&core);
    ck_assert_uint_eq(stats.waiters, 10);
    ck_assert_uint_eq(stats.waiters_waiting, 3);
    ck_assert_uint_eq(stats.waiters_unmatchable, 3);
    ck_assert_uint_eq(stats.waiters_claimed, 2);
    ck_assert_uint_eq(stats.waiters_delivering, 1);
    ck_assert_uint_eq(stats.waiters_blocked, 1);
    ck_assert_uint_eq(stats.dispatches, 1);
    ck_assert_uint_eq(stats.groups, 2);
    ck_assert_uint_eq(stats.field_sets, 2);
    core_shutdown(&core);
    stats = core_stats(&core);
    ck_assert_uint_eq(stats.waiters, 1);
    ck_assert_uint_eq(stats.groups, 1);
    core_end(&core);
}
END_TEST

START_TEST(instances_are_those_that_have_waiters)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    core_add(&core, &registration);
    ck_assert_uint_eq(core_stats(&core).instances, 0);
    warmstart_waiter_id ids[6];
    for (int i = 0; i < 6; i++) {
        registration.instance = i % 2 == 0 ? "one\0x" : "one\0y";
        registration.instance_bytes = 5;
        ids[i] = core_add(&core, &registration);
    }
    ck_assert_uint_eq(core_stats(&core).instances, 2);
    core_cancel(&core, ids[0]);
    core_cancel(&core, ids[2]);
    ck_assert_uint_eq(core_stats(&core).instances, 2);
    core_cancel(&core, ids[4]);
    core_pull(&core);
    ck_assert_uint_eq(core_stats(&core).instances, 1);
    core_shutdown(&core);
    core_pull(&core);
    ck_assert_uint_eq(core_stats(&core).instances, 0);
    core_end(&core);
}
END_TEST

START_TEST(every_ending_is_counted)
{
    struct core core;
    core_begin(&core);
    static const enum warmstart_outcome outcomes[] = {WARMSTART_OUTCOME_DELIVERED, WARMSTART_OUTCOME_LOST,
                                                      WARMSTART_OUTCOME_UNCERTAIN};
    for (size_t i = 0; i < 3; i++) {
        warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
        core_dispatch(&core, "a=1", 1);
        core_next(&core, __LINE__);
        core_report(&core, waiter, outcomes[i]);
        core_pull(&core);
    }
    core_cancel(&core, core_register(&core, "a=1", NULL));
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.expires_at = 2000;
    core_add(&core, &registration);
    core_advance(&core, 2000);
    core_register(&core, "a=1", "me");
    core_register(&core, "a=1", "me");
    core_shutdown(&core);
    core_pull(&core);
    struct warmstart_stats stats = core_stats(&core);
    ck_assert_uint_eq(stats.registered_total, 7);
    for (int i = 0; i < WARMSTART_ENDINGS; i++)
        ck_assert_uint_eq(stats.ended_total[i], i >= 1 && i <= (int)WARMSTART_ENDING_SHUTDOWN);
    for (int i = 0; i < WARMSTART_OUTCOMES; i++)
        ck_assert_uint_eq(stats.settled_total[i], i >= 1 && i <= (int)WARMSTART_OUTCOME_UNCERTAIN);
    ck_assert_uint_eq(stats.attempts_total, 3);
    ck_assert_uint_eq(stats.waiters, 0);
    ck_assert_uint_eq(stats.groups, 0);
    core_end(&core);
}
END_TEST

START_TEST(every_outcome_is_counted)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    struct warmstart_delivery delivery = core_delivery(&core);
    delivery.deadline = 2000;
    core_send(&core, "a=1", &delivery);
    core_advance(&core, 2000);
    core_cancel_dispatch(&core, core_dispatch(&core, "a=1", 1));
    core_abandon(&core, core_dispatch(&core, "a=1", 1));
    core_dispatch(&core, "a=1", 1);
    ck_assert_uint_eq(core_stats(&core).dispatches, 1);
    core_shutdown(&core);
    core_pull(&core);
    struct warmstart_stats stats = core_stats(&core);
    ck_assert_uint_eq(stats.settled_total[WARMSTART_OUTCOME_TIMEOUT], 1);
    ck_assert_uint_eq(stats.settled_total[WARMSTART_OUTCOME_CANCELLED], 2);
    ck_assert_uint_eq(stats.settled_total[WARMSTART_OUTCOME_SHUTDOWN], 1);
    ck_assert_uint_eq(stats.settled_total[WARMSTART_OUTCOME_LOST], 0);
    ck_assert_uint_eq(stats.attempts_total, 0);
    ck_assert_uint_eq(stats.dispatches, 0);
    core_end(&core);
}
END_TEST

START_TEST(matches_and_misses_are_counted)
{
    struct core core;
    core_begin(&core);
    core_match(&core, "a=1");
    core_dispatch(&core, "a=1", 1);
    core_count(&core, "a=1");
    ck_assert_uint_eq(core_stats(&core).no_match_total, 2);
    core_register(&core, "a=1", NULL);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id claimed = core_match(&core, "a=1");
    core_dispatch(&core, "a=1", 1);
    ck_assert_uint_eq(core_stats(&core).matched_total, 1);
    ck_assert_uint_eq(core_stats(&core).no_match_total, 2);
    core_match(&core, "a=1");
    ck_assert_uint_eq(core_stats(&core).no_match_total, 3);
    struct warmstart_delivery delivery = core_delivery(&core);
    core_deliver(&core, claimed, &delivery);
    core_deliver(&core, claimed, &delivery);
    ck_assert_uint_eq(core_stats(&core).no_match_total, 3);
    ck_assert_uint_eq(core_stats(&core).attempts_total, 0);
    core_pull(&core);
    ck_assert_uint_eq(core_stats(&core).attempts_total, 2);
    ck_assert_uint_eq(core_stats(&core).limit_total, 0);
    core_end(&core);
}
END_TEST

/* So many waiters with fields of their own, each delivered to, until all is over. */
static void one_wave(struct core *core, int from)
{
    char text[32];
    core->known_len = 0;
    for (int i = 0; i < 300; i++) {
        (void)snprintf(text, sizeof(text), "a=%d b=fixed", from + i);
        struct warmstart_registration registration = core_registration(core, text);
        registration.controller_id = text;
        registration.controller_id_bytes = 6;
        registration.instance = text;
        registration.instance_bytes = 5;
        registration.match_until = core->now + 100;
        registration.expires_at = core->now + 200;
        core_add(core, &registration);
        ck_assert_uint_eq(core_stats(core).memory_bytes, core->memory.bytes);
        if (i % 2 == 0)
            core_dispatch(core, text, 1);
    }
    core_pull(core);
    core_advance(core, core->now + 200);
    for (size_t i = 0; i < core->events.len; i++)
        if (core->events.items[i].type == WARMSTART_EVENT_DELIVER)
            core_report(core, core->events.items[i].waiter, WARMSTART_OUTCOME_DELIVERED);
    core_pull(core);
    ck_assert_uint_eq(core_stats(core).waiters, 0);
    ck_assert_uint_eq(core_stats(core).dispatches, 0);
}

START_TEST(memory_comes_back_to_where_it_was)
{
    struct core core;
    core_init(&core);
    core.options.field_sets_idle_max = 0;
    core_start(&core);
    one_wave(&core, 1000);
    size_t blocks = core.memory.blocks;
    uint64_t bytes = core_stats(&core).memory_bytes;
    ck_assert_uint_eq(bytes, core.memory.bytes);
    for (int wave = 0; wave < 10; wave++) {
        one_wave(&core, 2000 + 300 * wave);
        ck_assert_uint_eq(core.memory.blocks, blocks);
        ck_assert_uint_eq(core_stats(&core).memory_bytes, bytes);
    }
    core_end(&core);
}
END_TEST

START_TEST(memory_is_bounded_by_what_is_remembered)
{
    struct core core;
    core_init(&core);
    core.options.field_sets_idle_max = 10;
    core_start(&core);
    one_wave(&core, 1000);
    ck_assert_uint_le(core_stats(&core).field_sets, 10);
    size_t blocks = core.memory.blocks;
    for (int wave = 0; wave < 10; wave++) {
        one_wave(&core, 2000 + 300 * wave);
        ck_assert_uint_le(core.memory.blocks, blocks);
        ck_assert_uint_le(core_stats(&core).field_sets, 10);
    }
    core_end(&core);
}
END_TEST

START_TEST(what_is_known_needs_no_more_memory)
{
    struct core core;
    core_begin(&core);
    for (int round = 0; round < 100; round++) {
        if (round == 1)
            fake_allocator_fail(&core.memory, 1, true);
        core.known_len = 0;
        for (int i = 0; i < 10; i++)
            core_register(&core, "a=1 b=2", i % 2 == 0 ? "me" : NULL);
        warmstart_waiter_id claimed = core_match(&core, "b=2 a=1");
        core_cancel(&core, claimed);
        core_dispatch(&core, "a=1 b=2", 3);
        core_pull(&core);
        core_report(&core, core.events.items[core.events.len - 1].waiter, WARMSTART_OUTCOME_LOST);
        core_advance(&core, core.now + 1000);
        core_pull(&core);
        for (size_t i = 0; i < core.known_len; i++) {
            core_abandon(&core, core.known[i].id);
            core_cancel(&core, core.known[i].id);
        }
        core_pull(&core);
        ck_assert_uint_eq(core_stats(&core).waiters, 0);
    }
    ck_assert_uint_eq(core.memory.failed, 0);
    core_end(&core);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stats");
    TCase *tcase = tcase_create("stats");
    tcase_add_test(tcase, a_new_manager_counts_nothing);
    tcase_add_test(tcase, each_waiter_is_in_one_gauge);
    tcase_add_test(tcase, instances_are_those_that_have_waiters);
    tcase_add_test(tcase, every_ending_is_counted);
    tcase_add_test(tcase, every_outcome_is_counted);
    tcase_add_test(tcase, matches_and_misses_are_counted);
    tcase_add_test(tcase, memory_comes_back_to_where_it_was);
    tcase_add_test(tcase, memory_is_bounded_by_what_is_remembered);
    tcase_add_test(tcase, what_is_known_needs_no_more_memory);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
