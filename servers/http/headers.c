/* SPDX-License-Identifier: MIT */
#include "headers.h"

#include <stddef.h>
#include <string.h>

#include "value.h"

/* One that is looked for. */
struct wanted {
    const char *name; /* lower-case letters and '-'; NULL: none has this length */
    size_t value;     /* where in struct headers it goes */
    bool once;        /* may not be there twice */
};

#define WANTED(text, member, is_once)                                                                        \
    [sizeof(text) - 1] = {(text), offsetof(struct headers, member), (is_once)}

/* By length, as no two are of the same: so a name is compared with one of them, and most with none. */
static const struct wanted wanted_of_length[] = {
    WANTED(TRIGGER_HEADER_CONTROLLER_NAME, fields[TRIGGER_HEADER_CONTROLLER], true),
    WANTED(TRIGGER_HEADER_DEPLOYMENT_NAME, fields[TRIGGER_HEADER_DEPLOYMENT], true),
    WANTED(TRIGGER_HEADER_VERSION_NAME, fields[TRIGGER_HEADER_VERSION], true),
    WANTED(TRIGGER_HEADER_CPU_NAME, fields[TRIGGER_HEADER_CPU], true),
    WANTED(TRIGGER_HEADER_MEMORY_NAME, fields[TRIGGER_HEADER_MEMORY], true),
    WANTED(TRIGGER_HEADER_INSTANCE_NAME, fields[TRIGGER_HEADER_INSTANCE], true),
    WANTED("traceparent", traceparent, false),
    WANTED("authorization", authorization, true),
    WANTED("x-warmstart-ack", ack, true),
    WANTED("host", host, true),
    WANTED("content-type", content_type, true),
    WANTED("content-length", content_length, true),
    WANTED("transfer-encoding", transfer_encoding, true),
};
#define LENGTHS (sizeof(wanted_of_length) / sizeof(wanted_of_length[0]))

struct reading {
    struct headers *headers;
    const char *end; /* of the last value: the next name stands right behind its line end */
};

/* ---- Names ---- */

/* Whatever the case of letters, which are what has the bit 0x40 in `lower`; other bytes as they are. */
static bool word_differs(const char *name, const char *lower)
{
    uint64_t given, wanted;
    memcpy(&given, name, sizeof(given));
    memcpy(&wanted, lower, sizeof(wanted));
    uint64_t case_bits = (wanted & UINT64_C(0x4040404040404040)) >> 1;
    return ((given ^ wanted) & ~case_bits) != 0;
}

static bool is_same_name(const char *name, const char *lower, size_t bytes)
{
    size_t word = sizeof(uint64_t);
    for (size_t i = 0; bytes < word && i < bytes; i++)
        if (((name[i] ^ lower[i]) & ~((lower[i] & 0x40) >> 1)) != 0)
            return false;
    if (bytes < word)
        return true;
    for (size_t at = 0; at < bytes - word; at += word)
        if (word_differs(name + at, lower + at))
            return false;
    return !word_differs(name + bytes - word, lower + bytes - word);
}

/* The one that a name is; NULL: it is not looked for. */
static const struct wanted *find(const char *name, size_t bytes)
{
    const struct wanted *wanted = bytes < LENGTHS ? &wanted_of_length[bytes] : NULL;
    return wanted && wanted->name && is_same_name(name, wanted->name, bytes) ? wanted : NULL;
}

/* ---- Values ---- */

/* 1 or 2 zeros, where libmicrohttpd has found a line end. */
static bool is_line_end(const char *end, const char *next)
{
    return next == end + 1 || next == end + 2;
}

/*
 * libmicrohttpd parses in place: it ends names, values and lines with zeros. So in its buffer one header
 * follows the other without a gap. A gap is what the peer hid behind a NUL byte, a name elsewhere is one that
 * libmicrohttpd put together from a folded line.
 */
static bool stands_in_place(const struct reading *reading, const char *name_end, const char *name,
                            const char *value)
{
    const char *after = name_end + 1;
    bool intact = is_line_end(reading->end, name) && value >= after;
    while (intact && after < value) {
        intact = *after == ' ' || *after == '\t';
        after++;
    }
    return intact;
}

static void take(struct headers *headers, const struct wanted *wanted, const char *text, size_t bytes)
{
    struct trigger_value *value = (struct trigger_value *)(void *)((char *)headers + wanted->value);
    while (bytes > 0 && (text[bytes - 1] == ' ' || text[bytes - 1] == '\t'))
        bytes--;
    if (!value->text) {
        *value = (struct trigger_value){text, bytes};
    } else if (wanted->once) {
        headers->repeated = wanted->name;
    } else {
        /* Two of them say nothing: as if it were empty. */
        value->bytes = 0;
    }
}

static enum MHD_Result on_entry(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_bytes,
                                const char *value, size_t value_bytes)
{
    static const char cookie[] = "cookie";
    struct reading *reading = cls;
    struct headers *headers = reading->headers;
    if (kind != MHD_HEADER_KIND)
        return MHD_YES;
    if (!value)
        value = name + name_bytes;
    const struct wanted *wanted = find(name, name_bytes);
    /* A space in a name is a folded line, a space before the colon, or an attempt to hide a header. */
    bool clean = wanted || (name_bytes > 0 && !value_has_space(name, name_bytes));
    if (!clean || !stands_in_place(reading, name + name_bytes, name, value))
        headers->intact = false;
    if (wanted)
        take(headers, wanted, value, value_bytes);
    /* The first of them is taken apart. */
    else if (name_bytes == sizeof(cookie) - 1 && headers->copied_bytes == 0 &&
             is_same_name(name, cookie, name_bytes))
        headers->copied_bytes = value_bytes;
    reading->end = value + value_bytes;
    return MHD_YES;
}

/* ---- All of them ---- */

static size_t header_size(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

static void read_all(const struct connection *connection, const char *method, const char *target,
                     const char *version, struct headers *ret_headers)
{
    struct MHD_Connection *mhd = connection->mhd;
    const char *begin = version + strlen(version);
    *ret_headers = (struct headers){.intact = true, .http_1_0 = strcmp(version, "HTTP/1.0") == 0};
    struct reading reading = {.headers = ret_headers, .end = begin};
    int entries = MHD_get_connection_values_n(mhd, MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND,
                                              on_entry, &reading);
    ret_headers->entries = entries > 0 ? (size_t)entries : 0;
    ret_headers->header_bytes = header_size(mhd);
    /* To some servers a bare CR ends a line, and what follows is another header. */
    if (ret_headers->intact && memchr(begin, '\r', (size_t)(reading.end - begin)))
        ret_headers->intact = false;

    /* The same for the two ends: the request line before the first header, the empty line after the last. */
    const char *end = method + ret_headers->header_bytes;
    bool line_whole = connection->target_end && connection->target_end + 1 == version &&
                      method + strlen(method) + 1 == target;
    bool end_whole = end >= reading.end + 2 && end <= reading.end + 4;
    if (!line_whole || !end_whole)
        ret_headers->intact = false;
}

const struct headers *warmstart_http_headers_read(const struct connection *connection, const char *method,
                                                  const char *target, const char *version)
{
    struct headers_memory *memory = connection->http->headers_memory;
    if (memory->of != connection) {
        read_all(connection, method, target, version, &memory->headers);
        memory->of = connection;
    }
    return &memory->headers;
}

void warmstart_http_headers_forget(const struct connection *connection)
{
    struct headers_memory *memory = connection->http->headers_memory;
    if (memory->of == connection)
        memory->of = NULL;
}
