/* SPDX-License-Identifier: MIT */
#include "trigger.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "json_text.h"
#include "value.h"

enum field { FIELD_CPU = 0, FIELD_DEPLOYMENT, FIELD_MEMORY, FIELD_VERSION };

static const struct warmstart_field field_names[TRIGGER_FIELDS] = {
    [FIELD_CPU] = {.name = "cpu", .name_bytes = 3},
    [FIELD_DEPLOYMENT] = {.name = "deployment", .name_bytes = 10},
    [FIELD_MEMORY] = {.name = "memory", .name_bytes = 6},
    [FIELD_VERSION] = {.name = "version", .name_bytes = 7},
};

static void set_field(struct warmstart_field *fields, enum field field, const char *value, size_t bytes)
{
    fields[field] = field_names[field];
    fields[field].value = value;
    fields[field].value_bytes = bytes;
}

/* ---- Errors ---- */

const char *warmstart_trigger_code_name(enum trigger_code code)
{
    switch (code) {
    case TRIGGER_CODE_HEADER_MISSING:
        return "header_missing";
    case TRIGGER_CODE_HEADER_INVALID:
        return "header_invalid";
    case TRIGGER_CODE_TOKEN_MALFORMED:
        return "token_malformed";
    case TRIGGER_CODE_BODY_MISSING:
        return "body_missing";
    case TRIGGER_CODE_BODY_INVALID:
        return "body_invalid";
    }
    return "unknown";
}

const char *warmstart_trigger_misfit_name(enum trigger_misfit misfit)
{
    switch (misfit) {
    case TRIGGER_MISFIT_NONE:
        return "none";
    case TRIGGER_MISFIT_DEPLOYMENT_MISSING:
        return "deployment_missing";
    case TRIGGER_MISFIT_DEPLOYMENT_INVALID:
        return "deployment_invalid";
    case TRIGGER_MISFIT_VERSION_MISSING:
        return "version_missing";
    case TRIGGER_MISFIT_VERSION_INVALID:
        return "version_invalid";
    case TRIGGER_MISFIT_CPU_MISSING:
        return "cpu_missing";
    case TRIGGER_MISFIT_CPU_INVALID:
        return "cpu_invalid";
    case TRIGGER_MISFIT_MEMORY_MISSING:
        return "memory_missing";
    case TRIGGER_MISFIT_MEMORY_INVALID:
        return "memory_invalid";
    case TRIGGER_MISFITS:
        break;
    }
    return "unknown";
}

/* ---- GET /warm-start ---- */

#define NAMED(name)                                                                                          \
    {                                                                                                        \
        (name), sizeof(name) - 1                                                                             \
    }

static const struct trigger_value header_names[TRIGGER_HEADERS] = {
    [TRIGGER_HEADER_CONTROLLER] = NAMED(TRIGGER_HEADER_CONTROLLER_NAME),
    [TRIGGER_HEADER_DEPLOYMENT] = NAMED(TRIGGER_HEADER_DEPLOYMENT_NAME),
    [TRIGGER_HEADER_VERSION] = NAMED(TRIGGER_HEADER_VERSION_NAME),
    [TRIGGER_HEADER_CPU] = NAMED(TRIGGER_HEADER_CPU_NAME),
    [TRIGGER_HEADER_MEMORY] = NAMED(TRIGGER_HEADER_MEMORY_NAME),
    [TRIGGER_HEADER_INSTANCE] = NAMED(TRIGGER_HEADER_INSTANCE_NAME),
};

const char *warmstart_trigger_header_name(enum trigger_header header, size_t *ret_bytes)
{
    if (ret_bytes != NULL)
        *ret_bytes = header_names[header].bytes;
    return header_names[header].text;
}

/* Fills in an error about a header. 0, for the caller to return. */
static int header_error(struct trigger_error *error, enum trigger_code code, enum trigger_header header,
                        const char *expected)
{
    error->code = code;
    error->header = header_names[header].text;
    error->offset = 0;
    snprintf(error->message, sizeof(error->message), "%s: expected %s", error->header, expected);
    return 0;
}

