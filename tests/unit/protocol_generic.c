/* SPDX-License-Identifier: MIT */
#include "generic.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol_text.h"
#include "suite.h"

static struct generic_wait asked_wait;
static struct generic_dispatch asked_dispatch;
static struct generic_error error;
static char *body; /* of the last read */

static void free_body(void)
{
    free(body);
    body = NULL;
}

static int read_wait(const char *text)
{
    free_body();
    body = text_copy(text, strlen(text));
    return warmstart_generic_read_wait(body, strlen(text), &asked_wait, &error);
}

static int read_dispatch(const char *text)
{
    free_body();
    body = text_copy(text, strlen(text));
    return warmstart_generic_read_dispatch(body, strlen(text), &asked_dispatch, &error);
}

struct refused {
    const char *text;
    const char *code;
    const char *message;
};

static void assert_refused(int (*read)(const char *text), const struct refused *refused, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ck_assert_msg(!read(refused[i].text), "%s", refused[i].text);
        ck_assert_msg(strcmp(warmstart_generic_code_name(&error), refused[i].code) == 0, "%s: %s",
                      refused[i].text, warmstart_generic_code_name(&error));
        ck_assert_msg(strcmp(error.message, refused[i].message) == 0, "%s: %s", refused[i].text,
                      error.message);
        char place[32];
        snprintf(place, sizeof(place), " at byte %zu", error.offset);
        ck_assert_ptr_nonnull(strstr(error.message, place));
    }
}

/* ---- Waits ---- */

START_TEST(a_wait_may_say_who_where_and_how_long)
{
    ck_assert(read_wait(" {\"id\":\"c\\u002d1\",\"instance\":\"node 1\",\"timeout_ms\":86400000,"
                        "\"metadata\":{\"a\":{\"b\":1}}}\n"));
    ck_assert_uint_eq(asked_wait.id_bytes, 3);
    ck_assert_mem_eq(asked_wait.id, "c-1", 3);
    ck_assert_uint_eq(asked_wait.instance_bytes, 6);
    ck_assert_mem_eq(asked_wait.instance, "node 1", 6);
    ck_assert_uint_eq(asked_wait.timeout_ms, GENERIC_TIMEOUT_MS_MAX);
    ck_assert_uint_eq(asked_wait.metadata.fields_len, 1);
    ck_assert_mem_eq(asked_wait.metadata.fields[0].name, "a.b", 3);
    ck_assert_mem_eq(asked_wait.metadata.fields[0].value, "\xffn1e0", 5);
}
END_TEST

START_TEST(only_metadata_is_needed_and_it_may_be_empty)
{
    ck_assert(read_wait("{\"metadata\":{}}"));
    ck_assert_uint_eq(asked_wait.metadata.fields_len, 0);
    ck_assert_uint_eq(asked_wait.id_bytes, 0);
    ck_assert_uint_eq(asked_wait.instance_bytes, 0);
    ck_assert_uint_eq(asked_wait.timeout_ms, 0);
}
END_TEST

#define EXPECTED_NAME    "expected a string of 1 to 1024 bytes without control characters at byte "
#define EXPECTED_TIMEOUT "timeout_ms: expected a whole number from 1 to 86400000 at byte "
#define EXPECTED_MEMBERS "body: expected metadata, id, instance or timeout_ms at byte "

