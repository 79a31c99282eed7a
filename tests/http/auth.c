/* SPDX-License-Identifier: MIT */
/* Who may do what: deployment tokens of polls, the dispatch token of supervisors. */
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "suite.h"

#define SECRET   "a secret that nobody uses"
#define DISPATCH "dispatch-0123456789"

static struct fixture fixture;
static struct client controller;
static struct client supervisor;

static void start(enum warmstart_http_token_mode mode, const char *secret, const char *dispatch)
{
    fixture_init(&fixture);
    fixture.logger.level = WARMSTART_LOG_DEBUG;
    fixture.options.token_mode = mode;
    fixture.options.token_secret = secret;
    fixture.options.token_secret_bytes = secret ? strlen(secret) : 0;
    fixture.options.dispatch_token = dispatch;
    fixture.options.dispatch_token_bytes = dispatch ? strlen(dispatch) : 0;
    fixture_open(&fixture);
    client_connect(&supervisor, &fixture);
    controller.fd = -1;
}

static void open_enforcing(void)
{
    start(WARMSTART_HTTP_TOKEN_ENFORCE, SECRET, NULL);
}

static void open_logging(void)
{
    start(WARMSTART_HTTP_TOKEN_LOG, SECRET, NULL);
}

static void open_disabled(void)
{
    start(WARMSTART_HTTP_TOKEN_DISABLED, NULL, NULL);
}

static void open_guarded(void)
{
    start(WARMSTART_HTTP_TOKEN_DISABLED, NULL, DISPATCH);
}

static void close_all(void)
{
    client_close(&controller);
    client_close(&supervisor);
    fixture_close(&fixture);
}

/* ---- Tokens ---- */

static size_t add_segment(char *out, size_t length, const void *bytes, size_t bytes_len)
{
    struct base64_encode_ctx encoder;
    base64url_encode_init(&encoder);
    length += base64_encode_update(&encoder, out + length, bytes_len, bytes);
    length += base64_encode_final(&encoder, out + length);
    while (out[length - 1] == '=')
        length--;
    return length;
}

/* A token with this header and these claims in its payload. In one of four static buffers. */
static const char *token_of(const char *secret, const char *header, const char *claims)
{
    static char texts[4][1400];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    char payload[700];
    snprintf(payload, sizeof(payload), "{%s}", claims);
    size_t length = add_segment(text, 0, header, strlen(header));
    text[length++] = '.';
    length = add_segment(text, length, payload, strlen(payload));
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct hmac_sha256_ctx hmac;
    hmac_sha256_set_key(&hmac, strlen(secret), (const uint8_t *)secret);
    hmac_sha256_update(&hmac, length, (const uint8_t *)text);
    hmac_sha256_digest(&hmac, sizeof(digest), digest);
    text[length++] = '.';
    length = add_segment(text, length, digest, sizeof(digest));
    text[length] = '\0';
    return text;
}

/* A valid one with this deployment that has so many seconds left. */
static const char *valid_for(const char *deployment, long seconds)
{
    char claims[400];
    snprintf(claims, sizeof(claims),
             "\"ver\":1,\"deployment\":\"%s\",\"deployment_version\":\"20260327.4\",\"exp\":%lld", deployment,
             (long long)time(NULL) + seconds);
    return token_of(SECRET, "{\"alg\":\"HS256\"}", claims);
}

static const struct identity bare = {.deployment = "deployment_1", .version = "20260327.4"};

static struct identity with_token(const char *token)
{
    return (struct identity){.deployment = token, .version = "20260327.4"};
}

static double tokens(const char *result)
{
    char line[100];
    snprintf(line, sizeof(line), "warmstart_http_tokens_total{result=\"%s\"}", result);
    return fixture_metric(&fixture, line);
}

static double signatures(void)
{
    return fixture_metric(&fixture, "warmstart_http_token_signatures_total");
}

