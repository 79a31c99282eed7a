/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <dirent.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- The loop ---- */

static uint64_t read_fake_clock(void *user)
{
    struct fake_clock *clock = user;
    return clock->now;
}

struct warmstart_loop *loop_make(struct fake_clock *clock)
{
    struct warmstart_loop_options options;
    warmstart_loop_options_init(&options);
    if (clock) {
        options.clock = read_fake_clock;
        options.clock_user = clock;
    }
    struct warmstart_loop *loop = NULL;
    ck_assert_int_eq(warmstart_loop_new(&options, &loop), 0);
    ck_assert_ptr_nonnull(loop);
    return loop;
}

static uint64_t real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void process_until(struct warmstart_loop *loop, bool (*holds)(void *user), void *user)
{
    uint64_t give_up_at = real_ms() + 10000;
    while (!holds(user)) {
        ck_assert_msg(real_ms() < give_up_at, "what the test waits for did not come within ten seconds");
        int timeout_ms = warmstart_loop_timeout_ms(loop);
        struct pollfd ready = {.fd = warmstart_loop_fd(loop), .events = POLLIN};
        (void)poll(&ready, 1, timeout_ms < 0 || timeout_ms > 100 ? 100 : timeout_ms);
        ck_assert_int_eq(warmstart_loop_process(loop), 0);
    }
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static int descriptors;

void descriptors_remember(void)
{
    descriptors = count_descriptors();
}

void descriptors_check(void)
{
    ck_assert_int_eq(count_descriptors(), descriptors);
}

void pair_make(int ret_pair[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ret_pair), 0);
}

/* ---- A transport ---- */

static void fake_enter(struct fake *fake)
{
    ck_assert_uint_eq(fake->calls, 0);
    fake->calls++;
}

static void fake_leave(struct fake *fake)
{
    fake->calls--;
}

static void fake_deliver(struct warmstart_conn *conn, warmstart_waiter_id waiter,
                         struct warmstart_payload *payload)
{
    struct poller *poller = (struct poller *)conn;
    struct warmstart_loop *loop = conn->transport->loop;
    fake_enter(poller->fake);
    ck_assert_uint_eq(waiter, poller->waiter);
    ck_assert_uint_eq(poller->endings, 0);
    poller->deliveries++;
    poller->fake->data = payload->data;
    if (poller->conduct != LOSE)
        ck_assert_int_eq(send(poller->here, payload->data, payload->data_bytes, MSG_NOSIGNAL),
                         (ssize_t)payload->data_bytes);
    if (poller->on_deliver)
        poller->on_deliver(poller);
    switch (poller->conduct) {
    case CONFIRM:
        ck_assert_int_eq(warmstart_loop_report(loop, waiter, WARMSTART_OUTCOME_DELIVERED), 1);
        break;
    case LOSE:
        ck_assert_int_eq(warmstart_loop_report(loop, waiter, WARMSTART_OUTCOME_LOST), 1);
        break;
    case UNSURE:
        ck_assert_int_eq(warmstart_loop_report(loop, waiter, WARMSTART_OUTCOME_UNCERTAIN), 1);
        break;
    case WAIT:
        break;
    }
    fake_leave(poller->fake);
}

static void fake_ended(struct warmstart_conn *conn, warmstart_waiter_id waiter, enum warmstart_ending ending)
{
    struct poller *poller = (struct poller *)conn;
    struct fake *fake = poller->fake;
    fake_enter(fake);
    ck_assert_uint_eq(waiter, poller->waiter);
    poller->endings++;
    poller->ending = ending;
    if (poller->on_ended)
        poller->on_ended(poller);
    fake_leave(fake);
}

static void fake_settled(struct warmstart_origin *origin, const struct warmstart_settlement *settlement)
{
    struct run *run = (struct run *)origin;
    struct fake *fake = run->fake;
    fake_enter(fake);
    ck_assert_uint_eq(settlement->dispatch, run->dispatch);
    run->settlements++;
    run->settlement = *settlement;
    if (run->on_settled)
        run->on_settled(run);
    fake_leave(fake);
}

