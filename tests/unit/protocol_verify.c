/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <warmstart/warmstart.h>

#include "protocol_text.h"
#include "protocol_vectors.h"
#include "suite.h"

#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static struct verifier *verifier;

static void open_verifier(void)
{
    ck_assert_int_eq(warmstart_verifier_new(VECTORS_SECRET, VECTORS_SECRET_BYTES, &verifier), 0);
}

static void close_verifier(void)
{
    warmstart_verifier_free(verifier);
    verifier = NULL;
}

/* As a poll does: what cannot be taken apart is malformed. */
static enum verify_result check_at(const char *text, size_t bytes, int64_t now_s)
{
    struct token token;
    enum verify_result result = VERIFY_MALFORMED;
    char *copy = text_copy(text, bytes);
    if (warmstart_token_read(copy, bytes, &token) == TOKEN_REASON_NONE)
        result = warmstart_verifier_check(verifier, &token, VECTORS_VERSION, strlen(VECTORS_VERSION), now_s);
    free(copy);
    return result;
}

static enum verify_result check_text(const char *text)
{
    return check_at(text, strlen(text), VECTORS_NOW_S);
}

/* A token with these claims, signed by the test itself. */
static const char *sign(const char *header, const char *payload)
{
    static char token[4096];
    size_t length = 0;
    uint8_t digest[SHA256_DIGEST_SIZE];
    const uint8_t *segments[] = {(const uint8_t *)header, (const uint8_t *)payload, digest};
    size_t bytes[] = {strlen(header), strlen(payload), sizeof(digest)};
    for (size_t i = 0; i < 3; i++) {
        struct base64_encode_ctx encoder;
        struct hmac_sha256_ctx hmac;
        hmac_sha256_set_key(&hmac, VECTORS_SECRET_BYTES, (const uint8_t *)VECTORS_SECRET);
        hmac_sha256_update(&hmac, length > 0 ? length - 1 : 0, (const uint8_t *)token);
        hmac_sha256_digest(&hmac, sizeof(digest), digest);
        base64url_encode_init(&encoder);
        length += base64_encode_update(&encoder, token + length, bytes[i], segments[i]);
        length += base64_encode_final(&encoder, token + length);
        while (token[length - 1] == '=')
            length--;
        token[length++] = '.';
    }
    token[length - 1] = '\0';
    return token;
}

/* A valid one that no other number gives. */
static const char *sign_number(unsigned number)
{
    char payload[256];
    snprintf(payload, sizeof(payload),
             "{\"ver\":1,\"deployment\":\"deployment_%u\",\"deployment_version\":\"" VECTORS_VERSION
             "\",\"exp\":2000000000}",
             number);
    return sign("{\"alg\":\"HS256\"}", payload);
}

/* ---- Results ---- */

START_TEST(each_vector_gets_its_result_and_gets_it_again)
{
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < VECTORS; i++) {
            enum verify_result result = check_text(vectors[i].token);
            ck_assert_msg(result == vectors[i].result, "%s: %s", vectors[i].name,
                          warmstart_verify_name(result));
        }
    }
}
END_TEST

START_TEST(nothing_is_valid_with_another_secret)
{
    close_verifier();
    ck_assert_int_eq(warmstart_verifier_new("another", 7, &verifier), 0);
    for (size_t i = 0; i < VECTORS; i++)
        ck_assert_msg(check_text(vectors[i].token) != VERIFY_VALID, "%s", vectors[i].name);
    ck_assert_uint_eq(warmstart_verifier_remembered(verifier), 0);
}
END_TEST

/* Before and after the token was remembered; the last bits of the signature mean nothing in base64url. */
START_TEST(a_token_with_any_byte_changed_is_not_valid)
{
    const char *real = vectors[0].token;
    size_t bytes = strlen(real);
    for (int round = 0; round < 2; round++) {
        for (size_t at = 0; at < bytes; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                char changed[TOKEN_BYTES_MAX];
                memcpy(changed, real, bytes);
                changed[at] = (char)(changed[at] ^ (1 << bit));
                ck_assert_msg(check_at(changed, bytes, VECTORS_NOW_S) != VERIFY_VALID, "byte %zu bit %u", at,
                              bit);
            }
            ck_assert_int_ne(check_at(real, at, VECTORS_NOW_S), VERIFY_VALID);
        }
        ck_assert_int_eq(check_text(real), VERIFY_VALID);
    }
}
END_TEST

