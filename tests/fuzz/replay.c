/* SPDX-License-Identifier: MIT */
/*
 * Hands each file of the folders and files that are named to the fuzz target, without libFuzzer. The name is
 * printed before, so that the last one printed is the one that failed.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fuzz.h"

enum { PATH_BYTES = 4096, INPUT_BYTES_MAX = 1 << 20 };

static int fail(const char *path, const char *reason)
{
    fprintf(stderr, "replay: %s: %s\n", path, reason);
    return -1;
}

/* 1: replayed; -1: it cannot be read. */
static int replay_file(const char *path)
{
    static uint8_t content[INPUT_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return fail(path, strerror(errno));
    size_t bytes = fread(content, 1, sizeof(content), file);
    bool whole = !ferror(file) && bytes < sizeof(content);
    (void)fclose(file);
    if (!whole)
        return fail(path, "cannot be read, or is too large");
    /* In a block of its size, for a sanitizer to see every step over its end. */
    uint8_t *data = malloc(bytes > 0 ? bytes : 1);
    if (data == NULL)
        return fail(path, "out of memory");
    memcpy(data, content, bytes);
    printf("%s\n", path);
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(data, bytes);
    free(data);
    return 1;
}

/* How many files were replayed; -1: something cannot be read. */
static int replay_folder(DIR *folder, const char *path)
{
    int replayed = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char name[PATH_BYTES];
        if (entry->d_name[0] == '.' ||
            snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) >= (int)sizeof(name))
            continue;
        if (replay_file(name) < 0)
            return -1;
        replayed++;
    }
    return replayed;
}

static int replay(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno == ENOTDIR ? replay_file(path) : fail(path, strerror(errno));
    int replayed = replay_folder(folder, path);
    closedir(folder);
    return replayed;
}

int main(int argc, char **argv)
{
    int all = 0;
    for (int i = 1; i < argc; i++) {
        int replayed = replay(argv[i]);
        if (replayed < 0)
            return 1;
        all += replayed;
    }
    printf("%d replayed\n", all);
    return all > 0 ? 0 : 1;
}
