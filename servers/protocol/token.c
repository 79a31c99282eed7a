/* SPDX-License-Identifier: MIT */
#include "token.h"

#include <assert.h>
#include <nettle/base64.h>
#include <string.h>

#include "json.h"
#include "number.h"
#include "value.h"

#define SEGMENTS         3
#define EXPIRY_BYTES_MAX 15 /* digits; what is longer is no date, and would not fit */

enum node { NODE_PAYLOAD = 0, NODE_DEPLOYMENT, NODE_VERSION, NODE_EXPIRY, NODES };

static const struct json_node payload_nodes[NODES] = {
    [NODE_PAYLOAD] = {.child = NODE_DEPLOYMENT, .children = 3},
    [NODE_DEPLOYMENT] = {JSON_KEY("deployment")},
    [NODE_VERSION] = {JSON_KEY("deployment_version")},
    [NODE_EXPIRY] = {JSON_KEY("exp")},
};

struct segment {
    const char *text;
    size_t bytes;
};

int warmstart_token_looks_like(const char *text, size_t bytes)
{
    return bytes > 0 && memchr(text, '.', bytes) != NULL;
}

/* Cuts a text at its dots. 1: into three segments, none of them empty. */
static int cut(const char *text, size_t bytes, struct segment segments[SEGMENTS])
{
    const char *at = text;
    const char *end = text + bytes;
    for (size_t i = 0; i < SEGMENTS; i++) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        const char *stop = dot != NULL ? dot : end;
        if (stop == at || (dot != NULL) != (i + 1 < SEGMENTS))
            return 0;
        segments[i] = (struct segment){at, (size_t)(stop - at)};
        at = dot != NULL ? dot + 1 : end;
    }
    return 1;
}

static int is_base64url(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* nettle's decoder skips white space and asks for padding, which tokens have neither of. */
int warmstart_token_segment(const char *text, size_t bytes, uint8_t out[TOKEN_SEGMENT_BYTES_MAX],
                            size_t *ret_bytes)
{
    static_assert(TOKEN_SEGMENT_BYTES_MAX >= BASE64_DECODE_LENGTH(TOKEN_BYTES_MAX), "room for any segment");
    if (bytes > TOKEN_BYTES_MAX)
        return 0;
    for (size_t i = 0; i < bytes; i++) {
        if (!is_base64url(text[i]))
            return 0;
    }
    struct base64_decode_ctx decoder;
    base64url_decode_init(&decoder);
    *ret_bytes = TOKEN_SEGMENT_BYTES_MAX;
    if (!base64_decode_update(&decoder, ret_bytes, out, bytes, text))
        return 0;
    size_t padding = (4 - bytes % 4) % 4;
    size_t none = BASE64_DECODE_LENGTH(2);
    uint8_t nothing[BASE64_DECODE_LENGTH(2)];
    if (padding > 2 || !base64_decode_update(&decoder, &none, nothing, padding, "=="))
        return 0;
    return base64_decode_final(&decoder);
}

/* Decodes a claim into `out`. 1: it is a string with something in it, and without control bytes. */
static int read_claim(const struct json_span *span, char out[TOKEN_CLAIM_BYTES_MAX], size_t *ret_bytes)
{
    return span->kind == JSON_KIND_STRING &&
           warmstart_json_decode(span, out, TOKEN_CLAIM_BYTES_MAX, ret_bytes) && *ret_bytes > 0 &&
           !value_has_control(out, *ret_bytes);
}

int warmstart_token_seconds(const struct json_span *span, int64_t *ret_seconds)
{
    struct number number;
    if (span->kind != JSON_KIND_NUMBER || !warmstart_number_read(span->start, span->bytes, &number) ||
        number.integer_bytes > EXPIRY_BYTES_MAX || number.exponent != 0)
        return 0;
    int64_t seconds = 0;
    for (size_t i = 0; i < number.integer_bytes; i++)
        seconds = seconds * 10 + (number.integer[i] - '0');
    *ret_seconds = number.negative ? -seconds : seconds;
    return 1;
}

static enum token_reason read_payload(const char *payload, size_t bytes, struct token *token)
{
    struct json_span spans[NODES];
    struct json_failure failure;
    if (!warmstart_json_scan(payload, bytes, payload_nodes, NODES, spans, &failure))
        return TOKEN_REASON_PAYLOAD;
    if (!read_claim(&spans[NODE_DEPLOYMENT], token->deployment, &token->deployment_bytes))
        return TOKEN_REASON_DEPLOYMENT;
    token->version_bytes = 0;
    if (spans[NODE_VERSION].kind != JSON_KIND_NONE &&
        !read_claim(&spans[NODE_VERSION], token->version, &token->version_bytes))
        return TOKEN_REASON_VERSION;
    token->expires_at_s = 0;
    token->has_expiry = spans[NODE_EXPIRY].kind != JSON_KIND_NONE;
    if (token->has_expiry && !warmstart_token_seconds(&spans[NODE_EXPIRY], &token->expires_at_s))
        return TOKEN_REASON_EXPIRY;
    return TOKEN_REASON_NONE;
}

enum token_reason warmstart_token_read(const char *text, size_t bytes, struct token *ret_token)
{
    struct segment segments[SEGMENTS];
    uint8_t payload[TOKEN_SEGMENT_BYTES_MAX];
    uint8_t other[TOKEN_SEGMENT_BYTES_MAX];
    size_t payload_bytes;
    size_t other_bytes;
    if (bytes > TOKEN_BYTES_MAX)
        return TOKEN_REASON_LENGTH;
    if (bytes == 0 || !cut(text, bytes, segments))
        return TOKEN_REASON_SEGMENTS;
    if (!warmstart_token_segment(segments[0].text, segments[0].bytes, other, &other_bytes) ||
        !warmstart_token_segment(segments[2].text, segments[2].bytes, other, &other_bytes) ||
        !warmstart_token_segment(segments[1].text, segments[1].bytes, payload, &payload_bytes))
        return TOKEN_REASON_BASE64URL;
    ret_token->signed_part = text;
    ret_token->signed_part_bytes = (size_t)(segments[2].text - 1 - text);
    ret_token->signature = segments[2].text;
    ret_token->signature_bytes = segments[2].bytes;
    return read_payload((const char *)payload, payload_bytes, ret_token);
}

const char *warmstart_token_expected(enum token_reason reason)
{
    switch (reason) {
    case TOKEN_REASON_NONE:
        break;
    case TOKEN_REASON_LENGTH:
        return "a token of at most 1024 bytes";
    case TOKEN_REASON_SEGMENTS:
        return "three segments between dots, none of them empty";
    case TOKEN_REASON_BASE64URL:
        return "each segment to be base64url without padding";
    case TOKEN_REASON_PAYLOAD:
        return "the payload to be a JSON object";
    case TOKEN_REASON_DEPLOYMENT:
        return "a string claim 'deployment'";
    case TOKEN_REASON_VERSION:
        return "the claim 'deployment_version' to be a string";
    case TOKEN_REASON_EXPIRY:
        return "the claim 'exp' to be a number of seconds";
    }
    return "nothing else";
}