START_TEST(a_wait_that_is_not_what_is_asked_for_is_refused_with_its_place)
{
    static const struct refused bodies[] = {
        {"", "body_missing", "body: expected a JSON object at byte 0"},
        {"[]", "body_invalid", "body: expected a JSON object at byte 0"},
        {"{\"metadata\":{}", "body_invalid",
         "body: expected ',' or '}' after the value at byte 14, where the body ends"},
        {"{}", "member_missing", "body: expected a member metadata at byte 0"},
        {" {\"id\":\"c\"}", "member_missing", "body: expected a member metadata at byte 1"},
        {"{\"metadata\":[]}", "member_invalid", "metadata: expected a JSON object at byte 12"},
        {"{\"metadata\":null}", "member_invalid", "metadata: expected a JSON object at byte 12"},
        {"{\"metadata\":{},\"meta\":1}", "member_unknown", EXPECTED_MEMBERS "16"},
        {"{\"metadata\":{},\"\":{\"metadata\":{}}}", "member_unknown", EXPECTED_MEMBERS "16"},
        {"{\"Metadata\":{}}", "member_unknown", EXPECTED_MEMBERS "2"},
        {"{\"metadata\":{},\"metadata\":{}}", "member_repeated", "body: expected each member once at byte 2"},
        {"{\"id\":\"a\",\"metadata\":{\"id\":1},\"\\u0069d\":\"b\"}", "member_repeated",
         "body: expected each member once at byte 2"},
        {"{\"metadata\":{},\"id\":\"\"}", "member_invalid", "id: " EXPECTED_NAME "21"},
        {"{\"metadata\":{},\"id\":null}", "member_invalid", "id: " EXPECTED_NAME "20"},
        {"{\"metadata\":{},\"id\":7}", "member_invalid", "id: " EXPECTED_NAME "20"},
        {"{\"metadata\":{},\"id\":{}}", "member_invalid", "id: " EXPECTED_NAME "20"},
        {"{\"metadata\":{},\"id\":\"a\\nb\"}", "member_invalid", "id: " EXPECTED_NAME "21"},
        {"{\"metadata\":{},\"instance\":\"\\u0000\"}", "member_invalid", "instance: " EXPECTED_NAME "27"},
        {"{\"metadata\":{},\"instance\":[\"a\"]}", "member_invalid", "instance: " EXPECTED_NAME "26"},
        {"{\"metadata\":{},\"timeout_ms\":0}", "member_invalid", EXPECTED_TIMEOUT "28"},
        {"{\"metadata\":{},\"timeout_ms\":-1}", "member_invalid", EXPECTED_TIMEOUT "28"},
        {"{\"metadata\":{},\"timeout_ms\":1.0}", "member_invalid", EXPECTED_TIMEOUT "28"},
        {"{\"metadata\":{},\"timeout_ms\":1e3}", "member_invalid", EXPECTED_TIMEOUT "28"},
        {"{\"metadata\":{},\"timeout_ms\":86400001}", "member_invalid", EXPECTED_TIMEOUT "28"},
        {"{\"metadata\":{},\"timeout_ms\":18446744073709551617}", "member_invalid", EXPECTED_TIMEOUT "28"},
        {"{\"metadata\":{},\"timeout_ms\":\"1\"}", "member_invalid", EXPECTED_TIMEOUT "29"},
        {"{\"metadata\":{},\"timeout_ms\":{}}", "member_invalid", EXPECTED_TIMEOUT "28"},
        {"{\"metadata\":{\"a\":[]}}", "array_unsupported",
         "metadata: expected no array as a field's value at byte 17"},
        {"{\"metadata\":{\"a\":{}}}", "object_empty", "metadata: expected an object with members at byte 17"},
        {"{\"metadata\":{\"a\":1,\"a\":1}}", "name_repeated",
         "metadata: expected a field's name that was not there before at byte 20"},
    };
    assert_refused(read_wait, bodies, sizeof(bodies) / sizeof(bodies[0]));
}
END_TEST

START_TEST(an_id_has_a_limit)
{
    char text[GENERIC_NAME_BYTES_MAX + 64];
    char limit[32];
    snprintf(limit, sizeof(limit), " 1 to %d bytes ", GENERIC_NAME_BYTES_MAX);
    for (int more = 0; more < 2; more++) {
        int bytes = snprintf(text, sizeof(text), "{\"metadata\":{},\"id\":\"%0*d\"}",
                             GENERIC_NAME_BYTES_MAX + more, 1);
        ck_assert_int_lt(bytes, (int)sizeof(text));
        ck_assert_int_eq(read_wait(text), !more);
    }
    ck_assert_int_eq(error.code, GENERIC_CODE_MEMBER_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, limit));
}
END_TEST

/* ---- Dispatches ---- */

