/* SPDX-License-Identifier: MIT */
/*
 * pool: a pre-forked pool of workers, with the core alone.
 *
 *     pool JOB...        each job is a text; a worker prints it in capitals. The job "die" kills its worker
 *
 * The parent keeps WORKERS processes, each on a socket pair, and is clock, poll() loop and transport in one.
 * A worker that is idle is a waiter, a job is a payload. Jobs that find nobody wait in line; a worker that
 * dies is replaced, and its job is reported as uncertain, because it may have been done in part.
 */
#include <warmstart/warmstart.h>

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 3, JOB_BYTES_MAX = 256 };

struct worker {
    int fd;
    warmstart_waiter_id waiter; /* 0: not idle and has no job */
};

static struct worker workers[WORKERS];
static struct warmstart_manager *manager;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* A worker's whole life: one message is one job, the same one in capitals is the answer. */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity): toupper() is a macro of many branches */
static void work(int fd)
{
    char job[JOB_BYTES_MAX];
    ssize_t bytes;
    while ((bytes = recv(fd, job, sizeof(job), 0)) > 0) {
        if (bytes == 3 && memcmp(job, "die", 3) == 0)
            _exit(1);
        for (ssize_t i = 0; i < bytes; i++)
            job[i] = (char)toupper((unsigned char)job[i]);
        if (send(fd, job, (size_t)bytes, MSG_NOSIGNAL) != bytes)
            break;
    }
    _exit(0);
}

static int wait_for_work(struct worker *worker)
{
    struct warmstart_registration registration;
    warmstart_registration_init(&registration);
    registration.conn = worker;
    return warmstart_register(manager, &registration, &worker->waiter, now());
}

static int start(struct worker *worker)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < WORKERS; i++) /* or this worker would not hear that the parent is gone */
            if (workers[i].fd > 0)
                close(workers[i].fd);
        close(pair[0]);
        work(pair[1]);
    }
    close(pair[1]);
    worker->fd = pair[0];
    return pid < 0 ? -1 : wait_for_work(worker);
}

/* 1: some worker has it, or will; 0: all are busy. */
static int hand_over(const char *job)
{
    struct warmstart_query query = {0};
    struct warmstart_delivery delivery;
    warmstart_dispatch_id dispatch;
    warmstart_delivery_init(&delivery);
    delivery.payload = job;
    delivery.payload_bytes = strlen(job);
    delivery.attempts_max = WORKERS;
    return warmstart_dispatch(manager, &query, &delivery, &dispatch, now());
}

/* Does what the core says. Returns how many jobs were settled. */
static int handle_events(void)
{
    int settled = 0;
    struct warmstart_event event;
    while (warmstart_next_event(manager, &event) == 1) {
        struct worker *worker = event.conn;
        if (event.type == WARMSTART_EVENT_DELIVER &&
            send(worker->fd, event.payload, event.payload_bytes, MSG_NOSIGNAL) < 0)
            warmstart_report(manager, event.waiter, WARMSTART_OUTCOME_LOST, now());
        if (event.type == WARMSTART_EVENT_SETTLED && ++settled > 0)
            printf("%.*s: %s\n", (int)event.payload_bytes, (const char *)event.payload,
                   warmstart_outcome_name(event.outcome));
    }
    return settled;
}

/* An answer, or the worker's end: then what it was given, if anything, is uncertain. */
static int hear(struct worker *worker)
{
    char answer[JOB_BYTES_MAX];
    ssize_t bytes = recv(worker->fd, answer, sizeof(answer), 0);
    if (bytes > 0) {
        printf("%.*s\n", (int)bytes, answer);
        warmstart_report(manager, worker->waiter, WARMSTART_OUTCOME_DELIVERED, now());
        return wait_for_work(worker);
    }
    warmstart_cancel(manager, worker->waiter, now());
    close(worker->fd);
    worker->fd = 0;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    return start(worker);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '\0' || strlen(argv[i]) > JOB_BYTES_MAX) {
            fprintf(stderr, "pool: a job has 1 to %d bytes\n", JOB_BYTES_MAX);
            return 2;
        }
    }
    int next = 1, settled = 0, good = warmstart_manager_new(NULL, &manager) == 0;
    for (int i = 0; i < WORKERS && good; i++)
        good = start(&workers[i]) == 0;
    while (good && settled < argc - 1) {
        for (; next < argc && hand_over(argv[next]) == 1; next++)
            ;
        settled += handle_events();
        struct pollfd ready[WORKERS];
        for (int i = 0; i < WORKERS; i++)
            ready[i] = (struct pollfd){.fd = workers[i].fd, .events = POLLIN};
        if (settled < argc - 1 && poll(ready, WORKERS, -1) > 0)
            for (int i = 0; i < WORKERS && good; i++)
                good = ready[i].revents == 0 || hear(&workers[i]) == 0;
    }
    warmstart_manager_free(manager);
    return !good;
}
