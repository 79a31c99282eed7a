/* SPDX-License-Identifier: MIT */
/* Answers: the ready-made ones, and errors as JSON. */
#ifndef SERVERS_HTTP_ANSWER_H
#define SERVERS_HTTP_ANSWER_H

#include "connection.h"
#include "text.h"

/* The word for a refusal in answers and metrics, such as "not_found". Static. */
const char *warmstart_http_refusal_name(enum refusal refusal);

/* Makes the ready-made answers. 0 or WARMSTART_ERR_MEMORY; then _answers_free() is due all the same. */
int warmstart_http_answers_new(struct warmstart_http *http);
void warmstart_http_answers_free(struct warmstart_http *http);

/* Answers with what is ready-made. What the access handler has to return. */
enum MHD_Result warmstart_http_answer(struct connection *connection, unsigned status,
                                      struct MHD_Response *response);

/* Answers with JSON that was written, and takes it; one that failed: out of memory. As above. */
enum MHD_Result warmstart_http_answer_text(struct connection *connection, struct text *text);

/*
 * Answers a dispatch in its dialect: whether it is a warm start, what became of it, how many controllers were
 * tried, and who has it (`conn`, NULL: nobody), the last three in headers too. MHD_NO: out of memory.
 */
enum MHD_Result warmstart_http_answer_outcome(struct connection *connection, bool warm,
                                              enum post_outcome outcome, uint32_t attempts,
                                              const struct warmstart_conn *conn);

/*
 * An answer that says that the first controller has it, kept for the next one of its kind: of all its headers
 * only the controller's id changes.
 */
struct kept_answer;

/*
 * The same as _answer_outcome() for what is delivered. *ret_kept is what _answer_give_back() is due for once
 * the request is over, whatever is returned; NULL: nothing.
 */
enum MHD_Result warmstart_http_answer_delivered(struct connection *connection, uint32_t attempts,
                                                const struct warmstart_conn *conn,
                                                struct kept_answer **ret_kept);

/* Takes a kept answer back, for another request. NULL is fine. */
void warmstart_http_answer_give_back(struct warmstart_http *http, struct kept_answer *kept);

/* Answers with {"error":{...}} and counts it. What the access handler has to return. */
enum MHD_Result warmstart_http_answer_refusal(struct connection *connection, enum refusal refusal,
                                              const char *message);

/* The same for what the dialect did not understand. */
enum MHD_Result warmstart_http_answer_bad(struct connection *connection, const struct trigger_error *error);

/* The same for the generic dialect. */
enum MHD_Result warmstart_http_answer_bad_body(struct connection *connection,
                                               const struct generic_error *error);

/*
 * Answers while a body is still coming, when libmicrohttpd takes no answer: writes to the socket itself. The
 * access handler returns MHD_NO then, which is returned here; the connection is closed.
 */
enum MHD_Result warmstart_http_answer_early(struct connection *connection, enum refusal refusal,
                                            const char *message);

/* Answers a socket that gets no connection, and counts it. Does not close it. */
void warmstart_http_answer_socket(struct warmstart_http *http, int fd, enum refusal refusal);

#endif
