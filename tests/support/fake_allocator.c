/* SPDX-License-Identifier: MIT */
#include "fake_allocator.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { FRESH = 0xa5, FREED = 0xdd };

/* Stands before each block. */
struct prefix {
    _Alignas(max_align_t) const struct fake_allocator *owner;
    size_t bytes;
};

static bool fails(struct fake_allocator *fake)
{
    fake->asked++;
    if (fake->fail_at == 0 || fake->asked < fake->fail_at)
        return false;
    if (fake->asked > fake->fail_at && !fake->fail_on)
        return false;
    fake->failed++;
    return true;
}

static void *take(struct fake_allocator *fake, size_t bytes)
{
    struct prefix *prefix = malloc(sizeof(*prefix) + bytes);
    ck_assert_ptr_nonnull(prefix);
    prefix->owner = fake;
    prefix->bytes = bytes;
    memset(prefix + 1, FRESH, bytes);
    fake->blocks++;
    fake->bytes += bytes;
    return prefix + 1;
}

static void drop(struct fake_allocator *fake, struct prefix *prefix)
{
    fake->blocks--;
    fake->bytes -= prefix->bytes;
    memset(prefix + 1, FREED, prefix->bytes);
    prefix->owner = NULL;
    free(prefix);
}

static void *resize(void *user, void *pointer, size_t old_bytes, size_t new_bytes)
{
    struct fake_allocator *fake = user;
    struct prefix *prefix = NULL;
    if (pointer != NULL) {
        prefix = (struct prefix *)pointer - 1;
        ck_assert_msg(prefix->owner == fake, "the allocator was handed a block that is not its own");
        ck_assert_msg(prefix->bytes == old_bytes, "a block of %zu bytes was said to have %zu", prefix->bytes,
                      old_bytes);
    } else {
        ck_assert_msg(old_bytes == 0, "no block was said to have %zu bytes", old_bytes);
    }
    void *fresh = NULL;
    if (new_bytes > 0) {
        if (fails(fake))
            return NULL;
        fresh = take(fake, new_bytes);
    }
    if (prefix != NULL) {
        if (fresh != NULL)
            memcpy(fresh, pointer, old_bytes < new_bytes ? old_bytes : new_bytes);
        drop(fake, prefix);
    }
    return fresh;
}

struct warmstart_allocator fake_allocator_hook(struct fake_allocator *fake)
{
    return (struct warmstart_allocator){.resize = resize, .user = fake};
}

void fake_allocator_fail(struct fake_allocator *fake, uint64_t nth, bool on)
{
    fake->fail_at = fake->asked + nth;
    fake->fail_on = on;
}

void fake_allocator_heal(struct fake_allocator *fake)
{
    fake->fail_at = 0;
    fake->fail_on = false;
}
