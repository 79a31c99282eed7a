/* SPDX-License-Identifier: MIT */
#include "population.h"

#include <string.h>

enum { DIGITS = 8, REGIONS = 8, REGIONS_OF_ONE = 4, VERSIONS = 10, TEAMS = 25 };

static const char hexadecimal[] = "0123456789abcdef";

static void write_number(char *at, uint32_t number)
{
    for (int i = DIGITS - 1; i >= 0; i--) {
        at[i] = hexadecimal[number & 15];
        number >>= 4;
    }
}

static void set_field(struct input *input, const char *name, const char *prefix, uint32_t number)
{
    size_t at = input->fields_len++, prefix_bytes = strlen(prefix);
    char *value = input->values[at];
    memcpy(value, prefix, prefix_bytes);
    write_number(value + prefix_bytes, number);
    value[prefix_bytes + DIGITS] = 0;
    input->fields[at] = (struct warmstart_field){name, strlen(name), value, prefix_bytes + DIGITS};
}

static void set_text(struct input *input, const char *name, const char *text)
{
    size_t at = input->fields_len++, bytes = strlen(text);
    memcpy(input->values[at], text, bytes + 1);
    input->fields[at] = (struct warmstart_field){name, strlen(name), input->values[at], bytes};
}

void input_init(struct input *input)
{
    memset(input, 0, sizeof(*input));
    set_field(input, "deployment", "deployment_cmb3x9q7t0e4v", 0);
    set_text(input, "version", "20261123.1");
    set_text(input, "cpu", "0.5");
    set_text(input, "memory", "1");
    strcpy(input->controller, "controller-6f1d4c-00000000");
    input->controller_bytes = strlen(input->controller);
    strcpy(input->instance, "worker-7.example");
    input->instance_bytes = strlen(input->instance);
}

void input_set_key(struct input *input, uint32_t key)
{
    write_number(input->values[0] + input->fields[0].value_bytes - DIGITS, key);
}

/* Each deployment is in four of the eight regions, and a team's number is odd where its regions' are. */
static uint32_t region_of(uint32_t key)
{
    return (key / VERSIONS * 3 + key % VERSIONS % REGIONS_OF_ONE) % REGIONS;
}

static uint32_t team_of(uint32_t key)
{
    return (key * UINT32_C(2654435761) >> 16) % TEAMS * 2 + region_of(key) % 2;
}

void input_set_rich_key(struct input *input, uint32_t key)
{
    input->fields_len = 0;
    set_field(input, "deployment", "deployment_", key / VERSIONS);
    set_field(input, "version", "20261123.", key % VERSIONS);
    set_field(input, "cpu", "", key % 5);
    set_field(input, "memory", "", key % 6);
    set_field(input, "region", "eu-", region_of(key));
    set_field(input, "team", "team-", team_of(key));
}

void input_set_question(struct input *input, enum question question, uint32_t key)
{
    uint32_t region = region_of(key);
    input->fields_len = 0;
    switch (question) {
    case QUESTION_NARROW:
        set_field(input, "deployment", "deployment_", key / VERSIONS);
        break;
    case QUESTION_NARROW_MISS:
        set_field(input, "deployment", "deployment_", key / VERSIONS);
        region = (region + REGIONS_OF_ONE) % REGIONS;
        break;
    case QUESTION_WIDE:
        set_field(input, "team", "team-", team_of(key));
        break;
    case QUESTION_WIDE_MISS:
        set_field(input, "team", "team-", team_of(key) ^ 1);
        break;
    case QUESTION_UNKNOWN:
        set_field(input, "deployment", "deployment_", key | UINT32_C(0x80000000));
        break;
    }
    set_field(input, "region", "eu-", region);
}

void input_set_controller(struct input *input, uint32_t waiter)
{
    write_number(input->controller + input->controller_bytes - DIGITS, waiter);
}
