/* SPDX-License-Identifier: MIT */
/*
 * What libmicrohttpd 0.9.75 answers by itself, in its own words and as HTML, before we are asked:
 *
 *   400  a request line without a version, a header line without a colon, a Content-Length that is no number
 *        (one with a space behind it too; the head of this answer is sent twice), broken chunks
 *   413  a Content-Length or a chunk of more than 64 bits
 *   414, 431  a request line or headers that do not fit into its memory, warmstart_http_memory_bytes()
 *   505  HTTP/0.x, HTTP/2.0 and above
 *
 * A request line without a target is closed without an answer. All of these close the connection.
 */
#include "request.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin.h"
#include "answer.h"
#include "auth.h"
#include "body.h"
#include "cell.h"
#include "deadline.h"
#include "dispatch.h"
#include "generic_request.h"
#include "headers.h"
#include "held_poll.h"
#include "pages.h"
#include "turns.h"
#include "waiters.h"

/* What libmicrohttpd's memory needs for each header beside its text, and must have left for what follows. */
#define ENTRY_BYTES      64
#define SPARE_BYTES      512  /* the head of an answer */
#define SPARE_BODY_BYTES 1024 /* the same with a controller's id in it, and before that a piece of the body */

/* ---- Routes ---- */

struct page {
    const char *path;
    const char *rest; /* NULL: `path` is all of it; else what follows a name behind `path` */
    enum route route;
    uint8_t roles;            /* listeners that serve it */
    uint8_t methods_poll;     /* where controllers are served */
    uint8_t methods_dispatch; /* where supervisors are served */
    uint8_t methods_guarded;  /* that ask for the dispatch token */
};

/* No HEAD /warm-start: it would take a run away and throw it away. */
static const struct page pages[] = {
    {"/warm-start", NULL, ROUTE_WARM_START, WARMSTART_HTTP_ALL, METHOD_GET, METHOD_POST, METHOD_POST},
    {"/warm-start/ack/", "", ROUTE_ACK, WARMSTART_HTTP_POLL, METHOD_POST, 0, 0},
    {"/v1/wait", NULL, ROUTE_WAIT, WARMSTART_HTTP_POLL, METHOD_POST, 0, 0},
    {"/v1/dispatch", NULL, ROUTE_DISPATCH, WARMSTART_HTTP_DISPATCH, 0, METHOD_POST, METHOD_POST},
    {"/connect", NULL, ROUTE_CONNECT, WARMSTART_HTTP_POLL, METHOD_GET | METHOD_HEAD, 0, 0},
    {"/healthz", NULL, ROUTE_HEALTHZ, WARMSTART_HTTP_ALL, METHOD_GET | METHOD_HEAD, METHOD_GET | METHOD_HEAD,
     0},
    {"/readyz", NULL, ROUTE_READYZ, WARMSTART_HTTP_ALL, METHOD_GET | METHOD_HEAD, METHOD_GET | METHOD_HEAD,
     0},
    {"/metrics", NULL, ROUTE_METRICS, WARMSTART_HTTP_DISPATCH, 0, METHOD_GET | METHOD_HEAD, 0},
    {"/warm-start/waiters", NULL, ROUTE_WAITERS, WARMSTART_HTTP_DISPATCH, 0, METHOD_GET | METHOD_HEAD,
     METHOD_GET | METHOD_HEAD},
    {"/warm-start/controllers/", "", ROUTE_CONTROLLER, WARMSTART_HTTP_DISPATCH, 0, METHOD_DELETE,
     METHOD_DELETE},
    {"/warm-start/instances/", "/cordon", ROUTE_CORDON, WARMSTART_HTTP_DISPATCH, 0,
     METHOD_PUT | METHOD_DELETE, METHOD_PUT | METHOD_DELETE},
};

static enum method method_of(const char *name)
{
    if (strcmp(name, "GET") == 0)
        return METHOD_GET;
    if (strcmp(name, "POST") == 0)
        return METHOD_POST;
    if (strcmp(name, "HEAD") == 0)
        return METHOD_HEAD;
    if (strcmp(name, "PUT") == 0)
        return METHOD_PUT;
    if (strcmp(name, "DELETE") == 0)
        return METHOD_DELETE;
    return METHOD_OTHER;
}

