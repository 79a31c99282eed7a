/* SPDX-License-Identifier: MIT */
#include "notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "environment.h"

enum { TEXT_BYTES = 512 };

/* The path of a socket, or @ and an abstract name. False: neither. */
static bool read_address(struct warmstart_daemon_notify *notify, const char *text)
{
    const size_t bytes = strlen(text);

    if ((text[0] != '/' && text[0] != '@') || bytes < 2 || bytes >= sizeof(notify->address.sun_path))
        return false;
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, text, bytes);
    if (text[0] == '@')
        notify->address.sun_path[0] = '\0';
    notify->address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
    return true;
}

static int open_socket(void)
{
    const struct timeval limit = {.tv_sec = 1};

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    /* To lose "ready" would be worse than a moment's wait, but a manager that hangs must not hang us. */
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    return fd;
}

static void alive(struct warmstart_timer *timer, uint64_t now)
{
    struct warmstart_daemon_notify *notify =
        (struct warmstart_daemon_notify *)(void *)((char *)timer -
                                                   offsetof(struct warmstart_daemon_notify, timer));

    warmstart_daemon_notify_send(notify, "WATCHDOG=1");
    (void)warmstart_loop_timer_set(notify->loop, timer, now + notify->watchdog_interval_ns);
}

/* Twice in the time that is allowed. 0: nobody asks us for it. */
static uint64_t read_interval(char *const *environment)
{
    uint64_t usec = 0, pid = 0;
    const char *text = warmstart_daemon_environment_find(environment, "WATCHDOG_PID");

    if (text != NULL &&
        (!warmstart_daemon_environment_number(text, INT32_MAX, &pid) || pid != (uint64_t)getpid()))
        return 0;
    text = warmstart_daemon_environment_find(environment, "WATCHDOG_USEC");
    if (text == NULL || !warmstart_daemon_environment_number(text, UINT64_MAX / 1000, &usec))
        return 0;
    return usec * 1000 / 2;
}

void warmstart_daemon_notify_init(struct warmstart_daemon_notify *notify, struct warmstart_loop *loop,
                                  char *const *environment)
{
    const char *address = warmstart_daemon_environment_find(environment, "NOTIFY_SOCKET");

    *notify = (struct warmstart_daemon_notify){.loop = loop, .fd = -1, .timer = {.due = alive}};
    if (address != NULL && read_address(notify, address))
        notify->fd = open_socket();
    if (notify->fd >= 0)
        notify->watchdog_interval_ns = read_interval(environment);
}

void warmstart_daemon_notify_send(const struct warmstart_daemon_notify *notify, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;

    if (notify->fd < 0)
        return;
    va_start(arguments, format);
    int bytes = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (bytes > 0 && (size_t)bytes < sizeof(text))
        (void)sendto(notify->fd, text, (size_t)bytes, MSG_NOSIGNAL,
                     (const struct sockaddr *)(const void *)&notify->address, notify->address_bytes);
}

void warmstart_daemon_notify_ready(struct warmstart_daemon_notify *notify)
{
    warmstart_daemon_notify_send(notify, "READY=1\nSTATUS=Serving");
    if (notify->watchdog_interval_ns > 0)
        alive(&notify->timer, warmstart_loop_now(notify->loop));
}

void warmstart_daemon_notify_deinit(struct warmstart_daemon_notify *notify)
{
    warmstart_loop_timer_cancel(notify->loop, &notify->timer);
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}