/* What a deployment header is taken for, with the header of the answer that says so. */
static void expect_refused(const char *deployment, const char *result)
{
    double before = tokens(result);
    struct identity identity = with_token(deployment);
    struct response response;
    client_connect(&controller, &fixture);
    client_poll(&controller, &identity);
    client_response(&controller, &response);
    ck_assert_msg(response.status == 401, "%s: %d", result, response.status);
    ck_assert_str_eq(response_header(&response, "WWW-Authenticate"), "Bearer");
    ck_assert_str_eq(response_header(&response, "Content-Type"), "application/json");
    ck_assert_ptr_nonnull(strstr(response.body, "{\"error\":{\"code\":\"token_refused\""));
    ck_assert_ptr_null(strstr(response.body, deployment));
    ck_assert_ptr_null(strstr(fixture.log, deployment));
    response_free(&response);
    client_close(&controller);
    ck_assert(tokens(result) == before + 1);
}

/* A run for the bare id reaches whoever is held. */
static void expect_delivery(void)
{
    char *message = message_new(&bare, "run_1", 0);
    client_dispatch(&supervisor, message);
    client_expect_message(&controller, message);
    client_expect(&supervisor, 200, "{\"didWarmStart\":true}");
    free(message);
}

/* ---- Enforce ---- */

START_TEST(a_valid_token_waits_for_its_deployment)
{
    struct identity identity = with_token(valid_for("deployment_1", 3600));
    client_hold(&controller, &fixture, &identity);
    ck_assert(tokens("valid") == 1);
    expect_delivery();
    ck_assert_ptr_null(strstr(fixture.log, identity.deployment));
}
END_TEST

START_TEST(a_valid_token_gets_no_run_of_another_deployment)
{
    struct identity identity = with_token(valid_for("deployment_2", 3600));
    client_hold(&controller, &fixture, &identity);
    char *message = message_new(&bare, "run_1", 0);
    ck_assert(!client_dispatched(&supervisor, message));
    client_expect_silence(&controller);
    free(message);
}
END_TEST

START_TEST(the_same_token_costs_one_signature)
{
    struct identity identity = with_token(valid_for("deployment_1", 3600));
    for (int i = 0; i < 5; i++) {
        client_hold(&controller, &fixture, &identity);
        expect_delivery();
        client_close(&controller);
    }
    ck_assert(tokens("valid") == 5);
    ck_assert(signatures() == 1);
}
END_TEST

START_TEST(what_is_no_valid_token_is_401)
{
    static const char claims[] =
        "\"ver\":1,\"deployment\":\"d\",\"deployment_version\":\"20260327.4\",\"exp\":"
        "2000000000";
    expect_refused("deployment_1", "bare");
    expect_refused("a.b", "malformed");
    expect_refused("a.b.c.d", "malformed");
    expect_refused("e30.e30.e30", "malformed");
    expect_refused(token_of("another", "{\"alg\":\"HS256\"}", claims), "signature");
    expect_refused(token_of(SECRET, "{\"alg\":\"none\"}", claims), "algorithm");
    expect_refused(token_of(SECRET, "{\"alg\":\"RS256\"}", claims), "algorithm");
    expect_refused(token_of(SECRET, "{\"alg\":\"HS512\"}", claims), "algorithm");
    expect_refused(token_of(SECRET, "[]", claims), "malformed");
    expect_refused(valid_for("deployment_1", 0), "expired");
    expect_refused(valid_for("deployment_1", -3600), "expired");
    expect_refused(token_of(SECRET, "{\"alg\":\"HS256\"}", "\"deployment\":\"d\",\"exp\":2000000000"),
                   "format");
    expect_refused(token_of(SECRET, "{\"alg\":\"HS256\"}",
                            "\"ver\":1,\"deployment\":\"d\",\"deployment_version\":\"20260327.4\""),
                   "endless");
    expect_refused(
        token_of(SECRET, "{\"alg\":\"HS256\"}", "\"ver\":1,\"deployment\":\"d\",\"exp\":2000000000"),
        "version");
    ck_assert_uint_eq(fixture_manager_stats(&fixture).registered_total, 0);
    ck_assert(fixture_metric(&fixture, "warmstart_http_errors_total{code=\"token_refused\"}") == 14);
}
END_TEST

