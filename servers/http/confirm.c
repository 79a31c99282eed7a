/* SPDX-License-Identifier: MIT */
#include "confirm.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "connection.h"
#include "held_poll.h"
#include "server.h"

/* Before the second look, and when the pause between two is not doubled any more. */
#define PAUSE_FIRST_NS (500 * (uint32_t)MICROSECOND_NS)
#define PAUSE_MAX_NS   (10 * (uint32_t)MILLISECOND_NS)

static struct poll *poll_of_timer(struct warmstart_timer *timer)
{
    return (struct poll *)(void *)((char *)timer - offsetof(struct poll, confirmation.timer));
}

static struct poll *poll_of_link(struct link *link)
{
    return (struct poll *)(void *)((char *)link - offsetof(struct poll, confirmation.link));
}

static struct warmstart_http *http_of(const struct poll *poll)
{
    return http_of_transport(poll->conn.transport);
}

/* ---- What the kernel knows ---- */

enum arrival {
    ARRIVAL_WHOLE,  /* every byte is acknowledged */
    ARRIVAL_OPEN,   /* some are not */
    ARRIVAL_NEVER,  /* the peer has reset the connection */
    ARRIVAL_UNKNOWN /* our kernel has: it repeated them in vain for too long (TCP_USER_TIMEOUT) */
};

static int unacknowledged_bytes(int fd)
{
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : -1;
}

/* TCP_CLOSE of <netinet/tcp.h>, which does not go together with <linux/tcp.h>. */
#define STATE_CLOSE 7

static bool has_error(int fd)
{
    int error = 0;
    socklen_t bytes = sizeof(error);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0 || error != 0;
}

/*
 * A reset leaves a TCP socket in state CLOSE, and so does the end of a connection that both sides have
 * closed: then our FIN is acknowledged, and counts as a byte. Only an error tells the two apart then; it
 * alone is not enough, as reading may have taken it already. On a Unix socket a peer that closes with
 * something unread leaves an error.
 *
 * Who resets has not read everything. But if bytes had to be repeated and that went unanswered, it may be our
 * kernel that has given up, and the peer may have them all: then nobody knows.
 */
