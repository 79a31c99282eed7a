/* SPDX-License-Identifier: MIT */
/*
 * exchange: two brokers and twenty processes hand runs over, and are killed at random.
 *
 *     exchange WARMSTARTD [RUNS [SEED]]
 *
 * Controllers and supervisors are processes that talk to one of two brokers over its Unix socket. All of them,
 * brokers too, are killed (SIGKILL) and replaced while they work. Each writes down in a pipe what it knows, and
 * at the end every run is looked at: what was told as delivered is in exactly one hand; what was told as not
 * delivered is in none; whatever else happened, no run is in two. Prints TAP and figures.
 */
#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "peers.h"

enum { BROKERS = 2, CONTROLLERS = 10, SUPERVISORS = 10, PEERS = CONTROLLERS + SUPERVISORS };

/* Milliseconds between two kills; one of BROKER_SHARE is that of a broker. */
enum { KILL_EVERY_MS = 5, BROKER_SHARE = 20 };

struct process {
    pid_t pid; /* 0: not running */
    uint32_t serial;
};

static pid_t parent;
static const char *warmstartd;
static char directory[] = "/tmp/warmstart-exchange-XXXXXX";
static int pipe_ends[2];
static struct process brokers[BROKERS];
static struct process peers[PEERS];
static uint32_t serials;  /* of peers so far */
static uint32_t kills[3]; /* brokers, controllers, supervisors */
static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % bound);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* All processes end with this one, however it ends (see child_began()). */
static void fail(const char *what)
{
    printf("not ok 1 - %s: %s\n1..1\n", what, strerror(errno));
    exit(1);
}

/* ---- Processes ---- */

/* In a new process: it ends when the one that started it is gone, even if that is killed. */
static void child_began(void)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(125);
}

static void start_broker(int which)
{
    char path[128], log[128], lease[16];
    snprintf(lease, sizeof(lease), "%d", PEER_LEASE_MS);
    snprintf(path, sizeof(path), "%s/socket-%d", directory, which);
    snprintf(log, sizeof(log), "%s/log-%d", directory, which);
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        child_began();
        int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
            _exit(126);
        execl(warmstartd, warmstartd, "--http", "127.0.0.1:0", "--unix", path, "--unix-lease-ms", lease,
              "--log-level", "error", (char *)NULL);
        _exit(127);
    }
    brokers[which].pid = pid;
}

static void start_peer(int which)
{
    uint32_t serial = ++serials;
    struct peer peer = {.serial = serial, .seed = random_state ^ serial, .records = pipe_ends[1]};
    snprintf(peer.path, sizeof(peer.path), "%s/socket-%d", directory, which % BROKERS);
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        child_began();
        close(pipe_ends[0]);
        if (which < CONTROLLERS)
            peer_control(&peer);
        else
            peer_supervise(&peer);
        _exit(1); /* both go on until they are killed */
    }
    peers[which] = (struct process){pid, serial};
}

static void reap(struct process *process)
{
    int status;
    kill(process->pid, SIGKILL);
    if (waitpid(process->pid, &status, 0) < 0 || !WIFSIGNALED(status)) {
        printf("# a process ended by itself, status %d\n", status);
        errno = 0;
        fail("a process ended by itself");
    }
    process->pid = 0;
}

static void kill_one(struct records *records)
{
    if (random_below(BROKER_SHARE) == 0) {
        int which = (int)random_below(BROKERS);
        reap(&brokers[which]);
        start_broker(which);
        kills[0]++;
        return;
    }
    int which = (int)random_below(PEERS);
    reap(&peers[which]);
    records_killed(records, peers[which].serial);
    kills[which < CONTROLLERS ? 1 : 2]++;
    start_peer(which);
}

/* ---- The exchange ---- */

static void read_pipe(struct records *records, int timeout_ms)
{
    struct pollfd ready = {.fd = pipe_ends[0], .events = POLLIN};
    struct record some[512];
    if (poll(&ready, 1, timeout_ms) <= 0)
        return;
    ssize_t bytes = read(pipe_ends[0], some, sizeof(some));
    if (bytes < 0)
        fail("read");
    records_add(records, some, (size_t)bytes / sizeof(some[0]));
}

static void run(struct records *records, uint64_t runs)
{
    uint64_t next_kill = now_ms() + KILL_EVERY_MS, give_up = now_ms() + 10000 + runs;
    while (records->results < runs) {
        read_pipe(records, 1);
        uint64_t now = now_ms();
        if (now >= give_up) {
            errno = ETIMEDOUT;
            fail("not so many runs were settled in a millisecond each and ten seconds");
        }
        if (now < next_kill)
            continue;
        kill_one(records);
        next_kill = now + KILL_EVERY_MS;
    }
}

/* Everybody stops; what they wrote down before is still in the pipe. */
static void stop(struct records *records)
{
    for (int i = 0; i < PEERS; i++) {
        reap(&peers[i]);
        records_killed(records, peers[i].serial);
    }
    for (int i = 0; i < BROKERS; i++)
        reap(&brokers[i]);
    close(pipe_ends[1]);
    for (size_t before = SIZE_MAX; before != records->len;) {
        before = records->len;
        read_pipe(records, 0);
    }
    close(pipe_ends[0]);
    for (int i = 0; i < BROKERS; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/socket-%d", directory, i);
        unlink(path);
        snprintf(path, sizeof(path), "%s/log-%d", directory, i);
        unlink(path);
    }
    rmdir(directory);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: exchange WARMSTARTD [RUNS [SEED]]\n");
        return 2;
    }
    parent = getpid();
    warmstartd = argv[1];
    uint64_t runs = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    random_state = argc > 3 ? strtoull(argv[3], NULL, 10) : (uint64_t)time(NULL);
    printf("# %llu runs, seed %llu\n", (unsigned long long)runs, (unsigned long long)random_state);
    struct records records = {0};
    if (!mkdtemp(directory) || pipe2(pipe_ends, O_CLOEXEC) < 0)
        fail("a directory and a pipe");
    (void)fcntl(pipe_ends[0], F_SETPIPE_SZ, 1 << 20);
    for (int i = 0; i < BROKERS; i++)
        start_broker(i);
    for (int i = 0; i < PEERS; i++)
        start_peer(i);
    run(&records, runs);
    stop(&records);
    printf("# killed: %u brokers, %u controllers, %u supervisors\n", kills[0], kills[1], kills[2]);
    int status = records_judge(&records, runs);
    records_free(&records);
    return status;
}