START_TEST(the_version_header_must_be_the_token_s)
{
    struct identity identity = {.deployment = valid_for("deployment_1", 3600), .version = "20260327.5"};
    client_connect(&controller, &fixture);
    client_poll(&controller, &identity);
    client_expect_error(&controller, 401, "token_refused", "x-trigger-deployment-version");
    ck_assert(tokens("version") == 1);
}
END_TEST

START_TEST(a_token_with_one_byte_changed_is_401_though_the_right_one_is_remembered)
{
    struct identity identity = with_token(valid_for("deployment_1", 3600));
    client_hold(&controller, &fixture, &identity);
    client_close(&controller);
    fixture_wait_held(&fixture, 0);
    char changed[1400];
    for (size_t at = 0; identity.deployment[at]; at += 7) {
        snprintf(changed, sizeof(changed), "%s", identity.deployment);
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        struct identity other = with_token(changed);
        client_connect(&controller, &fixture);
        client_poll(&controller, &other);
        client_expect_error(&controller, 401, "token_refused", NULL);
        client_close(&controller);
    }
    ck_assert(tokens("valid") == 1);
}
END_TEST

START_TEST(a_token_of_16_kib_does_not_wait)
{
    static char token[16385];
    memset(token, 'A', sizeof(token) - 1);
    token[100] = token[200] = '.';
    client_connect(&controller, &fixture);
    client_send_text(&controller, "GET /warm-start HTTP/1.1\r\nHost: x\r\nx-trigger-deployment-id: ");
    client_push(&controller, token, strlen(token));
    client_push(&controller, "\r\n\r\n", 4);
    client_wait_closed(&controller);
    ck_assert_uint_eq(fixture_manager_stats(&fixture).registered_total, 0);
    client_close(&controller);

    token[1100] = '\0';
    struct identity identity = with_token(token);
    client_connect(&controller, &fixture);
    client_poll(&controller, &identity);
    client_expect_error(&controller, 400, "header_invalid", "x-trigger-deployment-id");
}
END_TEST

START_TEST(another_secret_holds_from_now_on_and_held_polls_stay)
{
    struct identity identity = with_token(valid_for("deployment_1", 3600));
    client_hold(&controller, &fixture, &identity);
    ck_assert_int_eq(warmstart_http_set_secrets(fixture.http, "another", 7, NULL, 0), 0);
    struct client late;
    client_connect(&late, &fixture);
    client_poll(&late, &identity);
    client_expect_error(&late, 401, "token_refused", NULL);
    client_close(&late);
    expect_delivery();
    ck_assert(signatures() == 2);
    client_close(&controller);

    ck_assert_int_eq(warmstart_http_set_secrets(fixture.http, SECRET, strlen(SECRET), NULL, 0), 0);
    client_hold(&controller, &fixture, &identity);
    ck_assert(signatures() == 3);
}
END_TEST

START_TEST(a_secret_that_is_none_changes_nothing)
{
    struct identity identity = with_token(valid_for("deployment_1", 3600));
    struct warmstart_http *http = fixture.http;
    static char long_token[1025];
    memset(long_token, 'a', sizeof(long_token));
    ck_assert_int_eq(warmstart_http_set_secrets(http, NULL, 0, NULL, 0), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_set_secrets(http, "x", 0, NULL, 0), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_set_secrets(http, "x", 4097, NULL, 0), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_set_secrets(http, "x", 1, "", 0), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_set_secrets(http, "x", 1, "a b", 3), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_set_secrets(http, "x", 1, "a\n", 2), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_set_secrets(http, "x", 1, "\xc3\xa4", 2), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_set_secrets(http, "x", 1, long_token, 1025), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_http_set_secrets(NULL, "x", 1, NULL, 0), WARMSTART_ERR_INVALID);
    client_hold(&controller, &fixture, &identity);
    expect_delivery();
}
END_TEST

