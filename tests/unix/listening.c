/* SPDX-License-Identifier: MIT */
/* Where the server listens, who may connect, and what that allows. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder_lock.h"
#include "suite.h"
#include "talk.h"

#define SOMEBODY 12345 /* a user and a group that nobody is */
#define ANOTHER  12346

static struct fixture fixture;
static struct client client;

static void prepare(void)
{
    fixture_init(&fixture);
    client = (struct client){.fd = -1};
}

static void finish(void)
{
    client_close(&client);
    fixture_close(&fixture);
}

static struct stat status_of(const char *path)
{
    struct stat status = {0};
    ck_assert_msg(lstat(path, &status) == 0, "%s: %s", path, strerror(errno));
    return status;
}

static void expect_service(const char *path)
{
    struct client visitor;
    client_connect_to(&visitor, &fixture, path);
    client_ask(&visitor, "ping p\n", "OK p 1 " WARMSTART_VERSION_STRING "\n");
    client_close(&visitor);
}

/* ---- Files ---- */

START_TEST(a_socket_file_has_its_mode_whatever_the_umask_says)
{
    mode_t before = umask(0077);
    fixture_open(&fixture);
    umask(before);
    ck_assert(S_ISSOCK(status_of(fixture.path).st_mode));
    ck_assert_uint_eq(status_of(fixture.path).st_mode & 07777, 0660);
    expect_service(fixture.path);
    finish();
}
END_TEST

START_TEST(mode_and_owner_are_as_was_asked)
{
    fixture.options.mode = 0600;
    fixture.options.owner = SOMEBODY;
    fixture.options.group = ANOTHER;
    fixture_open(&fixture);
    struct stat status = status_of(fixture.path);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
    ck_assert_uint_eq(status.st_uid, SOMEBODY);
    ck_assert_uint_eq(status.st_gid, ANOTHER);
    finish();
}
END_TEST

/* The file of a process that is gone. */
static void leave_behind(char *ret_path, size_t path_bytes)
{
    snprintf(ret_path, path_bytes, "%s/left", fixture.folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, ret_path, strlen(ret_path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

START_TEST(a_file_that_nobody_serves_is_replaced)
{
    fixture_open(&fixture);
    char path[128];
    leave_behind(path, sizeof(path));
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, path, WARMSTART_UNIX_ALL), 0);
    expect_service(path);
    finish();
}
END_TEST

/* The file of a server that has not come to listen() yet looks as if nobody served it. */
START_TEST(the_folder_is_locked_until_the_socket_listens_or_its_file_is_gone)
{
    fixture_open(&fixture);
    char path[128];
    leave_behind(path, sizeof(path));
    folder_lock_watch(fixture.folder);
    folder_lock_fail_listen();
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, path, WARMSTART_UNIX_ALL), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EADDRINUSE);
    ck_assert_int_lt(access(path, F_OK), 0);
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, path, WARMSTART_UNIX_ALL), 0);
    struct folder_lock_calls calls = folder_lock_calls();
    ck_assert_uint_eq(calls.listens, 2);
    ck_assert_uint_eq(calls.locked_listens, 2);
    ck_assert_uint_eq(calls.unlinks, 2);
    ck_assert_uint_eq(calls.locked_unlinks, 2);
    folder_lock_watch(NULL);
    expect_service(path);
    finish();
}
END_TEST

START_TEST(a_file_that_somebody_serves_is_not_replaced)
{
    fixture_open(&fixture);
    errno = 0;
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, fixture.path, WARMSTART_UNIX_ALL),
                     WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EADDRINUSE);
    expect_service(fixture.path);
    finish();
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_not_replaced)
{
    fixture_open(&fixture);
    char path[128];
    snprintf(path, sizeof(path), "%s/precious", fixture.folder);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, path, WARMSTART_UNIX_ALL), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EADDRINUSE);
    ck_assert(S_ISREG(status_of(path).st_mode));
    ck_assert_int_eq(unlink(path), 0);
    finish();
}
END_TEST

