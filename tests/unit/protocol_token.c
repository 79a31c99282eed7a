/* SPDX-License-Identifier: MIT */
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#include "protocol_text.h"
#include "suite.h"
#include "token.h"

/* As the platform mints them, with a secret that nobody uses. */
static const char real[] =
    "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50X2szdjl4MXd6N3E1bTJyOHQ0b"
    "jZwYiIsImRlcGxveW1lbnRfdmVyc2lvbiI6IjIwMjYwMzI3LjQiLCJlbnZpcm9ubWVudF9pZCI6ImNtZjB2OXoxZTA"
    "wMW4wMXBiMnQ3cjVrOHEiLCJlbnZpcm9ubWVudF90eXBlIjoiUFJPRFVDVElPTiIsIm9yZ19pZCI6ImNtZjB2OGg2Y"
    "zAwMGcwMXBiOW00eDN3MWQiLCJwcm9qZWN0X2lkIjoiY21mMHY4cDNhMDAwazAxcGI3YzJuNmo1eSIsImV4cCI6MTg"
    "wNjk0MDgwMH0.qQY_GDuO-Fslqk9Zeu9GH3khYOgR_PvTOrM2PgO5Qyc";

static enum token_reason read(const char *text, size_t bytes, struct token *ret_token)
{
    return warmstart_token_read(text, bytes, ret_token);
}

/* Adds a segment: base64url without padding. */
static void add_segment(char *out, const char *bytes, size_t len)
{
    char encoded[2048];
    struct base64_encode_ctx encoder;
    base64url_encode_init(&encoder);
    size_t used = base64_encode_update(&encoder, encoded, len, (const uint8_t *)bytes);
    used += base64_encode_final(&encoder, encoded + used);
    while (used > 0 && encoded[used - 1] == '=')
        used--;
    strncat(out, encoded, used);
}

/* Makes a token with this payload and no real signature. */
static const char *with_payload(const char *payload, size_t bytes)
{
    static char token[4096];
    token[0] = '\0';
    add_segment(token, "{\"alg\":\"HS256\"}", 15);
    strcat(token, ".");
    add_segment(token, payload, bytes);
    strcat(token, ".");
    add_segment(token, "not a signature, but of its size", 32);
    return token;
}

static enum token_reason read_payload(const char *payload, struct token *ret_token)
{
    const char *token = with_payload(payload, strlen(payload));
    return read(token, strlen(token), ret_token);
}

START_TEST(a_real_token_is_taken_apart)
{
    struct token token;
    char *copy = text_copy(real, strlen(real));
    ck_assert_int_eq(read(copy, strlen(real), &token), TOKEN_REASON_NONE);
    ck_assert_uint_eq(token.deployment_bytes, 32);
    ck_assert_mem_eq(token.deployment, "deployment_k3v9x1wz7q5m2r8t4n6pb", 32);
    ck_assert_uint_eq(token.version_bytes, 10);
    ck_assert_mem_eq(token.version, "20260327.4", 10);
    ck_assert_uint_eq(token.has_expiry, 1);
    ck_assert_int_eq(token.expires_at_s, 1806940800);
    const char *dot = strrchr(real, '.');
    ck_assert_ptr_eq(token.signed_part, copy);
    ck_assert_uint_eq(token.signed_part_bytes, (size_t)(dot - real));
    ck_assert_ptr_eq(token.signature, copy + (dot + 1 - real));
    ck_assert_uint_eq(token.signature_bytes, strlen(dot + 1));
    free(copy);
}
END_TEST

START_TEST(a_token_is_told_from_an_id_by_its_dots)
{
    ck_assert(warmstart_token_looks_like(real, strlen(real)));
    ck_assert(warmstart_token_looks_like(".", 1));
    ck_assert(!warmstart_token_looks_like("deployment_k3v9", 15));
    ck_assert(!warmstart_token_looks_like("deployment.x", 10));
    ck_assert(!warmstart_token_looks_like(NULL, 0));
}
END_TEST