START_TEST(a_mode_that_verifies_needs_a_secret)
{
    struct warmstart_http_options options;
    struct warmstart_http *http = NULL;
    warmstart_http_options_init(&options);
    ck_assert_int_eq(options.token_mode, WARMSTART_HTTP_TOKEN_DISABLED);
    options.token_mode = WARMSTART_HTTP_TOKEN_LOG;
    ck_assert_int_eq(warmstart_http_new(fixture.loop, &options, &http), WARMSTART_ERR_INVALID);
    options.token_mode = WARMSTART_HTTP_TOKEN_ENFORCE;
    ck_assert_int_eq(warmstart_http_new(fixture.loop, &options, &http), WARMSTART_ERR_INVALID);
    options.token_mode = (enum warmstart_http_token_mode)3;
    options.token_secret = "x";
    options.token_secret_bytes = 1;
    ck_assert_int_eq(warmstart_http_new(fixture.loop, &options, &http), WARMSTART_ERR_INVALID);
    ck_assert_ptr_null(http);
}
END_TEST

/* ---- Log and disabled ---- */

START_TEST(logging_counts_and_lets_pass)
{
    struct identity wrong =
        with_token(token_of("another", "{\"alg\":\"none\"}", "\"deployment\":\"deployment_1\""));
    client_hold(&controller, &fixture, &bare);
    expect_delivery();
    client_close(&controller);
    client_hold(&controller, &fixture, &wrong);
    expect_delivery();
    client_close(&controller);
    client_connect(&controller, &fixture);
    struct identity broken = with_token("a.b");
    client_poll(&controller, &broken);
    client_expect_error(&controller, 400, "token_malformed", "x-trigger-deployment-id");
    ck_assert(tokens("bare") == 1);
    ck_assert(tokens("algorithm") == 1);
    ck_assert(tokens("malformed") == 1);
    ck_assert_ptr_nonnull(strstr(fixture.log, "token controller="));
    ck_assert_ptr_nonnull(strstr(fixture.log, "result=algorithm"));
    ck_assert_ptr_null(strstr(fixture.log, wrong.deployment));
}
END_TEST

START_TEST(disabled_neither_verifies_nor_counts)
{
    struct identity wrong = with_token(token_of("another", "{}", "\"deployment\":\"deployment_1\""));
    client_hold(&controller, &fixture, &wrong);
    expect_delivery();
    ck_assert(signatures() == 0);
    ck_assert(tokens("valid") == 0);
    ck_assert(tokens("algorithm") == 0);
}
END_TEST

/* ---- POST /v1/wait ---- */

/* Sends a wait with this token, NULL: none. */
static void send_wait(const char *token, const char *metadata)
{
    char request[2048];
    client_close(&controller);
    client_connect(&controller, &fixture);
    int bytes = snprintf(request, sizeof(request),
                         "POST /v1/wait HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s%s%s"
                         "Content-Length: %zu\r\n\r\n{\"id\":\"c-1\",\"metadata\":%s}",
                         token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "",
                         strlen("{\"id\":\"c-1\",\"metadata\":}") + strlen(metadata), metadata);
    ck_assert(bytes > 0 && (size_t)bytes < sizeof(request));
    client_send(&controller, request, (size_t)bytes);
}

#define OWN "{\"deployment\":\"deployment_1\",\"version\":\"20260327.4\",\"cpu\":1}"

START_TEST(a_wait_with_a_valid_token_and_what_it_is_for_is_held)
{
    send_wait(valid_for("deployment_1", 60), OWN);
    fixture_wait_held(&fixture, 1);
    ck_assert(tokens("valid") == 1);
    ck_assert(signatures() == 1);
    ck_assert_ptr_null(strstr(fixture.log, "eyJ"));
    ck_assert_ptr_nonnull(strstr(fixture.log, "token controller=c-1 result=valid"));
}
END_TEST

