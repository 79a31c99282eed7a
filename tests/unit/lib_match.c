/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

/* A registration of one field whose name and value may hold any bytes. */
static warmstart_waiter_id register_bytes(struct core *core, struct warmstart_field field)
{
    struct warmstart_registration registration = core_registration(core, "");
    registration.fields = &field;
    registration.fields_len = 1;
    return core_add(core, &registration);
}

static size_t count_bytes(struct core *core, struct warmstart_field field)
{
    struct warmstart_query query = {.fields = &field, .fields_len = 1, .how = WARMSTART_MATCH_EXACT};
    size_t count = SIZE_MAX;
    ck_assert_int_eq(warmstart_count(core->manager, &query, &count, core->now), 0);
    return count;
}

START_TEST(only_the_very_same_fields_match)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "deployment=web version=7 cpu=1", NULL);
    const char *others[] = {
        "",
        "deployment=web",
        "deployment=web version=7",
        "deployment=web version=7 cpu=2",
        "deployment=web version=7 cpu=",
        "deployment=web version=7 cpu=11",
        "deployment=web version=7 cpu=1 memory=1",
        "deployment=web version=7 cPu=1",
        "deployment=WEB version=7 cpu=1",
        "deployment=7 version=web cpu=1",
        "deployment=web version=7 cp=u1",
        "deployment=webversion=7 cpu=1",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ck_assert_uint_eq(core_match(&core, others[i]), 0);
        ck_assert_uint_eq(core_count(&core, others[i]), 0);
        ck_assert_uint_eq(core_dispatch(&core, others[i], 1), 0);
    }
    ck_assert_uint_eq(core_count(&core, "deployment=web version=7 cpu=1"), 1);
    ck_assert_uint_ne(core_match(&core, "deployment=web version=7 cpu=1"), 0);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(the_order_of_fields_does_not_matter)
{
    struct core core;
    core_begin(&core);
    static const char *const orders[] = {"a=1 b=2 c=3", "a=1 c=3 b=2", "b=2 a=1 c=3",
                                         "b=2 c=3 a=1", "c=3 a=1 b=2", "c=3 b=2 a=1"};
    for (size_t i = 0; i < 6; i++)
        core_register(&core, orders[i], NULL);
    for (size_t i = 0; i < 6; i++)
        ck_assert_uint_eq(core_count(&core, orders[i]), 6);
    ck_assert_uint_eq(core_stats(&core).groups, 1);
    core_end(&core);
}
END_TEST

START_TEST(no_fields_are_a_set_like_any_other)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id none = core_register(&core, "", NULL);
    warmstart_waiter_id some = core_register(&core, "a=1", NULL);
    ck_assert_uint_eq(core_match(&core, ""), none);
    ck_assert_uint_eq(core_match(&core, ""), 0);
    ck_assert_uint_eq(core_match(&core, "a=1"), some);
    core_end(&core);
}
END_TEST

START_TEST(bytes_are_compared_zeros_and_all)
{
    struct core core;
    core_begin(&core);
    struct warmstart_field one = {"n\0m", 3, "v\0w", 3};
    struct warmstart_field name = {"n\0o", 3, "v\0w", 3};
    struct warmstart_field value = {"n\0m", 3, "v\0x", 3};
    struct warmstart_field shorter = {"n", 1, "v", 1};
    struct warmstart_field longer = {"n\0m", 3, "v\0w\0", 4};
    struct warmstart_field high = {"\xff\x80", 2, "\xfe\x00\xff", 3};
    register_bytes(&core, one);
    register_bytes(&core, high);
    ck_assert_uint_eq(count_bytes(&core, one), 1);
    ck_assert_uint_eq(count_bytes(&core, high), 1);
    ck_assert_uint_eq(count_bytes(&core, name), 0);
    ck_assert_uint_eq(count_bytes(&core, value), 0);
    ck_assert_uint_eq(count_bytes(&core, shorter), 0);
    ck_assert_uint_eq(count_bytes(&core, longer), 0);
    core_end(&core);
}
END_TEST

START_TEST(where_one_field_ends_and_the_next_begins_counts)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=bc d=e", NULL);
    ck_assert_uint_eq(core_count(&core, "a=b cd=e"), 0);
    ck_assert_uint_eq(core_count(&core, "a=bcd e="), 0);
    ck_assert_uint_eq(core_count(&core, "ab=c d=e"), 0);
    ck_assert_uint_eq(core_count(&core, "a=e d=bc"), 0);
    ck_assert_uint_eq(core_count(&core, "d=e a=bc"), 1);
    core_end(&core);
}
END_TEST

