/* SPDX-License-Identifier: MIT */
/* The file of a Unix socket: out of the way before bind(), and removed by whoever made it. */
#ifndef SERVERS_SHARED_SOCKET_FILE_H
#define SERVERS_SHARED_SOCKET_FILE_H

#include <sys/stat.h>
#include <sys/un.h>

/* A socket's file that this process has made; all zero: none. */
struct socket_file {
    struct sockaddr_un path;
    dev_t device; /* of the file, to remove no other one */
    ino_t inode;
};

/*
 * Removes the file that a process which is gone has left behind. 0: nothing is in the way of bind(), and no
 * other process that does the same comes in between before warmstart_socket_file_end(), which has to follow
 * in any case: after listen(), or after cleaning up what failed. WARMSTART_ERR_SYSTEM: errno says why;
 * EADDRINUSE: a process serves it, or it is no socket.
 *
 * The lock is one of the folder, so that no other file is left behind: who else locks folders is waited for,
 * but not longer than a tenth of a second. A folder that stays locked, or cannot be read, has to do without.
 */
int warmstart_socket_file_begin(const struct sockaddr_un *path, int *ret_lock);

/* Lets others begin. Fine with what a call that failed has returned. Keeps errno. */
void warmstart_socket_file_end(int lock);

/* To be called after bind() has made the file. */
void warmstart_socket_file_remember(struct socket_file *file, const struct sockaddr_un *path);

/* Removes the file, unless another one stands there meanwhile. Fine when there is none. */
void warmstart_socket_file_remove(const struct socket_file *file);

#endif