START_TEST(a_wait_for_another_deployment_than_its_token_s_is_401)
{
    static const struct {
        const char *metadata;
        const char *result;
        const char *message;
    } waits[] = {
        {"{\"deployment\":\"deployment_2\",\"version\":\"20260327.4\"}", "deployment", "metadata.deployment"},
        {"{\"deployment\":\"deployment_1\",\"version\":\"20260327.5\"}", "version", "metadata.version"},
        {"{\"deployment\":\"deployment_1\"}", "version", "metadata.version"},
        {"{\"version\":\"20260327.4\"}", "deployment", "metadata.deployment"},
        {"{\"deployment\":\"\",\"version\":\"20260327.4\"}", "deployment", "metadata.deployment"},
        {"{\"deployment\":\"deployment_1\",\"version\":20260327.4}", "version", "metadata.version"},
        {"{\"deployment\":{\"friendlyId\":\"deployment_1\"},\"version\":\"20260327.4\"}", "deployment",
         "metadata.deployment"},
        {"{}", "version", "metadata.version"},
    };
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        double before = tokens(waits[i].result);
        send_wait(valid_for("deployment_1", 60), waits[i].metadata);
        client_expect_error(&controller, 401, "token_refused", waits[i].message);
        ck_assert(tokens(waits[i].result) == before + 1);
    }
    ck_assert_uint_eq(fixture_manager_stats(&fixture).registered_total, 0);
}
END_TEST

START_TEST(a_wait_without_a_valid_token_is_401)
{
    send_wait(NULL, OWN);
    client_expect_error(&controller, 401, "token_refused", "authorization: expected Bearer");
    ck_assert(tokens("bare") == 1);
    send_wait("x", OWN);
    client_expect_error(&controller, 401, "token_refused", "authorization: expected a well-formed token");
    ck_assert(tokens("malformed") == 1);
    send_wait(valid_for("deployment_1", -60), OWN);
    client_expect_error(&controller, 401, "token_refused", "authorization: expected a token that has not");
    ck_assert(tokens("expired") == 1);
    const char *foreign = token_of("another secret", "{\"alg\":\"HS256\"}",
                                   "\"ver\":1,\"deployment\":\"deployment_1\","
                                   "\"deployment_version\":\"20260327.4\",\"exp\":99999999999");
    send_wait(foreign, OWN);
    client_expect_error(&controller, 401, "token_refused", "this server's secret");
    ck_assert(tokens("signature") == 1);
    ck_assert_ptr_null(strstr(fixture.log, "eyJ"));
}
END_TEST

START_TEST(a_wait_without_a_token_is_held_while_tokens_are_only_logged)
{
    send_wait(NULL, "{}");
    fixture_wait_held(&fixture, 1);
    ck_assert(tokens("bare") == 1);
}
END_TEST

/* ---- The dispatch token ---- */

/* A POST with this header line and body, as the bytes of the answer. */
static char *answer_to(const char *line, const char *body)
{
    char request[1024];
    struct response response;
    client_close(&supervisor);
    client_connect(&supervisor, &fixture);
    snprintf(request, sizeof(request),
             "POST /warm-start HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", line, strlen(body),
             body);
    client_send_text(&supervisor, request);
    client_response(&supervisor, &response);
    char *answer = NULL;
    ck_assert_int_gt(asprintf(&answer, "%d %s", response.status, response.body), 0);
    if (response.status == 401)
        ck_assert_str_eq(response_header(&response, "WWW-Authenticate"), "Bearer");
    response_free(&response);
    return answer;
}

START_TEST(without_the_dispatch_token_no_run_gets_through)
{
    static const char *const lines[] = {
        "",
        "Authorization: \r\n",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Bearer dispatch-012345678\r\n",
        "Authorization: Bearer dispatch-01234567890\r\n",
        "Authorization: Bearer Dispatch-0123456789\r\n",
        "Authorization: Bearer dispatch-0123456789 x\r\n",
        "Authorization: Bearer \"dispatch-0123456789\"\r\n",
        "Authorization: Basic dispatch-0123456789\r\n",
        "Authorization: dispatch-0123456789\r\n",
        "Authorization: Bearerdispatch-0123456789\r\n",
    };
    client_hold(&controller, &fixture, &bare);
    char *message = message_new(&bare, "run_1", 0);
    char body[800];
    snprintf(body, sizeof(body), "{\"dequeuedMessage\":%s}", message);
    size_t len = sizeof(lines) / sizeof(lines[0]);
    for (size_t i = 0; i < len; i++) {
        char *answer = answer_to(lines[i], body);
        ck_assert_msg(strncmp(answer, "401 {\"error\":{\"code\":\"unauthorized\"", 34) == 0, "%s: %s",
                      lines[i], answer);
        free(answer);
    }
    client_expect_silence(&controller);
    ck_assert(fixture_metric(&fixture, "warmstart_http_dispatches_refused_total") == (double)len);
    char *answer = answer_to("Authorization: Bearer " DISPATCH "\r\n", body);
    ck_assert_str_eq(answer, "200 {\"didWarmStart\":true}");
    client_expect_message(&controller, message);
    free(answer);
    answer = answer_to("authorization: bEARER   " DISPATCH "\r\n", body);
    ck_assert_str_eq(answer, "200 {\"didWarmStart\":false}");
    free(answer);
    free(message);
    ck_assert_ptr_null(strstr(fixture.log, "dispatch-0"));
}
END_TEST

