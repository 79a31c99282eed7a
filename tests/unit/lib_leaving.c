/* SPDX-License-Identifier: MIT */
/* Cordoned instances, retired controllers, and what is shown of waiters. */
#include <stdbool.h>
#include <string.h>
#include <warmstart/warmstart.h>

#include "suite.h"

static struct warmstart_manager *manager;
static const struct warmstart_field fields[] = {{"cpu", 3, "1", 1}, {"deployment", 10, "d", 1}};
static const struct warmstart_query query = {fields, 2, WARMSTART_MATCH_EXACT};

static void set_up(void)
{
    struct warmstart_options options;
    warmstart_options_init(&options);
    options.retired_max = 2;
    options.instances_max = 2;
    ck_assert_int_eq(warmstart_manager_new(&options, &manager), 0);
}

static void tear_down(void)
{
    warmstart_manager_free(manager);
}

static int try_to_wait(const char *controller, const char *instance, uint64_t match_until, uint64_t now,
                       warmstart_waiter_id *ret_waiter)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = fields;
    registration.fields_len = 2;
    registration.controller_id = controller;
    registration.controller_id_bytes = strlen(controller);
    registration.instance = instance;
    registration.instance_bytes = instance ? strlen(instance) : 0;
    registration.match_until = match_until;
    return warmstart_register(manager, &registration, ret_waiter, now);
}

static warmstart_waiter_id wait_on(const char *controller, const char *instance, uint64_t now)
{
    warmstart_waiter_id waiter = 0;
    ck_assert_int_eq(try_to_wait(controller, instance, WARMSTART_NEVER, now, &waiter), 0);
    return waiter;
}

static size_t count(uint64_t now)
{
    size_t waiting;
    ck_assert_int_eq(warmstart_count(manager, &query, &waiting, now), 0);
    return waiting;
}

static struct warmstart_event pull(enum warmstart_event_type type)
{
    struct warmstart_event event;
    ck_assert_int_eq(warmstart_next_event(manager, &event), 1);
    ck_assert_int_eq((int)event.type, (int)type);
    return event;
}

static warmstart_dispatch_id dispatch(uint64_t now)
{
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    warmstart_dispatch_id id;
    ck_assert_int_eq(warmstart_dispatch(manager, &query, &delivery, &id, now), 1);
    return id;
}

START_TEST(waiters_of_a_cordoned_instance_are_not_matched_until_it_ends)
{
    wait_on("a", "going", 1);
    wait_on("b", "staying", 1);
    ck_assert_int_eq(warmstart_cordon(manager, "going", 5, 100, 2), 0);
    wait_on("c", "going", 3);
    ck_assert_uint_eq(count(3), 1);
    ck_assert_uint_eq(warmstart_next_deadline(manager), 100);
    ck_assert_uint_eq(count(99), 1);
    ck_assert_uint_eq(count(100), 3);
    ck_assert_uint_eq(warmstart_next_deadline(manager), WARMSTART_NEVER);
}
END_TEST

START_TEST(a_cordon_can_be_moved_and_ended)
{
    wait_on("a", "going", 1);
    ck_assert_int_eq(warmstart_cordon(manager, "going", 5, 100, 2), 0);
    ck_assert_int_eq(warmstart_cordon(manager, "going", 5, 50, 2), 0);
    ck_assert_uint_eq(warmstart_next_deadline(manager), 50);
    ck_assert_int_eq(warmstart_cordon(manager, "going", 5, 0, 3), 0);
    ck_assert_uint_eq(count(3), 1);
    ck_assert_int_eq(warmstart_cordon(manager, "going", 5, 0, 3), 0);
    ck_assert_int_eq(warmstart_cordon(manager, "unknown", 7, 0, 3), 0);
}
END_TEST

static void expire_on(const char *controller, const char *instance, uint64_t expires_at)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.controller_id = controller;
    registration.controller_id_bytes = 1;
    registration.instance = instance;
    registration.instance_bytes = 1;
    registration.expires_at = expires_at;
    registration.conn = (void *)(uintptr_t)controller;
    warmstart_waiter_id waiter;
    ck_assert_int_eq(warmstart_register(manager, &registration, &waiter, 1), 0);
}

