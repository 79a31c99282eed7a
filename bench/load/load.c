/* SPDX-License-Identifier: MIT */
#include "load.h"

#include "failure.h"
#include "message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    NS_PER_MS = 1000000,
    NS_PER_S = 1000000000,
    BATCH = 256,           /* events at once */
    CONNECTS_AT_ONCE = 64, /* between two pauses, so that no queue of a server overflows */
    SWEEP_MS = 10,         /* so often a hundredth of the waits is looked at */
    SWEEP_SHARE = 100,
    CHURN_LIFE_MS = 100,
    CONNECT_TRIES = 2000,
    BROKEN_MAX = 1000,
};

/* Keys that nobody posts to, and keys that nobody waits for. */
#define KEY_IDLE   UINT32_C(0x40000000)
#define KEY_CHURN  UINT32_C(0x20000000)
#define KEY_NOBODY UINT32_C(0x80000000)

uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void pause_ns(uint64_t ns)
{
    struct timespec time = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
    nanosleep(&time, NULL);
}

static uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(0x2545F4914F6CDD1D);
}

/* From 0 to below 1. */
static double random_share(struct load *load)
{
    return (double)(random_next(&load->random) >> 11) / (double)(UINT64_C(1) << 53);
}

static const struct protocol *protocol_of(const struct load *load)
{
    return load->options->server.protocol;
}

/* ---- Controllers ---- */

/* Sends what comes before it, if anything, and the wait. */
static bool send_wait(struct load *load, struct connection *connection, const char *reply, size_t reply_bytes)
{
    char bytes[2048];
    struct template *parts[] = {&load->greeting, &load->wait};
    size_t len = reply_bytes;
    memcpy(bytes, reply, reply_bytes);
    for (size_t i = connection->greeted ? 1 : 0; i < 2; i++) {
        struct template *part = parts[i];
        template_set_key(part, connection->key);
        template_set_number(part, (uint64_t)connection->kind << 32 | connection->number);
        if (sizeof(bytes) - len < part->len)
            fail("a request is too long");
        if (part->len > 0)
            memcpy(bytes + len, part->bytes, part->len);
        len += part->len;
    }
    connection->greeted = true;
    connection->waits = true;
    connection->since_ns = clock_ns();
    return connection_send(connection, load->epoll, bytes, len, false);
}

/* Connects, however long the queue of the server is, and waits. */
static void begin_wait(struct load *load, struct connection *connection)
{
    for (int tries = 0; !connection_open(connection, &load->options->server, load->epoll); tries++) {
        if (errno != EAGAIN || tries == CONNECT_TRIES)
            fail("cannot connect to %s: %s", load->options->address, strerror(errno));
        pause_ns(NS_PER_MS);
    }
    /* A connection that broke already says so when it is read. */
    send_wait(load, connection, "", 0);
}

static void wait_anew(struct load *load, struct connection *connection)
{
    connection_close(connection);
    load->counts.reconnects++;
    begin_wait(load, connection);
}

/* The server has ended a wait without a word. That may happen, but not all the time. */
static void controller_lost(struct load *load, struct connection *connection)
{
    if (++load->broken > 10 * load->controllers_len + BROKEN_MAX)
        fail("%s closes connections without an answer, again and again", load->options->address);
    wait_anew(load, connection);
}

static void confirm(struct load *load, struct connection *connection)
{
    if (connection->run == NO_RUN)
        return;
    ledger_arrive(&load->ledger, connection->run);
    connection->run = NO_RUN;
}

static void take_message(struct load *load, struct connection *connection, const struct hearing *hearing)
{
    uint32_t key = 0;
    uint64_t number = 0;
    if (!template_matches(&load->message, hearing->message, hearing->message_bytes, &key, &number)) {
        load->ledger.faults.altered++;
        return;
    }
    if (key != connection->key) {
        load->ledger.faults.misrouted++;
        return;
    }
    uint64_t moment_ns = ledger_moment(&load->ledger, number), now = clock_ns();
    if (moment_ns > 0 && moment_ns < now)
        histogram_record(&load->counts.hand_over, now - moment_ns);
    connection->run = number;
    if (!protocol_of(load)->confirms)
        confirm(load, connection);
}

/* False: the connection is of no more use. */
static bool controller_heard(struct load *load, struct connection *connection, enum heard heard,
                             const struct hearing *hearing)
{
    char reply[64];
    size_t reply_bytes = 0;
    switch (heard) {
    case HEARD_NOTHING:
        return true;
    case HEARD_CONFIRMED:
        confirm(load, connection);
        return true;
    case HEARD_REVOKED:
        connection->run = NO_RUN;
        return true;
    case HEARD_MESSAGE:
        take_message(load, connection, hearing);
        if (hearing->reply)
            reply_bytes = protocol_of(load)->reply(hearing, reply);
        break;
    case HEARD_END:
        break;
    case HEARD_WRONG:
        load->ledger.faults.failed++;
        return false;
    case HEARD_TOO_LITTLE:
    case HEARD_HIT:
    case HEARD_MISS:
        return false;
    }
    connection->waits = false;
    return !hearing->closes && send_wait(load, connection, reply, reply_bytes);
}

