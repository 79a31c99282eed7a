/* SPDX-License-Identifier: MIT */
/*
 * For programs that use tests/support and have no runner of Check's, such as fuzz targets: its assertions work
 * there as assert() does. Linked in place of Check's own.
 */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void _mark_point(const char *file, int line)
{
    (void)file;
    (void)line;
}

void _ck_assert_failed(const char *file, int line, const char *expr, const char *msg, ...)
{
    va_list arguments;
    fprintf(stderr, "%s:%d: %s: ", file, line, expr);
    if (msg != NULL) {
        va_start(arguments, msg);
        vfprintf(stderr, msg, arguments);
        va_end(arguments);
    }
    fputc('\n', stderr);
    abort();
}
