/* SPDX-License-Identifier: MIT */
#include "keepalive.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

int warmstart_http_keepalive_set(int fd, const struct warmstart_http_options *options)
{
    if (options->tcp_keepalive_idle_s == 0)
        return 0;
    /* The user timeout decides instead of the count of probes when both are set: so it is the same time. */
    uint32_t silence_s =
        options->tcp_keepalive_idle_s + options->tcp_keepalive_interval_s * options->tcp_keepalive_probes;
    const struct {
        int level;
        int name;
        uint32_t value;
    } settings[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, options->tcp_keepalive_idle_s},
        {IPPROTO_TCP, TCP_KEEPINTVL, options->tcp_keepalive_interval_s},
        {IPPROTO_TCP, TCP_KEEPCNT, options->tcp_keepalive_probes},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, silence_s * 1000},
    };
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        int value = (int)settings[i].value;
        if (setsockopt(fd, settings[i].level, settings[i].name, &value, sizeof(value)) < 0)
            return WARMSTART_ERR_SYSTEM;
    }
    return 0;
}