START_TEST(any_json_value_is_a_payload_and_stays_as_it_stood)
{
    static const char *const payloads[] = {
        "{ \"a\" : [ 1 , {} ] }",
        "[]",
        "\"text\"",
        "\"\"",
        "\"\\u00e9\\\"\"",
        "1",
        "-0.50e+1",
        "{}",
        "true",
        "false",
        "null",
        "[ [ \"]\" ] ]",
    };
    static const char *const forms[] = {
        "{\"match\":{\"a\":1},\"payload\":%s}",
        "{\"payload\":%s,\"match\":{\"a\":1}}",
        "{ \"payload\" : %s , \"match\" : { \"a\" : 1 } , \"mode\" : \"exact\" }",
    };
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
        for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
            char text[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(text, sizeof(text), forms[form], payloads[i]);
#pragma GCC diagnostic pop
            ck_assert_msg(read_dispatch(text), "%s: %s", text, error.message);
            ck_assert_uint_eq(asked_dispatch.payload_bytes, strlen(payloads[i]));
            ck_assert_mem_eq(asked_dispatch.payload, payloads[i], strlen(payloads[i]));
            ck_assert_uint_eq(asked_dispatch.match.fields_len, 1);
            ck_assert_int_eq(asked_dispatch.how, WARMSTART_MATCH_EXACT);
            ck_assert_uint_eq(asked_dispatch.timeout_ms, 0);
            ck_assert_uint_eq(asked_dispatch.attempts, 0);
        }
}
END_TEST

START_TEST(a_dispatch_may_say_how_how_long_and_how_often)
{
    ck_assert(
        read_dispatch("{\"match\":{},\"payload\":0,\"mode\":\"subset\",\"timeout_ms\":1,\"attempts\":100}"));
    ck_assert_int_eq(asked_dispatch.how, WARMSTART_MATCH_SUBSET);
    ck_assert_uint_eq(asked_dispatch.timeout_ms, 1);
    ck_assert_uint_eq(asked_dispatch.attempts, GENERIC_ATTEMPTS_MAX);
    ck_assert(read_dispatch("{\"match\":{},\"payload\":0,\"mode\":\"\\u0065xact\",\"attempts\":1}"));
    ck_assert_int_eq(asked_dispatch.how, WARMSTART_MATCH_EXACT);
    ck_assert_uint_eq(asked_dispatch.attempts, 1);
}
END_TEST

#define EXPECTED_MODE     "mode: expected \"exact\" or \"subset\" at byte "
#define EXPECTED_ATTEMPTS "attempts: expected a whole number from 1 to 100 at byte "

START_TEST(a_dispatch_that_is_not_what_is_asked_for_is_refused_with_its_place)
{
    static const struct refused bodies[] = {
        {"", "body_missing", "body: expected a JSON object at byte 0"},
        {"x", "body_invalid", "body: expected a JSON object at byte 0"},
        {"{\"payload\":1}", "member_missing", "body: expected a member match at byte 0"},
        {"{\"match\":{}}", "member_missing", "body: expected a member payload at byte 0"},
        {"{\"match\":[],\"payload\":1}", "member_invalid", "match: expected a JSON object at byte 9"},
        {"{\"match\":{},\"payload\":1,\"payload\":1}", "member_repeated",
         "body: expected each member once at byte 13"},
        {"{\"match\":{},\"payload\":{\"x\":1},\"payload\":1}", "member_repeated",
         "body: expected each member once at byte 13"},
        {"{\"match\":{},\"payload\":{\"match\":1},\"run\":1}", "member_unknown",
         "body: expected match, payload, mode, timeout_ms or attempts at byte 35"},
        {"{\"match\":{},\"payload\":1,\"mode\":\"any\"}", "member_invalid", EXPECTED_MODE "32"},
        {"{\"match\":{},\"payload\":1,\"mode\":\"\"}", "member_invalid", EXPECTED_MODE "32"},
        {"{\"match\":{},\"payload\":1,\"mode\":\"exactly one\"}", "member_invalid", EXPECTED_MODE "32"},
        {"{\"match\":{},\"payload\":1,\"mode\":null}", "member_invalid", EXPECTED_MODE "31"},
        {"{\"match\":{},\"payload\":1,\"attempts\":0}", "member_invalid", EXPECTED_ATTEMPTS "35"},
        {"{\"match\":{},\"payload\":1,\"attempts\":101}", "member_invalid", EXPECTED_ATTEMPTS "35"},
        {"{\"match\":{},\"payload\":1,\"timeout_ms\":0}", "member_invalid", EXPECTED_TIMEOUT "37"},
        {"{\"match\":{\"a\":{\"b\":[]}},\"payload\":1}", "array_unsupported",
         "match: expected no array as a field's value at byte 19"},
        {"{\"match\":{},\"payload\":[1,]}", "body_invalid", "body: expected a JSON value at byte 25"},
    };
    assert_refused(read_dispatch, bodies, sizeof(bodies) / sizeof(bodies[0]));
}
END_TEST

