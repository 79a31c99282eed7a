/* SPDX-License-Identifier: MIT */
/* Calls with nothing: no loop, no room, and a manager's options of another release. */
#include <string.h>
#include <warmstart/loop.h>

#include "suite.h"

START_TEST(calls_without_a_loop_are_refused)
{
    struct warmstart_loop_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_loop_fd(NULL), -1);
    ck_assert_int_eq(warmstart_loop_timeout_ms(NULL), -1);
    ck_assert_int_eq(warmstart_loop_process(NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_run(NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_cancel(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_report(NULL, 1, WARMSTART_OUTCOME_LOST), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_cancel_dispatch(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_abandon_dispatch(NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_cordon(NULL, "i", 1, 2), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_retire(NULL, "c", 1, 2), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_shutdown(NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_get_stats(NULL, &stats), WARMSTART_ERR_INVALID);
    warmstart_loop_free(NULL);
}
END_TEST

START_TEST(defaults_without_room_are_written_nowhere)
{
    struct warmstart_loop_options options;
    unsigned char before[sizeof(options)];
    memset(&options, 0xa5, sizeof(options));
    memset(before, 0xa5, sizeof(before));
    warmstart_loop_options_init_sized(NULL, sizeof(options));
    warmstart_loop_options_init_sized(&options, sizeof(size_t) - 1);
    ck_assert_mem_eq(&options, before, sizeof(options));
}
END_TEST

/* The manager's options as a later release may have them. */
struct later {
    struct warmstart_options known;
    uint64_t tail;
};

static int try_manager_options(const struct warmstart_options *manager)
{
    struct warmstart_loop_options options;
    struct warmstart_loop *loop = NULL;
    warmstart_loop_options_init(&options);
    options.manager = manager;
    int answer = warmstart_loop_new(&options, &loop);
    warmstart_loop_free(loop);
    return answer;
}

START_TEST(a_managers_options_of_a_later_release_are_fine_if_their_tail_is_zero)
{
    struct later later = {.tail = 0};
    warmstart_options_init_sized(&later.known, sizeof(later));
    ck_assert_int_eq(try_manager_options(&later.known), 0);
    later.tail = 1;
    ck_assert_int_eq(try_manager_options(&later.known), WARMSTART_ERR_UNSUPPORTED);
    later.known.size = sizeof(size_t);
    ck_assert_int_eq(try_manager_options(&later.known), WARMSTART_ERR_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nothing");
    TCase *tcase = tcase_create("nothing");
    tcase_add_test(tcase, calls_without_a_loop_are_refused);
    tcase_add_test(tcase, defaults_without_room_are_written_nowhere);
    tcase_add_test(tcase, a_managers_options_of_a_later_release_are_fine_if_their_tail_is_zero);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
