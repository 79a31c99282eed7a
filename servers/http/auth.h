/* SPDX-License-Identifier: MIT */
/* Who may do what: deployment tokens of polls, and the dispatch token of supervisors. */
#ifndef SERVERS_HTTP_AUTH_H
#define SERVERS_HTTP_AUTH_H

#include "connection.h"
#include "headers.h"
#include "text.h"

/*
 * Takes the secrets out of http->options; they are not found there any more. 0; WARMSTART_ERR_INVALID: as
 * warmstart_http_set_secrets(); WARMSTART_ERR_MEMORY. Then _auth_free() is due all the same.
 */
int warmstart_http_auth_new(struct warmstart_http *http);
void warmstart_http_auth_free(struct warmstart_http *http);

/* Is this the value of the header authorization that the dispatch token asks for, if there is one? */
bool warmstart_http_auth_may_dispatch(struct warmstart_http *http, const struct trigger_value *authorization);

/* Counts what a poll's deployment header is. False: it may not wait; `message` is what to refuse it with. */
bool warmstart_http_auth_poll(struct warmstart_http *http, const struct trigger_poll *asked,
                              const struct headers *headers, char message[REFUSAL_MESSAGE_BYTES]);

/* The same for POST /v1/wait, which has its token in the header authorization. */
bool warmstart_http_auth_wait(struct warmstart_http *http, const struct generic_wait *asked,
                              const struct headers *headers, char message[REFUSAL_MESSAGE_BYTES]);

/* Answers a poll that the dialect did not understand: as usual, or with 401 if its token is at fault. */
enum MHD_Result warmstart_http_auth_answer_bad(struct connection *connection,
                                               const struct trigger_error *error);

/* Adds the counters to the metrics. */
void warmstart_http_auth_metrics(const struct warmstart_http *http, struct text *text);

#endif
