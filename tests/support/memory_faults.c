/* SPDX-License-Identifier: MIT */
#include "memory_faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct warmstart_loop;

struct memory_faults memory_faults;

static bool fails(void)
{
    const struct memory_faults *faults = &memory_faults;
    if (!faults->inside || (faults->every == 0 && faults->only == 0 && faults->from == 0))
        return false;
    unsigned long count = ++memory_faults.count;
    bool now = (faults->every > 0 && count % faults->every == 0) || count == faults->only ||
               (faults->from > 0 && count >= faults->from);
    memory_faults.failed += now;
    return now;
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *pointer, size_t bytes);
int __real_warmstart_loop_process(struct warmstart_loop *loop);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *pointer, size_t bytes);
char *__wrap_strdup(const char *text);
__attribute__((format(printf, 2, 3))) int __wrap_asprintf(char **ret_text, const char *format, ...);
int __wrap_warmstart_loop_process(struct warmstart_loop *loop);

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *pointer, size_t bytes)
{
    return fails() ? NULL : __real_realloc(pointer, bytes);
}

char *__wrap_strdup(const char *text)
{
    char *copy = __wrap_malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

int __wrap_asprintf(char **ret_text, const char *format, ...)
{
    if (fails())
        return -1;
    va_list arguments;
    va_start(arguments, format);
    int bytes = vasprintf(ret_text, format, arguments);
    va_end(arguments);
    return bytes;
}

int __wrap_warmstart_loop_process(struct warmstart_loop *loop)
{
    memory_faults.inside = true;
    int answer = __real_warmstart_loop_process(loop);
    memory_faults.inside = false;
    return answer;
}

void *memory_faults_resize(void *user, void *pointer, size_t old_bytes, size_t new_bytes)
{
    (void)user;
    (void)old_bytes;
    if (new_bytes == 0) {
        free(pointer);
        return NULL;
    }
    return fails() ? NULL : __real_realloc(pointer, new_bytes);
}

void memory_faults_every(unsigned long every)
{
    memory_faults.every = every;
    memory_faults.only = memory_faults.from = memory_faults.count = 0;
}

void memory_faults_only(unsigned long only)
{
    memory_faults.only = only;
    memory_faults.every = memory_faults.from = memory_faults.count = 0;
}

void memory_faults_from(unsigned long from)
{
    memory_faults.from = from;
    memory_faults.every = memory_faults.only = memory_faults.count = 0;
}

void memory_faults_none(void)
{
    memory_faults.only = memory_faults.every = memory_faults.from = 0;
}