START_TEST(an_empty_value_is_a_value)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=", NULL);
    struct warmstart_field field = {"a", 1, NULL, 0};
    ck_assert_uint_eq(count_bytes(&core, field), 1);
    ck_assert_uint_eq(core_count(&core, "a=0"), 0);
    ck_assert_uint_eq(core_count(&core, ""), 0);
    core_end(&core);
}
END_TEST

START_TEST(the_longest_names_and_values_match)
{
    static char longest[4096];
    struct core core;
    core_begin(&core);
    memset(longest, 'x', sizeof(longest));
    struct warmstart_field field = {longest, 255, longest, 4096};
    struct warmstart_field shorter = {longest, 255, longest, 4095};
    register_bytes(&core, field);
    ck_assert_uint_eq(count_bytes(&core, field), 1);
    ck_assert_uint_eq(count_bytes(&core, shorter), 0);
    core_end(&core);
}
END_TEST

START_TEST(as_many_fields_as_there_can_be_match)
{
    char text[WARMSTART_FIELDS_MAX * 8] = "";
    struct core core;
    core_init(&core);
    core.options.fields_max = WARMSTART_FIELDS_MAX;
    core_start(&core);
    for (int i = 0; i < WARMSTART_FIELDS_MAX; i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof(text) - used, "n%02d=v ", (i * 37) % WARMSTART_FIELDS_MAX);
    }
    core_register(&core, text, NULL);
    ck_assert_uint_eq(core_count(&core, text), 1);
    struct warmstart_query query = core_query(&core, text);
    query.fields_len--;
    size_t count = SIZE_MAX;
    ck_assert_int_eq(warmstart_count(core.manager, &query, &count, core.now), 0);
    ck_assert_uint_eq(count, 0);
    core_end(&core);
}
END_TEST

START_TEST(what_was_handed_in_may_change_afterwards)
{
    struct core core;
    core_begin(&core);
    char text[] = "deployment=web";
    char controller[] = "me";
    warmstart_waiter_id waiter = core_register(&core, text, controller);
    memset(text, 'x', sizeof(text) - 1);
    memset(controller, 'x', sizeof(controller) - 1);
    ck_assert_uint_eq(core_count(&core, "deployment=web"), 1);
    core_register(&core, "deployment=web", "me");
    core_expect_ended(&core, waiter, WARMSTART_ENDING_SUPERSEDED);
    core_end(&core);
}
END_TEST

START_TEST(the_newest_comes_first)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id ids[4];
    for (int i = 0; i < 4; i++) {
        ids[i] = core_register(&core, "a=1", NULL);
        core_register(&core, "b=1", NULL);
    }
    for (int i = 3; i >= 0; i--)
        ck_assert_uint_eq(core_match(&core, "a=1"), ids[i]);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    core_end(&core);
}
END_TEST

START_TEST(the_oldest_comes_first_if_so_chosen)
{
    struct core core;
    core_init(&core);
    core.options.order = WARMSTART_OLDEST_FIRST;
    core_start(&core);
    warmstart_waiter_id ids[4];
    for (int i = 0; i < 4; i++)
        ids[i] = core_register(&core, "a=1", NULL);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(core_match(&core, "a=1"), ids[i]);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    core_end(&core);
}
END_TEST

START_TEST(age_is_the_order_of_registration_even_when_time_goes_backwards)
{
    struct core core;
    core_begin(&core);
    core.now = 5000;
    warmstart_waiter_id first = core_register(&core, "a=1", NULL);
    core.now = 10;
    warmstart_waiter_id second = core_register(&core, "a=1", NULL);
    ck_assert_uint_eq(core_match(&core, "a=1"), second);
    ck_assert_uint_eq(core_match(&core, "a=1"), first);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_at_its_match_until_is_not_matched)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.match_until = 2000;
    warmstart_waiter_id late = core_add(&core, &registration);
    core.now = 1999;
    ck_assert_uint_eq(core_count(&core, "a=1"), 1);
    ck_assert_uint_eq(core_match(&core, "a=1"), late);
    ck_assert_int_eq(core_release(&core, late), 1);
    core.now = 2000;
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    ck_assert_uint_eq(core_count(&core, "a=1"), 0);
    ck_assert_uint_eq(core_dispatch(&core, "a=1", 1), 0);
    core_expect_none(&core);
    ck_assert_uint_eq(core_stats(&core).waiters, 1);
    ck_assert_int_eq(core_cancel(&core, late), 1);
    core_end(&core);
}
END_TEST

