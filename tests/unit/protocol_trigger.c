/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol_text.h"
#include "suite.h"
#include "trigger.h"

static void assert_field(const struct warmstart_field *fields, size_t index, const char *name,
                         const char *value)
{
    ck_assert_uint_eq(fields[index].name_bytes, strlen(name));
    ck_assert_mem_eq(fields[index].name, name, strlen(name));
    ck_assert_msg(fields[index].value_bytes == strlen(value) &&
                      memcmp(fields[index].value, value, strlen(value)) == 0,
                  "%s is %.*s, not %s", name, (int)fields[index].value_bytes, fields[index].value, value);
}

/* `form` is the canonical form. */
static void assert_number(const struct warmstart_field *fields, size_t index, const char *name,
                          const char *form)
{
    char value[64];
    ck_assert_int_lt(snprintf(value, sizeof(value), "\xffn%s", form), (int)sizeof(value));
    assert_field(fields, index, name, value);
}

static void assert_fields(const struct warmstart_field *fields, const char *deployment, const char *version,
                          const char *cpu, const char *memory)
{
    assert_number(fields, 0, "cpu", cpu);
    assert_field(fields, 1, "deployment", deployment);
    assert_number(fields, 2, "memory", memory);
    assert_field(fields, 3, "version", version);
}

/* ---- Polls ---- */

static struct trigger_value value(const char *text)
{
    return (struct trigger_value){text, text != NULL ? strlen(text) : 0};
}

static void good_headers(struct trigger_value values[TRIGGER_HEADERS])
{
    values[TRIGGER_HEADER_CONTROLLER] = value("controller_1");
    values[TRIGGER_HEADER_DEPLOYMENT] = value("deployment_1");
    values[TRIGGER_HEADER_VERSION] = value("20260327.4");
    values[TRIGGER_HEADER_CPU] = value("0.5");
    values[TRIGGER_HEADER_MEMORY] = value("1");
    values[TRIGGER_HEADER_INSTANCE] = value("worker-7");
}

/* Expects a refusal that names the header, and says nothing of its value. */
static void assert_refused(const struct trigger_value *values, enum trigger_header header,
                           enum trigger_code code)
{
    struct trigger_poll poll;
    struct trigger_error error;
    const char *name = warmstart_trigger_header_name(header, NULL);
    ck_assert_msg(!warmstart_trigger_read_poll(values, &poll, &error), "%s: accepted", name);
    ck_assert_int_eq(error.code, code);
    ck_assert_str_eq(error.header, name);
    ck_assert_ptr_nonnull(strstr(error.message, name));
    ck_assert_ptr_nonnull(strstr(error.message, ": expected "));
    ck_assert_uint_lt(strlen(error.message), sizeof(error.message) - 1);
}

static void assert_accepted(const struct trigger_value *values, struct trigger_poll *ret_poll)
{
    struct trigger_error error = {.message = ""};
    ck_assert_msg(warmstart_trigger_read_poll(values, ret_poll, &error), "%s", error.message);
}

START_TEST(a_poll_becomes_four_sorted_fields)
{
    struct trigger_value values[TRIGGER_HEADERS];
    struct trigger_poll poll;
    good_headers(values);
    assert_accepted(values, &poll);
    assert_fields(poll.fields, "deployment_1", "20260327.4", "5e-1", "1e0");
    ck_assert_uint_eq(poll.controller_id_bytes, 12);
    ck_assert_mem_eq(poll.controller_id, "controller_1", 12);
    ck_assert_uint_eq(poll.instance_bytes, 8);
    ck_assert_mem_eq(poll.instance, "worker-7", 8);
    ck_assert_uint_eq(poll.has_token, 0);
}
END_TEST

START_TEST(a_poll_may_come_without_controller_and_instance)
{
    struct trigger_value values[TRIGGER_HEADERS];
    struct trigger_poll poll;
    good_headers(values);
    values[TRIGGER_HEADER_CONTROLLER] = value(NULL);
    values[TRIGGER_HEADER_INSTANCE] = value("");
    assert_accepted(values, &poll);
    ck_assert_uint_eq(poll.controller_id_bytes, 0);
    ck_assert_uint_eq(poll.instance_bytes, 0);
}
END_TEST

