/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

enum { TAIL = 64 };

/* The structs as a later release might have them. */
union later {
    struct warmstart_options options;
    struct warmstart_registration registration;
    struct warmstart_delivery delivery;
    struct warmstart_stats stats;
    unsigned char bytes[sizeof(struct warmstart_stats) + TAIL];
};

static int try_new(const struct warmstart_options *options)
{
    struct warmstart_manager *manager = NULL;
    int answer = warmstart_manager_new(options, &manager);
    ck_assert_int_eq(answer == 0, manager != NULL);
    warmstart_manager_free(manager);
    return answer;
}

START_TEST(the_defaults_are_those_of_the_header)
{
    struct warmstart_options options;
    memset(&options, 0xa5, sizeof(options));
    warmstart_options_init(&options);
    ck_assert_uint_eq(options.size, sizeof(options));
    ck_assert_ptr_null(options.logger);
    ck_assert_uint_eq(options.hash_seed[0], 0);
    ck_assert_uint_eq(options.hash_seed[1], 0);
    ck_assert_int_eq(options.order, WARMSTART_NEWEST_FIRST);
    ck_assert_uint_eq(options.waiters_max, 65536);
    ck_assert_uint_eq(options.waiters_reserved, 0);
    ck_assert_uint_eq(options.dispatches_max, 65536);
    ck_assert_uint_eq(options.field_sets_max, 65536);
    ck_assert_uint_eq(options.field_sets_idle_max, 1024);
    ck_assert_uint_eq(options.instances_max, 65536);
    ck_assert_uint_eq(options.fields_max, 32);
    ck_assert_uint_eq(options.name_bytes_max, 255);
    ck_assert_uint_eq(options.value_bytes_max, 4096);
    ck_assert_uint_eq(options.lease_ns, 1000000000);
    ck_assert_uint_eq(options.retired_max, 4096);
    ck_assert_int_eq(try_new(&options), 0);
}
END_TEST

START_TEST(the_defaults_of_a_registration_are_those_of_the_header)
{
    struct warmstart_registration registration;
    memset(&registration, 0xa5, sizeof(registration));
    warmstart_registration_init(&registration);
    ck_assert_uint_eq(registration.size, sizeof(registration));
    ck_assert_uint_eq(registration.fields_len, 0);
    ck_assert_uint_eq(registration.controller_id_bytes, 0);
    ck_assert_uint_eq(registration.instance_bytes, 0);
    ck_assert_uint_eq(registration.match_until, WARMSTART_NEVER);
    ck_assert_uint_eq(registration.expires_at, WARMSTART_NEVER);
    ck_assert_ptr_null(registration.conn);
}
END_TEST

START_TEST(a_null_allocator_is_the_c_librarys)
{
    struct warmstart_options options;
    warmstart_options_init(&options);
    options.allocator.resize = NULL;
    ck_assert_int_eq(try_new(&options), 0);
}
END_TEST

START_TEST(init_writes_no_further_than_the_size_says)
{
    static const size_t sizes[] = {sizeof(size_t), offsetof(struct warmstart_options, logger),
                                   offsetof(struct warmstart_options, waiters_max),
                                   offsetof(struct warmstart_options, lease_ns),
                                   sizeof(struct warmstart_options)};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        union later later;
        memset(&later, 0xa5, sizeof(later));
        warmstart_options_init_sized(&later.options, sizes[i]);
        ck_assert_uint_eq(later.options.size, sizes[i]);
        for (size_t at = sizes[i]; at < sizeof(later); at++)
            ck_assert_uint_eq(later.bytes[at], 0xa5);
    }
    union later later;
    memset(&later, 0xa5, sizeof(later));
    warmstart_registration_init_sized(&later.registration, offsetof(struct warmstart_registration, conn));
    for (size_t at = offsetof(struct warmstart_registration, conn); at < sizeof(later); at++)
        ck_assert_uint_eq(later.bytes[at], 0xa5);
    memset(&later, 0xa5, sizeof(later));
    warmstart_delivery_init_sized(&later.delivery, offsetof(struct warmstart_delivery, deadline));
    for (size_t at = offsetof(struct warmstart_delivery, deadline); at < sizeof(later); at++)
        ck_assert_uint_eq(later.bytes[at], 0xa5);
}
END_TEST

START_TEST(what_a_later_release_knows_beyond_this_one_is_zeroed_by_init)
{
    union later later;
    memset(&later, 0xa5, sizeof(later));
    warmstart_options_init_sized(&later.options, sizeof(later.options) + TAIL);
    ck_assert_uint_eq(later.options.size, sizeof(later.options) + TAIL);
    for (size_t at = sizeof(later.options); at < sizeof(later.options) + TAIL; at++)
        ck_assert_uint_eq(later.bytes[at], 0);
    memset(&later, 0xa5, sizeof(later));
    warmstart_registration_init_sized(&later.registration, sizeof(later.registration) + TAIL);
    ck_assert_uint_eq(later.registration.size, sizeof(later.registration) + TAIL);
    for (size_t at = sizeof(later.registration); at < sizeof(later.registration) + TAIL; at++)
        ck_assert_uint_eq(later.bytes[at], 0);
    memset(&later, 0xa5, sizeof(later));
    warmstart_delivery_init_sized(&later.delivery, sizeof(later.delivery) + TAIL);
    ck_assert_uint_eq(later.delivery.size, sizeof(later.delivery) + TAIL);
    for (size_t at = sizeof(later.delivery); at < sizeof(later.delivery) + TAIL; at++)
        ck_assert_uint_eq(later.bytes[at], 0);
}
END_TEST