/* The path of a target in absolute form, as proxies get it; other targets as they are. */
static const char *path_of(const char *target)
{
    size_t scheme_bytes = 0;
    if (target[0] == '/')
        return target;
    if (strncasecmp(target, "http://", 7) == 0)
        scheme_bytes = 7;
    else if (strncasecmp(target, "https://", 8) == 0)
        scheme_bytes = 8;
    if (scheme_bytes == 0)
        return target;
    const char *path = strchr(target + scheme_bytes, '/');
    return path ? path : "/";
}

/* Is this the page's path? The name in it, if the page has one, is stored. */
static bool is_path_of(const struct page *page, const char *path, struct trigger_value *ret_name)
{
    if (!page->rest)
        return strcmp(page->path, path) == 0;
    size_t before = strlen(page->path), behind = strlen(page->rest), all = strlen(path);
    if (all <= before + behind || strncmp(page->path, path, before) != 0 ||
        strcmp(path + all - behind, page->rest) != 0)
        return false;
    *ret_name = (struct trigger_value){path + before, all - before - behind};
    return true;
}

/* The name in the path of a route that has one. */
static struct trigger_value name_in(const struct connection *connection, const char *target)
{
    struct trigger_value name = {NULL, 0};
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        if (pages[i].rest && pages[i].route == connection->route)
            is_path_of(&pages[i], path_of(target), &name);
    return name;
}

static void find_route(struct connection *connection, const char *target, const char *method)
{
    const char *path = path_of(target);
    connection->route = ROUTE_NONE;
    connection->method = (uint8_t)method_of(method);
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct trigger_value name;
        if (!(pages[i].roles & connection->role) || !is_path_of(&pages[i], path, &name))
            continue;
        connection->route = (uint8_t)pages[i].route;
        connection->allowed = 0;
        if (connection->role & WARMSTART_HTTP_POLL)
            connection->allowed |= pages[i].methods_poll;
        if (connection->role & WARMSTART_HTTP_DISPATCH)
            connection->allowed |= pages[i].methods_dispatch;
        connection->guarded = connection->allowed & connection->method & pages[i].methods_guarded;
        return;
    }
}

/* Does the body of this request mean something? */
static bool takes_body(const struct connection *connection)
{
    return (connection->route == ROUTE_WARM_START || connection->route == ROUTE_WAIT ||
            connection->route == ROUTE_DISPATCH) &&
           connection->method == METHOD_POST && (connection->allowed & METHOD_POST);
}

/* Controllers have less to say than supervisors, and are trusted less. */
static size_t body_bytes_max(const struct connection *connection)
{
    size_t max = connection->http->options.body_bytes_max;
    return connection->route == ROUTE_WAIT && max > WAIT_BODY_BYTES_MAX ? WAIT_BODY_BYTES_MAX : max;
}

/* ---- The first call: before the body ---- */

/* Why a request is refused; NULL message: it is not. */
struct verdict {
    enum refusal refusal;
    const char *message;
};

static const struct verdict fine;

/* Content-Length, which libmicrohttpd has checked to be digits that fit. */
static uint64_t announced_bytes(const struct trigger_value *value)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < value->bytes; i++)
        bytes = bytes * 10 + (uint64_t)(value->text[i] - '0');
    return bytes;
}

/*
 * What could make two servers on the way see two different requests is refused: repeated or contradictory
 * lengths, hidden or folded headers.
 */
static struct verdict judge_framing(const struct headers *headers)
{
    bool chunked = headers->transfer_encoding.text != NULL;
    if (!headers->intact)
        return (struct verdict){REFUSAL_REQUEST_MALFORMED,
                                "a NUL byte, a space, a bare CR or a folded line where a request has none"};
    if (!headers->host.text && !headers->http_1_0)
        return (struct verdict){REFUSAL_REQUEST_MALFORMED, "the header host is missing"};
    if (chunked && (headers->content_length.text || headers->http_1_0))
        return (struct verdict){REFUSAL_REQUEST_MALFORMED,
                                "transfer-encoding with content-length or in HTTP/1.0"};
    /* The whole text, as libmicrohttpd compares it: a space behind it would make it another one. */
    if (chunked && strcasecmp(headers->transfer_encoding.text, "chunked") != 0)
        return (struct verdict){REFUSAL_ENCODING_UNSUPPORTED,
                                "transfer-encoding is chunked, or there is none"};
    return fine;
}