static const struct warmstart_transport_operations operations = {
    .size = sizeof(operations),
    .name = "fake",
    .deliver = fake_deliver,
    .ended = fake_ended,
    .settled = fake_settled,
};

void fake_attach(struct fake *fake, struct warmstart_loop *loop)
{
    memset(fake, 0, sizeof(*fake));
    ck_assert_int_eq(warmstart_loop_attach(loop, &fake->transport, &operations), 0);
}

static void on_ready(struct warmstart_watch *watch, uint32_t events)
{
    struct poller *poller = (struct poller *)(void *)((char *)watch - offsetof(struct poller, watch));
    ck_assert_uint_ne(events & EPOLLRDHUP, 0);
    struct warmstart_loop *loop = poller->fake->transport.loop;
    warmstart_loop_unwatch(loop, watch);
    warmstart_loop_cancel(loop, poller->waiter);
}

void poller_open(struct poller *poller, struct fake *fake, const char *name, enum conduct conduct)
{
    memset(poller, 0, sizeof(*poller));
    poller->conn.transport = &fake->transport;
    poller->conn.controller_id = name;
    poller->conn.controller_id_bytes = strlen(name);
    poller->fake = fake;
    poller->conduct = conduct;
    int pair[2];
    pair_make(pair);
    poller->here = pair[0];
    poller->there = pair[1];
    poller->watch.ready = on_ready;
    ck_assert_int_eq(warmstart_loop_watch(fake->transport.loop, &poller->watch, poller->here, EPOLLRDHUP), 0);
}

void poller_wait(struct poller *poller, const char *group)
{
    struct warmstart_field field = {
        .name = "group", .name_bytes = 5, .value = group, .value_bytes = strlen(group)};
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.fields = &field;
    registration.fields_len = 1;
    registration.controller_id = poller->conn.controller_id;
    registration.controller_id_bytes = poller->conn.controller_id_bytes;
    poller->deliveries = 0;
    poller->endings = 0;
    ck_assert_int_eq(warmstart_loop_register(&poller->conn, &registration, &poller->waiter), 0);
    ck_assert_ptr_eq(registration.conn, poller);
}

void poller_close(struct poller *poller)
{
    if (poller->fake->transport.loop)
        warmstart_loop_unwatch(poller->fake->transport.loop, &poller->watch);
    close(poller->here);
    if (poller->there >= 0)
        close(poller->there);
}

bool poller_got(struct poller *poller, const char *text)
{
    char buffer[256];
    ssize_t got = recv(poller->there, buffer, sizeof(buffer), 0);
    return got == (ssize_t)strlen(text) && memcmp(buffer, text, strlen(text)) == 0;
}

void run_init(struct run *run, struct fake *fake)
{
    memset(run, 0, sizeof(*run));
    run->origin.transport = &fake->transport;
    run->fake = fake;
    run->attempts_max = 3;
    run->deadline = WARMSTART_NEVER;
}

int run_dispatch(struct run *run, const char *group, const char *text)
{
    struct warmstart_field field = {
        .name = "group", .name_bytes = 5, .value = group, .value_bytes = strlen(group)};
    struct warmstart_query query = {.fields = &field, .fields_len = 1, .how = WARMSTART_MATCH_EXACT};
    struct warmstart_delivery delivery;
    warmstart_delivery_init(&delivery);
    delivery.attempts_max = run->attempts_max;
    delivery.deadline = run->deadline;
    run->settlements = 0;
    struct warmstart_payload *payload = warmstart_payload_new(text, strlen(text));
    ck_assert_ptr_nonnull(payload);
    int answer = warmstart_loop_dispatch(&run->origin, &query, &delivery, payload, &run->dispatch);
    warmstart_payload_drop(payload);
    return answer;
}