/* ---- Supervisors ---- */

static void post(struct load *load, struct connection *supervisor, uint64_t moment_ns)
{
    const struct load_options *options = load->options;
    bool for_nobody = random_share(load) * 100 < options->misses_percent;
    uint32_t key = (uint32_t)(random_next(&load->random) >> 32);
    key = for_nobody ? key | KEY_NOBODY : (uint32_t)((uint64_t)key * options->keys >> 32);
    struct template *template = &load->posts[supervisor->number];
    bool same = supervisor->greeted && key == supervisor->key;
    size_t skip = same ? load->post_skip : 0;
    supervisor->run = ledger_post(&load->ledger, moment_ns, for_nobody);
    supervisor->since_ns = moment_ns;
    supervisor->greeted = true;
    if (!same)
        template_set_key(template, key);
    supervisor->key = key;
    template_set_number(template, supervisor->run);
    /* A connection that broke says so when it is read. */
    connection_send(supervisor, load->epoll, template->bytes + skip, template->len - skip, true);
}

/* Gives posts that are due to supervisors that are free. */
static void post_due(struct load *load)
{
    uint64_t now = load->posting && load->free_len > 0 ? clock_ns() : 0;
    while (load->posting && load->free_len > 0) {
        uint64_t moment_ns = now;
        if (load->options->rate > 0) {
            moment_ns =
                load->posting_start_ns + (uint64_t)((double)load->intended * NS_PER_S / load->options->rate);
            if (moment_ns > now)
                break;
            load->intended++;
        }
        post(load, load->free[--load->free_len], moment_ns);
    }
}

static void open_supervisor(struct load *load, struct connection *supervisor)
{
    for (int tries = 0; !connection_open(supervisor, &load->options->dispatch, load->epoll); tries++) {
        if (errno != EAGAIN || tries == CONNECT_TRIES)
            fail("cannot connect to %s: %s", load->options->address, strerror(errno));
        pause_ns(NS_PER_MS);
    }
    load->free[load->free_len++] = supervisor;
}

static void supervisor_lost(struct load *load, struct connection *supervisor)
{
    if (supervisor->run == NO_RUN)
        for (uint32_t i = 0; i < load->free_len; i++)
            if (load->free[i] == supervisor)
                load->free[i--] = load->free[--load->free_len];
    if (supervisor->run != NO_RUN)
        ledger_fail(&load->ledger, supervisor->run);
    connection_close(supervisor);
    open_supervisor(load, supervisor);
}

/* False: the connection is of no more use. */
static bool supervisor_heard(struct load *load, struct connection *supervisor, enum heard heard,
                             const struct hearing *hearing)
{
    if (heard == HEARD_NOTHING)
        return true;
    if ((heard != HEARD_HIT && heard != HEARD_MISS) || supervisor->run == NO_RUN || supervisor->out_len > 0)
        return false;
    uint64_t number = supervisor->run, now = clock_ns();
    supervisor->run = NO_RUN;
    histogram_record(&load->counts.post, now > supervisor->since_ns ? now - supervisor->since_ns : 0);
    load->counts.posts++;
    load->counts.hits += heard == HEARD_HIT;
    load->counts.intended_misses += supervisor->key >= KEY_NOBODY;
    ledger_answer(&load->ledger, number, heard == HEARD_HIT);
    load->free[load->free_len++] = supervisor;
    return !hearing->closes;
}

/* ---- What is read ---- */

static bool listen_to(struct load *load, struct connection *connection)
{
    const char *bytes;
    size_t len;
    enum role role = connection->kind == CONNECTION_SUPERVISOR ? ROLE_SUPERVISOR : ROLE_CONTROLLER;
    int received = connection_receive(connection, &bytes, &len);
    if (received <= 0)
        return received == 0;
    for (;;) {
        struct hearing hearing = {0};
        enum heard heard = len == 0 ? HEARD_TOO_LITTLE : protocol_of(load)->hear(role, bytes, len, &hearing);
        if (heard == HEARD_TOO_LITTLE) {
            connection_keep(connection, bytes, len, hearing.need);
            return true;
        }
        load->broken = 0;
        bytes += hearing.used;
        len -= hearing.used;
        bool goes_on = role == ROLE_SUPERVISOR ? supervisor_heard(load, connection, heard, &hearing)
                                               : controller_heard(load, connection, heard, &hearing);
        if (!goes_on)
            return false;
    }
}

