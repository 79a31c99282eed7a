/* SPDX-License-Identifier: MIT */
/* Watched descriptors, above all what happens to them in the middle of a batch. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

struct socket {
    struct warmstart_watch watch;
    struct warmstart_loop *loop;
    int there;
    unsigned calls;
    uint32_t events;
    struct socket **others; /* what `ready` of the first one called does away with */
    size_t others_len;
};

static void count(struct warmstart_watch *watch, uint32_t events)
{
    struct socket *socket = (struct socket *)watch;
    socket->calls++;
    socket->events = events;
}

static struct socket *socket_open(struct warmstart_loop *loop,
                                  void (*ready)(struct warmstart_watch *watch, uint32_t events),
                                  uint32_t events)
{
    struct socket *socket = calloc(1, sizeof(*socket));
    ck_assert_ptr_nonnull(socket);
    int pair[2];
    pair_make(pair);
    socket->loop = loop;
    socket->there = pair[1];
    socket->watch.ready = ready;
    ck_assert_int_eq(warmstart_loop_watch(loop, &socket->watch, pair[0], events), 0);
    return socket;
}

static void socket_close(struct socket *socket)
{
    warmstart_loop_unwatch(socket->loop, &socket->watch);
    close(socket->watch.fd);
    close(socket->there);
    free(socket);
}

static void socket_poke(struct socket *socket)
{
    ck_assert_int_eq(write(socket->there, "x", 1), 1);
}

static void socket_empty(struct socket *socket)
{
    char buffer[64];
    while (read(socket->watch.fd, buffer, sizeof(buffer)) > 0)
        continue;
}

/* ---- Rules ---- */

START_TEST(a_watch_needs_a_callback_events_and_a_descriptor)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct socket *socket = socket_open(loop, count, EPOLLIN);
    struct warmstart_watch watch = {0};
    ck_assert_int_eq(warmstart_loop_watch(loop, &watch, STDIN_FILENO, EPOLLIN), WARMSTART_ERR_INVALID);
    watch.ready = count;
    ck_assert_int_eq(warmstart_loop_watch(loop, &watch, socket->there, 0), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_watch(NULL, &watch, socket->there, EPOLLIN), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_watch(loop, NULL, socket->there, EPOLLIN), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_loop_watch(loop, &watch, -1, EPOLLIN), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EBADF);
    ck_assert_int_eq(warmstart_loop_watch(loop, &watch, socket->watch.fd, EPOLLIN), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EEXIST);
    ck_assert_uint_eq(watch.events, 0);
    ck_assert_int_eq(warmstart_loop_watch(loop, &socket->watch, socket->there, EPOLLIN),
                     WARMSTART_ERR_INVALID);
    warmstart_loop_unwatch(loop, &watch);
    warmstart_loop_unwatch(loop, NULL);
    socket_close(socket);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(what_a_watch_waits_for_can_be_changed)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct socket *socket = socket_open(loop, count, EPOLLIN);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(socket->calls, 0);
    ck_assert_int_eq(warmstart_loop_watch(loop, &socket->watch, socket->watch.fd, EPOLLOUT), 0);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(socket->calls, 1);
    ck_assert_uint_eq(socket->events, EPOLLOUT);
    ck_assert_int_eq(warmstart_loop_watch(loop, &socket->watch, socket->watch.fd, EPOLLIN | EPOLLRDHUP), 0);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(socket->calls, 1);
    socket_poke(socket);
    shutdown(socket->there, SHUT_WR);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(socket->calls, 2);
    ck_assert_uint_eq(socket->events, EPOLLIN | EPOLLRDHUP);
    socket_close(socket);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_level_is_told_again_and_an_edge_is_not)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct socket *level = socket_open(loop, count, EPOLLIN);
    struct socket *edge = socket_open(loop, count, EPOLLIN | EPOLLET);
    socket_poke(level);
    socket_poke(edge);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(level->calls, 3);
    ck_assert_uint_eq(edge->calls, 1);
    socket_close(level);
    socket_close(edge);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_watch_can_be_ended_and_used_again)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct socket *socket = socket_open(loop, count, EPOLLIN);
    socket_poke(socket);
    warmstart_loop_unwatch(loop, &socket->watch);
    warmstart_loop_unwatch(loop, &socket->watch);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(socket->calls, 0);
    ck_assert_int_eq(warmstart_loop_watch(loop, &socket->watch, socket->watch.fd, EPOLLIN), 0);
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(socket->calls, 1);
    socket_close(socket);
    warmstart_loop_free(loop);
}
END_TEST

START_TEST(a_descriptor_that_was_closed_first_is_forgotten)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct socket *socket = socket_open(loop, count, EPOLLIN);
    close(socket->watch.fd);
    warmstart_loop_unwatch(loop, &socket->watch);
    struct warmstart_loop_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(warmstart_loop_get_stats(loop, &stats), 0);
    ck_assert_uint_eq(stats.watches, 0);
    close(socket->there);
    free(socket);
    warmstart_loop_free(loop);
}
END_TEST

/* ---- In the middle of a batch ---- */

static unsigned batch_calls;

/* The first one that is called closes and frees all the others, which are ready too. */
static void free_the_others(struct warmstart_watch *watch, uint32_t events)
{
    struct socket *socket = (struct socket *)watch;
    (void)events;
    batch_calls++;
    for (size_t i = 0; i < socket->others_len; i++) {
        if (socket->others[i] == socket || !socket->others[i])
            continue;
        socket_close(socket->others[i]);
        socket->others[i] = NULL;
    }
}

