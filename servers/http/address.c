/* SPDX-License-Identifier: MIT */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <warmstart/warmstart.h>

#define UNIX_PREFIX "unix:"

static int read_unix(const char *path, struct address *ret_address)
{
    size_t bytes = strlen(path);
    if (bytes == 0 || bytes >= sizeof(ret_address->path.sun_path))
        return WARMSTART_ERR_INVALID;
    *ret_address = (struct address){.is_unix = true, .path = {.sun_family = AF_UNIX}};
    memcpy(ret_address->path.sun_path, path, bytes + 1);
    return 0;
}

static int read_port(const char *text, uint16_t *ret_port)
{
    uint32_t port = 0;
    size_t digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9' && digits < 5; digits++)
        port = port * 10 + (uint32_t)(text[digits] - '0');
    if (digits == 0 || text[digits] != '\0' || port > UINT16_MAX)
        return WARMSTART_ERR_INVALID;
    *ret_port = (uint16_t)port;
    return 0;
}

int warmstart_http_address_read(const char *text, struct address *ret_address)
{
    if (strncmp(text, UNIX_PREFIX, sizeof(UNIX_PREFIX) - 1) == 0)
        return read_unix(text + sizeof(UNIX_PREFIX) - 1, ret_address);

    bool bracketed = text[0] == '[';
    const char *host = bracketed ? text + 1 : text;
    const char *end = bracketed ? strchr(host, ']') : strrchr(host, ':');
    /* "::1:80" may mean two things: an IPv6 address needs its brackets. */
    if (!end || end == host || (!bracketed && memchr(host, ':', (size_t)(end - host))))
        return WARMSTART_ERR_INVALID;
    const char *colon = bracketed ? end + 1 : end;
    size_t host_bytes = (size_t)(end - host);
    uint16_t port;
    if (*colon != ':' || host_bytes > ADDRESS_HOST_BYTES_MAX || read_port(colon + 1, &port) < 0)
        return WARMSTART_ERR_INVALID;

    *ret_address = (struct address){.port = port};
    memcpy(ret_address->host, host, host_bytes);
    struct in6_addr number;
    char *zone = strchr(ret_address->host, '%');
    if (zone)
        *zone = '\0';
    bool is_number = inet_pton(AF_INET6, ret_address->host, &number) == 1;
    if (zone)
        *zone = '%';
    return bracketed && !is_number ? WARMSTART_ERR_INVALID : 0;
}

int warmstart_http_address_resolve(const struct address *address, struct addrinfo **ret_list)
{
    char port[8];
    snprintf(port, sizeof(port), "%u", (unsigned)address->port);
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    switch (getaddrinfo(address->host, port, &hints, ret_list)) {
    case 0:
        return 0;
    case EAI_MEMORY:
        return WARMSTART_ERR_MEMORY;
    case EAI_SYSTEM:
        return WARMSTART_ERR_SYSTEM;
    default:
        return WARMSTART_ERR_INVALID;
    }
}

void warmstart_http_address_url(const struct sockaddr *address, bool secure, char *out, size_t out_bytes)
{
    const char *scheme = secure ? "https" : "http";
    char number[INET6_ADDRSTRLEN];
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
        inet_ntop(AF_INET, &four->sin_addr, number, sizeof(number));
        snprintf(out, out_bytes, "%s://%s:%u", scheme, number, (unsigned)ntohs(four->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
        inet_ntop(AF_INET6, &six->sin6_addr, number, sizeof(number));
        snprintf(out, out_bytes, "%s://[%s]:%u", scheme, number, (unsigned)ntohs(six->sin6_port));
    } else {
        const struct sockaddr_un *path = (const struct sockaddr_un *)(const void *)address;
        snprintf(out, out_bytes, UNIX_PREFIX "%s", path->sun_path);
    }
}
