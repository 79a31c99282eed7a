/* SPDX-License-Identifier: MIT */
#include "auth.h"

#include <inttypes.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "answer.h"
#include "log.h"
#include "verify.h"

#define DISPATCH_TOKEN_BYTES_MAX 1024

struct auth {
    struct verifier *verifier;                   /* NULL: no secret */
    bool has_dispatch_token;                     /* it is asked for */
    uint8_t dispatch_digest[SHA256_DIGEST_SIZE]; /* of the dispatch token, which is not kept itself */
    uint64_t signatures_total;                   /* of verifiers that are gone */
    uint64_t results_total[VERIFY_RESULTS]; /* of polls; nothing is counted while tokens are not verified */
    uint64_t dispatches_refused_total;      /* requests with a wrong dispatch token, or none */
};

/* ---- Secrets ---- */

static bool is_visible(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    return true;
}

static int replace_verifier(struct auth *auth, const void *secret, size_t secret_bytes)
{
    struct verifier *verifier = NULL;
    int error = secret ? warmstart_verifier_new(secret, secret_bytes, &verifier) : 0;
    if (error < 0)
        return error;
    if (auth->verifier)
        auth->signatures_total += warmstart_verifier_signatures(auth->verifier);
    warmstart_verifier_free(auth->verifier);
    auth->verifier = verifier;
    return 0;
}

static void digest(const void *bytes, size_t bytes_len, uint8_t out[SHA256_DIGEST_SIZE])
{
    struct sha256_ctx hash;
    sha256_init(&hash);
    sha256_update(&hash, bytes_len, bytes);
    sha256_digest(&hash, SHA256_DIGEST_SIZE, out);
    explicit_bzero(&hash, sizeof(hash));
}

int warmstart_http_set_secrets(struct warmstart_http *http, const void *token_secret,
                               size_t token_secret_bytes, const void *dispatch_token,
                               size_t dispatch_token_bytes)
{
    if (!http || (!token_secret && http->options.token_mode != WARMSTART_HTTP_TOKEN_DISABLED))
        return WARMSTART_ERR_INVALID;
    if (dispatch_token && (dispatch_token_bytes == 0 || dispatch_token_bytes > DISPATCH_TOKEN_BYTES_MAX ||
                           !is_visible(dispatch_token, dispatch_token_bytes)))
        return WARMSTART_ERR_INVALID;
    struct auth *auth = http->auth;
    int error = replace_verifier(auth, token_secret, token_secret_bytes);
    if (error < 0)
        return error;
    auth->has_dispatch_token = dispatch_token != NULL;
    if (dispatch_token)
        digest(dispatch_token, dispatch_token_bytes, auth->dispatch_digest);
    return 0;
}

int warmstart_http_auth_new(struct warmstart_http *http)
{
    struct warmstart_http_options *options = &http->options;
    http->auth = calloc(1, sizeof(*http->auth));
    if (!http->auth)
        return WARMSTART_ERR_MEMORY;
    int error = warmstart_http_set_secrets(http, options->token_secret, options->token_secret_bytes,
                                           options->dispatch_token, options->dispatch_token_bytes);
    options->token_secret = NULL;
    options->token_secret_bytes = 0;
    options->dispatch_token = NULL;
    options->dispatch_token_bytes = 0;
    return error;
}

void warmstart_http_auth_free(struct warmstart_http *http)
{
    struct auth *auth = http->auth;
    if (!auth)
        return;
    warmstart_verifier_free(auth->verifier);
    explicit_bzero(auth, sizeof(*auth));
    free(auth);
    http->auth = NULL;
}

/* ---- Supervisors ---- */

/* What stands behind "Bearer " and further spaces. NULL: another scheme, or nothing. */
static const char *bearer_of(const struct trigger_value *authorization, size_t *ret_bytes)
{
    static const char scheme[] = "bearer ";
    const char *text = authorization->text;
    size_t bytes = authorization->bytes;
    size_t at = sizeof(scheme) - 1;
    if (!text || bytes < at || strncasecmp(text, scheme, at) != 0)
        return NULL;
    while (at < bytes && text[at] == ' ')
        at++;
    *ret_bytes = bytes - at;
    return text + at;
}

bool warmstart_http_auth_may_dispatch(struct warmstart_http *http, const struct trigger_value *authorization)
{
    struct auth *auth = http->auth;
    if (!auth->has_dispatch_token)
        return true;
    /* Digests have one length: how long it takes says nothing about the token. */
    uint8_t given[SHA256_DIGEST_SIZE];
    size_t bytes = 0;
    const char *token = bearer_of(authorization, &bytes);
    digest(token ? token : "", bytes, given);
    bool same = memeql_sec(given, auth->dispatch_digest, sizeof(given)) && token;
    if (!same)
        auth->dispatches_refused_total++;
    return same;
}