static void handle(struct load *load, struct connection *connection, uint32_t events)
{
    bool works = connection->fd >= 0;
    if (!works)
        return;
    if (events & EPOLLOUT)
        works = connection_flush(connection, load->epoll);
    if (works && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        works = listen_to(load, connection);
    if (works)
        return;
    if (connection->kind == CONNECTION_SUPERVISOR)
        supervisor_lost(load, connection);
    else if (connection->kind == CONNECTION_CONTROLLER)
        controller_lost(load, connection);
    else
        connection_close(connection);
}

/* ---- Connections that come and go ---- */

static void churn(struct load *load)
{
    uint64_t now = clock_ns();
    if (load->churn_len == 0)
        return;
    while (load->churn_open > 0) {
        struct connection *oldest = &load->churn[load->churn_first];
        if (now - oldest->since_ns < (uint64_t)CHURN_LIFE_MS * NS_PER_MS &&
            load->churn_open < load->churn_len)
            break;
        connection_close(oldest);
        load->churn_first = (load->churn_first + 1) % load->churn_len;
        load->churn_open--;
        load->counts.churned++;
    }
    uint64_t due = (uint64_t)((double)(now - load->churn_start_ns) * load->options->churn / NS_PER_S);
    while (load->posting && load->churn_opened < due && load->churn_open < load->churn_len) {
        uint32_t at = (load->churn_first + load->churn_open++) % load->churn_len;
        load->churn[at].number = (uint32_t)load->churn_opened++;
        begin_wait(load, &load->churn[at]);
    }
}

/* ---- Waits that take too long ---- */

static void sweep(struct load *load)
{
    uint64_t now = clock_ns(), limit_ns = (uint64_t)(load->options->poll_timeout_s * NS_PER_S);
    uint32_t len = load->controllers_len / SWEEP_SHARE + 1;
    for (uint32_t i = 0; protocol_of(load)->aborts && i < len && load->controllers_len > 0; i++) {
        load->sweep_at = (load->sweep_at + 1) % load->controllers_len;
        struct connection *connection = &load->controllers[load->sweep_at];
        if (connection->waits && now > connection->since_ns && now - connection->since_ns > limit_ns)
            wait_anew(load, connection);
    }
}

/* ---- The loop ---- */

/* How long to sleep at most: until the next post, connection or sweep is due. */
static uint64_t sleep_ns(const struct load *load, uint64_t now, uint64_t until_ns)
{
    uint64_t wake_ns = now + (uint64_t)SWEEP_MS * NS_PER_MS;
    if (until_ns < wake_ns)
        wake_ns = until_ns;
    if (load->posting && load->options->rate > 0 && load->free_len > 0) {
        uint64_t next =
            load->posting_start_ns + (uint64_t)((double)load->intended * NS_PER_S / load->options->rate);
        if (next < wake_ns)
            wake_ns = next;
    }
    if (load->posting && load->churn_len > 0 && now + NS_PER_MS < wake_ns)
        wake_ns = now + NS_PER_MS;
    return wake_ns > now ? wake_ns - now : 0;
}

static void turn(struct load *load, uint64_t until_ns)
{
    struct epoll_event events[BATCH];
    uint64_t ns = sleep_ns(load, clock_ns(), until_ns);
    struct timespec timeout = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
    int len = epoll_pwait2(load->epoll, events, BATCH, &timeout, NULL);
    if (len < 0 && errno != EINTR)
        fail("epoll_pwait2: %s", strerror(errno));
    for (int i = 0; i < len; i++) {
        handle(load, events[i].data.ptr, events[i].events);
        post_due(load);
    }
    post_due(load);
    churn(load);
}

void load_run(struct load *load, uint64_t until_ns)
{
    uint64_t now = clock_ns(), next_sweep_ns = now;
    for (; now < until_ns; now = clock_ns()) {
        if (now >= next_sweep_ns) {
            sweep(load);
            next_sweep_ns = now + (uint64_t)SWEEP_MS * NS_PER_MS;
        }
        turn(load, until_ns);
    }
    if (load->posting && load->options->rate > 0) {
        double due = (double)(now - load->posting_start_ns) * load->options->rate / NS_PER_S;
        load->counts.behind = due > (double)load->intended ? (uint64_t)(due - (double)load->intended) : 0;
    }
}

void load_start(struct load *load)
{
    load->posting = true;
    load->posting_start_ns = load->churn_start_ns = clock_ns();
    load->intended = load->churn_opened = 0;
    post_due(load);
}

void load_stop(struct load *load, uint64_t until_ns)
{
    load->posting = false;
    while (clock_ns() < until_ns &&
           (load->free_len < load->options->supervisors || ledger_missing(&load->ledger) > 0))
        turn(load, until_ns);
    for (uint32_t i = 0; i < load->options->supervisors; i++)
        if (load->supervisors[i].run != NO_RUN)
            ledger_fail(&load->ledger, load->supervisors[i].run);
    ledger_close(&load->ledger);
}

/* ---- Beginning and end ---- */

/* Room for all sockets, or the end. */
static void raise_limit(uint64_t sockets)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("getrlimit: %s", strerror(errno));
    if (limit.rlim_cur >= sockets)
        return;
    limit.rlim_cur = sockets;
    if (limit.rlim_max < sockets)
        limit.rlim_max = sockets;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("%llu sockets are more than this process may have: %s", (unsigned long long)sockets,
             strerror(errno));
}