START_TEST(a_file_that_was_replaced_is_not_removed)
{
    fixture_open(&fixture);
    ck_assert_int_eq(unlink(fixture.path), 0);
    int fd = open(fixture.path, O_CREAT | O_WRONLY, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    warmstart_unix_free(fixture.server);
    fixture.server = NULL;
    ck_assert(S_ISREG(status_of(fixture.path).st_mode));
    ck_assert_int_eq(unlink(fixture.path), 0);
    finish();
}
END_TEST

START_TEST(what_is_no_path_is_refused)
{
    char path[200];
    fixture_open(&fixture);
    memset(path, 'p', sizeof(path));
    path[108] = '\0';
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, path, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, "", 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, "@", 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, NULL, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen(NULL, "/tmp/x", 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, "/tmp/x", 0), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, "/tmp/x", 8), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, "/no/such/folder/s", 1), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, ENOENT);
    finish();
}
END_TEST

START_TEST(an_abstract_name_needs_no_file)
{
    char name[64];
    fixture_open(&fixture);
    snprintf(name, sizeof(name), "@warmstart-test-%ld", (long)getpid());
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, name, WARMSTART_UNIX_ALL), 0);
    expect_service(name);
    ck_assert_int_eq(warmstart_unix_listen(fixture.server, name, WARMSTART_UNIX_ALL), WARMSTART_ERR_SYSTEM);
    ck_assert_int_eq(errno, EADDRINUSE);
    warmstart_unix_free(fixture.server);
    fixture.server = NULL;
    ck_assert_int_eq(connect_path(name), -1);
    finish();
}
END_TEST

/* ---- Given sockets ---- */

static int listening_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    return fd;
}

START_TEST(a_socket_that_was_given_is_served_and_its_file_stays)
{
    char path[128];
    fixture_open(&fixture);
    snprintf(path, sizeof(path), "%s/given", fixture.folder);
    int fd = listening_socket(path);
    ck_assert_int_eq(warmstart_unix_listen_fd(fixture.server, fd, WARMSTART_UNIX_ALL), 0);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    expect_service(path);
    warmstart_unix_free(fixture.server);
    fixture.server = NULL;
    ck_assert_int_eq(unlink(path), 0);
    finish();
}
END_TEST

/* Whoever shares it can do that, and the kernel says without end that there is something to accept. */
START_TEST(a_socket_that_is_shut_down_makes_no_busy_loop)
{
    char path[128];
    fixture_open(&fixture);
    snprintf(path, sizeof(path), "%s/given", fixture.folder);
    int fd = listening_socket(path);
    ck_assert_int_eq(warmstart_unix_listen_fd(fixture.server, fd, WARMSTART_UNIX_ALL), 0);
    ck_assert_int_eq(shutdown(fd, SHUT_RDWR), 0);
    fixture_settle(&fixture);
    fixture_pass(&fixture, 100);
    expect_service(fixture.path);
    ck_assert_int_eq(unlink(path), 0);
    finish();
}
END_TEST