/* ---- Answers and words ---- */

static void assert_outcome(int delivered, uint32_t attempts, const char *controller, size_t bytes,
                           const char *expected)
{
    char *out = malloc(GENERIC_ANSWER_BYTES + 6 * bytes);
    ck_assert_ptr_nonnull(out);
    size_t written = warmstart_generic_write_outcome(
        out, delivered, delivered ? "delivered" : "unmatchable-unmatchable-unmatch", attempts, controller,
        bytes);
    ck_assert_uint_le(written, GENERIC_ANSWER_BYTES + 6 * bytes);
    ck_assert_msg(written == strlen(expected) && memcmp(out, expected, written) == 0, "%.*s", (int)written,
                  out);
    json_t *json = json_loadb(out, written, 0, NULL);
    ck_assert(json_is_object(json));
    json_decref(json);
    free(out);
}

START_TEST(the_answer_says_what_became_of_it)
{
    char controls[GENERIC_NAME_BYTES_MAX];
    char escaped[6 * sizeof(controls) + 128];
    assert_outcome(1, 1, "c-1", 3,
                   "{\"delivered\":true,\"outcome\":\"delivered\",\"attempts\":1,\"controller\":\"c-1\"}");
    assert_outcome(1, 2, NULL, 0, "{\"delivered\":true,\"outcome\":\"delivered\",\"attempts\":2}");
    assert_outcome(0, UINT32_MAX, "\"\\\xff", 3,
                   "{\"delivered\":false,\"outcome\":\"unmatchable-unmatchable-unmatch\","
                   "\"attempts\":4294967295,\"controller\":\"\\\"\\\\\xef\xbf\xbd\"}");
    memset(controls, 1, sizeof(controls));
    size_t used = (size_t)snprintf(escaped, sizeof(escaped),
                                   "{\"delivered\":false,\"outcome\":\"unmatchable-unmatchable-unmatch\","
                                   "\"attempts\":4294967295,\"controller\":\"");
    for (size_t i = 0; i < sizeof(controls); i++, used += 6)
        memcpy(escaped + used, "\\u0001", 6);
    memcpy(escaped + used, "\"}", 3);
    assert_outcome(0, UINT32_MAX, controls, sizeof(controls), escaped);
}
END_TEST

START_TEST(every_code_has_a_word_of_its_own)
{
    struct generic_error a = {.code = GENERIC_CODE_BODY_MISSING};
    struct generic_error b = {.code = GENERIC_CODE_BODY_MISSING};
    for (int i = GENERIC_CODE_BODY_MISSING; i < GENERIC_CODE_METADATA; i++)
        for (int j = GENERIC_CODE_BODY_MISSING; j < i; j++) {
            a.code = (enum generic_code)i;
            b.code = (enum generic_code)j;
            ck_assert_str_ne(warmstart_generic_code_name(&a), warmstart_generic_code_name(&b));
        }
    a = (struct generic_error){.code = GENERIC_CODE_METADATA, .reason = METADATA_REASON_DEPTH};
    ck_assert_str_eq(warmstart_generic_code_name(&a), "nesting_too_deep");
    a.code = (enum generic_code)0;
    ck_assert_str_eq(warmstart_generic_code_name(&a), "unknown");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("generic");
    TCase *tcase = tcase_create("generic");
    tcase_add_checked_fixture(tcase, NULL, free_body);
    tcase_add_test(tcase, a_wait_may_say_who_where_and_how_long);
    tcase_add_test(tcase, only_metadata_is_needed_and_it_may_be_empty);
    tcase_add_test(tcase, a_wait_that_is_not_what_is_asked_for_is_refused_with_its_place);
    tcase_add_test(tcase, an_id_has_a_limit);
    tcase_add_test(tcase, any_json_value_is_a_payload_and_stays_as_it_stood);
    tcase_add_test(tcase, a_dispatch_may_say_how_how_long_and_how_often);
    tcase_add_test(tcase, a_dispatch_that_is_not_what_is_asked_for_is_refused_with_its_place);
    tcase_add_test(tcase, the_answer_says_what_became_of_it);
    tcase_add_test(tcase, every_code_has_a_word_of_its_own);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
