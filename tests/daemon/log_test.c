/* SPDX-License-Identifier: MIT */
/* The log writer: what a line looks like, how it is cut, and descriptors that cannot be written to. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "suite.h"

static struct warmstart_daemon_log logger;
static int ends[2]; /* a pipe: what is logged comes out of the first */

static void setup(void)
{
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void open_log(enum warmstart_daemon_log_format format)
{
    warmstart_daemon_log_init(&logger, ends[1], WARMSTART_LOG_DEBUG, format);
}

static void teardown(void)
{
    warmstart_daemon_log_deinit(&logger);
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
}

/* Takes out what was logged; a line is written whole before _write returns. */
static const char *logged(void)
{
    static char text[70000];

    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    ssize_t bytes = read(ends[0], text, sizeof(text) - 1);
    text[bytes > 0 ? bytes : 0] = '\0';
    return text;
}

static void write_text(const char *name, const char *text, size_t text_bytes)
{
    const struct warmstart_log_field field = {.name = name, .text = text, .text_bytes = text_bytes};
    warmstart_daemon_log_write(&logger, WARMSTART_LOG_INFO, "happened", &field, 1);
}

static void assert_matches(const char *text, const char *pattern)
{
    regex_t regex;

    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&regex, text, 0, NULL, 0) == 0, "%s does not match %s", text, pattern);
    regfree(&regex);
}

/* Parses a line strictly: valid JSON, valid UTF-8, no name twice. The caller's. */
static json_t *parse(const char *line)
{
    json_error_t error;

    ck_assert_uint_gt(strlen(line), 0);
    ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    ck_assert_msg(json != NULL, "%s: %s", error.text, line);
    return json;
}

#define TIME_PATTERN "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z"

START_TEST(a_logfmt_line_has_time_level_event_and_fields)
{
    const struct warmstart_log_field fields[] = {
        warmstart_daemon_log_text("run", "run_1"),
        warmstart_daemon_log_number("bytes", INT64_MIN),
        warmstart_daemon_log_text("missing", NULL),
    };

    open_log(WARMSTART_DAEMON_LOGFMT);
    logger.logger.write(logger.logger.user, WARMSTART_LOG_WARN, "poll_ended", fields, 3);
    assert_matches(logged(), "^time=" TIME_PATTERN " level=warn event=poll_ended run=run_1 "
                             "bytes=-9223372036854775808 missing=\"\"\n$");
}
END_TEST

START_TEST(a_json_line_has_time_level_event_and_fields)
{
    const struct warmstart_log_field fields[] = {
        warmstart_daemon_log_text("run", "run_1"),
        warmstart_daemon_log_number("bytes", INT64_MAX),
    };

    open_log(WARMSTART_DAEMON_JSON);
    warmstart_daemon_log_write(&logger, WARMSTART_LOG_ERROR, "poll_ended", fields, 2);
    assert_matches(logged(), "^\\{\"time\":\"" TIME_PATTERN "\",\"level\":\"error\",\"event\":\"poll_ended\","
                             "\"run\":\"run_1\",\"bytes\":9223372036854775807\\}\n$");
}
END_TEST

START_TEST(what_is_above_the_level_is_not_written)
{
    open_log(WARMSTART_DAEMON_LOGFMT);
    logger.logger.level = WARMSTART_LOG_WARN;
    write_text("a", "b", 1);
    ck_assert_str_eq(logged(), "");
    logger.logger.level = WARMSTART_LOG_OFF;
    warmstart_daemon_log_write(&logger, WARMSTART_LOG_ERROR, "happened", NULL, 0);
    warmstart_daemon_log_write(&logger, WARMSTART_LOG_OFF, "happened", NULL, 0);
    ck_assert_str_eq(logged(), "");
    logger.logger.level = WARMSTART_LOG_INFO;
    write_text("a", "b", 1);
    ck_assert_str_ne(logged(), "");
}
END_TEST

START_TEST(logfmt_quotes_what_needs_it)
{
    static const struct {
        const char *text, *written;
    } pairs[] = {
        {"plain-1.0/x:y", " a=plain-1.0/x:y\n"},
        {"", " a=\"\"\n"},
        {"two words", " a=\"two words\"\n"},
        {"a=b", " a=\"a=b\"\n"},
        {"say \"x\"", " a=\"say \\\"x\\\"\"\n"},
        {"back\\slash", " a=\"back\\\\slash\"\n"},
        {"line\nfeed\r\t", " a=\"line\\nfeed\\r\\t\"\n"},
        {"\x1b[31m\x7f", " a=\"\\u001b[31m\\u007f\"\n"},
        {"gr\xc3\xbc\xc3\x9f", " a=\"gr\xc3\xbc\xc3\x9f\"\n"},
        {"\xc2\x9b"
         "1m",
         " a=\"\\u009b1m\"\n"},
        {"\xff", " a=\"\xef\xbf\xbd\"\n"},
    };

    open_log(WARMSTART_DAEMON_LOGFMT);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        write_text("a", pairs[i].text, strlen(pairs[i].text));
        ck_assert_str_eq(strstr(logged(), " a="), pairs[i].written);
    }
}
END_TEST

