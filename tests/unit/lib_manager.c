/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <warmstart/warmstart.h>

#include "core.h"
#include "suite.h"

START_TEST(a_manager_of_all_defaults_is_made_and_freed)
{
    struct warmstart_manager *manager = NULL;
    ck_assert_int_eq(warmstart_manager_new(NULL, &manager), 0);
    ck_assert_ptr_nonnull(manager);
    ck_assert_uint_eq(warmstart_next_deadline(manager), WARMSTART_NEVER);
    struct warmstart_event event;
    ck_assert_int_eq(warmstart_next_event(manager, &event), 0);
    warmstart_manager_free(manager);
}
END_TEST

START_TEST(freeing_null_is_fine)
{
    warmstart_manager_free(NULL);
}
END_TEST

START_TEST(a_new_manager_that_fails_leaves_the_output_alone_and_leaks_nothing)
{
    struct core core;
    core_init(&core);
    core.options.waiters_max = 0;
    struct warmstart_manager *mark = (struct warmstart_manager *)&core;
    struct warmstart_manager *manager = mark;
    ck_assert_int_eq(warmstart_manager_new(&core.options, &manager), WARMSTART_ERR_INVALID);
    ck_assert_ptr_eq(manager, mark);
    ck_assert_uint_eq(core.memory.blocks, 0);
}
END_TEST

START_TEST(options_are_copied)
{
    struct core core;
    core_init(&core);
    core.options.waiters_max = 1;
    core_start(&core);
    memset(&core.options, 0xff, sizeof(core.options));
    core_register(&core, "a=1", NULL);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    warmstart_waiter_id waiter = 0;
    ck_assert_int_eq(warmstart_register(core.manager, &registration, &waiter, core.now), WARMSTART_ERR_LIMIT);
    core_end(&core);
}
END_TEST

START_TEST(freeing_with_everything_under_way_leaks_nothing)
{
    struct core core;
    core_begin(&core);
    for (int i = 0; i < 5; i++)
        core_register(&core, "a=1 b=2", NULL);
    core_register(&core, "c=3", "me");
    ck_assert_uint_ne(core_match(&core, "a=1 b=2"), 0);
    core_dispatch(&core, "a=1 b=2", 1);
    core_next(&core, __LINE__);
    core_dispatch(&core, "a=1 b=2", 1);
    core_dispatch(&core, "c=3", 1);
    core_end(&core);
}
END_TEST

START_TEST(two_managers_share_nothing)
{
    struct core one;
    struct core two;
    core_begin(&one);
    core_begin(&two);
    core_register(&one, "a=1", "me");
    ck_assert_uint_eq(core_match(&two, "a=1"), 0);
    core_register(&two, "a=1", "me");
    core_expect_none(&one);
    core_shutdown(&two);
    ck_assert_uint_ne(core_match(&one, "a=1"), 0);
    core_end(&two);
    core_end(&one);
}
END_TEST

START_TEST(the_same_calls_do_the_same_whatever_the_seed)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct core core;
        core_init(&core);
        core.options.hash_seed[0] = seed * 0x9e3779b97f4a7c15u;
        core.options.hash_seed[1] = ~seed;
        core_start(&core);
        warmstart_waiter_id first = core_register(&core, "a=1 b=2", "x");
        warmstart_waiter_id second = core_register(&core, "b=2 a=1", "y");
        ck_assert_uint_eq(core_match(&core, "a=1 b=2"), second);
        ck_assert_uint_eq(core_match(&core, "b=2 a=1"), first);
        core_end(&core);
    }
}
END_TEST

struct log_seen {
    unsigned records;
    int loudest;
    unsigned bad;
    const char *secret;
};

static void count_refusals(void *user, enum warmstart_log_level level, const char *event,
                           const struct warmstart_log_field *fields, size_t fields_len)
{
    unsigned *refused = user;
    (void)level;
    (void)fields;
    (void)fields_len;
    *refused += strcmp(event, "refused") == 0;
}

