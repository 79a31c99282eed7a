/* SPDX-License-Identifier: MIT */
/* Queries that ask for some fields of a waiter and leave the rest open. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

static struct warmstart_query subset(struct core *core, const char *fields)
{
    struct warmstart_query query = core_query(core, fields);
    query.how = WARMSTART_MATCH_SUBSET;
    return query;
}

static warmstart_waiter_id match(struct core *core, const char *fields)
{
    struct warmstart_query query = subset(core, fields);
    warmstart_waiter_id waiter = 0;
    int answer = warmstart_match(core->manager, &query, &waiter, core->now);
    ck_assert_int_eq(answer, waiter != 0);
    return waiter;
}

static size_t count(struct core *core, const char *fields)
{
    struct warmstart_query query = subset(core, fields);
    size_t counted = SIZE_MAX;
    ck_assert_int_eq(warmstart_count(core->manager, &query, &counted, core->now), 0);
    return counted;
}

static warmstart_dispatch_id dispatch(struct core *core, const char *fields, uint32_t attempts_max)
{
    struct warmstart_query query = subset(core, fields);
    struct warmstart_delivery delivery = core_delivery(core);
    delivery.attempts_max = attempts_max;
    warmstart_dispatch_id id = 0;
    int answer = warmstart_dispatch(core->manager, &query, &delivery, &id, core->now);
    ck_assert_int_eq(answer, id != 0);
    if (id != 0)
        core->known[core->known_len++] =
            (struct core_known){id, delivery.origin, delivery.payload, delivery.payload_bytes};
    return id;
}

/* ---- Which waiters fit ---- */

START_TEST(each_choice_of_a_waiters_fields_fits)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "deployment=web version=7 cpu=1 region=", NULL);
    const char *fitting[] = {"",
                             "deployment=web",
                             "version=7",
                             "cpu=1",
                             "region=",
                             "cpu=1 deployment=web",
                             "version=7 region= cpu=1",
                             "region= cpu=1 version=7 deployment=web"};
    for (size_t i = 0; i < sizeof(fitting) / sizeof(fitting[0]); i++) {
        ck_assert_uint_eq(count(&core, fitting[i]), 1);
        warmstart_waiter_id waiter = match(&core, fitting[i]);
        ck_assert_msg(waiter != 0, "'%s' does not fit", fitting[i]);
        ck_assert_uint_eq(count(&core, fitting[i]), 0);
        ck_assert_uint_eq(match(&core, fitting[i]), 0);
        ck_assert_int_eq(core_release(&core, waiter), 1);
    }
    core_end(&core);
}
END_TEST

START_TEST(one_field_that_differs_is_enough_not_to_fit)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "deployment=web version=7 cpu=1", NULL);
    core_register(&core, "deployment=api version=8", NULL);
    const char *others[] = {"deployment=we",
                            "deployment=",
                            "deployment=7",
                            "version=web",
                            "deploymen=tweb",
                            "deployment=web version=8",
                            "deployment=api cpu=1",
                            "deployment=web version=7 cpu=1 memory=1",
                            "memory=1"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ck_assert_uint_eq(count(&core, others[i]), 0);
        ck_assert_uint_eq(match(&core, others[i]), 0);
        ck_assert_uint_eq(dispatch(&core, others[i], 1), 0);
    }
    ck_assert_uint_eq(core_stats(&core).no_match_total, 18);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(no_fields_fit_every_waiter)
{
    struct core core;
    core_begin(&core);
    ck_assert_uint_eq(match(&core, ""), 0);
    ck_assert_uint_eq(count(&core, ""), 0);
    warmstart_waiter_id plain = core_register(&core, "", NULL);
    warmstart_waiter_id other = core_register(&core, "a=1 b=2", NULL);
    ck_assert_uint_eq(count(&core, ""), 2);
    ck_assert_uint_eq(core_count(&core, ""), 1);
    ck_assert_uint_eq(match(&core, ""), other);
    ck_assert_uint_eq(match(&core, ""), plain);
    ck_assert_uint_eq(match(&core, ""), 0);
    core_end(&core);
}
END_TEST