START_TEST(a_waiter_that_came_too_late_to_be_matched_is_held)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    registration.match_until = core.now;
    warmstart_waiter_id waiter = core_add(&core, &registration);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    ck_assert_uint_eq(core_stats(&core).waiters_unmatchable, 1);
    core_shutdown(&core);
    core_expect_ended(&core, waiter, WARMSTART_ENDING_SHUTDOWN);
    core_end(&core);
}
END_TEST

START_TEST(those_past_match_until_are_passed_over_in_any_order)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    warmstart_waiter_id keep[3];
    for (int i = 0; i < 3; i++) {
        registration.match_until = 1500 + (uint64_t)i;
        core_add(&core, &registration);
        registration.match_until = 3000 - (uint64_t)i;
        keep[i] = core_add(&core, &registration);
    }
    core.now = 2000;
    ck_assert_uint_eq(core_count(&core, "a=1"), 3);
    for (int i = 2; i >= 0; i--)
        ck_assert_uint_eq(core_match(&core, "a=1"), keep[i]);
    ck_assert_uint_eq(core_match(&core, "a=1"), 0);
    core_end(&core);
}
END_TEST

START_TEST(a_way_to_match_that_is_not_known_is_refused)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1 b=2", NULL);
    const enum warmstart_match hows[] = {(enum warmstart_match)2, (enum warmstart_match)100,
                                         (enum warmstart_match) - 1};
    for (size_t i = 0; i < 3; i++) {
        struct warmstart_query query = core_query(&core, "a=1 b=2");
        query.how = hows[i];
        uint64_t id = 77;
        size_t count = 77;
        struct warmstart_delivery delivery = core_delivery(&core);
        ck_assert_int_eq(warmstart_match(core.manager, &query, &id, core.now), WARMSTART_ERR_UNSUPPORTED);
        ck_assert_int_eq(warmstart_count(core.manager, &query, &count, core.now), WARMSTART_ERR_UNSUPPORTED);
        ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &id, core.now),
                         WARMSTART_ERR_UNSUPPORTED);
        ck_assert_uint_eq(id, 77);
        ck_assert_uint_eq(count, 77);
    }
    ck_assert_uint_eq(core_count(&core, "a=1 b=2"), 1);
    core_end(&core);
}
END_TEST

START_TEST(fields_that_are_not_fields_are_refused_everywhere)
{
    static char many[4097];
    memset(many, 'x', sizeof(many));
    struct core core;
    core_begin(&core);
    const struct warmstart_field bad[][2] = {
        {{"", 0, "v", 1}, {"b", 1, "v", 1}},     /* no name */
        {{NULL, 0, "v", 1}, {"b", 1, "v", 1}},   /* no name at all */
        {{NULL, 1, "v", 1}, {"b", 1, "v", 1}},   /* NULL with a length */
        {{"a", 1, NULL, 1}, {"b", 1, "v", 1}},   /* NULL with a length */
        {{"a", 1, "v", 1}, {"a", 1, "v", 1}},    /* a name twice */
        {{"a", 1, "v", 1}, {"a", 1, "w", 1}},    /* a name twice, other values */
        {{many, 256, "v", 1}, {"b", 1, "v", 1}}, /* name too long */
        {{"a", 1, many, 4097}, {"b", 1, "v", 1}},     {{"a", 1, many, SIZE_MAX}, {"b", 1, "v", 1}},
        {{many, SIZE_MAX, "v", 1}, {"b", 1, "v", 1}},
    };
    struct warmstart_registration registration = core_registration(&core, "");
    struct warmstart_delivery delivery = core_delivery(&core);
    for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
        struct warmstart_query query = {.how = WARMSTART_MATCH_EXACT, .fields = NULL, .fields_len = 2};
        if (i < sizeof(bad) / sizeof(bad[0]))
            query.fields = bad[i];
        registration.fields = query.fields;
        registration.fields_len = 2;
        uint64_t id = 77;
        size_t count = 77;
        ck_assert_int_eq(warmstart_register(core.manager, &registration, &id, core.now),
                         WARMSTART_ERR_INVALID);
        ck_assert_int_eq(warmstart_match(core.manager, &query, &id, core.now), WARMSTART_ERR_INVALID);
        ck_assert_int_eq(warmstart_count(core.manager, &query, &count, core.now), WARMSTART_ERR_INVALID);
        ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &id, core.now),
                         WARMSTART_ERR_INVALID);
        ck_assert_uint_eq(id, 77);
        ck_assert_uint_eq(count, 77);
    }
    ck_assert_uint_eq(core_stats(&core).waiters, 0);
    ck_assert_uint_eq(core_stats(&core).field_sets, 0);
    core_end(&core);
}
END_TEST

