/* SPDX-License-Identifier: MIT */
/* One whole life of warmstartd, as a compiled program, so that it runs under valgrind too. */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

enum {
    DEADLINE_S = 60, /* for what happens at once; only a failure waits so long */
    TEXT_BYTES = 4096,
};

static const char *program;
static pid_t pid;
static FILE *printed; /* standard output of the program */
static struct sockaddr_in address;

static void setup(void)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        /* A run that came is taken, however long the machine stands still: it is not sent to a next one. */
        execl(program, program, "--http", "127.0.0.1:0", "--log-level", "debug", "--log-format", "json",
              "--dispatch-timeout-ms", "60000", "--confirm-timeout-ms", "60000", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    printed = fdopen(ends[0], "r");
    ck_assert_ptr_nonnull(printed);
}

static void teardown(void)
{
    fclose(printed);
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

static void read_address(void)
{
    static const char before[] = "listening on http://127.0.0.1:";
    char line[256] = "", *end = NULL;

    ck_assert_ptr_nonnull(fgets(line, sizeof(line), printed));
    ck_assert_msg(strncmp(line, before, strlen(before)) == 0, "%s", line);
    unsigned long port = strtoul(line + strlen(before), &end, 10);
    ck_assert_str_eq(end, "\n");
    ck_assert_uint_le(port, UINT16_MAX);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

/* Sends a request on a new connection. */
static int send_request(const char *text)
{
    const struct timeval limit = {.tv_sec = DEADLINE_S};

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    return fd;
}

/* Reads until the text holds `part`; -1: the connection was closed before. */
static int read_until(int fd, const char *part)
{
    char text[TEXT_BYTES] = "";
    size_t used = 0;

    while (strstr(text, part) == NULL) {
        ck_assert_uint_lt(used, sizeof(text) - 1);
        ssize_t bytes = recv(fd, text + used, sizeof(text) - 1 - used, 0);
        ck_assert_int_ge(bytes, 0);
        if (bytes == 0)
            return -1;
        used += (size_t)bytes;
        text[used] = '\0';
    }
    return 0;
}

#define HEADERS                                                                                              \
    "Host: localhost\r\nx-trigger-workload-controller-id: controller_1\r\n"                                  \
    "x-trigger-deployment-id: deployment_1\r\nx-trigger-deployment-version: 1.2\r\n"                         \
    "x-trigger-machine-cpu: 1\r\nx-trigger-machine-memory: 2\r\nx-trigger-worker-instance-name: "            \
    "host\r\n\r\n"
#define MESSAGE                                                                                              \
    "{\"deployment\":{\"friendlyId\":\"deployment_1\"},\"backgroundWorker\":{\"version\":\"1.2\"},"          \
    "\"run\":{\"friendlyId\":\"run_1\",\"machine\":{\"cpu\":1,\"memory\":2}}}"

/* Sends the run; whether somebody took it. */
static int post(void)
{
    char text[TEXT_BYTES];

    snprintf(
        text, sizeof(text),
        "POST /warm-start HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n"
        "{\"dequeuedMessage\":%s}",
        strlen(MESSAGE) + strlen("{\"dequeuedMessage\":}"), MESSAGE);
    int fd = send_request(text);
    int taken = read_until(fd, "{\"didWarmStart\":true}") == 0;
    close(fd);
    return taken;
}

START_TEST(it_starts_delivers_and_stops_without_leaving_anything)
{
    int status = 0;

    read_address();
    int taken = send_request("GET /warm-start HTTP/1.1\r\n" HEADERS);
    /* The poll was sent first, but nothing says that it is held first. */
    for (int i = 0; i < 10000 && !post(); i++)
        poll(NULL, 0, 1);
    ck_assert_int_eq(read_until(taken, "\r\n\r\n" MESSAGE), 0);
    int held = send_request("GET /warm-start HTTP/1.1\r\n" HEADERS);
    int partial = send_request("POST /warm-start HTTP/1.1\r\nContent-Length: 100\r\n\r\n{");
    ck_assert_int_eq(kill(pid, SIGTERM), 0);
    ck_assert_int_eq(read_until(held, "\n"), -1);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    pid = 0;
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
    close(taken);
    close(held);
    close(partial);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    program = argv[1];
    Suite *suite = suite_create("life");
    TCase *tcase = tcase_create("life");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 2 * DEADLINE_S);
    tcase_add_test(tcase, it_starts_delivers_and_stops_without_leaving_anything);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