START_TEST(what_is_no_listening_unix_socket_is_refused)
{
    int pair[2];
    fixture_open(&fixture);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    int inet = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(listen(inet, 1), 0);
    int packets = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    ck_assert_int_eq(warmstart_unix_listen_fd(fixture.server, pair[0], 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen_fd(fixture.server, inet, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen_fd(fixture.server, packets, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen_fd(fixture.server, STDIN_FILENO, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen_fd(fixture.server, -1, 1), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(warmstart_unix_listen_fd(fixture.server, pair[0], 0), WARMSTART_ERR_INVALID);
    close(pair[0]);
    close(pair[1]);
    close(inet);
    close(packets);
    finish();
}
END_TEST

/* ---- What a socket is for ---- */

static const struct {
    const char *line;
    unsigned needed; /* one of these rights; 0: everybody may */
} commands[] = {
    {"wait t\n", WARMSTART_UNIX_WAIT},
    {"ack t 1\n", WARMSTART_UNIX_WAIT},
    {"refuse t 1\n", WARMSTART_UNIX_WAIT},
    {"leave t\n", WARMSTART_UNIX_WAIT},
    {"dispatch t 9\nping inside\n", WARMSTART_UNIX_DISPATCH},
    {"count t\n", WARMSTART_UNIX_DISPATCH},
    {"stats t\n", WARMSTART_UNIX_DISPATCH | WARMSTART_UNIX_OPERATE},
    {"list t\n", WARMSTART_UNIX_DISPATCH | WARMSTART_UNIX_OPERATE},
    {"cordon t -- n\n", WARMSTART_UNIX_OPERATE},
    {"uncordon t -- n\n", WARMSTART_UNIX_OPERATE},
    {"retire t -- c\n", WARMSTART_UNIX_OPERATE},
    {"drain t\n", WARMSTART_UNIX_OPERATE},
    {"cancel t x\n", 0},
    {"ping t\n", 0},
};

START_TEST(a_socket_serves_what_it_is_for)
{
    fixture_open(&fixture);
    for (unsigned rights = 1; rights <= WARMSTART_UNIX_ALL; rights++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%u", fixture.folder, rights);
        ck_assert_int_eq(warmstart_unix_listen(fixture.server, path, rights), 0);
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
            struct client visitor;
            client_connect_to(&visitor, &fixture, path);
            client_say(&visitor, commands[i].line);
            client_hear(&visitor);
            bool refused = strstr(visitor.data, "ERR t forbidden ") != NULL;
            bool may = commands[i].needed == 0 || (commands[i].needed & rights) != 0;
            ck_assert_msg(refused == !may, "%u %s %s", rights, commands[i].line, visitor.data);
            /* The body of a dispatch is no command, whether it may be dispatched or not. */
            ck_assert_ptr_null(strstr(visitor.data, "inside"));
            client_close(&visitor);
        }
    }
    finish();
}
END_TEST

/* ---- Who has connected ---- */

/* Connects as somebody else, in a process of its own: what it is told by `count`, `wait` and `drain`. */
static void ask_as(uid_t user, gid_t group, const gid_t *groups, size_t groups_len, char *heard, size_t room)
{
    int pipes[2], status;
    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(chmod(fixture.folder, 0755), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char some[512];
        if (setgroups(groups_len, groups) != 0 || setgid(group) != 0 || setuid(user) != 0)
            _exit(1);
        int fd = connect_path(fixture.path);
        const char *asked = "wait w timeout=1\nping 1\ncount d\ndrain o\nquit q\n";
        if (fd < 0 || write(fd, asked, strlen(asked)) != (ssize_t)strlen(asked) ||
            write(pipes[1], "c", 1) != 1)
            _exit(2);
        for (ssize_t got; (got = read(fd, some, sizeof(some))) > 0;)
            if (write(pipes[1], some, (size_t)got) != got)
                _exit(3);
        _exit(0);
    }
    close(pipes[1]);
    size_t bytes = 0;
    ssize_t got = read(pipes[0], heard, 1);
    if (got == 1)
        fixture_settle(&fixture);
    while (got > 0 && bytes + 1 < room && (got = read(pipes[0], heard + bytes, room - 1 - bytes)) > 0)
        bytes += (size_t)got;
    heard[bytes] = '\0';
    close(pipes[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
}

static unsigned rights_as(uid_t user, gid_t group, const gid_t *groups, size_t groups_len)
{
    char heard[2048];
    ask_as(user, group, groups, groups_len, heard, sizeof(heard));
    unsigned rights = 0;
    if (!strstr(heard, "ERR w forbidden"))
        rights |= WARMSTART_UNIX_WAIT;
    if (!strstr(heard, "ERR d forbidden"))
        rights |= WARMSTART_UNIX_DISPATCH;
    if (!strstr(heard, "ERR o forbidden"))
        rights |= WARMSTART_UNIX_OPERATE;
    ck_assert_ptr_nonnull(strstr(heard, "OK 1 1 "));
    ck_assert_ptr_nonnull(strstr(heard, "OK q\n"));
    return rights;
}

START_TEST(without_lists_everybody_may_wait_and_dispatch_and_the_owner_operates)
{
    fixture.options.mode = 0666;
    fixture_open(&fixture);
    ck_assert_uint_eq(rights_as(0, 0, NULL, 0), WARMSTART_UNIX_ALL);
    ck_assert_uint_eq(rights_as(SOMEBODY, SOMEBODY, NULL, 0), WARMSTART_UNIX_WAIT | WARMSTART_UNIX_DISPATCH);
    finish();
}
END_TEST

START_TEST(users_and_groups_have_the_rights_that_the_lists_give)
{
    const uid_t waiting[] = {1, SOMEBODY};
    const gid_t dispatching[] = {1, ANOTHER};
    const uid_t operating[] = {SOMEBODY + 5};
    fixture.options.mode = 0666;
    fixture.options.wait = (struct warmstart_unix_allowed){.users = waiting, .users_len = 2};
    fixture.options.dispatch = (struct warmstart_unix_allowed){.groups = dispatching, .groups_len = 2};
    fixture.options.operate = (struct warmstart_unix_allowed){.users = operating, .users_len = 1};
    fixture_open(&fixture);
    ck_assert_uint_eq(rights_as(0, 0, NULL, 0), 0);
    ck_assert_uint_eq(rights_as(SOMEBODY, SOMEBODY, NULL, 0), WARMSTART_UNIX_WAIT);
    /* As the first group, and as one of the others, of which there may be many. */
    ck_assert_uint_eq(rights_as(SOMEBODY + 1, ANOTHER, NULL, 0), WARMSTART_UNIX_DISPATCH);
    gid_t many[300];
    for (gid_t i = 0; i < 300; i++)
        many[i] = 20000 + i;
    ck_assert_uint_eq(rights_as(SOMEBODY + 1, 5, many, 300), 0);
    many[299] = ANOTHER;
    ck_assert_uint_eq(rights_as(SOMEBODY, 5, many, 300), WARMSTART_UNIX_WAIT | WARMSTART_UNIX_DISPATCH);
    ck_assert_uint_eq(rights_as(SOMEBODY + 5, 5, NULL, 0), WARMSTART_UNIX_OPERATE);
    finish();
}
END_TEST

START_TEST(the_mode_of_the_file_keeps_others_out)
{
    int status;
    fixture_open(&fixture);
    ck_assert_int_eq(chmod(fixture.folder, 0755), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (setgroups(0, NULL) != 0 || setgid(SOMEBODY) != 0 || setuid(SOMEBODY) != 0)
            _exit(1);
        _exit(connect_path(fixture.path) == -1 && errno == EACCES ? 0 : 2);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unix_listening");
    TCase *tcase = tcase_create("listening");

    tcase_add_checked_fixture(tcase, prepare, NULL);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_socket_file_has_its_mode_whatever_the_umask_says);
    tcase_add_test(tcase, a_file_that_nobody_serves_is_replaced);
    tcase_add_test(tcase, the_folder_is_locked_until_the_socket_listens_or_its_file_is_gone);
    tcase_add_test(tcase, a_file_that_somebody_serves_is_not_replaced);
    tcase_add_test(tcase, a_file_that_is_no_socket_is_not_replaced);
    tcase_add_test(tcase, a_file_that_was_replaced_is_not_removed);
    tcase_add_test(tcase, what_is_no_path_is_refused);
    tcase_add_test(tcase, an_abstract_name_needs_no_file);
    tcase_add_test(tcase, a_socket_that_was_given_is_served_and_its_file_stays);
    tcase_add_test(tcase, a_socket_that_is_shut_down_makes_no_busy_loop);
    tcase_add_test(tcase, what_is_no_listening_unix_socket_is_refused);
    tcase_add_test(tcase, a_socket_serves_what_it_is_for);
    /* Only root can be somebody else. */
    if (geteuid() == 0) {
        tcase_add_test(tcase, mode_and_owner_are_as_was_asked);
        tcase_add_test(tcase, without_lists_everybody_may_wait_and_dispatch_and_the_owner_operates);
        tcase_add_test(tcase, users_and_groups_have_the_rights_that_the_lists_give);
        tcase_add_test(tcase, the_mode_of_the_file_keeps_others_out);
    }
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
