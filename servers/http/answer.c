/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dispatch.h"
#include "tls.h"
#include "value.h"

/* Free answers that are kept, at most; each takes less than 1 KB but for a long controller id. */
#define KEPT_MAX 64

static const char controller_header[] = "x-warmstart-controller-id";

struct kept_answer {
    struct kept_answer *next; /* of the free ones */
    struct MHD_Response *response;
};

struct refusal_words {
    const char *name;
    const char *reason; /* HTTP's, for answers that are written without libmicrohttpd */
    unsigned status;
    bool closes; /* the connection is not used any further */
};

static const struct refusal_words words[REFUSALS] = {
    [REFUSAL_HEADER_MISSING] = {"header_missing", "Bad Request", 400, false},
    [REFUSAL_HEADER_INVALID] = {"header_invalid", "Bad Request", 400, false},
    [REFUSAL_TOKEN_MALFORMED] = {"token_malformed", "Bad Request", 400, false},
    [REFUSAL_BODY_MISSING] = {"body_missing", "Bad Request", 400, false},
    [REFUSAL_BODY_INVALID] = {"body_invalid", "Bad Request", 400, false},
    [REFUSAL_TOKEN_REFUSED] = {"token_refused", "Unauthorized", 401, false},
    [REFUSAL_UNAUTHORIZED] = {"unauthorized", "Unauthorized", 401, true},
    [REFUSAL_HEADER_REPEATED] = {"header_repeated", "Bad Request", 400, true},
    [REFUSAL_REQUEST_MALFORMED] = {"request_malformed", "Bad Request", 400, true},
    [REFUSAL_NOT_FOUND] = {"not_found", "Not Found", 404, false},
    [REFUSAL_METHOD_NOT_ALLOWED] = {"method_not_allowed", "Method Not Allowed", 405, false},
    [REFUSAL_BODY_TOO_LARGE] = {"body_too_large", "Content Too Large", 413, true},
    [REFUSAL_HEADERS_TOO_LARGE] = {"headers_too_large", "Request Header Fields Too Large", 431, true},
    [REFUSAL_ENCODING_UNSUPPORTED] = {"encoding_unsupported", "Not Implemented", 501, true},
    [REFUSAL_QUERY_INVALID] = {"query_invalid", "Bad Request", 400, false},
    [REFUSAL_ADMIN_LIMIT] = {"limit", "Service Unavailable", 503, false},
    [REFUSAL_DELIVERY_UNKNOWN] = {"delivery_unknown", "Not Found", 404, false},
    [REFUSAL_DELIVERY_OVER] = {"delivery_over", "Conflict", 409, false},
    [REFUSAL_CONTROLLER_RETIRED] = {"controller_retired", "Service Unavailable", 503, true},
    [REFUSAL_WAITERS_LIMIT] = {"waiters_limit", "Service Unavailable", 503, true},
    [REFUSAL_CONNECTIONS_LIMIT] = {"connections_limit", "Service Unavailable", 503, true},
    [REFUSAL_ADDRESS_LIMIT] = {"address_limit", "Service Unavailable", 503, true},
    [REFUSAL_MEMORY] = {"memory", "Service Unavailable", 503, true},
    [REFUSAL_MEMBER_UNKNOWN] = {"member_unknown", "Bad Request", 400, false},
    [REFUSAL_MEMBER_REPEATED] = {"member_repeated", "Bad Request", 400, false},
    [REFUSAL_MEMBER_MISSING] = {"member_missing", "Bad Request", 400, false},
    [REFUSAL_MEMBER_INVALID] = {"member_invalid", "Bad Request", 400, false},
    [REFUSAL_METADATA... REFUSAL_METADATA_LAST] = {NULL, "Bad Request", 400, false}, /* named by the reason */
    [REFUSAL_METADATA_REFUSED] = {"metadata_refused", "Bad Request", 400, false},
    [REFUSAL_MEDIA_TYPE_UNSUPPORTED] = {"media_type_unsupported", "Unsupported Media Type", 415, true},
    [REFUSAL_SUPERSEDED] = {"superseded", "Conflict", 409, false},
    [REFUSAL_DRAINING] = {"draining", "Service Unavailable", 503, true},
};

