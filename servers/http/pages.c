/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <stdlib.h>

#include "answer.h"
#include "metrics.h"

enum MHD_Result warmstart_http_page_ready(struct connection *connection)
{
    const struct warmstart_http *http = connection->http;
    if (warmstart_http_is_stopping(http))
        return warmstart_http_answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, http->answers.draining);
    return warmstart_http_answer(connection, MHD_HTTP_OK, http->answers.ready);
}

enum MHD_Result warmstart_http_page_metrics(struct connection *connection)
{
    size_t bytes;
    char *text = warmstart_http_metrics_write(connection->http, &bytes);
    if (!text)
        return warmstart_http_answer_refusal(connection, REFUSAL_MEMORY, "out of memory");
    struct MHD_Response *response = MHD_create_response_from_buffer(bytes, text, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(text);
        return MHD_NO;
    }
    enum MHD_Result result = MHD_NO;
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; version=0.0.4") ==
        MHD_YES)
        result = warmstart_http_answer(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}
