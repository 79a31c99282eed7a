/* SPDX-License-Identifier: MIT */
/*
 * Requests that nobody sends by accident. Each comes whole, byte by byte and cut in two at every place, and
 * has to be seen in the same way each time. A controller is held meanwhile: a run that is hidden in a
 * request must not reach it. After each the server still delivers, and has no connection left. The
 * environment's IDLE is how many idle sockets there are (2,000).
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "suite.h"

#define SEEN_BYTES 64
#define CUTS_MAX   400 /* of one request; longer ones are cut at some places only */

/* A run for the controller that is held, whole. */
#define RUN                                                                                                  \
    "{\"dequeuedMessage\":{\"deployment\":{\"friendlyId\":\"deployment_1\"},\"backgroundWorker\":"           \
    "{\"version\":\"20260327.4\"},\"run\":{\"friendlyId\":\"run_smuggled\",\"machine\":{\"cpu\":0.5,"        \
    "\"memory\":0.5}}}}"
#define RUN_LENGTH "179"
#define SMUGGLED   "POST /warm-start HTTP/1.1\r\nHost: x\r\nContent-Length: " RUN_LENGTH "\r\n\r\n" RUN
#define POST       "POST /warm-start HTTP/1.1\r\nHost: x\r\n"
#define GET        "GET /healthz HTTP/1.1\r\nHost: x\r\n"

/*
 * What the client sees: the status of each answer; "!" at the end: the server has closed. "": it waits for
 * more.
 */
struct hostile {
    const char *name;
    const char *text;
    size_t bytes;
    const char *seen;
};

#define HOSTILE(name, text, seen)                                                                            \
    {                                                                                                        \
        name, text, sizeof(text) - 1, seen                                                                   \
    }