const char *warmstart_http_refusal_name(enum refusal refusal)
{
    if (refusal >= REFUSAL_METADATA && refusal <= REFUSAL_METADATA_LAST)
        return warmstart_metadata_reason_name(
            (enum metadata_reason)(refusal - REFUSAL_METADATA + METADATA_REASON_FIELDS));
    return words[refusal].name;
}

/* ---- Made ---- */

/* A response that points to static text, copies it, or takes it, also when it fails. */
static struct MHD_Response *new_json(const char *text, size_t bytes, enum MHD_ResponseMemoryMode mode)
{
    void *buffer = (void *)(uintptr_t)text;
    struct MHD_Response *response = MHD_create_response_from_buffer(bytes, buffer, mode);
    if (!response && mode == MHD_RESPMEM_MUST_FREE)
        free(buffer);
    if (response &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json") != MHD_YES) {
        MHD_destroy_response(response);
        response = NULL;
    }
    return response;
}

/* The whole of an answer as bytes, without what only libmicrohttpd knows. */
static size_t write_refusal(char *out, size_t out_bytes, enum refusal refusal, const char *message)
{
    char body[REFUSAL_MESSAGE_BYTES + 64];
    size_t body_bytes =
        warmstart_trigger_write_error(body, sizeof(body), warmstart_http_refusal_name(refusal), message);
    int bytes = snprintf(out, out_bytes,
                         "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                         "Connection: close\r\n\r\n%.*s",
                         words[refusal].status, words[refusal].reason, body_bytes, (int)body_bytes, body);
    return bytes > 0 && (size_t)bytes < out_bytes ? (size_t)bytes : 0;
}

/* The next request had better come on another connection. */
static bool add_close(struct MHD_Response *response)
{
    return MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
}

/* To the same server, but on a new connection, which whoever is there by then accepts. */
static struct MHD_Response *new_redirect(const char *path)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response && MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, path) == MHD_YES &&
        add_close(response))
        return response;
    if (response)
        MHD_destroy_response(response);
    return NULL;
}

/* Whether the waiter's id can be told: another transport may have taken any bytes. */
static bool is_tellable(const struct warmstart_conn *conn)
{
    return conn && conn->controller_id_bytes > 0 && conn->controller_id_bytes <= TRIGGER_VALUE_BYTES_MAX &&
           !value_has_control(conn->controller_id, conn->controller_id_bytes);
}

/* Header values end where their bytes do, so they need a copy with a zero. */
static bool add_controller(struct MHD_Response *response, const struct warmstart_conn *conn)
{
    char id[TRIGGER_VALUE_BYTES_MAX + 1];
    if (!is_tellable(conn))
        return true;
    memcpy(id, conn->controller_id, conn->controller_id_bytes);
    id[conn->controller_id_bytes] = '\0';
    return MHD_add_response_header(response, controller_header, id) == MHD_YES;
}

static struct MHD_Response *new_generic_outcome(enum post_outcome outcome, uint32_t attempts,
                                                const struct warmstart_conn *conn)
{
    char body[GENERIC_ANSWER_BYTES + 6 * TRIGGER_VALUE_BYTES_MAX];
    bool tellable = is_tellable(conn);
    size_t bytes = warmstart_generic_write_outcome(
        body, outcome == POST_DELIVERED, warmstart_http_post_outcome_name(outcome), attempts,
        /* cppcheck-suppress nullPointer; then nothing is tellable */
        tellable ? conn->controller_id : NULL, tellable ? conn->controller_id_bytes : 0);
    return new_json(body, bytes, MHD_RESPMEM_MUST_COPY);
}

static struct MHD_Response *new_trigger_outcome(bool warm)
{
    size_t bytes;
    const char *text = warmstart_trigger_did_warm_start(warm, &bytes);
    return new_json(text, bytes, MHD_RESPMEM_PERSISTENT);
}