static void see(void *user, enum warmstart_log_level level, const char *event,
                const struct warmstart_log_field *fields, size_t fields_len)
{
    struct log_seen *seen = user;
    seen->records++;
    if ((int)level > seen->loudest)
        seen->loudest = (int)level;
    if (level <= WARMSTART_LOG_OFF || level > WARMSTART_LOG_DEBUG || event == NULL || event[0] == '\0')
        seen->bad++;
    for (size_t i = 0; i < fields_len; i++) {
        if (fields[i].name == NULL || fields[i].name[0] == '\0')
            seen->bad++;
        if (fields[i].text != NULL &&
            memmem(fields[i].text, fields[i].text_bytes, seen->secret, strlen(seen->secret)) != NULL)
            seen->bad++;
    }
}

/* Uses every call once, so that whatever is logged is. */
static void use_everything(struct core *core, const char *payload)
{
    warmstart_waiter_id first = core_register(core, "a=1", "me");
    warmstart_waiter_id second = core_register(core, "a=1", NULL);
    struct warmstart_delivery delivery = core_delivery(core);
    delivery.payload = payload;
    delivery.payload_bytes = strlen(payload);
    delivery.attempts_max = 2;
    core_send(core, "a=1", &delivery);
    core_next(core, __LINE__);
    core_report(core, second, WARMSTART_OUTCOME_LOST);
    core_pull(core);
    core_report(core, first, WARMSTART_OUTCOME_UNCERTAIN);
    core_register(core, "a=1", "me");
    warmstart_waiter_id last = core_register(core, "a=1", "me");
    core_cancel(core, last);
    struct warmstart_registration registration = core_registration(core, "a=1");
    registration.expires_at = core->now + 1;
    core_add(core, &registration);
    core_advance(core, core->now + 1);
    core_register(core, "a=1", "you");
    ck_assert_int_eq(warmstart_retire(core->manager, "you", 3, core->now + 10, core->now), 1);
    ck_assert_int_eq(warmstart_cordon(core->manager, "host", 4, core->now + 10, core->now), 0);
    ck_assert_int_eq(warmstart_cordon(core->manager, "host", 4, 0, core->now), 0);
    core_register(core, "a=1", NULL);
    core_shutdown(core);
    core_pull(core);
}

START_TEST(the_log_keeps_to_its_level_and_tells_no_payload)
{
    for (int level = WARMSTART_LOG_OFF; level <= (int)WARMSTART_LOG_DEBUG; level++) {
        struct log_seen seen = {.secret = "the-payload-that-nobody-may-see"};
        struct warmstart_logger logger = {
            .level = (enum warmstart_log_level)level, .user = &seen, .write = see};
        struct core core;
        core_init(&core);
        core.options.logger = &logger;
        core_start(&core);
        use_everything(&core, seen.secret);
        core_end(&core);
        ck_assert_int_le(seen.loudest, level);
        ck_assert_uint_eq(seen.bad, 0);
    }
}
END_TEST

