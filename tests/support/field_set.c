/* SPDX-License-Identifier: MIT */
#include "field_set.h"

#include <check.h>
#include <string.h>

void field_set_parse(struct field_set *set, const char *text)
{
    set->len = 0;
    while (*text != '\0') {
        size_t bytes = strcspn(text, " ");
        const char *equals = memchr(text, '=', bytes);
        ck_assert_msg(equals != NULL && set->len < WARMSTART_FIELDS_MAX, "not fields: '%s'", text);
        set->fields[set->len++] = (struct warmstart_field){
            .name = text,
            .name_bytes = (size_t)(equals - text),
            .value = equals + 1,
            .value_bytes = bytes - (size_t)(equals - text) - 1,
        };
        text += bytes;
        text += strspn(text, " ");
    }
}