START_TEST(a_longer_struct_is_fine_if_its_tail_is_zero)
{
    union later later;
    memset(&later, 0, sizeof(later));
    warmstart_options_init_sized(&later.options, sizeof(later.options) + TAIL);
    ck_assert_int_eq(try_new(&later.options), 0);
    for (size_t at = sizeof(later.options); at < sizeof(later.options) + TAIL; at++) {
        later.bytes[at] = 1;
        ck_assert_int_eq(try_new(&later.options), WARMSTART_ERR_UNSUPPORTED);
        later.bytes[at] = 0;
    }
    later.bytes[sizeof(later.options) + TAIL] = 1; /* behind the end: not looked at */
    ck_assert_int_eq(try_new(&later.options), 0);
}
END_TEST

START_TEST(a_size_that_no_struct_has_is_refused_unread)
{
    struct warmstart_options *options = malloc(4096);
    ck_assert_ptr_nonnull(options);
    warmstart_options_init_sized(options, 4096);
    ck_assert_int_eq(try_new(options), 0);
    options->size = 4097;
    ck_assert_int_eq(try_new(options), WARMSTART_ERR_UNSUPPORTED);
    options->size = SIZE_MAX;
    ck_assert_int_eq(try_new(options), WARMSTART_ERR_UNSUPPORTED);
    free(options);
}
END_TEST

START_TEST(a_longer_registration_is_fine_if_its_tail_is_zero)
{
    struct core core;
    core_begin(&core);
    union later later;
    memset(&later, 0, sizeof(later));
    warmstart_registration_init_sized(&later.registration, sizeof(later.registration) + TAIL);
    core_add(&core, &later.registration);
    for (size_t at = sizeof(later.registration); at < sizeof(later.registration) + TAIL; at++) {
        warmstart_waiter_id waiter = 77;
        later.bytes[at] = 0x80;
        ck_assert_int_eq(warmstart_register(core.manager, &later.registration, &waiter, core.now),
                         WARMSTART_ERR_UNSUPPORTED);
        ck_assert_uint_eq(waiter, 77);
        later.bytes[at] = 0;
    }
    ck_assert_uint_eq(core_stats(&core).waiters, 1);
    core_end(&core);
}
END_TEST

START_TEST(a_longer_delivery_is_fine_if_its_tail_is_zero)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    core_register(&core, "a=1", NULL);
    warmstart_waiter_id claimed = core_match(&core, "a=1");
    union later later;
    memset(&later, 0, sizeof(later));
    warmstart_delivery_init_sized(&later.delivery, sizeof(later.delivery) + TAIL);
    struct warmstart_query query = core_query(&core, "a=1");
    warmstart_dispatch_id dispatch = 77;
    for (size_t at = sizeof(later.delivery); at < sizeof(later.delivery) + TAIL; at++) {
        later.bytes[at] = 0x80;
        ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &later.delivery, &dispatch, core.now),
                         WARMSTART_ERR_UNSUPPORTED);
        ck_assert_int_eq(warmstart_deliver(core.manager, claimed, &later.delivery, &dispatch, core.now),
                         WARMSTART_ERR_UNSUPPORTED);
        later.bytes[at] = 0;
    }
    ck_assert_uint_eq(dispatch, 77);
    ck_assert_uint_ne(core_deliver(&core, claimed, &later.delivery), 0);
    ck_assert_uint_ne(core_send(&core, "a=1", &later.delivery), 0);
    core_end(&core);
}
END_TEST

START_TEST(a_struct_shorter_than_the_first_releases_is_refused)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    static const size_t cuts[] = {1, 8, 16};
    for (size_t i = 0; i < 4; i++) {
        struct warmstart_options options;
        warmstart_options_init(&options);
        struct warmstart_registration registration = core_registration(&core, "a=1");
        struct warmstart_delivery delivery = core_delivery(&core);
        options.size = i == 3 ? 0 : options.size - cuts[i];
        registration.size = i == 3 ? 0 : registration.size - cuts[i];
        delivery.size = i == 3 ? 0 : delivery.size - cuts[i];
        uint64_t id = 77;
        struct warmstart_query query = core_query(&core, "a=1");
        ck_assert_int_eq(try_new(&options), WARMSTART_ERR_INVALID);
        ck_assert_int_eq(warmstart_register(core.manager, &registration, &id, core.now),
                         WARMSTART_ERR_INVALID);
        ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &id, core.now),
                         WARMSTART_ERR_INVALID);
        ck_assert_uint_eq(id, 77);
    }
    core_end(&core);
}
END_TEST

