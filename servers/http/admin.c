/* SPDX-License-Identifier: MIT */
#include "admin.h"

#include <assert.h>
#include <string.h>

#include "answer.h"
#include "text.h"

#define FOR_MS_MAX     UINT64_C(86400000) /* a day */
#define RETIRE_FOR_MS  UINT64_C(300000)   /* as long as a controller goes on polling by default */
#define CORDON_FOR_MS  UINT64_C(3600000)  /* an hour: time enough for a node to go */
#define MESSAGE_FOR_MS "for_ms: expected a number of milliseconds from 1 to 86400000"

/* ---- The query ---- */

struct argument {
    const char *text; /* NULL: it is not there */
    size_t bytes;
};

static struct argument argument_of(struct connection *connection, const char *name)
{
    struct argument argument = {NULL, 0};
    MHD_lookup_connection_value_n(connection->mhd, MHD_GET_ARGUMENT_KIND, name, strlen(name), &argument.text,
                                  &argument.bytes);
    return argument;
}

/* for_ms as nanoseconds. False: it is there and no such number. */
static bool read_for(struct connection *connection, uint64_t default_ms, uint64_t *ret_ns)
{
    struct argument argument = argument_of(connection, "for_ms");
    uint64_t ms = argument.text ? 0 : default_ms;
    for (size_t i = 0; i < argument.bytes; i++) {
        assert(argument.text); /* no text has no bytes */
        char digit = argument.text[i];
        if (digit < '0' || digit > '9' || ms > FOR_MS_MAX)
            return false;
        ms = ms * 10 + (uint64_t)(digit - '0');
    }
    *ret_ns = ms * MILLISECOND_NS;
    return ms > 0 && ms <= FOR_MS_MAX;
}

/* ---- Answers ---- */

static enum MHD_Result refuse(struct connection *connection, int error)
{
    switch (error) {
    case WARMSTART_ERR_INVALID:
        return warmstart_http_answer_refusal(connection, REFUSAL_QUERY_INVALID,
                                             "the name in the path is too long");
    case WARMSTART_ERR_LIMIT:
        return warmstart_http_answer_refusal(connection, REFUSAL_ADMIN_LIMIT,
                                             "as many are kept away as may be kept away");
    default:
        return warmstart_http_answer_refusal(connection, REFUSAL_MEMORY, "out of memory");
    }
}

/* {"NAME":true} or false. */
static enum MHD_Result answer_bool(struct connection *connection, const char *name, bool value)
{
    struct text text = {0};
    warmstart_http_text_add(&text, "{\"%s\":%s}", name, value ? "true" : "false");
    return warmstart_http_answer_text(connection, &text);
}

enum MHD_Result warmstart_http_admin_retire(struct connection *connection, const char *id, size_t id_bytes)
{
    struct warmstart_loop *loop = connection->http->loop;
    uint64_t for_ns;
    if (!read_for(connection, RETIRE_FOR_MS, &for_ns))
        return warmstart_http_answer_refusal(connection, REFUSAL_QUERY_INVALID, MESSAGE_FOR_MS);
    int ended = warmstart_loop_retire(loop, id, id_bytes, warmstart_loop_now(loop) + for_ns);
    if (ended < 0)
        return refuse(connection, ended);
    return answer_bool(connection, "ended", ended > 0);
}

enum MHD_Result warmstart_http_admin_cordon(struct connection *connection, const char *name,
                                            size_t name_bytes)
{
    struct warmstart_loop *loop = connection->http->loop;
    bool begins = connection->method == METHOD_PUT;
    uint64_t for_ns;
    if (!read_for(connection, CORDON_FOR_MS, &for_ns))
        return warmstart_http_answer_refusal(connection, REFUSAL_QUERY_INVALID, MESSAGE_FOR_MS);
    int error = warmstart_loop_cordon(loop, name, name_bytes, begins ? warmstart_loop_now(loop) + for_ns : 0);
    if (error < 0)
        return refuse(connection, error);
    return answer_bool(connection, "cordoned", begins);
}