/* The answer to a dispatch. `conn`: who has it; NULL: nobody, or nobody knows. */
static struct MHD_Response *new_outcome(enum dialect dialect, bool warm, enum post_outcome outcome,
                                        uint32_t attempts, const struct warmstart_conn *conn)
{
    char number[16];
    struct MHD_Response *response =
        dialect == DIALECT_GENERIC ? new_generic_outcome(outcome, attempts, conn) : new_trigger_outcome(warm);
    if (!response)
        return NULL;
    snprintf(number, sizeof(number), "%u", attempts);
    const char *name = warmstart_http_post_outcome_name(outcome);
    if (MHD_add_response_header(response, "x-warmstart-outcome", name) != MHD_YES ||
        MHD_add_response_header(response, "x-warmstart-attempts", number) != MHD_YES ||
        !add_controller(response, conn)) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

/* ---- Kept for the next delivery ---- */

static void free_kept(struct kept_answer *kept)
{
    if (kept->response)
        MHD_destroy_response(kept->response);
    free(kept);
}

static struct kept_answer *new_kept(const struct warmstart_conn *conn)
{
    struct kept_answer *kept = malloc(sizeof(*kept));
    if (!kept)
        return NULL;
    kept->response = new_outcome(DIALECT_TRIGGER, true, POST_DELIVERED, 1, conn);
    if (kept->response)
        return kept;
    free_kept(kept);
    return NULL;
}

static bool change_controller(struct MHD_Response *response, const struct warmstart_conn *conn)
{
    const char *former = MHD_get_response_header(response, controller_header);
    return former && MHD_del_response_header(response, controller_header, former) == MHD_YES &&
           add_controller(response, conn);
}

/* One whose header tells of `conn`, whose id can be told. NULL: out of memory. */
static struct kept_answer *take_kept(struct answers *answers, const struct warmstart_conn *conn)
{
    struct kept_answer *kept = answers->kept;
    if (!kept)
        return new_kept(conn);
    answers->kept = kept->next;
    answers->kept_len--;
    if (change_controller(kept->response, conn))
        return kept;
    free_kept(kept);
    return NULL;
}

void warmstart_http_answer_give_back(struct warmstart_http *http, struct kept_answer *kept)
{
    struct answers *answers = &http->answers;
    if (!kept)
        return;
    if (answers->kept_len >= KEPT_MAX) {
        free_kept(kept);
        return;
    }
    kept->next = answers->kept;
    answers->kept = kept;
    answers->kept_len++;
}

/* ---- Ready-made ---- */

/* What each dialect says when no controller was tried. */
static bool new_cold(struct answers *answers)
{
    bool all = true;
    for (int dialect = 0; dialect < DIALECTS; dialect++)
        for (int outcome = 0; outcome < POST_OUTCOMES; outcome++) {
            struct MHD_Response **cold = &answers->cold[dialect][outcome];
            *cold = new_outcome((enum dialect)dialect, false, (enum post_outcome)outcome, 0, NULL);
            all = all && *cold && (outcome != POST_DRAINING || add_close(*cold));
        }
    return all;
}

int warmstart_http_answers_new(struct warmstart_http *http)
{
    static const char healthy[] = "{\"status\":\"ok\"}";
    static const char ready[] = "{\"status\":\"ready\"}";
    static const char draining[] = "{\"status\":\"draining\"}";
    static const char acknowledged[] = "{\"acknowledged\":true}";
    struct answers *answers = &http->answers;
    bool cold = new_cold(answers);
    char connect[TRIGGER_CONNECT_BYTES_MAX];
    size_t connect_bytes = warmstart_trigger_write_connect(connect, http->options.connection_timeout_ms,
                                                           http->options.keepalive_ms);
    answers->connect = new_json(connect, connect_bytes, MHD_RESPMEM_MUST_COPY);
    answers->healthy = new_json(healthy, sizeof(healthy) - 1, MHD_RESPMEM_PERSISTENT);
    answers->ready = new_json(ready, sizeof(ready) - 1, MHD_RESPMEM_PERSISTENT);
    answers->acknowledged = new_json(acknowledged, sizeof(acknowledged) - 1, MHD_RESPMEM_PERSISTENT);
    answers->draining = new_json(draining, sizeof(draining) - 1, MHD_RESPMEM_PERSISTENT);
    answers->elsewhere[DIALECT_TRIGGER] = new_redirect("/warm-start");
    answers->elsewhere[DIALECT_GENERIC] = new_redirect("/v1/wait");
    answers->expired = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    bool all = cold && answers->connect && answers->healthy && answers->ready && answers->draining &&
               answers->acknowledged && answers->elsewhere[DIALECT_TRIGGER] &&
               answers->elsewhere[DIALECT_GENERIC] && answers->expired;
    return all ? 0 : WARMSTART_ERR_MEMORY;
}

void warmstart_http_answers_free(struct warmstart_http *http)
{
    struct answers *answers = &http->answers;
    while (answers->kept) {
        struct kept_answer *kept = answers->kept;
        answers->kept = kept->next;
        free_kept(kept);
    }
    for (int dialect = 0; dialect < DIALECTS; dialect++)
        for (int outcome = 0; outcome < POST_OUTCOMES; outcome++)
            if (answers->cold[dialect][outcome])
                MHD_destroy_response(answers->cold[dialect][outcome]);
    struct MHD_Response *all[] = {answers->acknowledged,
                                  answers->connect,
                                  answers->healthy,
                                  answers->ready,
                                  answers->draining,
                                  answers->expired,
                                  answers->elsewhere[DIALECT_TRIGGER],
                                  answers->elsewhere[DIALECT_GENERIC]};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i])
            MHD_destroy_response(all[i]);
    *answers = (struct answers){0};
}