START_TEST(a_query_that_is_no_query_is_refused)
{
    struct core core;
    core_init(&core);
    core.options.fields_max = 3;
    core_start(&core);
    core_register(&core, "a=1 b=2 c=3", NULL);
    const struct {
        const char *fields;
        int error;
    } bad[] = {{"a=1 a=1", WARMSTART_ERR_INVALID},
               {"a=1 a=2", WARMSTART_ERR_INVALID},
               {"=1", WARMSTART_ERR_INVALID},
               {"a=1 b=2 c=3 d=4", WARMSTART_ERR_LIMIT}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct warmstart_query query = subset(&core, bad[i].fields);
        struct warmstart_delivery delivery = core_delivery(&core);
        uint64_t id = 77;
        size_t counted = 77;
        ck_assert_int_eq(warmstart_match(core.manager, &query, &id, core.now), bad[i].error);
        ck_assert_int_eq(warmstart_count(core.manager, &query, &counted, core.now), bad[i].error);
        ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &id, core.now), bad[i].error);
        ck_assert_uint_eq(id, 77);
        ck_assert_uint_eq(counted, 77);
    }
    ck_assert_uint_eq(core_stats(&core).limit_total, 3);
    core_end(&core);
}
END_TEST

/* ---- Which of them is taken ---- */

START_TEST(the_newest_of_all_sets_that_fit_is_taken)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id first = core_register(&core, "a=1 b=1", NULL);
    warmstart_waiter_id second = core_register(&core, "a=1 b=2", NULL);
    warmstart_waiter_id third = core_register(&core, "a=1 b=1", NULL);
    core_register(&core, "a=2 b=1", NULL);
    warmstart_waiter_id fifth = core_register(&core, "a=1", NULL);
    ck_assert_uint_eq(match(&core, "a=1"), fifth);
    ck_assert_uint_eq(match(&core, "a=1"), third);
    ck_assert_int_eq(core_release(&core, fifth), 1);
    ck_assert_uint_eq(match(&core, "a=1"), fifth);
    ck_assert_uint_eq(match(&core, "a=1"), second);
    ck_assert_uint_eq(match(&core, "a=1"), first);
    ck_assert_uint_eq(match(&core, "a=1"), 0);
    core_end(&core);
}
END_TEST

START_TEST(the_oldest_of_all_sets_that_fit_is_taken)
{
    struct core core;
    core_init(&core);
    core.options.order = WARMSTART_OLDEST_FIRST;
    core_start(&core);
    core_register(&core, "a=2 b=1", NULL);
    warmstart_waiter_id second = core_register(&core, "a=1 b=1", NULL);
    warmstart_waiter_id third = core_register(&core, "a=1 b=2", NULL);
    warmstart_waiter_id fourth = core_register(&core, "a=1 b=1", NULL);
    ck_assert_uint_eq(match(&core, "a=1"), second);
    ck_assert_uint_eq(match(&core, "a=1"), third);
    ck_assert_int_eq(core_release(&core, second), 1);
    ck_assert_uint_eq(match(&core, "a=1"), second);
    ck_assert_uint_eq(match(&core, "a=1"), fourth);
    ck_assert_uint_eq(match(&core, "a=1"), 0);
    core_end(&core);
}
END_TEST

enum { SETS = 700, PICKS = 4000, NAMES = 6, VALUES = 4 };

/* A waiter of the naive comparison: the value of each name, 0 for none. */
struct plain {
    warmstart_waiter_id id;
    unsigned char values[NAMES];
    bool waits;
};

static unsigned below(unsigned bound)
{
    return (unsigned)rand() % bound;
}

/* Fields for values, and whether all of them are `of`'s. */
static const char *text_of(const unsigned char values[NAMES])
{
    static char text[NAMES * 8];
    size_t len = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < NAMES; i++)
        if (values[i] != 0)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%sn%u=%u", len > 0 ? " " : "", i,
                                    (unsigned)values[i]);
    return text;
}