START_TEST(a_missing_or_empty_field_header_is_named)
{
    static const enum trigger_header needed[] = {TRIGGER_HEADER_DEPLOYMENT, TRIGGER_HEADER_VERSION,
                                                 TRIGGER_HEADER_CPU, TRIGGER_HEADER_MEMORY};
    for (size_t i = 0; i < 4; i++) {
        struct trigger_value values[TRIGGER_HEADERS];
        good_headers(values);
        values[needed[i]] = value(NULL);
        assert_refused(values, needed[i], TRIGGER_CODE_HEADER_MISSING);
        values[needed[i]] = value("");
        assert_refused(values, needed[i], TRIGGER_CODE_HEADER_MISSING);
    }
}
END_TEST

START_TEST(a_header_over_1_kib_is_named)
{
    char text[TRIGGER_VALUE_BYTES_MAX + 1];
    struct trigger_poll poll;
    memset(text, '1', sizeof(text));
    for (unsigned header = 0; header < TRIGGER_HEADERS; header++) {
        struct trigger_value values[TRIGGER_HEADERS];
        good_headers(values);
        values[header] = (struct trigger_value){text, sizeof(text)};
        assert_refused(values, (enum trigger_header)header, TRIGGER_CODE_HEADER_INVALID);
        values[header].bytes--;
        if (header != TRIGGER_HEADER_CPU && header != TRIGGER_HEADER_MEMORY)
            assert_accepted(values, &poll);
    }
}
END_TEST

START_TEST(control_bytes_in_a_header_are_refused)
{
    for (unsigned header = 0; header < TRIGGER_HEADERS; header++) {
        for (unsigned byte = 0; byte <= 0x7f; byte += byte == 0x1f ? 0x60 : 1) {
            char text[] = "1x1";
            struct trigger_value values[TRIGGER_HEADERS];
            good_headers(values);
            text[1] = (char)byte;
            values[header] = (struct trigger_value){text, 3};
            assert_refused(values, (enum trigger_header)header, TRIGGER_CODE_HEADER_INVALID);
        }
    }
}
END_TEST

/* It says that a value is no string. */
START_TEST(a_header_does_not_begin_with_the_byte_that_types_begin_with)
{
    for (unsigned header = 0; header < TRIGGER_HEADERS; header++) {
        struct trigger_value values[TRIGGER_HEADERS];
        good_headers(values);
        values[header] = value("\xffn1e0");
        assert_refused(values, (enum trigger_header)header, TRIGGER_CODE_HEADER_INVALID);
    }
    struct trigger_value values[TRIGGER_HEADERS];
    struct trigger_poll poll;
    struct trigger_error error;
    good_headers(values);
    values[TRIGGER_HEADER_VERSION] = value("v\xff");
    ck_assert(warmstart_trigger_read_poll(values, &poll, &error));
}
END_TEST

START_TEST(cpu_and_memory_have_to_be_positive_numbers)
{
    static const char *const bad[] = {"0",        "-1",    "x",      "1x",  "+1",  ".5", "1.", "1,5", "NaN",
                                      "Infinity", "1e999", "1e-999", "0x1", "0.0", " 1", "1 ", "01",  "one"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct trigger_value values[TRIGGER_HEADERS];
        good_headers(values);
        values[TRIGGER_HEADER_CPU] = value(bad[i]);
        assert_refused(values, TRIGGER_HEADER_CPU, TRIGGER_CODE_HEADER_INVALID);
        good_headers(values);
        values[TRIGGER_HEADER_MEMORY] = value(bad[i]);
        assert_refused(values, TRIGGER_HEADER_MEMORY, TRIGGER_CODE_HEADER_INVALID);
    }
}
END_TEST

