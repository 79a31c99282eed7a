/* SPDX-License-Identifier: MIT */
#include "socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <warmstart/warmstart.h>

#include "suite.h"

enum { RIVALS = 4, ROUNDS = 10 };

static char folder[] = "/tmp/warmstart-socket-file-XXXXXX";
static struct sockaddr_un path = {.sun_family = AF_UNIX};
static char moved[sizeof(folder) + sizeof("/moved")];

static void open_all(void)
{
    memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path.sun_path, sizeof(path.sun_path), "%s/socket", folder);
    snprintf(moved, sizeof(moved), "%s/moved", folder);
}

static void close_all(void)
{
    (void)unlink(path.sun_path);
    (void)unlink(moved);
    ck_assert_int_eq(rmdir(folder), 0);
}

static int socket_bound(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&path, sizeof(path)), 0);
    return fd;
}

static bool can_connect(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool connected = connect(fd, (const struct sockaddr *)&path, sizeof(path)) == 0;
    close(fd);
    return connected;
}

START_TEST(what_a_process_left_behind_is_removed)
{
    int lock;
    close(socket_bound());
    ck_assert_int_eq(warmstart_socket_file_begin(&path, &lock), 0);
    ck_assert_int_lt(access(path.sun_path, F_OK), 0);
    warmstart_socket_file_end(lock);
    ck_assert_int_eq(warmstart_socket_file_begin(&path, &lock), 0);
    warmstart_socket_file_end(lock);
}
END_TEST

static void expect_in_use(void)
{
    int lock;
    ck_assert_int_eq(warmstart_socket_file_begin(&path, &lock), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EADDRINUSE);
    warmstart_socket_file_end(lock);
    ck_assert_int_eq(errno, EADDRINUSE);
    ck_assert_int_eq(access(path.sun_path, F_OK), 0);
}

START_TEST(what_is_served_or_is_no_socket_stays)
{
    int fd = socket_bound();
    ck_assert_int_eq(listen(fd, 1), 0);
    expect_in_use();
    close(fd);
    ck_assert_int_eq(unlink(path.sun_path), 0);
    close(open(path.sun_path, O_CREAT | O_WRONLY, 0600));
    expect_in_use();
}
END_TEST

START_TEST(nobody_else_begins_before_the_end)
{
    int lock, other = open(folder, O_RDONLY | O_DIRECTORY);
    ck_assert_int_ge(other, 0);
    ck_assert_int_eq(warmstart_socket_file_begin(&path, &lock), 0);
    ck_assert_int_lt(flock(other, LOCK_EX | LOCK_NB), 0);
    warmstart_socket_file_end(lock);
    ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
    close(other);
}
END_TEST

/* Though a process that was forked meanwhile has the descriptor too. */
START_TEST(the_end_is_one_for_children_too)
{
    int lock, pipes[2], other = open(folder, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(warmstart_socket_file_begin(&path, &lock), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char byte;
        close(pipes[1]);
        (void)!read(pipes[0], &byte, 1);
        _exit(0);
    }
    warmstart_socket_file_end(lock);
    ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
    close(pipes[1]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(pipes[0]);
    close(other);
}
END_TEST

START_TEST(a_lock_of_somebody_else_keeps_nobody_for_long)
{
    int lock, other = open(folder, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
    close(socket_bound());
    ck_assert_int_eq(warmstart_socket_file_begin(&path, &lock), 0);
    ck_assert_int_eq(lock, -1);
    ck_assert_int_lt(access(path.sun_path, F_OK), 0);
    warmstart_socket_file_end(lock);
    close(other);
}
END_TEST

START_TEST(a_path_may_have_no_folder_or_the_root)
{
    static const char *const names[] = {"no-such-socket", "/no-such-socket"};
    ck_assert_int_eq(chdir(folder), 0);
    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        memcpy(name.sun_path, names[i], strlen(names[i]));
        int lock;
        ck_assert_int_eq(warmstart_socket_file_begin(&name, &lock), 0);
        ck_assert_int_ge(lock, 0);
        warmstart_socket_file_end(lock);
    }
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* Begins when it is told so. Says whether it serves the path, and does until the other side of `end` closes. */
static _Noreturn void compete(int go, int result, int end)
{
    char byte;
    int lock;
    if (read(go, &byte, 1) != 1)
        _exit(1);
    byte = 'n';
    if (warmstart_socket_file_begin(&path, &lock) == 0) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (bind(fd, (const struct sockaddr *)&path, sizeof(path)) == 0 && listen(fd, 8) == 0)
            byte = 'y';
    }
    warmstart_socket_file_end(lock);
    if (write(result, &byte, 1) != 1)
        _exit(1);
    (void)!read(end, &byte, 1);
    _exit(0);
}

static unsigned count_winners(void)
{
    int go[2], result[2], end[2];
    unsigned winners = 0;
    ck_assert(pipe(go) == 0 && pipe(result) == 0 && pipe(end) == 0);
    for (int i = 0; i < RIVALS; i++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            close(end[1]);
            compete(go[0], result[1], end[0]);
        }
    }
    for (int i = 0; i < RIVALS; i++)
        ck_assert_int_eq(write(go[1], "x", 1), 1);
    for (int i = 0; i < RIVALS; i++) {
        char byte;
        ck_assert_int_eq(read(result[0], &byte, 1), 1);
        winners += byte == 'y';
    }
    ck_assert(can_connect());
    close(end[1]);
    while (wait(NULL) > 0)
        ;
    const int rest[] = {go[0], go[1], result[0], result[1], end[0]};
    for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
        close(rest[i]);
    return winners;
}

/* What the round before has left behind is in the way of all of them. */
START_TEST(of_many_that_begin_at_once_one_serves_the_path)
{
    for (int round = 0; round < ROUNDS; round++)
        ck_assert_uint_eq(count_winners(), 1);
}
END_TEST

START_TEST(only_the_file_that_was_made_is_removed)
{
    struct socket_file file = {0};
    warmstart_socket_file_remove(&file);
    close(socket_bound());
    warmstart_socket_file_remember(&file, &path);
    ck_assert_int_eq(rename(path.sun_path, moved), 0);
    close(socket_bound());
    warmstart_socket_file_remove(&file);
    ck_assert_int_eq(access(path.sun_path, F_OK), 0);
    ck_assert_int_eq(rename(moved, path.sun_path), 0);
    warmstart_socket_file_remove(&file);
    ck_assert_int_lt(access(path.sun_path, F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shared_socket_file");
    TCase *tcase = tcase_create("socket_file");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_a_process_left_behind_is_removed);
    tcase_add_test(tcase, what_is_served_or_is_no_socket_stays);
    tcase_add_test(tcase, nobody_else_begins_before_the_end);
    tcase_add_test(tcase, the_end_is_one_for_children_too);
    tcase_add_test(tcase, a_lock_of_somebody_else_keeps_nobody_for_long);
    tcase_add_test(tcase, a_path_may_have_no_folder_or_the_root);
    tcase_add_test(tcase, of_many_that_begin_at_once_one_serves_the_path);
    tcase_add_test(tcase, only_the_file_that_was_made_is_removed);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
