/* SPDX-License-Identifier: MIT */
/*
 * Deployment tokens. The first byte says how the rest becomes one. 's': three lines, which are the texts of
 * its header and its payload and the poll's version; both are encoded, and signed with the right secret. 't':
 * the same with one bit of the signature turned. Otherwise the rest is the token as it is. What is said about
 * it is what a plain decoder and jansson say.
 */
#include <jansson.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <string.h>

#include "fuzz.h"
#include "json_oracle.h"
#include "token.h"
#include "value.h"
#include "verify.h"

enum { NOW_S = 1700000000, LATER_S = 1900000000, ROOM = 8192 };

static const char secret[] = "a secret that nobody uses";

/* ---- What a token is ---- */

struct claims {
    json_t *header;  /* NULL: not JSON, or no object */
    json_t *payload; /* the same */
    bool encoded;    /* three segments of base64url */
    bool plain;      /* its numbers are written without point and exponent */
};

static int sextet(char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

/* Decodes a segment bit by bit. -1: it is none. Bits that are left over have to be 0. */
static int decode(const char *text, size_t bytes, char out[ROOM])
{
    unsigned bits = 0;
    unsigned held = 0;
    int len = 0;
    if (bytes == 0 || bytes % 4 == 1)
        return -1;
    for (size_t i = 0; i < bytes; i++) {
        int six = sextet(text[i]);
        if (six < 0)
            return -1;
        bits = (bits << 6 | (unsigned)six) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[len++] = (char)(bits >> held);
        }
    }
    return (bits & ((1u << held) - 1)) == 0 ? len : -1;
}

static json_t *decode_json(const char *text, size_t bytes, bool *ret_plain)
{
    char decoded[ROOM];
    int len = decode(text, bytes, decoded);
    if (len <= 0)
        return NULL;
    json_t *tree = json_loadb(decoded, (size_t)len, JSON_ALLOW_NUL, NULL);
    const json_t *format = json_object_get(tree, "ver");
    const json_t *begin = json_object_get(tree, "nbf");
    *ret_plain = json_is_integer(format) && (begin == NULL || json_is_integer(begin));
    json_decref(tree);
    return json_oracle_read(decoded, (size_t)len);
}

static void claims_init(struct claims *claims, const char *text, size_t bytes)
{
    char decoded[ROOM];
    const char *end = text + bytes;
    const char *first = memchr(text, '.', bytes);
    const char *second = first != NULL ? memchr(first + 1, '.', (size_t)(end - first) - 1) : NULL;
    *claims = (struct claims){0};
    if (second == NULL)
        return;
    size_t header_bytes = (size_t)(first - text);
    size_t payload_bytes = (size_t)(second - first) - 1;
    claims->encoded = decode(text, header_bytes, decoded) >= 0 &&
                      decode(first + 1, payload_bytes, decoded) >= 0 &&
                      decode(second + 1, (size_t)(end - second) - 1, decoded) >= 0;
    if (!claims->encoded)
        return;
    claims->header = decode_json(text, header_bytes, &claims->plain);
    claims->payload = decode_json(first + 1, payload_bytes, &claims->plain);
}

static void claims_deinit(struct claims *claims)
{
    json_decref(claims->header);
    json_decref(claims->payload);
}

static bool is_claim(const json_t *value)
{
    size_t bytes = json_string_length(value);
    return bytes > 0 && bytes <= TOKEN_CLAIM_BYTES_MAX && !value_has_control(json_string_value(value), bytes);
}

static bool same_claim(const char *text, size_t bytes, const json_t *value)
{
    return bytes == json_string_length(value) && memcmp(text, json_string_value(value), bytes) == 0;
}

/* ---- What is said about it ---- */

/* Seconds are read without floating point: at most 15 digits, and no exponent. Here all that a double holds. */
static bool may_be_seconds(const json_t *value)
{
    return json_is_number(value) && json_number_value(value) < 1e15 && json_number_value(value) > -1e15;
}

static void check_read(enum token_reason reason, const struct token *token, const struct claims *claims)
{
    const json_t *deployment = json_object_get(claims->payload, "deployment");
    const json_t *version = json_object_get(claims->payload, "deployment_version");
    const json_t *expiry = json_object_get(claims->payload, "exp");
    if (!claims->encoded) {
        fuzz_require(reason == TOKEN_REASON_SEGMENTS || reason == TOKEN_REASON_BASE64URL);
    } else if (claims->payload == NULL) {
        fuzz_require(reason == TOKEN_REASON_PAYLOAD);
    } else if (!is_claim(deployment)) {
        fuzz_require(reason == TOKEN_REASON_DEPLOYMENT);
    } else if (version != NULL && !is_claim(version)) {
        fuzz_require(reason == TOKEN_REASON_VERSION);
    } else if (reason == TOKEN_REASON_EXPIRY) {
        fuzz_require(expiry != NULL);
    } else {
        fuzz_require(reason == TOKEN_REASON_NONE);
        fuzz_require(same_claim(token->deployment, token->deployment_bytes, deployment));
        fuzz_require((token->version_bytes > 0) == (version != NULL));
        fuzz_require(version == NULL || same_claim(token->version, token->version_bytes, version));
        fuzz_require(token->has_expiry == (expiry != NULL));
        fuzz_require(expiry == NULL || may_be_seconds(expiry));
        fuzz_require(expiry == NULL || token->expires_at_s == (int64_t)json_number_value(expiry));
    }
}

static bool is_text(const json_t *value, const char *expected)
{
    return json_is_string(value) && same_claim(expected, strlen(expected), value);
}