static int check_header(const struct trigger_value *values, enum trigger_header header, int needed,
                        struct trigger_error *error)
{
    const struct trigger_value *value = &values[header];
    if (value->text == NULL || value->bytes == 0)
        return !needed || header_error(error, TRIGGER_CODE_HEADER_MISSING, header, "a value");
    if (value->bytes > TRIGGER_VALUE_BYTES_MAX)
        return header_error(error, TRIGGER_CODE_HEADER_INVALID, header, "at most 1024 bytes");
    if (value_has_control(value->text, value->bytes))
        return header_error(error, TRIGGER_CODE_HEADER_INVALID, header, "no control characters");
    if (!warmstart_metadata_is_string(value->text, value->bytes))
        return header_error(error, TRIGGER_CODE_HEADER_INVALID, header, "no byte 0xFF at the beginning");
    return 1;
}

static int read_number_header(const struct trigger_value *values, enum trigger_header header,
                              struct trigger_poll *poll, enum field field, char *out,
                              struct trigger_error *error)
{
    size_t bytes;
    const struct trigger_value *value = &values[header];
    if (warmstart_metadata_number(value->text, value->bytes, out, &bytes) != NUMBER_POSITIVE)
        return header_error(error, TRIGGER_CODE_HEADER_INVALID, header, "a positive number");
    set_field(poll->fields, field, out, bytes);
    return 1;
}

static int read_deployment_header(const struct trigger_value *value, struct trigger_poll *poll,
                                  struct trigger_error *error)
{
    poll->has_token = (uint8_t)warmstart_token_looks_like(value->text, value->bytes);
    if (!poll->has_token) {
        set_field(poll->fields, FIELD_DEPLOYMENT, value->text, value->bytes);
        return 1;
    }
    enum token_reason reason = warmstart_token_read(value->text, value->bytes, &poll->token);
    if (reason != TOKEN_REASON_NONE)
        return header_error(error, TRIGGER_CODE_TOKEN_MALFORMED, TRIGGER_HEADER_DEPLOYMENT,
                            warmstart_token_expected(reason));
    set_field(poll->fields, FIELD_DEPLOYMENT, poll->token.deployment, poll->token.deployment_bytes);
    return 1;
}

int warmstart_trigger_read_poll(const struct trigger_value values[TRIGGER_HEADERS],
                                struct trigger_poll *ret_poll, struct trigger_error *ret_error)
{
    static const uint8_t needed[TRIGGER_HEADERS] = {
        [TRIGGER_HEADER_DEPLOYMENT] = 1,
        [TRIGGER_HEADER_VERSION] = 1,
        [TRIGGER_HEADER_CPU] = 1,
        [TRIGGER_HEADER_MEMORY] = 1,
    };
    for (unsigned header = 0; header < TRIGGER_HEADERS; header++) {
        if (!check_header(values, (enum trigger_header)header, needed[header], ret_error))
            return 0;
    }
    const struct trigger_value *controller = &values[TRIGGER_HEADER_CONTROLLER];
    const struct trigger_value *instance = &values[TRIGGER_HEADER_INSTANCE];
    const struct trigger_value *version = &values[TRIGGER_HEADER_VERSION];
    ret_poll->controller_id = controller->text;
    ret_poll->controller_id_bytes = controller->text != NULL ? controller->bytes : 0;
    ret_poll->instance = instance->text;
    ret_poll->instance_bytes = instance->text != NULL ? instance->bytes : 0;
    set_field(ret_poll->fields, FIELD_VERSION, version->text, version->bytes);
    return read_deployment_header(&values[TRIGGER_HEADER_DEPLOYMENT], ret_poll, ret_error) &&
           read_number_header(values, TRIGGER_HEADER_CPU, ret_poll, FIELD_CPU, ret_poll->cpu, ret_error) &&
           read_number_header(values, TRIGGER_HEADER_MEMORY, ret_poll, FIELD_MEMORY, ret_poll->memory,
                              ret_error);
}

/* ---- POST /warm-start ---- */

enum node {
    NODE_BODY = 0,
    NODE_MESSAGE,
    NODE_DEPLOYMENT,
    NODE_WORKER,
    NODE_RUN,
    NODE_DEPLOYMENT_ID,
    NODE_VERSION,
    NODE_RUN_ID,
    NODE_MACHINE,
    NODE_CPU,
    NODE_MEMORY,
    NODES
};

