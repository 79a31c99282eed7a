/* SPDX-License-Identifier: MIT */
#include "protocol_text.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

char *text_copy(const char *text, size_t bytes)
{
    char *copy = malloc(bytes > 0 ? bytes : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, bytes);
    if (bytes > 0)
        return copy;
    free(copy);
    return NULL;
}

char *text_message_body(size_t *ret_bytes)
{
    static const char head[] = "{\"dequeuedMessage\":";
    size_t room = 65536;
    char *body = malloc(room);
    FILE *file = fopen(TEST_DATA "/dequeued-message.json", "rb");
    ck_assert_ptr_nonnull(body);
    ck_assert_msg(file != NULL, "cannot open the message in " TEST_DATA);
    memcpy(body, head, sizeof(head) - 1);
    size_t bytes = sizeof(head) - 1;
    bytes += fread(body + bytes, 1, room - bytes - 1, file);
    fclose(file);
    while (body[bytes - 1] == '\n')
        bytes--;
    body[bytes++] = '}';
    ck_assert_uint_gt(bytes, 1000);
    *ret_bytes = bytes;
    return body;
}

void text_random_init(struct text_random *random)
{
    const char *seed = getenv("WARMSTART_TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    random->state =
        seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
    printf("# WARMSTART_TEST_SEED=%" PRIu64 "\n", random->state);
    fflush(stdout);
}

/* A counter whose steps are stirred until no pattern is left. */
size_t text_random_below(struct text_random *random, size_t limit)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = random->state;
    mixed = (mixed ^ (mixed >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    mixed = (mixed ^ (mixed >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    mixed ^= mixed >> 32;
    return (size_t)(mixed % limit);
}

size_t text_rounds(size_t rounds)
{
    const char *wanted = getenv("WARMSTART_TEST_ROUNDS");
    size_t value = wanted != NULL ? strtoul(wanted, NULL, 10) : 0;
    return value > 0 ? value : rounds;
}