START_TEST(fields_like_those_found_last_are_checked_all_the_same)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1 b=2", NULL);
    const struct warmstart_field wrong[][2] = {
        {{NULL, 1, "1", 1}, {"b", 1, "2", 1}},
        {{"a", 1, NULL, 1}, {"b", 1, "2", 1}},
        {{"a", 1, "1", 1}, {NULL, 1, "2", 1}},
        {{"a", 1, "1", 1}, {"b", 1, NULL, 1}},
    };
    size_t count = SIZE_MAX;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert_uint_eq(core_count(&core, "a=1 b=2"), 1);
        struct warmstart_query query = {.fields = wrong[i], .fields_len = 2, .how = WARMSTART_MATCH_EXACT};
        ck_assert_int_eq(warmstart_count(core.manager, &query, &count, core.now), WARMSTART_ERR_INVALID);
    }
    ck_assert_uint_eq(core_count(&core, "a=1 b=2"), 1);
    struct warmstart_query none = {.fields = NULL, .fields_len = 2, .how = WARMSTART_MATCH_EXACT};
    ck_assert_int_eq(warmstart_count(core.manager, &none, &count, core.now), WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(count, SIZE_MAX);
    core_end(&core);
}
END_TEST

START_TEST(a_name_twice_is_found_among_many)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration =
        core_registration(&core, "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 j=0 b=2");
    warmstart_waiter_id waiter = 77;
    ck_assert_int_eq(warmstart_register(core.manager, &registration, &waiter, core.now),
                     WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(waiter, 77);
    registration.fields_len--;
    core_add(&core, &registration);
    core_end(&core);
}
END_TEST

START_TEST(a_thousand_sets_are_told_apart)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id ids[1000];
    char text[64];
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof(text), "deployment=web version=%d cpu=%d", i / 10, i % 10);
        ids[i] = core_register(&core, text, NULL);
    }
    ck_assert_uint_eq(core_stats(&core).groups, 1000);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof(text), "cpu=%d version=%d deployment=web", i % 10, i / 10);
        ck_assert_uint_eq(core_match(&core, text), ids[i]);
        ck_assert_uint_eq(core_match(&core, text), 0);
    }
    core_end(&core);
}
END_TEST

static void add_bytes_tests(TCase *tcase)
{
    tcase_add_test(tcase, only_the_very_same_fields_match);
    tcase_add_test(tcase, the_order_of_fields_does_not_matter);
    tcase_add_test(tcase, no_fields_are_a_set_like_any_other);
    tcase_add_test(tcase, bytes_are_compared_zeros_and_all);
    tcase_add_test(tcase, where_one_field_ends_and_the_next_begins_counts);
    tcase_add_test(tcase, an_empty_value_is_a_value);
    tcase_add_test(tcase, the_longest_names_and_values_match);
    tcase_add_test(tcase, as_many_fields_as_there_can_be_match);
    tcase_add_test(tcase, what_was_handed_in_may_change_afterwards);
    tcase_add_test(tcase, fields_that_are_not_fields_are_refused_everywhere);
    tcase_add_test(tcase, fields_like_those_found_last_are_checked_all_the_same);
    tcase_add_test(tcase, a_name_twice_is_found_among_many);
    tcase_add_test(tcase, a_thousand_sets_are_told_apart);
}

int main(void)
{
    Suite *suite = suite_create("match");
    TCase *bytes = tcase_create("fields");
    add_bytes_tests(bytes);
    suite_add_tcase(suite, bytes);
    TCase *order = tcase_create("order");
    tcase_add_test(order, the_newest_comes_first);
    tcase_add_test(order, the_oldest_comes_first_if_so_chosen);
    tcase_add_test(order, age_is_the_order_of_registration_even_when_time_goes_backwards);
    tcase_add_test(order, a_waiter_at_its_match_until_is_not_matched);
    tcase_add_test(order, a_waiter_that_came_too_late_to_be_matched_is_held);
    tcase_add_test(order, those_past_match_until_are_passed_over_in_any_order);
    tcase_add_test(order, a_way_to_match_that_is_not_known_is_refused);
    suite_add_tcase(suite, order);
    return suite_run(suite);
}
