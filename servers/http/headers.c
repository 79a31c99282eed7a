/* SPDX-License-Identifier: MIT */
#include "headers.h"

#include <string.h>
#include <strings.h>

/* One that is looked for. */
struct wanted {
    const char *name; /* lower case */
    size_t bytes;
    struct trigger_value *value; /* where it goes */
    bool once;                   /* may not be there twice */
};

#define WANTED_MAX (TRIGGER_HEADERS + 7)

/* Which lengths names can have that are looked for: bit n for n bytes. Most headers are none of them. */
#define LENGTHS_BITS 64

struct reading {
    struct headers *headers;
    struct wanted wanted[WANTED_MAX];
    size_t wanted_len;
    uint64_t lengths;
    const char *end; /* of the last value: the next name stands right behind its line end */
};

static void want(struct reading *reading, const char *name, size_t bytes, struct trigger_value *value,
                 bool once)
{
    reading->wanted[reading->wanted_len++] = (struct wanted){name, bytes, value, once};
    reading->lengths |= UINT64_C(1) << bytes % LENGTHS_BITS;
}

static void want_all(struct reading *reading, struct headers *headers)
{
    for (int header = 0; header < TRIGGER_HEADERS; header++) {
        size_t bytes;
        const char *name = warmstart_trigger_header_name((enum trigger_header)header, &bytes);
        want(reading, name, bytes, &headers->fields[header], true);
    }
    want(reading, "traceparent", 11, &headers->traceparent, false);
    want(reading, "authorization", 13, &headers->authorization, true);
    want(reading, "x-warmstart-ack", 15, &headers->ack, true);
    want(reading, "host", 4, &headers->host, true);
    want(reading, "content-type", 12, &headers->content_type, true);
    want(reading, "content-length", 14, &headers->content_length, true);
    want(reading, "transfer-encoding", 17, &headers->transfer_encoding, true);
}

/* Has a word a byte that is a control character or a space? Bytes above 0x7f are none. */
static bool has_space(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t deletes = word ^ ones * 0x7f;
    return (((word - ones * (' ' + 1)) & ~word) | ((deletes - ones) & ~deletes)) & ones << 7;
}

/*
 * A space in a name is a folded line, a space before the colon, or an attempt to hide a header. Eight bytes
 * at a time, the last ones twice if need be.
 */
static bool name_is_clean(const char *name, size_t bytes)
{
    uint64_t word = UINT64_MAX;
    for (size_t at = 0; at + sizeof(word) <= bytes; at += sizeof(word)) {
        memcpy(&word, name + at, sizeof(word));
        if (has_space(word))
            return false;
    }
    if (bytes >= sizeof(word))
        memcpy(&word, name + bytes - sizeof(word), sizeof(word));
    else
        memcpy(&word, name, bytes);
    return bytes > 0 && !has_space(word);
}

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
static void check_place(struct reading *reading, const char *name, size_t name_bytes, const char *value,
                        size_t value_bytes)
{
    const char *after = name + name_bytes + 1;
    bool intact = is_line_end(reading->end, name) && name_is_clean(name, name_bytes) && value >= after;
    while (intact && after < value) {
        intact = *after == ' ' || *after == '\t';
        after++;
    }
    /* To some servers a bare CR ends a line, and what follows is another header. */
    if (!intact || memchr(value, '\r', value_bytes))
        reading->headers->intact = false;
    reading->end = value + value_bytes;
}

static void take(struct reading *reading, const struct wanted *wanted, const char *value, size_t bytes)
{
    while (bytes > 0 && (value[bytes - 1] == ' ' || value[bytes - 1] == '\t'))
        bytes--;
    if (!wanted->value->text) {
        *wanted->value = (struct trigger_value){value, bytes};
    } else if (wanted->once) {
        reading->headers->repeated = wanted->name;
    } else {
        /* Two of them say nothing: as if it were empty. */
        wanted->value->bytes = 0;
    }
}

static void find(struct reading *reading, const char *name, size_t name_bytes, const char *value,
                 size_t value_bytes)
{
    if (!(reading->lengths >> name_bytes % LENGTHS_BITS & 1))
        return;
    for (size_t i = 0; i < reading->wanted_len; i++) {
        const struct wanted *wanted = &reading->wanted[i];
        if (wanted->bytes == name_bytes && (name[0] | 0x20) == wanted->name[0] &&
            strncasecmp(wanted->name, name, name_bytes) == 0) {
            take(reading, wanted, value, value_bytes);
            return;
        }
    }
}

static enum MHD_Result on_entry(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_bytes,
                                const char *value, size_t value_bytes)
{
    struct reading *reading = cls;
    reading->headers->entries++;
    if (kind != MHD_HEADER_KIND)
        return MHD_YES;
    if (!value)
        value = name + name_bytes;
    check_place(reading, name, name_bytes, value, value_bytes);
    find(reading, name, name_bytes, value, value_bytes);
    /* The first of them is taken apart. */
    if (name_bytes == 6 && reading->headers->copied_bytes == 0 && strncasecmp(name, "cookie", 6) == 0)
        reading->headers->copied_bytes = value_bytes;
    return MHD_YES;
}

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
    *ret_headers = (struct headers){.intact = true, .http_1_0 = strcmp(version, "HTTP/1.0") == 0};
    struct reading reading = {.headers = ret_headers, .end = version + strlen(version)};
    want_all(&reading, ret_headers);
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND, on_entry,
                                &reading);
    ret_headers->header_bytes = header_size(mhd);

    /* The same for the two ends: the request line before the first header, the empty line after the last. */
    const char *end = method + ret_headers->header_bytes;
    bool line_whole = connection->target_end && connection->target_end + 1 == version &&
                      method + strlen(method) + 1 == target;
    bool end_whole = end >= reading.end + 2 && end <= reading.end + 4;
    if (!line_whole || !end_whole)
        ret_headers->intact = false;
}

void warmstart_http_headers_read(const struct connection *connection, const char *method, const char *target,
                                 const char *version, struct headers *ret_headers)
{
    struct headers_memory *memory = connection->http->headers_memory;
    if (memory->of != connection) {
        read_all(connection, method, target, version, &memory->headers);
        memory->of = connection;
    }
    *ret_headers = memory->headers;
}

void warmstart_http_headers_forget(const struct connection *connection)
{
    struct headers_memory *memory = connection->http->headers_memory;
    if (memory->of == connection)
        memory->of = NULL;
}
