/* SPDX-License-Identifier: MIT */
/*
 * floor: the least that a server has to do for a hand-over, and nothing more. One thread, one epoll fd: a GET
 * is held; a POST's body goes to the newest that is held, and "true" to the supervisor, or "false" if none
 * is. Nothing is parsed but where a request ends, no key is compared, no delivery is confirmed, no time
 * limit is kept. For measurements only: no other server can cost less with these system calls.
 *
 * With --suspend it makes the calls that a server on libmicrohttpd makes beside them: what is held is taken
 * out of the epoll fd and put back, is read once in vain after each answer, and the kernel is asked whether
 * a message has arrived. So what warmstartd takes can be told from what the kernel takes for it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS_MAX = 65536, BUFFER_BYTES = 64 * 1024, BODY_BYTES_MAX = 64 << 20, BATCH = 256, BACKLOG = 4096 };

struct connection {
    char *in; /* the part of a request that came first, if it did not come at once */
    size_t in_len;
    size_t in_capacity;
    struct iovec out; /* what the socket did not take; points into rest */
    char *rest;
    bool held;
    uint32_t place; /* held: in the stack */
};

static struct connection connections[FDS_MAX];
static int held[FDS_MAX]; /* a stack of fds, the newest last */
static uint32_t held_len;
static int epoll;
static char buffer[BUFFER_BYTES];
static bool suspending;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch(int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(epoll, operation, fd, &event) != 0)
        fail("epoll_ctl");
}

static void leave_stack(int fd)
{
    struct connection *connection = &connections[fd];
    if (!connection->held)
        return;
    int last = held[--held_len];
    held[connection->place] = last;
    connections[last].place = connection->place;
    connection->held = false;
}

static void end(int fd)
{
    struct connection *connection = &connections[fd];
    leave_stack(fd);
    free(connection->in);
    free(connection->rest);
    *connection = (struct connection){0};
    close(fd);
}

/* Keeps what the socket did not take; only large payloads come here. */
static void keep_rest(int fd, const struct iovec *parts, int parts_len, size_t sent)
{
    struct connection *connection = &connections[fd];
    size_t total = 0, at = 0;
    for (int i = 0; i < parts_len; i++)
        total += parts[i].iov_len;
    connection->rest = malloc(total);
    if (connection->rest == NULL)
        fail("malloc");
    for (int i = 0; i < parts_len; i++) {
        memcpy(connection->rest + at, parts[i].iov_base, parts[i].iov_len);
        at += parts[i].iov_len;
    }
    connection->out = (struct iovec){connection->rest + sent, total - sent};
    if (!suspending)
        watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
}

static void suspend(int fd)
{
    if (suspending)
        watch(EPOLL_CTL_DEL, fd, 0);
}

static void resume(int fd)
{
    char nothing;
    if (!suspending)
        return;
    (void)recv(fd, &nothing, sizeof(nothing), MSG_PEEK);
    watch(EPOLL_CTL_ADD, fd, connections[fd].rest != NULL ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Whether it has, makes no difference here. */
static void ask_arrived(int fd)
{
    struct tcp_info info;
    socklen_t bytes = sizeof(info);
    if (suspending)
        (void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes);
}

static void write_parts(int fd, struct iovec *parts, int parts_len)
{
    size_t total = 0;
    for (int i = 0; i < parts_len; i++)
        total += parts[i].iov_len;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)parts_len};
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0)
        sent = 0; /* a connection that broke says so when it is read */
    if ((size_t)sent < total)
        keep_rest(fd, parts, parts_len, (size_t)sent);
}

static void write_rest(int fd)
{
    struct connection *connection = &connections[fd];
    ssize_t sent = write(fd, connection->out.iov_base, connection->out.iov_len);
    if (sent < 0)
        return;
    connection->out.iov_base = (char *)connection->out.iov_base + sent;
    connection->out.iov_len -= (size_t)sent;
    if (connection->out.iov_len > 0)
        return;
    free(connection->rest);
    connection->rest = NULL;
    watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

/* The message stands in {"dequeuedMessage":…}. */
static void hand_over(int supervisor, char *body, size_t body_bytes)
{
    static char yes[] = "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"didWarmStart\":true}";
    static char no[] = "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"didWarmStart\":false}";
    const size_t wrapping = sizeof("{\"dequeuedMessage\":") - 1;
    char head[64];
    if (held_len == 0 || body_bytes < wrapping + 1) {
        write_parts(supervisor, &(struct iovec){no, sizeof(no) - 1}, 1);
        return;
    }
    int controller = held[held_len - 1];
    leave_stack(controller);
    int head_bytes = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
                              body_bytes - wrapping - 1);
    struct iovec parts[] = {{head, (size_t)head_bytes}, {body + wrapping, body_bytes - wrapping - 1}};
    suspend(supervisor);
    write_parts(controller, parts, 2);
    ask_arrived(controller);
    resume(controller);
    write_parts(supervisor, &(struct iovec){yes, sizeof(yes) - 1}, 1);
    resume(supervisor);
}

