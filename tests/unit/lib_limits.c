/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

/* Registers and expects to be refused with nothing but limit_total changed. */
static void expect_no_room(struct core *core, const struct warmstart_registration *registration)
{
    struct warmstart_stats before = core_stats(core);
    warmstart_waiter_id waiter = 77;
    ck_assert_int_eq(warmstart_register(core->manager, registration, &waiter, core->now),
                     WARMSTART_ERR_LIMIT);
    ck_assert_uint_eq(waiter, 77);
    struct warmstart_stats after = core_stats(core);
    before.limit_total++;
    after.memory_bytes = before.memory_bytes;
    ck_assert_mem_eq(&before, &after, sizeof(before));
    core_expect_none(core);
}

START_TEST(no_more_than_waiters_max_are_held)
{
    struct core core;
    core_init(&core);
    core.options.waiters_max = 3;
    core_start(&core);
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    core_register(&core, "a=1", NULL);
    core_register(&core, "b=1", NULL);
    struct warmstart_registration registration = core_registration(&core, "c=1");
    expect_no_room(&core, &registration);
    core_cancel(&core, first);
    core_pull(&core);
    core_add(&core, &registration);
    expect_no_room(&core, &registration);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_that_is_claimed_or_delivered_to_or_late_takes_room_too)
{
    struct core core;
    core_init(&core);
    core.options.waiters_max = 3;
    core_start(&core);
    core_register(&core, "a=1", NULL);
    ck_assert_uint_ne(core_match(&core, "a=1"), 0);
    core_register(&core, "a=1", NULL);
    ck_assert_uint_ne(core_dispatch(&core, "a=1", 1), 0);
    core_next(&core, __LINE__);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.match_until = 0;
    core_add(&core, &registration);
    expect_no_room(&core, &registration);
    core_end(&core);
}
END_TEST

START_TEST(a_controller_that_registers_again_does_not_need_more_room)
{
    struct core core;
    core_init(&core);
    core.options.waiters_max = 2;
    core_start(&core);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.controller_id = "me";
    registration.controller_id_bytes = 2;
    struct warmstart_stats before = core_stats(&core);
    warmstart_waiter_id waiter = 77;
    int answer = warmstart_register(core.manager, &registration, &waiter, core.now);
    if (answer == WARMSTART_ERR_LIMIT) {
        /* Then the older self is untouched. */
        ck_assert_uint_eq(waiter, 77);
        ck_assert_uint_eq(core_stats(&core).waiters_waiting, before.waiters_waiting);
        core_expect_none(&core);
        ck_assert_uint_eq(core_match(&core, "a=1"), old);
    } else {
        ck_assert_int_eq(answer, 0);
        core_expect_ended(&core, old, WARMSTART_ENDING_SUPERSEDED);
        ck_assert_uint_eq(core_stats(&core).waiters, 2);
    }
    core_end(&core);
}
END_TEST

START_TEST(a_refused_registration_supersedes_nobody)
{
    struct core core;
    core_init(&core);
    core.options.field_sets_max = 1;
    core.options.field_sets_idle_max = 0;
    core_start(&core);
    warmstart_waiter_id other = core_register(&core, "a=1", "you");
    warmstart_waiter_id old = core_register(&core, "a=1", "me");
    struct warmstart_registration registration = core_registration(&core, "b=1");
    registration.controller_id = "me";
    registration.controller_id_bytes = 2;
    expect_no_room(&core, &registration);
    ck_assert_uint_eq(core_match(&core, "a=1"), old);
    ck_assert_uint_eq(core_match(&core, "a=1"), other);
    core_end(&core);
}
END_TEST

START_TEST(no_more_than_dispatches_max_are_under_way)
{
    struct core core;
    core_init(&core);
    core.options.dispatches_max = 2;
    core_start(&core);
    for (int i = 0; i < 4; i++)
        core_register(&core, "a=1", NULL);
    warmstart_dispatch_id first = core_dispatch(&core, "a=1", 1);
    core_dispatch(&core, "a=1", 1);
    struct warmstart_query query = core_query(&core, "a=1");
    struct warmstart_delivery delivery = core_delivery(&core);
    warmstart_dispatch_id dispatch = 77;
    ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &dispatch, core.now),
                     WARMSTART_ERR_LIMIT);
    ck_assert_uint_eq(core_count(&core, "a=1"), 2);
    warmstart_waiter_id claimed = core_match(&core, "a=1");
    ck_assert_int_eq(warmstart_deliver(core.manager, claimed, &delivery, &dispatch, core.now),
                     WARMSTART_ERR_LIMIT);
    ck_assert_uint_eq(dispatch, 77);
    ck_assert_uint_eq(core_stats(&core).waiters_claimed, 1);
    ck_assert_uint_eq(core_stats(&core).dispatches, 2);
    ck_assert_uint_eq(core_stats(&core).limit_total, 2);
    ck_assert_int_eq(core_cancel_dispatch(&core, first), 1);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 2);
    ck_assert_uint_ne(core_deliver(&core, claimed, &delivery), 0);
    core_end(&core);
}
END_TEST

