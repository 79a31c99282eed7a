/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdlib.h>
#include <string.h>
#include <warmstart/warmstart.h>

#include "json.h"

#define WAYS            4 /* places that a token may have */
#define SETS            (VERIFY_REMEMBERED_MAX / WAYS)
#define SIGNATURE_CHARS 43 /* base64url of 32 bytes, without padding */
#define FORMAT          "1"
#define ALGORITHM       "HS256"

/* A token whose signature, algorithm and format were right, and that had begun. */
struct remembered {
    size_t bytes;
    char text[];
};

struct verifier {
    struct hmac_sha256_ctx keyed;        /* the secret as HMAC needs it; copied for each signature */
    struct remembered *sets[SETS][WAYS]; /* the last used first; after a NULL only NULLs */
    size_t remembered;                   /* in all sets */
    uint64_t signatures;                 /* computed */
};

int warmstart_verifier_new(const void *secret, size_t secret_bytes, struct verifier **ret_verifier)
{
    if (!secret || secret_bytes == 0 || secret_bytes > VERIFY_SECRET_BYTES_MAX)
        return WARMSTART_ERR_INVALID;
    struct verifier *verifier = calloc(1, sizeof(*verifier));
    if (!verifier)
        return WARMSTART_ERR_MEMORY;
    hmac_sha256_set_key(&verifier->keyed, secret_bytes, secret);
    *ret_verifier = verifier;
    return 0;
}

static void forget(struct verifier *verifier, struct remembered *remembered)
{
    explicit_bzero(remembered->text, remembered->bytes);
    free(remembered);
    verifier->remembered--;
}

void warmstart_verifier_free(struct verifier *verifier)
{
    if (!verifier)
        return;
    for (size_t set = 0; set < SETS; set++)
        for (size_t way = 0; way < WAYS && verifier->sets[set][way]; way++)
            forget(verifier, verifier->sets[set][way]);
    explicit_bzero(verifier, sizeof(*verifier));
    free(verifier);
}

uint64_t warmstart_verifier_signatures(const struct verifier *verifier)
{
    return verifier->signatures;
}

size_t warmstart_verifier_remembered(const struct verifier *verifier)
{
    return verifier->remembered;
}

/* ---- Remembering ---- */

/* A token's three segments with their dots. */
static size_t text_bytes(const struct token *token)
{
    return token->signed_part_bytes + 1 + token->signature_bytes;
}

/*
 * Where a token may be. Only right signatures get in, and they are as good as random: so they are their own
 * hash. Who looks for another one in the same set costs a few comparisons.
 */
static struct remembered **set_of(struct verifier *verifier, const struct token *token)
{
    uint64_t word;
    memcpy(&word, token->signature, sizeof(word));
    return verifier->sets[(word * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (SETS - 1)];
}

/* Puts an entry to the front of its set, from where it was. */
static void move_to_front(struct remembered **set, size_t way)
{
    struct remembered *found = set[way];
    memmove(set + 1, set, way * sizeof(*set));
    set[0] = found;
}

/* 1: this very token was right before. Its last byte is compared as its first is, in the same time. */
static int is_remembered(struct verifier *verifier, const struct token *token)
{
    struct remembered **set = set_of(verifier, token);
    size_t bytes = text_bytes(token);
    for (size_t way = 0; way < WAYS && set[way]; way++) {
        if (set[way]->bytes == bytes && memeql_sec(set[way]->text, token->signed_part, bytes)) {
            move_to_front(set, way);
            return 1;
        }
    }
    return 0;
}

/* In place of the one in the set that was not used for longest. Without memory it is verified again. */
static void remember(struct verifier *verifier, const struct token *token)
{
    struct remembered **set = set_of(verifier, token);
    size_t bytes = text_bytes(token);
    struct remembered *remembered = malloc(sizeof(*remembered) + bytes);
    if (!remembered)
        return;
    remembered->bytes = bytes;
    memcpy(remembered->text, token->signed_part, bytes);
    if (set[WAYS - 1])
        forget(verifier, set[WAYS - 1]);
    set[WAYS - 1] = remembered;
    move_to_front(set, WAYS - 1);
    verifier->remembered++;
}

/* An expired one is of no use any more. */
static void forget_token(struct verifier *verifier, const struct token *token)
{
    struct remembered **set = set_of(verifier, token);
    if (!is_remembered(verifier, token))
        return;
    forget(verifier, set[0]);
    memmove(set, set + 1, (WAYS - 1) * sizeof(*set));
    set[WAYS - 1] = NULL;
}

/* ---- Checks ---- */

static int is_text(const struct json_span *span, const char *expected)
{
    char text[16];
    size_t bytes;
    return span->kind == JSON_KIND_STRING && warmstart_json_decode(span, text, sizeof(text), &bytes) &&
           bytes == strlen(expected) && memcmp(text, expected, bytes) == 0;
}

/* The header: the algorithm is ours to say, not the token's. */
static enum verify_result check_header(const struct token *token)
{
    enum { NODE_HEADER = 0, NODE_ALGORITHM, NODE_CRITICAL, NODES };
    static const struct json_node nodes[NODES] = {
        [NODE_HEADER] = {.child = NODE_ALGORITHM, .children = 2},
        [NODE_ALGORITHM] = {JSON_KEY("alg")},
        [NODE_CRITICAL] = {JSON_KEY("crit")},
    };
    struct json_span spans[NODES];
    struct json_failure failure;
    uint8_t header[TOKEN_SEGMENT_BYTES_MAX];
    size_t bytes;
    const char *dot = memchr(token->signed_part, '.', token->signed_part_bytes);
    if (!dot ||
        !warmstart_token_segment(token->signed_part, (size_t)(dot - token->signed_part), header, &bytes) ||
        !warmstart_json_scan((const char *)header, bytes, nodes, NODES, spans, &failure))
        return VERIFY_MALFORMED;
    /* What `crit` names has to be understood, and none of it is. */
    if (!is_text(&spans[NODE_ALGORITHM], ALGORITHM) || spans[NODE_CRITICAL].kind != JSON_KIND_NONE)
        return VERIFY_ALGORITHM;
    return VERIFY_VALID;
}

/* Compares as text: so a signature has one spelling only. */
static enum verify_result check_signature(struct verifier *verifier, const struct token *token)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    char expected[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE)];
    struct hmac_sha256_ctx hmac = verifier->keyed;
    hmac_sha256_update(&hmac, token->signed_part_bytes, (const uint8_t *)token->signed_part);
    hmac_sha256_digest(&hmac, sizeof(digest), digest);
    struct base64_encode_ctx encoder;
    base64url_encode_init(&encoder);
    size_t bytes = base64_encode_update(&encoder, expected, sizeof(digest), digest);
    base64_encode_final(&encoder, expected + bytes);
    verifier->signatures++;
    int same =
        token->signature_bytes == SIGNATURE_CHARS && memeql_sec(expected, token->signature, SIGNATURE_CHARS);
    explicit_bzero(digest, sizeof(digest));
    explicit_bzero(expected, sizeof(expected));
    explicit_bzero(&hmac, sizeof(hmac));
    return same ? VERIFY_VALID : VERIFY_SIGNATURE;
}

