/* SPDX-License-Identifier: MIT */
#include "option.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

#define OFFSET(member) offsetof(struct warmstart_daemon_options, member)
#define DAY_MS         (24u * 60 * 60 * 1000)
#define HOUR_MS        (60u * 60 * 1000)
#define KIB            1024u
#define MIB            (1024u * 1024)

enum {
    NAME_BYTES_MAX = 48,  /* of an option that is looked for or compared */
    HOST_BYTES_MAX = 253, /* of a name in the DNS */
    PATH_BYTES_MAX = 107, /* of a Unix socket */
};

/* The words of a CHOICE are numbered in their order. */
static_assert(WARMSTART_NEWEST_FIRST == 0 && WARMSTART_OLDEST_FIRST == 1, "order of --order");
static_assert(WARMSTART_HTTP_TOKEN_DISABLED == 0 && WARMSTART_HTTP_TOKEN_LOG == 1 &&
                  WARMSTART_HTTP_TOKEN_ENFORCE == 2,
              "order of --token-mode");
static_assert(WARMSTART_HTTP_CLOSE == 0 && WARMSTART_HTTP_REDIRECT == 1, "order of --drain-polls");
static_assert(WARMSTART_HTTP_CONFIRM_ACK == 0 && WARMSTART_HTTP_CONFIRM_WRITE == 1, "order of --confirm");
static_assert(WARMSTART_HTTP_UNCERTAIN_FALSE == 0 && WARMSTART_HTTP_UNCERTAIN_TRUE == 1 &&
                  WARMSTART_HTTP_UNCERTAIN_RETRY == 2,
              "order of --on-uncertain");
static_assert(WARMSTART_LOG_OFF == 0 && WARMSTART_LOG_ERROR == 1 && WARMSTART_LOG_WARN == 2 &&
                  WARMSTART_LOG_INFO == 3 && WARMSTART_LOG_DEBUG == 4,
              "order of --log-level");