START_TEST(only_what_is_refused_is_logged_as_refused)
{
    unsigned refused = 0;
    struct warmstart_logger logger = {
        .level = WARMSTART_LOG_DEBUG, .user = &refused, .write = count_refusals};
    struct core core;
    core_init(&core);
    core.options.logger = &logger;
    core_start(&core);
    use_everything(&core, "payload");
    ck_assert_uint_eq(refused, 0);
    core_end(&core);

    core_start(&core);
    warmstart_waiter_id waiter = 0;
    struct warmstart_registration registration = core_registration(&core, "a=1 a=1");
    ck_assert_int_eq(warmstart_register(core.manager, &registration, &waiter, core.now),
                     WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(refused, 1);
    core_end(&core);
}
END_TEST

START_TEST(a_logger_may_be_switched_off_between_calls)
{
    struct log_seen seen = {.secret = "nothing"};
    struct warmstart_logger logger = {.level = WARMSTART_LOG_DEBUG, .user = &seen, .write = see};
    struct core core;
    core_init(&core);
    core.options.logger = &logger;
    core_start(&core);
    core_register(&core, "a=1", "me");
    logger.level = WARMSTART_LOG_OFF;
    unsigned before = seen.records;
    core_shutdown(&core);
    core_pull(&core);
    core_end(&core);
    ck_assert_uint_eq(seen.records, before);
}
END_TEST

START_TEST(a_manager_that_is_null_is_refused)
{
    struct core core;
    core_begin(&core);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    struct warmstart_query query = core_query(&core, "a=1");
    struct warmstart_delivery delivery = core_delivery(&core);
    struct warmstart_event event;
    struct warmstart_stats stats = {.size = sizeof(stats)};
    uint64_t id = 77;
    size_t count = 77;
    ck_assert_int_eq(warmstart_register(NULL, &registration, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_cancel(NULL, 1, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_match(NULL, &query, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_release(NULL, 1, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_count(NULL, &query, &count, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_dispatch(NULL, &query, &delivery, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_deliver(NULL, 1, &delivery, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_report(NULL, 1, WARMSTART_OUTCOME_LOST, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_cancel_dispatch(NULL, 1, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_abandon_dispatch(NULL, 1, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_next_event(NULL, &event), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_cordon(NULL, "host", 4, 2, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_retire(NULL, "me", 2, 2, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_advance(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_manager_shutdown(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_get_stats(NULL, &stats), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_manager_new(&core.options, NULL), WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(id, 77);
    ck_assert_uint_eq(count, 77);
    core_end(&core);
}
END_TEST

START_TEST(a_missing_argument_is_refused)
{
    struct core core;
    core_begin(&core);
    warmstart_waiter_id waiter = core_register(&core, "a=1", NULL);
    struct warmstart_registration registration = core_registration(&core, "a=1");
    struct warmstart_query query = core_query(&core, "a=1");
    struct warmstart_delivery delivery = core_delivery(&core);
    uint64_t id = 77;
    size_t count = 77;
    struct warmstart_manager *m = core.manager;
    ck_assert_int_eq(warmstart_register(m, NULL, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_register(m, &registration, NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_match(m, NULL, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_match(m, &query, NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_count(m, NULL, &count, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_count(m, &query, NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_dispatch(m, NULL, &delivery, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_dispatch(m, &query, NULL, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_dispatch(m, &query, &delivery, NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_next_event(m, NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_get_stats(m, NULL), WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(core_match(&core, "a=1"), waiter);
    ck_assert_int_eq(warmstart_deliver(m, waiter, NULL, &id, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_deliver(m, waiter, &delivery, NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_uint_eq(id, 77);
    ck_assert_uint_eq(count, 77);
    ck_assert_uint_eq(core_stats(&core).waiters, 1);
    ck_assert_uint_eq(core_stats(&core).dispatches, 0);
    ck_assert_int_eq(core_release(&core, waiter), 1);
    core_expect_none(&core);
    core_end(&core);
}
END_TEST

/* A call that is refused for one of its arguments. */
static int malformed(struct core *core, int which)
{
    struct warmstart_manager *manager = core->manager;
    struct warmstart_delivery delivery = core_delivery(core);
    struct warmstart_query query = core_query(core, "a=1");
    struct warmstart_registration registration = core_registration(core, "a=1");
    uint64_t id = 0;
    size_t count = 0;
    switch (which) {
    case 0:
        return warmstart_register(manager, NULL, &id, core->now);
    case 1:
        return warmstart_register(manager, &registration, NULL, core->now);
    case 2:
        registration.size = 1;
        return warmstart_register(manager, &registration, &id, core->now);
    case 3:
        return warmstart_cordon(manager, NULL, 0, 1, core->now);
    case 4:
        return warmstart_retire(manager, NULL, 0, 1, core->now);
    case 5:
        return warmstart_foreach_waiter(manager, NULL, NULL, core->now);
    case 6:
        return warmstart_match(manager, NULL, &id, core->now);
    case 7:
        return warmstart_match(manager, &query, NULL, core->now);
    case 8:
        return warmstart_count(manager, NULL, &count, core->now);
    case 9:
        return warmstart_count(manager, &query, NULL, core->now);
    case 10:
        return warmstart_dispatch(manager, NULL, &delivery, &id, core->now);
    case 11:
        return warmstart_dispatch(manager, &query, NULL, &id, core->now);
    case 12:
        delivery.attempts_max = 0;
        return warmstart_dispatch(manager, &query, &delivery, &id, core->now);
    case 13:
        delivery.size = 1;
        return warmstart_deliver(manager, 1, &delivery, &id, core->now);
    case 14:
        return warmstart_deliver(manager, 1, &delivery, NULL, core->now);
    case 15:
        return warmstart_report(manager, 1, WARMSTART_OUTCOME_TIMEOUT, core->now);
    default:
        return 0;
    }
}

START_TEST(a_malformed_call_lets_time_pass_too)
{
    for (int which = 0; which < 16; which++) {
        struct core core;
        core_begin(&core);
        struct warmstart_registration registration = core_registration(&core, "a=1");
        registration.expires_at = 2000;
        warmstart_waiter_id waiter = core_add(&core, &registration);
        core.now = 2000;
        int answer = malformed(&core, which);
        ck_assert_msg(answer == WARMSTART_ERR_INVALID, "call %d: %d", which, answer);
        core_expect_ended(&core, waiter, WARMSTART_ENDING_EXPIRED);
        core_end(&core);
    }
}
END_TEST

START_TEST(every_ending_and_outcome_has_its_own_word)
{
    for (int a = 1; a < WARMSTART_ENDINGS; a++) {
        const char *name = warmstart_ending_name((enum warmstart_ending)a);
        ck_assert_int_eq(strcmp(name, "unknown") == 0, a > (int)WARMSTART_ENDING_RETIRED);
        for (int b = 1; b < a && a <= (int)WARMSTART_ENDING_RETIRED; b++)
            ck_assert_str_ne(name, warmstart_ending_name((enum warmstart_ending)b));
    }
    for (int a = 1; a < WARMSTART_OUTCOMES; a++) {
        const char *name = warmstart_outcome_name((enum warmstart_outcome)a);
        ck_assert_int_eq(strcmp(name, "unknown") == 0, a > (int)WARMSTART_OUTCOME_SHUTDOWN);
        for (int b = 1; b < a && a <= (int)WARMSTART_OUTCOME_SHUTDOWN; b++)
            ck_assert_str_ne(name, warmstart_outcome_name((enum warmstart_outcome)b));
    }
    ck_assert_str_eq(warmstart_ending_name(WARMSTART_ENDING_DELIVERED), "delivered");
    ck_assert_str_eq(warmstart_outcome_name(WARMSTART_OUTCOME_DELIVERED), "delivered");
    ck_assert_str_eq(warmstart_ending_name((enum warmstart_ending)1000), "unknown");
    ck_assert_str_eq(warmstart_outcome_name((enum warmstart_outcome)1000), "unknown");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("manager");
    TCase *tcase = tcase_create("manager");
    tcase_add_test(tcase, a_manager_of_all_defaults_is_made_and_freed);
    tcase_add_test(tcase, freeing_null_is_fine);
    tcase_add_test(tcase, a_new_manager_that_fails_leaves_the_output_alone_and_leaks_nothing);
    tcase_add_test(tcase, options_are_copied);
    tcase_add_test(tcase, freeing_with_everything_under_way_leaks_nothing);
    tcase_add_test(tcase, two_managers_share_nothing);
    tcase_add_test(tcase, the_same_calls_do_the_same_whatever_the_seed);
    tcase_add_test(tcase, the_log_keeps_to_its_level_and_tells_no_payload);
    tcase_add_test(tcase, only_what_is_refused_is_logged_as_refused);
    tcase_add_test(tcase, a_logger_may_be_switched_off_between_calls);
    tcase_add_test(tcase, a_manager_that_is_null_is_refused);
    tcase_add_test(tcase, a_missing_argument_is_refused);
    tcase_add_test(tcase, a_malformed_call_lets_time_pass_too);
    tcase_add_test(tcase, every_ending_and_outcome_has_its_own_word);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