static const struct hostile lengths[] = {
    HOSTILE("length and chunks",
            POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("chunks and length",
            POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("two encodings",
            POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" SMUGGLED,
            "400!"),
    HOSTILE("two lengths", POST "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("the same length twice", POST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("two lengths in one", POST "Content-Length: 0, 5\r\n\r\n" SMUGGLED, "400400!"),
    HOSTILE("a length with a sign", POST "Content-Length: +5\r\n\r\nhello" SMUGGLED, "400400!"),
    HOSTILE("a negative length", POST "Content-Length: -1\r\n\r\n" SMUGGLED, "400400!"),
    HOSTILE("a hexadecimal length", POST "Content-Length: 0x5\r\n\r\nhello" SMUGGLED, "400400!"),
    HOSTILE("a length with a space in it", POST "Content-Length: 5 5\r\n\r\nhello" SMUGGLED, "400400!"),
    HOSTILE("a length with an exponent", POST "Content-Length: 1e1\r\n\r\nhello" SMUGGLED, "400400!"),
    HOSTILE("an empty length", POST "Content-Length:\r\n\r\n" SMUGGLED, "400400!"),
    HOSTILE("the largest length", POST "Content-Length: 18446744073709551615\r\n\r\n" SMUGGLED, "413!"),
    HOSTILE("a length beyond it", POST "Content-Length: 18446744073709551616\r\n\r\n" SMUGGLED, "413413!"),
    HOSTILE("a length of forty digits",
            POST "Content-Length: 1000000000000000000000000000000000000000\r\n\r\n" SMUGGLED, "413413!"),
    HOSTILE("a length that is too large", POST "Content-Length: 8388609\r\n\r\n" SMUGGLED, "413!"),
    HOSTILE("a length in a trailer",
            POST "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\nhello", "400"),
    HOSTILE("a get with a body", GET "Content-Length: 5\r\n\r\nGET /" GET "\r\n", "200200"),
    HOSTILE("an encoding in HTTP/1.0",
            "POST /warm-start HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a length with a folded line", POST "Content-Length: 0\r\n 5\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a length with a space before its colon", POST "Content-Length : 5\r\n\r\nhello" SMUGGLED,
            "400!"),
    HOSTILE("a length with a tab before its colon", POST "Content-Length\t: 5\r\n\r\nhello" SMUGGLED, "400!"),
    HOSTILE("a length behind a NUL", POST "X-A: b\0\r\nContent-Length: 5\r\n\r\nhello" SMUGGLED, "400!"),
    HOSTILE("a length behind a bare CR", POST "X-A: b\rContent-Length: 5\r\n\r\nhello" SMUGGLED, "400!"),
};

static const struct hostile encodings[] = {
    HOSTILE("an unknown encoding", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SMUGGLED, "501!"),
    HOSTILE("chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" SMUGGLED, "501!"),
    HOSTILE("chunked behind a vertical tab", POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" SMUGGLED,
            "501!"),
    HOSTILE("chunked with a parameter", POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n" SMUGGLED,
            "501!"),
    HOSTILE("chunked with a space before its colon",
            POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("chunked in a folded line", POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
            "400!"),
    HOSTILE("an empty encoding", POST "Transfer-Encoding:\r\n\r\n" SMUGGLED, "501!"),
    HOSTILE("quoted", POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" SMUGGLED, "501!"),
};

#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct hostile chunks[] = {
    HOSTILE("an extension", CHUNKED "2;a=b\r\n{}\r\n0\r\n\r\n", "400"),
    HOSTILE("an extension with a quoted line end", CHUNKED "2;a=\"\r\n{}\r\n0\r\n\r\n", "400"),
    HOSTILE("a space behind the length", CHUNKED "2 \r\n{}\r\n0\r\n\r\n", "400!"),
    HOSTILE("a negative length", CHUNKED "-2\r\n{}\r\n0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a length with a sign", CHUNKED "+2\r\n{}\r\n0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a prefix", CHUNKED "0x2\r\n{}\r\n0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("no length", CHUNKED "\r\n{}\r\n0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("no number", CHUNKED "two\r\n{}\r\n0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("64 bits", CHUNKED "ffffffffffffffff\r\n{}" SMUGGLED, ""),
    HOSTILE("more than 64 bits", CHUNKED "fffffffffffffffff\r\n{}" SMUGGLED, "413!"),
    HOSTILE("64 bits and the rest of a smaller one", CHUNKED "10000000000000002\r\n{}\r\n0\r\n\r\n" SMUGGLED,
            "413!"),
    HOSTILE("more data than announced", CHUNKED "2\r\n{}{}\r\n0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("no line end behind the data", CHUNKED "2\r\n{}0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("an end that is not there", CHUNKED "2\r\n{}\r\n", ""),
    HOSTILE("a trailer", CHUNKED "2\r\n{}\r\n0\r\nX-A: b\r\n\r\n", "400"),
};

static const struct hostile lines[] = {
    HOSTILE("a folded line", GET "X-A: b\r\n c\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a first line that is folded", "GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a space before the colon", GET "X-A : b\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("no name", GET ": b\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("no colon", GET "X-A\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a NUL in a value", GET "X-A: b\0c\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a NUL in a name", GET "X\0A: b\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a NUL in the target", "GET /healthz\0x HTTP/1.1\r\nHost: x\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a NUL in the method", "GET\0 /healthz HTTP/1.1\r\nHost: x\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("bare line feeds", "GET /healthz HTTP/1.1\nHost: x\n\n", "200"),
    HOSTILE("two hosts", GET "Host: y\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("no host", "GET /healthz HTTP/1.1\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a version too many", "GET /healthz HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a long version", "GET /healthz HTTP/1.10\r\nHost: x\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a small version", "GET /healthz http/1.1\r\nHost: x\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("version 0.9", "GET /healthz\r\n" SMUGGLED, "400!"),
    HOSTILE("version 2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" SMUGGLED, "505!"),
    HOSTILE("an answer", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\r\n\r\n\r\n" SMUGGLED, "!"),
    HOSTILE("nothing but ones", "\xff\xff\xff\xff\xff\xff\xff\xff\r\n\r\n" SMUGGLED, "!"),
    HOSTILE("nothing but zeros", "\0\0\0\0\0\0\0\0\r\n" GET "\r\n", "200"),
    HOSTILE("empty lines", "\r\n\r\n\r\n\r\n\r\n" GET "\r\n", "200"),
    HOSTILE("an upgrade",
            GET "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
            "200"),
    HOSTILE("an expectation nobody knows", POST "Expect: miracles\r\nContent-Length: 2\r\n\r\n{}", "400"),
};

static const struct hostile targets[] = {
    HOSTILE("a user in an absolute target", "GET http://user:word@x/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            "200"),
    HOSTILE("an absolute target without a host", "GET http:///healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
    HOSTILE("an absolute target without a path", "GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    HOSTILE("another scheme", "GET ftp://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    HOSTILE("a target without a slash", "GET healthz HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    HOSTILE("two slashes", "GET //healthz HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    HOSTILE("dots", "GET /x/../healthz HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    HOSTILE("an encoded NUL", "GET /healthz%00x HTTP/1.1\r\nHost: x\r\n\r\n", "400!"),
    HOSTILE("half of an encoding", "GET /healthz%2 HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    HOSTILE("a byte that is not ASCII", "GET /healthz\x80 HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    HOSTILE("a tunnel",
            "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n"
            "\r\n",
            "404"),
    HOSTILE("an asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    HOSTILE("a small method", "get /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
    HOSTILE("a method nobody knows", "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
    HOSTILE("a trace", "TRACE /warm-start HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
    HOSTILE("no target", "GET HTTP/1.1\r\nHost: x\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("a tab before the target", "GET\t/healthz HTTP/1.1\r\nHost: x\r\n\r\n" SMUGGLED, "400!"),
    HOSTILE("two spaces before the target", "GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n" SMUGGLED, "400!"),
};

/* ---- The server ---- */

static struct fixture fixture;
static struct client held;
static struct client client;
static size_t descriptors; /* with the held one alone */

static void open_all(void)
{
    fixture_init(&fixture);
    fixture.still = true;
    fixture.logger.level = WARMSTART_LOG_OFF;
    fixture.options.connection_timeout_ms = 3600000;
    fixture_open(&fixture);
    client = (struct client){.fixture = &fixture, .fd = -1};
    client_hold(&held, &fixture, NULL);
    descriptors = fixture_descriptors();
}

static void close_all(void)
{
    client_close(&held);
    client_close(&client);
    fixture_close(&fixture);
}

/* A run for another deployment is delivered; the controller that is held has heard nothing. */
static void expect_service(void)
{
    const struct identity who = {.controller = "other", .deployment = "deployment_2"};
    struct client controller, supervisor;
    char *message = message_new(&who, "run_2", 0);
    client_hold(&controller, &fixture, &who);
    client_connect(&supervisor, &fixture);
    ck_assert(client_dispatched(&supervisor, message));
    client_expect_message(&controller, message);
    client_close(&supervisor);
    client_close(&controller);
    free(message);
    client_expect_silence(&held);
    fixture_wait_connections(&fixture, 1);
    ck_assert_uint_eq(fixture_stats(&fixture).held, 1);
}

/* What libmicrohttpd or we said, as in struct hostile. */
static void look(char seen[SEEN_BYTES])
{
    size_t length = 0;
    client_receive(&client);
    if (client.bytes > 0)
        client.data[client.bytes] = '\0';
    for (size_t i = 0; i + 12 <= client.bytes && length + 5 < SEEN_BYTES; i++) {
        if (memcmp(client.data + i, "HTTP/1.1 ", 9) != 0 || (i > 0 && client.data[i - 1] == ' '))
            continue;
        memcpy(seen + length, client.data + i + 9, 3);
        length += 3;
    }
    seen[length] = '\0';
    if (client.closed)
        strcat(seen, "!");
}

static void piece(const char *text, size_t bytes)
{
    client_receive(&client);
    if (!client.closed)
        client_push(&client, text, bytes);
    fixture_settle(&fixture);
    client_receive(&client);
}

static void expect_seen(const struct hostile *one, const char *how)
{
    char seen[SEEN_BYTES];
    /* Closing lasts a moment longer where something is still on the way. */
    look(seen);
    if (strcmp(seen, one->seen) != 0) {
        fixture_settle(&fixture);
        look(seen);
    }
    ck_assert_msg(strcmp(seen, one->seen) == 0, "%s, %s: seen %s, not %s", one->name, how, seen, one->seen);
    client_close(&client);
    client_expect_silence(&held);
}

static void try_whole(const struct hostile *one)
{
    client_connect(&client, &fixture);
    piece(one->text, one->bytes);
    expect_seen(one, "whole");
}

static void try_bytes(const struct hostile *one)
{
    client_connect(&client, &fixture);
    for (size_t i = 0; i < one->bytes; i++)
        piece(one->text + i, 1);
    expect_seen(one, "byte by byte");
}

static void try_cut(const struct hostile *one, size_t at)
{
    char how[32];
    snprintf(how, sizeof(how), "cut at %zu", at);
    client_connect(&client, &fixture);
    piece(one->text, at);
    piece(one->text + at, one->bytes - at);
    expect_seen(one, how);
}

static void try_all(const struct hostile *list, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const struct hostile *one = &list[i];
        size_t step = one->bytes / CUTS_MAX + 1;
        try_whole(one);
        try_bytes(one);
        for (size_t at = 1; at < one->bytes; at += step)
            try_cut(one, at);
        expect_service();
        ck_assert_uint_eq(fixture_descriptors(), descriptors);
    }
}

#define TRY_ALL(list) try_all(list, sizeof(list) / sizeof((list)[0]))

START_TEST(lengths_that_two_servers_could_read_differently)
{
    TRY_ALL(lengths);
}
END_TEST

START_TEST(encodings_that_two_servers_could_read_differently)
{
    TRY_ALL(encodings);
}
END_TEST

START_TEST(broken_chunks)
{
    TRY_ALL(chunks);
}
END_TEST

START_TEST(broken_lines)
{
    TRY_ALL(lines);
}
END_TEST

START_TEST(strange_targets_and_methods)
{
    TRY_ALL(targets);
}
END_TEST

/* The corpus would show nothing if the hidden run could not reach the controller at all. */
START_TEST(the_hidden_run_fits_the_controller)
{
    client_connect(&client, &fixture);
    client_send_text(&client, SMUGGLED);
    client_expect(&client, 200, "{\"didWarmStart\":true}");
    client_expect(&held, 200, NULL);
}
END_TEST

/* ---- Too much of everything ---- */

/*
 * What libmicrohttpd is stuck with is only looked at every few milliseconds, on the clock that stands
 * still.
 */
static bool is_alone(void *argument)
{
    (void)argument;
    fixture.now += 10 * UINT64_C(1000000);
    return fixture_stats(&fixture).connections == 1;
}

/* `before`, then `filler` so many times, then `after`; the server may close at any time. */
static void flood(const char *before, const char *filler, size_t times, const char *after,
                  char seen[SEEN_BYTES])
{
    client_connect(&client, &fixture);
    client_push(&client, before, strlen(before));
    for (size_t i = 0; i < times; i++) {
        client_push(&client, filler, strlen(filler));
        if (i % 64 == 0)
            client_receive(&client);
    }
    client_push(&client, after, strlen(after));
    fixture_settle(&fixture);
    look(seen);
    client_close(&client);
    fixture_pump(&fixture, is_alone, NULL);
    expect_service();
}

/*
 * 414 or 431, and closed; libmicrohttpd 0.9.75 sends the head of some of its answers twice, and where its
 * memory ends just there, it has none left for an answer.
 */
static void expect_refused(const char *before, const char *filler, size_t times, const char *after)
{
    char seen[SEEN_BYTES];
    flood(before, filler, times, after, seen);
    size_t length = strlen(seen);
    bool may_be_silent = times <= 1000;
    bool refused = length >= (may_be_silent ? 1 : 4) && seen[length - 1] == '!';
    for (size_t i = 0; i + 3 < length; i += 3)
        refused = refused && (memcmp(seen + i, "414", 3) == 0 || memcmp(seen + i, "431", 3) == 0);
    ck_assert_msg(refused, "%zu times %.20s: seen %s", times, filler, seen);
}

static void expect_flooded(const char *before, const char *filler, size_t times, const char *after,
                           const char *wanted)
{
    char seen[SEEN_BYTES];
    flood(before, filler, times, after, seen);
    ck_assert_msg(strcmp(seen, wanted) == 0, "%zu times %.20s: seen %s", times, filler, seen);
}

START_TEST(too_much_of_everything)
{
    static const size_t sizes[] = {1000, 10000, 100000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t times = sizes[i];
        expect_refused(GET, "X-A: b\r\n", times, "\r\n");
        expect_refused(GET, "X-A:\n", times, "\r\n");
        expect_refused(GET "X-A: ", "0123456789", times, "\r\n\r\n");
        expect_refused(GET "X-", "0123456789", times, ": b\r\n\r\n");
        expect_refused(GET "Cookie: ", "a=b; ", times, "\r\n\r\n");
        expect_refused("GET /", "0123456789", times, " HTTP/1.1\r\nHost: x\r\n\r\n");
        expect_refused("", "METHOD", times, " / HTTP/1.1\r\nHost: x\r\n\r\n");
    }
}
END_TEST

START_TEST(too_many_chunks)
{
    expect_flooded(CHUNKED, "1\r\n \r\n", 20000, "2\r\n{}\r\n0\r\n\r\n", "400");
    expect_flooded(CHUNKED "2;", "0123456789", 1000, "\r\n{}\r\n0\r\n\r\n", "400!");
    expect_flooded(CHUNKED "0\r\n", "X-A: b\r\n", 2000, "\r\n", "431!");
}
END_TEST

START_TEST(a_target_with_too_many_arguments_is_closed_after_the_header_timeout)
{
    /* libmicrohttpd 0.9.75 means to answer 431 and forgets it. */
    client_connect(&client, &fixture);
    client_push(&client, "GET /healthz?", 13);
    for (int i = 0; i < 500; i++)
        client_push(&client, "a&b&", 4);
    client_push(&client, " HTTP/1.1\r\nHost: x\r\n\r\n", 22);
    fixture_settle(&fixture);
    client_expect_silence(&client);
    fixture_pass(&fixture, 10000);
    fixture_wait_connections(&fixture, 1);
    client_expect_closed(&client);
    expect_service();
}
END_TEST

START_TEST(too_many_requests_at_once)
{
    expect_flooded("", GET "\r\n", 10, "", "200200200200200200200200200200");
}
END_TEST

/* ---- Idle sockets ---- */

static size_t idle_count(void)
{
    const char *given = getenv("IDLE");
    size_t count = given ? strtoul(given, NULL, 10) : 2000;
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    /* Each cell of the server has descriptors of its own. */
    size_t possible = (size_t)limit.rlim_cur / 64 * 60 - 100;
    return count < possible ? count : possible;
}

/* Some say nothing, some a little. */
static bool open_idle(int fd, size_t i)
{
    static const char *const texts[] = {"", "G", "", POST "Content-Length: 100\r\n\r\n{"};
    const char *text = texts[i % 4];
    return connect(fd, (const struct sockaddr *)&fixture.address, sizeof(struct sockaddr_in)) == 0 &&
           send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/*
 * In a process of its own, because there are not descriptors enough for both ends in one. True: all were
 * closed.
 */
static bool be_idle(size_t count)
{
    char byte;
    int first = 3;
    for (size_t i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd != first + (int)i || !open_idle(fd, i))
            return false;
    }
    for (size_t i = 0; i < count; i++)
        if (recv(first + (int)i, &byte, 1, 0) != 0)
            return false;
    return true;
}

static pid_t start_idle(size_t count)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    /* What is open there too would not be closed for its peer. */
    if (close_range(3, ~0U, 0) != 0)
        _exit(2);
    _exit(be_idle(count) ? 0 : 1);
}

static bool has_ended(void *argument)
{
    int status = -1;
    pid_t *child = argument;
    if (waitpid(*child, &status, WNOHANG) != *child)
        return false;
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    return true;
}

START_TEST(idle_sockets_do_not_keep_a_run_from_its_controller)
{
    size_t count = idle_count();
    pid_t child = start_idle(count);
    fixture_wait_connections(&fixture, count + 1);
    client_expect_silence(&held);
    char *message = message_new(NULL, "run_1", 0);
    client_connect(&client, &fixture);
    ck_assert(client_dispatched(&client, message));
    client_expect_message(&held, message);
    client_close(&client);
    client_poll(&held, NULL);
    fixture_wait_held(&fixture, 1);

    fixture_pass(&fixture, 10000);
    fixture_pass(&fixture, 20000);
    fixture_wait_connections(&fixture, 1);
    fixture_pump(&fixture, has_ended, &child);
    printf("# %zu idle sockets\n", count);
    free(message);
    expect_service();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_hostile");
    TCase *tests = tcase_create("hostile");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, the_hidden_run_fits_the_controller);
    tcase_add_test(tests, lengths_that_two_servers_could_read_differently);
    tcase_add_test(tests, encodings_that_two_servers_could_read_differently);
    tcase_add_test(tests, broken_chunks);
    tcase_add_test(tests, broken_lines);
    tcase_add_test(tests, strange_targets_and_methods);
    tcase_add_test(tests, too_much_of_everything);
    tcase_add_test(tests, too_many_chunks);
    tcase_add_test(tests, a_target_with_too_many_arguments_is_closed_after_the_header_timeout);
    tcase_add_test(tests, too_many_requests_at_once);
    tcase_add_test(tests, idle_sockets_do_not_keep_a_run_from_its_controller);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
