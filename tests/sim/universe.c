/* SPDX-License-Identifier: MIT */
#include "universe.h"

#include <stdio.h>
#include <string.h>

/* Values are numbers of two letters; this one stands for the empty value, and 0 for a name that is absent. */
enum { EMPTY = 63 };

static void add(struct warmstart_field *fields, size_t *len, const char *name, int value)
{
    static char letters[EMPTY + 1][2];
    if (value == 0)
        return;
    letters[value][0] = (char)('A' + value % 26);
    letters[value][1] = (char)('a' + value / 26);
    fields[(*len)++] = (struct warmstart_field){name, strlen(name), letters[value], value == EMPTY ? 0 : 2};
}

/*
 * All fields of a set, shorter names first, then by bytes; in a spoilt one the first once more. Some sets
 * have fields that many have, others such as three or four have.
 */
static size_t list(int set, struct warmstart_field fields[UNIVERSE_FIELDS])
{
    static const int common[3] = {0, 1, EMPTY};
    bool spoilt = set >= UNIVERSE_SETS;
    size_t len = 0;
    if (spoilt)
        set = 1 + (set - UNIVERSE_SETS) * 20;
    if (set < UNIVERSE_COMMON) {
        add(fields, &len, "a", common[set % 3]);
        add(fields, &len, "c", common[set / 3 % 3]);
        add(fields, &len, "bE", common[set / 9 % 3]);
        add(fields, &len, "a longer name", common[set / 27]);
    } else {
        int number = set - UNIVERSE_COMMON + 1;
        add(fields, &len, "a", number % 2);
        add(fields, &len, "e",
            number % 54); /* which has no divisor in common with 47: each pair is there once */
        add(fields, &len, "f", number % 47);
    }
    if (spoilt)
        fields[len++] = fields[0];
    return len;
}

size_t universe_fields(int set, int turn, struct warmstart_field ret_fields[UNIVERSE_FIELDS])
{
    struct warmstart_field sorted[UNIVERSE_FIELDS];
    size_t len = list(set, sorted);
    for (size_t i = 0; i < len; i++)
        ret_fields[i] = sorted[(i + (size_t)turn) % len];
    return len;
}

static bool has(const struct warmstart_field *fields, size_t len, const struct warmstart_field *wanted)
{
    for (size_t i = 0; i < len; i++)
        if (fields[i].name_bytes == wanted->name_bytes && fields[i].value_bytes == wanted->value_bytes &&
            memcmp(fields[i].name, wanted->name, wanted->name_bytes) == 0 &&
            memcmp(fields[i].value, wanted->value, wanted->value_bytes) == 0)
            return true;
    return false;
}

static bool compare(int query_set, int waiter_set)
{
    struct warmstart_field query[UNIVERSE_FIELDS], waiter[UNIVERSE_FIELDS];
    size_t query_len = list(query_set, query), waiter_len = list(waiter_set, waiter);
    bool fits = true;
    for (size_t i = 0; i < query_len; i++)
        fits = fits && has(waiter, waiter_len, &query[i]);
    return fits;
}

bool universe_fits(void *user, int query_set, int waiter_set)
{
    static bool known, table[UNIVERSE_SETS][UNIVERSE_SETS];
    (void)user;
    for (int i = 0; i < UNIVERSE_SETS && !known; i++)
        for (int j = 0; j < UNIVERSE_SETS; j++)
            table[i][j] = compare(i, j);
    known = true;
    return table[query_set][waiter_set];
}

int universe_fields_len(void *user, int set)
{
    struct warmstart_field fields[UNIVERSE_FIELDS];
    (void)user;
    int len = (int)list(set, fields);
    return set < UNIVERSE_SETS ? len : -len;
}

const char *universe_text(int set)
{
    static char text[UNIVERSE_FIELDS * 32];
    struct warmstart_field fields[UNIVERSE_FIELDS];
    size_t len = list(set, fields), used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < len; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%.*s", i == 0 ? "" : ", ",
                                 fields[i].name, (int)fields[i].value_bytes, fields[i].value);
    return text;
}

const char *universe_name(int number, size_t *ret_bytes)
{
    static char known[UNIVERSE_NAMES][UNIVERSE_NAME_BYTES];
    char *name = known[number];
    if (name[0] == '\0') {
        memset(name, 'x', UNIVERSE_NAME_BYTES);
        name[0] = (char)('a' + number % 26);
        name[number % 40] = (char)('a' + number / 26); /* and each has a length of its own, up to 40 */
    }
    *ret_bytes = (size_t)(number % 40) + 1;
    return name;
}
