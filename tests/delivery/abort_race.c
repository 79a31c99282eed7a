/* SPDX-License-Identifier: MIT */
/*
 * Controllers that abort their polls at random moments, supervisors that send runs meanwhile, and a count of
 * what became of each run: was it answered true, and who has read it?
 *
 *     abort_race WARMSTARTD RUNS [--pin] [MODE]...
 *
 * MODE is `write`, `ack:LINGER_MS` or `required` (each starts a warmstartd of its own) or `port:PORT:PID` for
 * another program that serves on 127.0.0.1. Without any it is a test: TAP for the three modes that matter.
 * --pin puts the server on the first processor and the clients on the second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONTROLLERS  200
#define SUPERVISORS  8
#define LIFE_NS      UINT64_C(20000000) /* of a poll, on average */
#define INPUT_BYTES  4096
#define FILLER_BYTES 1000
#define QUIET_MS     200               /* nothing moves for so long: all is over */
#define LINGER_NS    UINT64_C(5000000) /* --confirm-linger-ms, the default */
#define STUCK_NS     UINT64_C(60000000000)
#define EVENTS       256

enum told { TOLD_NOTHING, TOLD_TRUE, TOLD_FALSE, TOLD_UNCERTAIN };

struct run {
    uint8_t told;    /* enum told */
    uint8_t readers; /* who have read the whole message */
    bool late;       /* somebody has aborted with it unread for longer than the server lingers, or may have */
    bool half;       /* somebody who had it unread said first that it sends no more, and closed then */
};

enum state { CLOSED, WAITING, ACKNOWLEDGING };

/* A controller or a supervisor. */
struct peer {
    int fd;
    int spent; /* controller: the connection that the last message came on, still open; or -1 */
    enum state state;
    uint64_t until; /* controller: when it aborts its poll */
    uint64_t since; /* supervisor: when it sent its POST */
    uint64_t slow;  /* controller: when it last aborted so slowly that what came unseen was late */
    uint32_t run;   /* of the POST; of the message that is being acknowledged */
    size_t bytes;   /* of input */
    char input[INPUT_BYTES];
};

struct race {
    const char *mode;
    bool required; /* controllers acknowledge */
    pid_t server;
    bool ours; /* started by us */
    uint16_t port;
    int epoll;
    uint32_t runs_len;
    uint32_t sent; /* runs so far */
    uint32_t answered;
    uint32_t aborts; /* so far */
    struct run *runs;
    uint32_t *waits_us; /* latency of each POST that was answered true */
    size_t waits_len;
    struct peer controllers[CONTROLLERS];
    struct peer supervisors[SUPERVISORS];
};

struct verdict {
    uint32_t told_true, right, half, untold, uncertain, twice, none;
    uint32_t wrong; /* told true, and nobody has read it */
    uint32_t early; /* of these: aborted so soon after it had come that it had to be noticed */
};

static uint64_t seed = UINT64_C(0x5eed5eed5eed);

static _Noreturn void fail(const char *what)
{
    printf("Bail out! %s: %s\n", what, strerror(errno));
    exit(1);
}

