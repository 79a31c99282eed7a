/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include <stdlib.h>

/*
 * MemorySanitizer does not see what Check writes, for Check is not compiled with it: what Check hands to the C
 * library looks as if it was never set. So these hand-overs are not looked at; all else is.
 */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
static void begin_of_check(void)
{
    __msan_scoped_disable_interceptor_checks();
}
static int from_check(int number)
{
    __msan_unpoison(&number, sizeof(number));
    return number;
}
#define WITH_MEMORY_SANITIZER
#endif
#endif

#ifndef WITH_MEMORY_SANITIZER
static void begin_of_check(void)
{
}
static int from_check(int number)
{
    return number;
}
#endif

int suite_run(Suite *suite)
{
    begin_of_check();
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = from_check(srunner_ntests_failed(runner));
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