START_TEST(every_cut_of_a_token_is_malformed_or_has_the_same_claims)
{
    size_t signature = (size_t)(strrchr(real, '.') + 1 - real);
    for (size_t cut = 0; cut < strlen(real); cut++) {
        struct token token;
        char *copy = text_copy(real, cut);
        enum token_reason reason = read(copy, cut, &token);
        ck_assert_msg(cut > signature || reason == TOKEN_REASON_SEGMENTS, "cut at %zu: %d", cut, reason);
        if (reason == TOKEN_REASON_NONE)
            ck_assert_mem_eq(token.deployment, "deployment_k3v9x1wz7q5m2r8t4n6pb", 32);
        free(copy);
    }
}
END_TEST

START_TEST(what_is_not_three_segments_is_malformed)
{
    static const char *const texts[] = {"",
                                        ".",
                                        "..",
                                        "...",
                                        "e30",
                                        "e30.e30",
                                        "e30.e30.",
                                        ".e30.e30",
                                        "e30..e30",
                                        "e30.e30.e30.",
                                        "e30.e30.e30.e30",
                                        ".e30.e30.e30"};
    struct token token;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(read(texts[i], strlen(texts[i]), &token) == TOKEN_REASON_SEGMENTS, "%s", texts[i]);
}
END_TEST

START_TEST(what_is_not_base64url_is_malformed_in_each_segment)
{
    static const char *const bad[] = {"e",     "e30=", "e30 ", " e30", "e3\n0", "e+30", "e/30", "e3\x80",
                                      "abcde", "e3=0", "e31",  "=",    "e30\t", "\"",   "%65"};
    struct token token;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (size_t place = 0; place < 3; place++) {
            char text[64] = "";
            for (size_t segment = 0; segment < 3; segment++) {
                strcat(text, segment == 0 ? "" : ".");
                strcat(text, segment == place ? bad[i] : "e30");
            }
            ck_assert_msg(read(text, strlen(text), &token) == TOKEN_REASON_BASE64URL, "%s", text);
        }
    }
    ck_assert_int_eq(read("e30.e30\0.e30", 12, &token), TOKEN_REASON_BASE64URL);
}
END_TEST

START_TEST(claims_are_judged_one_by_one)
{
    static const struct {
        const char *payload;
        enum token_reason reason;
    } cases[] = {
        {"", TOKEN_REASON_SEGMENTS},
        {"[]", TOKEN_REASON_PAYLOAD},
        {"null", TOKEN_REASON_PAYLOAD},
        {"{\"deployment\":\"d\"", TOKEN_REASON_PAYLOAD},
        {"{\"deployment\":\"\xff\"}", TOKEN_REASON_PAYLOAD},
        {"{}", TOKEN_REASON_DEPLOYMENT},
        {"{\"deployment\":null}", TOKEN_REASON_DEPLOYMENT},
        {"{\"deployment\":1}", TOKEN_REASON_DEPLOYMENT},
        {"{\"deployment\":\"\"}", TOKEN_REASON_DEPLOYMENT},
        {"{\"deployment\":\"a\\u0000\"}", TOKEN_REASON_DEPLOYMENT},
        {"{\"deployment\":\"a\\nb\"}", TOKEN_REASON_DEPLOYMENT},
        {"{\"deployment\":{\"deployment\":\"d\"}}", TOKEN_REASON_DEPLOYMENT},
        {"{\"x\":{\"deployment\":\"d\"}}", TOKEN_REASON_DEPLOYMENT},
        {"{\"deployment\":\"d\",\"deployment\":0}", TOKEN_REASON_DEPLOYMENT},
        {"{\"deployment\":\"d\"}", TOKEN_REASON_NONE},
        {"{\"deployment\":\"d\",\"deployment_version\":\"1.2\"}", TOKEN_REASON_NONE},
        {"{\"deployment\":\"d\",\"deployment_version\":1}", TOKEN_REASON_VERSION},
        {"{\"deployment\":\"d\",\"deployment_version\":null}", TOKEN_REASON_VERSION},
        {"{\"deployment\":\"d\",\"deployment_version\":\"\"}", TOKEN_REASON_VERSION},
        {"{\"deployment\":\"d\",\"exp\":1}", TOKEN_REASON_NONE},
        {"{\"deployment\":\"d\",\"exp\":\"1\"}", TOKEN_REASON_EXPIRY},
        {"{\"deployment\":\"d\",\"exp\":null}", TOKEN_REASON_EXPIRY},
        {"{\"deployment\":\"d\",\"exp\":1e3}", TOKEN_REASON_EXPIRY},
        {"{\"deployment\":\"d\",\"exp\":1234567890123456}", TOKEN_REASON_EXPIRY},
    };
    struct token token;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(read_payload(cases[i].payload, &token) == cases[i].reason, "%s", cases[i].payload);
}
END_TEST