static void require(bool condition, const char *what)
{
    if (!condition)
        fail(what);
}

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t random_number(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint64_t cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        return 0;
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void pin(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    require(sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity");
}

/* ---- The server ---- */

static void start_server(struct race *race, const char *program, const char *confirm, const char *linger,
                         bool pinned)
{
    int pipes[2];
    require(pipe(pipes) == 0, "pipe");
    fflush(stdout);
    race->server = fork();
    require(race->server >= 0, "fork");
    if (race->server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* whatever ends us */
        if (pinned)
            pin(0);
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execl(program, program, "--http=127.0.0.1:0", "--log-level=off", "--order=oldest", "--confirm",
              confirm, "--confirm-linger-ms", linger, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    FILE *lines = fdopen(pipes[0], "r");
    unsigned port = 0;
    require(lines && fscanf(lines, "listening on http://127.0.0.1:%u", &port) == 1,
            "the server's first line");
    fclose(lines);
    race->port = (uint16_t)port;
    race->ours = true;
}

static void stop_server(struct race *race)
{
    int status = 0;
    if (!race->ours)
        return;
    kill(race->server, SIGTERM);
    require(waitpid(race->server, &status, 0) == race->server && status == 0, "the server's exit status");
}

/* ---- Connections ---- */

static void send_text(struct peer *peer, const char *text, size_t bytes)
{
    /* Small enough for any socket's buffer. A peer that is reset is noticed when it is read. */
    (void)!send(peer->fd, text, bytes, MSG_NOSIGNAL);
}

/* Each from an address of its own: the ports of one would run out. */
static void open_connection(struct race *race, struct peer *peer, size_t number, uint32_t network)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(network + (uint32_t)number)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(race->port)};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(peer->fd >= 0, "socket");
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(peer->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    setsockopt(peer->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    require(bind(peer->fd, (struct sockaddr *)&from, sizeof(from)) == 0, "bind");
    require(connect(peer->fd, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = peer};
    require(epoll_ctl(race->epoll, EPOLL_CTL_ADD, peer->fd, &event) == 0, "epoll_ctl");
    peer->bytes = 0;
}

static void send_poll(struct race *race, struct peer *peer)
{
    char request[512];
    size_t number = (size_t)(peer - race->controllers);
    open_connection(race, peer, number, 0x7f020001u);
    int bytes = snprintf(request, sizeof(request),
                         "GET /warm-start HTTP/1.1\r\nHost: x\r\n%sx-trigger-workload-controller-id: c%zu\r\n"
                         "x-trigger-deployment-id: d\r\nx-trigger-deployment-version: 1\r\n"
                         "x-trigger-machine-cpu: 1\r\nx-trigger-machine-memory: 1\r\n\r\n",
                         race->required ? "x-warmstart-ack: required\r\n" : "", number);
    send_text(peer, request, (size_t)bytes);
    peer->state = WAITING;
    peer->until = now_ns() + random_number() % (2 * LIFE_NS);
}

static void send_run(struct race *race, struct peer *peer)
{
    char body[FILLER_BYTES + 512], request[sizeof(body) + 256];
    peer->state = CLOSED;
    if (race->sent == race->runs_len)
        return;
    peer->run = race->sent++;
    int body_bytes =
        snprintf(body, sizeof(body),
                 "{\"dequeuedMessage\":{\"run\":{\"friendlyId\":\"run_%u\",\"machine\":{\"cpu\":1,"
                 "\"memory\":1}},\"deployment\":{\"friendlyId\":\"d\"},\"backgroundWorker\":"
                 "{\"version\":\"1\"},\"filler\":\"%0*d\"}}",
                 peer->run, FILLER_BYTES, 0);
    int bytes = snprintf(request, sizeof(request),
                         "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                         "Content-Length: %d\r\n\r\n%s",
                         body_bytes, body);
    peer->state = WAITING;
    peer->since = now_ns();
    send_text(peer, request, (size_t)bytes);
}

/* Where the body begins if all of the answer is there, else NULL. */
static const char *whole_answer(struct peer *peer)
{
    peer->input[peer->bytes] = '\0';
    const char *end = strstr(peer->input, "\r\n\r\n");
    const char *length = end ? strcasestr(peer->input, "\r\ncontent-length:") : NULL;
    if (!length || length > end)
        return NULL;
    size_t head_bytes = (size_t)(end + 4 - peer->input);
    return peer->bytes >= head_bytes + strtoul(length + 17, NULL, 10) ? end + 4 : NULL;
}

static uint64_t wall_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* The run that is there unread, if all of its message is, and when it came; else NULL. */
static struct run *unread_run(struct race *race, struct peer *peer, uint64_t *ret_came)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct timespec)) * 2];
    struct iovec bytes = {.iov_base = peer->input, .iov_len = INPUT_BYTES - 1};
    struct msghdr asked = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(peer->fd, &asked, MSG_PEEK | MSG_DONTWAIT);
    peer->bytes = got > 0 ? (size_t)got : 0;
    const char *body = whole_answer(peer), *run = body ? strstr(body, "\"run_") : NULL;
    if (!run)
        return NULL;
    for (struct cmsghdr *one = CMSG_FIRSTHDR(&asked); one; one = CMSG_NXTHDR(&asked, one)) {
        struct timespec came;
        if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&came, CMSG_DATA(one), sizeof(came));
        *ret_came = (uint64_t)came.tv_sec * 1000000000u + (uint64_t)came.tv_nsec;
        return &race->runs[strtoul(run + 5, NULL, 10) % race->runs_len];
    }
    errno = 0;
    fail("the kernel does not say when a message came");
}