START_TEST(segments_of_two_valid_tokens_do_not_mix)
{
    char one[TOKEN_BYTES_MAX], two[TOKEN_BYTES_MAX], mixed[2 * TOKEN_BYTES_MAX];
    snprintf(one, sizeof(one), "%s", sign_number(1));
    snprintf(two, sizeof(two), "%s", sign_number(2));
    ck_assert_int_eq(check_text(one), VERIFY_VALID);
    ck_assert_int_eq(check_text(two), VERIFY_VALID);
    snprintf(mixed, sizeof(mixed), "%.*s%s", (int)(strrchr(one, '.') - one), one, strrchr(two, '.'));
    ck_assert_int_eq(check_text(mixed), VERIFY_SIGNATURE);
    ck_assert_uint_eq(strlen(mixed), strlen(one));
    snprintf(mixed, sizeof(mixed), "%s%s", one, strrchr(two, '.'));
    ck_assert_int_eq(check_text(mixed), VERIFY_MALFORMED);
}
END_TEST

START_TEST(a_token_of_16_kib_is_malformed)
{
    static char text[16384];
    const char *real = vectors[0].token;
    size_t bytes = strlen(real);
    for (int segment = 0; segment < 3; segment++) {
        const char *dot = strchr(real, '.');
        size_t at = segment == 0 ? 0 : segment == 1 ? (size_t)(dot + 1 - real) : bytes;
        memset(text, 'A', sizeof(text));
        memcpy(text, real, at);
        memcpy(text + sizeof(text) - (bytes - at), real + at, bytes - at);
        ck_assert_int_eq(check_at(text, sizeof(text), VECTORS_NOW_S), VERIFY_MALFORMED);
    }
    ck_assert_uint_eq(warmstart_verifier_signatures(verifier), 0);
}
END_TEST

START_TEST(a_version_header_that_only_begins_alike_does_not_do)
{
    struct token token;
    const char *real = vectors[0].token;
    static const char *const others[] = {"", "2", "20260327.", "20260327.40", "20260327.5", "120260327.4"};
    ck_assert_int_eq(warmstart_token_read(real, strlen(real), &token), TOKEN_REASON_NONE);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_int_eq(
            warmstart_verifier_check(verifier, &token, others[i], strlen(others[i]), VECTORS_NOW_S),
            VERIFY_VERSION);
}
END_TEST

START_TEST(a_secret_has_1_to_4096_bytes)
{
    static char secret[VERIFY_SECRET_BYTES_MAX + 1];
    struct verifier *made = NULL;
    ck_assert_int_eq(warmstart_verifier_new("", 0, &made), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_verifier_new(NULL, 1, &made), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_verifier_new(secret, sizeof(secret), &made), WARMSTART_ERR_INVALID);
    ck_assert_ptr_null(made);
    ck_assert_int_eq(warmstart_verifier_new(secret, 1, &made), 0);
    warmstart_verifier_free(made);
    ck_assert_int_eq(warmstart_verifier_new(secret, VERIFY_SECRET_BYTES_MAX, &made), 0);
    warmstart_verifier_free(made);
    warmstart_verifier_free(NULL);
}
END_TEST

/* ---- Remembering ---- */

START_TEST(the_same_bytes_cost_one_signature)
{
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(check_text(vectors[0].token), VERIFY_VALID);
    ck_assert_uint_eq(warmstart_verifier_signatures(verifier), 1);
    ck_assert_uint_eq(warmstart_verifier_remembered(verifier), 1);
}
END_TEST