START_TEST(the_answer_to_a_wrong_dispatch_token_does_not_depend_on_the_body)
{
    static const char *const bodies[] = {"", "{", "null", "{\"dequeuedMessage\":{}}", "\xff\xff"};
    char *first = answer_to("Authorization: Bearer x\r\n", "x");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char *answer = answer_to("Authorization: Bearer x\r\n", bodies[i]);
        ck_assert_str_eq(answer, first);
        free(answer);
    }
    static const char *const heads[] = {"Content-Length: 999999999\r\n\r\n",
                                        "Transfer-Encoding: chunked\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        client_close(&supervisor);
        client_connect(&supervisor, &fixture);
        client_send_text(&supervisor, "POST /warm-start HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n");
        client_send_text(&supervisor, heads[i]);
        client_expect(&supervisor, 401, strchr(first, ' ') + 1);
        client_wait_closed(&supervisor);
    }
    ck_assert(fixture_metric(&fixture, "warmstart_http_bodies_refused_total{reason=\"too_large\"}") == 0);
    free(first);
}
END_TEST

START_TEST(the_generic_dialect_asks_for_the_dispatch_token_too)
{
    static const char body[] = "{\"match\":{},\"payload\":1}";
    char request[300];
    for (int right = 0; right < 2; right++) {
        snprintf(request, sizeof(request),
                 "POST /v1/dispatch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                 "Authorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n%s",
                 right ? DISPATCH : "x", sizeof(body) - 1, body);
        client_close(&supervisor);
        client_connect(&supervisor, &fixture);
        client_send_text(&supervisor, request);
        client_expect(&supervisor, right ? 200 : 401, NULL);
    }
    send_wait(NULL, "{}");
    fixture_wait_held(&fixture, 1);
}
END_TEST

START_TEST(two_authorizations_are_refused)
{
    char *answer = answer_to("Authorization: Bearer " DISPATCH "\r\nAuthorization: Bearer x\r\n", "{}");
    ck_assert_int_eq(strncmp(answer, "400 {\"error\":{\"code\":\"header_repeated\"", 37), 0);
    free(answer);
}
END_TEST

START_TEST(admin_calls_ask_for_the_dispatch_token)
{
    static const char *const lines[] = {
        "GET /warm-start/waiters",
        "HEAD /warm-start/waiters",
        "DELETE /warm-start/controllers/c",
        "PUT /warm-start/instances/n/cordon",
        "DELETE /warm-start/instances/n/cordon",
    };
    client_hold(&controller, &fixture, &bare);
    for (size_t i = 0; i < 2 * sizeof(lines) / sizeof(lines[0]); i++) {
        char request[200];
        struct response response;
        snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
                 lines[i / 2], i % 2 ? DISPATCH : "x");
        client_close(&supervisor);
        client_connect(&supervisor, &fixture);
        client_send_text(&supervisor, request);
        client_head(&supervisor, &response);
        ck_assert_msg(response.status == (i % 2 ? 200 : 401), "%s: %d", lines[i / 2], response.status);
        response_free(&response);
    }
}
END_TEST

