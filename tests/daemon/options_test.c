/* SPDX-License-Identifier: MIT */
/* The options of warmstartd: every one of them from every source, and what is said about wrong ones. */
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "option.h"
#include "suite.h"

enum {
    WORDS_MAX = 200,
};

static struct warmstart_daemon_options options;
static char message[WARMSTART_DAEMON_ERROR_BYTES];
static char config_path[64];

/* Where a value is given. */
enum source {
    FLAG,       /* --name value */
    FLAG_EQUAL, /* --name=value */
    ENVIRONMENT,
    CONFIG,       /* name value */
    CONFIG_EQUAL, /* name = value */
    SOURCES
};

static void setup(void)
{
    memset(message, 0, sizeof(message));
    memset(&options, 0, sizeof(options));
    snprintf(config_path, sizeof(config_path), "/tmp/warmstartd-test-XXXXXX");
    int fd = mkstemp(config_path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void teardown(void)
{
    warmstart_daemon_options_deinit(&options);
    unlink(config_path);
}

/* Reads the options from blank-separated flags and environment and a config file (NULL: none). */
static int read_options(const char *flags, const char *environment, const char *config)
{
    static char program[] = "warmstartd", config_flag[] = "--config";
    char *argv[WORDS_MAX] = {program}, *variables[WORDS_MAX] = {NULL};
    char *words[2] = {strdup(flags), strdup(environment)};
    int argc = 1, variables_len = 0;

    for (char *word = strtok(words[0], " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    for (char *word = strtok(words[1], " "); word != NULL; word = strtok(NULL, " "))
        variables[variables_len++] = word;
    if (config != NULL) {
        FILE *file = fopen(config_path, "w");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_ge(fputs(config, file), 0);
        ck_assert_int_eq(fclose(file), 0);
        argv[argc++] = config_flag;
        argv[argc++] = config_path;
    }
    warmstart_daemon_options_deinit(&options);
    memset(message, 0, sizeof(message));
    int error = warmstart_daemon_options_read(&options, argc, argv, variables, message, sizeof(message));
    ck_assert_ptr_null(strchr(message, '\n'));
    free(words[0]);
    free(words[1]);
    return error;
}

/* Gives one option one value from one source. */
static int give(enum source source, const char *name, const char *value)
{
    char text[512] = "", variable[WARMSTART_DAEMON_OPTION_NAME_BYTES];

    switch (source) {
    case FLAG:
        snprintf(text, sizeof(text), "--%s %s", name, value);
        return read_options(text, "", NULL);
    case FLAG_EQUAL:
        snprintf(text, sizeof(text), "--%s=%s", name, value);
        return read_options(text, "", NULL);
    case ENVIRONMENT:
        warmstart_daemon_option_variable(warmstart_daemon_option_find(name, strlen(name)), variable);
        snprintf(text, sizeof(text), "%s=%s", variable, value);
        return read_options("", text, NULL);
    case CONFIG:
        snprintf(text, sizeof(text), "%s %s\n", name, value);
        return read_options("", "", text);
    case CONFIG_EQUAL:
        snprintf(text, sizeof(text), "\t%s = %s # so it is", name, value);
        return read_options("", "", text);
    case SOURCES:
        break;
    }
    ck_abort_msg("no such source");
}

/* What a message says about where the value of an option stood. */
static void say_source(enum source source, const char *name, char *ret_text, size_t text_bytes)
{
    char variable[WARMSTART_DAEMON_OPTION_NAME_BYTES];

    if (source == ENVIRONMENT) {
        warmstart_daemon_option_variable(warmstart_daemon_option_find(name, strlen(name)), variable);
        snprintf(ret_text, text_bytes, "--%s (environment variable %s)", name, variable);
    } else if (source == CONFIG || source == CONFIG_EQUAL) {
        snprintf(ret_text, text_bytes, "--%s (%s:1)", name, config_path);
    } else {
        snprintf(ret_text, text_bytes, "--%s (flag)", name);
    }
}

static void assert_message_has(const char *part)
{
    ck_assert_msg(strstr(message, part) != NULL, "'%s' is not in: %s", part, message);
}

/* Every number and choice: where it is kept, its default, and good and bad values. */
static const struct {
    const char *name;
    size_t offset;
    uint64_t initial;
    struct {
        const char *text;
        uint64_t number;
    } good[4];
    const char *bad[5];
} cases[] = {
    {"connection-timeout-ms",
     offsetof(struct warmstart_daemon_options, connection_timeout_ms),
     30000,
     {{"251", 251}, {"86400000", 86400000}, {"0060000", 60000}},
     {"0", "86400001", "1s", "-1", "18446744073709551616"}},
    {"keepalive-ms",
     offsetof(struct warmstart_daemon_options, keepalive_ms),
     300000,
     {{"0", 0}, {"86400000", 86400000}},
     {"86400001", "x", "1.5", "0x10"}},
    {"match-margin-ms",
     offsetof(struct warmstart_daemon_options, match_margin_ms),
     250,
     {{"0", 0}, {"29999", 29999}},
     {"86400001", "+1", "1KiB"}},
    {"max-waiters",
     offsetof(struct warmstart_daemon_options, waiters_max),
     16384,
     {{"1", 1}, {"16777216", 16777216}},
     {"0", "16777217", "many"}},
    {"max-connections",
     offsetof(struct warmstart_daemon_options, connections_max),
     16384,
     {{"1", 1}, {"1048576", 1048576}},
     {"0", "1048577", "4294967297"}},
    {"max-body-bytes",
     offsetof(struct warmstart_daemon_options, body_bytes_max),
     8388608,
     {{"1024", 1024}, {"16MiB", 16777216}, {"64KiB", 65536}, {"1024MiB", 1073741824}},
     {"1023", "1025MiB", "8MB", "MiB", "17592186044416MiB"}},
    {"max-buffered-bytes",
     offsetof(struct warmstart_daemon_options, buffered_bytes_max),
     268435456,
     {{"1KiB", 1024}, {"1048576MiB", UINT64_C(1099511627776)}},
     {"1023", "1048577MiB", "1GiB"}},
    {"max-header-bytes",
     offsetof(struct warmstart_daemon_options, header_bytes_max),
     4096,
     {{"1024", 1024}, {"16KiB", 16384}},
     {"1023", "16385", "17KiB", "1MiB", "4kib"}},
    {"dispatch-timeout-ms",
     offsetof(struct warmstart_daemon_options, dispatch_timeout_ms),
     1000,
     {{"1", 1}, {"60000", 60000}},
     {"0", "60001", "1e3"}},
    {"max-attempts",
     offsetof(struct warmstart_daemon_options, attempts_max),
     3,
     {{"1", 1}, {"1000", 1000}},
     {"0", "1001", "one"}},
    {"confirm",
     offsetof(struct warmstart_daemon_options, confirm),
     0,
     {{"ack", 0}, {"write", 1}},
     {"none", "ACK", "ac"}},
    {"on-uncertain",
     offsetof(struct warmstart_daemon_options, on_uncertain),
     0,
     {{"false", 0}, {"true", 1}, {"retry", 2}},
     {"maybe", "no", "FALSE"}},
    {"confirm-timeout-ms",
     offsetof(struct warmstart_daemon_options, confirm_timeout_ms),
     200,
     {{"6", 6}, {"60000", 60000}},
     {"0", "60001", "soon"}},
    {"confirm-linger-ms",
     offsetof(struct warmstart_daemon_options, confirm_linger_ms),
     5,
     {{"0", 0}, {"199", 199}},
     {"60001", "-1", "x"}},
    {"ack-timeout-ms",
     offsetof(struct warmstart_daemon_options, ack_timeout_ms),
     2000,
     {{"1", 1}, {"60000", 60000}},
     {"0", "60001", "never"}},
    {"max-connections-per-address",
     offsetof(struct warmstart_daemon_options, connections_per_address_max),
     0,
     {{"0", 0}, {"1048576", 1048576}},
     {"1048577", "-1", "all"}},
    {"header-timeout-ms",
     offsetof(struct warmstart_daemon_options, header_timeout_ms),
     10000,
     {{"1", 1}, {"86400000", 86400000}},
     {"0", "86400001", "10s"}},
    {"body-timeout-ms",
     offsetof(struct warmstart_daemon_options, body_timeout_ms),
     30000,
     {{"1", 1}, {"86400000", 86400000}},
     {"0", "86400001", "1e4"}},
    {"idle-timeout-ms",
     offsetof(struct warmstart_daemon_options, idle_timeout_ms),
     60000,
     {{"1", 1}, {"86400000", 86400000}},
     {"0", "86400001", "-1"}},
    {"tcp-keepalive-idle-s",
     offsetof(struct warmstart_daemon_options, tcp_keepalive_idle_s),
     5,
     {{"0", 0}, {"3600", 3600}},
     {"3601", "-1", "5s"}},
    {"tcp-keepalive-interval-s",
     offsetof(struct warmstart_daemon_options, tcp_keepalive_interval_s),
     2,
     {{"1", 1}, {"3600", 3600}},
     {"0", "3601", "2.5"}},
    {"tcp-keepalive-probes",
     offsetof(struct warmstart_daemon_options, tcp_keepalive_probes),
     2,
     {{"1", 1}, {"100", 100}},
     {"0", "101", "two"}},
    {"unix-mode",
     offsetof(struct warmstart_daemon_options, unix_mode),
     0660,
     {{"600", 0600}, {"0777", 0777}, {"0", 0}},
     {"0778", "1777", "rw", "00660", "8"}},
    {"unix-lease-ms",
     offsetof(struct warmstart_daemon_options, unix_lease_ms),
     2000,
     {{"1", 1}, {"86400000", 86400000}},
     {"0", "86400001", "2s"}},
    {"unix-max-connections",
     offsetof(struct warmstart_daemon_options, unix_connections_max),
     4096,
     {{"1", 1}, {"1048576", 1048576}},
     {"0", "1048577", "-1"}},
    {"unix-max-connections-per-user",
     offsetof(struct warmstart_daemon_options, unix_connections_per_user_max),
     0,
     {{"0", 0}, {"1048576", 1048576}},
     {"1048577", "all"}},
    {"unix-max-waits",
     offsetof(struct warmstart_daemon_options, unix_waits_max),
     1024,
     {{"1", 1}, {"1048576", 1048576}},
     {"0", "1048577", "1k"}},
    {"unix-max-dispatches",
     offsetof(struct warmstart_daemon_options, unix_dispatches_max),
     1024,
     {{"1", 1}, {"1048576", 1048576}},
     {"0", "1048577", "+1"}},
    {"unix-max-line-bytes",
     offsetof(struct warmstart_daemon_options, unix_line_bytes_max),
     16384,
     {{"256", 256}, {"1MiB", 1048576}},
     {"255", "1025KiB", "2MiB"}},
    {"unix-max-buffered-bytes",
     offsetof(struct warmstart_daemon_options, unix_buffered_bytes_max),
     268435456,
     {{"8MiB", 8388608}, {"1048576MiB", UINT64_C(1099511627776)}},
     {"1023", "1048577MiB", "1GiB"}},
    {"unix-line-timeout-ms",
     offsetof(struct warmstart_daemon_options, unix_line_timeout_ms),
     10000,
     {{"1", 1}, {"86400000", 86400000}},
     {"0", "86400001"}},
    {"unix-stall-timeout-ms",
     offsetof(struct warmstart_daemon_options, unix_stall_timeout_ms),
     10000,
     {{"1", 1}, {"86400000", 86400000}},
     {"0", "86400001"}},
    {"unix-idle-timeout-ms",
     offsetof(struct warmstart_daemon_options, unix_idle_timeout_ms),
     0,
     {{"0", 0}, {"86400000", 86400000}},
     {"86400001", "never"}},
    {"order",
     offsetof(struct warmstart_daemon_options, order),
     WARMSTART_NEWEST_FIRST,
     {{"newest", WARMSTART_NEWEST_FIRST}, {"oldest", WARMSTART_OLDEST_FIRST}},
     {"new", "newest|oldest", "Oldest", "oldestt", "1"}},
    {"token-mode",
     offsetof(struct warmstart_daemon_options, token_mode),
     WARMSTART_HTTP_TOKEN_DISABLED,
     {{"disabled", WARMSTART_HTTP_TOKEN_DISABLED},
      {"log", WARMSTART_HTTP_TOKEN_LOG},
      {"enforce", WARMSTART_HTTP_TOKEN_ENFORCE}},
     {"on", "enforced", "Log", "0"}},
    {"drain-delay-ms",
     offsetof(struct warmstart_daemon_options, drain_delay_ms),
     0,
     {{"0", 0}, {"10000", 10000}},
     {"3600001", "-1", "1s"}},
    {"drain-spread-ms",
     offsetof(struct warmstart_daemon_options, drain_spread_ms),
     0,
     {{"0", 0}, {"10000", 10000}},
     {"3600001", "-1", "1s"}},
    {"drain-timeout-ms",
     offsetof(struct warmstart_daemon_options, drain_timeout_ms),
     10000,
     {{"0", 0}, {"86400000", 86400000}},
     {"86400001", "never"}},
    {"drain-polls",
     offsetof(struct warmstart_daemon_options, drain_polls),
     WARMSTART_HTTP_CLOSE,
     {{"redirect", WARMSTART_HTTP_REDIRECT}, {"close", WARMSTART_HTTP_CLOSE}},
     {"reset", "0"}},
    {"log-level",
     offsetof(struct warmstart_daemon_options, log_level),
     WARMSTART_LOG_INFO,
     {{"off", WARMSTART_LOG_OFF},
      {"error", WARMSTART_LOG_ERROR},
      {"warn", WARMSTART_LOG_WARN},
      {"debug", WARMSTART_LOG_DEBUG}},
     {"trace", "warning", "|", "INFO"}},
    {"log-format",
     offsetof(struct warmstart_daemon_options, log_format),
     WARMSTART_DAEMON_LOGFMT,
     {{"json", WARMSTART_DAEMON_JSON}, {"logfmt", WARMSTART_DAEMON_LOGFMT}},
     {"text", "js"}},
};
enum {
    CASES = sizeof(cases) / sizeof(cases[0]),
};

static uint64_t number_at(size_t offset)
{
    uint64_t number = 0;
    memcpy(&number, (const char *)&options + offset, sizeof(number));
    return number;
}

START_TEST(a_good_value_is_taken_from_every_source)
{
    for (enum source source = FLAG; source < SOURCES; source++)
        for (size_t i = 0; i < 4 && cases[_i].good[i].text != NULL; i++) {
            ck_assert_msg(give(source, cases[_i].name, cases[_i].good[i].text) == 0, "%s", message);
            ck_assert_uint_eq(number_at(cases[_i].offset), cases[_i].good[i].number);
        }
    ck_assert_int_eq(read_options("", "", NULL), 0);
    ck_assert_uint_eq(number_at(cases[_i].offset), cases[_i].initial);
}
END_TEST

START_TEST(a_bad_value_is_refused_from_every_source)
{
    char source_text[256], given[64];

    for (enum source source = FLAG; source < SOURCES; source++)
        for (size_t i = 0; i < 5 && cases[_i].bad[i] != NULL; i++) {
            ck_assert_int_eq(give(source, cases[_i].name, cases[_i].bad[i]), WARMSTART_ERR_INVALID);
            say_source(source, cases[_i].name, source_text, sizeof(source_text));
            assert_message_has(source_text);
            snprintf(given, sizeof(given), "got '%s', expected ", cases[_i].bad[i]);
            assert_message_has(given);
        }
}
END_TEST

START_TEST(a_missing_value_is_refused)
{
    char text[128];

    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        const struct warmstart_daemon_option *option = &warmstart_daemon_option_table[i];
        if (option->kind == WARMSTART_DAEMON_ACTION)
            continue;
        snprintf(text, sizeof(text), "--%s", option->name);
        ck_assert_int_eq(read_options(text, "", NULL), WARMSTART_ERR_INVALID);
        assert_message_has("(flag): got no value, expected ");
        snprintf(text, sizeof(text), "--%s --order newest", option->name);
        ck_assert_int_eq(read_options(text, "", NULL), WARMSTART_ERR_INVALID);
        assert_message_has("(flag): got no value, expected ");
        snprintf(text, sizeof(text), "--%s=", option->name);
        ck_assert_int_eq(read_options(text, "", NULL), WARMSTART_ERR_INVALID);
        assert_message_has("(flag): got '', expected ");
        snprintf(text, sizeof(text), "%s", option->name);
        ck_assert_int_eq(read_options("", "", text), WARMSTART_ERR_INVALID);
    }
}
END_TEST

START_TEST(the_table_is_covered_by_the_cases)
{
    size_t numbers = 0;

    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        numbers += warmstart_daemon_option_is_number(&warmstart_daemon_option_table[i]);
    }
    ck_assert_uint_eq(numbers, CASES);
}
END_TEST

START_TEST(flags_win_over_the_environment_that_over_the_config_file)
{
    ck_assert_int_eq(read_options("--max-attempts 5", "WARMSTART_MAX_ATTEMPTS=6", "max-attempts 7"), 0);
    ck_assert_uint_eq(options.attempts_max, 5);
    ck_assert_int_eq(read_options("", "WARMSTART_MAX_ATTEMPTS=6", "max-attempts 7"), 0);
    ck_assert_uint_eq(options.attempts_max, 6);
    ck_assert_int_eq(read_options("", "WARMSTART_MAX_ATTEMPTS=", "max-attempts 7"), 0);
    ck_assert_uint_eq(options.attempts_max, 7);
    ck_assert_int_eq(read_options("", "", ""), 0);
    ck_assert_uint_eq(options.attempts_max, 3);
}
END_TEST

START_TEST(of_two_flags_the_last_wins)
{
    ck_assert_int_eq(read_options("--order oldest --max-attempts 5 --order=newest", "", NULL), 0);
    ck_assert_uint_eq(options.order, WARMSTART_NEWEST_FIRST);
    ck_assert_uint_eq(options.attempts_max, 5);
}
END_TEST

START_TEST(a_bad_value_is_refused_even_where_another_wins)
{
    ck_assert_int_eq(read_options("--order newest", "WARMSTART_ORDER=none", NULL), WARMSTART_ERR_INVALID);
    assert_message_has("(environment variable WARMSTART_ORDER)");
    ck_assert_int_eq(read_options("--order newest", "", "\norder none"), WARMSTART_ERR_INVALID);
    assert_message_has(":2): got 'none'");
}
END_TEST

static void assert_listener(size_t index, const char *address, enum warmstart_http_role role)
{
    ck_assert_uint_lt(index, options.listeners_len);
    ck_assert_str_eq(options.listeners[index].address, address);
    ck_assert_int_eq(options.listeners[index].role, role);
}

START_TEST(the_default_listener_stands_in_for_none)
{
    ck_assert_int_eq(read_options("", "", NULL), 0);
    ck_assert_uint_eq(options.listeners_len, 1);
    assert_listener(0, "127.0.0.1:8080", WARMSTART_HTTP_ALL);
    ck_assert_int_eq(read_options("--http-poll 127.0.0.1:1", "", NULL), 0);
    ck_assert_uint_eq(options.listeners_len, 1);
    assert_listener(0, "127.0.0.1:1", WARMSTART_HTTP_POLL);
}
END_TEST

START_TEST(listeners_keep_their_order_and_role)
{
    ck_assert_int_eq(read_options("--http-dispatch localhost:0 --http=[::1]:80 --http unix:/run/w.sock "
                                  "--http-poll [fe80::1%eth0]:65535",
                                  "", NULL),
                     0);
    ck_assert_uint_eq(options.listeners_len, 4);
    assert_listener(0, "localhost:0", WARMSTART_HTTP_DISPATCH);
    assert_listener(1, "[::1]:80", WARMSTART_HTTP_ALL);
    assert_listener(2, "unix:/run/w.sock", WARMSTART_HTTP_ALL);
    assert_listener(3, "[fe80::1%eth0]:65535", WARMSTART_HTTP_POLL);
}
END_TEST

START_TEST(listeners_of_the_environment_stand_between_commas)
{
    ck_assert_int_eq(read_options("", "WARMSTART_HTTP_POLL=a:1,unix:/b,[::]:2", NULL), 0);
    ck_assert_uint_eq(options.listeners_len, 3);
    assert_listener(0, "a:1", WARMSTART_HTTP_POLL);
    assert_listener(1, "unix:/b", WARMSTART_HTTP_POLL);
    assert_listener(2, "[::]:2", WARMSTART_HTTP_POLL);
    ck_assert_int_eq(read_options("", "WARMSTART_HTTP=a:1,,b:2", NULL), WARMSTART_ERR_INVALID);
    assert_message_has("(environment variable WARMSTART_HTTP): got '', expected HOST:PORT");
    ck_assert_int_eq(read_options("--http a:1,b:2", "", NULL), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(listeners_of_the_config_file_stand_on_lines)
{
    ck_assert_int_eq(read_options("", "", "http a:1\nhttp-dispatch = b:2\r\nhttp c:3\n"), 0);
    ck_assert_uint_eq(options.listeners_len, 3);
    assert_listener(0, "a:1", WARMSTART_HTTP_ALL);
    assert_listener(1, "b:2", WARMSTART_HTTP_DISPATCH);
    assert_listener(2, "c:3", WARMSTART_HTTP_ALL);
}
END_TEST

START_TEST(listeners_of_a_stronger_source_replace_the_others)
{
    ck_assert_int_eq(read_options("--http a:1", "WARMSTART_HTTP=b:2 WARMSTART_HTTP_POLL=c:3", "http d:4"), 0);
    ck_assert_uint_eq(options.listeners_len, 2);
    assert_listener(0, "a:1", WARMSTART_HTTP_ALL);
    assert_listener(1, "c:3", WARMSTART_HTTP_POLL);
}
END_TEST

START_TEST(unix_sockets_are_listeners_with_rights)
{
    ck_assert_int_eq(read_options("--unix /run/a --unix-wait @b --http h:1 --unix-dispatch=c", "", NULL), 0);
    ck_assert_uint_eq(options.listeners_len, 4);
    ck_assert_str_eq(options.listeners[0].address, "/run/a");
    ck_assert_uint_eq(options.listeners[0].rights, WARMSTART_UNIX_ALL);
    ck_assert_str_eq(options.listeners[1].address, "@b");
    ck_assert_uint_eq(options.listeners[1].rights, WARMSTART_UNIX_WAIT);
    ck_assert_uint_eq(options.listeners[2].rights, 0);
    ck_assert_uint_eq(options.listeners[3].rights, WARMSTART_UNIX_DISPATCH);
    ck_assert_int_eq(read_options("", "WARMSTART_UNIX=/a,@b", NULL), 0);
    ck_assert_uint_eq(options.listeners_len, 2);
    ck_assert_int_eq(read_options("", "", "unix /a\nunix /b\n"), 0);
    ck_assert_uint_eq(options.listeners_len, 2);
    ck_assert_int_eq(read_options("--unix @", "", NULL), WARMSTART_ERR_INVALID);
    assert_message_has("option --unix (flag): got '@', expected a path, or @ and a name");
    ck_assert(!warmstart_daemon_option_is_socket("/a\0b", 4));
}
END_TEST

START_TEST(lists_of_names_are_checked)
{
    static const char *const bad[] = {",", "a,", ",a", "a,,b", "@", "a,@", "a@b", "a:b", "@@a"};

    for (enum source source = FLAG; source < SOURCES; source++) {
        ck_assert_msg(give(source, "unix-allow-wait", "root,1000,@users,@5") == 0, "%s", message);
        ck_assert_str_eq(options.unix_allow_wait, "root,1000,@users,@5");
        ck_assert_ptr_null(options.unix_allow_dispatch);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(give(FLAG, "unix-owner", bad[i]) == WARMSTART_ERR_INVALID, "%s", bad[i]);
        assert_message_has("expected users and @groups, by name or number, with commas between them");
    }
    ck_assert(!warmstart_daemon_option_is_names("a b", 3));
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
    static const char *const bad[] = {
        "8080",
        ":8080",
        "host",
        "host:",
        "host:65536",
        "host:-1",
        "host:80x",
        "::1:80",
        "[::1]",
        "[::1]:",
        "[::1]80",
        "[host]:80",
        "[::1:80",
        "unix:",
        "ho st:80",
        "http://h:80",
        "h:80/",
        "[1.2.3.4]:80",
        "[]:80",
        "h\x01:80",
        "h\xc3\xa9:80",
        "@:80",
        "host:99999999999999999999",
        "*:80",
        "[%e]:80",
        "[::1%]:80",
    };
    char long_path[200] = "unix:";

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!warmstart_daemon_option_is_address(bad[i], strlen(bad[i])), "%s", bad[i]);
    memset(long_path + 5, 'p', 107);
    ck_assert(warmstart_daemon_option_is_address(long_path, strlen(long_path)));
    long_path[5 + 107] = 'p';
    ck_assert(!warmstart_daemon_option_is_address(long_path, strlen(long_path)));
    ck_assert(!warmstart_daemon_option_is_address("unix:/a\0b", 9));
}
END_TEST

START_TEST(listeners_are_bounded)
{
    char flags[2048] = "";

    for (int i = 0; i <= WARMSTART_DAEMON_LISTENERS_MAX; i++) {
        ck_assert_int_eq(read_options(flags, "", NULL), 0);
        snprintf(flags + strlen(flags), sizeof(flags) - strlen(flags), " --http h:%d", i);
    }
    ck_assert_int_eq(read_options(flags, "", NULL), WARMSTART_ERR_INVALID);
    assert_message_has("more than 64 listeners");
}
END_TEST

START_TEST(an_unknown_option_suggests_the_nearest)
{
    static const char *const pairs[][2] = {
        {"max-waiter", "max-waiters"},
        {"maxwaiters", "max-waiters"},
        {"htpp", "http"},
        {"http_poll", "http-poll"},
        {"log-levle", "log-level"},
        {"connection-timeout", "connection-timeout-ms"},
        {"max-body", "max-body-bytes"},
        {"ordre", "order"},
        {"versoin", "version"},
        {"MAX-ATTEMPTS", NULL},
        {"listen", NULL},
        {"x", NULL},
        {"dispatch-timeout-s", "dispatch-timeout-ms"},
    };
    char text[128];

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        snprintf(text, sizeof(text), "--%s=1", pairs[i][0]);
        ck_assert_int_eq(read_options(text, "", NULL), WARMSTART_ERR_INVALID);
        snprintf(text, sizeof(text), "unknown option '--%s' (flag); %s%s", pairs[i][0],
                 pairs[i][1] != NULL ? "did you mean --" : "see warmstartd --help",
                 pairs[i][1] != NULL ? pairs[i][1] : "");
        assert_message_has(text);
        snprintf(text, sizeof(text), "# one\n%s 1\n", pairs[i][0]);
        ck_assert_int_eq(read_options("", "", text), WARMSTART_ERR_INVALID);
        snprintf(text, sizeof(text), "unknown option '%s' (%s:2); %s%s", pairs[i][0], config_path,
                 pairs[i][1] != NULL ? "did you mean " : "see warmstartd --help",
                 pairs[i][1] != NULL ? pairs[i][1] : "");
        assert_message_has(text);
    }
}
END_TEST

START_TEST(an_argument_that_is_no_option_is_refused)
{
    ck_assert_int_eq(read_options("--order newest 8080", "", NULL), WARMSTART_ERR_INVALID);
    assert_message_has("unexpected argument '8080'");
    ck_assert_int_eq(read_options("-order newest", "", NULL), WARMSTART_ERR_INVALID);
    assert_message_has("unknown option '-order' (flag); did you mean --order?");
    ck_assert_int_eq(read_options("--", "", NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(read_options("--=3", "", NULL), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(help_and_version_end_the_reading)
{
    ck_assert_int_eq(read_options("--help --nonsense", "WARMSTART_ORDER=none", NULL), 0);
    ck_assert_int_eq(options.action, WARMSTART_DAEMON_HELP);
    ck_assert_int_eq(read_options("--order oldest --version", "", NULL), 0);
    ck_assert_int_eq(options.action, WARMSTART_DAEMON_VERSION);
    ck_assert_int_eq(read_options("--nonsense --help", "", NULL), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(read_options("--help=yes", "", NULL), WARMSTART_ERR_INVALID);
    assert_message_has("option --help (flag): got 'yes', expected no value");
    ck_assert_int_eq(read_options("", "WARMSTART_VERSION=3 WARMSTART_HELP=1", NULL), 0);
    ck_assert_int_eq(options.action, WARMSTART_DAEMON_RUN);
}
END_TEST

START_TEST(files_are_named_by_any_source_and_not_opened)
{
    for (enum source source = FLAG; source < SOURCES; source++) {
        ck_assert_msg(give(source, "token-secret-file", "/no/such/file") == 0, "%s", message);
        ck_assert_str_eq(options.token_secret_file, "/no/such/file");
        ck_assert_ptr_null(options.dispatch_token_file);
        ck_assert_msg(give(source, "dispatch-token-file", "/no/such/file") == 0, "%s", message);
        ck_assert_str_eq(options.dispatch_token_file, "/no/such/file");
    }
}
END_TEST

START_TEST(the_config_file_may_come_from_the_environment)
{
    char text[128];

    ck_assert_int_eq(read_options("", "", "# only\n\n  order oldest   # the fair one\n"), 0);
    snprintf(text, sizeof(text), "WARMSTART_CONFIG=%s", config_path);
    ck_assert_int_eq(read_options("", text, NULL), 0);
    ck_assert_uint_eq(options.order, WARMSTART_OLDEST_FIRST);
    ck_assert_str_eq(options.config, config_path);
}
END_TEST

START_TEST(a_config_file_that_cannot_be_read_is_named)
{
    ck_assert_int_eq(read_options("--config /nonexistent/warmstart.conf", "", NULL), WARMSTART_ERR_SYSTEM);
    assert_message_has("option --config (flag): '/nonexistent/warmstart.conf' cannot be read: No such file");
    ck_assert_int_eq(read_options("", "WARMSTART_CONFIG=/", NULL), WARMSTART_ERR_SYSTEM);
    assert_message_has("(environment variable WARMSTART_CONFIG): '/' cannot be read: Is a directory");
}
END_TEST

START_TEST(a_config_file_is_bounded)
{
    char *text = malloc(WARMSTART_DAEMON_CONFIG_BYTES + 2);

    memset(text, '#', WARMSTART_DAEMON_CONFIG_BYTES + 1);
    text[WARMSTART_DAEMON_CONFIG_BYTES + 1] = '\0';
    ck_assert_int_eq(read_options("", "", text), WARMSTART_ERR_SYSTEM);
    assert_message_has("larger than 64 KiB");
    text[WARMSTART_DAEMON_CONFIG_BYTES] = '\0';
    ck_assert_int_eq(read_options("", "", text), 0);
    free(text);
}
END_TEST

START_TEST(a_config_file_says_everything_but_listeners_once)
{
    ck_assert_int_eq(read_options("", "", "order newest\n#\norder newest\n"), WARMSTART_ERR_INVALID);
    assert_message_has(":3): given on line 1 already, expected once");
    /* Also where another source wins: it would be wrong on the day that this goes. */
    ck_assert_int_eq(read_options("--order=newest", "", "order newest\norder oldest\n"),
                     WARMSTART_ERR_INVALID);
    assert_message_has(":2): given on line 1 already, expected once");
    ck_assert_int_eq(read_options("", "WARMSTART_ORDER=newest", "order newest\norder oldest\n"),
                     WARMSTART_ERR_INVALID);
    assert_message_has(":2): given on line 1 already, expected once");
}
END_TEST

START_TEST(a_config_file_is_text)
{
    FILE *file = fopen(config_path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite("order newest\ntls-cert /a\0b\n", 1, 27, file), 27);
    ck_assert_int_eq(fclose(file), 0);
    char flags[128];
    snprintf(flags, sizeof(flags), "--config=%s", config_path);
    ck_assert_int_eq(read_options(flags, "", NULL), WARMSTART_ERR_INVALID);
    assert_message_has(":2): a zero byte, expected text");
}
END_TEST

START_TEST(some_options_cannot_stand_in_a_config_file)
{
    ck_assert_int_eq(read_options("", "", "config /etc/other\n"), WARMSTART_ERR_INVALID);
    assert_message_has("option --config");
    assert_message_has("cannot stand in a config file");
    ck_assert_int_eq(read_options("", "", "help\n"), WARMSTART_ERR_INVALID);
    ck_assert_int_eq(read_options("", "", "version 1\n"), WARMSTART_ERR_INVALID);
}
END_TEST

START_TEST(a_value_of_the_config_file_may_have_signs_inside)
{
    ck_assert_int_eq(read_options("", "", "http unix:/run/a=b#c d\nhttp==x"), WARMSTART_ERR_INVALID);
    assert_message_has(":2): got '=x'");
    ck_assert_int_eq(read_options("", "", "http=unix:/run/a=b#c d # here\n"), 0);
    assert_listener(0, "unix:/run/a=b#c d", WARMSTART_HTTP_ALL);
}
END_TEST

START_TEST(the_margin_has_to_be_smaller_than_the_timeout)
{
    ck_assert_int_eq(read_options("--connection-timeout-ms 250", "", NULL), WARMSTART_ERR_INVALID);
    ck_assert_str_eq(message, "option --match-margin-ms (default): got 250, expected less than the 250 of "
                              "--connection-timeout-ms (flag)");
    ck_assert_int_eq(read_options("", "WARMSTART_MATCH_MARGIN_MS=30000", NULL), WARMSTART_ERR_INVALID);
    assert_message_has("(environment variable WARMSTART_MATCH_MARGIN_MS): got 30000");
    assert_message_has("--connection-timeout-ms (default)");
    ck_assert_int_eq(read_options("--match-margin-ms=249 --connection-timeout-ms=250", "", NULL), 0);
}
END_TEST

START_TEST(a_drain_cannot_be_shorter_than_its_parts)
{
    ck_assert_int_eq(read_options("--drain-delay-ms 6000 --drain-spread-ms 4001", "", NULL),
                     WARMSTART_ERR_INVALID);
    assert_message_has("option --drain-timeout-ms (default): got 10000, expected at least the 10001 of ");
    ck_assert_int_eq(
        read_options("--drain-delay-ms 5000 --drain-spread-ms 1", "WARMSTART_DRAIN_TIMEOUT_MS=5000", NULL),
        WARMSTART_ERR_INVALID);
    assert_message_has("(environment variable WARMSTART_DRAIN_TIMEOUT_MS): got 5000, expected at least ");
    ck_assert_int_eq(read_options("--drain-delay-ms 6000 --drain-spread-ms 4000", "", NULL), 0);
}
END_TEST

START_TEST(hostile_values_are_quoted_and_cut)
{
    char long_value[4000] = "--order=", odd_value[] = "--order=\x1b[31m\n'\xff";
    char *argv[] = {odd_value, odd_value, NULL};
    char *environment[] = {NULL};

    ck_assert_int_eq(warmstart_daemon_options_read(&options, 2, argv, environment, message, sizeof(message)),
                     WARMSTART_ERR_INVALID);
    assert_message_has("got '\\x1b[31m\\x0a'\\xff', expected one of newest|oldest");
    memset(long_value + 8, 'x', sizeof(long_value) - 9);
    argv[1] = long_value;
    ck_assert_int_eq(warmstart_daemon_options_read(&options, 2, argv, environment, message, sizeof(message)),
                     WARMSTART_ERR_INVALID);
    assert_message_has("xxx...', expected one of newest|oldest");
    ck_assert_uint_lt(strlen(message), 256);
}
END_TEST

START_TEST(the_longest_messages_fit)
{
    char config[2000] = "", path[300] = "--config=/";

    memset(path + 10, '\x01', 250);
    ck_assert_int_eq(read_options(path, "", NULL), WARMSTART_ERR_SYSTEM);
    assert_message_has("cannot be read: ");
    memset(config, '\x01', sizeof(config) - 1);
    memcpy(config, "max-body-bytes ", 15);
    ck_assert_int_eq(read_options("", "", config), WARMSTART_ERR_INVALID);
    assert_message_has("a number of bytes from 1KiB to 1024MiB");
}
END_TEST

START_TEST(help_names_every_option_with_default_and_variable)
{
    char *text = NULL, variable[WARMSTART_DAEMON_OPTION_NAME_BYTES], part[128];
    size_t text_bytes = 0;
    FILE *out = open_memstream(&text, &text_bytes);

    warmstart_daemon_options_help(out);
    ck_assert_int_eq(fclose(out), 0);
    for (size_t i = 0; i < warmstart_daemon_option_table_len; i++) {
        const struct warmstart_daemon_option *option = &warmstart_daemon_option_table[i];
        snprintf(part, sizeof(part), "\n  --%s%s%s", option->name, option->value != NULL ? " " : "",
                 option->value != NULL ? option->value : "");
        ck_assert_msg(strstr(text, part) != NULL, "%s", part);
        warmstart_daemon_option_variable(option, variable);
        snprintf(part, sizeof(part), ", %s]\n", variable);
        ck_assert_msg((strstr(text, part) != NULL) == (option->kind != WARMSTART_DAEMON_ACTION), "%s", part);
    }
    ck_assert_ptr_nonnull(strstr(text, "[8MiB, WARMSTART_MAX_BODY_BYTES]"));
    ck_assert_ptr_nonnull(strstr(text, "[newest, WARMSTART_ORDER]"));
    ck_assert_ptr_nonnull(strstr(text, "[127.0.0.1:8080, WARMSTART_HTTP]"));
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        ck_assert_uint_le(strcspn(line, "\n"), 84);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_good_value_is_taken_from_every_source, 0, CASES);
    tcase_add_loop_test(tcase, a_bad_value_is_refused_from_every_source, 0, CASES);
    tcase_add_test(tcase, a_missing_value_is_refused);
    tcase_add_test(tcase, the_table_is_covered_by_the_cases);
    tcase_add_test(tcase, flags_win_over_the_environment_that_over_the_config_file);
    tcase_add_test(tcase, of_two_flags_the_last_wins);
    tcase_add_test(tcase, a_bad_value_is_refused_even_where_another_wins);
    tcase_add_test(tcase, the_default_listener_stands_in_for_none);
    tcase_add_test(tcase, listeners_keep_their_order_and_role);
    tcase_add_test(tcase, listeners_of_the_environment_stand_between_commas);
    tcase_add_test(tcase, listeners_of_the_config_file_stand_on_lines);
    tcase_add_test(tcase, listeners_of_a_stronger_source_replace_the_others);
    tcase_add_test(tcase, unix_sockets_are_listeners_with_rights);
    tcase_add_test(tcase, lists_of_names_are_checked);
    tcase_add_test(tcase, what_is_no_address_is_refused);
    tcase_add_test(tcase, listeners_are_bounded);
    tcase_add_test(tcase, an_unknown_option_suggests_the_nearest);
    tcase_add_test(tcase, an_argument_that_is_no_option_is_refused);
    tcase_add_test(tcase, help_and_version_end_the_reading);
    tcase_add_test(tcase, files_are_named_by_any_source_and_not_opened);
    tcase_add_test(tcase, the_config_file_may_come_from_the_environment);
    tcase_add_test(tcase, a_config_file_that_cannot_be_read_is_named);
    tcase_add_test(tcase, a_config_file_is_bounded);
    tcase_add_test(tcase, a_config_file_says_everything_but_listeners_once);
    tcase_add_test(tcase, a_config_file_is_text);
    tcase_add_test(tcase, some_options_cannot_stand_in_a_config_file);
    tcase_add_test(tcase, a_value_of_the_config_file_may_have_signs_inside);
    tcase_add_test(tcase, the_margin_has_to_be_smaller_than_the_timeout);
    tcase_add_test(tcase, a_drain_cannot_be_shorter_than_its_parts);
    tcase_add_test(tcase, hostile_values_are_quoted_and_cut);
    tcase_add_test(tcase, the_longest_messages_fit);
    tcase_add_test(tcase, help_names_every_option_with_default_and_variable);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