static bool fits(const struct plain *of, const unsigned char values[NAMES])
{
    for (unsigned i = 0; i < NAMES; i++)
        if (values[i] != 0 && values[i] != of->values[i])
            return false;
    return of->waits;
}

static void compare_picks(struct core *core, struct plain *all, unsigned all_len)
{
    bool oldest = core->options.order == WARMSTART_OLDEST_FIRST;
    for (unsigned pick = 0; pick < PICKS; pick++) {
        unsigned char wanted[NAMES] = {0};
        for (unsigned i = below(4); i > 0; i--)
            wanted[below(NAMES)] = (unsigned char)(1 + below(VALUES));
        struct plain *best = NULL;
        size_t fitting = 0;
        for (unsigned i = 0; i < all_len; i++)
            if (fits(&all[i], wanted)) {
                fitting++;
                if (best == NULL || !oldest)
                    best = &all[i];
            }
        ck_assert_uint_eq(count(core, text_of(wanted)), fitting);
        ck_assert_uint_eq(match(core, text_of(wanted)), best == NULL ? 0 : best->id);
        if (best != NULL)
            best->waits = false;
        struct plain *other = &all[below(all_len)];
        if (!other->waits && other->id != 0 && below(4) > 0) {
            ck_assert_int_eq(core_release(core, other->id), 1);
            other->waits = true;
        } else if (other->id != 0 && below(8) == 0) {
            ck_assert_int_eq(core_cancel(core, other->id), 1);
            other->id = 0;
            other->waits = false;
        }
    }
}

START_TEST(among_many_sets_the_same_is_taken_as_by_looking_at_all)
{
    struct core core;
    core_init(&core);
    core.options.order = (enum warmstart_order)_i;
    core.options.lease_ns = WARMSTART_NEVER - 1;
    core.options.field_sets_idle_max = 20;
    core_start(&core);
    srand(1);
    struct plain all[SETS] = {{0}};
    for (unsigned i = 0; i < SETS; i++) {
        for (unsigned name = 0; name < NAMES; name++)
            all[i].values[name] = (unsigned char)below(VALUES + 1);
        all[i].id = core_register(&core, text_of(all[i].values), NULL);
        all[i].waits = true;
    }
    ck_assert_uint_gt(core_stats(&core).field_sets, 500);
    compare_picks(&core, all, SETS);
    for (unsigned i = 0; i < SETS; i++)
        if (all[i].id != 0)
            ck_assert_int_eq(core_cancel(&core, all[i].id), 1);
    core_pull(&core);
    ck_assert_uint_eq(core_stats(&core).groups, 0);
    ck_assert_uint_le(core_stats(&core).field_sets, 20);
    ck_assert_uint_eq(count(&core, ""), 0);
    core_end(&core);
}
END_TEST

/* ---- Dispatches ---- */

START_TEST(what_was_lost_goes_on_to_other_sets_that_fit)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id first = core_register(&core, "a=1 b=1", NULL);
    core_register(&core, "a=2 b=1", NULL);
    warmstart_waiter_id third = core_register(&core, "a=1 c=1", NULL);
    warmstart_waiter_id fourth = core_register(&core, "a=1", NULL);
    warmstart_dispatch_id run = dispatch(&core, "a=1", 9);
    core_expect_deliver(&core, fourth, run, 1);
    ck_assert_int_eq(core_report(&core, fourth, WARMSTART_OUTCOME_LOST), 1);
    core_expect_ended(&core, fourth, WARMSTART_ENDING_LOST);
    core_expect_deliver(&core, third, run, 2);
    ck_assert_int_eq(core_report(&core, third, WARMSTART_OUTCOME_LOST), 1);
    core_expect_ended(&core, third, WARMSTART_ENDING_LOST);
    core_expect_deliver(&core, first, run, 3);
    ck_assert_int_eq(core_report(&core, first, WARMSTART_OUTCOME_LOST), 1);
    core_expect_ended(&core, first, WARMSTART_ENDING_LOST);
    core_expect_settled(&core, run, WARMSTART_OUTCOME_LOST, 0, 3);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