START_TEST(a_wrong_token_is_not_remembered)
{
    for (size_t i = 0; i < VECTORS; i++) {
        if (vectors[i].result == VERIFY_VALID || vectors[i].result == VERIFY_VERSION)
            continue;
        check_text(vectors[i].token);
        ck_assert_msg(warmstart_verifier_remembered(verifier) == 0, "%s", vectors[i].name);
    }
}
END_TEST

START_TEST(a_remembered_token_expires_and_is_forgotten)
{
    const char *real = vectors[0].token;
    ck_assert_int_eq(check_at(real, strlen(real), VECTORS_EXPIRES_AT_S - 1), VERIFY_VALID);
    ck_assert_uint_eq(warmstart_verifier_remembered(verifier), 1);
    ck_assert_int_eq(check_at(real, strlen(real), VECTORS_EXPIRES_AT_S), VERIFY_EXPIRED);
    ck_assert_uint_eq(warmstart_verifier_remembered(verifier), 0);
    ck_assert_int_eq(check_at(real, strlen(real), VECTORS_EXPIRES_AT_S), VERIFY_EXPIRED);
    ck_assert_uint_eq(warmstart_verifier_remembered(verifier), 0);
}
END_TEST

START_TEST(however_many_tokens_come_few_are_remembered_and_all_are_valid)
{
    for (unsigned i = 0; i < 5 * VERIFY_REMEMBERED_MAX; i++) {
        ck_assert_int_eq(check_text(sign_number(i)), VERIFY_VALID);
        ck_assert_uint_le(warmstart_verifier_remembered(verifier), VERIFY_REMEMBERED_MAX);
    }
    ck_assert_uint_gt(warmstart_verifier_remembered(verifier), VERIFY_REMEMBERED_MAX / 2);
    uint64_t before = warmstart_verifier_signatures(verifier);
    ck_assert_int_eq(check_text(sign_number(5 * VERIFY_REMEMBERED_MAX - 1)), VERIFY_VALID);
    ck_assert_uint_eq(warmstart_verifier_signatures(verifier), before);
}
END_TEST

/* What comes back again and again stays, whatever else comes once. */
START_TEST(a_token_in_use_is_not_pushed_out)
{
    for (unsigned i = 0; i < 4 * VERIFY_REMEMBERED_MAX; i++) {
        ck_assert_int_eq(check_text(sign_number(i)), VERIFY_VALID);
        ck_assert_int_eq(check_text(vectors[0].token), VERIFY_VALID);
    }
    ck_assert_uint_eq(warmstart_verifier_signatures(verifier), 4 * VERIFY_REMEMBERED_MAX + 1);
}
END_TEST

START_TEST(each_result_has_its_own_word)
{
    for (int a = VERIFY_VALID; a < VERIFY_RESULTS; a++)
        for (int b = VERIFY_VALID; b < a; b++)
            ck_assert_str_ne(warmstart_verify_name((enum verify_result)a),
                             warmstart_verify_name((enum verify_result)b));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verify");
    TCase *tcase = tcase_create("verify");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, open_verifier, close_verifier);
    tcase_add_test(tcase, each_vector_gets_its_result_and_gets_it_again);
    tcase_add_test(tcase, nothing_is_valid_with_another_secret);
    tcase_add_test(tcase, a_token_with_any_byte_changed_is_not_valid);
    tcase_add_test(tcase, segments_of_two_valid_tokens_do_not_mix);
    tcase_add_test(tcase, a_token_of_16_kib_is_malformed);
    tcase_add_test(tcase, a_version_header_that_only_begins_alike_does_not_do);
    tcase_add_test(tcase, a_secret_has_1_to_4096_bytes);
    tcase_add_test(tcase, the_same_bytes_cost_one_signature);
    tcase_add_test(tcase, a_wrong_token_is_not_remembered);
    tcase_add_test(tcase, a_remembered_token_expires_and_is_forgotten);
    tcase_add_test(tcase, however_many_tokens_come_few_are_remembered_and_all_are_valid);
    tcase_add_test(tcase, a_token_in_use_is_not_pushed_out);
    tcase_add_test(tcase, each_result_has_its_own_word);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
