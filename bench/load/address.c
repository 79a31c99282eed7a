/* SPDX-License-Identifier: MIT */
#include "address.h"

#include "protocol.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { SOURCES = 64 };

struct scheme {
    const char *prefix;
    const struct protocol *protocol;
    bool is_path;
};

static const struct scheme schemes[] = {
    {"http://", &protocol_http, false},     {"http+unix:", &protocol_http, true},
    {"unix:", &protocol_unix, true},        {"redis://", &protocol_redis, false},
    {"redis+unix:", &protocol_redis, true}, {"beanstalk://", &protocol_beanstalk, false},
};

static bool read_path(const char *path, struct address *address)
{
    struct sockaddr_un *name = (struct sockaddr_un *)&address->name;
    size_t bytes = strlen(path);
    if (bytes == 0 || bytes >= sizeof(name->sun_path))
        return false;
    name->sun_family = AF_UNIX;
    memcpy(name->sun_path, path, bytes + 1);
    address->name_bytes = (socklen_t)sizeof(*name);
    strcpy(address->host, "localhost");
    return true;
}

static bool read_host(const char *text, struct address *address)
{
    char host[ADDRESS_HOST_BYTES];
    size_t bytes = strcspn(text, "/");
    if (bytes >= sizeof(host) || (text[bytes] == '/' && text[bytes + 1] != 0))
        return false;
    memcpy(host, text, bytes);
    host[bytes] = 0;
    strcpy(address->host, host);
    char *port = strrchr(host, ':');
    if (port == NULL || port == host || port[1] == 0)
        return false;
    *port++ = 0;
    char *name = host;
    if (name[0] == '[' && port[-2] == ']') {
        port[-2] = 0;
        name++;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
    if (getaddrinfo(name, port, &hints, &found) != 0)
        return false;
    memcpy(&address->name, found->ai_addr, found->ai_addrlen);
    address->name_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

bool address_read(const char *text, struct address *ret_address)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t bytes = strlen(schemes[i].prefix);
        if (strncmp(text, schemes[i].prefix, bytes) != 0)
            continue;
        memset(ret_address, 0, sizeof(*ret_address));
        ret_address->protocol = schemes[i].protocol;
        return schemes[i].is_path ? read_path(text + bytes, ret_address)
                                  : read_host(text + bytes, ret_address);
    }
    return false;
}

/*
 * The ports of one address run out, and long before that the kernel has to search for a free one. On
 * loopback there are addresses enough. A failure changes nothing that matters.
 */
static void take_source(int fd, const struct sockaddr_storage *target)
{
    static uint32_t turn;
    struct sockaddr_in source = {.sin_family = AF_INET};
    int on = 1;
    struct sockaddr_in target_in;
    if (target->ss_family != AF_INET)
        return;
    memcpy(&target_in, target, sizeof(target_in));
    if (ntohl(target_in.sin_addr.s_addr) >> IN_CLASSA_NSHIFT != IN_LOOPBACKNET)
        return;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn++ % SOURCES);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    (void)bind(fd, (const struct sockaddr *)&source, sizeof(source));
}

int address_connect(const struct address *address)
{
    int fd = socket(address->name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    if (address->name.ss_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    take_source(fd, &address->name);
    if (connect(fd, (const struct sockaddr *)&address->name, address->name_bytes) == 0 ||
        errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}