static struct verdict judge_header_size(const struct connection *connection, const struct headers *headers,
                                        bool has_body)
{
    const struct warmstart_http_options *options = &connection->http->options;
    size_t memory = headers->header_bytes + headers->copied_bytes + headers->entries * ENTRY_BYTES +
                    (has_body ? SPARE_BODY_BYTES : SPARE_BYTES);
    if (headers->header_bytes > options->header_bytes_max || memory > warmstart_http_memory_bytes(options))
        return (struct verdict){REFUSAL_HEADERS_TOO_LARGE,
                                "the request line and headers are too large, or too many"};
    return fine;
}

/* Before anything that the body could tell. */
static struct verdict judge_sender(const struct connection *connection, const struct headers *headers)
{
    if (connection->guarded && !warmstart_http_auth_may_dispatch(connection->http, &headers->authorization))
        return (struct verdict){REFUSAL_UNAUTHORIZED,
                                "authorization: expected Bearer and this server's dispatch token"};
    return fine;
}

static struct verdict judge_body_size(const struct connection *connection)
{
    if (connection->announced > body_bytes_max(connection))
        return (struct verdict){REFUSAL_BODY_TOO_LARGE, "the body is larger than is taken"};
    return fine;
}

static struct verdict judge_route(const struct connection *connection)
{
    if (connection->route == ROUTE_NONE)
        return (struct verdict){REFUSAL_NOT_FOUND, "no such path here"};
    if (!(connection->allowed & connection->method))
        return (struct verdict){REFUSAL_METHOD_NOT_ALLOWED, "the path has no such method here"};
    return fine;
}

/* A browser asks before it sends this type to another site: so no page can post to a broker behind its back. */
static struct verdict judge_type(const struct connection *connection, const struct headers *headers)
{
    static const char json[] = "application/json";
    const struct trigger_value *type = &headers->content_type;
    size_t bytes = sizeof(json) - 1;
    if (!takes_body(connection) || connection_dialect(connection) != DIALECT_GENERIC)
        return fine;
    if (type->bytes >= bytes && strncasecmp(type->text, json, bytes) == 0 &&
        (type->bytes == bytes || strchr("; \t", type->text[bytes])))
        return fine;
    return (struct verdict){REFUSAL_MEDIA_TYPE_UNSUPPORTED, "content-type: expected application/json"};
}

static enum MHD_Result refuse_repeated(struct connection *connection, const char *name)
{
    char message[REFUSAL_MESSAGE_BYTES];
    snprintf(message, sizeof(message), "the header %s is there twice", name);
    return warmstart_http_answer_refusal(connection, REFUSAL_HEADER_REPEATED, message);
}

static enum MHD_Result begin(struct connection *connection, const char *target, const char *method,
                             const char *version)
{
    if (connection->confirming && !warmstart_http_confirm_read(connection))
        return MHD_NO;
    const struct headers *headers = warmstart_http_headers_read(connection, method, target, version);
    connection->announced = headers->content_length.text ? announced_bytes(&headers->content_length) : 0;
    find_route(connection, target, method);
    bool has_body = connection->announced > 0 || headers->transfer_encoding.text;

    /* An answer now keeps libmicrohttpd from reading the body and makes it close the connection. */
    if (headers->repeated) {
        connection->unread = true;
        return refuse_repeated(connection, headers->repeated);
    }
    struct verdict verdict = judge_framing(headers);
    if (!verdict.message)
        verdict = judge_header_size(connection, headers, has_body);
    if (!verdict.message)
        verdict = judge_sender(connection, headers);
    if (!verdict.message)
        verdict = judge_body_size(connection);
    /* Without a body an unknown path is no reason to close, so that is answered in the final call. */
    if (!verdict.message && has_body)
        verdict = judge_route(connection);
    if (!verdict.message && has_body)
        verdict = judge_type(connection, headers);
    if (!verdict.message) {
        if (has_body)
            link_insert_before(&connection->cell->uploads, &connection->uploading);
        return MHD_YES;
    }
    connection->unread = true;
    return warmstart_http_answer_refusal(connection, verdict.refusal, verdict.message);
}

/* ---- The body and the final call ---- */