START_TEST(no_more_than_field_sets_max_are_in_use)
{
    struct core core;
    core_init(&core);
    core.options.field_sets_max = 2;
    core.options.field_sets_idle_max = 0;
    core_start(&core);
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    core_register(&core, "a=2", NULL);
    core_register(&core, "a=2", NULL);
    struct warmstart_registration registration = core_registration(&core, "a=3");
    expect_no_room(&core, &registration);
    ck_assert_uint_eq(core_match(&core, "a=3"), 0);
    core_cancel(&core, first);
    core_pull(&core);
    core_add(&core, &registration);
    ck_assert_uint_eq(core_stats(&core).field_sets, 2);
    core_end(&core);
}
END_TEST

START_TEST(remembered_field_sets_give_way_to_those_in_use)
{
    struct core core;
    core_init(&core);
    core.options.field_sets_max = 4;
    core.options.field_sets_idle_max = 4;
    core_start(&core);
    char text[16];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof(text), "a=%d", i);
        warmstart_waiter_id waiter = core_register(&core, text, NULL);
        ck_assert_uint_le(core_stats(&core).field_sets, 4);
        core_cancel(&core, waiter);
        core_pull(&core);
        ck_assert_uint_le(core_stats(&core).field_sets, 4);
    }
    ck_assert_uint_eq(core_stats(&core).groups, 0);
    core_end(&core);
}
END_TEST

START_TEST(no_more_than_field_sets_idle_max_are_remembered)
{
    struct core core;
    core_init(&core);
    core.options.field_sets_idle_max = 3;
    core_start(&core);
    warmstart_waiter_id ids[10];
    char text[16];
    for (int i = 0; i < 10; i++) {
        (void)snprintf(text, sizeof(text), "a=%d", i);
        ids[i] = core_register(&core, text, NULL);
    }
    ck_assert_uint_eq(core_stats(&core).field_sets, 10);
    for (int i = 0; i < 10; i++) {
        core_cancel(&core, ids[i]);
        core_pull(&core);
        struct warmstart_stats stats = core_stats(&core);
        ck_assert_uint_eq(stats.groups, (unsigned)(9 - i));
        ck_assert_uint_ge(stats.field_sets, stats.groups);
        ck_assert_uint_le(stats.field_sets, stats.groups + 3);
    }
    core_end(&core);
}
END_TEST

START_TEST(no_more_than_instances_max_have_waiters)
{
    struct core core;
    core_init(&core);
    core.options.instances_max = 2;
    core_start(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    warmstart_waiter_id first = 0;
    static const char *const instances[] = {"host-1", "host-2", "host-2"};
    for (size_t i = 0; i < 3; i++) {
        registration.instance = instances[i];
        registration.instance_bytes = 6;
        warmstart_waiter_id waiter = core_add(&core, &registration);
        first = i == 0 ? waiter : first;
    }
    registration.instance = "host-3";
    expect_no_room(&core, &registration);
    registration.instance_bytes = 0;
    core_add(&core, &registration);
    core_cancel(&core, first);
    core_pull(&core);
    registration.instance_bytes = 6;
    core_add(&core, &registration);
    ck_assert_uint_eq(core_stats(&core).instances, 2);
    core_end(&core);
}
END_TEST

static int stop_at_once(void *user, const struct warmstart_waiter_view *waiter)
{
    (void)user;
    (void)waiter;
    return 77;
}

START_TEST(no_set_has_more_than_fields_max)
{
    struct core core;
    core_init(&core);
    core.options.fields_max = 2;
    core_start(&core);
    core_register(&core, "a=1 b=1", NULL);
    struct warmstart_registration registration = core_registration(&core, "a=1 b=1 c=1");
    expect_no_room(&core, &registration);
    struct warmstart_query query = core_query(&core, "a=1 b=1 c=1");
    struct warmstart_delivery delivery = core_delivery(&core);
    uint64_t id = 77;
    size_t count = 77;
    ck_assert_int_eq(warmstart_match(core.manager, &query, &id, core.now), WARMSTART_ERR_LIMIT);
    ck_assert_int_eq(warmstart_count(core.manager, &query, &count, core.now), WARMSTART_ERR_LIMIT);
    ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &id, core.now), WARMSTART_ERR_LIMIT);
    ck_assert_int_eq(warmstart_foreach_match(core.manager, &query, stop_at_once, NULL, core.now),
                     WARMSTART_ERR_LIMIT);
    query.how = WARMSTART_MATCH_SUBSET;
    ck_assert_int_eq(warmstart_match(core.manager, &query, &id, core.now), WARMSTART_ERR_LIMIT);
    ck_assert_int_eq(warmstart_count(core.manager, &query, &count, core.now), WARMSTART_ERR_LIMIT);
    ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &id, core.now), WARMSTART_ERR_LIMIT);
    ck_assert_uint_eq(id, 77);
    ck_assert_uint_eq(count, 77);
    ck_assert_uint_eq(core_stats(&core).limit_total, 8);
    ck_assert_uint_eq(core_stats(&core).no_match_total, 0);
    query.fields_len = SIZE_MAX;
    ck_assert_int_eq(warmstart_match(core.manager, &query, &id, core.now), WARMSTART_ERR_LIMIT);
    ck_assert_uint_eq(core_count(&core, "b=1 a=1"), 1);
    core_end(&core);
}
END_TEST