/* name, value, kind, where it goes, default, smallest, largest, what it does */
const struct warmstart_daemon_option warmstart_daemon_option_table[] = {
    {"http", "ADDRESS", WARMSTART_DAEMON_LISTENER, 0, WARMSTART_HTTP_ALL, 0, 0,
     "listen for controllers and supervisors; HOST:PORT, [IPV6]:PORT or unix:PATH; port 0 picks a free one; "
     "may be repeated, in the environment with commas; the default holds only when nothing else listens"},
    {"http-poll", "ADDRESS", WARMSTART_DAEMON_LISTENER, 0, WARMSTART_HTTP_POLL, 0, 0,
     "the same, for controllers only"},
    {"http-dispatch", "ADDRESS", WARMSTART_DAEMON_LISTENER, 0, WARMSTART_HTTP_DISPATCH, 0, 0,
     "the same, for supervisors only"},
    {"unix", "PATH", WARMSTART_DAEMON_SOCKET, 0, WARMSTART_UNIX_ALL, 0, 0,
     "listen on a Unix socket for the line protocol; a path, or @NAME for an abstract name; may be repeated, "
     "in the environment with commas"},
    {"unix-wait", "PATH", WARMSTART_DAEMON_SOCKET, 0, WARMSTART_UNIX_WAIT, 0, 0,
     "the same, for controllers only"},
    {"unix-dispatch", "PATH", WARMSTART_DAEMON_SOCKET, 0, WARMSTART_UNIX_DISPATCH, 0, 0,
     "the same, for supervisors only"},
    {"unix-mode", "MODE", WARMSTART_DAEMON_MODE, OFFSET(unix_mode), 0660, 0, 0777,
     "permissions of the socket files of --unix, --unix-wait and --unix-dispatch"},
    {"unix-owner", "NAMES", WARMSTART_DAEMON_NAMES, OFFSET(unix_owner), 0, 0, 0,
     "whose they are: a user, a @group, or both with a comma"},
    {"unix-allow-wait", "NAMES", WARMSTART_DAEMON_NAMES, OFFSET(unix_allow_wait), 0, 0, 0,
     "users and @groups, with commas, that may wait there; without it whoever can open the socket"},
    {"unix-allow-dispatch", "NAMES", WARMSTART_DAEMON_NAMES, OFFSET(unix_allow_dispatch), 0, 0, 0,
     "the same for dispatching"},
    {"unix-allow-operate", "NAMES", WARMSTART_DAEMON_NAMES, OFFSET(unix_allow_operate), 0, 0, 0,
     "the same for cordoning, retiring and stopping; without it root and the user of this process"},
    {"unix-lease-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(unix_lease_ms), 2000, 1, DAY_MS,
     "how long a controller on a Unix socket may take to acknowledge; at most its share of the dispatch's "
     "time"},
    {"unix-max-connections", "COUNT", WARMSTART_DAEMON_NUMBER, OFFSET(unix_connections_max), 4096, 1, 1048576,
     "connections of the line protocol at the same time"},
    {"unix-max-connections-per-user", "COUNT", WARMSTART_DAEMON_NUMBER, OFFSET(unix_connections_per_user_max),
     0, 0, 1048576, "the same for one user; 0: no limit"},
    {"unix-max-waits", "COUNT", WARMSTART_DAEMON_NUMBER, OFFSET(unix_waits_max), 1024, 1, 1048576,
     "waits of one connection at the same time"},
    {"unix-max-dispatches", "COUNT", WARMSTART_DAEMON_NUMBER, OFFSET(unix_dispatches_max), 1024, 1, 1048576,
     "dispatches of one connection at the same time"},
    {"unix-max-line-bytes", "BYTES", WARMSTART_DAEMON_BYTES, OFFSET(unix_line_bytes_max), 16 * KIB, 256, MIB,
     "the longest line"},
    {"unix-max-buffered-bytes", "BYTES", WARMSTART_DAEMON_BYTES, OFFSET(unix_buffered_bytes_max), 256 * MIB,
     KIB, 1048576 * (uint64_t)MIB,
     "payloads that were sent by the line protocol and are in memory, together; there is always room for "
     "one"},
    {"unix-line-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(unix_line_timeout_ms), 10000, 1, DAY_MS,
     "a line that was begun has to end by then"},
    {"unix-stall-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(unix_stall_timeout_ms), 10000, 1, DAY_MS,
     "a client that reads nothing of what it is sent for so long is closed"},
    {"unix-idle-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(unix_idle_timeout_ms), 0, 0, DAY_MS,
     "a connection that waits for nothing is closed after so long; 0: never"},
    {"connection-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(connection_timeout_ms), 30000, 1, DAY_MS,
     "how long a poll lasts: controllers are told so, older polls are dropped"},
    {"keepalive-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(keepalive_ms), 300000, 0, DAY_MS,
     "how long a controller polls before it exits: told to controllers; 0 turns warm starts off"},
    {"match-margin-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(match_margin_ms), 250, 0, DAY_MS,
     "a poll gets no run in its last so many milliseconds"},
    {"order", "newest|oldest", WARMSTART_DAEMON_CHOICE, OFFSET(order), WARMSTART_NEWEST_FIRST, 0, 0,
     "which of the controllers that fit gets a run"},
    {"max-waiters", "COUNT", WARMSTART_DAEMON_NUMBER, OFFSET(waiters_max), 16384, 1, 16777216,
     "polls held at the same time"},
    {"max-connections", "COUNT", WARMSTART_DAEMON_NUMBER, OFFSET(connections_max), 16384, 1, 1048576,
     "connections at the same time"},
    {"max-connections-per-address", "COUNT", WARMSTART_DAEMON_NUMBER, OFFSET(connections_per_address_max), 0,
     0, 1048576, "the same for one IPv4 address or IPv6 /64; 0: no limit; not for Unix sockets"},
    {"max-body-bytes", "BYTES", WARMSTART_DAEMON_BYTES, OFFSET(body_bytes_max), 8 * MIB, KIB, 1024 * MIB,
     "the largest body of a POST; KiB or MiB may follow the number"},
    {"max-buffered-bytes", "BYTES", WARMSTART_DAEMON_BYTES, OFFSET(buffered_bytes_max), 256 * MIB, KIB,
     1048576 * (uint64_t)MIB,
     "POSTs with a run whose bodies are in memory, together; there is always room for one"},
    {"max-header-bytes", "BYTES", WARMSTART_DAEMON_BYTES, OFFSET(header_bytes_max), 4 * KIB, KIB, 16 * KIB,
     "the longest request line and headers together"},
    {"dispatch-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(dispatch_timeout_ms), 1000, 1, 60000,
     "a supervisor is answered by then"},
    {"max-attempts", "COUNT", WARMSTART_DAEMON_NUMBER, OFFSET(attempts_max), 3, 1, 1000,
     "controllers that are tried for one run"},
    {"header-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(header_timeout_ms), 10000, 1, DAY_MS,
     "a connection whose request has not come so far by then is closed"},
    {"body-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(body_timeout_ms), 30000, 1, DAY_MS,
     "so long may a request's body take, and so long the reading of an answer"},
    {"idle-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(idle_timeout_ms), 60000, 1, DAY_MS,
     "a connection is kept so long for the next request"},
    {"tcp-keepalive-idle-s", "S", WARMSTART_DAEMON_NUMBER, OFFSET(tcp_keepalive_idle_s), 5, 0, 3600,
     "a peer that was silent so long is probed; 0: never"},
    {"tcp-keepalive-interval-s", "S", WARMSTART_DAEMON_NUMBER, OFFSET(tcp_keepalive_interval_s), 2, 1, 3600,
     "between probes"},
    {"tcp-keepalive-probes", "COUNT", WARMSTART_DAEMON_NUMBER, OFFSET(tcp_keepalive_probes), 2, 1, 100,
     "probes without an answer until a peer counts as gone"},
    {"token-mode", "disabled|log|enforce", WARMSTART_DAEMON_CHOICE, OFFSET(token_mode),
     WARMSTART_HTTP_TOKEN_DISABLED, 0, 0,
     "what to do about deployment tokens: read them only, verify and count them, or answer polls without a "
     "valid one with 401"},
    {"token-secret-file", "FILE", WARMSTART_DAEMON_FILE, OFFSET(token_secret_file), 0, 0, 0,
     "what deployment tokens are signed with; without it WORKLOAD_TOKEN_SECRET in the environment"},
    {"dispatch-token-file", "FILE", WARMSTART_DAEMON_FILE, OFFSET(dispatch_token_file), 0, 0, 0,
     "the bearer token that is asked for with POST /warm-start, POST /v1/dispatch and the calls for "
     "operators"},
    {"drain-delay-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(drain_delay_ms), 0, 0, HOUR_MS,
     "when stopping, how long to serve on while /readyz says 503 already, for load balancers"},
    {"drain-spread-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(drain_spread_ms), 0, 0, HOUR_MS,
     "then, over how long to let held polls go, so that they do not come back as one wave"},
    {"drain-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(drain_timeout_ms), 10000, 0, DAY_MS,
     "exit by then, counted from the signal, whatever is still going on"},
    {"drain-polls", "close|redirect", WARMSTART_DAEMON_CHOICE, OFFSET(drain_polls), WARMSTART_HTTP_CLOSE, 0,
     0,
     "how to let a held poll go: close it without an answer, or redirect it to the same URL on a new "
     "connection, which spares the controller its pause before it comes back"},
    {"confirm", "ack|write", WARMSTART_DAEMON_CHOICE, OFFSET(confirm), WARMSTART_HTTP_CONFIRM_ACK, 0, 0,
     "what makes a delivery count: the controller's kernel has all bytes, or only our own has"},
    {"confirm-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(confirm_timeout_ms), 200, 1, 60000,
     "how long a message may be unacknowledged before nobody can tell whether it arrived"},
    {"confirm-linger-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(confirm_linger_ms), 5, 0, 60000,
     "a controller that resets so soon after the acknowledgement has not read the message"},
    {"on-uncertain", "false|true|retry", WARMSTART_DAEMON_CHOICE, OFFSET(on_uncertain),
     WARMSTART_HTTP_UNCERTAIN_FALSE, 0, 0, "what a supervisor is told when nobody can tell"},
    {"ack-timeout-ms", "MS", WARMSTART_DAEMON_NUMBER, OFFSET(ack_timeout_ms), 2000, 1, 60000,
     "how long a controller that acknowledges by itself may take; at most its share of dispatch-timeout-ms"},
    {"tls-cert", "FILE", WARMSTART_DAEMON_FILE, OFFSET(tls_cert), 0, 0, 0,
     "speak TLS on every listener that is no Unix socket, with this certificate and its chain, in PEM"},
    {"tls-key", "FILE", WARMSTART_DAEMON_FILE, OFFSET(tls_key), 0, 0, 0,
     "the certificate's private key, in PEM"},
    {"tls-client-ca", "FILE", WARMSTART_DAEMON_FILE, OFFSET(tls_client_ca), 0, 0, 0,
     "whoever connects by TLS has to show a certificate of one of these authorities, in PEM"},
    {"log-level", "off|error|warn|info|debug", WARMSTART_DAEMON_CHOICE, OFFSET(log_level), WARMSTART_LOG_INFO,
     0, 0, "what is written to standard error"},
    {"log-format", "logfmt|json", WARMSTART_DAEMON_CHOICE, OFFSET(log_format), WARMSTART_DAEMON_LOGFMT, 0, 0,
     "how it is written"},
    {"config", "FILE", WARMSTART_DAEMON_FILE, OFFSET(config), 0, 0, 0,
     "read options from a file: a name and a value on each line, # starts a comment"},
    {"version", NULL, WARMSTART_DAEMON_ACTION, OFFSET(action), WARMSTART_DAEMON_VERSION, 0, 0,
     "print the version and exit"},
    {"help", NULL, WARMSTART_DAEMON_ACTION, OFFSET(action), WARMSTART_DAEMON_HELP, 0, 0,
     "print this and exit"},
};
static_assert(sizeof(warmstart_daemon_option_table) <=
                  WARMSTART_DAEMON_OPTIONS_MAX * sizeof(warmstart_daemon_option_table[0]),
              "length of the table");