START_TEST(json_takes_every_byte)
{
    char text[512];

    open_log(WARMSTART_DAEMON_JSON);
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            text[2 * second] = (char)first;
            text[2 * second + 1] = (char)second;
        }
        write_text("a", text, sizeof(text));
        json_decref(parse(logged()));
    }
    write_text("a", "x\0y\n\"\\", 6);
    json_t *json = parse(logged());
    ck_assert_uint_eq(json_string_length(json_object_get(json, "a")), 6);
    ck_assert_int_eq(memcmp(json_string_value(json_object_get(json, "a")), "x\0y\n\"\\", 6), 0);
    json_decref(json);
}
END_TEST

START_TEST(what_is_not_utf8_is_replaced)
{
    static const char *const bad[] = {
        "\x80",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x80\xaf",
        "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xe2\x82",
        "\xf0\x9f\x98",
        "\xc3",
        "\xc3(",
    };

    open_log(WARMSTART_DAEMON_JSON);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_text("a", bad[i], strlen(bad[i]));
        json_t *json = parse(logged());
        ck_assert_int_eq(strncmp(json_string_value(json_object_get(json, "a")), "\xef\xbf\xbd", 3), 0);
        json_decref(json);
    }
    write_text("a", "\xe2\x82\xac\xf0\x9f\x98\x80", 7);
    json_t *json = parse(logged());
    ck_assert_str_eq(json_string_value(json_object_get(json, "a")), "\xe2\x82\xac\xf0\x9f\x98\x80");
    json_decref(json);
}
END_TEST

START_TEST(a_long_line_is_cut_and_marked)
{
    static char text[10000];
    struct warmstart_log_field fields[3] = {
        {.name = "first"},
        {.name = "second", .text = text, .text_bytes = 100},
        {.name = "third", .number = 1234567890123},
    };
    size_t cuts = 0;

    memset(text, _i % 2 == 0 ? 'x' : '\n', sizeof(text));

    open_log(_i < 2 ? WARMSTART_DAEMON_JSON : WARMSTART_DAEMON_LOGFMT);
    /* Every length around the places where a part of the line stops to fit; escaped, a byte takes two. */
    const size_t middle = _i % 2 == 0 ? 3900 : 1950;
    for (size_t bytes = middle - 200; bytes < middle + 200; bytes++) {
        fields[0].text = text;
        fields[0].text_bytes = bytes;
        warmstart_daemon_log_write(&logger, WARMSTART_LOG_INFO, "happened", fields, 3);
        const char *line = logged();
        const size_t line_bytes = strlen(line);
        ck_assert_uint_le(line_bytes, WARMSTART_DAEMON_LOG_LINE_BYTES);
        ck_assert_int_eq(line[line_bytes - 1], '\n');
        if (_i < 2) {
            json_t *json = parse(line);
            ck_assert((json_object_get(json, "third") == NULL) == json_is_true(json_object_get(json, "cut")));
            json_decref(json);
        } else {
            ck_assert((strstr(line, " third=1234567890123\n") == NULL) ==
                      (strstr(line, " cut=true\n") != NULL));
            ck_assert_ptr_eq(strchr(line, '\n'), line + line_bytes - 1);
        }
        cuts += strstr(line, "cut") != NULL;
    }
    ck_assert_uint_gt(cuts, 50);
    ck_assert_uint_lt(cuts, 350);
}
END_TEST

START_TEST(a_character_is_never_cut_in_two)
{
    static char text[6000];

    for (size_t i = 0; i < sizeof(text); i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    open_log(WARMSTART_DAEMON_JSON);
    for (size_t start = 0; start < 3; start++) {
        memset(text, 'x', start);
        write_text("a", text + (start == 0 ? 0 : 3 - start), sizeof(text) - 3);
        json_t *json = parse(logged());
        ck_assert(json_is_true(json_object_get(json, "cut")));
        json_decref(json);
    }
}
END_TEST

START_TEST(more_fields_than_fit_are_left_out)
{
    struct warmstart_log_field fields[600];

    for (size_t i = 0; i < 600; i++)
        fields[i] = (struct warmstart_log_field){.name = "number", .number = (int64_t)i};
    open_log(WARMSTART_DAEMON_LOGFMT);
    warmstart_daemon_log_write(&logger, WARMSTART_LOG_INFO, "happened", fields, 600);
    const char *line = logged();
    ck_assert_uint_le(strlen(line), WARMSTART_DAEMON_LOG_LINE_BYTES);
    assert_matches(line, " number=0 number=1 .* number=[0-9]+ cut=true\n$");
}
END_TEST

START_TEST(a_full_pipe_drops_lines_and_says_so_later)
{
    char drained[65536];
    uint64_t written = 0;

    open_log(WARMSTART_DAEMON_LOGFMT);
    ck_assert_int_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0); /* others share it */
    while (logger.dropped_total == 0 && written < 100000) {
        write_text("a", "b", 1);
        written++;
    }
    write_text("a", "b", 1);
    write_text("a", "b", 1);
    ck_assert_uint_eq(logger.dropped_total, 3);
    ck_assert_int_gt(read(ends[0], drained, sizeof(drained)), 0);
    while (strlen(logged()) > 0)
        ;
    write_text("a", "again", 5);
    assert_matches(logged(), "^time=[^ ]+ level=warn event=log_lines_dropped lines=3\n"
                             "time=[^ ]+ level=info event=happened a=again\n$");
    ck_assert_uint_eq(logger.dropped_total, 3);
}
END_TEST