/*
 * As most clients do, without a word, or in two steps: then it matters what the server does between them.
 * Notes how long a message lay unread when the connection was over: less than the server lingers, and it
 * must have noticed.
 */
static void abort_poll(struct race *race, struct peer *peer)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    uint64_t kind = peer->state == WAITING ? random_number() % 3 : 0, came = 0, looked;
    if (kind == 1)
        setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    else if (kind == 2)
        shutdown(peer->fd, SHUT_RDWR);
    looked = wall_ns();
    struct run *run = peer->state == WAITING ? unread_run(race, peer, &came) : NULL;
    close(peer->fd);
    uint64_t over = wall_ns();
    if (run && kind == 2) {
        run->half = true;
    } else if (run) {
        run->late = over >= came + LINGER_NS;
    }
    if (over >= looked + LINGER_NS)
        peer->slow = now_ns();
}

static void restart_controller(struct race *race, struct peer *peer)
{
    abort_poll(race, peer);
    send_poll(race, peer);
}

/* ---- Answers ---- */

/* The connection stays open for a while, as that of a pooling client does; the next poll has a new one. */
static void read_by(struct race *race, struct peer *peer)
{
    struct run *run = &race->runs[peer->run];
    run->readers = (uint8_t)(run->readers + 1);
    epoll_ctl(race->epoll, EPOLL_CTL_DEL, peer->fd, NULL);
    if (peer->spent >= 0)
        close(peer->spent);
    peer->spent = peer->fd;
    send_poll(race, peer);
}

static void acknowledge(struct peer *peer)
{
    char request[256];
    const char *id = strcasestr(peer->input, "\r\nx-warmstart-delivery-id: ");
    require(id != NULL, "a message without x-warmstart-delivery-id");
    int bytes =
        snprintf(request, sizeof(request),
                 "POST /warm-start/ack/%.32s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", id + 27);
    peer->state = ACKNOWLEDGING;
    peer->bytes = 0;
    send_text(peer, request, (size_t)bytes);
}

static void controller_answer(struct race *race, struct peer *peer, const char *body)
{
    if (peer->state == ACKNOWLEDGING) {
        if (strstr(peer->input, " 200 "))
            read_by(race, peer);
        else
            restart_controller(race, peer);
        return;
    }
    const char *run = strstr(body, "\"run_");
    if (!run) {
        restart_controller(race, peer);
        return;
    }
    peer->run = (uint32_t)strtoul(run + 5, NULL, 10);
    require(peer->run < race->runs_len, "a run that nobody has sent");
    if (race->required)
        acknowledge(peer);
    else
        read_by(race, peer);
}

/* Whoever was told to have it has perhaps aborted without seeing it come, and took long for that. */
static bool aborted_slowly(const struct race *race, const struct peer *supervisor)
{
    const char *id = strcasestr(supervisor->input, "\r\nx-warmstart-controller-id: c");
    unsigned long number = id ? strtoul(id + 30, NULL, 10) : CONTROLLERS;
    return number < CONTROLLERS && race->controllers[number].slow >= supervisor->since;
}

static void supervisor_answer(struct race *race, struct peer *peer, const char *body)
{
    struct run *run = &race->runs[peer->run];
    if (strstr(body, "true")) {
        run->late = run->late || aborted_slowly(race, peer);
        run->told = TOLD_TRUE;
        race->waits_us[race->waits_len++] = (uint32_t)((now_ns() - peer->since) / 1000);
    } else {
        run->told = strcasestr(peer->input, "x-warmstart-outcome: uncertain") ? TOLD_UNCERTAIN : TOLD_FALSE;
    }
    race->answered++;
    peer->bytes = 0;
    send_run(race, peer);
}

static bool is_supervisor(const struct race *race, const struct peer *peer)
{
    return peer >= race->supervisors && peer < race->supervisors + SUPERVISORS;
}