enum MHD_Result warmstart_http_answer(struct connection *connection, unsigned status,
                                      struct MHD_Response *response)
{
    return MHD_queue_response(connection->mhd, status, response);
}

enum MHD_Result warmstart_http_answer_outcome(struct connection *connection, bool warm,
                                              enum post_outcome outcome, uint32_t attempts,
                                              const struct warmstart_conn *conn)
{
    enum dialect dialect = connection_dialect(connection);
    struct MHD_Response *cold = connection->http->answers.cold[dialect][outcome];
    if (!warm && attempts == 0 && !conn)
        return warmstart_http_answer(connection, MHD_HTTP_OK, cold);
    struct MHD_Response *response = new_outcome(dialect, warm, outcome, attempts, conn);
    if (!response)
        return MHD_NO;
    if (warmstart_http_takes_no_runs(connection->http))
        (void)add_close(response);
    enum MHD_Result result = warmstart_http_answer(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result warmstart_http_answer_delivered(struct connection *connection, uint32_t attempts,
                                                const struct warmstart_conn *conn,
                                                struct kept_answer **ret_kept)
{
    struct warmstart_http *http = connection->http;
    bool usual = connection_dialect(connection) == DIALECT_TRIGGER && attempts == 1 && is_tellable(conn) &&
                 !warmstart_http_takes_no_runs(http);
    *ret_kept = usual ? take_kept(&http->answers, conn) : NULL;
    if (!*ret_kept)
        return warmstart_http_answer_outcome(connection, true, POST_DELIVERED, attempts, conn);
    return warmstart_http_answer(connection, MHD_HTTP_OK, (*ret_kept)->response);
}

enum MHD_Result warmstart_http_answer_text(struct connection *connection, struct text *text)
{
    struct MHD_Response *response = NULL;
    if (text->failed) {
        free(text->data);
        return warmstart_http_answer_refusal(connection, REFUSAL_MEMORY, "out of memory");
    }
    response = new_json(text->data, text->bytes, MHD_RESPMEM_MUST_FREE);
    if (!response)
        return MHD_NO;
    enum MHD_Result result = warmstart_http_answer(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- Errors ---- */

/* "GET, HEAD, POST" out of enum method. */
static void write_allowed(char out[40], uint8_t allowed)
{
    static const struct {
        uint8_t method;
        const char *name;
    } names[] = {{METHOD_GET, "GET"},
                 {METHOD_HEAD, "HEAD"},
                 {METHOD_POST, "POST"},
                 {METHOD_PUT, "PUT"},
                 {METHOD_DELETE, "DELETE"}};
    size_t length = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!(allowed & names[i].method))
            continue;
        int bytes = snprintf(out + length, 40 - length, "%s%s", length > 0 ? ", " : "", names[i].name);
        length += (size_t)bytes;
    }
}

static bool add_headers(struct MHD_Response *response, const struct connection *connection,
                        enum refusal refusal)
{
    if (refusal == REFUSAL_METHOD_NOT_ALLOWED) {
        char allowed[40];
        write_allowed(allowed, connection->allowed);
        if (MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allowed) != MHD_YES)
            return false;
    }
    if (words[refusal].status == MHD_HTTP_UNAUTHORIZED &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer") != MHD_YES)
        return false;
    return !words[refusal].closes ||
           MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
}

enum MHD_Result warmstart_http_answer_refusal(struct connection *connection, enum refusal refusal,
                                              const char *message)
{
    char body[TRIGGER_ERROR_BYTES_MAX];
    size_t bytes =
        warmstart_trigger_write_error(body, sizeof(body), warmstart_http_refusal_name(refusal), message);
    connection->http->counters.refusals_total[refusal]++;
    struct MHD_Response *response = new_json(body, bytes, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_NO;
    if (add_headers(response, connection, refusal))
        result = MHD_queue_response(connection->mhd, words[refusal].status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result warmstart_http_answer_bad(struct connection *connection, const struct trigger_error *error)
{
    return warmstart_http_answer_refusal(
        connection, (enum refusal)(error->code - TRIGGER_CODE_HEADER_MISSING), error->message);
}

static enum refusal refusal_of(const struct generic_error *error)
{
    switch (error->code) {
    case GENERIC_CODE_BODY_MISSING:
        return REFUSAL_BODY_MISSING;
    case GENERIC_CODE_BODY_INVALID:
        return REFUSAL_BODY_INVALID;
    case GENERIC_CODE_MEMBER_UNKNOWN:
        return REFUSAL_MEMBER_UNKNOWN;
    case GENERIC_CODE_MEMBER_REPEATED:
        return REFUSAL_MEMBER_REPEATED;
    case GENERIC_CODE_MEMBER_MISSING:
        return REFUSAL_MEMBER_MISSING;
    case GENERIC_CODE_MEMBER_INVALID:
        return REFUSAL_MEMBER_INVALID;
    case GENERIC_CODE_METADATA:
        break;
    }
    return (enum refusal)(REFUSAL_METADATA + (error->reason - METADATA_REASON_FIELDS));
}

enum MHD_Result warmstart_http_answer_bad_body(struct connection *connection,
                                               const struct generic_error *error)
{
    return warmstart_http_answer_refusal(connection, refusal_of(error), error->message);
}

enum MHD_Result warmstart_http_answer_early(struct connection *connection, enum refusal refusal,
                                            const char *message)
{
    char text[REFUSAL_MESSAGE_BYTES + 256];
    size_t bytes = write_refusal(text, sizeof(text), refusal, message);
    connection->http->counters.refusals_total[refusal]++;
    connection->unread = true;
    /* Nothing of an earlier answer is left in the way: libmicrohttpd reads no request before that. */
    if (connection->cell->secure)
        warmstart_http_tls_send(connection, text, bytes);
    else
        (void)send(connection->fd, text, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    return MHD_NO;
}

static sa_family_t family_of(int fd)
{
    int family = AF_UNSPEC;
    socklen_t bytes = sizeof(family);
    (void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &bytes);
    return (sa_family_t)family;
}

void warmstart_http_answer_socket(struct warmstart_http *http, int fd, enum refusal refusal)
{
    char text[REFUSAL_MESSAGE_BYTES + 256];
    const char *message = refusal == REFUSAL_ADDRESS_LIMIT
                              ? "this address has as many connections as one may have"
                              : "as many connections are open as may be open";
    size_t bytes = write_refusal(text, sizeof(text), refusal, message);
    http->counters.refusals_total[refusal]++;
    /* With TLS there has been no handshake: nothing can be said. */
    if (!warmstart_http_tls_is_for(http, family_of(fd)))
        (void)send(fd, text, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}