START_TEST(a_cancelled_waiters_payload_goes_on_to_another_set)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id first = core_register(&core, "a=1 b=1", NULL);
    warmstart_waiter_id second = core_register(&core, "a=1 b=2", NULL);
    warmstart_dispatch_id run = dispatch(&core, "a=1", 1);
    ck_assert_int_eq(core_cancel(&core, second), 1);
    core_expect_ended(&core, second, WARMSTART_ENDING_CANCELLED);
    core_expect_deliver(&core, first, run, 1);
    ck_assert_int_eq(core_report(&core, first, WARMSTART_OUTCOME_DELIVERED), 1);
    core_expect_settled(&core, run, WARMSTART_OUTCOME_DELIVERED, first, 1);
    core_expect_ended(&core, first, WARMSTART_ENDING_DELIVERED);
    core_end(&core);
}
END_TEST

/* The same controller comes back while its payload is being written, and that turns out uncertain. */
static void come_back(const char *fields, bool fitting)
{
    struct core core;
    core_begin(&core);
    core_register(&core, "a=1 c=1", NULL);
    warmstart_waiter_id old = core_register(&core, "a=1 b=1", "me");
    warmstart_dispatch_id run = dispatch(&core, "a=1", 2);
    core_expect_deliver(&core, old, run, 1);
    warmstart_waiter_id back = core_register(&core, fields, "me");
    ck_assert_int_eq(core_report(&core, old, WARMSTART_OUTCOME_UNCERTAIN), 1);
    if (fitting) {
        core_expect_ended(&core, old, WARMSTART_ENDING_UNCERTAIN);
        core_expect_deliver(&core, back, run, 2);
    } else {
        core_expect_settled(&core, run, WARMSTART_OUTCOME_UNCERTAIN, old, 1);
        core_expect_ended(&core, old, WARMSTART_ENDING_UNCERTAIN);
    }
    core_expect_none(&core);
    core_end(&core);
}

START_TEST(after_uncertain_a_successor_with_other_fields_that_fit_is_tried)
{
    come_back("a=1 b=1", true);
    come_back("a=1 b=2", true);
    come_back("a=1", true);
}
END_TEST

START_TEST(after_uncertain_a_successor_that_does_not_fit_is_not_tried)
{
    come_back("a=2 b=1", false);
    come_back("b=1", false);
    come_back("", false);
}
END_TEST

START_TEST(a_query_lives_on_when_the_sets_that_fit_are_forgotten)
{
    struct core core;
    core_init(&core);
    core.options.field_sets_idle_max = 0;
    core_start(&core);
    warmstart_waiter_id first = core_register(&core, "a=1 b=1", NULL);
    warmstart_dispatch_id run = dispatch(&core, "a=1", 5);
    core_expect_deliver(&core, first, run, 1);
    ck_assert_uint_eq(core_stats(&core).field_sets, 2);
    ck_assert_uint_eq(core_stats(&core).groups, 1);
    warmstart_waiter_id second = core_register(&core, "a=1 z=26", NULL);
    ck_assert_int_eq(core_report(&core, first, WARMSTART_OUTCOME_LOST), 1);
    core_expect_ended(&core, first, WARMSTART_ENDING_LOST);
    core_expect_deliver(&core, second, run, 2);
    ck_assert_int_eq(core_report(&core, second, WARMSTART_OUTCOME_DELIVERED), 1);
    core_pull(&core);
    ck_assert_uint_eq(core_stats(&core).field_sets, 0);
    core_end(&core);
}
END_TEST

START_TEST(a_query_that_asks_for_a_whole_set_is_that_set)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1 b=1", NULL);
    warmstart_dispatch_id run = dispatch(&core, "b=1 a=1", 1);
    ck_assert_uint_eq(core_stats(&core).field_sets, 1);
    core_expect_deliver(&core, waiter, run, 1);
    ck_assert_int_eq(core_report(&core, waiter, WARMSTART_OUTCOME_LOST), 1);
    core_pull(&core);
    core_saw_settled(&core, run, WARMSTART_OUTCOME_LOST, 0, 1);
    core_end(&core);
}
END_TEST