const size_t warmstart_daemon_option_table_len =
    sizeof(warmstart_daemon_option_table) / sizeof(warmstart_daemon_option_table[0]);

const struct warmstart_daemon_option *warmstart_daemon_option_find(const char *name, size_t name_bytes)
{
    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        const struct warmstart_daemon_option *option = &warmstart_daemon_option_table[i];
        if (strlen(option->name) == name_bytes && memcmp(option->name, name, name_bytes) == 0)
            return option;
    }
    return NULL;
}

/* How many bytes have to be added, taken away or replaced to make one name of the other. */
static size_t distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t row[NAME_BYTES_MAX + 1];

    for (size_t j = 0; j <= b_bytes; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            size_t best = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b_bytes];
}

const struct warmstart_daemon_option *warmstart_daemon_option_nearest(const char *name, size_t name_bytes)
{
    const struct warmstart_daemon_option *nearest = NULL;
    size_t least = name_bytes < 9 ? name_bytes / 3 + 2 : 5; /* so far away is not what was meant */

    if (name_bytes < 2 || name_bytes > NAME_BYTES_MAX)
        return NULL;
    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        const struct warmstart_daemon_option *option = &warmstart_daemon_option_table[i];
        size_t option_bytes = strlen(option->name);
        size_t apart = distance(name, name_bytes, option->name, option_bytes);
        if (name_bytes >= 4 && name_bytes < option_bytes && memcmp(name, option->name, name_bytes) == 0)
            apart = 1; /* the beginning of it */
        if (apart < least) {
            least = apart;
            nearest = option;
        }
    }
    return nearest;
}