START_TEST(the_sentence_says_what_was_expected)
{
    struct trigger_value values[TRIGGER_HEADERS];
    struct trigger_poll poll;
    struct trigger_error error;
    good_headers(values);
    values[TRIGGER_HEADER_CPU] = value("none");
    ck_assert(!warmstart_trigger_read_poll(values, &poll, &error));
    ck_assert_str_eq(error.message, "x-trigger-machine-cpu: expected a positive number");
}
END_TEST

/* {"alg":"HS256"} . {"deployment":"deployment_1","exp":1} . (32 bytes of 0) */
static const char token[] = "eyJhbGciOiJIUzI1NiJ9.eyJkZXBsb3ltZW50IjoiZGVwbG95bWVudF8xIiwiZXhwIjoxfQ."
                            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

START_TEST(a_token_is_matched_by_its_deployment_claim)
{
    struct trigger_value values[TRIGGER_HEADERS];
    struct trigger_poll poll;
    good_headers(values);
    values[TRIGGER_HEADER_DEPLOYMENT] = value(token);
    assert_accepted(values, &poll);
    assert_fields(poll.fields, "deployment_1", "20260327.4", "5e-1", "1e0");
    ck_assert_uint_eq(poll.has_token, 1);
    ck_assert_int_eq(poll.token.expires_at_s, 1);
}
END_TEST

START_TEST(a_malformed_token_is_refused_and_not_echoed)
{
    struct trigger_value values[TRIGGER_HEADERS];
    struct trigger_poll poll;
    struct trigger_error error;
    size_t first = (size_t)(strchr(token, '.') + 1 - token);
    size_t signature = (size_t)(strrchr(token, '.') + 1 - token);
    for (size_t cut = first; cut <= signature + 1; cut++) {
        good_headers(values);
        values[TRIGGER_HEADER_DEPLOYMENT] = (struct trigger_value){token, cut};
        assert_refused(values, TRIGGER_HEADER_DEPLOYMENT, TRIGGER_CODE_TOKEN_MALFORMED);
        ck_assert(!warmstart_trigger_read_poll(values, &poll, &error));
        for (size_t at = 0; at + 4 <= cut; at++) {
            char piece[5] = "";
            memcpy(piece, token + at, 4);
            ck_assert_ptr_null(strstr(error.message, piece));
        }
    }
}
END_TEST

START_TEST(each_header_has_its_name_and_length)
{
    for (unsigned header = 0; header < TRIGGER_HEADERS; header++) {
        size_t bytes = 0;
        const char *name = warmstart_trigger_header_name((enum trigger_header)header, &bytes);
        ck_assert_uint_eq(bytes, strlen(name));
        ck_assert_int_eq(strncmp(name, "x-trigger-", 10), 0);
    }
}
END_TEST

/* ---- POSTs ---- */

static int read_body(const char *body, struct trigger_dispatch *ret_dispatch, struct trigger_error *ret_error)
{
    return warmstart_trigger_read_dispatch(body, strlen(body), ret_dispatch, ret_error);
}

START_TEST(a_real_message_becomes_the_fields_of_its_poll)
{
    size_t bytes;
    struct trigger_dispatch dispatch;
    struct trigger_error error;
    char *body = text_message_body(&bytes);
    ck_assert_int_eq(warmstart_trigger_read_dispatch(body, bytes, &dispatch, &error), 1);
    assert_fields(dispatch.fields, "deployment_k3v9x1wz7q5m2r8t4n6pb", "20260327.4", "5e-1", "5e-1");
    ck_assert_int_eq(dispatch.misfit, TRIGGER_MISFIT_NONE);
    ck_assert_ptr_eq(dispatch.message, body + strlen("{\"dequeuedMessage\":"));
    ck_assert_uint_eq(dispatch.message_bytes, bytes - strlen("{\"dequeuedMessage\":}"));
    ck_assert_uint_eq(dispatch.run_bytes, strlen("run_cmhq3x8t509zq01pb6f0h2j7u"));
    ck_assert_mem_eq(dispatch.run, "run_cmhq3x8t509zq01pb6f0h2j7u", dispatch.run_bytes);
    free(body);
}
END_TEST

