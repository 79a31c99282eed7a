/* SPDX-License-Identifier: MIT */
/* Any bytes as the body of POST /warm-start: what is found in it is what jansson finds. */
#include <ctype.h>
#include <string.h>

#include "fuzz.h"
#include "json_oracle.h"
#include "trigger.h"
#include "value.h"

static void check_error(const struct trigger_error *error, size_t bytes)
{
    fuzz_require(error->code == (bytes == 0 ? TRIGGER_CODE_BODY_MISSING : TRIGGER_CODE_BODY_INVALID));
    fuzz_require(error->header == NULL && error->offset <= bytes);
    fuzz_require(memchr(error->message, '\0', sizeof(error->message)) != NULL);
    fuzz_require(strncmp(error->message, "body: expected ", 15) == 0);
    for (const char *at = error->message; *at != '\0'; at++)
        fuzz_require(isprint((unsigned char)*at));
}

static const json_t *value_at(const json_t *message, const char *first, const char *second, const char *third)
{
    const json_t *value = json_object_get(json_object_get(message, first), second);
    return third != NULL ? json_object_get(value, third) : value;
}

/* A field that is matched as text. The misfit, if it is one. */
static enum trigger_misfit check_text(const struct warmstart_field *field, const json_t *value,
                                      enum trigger_misfit missing, enum trigger_misfit invalid,
                                      enum trigger_misfit misfit)
{
    const char *text = json_string_value(value);
    size_t bytes = json_string_length(value);
    if (value == NULL || json_is_null(value))
        return missing;
    if (text == NULL || bytes == 0 || bytes > TRIGGER_VALUE_BYTES_MAX || value_has_control(text, bytes))
        return invalid;
    if (misfit == TRIGGER_MISFIT_NONE) {
        fuzz_require(field->value_bytes == bytes);
        fuzz_require(memcmp(field->value, text, bytes) == 0);
    }
    return TRIGGER_MISFIT_NONE;
}

/* The number that a field's value ends with. */
static double field_number(const struct warmstart_field *field)
{
    char *text = fuzz_text(field->value, field->value_bytes);
    const char *digits = strpbrk(text, "0123456789");
    double number = digits != NULL ? strtod(digits, NULL) : 0;
    free(text);
    return number;
}

/* The same of a number. jansson's doubles do not say whether it was too long, or too small. */
static enum trigger_misfit check_number(const struct warmstart_field *field, const json_t *value,
                                        enum trigger_misfit missing, enum trigger_misfit invalid,
                                        enum trigger_misfit misfit, size_t body_bytes)
{
    if (value == NULL || json_is_null(value))
        return missing;
    if (!json_is_number(value) || json_number_value(value) <= 0)
        return invalid;
    if (misfit == invalid && (body_bytes > NUMBER_TEXT_BYTES_MAX || json_number_value(value) <= 5e-324))
        return invalid;
    if (misfit == TRIGGER_MISFIT_NONE)
        fuzz_require(field_number(field) == json_number_value(value));
    return TRIGGER_MISFIT_NONE;
}

static enum trigger_misfit check_fields(const struct trigger_dispatch *dispatch, const json_t *message,
                                        size_t bytes)
{
    const struct warmstart_field *fields = dispatch->fields;
    enum trigger_misfit misfit = dispatch->misfit;
    enum trigger_misfit expected =
        check_text(&fields[1], value_at(message, "deployment", "friendlyId", NULL),
                   TRIGGER_MISFIT_DEPLOYMENT_MISSING, TRIGGER_MISFIT_DEPLOYMENT_INVALID, misfit);
    if (expected == TRIGGER_MISFIT_NONE)
        expected = check_text(&fields[3], value_at(message, "backgroundWorker", "version", NULL),
                              TRIGGER_MISFIT_VERSION_MISSING, TRIGGER_MISFIT_VERSION_INVALID, misfit);
    if (expected == TRIGGER_MISFIT_NONE)
        expected = check_number(&fields[0], value_at(message, "run", "machine", "cpu"),
                                TRIGGER_MISFIT_CPU_MISSING, TRIGGER_MISFIT_CPU_INVALID, misfit, bytes);
    if (expected == TRIGGER_MISFIT_NONE)
        expected = check_number(&fields[2], value_at(message, "run", "machine", "memory"),
                                TRIGGER_MISFIT_MEMORY_MISSING, TRIGGER_MISFIT_MEMORY_INVALID, misfit, bytes);
    return expected;
}

/* The same strings as in the tree, and names in order. */
static void check_dispatch(const struct trigger_dispatch *dispatch, const json_t *message, const char *body,
                           size_t bytes)
{
    static const char *const names[TRIGGER_FIELDS] = {"cpu", "deployment", "memory", "version"};
    const json_t *run = value_at(message, "run", "friendlyId", NULL);
    size_t run_bytes = json_string_length(run) <= TRIGGER_RUN_BYTES_MAX ? json_string_length(run) : 0;
    struct json_span span = {dispatch->message, dispatch->message_bytes, JSON_KIND_OBJECT, 0};
    fuzz_require(span.start >= body && span.start + span.bytes <= body + bytes);
    fuzz_require(json_oracle_same(&span, message));
    fuzz_require(dispatch->run_bytes == run_bytes);
    fuzz_require(run_bytes == 0 || memcmp(dispatch->run, json_string_value(run), run_bytes) == 0);
    fuzz_require(check_fields(dispatch, message, bytes) == dispatch->misfit);
    if (dispatch->misfit != TRIGGER_MISFIT_NONE)
        return;
    for (size_t i = 0; i < TRIGGER_FIELDS; i++) {
        fuzz_require(dispatch->fields[i].name_bytes == strlen(names[i]));
        fuzz_require(memcmp(dispatch->fields[i].name, names[i], strlen(names[i])) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct trigger_dispatch dispatch;
    struct trigger_error error;
    const char *body = (const char *)data;
    json_t *tree = json_oracle_read(body, bytes);
    const json_t *message = json_object_get(tree, "dequeuedMessage");
    int result = warmstart_trigger_read_dispatch(body, bytes, &dispatch, &error);
    fuzz_require((result >= 0) == json_is_object(message));
    if (result < 0) {
        check_error(&error, bytes);
    } else {
        fuzz_require((result == 1) == (dispatch.misfit == TRIGGER_MISFIT_NONE));
        check_dispatch(&dispatch, message, body, bytes);
    }
    json_decref(tree);
    return 0;
}