START_TEST(a_pipe_that_nobody_reads_drops_lines)
{
    open_log(WARMSTART_DAEMON_LOGFMT);
    close(ends[0]);
    ends[0] = -1;
    for (int i = 0; i < 10; i++)
        write_text("a", "b", 1);
    ck_assert_uint_eq(logger.dropped_total, 10);
}
END_TEST

START_TEST(a_pipe_that_cannot_be_opened_again_is_asked_first)
{
    uint64_t written = 0;

    open_log(WARMSTART_DAEMON_LOGFMT);
    warmstart_daemon_log_deinit(&logger);
    logger.fd = ends[1];
    logger.fd_checked = true; /* as _init sets it when /proc is not there */
    while (logger.dropped_total == 0 && written < 100000) {
        write_text("a", "b", 1);
        written++;
    }
    ck_assert_uint_gt(written, 100);
    ck_assert_uint_eq(logger.dropped_total, 1);
}
END_TEST

START_TEST(a_full_socket_drops_lines)
{
    uint64_t written = 0;

    teardown();
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    open_log(WARMSTART_DAEMON_LOGFMT);
    while (logger.dropped_total == 0 && written < 100000) {
        write_text("a", "b", 1);
        written++;
    }
    ck_assert_uint_gt(written, 10);
    ck_assert_uint_eq(logger.dropped_total, 1);
}
END_TEST

START_TEST(a_full_disk_drops_lines)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    ck_assert_int_ge(full, 0);
    warmstart_daemon_log_init(&logger, full, WARMSTART_LOG_INFO, WARMSTART_DAEMON_JSON);
    write_text("a", "b", 1);
    write_text("a", "b", 1);
    ck_assert_uint_eq(logger.dropped_total, 2);
    close(full);
}
END_TEST

START_TEST(a_closed_descriptor_drops_lines)
{
    int closed = dup(ends[1]);

    close(closed);
    warmstart_daemon_log_init(&logger, closed, WARMSTART_LOG_INFO, WARMSTART_DAEMON_JSON);
    write_text("a", "b", 1);
    ck_assert_uint_eq(logger.dropped_total, 1);
    ck_assert_int_eq(fcntl(closed, F_GETFD), -1);
}
END_TEST

START_TEST(lines_are_appended_to_a_file)
{
    FILE *file = tmpfile();
    char text[512];

    ck_assert_ptr_nonnull(file);
    fputs("before\n", file);
    fflush(file);
    warmstart_daemon_log_init(&logger, fileno(file), WARMSTART_LOG_INFO, WARMSTART_DAEMON_LOGFMT);
    write_text("a", "b", 1);
    write_text("a", "c", 1);
    rewind(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    assert_matches(text, "^before\ntime=[^\n]* a=b\ntime=[^\n]* a=c\n$");
    ck_assert_uint_eq(logger.dropped_total, 0);
    fclose(file);
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
    int before = dup(0);

    close(before);
    open_log(WARMSTART_DAEMON_JSON);
    write_text("a", "b", 1);
    warmstart_daemon_log_deinit(&logger);
    warmstart_daemon_log_deinit(&logger);
    int after = dup(0);
    ck_assert_int_eq(before, after);
    close(after);
    ck_assert_int_ge(fcntl(ends[1], F_GETFD), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = tcase_create("log");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_logfmt_line_has_time_level_event_and_fields);
    tcase_add_test(tcase, a_json_line_has_time_level_event_and_fields);
    tcase_add_test(tcase, what_is_above_the_level_is_not_written);
    tcase_add_test(tcase, logfmt_quotes_what_needs_it);
    tcase_add_test(tcase, json_takes_every_byte);
    tcase_add_test(tcase, what_is_not_utf8_is_replaced);
    tcase_add_loop_test(tcase, a_long_line_is_cut_and_marked, 0, 4);
    tcase_add_test(tcase, a_character_is_never_cut_in_two);
    tcase_add_test(tcase, more_fields_than_fit_are_left_out);
    tcase_add_test(tcase, a_full_pipe_drops_lines_and_says_so_later);
    tcase_add_test(tcase, a_pipe_that_nobody_reads_drops_lines);
    tcase_add_test(tcase, a_pipe_that_cannot_be_opened_again_is_asked_first);
    tcase_add_test(tcase, a_full_socket_drops_lines);
    tcase_add_test(tcase, a_full_disk_drops_lines);
    tcase_add_test(tcase, a_closed_descriptor_drops_lines);
    tcase_add_test(tcase, lines_are_appended_to_a_file);
    tcase_add_test(tcase, no_descriptor_is_left_open);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