START_TEST(watches_that_are_freed_in_a_batch_are_not_called)
{
    enum { SOCKETS = 100 };
    struct warmstart_loop *loop = loop_make(NULL);
    struct socket *sockets[SOCKETS];
    for (size_t i = 0; i < SOCKETS; i++) {
        sockets[i] = socket_open(loop, free_the_others, EPOLLIN);
        sockets[i]->others = sockets;
        sockets[i]->others_len = SOCKETS;
        socket_poke(sockets[i]);
    }
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(batch_calls, 1);
    unsigned left = 0;
    for (size_t i = 0; i < SOCKETS; i++) {
        if (!sockets[i])
            continue;
        left++;
        socket_close(sockets[i]);
    }
    ck_assert_uint_eq(left, 1);
    warmstart_loop_free(loop);
}
END_TEST

static void free_itself(struct warmstart_watch *watch, uint32_t events)
{
    (void)events;
    batch_calls++;
    socket_close((struct socket *)watch);
}

START_TEST(a_watch_may_free_itself)
{
    enum { SOCKETS = 100 };
    struct warmstart_loop *loop = loop_make(NULL);
    for (int i = 0; i < SOCKETS; i++)
        socket_poke(socket_open(loop, free_itself, EPOLLIN));
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(batch_calls, SOCKETS);
    warmstart_loop_free(loop);
}
END_TEST

/* Ends the other and uses its memory for a new descriptor, which often gets the number of the old one. */
static void replace_the_other(struct warmstart_watch *watch, uint32_t events)
{
    struct socket *socket = (struct socket *)watch;
    (void)events;
    batch_calls++;
    if (!socket->others)
        return;
    struct socket *other = socket->others[0] == socket ? socket->others[1] : socket->others[0];
    socket->others = NULL;
    other->others = NULL;
    warmstart_loop_unwatch(socket->loop, &other->watch);
    close(other->watch.fd);
    close(other->there);
    int pair[2];
    pair_make(pair);
    other->there = pair[1];
    ck_assert_int_eq(warmstart_loop_watch(socket->loop, &other->watch, pair[0], EPOLLIN), 0);
}

START_TEST(a_batch_knows_nothing_of_descriptors_that_are_newer_than_it)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct socket *sockets[2];
    for (int i = 0; i < 2; i++) {
        sockets[i] = socket_open(loop, replace_the_other, EPOLLIN);
        sockets[i]->others = sockets;
        socket_poke(sockets[i]);
    }
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(batch_calls, 1);
    for (int i = 0; i < 2; i++)
        socket_close(sockets[i]);
    warmstart_loop_free(loop);
}
END_TEST

static void mute_the_other(struct warmstart_watch *watch, uint32_t events)
{
    struct socket *socket = (struct socket *)watch;
    (void)events;
    batch_calls++;
    struct socket *other = socket->others[0] == socket ? socket->others[1] : socket->others[0];
    ck_assert_int_eq(warmstart_loop_watch(socket->loop, &other->watch, other->watch.fd, EPOLLRDHUP), 0);
}

START_TEST(what_is_not_watched_for_any_more_is_not_told)
{
    struct warmstart_loop *loop = loop_make(NULL);
    struct socket *sockets[2];
    for (int i = 0; i < 2; i++) {
        sockets[i] = socket_open(loop, mute_the_other, EPOLLIN);
        sockets[i]->others = sockets;
        socket_poke(sockets[i]);
    }
    ck_assert_int_eq(warmstart_loop_process(loop), 0);
    ck_assert_uint_eq(batch_calls, 1);
    for (int i = 0; i < 2; i++)
        socket_close(sockets[i]);
    warmstart_loop_free(loop);
}
END_TEST

static void count_and_empty(struct warmstart_watch *watch, uint32_t events)
{
    struct socket *socket = (struct socket *)watch;
    (void)events;
    socket->calls++;
    socket_empty(socket);
}

START_TEST(more_descriptors_than_one_batch_are_all_served)
{
    enum { SOCKETS = 400 };
    struct warmstart_loop *loop = loop_make(NULL);
    struct socket *sockets[SOCKETS];
    for (int i = 0; i < SOCKETS; i++) {
        sockets[i] = socket_open(loop, count_and_empty, EPOLLIN);
        socket_poke(sockets[i]);
    }
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(warmstart_loop_process(loop), 0);
    for (int i = 0; i < SOCKETS; i++) {
        ck_assert_uint_eq(sockets[i]->calls, 1);
        socket_close(sockets[i]);
    }
    warmstart_loop_free(loop);
}
END_TEST

static void set_up(void)
{
    descriptors_remember();
    batch_calls = 0;
}

int main(void)
{
    Suite *suite = suite_create("loop watches");
    TCase *tcase = tcase_create("watches");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, descriptors_check);
    tcase_add_test(tcase, a_watch_needs_a_callback_events_and_a_descriptor);
    tcase_add_test(tcase, what_a_watch_waits_for_can_be_changed);
    tcase_add_test(tcase, a_level_is_told_again_and_an_edge_is_not);
    tcase_add_test(tcase, a_watch_can_be_ended_and_used_again);
    tcase_add_test(tcase, a_descriptor_that_was_closed_first_is_forgotten);
    tcase_add_test(tcase, watches_that_are_freed_in_a_batch_are_not_called);
    tcase_add_test(tcase, a_watch_may_free_itself);
    tcase_add_test(tcase, a_batch_knows_nothing_of_descriptors_that_are_newer_than_it);
    tcase_add_test(tcase, what_is_not_watched_for_any_more_is_not_told);
    tcase_add_test(tcase, more_descriptors_than_one_batch_are_all_served);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