static void hold(int fd)
{
    connections[fd].held = true;
    connections[fd].place = held_len;
    held[held_len++] = fd;
    suspend(fd);
}

/* Bytes of the first request; 0: it is not whole; SIZE_MAX: it makes no sense. */
static size_t request_bytes(const char *bytes, size_t len, size_t *ret_body_bytes)
{
    const char *end_of_head = memmem(bytes, len, "\r\n\r\n", 4);
    *ret_body_bytes = 0;
    if (end_of_head == NULL)
        return len < BUFFER_BYTES / 2 ? 0 : SIZE_MAX;
    size_t head = (size_t)(end_of_head - bytes) + 4;
    if (bytes[0] == 'P') {
        const char *length = memmem(bytes, head, "Content-Length: ", 16);
        *ret_body_bytes = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
        if (*ret_body_bytes > BODY_BYTES_MAX)
            return SIZE_MAX;
    }
    return len < head + *ret_body_bytes ? 0 : head + *ret_body_bytes;
}

static void keep(struct connection *connection, const char *bytes, size_t len)
{
    size_t wanted = len + BUFFER_BYTES;
    if (connection->in_capacity < wanted) {
        char *grown = malloc(wanted * 2);
        if (grown == NULL)
            fail("malloc");
        memcpy(grown, bytes, len);
        free(connection->in);
        connection->in = grown;
        connection->in_capacity = wanted * 2;
    } else {
        memmove(connection->in, bytes, len);
    }
    connection->in_len = len;
}

static void read_requests(int fd)
{
    struct connection *connection = &connections[fd];
    bool kept = connection->in_len > 0;
    char *to = kept ? connection->in + connection->in_len : buffer;
    ssize_t received = read(fd, to, kept ? connection->in_capacity - connection->in_len : sizeof(buffer));
    if (received < 0 && errno == EAGAIN)
        return;
    if (received <= 0) {
        end(fd);
        return;
    }
    char *bytes = kept ? connection->in : buffer;
    size_t len = connection->in_len + (size_t)received;
    while (len > 0) {
        size_t body_bytes, used = request_bytes(bytes, len, &body_bytes);
        if (used == SIZE_MAX) {
            end(fd);
            return;
        }
        if (used == 0)
            break;
        if (bytes[0] == 'P')
            hand_over(fd, bytes + used - body_bytes, body_bytes);
        else
            hold(fd);
        bytes += used;
        len -= used;
    }
    connection->in_len = 0;
    if (len > 0)
        keep(connection, bytes, len);
}

static void accept_all(int listener)
{
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= FDS_MAX) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static int listen_on(const char *port)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    socklen_t name_bytes = sizeof(name);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&name, &name_bytes) != 0)
        fail(port);
    printf("listening on http://127.0.0.1:%u\n", ntohs(name.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    suspending = argc == 3 && strcmp(argv[1], "--suspend") == 0;
    const char *port = argv[argc - 1];
    if (argc != (suspending ? 3 : 2) || port[0] < '0' || port[0] > '9') {
        fprintf(stderr,
                "Usage: floor [--suspend] PORT\n\nThe least server there can be; for measurements only. "
                "PORT 0 picks a free one, which is printed.\n"
                "  --suspend   makes the system calls of a server on libmicrohttpd\n");
        return 2;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    struct epoll_event events[BATCH];
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on(port);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    for (;;) {
        int len = epoll_wait(epoll, events, BATCH, -1);
        for (int i = 0; i < len; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                accept_all(fd);
                continue;
            }
            if (events[i].events & EPOLLOUT && connections[fd].rest != NULL)
                write_rest(fd);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                read_requests(fd);
        }
    }
}