void warmstart_daemon_option_variable(const struct warmstart_daemon_option *option,
                                      char ret_name[WARMSTART_DAEMON_OPTION_NAME_BYTES])
{
    int bytes = snprintf(ret_name, WARMSTART_DAEMON_OPTION_NAME_BYTES, "WARMSTART_%s", option->name);

    assert(bytes > 0 && bytes < WARMSTART_DAEMON_OPTION_NAME_BYTES);
    (void)bytes;
    for (char *at = ret_name; *at != '\0'; at++) {
        if (*at == '-')
            *at = '_';
        else if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    }
}

/* Reads the digits at the beginning. 0: there are none, or the number is beyond max. */
static size_t parse_digits(const char *text, size_t text_bytes, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t used = 0;

    for (; used < text_bytes && text[used] >= '0' && text[used] <= '9'; used++) {
        uint64_t digit = (uint64_t)(text[used] - '0');
        if (digit > max || number > (max - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return used;
}

bool warmstart_daemon_option_is_number(const struct warmstart_daemon_option *option)
{
    return option->kind == WARMSTART_DAEMON_NUMBER || option->kind == WARMSTART_DAEMON_BYTES ||
           option->kind == WARMSTART_DAEMON_CHOICE || option->kind == WARMSTART_DAEMON_MODE;
}

bool warmstart_daemon_option_is_text(const struct warmstart_daemon_option *option)
{
    return option->kind == WARMSTART_DAEMON_FILE || option->kind == WARMSTART_DAEMON_NAMES;
}

/* Reads octal digits, at most four. */
static bool parse_mode(const char *text, size_t text_bytes, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (text_bytes == 0 || text_bytes > 4)
        return false;
    for (size_t i = 0; i < text_bytes; i++) {
        if (text[i] < '0' || text[i] > '7')
            return false;
        number = number * 8 + (uint64_t)(text[i] - '0');
    }
    *ret_number = number;
    return number <= max;
}

/* Reads what follows the digits of a size: its unit. False: not a unit. */
static bool parse_unit(const char *text, size_t text_bytes, uint64_t *ret_unit)
{
    if (text_bytes == 0)
        *ret_unit = 1;
    else if (text_bytes == 3 && memcmp(text, "KiB", 3) == 0)
        *ret_unit = KIB;
    else if (text_bytes == 3 && memcmp(text, "MiB", 3) == 0)
        *ret_unit = MIB;
    else
        return false;
    return true;
}

static bool parse_choice(const char *words, const char *text, size_t text_bytes, uint64_t *ret_number)
{
    for (uint64_t index = 0;; index++) {
        size_t bytes = strcspn(words, "|");
        if (bytes == text_bytes && memcmp(words, text, bytes) == 0) {
            *ret_number = index;
            return true;
        }
        if (words[bytes] == '\0')
            return false;
        words += bytes + 1;
    }
}

bool warmstart_daemon_option_number(const struct warmstart_daemon_option *option, const char *text,
                                    size_t text_bytes, uint64_t *ret_number)
{
    uint64_t number = 0, unit = 1;

    if (option->kind == WARMSTART_DAEMON_CHOICE)
        return parse_choice(option->value, text, text_bytes, ret_number);
    if (option->kind == WARMSTART_DAEMON_MODE)
        return parse_mode(text, text_bytes, option->max, ret_number);
    size_t used = parse_digits(text, text_bytes, option->max, &number);
    if (used == 0)
        return false;
    if (option->kind == WARMSTART_DAEMON_BYTES && !parse_unit(text + used, text_bytes - used, &unit))
        return false;
    if (option->kind != WARMSTART_DAEMON_BYTES && used != text_bytes)
        return false;
    if (number > option->max / unit || number * unit < option->min)
        return false;
    *ret_number = number * unit;
    return true;
}

/* Whether a text is ":PORT". */
static bool is_port(const char *text, size_t text_bytes)
{
    uint64_t port = 0;

    return text_bytes >= 2 && text_bytes <= 6 && text[0] == ':' &&
           parse_digits(text + 1, text_bytes - 1, UINT16_MAX, &port) == text_bytes - 1;
}

/* Whether a text is "[IPV6]:PORT"; a zone may follow the address. */
static bool is_bracketed(const char *text, size_t text_bytes)
{
    const char *end = memchr(text, ']', text_bytes);
    char host[INET6_ADDRSTRLEN];
    struct in6_addr parsed;

    if (end == NULL || !is_port(end + 1, text_bytes - (size_t)(end + 1 - text)))
        return false;
    const char *zone = memchr(text, '%', (size_t)(end - text));
    size_t host_bytes = (size_t)((zone != NULL ? zone : end) - (text + 1));
    if (host_bytes >= sizeof(host) || (zone != NULL && zone + 1 == end))
        return false;
    memcpy(host, text + 1, host_bytes);
    host[host_bytes] = '\0';
    return inet_pton(AF_INET6, host, &parsed) == 1;
}

bool warmstart_daemon_option_is_address(const char *text, size_t text_bytes)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t host_bytes = 0;

    if (text_bytes == 0 || memchr(text, '\0', text_bytes) != NULL)
        return false;
    if (text_bytes > 5 && memcmp(text, "unix:", 5) == 0)
        return text_bytes - 5 <= PATH_BYTES_MAX;
    if (text[0] == '[')
        return is_bracketed(text, text_bytes);
    while (host_bytes < text_bytes && strchr(letters, text[host_bytes]) != NULL)
        host_bytes++;
    return host_bytes > 0 && host_bytes <= HOST_BYTES_MAX &&
           is_port(text + host_bytes, text_bytes - host_bytes);
}

bool warmstart_daemon_option_is_socket(const char *text, size_t text_bytes)
{
    return text_bytes > 0 && text_bytes <= PATH_BYTES_MAX && memchr(text, '\0', text_bytes) == NULL &&
           !(text[0] == '@' && text_bytes == 1);
}

bool warmstart_daemon_option_is_names(const char *text, size_t text_bytes)
{
    size_t name_bytes = 0;

    for (size_t i = 0; i <= text_bytes; i++) {
        const bool ends = i == text_bytes || text[i] == ',';
        if (ends && name_bytes == 0)
            return false;
        if (!ends && ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || text[i] == ':'))
            return false;
        const bool is_sign = !ends && text[i] == '@';
        if (is_sign && i > 0 && text[i - 1] != ',')
            return false;
        name_bytes = ends ? 0 : name_bytes + (is_sign ? 0 : 1);
    }
    return true;
}

void warmstart_daemon_option_print(const struct warmstart_daemon_option *option, uint64_t number,
                                   char *ret_text, size_t text_bytes)
{
    const char *words = option->value;

    if (option->kind == WARMSTART_DAEMON_CHOICE) {
        for (uint64_t i = 0; i < number; i++)
            words += strcspn(words, "|") + 1;
        snprintf(ret_text, text_bytes, "%.*s", (int)strcspn(words, "|"), words);
    } else if (option->kind == WARMSTART_DAEMON_MODE) {
        snprintf(ret_text, text_bytes, "%04" PRIo64, number);
    } else if (option->kind == WARMSTART_DAEMON_BYTES && number >= MIB && number % MIB == 0) {
        snprintf(ret_text, text_bytes, "%" PRIu64 "MiB", number / MIB);
    } else if (option->kind == WARMSTART_DAEMON_BYTES && number >= KIB && number % KIB == 0) {
        snprintf(ret_text, text_bytes, "%" PRIu64 "KiB", number / KIB);
    } else {
        snprintf(ret_text, text_bytes, "%" PRIu64, number);
    }
}

void warmstart_daemon_option_expected(const struct warmstart_daemon_option *option,
                                      char ret_text[WARMSTART_DAEMON_EXPECTED_BYTES])
{
    const size_t room = WARMSTART_DAEMON_EXPECTED_BYTES;
    char min[32], max[32];

    switch (option->kind) {
    case WARMSTART_DAEMON_LISTENER:
        snprintf(ret_text, room, "HOST:PORT, [IPV6]:PORT or unix:PATH (at most %d bytes of path)",
                 PATH_BYTES_MAX);
        return;
    case WARMSTART_DAEMON_SOCKET:
        snprintf(ret_text, room, "a path, or @ and a name, of at most %d bytes", PATH_BYTES_MAX);
        return;
    case WARMSTART_DAEMON_CHOICE:
        snprintf(ret_text, room, "one of %s", option->value);
        return;
    case WARMSTART_DAEMON_FILE:
        snprintf(ret_text, room, "the path of a file");
        return;
    case WARMSTART_DAEMON_MODE:
        snprintf(ret_text, room, "permissions in octal, from 0000 to 0777");
        return;
    case WARMSTART_DAEMON_NAMES:
        snprintf(ret_text, room, "users and @groups, by name or number, with commas between them");
        return;
    case WARMSTART_DAEMON_ACTION:
        snprintf(ret_text, room, "no value");
        return;
    case WARMSTART_DAEMON_NUMBER:
    case WARMSTART_DAEMON_BYTES:
        break;
    }
    warmstart_daemon_option_print(option, option->min, min, sizeof(min));
    warmstart_daemon_option_print(option, option->max, max, sizeof(max));
    snprintf(ret_text, room, "a %s from %s to %s",
             option->kind == WARMSTART_DAEMON_BYTES ? "number of bytes" : "whole number", min, max);
}

void warmstart_daemon_option_quote(const char *text, size_t text_bytes,
                                   char ret_text[WARMSTART_DAEMON_QUOTED_BYTES])
{
    static const char tail[] = "...'";
    size_t used = 0;

    ret_text[used++] = '\'';
    for (size_t i = 0; i < text_bytes; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (used + 4 + sizeof(tail) > WARMSTART_DAEMON_QUOTED_BYTES) {
            memcpy(ret_text + used, tail, sizeof(tail));
            return;
        }
        if (byte >= 0x20 && byte < 0x7f)
            ret_text[used++] = (char)byte;
        else
            used += (size_t)snprintf(ret_text + used, 5, "\\x%02x", byte);
    }
    ret_text[used++] = '\'';
    ret_text[used] = '\0';
}