static void write_templates(struct load *load)
{
    const struct load_options *options = load->options;
    const struct protocol *protocol = protocol_of(load);
    if (protocol->greet != NULL)
        protocol->greet(&load->greeting);
    protocol->wait(&load->wait, options->server.host);
    message_append(&load->message, options->payload_bytes);
    for (uint32_t i = 0; i < options->supervisors; i++) {
        struct template *template = &load->posts[i];
        load->post_skip = protocol->post_head(template, options->dispatch.host, options->payload_bytes);
        template_append(template, load->message.bytes, load->message.len);
        template_append(template, protocol->post_tail, strlen(protocol->post_tail));
    }
}

void load_init(struct load *load, const struct load_options *options)
{
    enum { OTHER_FDS = 64 };
    memset(load, 0, sizeof(*load));
    load->options = options;
    load->random = 1;
    load->controllers_len = options->controllers + options->idle;
    load->churn_len = options->churn == 0 ? 0 : options->churn / (1000 / CHURN_LIFE_MS) * 2 + 16;
    raise_limit((uint64_t)load->controllers_len + options->supervisors + load->churn_len + OTHER_FDS);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load->epoll < 0)
        fail("epoll_create1: %s", strerror(errno));
    ledger_init(&load->ledger);
    load->controllers = allocate(load->controllers_len, sizeof(*load->controllers));
    load->supervisors = allocate(options->supervisors, sizeof(*load->supervisors));
    load->posts = allocate(options->supervisors, sizeof(*load->posts));
    load->free = allocate(options->supervisors, sizeof(struct connection *));
    load->churn = allocate(load->churn_len, sizeof(*load->churn));
    for (uint32_t i = 0; i < load->controllers_len; i++)
        load->controllers[i] = (struct connection){
            .fd = -1,
            .kind = CONNECTION_CONTROLLER,
            .number = i,
            .key = i < options->controllers ? i % options->keys : KEY_IDLE + i % options->keys,
        };
    for (uint32_t i = 0; i < options->supervisors; i++)
        load->supervisors[i] = (struct connection){.fd = -1, .kind = CONNECTION_SUPERVISOR, .number = i};
    for (uint32_t i = 0; i < load->churn_len; i++)
        load->churn[i] = (struct connection){.fd = -1, .kind = CONNECTION_CHURN, .key = KEY_CHURN};
    write_templates(load);
}

void load_connect_controllers(struct load *load)
{
    for (uint32_t i = 0; i < load->controllers_len; i++) {
        begin_wait(load, &load->controllers[i]);
        if (i % CONNECTS_AT_ONCE == 0)
            load_run(load, clock_ns() + NS_PER_MS);
    }
    /* They would all end at the same moment, as no real ones do. */
    for (uint32_t i = 0; i < load->controllers_len; i++)
        load->controllers[i].since_ns -=
            (uint64_t)(random_share(load) / 2 * load->options->poll_timeout_s * NS_PER_S);
}

void load_connect_supervisors(struct load *load)
{
    for (uint32_t i = 0; i < load->options->supervisors; i++) {
        open_supervisor(load, &load->supervisors[i]);
        if (i % CONNECTS_AT_ONCE == 0)
            load_run(load, clock_ns() + NS_PER_MS);
    }
}

void load_close(struct load *load)
{
    for (uint32_t i = 0; i < load->controllers_len; i++)
        connection_close(&load->controllers[i]);
    for (uint32_t i = 0; i < load->options->supervisors; i++)
        connection_close(&load->supervisors[i]);
    for (uint32_t i = 0; i < load->churn_len; i++)
        connection_close(&load->churn[i]);
}

void load_deinit(struct load *load)
{
    load_close(load);
    for (uint32_t i = 0; i < load->options->supervisors; i++)
        template_deinit(&load->posts[i]);
    template_deinit(&load->greeting);
    template_deinit(&load->wait);
    template_deinit(&load->message);
    free(load->posts);
    free(load->controllers);
    free(load->supervisors);
    free(load->free);
    free(load->churn);
    ledger_deinit(&load->ledger);
    close(load->epoll);
}
