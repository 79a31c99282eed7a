/* SPDX-License-Identifier: MIT */
#include "socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <warmstart/warmstart.h>

enum { LOCK_TRIES = 100 };

/* A millisecond. */
static const struct timespec pause_between_tries = {.tv_nsec = 1000000};

static int open_folder(const struct sockaddr_un *path)
{
    char folder[sizeof(path->sun_path)];
    memcpy(folder, path->sun_path, sizeof(folder));
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    return open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* -1: the folder cannot be read, or somebody keeps it locked; then it has to do without. */
static int lock_folder(const struct sockaddr_un *path)
{
    int fd = open_folder(path);
    if (fd < 0)
        return -1;
    for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || tries == LOCK_TRIES) {
            (void)close(fd);
            return -1;
        }
        (void)nanosleep(&pause_between_tries, NULL);
    }
    return fd;
}

/* Removes a file that nobody serves. */
static int clear(const struct sockaddr_un *path)
{
    struct stat status = {0};
    if (lstat(path->sun_path, &status) < 0)
        return errno == ENOENT ? 0 : WARMSTART_ERR_SYSTEM;
    errno = EADDRINUSE;
    if (!S_ISSOCK(status.st_mode))
        return WARMSTART_ERR_SYSTEM;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return WARMSTART_ERR_SYSTEM;
    int connected = connect(fd, (const struct sockaddr *)path, sizeof(*path));
    bool is_stale = connected < 0 && errno == ECONNREFUSED;
    (void)close(fd);
    if (!is_stale) {
        errno = EADDRINUSE;
        return WARMSTART_ERR_SYSTEM;
    }
    return unlink(path->sun_path) == 0 || errno == ENOENT ? 0 : WARMSTART_ERR_SYSTEM;
}

int warmstart_socket_file_begin(const struct sockaddr_un *path, int *ret_lock)
{
    *ret_lock = lock_folder(path);
    return clear(path);
}

void warmstart_socket_file_end(int lock)
{
    if (lock < 0)
        return;
    int saved = errno;
    (void)flock(lock, LOCK_UN); /* a process that was forked meanwhile has the descriptor too */
    (void)close(lock);
    errno = saved;
}

void warmstart_socket_file_remember(struct socket_file *file, const struct sockaddr_un *path)
{
    struct stat status = {0};
    file->path = *path;
    if (lstat(path->sun_path, &status) == 0) {
        file->device = status.st_dev;
        file->inode = status.st_ino;
    }
}

void warmstart_socket_file_remove(const struct socket_file *file)
{
    struct stat status = {0};
    if (file->path.sun_family == AF_UNIX && lstat(file->path.sun_path, &status) == 0 &&
        status.st_dev == file->device && status.st_ino == file->inode)
        (void)unlink(file->path.sun_path);
}