/* ---- Limits and memory ---- */

START_TEST(a_dispatch_needs_room_for_its_query)
{
    struct core core;
    core_init(&core);
    core.options.field_sets_max = 2;
    core_start(&core);
    core_register(&core, "a=1 b=1", NULL);
    warmstart_waiter_id second = core_register(&core, "a=1 b=2", NULL);
    struct warmstart_query query = subset(&core, "a=1");
    struct warmstart_delivery delivery = core_delivery(&core);
    uint64_t id = 77;
    ck_assert_int_eq(warmstart_dispatch(core.manager, &query, &delivery, &id, core.now), WARMSTART_ERR_LIMIT);
    ck_assert_uint_eq(id, 77);
    core_expect_none(&core);
    ck_assert_uint_eq(core_stats(&core).dispatches, 0);
    ck_assert_uint_eq(core_stats(&core).limit_total, 1);
    ck_assert_uint_eq(match(&core, "a=1"), second);
    ck_assert_uint_ne(dispatch(&core, "b=1 a=1", 1), 0);
    core_end(&core);
}
END_TEST

START_TEST(when_memory_lacks_a_dispatch_has_changed_nothing)
{
    for (uint64_t nth = 1;; nth++) {
        struct core core;
        core_begin(&core);
        warmstart_waiter_id waiter = core_register(&core, "a=1 b=1", NULL);
        struct warmstart_query query = subset(&core, "a=1");
        struct warmstart_delivery delivery = core_delivery(&core);
        struct warmstart_stats before = core_stats(&core);
        uint64_t id = 0;
        fake_allocator_fail(&core.memory, nth, false);
        int answer = warmstart_dispatch(core.manager, &query, &delivery, &id, core.now);
        fake_allocator_heal(&core.memory);
        if (answer == 1) {
            core_end(&core);
            ck_assert_uint_ge(nth, 3);
            return;
        }
        ck_assert_int_eq(answer, WARMSTART_ERR_MEMORY);
        ck_assert_uint_eq(id, 0);
        struct warmstart_stats after = core_stats(&core);
        after.memory_bytes = before.memory_bytes;
        ck_assert_mem_eq(&before, &after, sizeof(before));
        core_expect_none(&core);
        ck_assert_uint_eq(match(&core, "b=1"), waiter);
        core_end(&core);
    }
}
END_TEST

/* Registers, asks, dispatches and counts over sets that were seen. */
static void use_seen(struct core *core)
{
    char text[32];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof(text), "a=%d b=%d", i % 20, i % 7);
        core_register(core, text, NULL);
    }
    for (int i = 0; i < 20; i++) {
        (void)snprintf(text, sizeof(text), "a=%d", i);
        ck_assert_uint_eq(count(core, text), 10);
        ck_assert_uint_ne(match(core, text), 0);
        ck_assert_uint_ne(dispatch(core, text, 3), 0);
    }
    core_pull(core);
    for (size_t i = 0; i < core->events.len; i++)
        ck_assert_int_eq(core_report(core, core->events.items[i].waiter, WARMSTART_OUTCOME_LOST), 1);
    for (size_t i = 0; i < core->known_len; i++)
        core_cancel(core, core->known[i].id);
    core_pull(core);
    core->known_len = 0;
    ck_assert_uint_eq(core_stats(core).waiters, core_stats(core).dispatches);
}

START_TEST(what_was_seen_once_needs_no_memory)
{
    struct core core;
    core_begin(&core);
    use_seen(&core);
    for (int again = 0; again < 3; again++) {
        for (size_t i = 0; i < core.events.len; i++)
            if (core.events.items[i].type == WARMSTART_EVENT_DELIVER)
                ck_assert_int_eq(core_report(&core, core.events.items[i].waiter, WARMSTART_OUTCOME_DELIVERED),
                                 1);
        core_pull(&core);
        fake_allocator_fail(&core.memory, 1, true);
        use_seen(&core);
        ck_assert_uint_eq(core.memory.failed, 0);
    }
    core_end(&core);
}
END_TEST

