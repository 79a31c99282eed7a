/* SPDX-License-Identifier: MIT */
#include "descriptors.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Appends "number -> what it is" to the list, cut off where it is full. */
static void describe(char *list, size_t list_bytes, const char *number)
{
    char path[64];
    char target[128];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%.20s", number);
    ssize_t bytes = readlink(path, target, sizeof(target) - 1);
    target[bytes < 0 ? 0 : bytes] = '\0';
    size_t used = strlen(list);
    (void)snprintf(list + used, list_bytes - used, " %s -> %s;", number, target);
}

static size_t look(char *list, size_t list_bytes)
{
    DIR *folder = opendir("/proc/self/fd");
    ck_assert_msg(folder != NULL, "cannot look at /proc/self/fd");
    size_t len = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        len++;
        if (list != NULL)
            describe(list, list_bytes, entry->d_name);
    }
    closedir(folder);
    return len - 1; /* the folder's own */
}

size_t descriptors_count(void)
{
    return look(NULL, 0);
}

void descriptors_check(size_t expected)
{
    char list[4096] = "";
    size_t len = look(list, sizeof(list));
    ck_assert_msg(len == expected, "%zu descriptors are open where %zu should be:%s", len, expected, list);
}

bool descriptors_are_limited_truly(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return !preloaded || !strstr(preloaded, "vgpreload");
}