START_TEST(everything_else_is_open_without_the_dispatch_token)
{
    static const char *const paths[] = {"/connect", "/healthz", "/readyz", "/metrics"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char request[100];
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
        client_send_text(&supervisor, request);
        client_expect(&supervisor, 200, NULL);
    }
    client_hold(&controller, &fixture, &bare);
}
END_TEST

START_TEST(where_no_supervisor_is_served_the_dispatch_token_is_not_asked_for)
{
    struct sockaddr_storage address = fixture_listen(&fixture, "127.0.0.1:0", WARMSTART_HTTP_POLL);
    client_connect_to(&controller, &fixture, &address);
    client_send_text(&controller, "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    client_expect_error(&controller, 405, "method_not_allowed", NULL);
}
END_TEST

START_TEST(the_dispatch_token_can_be_changed_and_dropped)
{
    static const char body[] = "{\"dequeuedMessage\":{}}";
    static const char old[] = "Authorization: Bearer " DISPATCH "\r\n";
    ck_assert_int_eq(warmstart_http_set_secrets(fixture.http, NULL, 0, "new", 3), 0);
    char *answer = answer_to(old, body);
    ck_assert_int_eq(strncmp(answer, "401", 3), 0);
    free(answer);
    answer = answer_to("Authorization: Bearer new\r\n", body);
    ck_assert_int_eq(strncmp(answer, "200", 3), 0);
    free(answer);
    ck_assert_int_eq(warmstart_http_set_secrets(fixture.http, NULL, 0, NULL, 0), 0);
    answer = answer_to("", body);
    ck_assert_int_eq(strncmp(answer, "200", 3), 0);
    free(answer);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name, void (*open)(void))
{
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, open, close_all);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("auth");
    TCase *tcase = add_case(suite, "enforce", open_enforcing);
    tcase_add_test(tcase, a_valid_token_waits_for_its_deployment);
    tcase_add_test(tcase, a_valid_token_gets_no_run_of_another_deployment);
    tcase_add_test(tcase, the_same_token_costs_one_signature);
    tcase_add_test(tcase, what_is_no_valid_token_is_401);
    tcase_add_test(tcase, the_version_header_must_be_the_token_s);
    tcase_add_test(tcase, a_token_with_one_byte_changed_is_401_though_the_right_one_is_remembered);
    tcase_add_test(tcase, a_token_of_16_kib_does_not_wait);
    tcase_add_test(tcase, another_secret_holds_from_now_on_and_held_polls_stay);
    tcase_add_test(tcase, a_secret_that_is_none_changes_nothing);
    tcase_add_test(tcase, a_mode_that_verifies_needs_a_secret);
    tcase_add_test(tcase, a_wait_with_a_valid_token_and_what_it_is_for_is_held);
    tcase_add_test(tcase, a_wait_for_another_deployment_than_its_token_s_is_401);
    tcase_add_test(tcase, a_wait_without_a_valid_token_is_401);
    tcase = add_case(suite, "log", open_logging);
    tcase_add_test(tcase, a_wait_without_a_token_is_held_while_tokens_are_only_logged);
    tcase_add_test(tcase, logging_counts_and_lets_pass);
    tcase = add_case(suite, "disabled", open_disabled);
    tcase_add_test(tcase, disabled_neither_verifies_nor_counts);
    tcase = add_case(suite, "dispatch", open_guarded);
    tcase_add_test(tcase, without_the_dispatch_token_no_run_gets_through);
    tcase_add_test(tcase, the_answer_to_a_wrong_dispatch_token_does_not_depend_on_the_body);
    tcase_add_test(tcase, the_generic_dialect_asks_for_the_dispatch_token_too);
    tcase_add_test(tcase, two_authorizations_are_refused);
    tcase_add_test(tcase, admin_calls_ask_for_the_dispatch_token);
    tcase_add_test(tcase, everything_else_is_open_without_the_dispatch_token);
    tcase_add_test(tcase, where_no_supervisor_is_served_the_dispatch_token_is_not_asked_for);
    tcase_add_test(tcase, the_dispatch_token_can_be_changed_and_dropped);
    return suite_run(suite);
}