START_TEST(cordons_end_in_the_order_they_were_set_or_moved)
{
    expire_on("a", "1", 100);
    expire_on("b", "2", 100);
    ck_assert_int_eq(warmstart_cordon(manager, "1", 1, 100, 2), 0);
    ck_assert_int_eq(warmstart_cordon(manager, "2", 1, 100, 2), 0);
    ck_assert_int_eq(warmstart_cordon(manager, "1", 1, 100, 3), 0);
    ck_assert_int_eq(warmstart_advance(manager, 100), 0);
    struct warmstart_event event = pull(WARMSTART_EVENT_ENDED);
    ck_assert_str_eq(event.conn, "b");
    event = pull(WARMSTART_EVENT_ENDED);
    ck_assert_str_eq(event.conn, "a");
}
END_TEST

/* So that neither the slots nor their order say who is older. */
static void leave_slots_in_no_order(void)
{
    static const int order[] = {7, 2, 9, 0, 5, 11, 3, 8, 1, 10, 6, 4};
    warmstart_waiter_id ids[12];
    for (int i = 0; i < 12; i++)
        ids[i] = wait_on("", "going", 1);
    for (int i = 0; i < 12; i++) {
        ck_assert_int_eq(warmstart_cancel(manager, ids[order[i]], 1), 1);
        pull(WARMSTART_EVENT_ENDED);
    }
}

/* One of two groups: with both of the fields, or only the first. */
static warmstart_waiter_id wait_in(size_t group, const char *instance)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = fields;
    registration.fields_len = 2 - group;
    registration.instance = instance;
    registration.instance_bytes = strlen(instance);
    warmstart_waiter_id id = 0;
    ck_assert_int_eq(warmstart_register(manager, &registration, &id, 2), 0);
    return id;
}

START_TEST(the_end_of_a_cordon_puts_all_where_they_were)
{
    enum { GROUPS = 2, EACH = 12 };
    bool oldest_first = _i == 1;
    struct warmstart_options options;
    warmstart_options_init(&options);
    options.order = oldest_first ? WARMSTART_OLDEST_FIRST : WARMSTART_NEWEST_FIRST;
    warmstart_manager_free(manager);
    ck_assert_int_eq(warmstart_manager_new(&options, &manager), 0);
    leave_slots_in_no_order();
    warmstart_waiter_id ids[GROUPS][EACH];
    for (size_t i = 0; i < EACH; i++) {
        if (i == EACH / 2)
            ck_assert_int_eq(warmstart_cordon(manager, "going", 5, 100, 2), 0);
        for (size_t group = 0; group < GROUPS; group++)
            ids[group][i] = wait_in(group, i % 3 == group ? "staying" : "going");
    }
    ck_assert_int_eq(warmstart_cordon(manager, "going", 5, 0, 3), 0);
    for (size_t group = 0; group < GROUPS; group++) {
        struct warmstart_query asked = {fields, 2 - group, WARMSTART_MATCH_EXACT};
        for (size_t i = 0; i < EACH; i++) {
            warmstart_waiter_id matched = 0;
            ck_assert_int_eq(warmstart_match(manager, &asked, &matched, 4), 1);
            ck_assert_uint_eq(matched, ids[group][oldest_first ? i : EACH - 1 - i]);
        }
    }
}
END_TEST

START_TEST(match_until_holds_under_a_cordon)
{
    warmstart_waiter_id waiter;
    ck_assert_int_eq(try_to_wait("a", "going", 40, 1, &waiter), 0);
    ck_assert_int_eq(warmstart_cordon(manager, "going", 5, 100, 2), 0);
    ck_assert_uint_eq(count(100), 0);
    ck_assert_int_eq(try_to_wait("b", "going", 240, 101, &waiter), 0);
    ck_assert_int_eq(warmstart_cordon(manager, "going", 5, 200, 102), 0);
    ck_assert_uint_eq(count(200), 1);
    ck_assert_uint_eq(count(240), 0);
}
END_TEST

START_TEST(what_is_claimed_or_offered_when_the_cordon_begins_stays_so)
{
    wait_on("a", "going", 1);
    dispatch(2);
    wait_on("b", "going", 2);
    warmstart_waiter_id claimed;
    ck_assert_int_eq(warmstart_match(manager, &query, &claimed, 3), 1);
    ck_assert_int_eq(warmstart_cordon(manager, "going", 5, 100, 4), 0);
    struct warmstart_event deliver = pull(WARMSTART_EVENT_DELIVER);
    ck_assert_int_eq(warmstart_report(manager, deliver.waiter, WARMSTART_OUTCOME_DELIVERED, 5), 1);
    ck_assert_int_eq(warmstart_release(manager, claimed, 6), 1);
    ck_assert_uint_eq(count(6), 0);
    ck_assert_uint_eq(count(100), 1);
}
END_TEST

