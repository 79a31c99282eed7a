/* SPDX-License-Identifier: MIT */
#include "memory_faults.h"

#include <stdlib.h>

struct warmstart_loop;

struct memory_faults memory_faults;

static bool fails(void)
{
    if (!memory_faults.inside || (memory_faults.every == 0 && memory_faults.only == 0))
        return false;
    memory_faults.count++;
    if (memory_faults.every > 0 ? memory_faults.count % memory_faults.every != 0
                                : memory_faults.count != memory_faults.only)
        return false;
    memory_faults.failed++;
    return true;
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *pointer, size_t bytes);
int __real_warmstart_loop_process(struct warmstart_loop *loop);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *pointer, size_t bytes);
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
    memory_faults.only = memory_faults.count = 0;
}

void memory_faults_only(unsigned long only)
{
    memory_faults.only = only;
    memory_faults.every = memory_faults.count = 0;
}

void memory_faults_none(void)
{
    memory_faults.only = memory_faults.every = 0;
}