/* ---- Showing ---- */

struct shown {
    uint64_t ids[8];
    size_t len;
    size_t matchable;
    size_t stop_at; /* returns 42 at this one; 0: never */
};

static int remember(void *user, const struct warmstart_waiter_view *waiter)
{
    struct shown *shown = user;
    ck_assert_uint_lt(shown->len, 8);
    shown->ids[shown->len++] = waiter->waiter;
    shown->matchable += waiter->matchable == 1;
    for (size_t i = 0; i < waiter->fields_len; i++)
        ck_assert_uint_eq(waiter->fields[i].name_bytes, 1);
    return shown->len == shown->stop_at ? 42 : 0;
}

static int show(struct core *core, const char *fields, enum warmstart_match how, struct shown *shown)
{
    struct warmstart_query query = core_query(core, fields);
    query.how = how;
    shown->len = shown->matchable = 0;
    return warmstart_foreach_match(core->manager, &query, remember, shown, core->now);
}

START_TEST(waiters_are_shown_by_what_fits_them)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id first = core_register(&core, "a=1 b=1", NULL);
    warmstart_waiter_id second = core_register(&core, "a=1", NULL);
    warmstart_waiter_id third = core_register(&core, "a=2 b=1", NULL);
    ck_assert_uint_eq(core_match(&core, "a=1"), second);
    core_cancel(&core, core_register(&core, "a=1 b=1", NULL));
    struct shown shown = {.stop_at = 0};
    ck_assert_int_eq(show(&core, "a=1", WARMSTART_MATCH_SUBSET, &shown), 0);
    ck_assert_uint_eq(shown.len, 2);
    ck_assert_uint_eq(shown.matchable, 1);
    ck_assert_uint_eq(shown.ids[0] ^ shown.ids[1], first ^ second);
    ck_assert_int_eq(show(&core, "b=1", WARMSTART_MATCH_SUBSET, &shown), 0);
    ck_assert_uint_eq(shown.len, 2);
    ck_assert_uint_eq(shown.ids[0] ^ shown.ids[1], first ^ third);
    ck_assert_int_eq(show(&core, "", WARMSTART_MATCH_SUBSET, &shown), 0);
    ck_assert_uint_eq(shown.len, 3);
    ck_assert_int_eq(show(&core, "a=1", WARMSTART_MATCH_EXACT, &shown), 0);
    ck_assert_uint_eq(shown.len, 1);
    ck_assert_uint_eq(shown.ids[0], second);
    ck_assert_int_eq(show(&core, "", WARMSTART_MATCH_EXACT, &shown), 0);
    ck_assert_uint_eq(shown.len, 0);
    ck_assert_int_eq(show(&core, "a=3", WARMSTART_MATCH_SUBSET, &shown), 0);
    ck_assert_uint_eq(shown.len, 0);
    core_end(&core);
}
END_TEST

