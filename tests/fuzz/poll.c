/* SPDX-License-Identifier: MIT */
/*
 * Lines as the headers of GET /warm-start, in the order of enum trigger_header: a poll is made of them exactly
 * when each of them is what the protocol says, otherwise one that is not is named. A line of one '-' is a
 * header that is missing.
 */
#include <ctype.h>
#include <string.h>

#include "fuzz.h"
#include "trigger.h"
#include "value.h"

enum { POSITIVE_ROOM = NUMBER_CANONICAL_BYTES_MAX };

static bool is_needed(enum trigger_header header)
{
    return header != TRIGGER_HEADER_CONTROLLER && header != TRIGGER_HEADER_INSTANCE;
}

/* What is wrong with one header, 0: nothing. */
static int fault_of(const struct trigger_value *value, enum trigger_header header)
{
    static char number[POSITIVE_ROOM];
    size_t bytes;
    if (value->bytes == 0)
        return is_needed(header) ? TRIGGER_CODE_HEADER_MISSING : 0;
    if (value->bytes > TRIGGER_VALUE_BYTES_MAX || value_has_control(value->text, value->bytes))
        return TRIGGER_CODE_HEADER_INVALID;
    if (value->text[0] == '\xff')
        return TRIGGER_CODE_HEADER_INVALID;
    if (header != TRIGGER_HEADER_CPU && header != TRIGGER_HEADER_MEMORY)
        return 0;
    bool positive = warmstart_number_canonical(value->text, value->bytes, number, &bytes) == NUMBER_POSITIVE;
    return positive ? 0 : TRIGGER_CODE_HEADER_INVALID;
}

/* Whether the deployment is a bare id or a token that can be taken apart. */
static bool is_deployment(const struct trigger_value *value)
{
    static struct token token;
    return memchr(value->text, '.', value->bytes) == NULL ||
           warmstart_token_read(value->text, value->bytes, &token) == TOKEN_REASON_NONE;
}

static void check_refusal(const struct trigger_value *values, const struct trigger_error *error)
{
    bool named = false;
    for (int header = 0; header < TRIGGER_HEADERS; header++) {
        if (strcmp(error->header, warmstart_trigger_header_name((enum trigger_header)header, NULL)) != 0)
            continue;
        named = true;
        if (error->code == TRIGGER_CODE_TOKEN_MALFORMED)
            fuzz_require(header == TRIGGER_HEADER_DEPLOYMENT && !is_deployment(&values[header]));
        else
            fuzz_require(fault_of(&values[header], (enum trigger_header)header) == (int)error->code);
    }
    fuzz_require(named);
    fuzz_require(memchr(error->message, '\0', sizeof(error->message)) != NULL);
    for (const char *at = error->message; *at != '\0'; at++)
        fuzz_require(isprint((unsigned char)*at));
}

static bool same(const char *text, size_t bytes, const struct trigger_value *value)
{
    return bytes == value->bytes && (bytes == 0 || memcmp(text, value->text, bytes) == 0);
}

static void check_poll(const struct trigger_value *values, const struct trigger_poll *poll)
{
    static const char *const names[TRIGGER_FIELDS] = {"cpu", "deployment", "memory", "version"};
    for (size_t i = 0; i < TRIGGER_FIELDS; i++) {
        fuzz_require(poll->fields[i].name_bytes == strlen(names[i]));
        fuzz_require(memcmp(poll->fields[i].name, names[i], strlen(names[i])) == 0);
        fuzz_require(poll->fields[i].value_bytes > 0);
    }
    const struct warmstart_field *deployment = &poll->fields[1];
    const struct warmstart_field *version = &poll->fields[3];
    fuzz_require(same(version->value, version->value_bytes, &values[TRIGGER_HEADER_VERSION]));
    fuzz_require(poll->has_token ||
                 same(deployment->value, deployment->value_bytes, &values[TRIGGER_HEADER_DEPLOYMENT]));
    fuzz_require(same(poll->controller_id, poll->controller_id_bytes, &values[TRIGGER_HEADER_CONTROLLER]));
    fuzz_require(same(poll->instance, poll->instance_bytes, &values[TRIGGER_HEADER_INSTANCE]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct trigger_poll poll;
    struct trigger_error error;
    struct fuzz_stock stock = {data, bytes};
    struct trigger_value values[TRIGGER_HEADERS];
    char *blocks[TRIGGER_HEADERS];
    bool good = true;
    for (int header = 0; header < TRIGGER_HEADERS; header++) {
        struct fuzz_line line = fuzz_next_line(&stock);
        bool missing = line.bytes == 1 && line.text[0] == '-';
        blocks[header] = fuzz_block(line.text, line.bytes);
        values[header] = (struct trigger_value){missing ? NULL : blocks[header], missing ? 0 : line.bytes};
        good = good && fault_of(&values[header], (enum trigger_header)header) == 0;
    }
    good = good && is_deployment(&values[TRIGGER_HEADER_DEPLOYMENT]);
    int result = warmstart_trigger_read_poll(values, &poll, &error);
    fuzz_require(result == good);
    if (result)
        check_poll(values, &poll);
    else
        check_refusal(values, &error);
    for (int header = 0; header < TRIGGER_HEADERS; header++)
        free(blocks[header]);
    return 0;
}
