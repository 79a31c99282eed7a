/* SPDX-License-Identifier: MIT */
#include "folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *watched;
static bool fails;
static struct folder_lock_calls calls;

void folder_lock_watch(const char *folder)
{
    watched = folder;
    calls = (struct folder_lock_calls){0};
}

void folder_lock_fail_listen(void)
{
    fails = true;
}

struct folder_lock_calls folder_lock_calls(void)
{
    return calls;
}

static bool is_locked(void)
{
    int fd = open(watched, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool locked = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    close(fd);
    return locked;
}

int listen(int fd, int backlog)
{
    if (watched) {
        calls.listens++;
        calls.locked_listens += is_locked();
    }
    if (fails) {
        fails = false;
        errno = EADDRINUSE;
        return -1;
    }
    return (int)syscall(SYS_listen, fd, backlog);
}

int unlink(const char *path)
{
    if (watched) {
        calls.unlinks++;
        calls.locked_unlinks += is_locked();
    }
    return unlinkat(AT_FDCWD, path, 0);
}