START_TEST(a_refused_cordon_or_retirement_changes_nothing)
{
    struct core core;
    core_init(&core);
    core.options.instances_max = 1;
    core.options.retired_max = 1;
    core_start(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.controller_id = "me";
    registration.controller_id_bytes = 2;
    registration.instance = "here";
    registration.instance_bytes = 4;
    warmstart_waiter_id waiter = core_add(&core, &registration);
    ck_assert_int_eq(warmstart_retire(core.manager, "you", 3, core.now + 10, core.now), 0);
    struct warmstart_stats before = core_stats(&core);
    ck_assert_int_eq(warmstart_cordon(core.manager, "there", 5, core.now + 5, core.now), WARMSTART_ERR_LIMIT);
    ck_assert_int_eq(warmstart_retire(core.manager, "me", 2, core.now + 5, core.now), WARMSTART_ERR_LIMIT);
    struct warmstart_stats after = core_stats(&core);
    before.limit_total += 2;
    after.memory_bytes = before.memory_bytes;
    ck_assert_mem_eq(&before, &after, sizeof(before));
    ck_assert_uint_eq(warmstart_next_deadline(core.manager), WARMSTART_NEVER);
    core_expect_none(&core);
    ck_assert_int_eq(warmstart_cordon(core.manager, "here", 4, core.now + 5, core.now), 0);
    ck_assert_uint_eq(core_count(&core, "a=1"), 0);
    core_advance(&core, core.now + 10);
    ck_assert_int_eq(warmstart_retire(core.manager, "me", 2, core.now + 5, core.now), 1);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_RETIRED);
    core_end(&core);
}
END_TEST

START_TEST(lengths_keep_to_their_limits)
{
    struct core core;
    core_init(&core);
    core.options.name_bytes_max = 4;
    core.options.value_bytes_max = 6;
    core_start(&core);
    struct warmstart_registration registration = core_registration(&core, "name=values");
    registration.controller_id = "contro";
    registration.controller_id_bytes = 6;
    registration.instance = "instan";
    registration.instance_bytes = 6;
    core_add(&core, &registration);
    struct warmstart_registration bad[4] = {registration, registration, registration, registration};
    struct warmstart_field name = {"names", 5, "v", 1};
    struct warmstart_field value = {"n", 1, "values!", 7};
    bad[0].fields = &name;
    bad[1].fields = &value;
    bad[2].controller_id = "control";
    bad[2].controller_id_bytes = 7;
    bad[3].instance = "instanc";
    bad[3].instance_bytes = 7;
    for (size_t i = 0; i < 4; i++) {
        warmstart_waiter_id waiter = 77;
        ck_assert_int_eq(warmstart_register(core.manager, &bad[i], &waiter, core.now), WARMSTART_ERR_INVALID);
        ck_assert_uint_eq(waiter, 77);
    }
    struct warmstart_query query = {&name, 1, WARMSTART_MATCH_EXACT};
    warmstart_waiter_id waiter = 77;
    ck_assert_int_eq(warmstart_match(core.manager, &query, &waiter, core.now), WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(core_stats(&core).waiters, 1);
    ck_assert_uint_eq(core_stats(&core).limit_total, 0);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(a_full_house_still_serves)
{
    struct core core;
    core_init(&core);
    core.options.waiters_max = 100;
    core_start(&core);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 100; i++)
            core_register(&core, "a=1", NULL);
        struct warmstart_registration registration = core_registration(&core, "a=1");
        expect_no_room(&core, &registration);
        for (int i = 0; i < 100; i++) {
            warmstart_waiter_id waiter = core_match(&core, "a=1");
            ck_assert_int_eq(core_cancel(&core, waiter), 1);
        }
        core_pull(&core);
        ck_assert_uint_eq(core.events.len, 100);
    }
    core_end(&core);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *tcase = tcase_create("limits");
    tcase_add_test(tcase, no_more_than_waiters_max_are_held);
    tcase_add_test(tcase, a_waiter_that_is_claimed_or_delivered_to_or_late_takes_room_too);
    tcase_add_test(tcase, a_controller_that_registers_again_does_not_need_more_room);
    tcase_add_test(tcase, a_refused_registration_supersedes_nobody);
    tcase_add_test(tcase, no_more_than_dispatches_max_are_under_way);
    tcase_add_test(tcase, no_more_than_field_sets_max_are_in_use);
    tcase_add_test(tcase, remembered_field_sets_give_way_to_those_in_use);
    tcase_add_test(tcase, no_more_than_field_sets_idle_max_are_remembered);
    tcase_add_test(tcase, no_more_than_instances_max_have_waiters);
    tcase_add_test(tcase, no_set_has_more_than_fields_max);
    tcase_add_test(tcase, a_refused_cordon_or_retirement_changes_nothing);
    tcase_add_test(tcase, lengths_keep_to_their_limits);
    tcase_add_test(tcase, a_full_house_still_serves);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