/* All that has to be true of a token that is valid at this time, but for its signature. */
static bool may_be_valid(const struct claims *claims, const char *version, int64_t now_s)
{
    const json_t *begin = json_object_get(claims->payload, "nbf");
    const json_t *expiry = json_object_get(claims->payload, "exp");
    return is_text(json_object_get(claims->header, "alg"), "HS256") &&
           json_object_get(claims->header, "crit") == NULL &&
           json_number_value(json_object_get(claims->payload, "ver")) == 1 &&
           (begin == NULL || (may_be_seconds(begin) && (int64_t)json_number_value(begin) <= now_s)) &&
           may_be_seconds(expiry) && (int64_t)json_number_value(expiry) > now_s &&
           is_text(json_object_get(claims->payload, "deployment_version"), version);
}

/* ---- Making one ---- */

static void add_segment(char *out, const char *text, size_t bytes)
{
    struct base64_encode_ctx encoder;
    size_t used = strlen(out);
    base64url_encode_init(&encoder);
    used += base64_encode_update(&encoder, out + used, bytes, (const uint8_t *)text);
    used += base64_encode_final(&encoder, out + used);
    while (used > 0 && out[used - 1] == '=')
        used--;
    out[used] = '\0';
}

/* Encodes and signs. The token, zero-terminated. */
static char *make_token(struct fuzz_line header, struct fuzz_line payload, bool damaged)
{
    char *out = calloc(1, ROOM);
    char digest[SHA256_DIGEST_SIZE];
    struct hmac_sha256_ctx hmac;
    fuzz_require(out != NULL);
    add_segment(out, header.text, header.bytes);
    strcat(out, ".");
    add_segment(out, payload.text, payload.bytes);
    hmac_sha256_set_key(&hmac, strlen(secret), (const uint8_t *)secret);
    hmac_sha256_update(&hmac, strlen(out), (const uint8_t *)out);
    hmac_sha256_digest(&hmac, sizeof(digest), (uint8_t *)digest);
    digest[7] = (char)(digest[7] ^ damaged);
    strcat(out, ".");
    add_segment(out, digest, sizeof(digest));
    return out;
}

struct subject {
    char *text;    /* the token */
    size_t bytes;  /* its length */
    char *version; /* the poll's */
    bool signed_right;
};

static void subject_init(struct subject *subject, const uint8_t *data, size_t bytes)
{
    struct fuzz_stock stock = {data, bytes < ROOM / 4 ? bytes : ROOM / 4};
    uint8_t how = fuzz_byte(&stock);
    *subject = (struct subject){0};
    if (how != 's' && how != 't') {
        subject->text = fuzz_text((const char *)stock.data, stock.bytes);
        subject->bytes = stock.bytes;
        subject->version = fuzz_text("20260327.4", 10);
        return;
    }
    struct fuzz_line header = fuzz_next_line(&stock);
    struct fuzz_line payload = fuzz_next_line(&stock);
    struct fuzz_line version = fuzz_next_line(&stock);
    subject->signed_right = how == 's';
    subject->text = make_token(header, payload, how == 't');
    subject->bytes = strlen(subject->text);
    subject->version = fuzz_text(version.text, version.bytes);
}

/* Twice, for the second time it may be remembered; then later, and with another secret. */
static void check_verdict(const struct subject *subject, const struct token *token,
                          const struct claims *claims)
{
    struct verifier *verifier;
    struct verifier *other;
    size_t version_bytes = strlen(subject->version);
    fuzz_require(warmstart_verifier_new(secret, strlen(secret), &verifier) == 0);
    fuzz_require(warmstart_verifier_new("another", 7, &other) == 0);
    enum verify_result first =
        warmstart_verifier_check(verifier, token, subject->version, version_bytes, NOW_S);
    fuzz_require(warmstart_verifier_check(verifier, token, subject->version, version_bytes, NOW_S) == first);
    bool valid = subject->signed_right && may_be_valid(claims, subject->version, NOW_S);
    fuzz_require(first != VERIFY_VALID || valid);
    fuzz_require(!valid || first == VERIFY_VALID || first == VERIFY_FORMAT || first == VERIFY_EARLY);
    fuzz_require(!valid || !claims->plain || first == VERIFY_VALID);
    enum verify_result later =
        warmstart_verifier_check(verifier, token, subject->version, version_bytes, LATER_S);
    fuzz_require(later != VERIFY_VALID ||
                 (subject->signed_right && may_be_valid(claims, subject->version, LATER_S)));
    fuzz_require(warmstart_verifier_check(other, token, subject->version, version_bytes, NOW_S) !=
                 VERIFY_VALID);
    fuzz_require(warmstart_verifier_remembered(other) == 0);
    fuzz_require(warmstart_verifier_remembered(verifier) <= 1);
    warmstart_verifier_free(other);
    warmstart_verifier_free(verifier);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct token token;
    struct subject subject;
    struct claims claims;
    subject_init(&subject, data, bytes);
    char *block = fuzz_block(subject.text, subject.bytes);
    enum token_reason reason = warmstart_token_read(block, subject.bytes, &token);
    if (subject.bytes > TOKEN_BYTES_MAX) {
        fuzz_require(reason == TOKEN_REASON_LENGTH);
    } else {
        claims_init(&claims, subject.text, subject.bytes);
        check_read(reason, &token, &claims);
        if (reason == TOKEN_REASON_NONE)
            check_verdict(&subject, &token, &claims);
        claims_deinit(&claims);
    }
    free(block);
    free(subject.version);
    free(subject.text);
    return 0;
}