static enum arrival ask_tcp(const struct confirmation *confirmation)
{
    bool failed = confirmation->said_end && has_error(confirmation->fd);
    struct tcp_info info = {0};
    socklen_t bytes = sizeof(info);
    if (getsockopt(confirmation->fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0)
        return ARRIVAL_UNKNOWN;
    if (failed || (info.tcpi_state == STATE_CLOSE &&
                   info.tcpi_bytes_acked <= info.tcpi_bytes_sent - info.tcpi_bytes_retrans))
        return info.tcpi_retransmits > 0 ? ARRIVAL_UNKNOWN : ARRIVAL_NEVER;
    return info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0 ? ARRIVAL_WHOLE : ARRIVAL_OPEN;
}

static enum arrival ask_local(const struct confirmation *confirmation)
{
    int left = has_error(confirmation->fd) ? -1 : unacknowledged_bytes(confirmation->fd);
    if (left < 0)
        return ARRIVAL_NEVER;
    return left == 0 ? ARRIVAL_WHOLE : ARRIVAL_OPEN;
}

/* The first look only asks how much is left. A reset is looked for later, and the watch tells of it before. */
static enum arrival ask_kernel(const struct poll *poll, bool thoroughly)
{
    const struct confirmation *confirmation = &poll->confirmation;
    if (confirmation->local)
        return ask_local(confirmation);
    int left = thoroughly ? -1 : unacknowledged_bytes(confirmation->fd);
    if (left < 0)
        return ask_tcp(confirmation);
    return left == 0 ? ARRIVAL_WHOLE : ARRIVAL_OPEN;
}

/* ---- Steps ---- */

/* From this moment on, and not from the beginning of a round that may have been long. */
static void set_timer(struct poll *poll, uint64_t after_ns)
{
    struct warmstart_loop *loop = http_of(poll)->loop;
    struct confirmation *confirmation = &poll->confirmation;
    confirmation->due = warmstart_loop_clock(loop) + after_ns;
    /* Without memory for a timer the dispatch's own deadline ends this as uncertain. */
    (void)warmstart_loop_timer_set(loop, &confirmation->timer, confirmation->due);
}

static void forget_id(struct poll *poll)
{
    struct warmstart_http *http = http_of(poll);
    struct confirmation *confirmation = &poll->confirmation;
    if (!confirmation->link.next)
        return;
    link_remove(&confirmation->link);
    confirmation->link = (struct link){0};
    memcpy(http->past_ids[http->past_ids_next], confirmation->id, sizeof(confirmation->id));
    http->past_ids_next = (http->past_ids_next + 1) % PAST_IDS;
}

static void stop(struct poll *poll)
{
    struct confirmation *confirmation = &poll->confirmation;
    warmstart_loop_timer_cancel(http_of(poll)->loop, &confirmation->timer);
    forget_id(poll);
    confirmation->phase = CONFIRM_IDLE;
    if (confirmation->owns_fd)
        close_quietly(confirmation->fd);
    confirmation->owns_fd = false;
    confirmation->fd = -1;
}

static void let_go(struct poll *poll)
{
    if (!poll->connection)
        return;
    assert(poll->connection->confirming == poll);
    poll->connection->confirming = NULL;
    poll->connection = NULL;
}

/* Whenever the last descriptor is closed, what is on its way is given up. */
static void reset_at_close(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* The connection is kept for what has to be reset; of one that worked nothing more is wanted. */
static void report(struct poll *poll, enum warmstart_outcome outcome)
{
    struct confirmation *confirmation = &poll->confirmation;
    if (outcome != WARMSTART_OUTCOME_DELIVERED && confirmation->owns_fd)
        reset_at_close(confirmation->fd);
    stop(poll);
    if (outcome == WARMSTART_OUTCOME_DELIVERED)
        let_go(poll);
    warmstart_loop_report(http_of(poll)->loop, poll->waiter, outcome);
}

static uint64_t ack_lease_ns(const struct warmstart_http *http)
{
    uint64_t share_ms = http->options.dispatch_timeout_ms / http->options.attempts_max;
    uint64_t lease_ms = http->options.ack_timeout_ms < share_ms ? http->options.ack_timeout_ms : share_ms;
    return (lease_ms > 0 ? lease_ms : 1) * MILLISECOND_NS;
}

static void arrived(struct poll *poll)
{
    struct warmstart_http *http = http_of(poll);
    if (poll->acknowledges) {
        poll->confirmation.phase = CONFIRM_ACKNOWLEDGING;
        set_timer(poll, ack_lease_ns(http));
        time_limit_begin(&poll->confirmation.limit, poll->confirmation.due);
    } else if (http->options.confirm_linger_ms == 0) {
        report(poll, WARMSTART_OUTCOME_DELIVERED);
    } else {
        poll->confirmation.phase = CONFIRM_LINGERING;
        set_timer(poll, http->options.confirm_linger_ms * MILLISECOND_NS);
    }
}

static void look_later(struct poll *poll, uint64_t at_most_ns)
{
    struct confirmation *confirmation = &poll->confirmation;
    set_timer(poll, confirmation->pause_ns < at_most_ns ? confirmation->pause_ns : at_most_ns);
    if (confirmation->pause_ns < PAUSE_MAX_NS)
        confirmation->pause_ns *= 2;
}

static void look(struct poll *poll, bool thoroughly)
{
    struct confirmation *confirmation = &poll->confirmation;
    switch (ask_kernel(poll, thoroughly)) {
    case ARRIVAL_WHOLE:
        arrived(poll);
        return;
    case ARRIVAL_NEVER:
        report(poll, WARMSTART_OUTCOME_LOST);
        return;
    case ARRIVAL_UNKNOWN:
        report(poll, WARMSTART_OUTCOME_UNCERTAIN);
        return;
    case ARRIVAL_OPEN:
        break;
    }
    /* Kernels acknowledge at once, or when the process reads or answers; the next message will tell which. */
    if (poll->connection)
        poll->connection->acks_late = true;
    uint64_t now = warmstart_loop_clock(http_of(poll)->loop);
    if (time_limit_is_over(&confirmation->limit, confirmation->due, now))
        report(poll, WARMSTART_OUTCOME_UNCERTAIN);
    else
        look_later(poll, confirmation->limit.until - now);
}

/* The acknowledgement may lie in the socket it was sent to: sockets are read after the timers of a round. */
static void on_lease_end(struct poll *poll)
{
    struct confirmation *confirmation = &poll->confirmation;
    uint64_t now = warmstart_loop_clock(http_of(poll)->loop);
    if (time_limit_is_over(&confirmation->limit, confirmation->due, now))
        report(poll, WARMSTART_OUTCOME_LOST);
    else
        set_timer(poll, confirmation->limit.until - now);
}

static void on_timer(struct warmstart_timer *timer, uint64_t now)
{
    (void)now;
    struct poll *poll = poll_of_timer(timer);
    switch ((enum confirm_phase)poll->confirmation.phase) {
    case CONFIRM_UNACKED:
        look(poll, true);
        break;
    case CONFIRM_LINGERING:
        report(poll, ask_kernel(poll, true) == ARRIVAL_NEVER ? WARMSTART_OUTCOME_LOST
                                                             : WARMSTART_OUTCOME_DELIVERED);
        break;
    case CONFIRM_ACKNOWLEDGING:
        on_lease_end(poll);
        break;
    case CONFIRM_IDLE:
        break;
    }
}

/* ---- From outside ---- */

void warmstart_http_confirm_begin(struct poll *poll)
{
    struct warmstart_http *http = http_of(poll);
    struct confirmation *confirmation = &poll->confirmation;
    struct connection *connection = poll->connection;
    assert(poll->delivering && connection && !connection->confirming);
    connection->confirming = poll;
    confirmation->fd = connection->fd;
    confirmation->local = connection->local;
    confirmation->timer.due = on_timer;
    confirmation->due = warmstart_loop_clock(http->loop);
    time_limit_begin(&confirmation->limit,
                     confirmation->due + http->options.confirm_timeout_ms * MILLISECOND_NS);
    confirmation->pause_ns = PAUSE_FIRST_NS;
    confirmation->phase = CONFIRM_UNACKED;
    bool no_proof_wanted = http->options.confirm == WARMSTART_HTTP_CONFIRM_WRITE && !poll->acknowledges;
    if (confirmation->acknowledged || no_proof_wanted)
        report(poll, WARMSTART_OUTCOME_DELIVERED);
    else if (connection->acks_late && !connection->local)
        look_later(poll, http->options.confirm_timeout_ms * MILLISECOND_NS);
    else
        look(poll, http->options.confirm_linger_ms == 0 && !poll->acknowledges);
}

void warmstart_http_confirm_peer_gone(struct connection *connection)
{
    struct poll *poll = connection->confirming;
    enum confirm_phase phase = poll->confirmation.phase;
    if (phase == CONFIRM_UNACKED || phase == CONFIRM_LINGERING)
        look(poll, true);
    else if (phase == CONFIRM_ACKNOWLEDGING && ask_kernel(poll, true) == ARRIVAL_NEVER)
        report(poll, WARMSTART_OUTCOME_LOST);
}

bool warmstart_http_confirm_read(struct connection *connection)
{
    struct poll *poll = connection->confirming;
    enum confirm_phase phase = poll->confirmation.phase;
    if (phase == CONFIRM_IDLE)
        return true; /* about to be reset */
    /* A request that is sent after reading acknowledges what was read: this one was sent before. */
    if (phase == CONFIRM_UNACKED && ask_kernel(poll, true) != ARRIVAL_WHOLE)
        return false;
    if (!poll->acknowledges) {
        report(poll, WARMSTART_OUTCOME_DELIVERED);
        return true;
    }
    /* It may be about to acknowledge on this very connection, or to poll again: that needs its place here. */
    if (phase == CONFIRM_UNACKED)
        arrived(poll);
    let_go(poll);
    return true;
}

void warmstart_http_confirm_say_end(struct connection *connection)
{
    connection->confirming->confirmation.said_end = true;
    (void)shutdown(connection->fd, SHUT_WR);
}

/*
 * libmicrohttpd closes because the peer has announced its end, or one of the two the connection's. A peer
 * that only said that it sends no more may still read, and one that closes next may still reset: a
 * duplicate keeps the socket for us, and our end of it is closed.
 */
void warmstart_http_confirm_closing(struct connection *connection)
{
    struct poll *poll = connection->confirming;
    struct confirmation *confirmation = &poll->confirmation;
    bool pending = confirmation->phase == CONFIRM_UNACKED || confirmation->phase == CONFIRM_LINGERING;
    if (pending) {
        int fd = fcntl(connection->fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0) {
            reset_at_close(connection->fd);
            report(poll, WARMSTART_OUTCOME_UNCERTAIN);
        } else {
            warmstart_http_confirm_say_end(connection);
            confirmation->fd = fd;
            confirmation->owns_fd = true;
        }
    }
    /* Reported in this very turn, and not as delivered: what has not arrived is not to come later. */
    if (connection->confirming && confirmation->phase == CONFIRM_IDLE)
        reset_at_close(connection->fd);
    if (connection->confirming)
        let_go(poll);
    warmstart_http_poll_free_if_over(poll);
}

void warmstart_http_confirm_end(struct poll *poll)
{
    /* The core has not waited for a report; of a connection that is still there the poll takes care. */
    if (poll->confirmation.owns_fd)
        reset_at_close(poll->confirmation.fd);
    stop(poll);
    if (poll->connection && poll->connection->confirming == poll)
        let_go(poll);
}

/* ---- Acknowledged by the controller itself ---- */

static struct link *ids_like(struct warmstart_http *http, const uint64_t id[DELIVERY_ID_WORDS])
{
    struct link *head = &http->awaited_ids[id[0] % AWAITED_ID_BUCKETS];
    if (!head->next)
        link_init(head);
    return head;
}

int warmstart_http_confirm_give_id(struct poll *poll)
{
    struct confirmation *confirmation = &poll->confirmation;
    if (getrandom(confirmation->id, sizeof(confirmation->id), 0) != (ssize_t)sizeof(confirmation->id))
        return WARMSTART_ERR_SYSTEM;
    link_insert_before(ids_like(http_of(poll), confirmation->id), &confirmation->link);
    return 0;
}

void warmstart_http_confirm_id_text(const struct poll *poll, char out[DELIVERY_ID_BYTES + 1])
{
    const uint64_t *id = poll->confirmation.id;
    snprintf(out, DELIVERY_ID_BYTES + 1, "%016llx%016llx", (unsigned long long)id[0],
             (unsigned long long)id[1]);
}

static bool read_id(const char *text, size_t bytes, uint64_t ret_id[DELIVERY_ID_WORDS])
{
    if (bytes != DELIVERY_ID_BYTES)
        return false;
    ret_id[0] = ret_id[1] = 0;
    for (size_t i = 0; i < bytes; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return false;
        uint64_t *word = &ret_id[i / 16];
        *word = *word << 4 | (uint64_t)(digit - digits);
    }
    return true;
}

static bool is_past(const struct warmstart_http *http, const uint64_t id[DELIVERY_ID_WORDS])
{
    for (size_t i = 0; i < PAST_IDS; i++)
        if (http->past_ids[i][0] == id[0] && http->past_ids[i][1] == id[1])
            return id[0] != 0 || id[1] != 0; /* 0 0: not used yet */
    return false;
}

enum acknowledgement warmstart_http_confirm_acknowledge(struct warmstart_http *http, const char *text,
                                                        size_t text_bytes)
{
    uint64_t id[DELIVERY_ID_WORDS];
    if (!read_id(text, text_bytes, id))
        return ACKNOWLEDGEMENT_UNKNOWN;
    struct link *head = ids_like(http, id);
    for (struct link *link = head->next; link != head; link = link->next) {
        struct poll *poll = poll_of_link(link);
        if (poll->confirmation.id[0] != id[0] || poll->confirmation.id[1] != id[1])
            continue;
        /* Perhaps even before we heard that all of it was written. */
        poll->confirmation.acknowledged = true;
        if (poll->confirmation.phase != CONFIRM_IDLE)
            report(poll, WARMSTART_OUTCOME_DELIVERED);
        else
            forget_id(poll);
        return ACKNOWLEDGEMENT_TAKEN;
    }
    return is_past(http, id) ? ACKNOWLEDGEMENT_OVER : ACKNOWLEDGEMENT_UNKNOWN;
}
