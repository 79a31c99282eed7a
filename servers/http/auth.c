/* SPDX-License-Identifier: MIT */
#include "auth.h"

#include <inttypes.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <stdio.h>
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

/* Where a dialect has a token and what it says beside it. */
struct places {
    const char *token;
    const char *bare; /* what is expected in place of no token */
    const char *version;
    const char *deployment; /* NULL: only in the token */
};

static const struct places poll_places = {
    .token = "x-trigger-deployment-id",
    .bare = "a token, not a bare id",
    .version = "x-trigger-deployment-version",
};

static const struct places wait_places = {
    .token = "authorization",
    .bare = "Bearer and a deployment token",
    .version = "metadata.version",
    .deployment = "metadata.deployment",
};

static const char *expected_of(enum verify_result result)
{
    switch (result) {
    case VERIFY_VALID:
    case VERIFY_BARE:
    case VERIFY_RESULTS:
        break;
    case VERIFY_MALFORMED:
        return "a well-formed token";
    case VERIFY_ALGORITHM:
        return "a token that is signed with HS256";
    case VERIFY_SIGNATURE:
        return "a token that is signed with this server's secret";
    case VERIFY_FORMAT:
        return "a token whose claim 'ver' is 1";
    case VERIFY_EARLY:
        return "a token that is valid already";
    case VERIFY_ENDLESS:
        return "a token with a claim 'exp'";
    case VERIFY_EXPIRED:
        return "a token that has not expired";
    case VERIFY_VERSION:
        return "the token's claim 'deployment_version'";
    case VERIFY_DEPLOYMENT:
        return "the token's claim 'deployment'";
    }
    return "a token";
}

/* Counts a result. False: the poll may not wait, `message` says why. */
static bool judge(struct warmstart_http *http, enum verify_result result, const struct places *places,
                  char message[REFUSAL_MESSAGE_BYTES])
{
    http->auth->results_total[result]++;
    if (result == VERIFY_VALID || http->options.token_mode != WARMSTART_HTTP_TOKEN_ENFORCE)
        return true;
    const char *place = places->token;
    if (result == VERIFY_VERSION)
        place = places->version;
    else if (result == VERIFY_DEPLOYMENT)
        place = places->deployment;
    snprintf(message, REFUSAL_MESSAGE_BYTES, "%s: expected %s", place,
             result == VERIFY_BARE ? places->bare : expected_of(result));
    return false;
}

bool warmstart_http_auth_poll(struct warmstart_http *http, const struct trigger_poll *asked,
                              const struct headers *headers, char message[REFUSAL_MESSAGE_BYTES])
{
    if (http->options.token_mode == WARMSTART_HTTP_TOKEN_DISABLED)
        return true;
    const struct trigger_value *version = &headers->fields[TRIGGER_HEADER_VERSION];
    enum verify_result result = VERIFY_BARE;
    if (asked->has_token)
        result = warmstart_verifier_check(http->auth->verifier, &asked->token, version->text, version->bytes,
                                          wall_time_s());
    warmstart_http_log_token(http, &headers->fields[TRIGGER_HEADER_CONTROLLER],
                             &headers->fields[TRIGGER_HEADER_INSTANCE], warmstart_verify_name(result));
    return judge(http, result, &poll_places, message);
}

/* The value of a field. No bytes: there is none, or it is empty. */
static struct trigger_value field_of(const struct metadata *metadata, const char *name)
{
    size_t bytes = strlen(name);
    for (size_t i = 0; i < metadata->fields_len; i++) {
        const struct warmstart_field *field = &metadata->fields[i];
        if (field->name_bytes == bytes && memcmp(field->name, name, bytes) == 0)
            return (struct trigger_value){field->value, field->value_bytes};
    }
    return (struct trigger_value){"", 0};
}

/* A token is for one version of one deployment, so the metadata has to say both. */
static enum verify_result check_wait(struct warmstart_http *http, const struct metadata *metadata,
                                     const struct trigger_value *authorization)
{
    struct token token;
    size_t bytes = 0;
    const char *text = bearer_of(authorization, &bytes);
    if (!text || bytes == 0)
        return VERIFY_BARE;
    if (warmstart_token_read(text, bytes, &token) != TOKEN_REASON_NONE)
        return VERIFY_MALFORMED;
    struct trigger_value version = field_of(metadata, "version");
    struct trigger_value deployment = field_of(metadata, "deployment");
    enum verify_result result =
        warmstart_verifier_check(http->auth->verifier, &token, version.text, version.bytes, wall_time_s());
    if (result == VERIFY_VALID && (deployment.bytes != token.deployment_bytes ||
                                   memcmp(deployment.text, token.deployment, deployment.bytes) != 0))
        result = VERIFY_DEPLOYMENT;
    return result;
}

bool warmstart_http_auth_wait(struct warmstart_http *http, const struct generic_wait *asked,
                              const struct headers *headers, char message[REFUSAL_MESSAGE_BYTES])
{
    if (http->options.token_mode == WARMSTART_HTTP_TOKEN_DISABLED)
        return true;
    enum verify_result result = check_wait(http, &asked->metadata, &headers->authorization);
    struct trigger_value controller_id = {asked->id, asked->id_bytes};
    struct trigger_value instance = {asked->instance, asked->instance_bytes};
    warmstart_http_log_token(http, &controller_id, &instance, warmstart_verify_name(result));
    return judge(http, result, &wait_places, message);
}

enum MHD_Result warmstart_http_auth_answer_bad(struct connection *connection,
                                               const struct trigger_error *error)
{
    struct warmstart_http *http = connection->http;
    char message[REFUSAL_MESSAGE_BYTES];
    if (error->code == TRIGGER_CODE_TOKEN_MALFORMED &&
        http->options.token_mode != WARMSTART_HTTP_TOKEN_DISABLED &&
        !judge(http, VERIFY_MALFORMED, &poll_places, message))
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
    warmstart_http_text_add(text, "# HELP warmstart_http_tokens_total Deployment tokens of polls, by what "
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
