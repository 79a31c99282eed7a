/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "protocol_text.h"
#include "suite.h"
#include "value.h"

enum { BYTES_MAX = 40 };

static int is_control(unsigned byte)
{
    return byte < 0x20 || byte == 0x7f;
}

/* All of `filling`, but `byte` at `at`, in a block of just these bytes. */
static void check_place(size_t bytes, size_t at, char filling, unsigned byte)
{
    char text[BYTES_MAX];
    memset(text, filling, bytes);
    text[at] = (char)byte;
    char *copy = text_copy(text, bytes);
    ck_assert_msg(value_has_control(copy, bytes) == is_control(byte), "byte %u at %zu of %zu", byte, at,
                  bytes);
    ck_assert_msg(value_has_space(copy, bytes) == (is_control(byte) || byte == ' '), "byte %u at %zu of %zu",
                  byte, at, bytes);
    free(copy);
}

START_TEST(each_byte_is_judged_alike_wherever_it_stands)
{
    for (size_t bytes = 1; bytes <= BYTES_MAX; bytes++) {
        for (size_t at = 0; at < bytes; at++) {
            for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
                check_place(bytes, at, 'a', byte);
                check_place(bytes, at, '\xff', byte);
            }
        }
    }
}
END_TEST

START_TEST(nothing_has_no_control_byte)
{
    char *none = text_copy("", 0);
    ck_assert(!value_has_control(none, 0));
    ck_assert(!value_has_space(none, 0));
    free(none);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("value");
    TCase *tcase = tcase_create("value");
    tcase_add_test(tcase, each_byte_is_judged_alike_wherever_it_stands);
    tcase_add_test(tcase, nothing_has_no_control_byte);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