START_TEST(a_message_cut_anywhere_is_refused_with_the_place)
{
    size_t bytes;
    struct trigger_dispatch dispatch;
    struct trigger_error error;
    char *body = text_message_body(&bytes);
    for (size_t cut = 0; cut < bytes; cut++) {
        char *copy = text_copy(body, cut);
        ck_assert_int_eq(warmstart_trigger_read_dispatch(copy, cut, &dispatch, &error), -1);
        ck_assert_int_eq(error.code, cut == 0 ? TRIGGER_CODE_BODY_MISSING : TRIGGER_CODE_BODY_INVALID);
        ck_assert_ptr_null(error.header);
        ck_assert_uint_le(error.offset, cut);
        ck_assert_uint_lt(strlen(error.message), sizeof(error.message) - 1);
        free(copy);
    }
    free(body);
}
END_TEST

START_TEST(a_body_that_is_not_what_is_asked_for_is_refused)
{
    static const struct {
        const char *body;
        size_t offset;
        const char *message;
    } cases[] = {
        {"", 0, "body: expected a JSON object at byte 0"},
        {" ", 1, "body: expected a JSON object at byte 1, where the body ends"},
        {"x", 0, "body: expected a JSON object at byte 0"},
        {"[]", 0, "body: expected a JSON object at byte 0"},
        {"null", 0, "body: expected a JSON object at byte 0"},
        {"{}", 0, "body: expected a key 'dequeuedMessage' in the object at byte 0"},
        {" {\"x\":{\"dequeuedMessage\":{}}}", 1,
         "body: expected a key 'dequeuedMessage' in the object at byte 1"},
        {"{\"dequeuedMessage\":null}", 19, "body: expected 'dequeuedMessage' to be an object at byte 19"},
        {"{\"dequeuedMessage\":[{}]}", 19, "body: expected 'dequeuedMessage' to be an object at byte 19"},
        {"{\"dequeuedMessage\":\"{}\"}", 19, "body: expected 'dequeuedMessage' to be an object at byte 19"},
        {"{\"dequeuedMessage\":{},\"dequeuedMessage\":1}", 40,
         "body: expected 'dequeuedMessage' to be an object at byte 40"},
        {"{\"dequeuedMessage\":{}} x", 23, "body: expected nothing after the value at byte 23"},
        {"{\"dequeuedMessage\":{\"a\":\"\xff\"}}", 25, "body: expected valid UTF-8 at byte 25"},
        {"{\"dequeuedMessage\":{", 20,
         "body: expected a key in double quotes at byte 20, where the body ends"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct trigger_dispatch dispatch;
        struct trigger_error error;
        ck_assert_msg(read_body(cases[i].body, &dispatch, &error) == -1, "%s", cases[i].body);
        ck_assert_uint_eq(error.offset, cases[i].offset);
        ck_assert_str_eq(error.message, cases[i].message);
    }
}
END_TEST

START_TEST(a_body_nested_over_64_levels_is_refused)
{
    char body[256] = "{\"dequeuedMessage\":{\"a\":";
    size_t head = strlen(body);
    struct trigger_dispatch dispatch;
    struct trigger_error error;
    for (size_t levels = 62; levels <= 63; levels++) {
        memset(body + head, '[', levels);
        memset(body + head + levels, ']', levels);
        strcpy(body + head + 2 * levels, "}}");
        ck_assert_int_eq(read_body(body, &dispatch, &error), levels == 62 ? 0 : -1);
    }
    ck_assert_str_eq(error.message, "body: expected at most 64 levels of nesting at byte 86");
}
END_TEST

/* Makes a body of these four values, each one JSON; NULL leaves the key out. */
static const char *make_body(const char *deployment, const char *version, const char *cpu, const char *memory)
{
    static char body[16384];
    snprintf(
        body, sizeof(body),
        "{\"dequeuedMessage\":{\"x\":0%s%s%s%s%s%s,\"run\":{\"friendlyId\":\"run_1\",\"machine\":{\"x\":0"
        "%s%s%s%s}}}}",
        deployment ? ",\"deployment\":{\"friendlyId\":" : "", deployment ? deployment : "",
        deployment ? "}" : "", version ? ",\"backgroundWorker\":{\"version\":" : "", version ? version : "",
        version ? "}" : "", cpu ? ",\"cpu\":" : "", cpu ? cpu : "", memory ? ",\"memory\":" : "",
        memory ? memory : "");
    return body;
}

static void assert_misfit(const char *body, enum trigger_misfit misfit)
{
    struct trigger_dispatch dispatch;
    struct trigger_error error = {.message = ""};
    ck_assert_msg(read_body(body, &dispatch, &error) == 0, "%s: %s", body, error.message);
    ck_assert_msg(dispatch.misfit == misfit, "%s: %s", body, warmstart_trigger_misfit_name(dispatch.misfit));
    ck_assert_uint_gt(dispatch.message_bytes, 0);
    ck_assert_uint_eq(dispatch.run_bytes, 5);
}

START_TEST(a_message_without_a_usable_value_cannot_match)
{
    static const char *const missing[] = {NULL, "null"};
    static const char *const not_texts[] = {"1",       "\"\"",         "true",      "{}",
                                            "[\"d\"]", "\"a\\u0000\"", "\"a\\tb\"", "\"\x7f\""};
    static const char *const not_numbers[] = {"\"0.5\"", "0",    "-1",  "0.0", "-0",
                                              "1e-999",  "true", "[1]", "{}"};
    for (size_t i = 0; i < 2; i++) {
        assert_misfit(make_body(missing[i], "\"v\"", "1", "1"), TRIGGER_MISFIT_DEPLOYMENT_MISSING);
        assert_misfit(make_body("\"d\"", missing[i], "1", "1"), TRIGGER_MISFIT_VERSION_MISSING);
        assert_misfit(make_body("\"d\"", "\"v\"", missing[i], "1"), TRIGGER_MISFIT_CPU_MISSING);
        assert_misfit(make_body("\"d\"", "\"v\"", "1", missing[i]), TRIGGER_MISFIT_MEMORY_MISSING);
    }
    for (size_t i = 0; i < sizeof(not_texts) / sizeof(not_texts[0]); i++) {
        assert_misfit(make_body(not_texts[i], "\"v\"", "1", "1"), TRIGGER_MISFIT_DEPLOYMENT_INVALID);
        assert_misfit(make_body("\"d\"", not_texts[i], "1", "1"), TRIGGER_MISFIT_VERSION_INVALID);
    }
    for (size_t i = 0; i < sizeof(not_numbers) / sizeof(not_numbers[0]); i++) {
        assert_misfit(make_body("\"d\"", "\"v\"", not_numbers[i], "1"), TRIGGER_MISFIT_CPU_INVALID);
        assert_misfit(make_body("\"d\"", "\"v\"", "1", not_numbers[i]), TRIGGER_MISFIT_MEMORY_INVALID);
    }
}
END_TEST

START_TEST(a_value_over_1_kib_cannot_match)
{
    char text[TRIGGER_VALUE_BYTES_MAX + 8];
    struct trigger_dispatch dispatch;
    struct trigger_error error;
    memset(text, 'd', sizeof(text));
    text[0] = text[TRIGGER_VALUE_BYTES_MAX + 1] = '"';
    text[TRIGGER_VALUE_BYTES_MAX + 2] = '\0';
    ck_assert_int_eq(read_body(make_body(text, text, "1", "1"), &dispatch, &error), 1);
    memcpy(text + 1, "\\n", 2);
    assert_misfit(make_body(text, "\"v\"", "1", "1"), TRIGGER_MISFIT_DEPLOYMENT_INVALID);
    strcpy(text + 1, "\\/");
    memset(text + 3, 'd', TRIGGER_VALUE_BYTES_MAX - 1);
    strcpy(text + TRIGGER_VALUE_BYTES_MAX + 2, "\"");
    ck_assert_int_eq(read_body(make_body(text, text, "1", "1"), &dispatch, &error), 1);
    strcpy(text + TRIGGER_VALUE_BYTES_MAX + 2, "d\"");
    assert_misfit(make_body(text, "\"v\"", "1", "1"), TRIGGER_MISFIT_DEPLOYMENT_INVALID);
    text[1] = 'd';
    text[2] = 'd';
    assert_misfit(make_body("\"d\"", text, "1", "1"), TRIGGER_MISFIT_VERSION_INVALID);
    memset(text, '0', sizeof(text));
    memcpy(text, "1.", 2);
    text[TRIGGER_VALUE_BYTES_MAX] = '\0';
    ck_assert_int_eq(read_body(make_body("\"d\"", "\"v\"", text, text), &dispatch, &error), 1);
    assert_fields(dispatch.fields, "d", "v", "1e0", "1e0");
    text[TRIGGER_VALUE_BYTES_MAX] = '0';
    text[TRIGGER_VALUE_BYTES_MAX + 1] = '\0';
    assert_misfit(make_body("\"d\"", "\"v\"", "1", text), TRIGGER_MISFIT_MEMORY_INVALID);
}
END_TEST

START_TEST(both_sides_have_equal_fields_however_they_are_written)
{
    struct trigger_value values[TRIGGER_HEADERS];
    struct trigger_poll poll;
    struct trigger_dispatch dispatch;
    struct trigger_error error;
    good_headers(values);
    assert_accepted(values, &poll);
    ck_assert_int_eq(read_body(make_body("\"deploy\\u006dent_1\"", "\"20260327\\u002e4\"", "50e-2", "1.00"),
                               &dispatch, &error),
                     1);
    for (size_t i = 0; i < TRIGGER_FIELDS; i++) {
        ck_assert_uint_eq(poll.fields[i].name_bytes, dispatch.fields[i].name_bytes);
        ck_assert_mem_eq(poll.fields[i].name, dispatch.fields[i].name, poll.fields[i].name_bytes);
        ck_assert_uint_eq(poll.fields[i].value_bytes, dispatch.fields[i].value_bytes);
        ck_assert_mem_eq(poll.fields[i].value, dispatch.fields[i].value, poll.fields[i].value_bytes);
    }
}
END_TEST

START_TEST(a_run_id_is_optional_and_bounded)
{
    char body[1024];
    char id[TRIGGER_RUN_BYTES_MAX + 2];
    struct trigger_dispatch dispatch;
    struct trigger_error error;
    memset(id, 'r', sizeof(id));
    for (int bytes = TRIGGER_RUN_BYTES_MAX; bytes <= TRIGGER_RUN_BYTES_MAX + 1; bytes++) {
        snprintf(body, sizeof(body), "{\"dequeuedMessage\":{\"run\":{\"friendlyId\":\"%.*s\"}}}", bytes, id);
        ck_assert_int_eq(read_body(body, &dispatch, &error), 0);
        ck_assert_uint_eq(dispatch.run_bytes, bytes > TRIGGER_RUN_BYTES_MAX ? 0 : (size_t)bytes);
    }
    ck_assert_int_eq(read_body("{\"dequeuedMessage\":{\"run\":{\"friendlyId\":7}}}", &dispatch, &error), 0);
    ck_assert_uint_eq(dispatch.run_bytes, 0);
    ck_assert_int_eq(
        read_body("{\"dequeuedMessage\":{\"run\":{\"friendlyId\":\"\\u0072un\"}}}", &dispatch, &error), 0);
    ck_assert_uint_eq(dispatch.run_bytes, 3);
    ck_assert_mem_eq(dispatch.run, "run", 3);
}
END_TEST

START_TEST(the_message_is_taken_byte_for_byte)
{
    struct trigger_dispatch dispatch;
    struct trigger_error error;
    const char *body =
        "{ \"a\" : 1, \"dequeuedMessage\" : { \"x\" : \"\\u00e9\\/\" ,\n \"y\":1.0 } , \"b\" : {} }";
    const char *message = "{ \"x\" : \"\\u00e9\\/\" ,\n \"y\":1.0 }";
    ck_assert_int_eq(read_body(body, &dispatch, &error), 0);
    ck_assert_uint_eq(dispatch.message_bytes, strlen(message));
    ck_assert_mem_eq(dispatch.message, message, strlen(message));
}
END_TEST

START_TEST(names_are_distinct_words)
{
    for (int a = 0; a < TRIGGER_MISFITS; a++) {
        const char *name = warmstart_trigger_misfit_name((enum trigger_misfit)a);
        ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        for (int b = 0; b < a; b++)
            ck_assert_str_ne(name, warmstart_trigger_misfit_name((enum trigger_misfit)b));
    }
    for (int a = TRIGGER_CODE_HEADER_MISSING; a <= TRIGGER_CODE_BODY_INVALID; a++) {
        for (int b = TRIGGER_CODE_HEADER_MISSING; b < a; b++)
            ck_assert_str_ne(warmstart_trigger_code_name((enum trigger_code)a),
                             warmstart_trigger_code_name((enum trigger_code)b));
        ck_assert_str_ne(warmstart_trigger_code_name((enum trigger_code)a), "unknown");
    }
}
END_TEST

/* ---- traceparent ---- */

START_TEST(a_traceparent_of_w3cs_shape_is_known)
{
    static const struct {
        const char *text;
        int valid;
    } cases[] = {
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 1},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", 1},
        {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 1},
        {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", 1},
        {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.later", 0},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", 0},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", 0},
        {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 0},
        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", 0},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", 0},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", 0},
        {"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", 0},
        {"00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 0},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01", 0},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01", 0},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0\n", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(warmstart_trigger_traceparent(cases[i].text, strlen(cases[i].text)) == cases[i].valid,
                      "%s", cases[i].text);
    ck_assert(!warmstart_trigger_traceparent(NULL, 0));
}
END_TEST

/* ---- Answers ---- */

START_TEST(answers_to_a_post_are_json)
{
    size_t bytes = 0;
    const char *yes = warmstart_trigger_did_warm_start(1, &bytes);
    ck_assert_uint_eq(bytes, strlen(yes));
    ck_assert_str_eq(yes, "{\"didWarmStart\":true}");
    const char *no = warmstart_trigger_did_warm_start(0, &bytes);
    ck_assert_uint_eq(bytes, strlen(no));
    ck_assert_str_eq(no, "{\"didWarmStart\":false}");
}
END_TEST

START_TEST(the_answer_to_connect_carries_both_times)
{
    char out[TRIGGER_CONNECT_BYTES_MAX];
    static const char usual[] = "{\"connectionTimeoutMs\":30000,\"keepaliveMs\":300000}";
    static const char largest[] = "{\"connectionTimeoutMs\":4294967295,\"keepaliveMs\":4294967295}";
    ck_assert_uint_eq(warmstart_trigger_write_connect(out, 30000, 300000), strlen(usual));
    ck_assert_mem_eq(out, usual, strlen(usual));
    ck_assert_uint_eq(warmstart_trigger_write_connect(out, UINT32_MAX, UINT32_MAX), strlen(largest));
    ck_assert_mem_eq(out, largest, strlen(largest));
}
END_TEST

/* Writes an error and reads it back. The tree, which the caller lets go. */
static json_t *written_error(size_t room, const char *code, const char *message)
{
    char *out = malloc(room);
    ck_assert_ptr_nonnull(out);
    size_t bytes = warmstart_trigger_write_error(out, room, code, message);
    ck_assert_uint_le(bytes, room);
    json_t *tree = json_loadb(out, bytes, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(tree != NULL, "not JSON: %.*s", (int)bytes, out);
    ck_assert_uint_eq(json_object_size(json_object_get(tree, "error")), 2);
    free(out);
    return tree;
}

static const char *error_text(json_t *tree, const char *key)
{
    const char *text = json_string_value(json_object_get(json_object_get(tree, "error"), key));
    ck_assert_ptr_nonnull(text);
    return text;
}

START_TEST(an_error_is_json_whatever_its_text_holds)
{
    char every[256 + 1];
    for (size_t i = 0; i < 255; i++)
        every[i] = (char)(i + 1);
    every[255] = '\0';
    json_t *tree = written_error(4096, "body_invalid", every);
    ck_assert_str_eq(error_text(tree, "code"), "body_invalid");
    const char *message = error_text(tree, "message");
    ck_assert_mem_eq(message, every, 127);
    ck_assert_uint_eq(strlen(message), 127 + 128 * 3);
    ck_assert_mem_eq(message + 127, "\xef\xbf\xbd", 3);
    json_decref(tree);
    tree = written_error(512, "a\"b\\", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    ck_assert_str_eq(error_text(tree, "code"), "a\"b\\");
    ck_assert_str_eq(error_text(tree, "message"), "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    json_decref(tree);
}
END_TEST

START_TEST(an_error_that_is_too_long_is_cut_and_still_json)
{
    static const char message[] = "\"\\\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
                                  "abc\"\\\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const char code[] = "a_code_that_is_a_good_deal_longer_than_any_that_there_is";
    size_t last = 0;
    for (size_t room = 64; room < 200; room++) {
        json_t *tree = written_error(room, "code", message);
        const char *cut = error_text(tree, "message");
        ck_assert_mem_eq(cut, message, strlen(cut));
        ck_assert_uint_ge(strlen(cut), last);
        last = strlen(cut);
        json_decref(tree);
        tree = written_error(room, code, message);
        ck_assert_mem_eq(error_text(tree, "code"), code, strlen(error_text(tree, "code")));
        json_decref(tree);
    }
    ck_assert_uint_eq(last, strlen(message));
}
END_TEST

static TCase *polls(void)
{
    TCase *tcase = tcase_create("polls");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_poll_becomes_four_sorted_fields);
    tcase_add_test(tcase, a_poll_may_come_without_controller_and_instance);
    tcase_add_test(tcase, a_missing_or_empty_field_header_is_named);
    tcase_add_test(tcase, a_header_over_1_kib_is_named);
    tcase_add_test(tcase, control_bytes_in_a_header_are_refused);
    tcase_add_test(tcase, a_header_does_not_begin_with_the_byte_that_types_begin_with);
    tcase_add_test(tcase, cpu_and_memory_have_to_be_positive_numbers);
    tcase_add_test(tcase, the_sentence_says_what_was_expected);
    tcase_add_test(tcase, a_token_is_matched_by_its_deployment_claim);
    tcase_add_test(tcase, a_malformed_token_is_refused_and_not_echoed);
    tcase_add_test(tcase, each_header_has_its_name_and_length);
    return tcase;
}

static TCase *posts(void)
{
    TCase *tcase = tcase_create("posts");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_real_message_becomes_the_fields_of_its_poll);
    tcase_add_test(tcase, a_message_cut_anywhere_is_refused_with_the_place);
    tcase_add_test(tcase, a_body_that_is_not_what_is_asked_for_is_refused);
    tcase_add_test(tcase, a_body_nested_over_64_levels_is_refused);
    tcase_add_test(tcase, a_message_without_a_usable_value_cannot_match);
    tcase_add_test(tcase, a_value_over_1_kib_cannot_match);
    tcase_add_test(tcase, both_sides_have_equal_fields_however_they_are_written);
    tcase_add_test(tcase, a_run_id_is_optional_and_bounded);
    tcase_add_test(tcase, the_message_is_taken_byte_for_byte);
    tcase_add_test(tcase, names_are_distinct_words);
    return tcase;
}

static TCase *answers(void)
{
    TCase *tcase = tcase_create("answers");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_traceparent_of_w3cs_shape_is_known);
    tcase_add_test(tcase, answers_to_a_post_are_json);
    tcase_add_test(tcase, the_answer_to_connect_carries_both_times);
    tcase_add_test(tcase, an_error_is_json_whatever_its_text_holds);
    tcase_add_test(tcase, an_error_that_is_too_long_is_cut_and_still_json);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("trigger");
    suite_add_tcase(suite, polls());
    suite_add_tcase(suite, posts());
    suite_add_tcase(suite, answers());
    return suite_run(suite);
}
