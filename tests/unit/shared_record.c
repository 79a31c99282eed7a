/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <string.h>

#include "suite.h"

static unsigned written;

static void write_it(void *user, enum warmstart_log_level level, const char *event,
                     const struct warmstart_log_field *fields, size_t fields_len)
{
    ck_assert_ptr_eq(user, &written);
    ck_assert_int_eq(level, WARMSTART_LOG_INFO);
    ck_assert_str_eq(event, "something");
    ck_assert_uint_eq(fields_len, 3);
    ck_assert_str_eq(fields[0].name, "text");
    ck_assert_uint_eq(fields[0].text_bytes, 2);
    ck_assert_mem_eq(fields[0].text, "ab", 2);
    ck_assert_str_eq(fields[1].name, "word");
    ck_assert_uint_eq(fields[1].text_bytes, 4);
    ck_assert_str_eq(fields[2].name, "number");
    ck_assert_ptr_null(fields[2].text);
    ck_assert_int_eq(fields[2].number, 77);
    written++;
}

static const struct warmstart_logger logger = {
    .level = WARMSTART_LOG_INFO, .write = write_it, .user = &written};

START_TEST(fields_come_in_their_order_and_empty_texts_are_left_out)
{
    struct record record;
    ck_assert(warmstart_record_begin(&record, &logger, WARMSTART_LOG_INFO, "something"));
    warmstart_record_text(&record, "text", "abc", 2);
    warmstart_record_text(&record, "nothing", NULL, 0);
    warmstart_record_word(&record, "empty", "");
    warmstart_record_word(&record, "word", "four");
    warmstart_record_number(&record, "number", 77);
    ck_assert_uint_eq(written, 0);
    warmstart_record_write(&record);
    ck_assert_uint_eq(written, 1);
}
END_TEST

START_TEST(what_nobody_wants_is_not_begun)
{
    struct record record;
    const struct warmstart_logger mute = {.level = WARMSTART_LOG_DEBUG};
    ck_assert(warmstart_record_begin(&record, &logger, WARMSTART_LOG_WARN, "something"));
    ck_assert(!warmstart_record_begin(&record, &logger, WARMSTART_LOG_DEBUG, "something"));
    ck_assert(!warmstart_record_begin(&record, &mute, WARMSTART_LOG_WARN, "something"));
    ck_assert(!warmstart_record_begin(&record, NULL, WARMSTART_LOG_WARN, "something"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shared_record");
    TCase *tests = tcase_create("record");
    tcase_add_test(tests, fields_come_in_their_order_and_empty_texts_are_left_out);
    tcase_add_test(tests, what_nobody_wants_is_not_begun);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