/* The claims that do not get wrong any more once they were right. */
static enum verify_result check_claims(const struct token *token, int64_t now_s)
{
    enum { NODE_PAYLOAD = 0, NODE_FORMAT, NODE_BEGIN, NODES };
    static const struct json_node nodes[NODES] = {
        [NODE_PAYLOAD] = {.child = NODE_FORMAT, .children = 2},
        [NODE_FORMAT] = {JSON_KEY("ver")},
        [NODE_BEGIN] = {JSON_KEY("nbf")},
    };
    struct json_span spans[NODES];
    struct json_failure failure;
    uint8_t payload[TOKEN_SEGMENT_BYTES_MAX];
    size_t bytes;
    int64_t begin_s = 0;
    const char *dot = memchr(token->signed_part, '.', token->signed_part_bytes);
    if (!dot ||
        !warmstart_token_segment(dot + 1, (size_t)(token->signature - 1 - (dot + 1)), payload, &bytes) ||
        !warmstart_json_scan((const char *)payload, bytes, nodes, NODES, spans, &failure))
        return VERIFY_MALFORMED;
    const struct json_span *format = &spans[NODE_FORMAT];
    if (format->kind != JSON_KIND_NUMBER || format->bytes != strlen(FORMAT) ||
        memcmp(format->start, FORMAT, format->bytes) != 0)
        return VERIFY_FORMAT;
    if (spans[NODE_BEGIN].kind != JSON_KIND_NONE &&
        (!warmstart_token_seconds(&spans[NODE_BEGIN], &begin_s) || now_s < begin_s))
        return VERIFY_EARLY;
    return VERIFY_VALID;
}

/* Everything that need not be looked at again when the same bytes come back. */
static enum verify_result check_once(struct verifier *verifier, const struct token *token, int64_t now_s)
{
    if (token->signature_bytes == SIGNATURE_CHARS && is_remembered(verifier, token))
        return VERIFY_VALID;
    enum verify_result result = check_header(token);
    if (result == VERIFY_VALID)
        result = check_signature(verifier, token);
    if (result == VERIFY_VALID)
        result = check_claims(token, now_s);
    if (result == VERIFY_VALID && token->has_expiry && now_s < token->expires_at_s)
        remember(verifier, token);
    return result;
}

enum verify_result warmstart_verifier_check(struct verifier *verifier, const struct token *token,
                                            const char *version, size_t version_bytes, int64_t now_s)
{
    enum verify_result result = check_once(verifier, token, now_s);
    if (result != VERIFY_VALID)
        return result;
    if (!token->has_expiry)
        return VERIFY_ENDLESS;
    if (now_s >= token->expires_at_s) {
        forget_token(verifier, token);
        return VERIFY_EXPIRED;
    }
    if (token->version_bytes == 0 || token->version_bytes != version_bytes ||
        memcmp(token->version, version, version_bytes) != 0)
        return VERIFY_VERSION;
    return VERIFY_VALID;
}

/* ---- Words ---- */

const char *warmstart_verify_name(enum verify_result result)
{
    static const char *const names[VERIFY_RESULTS] = {
        [VERIFY_VALID] = "valid",           [VERIFY_BARE] = "bare",
        [VERIFY_MALFORMED] = "malformed",   [VERIFY_ALGORITHM] = "algorithm",
        [VERIFY_SIGNATURE] = "signature",   [VERIFY_FORMAT] = "format",
        [VERIFY_EARLY] = "early",           [VERIFY_ENDLESS] = "endless",
        [VERIFY_EXPIRED] = "expired",       [VERIFY_VERSION] = "version",
        [VERIFY_DEPLOYMENT] = "deployment",
    };
    return names[result];
}
