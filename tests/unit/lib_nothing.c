/* SPDX-License-Identifier: MIT */
/* Calls with nothing: no manager, no room, a size of nothing. And the defaults when memory cannot be had. */
#include <string.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

static int stop(void *user, const struct warmstart_waiter_view *view)
{
    (void)user;
    (void)view;
    return 1;
}

START_TEST(calls_without_a_manager_are_refused)
{
    warmstart_waiter_id id = 7;
    size_t count = 7;
    struct warmstart_query query = {0};
    struct warmstart_registration registration;
    struct warmstart_delivery delivery;
    struct warmstart_event event;
    struct warmstart_stats stats = {.size = sizeof(stats)};
    warmstart_registration_init(&registration);
    warmstart_delivery_init(&delivery);
    ck_assert_int_eq(warmstart_register(NULL, &registration, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_match(NULL, &query, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_dispatch(NULL, &query, &delivery, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_deliver(NULL, 1, &delivery, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_count(NULL, &query, &count, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_foreach_waiter(NULL, stop, NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_foreach_match(NULL, &query, stop, NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_cancel(NULL, 1, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_release(NULL, 1, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_report(NULL, 1, WARMSTART_OUTCOME_LOST, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_cancel_dispatch(NULL, 1, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_abandon_dispatch(NULL, 1, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_cordon(NULL, "i", 1, 2, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_retire(NULL, "c", 1, 2, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_next_event(NULL, &event), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_advance(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_manager_shutdown(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_get_stats(NULL, &stats), WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(warmstart_next_deadline(NULL), WARMSTART_NEVER);
    ck_assert_uint_eq(id, 7);
    ck_assert_uint_eq(count, 7);
}
END_TEST

START_TEST(defaults_without_room_are_written_nowhere)
{
    struct warmstart_options options;
    struct warmstart_registration registration;
    struct warmstart_delivery delivery;
    unsigned char before[sizeof(options)];
    memset(&options, 0xa5, sizeof(options));
    memset(&registration, 0xa5, sizeof(registration));
    memset(&delivery, 0xa5, sizeof(delivery));
    memset(before, 0xa5, sizeof(before));
    warmstart_options_init_sized(NULL, sizeof(options));
    warmstart_registration_init_sized(NULL, sizeof(registration));
    warmstart_delivery_init_sized(NULL, sizeof(delivery));
    warmstart_options_init_sized(&options, sizeof(size_t) - 1);
    warmstart_registration_init_sized(&registration, sizeof(size_t) - 1);
    warmstart_delivery_init_sized(&delivery, sizeof(size_t) - 1);
    ck_assert_mem_eq(&options, before, sizeof(options));
    ck_assert_mem_eq(&registration, before, sizeof(registration));
    ck_assert_mem_eq(&delivery, before, sizeof(delivery));
}
END_TEST

START_TEST(a_manager_whose_reserve_cannot_be_had_is_not_made_and_leaves_nothing)
{
    struct core core;
    core_init(&core);
    core.options.waiters_reserved = 1000;
    uint64_t failed = 0;
    for (uint64_t nth = 1;; nth++) {
        core.manager = NULL;
        fake_allocator_fail(&core.memory, nth, false);
        int answer = warmstart_manager_new(&core.options, &core.manager);
        fake_allocator_heal(&core.memory);
        if (answer == 0)
            break;
        ck_assert_int_eq(answer, WARMSTART_ERR_MEMORY);
        ck_assert_ptr_null(core.manager);
        ck_assert_uint_eq(core.memory.blocks, 0);
        failed++;
    }
    ck_assert_uint_gt(failed, 2);
    core_end(&core);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nothing");
    TCase *tcase = tcase_create("nothing");
    tcase_add_test(tcase, calls_without_a_manager_are_refused);
    tcase_add_test(tcase, defaults_without_room_are_written_nowhere);
    tcase_add_test(tcase, a_manager_whose_reserve_cannot_be_had_is_not_made_and_leaves_nothing);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