START_TEST(showing_stops_when_told_and_refuses_what_is_no_query)
{
    struct core core;
    core_begin(&core);
    for (int i = 0; i < 3; i++)
        core_register(&core, "a=1 b=1", NULL);
    struct shown shown = {.stop_at = 2};
    ck_assert_int_eq(show(&core, "a=1", WARMSTART_MATCH_SUBSET, &shown), 42);
    ck_assert_uint_eq(shown.len, 2);
    ck_assert_int_eq(show(&core, "a=1 a=1", WARMSTART_MATCH_SUBSET, &shown), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(show(&core, "a=1", (enum warmstart_match)2, &shown), WARMSTART_ERR_UNSUPPORTED);
    ck_assert_uint_eq(shown.len, 0);
    struct warmstart_query query = subset(&core, "a=1");
    struct warmstart_manager *manager = core.manager;
    ck_assert_int_eq(warmstart_foreach_match(NULL, &query, remember, &shown, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_foreach_match(manager, NULL, remember, &shown, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_foreach_match(manager, &query, NULL, &shown, 1), WARMSTART_ERR_INVALID);
    core_end(&core);
}
END_TEST

START_TEST(showing_lets_time_pass_first)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1 b=1");
    registration.match_until = 2000;
    registration.expires_at = 3000;
    core_add(&core, &registration);
    struct shown shown = {.stop_at = 0};
    core.now = 2000;
    ck_assert_int_eq(show(&core, "a=1", WARMSTART_MATCH_SUBSET, &shown), 0);
    ck_assert_uint_eq(shown.len, 1);
    ck_assert_uint_eq(shown.matchable, 0);
    core.now = 3000;
    ck_assert_int_eq(show(&core, "a=1", WARMSTART_MATCH_SUBSET, &shown), 0);
    ck_assert_uint_eq(shown.len, 0);
    core_end(&core);
}
END_TEST

/* ---- Leaving and time ---- */

START_TEST(cordoned_instances_do_not_fit)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1 b=1");
    registration.instance = "node";
    registration.instance_bytes = 4;
    warmstart_waiter_id on_node = core_add(&core, &registration);
    ck_assert_int_eq(warmstart_cordon(core.manager, "node", 4, 5000, core.now), 0);
    ck_assert_uint_eq(count(&core, "a=1"), 0);
    ck_assert_uint_eq(match(&core, "a=1"), 0);
    ck_assert_uint_eq(dispatch(&core, "b=1", 1), 0);
    warmstart_waiter_id elsewhere = core_register(&core, "a=1 c=1", NULL);
    core_add(&core, &registration);
    ck_assert_uint_eq(count(&core, "a=1"), 1);
    ck_assert_uint_eq(match(&core, "a=1"), elsewhere);
    core_advance(&core, 5000);
    ck_assert_uint_eq(count(&core, "a=1"), 2);
    ck_assert_int_eq(warmstart_cordon(core.manager, "node", 4, 9000, core.now), 0);
    ck_assert_uint_eq(count(&core, "a=1"), 0);
    ck_assert_int_eq(warmstart_cordon(core.manager, "node", 4, 0, core.now), 0);
    ck_assert_uint_eq(count(&core, ""), 2);
    ck_assert_uint_ne(match(&core, "a=1"), on_node);
    ck_assert_uint_eq(match(&core, "a=1"), on_node);
    core_end(&core);
}
END_TEST

START_TEST(a_cordon_sends_a_retry_elsewhere)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id elsewhere = core_register(&core, "a=1 c=1", NULL);
    struct warmstart_registration registration = core_registration(&core, "a=1 b=1");
    registration.instance = "node";
    registration.instance_bytes = 4;
    core_add(&core, &registration);
    warmstart_waiter_id newest = core_add(&core, &registration);
    warmstart_dispatch_id run = dispatch(&core, "a=1", 3);
    core_expect_deliver(&core, newest, run, 1);
    ck_assert_int_eq(warmstart_cordon(core.manager, "node", 4, 5000, core.now), 0);
    ck_assert_int_eq(core_report(&core, newest, WARMSTART_OUTCOME_LOST), 1);
    core_expect_ended(&core, newest, WARMSTART_ENDING_LOST);
    core_expect_deliver(&core, elsewhere, run, 2);
    core_end(&core);
}
END_TEST

START_TEST(retired_controllers_do_not_fit)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id stays = core_register(&core, "a=1 c=1", "stays");
    warmstart_waiter_id leaves = core_register(&core, "a=1 b=1", "leaves");
    warmstart_dispatch_id run = dispatch(&core, "a=1", 1);
    ck_assert_int_eq(warmstart_retire(core.manager, "leaves", 6, 5000, core.now), 1);
    core_expect_ended(&core, leaves, WARMSTART_ENDING_RETIRED);
    core_expect_deliver(&core, stays, run, 1);
    ck_assert_uint_eq(count(&core, "a=1"), 0);
    core_end(&core);
}
END_TEST