START_TEST(a_cordon_needs_a_name_and_counts_among_the_instances)
{
    ck_assert_int_eq(warmstart_cordon(manager, "", 0, 100, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_cordon(manager, NULL, 1, 100, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_cordon(manager, "x", 5000, 100, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_cordon(manager, "1", 1, 100, 1), 0);
    ck_assert_int_eq(warmstart_cordon(manager, "2", 1, 100, 1), 0);
    ck_assert_int_eq(warmstart_cordon(manager, "3", 1, 100, 1), WARMSTART_ERR_LIMIT);
    ck_assert_int_eq(warmstart_cordon(manager, "3", 1, 200, 100), 0);
}
END_TEST

START_TEST(a_retired_controller_ends_and_may_not_come_back_before_its_time)
{
    warmstart_waiter_id waiter = wait_on("a", NULL, 1);
    ck_assert_int_eq(warmstart_retire(manager, "a", 1, 100, 2), 1);
    struct warmstart_event ended = pull(WARMSTART_EVENT_ENDED);
    ck_assert_uint_eq(ended.waiter, waiter);
    ck_assert_int_eq((int)ended.ending, (int)WARMSTART_ENDING_RETIRED);
    ck_assert_int_eq(try_to_wait("a", NULL, WARMSTART_NEVER, 99, &waiter), WARMSTART_ERR_RETIRED);
    ck_assert_int_eq(try_to_wait("b", NULL, WARMSTART_NEVER, 99, &waiter), 0);
    ck_assert_int_eq(try_to_wait("", NULL, WARMSTART_NEVER, 99, &waiter), 0);
    ck_assert_int_eq(try_to_wait("a", NULL, WARMSTART_NEVER, 100, &waiter), 0);
}
END_TEST

START_TEST(a_retirement_can_be_taken_back)
{
    warmstart_waiter_id waiter;
    ck_assert_int_eq(warmstart_retire(manager, "a", 1, 100, 1), 0);
    ck_assert_int_eq(warmstart_retire(manager, "a", 1, 0, 1), 0);
    ck_assert_int_eq(try_to_wait("a", NULL, WARMSTART_NEVER, 2, &waiter), 0);
    ck_assert_int_eq(warmstart_retire(manager, "a", 1, 0, 2), 0);
    ck_assert_uint_eq(count(2), 1);
}
END_TEST

START_TEST(what_a_retired_controller_was_offered_goes_to_the_next)
{
    warmstart_waiter_id older = wait_on("a", NULL, 1);
    wait_on("b", NULL, 1);
    dispatch(2);
    ck_assert_int_eq(warmstart_retire(manager, "b", 1, 100, 3), 1);
    ck_assert_int_eq((int)pull(WARMSTART_EVENT_ENDED).ending, (int)WARMSTART_ENDING_RETIRED);
    ck_assert_uint_eq(pull(WARMSTART_EVENT_DELIVER).waiter, older);
}
END_TEST

START_TEST(a_controller_that_is_written_to_is_not_ended_by_its_retirement)
{
    wait_on("a", NULL, 1);
    dispatch(2);
    struct warmstart_event deliver = pull(WARMSTART_EVENT_DELIVER);
    ck_assert_int_eq(warmstart_retire(manager, "a", 1, 100, 3), 0);
    ck_assert_int_eq(warmstart_report(manager, deliver.waiter, WARMSTART_OUTCOME_DELIVERED, 4), 1);
    ck_assert_int_eq((int)pull(WARMSTART_EVENT_SETTLED).outcome, (int)WARMSTART_OUTCOME_DELIVERED);
    warmstart_waiter_id waiter;
    ck_assert_int_eq(try_to_wait("a", NULL, WARMSTART_NEVER, 5, &waiter), WARMSTART_ERR_RETIRED);
}
END_TEST

START_TEST(retirements_are_bounded_and_make_room_when_their_time_is_over)
{
    ck_assert_int_eq(warmstart_retire(manager, "a", 1, 10, 1), 0);
    ck_assert_int_eq(warmstart_retire(manager, "b", 1, 20, 1), 0);
    ck_assert_int_eq(warmstart_retire(manager, "c", 1, 30, 1), WARMSTART_ERR_LIMIT);
    ck_assert_int_eq(warmstart_retire(manager, "b", 1, 40, 1), 0);
    ck_assert_int_eq(warmstart_retire(manager, "c", 1, 30, 10), 0);
    ck_assert_int_eq(warmstart_retire(manager, "", 0, 30, 10), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_retire(manager, NULL, 1, 30, 10), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(a_full_house_lets_a_controller_take_its_own_place)
{
    struct warmstart_options options;
    warmstart_options_init(&options);
    options.waiters_max = 2;
    warmstart_manager_free(manager);
    ck_assert_int_eq(warmstart_manager_new(&options, &manager), 0);
    warmstart_waiter_id older = wait_on("a", NULL, 1), waiter;
    wait_on("b", NULL, 1);
    ck_assert_int_eq(try_to_wait("c", NULL, WARMSTART_NEVER, 2, &waiter), WARMSTART_ERR_LIMIT);
    ck_assert_int_eq(try_to_wait("a", NULL, WARMSTART_NEVER, 2, &waiter), 0);
    ck_assert_uint_eq(count(2), 2);
    /* Only one at a time: the place is free again when the end of the older one was pulled. */
    ck_assert_int_eq(try_to_wait("a", NULL, WARMSTART_NEVER, 2, &waiter), WARMSTART_ERR_LIMIT);
    ck_assert_uint_eq(pull(WARMSTART_EVENT_ENDED).waiter, older);
    ck_assert_int_eq(try_to_wait("a", NULL, WARMSTART_NEVER, 2, &waiter), 0);
    ck_assert_int_eq(try_to_wait("c", NULL, WARMSTART_NEVER, 2, &waiter), WARMSTART_ERR_LIMIT);
}
END_TEST

struct seen {
    unsigned int waiters;
    unsigned int matchable;
    int stop_after;
};

static int look(void *user, const struct warmstart_waiter_view *view)
{
    struct seen *seen = user;
    ck_assert_uint_eq(view->fields_len, 2);
    ck_assert_int_eq(memcmp(view->fields[0].name, "cpu", 3), 0);
    ck_assert_int_eq(memcmp(view->fields[0].value, "1", 1), 0);
    ck_assert_int_eq(memcmp(view->fields[1].name, "deployment", 10), 0);
    ck_assert(view->instance_bytes == 5 && memcmp(view->instance, "going", 5) == 0);
    seen->waiters++;
    seen->matchable += (unsigned int)view->matchable;
    return seen->stop_after > 0 && --seen->stop_after == 0 ? 7 : 0;
}

START_TEST(each_waiter_that_has_not_ended_is_shown)
{
    wait_on("a", "going", 1);
    warmstart_waiter_id waiter = wait_on("b", "going", 1);
    warmstart_waiter_id claimed;
    wait_on("c", "going", 1);
    ck_assert_int_eq(warmstart_match(manager, &query, &claimed, 1), 1);
    ck_assert_int_eq(warmstart_cancel(manager, waiter, 2), 1);
    struct seen seen = {0};
    ck_assert_int_eq(warmstart_foreach_waiter(manager, look, &seen, 2), 0);
    ck_assert_uint_eq(seen.waiters, 2);
    ck_assert_uint_eq(seen.matchable, 1);
    seen = (struct seen){.stop_after = 1};
    ck_assert_int_eq(warmstart_foreach_waiter(manager, look, &seen, 2), 7);
    ck_assert_uint_eq(seen.waiters, 1);
    ck_assert_int_eq(warmstart_foreach_waiter(manager, NULL, &seen, 2), WARMSTART_ERR_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("leaving");
    TCase *tcase = tcase_create("leaving");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, waiters_of_a_cordoned_instance_are_not_matched_until_it_ends);
    tcase_add_test(tcase, a_cordon_can_be_moved_and_ended);
    tcase_add_test(tcase, cordons_end_in_the_order_they_were_set_or_moved);
    tcase_add_loop_test(tcase, the_end_of_a_cordon_puts_all_where_they_were, 0, 2);
    tcase_add_test(tcase, match_until_holds_under_a_cordon);
    tcase_add_test(tcase, what_is_claimed_or_offered_when_the_cordon_begins_stays_so);
    tcase_add_test(tcase, a_cordon_needs_a_name_and_counts_among_the_instances);
    tcase_add_test(tcase, a_retired_controller_ends_and_may_not_come_back_before_its_time);
    tcase_add_test(tcase, a_retirement_can_be_taken_back);
    tcase_add_test(tcase, what_a_retired_controller_was_offered_goes_to_the_next);
    tcase_add_test(tcase, a_controller_that_is_written_to_is_not_ended_by_its_retirement);
    tcase_add_test(tcase, retirements_are_bounded_and_make_room_when_their_time_is_over);
    tcase_add_test(tcase, a_full_house_lets_a_controller_take_its_own_place);
    tcase_add_test(tcase, each_waiter_that_has_not_ended_is_shown);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
