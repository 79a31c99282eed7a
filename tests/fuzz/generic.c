/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the body of POST /v1/wait and of POST /v1/dispatch: what is found in it is what jansson finds,
 * and what is refused is refused for a reason that jansson's tree has.
 */
#include "generic.h"

#include <ctype.h>
#include <jansson.h>

#include "fields.h"
#include "json_oracle.h"
#include "value.h"

static void check_error(const struct generic_error *error, const json_t *tree, size_t bytes)
{
    bool unreadable = error->code == GENERIC_CODE_BODY_MISSING || error->code == GENERIC_CODE_BODY_INVALID;
    fuzz_require(error->offset <= bytes);
    fuzz_require(unreadable == (tree == NULL));
    fuzz_require((error->code == GENERIC_CODE_METADATA) == (error->reason != METADATA_REASON_NONE));
    fuzz_require(strcmp(warmstart_generic_code_name(error), "unknown") != 0);
    fuzz_require(memchr(error->message, '\0', sizeof(error->message)) != NULL);
    for (const char *at = error->message; *at != '\0'; at++)
        fuzz_require(isprint((unsigned char)*at));
}

static void check_known(const json_t *tree, const char *const *names, size_t names_len)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)tree, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < names_len; i++)
            known = known || strcmp(key, names[i]) == 0;
        fuzz_require(known);
    }
}

/* Every field is where jansson has it, unless its name came about by a dot in a key, or by two objects. */
static void check_found(const struct metadata *metadata, const json_t *object)
{
    fuzz_require(json_is_object(object));
    for (size_t i = 0; i < metadata->fields_len; i++) {
        const struct warmstart_field *field = &metadata->fields[i];
        const json_t *value = json_object_getn(object, field->name, field->name_bytes);
        enum json_kind kind = warmstart_metadata_kind(field->value, field->value_bytes);
        if (memchr(field->name, '.', field->name_bytes) != NULL || value == NULL || json_is_object(value))
            continue;
        fuzz_require(json_is_string(value) == (kind == JSON_KIND_STRING));
        fuzz_require(json_is_number(value) == (kind == JSON_KIND_NUMBER));
        fuzz_require(json_is_true(value) == (kind == JSON_KIND_TRUE));
        fuzz_require(json_is_false(value) == (kind == JSON_KIND_FALSE));
        fuzz_require(json_is_null(value) == (kind == JSON_KIND_NULL));
        if (kind == JSON_KIND_STRING)
            fuzz_require(json_string_length(value) == field->value_bytes &&
                         memcmp(json_string_value(value), field->value, field->value_bytes) == 0);
    }
    fields_check(metadata);
}

static void check_name(const json_t *value, const char *name, size_t bytes)
{
    fuzz_require((value == NULL) == (bytes == 0));
    if (value == NULL)
        return;
    fuzz_require(json_string_length(value) == bytes && memcmp(json_string_value(value), name, bytes) == 0);
    fuzz_require(bytes <= GENERIC_NAME_BYTES_MAX && !value_has_control(name, bytes));
}

static void check_count(const json_t *value, uint32_t count, uint32_t max)
{
    fuzz_require(count <= max && (value == NULL) == (count == 0));
    fuzz_require(value == NULL || json_number_value(value) == count);
}

static void try_wait(const char *body, size_t bytes, const json_t *tree)
{
    static const char *const names[] = {"metadata", "id", "instance", "timeout_ms"};
    static struct generic_wait asked;
    struct generic_error error;
    if (!warmstart_generic_read_wait(body, bytes, &asked, &error)) {
        check_error(&error, tree, bytes);
        return;
    }
    check_known(tree, names, sizeof(names) / sizeof(names[0]));
    check_found(&asked.metadata, json_object_get(tree, "metadata"));
    check_name(json_object_get(tree, "id"), asked.id, asked.id_bytes);
    check_name(json_object_get(tree, "instance"), asked.instance, asked.instance_bytes);
    check_count(json_object_get(tree, "timeout_ms"), asked.timeout_ms, GENERIC_TIMEOUT_MS_MAX);
}

/* The payload's bytes, read by themselves, are the value. */
static void check_payload(const struct generic_dispatch *asked, const json_t *value)
{
    json_t *again = json_loadb(asked->payload, asked->payload_bytes,
                               JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    fuzz_require(again != NULL && value != NULL && json_equal(again, value));
    json_decref(again);
}

static void try_dispatch(const char *body, size_t bytes, const json_t *tree)
{
    static const char *const names[] = {"match", "payload", "mode", "timeout_ms", "attempts"};
    static struct generic_dispatch asked;
    struct generic_error error;
    if (!warmstart_generic_read_dispatch(body, bytes, &asked, &error)) {
        check_error(&error, tree, bytes);
        return;
    }
    const char *mode = json_string_value(json_object_get(tree, "mode"));
    check_known(tree, names, sizeof(names) / sizeof(names[0]));
    check_found(&asked.match, json_object_get(tree, "match"));
    fuzz_require(asked.payload >= body && asked.payload + asked.payload_bytes <= body + bytes);
    check_payload(&asked, json_object_get(tree, "payload"));
    fuzz_require((asked.how == WARMSTART_MATCH_SUBSET) == (mode != NULL && strcmp(mode, "subset") == 0));
    check_count(json_object_get(tree, "timeout_ms"), asked.timeout_ms, GENERIC_TIMEOUT_MS_MAX);
    check_count(json_object_get(tree, "attempts"), asked.attempts, GENERIC_ATTEMPTS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *body = fuzz_block((const char *)data, bytes);
    json_t *tree = json_oracle_read((const char *)data, bytes);
    try_wait(body, bytes, tree);
    try_dispatch(body, bytes, tree);
    json_decref(tree);
    free(body);
    return 0;
}