START_TEST(waiters_past_match_until_do_not_fit)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1 b=1");
    registration.match_until = 2000;
    registration.expires_at = 3000;
    core_add(&core, &registration);
    warmstart_waiter_id older = core_register(&core, "a=1 c=1", NULL);
    core_add(&core, &registration);
    ck_assert_uint_eq(count(&core, "a=1"), 3);
    core.now = 2000;
    ck_assert_uint_eq(count(&core, "a=1"), 1);
    ck_assert_uint_eq(match(&core, "a=1"), older);
    ck_assert_uint_eq(match(&core, "a=1"), 0);
    core_end(&core);
}
END_TEST

/* Sets are known by their numbers, 64 at a time: those with one field are not those with another further on. */
START_TEST(fields_of_sets_that_are_far_apart_are_not_taken_for_each_other)
{
    struct core core;
    core_init(&core);
    core.options.order = (enum warmstart_order)_i;
    core_start(&core);
    char text[32];
    for (int i = 0; i < 3 * 64; i++) {
        (void)snprintf(text, sizeof(text), i == 0 ? "r=1" : i % 64 == 0 ? "o=%d" : "filler=%d", i);
        core_register(&core, text, NULL);
    }
    ck_assert_uint_eq(core_stats(&core).groups, 3 * 64);
    static const char *const queries[] = {"r=1 o=64", "o=64 r=1", "r=1 o=128", "o=128 r=1",
                                          "o=64 filler=129"};
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        ck_assert_uint_eq(count(&core, queries[i]), 0);
        ck_assert_uint_eq(match(&core, queries[i]), 0);
    }
    ck_assert_uint_eq(count(&core, "o=64"), 1);
    core_end(&core);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("subset");
    TCase *tcase = tcase_create("subset");
    tcase_add_test(tcase, each_choice_of_a_waiters_fields_fits);
    tcase_add_test(tcase, one_field_that_differs_is_enough_not_to_fit);
    tcase_add_test(tcase, no_fields_fit_every_waiter);
    tcase_add_test(tcase, a_query_that_is_no_query_is_refused);
    tcase_add_loop_test(tcase, fields_of_sets_that_are_far_apart_are_not_taken_for_each_other, 0, 2);
    tcase_add_test(tcase, the_newest_of_all_sets_that_fit_is_taken);
    tcase_add_test(tcase, the_oldest_of_all_sets_that_fit_is_taken);
    tcase_add_loop_test(tcase, among_many_sets_the_same_is_taken_as_by_looking_at_all, 0, 2);
    tcase_add_test(tcase, what_was_lost_goes_on_to_other_sets_that_fit);
    tcase_add_test(tcase, a_cancelled_waiters_payload_goes_on_to_another_set);
    tcase_add_test(tcase, after_uncertain_a_successor_with_other_fields_that_fit_is_tried);
    tcase_add_test(tcase, after_uncertain_a_successor_that_does_not_fit_is_not_tried);
    tcase_add_test(tcase, a_query_lives_on_when_the_sets_that_fit_are_forgotten);
    tcase_add_test(tcase, a_query_that_asks_for_a_whole_set_is_that_set);
    tcase_add_test(tcase, a_dispatch_needs_room_for_its_query);
    tcase_add_test(tcase, when_memory_lacks_a_dispatch_has_changed_nothing);
    tcase_add_test(tcase, what_was_seen_once_needs_no_memory);
    tcase_add_test(tcase, waiters_are_shown_by_what_fits_them);
    tcase_add_test(tcase, showing_stops_when_told_and_refuses_what_is_no_query);
    tcase_add_test(tcase, showing_lets_time_pass_first);
    tcase_add_test(tcase, cordoned_instances_do_not_fit);
    tcase_add_test(tcase, a_cordon_sends_a_retry_elsewhere);
    tcase_add_test(tcase, retired_controllers_do_not_fit);
    tcase_add_test(tcase, waiters_past_match_until_do_not_fit);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
