/* SPDX-License-Identifier: MIT */
#include "socket_file.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>
#include <warmstart/warmstart.h>

int warmstart_socket_file_clear(const struct sockaddr_un *path)
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