static void on_readable(struct race *race, struct peer *peer)
{
    ssize_t got = recv(peer->fd, peer->input + peer->bytes, INPUT_BYTES - 1 - peer->bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        require(!is_supervisor(race, peer), "a supervisor's connection was closed");
        restart_controller(race, peer);
        return;
    }
    peer->bytes += (size_t)got;
    const char *body = whole_answer(peer);
    if (body && is_supervisor(race, peer))
        supervisor_answer(race, peer, body);
    else if (body)
        controller_answer(race, peer, body);
}

/* ---- The race ---- */

/*
 * One at most, the one that is due for longest, so that what has arrived meanwhile is read before the next:
 * each stands for a process of its own, which no other keeps from reading. Whether there was one.
 */
static bool abort_who_is_due(struct race *race)
{
    struct peer *first = NULL;
    for (size_t i = 0; i < CONTROLLERS; i++) {
        struct peer *peer = &race->controllers[i];
        if (peer->state == WAITING && (!first || peer->until < first->until))
            first = peer;
    }
    if (!first || now_ns() < first->until)
        return false;
    restart_controller(race, first);
    race->aborts++;
    return true;
}

/* Handles what is there. Whether there was anything. */
static bool step(struct race *race, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int len = epoll_wait(race->epoll, events, EVENTS, timeout_ms);
    for (int i = 0; i < len; i++) {
        struct peer *peer = events[i].data.ptr;
        on_readable(race, peer);
    }
    return len > 0;
}

static void open_race(struct race *race)
{
    race->epoll = epoll_create1(EPOLL_CLOEXEC);
    race->runs = calloc(race->runs_len, sizeof(*race->runs));
    race->waits_us = calloc(race->runs_len, sizeof(*race->waits_us));
    require(race->epoll >= 0 && race->runs && race->waits_us, "memory");
    for (size_t i = 0; i < CONTROLLERS; i++) {
        race->controllers[i].spent = -1;
        send_poll(race, &race->controllers[i]);
    }
    for (size_t i = 0; i < SUPERVISORS; i++) {
        open_connection(race, &race->supervisors[i], i, 0x7f030001u);
        send_run(race, &race->supervisors[i]);
    }
}

static void close_race(struct race *race)
{
    for (size_t i = 0; i < CONTROLLERS; i++) {
        close(race->controllers[i].fd);
        if (race->controllers[i].spent >= 0)
            close(race->controllers[i].spent);
    }
    for (size_t i = 0; i < SUPERVISORS; i++)
        close(race->supervisors[i].fd);
    close(race->epoll);
    free(race->runs);
    free(race->waits_us);
}