static enum MHD_Result take_body(struct connection *connection, const char *upload, size_t bytes)
{
    struct warmstart_http *http = connection->http;
    if (bytes > body_bytes_max(connection) - connection->received)
        return warmstart_http_answer_early(connection, REFUSAL_BODY_TOO_LARGE,
                                           "the body is larger than is taken");
    connection->received += bytes;
    /* A GET's body means nothing. */
    if (!takes_body(connection))
        return MHD_YES;
    /* Memory for what a controller only announces is not set aside, and it takes nothing from supervisors. */
    bool is_run = connection->route != ROUTE_WAIT;
    int error = warmstart_http_body_append(http, &connection->body, is_run ? connection->announced : 0,
                                           is_run, upload, bytes);
    if (error == 0)
        return MHD_YES;
    return warmstart_http_answer_early(connection, REFUSAL_MEMORY,
                                       error == WARMSTART_ERR_LIMIT
                                           ? "as many bytes of bodies are in memory as there may be"
                                           : "out of memory");
}

static bool looks_at_every_waiter(const struct connection *connection)
{
    return connection->route == ROUTE_WAITERS || connection->route == ROUTE_CORDON;
}

static enum MHD_Result finish(struct connection *connection, const char *target, const char *method,
                              const char *version)
{
    link_remove(&connection->uploading);
    struct verdict verdict = judge_route(connection);
    if (verdict.message)
        return warmstart_http_answer_refusal(connection, verdict.refusal, verdict.message);
    enum MHD_Result result;
    if (looks_at_every_waiter(connection) && !warmstart_http_turn_has_come(connection, &result))
        return result;
    struct warmstart_http *http = connection->http;
    struct trigger_value name = name_in(connection, target);
    switch ((enum route)connection->route) {
    case ROUTE_WARM_START:
        if (connection->method == METHOD_POST)
            return warmstart_http_dispatch_begin(connection, method, target, version);
        return warmstart_http_poll_begin(connection, method, target, version);
    case ROUTE_CONNECT:
        return warmstart_http_answer(connection, MHD_HTTP_OK, http->answers.connect);
    case ROUTE_HEALTHZ:
        return warmstart_http_answer(connection, MHD_HTTP_OK, http->answers.healthy);
    case ROUTE_READYZ:
        return warmstart_http_page_ready(connection);
    case ROUTE_METRICS:
        return warmstart_http_page_metrics(connection);
    case ROUTE_CONTROLLER:
        return warmstart_http_admin_retire(connection, name.text, name.bytes);
    case ROUTE_CORDON:
        return warmstart_http_admin_cordon(connection, name.text, name.bytes);
    case ROUTE_ACK:
        return warmstart_http_poll_acknowledge(connection, name.text, name.bytes);
    case ROUTE_WAITERS:
        return warmstart_http_waiters(connection);
    case ROUTE_WAIT:
        return warmstart_http_generic_wait(connection, method, target, version);
    case ROUTE_DISPATCH:
        return warmstart_http_generic_dispatch(connection, method, target, version);
    case ROUTE_NONE:
        break;
    }
    return MHD_NO;
}

/* Where a target as it came ends; NULL: it has what none may have, a space or an escaped NUL. */
static const char *clean_end(const char *target)
{
    const char *at = target + strcspn(target, " \t\r%");
    if (*at != '%')
        return *at == '\0' ? at : NULL;
    return strpbrk(at, " \t\r") || strstr(at, "%00") ? NULL : at + strlen(at);
}

void *warmstart_http_request_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    (void)cls;
    struct connection *connection = warmstart_http_connection_of(mhd);
    if (connection) {
        connection->target_end = target ? clean_end(target) : NULL;
        warmstart_http_headers_forget(connection);
    }
    /* The first request's headers have had their time since the connection was accepted. */
    if (connection && connection->phase == PHASE_IDLE)
        warmstart_http_deadline_begin(connection, PHASE_HEADER);
    return NULL;
}

enum MHD_Result warmstart_http_request_handle(void *cls, struct MHD_Connection *mhd, const char *target,
                                              const char *method, const char *version, const char *upload,
                                              size_t *upload_bytes, void **context)
{
    struct warmstart_http *http = cls;
    struct connection *connection = warmstart_http_connection_of(mhd);
    if (!connection || connection->doomed || connection->expired || http->closing)
        return MHD_NO;
    connection->cell->calls++;
    if (!*context) {
        *context = connection;
        warmstart_http_deadline_begin(connection, PHASE_BODY);
        return begin(connection, target, method, version);
    }
    if (*upload_bytes > 0) {
        size_t bytes = *upload_bytes;
        *upload_bytes = 0;
        return take_body(connection, upload, bytes);
    }
    return finish(connection, target, method, version);
}
