/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TAIL_BYTES = 16, /* kept free for the mark of a cut, the closing brace and the line feed */
};

/* A line that is being put together. */
struct line {
    char bytes[WARMSTART_DAEMON_LOG_LINE_BYTES];
    size_t used;
    enum warmstart_daemon_log_format format;
    bool cut; /* something did not fit; nothing more is added */
};

/* ---- Putting a line together ---- */

/* Adds bytes, all or none, and leaves `spare` bytes beside the tail. False: no room. */
static bool put(struct line *line, const char *bytes, size_t bytes_len, size_t spare)
{
    if (line->cut || line->used + bytes_len + spare + TAIL_BYTES > sizeof(line->bytes)) {
        line->cut = true;
        return false;
    }
    memcpy(line->bytes + line->used, bytes, bytes_len);
    line->used += bytes_len;
    return true;
}

/*
 * How many bytes at the beginning of a text are one well-formed UTF-8 character; 0: none. Overlong forms,
 * surrogates and what is beyond U+10FFFF are not well-formed.
 */
static size_t character_bytes(const unsigned char *text, size_t bytes)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t needed = 0;

    if (text[0] < 0x80)
        return 1;
    if (text[0] >= 0xc2 && text[0] <= 0xdf)
        needed = 2;
    else if (text[0] >= 0xe0 && text[0] <= 0xef)
        needed = 3;
    else if (text[0] >= 0xf0 && text[0] <= 0xf4)
        needed = 4;
    if (needed == 0 || bytes < needed)
        return 0;
    if (text[0] == 0xe0)
        low = 0xa0;
    else if (text[0] == 0xed)
        high = 0x9f;
    else if (text[0] == 0xf0)
        low = 0x90;
    else if (text[0] == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < needed; i++) {
        if (text[i] < low || text[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return needed;
}

/* Writes a control character, a quote or a backslash as JSON does. The bytes written. */
static size_t escape(unsigned character, char ret_bytes[8])
{
    static const char letters[][2] = {{'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'"', '"'}, {'\\', '\\'}};

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (character == (unsigned char)letters[i][0]) {
            ret_bytes[0] = '\\';
            ret_bytes[1] = letters[i][1];
            return 2;
        }
    }
    return (size_t)snprintf(ret_bytes, 8, "\\u%04x", character & 0xffffu);
}

/* Adds a text in quotes: what is not UTF-8 becomes U+FFFD, control characters are escaped. */
static void put_quoted(struct line *line, const char *text, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    char escaped[8];

    if (!put(line, "\"", 1, 1))
        return;
    for (size_t i = 0, used = 0; i < bytes && !line->cut; i += used) {
        used = character_bytes(at + i, bytes - i);
        if (used == 0) {
            put(line, "\xef\xbf\xbd", 3, 1);
            used = 1;
        } else if (used == 1 && (at[i] < 0x20 || at[i] == 0x7f || at[i] == '"' || at[i] == '\\')) {
            put(line, escaped, escape(at[i], escaped), 1);
        } else if (used == 2 && at[i] == 0xc2 && at[i + 1] < 0xa0) {
            put(line, escaped, escape(at[i + 1], escaped), 1); /* C1: terminals obey them too */
        } else {
            put(line, text + i, used, 1);
        }
    }
    line->bytes[line->used++] = '"'; /* its place was kept */
}

/* Whether logfmt can do without quotes. */
static bool is_plain(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '=' || byte == '\\')
            return false;
    }
    return bytes > 0;
}

/* Adds the name of a field and what stands before and after it. */
static void put_name(struct line *line, const char *name)
{
    const size_t name_bytes = strlen(name);
    /* Room for a name without anything behind it would make a broken line. */
    const size_t spare = name_bytes + 8;

    if (line->format == WARMSTART_DAEMON_JSON) {
        const char *before = line->used == 0 ? "{\"" : ",\"";
        if (put(line, before, 2, spare) && put(line, name, name_bytes, 6))
            put(line, "\":", 2, 4);
    } else if (line->used == 0 || put(line, " ", 1, spare)) {
        if (put(line, name, name_bytes, 6))
            put(line, "=", 1, 4);
    }
}

static void put_text(struct line *line, const char *name, const char *text, size_t bytes)
{
    const size_t before = line->used;

    put_name(line, name);
    if (line->cut) {
        line->used = before;
        return;
    }
    if (line->format == WARMSTART_DAEMON_LOGFMT && bytes <= sizeof(line->bytes) && is_plain(text, bytes) &&
        line->used + bytes + TAIL_BYTES <= sizeof(line->bytes))
        put(line, text, bytes, 0);
    else
        put_quoted(line, text, bytes);
}

static void put_number(struct line *line, const char *name, int64_t number)
{
    const size_t before = line->used;
    char digits[24];

    int bytes = snprintf(digits, sizeof(digits), "%" PRId64, number);
    put_name(line, name);
    if (line->cut || !put(line, digits, (size_t)bytes, 0))
        line->used = before;
}

static const char *level_name(enum warmstart_log_level level)
{
    switch (level) {
    case WARMSTART_LOG_OFF:
        break;
    case WARMSTART_LOG_ERROR:
        return "error";
    case WARMSTART_LOG_WARN:
        return "warn";
    case WARMSTART_LOG_INFO:
        return "info";
    case WARMSTART_LOG_DEBUG:
        return "debug";
    }
    return "off";
}

/* Adds the time as RFC 3339 has it, in UTC. */
static void put_time(struct line *line)
{
    struct timespec now;
    struct tm utc;
    char text[64];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t bytes = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    bytes += (size_t)snprintf(text + bytes, sizeof(text) - bytes, ".%03dZ", (int)(now.tv_nsec / 1000000));
    put_text(line, "time", text, bytes);
}

static void put_record(struct line *line, enum warmstart_log_level level, const char *event,
                       const struct warmstart_log_field *fields, size_t fields_len)
{
    const char *name = level_name(level);

    put_time(line);
    put_text(line, "level", name, strlen(name));
    put_text(line, "event", event, strlen(event));
    for (size_t i = 0; i < fields_len && !line->cut; i++) {
        if (fields[i].text != NULL)
            put_text(line, fields[i].name, fields[i].text, fields[i].text_bytes);
        else
            put_number(line, fields[i].name, fields[i].number);
    }
}

/* Ends the line. What is added here has its place kept. */
static void finish(struct line *line)
{
    const char *tail = "\n";

    if (line->format == WARMSTART_DAEMON_JSON)
        tail = line->cut ? ",\"cut\":true}\n" : "}\n";
    else if (line->cut)
        tail = " cut=true\n";
    memcpy(line->bytes + line->used, tail, strlen(tail));
    line->used += strlen(tail);
}

/* ---- Writing it ---- */

/*
 * Writes at once or not at all. A pipe that poll() calls writable takes PIPE_BUF bytes (4,096) without
 * blocking, and whole: that is why no line is longer.
 */
static bool write_line(struct warmstart_daemon_log *log, const char *bytes, size_t bytes_len)
{
    struct pollfd ready = {.fd = log->fd, .events = POLLOUT};
    ssize_t written = 0;

    if (log->fd_checked && (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0))
        return false;
    if (log->fd_socket)
        written = send(log->fd, bytes, bytes_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    else
        written = write(log->fd, bytes, bytes_len);
    if (written > 0)
        log->torn = (size_t)written < bytes_len;
    return written == (ssize_t)bytes_len;
}

static bool write_record(struct warmstart_daemon_log *log, enum warmstart_log_level level, const char *event,
                         const struct warmstart_log_field *fields, size_t fields_len)
{
    struct line line;

    line.used = 0;
    line.format = log->format;
    line.cut = false;
    put_record(&line, level, event, fields, fields_len);
    finish(&line);
    /* The end of a line that was torn off, so that this one stands alone. */
    if (log->torn && !write_line(log, "\n", 1))
        return false;
    return write_line(log, line.bytes, line.used);
}

void warmstart_daemon_log_write(struct warmstart_daemon_log *log, enum warmstart_log_level level,
                                const char *event, const struct warmstart_log_field *fields,
                                size_t fields_len)
{
    if (level > log->logger.level || level == WARMSTART_LOG_OFF)
        return;
    if (log->missing > 0) {
        const struct warmstart_log_field lines = warmstart_daemon_log_number("lines", (int64_t)log->missing);
        if (write_record(log, WARMSTART_LOG_WARN, "log_lines_dropped", &lines, 1))
            log->missing = 0;
    }
    if (log->missing == 0 && write_record(log, level, event, fields, fields_len))
        return;
    log->missing++;
    log->dropped_total++;
}

static void write_hook(void *user, enum warmstart_log_level level, const char *event,
                       const struct warmstart_log_field *fields, size_t fields_len)
{
    warmstart_daemon_log_write(user, level, event, fields, fields_len);
}

/* A second opening of the same file that does not block; -1: there is none. */
static int reopen(int fd)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

void warmstart_daemon_log_init(struct warmstart_daemon_log *log, int fd, enum warmstart_log_level level,
                               enum warmstart_daemon_log_format format)
{
    struct stat status;

    *log = (struct warmstart_daemon_log){
        .logger = {.level = level, .user = log, .write = write_hook},
        .format = format,
        .fd = fd,
    };
    if (fstat(fd, &status) < 0 || S_ISREG(status.st_mode))
        return;
    log->fd_socket = S_ISSOCK(status.st_mode);
    if (log->fd_socket)
        return;
    /* Not O_NONBLOCK on fd itself: a terminal or pipe is shared with processes that do not expect it. */
    int own = reopen(fd);
    log->fd_owned = own >= 0;
    log->fd_checked = own < 0;
    if (own >= 0)
        log->fd = own;
}

void warmstart_daemon_log_deinit(struct warmstart_daemon_log *log)
{
    if (log->fd_owned)
        close(log->fd);
    log->fd_owned = false;
}

struct warmstart_log_field warmstart_daemon_log_text(const char *name, const char *text)
{
    return (struct warmstart_log_field){
        .name = name,
        .text = text != NULL ? text : "",
        .text_bytes = text != NULL ? strlen(text) : 0,
    };
}

struct warmstart_log_field warmstart_daemon_log_number(const char *name, int64_t number)
{
    return (struct warmstart_log_field){.name = name, .number = number};
}