START_TEST(optional_claims_that_are_missing_are_said_to_be)
{
    struct token token;
    memset(&token, 0xff, sizeof(token));
    ck_assert_int_eq(read_payload("{\"deployment\":\"d\"}", &token), TOKEN_REASON_NONE);
    ck_assert_uint_eq(token.version_bytes, 0);
    ck_assert_uint_eq(token.has_expiry, 0);
}
END_TEST

START_TEST(expiry_is_read_in_seconds)
{
    static const struct {
        const char *payload;
        int64_t expires_at_s;
    } cases[] = {
        {"{\"deployment\":\"d\",\"exp\":0}", 0},
        {"{\"deployment\":\"d\",\"exp\":1806940800}", 1806940800},
        {"{\"deployment\":\"d\",\"exp\":1806940800.9}", 1806940800},
        {"{\"deployment\":\"d\",\"exp\":-5}", -5},
        {"{\"deployment\":\"d\",\"exp\":999999999999999}", 999999999999999},
    };
    struct token token;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(read_payload(cases[i].payload, &token), TOKEN_REASON_NONE);
        ck_assert_int_eq(token.expires_at_s, cases[i].expires_at_s);
    }
}
END_TEST

START_TEST(claims_are_decoded)
{
    struct token token;
    ck_assert_int_eq(read_payload("{\"d\\u0065ployment\":\"\\u0064\\u00e9\\/\"}", &token), TOKEN_REASON_NONE);
    ck_assert_uint_eq(token.deployment_bytes, 4);
    ck_assert_mem_eq(token.deployment, "d\xc3\xa9/", 4);
}
END_TEST

START_TEST(the_longest_token_is_read_and_a_longer_one_refused)
{
    char payload[TOKEN_BYTES_MAX] = "{\"deployment\":\"";
    size_t head = strlen(payload);
    struct token token;
    size_t longest = 0;
    for (size_t claim = 1; claim < 900; claim++) {
        memset(payload + head, 'd', claim);
        strcpy(payload + head + claim, "\"}");
        const char *text = with_payload(payload, strlen(payload));
        int fits = strlen(text) <= TOKEN_BYTES_MAX;
        ck_assert_int_eq(read(text, strlen(text), &token), fits ? TOKEN_REASON_NONE : TOKEN_REASON_LENGTH);
        ck_assert(!fits || token.deployment_bytes == claim);
        longest = fits ? claim : longest;
    }
    ck_assert_uint_gt(longest, 600);
}
END_TEST

START_TEST(each_reason_has_its_own_words)
{
    for (int a = TOKEN_REASON_NONE; a <= TOKEN_REASON_EXPIRY; a++) {
        for (int b = TOKEN_REASON_NONE; b < a; b++)
            ck_assert_str_ne(warmstart_token_expected((enum token_reason)a),
                             warmstart_token_expected((enum token_reason)b));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token");
    TCase *tcase = tcase_create("token");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_real_token_is_taken_apart);
    tcase_add_test(tcase, a_token_is_told_from_an_id_by_its_dots);
    tcase_add_test(tcase, every_cut_of_a_token_is_malformed_or_has_the_same_claims);
    tcase_add_test(tcase, what_is_not_three_segments_is_malformed);
    tcase_add_test(tcase, what_is_not_base64url_is_malformed_in_each_segment);
    tcase_add_test(tcase, claims_are_judged_one_by_one);
    tcase_add_test(tcase, optional_claims_that_are_missing_are_said_to_be);
    tcase_add_test(tcase, expiry_is_read_in_seconds);
    tcase_add_test(tcase, claims_are_decoded);
    tcase_add_test(tcase, the_longest_token_is_read_and_a_longer_one_refused);
    tcase_add_test(tcase, each_reason_has_its_own_words);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
