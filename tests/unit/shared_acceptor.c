/* SPDX-License-Identifier: MIT */
/* accept4() is replaced by the linker: what it answers is up to the test. */
#include "acceptor.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "durations.h"
#include "suite.h"

static struct warmstart_loop *loop;
static struct acceptors acceptors;
static struct acceptor *acceptor;
static uint64_t now;
static int failure;    /* errno of accept4(); 0: it does what it does */
static unsigned fails; /* of the next calls; then it does what it does */
static unsigned asked, welcomed, complaints;
static int complained;

int __real_accept4(int fd, struct sockaddr *peer, socklen_t *bytes, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *bytes, int flags);

int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *bytes, int flags)
{
    asked++;
    if (fails == 0)
        return __real_accept4(fd, peer, bytes, flags);
    fails--;
    errno = failure;
    return -1;
}

static uint64_t read_clock(void *user)
{
    (void)user;
    return now;
}

static void welcome(struct acceptors *all, const struct acceptor *one, int fd, const struct sockaddr *peer,
                    socklen_t peer_bytes)
{
    ck_assert_ptr_eq(all, &acceptors);
    ck_assert_ptr_eq(one, acceptor);
    ck_assert_int_eq(peer->sa_family, AF_UNIX);
    ck_assert_uint_ge(peer_bytes, sizeof(sa_family_t));
    welcomed++;
    close(fd);
}

static void refuse(struct acceptors *all, int fd)
{
    (void)all;
    close(fd);
}

static void complain(struct acceptors *all, int error)
{
    (void)all;
    complaints++;
    complained = error;
    errno = EAGAIN; /* a log that nobody reads may leave anything there */
}

static const struct acceptor_calls calls = {.welcome = welcome, .refuse = refuse, .complain = complain};

static struct sockaddr_un name;
static socklen_t name_bytes;

static void open_all(void)
{
    struct warmstart_loop_options options;
    const struct socket_file none = {0};
    now = SECOND_NS;
    fails = asked = welcomed = complaints = 0;
    warmstart_loop_options_init(&options);
    options.clock = read_clock;
    ck_assert_int_eq(warmstart_loop_new(&options, &loop), 0);
    warmstart_acceptors_init(&acceptors, loop, &calls);
    ck_assert_int_eq(warmstart_acceptors_prepare(&acceptors), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    memset(&name, 0, sizeof(name));
    name.sun_family = AF_UNIX;
    /* An abstract name that the kernel chooses. */
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, sizeof(sa_family_t)), 0);
    name_bytes = sizeof(name);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &name_bytes), 0);
    ck_assert_int_eq(listen(fd, ACCEPTOR_BACKLOG), 0);
    ck_assert_int_eq(warmstart_acceptor_new(&acceptors, fd, &none, 1, &acceptor), 0);
}

static void close_all(void)
{
    warmstart_acceptors_deinit(&acceptors);
    warmstart_loop_free(loop);
}

static int connect_one(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&name, name_bytes), 0);
    return fd;
}

static void process(unsigned rounds)
{
    while (rounds-- > 0)
        ck_assert_int_eq(warmstart_loop_process(loop), 0);
}

/* After the rest nothing fails any more: who has waited is welcomed. */
static void expect_recovery(int fd)
{
    fails = 0;
    now += 100 * MILLISECOND_NS;
    process(3);
    ck_assert_uint_eq(welcomed, 1);
    close(fd);
}

/* A rule of the system that forbids it, say: nothing leaves the queue, so the socket is ready for ever. */
START_TEST(what_fails_again_and_again_is_complained_of_and_rests)
{
    int fd = connect_one();
    failure = EPERM;
    fails = 100000;
    process(50);
    ck_assert_uint_le(asked, 64);
    ck_assert_uint_eq(complaints, 1);
    ck_assert_int_eq(complained, EPERM);
    ck_assert_int_gt(warmstart_loop_timeout_ms(loop), 0);

    now += 100 * MILLISECOND_NS;
    process(50);
    ck_assert_uint_gt(asked, 64);
    ck_assert_uint_le(asked, 128);
    ck_assert_uint_eq(complaints, 1);

    expect_recovery(fd);
}
END_TEST

START_TEST(peers_that_have_gone_hold_up_nobody)
{
    int fd = connect_one();
    failure = ECONNABORTED;
    fails = 63;
    process(1);
    ck_assert_uint_eq(welcomed, 1);
    process(3);
    ck_assert_uint_eq(complaints, 0);
    close(fd);
}
END_TEST

/* Whatever the complaint leaves in errno. */
START_TEST(without_memory_there_is_a_rest)
{
    int fd = connect_one();
    failure = _i == 0 ? ENOMEM : ENOBUFS;
    fails = 100000;
    process(50);
    ck_assert_uint_eq(asked, 1);
    ck_assert_uint_eq(complaints, 1);
    expect_recovery(fd);
}
END_TEST

/* The spare descriptor has made room for one, who was told so. */
START_TEST(without_descriptors_the_next_one_is_refused)
{
    int fd = connect_one();
    failure = EMFILE;
    fails = 1;
    process(3);
    ck_assert_uint_eq(complaints, 1);
    ck_assert_uint_eq(welcomed, 0);
    ck_assert_uint_eq(asked, 3);
    ck_assert_int_ge(acceptors.spare, 0);
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shared_acceptor");
    TCase *tcase = tcase_create("acceptor");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, what_fails_again_and_again_is_complained_of_and_rests);
    tcase_add_test(tcase, peers_that_have_gone_hold_up_nobody);
    tcase_add_loop_test(tcase, without_memory_there_is_a_rest, 0, 2);
    tcase_add_test(tcase, without_descriptors_the_next_one_is_refused);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