static struct verdict judge(const struct race *race)
{
    struct verdict verdict = {0};
    for (size_t i = 0; i < race->runs_len; i++) {
        const struct run *run = &race->runs[i];
        bool told_true = run->told == TOLD_TRUE;
        verdict.told_true += told_true;
        verdict.right += told_true && run->readers == 1;
        bool wrong = told_true && run->readers == 0 && !run->half;
        verdict.wrong += wrong;
        verdict.early += wrong && !run->late;
        verdict.half += told_true && run->readers == 0 && run->half;
        verdict.twice += run->readers > 1;
        verdict.untold += run->told == TOLD_FALSE && run->readers > 0;
        verdict.uncertain += run->told == TOLD_UNCERTAIN;
        verdict.none += run->told == TOLD_FALSE && run->readers == 0;
    }
    return verdict;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void print_figures(struct race *race, const struct verdict *verdict, uint64_t server_ns,
                          uint64_t took_ns)
{
    qsort(race->waits_us, race->waits_len, sizeof(*race->waits_us), compare);
    size_t len = race->waits_len;
    uint32_t median = len ? race->waits_us[len / 2] : 0, late = len ? race->waits_us[len - 1 - len / 100] : 0;
    double million = verdict->told_true ? 1e6 / verdict->told_true : 0;
    printf("# %s: %u runs, %u true: %u right, %u WRONG (%.0f in a million, EARLY %u), half-closed %u; false: "
           "%u, of "
           "which read %u, "
           "uncertain %u; read twice: %u; median %u us, p99 %u us; CPU %.1f us a run; %u aborts in %.1f s\n",
           race->mode, race->runs_len, verdict->told_true, verdict->right, verdict->wrong,
           verdict->wrong * million, verdict->early, verdict->half, verdict->none + verdict->untold,
           verdict->untold, verdict->uncertain, verdict->twice, median, late,
           (double)server_ns / 1e3 / race->runs_len, race->aborts, (double)took_ns / 1e9);
    fflush(stdout);
}

static struct verdict run_race(const char *program, uint32_t runs_len, const char *mode, bool pinned)
{
    static struct race race;
    unsigned port = 0;
    int pid = 0;
    race = (struct race){.mode = mode, .runs_len = runs_len, .required = strcmp(mode, "required") == 0};
    if (sscanf(mode, "port:%u:%d", &port, &pid) == 2) {
        race.port = (uint16_t)port;
        race.server = pid;
    } else if (strncmp(mode, "ack:", 4) == 0) {
        start_server(&race, program, "ack", mode + 4, pinned);
    } else {
        start_server(&race, program, race.required ? "ack" : "write", "5", pinned);
    }
    uint64_t began = now_ns(), server_began = cpu_ns(race.server), moved = began;
    bool busy = false;
    open_race(&race);
    for (uint32_t before = 0; race.answered < runs_len; before = race.answered) {
        step(&race, busy ? 0 : 1);
        busy = abort_who_is_due(&race);
        if (race.answered != before)
            moved = now_ns();
        require(now_ns() - moved < STUCK_NS, "a POST without an answer");
    }
    uint64_t took = now_ns() - began, server_took = cpu_ns(race.server) - server_began;
    while (step(&race, QUIET_MS)) {
    }
    struct verdict verdict = judge(&race);
    print_figures(&race, &verdict, server_took, took);
    close_race(&race);
    stop_server(&race);
    return verdict;
}

/* ---- As a test ---- */

static int tests;
static bool failed;

static void test(bool condition, const char *what)
{
    printf("%s %d - %s\n", condition ? "ok" : "not ok", ++tests, what);
    failed = failed || !condition;
}

/*
 * A controller that is kept from running for longer than the linger between the message's arrival and its
 * abort has not read it, and nobody can know; how often that happens says something about the machine, not
 * about the server. Any other is a mistake, and there must be none. That these are found is shown by a
 * server that makes them.
 */
static void prove(const char *program, uint32_t runs_len)
{
    printf("1..7\n");
    struct verdict written = run_race(program, runs_len, "write", false);
    struct verdict hasty = run_race(program, runs_len, "ack:0", false);
    struct verdict acknowledged = run_race(program, runs_len, "ack:5", false);
    struct verdict required = run_race(program, runs_len, "required", false);
    /* How many find a controller is a matter of speed; without some hundred the rest would say nothing. */
    test(written.told_true >= runs_len / 50 && acknowledged.told_true >= runs_len / 50 &&
             required.told_true >= runs_len / 50,
         "enough runs are delivered to tell");
    test(written.early + hasty.early > 0, "a server that does not wait for an abort is found out");
    test(acknowledged.early == 0,
         "a message that was aborted less than 5 ms after it came is never told as true");
    test(required.wrong + required.half == 0, "what the controller has acknowledged never is told wrongly");
    test(acknowledged.twice == 0 && required.twice == 0, "nobody has read what somebody else has");
    test(acknowledged.untold == 0, "what was read is told as true, or uncertain");
    test(required.untold == 0, "what was acknowledged is told as true, or uncertain");
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 3) {
        fprintf(stderr, "Usage: abort_race WARMSTARTD RUNS [--pin] [MODE]...\n");
        return 2;
    }
    uint32_t runs_len = (uint32_t)strtoul(argv[2], NULL, 10);
    int next = 3;
    bool pinned = next < argc && strcmp(argv[next], "--pin") == 0;
    if (pinned) {
        pin(1);
        next++;
    }
    if (next == argc)
        prove(argv[1], runs_len);
    for (; next < argc; next++)
        run_race(argv[1], runs_len, argv[next], pinned);
    return failed ? 1 : 0;
}