static const struct json_node body_nodes[NODES] = {
    [NODE_BODY] = {.child = NODE_MESSAGE, .children = 1},
    [NODE_MESSAGE] = {JSON_KEY("dequeuedMessage"), .child = NODE_DEPLOYMENT, .children = 3},
    [NODE_DEPLOYMENT] = {JSON_KEY("deployment"), .child = NODE_DEPLOYMENT_ID, .children = 1},
    [NODE_WORKER] = {JSON_KEY("backgroundWorker"), .child = NODE_VERSION, .children = 1},
    [NODE_RUN] = {JSON_KEY("run"), .child = NODE_RUN_ID, .children = 2},
    [NODE_DEPLOYMENT_ID] = {JSON_KEY("friendlyId")},
    [NODE_VERSION] = {JSON_KEY("version")},
    [NODE_RUN_ID] = {JSON_KEY("friendlyId")},
    [NODE_MACHINE] = {JSON_KEY("machine"), .child = NODE_CPU, .children = 2},
    [NODE_CPU] = {JSON_KEY("cpu")},
    [NODE_MEMORY] = {JSON_KEY("memory")},
};

/* Fills in an error about the body. -1, for the caller to return. */
static int body_error(struct trigger_error *error, enum trigger_code code, size_t offset, size_t bytes,
                      const char *expected)
{
    error->code = code;
    error->header = NULL;
    error->offset = offset;
    snprintf(error->message, sizeof(error->message), "body: expected %s at byte %zu%s", expected, offset,
             offset == bytes && bytes > 0 ? ", where the body ends" : "");
    return -1;
}

/* A value that would have to be matched, undecoded. 1: it may do. */
static int is_usable(const struct json_span *span, enum json_kind kind)
{
    return span->kind == kind && span->bytes > 0;
}

/*
 * Reads a string that is matched: in the body if it can be taken as it stands, else decoded into `out`. 1: it
 * is a field's value; 0: no poll can have such a value.
 */
static int read_text(const struct json_span *span, struct trigger_dispatch *dispatch, enum field field,
                     char out[TRIGGER_VALUE_BYTES_MAX])
{
    const char *text = span->start;
    size_t bytes = span->bytes;
    if (!is_usable(span, JSON_KIND_STRING))
        return 0;
    if (span->escaped) {
        if (!warmstart_json_decode(span, out, TRIGGER_VALUE_BYTES_MAX, &bytes))
            return 0;
        text = out;
    }
    if (bytes > TRIGGER_VALUE_BYTES_MAX || value_has_control(text, bytes))
        return 0;
    set_field(dispatch->fields, field, text, bytes);
    return 1;
}

static int read_number(const struct json_span *span, struct trigger_dispatch *dispatch, enum field field,
                       char *out)
{
    size_t bytes;
    if (!is_usable(span, JSON_KIND_NUMBER) ||
        warmstart_metadata_number(span->start, span->bytes, out, &bytes) != NUMBER_POSITIVE)
        return 0;
    set_field(dispatch->fields, field, out, bytes);
    return 1;
}

static int is_missing(const struct json_span *span)
{
    return span->kind == JSON_KIND_NONE || span->kind == JSON_KIND_NULL;
}

/* Reads the four values of a message. The first reason why nobody can match. */
static enum trigger_misfit read_fields(const struct json_span *spans, struct trigger_dispatch *dispatch)
{
    if (is_missing(&spans[NODE_DEPLOYMENT_ID]))
        return TRIGGER_MISFIT_DEPLOYMENT_MISSING;
    if (!read_text(&spans[NODE_DEPLOYMENT_ID], dispatch, FIELD_DEPLOYMENT, dispatch->deployment))
        return TRIGGER_MISFIT_DEPLOYMENT_INVALID;
    if (is_missing(&spans[NODE_VERSION]))
        return TRIGGER_MISFIT_VERSION_MISSING;
    if (!read_text(&spans[NODE_VERSION], dispatch, FIELD_VERSION, dispatch->version))
        return TRIGGER_MISFIT_VERSION_INVALID;
    if (is_missing(&spans[NODE_CPU]))
        return TRIGGER_MISFIT_CPU_MISSING;
    if (!read_number(&spans[NODE_CPU], dispatch, FIELD_CPU, dispatch->cpu))
        return TRIGGER_MISFIT_CPU_INVALID;
    if (is_missing(&spans[NODE_MEMORY]))
        return TRIGGER_MISFIT_MEMORY_MISSING;
    if (!read_number(&spans[NODE_MEMORY], dispatch, FIELD_MEMORY, dispatch->memory))
        return TRIGGER_MISFIT_MEMORY_INVALID;
    return TRIGGER_MISFIT_NONE;
}