/* ---- Controllers ---- */

static int64_t wall_time_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}

static const char *refusal_of(enum verify_result result)
{
    switch (result) {
    case VERIFY_VALID:
    case VERIFY_RESULTS:
        break;
    case VERIFY_BARE:
        return "x-trigger-deployment-id: expected a token, not a bare id";
    case VERIFY_MALFORMED:
        return "x-trigger-deployment-id: expected a well-formed token";
    case VERIFY_ALGORITHM:
        return "x-trigger-deployment-id: expected a token that is signed with HS256";
    case VERIFY_SIGNATURE:
        return "x-trigger-deployment-id: expected a token that is signed with this server's secret";
    case VERIFY_FORMAT:
        return "x-trigger-deployment-id: expected a token whose claim 'ver' is 1";
    case VERIFY_EARLY:
        return "x-trigger-deployment-id: expected a token that is valid already";
    case VERIFY_ENDLESS:
        return "x-trigger-deployment-id: expected a token with a claim 'exp'";
    case VERIFY_EXPIRED:
        return "x-trigger-deployment-id: expected a token that has not expired";
    case VERIFY_VERSION:
        return "x-trigger-deployment-version: expected the token's claim 'deployment_version'";
    }
    return NULL;
}

/* Counts a result. NULL: the poll may wait. */
static const char *count(struct warmstart_http *http, enum verify_result result)
{
    http->auth->results_total[result]++;
    return http->options.token_mode == WARMSTART_HTTP_TOKEN_ENFORCE ? refusal_of(result) : NULL;
}

const char *warmstart_http_auth_poll(struct warmstart_http *http, const struct trigger_poll *asked,
                                     const struct headers *headers)
{
    if (http->options.token_mode == WARMSTART_HTTP_TOKEN_DISABLED)
        return NULL;
    const struct trigger_value *version = &headers->fields[TRIGGER_HEADER_VERSION];
    enum verify_result result = VERIFY_BARE;
    if (asked->has_token)
        result = warmstart_verifier_check(http->auth->verifier, &asked->token, version->text, version->bytes,
                                          wall_time_s());
    warmstart_http_log_token(http, asked, warmstart_verify_name(result));
    return count(http, result);
}

enum MHD_Result warmstart_http_auth_answer_bad(struct connection *connection,
                                               const struct trigger_error *error)
{
    struct warmstart_http *http = connection->http;
    if (error->code == TRIGGER_CODE_TOKEN_MALFORMED &&
        http->options.token_mode != WARMSTART_HTTP_TOKEN_DISABLED && count(http, VERIFY_MALFORMED))
        return warmstart_http_answer_refusal(connection, REFUSAL_TOKEN_REFUSED, error->message);
    return warmstart_http_answer_bad(connection, error);
}

/* ---- Metrics ---- */

void warmstart_http_auth_metrics(const struct warmstart_http *http, struct text *text)
{
    const struct auth *auth = http->auth;
    uint64_t signatures = auth->signatures_total;
    if (auth->verifier)
        signatures += warmstart_verifier_signatures(auth->verifier);
    warmstart_http_text_add(text, "# HELP warmstart_http_tokens_total Deployment headers of polls, by what "
                                  "was found.\n# TYPE warmstart_http_tokens_total counter\n");
    for (int result = VERIFY_VALID; result < VERIFY_RESULTS; result++)
        warmstart_http_text_add(text, "warmstart_http_tokens_total{result=\"%s\"} %" PRIu64 "\n",
                                warmstart_verify_name((enum verify_result)result),
                                auth->results_total[result]);
    warmstart_http_text_add(text,
                            "# HELP warmstart_http_token_signatures_total Signatures that were computed; "
                            "other tokens were known.\n"
                            "# TYPE warmstart_http_token_signatures_total counter\n"
                            "warmstart_http_token_signatures_total %" PRIu64 "\n",
                            signatures);
    warmstart_http_text_add(text,
                            "# HELP warmstart_http_dispatches_refused_total Requests without the dispatch "
                            "token.\n# TYPE warmstart_http_dispatches_refused_total counter\n"
                            "warmstart_http_dispatches_refused_total %" PRIu64 "\n",
                            auth->dispatches_refused_total);
}
