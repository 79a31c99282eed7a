/* SPDX-License-Identifier: MIT */
/* Replaces listen() and unlink() in this program: is a folder locked when they are called? */
#ifndef TESTS_SUPPORT_FOLDER_LOCK_H
#define TESTS_SUPPORT_FOLDER_LOCK_H

/* How often each was called since the last folder_lock_watch(), and how often under a lock of the folder. */
struct folder_lock_calls {
    unsigned listens, locked_listens;
    unsigned unlinks, locked_unlinks;
};

/* Begins to look at this folder, which has to stay in place. NULL: ends. */
void folder_lock_watch(const char *folder);

/* The next listen() fails with EADDRINUSE. */
void folder_lock_fail_listen(void);

struct folder_lock_calls folder_lock_calls(void);

#endif