START_TEST(limits_that_make_no_sense_are_refused)
{
    struct warmstart_options good;
    warmstart_options_init(&good);
    struct warmstart_options bad[9] = {good, good, good, good, good, good, good, good, good};
    bad[0].waiters_max = 0;
    bad[1].waiters_max = 16777217;
    bad[2].dispatches_max = 0;
    bad[3].dispatches_max = 16777217;
    bad[4].fields_max = WARMSTART_FIELDS_MAX + 1;
    bad[5].order = (enum warmstart_order)2;
    bad[6].order = (enum warmstart_order)1000;
    bad[7].field_sets_max = 0;
    bad[8].lease_ns = 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(try_new(&bad[i]) == WARMSTART_ERR_INVALID, "bad options %zu", i);
}
END_TEST

START_TEST(limits_at_their_bounds_are_fine)
{
    struct warmstart_options good;
    warmstart_options_init(&good);
    struct warmstart_options fine[7] = {good, good, good, good, good, good, good};
    fine[0].waiters_max = 1;
    fine[1].waiters_max = 16777216;
    fine[2].dispatches_max = 1;
    fine[3].dispatches_max = 16777216;
    fine[4].fields_max = WARMSTART_FIELDS_MAX;
    fine[5].order = WARMSTART_OLDEST_FIRST;
    fine[6].field_sets_idle_max = 0;
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
        ck_assert_msg(try_new(&fine[i]) == 0, "fine options %zu", i);
}
END_TEST

START_TEST(reserved_waiters_need_no_more_memory)
{
    struct core core;
    core_init(&core);
    core.options.waiters_reserved = 200;
    core_start(&core);
    core_register(&core, "a=1", "first");
    fake_allocator_fail(&core.memory, 1, true);
    char controller[] = "c000";
    for (int i = 0; i < 199; i++) {
        controller[2] = (char)('a' + i / 20);
        controller[3] = (char)('a' + i % 20);
        struct warmstart_registration registration = core_registration(&core, "a=1");
        registration.controller_id = controller;
        registration.controller_id_bytes = 4;
        registration.match_until = 2000;
        registration.expires_at = 3000;
        core_add(&core, &registration);
    }
    for (int i = 0; i < 200; i++)
        ck_assert_uint_ne(core_match(&core, "a=1"), 0);
    core_advance(&core, 99999999999);
    core_pull(&core);
    ck_assert_uint_eq(core.events.len, 199);
    ck_assert_uint_eq(core.memory.failed, 0);
    core_end(&core);
}
END_TEST

START_TEST(stats_fill_as_much_as_the_size_covers)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1", NULL);
    struct warmstart_stats full = core_stats(&core);
    static const size_t sizes[] = {sizeof(size_t), offsetof(struct warmstart_stats, waiters_waiting),
                                   offsetof(struct warmstart_stats, memory_bytes),
                                   offsetof(struct warmstart_stats, ended_total),
                                   sizeof(struct warmstart_stats)};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        union later later;
        memset(&later, 0xa5, sizeof(later));
        later.stats.size = sizes[i];
        ck_assert_int_eq(warmstart_get_stats(core.manager, &later.stats), 0);
        ck_assert_uint_eq(later.stats.size, sizes[i]);
        ck_assert_mem_eq(later.bytes + sizeof(size_t), (unsigned char *)&full + sizeof(size_t),
                         sizes[i] - sizeof(size_t));
        for (size_t at = sizes[i]; at < sizeof(later); at++)
            ck_assert_uint_eq(later.bytes[at], 0xa5);
    }
    union later later;
    later.stats.size = sizeof(later);
    ck_assert_int_eq(warmstart_get_stats(core.manager, &later.stats), 0);
    ck_assert_uint_eq(later.stats.registered_total, 1);
    later.stats.size = 0;
    ck_assert_int_eq(warmstart_get_stats(core.manager, &later.stats), WARMSTART_ERR_INVALID);
    core_end(&core);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    tcase_add_test(tcase, the_defaults_are_those_of_the_header);
    tcase_add_test(tcase, the_defaults_of_a_registration_are_those_of_the_header);
    tcase_add_test(tcase, a_null_allocator_is_the_c_librarys);
    tcase_add_test(tcase, init_writes_no_further_than_the_size_says);
    tcase_add_test(tcase, what_a_later_release_knows_beyond_this_one_is_zeroed_by_init);
    tcase_add_test(tcase, a_longer_struct_is_fine_if_its_tail_is_zero);
    tcase_add_test(tcase, a_size_that_no_struct_has_is_refused_unread);
    tcase_add_test(tcase, a_longer_registration_is_fine_if_its_tail_is_zero);
    tcase_add_test(tcase, a_longer_delivery_is_fine_if_its_tail_is_zero);
    tcase_add_test(tcase, a_struct_shorter_than_the_first_releases_is_refused);
    tcase_add_test(tcase, limits_that_make_no_sense_are_refused);
    tcase_add_test(tcase, limits_at_their_bounds_are_fine);
    tcase_add_test(tcase, reserved_waiters_need_no_more_memory);
    tcase_add_test(tcase, stats_fill_as_much_as_the_size_covers);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