int warmstart_trigger_read_dispatch(const char *body, size_t bytes, struct trigger_dispatch *ret_dispatch,
                                    struct trigger_error *ret_error)
{
    struct json_span spans[NODES];
    struct json_failure failure;
    if (bytes == 0)
        return body_error(ret_error, TRIGGER_CODE_BODY_MISSING, 0, 0, "a JSON object");
    if (!warmstart_json_scan(body, bytes, body_nodes, NODES, spans, &failure))
        return body_error(ret_error, TRIGGER_CODE_BODY_INVALID, failure.offset, bytes,
                          warmstart_json_expected(failure.reason));
    const struct json_span *message = &spans[NODE_MESSAGE];
    if (message->kind != JSON_KIND_OBJECT) {
        const char *where = message->kind == JSON_KIND_NONE ? spans[NODE_BODY].start : message->start;
        size_t quote = message->kind == JSON_KIND_STRING;
        return body_error(ret_error, TRIGGER_CODE_BODY_INVALID, (size_t)(where - body) - quote, bytes,
                          message->kind == JSON_KIND_NONE ? "a key 'dequeuedMessage' in the object"
                                                          : "'dequeuedMessage' to be an object");
    }
    ret_dispatch->message = message->start;
    ret_dispatch->message_bytes = message->bytes;
    const struct json_span *run = &spans[NODE_RUN_ID];
    if (run->kind != JSON_KIND_STRING ||
        !warmstart_json_decode(run, ret_dispatch->run, sizeof(ret_dispatch->run), &ret_dispatch->run_bytes))
        ret_dispatch->run_bytes = 0;
    ret_dispatch->misfit = read_fields(spans, ret_dispatch);
    return ret_dispatch->misfit == TRIGGER_MISFIT_NONE;
}

/* ---- traceparent ---- */

/* `bytes` lower-case hex digits. 1: they are, and not all of them are 0 if that is not allowed. */
static int is_hex(const char *text, size_t bytes, int zero_allowed)
{
    int nonzero = zero_allowed;
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return 0;
        nonzero |= c != '0';
    }
    return nonzero;
}

int warmstart_trigger_traceparent(const char *text, size_t bytes)
{
    if (text == NULL || bytes < TRIGGER_TRACEPARENT_BYTES)
        return 0;
    if (!is_hex(text, 2, 1) || text[2] != '-' || !is_hex(text + 3, 32, 0) || text[35] != '-' ||
        !is_hex(text + 36, 16, 0) || text[52] != '-' || !is_hex(text + 53, 2, 1))
        return 0;
    if (memcmp(text, "ff", 2) == 0)
        return 0;
    return bytes == TRIGGER_TRACEPARENT_BYTES || (memcmp(text, "00", 2) != 0 && text[55] == '-');
}

/* ---- Answers ---- */

const char *warmstart_trigger_did_warm_start(int warm, size_t *ret_bytes)
{
    static const char yes[] = "{\"didWarmStart\":true}";
    static const char no[] = "{\"didWarmStart\":false}";
    *ret_bytes = warm ? sizeof(yes) - 1 : sizeof(no) - 1;
    return warm ? yes : no;
}

size_t warmstart_trigger_write_connect(char out[TRIGGER_CONNECT_BYTES_MAX], uint32_t connection_timeout_ms,
                                       uint32_t keepalive_ms)
{
    int bytes = snprintf(out, TRIGGER_CONNECT_BYTES_MAX, "{\"connectionTimeoutMs\":%lu,\"keepaliveMs\":%lu}",
                         (unsigned long)connection_timeout_ms, (unsigned long)keepalive_ms);
    assert(bytes > 0 && bytes < TRIGGER_CONNECT_BYTES_MAX);
    return (size_t)bytes;
}

size_t warmstart_trigger_write_error(char *out, size_t out_bytes, const char *code, const char *message)
{
    static const char head[] = "{\"error\":{\"code\":\"";
    static const char middle[] = "\",\"message\":\"";
    static const char tail[] = "\"}}";
    assert(out_bytes >= 64);
    struct json_text text = {.out = out, .limit = out_bytes};
    warmstart_json_text_add(&text, head, sizeof(head) - 1);
    text.limit = out_bytes - (sizeof(middle) - 1) - (sizeof(tail) - 1);
    warmstart_json_text_add_string(&text, code, strlen(code));
    text.limit = out_bytes;
    warmstart_json_text_add(&text, middle, sizeof(middle) - 1);
    text.limit = out_bytes - (sizeof(tail) - 1);
    warmstart_json_text_add_string(&text, message, strlen(message));
    text.limit = out_bytes;
    warmstart_json_text_add(&text, tail, sizeof(tail) - 1);
    return text.used;
}
