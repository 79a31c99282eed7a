/* SPDX-License-Identifier: MIT */
#include "deadline.h"

#include <assert.h>

#include "cell.h"
#include "connection.h"
#include "log.h"

const char *warmstart_http_phase_name(enum phase phase)
{
    static const char *const names[PHASES] = {
        [PHASE_NONE] = "none", [PHASE_HEADER] = "header", [PHASE_BODY] = "body", [PHASE_IDLE] = "idle"};
    return names[phase];
}

void warmstart_http_deadline_end(struct connection *connection)
{
    assert(!connection->suspended);
    warmstart_http_deadline_begin(connection, PHASE_NONE);
    connection->expired = true;
    warmstart_http_connection_expel(connection);
    warmstart_http_cell_mark(connection->cell);
}

static void expire(struct timeout *timeout)
{
    struct connection *connection = connection_of_timeout(timeout);
    struct warmstart_http *http = connection->http;
    enum phase phase = (enum phase)connection->phase;
    http->counters.timeouts_total[phase]++;
    warmstart_http_log_timeout(http, phase);
    warmstart_http_deadline_end(connection);
}

void warmstart_http_deadline_begin(struct connection *connection, enum phase phase)
{
    connection->phase = (uint8_t)phase;
    if (phase == PHASE_NONE)
        timeout_end(&connection->timeout);
    else
        warmstart_timeout_set(&connection->http->deadlines[phase], &connection->timeout);
}

int warmstart_http_deadlines_init(struct warmstart_http *http)
{
    const uint32_t lengths_ms[PHASES] = {[PHASE_HEADER] = http->options.header_timeout_ms,
                                         [PHASE_BODY] = http->options.body_timeout_ms,
                                         [PHASE_IDLE] = http->options.idle_timeout_ms};
    int error = 0;
    for (int phase = PHASE_NONE + 1; phase < PHASES && error == 0; phase++)
        error = warmstart_timeouts_init(&http->deadlines[phase], http->loop,
                                        lengths_ms[phase] * MILLISECOND_NS, expire);
    return error;
}

void warmstart_http_deadlines_deinit(struct warmstart_http *http)
{
    for (int phase = PHASE_NONE + 1; phase < PHASES; phase++)
        warmstart_timeouts_deinit(&http->deadlines[phase], http->loop);
}
